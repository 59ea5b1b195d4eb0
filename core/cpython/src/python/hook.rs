//! The audit hook (PEP 578): every event of the interpreter comes by here.
//!
//! The common case is an event that nobody wants: known by the address of its name, it costs a few loads. Everything
//! else goes through [`judge_event`].

use core::cell::Cell;
use core::ffi::{CStr, c_char, c_int, c_void};

use audithook_abi::{Source, Symbol, Value, View};
use audithook_catalogue::{EventInfo, Operation, arg, event};
use audithook_wire::flat::Name;

use super::api::{self, Api, Object};
use super::decode::{Arguments, Decoder, Handling};
use super::objects::Temporaries;
use super::startup;
use crate::judge::{Interpreter, Subject};
use crate::pending::Intent;
use crate::policy::{self, Policy, Remembered};
use crate::pool::Claim;
use crate::{channel, judge, load_check, pending, pool, process, raise};

thread_local! {
    /// How many events this thread is judging, one inside the other. None of the decoder's calls raises an event, but the
    /// program's code may run when it lets go of an object, or makes an error: that is judged like any other.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// More than that are refused: each takes its part of the stack.
const MOST_NESTED: u32 = 16;

/// Adds the hook to the interpreter in this process, if there is one. Returns whether it is there.
pub(crate) fn register() -> bool {
    api::register(audit_hook)
}

/// Whether the hook is in an interpreter.
pub(crate) fn is_registered() -> bool {
    api::is_registered()
}

/// `Py_AuditHookFunction`: 0 lets the operation go on, −1 with an exception set refuses it.
unsafe extern "C" fn audit_hook(name: *const c_char, args: *mut Object, _: *mut c_void) -> c_int {
    let Some(policy) = policy::current() else {
        return 0;
    };
    match policy.remembered(name) {
        Remembered::Unwanted => 0,
        remembered => {
            // SAFETY: the interpreter calls with an attached thread state, a NUL-terminated name and a tuple.
            unsafe { judge_event(policy, remembered, name, args) }
        }
    }
}

/// # Safety
/// As for the audit hook itself.
#[inline(never)]
unsafe fn judge_event(
    policy: &'static Policy,
    remembered: Remembered,
    name: *const c_char,
    args: *mut Object,
) -> c_int {
    let Some(api) = api::api() else { return 0 };
    let depth = DEPTH.get();
    if depth >= MOST_NESTED {
        // SAFETY: the thread state is attached.
        unsafe {
            (api.set_string)(
                api.permission_error(),
                c"denied by audithook: events are raised inside each other without end".as_ptr(),
            );
        }
        return -1;
    }
    DEPTH.set(depth + 1);
    let _errno = process::KeepErrno::new();
    // SAFETY: passed on to the caller.
    let refused = unsafe { judge_one(api, policy, remembered, name, args) };
    DEPTH.set(depth);
    if refused { -1 } else { 0 }
}

/// # Safety
/// As for the audit hook itself.
unsafe fn judge_one(
    api: &'static Api,
    policy: &'static Policy,
    remembered: Remembered,
    name: *const c_char,
    args: *mut Object,
) -> bool {
    if process::is_forked() {
        begin_again();
    }
    pending::begin_event();
    // SAFETY: the interpreter's name is NUL-terminated and lives until the hook returns.
    let text = unsafe { CStr::from_ptr(name) };
    let known = match remembered {
        Remembered::Event(symbol) => audithook_catalogue::info(symbol).map(|info| (symbol, info)),
        _ => policy::find(text),
    };
    let plan = match known {
        Some((symbol, info)) => policy.plan(symbol, info),
        None => policy.custom_plan(text.to_bytes()),
    };
    let symbol = known.map(|(symbol, _)| symbol);
    // Anyone can raise an event of this name; only an interpreter that ends means it.
    let is_last = symbol == Some(event::CPYTHON__PYSYS_CLEARAUDITHOOKS) && !api::is_initialized();
    if is_last {
        // The interpreter ends and forgets its hooks; the program may start another.
        api::forget_registration();
        startup::begin_anew();
        load_check::want();
    }
    if let Some(symbol) = symbol
        && startup::ends_startup(symbol)
    {
        startup::arm();
    }
    let tells_phase = symbol.is_some_and(startup::tells_phase);
    let begins_program = symbol.is_some_and(startup::ends_startup);
    if remembered == Remembered::Unknown && !tells_phase && !is_last {
        policy.remember(name, symbol, plan.wanted());
    }
    if !plan.wanted() && !tells_phase && !begins_program {
        return false;
    }
    let Some(mut claim) = Claim::new() else {
        // No memory to judge with: what cannot be judged is refused, unless nothing judges it.
        return plan.judged();
    };
    let block = claim.block();
    let mut temporaries = Temporaries::new(api);
    // SAFETY: the tuple lives, and the thread state stays attached, until this function returns.
    let mut decoder =
        unsafe { Decoder::new(api, &mut temporaries, args, policy.image.knows_inodes()) };
    let arguments = match known {
        Some((symbol, info)) => decoder.decode(symbol, info, &mut block.scratch),
        None => decoder.decode_custom(&mut block.scratch),
    };
    let plan = match arguments.handling {
        Handling::ListsAtCall => plan.without_lists(),
        _ => plan,
    };
    let saw_mutable = decoder.saw_mutable();
    if known.is_some_and(|(symbol, _)| leave_to_others(symbol, &arguments)) {
        return false;
    }
    let subject = Subject {
        name: known.map_or(Name::Text(text.to_bytes()), |(symbol, _)| {
            Name::Known(symbol)
        }),
        plan,
        source: Source::Cpython,
        args: arguments.as_slice(),
        has_more: arguments.has_more,
        inode: arguments.inode,
        exempt: known.is_some_and(|(symbol, info)| {
            startup::is_exempt(symbol, info.operation, arguments.as_slice())
        }),
    };
    if let Some(symbol) = symbol
        && startup::ends_startup(symbol)
    {
        startup::learn_program(symbol, arguments.as_slice());
    }
    if !plan.wanted() {
        return false;
    }
    // What other threads may change must not be let go of before the event is recorded, and its refusal raised. Nothing
    // that is waited for needs the interpreter.
    let interpreter = if saw_mutable {
        Interpreter::NotHeld
    } else {
        Interpreter::Held(api)
    };
    let decision = judge::judge(policy, &subject, &mut block.record, interpreter);
    if decision.verdict.refuses() {
        // SAFETY: the thread state is attached.
        unsafe { raise::permission_error(api, policy, &subject, &decision) };
        return true;
    }
    if let Some((symbol, info)) = known {
        expect_call(symbol, info, &arguments);
    }
    false
}

/// Whether the event is another account of an operation that is judged elsewhere.
fn leave_to_others(symbol: Symbol, arguments: &Arguments<'_>) -> bool {
    if arguments.handling == Handling::Left {
        return true;
    }
    // 3.13 raises `os.posix_spawn`, 3.14 `_posixsubprocess.fork_exec`, right after `subprocess.Popen` for the same program.
    let program = find(arguments, arg::PATH);
    matches!(
        symbol,
        event::OS_POSIX_SPAWN | event::_POSIXSUBPROCESS_FORK_EXEC
    ) && program.is_some_and(|program| {
        let given = list(arguments, arg::ARGS).iter();
        pending::take_spawn(program, given.filter_map(Value::as_bytes))
    })
}

/// Remembers what was allowed, so that the libc call that follows is not judged and recorded a second time.
fn expect_call(symbol: Symbol, info: &EventInfo, arguments: &Arguments<'_>) {
    match info.operation {
        Operation::Open | Operation::Database | Operation::List => {
            let words = list(arguments, arg::FLAGS);
            let intent = match info.operation {
                Operation::List => Intent::LIST,
                Operation::Database if words.is_empty() => Intent {
                    read: true,
                    write: true,
                    list: false,
                },
                _ => Intent::of_words(words),
            };
            pending::expect_open(arguments.given, intent);
        }
        Operation::Write
        | Operation::Create
        | Operation::Unlink
        | Operation::Rename
        | Operation::Link
        | Operation::Symlink
        // Sockets that are files.
        | Operation::Connect
        | Operation::Bind => pending::expect_change(symbol, arguments.as_slice()),
        Operation::Resolve | Operation::Reverse => pending::expect_lookup(arguments.given),
        Operation::Exec => {
            if let Some(program) = find(arguments, arg::PATH) {
                let given = || {
                    list(arguments, arg::ARGS)
                        .iter()
                        .filter_map(Value::as_bytes)
                };
                pending::expect_program(program, given());
                if symbol == event::SUBPROCESS_POPEN {
                    pending::expect_spawn(program, given());
                }
            }
        }
        Operation::Shell => {
            if let (Some(shell), Some(command)) =
                (find(arguments, arg::PATH), find(arguments, arg::COMMAND))
            {
                // As libc's system(3) does it.
                pending::expect_program(shell, [b"sh", b"-c", command].into_iter());
            }
        }
        _ => {}
    }
}

fn list<'s>(arguments: &Arguments<'s>, name: Symbol) -> &'s [Value<'s>] {
    let value = arguments
        .as_slice()
        .iter()
        .find(|value| value.name() == name);
    match value.map(Value::view) {
        Some(View::List(values)) => values,
        _ => &[],
    }
}

fn find<'s>(arguments: &Arguments<'s>, name: Symbol) -> Option<&'s [u8]> {
    arguments
        .as_slice()
        .iter()
        .find(|value| value.name() == name)
        .and_then(Value::as_bytes)
}

/// In a forked child that raises its first event: it is a process of its own.
pub(crate) fn begin_again() {
    process::mark_known();
    pool::forget_claims();
    channel::forget_ring();
    channel::announce(true);
}
