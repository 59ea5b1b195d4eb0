//! A policy in short: what somebody should know who is about to trust it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use audithook_policy::model::{
    Action, Allowed, Entry, HostRule, Journal, JournalTarget, Mode, Overflow, Switch,
};
use audithook_policy::source::Origin;
use audithook_policy::{LoadContext, Policy, paths};
use serde::Serialize;

use super::breadth::Breadth;
use super::event_text::one_line;

/// What a policy lets a program do.
#[derive(Serialize)]
pub(super) struct InShort {
    /// The presets that it extends, in their order.
    presets: Vec<String>,
    mode: &'static str,
    /// The lists of what is allowed, in the order of the grammar.
    allows: Vec<List>,
    /// The lists of what is denied; those that say nothing are left out.
    denies: Vec<List>,
    /// The variables that it sets.
    sets: Vec<String>,
    /// Those of them that decide which code the program's interpreters and programs run, with their values.
    sets_code: Vec<Variable>,
    journal: Record,
    /// How many hooks do what: `deny`, `log`, `bucketing.count`.
    hooks: BTreeMap<String, usize>,
}

/// A list of what is allowed or denied.
#[derive(Serialize)]
struct List {
    rule: &'static str,
    /// Nothing is outside it.
    everything: bool,
    /// The entries that stand in the policy itself, or in a file that it extends.
    own: usize,
    of_presets: usize,
    /// The policy's own, the widest first.
    entries: Vec<Shown>,
    /// What the policy itself takes out of a list that denies, the widest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    except: Vec<Shown>,
}

/// An entry as written.
#[derive(Serialize)]
#[serde(transparent)]
struct Shown {
    text: String,
    #[serde(skip)]
    breadth: Breadth,
}

#[derive(Serialize)]
struct Variable {
    name: String,
    value: String,
}

/// What is kept of a run.
#[derive(Serialize)]
struct Record {
    /// `none` for nowhere; left out where journals go by themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Left out where the policy says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<String>>,
    /// Records that find no room are dropped.
    drops: bool,
}

/// Variables by which whoever sets them has code of their choice run, beside all that begin with `LD_`.
const OF_CODE: [&str; 21] = [
    "BASH_ENV",
    "ENV",
    "GCONV_PATH",
    "GIT_EXTERNAL_DIFF",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GLIBC_TUNABLES",
    "JAVA_TOOL_OPTIONS",
    "NODE_OPTIONS",
    "NODE_PATH",
    "PATH",
    "PERL5LIB",
    "PERL5OPT",
    "PYTHONBREAKPOINT",
    "PYTHONHOME",
    "PYTHONINSPECT",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "RUBYLIB",
    "RUBYOPT",
];

impl InShort {
    pub(super) fn of(policy: &Policy, context: &LoadContext) -> Self {
        let (files, network, process, env) =
            (&policy.files, &policy.network, &policy.process, &policy.env);
        let home = context.home.as_deref().map(paths::resolve);
        let home = home.as_deref();
        let of_paths = |entry: &Entry<_>| Breadth::of_paths(&entry.value, home);
        let of_hosts = |entry: &Entry<HostRule>| Breadth::of_hosts(&entry.value);
        let of_name = |entry: &Entry<()>| Breadth::of_name(&entry.text);
        let mut hooks = BTreeMap::new();
        for hook in policy.hooks() {
            let does = match &hook.action {
                Action::Do(verdict) => verdict.as_str().to_owned(),
                Action::Call {
                    plugin, function, ..
                } => format!("{plugin}.{function}"),
            };
            *hooks.entry(does).or_default() += 1;
        }
        let mut denies = vec![
            List::denying("files.deny", &files.deny, of_paths).but(&files.except, of_paths),
            List::denying("network.deny", &network.deny, of_hosts),
            List::denying("env.deny", &env.deny, of_name).but(&env.except, of_name),
        ];
        denies.retain(|list| list.own + list.of_presets + list.except.len() > 0);
        let (of_code, sets): (Vec<_>, Vec<_>) =
            (env.set.iter()).partition(|(name, _)| decides_on_code(name));
        Self {
            presets: policy
                .sources
                .iter()
                .filter_map(|source| source.preset().map(str::to_owned))
                .collect(),
            mode: match policy.mode {
                Mode::Enforce => "enforce",
                Mode::Warn => "warn",
                Mode::Off => "off",
            },
            allows: vec![
                List::allowing("files.read", files.read.as_ref(), of_paths),
                List::allowing("files.write", files.write.as_ref(), of_paths),
                List::allowing("network.connect", network.connect.as_ref(), of_hosts),
                List::allowing("network.bind", network.bind.as_ref(), of_hosts),
                List::switch("network.loopback", network.loopback.as_ref()),
                List::allowing("network.unix", network.unix.as_ref(), |entry| {
                    Breadth::of_unix(&entry.value, home)
                }),
                List::allowing("network.sockets", network.sockets.as_ref(), of_name),
                List::allowing("process.exec", process.exec.as_ref(), of_paths),
                List::switch("process.uncovered", process.uncovered.as_ref()),
                List::allowing("env.pass", env.pass.as_ref(), of_name),
            ],
            denies,
            sets: sets.into_iter().map(|(name, _)| name.clone()).collect(),
            sets_code: of_code
                .into_iter()
                .map(|(name, setting)| Variable {
                    name: name.clone(),
                    value: setting.value.clone(),
                })
                .collect(),
            journal: Record::of(&policy.journal, context),
            hooks,
        }
    }

