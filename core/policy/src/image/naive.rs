//! What a policy means, said as plainly as possible: the oracle for image and matcher.
//!
//! No index, no cleverness: every entry is tried, paths with `globset`, networks with `ipnet`, and every rule that
//! speaks is written down. Slow, and easy to compare with the policy's *Meaning*. It takes hosts in their one form; bringing
//! them into it has tests of its own.

mod network;

use std::collections::BTreeSet;
use std::ffi::OsStr;

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use audithook_abi::{VALUE_TRUNCATED, Value, Verdict, View};
use audithook_catalogue::{Operation, arg_symbol, find};
use audithook_matcher::{Context, Judgement, MOST_NAMED, NO_ROOM, TAKEN_AWAY};
use globset::GlobBuilder;

use super::{HookAction, HookInput, ImageInput, Mode, PathEntry, PathList, PathPattern, When};

pub use network::judge_answer;

/// What the oracle says of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// As in [`Judgement`].
    pub verdict: Verdict,
    /// As in [`Judgement`].
    pub would: Option<Verdict>,
    /// As in [`Judgement`].
    pub ask: bool,
    /// As in [`Judgement`].
    pub log: bool,
    /// As in [`Judgement`].
    pub observe: bool,
    /// As in [`Judgement::rules`].
    pub rules: Vec<u32>,
    /// As in [`Judgement::target_hooks`], sorted.
    pub target_hooks: Vec<(u32, u32)>,
}

impl From<&Judgement> for Opinion {
    fn from(judgement: &Judgement) -> Self {
        let mut target_hooks = judgement.target_hooks().to_vec();
        target_hooks.sort_unstable();
        Self {
            verdict: judgement.verdict,
            would: judgement.would,
            ask: judgement.ask,
            log: judgement.log,
            observe: judgement.observe,
            rules: judgement.rules().to_vec(),
            target_hooks,
        }
    }
}

/// Judges an event.
#[must_use]
pub fn judge(input: &ImageInput, name: &str, args: &[Value<'_>], context: &Context<'_>) -> Opinion {
    let mut said = Said::default();
    let case = Case {
        input,
        args,
        context,
    };
    let operation = find(name).map_or(Operation::None, |(_, info)| info.operation);
    if input.mode != Mode::Off {
        case.operation(name, operation, &mut said);
    }
    for hook in &input.hooks {
        if hook
            .on
            .iter()
            .any(|pattern| wildcard(pattern.as_bytes(), name.as_bytes()))
        {
            case.hook(hook, &mut said);
        }
    }
    said.opinion(input.mode)
}

#[derive(Default)]
struct Said {
    verdicts: Vec<(Verdict, u32)>,
    logs: BTreeSet<u32>,
    ask: bool,
    observe: bool,
    hooks: Vec<((u32, u32), u32)>,
}

impl Said {
    fn deny(&mut self, rule: u32) {
        self.verdicts.push((Verdict::Deny, rule));
    }

    fn deny_all(&mut self, rules: impl IntoIterator<Item = u32>) {
        rules.into_iter().for_each(|rule| self.deny(rule));
    }

    fn opinion(mut self, mode: Mode) -> Opinion {
        if let Some(rest) = self.hooks.get(MOST_NAMED..) {
            self.verdicts
                .extend(rest.iter().map(|&(_, rule)| (Verdict::Deny, rule)));
            self.hooks.truncate(MOST_NAMED);
        }
        let raw = self
            .verdicts
            .iter()
            .map(|&(verdict, _)| verdict)
            .max()
            .unwrap_or_default();
        let rules: BTreeSet<u32> = if raw == Verdict::Allow {
            self.logs.clone()
        } else {
            self.verdicts
                .iter()
                .filter(|said| said.0 == raw)
                .map(|said| said.1)
                .collect()
        };
        let softened = mode == Mode::Warn && raw.refuses();
        let mut target_hooks: Vec<_> = self.hooks.iter().map(|&(hook, _)| hook).collect();
        target_hooks.sort_unstable();
        if raw == Verdict::Kill {
            target_hooks.clear();
        }
        Opinion {
            verdict: if softened { Verdict::Warn } else { raw },
            would: softened.then_some(raw),
            ask: self.ask && raw != Verdict::Kill,
            log: !self.logs.is_empty(),
            observe: self.observe,
            rules: rules.into_iter().take(MOST_NAMED).collect(),
            target_hooks,
        }
    }
}

struct Case<'c> {
    input: &'c ImageInput,
    args: &'c [Value<'c>],
    context: &'c Context<'c>,
}

