//! What every start of a program has in common: it is judged, and this library comes along.
//!
//! This code also runs between `vfork` and `exec`, where nothing may be allocated. What this library cannot follow is
//! reported as `process.uncovered`, and refused where the policy says so.

use core::ffi::{CStr, c_char, c_int};

use audithook_abi::{Source, Symbol, VALUE_TRUNCATED, Value};
use audithook_catalogue::{self as catalogue, arg, event};
use audithook_coverage::Coverage;
use audithook_matcher::TAKEN_AWAY;
use audithook_wire::flat::Name;

use super::{elf, preload, set_errno};
use crate::judge::{self, Interpreter, Subject};
use crate::paths::{Base, ProcLink};
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

/// Judges a program and calls `run` with the environment that takes this library along. If it is refused, or there is no
/// memory, gives the error's number.
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
) -> Result<c_int, c_int> {
    load_check::run();
    if path.is_null() || process::run_directory().is_empty() {
        return Ok(run(envp));
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
    // As the kernel will find it: a path may lead where its text does not.
    let own = match base {
        Base::Descriptor(descriptor) if given.is_empty() => Some(ProcLink::new(descriptor)),
        _ => None,
    };
    let (directory, at) = match (&own, base) {
        (Some(own), _) => (libc::AT_FDCWD, own.as_ptr()),
        (None, Base::Descriptor(directory)) => (directory, path),
        (None, _) => (libc::AT_FDCWD, path),
    };
    // SAFETY: the caller's promise.
    if !unsafe { environment::is_program_at(directory, at) } {
        drop(keep);
        return Ok(run(envp));
    }
    let is_named = match (&own, base) {
        (Some(_), Base::Descriptor(descriptor)) => program.resolve_descriptor(descriptor).is_ok(),
        _ => program.resolve(base, given, true, false).is_ok(),
    };
    if policy::current().is_none() {
        policy::begin();
    }
    let Some(policy) = policy::current() else {
        drop(keep);
        return Ok(run(envp));
    };
    // SAFETY: the caller's promise.
    if unsafe {
        let execution = Execution {
            program: is_named.then(|| program.as_bytes()),
            given,
            argv,
        };
        is_refused(policy, event::OS_EXEC, &execution, None, list, message)
    } {
        drop(keep);
        return Err(libc::EACCES);
    }
    // SAFETY: the caller's promise.
    let coverage = match unsafe { elf::inspect(directory, at, inspection) } {
        Coverage::Followed if !preload::is_within_reach() => {
            let reason = if process::has_other_root() {
                "library out of reach"
            } else {
                TAKEN_AWAY
            };
            Coverage::Unwelcome(reason)
        }
        coverage => coverage,
    };
    // The library comes along all the same: it may find room.
    if let Some(reason) = coverage.reason().or_else(preload::lack_of_room) {
        // SAFETY: the caller's promise.
        if unsafe {
            let execution = Execution {
                program: is_named.then(|| program.as_bytes()),
                given,
                argv,
            };
            let symbol = event::PROCESS_UNCOVERED;
            is_refused(policy, symbol, &execution, Some(reason), list, message)
        } {
            drop(keep);
            return Err(libc::EACCES);
        }
    }
    let take_along = !matches!(coverage, Coverage::Unwelcome(_));
    drop(keep);
    // SAFETY: the caller's promise.
    unsafe { preload::with_environment(text, entries, envp, take_along, run) }
}

/// A program about to be executed.
struct Execution<'p> {
    /// Its resolved path; `None` for what has none, or none that can be known: where programs are listed, it is refused.
    program: Option<&'p [u8]>,
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
    if symbol == event::OS_EXEC
        && let Some(program) = program
        // SAFETY: the caller's promise.
        && pending::is_same_program(program, unsafe { environment::entries(argv) })
    {
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
    let mut cut = 0;
    // SAFETY: the caller's promise.
    for argument in unsafe { environment::entries(argv) } {
        let Some(place) = list.get_mut(count) else {
            // A rule about the arguments must know that these are not all.
            cut = VALUE_TRUNCATED;
            break;
        };
        *place = Value::str(argument);
        count += 1;
    }
    let reason = reason.map_or(Value::NULL, Value::str);
    let args = [
        Value::path(program.unwrap_or_default()).named(arg::PATH),
        Value::path(given).named(arg::RAW),
        Value::list(&list[..count]).flagged(cut).named(arg::ARGS),
        reason.named(arg::REASON),
    ];
    let first = usize::from(program.is_none());
    let args = if symbol == event::OS_EXEC {
        &args[first..3]
    } else {
        &args[first..]
    };
    let subject = Subject {
        name: Name::Known(symbol),
        plan,
        source: Source::Libc,
        args,
        has_more: false,
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
