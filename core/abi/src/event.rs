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
    pub(crate) struct_size: u32,
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
    pub(crate) n_args: u32,
    pub(crate) arg_stride: u32,
    pub(crate) args: *const Value<'a>,
    pub(crate) call: *const c_void,
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
    #[inline]
    pub fn arg(&self, name: Symbol) -> Option<&'a Value<'a>> {
        self.args().iter().find(|value| value.name() == name)
    }

    /// The text of the argument of this name, if it is UTF-8.
    #[must_use]
    pub fn str(&self, name: Symbol) -> Option<&'a str> {
        self.arg(name)?.as_str()
    }

    /// The bytes of the argument of this name: of text, bytes or a path.
    #[must_use]
    #[inline]
    pub fn bytes(&self, name: Symbol) -> Option<&'a [u8]> {
        self.arg(name)?.as_bytes()
    }

    /// The number of the argument of this name, if it is not negative.
    #[must_use]
    pub fn u64(&self, name: Symbol) -> Option<u64> {
        self.arg(name)?.as_u64()
    }

    /// The number of the argument of this name.
    #[must_use]
    pub fn i64(&self, name: Symbol) -> Option<i64> {
        self.arg(name)?.as_i64()
    }

    /// What the host put here for itself; null in an event that nobody retained.
    #[must_use]
    #[inline]
    pub const fn call(&self) -> *const c_void {
        self.call
    }

    /// The same event with the host's own pointer.
    #[must_use]
    #[inline]
    pub const fn with_call(mut self, call: *const c_void) -> Self {
        self.call = call;
        self
    }

    /// The event that another side of the ABI handed over, if its arguments lie next to each other as they do in this
    /// version; for one whose arguments do not, [`Event::gather`].
    ///
    /// # Safety
    /// `event` is null or points to an `ah_event` that keeps the contract of the header for `'b`.
    #[must_use]
    #[inline]
    pub unsafe fn from_raw<'b>(event: *const Event<'b>) -> Option<&'b Event<'b>> {
        // SAFETY: the caller's promise.
        let event = unsafe { Self::readable(event) }?;
        (event.arg_stride as usize == size_of::<Value<'_>>()).then_some(event)
    }

    /// Hands over the arguments of an event one by one, whatever lies between them; returns the event
    /// without them, for [`Event::with_args`]. `None` if the event breaks the contract.
    ///
    /// # Safety
    /// As [`Event::from_raw`].
    pub unsafe fn gather<'b>(
        event: *const Event<'b>,
        mut push: impl FnMut(Value<'b>),
    ) -> Option<Event<'b>> {
        // SAFETY: the caller's promise.
        let event = unsafe { Self::readable(event) }?;
        let stride = event.arg_stride as usize;
        if stride < size_of::<Value<'_>>() || !stride.is_multiple_of(align_of::<Value<'_>>()) {
            return None;
        }
        for index in 0..event.n_args as usize {
            // SAFETY: the header's promise: `n_args` values, `arg_stride` bytes apart.
            push(unsafe { *event.args.byte_add(index * stride) });
        }
        Some(Event::with_args(event, &[]))
    }

    /// # Safety
    /// As [`Event::from_raw`].
    #[inline]
    unsafe fn readable<'b>(event: *const Event<'b>) -> Option<&'b Event<'b>> {
        if event.is_null() {
            return None;
        }
        // SAFETY: the size is the first field of what the caller says is an `ah_event`.
        if (unsafe { *event.cast::<u32>() } as usize) < size_of::<Event<'_>>() {
            return None;
        }
        // SAFETY: readable to that size, and every bit pattern of the fields is legal.
        let event = unsafe { &*event };
        (event.n_args == 0 || !event.args.is_null()).then_some(event)
    }

    /// The same event with other arguments.
    #[must_use]
    #[inline]
    pub const fn with_args<'b>(&self, args: &'b [Value<'b>]) -> Event<'b> {
        let mut event = Event::new(self.id, args);
        event.seq = self.seq;
        event.time_ns = self.time_ns;
        event.pid = self.pid;
        event.tid = self.tid;
        event.flags = self.flags;
        event.schema = self.schema;
        event.source = self.source;
        event.verdict = self.verdict;
        event.call = self.call;
        event
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
