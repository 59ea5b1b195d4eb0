//! Functions that are executed for events.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use audithook_bus::{
    After, Event, EventExt, Gate, Hook, HookError, Mode, Observer, Outcome, Reply, Verdict,
};

use crate::total_of;

/// The rules of the house. A function is enough for a gate; a closure is, too.
pub(crate) fn rules() -> Vec<Hook> {
    vec![
        Hook::gate("order.created")
            .named("no-free-orders")
            .origin("house-rules:1")
            .with(no_free_orders),
        Hook::gate("order.*")
            .named("embargo")
            .priority(-10)
            .with(|event, reply| match event.get_str("customer") {
                Some("mallory") => reply.deny("we do not deal with mallory"),
                _ => Verdict::Allow,
            }),
        // A new rule on trial: it would deny, but only warns.
        Hook::gate("order.pay")
            .named("limit")
            .mode(Mode::Warn)
            .with(|event, reply| {
                Ok::<_, HookError>(match total_of(event)? {
                    total if total > 1000.0 => {
                        reply.deny(format!("{total} is more than a clerk may take"))
                    }
                    _ => Verdict::Allow,
                })
            }),
    ]
}

/// An error is not a verdict: an order whose total cannot be read is denied, because the gate did not say `on_error`.
fn no_free_orders(event: &Event<'_>, reply: &mut Reply) -> Result<Verdict, HookError> {
    if total_of(event)? <= 0.0 {
        return Ok(reply.deny("nothing is free"));
    }
    Ok(Verdict::Allow)
}

/// Times payments. What its gate leaves as the cookie, its after gets back.
pub(crate) struct PaymentTimer {
    begin: Instant,
    done: AtomicU64,
    failed: AtomicU64,
    nanoseconds: AtomicU64,
}

impl Default for PaymentTimer {
    fn default() -> Self {
        Self {
            begin: Instant::now(),
            done: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            nanoseconds: AtomicU64::new(0),
        }
    }
}

impl PaymentTimer {
    fn now(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Gate for PaymentTimer {
    fn judge(&self, _: &Event<'_>, reply: &mut Reply) -> Result<Verdict, HookError> {
        reply.cookie = self.now();
        Ok(Verdict::Allow)
    }
}

impl After for PaymentTimer {
    fn ended(&self, _: &Event<'_>, outcome: Outcome, cookie: u64) -> Result<(), HookError> {
        self.nanoseconds.fetch_add(self.now() - cookie, Relaxed);
        let counter = if outcome.errno == 0 {
            &self.done
        } else {
            &self.failed
        };
        counter.fetch_add(1, Relaxed);
        Ok(())
    }
}

impl fmt::Display for PaymentTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (done, failed) = (self.done.load(Relaxed), self.failed.load(Relaxed));
        let timed = if self.nanoseconds.load(Relaxed) > 0 {
            "timed"
        } else {
            "not timed"
        };
        write!(f, "payments: {done} done, {failed} failed, {timed}")
    }
}

/// Counts events by name and verdict, on a thread of its own: the shop does not wait for it.
#[derive(Default)]
pub(crate) struct Tally(Mutex<BTreeMap<(&'static str, Verdict), u64>>);

impl Observer for Tally {
    fn observe(&self, event: &Event<'_>) -> Result<(), HookError> {
        let mut counts = self.0.lock().map_err(HookError::failed)?;
        *counts.entry((event.name(), event.verdict())).or_default() += 1;
        Ok(())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "events:")?;
        let counts = self.0.lock().map_err(|_| fmt::Error)?;
        for ((event, verdict), count) in counts.iter() {
            write!(f, "\n  {count} {event} {verdict}")?;
        }
        Ok(())
    }
}
