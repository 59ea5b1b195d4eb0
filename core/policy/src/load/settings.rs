//! `[env]`, `[limits]`, `[journal]`, `[plugin.NAME]`, `[[test]]`.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use super::Check;
use super::lists::setting;
use crate::arguments;
use crate::diagnostic::Diagnostic;
use crate::document::{self, Amount, Expect, Items, ModeWord, OnOverflow};
use crate::model::{
    Env, Hook, Journal, JournalTarget, Limits, Mode, Overflow, Plugin, Sandbox, Setting, TestCase,
};
use crate::names;
use crate::nearest::{listed, nearest};
use crate::slips;
use crate::source::{Origin, Spot};
use crate::units;

/// The ids of rules that are not hooks.
pub(crate) const RULE_IDS: [&str; 12] = [
    "files.read",
    "files.write",
    "files.deny",
    "network.connect",
    "network.bind",
    "network.deny",
    "network.loopback",
    "network.unix",
    "network.sockets",
    "process.exec",
    "process.uncovered",
    "audithook.self",
];

const KEPT_FILES: u64 = 8;

pub(super) fn mode(word: ModeWord) -> Mode {
    match word {
        ModeWord::Enforce => Mode::Enforce,
        ModeWord::Warn => Mode::Warn,
        ModeWord::Off => Mode::Off,
    }
}