    /// A line for each list, and for what else there is.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        match self.mode {
            "enforce" => {}
            "warn" => writeln!(
                out,
                "it refuses nothing: `mode = \"warn\"` only records what it would"
            )?,
            _ => writeln!(out, "it judges nothing: `mode = \"{}\"`", self.mode)?,
        }
        let (absent, present): (Vec<_>, Vec<_>) =
            self.allows.iter().partition(|list| list.is_absent());
        if !present.is_empty() {
            writeln!(out, "what it allows:")?;
        }
        for list in present {
            line(out, list.rule, &list.allowed())?;
        }
        if !absent.is_empty() {
            let absent: Vec<_> = absent.iter().map(|list| list.rule).collect();
            writeln!(out, "what it does not restrict: {}", absent.join(", "))?;
        }
        if !self.denies.is_empty() {
            writeln!(out, "what it denies:")?;
        }
        for list in &self.denies {
            line(out, list.rule, &list.denied())?;
        }
        if !self.sets_code.is_empty() {
            writeln!(
                out,
                "which code the program runs, by variables that it sets:"
            )?;
        }
        for variable in self.sets_code.iter().take(MOST_VARIABLES) {
            line(out, &one_line(&variable.name), &quoted(&variable.value))?;
        }
        if let more @ 1.. = self.sets_code.len().saturating_sub(MOST_VARIABLES) {
            writeln!(out, "  and {more} more")?;
        }
        let hooks = (self.hooks.iter()).map(|(does, count)| format!("{count} {}", one_line(does)));
        let sets: Vec<_> = self.sets.iter().map(|name| one_line(name)).collect();
        let what_else = [
            ("env.set", sets.join(", ")),
            ("hooks", hooks.collect::<Vec<_>>().join(", ")),
            ("journal.path", self.journal.place()),
            ("journal.events", self.journal.kept()),
            ("presets", self.presets.join(", ")),
        ];
        if what_else.iter().any(|(_, text)| !text.is_empty()) {
            writeln!(out, "what else it says:")?;
        }
        for (name, text) in what_else.iter().filter(|(_, text)| !text.is_empty()) {
            line(out, name, text)?;
        }
        Ok(())
    }
}

fn decides_on_code(variable: &str) -> bool {
    variable.starts_with("LD_") || OF_CODE.contains(&variable)
}

fn line(out: &mut impl Write, name: &str, text: &str) -> io::Result<()> {
    writeln!(out, "  {name:<17} {text}")
}

/// How many variables with their values a person is shown.
const MOST_VARIABLES: usize = 6;
/// How many characters of a list's entries a person is shown, about.
const WIDTH: usize = 80;
/// How many of one entry: a long one leaves room for others.
const LONGEST: usize = 40;

impl List {
    fn allowing<T>(
        rule: &'static str,
        list: Option<&Allowed<T>>,
        breadth: impl Fn(&Entry<T>) -> Breadth,
    ) -> Self {
        match list {
            Some(list) => {
                let list = Self::denying(rule, &list.entries, breadth);
                Self {
                    everything: matches!(list.entries.first(), Some(first) if first.breadth == Breadth::Everything),
                    ..list
                }
            }
            None => Self::switch(rule, None),
        }
    }

    fn denying<T>(
        rule: &'static str,
        list: &[Entry<T>],
        breadth: impl Fn(&Entry<T>) -> Breadth,
    ) -> Self {
        let entries = shown(list, breadth);
        Self {
            rule,
            everything: false,
            own: entries.len(),
            of_presets: list.len() - entries.len(),
            entries,
            except: Vec::new(),
        }
    }

