//! What is told of a plugin's processes: lines for the log, and events for the policy and the journal.

use std::time::Duration;

use audithook_abi::LogLevel;
use audithook_loader::Services;

use super::process::Ended;

pub(super) fn ended(services: &dyn Services, plugin: &str, ended: &Ended, pause: Duration) {
    services.log(
        plugin,
        LogLevel::Error,
        &format!("{ended}; it is started again in {pause:?}"),
    );
}

pub(super) fn restarted(services: &dyn Services, plugin: &str, count: u64) {
    services.log(plugin, LogLevel::Info, &format!("it runs again ({count})"));
}

pub(super) fn not_restarted(services: &dyn Services, plugin: &str, reason: &str, pause: Duration) {
    services.log(
        plugin,
        LogLevel::Error,
        &format!("it cannot be started again: {reason}; the next try is in {pause:?}"),
    );
}
