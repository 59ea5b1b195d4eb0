//! What the image is made of: plain data that the checked rules of `hooks.toml` amount to.

use audithook_abi::Verdict;

pub use audithook_matcher::{Mode, Overflow, Protocol};

/// A whole policy, ready to be laid out as an image.
///
/// Rules are known by their number: the place in [`rules`](Self::rules). Where several rules say the same, the one
/// with the lowest number leads, so the numbers follow the order of the file.
#[derive(Debug, Clone, Default)]
pub struct ImageInput {
    /// Counts the images of a run; records carry it.
    pub generation: u32,
    /// What a refusal amounts to.
    pub mode: Mode,
    /// What judgements and records name by number.
    pub rules: Vec<RuleText>,
    /// `[files]`
    pub files: FileRules,
    /// `[network]`
    pub network: NetworkRules,
    /// `[process] exec`; `None`: anything may run.
    pub exec: Option<PathList>,
    /// The command itself, resolved: `exec` never refuses it.
    pub command: Option<Vec<u8>>,
    /// The rule that refuses programs that cannot be followed; `None`: they may run.
    pub uncovered: Option<u32>,
    /// `[[hook]]`, in the bus's order.
    pub hooks: Vec<HookInput>,
    /// `[journal] events`
    pub journal: JournalEvents,
    /// `[journal] on-overflow`
    pub overflow: Overflow,
    /// Plugins with `placement = "target"`.
    pub target_plugins: Vec<TargetPlugin>,
}

/// What messages and the journal say of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleText {
    /// `files.read`, `network.deny`, `hook.NAME`, …
    pub id: String,
    /// `hooks.toml:7`
    pub at: String,
    /// The text of the entry, empty if the rule is not about one.
    pub entry: String,
    /// Why, empty if the policy does not say.
    pub reason: String,
    /// What to do about a refusal, empty for nothing.
    pub hint: String,
    /// Never teach the line that would open it.
    pub protected: bool,
}

/// `[files]`
#[derive(Debug, Clone, Default)]
pub struct FileRules {
    /// All that may be read; `None`: everything.
    pub read: Option<PathList>,
    /// All that may be changed; `None`: everything.
    pub write: Option<PathList>,
    /// What may be neither read nor changed, whatever the lists say.
    pub deny: Vec<PathEntry>,
    /// The `!` entries of `deny`: taken out of it.
    pub except: Vec<PathEntry>,
    /// audithook's own files that the target may read and never change.
    pub own_write: Vec<PathEntry>,
    /// audithook's own files that the target never touches.
    pub own_any: Vec<PathEntry>,
    /// What every process of the run has to reach.
    pub own_reach: Vec<PathEntry>,
    /// Denied files that have other names: device, inode, rule.
    pub inodes: Vec<(u64, u64, u32)>,
}

/// A list that is all that is allowed.
#[derive(Debug, Clone, Default)]
pub struct PathList {
    /// Named when nothing in the list matches.
    pub rule: u32,
    /// What is allowed.
    pub entries: Vec<PathEntry>,
}

/// One entry of a list of paths.
#[derive(Debug, Clone)]
pub struct PathEntry {
    /// What it matches.
    pub pattern: PathPattern,
    /// Its rule.
    pub rule: u32,
}

/// Which paths an entry matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathPattern {
    /// An absolute, resolved path: itself and all below it; `/` covers everything.
    Literal(Vec<u8>),
    /// Absolute or beginning with `**`: what it matches, and all below that. `*` and `?` stop at `/`; `**` stands
    /// alone between slashes and is any number of directories; `[a-z]`, `[!a]`, `{a,b}`; `\` takes the meaning of
    /// the next character away. Matches bytes.
    Glob(String),
}

/// `[network]`
#[derive(Debug, Clone, Default)]
pub struct NetworkRules {
    /// All that may be connected to; `None`: everything.
    pub connect: Option<HostList>,
    /// All that may be bound to; `None`: everything.
    pub bind: Option<HostList>,
    /// What may be neither connected nor bound to, whatever the lists say.
    pub deny: Vec<HostEntry>,
    /// Whether loopback is allowed beyond the lists, and by which rule it is not. `None`: unrestricted; `Some` once
    /// `connect` or `bind` is present or `loopback` is written.
    pub loopback: Option<(bool, u32)>,
    /// All unix sockets that may be used; `None`: every one.
    pub unix: Option<UnixList>,
    /// Which sockets may be made; `None`: every one.
    pub sockets: Option<SocketList>,
}

