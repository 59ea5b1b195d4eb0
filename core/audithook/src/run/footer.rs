//! What was refused, for the person at the terminal: once each, with what would allow it.

use std::collections::HashMap;
use std::fmt::Write as _;

/// How many different refusals are shown.
const MOST_SHOWN: usize = 10;
/// How many different refusals are told apart: a hostile program can make up as many as it likes.
const MOST_KNOWN: usize = 1000;

/// The refusals of a run.
#[derive(Debug, Default)]
pub(super) struct Footer {
    known: HashMap<Refusal, usize>,
    order: Vec<Refusal>,
    total: u64,
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
    /// What to do about it.
    pub(super) hint: String,
    /// The mode let it happen.
    pub(super) only_warned: bool,
}

impl Footer {
    /// Takes note of a refusal.
    pub(super) fn add(&mut self, refusal: Refusal) {
        self.total += 1;
        if let Some(count) = self.known.get_mut(&refusal) {
            *count += 1;
        } else if self.order.len() < MOST_KNOWN {
            self.order.push(refusal.clone());
            self.known.insert(refusal, 1);
        }
    }

    /// Whether anything was refused.
    pub(super) fn has_refusals(&self) -> bool {
        self.order.iter().any(|refusal| !refusal.only_warned)
    }

    /// The text; empty if nothing was refused.
    pub(super) fn text(&self, journal: Option<&str>) -> String {
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
        let _ = writeln!(out, "{} {what} {done}:", self.total);
        for refusal in self.order.iter().take(MOST_SHOWN) {
            let count = self.known.get(refusal).copied().unwrap_or(1);
            let _ = write!(out, "  {}", refusal.event);
            if !refusal.value.is_empty() {
                let _ = write!(out, ": `{}`", refusal.value);
            }
            let _ = write!(out, " by rule `{}`", refusal.rule);
            if !refusal.at.is_empty() {
                let _ = write!(out, " ({})", refusal.at);
            }
            if count > 1 {
                let _ = write!(out, ", {count} times");
            }
            out.push('\n');
            if !refusal.hint.is_empty() {
                let _ = writeln!(out, "    hint: {}", refusal.hint);
            }
        }
        if self.order.len() > MOST_SHOWN {
            let _ = writeln!(out, "  … and {} more", self.order.len() - MOST_SHOWN);
        }
        if let Some(journal) = journal {
            let _ = writeln!(out, "  all of them: audithook log {journal} --verdict deny");
        }
        out.truncate(out.trim_end().len());
        out
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
            hint: String::new(),
            only_warned: false,
        }
    }

    #[test]
    fn refusals_are_told_once_with_their_number() {
        let mut footer = Footer::default();
        assert_eq!(footer.text(None), "");
        footer.add(refusal("/a"));
        footer.add(refusal("/a"));
        footer.add(refusal("/b"));
        assert_eq!(
            footer.text(Some("out.jsonl")),
            "3 operations were refused:\n  open: `/a` by rule `files.deny` (hooks.toml:7), 2 times\n  \
             open: `/b` by rule `files.deny` (hooks.toml:7)\n  all of them: audithook log out.jsonl --verdict deny"
        );
    }

    #[test]
    fn a_flood_of_different_refusals_stays_bounded() {
        let mut footer = Footer::default();
        for number in 0..5000 {
            footer.add(refusal(&number.to_string()));
        }
        assert_eq!(footer.order.len(), MOST_KNOWN);
        assert!(footer.text(None).contains("… and 990 more"));
    }
}