impl Check<'_> {
    pub(super) fn env(&mut self, env: document::Env, absent: Option<&Origin>) -> Env {
        let pass = self.allowed(env.pass, absent, Self::variable_name);
        let (deny, except) = self.denied(env.deny, Self::variable_name, Self::variable_name);
        let mut set = BTreeMap::new();
        for (name, value) in env.set {
            let is_odd = |letter: char| {
                letter.is_whitespace() || letter.is_control() || "=*?".contains(letter)
            };
            if name.is_empty() || name.contains(is_odd) {
                self.error(
                    format!("not a variable's name: `{name}`"),
                    &value.origin,
                    "write `NAME = \"value\"`",
                );
            }
            if let Some(text) = self.expanded_text(&value) {
                if text.contains('\0') {
                    self.error(
                        format!("a NUL in the value of `{name}`"),
                        &value.origin,
                        "leave it out",
                    );
                }
                let origin = value.origin;
                set.insert(
                    name,
                    Setting {
                        value: text,
                        origin,
                    },
                );
            }
        }
        Env {
            pass,
            deny,
            except,
            set,
        }
    }

    fn variable_name(&mut self, entry: &Spot<String>) -> Option<()> {
        if let Some((name, _)) = entry.value.split_once('=') {
            self.error(
                format!("a value where a name is wanted: `{}`", entry.value),
                &entry.origin,
                format!("`set = {{ {name} = \"…\" }}` sets a variable"),
            );
            return None;
        }
        Some(())
    }

    pub(super) fn limits(&mut self, limits: document::Limits) -> Limits {
        Limits {
            memory: self.size("memory", limits.memory),
            processes: self.positive("processes", limits.processes),
            open_files: self.positive("open-files", limits.open_files),
            cpu: self.duration("cpu", limits.cpu),
            wall: self.duration("wall", limits.wall),
            file_size: self.size("file-size", limits.file_size),
        }
    }

    fn sandbox(&mut self, sandbox: document::Sandbox) -> Sandbox {
        let usual = Sandbox::default();
        let value = |setting: Option<Setting<u64>>, usual| setting.map_or(usual, |set| set.value);
        let timeout = self.duration("timeout", sandbox.timeout);
        Sandbox {
            read: self.sandbox_paths("read", sandbox.read),
            write: self.sandbox_paths("write", sandbox.write),
            network: sandbox.network.is_some_and(|network| network.value),
            memory: value(self.size("memory", sandbox.memory), usual.memory),
            open_files: value(
                self.positive("open-files", sandbox.open_files),
                usual.open_files,
            ),
            timeout: timeout.map_or(usual.timeout, |timeout| timeout.value),
        }
    }

    /// Landlock is told of files and directories, not of globs.
    fn sandbox_paths(&mut self, key: &str, list: Option<document::List>) -> Vec<PathBuf> {
        let Some(list) = list else {
            return Vec::new();
        };
        match list.items {
            Items::Any => {
                self.error(
                    format!("`{key} = \"any\"` is no sandbox"),
                    &list.origin,
                    "name the files and directories, or give the plugin `placement = \"supervisor\"`",
                );
                Vec::new()
            }
            Items::Entries(entries) => {
                let paths = entries.iter().filter_map(|entry| self.expanded_path(entry));
                paths.map(|path| path.components().collect()).collect()
            }
        }
    }

    fn size(&mut self, key: &str, amount: Option<Spot<Amount>>) -> Option<Setting<u64>> {
        let amount = amount?;
        let value = match &amount.value {
            Amount::Number(bytes) => Some(*bytes),
            Amount::Text(text) => units::parse_size(text),
        };
        let Some(value) = value else {
            self.bad_amount(
                key,
                &amount,
                "size",
                "sizes are written `512KiB`, `64MiB`, `2GiB`, or as a number of bytes",
            );
            return None;
        };
        self.positive(key, Some(Spot::new(value, amount.origin)))
    }

    fn duration(&mut self, key: &str, amount: Option<Spot<Amount>>) -> Option<Setting<Duration>> {
        let amount = amount?;
        let value = match &amount.value {
            Amount::Number(seconds) => Some(Duration::from_secs(*seconds)),
            Amount::Text(text) => units::parse_duration(text),
        };
        let Some(value) = value else {
            self.bad_amount(
                key,
                &amount,
                "duration",
                "durations are written `500ms`, `60s`, `5m`, `1h30m`, or as a number of seconds",
            );
            return None;
        };
        if value.is_zero() {
            self.zero(key, &amount.origin);
            return None;
        }
        Some(Setting {
            value,
            origin: amount.origin,
        })
    }

    fn bad_amount(&mut self, key: &str, amount: &Spot<Amount>, what: &str, hint: &str) {
        if let Amount::Text(text) = &amount.value {
            self.error(
                format!("bad {what} for `{key}`: `{text}`"),
                &amount.origin,
                hint,
            );
        }
    }

    fn positive(&mut self, key: &str, number: Option<Spot<u64>>) -> Option<Setting<u64>> {
        let number = number?;
        if number.value == 0 {
            self.zero(key, &number.origin);
            return None;
        }
        Some(setting(number))
    }

    fn zero(&mut self, key: &str, origin: &Origin) {
        self.error(
            format!("nothing runs under a limit of 0: `{key}`"),
            origin,
            "leave the key out for no limit",
        );
    }

    pub(super) fn journal(&mut self, journal: document::Journal) -> Journal {
        let target = match journal.path {
            Some(path) => self.journal_target(&path),
            None => self.context.state_dir().map_or(JournalTarget::None, |dir| {
                JournalTarget::File(format!("{}/{{run}}.jsonl", dir.display()))
            }),
        };
        let mut events = vec!["@default".to_owned()];
        if let Some(list) = journal.events {
            events = match list.items {
                Items::Any => vec!["*".to_owned()],
                Items::Entries(entries) => {
                    for entry in &entries {
                        self.journal_events(entry);
                    }
                    entries.into_iter().map(|entry| entry.value).collect()
                }
            };
        }
        let rotate = journal.rotate.map(|spot| spot.value);
        let keep = rotate.as_ref().and_then(|rotate| rotate.keep.clone());
        Journal {
            target,
            events,
            overflow: match journal.on_overflow.map(|spot| spot.value) {
                None | Some(OnOverflow::Wait) => Overflow::Wait,
                Some(OnOverflow::Drop) => Overflow::Drop,
                Some(OnOverflow::Abort) => Overflow::Abort,
            },
            rotate_size: self
                .size("size", rotate.and_then(|rotate| rotate.size))
                .map(|size| size.value),
            rotate_keep: self
                .positive("keep", keep)
                .map_or(KEPT_FILES, |keep| keep.value),
        }
    }

    fn journal_target(&mut self, path: &Spot<String>) -> JournalTarget {
        if path.value == "none" {
            return JournalTarget::None;
        }
        if let Some(number) = path.value.strip_prefix("fd:") {
            return match number.parse() {
                Ok(number) => JournalTarget::Descriptor(number),
                Err(_) => {
                    self.error(
                        format!("not a descriptor: `{number}`"),
                        &path.origin,
                        "write `fd:3`",
                    );
                    JournalTarget::None
                }
            };
        }
        let Some(expanded) = self.expanded_path(path) else {
            return JournalTarget::None;
        };
        let Some(text) = expanded.to_str() else {
            self.error(
                "a journal's path that is not UTF-8",
                &path.origin,
                "choose another place",
            );
            return JournalTarget::None;
        };
        let rest = text.replace("{run}", "");
        if rest.contains(['{', '}']) {
            self.error(
                format!("unknown placeholder in a journal's path: `{}`", path.value),
                &path.origin,
                "`{run}` stands for the run's id",
            );
        }
        JournalTarget::File(text.to_owned())
    }

    fn journal_events(&mut self, entry: &Spot<String>) {
        if entry.value.starts_with('@') && entry.value != "@default" {
            self.error(
                format!("unknown set of events: `{}`", entry.value),
                &entry.origin,
                "did you mean `@default`?",
            );
        } else if entry.value != "@default" {
            self.event_name(entry);
        }
    }

    pub(super) fn plugins(&mut self, plugins: BTreeMap<String, document::Plugin>) -> Vec<Plugin> {
        let mut checked = Vec::new();
        for (name, plugin) in plugins {
            let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            if name.is_empty() || !name.chars().all(is_good) {
                self.error(
                    format!("bad name for a plugin: `{name}`"),
                    &plugin.origin,
                    "names have letters, digits, `-` and `_`",
                );
            }
            let sha256 = plugin.sha256.and_then(|hash| {
                let is_hash = hash.value.len() == 64
                    && hash.value.bytes().all(|byte| byte.is_ascii_hexdigit());
                if !is_hash {
                    self.error(
                        format!("bad hash: `{}`", hash.value),
                        &hash.origin,
                        "64 hexadecimal digits, as `sha256sum` prints them",
                    );
                }
                is_hash.then(|| hash.value.to_ascii_lowercase())
            });
            let path = plugin.path.and_then(|path| self.expanded_path(&path));
            // `./` is for the file, not for messages.
            let path = path.map(|path| path.components().collect());
            let sandbox = self.sandbox(plugin.sandbox);
            checked.push(Plugin {
                name,
                sandbox,
                path,
                sha256,
                trusted_sha256: None,
                placement: plugin.placement.map(|spot| spot.value),
                config: plugin.config.map_or_else(
                    || serde_json::Value::Object(serde_json::Map::new()),
                    |spot| spot.value,
                ),
                origin: plugin.origin,
            });
        }
        checked.sort_by_key(|plugin| plugin.origin.order());
        checked
    }

    pub(super) fn tests(&mut self, tests: Vec<document::Test>, hooks: &[Hook]) -> Vec<TestCase> {
        let ids: Vec<String> = hooks.iter().map(Hook::id).collect();
        let rules = RULE_IDS.into_iter().chain(ids.iter().map(String::as_str));
        let rules: Vec<&str> = rules.collect();
        let known: HashSet<&str> = rules.iter().copied().collect();
        let mut checked = Vec::new();
        for test in tests {
            let (Some(event), Some(expect)) = (test.event, test.expect) else {
                continue;
            };
            self.event_name(&event);
            if let Some(rule) = &test.rule
                && !known.contains(rule.value.as_str())
            {
                self.unknown_rule(rule, &rules);
            }
            let (mut args, mut is_slip) = (Vec::new(), false);
            if let Some(table) = &test.args {
                for (name, value) in table.value.as_object().into_iter().flatten() {
                    if let Some(slip) = slips::of_name(&event.value, name) {
                        self.error(slip.message, &table.origin, slip.hint);
                        is_slip = true;
                        continue;
                    }
                    let base = &table.origin.source.base;
                    match arguments::from_json(&event.value, name, value, base, self.context) {
                        Ok(argument) => {
                            if let Some(slip) = slips::of_value(&event.value, name, &argument) {
                                self.error(slip.message, &table.origin, slip.hint);
                            }
                            args.push((name.clone(), argument));
                        }
                        Err(error) => {
                            let message = format!("bad argument: `{name}`: {error}");
                            self.found.push(Diagnostic::error(message, &table.origin));
                        }
                    }
                }
            }
            arguments::complete(&event.value, &mut args);
            // What is misspelt is not missing as well.
            if !is_slip && let Some(slip) = slips::of_missing(&event.value, &args) {
                self.error(slip.message, &test.origin, slip.hint);
            }
            checked.push(TestCase {
                event: event.value,
                args,
                expect: match expect.value {
                    Expect::Allow => audithook_abi::Verdict::Allow,
                    Expect::Warn => audithook_abi::Verdict::Warn,
                    Expect::Deny => audithook_abi::Verdict::Deny,
                    Expect::Kill => audithook_abi::Verdict::Kill,
                },
                rule: test.rule.map(|rule| rule.value),
                origin: test.origin,
            });
        }
        checked
    }

    fn unknown_rule(&mut self, rule: &Spot<String>, rules: &[&str]) {
        let hint = match self.nearest_own(&rule.value, rules.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", listed(rules.iter().copied())),
        };
        self.error(
            format!("unknown rule: `{}`", rule.value),
            &rule.origin,
            hint,
        );
    }

    /// A name that no event of the catalogue has may be a custom event's; one that is nearly a known one is a mistake.
    pub(super) fn event_name(&mut self, name: &Spot<String>) {
        let text = name.value.as_str();
        if text.is_empty() {
            self.error(
                "an event without a name",
                &name.origin,
                "`*` is every event",
            );
            return;
        }
        let mut names = audithook_catalogue::EVENTS.iter().map(|event| event.name);
        if names.any(|known| names::matches(text, known)) {
            return;
        }
        let near = nearest_events(text);
        let hint = match (near, family(text)) {
            (Some(near), _) => format!("did you mean `{near}`? `audithook events` lists them all"),
            (None, Some(family)) if is_of_interpreters(family) => {
                format!(
                    "`audithook events` lists those of `{family}.*`; your own are best named otherwise"
                )
            }
            // A name of the program's own.
            (None, _) => return,
        };
        let warning = format!("no event of this name is known: `{text}`");
        self.found
            .push(Diagnostic::warning(warning, &name.origin).hinted(hint));
    }
}

