//! How a hook fares: its counters, and whether it is still entered.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Whether a hook is entered. Whatever is not [`State::Healthy`] stays so until [`crate::Bus::reset`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum State {
    /// It is entered.
    #[default]
    Healthy,
    /// It failed and its `on-error` is `disable`: events pass as if it were not there.
    Disabled,
    /// It failed too often: not entered, and its `on-error` answers.
    Quarantined,
    /// It, or a hook of the same plugin, panicked: not entered, and its `on-error` answers.
    Poisoned,
}

impl State {
    /// The word for messages and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Disabled => "disabled",
            Self::Quarantined => "quarantined",
            Self::Poisoned => "poisoned",
        }
    }

    /// Why a hook in this state was not entered, as `plugin.error` says it.
    #[must_use]
    pub fn reason(self) -> String {
        format!("the hook is {}", self.as_str())
    }
}

/// When a hook that fails is no longer entered: after `failures` within `window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// How many failures; 0 means never.
    pub failures: u32,
    /// Within which time.
    pub window: Duration,
}

impl Default for Quarantine {
    fn default() -> Self {
        Self {
            failures: 8,
            window: Duration::from_secs(10),
        }
    }
}

/// One hook's counters, read at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HookStats {
    /// Whether it is entered.
    pub state: State,
    /// How often it was entered. For an around its gate; for an after, how often its turn to be owed a call came.
    pub calls: u64,
    /// How often its after ran.
    pub afters: u64,
    /// How often it was not entered because of its state.
    pub skipped: u64,
    /// How often it said deny or kill.
    pub denies: u64,
    /// How often it said warn.
    pub warnings: u64,
    /// How often it failed, panics included.
    pub errors: u64,
    /// How often it panicked.
    pub panics: u64,
    /// How often an event passed although it failed or was not entered.
    pub fail_open: u64,
    /// How many calls were timed: about one in [`crate::SAMPLE`].
    pub sampled: u64,
    /// What those took together, in nanoseconds.
    pub sampled_ns: u64,
}

impl HookStats {
    /// The mean time of a call in nanoseconds, from the sample.
    #[must_use]
    pub fn mean_ns(&self) -> Option<u64> {
        self.sampled_ns.checked_div(self.sampled)
    }
}

/// What changes while a hook is attached. The turns of gates are counted in [`crate::ledger`] while a plan lives.
#[derive(Default)]
pub(crate) struct Health {
    state: AtomicU8,
    pub(crate) turns: AtomicU64,
    pub(crate) afters: AtomicU64,
    pub(crate) skipped: AtomicU64,
    pub(crate) denies: AtomicU64,
    pub(crate) warnings: AtomicU64,
    pub(crate) errors: AtomicU64,
    pub(crate) panics: AtomicU64,
    pub(crate) fail_open: AtomicU64,
    sampled: AtomicU64,
    sampled_ns: AtomicU64,
    failures: Mutex<VecDeque<Instant>>,
}

impl Health {
    #[inline]
    pub(crate) fn is_healthy(&self) -> bool {
        self.state.load(Relaxed) == State::Healthy as u8
    }

    pub(crate) fn state(&self) -> State {
        match self.state.load(Relaxed) {
            0 => State::Healthy,
            1 => State::Disabled,
            2 => State::Quarantined,
            _ => State::Poisoned,
        }
    }

    /// Makes it worse, never better: whether it changed.
    pub(crate) fn worsen(&self, state: State) -> bool {
        self.state.fetch_max(state as u8, Relaxed) < state as u8
    }

    pub(crate) fn reset(&self) {
        self.failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.state.store(State::Healthy as u8, Relaxed);
    }

    /// Notes a failure; the number of failures if they have become too many.
    pub(crate) fn note_failure(&self, limit: Quarantine) -> Option<u64> {
        if limit.failures == 0 {
            return None;
        }
        let now = Instant::now();
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.push_back(now);
        while failures
            .front()
            .is_some_and(|first| now.duration_since(*first) > limit.window)
        {
            failures.pop_front();
        }
        (failures.len() >= limit.failures as usize).then_some(failures.len() as u64)
    }

    pub(crate) fn note_time(&self, taken: Duration) {
        self.sampled.fetch_add(1, Relaxed);
        self.sampled_ns
            .fetch_add(u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    /// The counters; `turns` is what the ledger has beside those noted here.
    pub(crate) fn read(&self, turns: u64) -> HookStats {
        let skipped = self.skipped.load(Relaxed);
        HookStats {
            state: self.state(),
            calls: (self.turns.load(Relaxed) + turns).saturating_sub(skipped),
            afters: self.afters.load(Relaxed),
            skipped,
            denies: self.denies.load(Relaxed),
            warnings: self.warnings.load(Relaxed),
            errors: self.errors.load(Relaxed),
            panics: self.panics.load(Relaxed),
            fail_open: self.fail_open.load(Relaxed),
            sampled: self.sampled.load(Relaxed),
            sampled_ns: self.sampled_ns.load(Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_outside_the_window_are_forgotten() {
        let health = Health::default();
        let limit = Quarantine {
            failures: 2,
            window: Duration::from_millis(1),
        };
        assert_eq!(health.note_failure(limit), None);
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(health.note_failure(limit), None);
        let limit = Quarantine {
            failures: 2,
            window: Duration::from_secs(60),
        };
        assert_eq!(health.note_failure(limit), Some(2));
    }

    #[test]
    fn a_state_gets_worse_by_itself_and_better_only_by_reset() {
        let health = Health::default();
        assert!(health.worsen(State::Poisoned));
        assert!(!health.worsen(State::Quarantined));
        assert_eq!(health.state(), State::Poisoned);
        health.reset();
        assert!(health.is_healthy());
    }
}
