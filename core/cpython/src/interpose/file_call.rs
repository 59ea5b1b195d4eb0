//! One call of libc on a file: judged where the hook has not seen the operation, or could not.
//!
//! Only an interpreter's process is judged here, from its start on, with the exemptions that its events have.

use core::ffi::{CStr, c_char, c_int};

use audithook_abi::{Source, Symbol, Value, Verdict};
use audithook_catalogue::{self as catalogue, arg, event};
use audithook_wire::flat::Name;

use super::set_errno;
use crate::judge::{self, Interpreter, Subject};
use crate::paths::{Base, Unresolved};
use crate::pending::Intent;
use crate::policy::Policy;
use crate::pool::Claim;
use crate::process::{self, Who};
use crate::python::decode::flag_words;
use crate::python::startup;
use crate::{channel, load_check, pending, policy};

/// How many words an open's intent has at most.
const MOST_WORDS: usize = 10;
/// How many arguments a call's event has at most.
const MOST_ARGUMENTS: usize = 6;

/// What is to be done to a file.
#[derive(Clone, Copy)]
pub(super) struct FileCall<'c> {
    /// The event that it is judged as.
    pub(super) symbol: Symbol,
    pub(super) base: Base<'c>,
    pub(super) path: *const c_char,
    /// Whether a symlink at the end is followed.
    pub(super) follow: bool,
    /// The flags of an open.
    pub(super) flags: Option<c_int>,
    /// What the event has beside its path.
    pub(super) extra: &'c [Value<'c>],
}

/// The directory of an `*at` call.
pub(super) fn base(directory: c_int) -> Base<'static> {
    if directory == libc::AT_FDCWD {
        Base::Cwd
    } else {
        Base::Descriptor(directory)
    }
}

impl<'c> FileCall<'c> {
    pub(super) fn new(symbol: Symbol, base: Base<'c>, path: *const c_char) -> Self {
        Self {
            symbol,
            base,
            path,
            follow: true,
            flags: None,
            extra: &[],
        }
    }

    /// An open with the flags of open(2).
    pub(super) fn open(base: Base<'c>, path: *const c_char, flags: c_int) -> Self {
        Self {
            follow: flags & libc::O_NOFOLLOW == 0,
            flags: Some(flags),
            ..Self::new(event::OPEN, base, path)
        }
    }

    /// Judges the call. If it is refused, `errno` says so.
    ///
    /// # Safety
    /// `path` is null or NUL-terminated.
    pub(super) unsafe fn is_refused(&self) -> bool {
        let Some((policy, who)) = judging() else {
            return false;
        };
        if self.path.is_null() {
            return false;
        }
        let keep = process::KeepErrno::new();
        // SAFETY: the caller's promise.
        let given = unsafe { CStr::from_ptr(self.path) }.to_bytes();
        if self.was_judged(given) {
            return false;
        }
        let refused = self.judge(policy, given, who);
        drop(keep);
        if refused {
            set_errno(libc::EACCES);
        }
        refused
    }

    /// Whether the hook has judged this very operation.
    fn was_judged(&self, given: &[u8]) -> bool {
        match self.symbol {
            // The hook is not told the directory that `os.open` begins at.
            event::OPEN if matches!(self.base, Base::Descriptor(_)) && !given.starts_with(b"/") => {
                false
            }
            event::OPEN => pending::take_open(given, Intent::of_flags(self.flags.unwrap_or(0))),
            event::OS_LISTDIR => pending::take_open(given, Intent::LIST),
            event::OS_MKFIFO | event::OS_MKNOD => false,
            _ => pending::take_change(given),
        }
    }

    fn judge(&self, policy: &'static Policy, given: &[u8], who: Who) -> bool {
        let Some(info) = catalogue::info(self.symbol) else {
            return false;
        };
        let plan = policy.plan(self.symbol, info);
        if !plan.wanted() {
            return false;
        }
        let Some(mut claim) = Claim::new() else {
            return plan.judged();
        };
        let block = claim.block();
        let resolved = &mut block.scratch.first;
        let mut words = [Value::NULL; MOST_WORDS];
        let mut arguments = Arguments::new();
        match resolved.resolve(self.base, given, self.follow, policy.image.knows_inodes()) {
            Ok(()) => arguments.push(Value::path(resolved.as_bytes()).named(arg::PATH)),
            Err(Unresolved::NoFile | Unresolved::Futile) => return false,
            // A list refuses what it cannot see.
            Err(Unresolved::Unknown) => {}
        }
        arguments.push(Value::path(given).named(arg::RAW));
        if let Some(flags) = self.flags {
            let count = flag_words(b"", flags, &mut words);
            arguments.push(Value::list(&words[..count]).named(arg::FLAGS));
        }
        for value in self.extra {
            arguments.push(*value);
        }
        let subject = Subject {
            name: Name::Known(self.symbol),
            plan,
            source: Source::Libc,
            args: arguments.as_slice(),
            inode: resolved.inode,
            exempt: startup::is_exempt(self.symbol, info.operation, arguments.as_slice()),
        };
        judge_as(policy, &subject, who, &mut block.record)
    }
}

/// The arguments of a call, as rules see them.
pub(super) struct Arguments<'a> {
    values: [Value<'a>; MOST_ARGUMENTS],
    count: usize,
}

impl<'a> Arguments<'a> {
    pub(super) fn new() -> Self {
        Self {
            values: [Value::NULL; MOST_ARGUMENTS],
            count: 0,
        }
    }

    pub(super) fn push(&mut self, value: Value<'a>) {
        if let Some(place) = self.values.get_mut(self.count) {
            *place = value;
            self.count += 1;
        }
    }

    pub(super) fn as_slice(&self) -> &[Value<'a>] {
        &self.values[..self.count]
    }
}

/// The policy, and whose code is running, where calls are judged at all.
pub(super) fn judging() -> Option<(&'static Policy, Who)> {
    load_check::run();
    channel::ring()?;
    let who = process::who();
    // Between vfork and exec there is only what the interpreter does to start a program.
    (who != Who::Borrowing).then_some((policy::current()?, who))
}

/// Judges an event in this process. Returns whether it is refused.
pub(super) fn judge_as(
    policy: &'static Policy,
    subject: &Subject<'_>,
    who: Who,
    record: &mut [u8],
) -> bool {
    if who == Who::Forked {
        // A forked child announces itself with its first event: most only execute a program.
        return judge::judge_apart(policy, subject, record);
    }
    let decision = judge::judge(policy, subject, record, Interpreter::NotHeld);
    decision.verdict >= Verdict::Deny
}
