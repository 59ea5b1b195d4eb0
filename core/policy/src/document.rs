//! The grammar of hooks.toml: what a file may say, before it means anything.
//!
//! One source of truth: the JSON Schema is made of these types, doc comments included, and the reader takes the names
//! that it offers for an unknown key from that schema. A test holds the reader to it.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::source::Spot;

/// A policy for `audithook run`: what a program and its children may do, and what happens when they do it.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename = "hooks.toml", rename_all = "kebab-case", deny_unknown_fields, extend("required" = ["version"]))]
pub struct Document {
    /// The version of this grammar: 1.
    #[schemars(with = "Version")]
    pub version: Option<Spot<u64>>,
    /// Presets (`base`, `python`, `pip`, `git`, `node`, `cc`) and paths of other files. Their lists come before this
    /// file's; where both say one thing, this file wins.
    pub extends: Option<List>,
    /// What an absent list means.
    pub default: Option<Spot<Fallback>>,
    /// Whether refusals are meant.
    pub mode: Option<Spot<ModeWord>>,
    /// Which rules are good enough to start with.
    pub require: Option<Spot<Require>>,
    /// What happens where a kernel layer is missing that a rule needs.
    pub degrade: Option<Spot<Degrade>>,
    /// No reload and no plugin after the start.
    pub lock: Option<Spot<bool>>,
    /// Which files may be touched.
    pub files: Files,
    /// Which hosts and sockets may be used.
    pub network: Network,
    /// Which programs may be run, and what processes may do to each other.
    pub process: Process,
    /// Which variables the program gets.
    pub env: Env,
    /// Limits of the whole tree of processes.
    pub limits: Limits,
    /// The ordered record of what happened.
    pub journal: Journal,
    /// Plugins, by name. A plugin attaches nothing by itself: a `[[hook]]` calls it.
    pub plugin: BTreeMap<String, Plugin>,
    /// What reacts to events: a verdict, or a function of a plugin.
    pub hook: Vec<Hook>,
    /// Events with the verdict that they must get; `audithook test` runs them.
    pub test: Vec<Test>,
}

/// `[files]`: paths and globs. `*` stops at `/`, `**` does not; a directory covers what is below it.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, extend("required" = []))]
pub struct Files {
    /// All that may be opened for reading and listed. `@python`, `@program` and `@venv` stand for what the command needs.
    pub read: Option<List>,
    /// All that may be changed: created, written, truncated, deleted, renamed, linked. Does not imply `read`. What is
    /// missing must end in `/`: it is made as a directory.
    pub write: Option<List>,
    /// What may be neither read nor changed, whatever the other lists say; `!` takes out of this list.
    pub deny: Option<List>,
    /// Where temporary files go. Private once `write` is present.
    pub tmp: Option<Spot<Tmp>>,
    /// Whether denials that the kernel decides alone are recorded.
    pub r#static: Option<Spot<Static>>,
}

/// `[network]`: `host`, `host:port`, `host:first-last`, `*.domain`, networks such as `10.0.0.0/8:5432`,
/// `[2001:db8::1]:443`; TCP unless they begin with `udp://`; any port where none is given.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, extend("required" = []))]
pub struct Network {
    /// All that may be connected to.
    pub connect: Option<List>,
    /// All that may be bound to.
    pub bind: Option<List>,
    /// What may be neither connected nor bound to, whatever the other lists say.
    pub deny: Option<List>,
    /// Whether 127.0.0.0/8 and ::1 are open beyond the lists. False once `connect` or `bind` is present.
    pub loopback: Option<Spot<bool>>,
    /// All unix sockets that may be used: paths, and `@name` for abstract ones.
    pub unix: Option<List>,
    /// Families and kinds of sockets beyond TCP, UDP and unix ones: `netlink`, `raw`, `packet`, …
    pub sockets: Option<List>,
}

