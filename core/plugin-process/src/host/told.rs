//! What is told of a plugin's processes: lines for the log, and events for the policy and the journal.

use std::time::Duration;

use audithook_abi::{Event, LogLevel, Symbol, Value};
use audithook_catalogue::{arg, event};
use audithook_loader::Services;

use super::process::Ended;

pub(super) fn ended(services: &dyn Services, plugin: &str, ended: &Ended, pause: Duration) {
    services.log(
        plugin,
        LogLevel::Error,
        &format!("{ended}; it is started again in {pause:?}"),
    );
    let number = |number: Option<i32>| number.map_or(Value::NULL, |it| Value::i64(it.into()));
    let wait_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    raise(
        services,
        event::PLUGIN_EXIT,
        plugin,
        &[
            Value::str(plugin).named(arg::PLUGIN),
            Value::str(&ended.reason).named(arg::REASON),
            number(ended.status).named(arg::STATUS),
            number(ended.signal).named(arg::SIGNAL),
            Value::u64(wait_ms).named(arg::WAIT_MS),
        ],
    );
}

pub(super) fn restarted(services: &dyn Services, plugin: &str, count: u64) {
    services.log(plugin, LogLevel::Info, &format!("it runs again ({count})"));
    raise(
        services,
        event::PLUGIN_RESTART,
        plugin,
        &[
            Value::str(plugin).named(arg::PLUGIN),
            Value::u64(count).named(arg::COUNT),
        ],
    );
}

pub(super) fn not_restarted(services: &dyn Services, plugin: &str, reason: &str, pause: Duration) {
    services.log(
        plugin,
        LogLevel::Error,
        &format!("it cannot be started again: {reason}; the next try is in {pause:?}"),
    );
}

fn raise(services: &dyn Services, name: Symbol, plugin: &str, args: &[Value<'_>]) {
    let mut event = Event::new(name, args);
    event.pid = std::process::id();
    event.tid = event.pid;
    event.time_ns = super::now_ns();
    // Where there is no bus nobody is told but the log.
    let _ = services.emit(plugin, &event);
}
