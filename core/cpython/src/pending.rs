//! What the audit hook has said of an operation, for the libc call by which the same thread carries it out.
//!
//! One operation is one record: a libc call that the hook has just judged passes silently. Matching is by the text that
//! the program gave, which both see. A call that does not match is judged by itself.

use core::cell::Cell;

use audithook_abi::Value;

thread_local! {
    static OPEN: Cell<u64> = const { Cell::new(0) };
    static CHANGE: Cell<u64> = const { Cell::new(0) };
    static LOOKUP: Cell<u64> = const { Cell::new(0) };
    static PROGRAM: Cell<u64> = const { Cell::new(0) };
    static POPEN: Cell<u64> = const { Cell::new(0) };
    static ANSWERS: Cell<([[u8; 16]; MOST_ANSWERS], usize)> = const { Cell::new(([[0; 16]; MOST_ANSWERS], 0)) };
}

/// The next open of this text was judged.
pub(crate) fn expect_open(given: &[u8]) {
    OPEN.set(hash(given));
}

/// The hook could not see what is opened or changed: the next call is judged by itself.
pub(crate) fn leave_to_call() {
    OPEN.set(0);
    CHANGE.set(0);
}

/// Whether an open of this text was judged. Says so once.
pub(crate) fn take_open(given: &[u8]) -> bool {
    OPEN.get() == hash(given) && {
        OPEN.set(0);
        true
    }
}

/// The next change of this file's attributes, or link to it, was judged.
pub(crate) fn expect_change(given: &[u8]) {
    CHANGE.set(hash(given));
}

/// Whether a change of this file was judged. Says so once.
pub(crate) fn take_change(given: &[u8]) -> bool {
    CHANGE.get() == hash(given) && {
        CHANGE.set(0);
        true
    }
}

/// The next lookup of this host was judged.
pub(crate) fn expect_lookup(host: &[u8]) {
    LOOKUP.set(hash(host));
}

/// Whether a lookup of this host was judged. Says so once.
pub(crate) fn take_lookup(host: &[u8]) -> bool {
    LOOKUP.get() == hash(host) && {
        LOOKUP.set(0);
        true
    }
}

/// The program, by its resolved path, was judged. A forked child inherits this, a `vfork` child shares it.
pub(crate) fn expect_program(program: &[u8]) {
    PROGRAM.set(hash(program));
}

/// `subprocess.Popen` of this command was judged: the event that CPython raises next for the same is no other operation.
pub(crate) fn expect_spawn(program: &[u8], arguments: &[Value<'_>]) {
    POPEN.set(hash_command(program, arguments));
}

/// Whether this very command was judged as a `subprocess.Popen`. Says so once.
pub(crate) fn take_spawn(program: &[u8], arguments: &[Value<'_>]) -> bool {
    POPEN.replace(0) == hash_command(program, arguments)
}

fn hash_command(program: &[u8], arguments: &[Value<'_>]) -> u64 {
    arguments
        .iter()
        .filter_map(Value::as_bytes)
        .fold(hash(program), |all, argument| {
            (all.rotate_left(5) ^ hash(argument)).wrapping_mul(0x0100_0000_01b3)
        })
        | 1
}

/// Whether this program was the last that was judged.
pub(crate) fn is_same_program(program: &[u8]) -> bool {
    PROGRAM.get() == hash(program)
}

/// Forgets the program: it was executed, or could not be.
pub(crate) fn forget_program() {
    PROGRAM.set(0);
}

/// How many answers of a lookup are remembered for the connection that follows it.
const MOST_ANSWERS: usize = 16;

/// The last lookup of this thread has begun anew.
pub(crate) fn forget_answers() {
    ANSWERS.set(([[0; 16]; MOST_ANSWERS], 0));
}

/// The last lookup of this thread gave this address (IPv4 as `::ffff:a.b.c.d`).
pub(crate) fn add_answer(address: &[u8; 16]) {
    let (mut answers, count) = ANSWERS.get();
    if let Some(place) = answers.get_mut(count) {
        *place = *address;
        ANSWERS.set((answers, count + 1));
    }
}

/// Hands over what the last lookup of this thread gave, once.
pub(crate) fn take_answers(mut each: impl FnMut(&[u8; 16])) {
    let (answers, count) = ANSWERS.get();
    forget_answers();
    for address in &answers[..count] {
        each(address);
    }
}

/// Not 0 for any text.
fn hash(text: &[u8]) -> u64 {
    // FNV-1a. A collision would need two texts of one thread, one right after the other; hostile code in this process
    // has easier ways past this library.
    text.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    }) | 1
}
