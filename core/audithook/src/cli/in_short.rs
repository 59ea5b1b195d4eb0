//! A policy in short: what somebody should know who is about to trust it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use audithook_policy::Policy;
use audithook_policy::model::{Action, Allowed, Entry, Mode, Switch};
use audithook_policy::source::Origin;
use serde::Serialize;

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
    /// How many hooks do what: `deny`, `log`, `bucketing.count`.
    hooks: BTreeMap<String, usize>,
}

/// A list, counted.
#[derive(Serialize)]
struct List {
    rule: &'static str,
    /// Nothing is outside it.
    everything: bool,
    /// The entries that stand in the policy itself, or in a file that it extends.
    own: usize,
    of_presets: usize,
}

impl InShort {
    pub(super) fn of(policy: &Policy) -> Self {
        let (files, network, process, env) =
            (&policy.files, &policy.network, &policy.process, &policy.env);
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
            List::denying("files.deny", &files.deny),
            List::denying("network.deny", &network.deny),
            List::denying("env.deny", &env.deny),
        ];
        denies.retain(|list| list.own + list.of_presets > 0);
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
                List::allowing("files.read", files.read.as_ref()),
                List::allowing("files.write", files.write.as_ref()),
                List::allowing("network.connect", network.connect.as_ref()),
                List::allowing("network.bind", network.bind.as_ref()),
                List::switch("network.loopback", network.loopback.as_ref()),
                List::allowing("network.unix", network.unix.as_ref()),
                List::allowing("network.sockets", network.sockets.as_ref()),
                List::allowing("process.exec", process.exec.as_ref()),
                List::allowing("env.pass", env.pass.as_ref()),
            ],
            denies,
            sets: env.set.keys().cloned().collect(),
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
        let (open, listed): (Vec<_>, Vec<_>) = self.allows.iter().partition(|list| list.everything);
        if !listed.is_empty() {
            writeln!(out, "what it allows:")?;
        }
        for list in listed {
            line(out, list.rule, &list.allowed())?;
        }
        if !open.is_empty() {
            let open: Vec<_> = open.iter().map(|list| list.rule).collect();
            writeln!(out, "what it does not restrict: {}", open.join(", "))?;
        }
        if !self.denies.is_empty() {
            writeln!(out, "what it denies:")?;
        }
        for list in &self.denies {
            line(out, list.rule, &list.counted())?;
        }
        let hooks = (self.hooks.iter()).map(|(does, count)| format!("{count} {}", one_line(does)));
        let what_else = [
            (
                "env.set",
                self.sets.iter().map(|name| one_line(name)).collect(),
            ),
            ("hooks", hooks.collect::<Vec<_>>()),
            ("presets", self.presets.clone()),
        ];
        if what_else.iter().any(|(_, words)| !words.is_empty()) {
            writeln!(out, "what else it says:")?;
        }
        for (name, words) in what_else.iter().filter(|(_, words)| !words.is_empty()) {
            line(out, name, &words.join(", "))?;
        }
        Ok(())
    }
}

fn line(out: &mut impl Write, name: &str, text: &str) -> io::Result<()> {
    writeln!(out, "  {name:<16}  {text}")
}

impl List {
    fn allowing<T>(rule: &'static str, list: Option<&Allowed<T>>) -> Self {
        match list {
            Some(list) => Self::denying(rule, &list.entries),
            None => Self::switch(rule, None),
        }
    }

    fn denying<T>(rule: &'static str, entries: &[Entry<T>]) -> Self {
        let is_own = |origin: &Origin| origin.source.preset().is_none();
        let own = entries.iter().filter(|entry| is_own(&entry.origin)).count();
        Self {
            rule,
            everything: false,
            own,
            of_presets: entries.len() - own,
        }
    }

    fn switch(rule: &'static str, switch: Option<&Switch>) -> Self {
        Self {
            rule,
            everything: switch.is_none_or(|switch| switch.allowed),
            own: 0,
            of_presets: 0,
        }
    }

    fn allowed(&self) -> String {
        match self {
            Self {
                own: 0,
                of_presets: 0,
                ..
            } => "nothing".to_owned(),
            _ => self.counted(),
        }
    }

    /// `2 entries, 59 of presets`
    fn counted(&self) -> String {
        let entries = |count: usize| match count {
            1 => "1 entry".to_owned(),
            count => format!("{count} entries"),
        };
        match (self.own, self.of_presets) {
            (own, 0) => entries(own),
            (0, of_presets) => format!("{} of presets", entries(of_presets)),
            (own, of_presets) => format!("{}, {of_presets} of presets", entries(own)),
        }
    }
}
