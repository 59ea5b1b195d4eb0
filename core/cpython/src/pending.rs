//! What the audit hook has said of an operation, for the libc call by which the same thread carries it out.
//!
//! One operation is one record: a libc call that the hook has just judged passes silently. Matching is by the text that
//! the program gave, which both see, and by what is to be done; for what changes a file, also by the path that it was
//! found to be. A call that does not match is judged by itself, and so is one that comes after another event: what the
//! text names may have changed meanwhile. The event is no more than an account of the call: a path in memory that can be
//! written to may change after CPython has copied it, and the program's own hooks run between the event and the call.

use core::cell::Cell;
use core::ffi::c_int;
use core::num::NonZeroU128;

use audithook_abi::{Symbol, Value};
use audithook_catalogue::arg;

use crate::keyed;

/// The fingerprint of a text that was judged, if one is at hand. Another text that has the same cannot be made up.
type Expected = Option<NonZeroU128>;

thread_local! {
    static OPEN: Cell<(Expected, Intent)> = const { Cell::new((None, Intent { read: false, write: false, list: false })) };
    static CHANGE: Cell<Expected> = const { Cell::new(None) };
    static LOOKUP: Cell<Expected> = const { Cell::new(None) };
    static PROGRAM: Cell<Expected> = const { Cell::new(None) };
    static POPEN: Cell<Expected> = const { Cell::new(None) };
    static ANSWERS: Cell<([[u8; 16]; MOST_ANSWERS], usize)> = const { Cell::new(([[0; 16]; MOST_ANSWERS], 0)) };
}

/// What an open is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Intent {
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) list: bool,
}

impl Intent {
    /// To see what is in a directory.
    pub(crate) const LIST: Self = Self {
        read: false,
        write: false,
        list: true,
    };

    /// That of the flags of open(2).
    pub(crate) fn of_flags(flags: c_int) -> Self {
        const CHANGES: c_int = libc::O_CREAT | libc::O_TRUNC | libc::O_APPEND;
        if flags & libc::O_PATH != 0 {
            return Self::default();
        }
        let access = flags & libc::O_ACCMODE;
        Self {
            read: access != libc::O_WRONLY,
            write: access != libc::O_RDONLY || flags & CHANGES != 0,
            list: false,
        }
    }

    /// That of an event, by the words of its flags.
    pub(crate) fn of_words(words: &[Value<'_>]) -> Self {
        let has = |which: &[&[u8]]| {
            words
                .iter()
                .filter_map(Value::as_bytes)
                .any(|word| which.contains(&word))
        };
        Self {
            read: has(&[b"read"]),
            write: has(&[b"write", b"create", b"truncate", b"append", b"tmpfile"]),
            list: false,
        }
    }

    fn is_within(self, judged: Self) -> bool {
        self.read <= judged.read && self.write <= judged.write && self.list == judged.list
    }
}

/// Another event begins: nothing that was judged before it is at hand any more.
pub(crate) fn begin_event() {
    OPEN.set((None, Intent::default()));
    CHANGE.set(None);
    LOOKUP.set(None);
    PROGRAM.set(None);
}

/// The next open of this text was judged.
pub(crate) fn expect_open(given: &[u8], intent: Intent) {
    OPEN.set((Some(keyed::of_text(given)), intent));
}

/// Whether an open of this text was judged. Says so once.
pub(crate) fn take_open(given: &[u8], intent: Intent) -> bool {
    let (expected, judged) = OPEN.get();
    intent.is_within(judged) && is_text(expected, given) && {
        OPEN.set((None, judged));
        true
    }
}

/// A relative path begins elsewhere now. `os.chdir` raises an event, which need not come by here if nobody wants it.
/// A `vfork` child shares this with its parent, and still needs to know the program that was judged.
pub(crate) fn directory_changed() {
    OPEN.set((None, Intent::default()));
}

/// The next change of a file, or use of a socket that is one, with these arguments of its event, was judged.
pub(crate) fn expect_change(symbol: Symbol, args: &[Value<'_>]) {
    CHANGE.set(Some(of_change(symbol, args)));
}

/// Whether this very change was judged. Says so once.
pub(crate) fn take_change(symbol: Symbol, args: &[Value<'_>]) -> bool {
    CHANGE
        .get()
        .is_some_and(|expected| expected == of_change(symbol, args))
        && {
            CHANGE.set(None);
            true
        }
}

/// What a change is known by: the texts that rules may speak of.
fn of_change(symbol: Symbol, args: &[Value<'_>]) -> NonZeroU128 {
    const TEXTS: [(Symbol, &[u8]); 9] = [
        (arg::PATH, b"path"),
        (arg::RAW, b"raw"),
        (arg::SRC, b"src"),
        (arg::DST, b"dst"),
        (arg::RAW_SRC, b"raw_src"),
        (arg::RAW_DST, b"raw_dst"),
        (arg::TARGET, b"target"),
        (arg::ATTRIBUTE, b"attribute"),
        (arg::FAMILY, b"family"),
    ];
    let texts = TEXTS.iter().flat_map(|(name, text)| {
        let value = args.iter().find(|value| value.name() == *name);
        // Its name, so that what is missing is not taken for what is not.
        let value = value.and_then(Value::as_bytes);
        [value.map(|_| *text), value].into_iter().flatten()
    });
    keyed::of_texts(&symbol.0.to_le_bytes(), texts)
}

/// The next lookup of this host was judged.
pub(crate) fn expect_lookup(host: &[u8]) {
    LOOKUP.set(Some(keyed::of_text(host)));
}

/// Whether a lookup of this host was judged. Says so once.
pub(crate) fn take_lookup(host: &[u8]) -> bool {
    is_text(LOOKUP.get(), host) && {
        LOOKUP.set(None);
        true
    }
}

/// The program, by its resolved path, was judged with these arguments. A forked child inherits this, a `vfork` child
/// shares it.
pub(crate) fn expect_program<'a>(program: &[u8], arguments: impl Iterator<Item = &'a [u8]>) {
    PROGRAM.set(Some(keyed::of_texts(program, arguments)));
}

/// `subprocess.Popen` of this command was judged: the event that CPython raises next for the same is no other operation.
pub(crate) fn expect_spawn<'a>(program: &[u8], arguments: impl Iterator<Item = &'a [u8]>) {
    POPEN.set(Some(keyed::of_texts(program, arguments)));
}

/// Whether this very command was judged as a `subprocess.Popen`. Says so once.
pub(crate) fn take_spawn<'a>(program: &[u8], arguments: impl Iterator<Item = &'a [u8]>) -> bool {
    POPEN
        .take()
        .is_some_and(|expected| expected == keyed::of_texts(program, arguments))
}

/// Whether this program, with these arguments, was the last that was judged.
pub(crate) fn is_same_program<'a>(
    program: &[u8],
    arguments: impl Iterator<Item = &'a [u8]>,
) -> bool {
    PROGRAM
        .get()
        .is_some_and(|expected| expected == keyed::of_texts(program, arguments))
}

/// Forgets the program: it was executed, or could not be.
pub(crate) fn forget_program() {
    PROGRAM.set(None);
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

fn is_text(expected: Expected, text: &[u8]) -> bool {
    expected.is_some_and(|expected| expected == keyed::of_text(text))
}
