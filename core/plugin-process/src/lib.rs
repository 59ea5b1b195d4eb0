//! Runs a plugin in a process of its own: `placement = "process"`.
//!
//! The host has a [`Plugin`] for the file and an [`Instance`] for each process; the bus calls its hooks as it calls those of a
//! library that is loaded here. The process is the same executable again: [`serve`] is all that it does. It gives up its
//! rights ([`Confinement`](audithook_sandbox::Confinement)), loads the library, and answers.
//!
//! Both talk over stream sockets. One, the control connection, is for what happens one at a time: create, attach, report,
//! destroy. The others are lanes: each carries one call of a hook at a time, in the flat encoding of records, and what the hook
//! raises or logs meanwhile goes over the same lane, so that the host raises it on the thread that waits for the hook.
//!
//! What comes from the process is hostile: lengths are bounded, records are parsed, numbers are checked. A process that does
//! not answer in time, says what it cannot say, or ends, is killed and started again after a pause that doubles from 10 ms to
//! one second. Gates fail meanwhile, so that `on-error` answers; observers wait, so that nothing is lost that they had not begun.
#![forbid(unsafe_code)]

mod channel;
mod child;
mod event;
mod host;
mod message;

pub use child::serve;
pub use host::{Attached, Instance, Launcher, NAME, Nursery, OpenError, Plugin, Settings};
