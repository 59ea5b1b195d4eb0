//! Children of the supervisor's own, which are not of the tree: processes of plugins.
//!
//! They are children as those of the tree are, orphans included, and whoever waits for any child gets their ends, too.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Pid;

static SPARED: Mutex<Vec<Spared>> = Mutex::new(Vec::new());
static CHANGED: Condvar = Condvar::new();
/// How long somebody who knows that a child has ended waits to hear how.
const PATIENCE: Duration = Duration::from_secs(1);

struct Spared {
    pid: i32,
    status: Option<i32>,
}

fn lock() -> MutexGuard<'static, Vec<Spared>> {
    SPARED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// This child is not of the tree: it is not asked to end with it, not counted as left over, and not believed if it connects.
pub fn spare(pid: u32) {
    if let Ok(pid) = pid.try_into() {
        lock().push(Spared { pid, status: None });
    }
}

/// This child has ended, and whoever spared it has waited for it.
pub fn forget(pid: u32) {
    lock().retain(|spared| i64::from(spared.pid) != i64::from(pid));
}

/// How a spared child ended that has ended, and that the supervisor waited for: its wait status (wait(2)), if it is known.
/// The child is forgotten.
#[must_use]
pub fn ended(pid: u32) -> Option<i32> {
    let is_it = |spared: &Spared| i64::from(spared.pid) == i64::from(pid);
    let is_open = |all: &mut Vec<Spared>| {
        let found = all.iter().find(|spared| is_it(spared));
        found.is_some_and(|spared| spared.status.is_none())
    };
    let waited = CHANGED.wait_timeout_while(lock(), PATIENCE, is_open);
    let (mut all, _) = waited.unwrap_or_else(PoisonError::into_inner);
    let place = all.iter().position(is_it)?;
    all.swap_remove(place).status
}

pub(crate) fn is_spared(pid: Pid) -> bool {
    let pid = pid.as_raw_nonzero().get();
    lock().iter().any(|spared| spared.pid == pid)
}

/// A child has ended: whether it was a spared one.
pub(crate) fn note_end(pid: Pid, status: i32) -> bool {
    let pid = pid.as_raw_nonzero().get();
    let mut all = lock();
    let Some(spared) = all.iter_mut().find(|spared| spared.pid == pid) else {
        return false;
    };
    spared.status = Some(status);
    drop(all);
    CHANGED.notify_all();
    true
}
