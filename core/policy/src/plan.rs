//! The plan: which layers hold each rule, how well, and at what cost. Nothing is held by less than the plan says.

use std::fmt;

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{Placement, Require, Tmp};
use crate::image::HostPattern;
use crate::model::{
    Action, Allowed, CallKind, Do, Entry, HostRule, PathRule, Policy, Switch, UnixRule, When,
};
use crate::source::Origin;

/// What this machine and this audithook can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The audit hook inside interpreters.
    pub cpython: bool,
    /// Interposed functions of libc, in dynamically linked programs.
    pub libc: bool,
    /// Limits of one process (`open-files`, `file-size`).
    pub process_limits: bool,
    /// Limits of the tree by sampling it.
    pub sampling: bool,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            cpython: true,
            libc: true,
            process_limits: false,
            sampling: false,
        }
    }
}

/// What holds a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// The audit hook in the interpreter.
    #[serde(rename = "cpython hook")]
    Cpython,
    /// Interposed functions of libc.
    Libc,
    /// The supervisor.
    Supervisor,
}

impl Layer {
    /// As `plan` prints it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpython => "cpython hook",
            Self::Libc => "libc",
            Self::Supervisor => "supervisor",
        }
    }
}

/// How well a rule is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Held {
    /// Against hostile code.
    Hard,
    /// Against honest code.
    Soft,
    /// Looked at now and then.
    Sampled,
    /// Not at all.
    None,
}

impl Held {
    /// As `plan` prints it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::Sampled => "sampled",
            Self::None => "none",
        }
    }
}

/// One line of the plan: a rule, or one entry of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanLine {
    /// The rule's id, or the key for what is no rule: `limits.memory`.
    pub rule: String,
    /// The entry as written; `none` for a list that allows nothing, empty for what has no entries.
    pub entry: String,
    /// `hooks.toml:7`
    pub at: String,
    /// The preset that says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// What holds it.
    pub layers: Vec<Layer>,
    /// How well.
    pub held: Held,
    /// What it costs.
    pub cost: &'static str,
    /// What else to know.
    pub notes: Vec<String>,
}

/// Why a run does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`require = \"hard\"`, and {count} of the policy's rules would not be held against hostile code: {rules}"
)]
pub struct Refusal {
    /// How many lines of the plan are not hard.
    pub count: usize,
    /// Their rules, each once.
    pub rules: String,
}

impl Refusal {
    /// What to do.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        "`audithook plan` shows what holds each rule; `require = \"any\"` starts with what there is"
    }
}

const IN_PROCESS: &str = "20–50 ns an event";
const QUESTION: &str = "a round trip to the supervisor an event";
const RECORD: &str = "a record an event";
const START: &str = "once, at the start";
const NOTHING: &str = "nothing";

impl Policy {
    /// Every rule with what holds it.
    #[must_use]
    pub fn plan(&self, capabilities: &Capabilities) -> Vec<PlanLine> {
        self.planned(capabilities).lines
    }

    /// What the policy's author wrote and nothing holds: a warning for each, with its place. What a preset says is not theirs.
    #[must_use]
    pub fn unheld(&self, capabilities: &Capabilities) -> Diagnostics {
        self.planned(capabilities).unheld
    }

    fn planned(&self, capabilities: &Capabilities) -> Planner {
        let mut plan = Planner {
            capabilities: *capabilities,
            lines: Vec::new(),
            unheld: Diagnostics::default(),
        };
        plan.files(self);
        plan.network(self);
        plan.process(self);
        plan.env(self);
        plan.limits(self);
        plan.hooks(self);
        let own = plan.events("audithook.self", "", &self.own.origin);
        plan.lines.push(own);
        plan
    }

    /// Why the policy's own demand forbids to start, if it does.
    #[must_use]
    pub fn refusal(&self, capabilities: &Capabilities) -> Option<Refusal> {
        if self.require != Require::Hard {
            return None;
        }
        let plan = self.plan(capabilities);
        let mut rules: Vec<&str> = plan
            .iter()
            .filter(|line| line.held != Held::Hard)
            .map(|line| line.rule.as_str())
            .collect();
        let count = rules.len();
        rules.dedup();
        (count > 0).then(|| Refusal {
            count,
            rules: rules
                .iter()
                .map(|rule| format!("`{rule}`"))
                .collect::<Vec<_>>()
                .join(", "),
        })
    }
}

struct Planner {
    capabilities: Capabilities,
    lines: Vec<PlanLine>,
    unheld: Diagnostics,
}

