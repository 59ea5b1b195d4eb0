//! Counting calls exactly without a locked instruction.
//!
//! A shared counter costs more than the hook that it counts. So a thread counts for itself, once an event and not
//! once a hook: every gate of an event has its turn whenever the event is judged. Who wants a sum adds the threads up.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use crate::attach::{Attached, HookId};

/// About one call in this many is timed.
pub const SAMPLE: u64 = 1024;

/// How often the gates of one event had their turn, under one plan.
pub(crate) struct Turns {
    hooks: Box<[Arc<Attached>]>,
    /// What was not counted in a tally: by threads that hold none, and for events that the plan met late.
    shared: AtomicU64,
}

impl Turns {
    pub(crate) fn new(hooks: Box<[Arc<Attached>]>) -> Arc<Self> {
        Arc::new(Self {
            hooks,
            shared: AtomicU64::new(0),
        })
    }

    /// Counts one turn among all threads: whether it is one to time.
    #[cold]
    pub(crate) fn count(&self) -> bool {
        self.shared.fetch_add(1, Relaxed) % SAMPLE == SAMPLE - 1
    }
}

/// One thread's counts under one plan. Only that thread writes them.
pub(crate) struct Tally {
    counts: Box<[AtomicU64]>,
    /// Where in a row of [`SAMPLE`] this thread times: by chance, so that threads and programs in step do not all time
    /// the same call of a pattern.
    phase: u64,
}

impl Tally {
    /// Counts one turn: whether it is one to time. `None`, and not counted, for an entry that the plan met late.
    #[inline]
    pub(crate) fn count(&self, entry: usize) -> Option<bool> {
        let count = self.counts.get(entry)?;
        let turns = count.load(Relaxed) + 1;
        count.store(turns, Relaxed);
        Some((turns + self.phase).is_multiple_of(SAMPLE))
    }
}

/// All counts of one plan.
#[derive(Default)]
pub(crate) struct Ledger {
    entries: Box<[Arc<Turns>]>,
    late: Mutex<Vec<Arc<Turns>>>,
    tallies: Mutex<Vec<Arc<Tally>>>,
}

impl Ledger {
    pub(crate) fn new(entries: Box<[Arc<Turns>]>) -> Self {
        Self {
            entries,
            ..Self::default()
        }
    }

    pub(crate) fn add_late(&self, turns: Arc<Turns>) {
        self.late
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(turns);
    }

    /// A tally for the calling thread.
    pub(crate) fn open(&self) -> Arc<Tally> {
        let tally = Arc::new(Tally {
            counts: self.entries.iter().map(|_| AtomicU64::new(0)).collect(),
            phase: RandomState::new().hash_one(SAMPLE) % SAMPLE,
        });
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        close_ended(&mut tallies, &self.entries);
        tallies.push(tally.clone());
        tally
    }

    /// How often this hook had its turn, so far.
    pub(crate) fn turns_of(&self, hook: HookId) -> u64 {
        let tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = self.entries.iter().enumerate().map(|(place, turns)| {
            let counted: u64 = tallies
                .iter()
                .map(|tally| tally.counts[place].load(Relaxed))
                .sum();
            (turns, counted)
        });
        entries
            .chain(late.iter().map(|turns| (turns, 0)))
            .filter(|(turns, _)| turns.hooks.iter().any(|other| other.id() == hook))
            .map(|(turns, counted)| turns.shared.load(Relaxed) + counted)
            .sum()
    }

    /// Adds all counts to the hooks' own, once no thread can count here any more.
    pub(crate) fn close(self) {
        let mut tallies = self
            .tallies
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        close_ended(&mut tallies, &self.entries);
        debug_assert!(
            tallies.is_empty(),
            "no thread holds a tally of a plan that is gone"
        );
        let late = self
            .late
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        for turns in self.entries.iter().chain(&late) {
            for hook in &turns.hooks {
                hook.health
                    .turns
                    .fetch_add(turns.shared.load(Relaxed), Relaxed);
            }
        }
    }
}

/// Moves the counts of threads that have ended to the shared ones, so that threads that come and go leave nothing behind.
fn close_ended(tallies: &mut Vec<Arc<Tally>>, entries: &[Arc<Turns>]) {
    tallies.retain_mut(|tally| {
        let Some(tally) = Arc::get_mut(tally) else {
            return true;
        };
        for (count, turns) in tally.counts.iter_mut().zip(entries) {
            turns.shared.fetch_add(*count.get_mut(), Relaxed);
        }
        false
    });
}
