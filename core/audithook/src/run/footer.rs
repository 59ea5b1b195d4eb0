//! What was refused, for the person at the terminal: once each, with what would allow it. Then what failed, and what killed
//! the run.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use audithook_abi::Verdict;

use crate::shell;

/// How many different refusals are shown.
const MOST_SHOWN: usize = 10;
/// How many different refusals are told apart: a hostile program can make up as many as it likes.
const MOST_KNOWN: usize = 1000;

/// The refusals and failures of a run.
#[derive(Debug, Default)]
pub(super) struct Footer {
    known: HashMap<Refusal, u64>,
    order: Vec<Refusal>,
    total: u64,
    /// How many of them were refused, and not let through with a warning.
    refused: u64,
    /// What the rules said.
    says: BTreeSet<Verdict>,
    /// The first that ended the run.
    killed: Option<Refusal>,
    /// By the hook's name.
    failures: Vec<(String, Failure)>,
}

/// One thing that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Refusal {
    /// The event.
    pub(super) event: String,
    /// What it was about.
    pub(super) value: String,
    /// The rule's id.
    pub(super) rule: String,
    /// Where the rule is written.
    pub(super) at: String,
    /// Why, as the rule or a gate said it.
    pub(super) reason: String,
    /// What to do about it.
    pub(super) hint: String,
    /// What the rules say: deny or kill.
    pub(super) says: Verdict,
    /// The mode let it happen.
    pub(super) only_warned: bool,
}

/// A hook that failed, and so had no say.
#[derive(Debug)]
struct Failure {
    /// What the first failure was.
    error: String,
    count: u64,
}

impl Footer {
    /// Takes note of a refusal.
    pub(super) fn add(&mut self, refusal: Refusal) {
        self.total += 1;
        self.refused += u64::from(!refusal.only_warned);
        self.says.insert(refusal.says);
        if refusal.kills() && self.killed.is_none() {
            self.killed = Some(refusal.clone());
        }
        if let Some(count) = self.known.get_mut(&refusal) {
            *count += 1;
        } else if self.order.len() < MOST_KNOWN {
            self.order.push(refusal.clone());
            self.known.insert(refusal, 1);
        }
    }

    /// Takes note of an event that a hook missed.
    pub(super) fn add_failure(&mut self, hook: &str, error: &str) {
        if let Some((_, failure)) = self.failures.iter_mut().find(|(known, _)| known == hook) {
            failure.count += 1;
        } else if self.failures.len() < MOST_SHOWN {
            let error = error.to_owned();
            self.failures
                .push((hook.to_owned(), Failure { error, count: 1 }));
        }
    }

    /// Whether anything was refused.
    pub(super) fn has_refusals(&self) -> bool {
        self.refused > 0
    }

    /// What was refused; empty if nothing was.
    pub(super) fn refusals(&self, journal: Option<&str>) -> String {
        let mut out = String::new();
        if self.total == 0 {
            return out;
        }
        let what = if self.total == 1 {
            "operation was"
        } else {
            "operations were"
        };
        let done = if self.has_refusals() {
            "refused"
        } else {
            "let through with a warning"
        };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{} {what} {done}:", self.total);
        let mut untold = self.total;
        for refusal in self.order.iter().take(MOST_SHOWN) {
            let count = self.known.get(refusal).copied().unwrap_or(1);
            untold -= count;
            refusal.write(&mut out, count);
        }
        if untold > 0 {
            let _ = writeln!(out, "  … and {untold} more");
        }
        if let Some(journal) = journal {
            let _ = write!(out, "  all of them: audithook log {}", shell::path(journal));
            for verdict in &self.says {
                let _ = write!(out, " --verdict {}", verdict.as_str());
            }
        }
        out.truncate(out.trim_end().len());
        out
    }

    /// What each hook missed because it failed.
    pub(super) fn failures(&self) -> impl Iterator<Item = String> {
        self.failures
            .iter()
            .map(|(hook, Failure { error, count })| {
                let events = if *count == 1 { "event" } else { "events" };
                format!("`{hook}` missed {count} {events}, which passed without it: {error}")
            })
    }

    /// What ended the run, where the policy did.
    pub(super) fn killed(&self) -> String {
        match &self.killed {
            Some(refusal) if !refusal.at.is_empty() => {
                let mut out = "killed by ".to_owned();
                refusal.write_rule(&mut out);
                refusal.write_reason(&mut out);
                out
            }
            _ => "killed by the policy".to_owned(),
        }
    }
}

impl Refusal {
    fn kills(&self) -> bool {
        self.says == Verdict::Kill && !self.only_warned
    }

    fn write(&self, out: &mut String, count: u64) {
        // Writing to a string cannot fail.
        let _ = write!(out, "  {}", self.event);
        if !self.value.is_empty() {
            let _ = write!(out, ": `{}`", self.value);
        }
        out.push_str(" by rule ");
        self.write_rule(out);
        if count > 1 {
            let _ = write!(out, ", {count} times");
        }
        self.write_reason(out);
        out.push('\n');
        if !self.hint.is_empty() {
            let _ = writeln!(out, "    hint: {}", self.hint);
        }
    }