    fn but<T>(self, except: &[Entry<T>], breadth: impl Fn(&Entry<T>) -> Breadth) -> Self {
        Self {
            except: shown(except, breadth),
            ..self
        }
    }

    fn switch(rule: &'static str, switch: Option<&Switch>) -> Self {
        Self {
            rule,
            everything: switch.is_none_or(|switch| switch.allowed),
            own: 0,
            of_presets: 0,
            entries: Vec::new(),
            except: Vec::new(),
        }
    }

    /// Open, with nothing that says so.
    fn is_absent(&self) -> bool {
        self.everything && self.entries.is_empty()
    }

    fn allowed(&self) -> String {
        match self.own + self.of_presets {
            0 => "nothing".to_owned(),
            _ => self.listed(),
        }
    }

    fn denied(&self) -> String {
        let mut text = self.listed();
        if !self.except.is_empty() {
            let but = if text.is_empty() { "not" } else { ", but not" };
            let _ = write!(text, "{but} {}", joined(&self.except));
        }
        text
    }

    /// `` `./data`, `./out/`, and 2 more, 59 of presets ``
    fn listed(&self) -> String {
        match (joined(&self.entries), self.of_presets) {
            (own, 0) => own,
            (own, 1) if own.is_empty() => "1 entry of presets".to_owned(),
            (own, count) if own.is_empty() => format!("{count} entries of presets"),
            (own, count) => format!("{own}, {count} of presets"),
        }
    }
}

/// The entries that are no preset's, the widest first.
fn shown<T>(entries: &[Entry<T>], breadth: impl Fn(&Entry<T>) -> Breadth) -> Vec<Shown> {
    let is_own = |origin: &Origin| origin.source.preset().is_none();
    let own = entries.iter().filter(|entry| is_own(&entry.origin));
    let mut shown: Vec<_> = own
        .map(|entry| Shown {
            text: entry.text.clone(),
            breadth: breadth(entry),
        })
        .collect();
    shown.sort_by_key(|entry| entry.breadth);
    shown
}

/// The first entries, and how many more there are.
fn joined(entries: &[Shown]) -> String {
    let mut text = String::new();
    for (place, entry) in entries.iter().enumerate() {
        let entry = entry.described();
        if place > 0 && text.chars().count() + entry.chars().count() > WIDTH {
            let _ = write!(text, ", and {} more", entries.len() - place);
            break;
        }
        let comma = if place > 0 { ", " } else { "" };
        let _ = write!(text, "{comma}{entry}");
    }
    text
}

impl Shown {
    fn described(&self) -> String {
        let entry = quoted(&self.text);
        match self.breadth {
            Breadth::Everything => format!("everything ({entry})"),
            Breadth::Home => format!("all of your home ({entry})"),
            Breadth::Part(_) => entry,
        }
    }
}

/// In backticks, in one line that is not too long.
fn quoted(text: &str) -> String {
    let text = one_line(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

impl Record {
    fn of(journal: &Journal, context: &LoadContext) -> Self {
        let is_usual = match (&journal.target, context.state_dir()) {
            (JournalTarget::File(file), Some(usual)) => {
                Path::new(file).parent() == Some(usual.as_path())
            }
            (JournalTarget::None, None) => true,
            _ => false,
        };
        let place = match &journal.target {
            JournalTarget::File(file) => context.shown(&PathBuf::from(file)),
            JournalTarget::Descriptor(number) => format!("fd:{number}"),
            JournalTarget::None => "none".to_owned(),
        };
        Self {
            path: (!is_usual).then_some(place),
            events: (journal.events != ["@default"]).then(|| journal.events.clone()),
            drops: matches!(journal.overflow, Overflow::Drop),
        }
    }

    fn place(&self) -> String {
        match self.path.as_deref() {
            None => String::new(),
            Some("none") => "none: nothing is recorded".to_owned(),
            Some(path) => quoted(path),
        }
    }

    fn kept(&self) -> String {
        let mut text = match self.events.as_deref() {
            None => String::new(),
            Some([]) => "none: only refusals, warnings and `process.*` are recorded".to_owned(),
            Some(events) => {
                let events = events.iter().map(|event| Shown {
                    text: event.clone(),
                    breadth: match Breadth::of_name(event) {
                        Breadth::Everything => Breadth::Everything,
                        _ => Breadth::Part(0),
                    },
                });
                joined(&events.collect::<Vec<_>>())
            }
        };
        if self.drops {
            let comma = if text.is_empty() { "" } else { "; " };
            let _ = write!(text, "{comma}what finds no room is dropped");
        }
        text
    }
}
