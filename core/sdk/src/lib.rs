//! What the author of a plugin in Rust imports.
//!
//! A plugin is a struct, a `Config`, and functions that are marked as hooks and commands. [`plugin`](macro@plugin) makes
//! a library of them; doc comments become what `audithook plugin list` and `--help` say.
//!
//! ```
//! use audithook_sdk::prelude::*;
//!
//! /// Refuses connections to ports above a limit.
//! #[derive(Deserialize, JsonSchema)]
//! struct Config {
//!     highest: u64,
//! }
//! struct PortLimit {
//!     config: Config,
//! }
//!
//! #[plugin(name = "port-limit")]
//! impl Plugin for PortLimit {
//!     type Config = Config;
//!     fn create(_: Host, config: Config) -> Result<Self> {
//!         Ok(Self { config })
//!     }
//!
//!     /// Judges the port of a connection.
//!     #[gate(on_failure = Deny)]
//!     fn check(&self, event: &SocketConnect) -> Judgement {
//!         if event.port() > Some(self.config.highest) {
//!             deny!("port {} is too high", event.port().unwrap_or(0))
//!         } else {
//!             Allow
//!         }
//!     }
//!
//!     /// Whether a port would be let through.
//!     #[command]
//!     fn allows(&self, /** The port. */ #[arg(positional)] port: u16) -> bool {
//!         u64::from(port) <= self.config.highest
//!     }
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
//! # What does `#[plugin]` understand?
//!
//! `#[plugin(name = "…")]`, and where they are not what Cargo.toml says: `id` (a reversed domain name), `summary`, `license`;
//! `in_target = true` (may run inside the program that is watched), `own_threads = true`, `report` (implements [`Report`]).
//!
//! | mark | function | |
//! |---|---|---|
//! | `#[gate(on_failure = Deny)]` | `fn(&self, event: &SocketConnect) -> Judgement` | judges before; `on_failure` is what you mean an error to be |
//! | `#[after]` | `fn(&self, event: &Open, outcome: Outcome)` | sees how it ended |
//! | `#[observer]` | `fn(&self, event: &Event)` | is told afterwards |
//! | `#[command]` | `fn(&self, times: u64, path: PathBuf) -> Result<…>` | `audithook NAME FUNCTION --times 2 --path x` |
//!
//! The event is one of [`events`], or [`Event`] for any. A hook may take `with: &With` as well: what the `[[hook]]` says in
//! `with`. Results may be wrapped in [`Result`]. A parameter of a command has a doc comment and perhaps
//! `#[arg(positional, letter = 'n', default = "2", value_name = "N", choices("a", "b"))]`; `bool` is a flag, `Option` need not be
//! given, `Vec` may be given several times, `call: &Call<'_>` has what is piped in. A command answers a value, nothing, or an
//! [`Answer`]: a stream of bytes or a table.
//!
//! Who wants more by hand has the traits behind it: [`Hook`] with one of [`Gate`], [`After`], [`Observer`]; [`Command`];
//! [`export!`].
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
pub mod events;
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
mod typed;

#[doc(hidden)]
pub mod macro_support {
    //! What [`export!`](crate::export!) expands to; no part of the interface.

    pub use audithook_abi::command::RawCommand;
    pub use audithook_abi::plugin::{PLUGIN_IN_TARGET, PLUGIN_OWN_THREADS};
    pub use audithook_abi::{ABI_MAJOR, RawHook, RawPlugin};

    pub use crate::entry::{
        AttachHook, Export, Interface, after_hook, around_hook, attach_hook, command,
        command_interface, descriptor, gate_hook, is_name, observer_hook, report_interface,
    };
    pub use crate::typed::schema_of;
}

pub use answer::{Answer, Datum, Pieces};
pub use audithook_abi::{Event, LogLevel, Source, Symbol, Tag, Value, Verdict, View};
pub use audithook_sdk_macros::plugin;
pub use command::{Call, Choice, Command, Input, Param, Watch};
pub use failure::{Failure, Result};
pub use hook::{After, Attach, Gate, Hook, NoWith, Observer, Outcome};
pub use host::{Host, Retained};
pub use plugin::{NoConfig, Plugin, Report};
pub use reply::Reply;
pub use typed::{FromArgument, IntoAnswer, Judged, Judgement, Reason, Size, TypedEvent};

/// Everything that a plugin usually needs.
pub mod prelude {
    pub use std::sync::Arc;

    pub use schemars::JsonSchema;
    pub use serde::Deserialize;

    pub use crate::Judgement::Allow;
    pub use crate::events::*;
    pub use crate::{
        After, Answer, Attach, Call, Command, Event, Failure, Gate, Hook, Host, Judgement,
        LogLevel, NoConfig, NoWith, Observer, Outcome, Param, Plugin, Reply, Report, Result,
        Symbol, Value, Verdict, View, deny, kill, plugin, warn,
    };
}
