//! The grammar of the command line. Parser, help, man page and completions are made from these types.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use super::help;

/// Runs a program under a policy: says what it may touch, records what it does.
///
/// `audithook run -- python3 app.py` runs an unmodified program, turns what it does into named events (those of Python's
/// audit hooks), passes each through the policy in hooks.toml and through plugins, and stops what the policy forbids.
#[derive(Debug, Parser)]
#[command(
    name = "audithook",
    version,
    after_long_help = help::EXAMPLES,
    max_term_width = 100,
    styles = help::STYLES
)]
pub(super) struct Arguments {
    /// Whether output is coloured: `auto` asks the terminal and `NO_COLOR`; `always`; `never`.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(super) color: ColorWhen,

    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Run(Run),
    Init(Init),
    Check(Check),
    Log(Log),
    Trust(Trust),
    Plan(Plan),
    Test(Test),
    Explain(Explain),
    Emit(Emit),
    Events(Events),
    #[command(subcommand)]
    Plugin(Plugin),
    Completions(Completions),
    Man(Man),
}

/// Run a program under a policy.
///
/// Without `-c` the policy is ./hooks.toml, if `audithook trust` recorded that you have read it. Flags add to the lists of
/// the file, or are the whole policy where there is no file.
#[derive(Debug, Args)]
#[command(after_long_help = help::RUN)]
pub(super) struct Run {
    #[command(flatten)]
    pub(super) policy: PolicySource,

    /// Judge nothing and refuse nothing: only record what the program does.
    #[arg(long, help_heading = "Policy", conflicts_with = "mode")]
    pub(super) observe: bool,

    /// Name the run: recorded with its first event. May be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) label: Vec<String>,

    /// Append the journal to this file, or write it to the descriptor `fd:N`. A file of several runs tells them apart by `run`.
    #[arg(long, value_name = "FILE|fd:N", value_hint = ValueHint::FilePath)]
    pub(super) journal: Option<String>,

    /// Exit with 123 if anything was denied.
    #[arg(long)]
    pub(super) fail_on_deny: bool,

    /// When the program has ended, wait for what it left running instead of ending it.
    #[arg(long)]
    pub(super) wait_tree: bool,

    /// Say only errors, warnings about the policy and what plugins report: neither the first line nor what was refused.
    #[arg(short, long)]
    pub(super) quiet: bool,

    /// The program and its arguments.
    #[arg(
        required = true,
        trailing_var_arg = true,
        value_name = "CMD",
        value_hint = ValueHint::CommandWithArguments
    )]
    pub(super) command: Vec<OsString>,
}

/// Write a commented hooks.toml to start from.
#[derive(Debug, Args)]
#[command(after_long_help = help::INIT)]
pub(super) struct Init {
    /// Presets to extend: base, python, pip, git, node, cc.
    #[arg(value_name = "PRESET", default_value = "python")]
    pub(super) presets: Vec<String>,

    /// Where to write; `-` is standard output.
    #[arg(short, long, value_name = "FILE", default_value = "hooks.toml", value_hint = ValueHint::FilePath)]
    pub(super) output: PathBuf,

    /// Replace the file if it exists: whole, or not at all. What a symlink leads to is replaced, not the link.
    #[arg(long)]
    pub(super) force: bool,
}

/// Record that you have read a policy, so that `run` uses it without `-c`.
///
/// Shows first what the policy allows and denies, and whose code it runs; then what is trusted: the file, every file that it
/// extends and the libraries of its plugins, by content. When one of them changes, it is asked for again.
#[derive(Debug, Args)]
#[command(after_long_help = help::TRUST)]
pub(super) struct Trust {
    #[command(flatten)]
    pub(super) file: PolicyFile,

    /// Show every policy that is recorded, with the hash of what it was when you read it.
    #[arg(long, conflicts_with_all = ["file", "config", "remove"])]
    pub(super) list: bool,