/// What was probably meant. Of a glob only the family can be misspelt: `sokcet.*`.
fn nearest_events(text: &str) -> Option<String> {
    let Some(glob) = text.find(['*', '?']) else {
        return nearest_event(text).map(str::to_owned);
    };
    let family = text[..glob].strip_suffix('.')?;
    let events = audithook_catalogue::EVENTS.iter();
    let near = nearest(family, events.filter_map(|event| self::family(event.name)))?;
    (near != family).then(|| format!("{near}{}", &text[family.len()..]))
}

/// What stands before the last dot of an event's name.
fn family(event: &str) -> Option<&str> {
    let (family, _) = event.rsplit_once('.')?;
    (!family.is_empty()).then_some(family)
}

/// Whether all events of this family are Python's or libc's: no program names its own so.
fn is_of_interpreters(family: &str) -> bool {
    let events = audithook_catalogue::EVENTS.iter();
    let mut sources = events
        .filter(|event| self::family(event.name) == Some(family))
        .map(|event| event.details().sources)
        .peekable();
    let is_theirs = |source: &&str| matches!(*source, "cpython" | "libc");
    sources.peek().is_some() && sources.all(|sources| sources.iter().any(is_theirs))
}

/// The event of the catalogue that was probably meant. The names of a program's own events begin with a word of its own: who
/// writes `shop.kill` does not mean `os.kill`.
fn nearest_event(text: &str) -> Option<&'static str> {
    let names = audithook_catalogue::EVENTS.iter().map(|event| event.name);
    let near = nearest(text, names)?;
    match (text.split_once('.'), near.split_once('.')) {
        (Some((own, _)), Some((known, _))) => nearest(own, [known]).map(|_| near),
        (Some(_), None) | (None, _) => Some(near),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_event_and_a_name_of_ones_own_finds_none() {
        for (slip, meant) in [
            ("opne", "open"),
            ("os.remvoe", "os.remove"),
            ("sokcet.connect", "socket.connect"),
            ("socketconnect", "socket.connect"),
        ] {
            assert_eq!(nearest_event(slip), Some(meant), "{slip}");
        }
        for own in ["shop.kill", "app.exec", "my.open", "order.created"] {
            assert_eq!(nearest_event(own), None, "{own}");
        }
    }
}