/// `[process]`
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, extend("required" = []))]
pub struct Process {
    /// All programs that may be run: paths, names that are looked up in `PATH`, globs of both. `@python` stands for the
    /// interpreters. The command itself may always run.
    pub exec: Option<List>,
    /// Whom signals may reach.
    pub signal: Option<Spot<Signal>>,
    /// Whether children may run that the Python hook cannot follow.
    pub uncovered: Option<Spot<Uncovered>>,
    /// Descriptors that the program keeps, beyond 0 to 2, pipes, and files that the policy allows.
    pub inherit_fds: Option<Spot<Vec<Spot<u64>>>>,
}

/// `[env]`: names and globs of names.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, extend("required" = []))]
pub struct Env {
    /// All variables that the program gets.
    pub pass: Option<List>,
    /// Variables that it does not get, whatever `pass` says; `!` takes out of this list.
    pub deny: Option<List>,
    /// Variables that are set for it.
    #[schemars(with = "BTreeMap<String, String>")]
    pub set: BTreeMap<String, Spot<String>>,
}

/// `[limits]`: of the whole tree of processes.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, extend("required" = []))]
pub struct Limits {
    /// Memory of all processes together: `2GiB`.
    #[schemars(with = "Option<SizeText>")]
    pub memory: Option<Spot<Amount>>,
    /// How many processes there may be at once.
    pub processes: Option<Spot<u64>>,
    /// How many files each process may hold open.
    pub open_files: Option<Spot<u64>>,
    /// Processor time of all processes together: `60s`.
    #[schemars(with = "Option<DurationText>")]
    pub cpu: Option<Spot<Amount>>,
    /// Time from start to end: `5m`.
    #[schemars(with = "Option<DurationText>")]
    pub wall: Option<Spot<Amount>>,
    /// How large a file may grow: `1GiB`.
    #[schemars(with = "Option<SizeText>")]
    pub file_size: Option<Spot<Amount>>,
}

/// `[journal]`
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, extend("required" = []))]
pub struct Journal {
    /// The file; `{run}` stands for the run's id. `fd:N` writes to a descriptor, `none` writes no journal.
    pub path: Option<Spot<String>>,
    /// Which events are recorded: globs of names, and `@default`. Denials, warnings and `process.*` always are.
    pub events: Option<List>,
    /// What happens when records come faster than they can be written.
    pub on_overflow: Option<Spot<OnOverflow>>,
    /// When a new file is begun and how many are kept.
    pub rotate: Option<Spot<Rotate>>,
}

/// `rotate = { size = "64MiB", keep = 8 }`
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, extend("required" = []))]
pub struct Rotate {
    /// How large a file grows before the next is begun.
    #[schemars(with = "Option<SizeText>")]
    pub size: Option<Spot<Amount>>,
    /// How many files are kept.
    pub keep: Option<Spot<u64>>,
}

/// `[plugin.NAME]`
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, extend("required" = []))]
pub struct Plugin {
    /// The shared library; without it the search path is asked for the name.
    pub path: Option<Spot<String>>,
    /// The hash that the library must have.
    pub sha256: Option<Spot<String>>,
    /// Where it runs. `process` unless it is bundled or pinned.
    pub placement: Option<Spot<Placement>>,
    /// Given to the plugin once, when it is created.
    pub config: Option<Spot<Json>>,
    /// What its process may do, with `placement = "process"`.
    pub sandbox: Sandbox,
    /// Where the table is written.
    #[schemars(skip)]
    pub origin: crate::source::Origin,
}

/// `[plugin.NAME.sandbox]`: of a plugin in a process of its own.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, extend("required" = []))]
pub struct Sandbox {
    /// Files and directories that it may read, beside its own library and the system's.
    pub read: Option<List>,
    /// Files and directories that it may read and write.
    pub write: Option<List>,
    /// Whether it may use IPv4 and IPv6. `false`.
    pub network: Option<Spot<bool>>,
    /// Its memory: `256MiB`.
    #[schemars(with = "Option<SizeText>")]
    pub memory: Option<Spot<Amount>>,
    /// How many files it may hold open: 64.
    pub open_files: Option<Spot<u64>>,
    /// How long a hook may take before the process is killed: `1s`.
    #[schemars(with = "Option<DurationText>")]
    pub timeout: Option<Spot<Amount>>,
}