    /// Trust the policy no longer; its file need not be there any more. Exits with 1 if it was not trusted.
    #[arg(long)]
    pub(super) remove: bool,

    #[command(flatten)]
    pub(super) format: Format,
}

/// Validate a policy.
///
/// Mistakes are shown with their places and, where there is one, the remedy; of very many the worst twenty (JSON has
/// all). What nothing holds yet is a warning. Plugins are looked for, and none of their code runs. Exits with 1 if there is an
/// error.
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    pub(super) file: PolicyFile,

    /// Refuse rules that would only be soft, and warnings.
    #[arg(long)]
    pub(super) strict: bool,

    /// Refuse warnings.
    #[arg(long)]
    pub(super) deny_warnings: bool,

    /// Load the plugins, too: their code runs, and says whether it offers what hooks call and takes `config` and `with`.
    #[arg(long)]
    pub(super) plugins: bool,

    #[command(flatten)]
    pub(super) format: Format,
}

/// Show what this machine can hold: each rule with its layers, cost and strength.
///
/// hard: held against hostile code. soft: held against honest code, for a program that means harm gets around it.
/// sampled: looked at now and then. none: not held. What presets say is summed up; `--all` shows each entry of theirs.
#[derive(Debug, Args)]
pub(super) struct Plan {
    #[command(flatten)]
    pub(super) file: PolicyFile,

    #[command(flatten)]
    pub(super) flags: PolicyFlags,

    /// Show every entry of the presets, too.
    #[arg(long)]
    pub(super) all: bool,

    /// How to show it; `toml` is the policy that presets, files and flags amount to.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: PlanFormat,

    /// The command that the policy is for: presets look at its interpreter.
    #[arg(last = true, value_name = "CMD")]
    pub(super) command: Vec<OsString>,
}

/// Run the [[test]] tables of a policy.
///
/// With a journal: judge its events by the policy instead and show those whose verdict would differ from the recorded one.
/// Exits with 1 if a test fails or a verdict differs.
#[derive(Debug, Args)]
pub(super) struct Test {
    #[command(flatten)]
    pub(super) file: PolicyFile,

    /// Judge the events of this journal.
    #[arg(long, value_name = "JOURNAL", value_hint = ValueHint::FilePath)]
    pub(super) journal: Option<PathBuf>,

    #[command(flatten)]
    pub(super) format: Format,
}

/// Say what the policy says about one event, and why.
///
/// The verdict, every rule that matched, and what would change it. Exits with 1 if the event is refused.
#[derive(Debug, Args)]
#[command(after_long_help = help::EXPLAIN)]
pub(super) struct Explain {
    /// The event's name; `audithook events` lists them.
    #[arg(value_name = "EVENT", required_unless_present = "journal")]
    pub(super) event: Option<String>,

    /// Its arguments: `path=/etc/passwd`, `flags=read,write`, `id:u64=5`.
    #[arg(value_name = "KEY=VALUE")]
    pub(super) arguments: Vec<String>,

    /// Explain an event of this journal.
    #[arg(long, value_name = "FILE", requires = "seq", conflicts_with = "event", value_hint = ValueHint::FilePath)]
    pub(super) journal: Option<PathBuf>,

    /// The event's number in its run: of the last run that has it, where the file holds several.
    #[arg(long, value_name = "N", requires = "journal")]
    pub(super) seq: Option<u64>,

    /// The run, as the journal names it.
    #[arg(long, value_name = "ID", requires = "journal")]
    pub(super) run: Option<String>,

    #[command(flatten)]
    pub(super) policy: PolicySource,

    #[command(flatten)]
    pub(super) format: Format,
}

/// Raise an event on a bus of its own, with the hooks and plugins of the policy.
///
/// Prints the verdict and what the plugins report. Exits with 1 if the event is refused.
#[derive(Debug, Args)]
#[command(after_long_help = help::EMIT)]
pub(super) struct Emit {
    /// The event's name; `audithook events` lists them.
    #[arg(value_name = "EVENT")]
    pub(super) event: String,

