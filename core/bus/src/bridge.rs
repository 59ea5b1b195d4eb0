//! Between the bus and `tracing`, in both directions.
//!
//! [`TracingObserver`] writes bus events as tracing events; `BusLayer` (feature `tracing-subscriber`) raises tracing events on
//! a bus. Both may be in use at once without an echo: what the observer writes has the target [`TARGET`], which the layer does
//! not raise, and what the layer raises has a name that begins with [`PREFIX`], which the observer does not write. So it cannot
//! matter on which thread, how late, or through how many queues either of them happens.

use audithook_abi::{Event, Verdict};
use tracing::Level;

use crate::hook::{HookError, Observer};
use crate::value::EventExt;

#[cfg(feature = "tracing-subscriber")]
mod layer;
#[cfg(feature = "tracing-subscriber")]
pub use layer::BusLayer;

/// The target of the tracing events that [`TracingObserver`] writes.
pub const TARGET: &str = "audithook::event";

/// How the names of bus events begin that come from tracing: `tracing.` and the target with dots.
pub const PREFIX: &str = "tracing.";

// A macro, because the level of a tracing event is part of its callsite.
macro_rules! write_at {
    ($event:expr, $level:expr) => {
        tracing::event!(
            target: TARGET,
            $level,
            event = $event.name(),
            verdict = $event.verdict().as_str(),
            pid = $event.pid,
            tid = $event.tid,
            args = %$event.arguments(),
        )
    };
}

/// Writes bus events as tracing events: what was killed at `ERROR`, what was denied or warned of at `WARN`, the rest at `INFO`.
///
/// ```
/// use std::sync::Arc;
/// use audithook_bus::{Bus, bridge::TracingObserver};
///
/// let bus = Bus::new();
/// bus.observe("order.*").inline().with_observer(Arc::new(TracingObserver)).unwrap();
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingObserver;

impl Observer for TracingObserver {
    fn observe(&self, event: &Event<'_>) -> Result<(), HookError> {
        if event.name().starts_with(PREFIX) {
            return Ok(());
        }
        match event.verdict() {
            Verdict::Kill => write_at!(event, Level::ERROR),
            Verdict::Deny | Verdict::Warn => write_at!(event, Level::WARN),
            Verdict::Allow => write_at!(event, Level::INFO),
        }
        Ok(())
    }
}
