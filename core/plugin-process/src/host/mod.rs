//! The host's side: starts the process, calls it, starts it again.

mod attached;
mod instance;
mod launch;
mod overheard;
mod plugin;
mod process;
mod told;

pub use attached::Attached;
pub use instance::Instance;
pub use launch::{Launcher, NAME, Nursery};
pub use plugin::{OpenError, Plugin, Settings};