    /// Its arguments: `path=/etc/passwd`, `flags=read,write`, `id:u64=5`.
    #[arg(value_name = "KEY=VALUE")]
    pub(super) arguments: Vec<String>,

    /// Raise it this many times.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(super) times: u64,

    #[command(flatten)]
    pub(super) policy: PolicySource,

    #[command(flatten)]
    pub(super) format: Format,
}

/// Show the catalogue of events: names, arguments, sources, kinds of hooks, versions.
#[derive(Debug, Args)]
pub(super) struct Events {
    /// An event's name, or a glob of names.
    #[arg(value_name = "NAME")]
    pub(super) name: Option<String>,

    /// Include the events of other platforms.
    #[arg(long)]
    pub(super) all: bool,

    #[command(flatten)]
    pub(super) format: Format,
}

/// Read a journal.
///
/// Without FILE: the newest of the default directory.
#[derive(Debug, Args)]
#[command(after_long_help = help::LOG)]
pub(super) struct Log {
    /// The journal; `-` is standard input.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) file: Option<PathBuf>,

    /// Only events whose name matches this glob. May be given several times.
    #[arg(long, value_name = "GLOB")]
    pub(super) event: Vec<String>,

    /// Only this verdict: allow, warn, deny, kill. May be given several times; `deny` finds what `mode = "warn"` would have denied, too.
    #[arg(long, value_name = "VERDICT", value_parser = ["allow", "warn", "deny", "kill"], hide_possible_values = true)]
    pub(super) verdict: Vec<String>,

    /// Only this run, as the journal names it: files that several runs have written to hold several.
    #[arg(long, value_name = "ID")]
    pub(super) run: Option<String>,

    /// Only this process: its pid, or its `proc` as the journal has it.
    #[arg(long, value_name = "PROCESS")]
    pub(super) proc: Option<String>,

    /// Only what is not older: a time (RFC 3339), an age (`10m`, `2h`), or a number (`seq:17`, in each run).
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<String>,

    /// Go on as the journal grows.
    #[arg(short, long)]
    pub(super) follow: bool,

    #[command(flatten)]
    pub(super) format: Format,
}

/// Look at plugins.
#[derive(Debug, Subcommand)]
pub(super) enum Plugin {
    List(PluginList),
    Inspect(PluginInspect),
    New(PluginNew),
}

/// List the search path, and each plugin with its hooks, version and hash, or why it is refused.
///
/// Loads the plugins that the policy configures and those of the search path: their code runs. Exits with 1 if one is refused.
#[derive(Debug, Args)]
pub(super) struct PluginList {
    /// The policy whose plugins are listed, beside those of the search path.
    #[arg(short = 'c', long = "config", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) config: Option<PathBuf>,

    #[command(flatten)]
    pub(super) format: Format,
}

/// Show what a plugin says of itself: its hooks, commands, configuration and ABI, or why it is refused.
///
/// The file is loaded in a child process, which its code may kill or hold up for no longer than ten seconds. Exits with 1 if it is
/// refused.
#[derive(Debug, Args)]
pub(super) struct PluginInspect {
    /// The library.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) file: PathBuf,

    /// Load it in this process.
    #[arg(long, hide = true)]
    pub(super) here: bool,

    #[command(flatten)]
    pub(super) format: Format,
}

/// Make a plugin to start from: it builds, passes its tests and runs.
#[derive(Debug, Args)]
#[command(after_long_help = help::PLUGIN_NEW)]
pub(super) struct PluginNew {
    /// What it is called in `[plugin.NAME]`: 1 to 64 of `a-z 0-9 - _`, a letter first.
    #[arg(value_name = "NAME")]
    pub(super) name: String,

    /// What it is written in.
    #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
    pub(super) lang: Language,

    /// The directory to make; the plugin's name here, if it is left out.
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub(super) path: Option<PathBuf>,
}

