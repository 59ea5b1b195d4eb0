//! When the policy is loaded again: as soon as it is asked for, but not again and again. What is asked for meanwhile is one
//! reload, after a pause, which finds the last of all changes.

use std::time::{Duration, Instant};

/// How long it takes from the end of one reload to the beginning of the next, at least.
const PAUSE: Duration = Duration::from_millis(250);

/// Whether somebody has asked, and when the last one ended.
#[derive(Debug, Default)]
pub(crate) struct Reloads {
    asked: bool,
    last: Option<Instant>,
}

impl Reloads {
    /// Asks for one.
    pub(crate) fn ask(&mut self) {
        self.asked = true;
    }

    /// When the next one is due, if one is asked for.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.asked
            .then(|| self.last.map_or_else(Instant::now, |last| last + PAUSE))
    }

    /// Whether one is to be made now. Then it is no longer asked for.
    pub(crate) fn take_due(&mut self, now: Instant) -> bool {
        let is_due = self.asked && self.last.is_none_or(|last| now >= last + PAUSE);
        self.asked &= !is_due;
        is_due
    }

    /// The pause begins.
    pub(crate) fn note_end(&mut self, now: Instant) {
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_comes_at_once_and_a_flood_is_one_more_after_a_pause() {
        let now = Instant::now();
        let mut reloads = Reloads::default();
        assert!(!reloads.take_due(now));
        assert_eq!(reloads.next(), None);
        reloads.ask();
        assert!(reloads.take_due(now));
        reloads.note_end(now);
        for _ in 0..100 {
            reloads.ask();
        }
        assert!(!reloads.take_due(now + PAUSE / 2));
        assert_eq!(reloads.next(), Some(now + PAUSE));
        assert!(reloads.take_due(now + PAUSE));
        assert!(!reloads.take_due(now + 9 * PAUSE));
    }
}