impl Case<'_> {
    fn operation(&self, name: &str, operation: Operation, said: &mut Said) {
        match operation {
            Operation::None => {}
            Operation::Open => match self.list("flags") {
                Some(flags) => {
                    let has = |flag: &str| flags.contains(&flag.as_bytes());
                    let write = ["write", "create", "truncate", "append", "tmpfile"]
                        .iter()
                        .any(|flag| has(flag));
                    let read = has("read") || !write && !has("path");
                    self.path("path", read, write, false, said);
                }
                None => self.unusable_path(true, true, said),
            },
            Operation::List => self.path("path", true, false, false, said),
            Operation::Write => {
                self.path("path", false, true, false, said);
                self.closing(name, said);
            }
            Operation::Create | Operation::Symlink => self.path("path", false, true, false, said),
            Operation::Unlink => self.path("path", false, true, true, said),
            Operation::Rename | Operation::Link => {
                self.path("src", false, true, true, said);
                self.path("dst", false, true, true, said);
            }
            Operation::Database => {
                let only_read = self.list("flags").is_some_and(|flags| flags == [b"read"]);
                if !matches!(self.bytes("path"), Some(b"" | b":memory:")) {
                    self.path("path", true, !only_read, false, said);
                }
            }
            Operation::Load => {
                let none = matches!(self.value("path"), None | Some(View::Null))
                    || self.bytes("path") == Some(b"");
                if !none {
                    self.path("path", true, false, false, said);
                }
            }
            Operation::Connect => self.socket(false, said),
            Operation::Bind => self.socket(true, said),
            Operation::Resolve => self.resolve(false, said),
            Operation::Reverse => self.resolve(true, said),
            Operation::Socket => self.make_socket(said),
            Operation::Exec | Operation::Shell => self.program(said),
            Operation::Uncovered => {
                said.deny_all(self.input.uncovered);
                self.program(said);
                let own_doing = [TAKEN_AWAY, NO_ROOM[0], NO_ROOM[1]].map(str::as_bytes);
                if self
                    .bytes("reason")
                    .is_some_and(|reason| own_doing.contains(&reason))
                    && self.has_lists()
                {
                    said.deny_all(first(&self.input.files.own_any));
                }
            }
            Operation::Root => self.other_root(said),
            Operation::Limits if self.has_lists() => {
                said.deny_all(first(&self.input.files.own_any));
            }
            Operation::Limits => {}
            Operation::Namespace => {
                let words = self.list("namespaces");
                let has = |wanted: &[&[u8]]| {
                    words
                        .as_ref()
                        .is_none_or(|words| words.iter().any(|word| wanted.contains(word)))
                };
                if has(&[b"mount", b"user", b"pid"]) {
                    self.other_root(said);
                }
                if has(&[b"network"]) {
                    self.other_network(said);
                }
            }
        }
    }

    fn other_root(&self, said: &mut Said) {
        let ImageInput { files, network, .. } = self.input;
        let lists = [&files.read, &files.write, &self.input.exec];
        said.deny_all(lists.into_iter().flatten().map(|list| list.rule));
        said.deny_all(first(&files.deny));
        said.deny_all(network.unix.as_ref().map(|list| list.rule));
        if self.has_lists() {
            said.deny_all(first(&files.own_write));
            said.deny_all(first(&files.own_any));
        }
    }

    fn has_lists(&self) -> bool {
        let ImageInput { files, network, .. } = self.input;
        let paths = [&files.read, &files.write, &self.input.exec];
        paths.into_iter().any(Option::is_some)
            || !files.deny.is_empty()
            || network.unix.is_some()
            || network.connect.is_some()
            || network.bind.is_some()
            || !network.deny.is_empty()
            || network.loopback.is_some()
            || network.sockets.is_some()
            || self.input.uncovered.is_some()
    }

    /// A directory may let fewer pass: what lies below has to stay within reach.
    fn closing(&self, name: &str, said: &mut Said) {
        let number = |name| match self.value(name) {
            Some(View::U64(number)) => Some(number),
            Some(View::I64(number)) => Some(number as u64),
            _ => None,
        };
        let is_open = match name {
            "os.chmod" => number("mode").is_some_and(|mode| mode >> 6 & 1 == 1),
            "os.chown" => number("uid") == Some(u64::MAX),
            "os.setxattr" | "os.removexattr" => self
                .bytes("attribute")
                .is_some_and(|attribute| attribute.starts_with(b"user.")),
            _ => true,
        };
        let Some(path) = self.bytes("path").filter(|path| is_resolved(path)) else {
            return;
        };
        if !is_open {
            let reach = self.input.files.own_reach.iter();
            said.deny_all(
                reach
                    .filter(|entry| lies_below(entry, path))
                    .map(|entry| entry.rule),
            );
        }
    }

    fn path(&self, name: &str, read: bool, write: bool, moves: bool, said: &mut Said) {
        if !read && !write || matches!(self.value(name), Some(View::Fd(_))) {
            return;
        }
        let files = &self.input.files;
        let Some(path) = self.bytes(name).filter(|path| is_resolved(path)) else {
            return self.unusable_path(read, write, said);
        };
        if read && !list_has(files.read.as_ref(), path) {
            said.deny_all(files.read.as_ref().map(|list| list.rule));
        }
        if write && !list_has(files.write.as_ref(), path) {
            said.deny_all(files.write.as_ref().map(|list| list.rule));
        }
        self.denied(path, write, said);
        if let Some((device, inode)) = self.context.inode
            && name != "dst"
        {
            said.deny_all(
                files
                    .inodes
                    .iter()
                    .filter(|file| (file.0, file.1) == (device, inode))
                    .map(|file| file.2),
            );
        }
        if moves {
            let entries = files
                .deny
                .iter()
                .chain(&files.own_any)
                .chain(&files.own_write);
            said.deny_all(
                entries
                    .filter(|entry| lies_below(entry, path))
                    .map(|entry| entry.rule),
            );
        }
    }

    fn denied(&self, path: &[u8], write: bool, said: &mut Said) {
        let files = &self.input.files;
        let matching = |entries: &[PathEntry]| -> Vec<u32> {
            entries
                .iter()
                .filter(|entry| covers(&entry.pattern, path))
                .map(|entry| entry.rule)
                .collect()
        };
        if matching(&files.except).is_empty() {
            said.deny_all(matching(&files.deny));
        }
        said.deny_all(matching(&files.own_any));
        if write {
            said.deny_all(matching(&files.own_write));
        }
    }

    fn unusable_path(&self, read: bool, write: bool, said: &mut Said) {
        let files = &self.input.files;
        if read {
            said.deny_all(files.read.as_ref().map(|list| list.rule));
        }
        if write {
            said.deny_all(files.write.as_ref().map(|list| list.rule));
            said.deny_all(first(&files.own_write));
        }
        said.deny_all(first(&files.deny));
        said.deny_all(first(&files.own_any));
    }

    fn program(&self, said: &mut Said) {
        let input = self.input;
        let Some(path) = self.bytes("path").filter(|path| is_resolved(path)) else {
            said.deny_all(input.exec.as_ref().map(|list| list.rule));
            said.deny_all(first(&input.files.deny));
            said.deny_all(first(&input.files.own_any));
            return;
        };
        let is_command = input.command.as_deref() == Some(path);
        if !is_command && !list_has(input.exec.as_ref(), path) {
            said.deny_all(input.exec.as_ref().map(|list| list.rule));
        }
        self.denied(path, false, said);
    }

    fn hook(&self, hook: &HookInput, said: &mut Said) {
        let gates = !matches!(hook.action, HookAction::Log | HookAction::Observe);
        if gates && self.input.mode == Mode::Off {
            return;
        }
        let known = |name: &str| arg_symbol(name.as_bytes()).is_some();
        let holds = match &hook.when {
            When::Always => Some(true),
            When::Cel => None,
            When::Table(table) if table.iter().any(|(name, _)| !known(name)) => None,
            When::Table(table) => {
                let parts: Vec<Option<bool>> = table
                    .iter()
                    .map(|(name, globs)| self.condition(name, globs))
                    .collect();
                if parts.contains(&Some(false)) {
                    Some(false)
                } else if parts.contains(&None) {
                    return self.cut(hook, said);
                } else {
                    Some(true)
                }
            }
        };
        match (holds, hook.action) {
            (Some(false), _) => {}
            (None, _) if gates => said.ask = true,
            (None, _) => said.observe = true,
            (Some(true), HookAction::Verdict(verdict)) => said.verdicts.push((verdict, hook.rule)),
            (Some(true), HookAction::Log) => {
                said.logs.insert(hook.rule);
            }
            (Some(true), HookAction::Gate) => said.ask = true,
            (Some(true), HookAction::Observe) => said.observe = true,
            (
                Some(true),
                HookAction::TargetGate {
                    plugin,
                    hook: place,
                },
            ) => said.hooks.push(((plugin, place), hook.rule)),
        }
    }

    /// A condition that reads what was cut.
    fn cut(&self, hook: &HookInput, said: &mut Said) {
        match hook.action {
            HookAction::Verdict(_) | HookAction::Gate => said.ask = true,
            HookAction::Observe => said.observe = true,
            HookAction::Log => {
                said.logs.insert(hook.rule);
            }
            HookAction::TargetGate {
                plugin,
                hook: place,
            } => {
                let gate = &self.input.target_plugins[plugin as usize].hooks[place as usize];
                if gate.on_error != Verdict::Allow {
                    said.deny(hook.rule);
                }
            }
        }
    }

    /// Nothing where it depends on what was cut.
    fn condition(&self, name: &str, globs: &[String]) -> Option<bool> {
        let matches = |view: View<'_>| {
            globs.iter().any(|glob| {
                let text = match view {
                    View::Path(path) => return glob_covers(glob, path),
                    View::Str(text) | View::Bytes(text) => text.to_vec(),
                    View::Bool(value) => value.to_string().into_bytes(),
                    View::I64(value) => value.to_string().into_bytes(),
                    View::U64(value) => value.to_string().into_bytes(),
                    View::Fd(value) => value.to_string().into_bytes(),
                    _ => return false,
                };
                matcher(glob, false).is_match(Path::new(OsStr::from_bytes(&text)))
            })
        };
        let is_cut = |value: &Value<'_>| value.flags() & VALUE_TRUNCATED != 0;
        let Some(value) = self.argument(name) else {
            return Some(false);
        };
        match value.view() {
            View::List(values) => {
                let whole = || values.iter().filter(|value| !is_cut(value));
                if whole().any(|value| matches(value.view())) {
                    Some(true)
                } else {
                    (!is_cut(value) && whole().count() == values.len()).then_some(false)
                }
            }
            view => (!is_cut(value)).then(|| matches(view)),
        }
    }

    fn value(&self, name: &str) -> Option<View<'_>> {
        self.argument(name).map(Value::view)
    }

    fn argument(&self, name: &str) -> Option<&Value<'_>> {
        let symbol = arg_symbol(name.as_bytes())?;
        self.args.iter().find(|value| value.name() == symbol)
    }

    fn bytes(&self, name: &str) -> Option<&[u8]> {
        match self.value(name)? {
            View::Str(bytes) | View::Bytes(bytes) | View::Path(bytes) => Some(bytes),
            _ => None,
        }
    }

    fn list(&self, name: &str) -> Option<Vec<&[u8]>> {
        match self.value(name)? {
            View::List(values) => values.iter().map(|value| value.as_bytes()).collect(),
            _ => None,
        }
    }
}

