//! The events that the bus raises itself, for observers: what must never happen silently.

use audithook_abi::{Event, Value, Verdict};
use audithook_catalogue::{arg, event};

use crate::attach::Attached;
use crate::bus::Inner;
use crate::queue::Loss;

/// A hook failed, or was not entered, and its `on-error` decided.
pub(crate) fn failure(bus: &Inner, hook: &Attached, error: &str, verdict: Verdict) {
    let args = [
        Value::str(hook.plugin().unwrap_or_default()).named(arg::PLUGIN),
        Value::str(hook.name()).named(arg::HOOK),
        Value::str(error).named(arg::ERROR),
        Value::str(verdict.as_str()).named(arg::VERDICT),
    ];
    bus.notify(&Event::new(event::PLUGIN_ERROR, &args));
}

/// A hook is not entered any more.
pub(crate) fn quarantined(bus: &Inner, hook: &Attached, count: u64) {
    let args = [
        Value::str(hook.plugin().unwrap_or_default()).named(arg::PLUGIN),
        Value::str(hook.name()).named(arg::HOOK),
        Value::u64(count).named(arg::COUNT),
    ];
    bus.notify(&Event::new(event::PLUGIN_QUARANTINED, &args));
}

/// Events were lost.
pub(crate) fn lost(bus: &Inner, loss: Loss, reason: &str) {
    let args = [
        Value::u64(loss.count).named(arg::COUNT),
        Value::u64(loss.from).named(arg::FROM),
        Value::u64(loss.to).named(arg::TO),
        Value::str(reason).named(arg::REASON),
    ];
    bus.notify(&Event::new(event::BUS_LOST, &args));
}
