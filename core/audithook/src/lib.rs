//! Audit hooks for every process: the library and the command.
//!
//! [`run`] starts a command under a policy; [`hooks`] turns a policy's hooks into hooks of a bus; [`evaluate`] judges
//! one event offline, as a process of a run would.
//!
//! A program that embeds the library leaves the command out, and raises its events on a bus:
//!
//! ```toml
//! [dependencies]
//! audithook     = { path = "…/audithook/core/audithook", default-features = false }
//! audithook-bus = { path = "…/audithook/core/bus" }
//! ```
#![forbid(unsafe_code)]

pub mod evaluate;
pub mod hooks;
pub mod run;
pub mod shell;

pub use audithook_plugin_process::serve as serve_plugin;
