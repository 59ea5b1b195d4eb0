//! What the image says of one event.

use audithook_abi::Verdict;

use crate::Mode;

/// How many rules and hooks a judgement names at most.
pub const MOST_NAMED: usize = 8;

/// What the image says of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict, after the mode.
    pub verdict: Verdict,
    /// What `mode = "enforce"` had said, if the mode changed it.
    pub would: Option<Verdict>,
    /// The supervisor must be asked before the operation goes on: a condition in CEL or a plugin's gate is open, and the
    /// verdict so far is weaker than kill.
    pub ask: bool,
    /// A `do = "log"` hook matched: the event is recorded.
    pub log: bool,
    /// An observer's condition held, or cannot be said here: the event is sent to the supervisor.
    pub observe: bool,
    mode: Mode,
    raw: Verdict,
    agreed: Rules,
    logged: Rules,
    hooks: [(u32, u32); MOST_NAMED],
    hook_count: u8,
}

impl Judgement {
    /// Allowed by everything so far.
    #[must_use]
    pub(crate) const fn new(mode: Mode) -> Self {
        Self {
            verdict: Verdict::Allow,
            would: None,
            ask: false,
            log: false,
            observe: false,
            mode,
            raw: Verdict::Allow,
            agreed: Rules::NONE,
            logged: Rules::NONE,
            hooks: [(0, 0); MOST_NAMED],
            hook_count: 0,
        }
    }

    /// The rules behind the verdict, by number: the first in the file leads, every other that said the same follows,
    /// [`MOST_NAMED`] at most. An allowed event names the hooks that have it recorded.
    #[must_use]
    pub fn rules(&self) -> &[u32] {
        if self.raw == Verdict::Allow {
            self.logged.as_slice()
        } else {
            self.agreed.as_slice()
        }
    }

    /// The hooks in the target that are to be called, as places in the plugins and in their hooks, in the bus's order.
    /// Empty once the verdict is kill, which nothing can outdo.
    #[must_use]
    pub fn target_hooks(&self) -> &[(u32, u32)] {
        if self.raw == Verdict::Kill {
            return &[];
        }
        &self.hooks[..usize::from(self.hook_count)]
    }

    /// Takes in what else was said: by a hook in the target, or by the supervisor when it was asked.
    ///
    /// `said` is before the mode: what the hook itself answered.
    pub fn add(&mut self, said: Verdict, rule: u32) {
        if said > self.raw {
            self.raw = said;
            self.agreed = Rules::NONE;
            (self.verdict, self.would) = self.mode.apply(said);
        }
        if said == self.raw && said != Verdict::Allow {
            self.agreed.insert(rule);
        }
        if self.raw == Verdict::Kill {
            self.ask = false;
        }
    }

    pub(crate) fn add_all(&mut self, said: Verdict, rules: &Rules) {
        for &rule in rules.as_slice() {
            self.add(said, rule);
        }
    }

    pub(crate) fn add_log(&mut self, rule: u32) {
        self.log = true;
        self.logged.insert(rule);
    }

    pub(crate) fn add_ask(&mut self) {
        self.ask = self.raw != Verdict::Kill;
    }

    /// Remembers a hook to call. Past the most that fit the supervisor is asked: it calls none, and fails closed.
    pub(crate) fn add_hook(&mut self, plugin: u32, hook: u32) -> bool {
        match self.hooks.get_mut(usize::from(self.hook_count)) {
            Some(place) => {
                *place = (plugin, hook);
                self.hook_count += 1;
                true
            }
            None => false,
        }
    }
}

/// The lowest few of a set of rule numbers, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    numbers: [u32; MOST_NAMED],
    count: u8,
}

impl Rules {
    pub(crate) const NONE: Self = Self {
        numbers: [0; MOST_NAMED],
        count: 0,
    };

    pub(crate) fn as_slice(&self) -> &[u32] {
        &self.numbers[..usize::from(self.count)]
    }

    /// Keeps the order, drops a number that is there already, and the highest when there is no room.
    pub(crate) fn insert(&mut self, rule: u32) {
        let Err(place) = self.as_slice().binary_search(&rule) else {
            return;
        };
        if place == MOST_NAMED {
            return;
        }
        let end = usize::from(self.count).min(MOST_NAMED - 1);
        self.numbers.copy_within(place..end, place + 1);
        self.numbers[place] = rule;
        self.count = (end + 1) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_rules_are_kept_in_order_and_once() {
        let mut rules = Rules::NONE;
        for rule in [9, 3, 9, 20, 1, 7, 5, 30, 40, 2, 3, 50] {
            rules.insert(rule);
        }
        assert_eq!(rules.as_slice(), [1, 2, 3, 5, 7, 9, 20, 30]);
    }

    #[test]
    fn a_stronger_verdict_drops_the_rules_of_the_weaker() {
        let mut judgement = Judgement::new(Mode::Enforce);
        judgement.add(Verdict::Warn, 1);
        judgement.add(Verdict::Deny, 7);
        judgement.add(Verdict::Warn, 0);
        judgement.add(Verdict::Deny, 3);
        assert_eq!(judgement.verdict, Verdict::Deny);
        assert_eq!(judgement.rules(), [3, 7]);
    }

    #[test]
    fn warn_mode_refuses_nothing_and_says_what_it_would_have_done() {
        let mut judgement = Judgement::new(Mode::Warn);
        judgement.add(Verdict::Warn, 1);
        assert_eq!((judgement.verdict, judgement.would), (Verdict::Warn, None));
        judgement.add(Verdict::Kill, 2);
        assert_eq!(
            (judgement.verdict, judgement.would),
            (Verdict::Warn, Some(Verdict::Kill))
        );
        assert_eq!(judgement.rules(), [2]);
    }

    #[test]
    fn nothing_is_asked_once_the_verdict_is_kill() {
        let mut judgement = Judgement::new(Mode::Enforce);
        judgement.add_ask();
        assert!(judgement.ask);
        judgement.add_hook(0, 0);
        judgement.add(Verdict::Kill, 2);
        assert!(!judgement.ask);
        judgement.add_ask();
        assert!(!judgement.ask);
        assert!(judgement.target_hooks().is_empty());
    }
}
