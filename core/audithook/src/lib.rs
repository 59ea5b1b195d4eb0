//! Audit hooks for every process: the library and the command.
//!
//! [`run`] starts a command under a policy; [`hooks`] turns a policy's hooks into hooks of a bus; [`evaluate`] judges
//! one event offline, as a process of a run would.
#![forbid(unsafe_code)]

pub mod evaluate;
pub mod hooks;
pub mod run;