/// What a plugin is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Language {
    /// A crate on the SDK; `cargo build --release` builds it.
    Rust,
    /// A file beside `audithook.h`; `make` builds it.
    C,
}

/// Print the completions of a shell.
#[derive(Debug, Args)]
#[command(after_long_help = help::COMPLETIONS)]
pub(super) struct Completions {
    /// The shell.
    pub(super) shell: clap_complete::Shell,
}

/// Print the manual page of audithook, or of one of its commands, as roff.
#[derive(Debug, Args)]
pub(super) struct Man {
    /// The command.
    #[arg(value_name = "COMMAND")]
    pub(super) command: Option<String>,
}

/// Where the policy comes from.
#[derive(Debug, Args)]
pub(super) struct PolicySource {
    /// The policy; `-` reads it from standard input. Who names it trusts it: no `audithook trust` is needed.
    #[arg(
        short = 'c',
        long = "config",
        value_name = "FILE",
        help_heading = "Policy",
        value_hint = ValueHint::FilePath
    )]
    pub(super) config: Option<PathBuf>,

    #[command(flatten)]
    pub(super) flags: PolicyFlags,
}

/// The policy, as an argument.
#[derive(Debug, Args)]
pub(super) struct PolicyFile {
    /// The policy; `-` reads it from standard input. ./hooks.toml by default.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,

    /// The same, as `run` takes it.
    #[arg(
        short = 'c',
        long = "config",
        value_name = "FILE",
        conflicts_with = "file",
        value_hint = ValueHint::FilePath
    )]
    config: Option<PathBuf>,
}

impl PolicyFile {
    /// What was named, one way or the other.
    pub(super) fn named(&self) -> Option<&Path> {
        self.file.as_deref().or(self.config.as_deref())
    }
}

/// What flags say of the policy. Each may be given several times. The heading stands at each, because that of the whole
/// would go on to what follows.
#[derive(Debug, Args)]
pub(super) struct PolicyFlags {
    /// Allow reading this path or glob, and what is below it.
    #[arg(long, help_heading = "Policy", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) read: Vec<String>,

    /// Allow changing this path or glob, and what is below it; with a slash at its end it is made if it is missing.
    #[arg(long, help_heading = "Policy", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) write: Vec<String>,

    /// Allow connecting to this host: `example.com:443`, `*.example.com`, `10.0.0.0/8:5432`, `udp://…`.
    #[arg(long, help_heading = "Policy", value_name = "HOST", conflicts_with = "no_network", value_hint = ValueHint::Hostname)]
    pub(super) connect: Vec<String>,

    /// Allow no connection at all: no host, no loopback, no unix socket, no other kind of socket.
    #[arg(long, help_heading = "Policy")]
    pub(super) no_network: bool,

    /// Allow running this program: a path, a name that is looked up in PATH, or a glob of either.
    #[arg(long, help_heading = "Policy", value_name = "PROGRAM", value_hint = ValueHint::CommandName)]
    pub(super) exec: Vec<String>,

    /// Pass this variable, or glob of variables, and set it where a value is given.
    #[arg(long, help_heading = "Policy", value_name = "NAME[=VALUE]")]
    pub(super) env: Vec<String>,

    /// Extend this preset: base, python, pip, git, node, cc.
    #[arg(long, help_heading = "Policy", value_name = "NAME")]
    pub(super) preset: Vec<String>,

    /// `enforce` refuses; `warn` refuses nothing, and records what would be refused; `off` judges nothing.
    #[arg(long, help_heading = "Policy", value_name = "MODE", value_parser = ["enforce", "warn", "off"], hide_possible_values = true)]
    pub(super) mode: Option<String>,
}

/// How data is shown.
#[derive(Debug, Args)]
pub(super) struct Format {
    /// How to show it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: FormatName,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatName {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PlanFormat {
    Text,
    Json,
    Toml,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorWhen {
    Auto,
    Always,
    Never,
}
