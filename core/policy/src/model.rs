//! The checked policy: every entry typed, resolved, and with its origin.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use audithook_abi::Verdict;

pub use crate::document::{
    Degrade, Do, Fallback, OnError, Placement, Require, Signal, Static, Tmp,
};
pub use crate::image::{HostPattern, Mode, Overflow, PathPattern, Protocol, RuleText};

use crate::arguments::Argument;
use crate::cel::Condition;
use crate::diagnostic::Diagnostics;
use crate::source::{Origin, Source, Spot};

/// A policy that can be enforced.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The texts that it was read from: what a file extends before the file, flags last.
    pub sources: Vec<Arc<Source>>,
    /// What an absent list means.
    pub default: Fallback,
    /// Whether refusals are meant.
    pub mode: Mode,
    /// Which rules are good enough to start with.
    pub require: Require,
    /// What happens where a kernel layer is missing.
    pub degrade: Degrade,
    /// No reload and no plugin after the start.
    pub lock: bool,
    /// `[files]`
    pub files: Files,
    /// `[network]`
    pub network: Network,
    /// `[process]`
    pub process: Process,
    /// `[env]`
    pub env: Env,
    /// `[limits]`
    pub limits: Limits,
    /// `[journal]`
    pub journal: Journal,
    /// `[plugin.NAME]`
    pub plugins: Vec<Plugin>,
    /// `[[test]]`
    pub tests: Vec<TestCase>,
    /// `--label K=V`: written to `process.start`.
    pub labels: Vec<(String, String)>,
    /// The command's file, resolved: it may always run.
    pub command: Option<PathBuf>,
    /// The interpreter that the command's file would run in the end, if it is the shim of a version manager. A run whose
    /// `exec` does not allow the shell that the shim is written in starts this in its place.
    pub behind_shim: Option<PathBuf>,
    /// The fresh directory for temporary files, if `tmp` is private and something will run.
    pub private_tmp: Option<PathBuf>,
    /// What is worth knowing: missing paths, lookups that found nothing.
    pub notes: Diagnostics,
    /// What the command's file executes on its own way: part of the command.
    pub(crate) behind_command: Vec<PathBuf>,
    pub(crate) hooks: Vec<Hook>,
    pub(crate) own: OwnFiles,
    pub(crate) rules: Vec<RuleText>,
}

/// One entry of a list.
#[derive(Debug, Clone)]
pub struct Entry<T> {
    /// As written.
    pub text: String,
    /// Where.
    pub origin: Origin,
    /// The number of its rule.
    pub rule: u32,
    /// What it means.
    pub value: T,
}

/// A list that is all that is allowed.
#[derive(Debug, Clone)]
pub struct Allowed<T> {
    /// Where the list is written; of several, the last.
    pub origin: Origin,
    /// The number of the rule that refuses what no entry allows.
    pub rule: u32,
    /// What is allowed.
    pub entries: Vec<Entry<T>>,
}

/// What a path entry means: one pattern, or several for `@python` and for symlinks that are denied themselves.
#[derive(Debug, Clone, Default)]
pub struct PathRule {
    /// The patterns.
    pub patterns: Vec<PathPattern>,
    /// Nothing is there.
    pub is_missing: bool,
    /// Must be made as a directory before the program starts.
    pub create: Option<PathBuf>,
}

/// `[files]`
#[derive(Debug, Clone)]
pub struct Files {
    /// All that may be read; `None`: everything.
    pub read: Option<Allowed<PathRule>>,
    /// All that may be changed; `None`: everything.
    pub write: Option<Allowed<PathRule>>,
    /// What may be neither.
    pub deny: Vec<Entry<PathRule>>,
    /// What is taken out of `deny`.
    pub except: Vec<Entry<PathRule>>,
    /// Where temporary files go.
    pub tmp: Tmp,
    /// Whether denials of the kernel are recorded, if the file says.
    pub recorded: Option<Setting<Static>>,
}

/// What a host entry means: one pattern, or several for `localhost`.
#[derive(Debug, Clone)]
pub struct HostRule {
    /// Which hosts.
    pub hosts: Vec<HostPattern>,
    /// The first and the last port; `None`: any.
    pub ports: Option<(u16, u16)>,
    /// Over what.
    pub protocol: Protocol,
}

/// What an entry of `unix` means.
#[derive(Debug, Clone)]
pub enum UnixRule {
    /// A socket in the file system.
    Path(PathRule),
    /// An abstract socket, without the `@`.
    Name(String),
}

/// A switch that is a rule.
#[derive(Debug, Clone)]
pub struct Switch {
    /// Whether it is open.
    pub allowed: bool,
    /// Where it is written, or what makes it so.
    pub origin: Origin,
    /// The number of its rule.
    pub rule: u32,
}