/// Whether a path is above what the entry names, or above the directory that its paths lie in.
fn lies_below(entry: &PathEntry, path: &[u8]) -> bool {
    match &entry.pattern {
        PathPattern::Literal(literal) => *literal != path && covers_literally(path, literal),
        // Braces may stand for paths without a star.
        PathPattern::Glob(glob) => {
            let (plain, directories) = plain_paths(glob);
            plain
                .iter()
                .any(|literal| literal != path && covers_literally(path, literal))
                || directories
                    .iter()
                    .any(|directory| covers_literally(path, directory))
        }
    }
}

fn first(entries: &[PathEntry]) -> Option<u32> {
    entries.iter().map(|entry| entry.rule).min()
}

fn is_resolved(path: &[u8]) -> bool {
    path.starts_with(b"/")
        && !path
            .split(|&byte| byte == b'/')
            .any(|name| name == b"." || name == b"..")
}

fn list_has(list: Option<&PathList>, path: &[u8]) -> bool {
    list.is_none_or(|list| {
        list.entries
            .iter()
            .any(|entry| covers(&entry.pattern, path))
    })
}

fn covers(pattern: &PathPattern, path: &[u8]) -> bool {
    match pattern {
        PathPattern::Literal(literal) => covers_literally(literal, path),
        PathPattern::Glob(glob) => glob_covers(glob, path),
    }
}

