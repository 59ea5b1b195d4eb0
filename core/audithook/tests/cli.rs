//! The command line through the real binary: what it says, where it says it, and how it exits.
//!
//! `audithook run` itself is tested end to end elsewhere; here are its refusals to start.

#![expect(
    clippy::print_stderr,
    reason = "what a test skips for want of a tool it says loudly"
)]

#[path = "cli/bench.rs"]
mod bench;
#[path = "cli/commands.rs"]
mod commands;
#[path = "cli/emit.rs"]
mod emit;
#[path = "cli/events.rs"]
mod events;
#[path = "cli/explain.rs"]
mod explain;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/inspect.rs"]
mod inspect;
#[path = "cli/log.rs"]
mod log;
#[path = "cli/plugins.rs"]
mod plugins;
#[path = "cli/policies.rs"]
mod policies;
#[path = "cli/run.rs"]
mod run;
#[path = "cli/scaffold.rs"]
mod scaffold;
#[path = "cli/tables.rs"]
mod tables;
#[path = "cli/trust.rs"]
mod trust;