impl Planner {
    fn files(&mut self, policy: &Policy) {
        let files = &policy.files;
        let missing = |rule: &PathRule| match (&rule.create, rule.is_missing) {
            (Some(_), _) => vec!["will be made".to_owned()],
            (None, true) => vec!["nothing there".to_owned()],
            (None, false) if rule.patterns.is_empty() => {
                vec!["known once there is a command".to_owned()]
            }
            (None, false) => Vec::new(),
        };
        self.list("files.read", files.read.as_ref(), missing);
        self.list("files.write", files.write.as_ref(), missing);
        for entry in &files.deny {
            self.entry("files.deny", entry, Vec::new());
        }
        for entry in &files.except {
            let mut line = self.events("files.deny", &excepted(entry), &entry.origin);
            line.notes.push(EXCEPTED.to_owned());
            self.lines.push(line);
        }
        if let (Tmp::Private, Some(write)) = (files.tmp, &files.write) {
            let mut line = self.line("files.tmp", "tmp = \"private\"", &write.origin);
            line.layers = vec![Layer::Supervisor];
            line.held = Held::Soft;
            line.cost = START;
            self.lines.push(line);
        }
        if let Some(recorded) = &files.recorded {
            let entry = format!("static = \"{}\"", recorded.value.as_str());
            self.unheld(
                "files.static",
                &entry,
                &recorded.origin,
                "there is no kernel layer that it could speak of",
            );
        }
    }

    fn network(&mut self, policy: &Policy) {
        let network = &policy.network;
        let named = |rule: &HostRule| {
            let has_name = rule
                .hosts
                .iter()
                .any(|host| matches!(host, HostPattern::Name(_) | HostPattern::Suffix(_)));
            match has_name {
                true => vec![
                    "address-level: neighbours on the same address are admitted too".to_owned(),
                ],
                false => Vec::new(),
            }
        };
        self.list("network.connect", network.connect.as_ref(), named);
        self.list("network.bind", network.bind.as_ref(), named);
        for entry in &network.deny {
            self.entry("network.deny", entry, Vec::new());
        }
        self.switch("network.loopback", network.loopback.as_ref());
        self.list("network.unix", network.unix.as_ref(), |rule| match rule {
            UnixRule::Path(rule) if rule.is_missing => vec!["nothing there".to_owned()],
            _ => Vec::new(),
        });
        self.list("network.sockets", network.sockets.as_ref(), |()| Vec::new());
    }

    fn process(&mut self, policy: &Policy) {
        let process = &policy.process;
        self.list("process.exec", process.exec.as_ref(), |rule| {
            if rule.patterns.is_empty() {
                vec!["found nothing".to_owned()]
            } else {
                vec![format!(
                    "means {}, as found now",
                    counted(rule.patterns.len(), "program")
                )]
            }
        });
        self.switch("process.uncovered", process.uncovered.as_ref());
        if let Some(signal) = &process.signal {
            let entry = format!("signal = \"{}\"", signal.value.as_str());
            self.unheld(
                "process.signal",
                &entry,
                &signal.origin,
                "needs a kernel layer",
            );
        }
        if let Some(fds) = &process.inherit_fds {
            self.unheld(
                "process.inherit-fds",
                "inherit-fds",
                &fds.origin,
                "needs a kernel layer",
            );
        }
    }

    fn env(&mut self, policy: &Policy) {
        let env = &policy.env;
        let note = "the environments of other processes stay readable in /proc";
        let pass = env.pass.iter().flat_map(|list| list.entries.iter());
        let all = pass
            .map(|entry| ("env.pass", entry))
            .chain(env.deny.iter().map(|entry| ("env.deny", entry)));
        for (rule, entry) in all {
            self.at_start(rule, &entry.text, &entry.origin, &[note]);
        }
        for entry in &env.except {
            let entry_text = excepted(entry);
            self.at_start("env.deny", &entry_text, &entry.origin, &[EXCEPTED, note]);
        }
        if let Some(list) = env.pass.as_ref().filter(|list| list.entries.is_empty()) {
            self.at_start("env.pass", "", &list.origin, &[note]);
        }
    }

    fn at_start(&mut self, rule: &str, entry: &str, origin: &Origin, notes: &[&str]) {
        let mut line = self.line(rule, entry, origin);
        line.layers = vec![Layer::Supervisor];
        line.held = Held::Soft;
        line.cost = START;
        line.notes
            .extend(notes.iter().map(|note| (*note).to_owned()));
        self.lines.push(line);
    }

    fn limits(&mut self, policy: &Policy) {
        let limits = &policy.limits;
        let of_tree = [
            (
                "limits.memory",
                limits.memory.as_ref().map(|limit| &limit.origin),
            ),
            (
                "limits.processes",
                limits.processes.as_ref().map(|limit| &limit.origin),
            ),
            ("limits.cpu", limits.cpu.as_ref().map(|limit| &limit.origin)),
            (
                "limits.wall",
                limits.wall.as_ref().map(|limit| &limit.origin),
            ),
        ];
        let of_process = [
            (
                "limits.open-files",
                limits.open_files.as_ref().map(|limit| &limit.origin),
            ),
            (
                "limits.file-size",
                limits.file_size.as_ref().map(|limit| &limit.origin),
            ),
        ];
        for (rule, origin) in of_tree {
            self.limit(rule, origin, self.capabilities.sampling, Held::Sampled);
        }
        for (rule, origin) in of_process {
            self.limit(rule, origin, self.capabilities.process_limits, Held::Soft);
        }
    }