/// `[[hook]]`
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, extend("required" = ["on"]))]
pub struct Hook {
    /// The name that messages, the journal and tests use: `hook.NAME`.
    pub name: Option<Spot<String>>,
    /// The events: a glob of names or several.
    #[schemars(with = "OneOrMany")]
    pub on: Option<List>,
    /// The condition: globs of arguments, all of which must hold; or an expression in CEL over `args` and `event`.
    #[schemars(with = "Option<WhenShape>")]
    pub when: Option<Spot<When>>,
    /// The verdict, or `log` to have the event recorded.
    pub r#do: Option<Spot<Do>>,
    /// A function of a plugin: `plugin.function`.
    pub call: Option<Spot<String>>,
    /// Given to the plugin's function for this hook.
    pub with: Option<Spot<Json>>,
    /// Where its keys are written.
    #[schemars(skip)]
    pub with_keys: Vec<Spot<String>>,
    /// Said in messages and in the journal.
    pub reason: Option<Spot<String>>,
    /// Lower runs first.
    pub priority: Option<Spot<i64>>,
    /// What a failure of the hook amounts to: `deny` for gates unless it says otherwise, `allow` for afters and observers.
    pub on_error: Option<Spot<OnError>>,
    /// Whether `do` or `call` is written, be it wrongly.
    #[schemars(skip)]
    pub has_action: bool,
    /// Where the table is written.
    #[schemars(skip)]
    pub origin: crate::source::Origin,
}

/// `[[test]]`
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, extend("required" = ["event", "expect"]))]
pub struct Test {
    /// The event's name.
    #[schemars(with = "String")]
    pub event: Option<Spot<String>>,
    /// Its arguments, by name. Paths are resolved as a program's would be.
    pub args: Option<Spot<Json>>,
    /// The verdict that it must get.
    #[schemars(with = "Expect")]
    pub expect: Option<Spot<Expect>>,
    /// The rule that must decide it: `files.deny`, `hook.NAME`.
    pub rule: Option<Spot<String>>,
    /// Where the table is written.
    #[schemars(skip)]
    pub origin: crate::source::Origin,
}

/// A list: `"any"`, `"none"` (the same as `[]`), or its entries.
#[derive(Debug, Clone)]
pub struct List {
    /// Where the list is written.
    pub origin: crate::source::Origin,
    /// What it says.
    pub items: Items,
}

/// What a [`List`] says.
#[derive(Debug, Clone)]
pub enum Items {
    /// `"any"`
    Any,
    /// `"none"` or entries.
    Entries(Vec<Spot<String>>),
}

impl JsonSchema for List {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "list".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "`\"any\"`, `\"none\"` (the same as `[]`), one entry, or several.",
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" } },
            ],
        })
    }
}

/// The condition of a hook.
#[derive(Debug, Clone)]
pub enum When {
    /// Globs by argument.
    Table(Vec<(Spot<String>, Vec<Spot<String>>)>),
    /// CEL.
    Expression(String),
}

/// A size or a duration: a text with a unit, or a bare number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amount {
    /// `2GiB`, `5m`
    Text(String),
    /// Bytes or seconds.
    Number(u64),
}

/// A TOML value that is handed on as JSON.
pub type Json = serde_json::Value;

/// Shapes that only the schema knows.
macro_rules! shape {
    ($($name:ident = $schema:tt),* $(,)?) => {$(
        struct $name;

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

shape! {
    Version = { "const": 1 },
    OneOrMany = { "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] },
    SizeText = { "anyOf": [
        { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? ?([KMGT]i?)?[Bb]?$" },
        { "type": "integer", "minimum": 0 },
    ] },
    DurationText = { "anyOf": [
        { "type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+$" },
        { "type": "integer", "minimum": 0 },
    ] },
    WhenShape = { "anyOf": [
        { "type": "string" },
        { "type": "object", "additionalProperties": {
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
        } },
    ] },
}

/// A value that is one of a few words.
pub trait Word: Copy + 'static {
    /// All of them, with the word.
    const ALL: &'static [(&'static str, Self)];

    /// The value of this word.
    fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(text, _)| *text == word)
            .map(|(_, value)| *value)
    }
}

