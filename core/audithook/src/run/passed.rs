//! Hooks that are not entered any more, and how many events have passed them since the journal said so.

use audithook_bus::State;

/// How many hooks are told apart: a process of the tree can make up as many as it likes. What others miss is journalled each time.
const MOST: usize = 64;

/// What the journal has been told of once.
#[derive(Debug, Default)]
pub(super) struct Passed(Vec<Told>);

/// A hook, and why it is not entered.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    plugin: String,
    hook: String,
    error: String,
    /// How many events passed after the first.
    more: u64,
}

/// What the journal's last word about a hook says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Total {
    pub(super) plugin: String,
    pub(super) hook: String,
    pub(super) error: String,
}

impl Passed {
    /// Whether the journal has this failure already, so that it is only counted: a hook was not entered, again.
    pub(super) fn is_told(&mut self, plugin: &str, hook: &str, error: &str) -> bool {
        if ![State::Poisoned, State::Quarantined]
            .iter()
            .any(|state| state.reason() == error)
        {
            return false;
        }
        let known =
            |told: &&mut Told| told.plugin == plugin && told.hook == hook && told.error == error;
        if let Some(told) = self.0.iter_mut().find(known) {
            told.more += 1;
            return true;
        }
        if self.0.len() < MOST {
            let [plugin, hook, error] = [plugin, hook, error].map(str::to_owned);
            self.0.push(Told {
                plugin,
                hook,
                error,
                more: 0,
            });
        }
        false
    }

    /// What was only counted.
    pub(super) fn totals(&self) -> Vec<Total> {
        let counted = self.0.iter().filter(|told| told.more > 0);
        let total = |told: &Told| {
            let events = if told.more == 1 { "event" } else { "events" };
            Total {
                plugin: told.plugin.clone(),
                hook: told.hook.clone(),
                error: format!(
                    "{}: {} more {events} passed without it",
                    told.error, told.more
                ),
            }
        };
        counted.map(total).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_event_that_a_hook_missed_is_told_and_the_others_are_counted() {
        let mut passed = Passed::default();
        assert!(!passed.is_told("p", "hook.a", "the hook panicked: boom"));
        assert!(!passed.is_told("p", "hook.a", "the hook panicked: boom"));
        assert!(!passed.is_told("p", "hook.a", "the hook is poisoned"));
        assert!(passed.is_told("p", "hook.a", "the hook is poisoned"));
        assert!(passed.is_told("p", "hook.a", "the hook is poisoned"));
        assert!(!passed.is_told("p", "hook.b", "the hook is poisoned"));
        let [total] = &passed.totals()[..] else {
            panic!("{passed:?}");
        };
        assert_eq!(
            (&*total.hook, &*total.error),
            (
                "hook.a",
                "the hook is poisoned: 2 more events passed without it"
            )
        );
    }

    #[test]
    fn a_flood_of_hooks_stays_bounded() {
        let mut passed = Passed::default();
        for number in 0..1000 {
            assert!(!passed.is_told("p", &number.to_string(), "the hook is quarantined"));
        }
        assert_eq!(passed.0.len(), MOST);
    }
}