fn covers_literally(above: &[u8], path: &[u8]) -> bool {
    let above = above.strip_suffix(b"/").unwrap_or(above);
    path.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// The path, or something above it, matches.
fn glob_covers(glob: &str, path: &[u8]) -> bool {
    let matcher = matcher(glob, true);
    if path.is_empty() {
        return !glob.is_empty() && glob.split('/').all(|name| name == "**");
    }
    // To `globset` the root is an empty name below itself; only what matches everything matches it.
    let matches_root =
        !glob.is_empty() && glob.split('/').all(|name| name.is_empty() || name == "**");
    Path::new(OsStr::from_bytes(path))
        .ancestors()
        .any(|above| match above.as_os_str().as_bytes() {
            b"" => false,
            b"/" => matches_root,
            _ => matcher.is_match(above),
        })
}

fn matcher(glob: &str, path: bool) -> globset::GlobMatcher {
    let glob = if path {
        // Of a path, nothing but a slash matches a slash, and no name is empty.
        let names: Vec<&str> = glob
            .split('/')
            .map(|name| if name == "*" { "?*" } else { name })
            .collect();
        names.join("/").replace("[!", "[!/")
    } else {
        // Of a text, any number of stars are one.
        glob.replace("**", "*")
    };
    GlobBuilder::new(&glob)
        .literal_separator(path)
        .empty_alternates(true)
        .build()
        .expect("the generators make globs")
        .compile_matcher()
}

/// The paths without a star that a glob with braces stands for, and the directories that the others lie in.
fn plain_paths(glob: &str) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let mut open = vec![glob.to_owned()];
    let (mut plain, mut directories) = (Vec::new(), Vec::new());
    while let Some(text) = open.pop() {
        if let (Some(begin), Some(end)) = (text.find('{'), text.find('}')) {
            for choice in text[begin + 1..end].split(',') {
                open.push(format!("{}{choice}{}", &text[..begin], &text[end + 1..]));
            }
        } else if !text.starts_with('/') {
            continue;
        } else if let Some(star) = text.find(['*', '?', '[']) {
            let end = text[..star].rfind('/').unwrap_or(0);
            if end > 0 {
                directories.push(text.as_bytes()[..end].to_vec());
            }
        } else {
            plain.push(text.into_bytes());
        }
    }
    (plain, directories)
}

/// `*` and `?` over names of events.
fn wildcard(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=name.len()).any(|taken| wildcard(rest, &name[taken..])),
        ([b'?', rest @ ..], [_, name @ ..]) => wildcard(rest, name),
        ([byte, rest @ ..], [first, name @ ..]) => byte == first && wildcard(rest, name),
        _ => false,
    }
}
