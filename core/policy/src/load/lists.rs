//! `[files]`, `[network]`, `[process]`: entries to patterns.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use audithook_matcher::sockets;

use super::Check;
use crate::diagnostic::Diagnostic;
use crate::document::{self, Items, List, Tmp, Uncovered};
use crate::expand::{self, Piece};
use crate::hosts;
use crate::image::{PathPattern, check_text_glob};
use crate::model::{
    Allowed, Entry, Files, HostRule, Network, PathRule, Process, Protocol, Setting, Switch,
    UnixRule,
};
use crate::nearest::suggestion;
use crate::paths::{self, Made, PatternError};
use crate::programs;
use crate::source::{Origin, Spot};

/// What `@name` may stand for in a list of paths.
const SETS: [&str; 3] = ["@python", "@venv", "@program"];

/// What a list of paths is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Read,
    Write,
    Deny,
    Except,
    Exec,
    Unix,
}

impl Check<'_> {
    pub(super) fn files(&mut self, files: document::Files, absent: Option<&Origin>) -> Files {
        let read = self.allowed(files.read, absent, |check, entry| {
            check.path(entry, Use::Read)
        });
        let write = self.allowed(files.write, absent, |check, entry| {
            check.path(entry, Use::Write)
        });
        let (deny, except) = self.denied(
            files.deny,
            |check, entry| check.path(entry, Use::Deny),
            |check, entry| check.path(entry, Use::Except),
        );
        let tmp = files.tmp.map(|spot| spot.value);
        Files {
            tmp: tmp.unwrap_or(if write.is_some() {
                Tmp::Private
            } else {
                Tmp::Shared
            }),
            read,
            write,
            deny,
            except,
            recorded: files.r#static.map(setting),
        }
    }

    pub(super) fn network(
        &mut self,
        network: document::Network,
        absent: Option<&Origin>,
    ) -> Network {
        let connect = self.allowed(network.connect, absent, |check, entry| {
            check.host(entry, false)
        });
        let bind = self.allowed(network.bind, absent, |check, entry| {
            check.host(entry, false)
        });
        let (deny, except) = self.denied(
            network.deny,
            |check, entry| check.host(entry, true),
            |_, _| Some(()),
        );
        for entry in except {
            self.error(
                format!(
                    "`!` where only `[files] deny` and `[env] deny` have it: `!{}`",
                    entry.text
                ),
                &entry.origin,
                "name the networks around it",
            );
        }
        let closing = [&connect, &bind].into_iter().flatten().next();
        let loopback = match network.loopback {
            Some(spot) => Some(switch(spot.value, spot.origin)),
            None => closing.map(|list| switch(false, list.origin.clone())),
        };
        // Raw sockets and protocols beside TCP and UDP would reach past a list of hosts.
        let closing = closing.map(|list| list.origin.clone());
        let says_nothing_of_unix = network.unix.is_none();
        let sockets = self.allowed(network.sockets, absent.or(closing.as_ref()), Self::socket);
        let unix = self.allowed(network.unix, absent, Self::unix);
        if let (Some(list), true, None) = (&connect, says_nothing_of_unix, &unix) {
            self.note_open_unix(&list.origin);
        }
        Network {
            unix,
            connect,
            bind,
            deny,
            loopback,
            sockets,
        }
    }

    pub(super) fn process(
        &mut self,
        process: document::Process,
        absent: Option<&Origin>,
    ) -> Process {
        Process {
            exec: self.allowed(process.exec, absent, Self::program),
            signal: process.signal.map(setting),
            uncovered: process
                .uncovered
                .map(|spot| switch(spot.value == Uncovered::Allow, spot.origin)),
            inherit_fds: process.inherit_fds.map(|fds| Setting {
                value: fds.value.into_iter().map(|fd| fd.value).collect(),
                origin: fds.origin,
            }),
        }
    }

    /// A list that allows. Absent, it is nothing under `default = "allow"` and empty under `"deny"`.
    pub(super) fn allowed<T>(
        &mut self,
        list: Option<List>,
        absent: Option<&Origin>,
        read: impl Fn(&mut Self, &Spot<String>) -> Option<T>,
    ) -> Option<Allowed<T>> {
        let Some(list) = list else {
            return absent.map(|origin| Allowed {
                origin: origin.clone(),
                rule: 0,
                entries: Vec::new(),
            });
        };
        let Items::Entries(entries) = list.items else {
            return None;
        };
        let mut checked = Vec::new();
        for entry in entries {
            if !self.is_plain(&entry) {
                continue;
            }
            if entry.value.starts_with('!') {
                self.error(
                    format!("`!` outside `deny`: `{}`", entry.value),
                    &entry.origin,
                    "`!` takes an entry out of a `deny` list; leave the entry out of this one",
                );
                continue;
            }
            checked.extend(read(self, &entry).map(|value| self::entry(entry, value)));
        }
        Some(Allowed {
            origin: list.origin,
            rule: 0,
            entries: checked,
        })
    }

    /// A list that denies, and what is taken out of it.
    pub(super) fn denied<T, U>(
        &mut self,
        list: Option<List>,
        read: impl Fn(&mut Self, &Spot<String>) -> Option<T>,
        read_exception: impl Fn(&mut Self, &Spot<String>) -> Option<U>,
    ) -> (Vec<Entry<T>>, Vec<Entry<U>>) {
        let (mut deny, mut except) = (Vec::new(), Vec::new());
        let Some(list) = list else {
            return (deny, except);
        };
        let Items::Entries(entries) = list.items else {
            self.error(
                "`deny` cannot be `\"any\"`",
                &list.origin,
                "an empty list in place of what it is to be taken from denies everything, such as `read = \"none\"`",
            );
            return (deny, except);
        };
        for mut entry in entries {
            if !self.is_plain(&entry) {
                continue;
            }
            match entry.value.strip_prefix('!') {
                Some(rest) => {
                    entry.value = rest.to_owned();
                    except.extend(
                        read_exception(self, &entry).map(|value| self::entry(entry, value)),
                    );
                }
                None => deny.extend(read(self, &entry).map(|value| self::entry(entry, value))),
            }
        }
        (deny, except)
    }

    /// Neither empty nor one of the words that stand for a whole list.
    fn is_plain(&mut self, entry: &Spot<String>) -> bool {
        let text = entry.value.as_str();
        if text.is_empty() || text.contains('\0') {
            self.error(
                "an empty entry, or one with a NUL",
                &entry.origin,
                "leave it out",
            );
            return false;
        }
        if matches!(text, "any" | "none") {
            self.error(
                format!("`{text}` stands for a whole list"),
                &entry.origin,
                format!("write it without brackets: `= \"{text}\"`"),
            );
            return false;
        }
        true
    }

    /// An entry of a list of paths.
    fn path(&mut self, entry: &Spot<String>, usage: Use) -> Option<PathRule> {
        if entry.value.starts_with('@') {
            return self.set(entry, usage);
        }
        let pieces = self.expanded(entry)?;
        let (resolved, named) = match paths::pattern(&pieces, &entry.origin.source.base) {
            Ok(Made::Literal { resolved, named }) => (resolved, named),
            Ok(Made::Glob { text, is_bare }) => {
                if is_bare {
                    self.bare_glob(entry);
                }
                return Some(PathRule {
                    patterns: vec![PathPattern::Glob(text)],
                    ..PathRule::default()
                });
            }
            Err(error) => {
                self.bad_glob(entry, &error);
                return None;
            }
        };
        let mut rule = PathRule {
            is_missing: !paths::exists(&resolved),
            ..PathRule::default()
        };
        self.presence(entry, usage, &resolved, &mut rule);
        rule.patterns.push(literal(resolved));
        // The symlink that was named is as forbidden as what it leads to.
        rule.patterns
            .extend(named.filter(|_| usage == Use::Deny).map(literal));
        Some(rule)
    }

    fn bare_glob(&mut self, entry: &Spot<String>) {
        self.found.push(
            Diagnostic::warning(
                format!("a glob that means one directory only: `{}`", entry.value),
                &entry.origin,
            )
            .hinted(format!(
                "`**/{0}` means it everywhere, `./{0}` says that this directory is meant",
                entry.value
            )),
        );
    }

    /// What must be there, and what is made.
    fn presence(&mut self, entry: &Spot<String>, usage: Use, path: &Path, rule: &mut PathRule) {
        let is_directory = entry.value.ends_with('/');
        if is_directory && path.exists() && !path.is_dir() && usage == Use::Write {
            self.error(
                format!("not a directory: `{}`", entry.value),
                &entry.origin,
                "leave the `/` at its end away",
            );
        }
        if !rule.is_missing {
            return;
        }
        match usage {
            Use::Write if is_directory => rule.create = Some(path.to_path_buf()),
            Use::Write if entry.origin.is_users() => self.error(
                format!("no such file or directory: `{}`", entry.value),
                &entry.origin,
                format!(
                    "`{}/` is made as a directory; for a new file name the directory that it goes into",
                    entry.value
                ),
            ),
            Use::Read | Use::Exec => self.note(format!("nothing there: `{}`", entry.value), &entry.origin),
            _ => {}
        }
    }

    /// `@python`, `@venv`, `@program`.
    fn set(&mut self, entry: &Spot<String>, usage: Use) -> Option<PathRule> {
        let pythons = self.variables.pythons();
        let found = match (entry.value.as_str(), usage) {
            ("@python", Use::Read) => pythons.read.clone(),
            ("@python", Use::Exec) => pythons.programs.clone(),
            ("@venv", Use::Read | Use::Write) => pythons.venv.iter().cloned().collect(),
            ("@program", Use::Read) => pythons
                .program
                .iter()
                .map(|path| paths::resolve(path))
                .collect(),
            (name, _) if SETS.contains(&name) => {
                self.error(
                    format!("`{name}` has no meaning in this list"),
                    &entry.origin,
                    "`@python` belongs in `[files] read` and `[process] exec`, `@program` in `read`, `@venv` in `read` and `write`",
                );
                return None;
            }
            (name, _) => {
                self.error(
                    format!("unknown set: `{name}`"),
                    &entry.origin,
                    format!(
                        "{} A file of that name is `./{name}`",
                        sentence(&suggestion(name, SETS))
                    ),
                );
                return None;
            }
        };
        // What a command brings with it is not missing where none is given.
        let is_missing =
            found.is_empty() && (entry.value == "@python" || !self.context.command.is_empty());
        if is_missing {
            self.note(
                format!("nothing found for `{}`", entry.value),
                &entry.origin,
            );
        }
        Some(PathRule {
            is_missing,
            patterns: found.into_iter().map(literal).collect(),
            create: None,
        })
    }

    /// An entry of `exec`: a path, a name, or a glob of either.
    fn program(&mut self, entry: &Spot<String>) -> Option<PathRule> {
        let text = entry.value.as_str();
        if text.starts_with('@') {
            return self.set(entry, Use::Exec);
        }
        if text.contains('/') || text.starts_with('~') {
            return self.path(entry, Use::Exec);
        }
        let pieces = self.expanded(entry)?;
        let name: Vec<u8> = pieces
            .iter()
            .flat_map(|piece| piece.bytes().to_vec())
            .collect();
        let Ok(name) = String::from_utf8(name) else {
            self.bad_glob(entry, &PatternError::NotText);
            return None;
        };
        if let Err(error) = check_text_glob(&name) {
            self.bad_glob(entry, &error.into());
            return None;
        }
        let found = programs::lookup(&name, self.variables.index());
        if found.is_empty() {
            self.note(
                format!("no such program in `PATH`: `{text}`"),
                &entry.origin,
            );
        }
        Some(PathRule {
            is_missing: found.is_empty(),
            patterns: found.into_iter().map(literal).collect(),
            create: None,
        })
    }

    /// Who lists hosts may think that this is all there is; what a preset lists is not theirs.
    fn note_open_unix(&mut self, connect: &Origin) {
        if connect.is_users() {
            let message = "unix sockets stay open: `connect` speaks of hosts alone";
            self.notes.push(
                Diagnostic::note(message, connect)
                    .hinted("`unix` lists all that may be used; `unix = \"none\"` closes them"),
            );
        }
    }

    fn unix(&mut self, entry: &Spot<String>) -> Option<UnixRule> {
        match entry.value.strip_prefix('@') {
            Some(name) => Some(UnixRule::Name(name.to_owned())),
            None => self.path(entry, Use::Unix).map(UnixRule::Path),
        }
    }

    fn socket(&mut self, entry: &Spot<String>) -> Option<()> {
        let name = entry.value.as_str();
        if sockets::NAMES.contains(&name) {
            return Some(());
        }
        self.error(
            format!("unknown kind of socket: `{name}`"),
            &entry.origin,
            suggestion(name, sockets::NAMES),
        );
        None
    }

    /// An entry of `connect`, `bind` or `deny`. What is denied is denied over every protocol unless the entry names one.
    fn host(&mut self, entry: &Spot<String>, is_denied: bool) -> Option<HostRule> {
        let text = self.expanded_text(entry)?;
        if let Some([port, address]) = hosts::two_readings(&text) {
            let message = format!("an address with every port: `{text}`");
            let hint = format!("write `{port}` if a port is meant, `{address}` if not");
            self.found
                .push(Diagnostic::warning(message, &entry.origin).hinted(hint));
        }
        match hosts::parse(&text) {
            Ok(spec) => Some(HostRule {
                hosts: spec.hosts,
                ports: spec.ports,
                protocol: if is_denied && !text.contains("://") {
                    Protocol::Any
                } else {
                    spec.protocol
                },
            }),
            Err(error) => {
                self.error(error.to_string(), &entry.origin, error.hint());
                None
            }
        }
    }

    fn expanded(&mut self, entry: &Spot<String>) -> Option<Vec<Piece>> {
        match expand::path(&entry.value, self.variables) {
            Ok(pieces) => Some(pieces),
            Err(error) => {
                self.not_expanded(&error, &entry.origin);
                None
            }
        }
    }

    /// A text with its variables, which must be UTF-8.
    pub(super) fn expanded_text(&mut self, entry: &Spot<String>) -> Option<String> {
        match expand::text(&entry.value, self.variables).map(String::from_utf8) {
            Ok(Ok(text)) => Some(text),
            Ok(Err(_)) => {
                self.error(
                    format!("a variable that is not UTF-8: `{}`", entry.value),
                    &entry.origin,
                    "write the value out",
                );
                None
            }
            Err(error) => {
                self.not_expanded(&error, &entry.origin);
                None
            }
        }
    }

    /// A path with its variables, absolute and resolved.
    pub(super) fn expanded_path(&mut self, entry: &Spot<String>) -> Option<PathBuf> {
        let pieces = self.expanded(entry)?;
        let bytes: Vec<u8> = pieces
            .iter()
            .flat_map(|piece| piece.bytes().to_vec())
            .collect();
        Some(entry.origin.source.base.join(OsStr::from_bytes(&bytes)))
    }

    fn not_expanded(&mut self, error: &expand::ExpandError, origin: &Origin) {
        // A preset's variable that this machine lacks concerns nothing that this machine has.
        if origin.is_users() {
            self.error(error.to_string(), origin, error.hint());
        }
    }

    pub(super) fn bad_glob(&mut self, entry: &Spot<String>, error: &PatternError) {
        self.error(
            format!("bad glob: `{}`: {error}", entry.value),
            &entry.origin,
            "`*` stops at `/`, `**` is any number of directories, `?` is one character, `[a-z]` one of a range, `{a,b}` one of several; `\\` takes their meaning away",
        );
    }
}

pub(super) fn entry<T>(spot: Spot<String>, value: T) -> Entry<T> {
    Entry {
        text: spot.value,
        origin: spot.origin,
        rule: 0,
        value,
    }
}

pub(super) fn setting<T>(spot: Spot<T>) -> Setting<T> {
    Setting {
        value: spot.value,
        origin: spot.origin,
    }
}

/// A hint that another sentence follows.
fn sentence(hint: &str) -> String {
    let end = if hint.ends_with('?') { "" } else { "." };
    format!("{hint}{end}")
}

fn switch(allowed: bool, origin: Origin) -> Switch {
    Switch {
        allowed,
        origin,
        rule: 0,
    }
}

fn literal(path: PathBuf) -> PathPattern {
    PathPattern::Literal(expand::bytes_of(path.as_os_str()))
}