macro_rules! words {
    ($($(#[$meta:meta])* $name:ident { $($(#[$about:meta])+ $variant:ident = $word:literal),* $(,)? })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, JsonSchema)]
        #[schemars(inline)]
        pub enum $name {$(
            $(#[$about])+
            #[schemars(rename = $word)]
            $variant,
        )*}

        impl Word for $name {
            const ALL: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),*];
        }

        impl $name {
            /// The word that the file uses.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    )*};
}

words! {
    /// What an absent list means.
    #[derive(Default)]
    Fallback {
        /// It restricts nothing.
        #[default]
        Allow = "allow",
        /// It allows nothing.
        Deny = "deny",
    }
    /// Whether refusals are meant.
    ModeWord {
        /// They are.
        Enforce = "enforce",
        /// Deny and kill become warn and are recorded with `would`.
        Warn = "warn",
        /// Nothing is judged; observers see everything.
        Off = "off",
    }
    /// Which rules are good enough to start with.
    #[derive(Default)]
    Require {
        /// All that `plan` shows.
        #[default]
        Any = "any",
        /// Only those that hold against hostile code.
        Hard = "hard",
    }
    /// What happens where a kernel layer is missing that a rule needs.
    #[derive(Default)]
    Degrade {
        /// The run does not start.
        #[default]
        Refuse = "refuse",
        /// It starts and says which rules became soft.
        Warn = "warn",
    }
    /// Where temporary files go.
    Tmp {
        /// To a fresh directory that `TMPDIR` names and that is removed at the end.
        Private = "private",
        /// To where they always go.
        Shared = "shared",
    }
    /// Whether denials that the kernel decides alone are recorded.
    #[derive(Default)]
    Static {
        /// They are, at the cost of a notification.
        #[default]
        Record = "record",
        /// They are not, and cost nothing.
        Silent = "silent",
    }
    /// Whom signals may reach.
    #[derive(Default)]
    Signal {
        /// Processes of the run.
        #[default]
        Tree = "tree",
        /// Whomever the user may signal.
        Any = "any",
    }
    /// Whether children may run that the Python hook cannot follow.
    #[derive(Default)]
    Uncovered {
        /// They may, and are recorded.
        #[default]
        Allow = "allow",
        /// They may not.
        Deny = "deny",
    }
    /// What happens when records come faster than they can be written.
    OnOverflow {
        /// The program waits.
        Wait = "wait",
        /// Records are dropped and counted.
        Drop = "drop",
        /// The run ends.
        Abort = "abort",
    }
    /// Where a plugin runs.
    Placement {
        /// In the supervisor.
        Supervisor = "supervisor",
        /// In a process of its own.
        Process = "process",
        /// In the program: nanoseconds, no state in common, and the program can tamper with it.
        Target = "target",
    }
    /// What a hook does.
    Do {
        /// Refuses.
        Deny = "deny",
        /// Lets it happen and records a warning.
        Warn = "warn",
        /// Refuses and ends the whole run.
        Kill = "kill",
        /// Has the event recorded.
        Log = "log",
    }
    /// What a failure of a hook amounts to.
    OnError {
        /// A refusal.
        Deny = "deny",
        /// Nothing; counted and recorded.
        Allow = "allow",
        /// The hook is not asked again.
        Disable = "disable",
    }
    /// A verdict that a test expects.
    Expect {
        /// The operation may happen.
        Allow = "allow",
        /// It may happen and is recorded as a warning.
        Warn = "warn",
        /// It is refused.
        Deny = "deny",
        /// It is refused and the run ends.
        Kill = "kill",
    }
}