    fn write_rule(&self, out: &mut String) {
        let _ = write!(out, "`{}`", self.rule);
        if !self.at.is_empty() {
            let _ = write!(out, " ({})", self.at);
        }
    }

    fn write_reason(&self, out: &mut String) {
        if !self.reason.is_empty() {
            let _ = write!(out, ": {}", self.reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(value: &str) -> Refusal {
        Refusal {
            event: "open".into(),
            value: value.into(),
            rule: "files.deny".into(),
            at: "hooks.toml:7".into(),
            reason: String::new(),
            hint: String::new(),
            says: Verdict::Deny,
            only_warned: false,
        }
    }

    fn kill() -> Refusal {
        Refusal {
            event: "shop.kill".into(),
            rule: "hook.killer".into(),
            at: "hooks.toml:10".into(),
            reason: "because".into(),
            says: Verdict::Kill,
            ..refusal("")
        }
    }

    #[test]
    fn refusals_are_told_once_with_their_number() {
        let mut footer = Footer::default();
        assert_eq!(footer.refusals(None), "");
        footer.add(refusal("/a"));
        footer.add(refusal("/a"));
        footer.add(refusal("/b"));
        assert_eq!(
            footer.refusals(Some("out.jsonl")),
            "3 operations were refused:\n  open: `/a` by rule `files.deny` (hooks.toml:7), 2 times\n  \
             open: `/b` by rule `files.deny` (hooks.toml:7)\n  all of them: audithook log out.jsonl --verdict deny"
        );
    }

    #[test]
    fn the_command_for_all_refusals_can_be_typed() {
        let mut footer = Footer::default();
        footer.add(refusal("/a"));
        let text = footer.refusals(Some("/tmp/my runs/out.jsonl"));
        assert!(
            text.ends_with("audithook log '/tmp/my runs/out.jsonl' --verdict deny"),
            "{text}"
        );
    }

    #[test]
    fn a_flood_of_different_refusals_stays_bounded() {
        let mut footer = Footer::default();
        for _ in 0..2 {
            footer.add(refusal("/first"));
        }
        for number in 0..2998 {
            footer.add(refusal(&number.to_string()));
        }
        assert_eq!(footer.order.len(), MOST_KNOWN);
        let text = footer.refusals(None);
        assert!(
            text.starts_with("3000 operations were refused:\n"),
            "{text}"
        );
        // Ten lines, one of which stands for two.
        assert!(
            text.contains("/first` by rule `files.deny` (hooks.toml:7), 2 times"),
            "{text}"
        );
        assert!(text.ends_with("\n  … and 2989 more"), "{text}");
    }

    #[test]
    fn a_refusal_after_a_flood_of_warnings_counts() {
        let mut footer = Footer::default();
        for number in 0..MOST_KNOWN {
            let only_warned = true;
            footer.add(Refusal {
                only_warned,
                ..refusal(&number.to_string())
            });
        }
        assert!(!footer.has_refusals());
        footer.add(kill());
        assert!(footer.has_refusals());
        let text = footer.refusals(Some("out.jsonl"));
        assert!(
            text.ends_with("out.jsonl --verdict deny --verdict kill"),
            "{text}"
        );
    }

    #[test]
    fn what_killed_the_run_is_told_however_much_was_refused_before() {
        let mut footer = Footer::default();
        for number in 0..15 {
            footer.add(refusal(&number.to_string()));
        }
        footer.add(kill());
        let text = footer.refusals(Some("out.jsonl"));
        assert!(
            text.ends_with("out.jsonl --verdict deny --verdict kill"),
            "{text}"
        );
        assert_eq!(
            footer.killed(),
            "killed by `hook.killer` (hooks.toml:10): because"
        );
    }

    #[test]
    fn a_kill_that_the_mode_softened_killed_nothing() {
        let mut footer = Footer::default();
        footer.add(Refusal {
            only_warned: true,
            ..kill()
        });
        assert_eq!(
            footer.refusals(None),
            "1 operation was let through with a warning:\n  shop.kill by rule `hook.killer` (hooks.toml:10): because"
        );
        assert_eq!(footer.killed(), "killed by the policy");
    }

    #[test]
    fn what_a_hook_missed_is_told_with_its_first_error() {
        let mut footer = Footer::default();
        footer.add_failure("hook.sizes", "the hook panicked: boom");
        footer.add_failure("hook.sizes", "the hook is poisoned");
        footer.add_failure("hook.orders", "no number");
        assert_eq!(
            footer.failures().collect::<Vec<_>>(),
            [
                "`hook.sizes` missed 2 events, which passed without it: the hook panicked: boom",
                "`hook.orders` missed 1 event, which passed without it: no number",
            ]
        );
    }
}
