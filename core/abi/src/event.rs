//! Events, as hooks see them.

use core::ffi::c_void;
use core::marker::PhantomData;

use crate::{Source, Value, Verdict};

/// An interned name: of an event or of an argument.
///
/// Numbers below the catalogue's length are the catalogue's own, the same in every process; others belong
/// to the process that interned them.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(pub u32);

impl Symbol {
    /// No name.
    pub const NONE: Self = Self(u32::MAX);
}

/// The event was raised while a hook was running.
pub const EVENT_NESTED: u32 = 1;
/// Some argument was cut to fit.
pub const EVENT_TRUNCATED: u32 = 2;
/// The interpreter was still starting: the event was exempt from the policy.
pub const EVENT_STARTUP: u32 = 4;
/// The event is replayed from a journal.
pub const EVENT_REPLAY: u32 = 8;
/// The policy's mode is `warn`: nothing is refused.
pub const EVENT_DRY_RUN: u32 = 16;

/// One event: the ABI's `ah_event`. Borrowed until the hook returns.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    struct_size: u32,
    /// The interned name.
    pub id: Symbol,
    /// The number that the journal gives; 0 while there is none.
    pub seq: u64,
    /// CLOCK_MONOTONIC in nanoseconds.
    pub time_ns: u64,
    /// The process that raised it.
    pub pid: u32,
    /// The thread that raised it.
    pub tid: u32,
    /// `EVENT_…`
    pub flags: u32,
    /// The version of the arguments' schema: 1 unless the catalogue says more.
    pub schema: u16,
    /// A [`Source`]'s number.
    pub source: u8,
    /// For afters and observers: the [`Verdict`]'s number.
    pub verdict: u8,
    n_args: u32,
    arg_stride: u32,
    args: *const Value<'a>,
    call: *const c_void,
    lifetime: PhantomData<&'a [Value<'a>]>,
}

// SAFETY: plain data and shared borrows of plain data that live for `'a`; `call` is only ever read by the host that set it.
unsafe impl Send for Event<'_> {}
// SAFETY: as above; all access through a shared reference is read-only.
unsafe impl Sync for Event<'_> {}

impl<'a> Event<'a> {
    /// An event of this process, with neither time nor thread set.
    #[must_use]
    #[inline]
    pub const fn new(id: Symbol, args: &'a [Value<'a>]) -> Self {
        Self {
            struct_size: size_of::<Self>() as u32,
            id,
            seq: 0,
            time_ns: 0,
            pid: 0,
            tid: 0,
            flags: 0,
            schema: 1,
            source: Source::App as u8,
            verdict: Verdict::Allow as u8,
            n_args: args.len() as u32,
            arg_stride: size_of::<Value<'_>>() as u32,
            args: args.as_ptr(),
            call: core::ptr::null(),
            lifetime: PhantomData,
        }
    }

    /// The arguments, in the schema's order.
    #[must_use]
    #[inline]
    pub fn args(&self) -> &'a [Value<'a>] {
        if self.n_args == 0 {
            return &[];
        }
        // SAFETY: `new` took pointer and length from one slice that lives for `'a`, and both fields are private.
        unsafe { core::slice::from_raw_parts(self.args, self.n_args as usize) }
    }

    /// The argument of this name.
    #[must_use]
    pub fn arg(&self, name: Symbol) -> Option<&'a Value<'a>> {
        self.args().iter().find(|value| value.name() == name)
    }

    /// The verdict; an unknown number reads as deny.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict::from_number(self.verdict).unwrap_or(Verdict::Deny)
    }

    /// The source, if this version knows it.
    #[must_use]
    pub fn source(&self) -> Option<Source> {
        Source::from_number(self.source)
    }
}