/// `[network]`
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// All that may be connected to; `None`: everything.
    pub connect: Option<Allowed<HostRule>>,
    /// All that may be bound to; `None`: everything.
    pub bind: Option<Allowed<HostRule>>,
    /// What may be neither.
    pub deny: Vec<Entry<HostRule>>,
    /// Loopback beyond the lists; `None`: unrestricted.
    pub loopback: Option<Switch>,
    /// All unix sockets that may be used; `None`: every one.
    pub unix: Option<Allowed<UnixRule>>,
    /// Families and kinds beyond the usual ones; `None`: every one.
    pub sockets: Option<Allowed<()>>,
}

/// `[process]`
#[derive(Debug, Clone, Default)]
pub struct Process {
    /// All programs that may be run; `None`: every one.
    pub exec: Option<Allowed<PathRule>>,
    /// Whom signals may reach.
    pub signal: Option<Setting<Signal>>,
    /// Whether children may run that cannot be followed.
    pub uncovered: Option<Switch>,
    /// Descriptors that the program keeps.
    pub inherit_fds: Option<Setting<Vec<u64>>>,
}

/// A value that is written somewhere.
#[derive(Debug, Clone)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where.
    pub origin: Origin,
}

/// `[env]`
#[derive(Debug, Clone, Default)]
pub struct Env {
    /// All variables that the program gets; `None`: every one.
    pub pass: Option<Allowed<()>>,
    /// Variables that it does not get.
    pub deny: Vec<Entry<()>>,
    /// What is taken out of `deny`.
    pub except: Vec<Entry<()>>,
    /// Variables that are set, expanded.
    pub set: BTreeMap<String, Setting<String>>,
}

/// `[limits]`
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Bytes of all processes together.
    pub memory: Option<Setting<u64>>,
    /// Processes at once.
    pub processes: Option<Setting<u64>>,
    /// Open files of each process.
    pub open_files: Option<Setting<u64>>,
    /// Processor time of all processes together.
    pub cpu: Option<Setting<Duration>>,
    /// Time from start to end.
    pub wall: Option<Setting<Duration>>,
    /// Bytes of one file.
    pub file_size: Option<Setting<u64>>,
}

/// `[journal]`
#[derive(Debug, Clone)]
pub struct Journal {
    /// Where it goes.
    pub target: JournalTarget,
    /// Globs of the events that are recorded, with `@default` as written.
    pub events: Vec<String>,
    /// What happens when the ring is full.
    pub overflow: Overflow,
    /// When a new file is begun, in bytes; `None`: never.
    pub rotate_size: Option<u64>,
    /// How many files are kept.
    pub rotate_keep: u64,
}

/// Where the journal goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalTarget {
    /// A file; `{run}` stands for the run's id. Absolute.
    File(String),
    /// A descriptor that the front was given.
    Descriptor(u32),
    /// Nowhere.
    None,
}

/// `[plugin.NAME]`
#[derive(Debug, Clone)]
pub struct Plugin {
    /// Its name.
    pub name: String,
    /// Its shared library, absolute; `None`: found in the search path.
    pub path: Option<PathBuf>,
    /// The hash that it must have: 64 lower-case hexadecimal digits.
    pub sha256: Option<String>,
    /// The hash that its library had when the policy was trusted, in the same form. It is held to it like to a pin, but
    /// trust says nothing of where it may run.
    pub trusted_sha256: Option<String>,
    /// Where it runs; `None`: the loader decides.
    pub placement: Option<Placement>,
    /// Given to it once.
    pub config: serde_json::Value,
    /// What its process may do, if it has one of its own.
    pub sandbox: Sandbox,
    /// Where it is declared.
    pub origin: Origin,
}

/// `[plugin.NAME.sandbox]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    /// Files and directories that it may read, absolute.
    pub read: Vec<PathBuf>,
    /// Files and directories that it may read and write, absolute.
    pub write: Vec<PathBuf>,
    /// Whether it may use IPv4 and IPv6.
    pub network: bool,
    /// Bytes of memory.
    pub memory: u64,
    /// Open files.
    pub open_files: u64,
    /// How long a hook may take.
    pub timeout: Duration,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self {
            read: Vec::new(),
            write: Vec::new(),
            network: false,
            memory: 256 << 20,
            open_files: 64,
            timeout: Duration::from_secs(1),
        }
    }
}

/// `[[hook]]`
#[derive(Debug, Clone)]
pub struct Hook {
    /// Its name: the rule's id is `hook.NAME`.
    pub name: String,
    /// Whether the file gives the name.
    pub is_named: bool,
    /// Globs of events.
    pub on: Vec<String>,
    /// The condition.
    pub when: When,
    /// What it does.
    pub action: Action,
    /// Why.
    pub reason: Option<String>,
    /// Lower runs first.
    pub priority: i32,
    /// What a failure amounts to; `None`: by the kind of hook.
    pub on_error: Option<OnError>,
    /// The number of its rule.
    pub rule: u32,
    /// Where it is written.
    pub origin: Origin,
    /// Where its `with` is written, if it has one.
    pub with_origin: Option<Origin>,
    /// The keys of its `with`, and where they are written.
    pub with_keys: Vec<Spot<String>>,
    /// What the plugin's function is, once the plugin is loaded.
    pub kind: Option<CallKind>,
}

