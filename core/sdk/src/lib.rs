//! What the author of a plugin in Rust imports.
//!
//! A plugin is a type that implements [`Plugin`], and a type for each hook that implements [`Hook`] and one of
//! [`Gate`], [`After`], [`Observer`]. [`plugin!`] exports them. `plugin!` is all the ABI that an author sees.
//!
//! ```
//! use audithook_sdk::prelude::*;
//!
//! #[derive(Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Config {
//!     highest: u64,
//! }
//!
//! struct PortLimit {
//!     config: Config,
//! }
//!
//! impl Plugin for PortLimit {
//!     type Config = Config;
//!
//!     fn create(_: Host, config: Config) -> Result<Self> {
//!         Ok(Self { config })
//!     }
//! }
//!
//! /// One `[[hook]]` that calls `port-limit.check`.
//! struct Check {
//!     plugin: Arc<PortLimit>,
//!     port: Symbol,
//! }
//!
//! impl Hook for Check {
//!     type Plugin = PortLimit;
//!     type With = NoWith;
//!
//!     fn attach(plugin: &Arc<PortLimit>, attach: &Attach<'_>, _: NoWith) -> Result<Self> {
//!         let port = attach.host.intern("port")?;
//!         Ok(Self { plugin: Arc::clone(plugin), port })
//!     }
//! }
//!
//! impl Gate for Check {
//!     fn judge(&self, event: &Event<'_>, reply: &mut Reply<'_>) -> Result<Verdict> {
//!         let port = event.u64(self.port).ok_or(Failure::bad_argument("no port"))?;
//!         if port > self.plugin.config.highest {
//!             return Ok(reply.deny(format_args!("port {port} is too high")));
//!         }
//!         Ok(Verdict::Allow)
//!     }
//! }
//!
//! audithook_sdk::plugin! {
//!     PortLimit,
//!     id: "org.example.port-limit",
//!     name: "port-limit",
//!     summary: "Refuses connections to ports above a limit.",
//!     license: "MIT",
//!     in_target: true,
//!     hooks: [
//!         Check: gate(on_failure = Deny) "check" "Judges the port of a connection.",
//!     ],
//! }
//!
//! # fn main() {
//! let host = audithook_sdk::testing::Host::new();
//! let plugin = host.create(audithook_plugin_entry, r#"{"highest": 1024}"#).unwrap();
//! let check = plugin.attach("check", "{}").unwrap();
//! let judged = check.judge(&host.event("socket.connect", &[("port", Value::u64(8080))]));
//! assert_eq!(judged.verdict(), Some(Verdict::Deny));
//! assert_eq!(judged.reason.as_deref(), Some("port 8080 is too high"));
//! # }
//! ```
//!
//! # What happens when a plugin fails?
//!
//! A [`Failure`] is not a verdict: it goes to the host, and the policy's `on-error` decides. A panic ends at the guard that
//! stands around every entry; it is logged through the host, the hook answers `AH_PANIC`, and from then on the instance
//! answers that without running anything: it is poisoned. So this crate refuses to be built with `panic = "abort"`, which
//! would end the host instead.
//!
//! # What may a hook do?
//!
//! Hooks run on any thread, several at once, while an operation waits. A plugin that is declared `in_target` may run inside
//! the program that is watched: it starts no threads, prints nothing, and takes no lock that a fork on another thread would
//! leave locked.

#[cfg(not(panic = "unwind"))]
compile_error!(
    "a plugin must be built with panic = \"unwind\": with \"abort\" its first panic would end the host"
);

mod answer;
mod command;
mod entry;
mod export;
mod failure;
mod guard;
mod hook;
mod host;
mod plugin;
mod reply;
#[cfg(feature = "arrow")]
mod table;
pub mod testing;

#[doc(hidden)]
pub mod macro_support {
    //! What [`plugin!`](crate::plugin!) expands to; no part of the interface.

    pub use audithook_abi::command::RawCommand;
    pub use audithook_abi::plugin::{PLUGIN_IN_TARGET, PLUGIN_OWN_THREADS};
    pub use audithook_abi::{ABI_MAJOR, RawHook, RawPlugin};

    pub use crate::entry::{
        AttachHook, Export, Interface, after_hook, around_hook, attach_hook, command,
        command_interface, descriptor, gate_hook, observer_hook, report_interface,
    };
}

pub use answer::{Answer, Datum, Pieces};
pub use audithook_abi::{Event, LogLevel, Source, Symbol, Tag, Value, Verdict, View};
pub use command::{Call, Choice, Command, Input, Param, Watch};
pub use failure::{Failure, Result};
pub use hook::{After, Attach, Gate, Hook, NoWith, Observer, Outcome};
pub use host::{Host, Retained};
pub use plugin::{NoConfig, Plugin, Report};
pub use reply::Reply;

/// Everything that a plugin usually needs.
pub mod prelude {
    pub use std::sync::Arc;

    pub use serde::Deserialize;

    pub use crate::{
        After, Answer, Attach, Call, Command, Event, Failure, Gate, Hook, Host, LogLevel, NoConfig,
        NoWith, Observer, Outcome, Param, Plugin, Reply, Report, Result, Symbol, Value, Verdict,
        View,
    };
}