/// A list of hosts that is all that is allowed.
#[derive(Debug, Clone, Default)]
pub struct HostList {
    /// Named when nothing in the list matches.
    pub rule: u32,
    /// What is allowed.
    pub entries: Vec<HostEntry>,
}

/// One entry of a list of hosts.
#[derive(Debug, Clone)]
pub struct HostEntry {
    /// Which hosts.
    pub host: HostPattern,
    /// The first and the last port; `None`: any.
    pub ports: Option<(u16, u16)>,
    /// Over what.
    pub protocol: Protocol,
    /// Its rule.
    pub rule: u32,
}

/// Which hosts an entry matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostPattern {
    /// Every name and every address. Does not open what `loopback = false` closes: that wants an entry of its own.
    Any,
    /// A name: A-labels, lower case, no trailing dot.
    Name(String),
    /// `*.x` holds `x`: one or more labels before it, not the apex.
    Suffix(String),
    /// A network.
    Net {
        /// Its address; IPv4 as `::ffff:a.b.c.d`.
        address: [u8; 16],
        /// How many leading bits count, 0 to 128. From 96 on an IPv4 address is meant where the address is one;
        /// a shorter prefix holds IPv6 addresses only.
        prefix: u8,
    },
}

/// `[network] unix`
#[derive(Debug, Clone, Default)]
pub struct UnixList {
    /// Named when nothing in the list matches.
    pub rule: u32,
    /// Sockets in the file system.
    pub paths: Vec<PathEntry>,
    /// Abstract sockets, without the `@`, and their rules.
    pub names: Vec<(String, u32)>,
}

/// `[network] sockets`
#[derive(Debug, Clone, Default)]
pub struct SocketList {
    /// Named when a socket is refused.
    pub rule: u32,
    /// Families, kinds and protocols that are allowed beyond `inet`, `inet6`, `unix` with `stream` and `dgram`.
    pub names: Vec<String>,
}

/// One `[[hook]]`.
#[derive(Debug, Clone)]
pub struct HookInput {
    /// Names of events; `*` is any text, `?` any character, dots are ordinary.
    pub on: Vec<String>,
    /// Under which condition.
    pub when: When,
    /// What it does.
    pub action: HookAction,
    /// Its rule.
    pub rule: u32,
}

/// The condition of a hook.
#[derive(Debug, Clone)]
pub enum When {
    /// None.
    Always,
    /// Every argument matches one of its globs. For a value of kind path a glob is as in [`PathPattern::Glob`] (and may be
    /// relative, for arguments that are recorded as given); for others `*` matches anything.
    /// Of a list one element must match. Arguments without a name are known by their place: `0`, `1`, ….
    Table(Vec<(String, Vec<String>)>),
    /// CEL, which the supervisor evaluates.
    Cel,
}

/// What a hook does where its condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookAction {
    /// Says this.
    Verdict(Verdict),
    /// Has the event recorded.
    Log,
    /// Asks a plugin's gate in the supervisor.
    Gate,
    /// Shows the event to a plugin's observer.
    Observe,
    /// Calls a plugin's gate in the target: the place in [`ImageInput::target_plugins`] and in its hooks.
    TargetGate {
        /// The plugin.
        plugin: u32,
        /// The hook.
        hook: u32,
    },
}

/// `[journal] events`
#[derive(Debug, Clone, Default)]
pub struct JournalEvents {
    /// Globs of names; `@default` already replaced by the catalogue's names.
    pub names: Vec<String>,
    /// Names outside the catalogue too.
    pub custom: bool,
}

/// A plugin that is loaded into the target.
#[derive(Debug, Clone)]
pub struct TargetPlugin {
    /// Its name.
    pub name: String,
    /// Its shared library.
    pub path: Vec<u8>,
    /// Its configuration: JSON.
    pub config: String,
    /// Its hooks.
    pub hooks: Vec<TargetHook>,
}

/// A hook of a plugin that is loaded into the target.
#[derive(Debug, Clone)]
pub struct TargetHook {
    /// The plugin's function.
    pub function: String,
    /// What `with` gives it: JSON.
    pub with: String,
    /// What a failure amounts to: `Deny` or `Allow`.
    pub on_error: Verdict,
}
