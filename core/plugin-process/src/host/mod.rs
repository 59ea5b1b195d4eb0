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

use rustix::time::{ClockId, clock_gettime};

/// The clock of events.
fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = now.tv_sec.cast_unsigned().saturating_mul(1_000_000_000);
    seconds.saturating_add(now.tv_nsec.cast_unsigned())
}
