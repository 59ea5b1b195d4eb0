//! What becomes of a record whose turn has come: a number and a line in the journal, a place in the footer, and a showing to
//! the observers.

use std::sync::Arc;

use audithook_abi::{Source, Verdict};
use audithook_bus::Bus;
use audithook_bus::symbol::OVERFLOW;
use audithook_catalogue::{Journalled, arg, event};
use audithook_journal::{Clock, Entry, Formatter, Rule, RunId, Writer};
use audithook_policy::image::RuleText;
use audithook_supervisor::Process;
use audithook_wire::flat::{Meta, Name, Record, Scratch};

use super::bridge::{self, Published};
use super::footer::{Footer, Refusal};
use super::generations::Generations;
use super::passed::{Passed, Total};
use crate::hooks::{UNTOLD, known_as};

/// A record on its way into the journal.
pub(super) struct Item {
    process: Process,
    bytes: Box<[u8]>,
    /// It was raised on the bus, whose observers have seen it.
    shown: bool,
}

impl Item {
    /// What a process said.
    pub(super) fn new(process: Process, record: &[u8]) -> Self {
        Self {
            process,
            bytes: record.into(),
            shown: false,
        }
    }

    /// What was raised on the bus.
    pub(super) fn raised(process: Process, record: Vec<u8>) -> Self {
        Self {
            process,
            bytes: record.into(),
            shown: true,
        }
    }

    /// Who said it.
    pub(super) fn process(&self) -> Process {
        self.process
    }
}

/// The journal, and who else learns of a record.
pub(super) struct Ledger {
    journal: Option<Writer>,
    formatter: Formatter,
    seq: u64,
    footer: Footer,
    passed: Passed,
    bus: Bus,
    published: Arc<Published>,
    scratch: Scratch,
    line: Vec<u8>,
}

impl Ledger {
    pub(super) fn new(
        run: RunId,
        journal: Option<Writer>,
        bus: Bus,
        published: Arc<Published>,
    ) -> Self {
        Self {
            journal,
            formatter: Formatter::new(run, Clock::now()),
            seq: 0,
            footer: Footer::default(),
            passed: Passed::default(),
            bus,
            published,
            scratch: Scratch::default(),
            line: Vec::new(),
        }
    }

    /// Whether there is a journal.
    pub(super) fn has_journal(&self) -> bool {
        self.journal.is_some()
    }

    /// The number of the last record.
    pub(super) fn last_seq(&self) -> u64 {
        self.seq
    }

    /// Whether anything was refused.
    pub(super) fn has_refusals(&self) -> bool {
        self.footer.has_refusals()
    }

