//! Around an operation: the gates ran, the afters are owed.

use std::fmt;
use std::io;
use std::sync::Arc;

use audithook_abi::{Event, Verdict};

use crate::bus::Bus;
use crate::decision::Allowed;
use crate::dispatch::{self, ECANCELED, Entered};
use crate::hook::Outcome;
use crate::lineage::Frame;
use crate::owned::OwnedEvent;
use crate::plan::Plan;

/// An operation that the gates let through. Its afters run when it ends: by [`Operation::finish`], or, as cancelled, when
/// it is dropped.
#[must_use = "dropping it ends the operation as cancelled"]
#[derive(Default)]
pub struct Operation {
    allowed: Allowed,
    pending: Option<Box<Pending>>,
}

impl Operation {
    pub(crate) fn new(allowed: Allowed, pending: Option<Pending>) -> Self {
        Self {
            allowed,
            pending: pending.map(Box::new),
        }
    }

    /// What the gates said: allow or warn.
    #[must_use]
    pub fn allowed(&self) -> &Allowed {
        &self.allowed
    }

    /// The operation ended with this `errno`, 0 for success.
    pub fn finish(mut self, errno: i32) {
        if let Some(pending) = self.pending.take() {
            pending.end(errno);
        }
    }

    /// The operation ended with this result, which is handed back. An error that is not the system's counts as `EIO`.
    ///
    /// # Errors
    /// The one that was given.
    pub fn finish_with<T>(self, result: io::Result<T>) -> io::Result<T> {
        const EIO: i32 = 5;
        self.finish(match &result {
            Ok(_) => 0,
            Err(error) => error.raw_os_error().unwrap_or(EIO),
        });
        result
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if let Some(pending) = self.pending.take() {
            pending.end(ECANCELED);
        }
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = self.pending.as_ref().map(|pending| &pending.event);
        f.debug_struct("Operation")
            .field("allowed", &self.allowed)
            .field("event", &event)
            .finish()
    }
}

/// What is owed. Holds the plan under which the gates ran, so that a swap in between changes nothing.
pub(crate) struct Pending {
    bus: Bus,
    plan: Arc<Plan>,
    event: OwnedEvent,
    entered: Vec<Entered>,
    verdict: Verdict,
}

impl Pending {
    pub(crate) fn new(
        bus: Bus,
        plan: Arc<Plan>,
        event: &Event<'_>,
        entered: Vec<Entered>,
        verdict: Verdict,
    ) -> Self {
        Self {
            bus,
            plan,
            event: OwnedEvent::new(event),
            entered,
            verdict,
        }
    }

    pub(crate) fn end(self, errno: i32) {
        let Some(entry) = self.plan.entry(self.event.id()) else {
            return;
        };
        let outcome = Outcome {
            verdict: self.verdict,
            errno,
        };
        let frame = Frame::enter();
        self.event.with(|event| {
            dispatch::run_afters(
                self.bus.inner(),
                entry,
                event,
                outcome,
                &self.entered,
                &frame,
            );
        });
        drop(frame);
        dispatch::check_too_deep(self.bus.inner());
    }
}
