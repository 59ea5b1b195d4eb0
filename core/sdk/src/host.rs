//! What the host offers, as safe functions that know that each may be absent.

use std::ffi::c_void;
use std::fmt;
use std::ptr;
use std::sync::Arc;

use audithook_abi::plugin::read_sized;
use audithook_abi::{Event, LogLevel, RawHost, RawStr, Symbol, Value, Verdict, status};

use crate::{Failure, Result};

/// The host. Clones are cheap and may be kept by any thread: after the instance ended they do nothing.
#[derive(Clone)]
pub struct Host {
    table: Arc<RawHost>,
}

impl Host {
    /// # Safety
    /// `table` is what a host gave to `create`.
    pub(crate) unsafe fn new(table: *const RawHost) -> Option<Self> {
        if table.is_null() {
            return None;
        }
        // SAFETY: the caller's promise; a table is readable to its own size. The header keeps the functions callable until the
        // process ends, so a copy of them is as good as the table.
        let table = unsafe { read_sized(table) }.ok()?;
        Some(Self {
            table: Arc::new(table),
        })
    }

    /// The host's version of the ABI.
    #[must_use]
    pub fn abi(&self) -> (u16, u16) {
        (self.table.abi_major, self.table.abi_minor)
    }

    /// Writes a line to the host's log.
    pub fn log(&self, level: LogLevel, line: impl fmt::Display) {
        if let Some(log) = self.table.log {
            let line = line.to_string();
            // SAFETY: the host's own function and context; the line is readable during the call.
            unsafe { log(self.table.ctx, level as u32, RawStr::new(&line)) };
        }
    }

    /// The number of a name of an event or an argument: for [`Event::arg`] and [`Host::emit`].
    ///
    /// # Errors
    /// The host cannot intern, the name is empty or too long, or its table is full.
    pub fn intern(&self, name: &str) -> Result<Symbol> {
        let intern = self
            .table
            .intern
            .ok_or_else(|| Failure::unsupported("the host does not intern names"))?;
        // SAFETY: the host's own function and context; the name is readable during the call.
        match unsafe { intern(self.table.ctx, RawStr::new(name)) } {
            Symbol::NONE => Err(Failure::error(format!(
                "the host does not take the name: `{name}`"
            ))),
            symbol => Ok(symbol),
        }
    }

    /// The text of a number, if the host knows it.
    #[must_use]
    pub fn text(&self, symbol: Symbol) -> Option<&'static str> {
        let text = self.table.text?;
        let mut found = RawStr::EMPTY;
        // SAFETY: the host's own function and context; the place is ours. The text is valid until the process ends.
        let bytes: &'static [u8] = unsafe {
            if text(self.table.ctx, symbol, &raw mut found) != status::OK {
                return None;
            }
            found.bytes()
        };
        std::str::from_utf8(bytes).ok()
    }

    /// Raises an event and returns the verdict, to be obeyed. Raised inside a hook it reaches observers only. May block.
    ///
    /// # Errors
    /// The host has no bus, or does not know the event.
    pub fn emit(&self, event: Symbol, args: &[Value<'_>]) -> Result<Verdict> {
        let no_bus = || Failure::unsupported("the host raises no events of plugins");
        let emit = self.table.emit.ok_or_else(no_bus)?;
        let count = u32::try_from(args.len())?;
        // SAFETY: the host's own function and context; the values are readable during the call.
        let answer = unsafe { emit(self.table.ctx, event, args.as_ptr(), count) };
        match u8::try_from(answer).ok().and_then(Verdict::from_number) {
            Some(verdict) => Ok(verdict),
            None if answer == status::UNSUPPORTED => Err(no_bus()),
            None => Err(Failure::error(format!(
                "the host did not raise the event: {answer}"
            ))),
        }
    }

    /// A copy of an event that outlives its hook; `None` if the host makes none.
    #[must_use]
    pub fn retain(&self, event: &Event<'_>) -> Option<Retained> {
        let retain = self.table.event_retain?;
        // A host that cannot take it back would be left with it.
        self.table.event_release?;
        // SAFETY: the host's own function and context; the event is one that it gave, or reads like one.
        let event = unsafe { retain(self.table.ctx, event) };
        if event.is_null() {
            return None;
        }
        let retained = Retained {
            event,
            host: self.clone(),
        };
        // SAFETY: a copy keeps the contract of events.
        unsafe { Event::from_raw(event) }
            .is_some()
            .then_some(retained)
    }

    /// CLOCK_MONOTONIC in nanoseconds, if the host tells it.
    #[must_use]
    pub fn now_ns(&self) -> Option<u64> {
        // SAFETY: the host's own function and context.
        self.table.now_ns.map(|now| unsafe { now(self.table.ctx) })
    }

    /// Adds to a counter of this instance. The supervisor shows the counters of its instances at the end of a run, below the
    /// plugin's report (`counters: seen 12`); `audithook emit` shows them, too. Those of an instance in the program are not gathered.
    pub fn count(&self, counter: Symbol, delta: u64) {
        if let Some(add) = self.table.counter_add {
            // SAFETY: the host's own function and context.
            unsafe { add(self.table.ctx, counter, delta) };
        }
    }

    /// The host's interface of this id, if it has it: what it points to, the id says.
    #[must_use]
    pub fn interface(&self, id: &str) -> Option<ptr::NonNull<c_void>> {
        let find = self.table.get_interface?;
        // SAFETY: the host's own function and context; the id is readable during the call.
        let found = unsafe { find(self.table.ctx, RawStr::new(id)) };
        ptr::NonNull::new(found.cast_mut())
    }

    pub(crate) fn table(&self) -> &RawHost {
        &self.table
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.table, &other.table)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("abi", &self.abi())
            .finish_non_exhaustive()
    }
}

/// A copy of an event that outlives its hook.
pub struct Retained {
    event: *const Event<'static>,
    host: Host,
}

// SAFETY: the header lets any thread read and release a copy.
unsafe impl Send for Retained {}
// SAFETY: a copy never changes.
unsafe impl Sync for Retained {}

impl Retained {
    /// The event.
    #[must_use]
    pub fn event(&self) -> &Event<'_> {
        // SAFETY: the copy lives until it is released, at the end of this value.
        unsafe { &*self.event }
    }
}

impl Drop for Retained {
    fn drop(&mut self) {
        if let Some(release) = self.host.table.event_release {
            // SAFETY: retained once, released once.
            unsafe { release(self.host.table.ctx, self.event) };
        }
    }
}

impl fmt::Debug for Retained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.event().fmt(f)
    }
}