/// The condition of a hook.
#[derive(Debug, Clone)]
pub enum When {
    /// None.
    Always,
    /// Globs by argument; all must hold.
    Table(Vec<(String, Vec<String>)>),
    /// CEL.
    Cel(Condition),
}

/// What a hook does.
#[derive(Debug, Clone)]
pub enum Action {
    /// A verdict, or recording.
    Do(Do),
    /// A function of a plugin.
    Call {
        /// The plugin.
        plugin: String,
        /// Its function.
        function: String,
        /// Given to it for this hook.
        with: serde_json::Value,
    },
}

/// What a plugin's function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallKind {
    /// Runs before and may veto.
    Gate,
    /// Runs after, with the outcome.
    After,
    /// Sees, and holds nothing up.
    Observer,
}

/// `[[test]]`
#[derive(Debug, Clone)]
pub struct TestCase {
    /// The event's name.
    pub event: String,
    /// Its arguments, completed as a source would.
    pub args: Vec<(String, Argument)>,
    /// The verdict that it must get.
    pub expect: Verdict,
    /// The rule that must decide it.
    pub rule: Option<String>,
    /// Where it is written.
    pub origin: Origin,
}

/// What the target may not touch although nobody wrote it: rule `audithook.self`.
#[derive(Debug, Clone)]
pub(crate) struct OwnFiles {
    pub(crate) origin: Origin,
    pub(crate) rule: u32,
    pub(crate) write: Vec<PathBuf>,
    pub(crate) any: Vec<PathBuf>,
    /// What every process has to reach: the directories above are not closed.
    pub(crate) reach: Vec<PathBuf>,
}

impl Policy {
    /// The hooks in the bus's order: priority, then file, then plugin.
    #[must_use]
    pub fn hooks(&self) -> &[Hook] {
        &self.hooks
    }

    /// The texts of the rules, by number.
    #[must_use]
    pub fn rules(&self) -> &[RuleText] {
        &self.rules
    }

    /// The plugin of this name.
    #[must_use]
    pub fn plugin(&self, name: &str) -> Option<&Plugin> {
        self.plugins.iter().find(|plugin| plugin.name == name)
    }

    /// Directories that `write` names, that end in `/`, and that are not there yet.
    #[must_use]
    pub fn directories_to_create(&self) -> Vec<PathBuf> {
        let entries = self.files.write.iter().flat_map(|list| &list.entries);
        let mut made: Vec<_> = entries
            .filter_map(|entry| entry.value.create.clone())
            .collect();
        made.dedup();
        made
    }

    /// Says what the functions are that hooks call, once the plugins are loaded. Those that nobody knows stay gates: asked, and held to.
    pub fn set_call_kinds(&mut self, kind: impl Fn(&str, &str) -> Option<CallKind>) {
        for hook in &mut self.hooks {
            if let Action::Call {
                plugin, function, ..
            } = &hook.action
            {
                hook.kind = kind(plugin, function);
            }
        }
    }

    /// The policy's hash: of all texts, flags included. `process.start` carries it.
    #[must_use]
    pub fn hash(&self) -> String {
        crate::trust::hash(&self.sources)
    }

    /// The files that were read, for a reload to watch.
    pub fn files_read(&self) -> impl Iterator<Item = &std::path::Path> {
        self.sources.iter().filter_map(|source| source.path())
    }
}

impl Hook {
    /// What a failure amounts to. A function that nobody knows yet is a gate.
    #[must_use]
    pub fn on_error(&self) -> OnError {
        self.on_error.unwrap_or(match self.kind {
            Some(CallKind::After | CallKind::Observer) => OnError::Allow,
            _ if matches!(self.action, Action::Do(Do::Log)) => OnError::Allow,
            _ => OnError::Deny,
        })
    }

    /// Where a key of its `with` is written; without one, or where nobody wrote it, what is nearest to it.
    #[must_use]
    pub fn place_in_with(&self, key: Option<&str>) -> &Origin {
        let written = self
            .with_keys
            .iter()
            .find(|written| Some(written.value.as_str()) == key);
        written
            .map(|key| &key.origin)
            .or(self.with_origin.as_ref())
            .unwrap_or(&self.origin)
    }

    /// The rule's id.
    #[must_use]
    pub fn id(&self) -> String {
        format!("hook.{}", self.name)
    }
}