    fn limit(&mut self, rule: &str, origin: Option<&Origin>, is_held: bool, held: Held) {
        let Some(origin) = origin else {
            return;
        };
        if !is_held {
            self.unheld(rule, "", origin, "limits are not held yet");
            return;
        }
        let mut line = self.line(rule, "", origin);
        line.layers = vec![Layer::Supervisor];
        line.held = held;
        line.cost = NOTHING;
        self.lines.push(line);
    }

    fn hooks(&mut self, policy: &Policy) {
        for hook in policy.hooks() {
            let entry = hook.on.join(", ");
            let mut line = self.events(&hook.id(), &entry, &hook.origin);
            let is_in_target = match &hook.action {
                Action::Do(_) => true,
                Action::Call { plugin, .. } => policy
                    .plugin(plugin)
                    .is_some_and(|plugin| plugin.placement == Some(Placement::Target)),
            };
            let is_record = matches!(hook.action, Action::Do(Do::Log))
                || matches!(hook.kind, Some(CallKind::Observer | CallKind::After));
            if is_record {
                line.cost = RECORD;
            } else if !is_in_target || matches!(hook.when, When::Cel(_)) {
                line.cost = QUESTION;
            }
            if !is_in_target || matches!(hook.when, When::Cel(_)) {
                line.layers.push(Layer::Supervisor);
            }
            if let Action::Call { plugin, .. } = &hook.action {
                let target = policy
                    .plugin(plugin)
                    .is_some_and(|plugin| plugin.placement == Some(Placement::Target));
                if target {
                    line.notes
                        .push("the program can tamper with a plugin in its own process".to_owned());
                }
            }
            if hook.kind == Some(CallKind::After) {
                line.held = Held::None;
                line.layers.clear();
                line.notes.push(
                    "events of programs have no after: only `audithook emit` and embedders run it"
                        .to_owned(),
                );
            }
            self.lines.push(line);
        }
    }

    fn list<T>(
        &mut self,
        rule: &str,
        list: Option<&Allowed<T>>,
        notes: impl Fn(&T) -> Vec<String>,
    ) {
        let Some(list) = list else {
            return;
        };
        if list.entries.is_empty() {
            let line = self.events(rule, "none", &list.origin);
            self.lines.push(line);
        }
        for entry in &list.entries {
            self.entry(rule, entry, notes(&entry.value));
        }
    }

    fn entry<T>(&mut self, rule: &str, entry: &Entry<T>, notes: Vec<String>) {
        let mut line = self.events(rule, &entry.text, &entry.origin);
        line.notes.extend(notes);
        self.lines.push(line);
    }

    fn switch(&mut self, rule: &str, switch: Option<&Switch>) {
        if let Some(switch) = switch {
            let word = if switch.allowed { "allowed" } else { "refused" };
            let line = self.events(rule, word, &switch.origin);
            self.lines.push(line);
        }
    }

    /// A rule over events, as far as interpreters and libc show them.
    fn events(&self, rule: &str, entry: &str, origin: &Origin) -> PlanLine {
        let mut line = self.line(rule, entry, origin);
        if self.capabilities.cpython {
            line.layers.push(Layer::Cpython);
        }
        if self.capabilities.libc {
            line.layers.push(Layer::Libc);
        }
        line.held = if line.layers.is_empty() {
            Held::None
        } else {
            Held::Soft
        };
        line.cost = IN_PROCESS;
        line
    }

    fn unheld(&mut self, rule: &str, entry: &str, origin: &Origin, why: &str) {
        let mut line = self.line(rule, entry, origin);
        line.notes.push(why.to_owned());
        self.lines.push(line);
        if origin.is_users() {
            let message = format!("nothing holds `{rule}`: {why}");
            self.unheld.push(Diagnostic::warning(message, origin));
        }
    }

    fn line(&self, rule: &str, entry: &str, origin: &Origin) -> PlanLine {
        PlanLine {
            rule: rule.to_owned(),
            entry: entry.to_owned(),
            at: origin.to_string(),
            preset: origin.source.preset().map(str::to_owned),
            layers: Vec::new(),
            held: Held::None,
            cost: NOTHING,
            notes: Vec::new(),
        }
    }
}

impl fmt::Display for PlanLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layers: Vec<_> = self.layers.iter().map(|layer| layer.as_str()).collect();
        let layers = if layers.is_empty() {
            "-".to_owned()
        } else {
            layers.join(" + ")
        };
        write!(
            f,
            "{:<18} {:<7} {:<20} {}",
            self.rule,
            self.held.as_str(),
            layers,
            self.at
        )?;
        if !self.entry.is_empty() {
            write!(f, "  `{}`", self.entry)?;
        }
        if self.cost != NOTHING {
            write!(f, "  {}", self.cost)?;
        }
        for note in &self.notes {
            write!(f, "; {note}")?;
        }
        Ok(())
    }
}

/// What is said of an entry that is taken out of a list.
const EXCEPTED: &str = "excepted: not denied";

/// An entry that is taken out of a list, as written.
fn excepted<T>(entry: &Entry<T>) -> String {
    format!("!{}", entry.text)
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
