//! One call of libc on a file: judged where the hook has not seen the operation, or could not, with the exemptions that the
//! hook's events have.

use core::ffi::{CStr, c_char, c_int};

use audithook_abi::{Symbol, Value};
use audithook_catalogue::{Operation, arg, event};

use super::call::{Arguments, Call, answer};
use crate::paths::{Base, Unresolved};
use crate::pending::{self, Intent};
use crate::python::decode::flag_words;
use crate::python::startup;

/// How many words an open's intent has at most.
const MOST_WORDS: usize = 10;

/// What CPython 3.8 and 3.9 look at between `fork` and `exec`, for the descriptors that are to be closed.
const DESCRIPTORS: &[u8] = b"/proc/self/fd";

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
    /// What the caller finds in `errno` if it is refused.
    pub(super) error: c_int,
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
            error: libc::EACCES,
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
        let given = match self.base {
            // utimensat(2) without a path: the descriptor's own file.
            Base::Descriptor(_) if self.path.is_null() => b"",
            _ if self.path.is_null() => return false,
            // SAFETY: the caller's promise.
            _ => unsafe { CStr::from_ptr(self.path) }.to_bytes(),
        };
        let call = if given == DESCRIPTORS {
            Call::before_execution(self.symbol)
        } else {
            Call::of(self.symbol)
        };
        let refused = call.is_some_and(|call| {
            !self.was_judged(call.info.operation, given) && self.judge(&call, given)
        });
        answer(refused, self.error)
    }

    /// Whether the hook has judged this very open, by its text.
    fn was_judged(&self, operation: Operation, given: &[u8]) -> bool {
        match operation {
            // The hook is not told the directory that `os.open` begins at.
            Operation::Open
                if matches!(self.base, Base::Descriptor(_)) && !given.starts_with(b"/") =>
            {
                false
            }
            Operation::Open => pending::take_open(given, Intent::of_flags(self.flags.unwrap_or(0))),
            Operation::List => pending::take_open(given, Intent::LIST),
            _ => false,
        }
    }

    fn judge(&self, call: &Call, given: &[u8]) -> bool {
        call.is_refused_in(|claim| {
            let block = claim.block();
            let resolved = &mut block.scratch.first;
            let mut words = [Value::NULL; MOST_WORDS];
            let mut arguments = Arguments::new();
            let want_inode = call.policy.image.knows_inodes();
            let found = match self.base {
                Base::Descriptor(descriptor) if self.path.is_null() => {
                    resolved.resolve_descriptor(descriptor)
                }
                _ => resolved.resolve(self.base, given, self.follow, want_inode),
            };
            match found {
                Ok(()) => arguments.push(Value::path(resolved.as_bytes()).named(arg::PATH)),
                // A directory that was removed is a root like any other.
                Err(_) if call.info.operation == Operation::Root => {}
                Err(Unresolved::NoFile | Unresolved::Futile) => return false,
                // A list refuses what it cannot see.
                Err(Unresolved::Unknown) => {}
            }
            if !self.path.is_null() {
                arguments.push(Value::path(given).named(arg::RAW));
            }
            if let Some(flags) = self.flags {
                let count = flag_words(b"", flags, &mut words);
                arguments.push(Value::list(&words[..count]).named(arg::FLAGS));
            }
            for value in self.extra {
                arguments.push(*value);
            }
            let args = arguments.as_slice();
            // The hook has judged this very change.
            if pending::take_change(self.symbol, args) {
                return false;
            }
            let exempt = startup::is_exempt(self.symbol, call.info.operation, args);
            call.judge(args, resolved.inode, exempt, &mut block.record)
        })
    }
}