    /// One record gets its number, its line, and is shown to observers.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub(super) fn enter(
        &mut self,
        time_ns: u64,
        item: &Item,
        generations: &mut Generations,
    ) -> Result<(), String> {
        let Ok(record) = Record::parse(&item.bytes) else {
            return Ok(());
        };
        let meta = *record.meta();
        let Some(generation) = generations.of(meta.generation) else {
            return Ok(());
        };
        let plan = generation.plan(record.event().text());
        let mut numbers = meta.rules;
        let mut is_logged = false;
        if self.published.has_recorders() {
            let event = bridge::event(&record, item.process, &mut self.scratch);
            let rules = known_as(&event, bridge::true_name(&record), || {
                self.published.recorded_by(generation.number, &event)
            });
            if let Some(rules) = rules {
                is_logged = true;
                for rule in rules {
                    numbers.push(rule);
                }
            }
        }
        let rules = RulesBehind {
            numbers: numbers.as_slice(),
            texts: &generation.rules,
        };
        let always = matches!(record.event(), Name::Known(symbol)
            if audithook_catalogue::info(symbol).is_some_and(|info| info.journalled == Journalled::Always));
        // What the recorder itself says at the end is the sum of what has been noted.
        let is_failure = record.event() == Name::Known(event::PLUGIN_ERROR)
            && (item.shown || item.process.pid != std::process::id());
        let is_told = is_failure && self.note_failure(&record, item.shown);
        let wanted = !is_told
            && (always
                || plan.journalled()
                || is_logged
                || meta.verdict != Verdict::Allow
                || meta.would.is_some()
                || !rules.numbers.is_empty());
        let mut written = Ok(());
        if wanted {
            let reason = self
                .published
                .take_reason(item.process.pid, meta.tid, meta.time_ns)
                .or_else(|| Some(rules.leading()?.reason.clone()))
                .unwrap_or_default();
            written = self.write(time_ns, item.process, &record, &rules, &reason);
            let says = meta.would.unwrap_or(meta.verdict);
            if meta.verdict.refuses() || says.refuses() {
                self.footer.add(refusal(&record, &meta, &rules, &reason));
            }
        }
        if self.published.has_observers() && !item.shown {
            let mut event = bridge::event(&record, item.process, &mut self.scratch);
            event.seq = self.seq;
            event.time_ns = time_ns;
            if event.id == OVERFLOW {
                // They would be told a name that is not the event's.
                self.note_unseen(&record);
            } else {
                self.bus.notify(&event);
            }
        }
        written
    }

    /// Writes a record's line.
    fn write(
        &mut self,
        time_ns: u64,
        process: Process,
        record: &Record<'_>,
        rules: &RulesBehind<'_>,
        reason: &str,
    ) -> Result<(), String> {
        let meta = record.meta();
        self.seq += 1;
        let named: Vec<Rule<'_>> = rules
            .known()
            .map(|rule| Rule {
                id: &rule.id,
                at: &rule.at,
            })
            .collect();
        self.line.clear();
        self.formatter.append(
            &mut self.line,
            &Entry {
                seq: self.seq,
                time_ns,
                process: &process.to_string(),
                pid: process.pid,
                sources: &[meta.source],
                record,
                rules: &named,
                reason: reason.as_bytes(),
            },
        );
        match &mut self.journal {
            Some(journal) => journal
                .append(&self.line)
                .map_err(|error| bridge::chain(&error)),
            None => Ok(()),
        }
    }

    /// Hands what was written to the kernel.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub(super) fn flush(&mut self) -> Result<(), String> {
        match &mut self.journal {
            Some(journal) => journal.flush().map_err(|error| bridge::chain(&error)),
            None => Ok(()),
        }
    }

    /// Observers cannot be told which event it is.
    fn note_unseen(&mut self, record: &Record<'_>) {
        for hook in self.published.observers_of(record.event().text()) {
            self.footer.add_failure(&hook, UNTOLD);
        }
    }

    /// A hook failed. Where that refused the event, its refusal says so. A process is heard about the hooks that run in it.
    /// Whether the journal has been told already.
    fn note_failure(&mut self, record: &Record<'_>, is_own: bool) -> bool {
        let text = |name| {
            let bytes = record.arg(name)?.as_bytes()?;
            Some(bridge::printable(&String::from_utf8_lossy(bytes)))
        };
        let (Some(hook), Some(error)) = (text(arg::HOOK), text(arg::ERROR)) else {
            return false;
        };
        if text(arg::VERDICT).as_deref() != Some(Verdict::Allow.as_str())
            || !(is_own
                || record.meta().source == Source::App && self.published.is_in_target(&hook))
        {
            return false;
        }
        self.footer.add_failure(&hook, &error);
        self.passed
            .is_told(&text(arg::PLUGIN).unwrap_or_default(), &hook, &error)
    }

    /// What hooks missed that the journal has not been told of one by one.
    pub(super) fn missed(&self) -> Vec<Total> {
        self.passed.totals()
    }

    /// What people are told when the run has ended.
    pub(super) fn footer(&self) -> &Footer {
        &self.footer
    }

    /// Where the journal lies, for who wants to read it.
    pub(super) fn path(&self) -> Option<String> {
        let path = self.journal.as_ref().and_then(Writer::path)?;
        Some(path.display().to_string())
    }
}

/// The rules behind a record, by their numbers in its generation. What a process claims need not be a rule's number.
struct RulesBehind<'r> {
    numbers: &'r [u32],
    texts: &'r [RuleText],
}

impl<'r> RulesBehind<'r> {
    fn get(&self, number: u32) -> Option<&'r RuleText> {
        self.texts.get(number as usize)
    }

    /// The one that is named first.
    fn leading(&self) -> Option<&'r RuleText> {
        self.get(*self.numbers.first()?)
    }

    /// All that there are.
    fn known(&self) -> impl Iterator<Item = &'r RuleText> {
        self.numbers.iter().filter_map(|number| self.get(*number))
    }
}

/// A refusal, for people.
fn refusal(record: &Record<'_>, meta: &Meta, rules: &RulesBehind<'_>, reason: &str) -> Refusal {
    let rule = rules.leading();
    // A protected rule never teaches what would open it, and speaks for the others.
    let hinting = rules.known().find(|rule| rule.protected).or(rule);
    Refusal {
        event: String::from_utf8_lossy(record.event().text()).into_owned(),
        hint: hinting.map_or_else(String::new, |rule| bridge::hint(rule, record)),
        value: bridge::subject(record),
        rule: rule.map_or_else(|| "?".into(), |rule| rule.id.clone()),
        at: rule.map_or_else(String::new, |rule| rule.at.clone()),
        reason: bridge::printable(reason),
        says: meta.would.unwrap_or(meta.verdict),
        only_warned: !meta.verdict.refuses(),
    }
}
