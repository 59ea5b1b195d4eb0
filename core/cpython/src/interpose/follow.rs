//! What every start of a program has in common: it is judged, and this library comes along.
//!
//! This code also runs between `vfork` and `exec`, where nothing may be allocated. What this library cannot follow is
//! reported as `process.uncovered`, and refused where the policy says so.

use core::ffi::{CStr, c_char, c_int};

use audithook_abi::{Source, Symbol, Value};
use audithook_catalogue::{self as catalogue, arg, event};
use audithook_coverage::Coverage;
use audithook_wire::flat::Name;

use super::{elf, preload, set_errno};
use crate::judge::{self, Interpreter, Subject};
use crate::paths::{Base, Resolved};
use crate::policy::Policy;
use crate::process::{self, KeepErrno, Who};
use crate::room::{self, Follow};
use crate::{channel, environment, load_check, pending, policy};

/// A null-terminated array of strings, as `argv` and `envp` are.
pub(super) type Strings = *const *const c_char;

/// Memory for one program; without any, `errno` says so.
pub(super) fn claim() -> Option<room::Claim> {
    let claim = room::Claim::new();
    if claim.is_none() {
        set_errno(libc::ENOMEM);
    }
    claim
}

/// Judges a program and calls `run` with the environment that takes this library along. `None` if it is refused;
/// `errno` then says EACCES.
///
/// # Safety
/// As for execve.
pub(super) unsafe fn follow(
    memory: &mut Follow,
    path: *const c_char,
    base: Base<'_>,
    argv: Strings,
    envp: Strings,
    run: impl FnOnce(Strings) -> c_int,
) -> Option<c_int> {
    load_check::run();
    if path.is_null() || process::run_directory().is_empty() {
        return Some(run(envp));
    }
    let keep = KeepErrno::new();
    // SAFETY: the caller's promise.
    let given = unsafe { CStr::from_ptr(path) }.to_bytes();
    let Follow {
        program,
        inspection,
        list,
        message,
        preload: text,
        environment: entries,
    } = memory;
    let found = if given.is_empty() {
        match base {
            Base::Descriptor(descriptor) => program.resolve_descriptor(descriptor).is_ok(),
            _ => false,
        }
    } else {
        program.resolve(base, given, true, false).is_ok()
    };
    if !found || !environment::is_program(program) {
        drop(keep);
        return Some(run(envp));
    }
    if policy::current().is_none() {
        policy::begin();
    }
    let Some(policy) = policy::current() else {
        drop(keep);
        return Some(run(envp));
    };
    // SAFETY: the caller's promise.
    if unsafe {
        let execution = Execution {
            program,
            given,
            argv,
        };
        is_refused(policy, event::OS_EXEC, &execution, None, list, message)
    } {
        drop(keep);
        set_errno(libc::EACCES);
        return None;
    }
    let coverage = elf::inspect(program, inspection);
    if let Some(reason) = coverage.reason() {
        // SAFETY: the caller's promise.
        if unsafe {
            let execution = Execution {
                program,
                given,
                argv,
            };
            let symbol = event::PROCESS_UNCOVERED;
            is_refused(policy, symbol, &execution, Some(reason), list, message)
        } {
            drop(keep);
            set_errno(libc::EACCES);
            return None;
        }
    }
    let take_along = !matches!(coverage, Coverage::Unwelcome(_));
    drop(keep);
    // SAFETY: the caller's promise.
    Some(unsafe { preload::with_environment(text, entries, envp, take_along, run) })
}

/// A program about to be executed.
struct Execution<'p> {
    program: &'p Resolved,
    given: &'p [u8],
    argv: Strings,
}

/// Judges one event about a program. `list` is for the arguments that are shown (`'static` stands for "until this returns"),
/// `message` for the record.
///
/// # Safety
/// `argv` is null or a null-terminated array of strings.
#[inline(never)]
unsafe fn is_refused(
    policy: &'static Policy,
    symbol: Symbol,
    execution: &Execution<'_>,
    reason: Option<&str>,
    list: &mut [Value<'static>],
    message: &mut [u8],
) -> bool {
    let Execution {
        program,
        given,
        argv,
    } = *execution;
    if symbol == event::OS_EXEC && pending::is_same_program(program.as_bytes()) {
        pending::forget_program();
        return false;
    }
    let Some(info) = catalogue::info(symbol) else {
        return false;
    };
    let plan = policy.image.plan(info.name.as_bytes());
    if symbol == event::OS_EXEC && !plan.judged() {
        return false;
    }
    let mut count = 0;
    // SAFETY: the caller's promise.
    for (place, argument) in list.iter_mut().zip(unsafe { environment::entries(argv) }) {
        *place = Value::str(argument);
        count += 1;
    }
    let reason = reason.map_or(Value::NULL, Value::str);
    let args = [
        Value::path(program.as_bytes()).named(arg::PATH),
        Value::path(given).named(arg::RAW),
        Value::list(&list[..count]).named(arg::ARGS),
        reason.named(arg::REASON),
    ];
    let args = if symbol == event::OS_EXEC {
        &args[..3]
    } else {
        &args[..]
    };
    let subject = Subject {
        name: Name::Known(symbol),
        plan,
        source: Source::Libc,
        args,
        inode: None,
        exempt: false,
    };
    if channel::ring().is_some() && process::who() == Who::Known && symbol == event::OS_EXEC {
        return judge::judge(policy, &subject, message, Interpreter::NotHeld)
            .verdict
            .refuses();
    }
    judge::judge_apart(policy, &subject, message)
}
