//! Reading a journal, strictly: every line must be a whole, well-formed record.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

/// A journal that was read.
#[derive(Debug)]
pub struct Journal {
    records: Vec<Record>,
}

impl Journal {
    /// Reads it, and checks what holds for every journal.
    #[must_use]
    #[track_caller]
    pub fn read(file: &Path) -> Self {
        let text =
            std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let text = String::from_utf8(text).expect("a journal is UTF-8");
        assert!(
            text.is_empty() || text.ends_with('\n'),
            "the last line is cut"
        );
        Self::parse(&text)
    }

    /// Takes the whole lines of a text.
    #[must_use]
    #[track_caller]
    pub fn parse(text: &str) -> Self {
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        let records: Vec<_> = whole
            .lines()
            .map(|line| {
                assert!(
                    !line.contains(|letter: char| letter.is_control()),
                    "control character: {line}"
                );
                let value =
                    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
                Record(value)
            })
            .collect();
        for (record, next) in records.iter().zip(records.iter().skip(1)) {
            assert_eq!(
                next.number("seq"),
                record.number("seq") + 1,
                "a gap in seq:\n{record:?}\n{next:?}"
            );
            assert_eq!(
                next.text("run"),
                record.text("run"),
                "two runs in one journal"
            );
        }
        for record in &records {
            record.check();
        }
        Self { records }
    }

    /// All records.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The records of one event.
    pub fn of<'j>(&'j self, event: &'j str) -> impl Iterator<Item = &'j Record> {
        self.records
            .iter()
            .filter(move |record| record.event() == event)
    }

    /// The records that are not `allow`.
    pub fn refusals(&self) -> impl Iterator<Item = &Record> {
        self.records
            .iter()
            .filter(|record| record.verdict() != "allow")
    }

    /// The first record of one of these events (`a|b`) that has these arguments, if there is one.
    #[must_use]
    pub fn find(&self, events: &str, args: &[(&str, &str)]) -> Option<&Record> {
        self.records.iter().find(|record| record.is(events, args))
    }

    /// The first record of one of these events with these arguments that was refused; fails without one.
    #[track_caller]
    pub fn refusal(&self, events: &str, args: &[(&str, &str)]) -> &Record {
        let found = self.refusals().find(|record| record.is(events, args));
        found.unwrap_or_else(|| {
            panic!(
                "no refusal of `{events}` with {args:?} in\n{}",
                self.describe()
            )
        })
    }

    /// Fails if anything was refused or warned of.
    #[track_caller]
    pub fn assert_no_refusals(&self) {
        let refused: Vec<_> = self.refusals().collect();
        assert!(refused.is_empty(), "refused: {refused:#?}");
    }

    /// What was not allowed, a line each, and how often each event came.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = String::new();
        for record in self.refusals().take(60) {
            let _ = writeln!(text, "{}", record.0);
        }
        let mut counts = std::collections::BTreeMap::<_, u32>::new();
        for record in &self.records {
            *counts.entry(record.event()).or_default() += 1;
        }
        let _ = writeln!(text, "{counts:?}");
        text
    }
}

/// A record of a journal.
#[derive(Debug)]
pub struct Record(pub Value);

impl Record {
    /// The event's name.
    #[must_use]
    pub fn event(&self) -> &str {
        self.text("event")
    }

    /// `allow`, `warn`, `deny` or `kill`.
    #[must_use]
    pub fn verdict(&self) -> &str {
        self.text("verdict")
    }

    /// The process.
    #[must_use]
    pub fn pid(&self) -> u64 {
        self.number("pid")
    }

    /// An argument.
    #[must_use]
    pub fn arg(&self, name: &str) -> &Value {
        &self.0["args"][name]
    }

    /// An argument as text; numbers and lists as JSON.
    #[must_use]
    pub fn arg_text(&self, name: &str) -> String {
        match self.arg(name) {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// The ids of the rules that agreed, the deciding one first.
    #[must_use]
    pub fn rules(&self) -> Vec<&str> {
        self.0["rules"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|rule| rule["id"].as_str())
            .collect()
    }

    /// Fails unless this rule at this place decided for this verdict.
    #[track_caller]
    pub fn assert_decided(&self, verdict: &str, rule: &str, at: &str) -> &Self {
        assert_eq!(self.verdict(), verdict, "{}", self.0);
        assert_eq!(self.0["rules"][0]["id"], rule, "{}", self.0);
        assert_eq!(self.0["rules"][0]["at"], at, "{}", self.0);
        self
    }

    /// Fails unless it was denied by this rule at this place, with EACCES.
    #[track_caller]
    pub fn assert_denied(&self, rule: &str, at: &str) -> &Self {
        self.assert_decided("deny", rule, at);
        assert_eq!(self.0["errno"], "EACCES", "{}", self.0);
        self
    }

    /// A field that is a text.
    #[must_use]
    #[track_caller]
    pub fn text(&self, field: &str) -> &str {
        self.0[field]
            .as_str()
            .unwrap_or_else(|| panic!("no text `{field}`: {}", self.0))
    }

    /// A field that is a number.
    #[must_use]
    #[track_caller]
    pub fn number(&self, field: &str) -> u64 {
        self.0[field]
            .as_u64()
            .unwrap_or_else(|| panic!("no number `{field}`: {}", self.0))
    }

    fn is(&self, events: &str, args: &[(&str, &str)]) -> bool {
        events.split('|').any(|event| event == self.event())
            && args
                .iter()
                .all(|(name, value)| self.arg_text(name) == *value)
    }

    fn check(&self) {
        assert_eq!(self.number("v"), 1, "{}", self.0);
        assert!(
            ["allow", "warn", "deny", "kill"].contains(&self.verdict()),
            "{}",
            self.0
        );
        let time = self.text("time");
        let is_utc = time.ends_with('Z') && time.as_bytes().get(10) == Some(&b'T');
        assert!(
            is_utc && time.len() == "2026-01-02T03:04:05.123456789Z".len(),
            "{}",
            self.0
        );
        assert!(self.pid() > 0, "{}", self.0);
        assert!(
            self.0["sources"]
                .as_array()
                .is_some_and(|list| !list.is_empty()),
            "{}",
            self.0
        );
    }
}
