//! Every rule that matches an event, also those that the verdict does not name.
//!
//! A judgement names the rules behind its verdict, for that is what a record needs; somebody who asks why wants the others
//! too: weaker ones, and the entries that allow. An entry that allows is found by turning the list around: in an image that
//! denies what the list allows, the judgement names the entries.

use std::net::{IpAddr, Ipv6Addr};

use audithook_abi::{Value, Verdict, View};
use audithook_bus::{Pattern, intern};
use audithook_catalogue::{Operation, arg, find};
use audithook_matcher::hint::{PLACEHOLDER, between};
use audithook_matcher::host::{self, Host, HostBuffer};
use audithook_matcher::{Context, Image, Mode, sockets};
use audithook_policy::arguments::with_values;
use audithook_policy::image::{self, FileRules, HostEntry, ImageInput, NetworkRules, PathEntry};
use audithook_policy::model::{Action, Do};

use super::{Arguments, Evaluator, raised};
use crate::hooks::Condition;

/// A rule that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// Its number.
    pub rule: u32,
    /// What it does.
    pub effect: Effect,
    /// Why nobody can say whether it matches.
    pub error: Option<String>,
}

/// What a rule that matches does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// A list or a hook says this. Of a list, `allow` is an entry that covers it.
    Says(Verdict),
    /// A plugin's gate is asked.
    Asks,
    /// It is recorded.
    Records,
    /// A plugin's observer sees it.
    Shows,
}

impl Effect {
    /// The word for tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Says(verdict) => verdict.as_str(),
            Self::Asks => "ask",
            Self::Records => "log",
            Self::Shows => "show",
        }
    }
}

impl Evaluator {
    /// Every rule that matches the event: refusals of lists, entries that allow, then hooks in their order.
    #[must_use]
    pub fn matched(&self, event: &str, args: &Arguments) -> Vec<Matched> {
        with_values(args, intern, |values| {
            let mut matched = Vec::new();
            let refusing = self.refusing(event, values);
            let allowing = self.allowing(event, values, refusing.is_empty());
            let said = |verdict| {
                move |rule| Matched {
                    rule,
                    effect: Effect::Says(verdict),
                    error: None,
                }
            };
            matched.extend(refusing.into_iter().map(said(Verdict::Deny)));
            matched.extend(allowing.into_iter().map(said(Verdict::Allow)));
            self.hooks(event, values, &mut matched);
            matched
        })
    }

    /// What the lists refuse, whatever hooks and mode say.
    fn refusing(&self, event: &str, values: &[Value<'_>]) -> Vec<u32> {
        let lists = ImageInput {
            hooks: Vec::new(),
            target_plugins: Vec::new(),
            mode: Mode::Enforce,
            ..self.input.clone()
        };
        named(&lists, event, values)
    }

    /// The entries that cover what the event needs.
    fn allowing(&self, event: &str, values: &[Value<'_>], is_allowed: bool) -> Vec<u32> {
        let Some((_, info)) = find(event) else {
            return Vec::new();
        };
        let files = &self.input.files;
        let list = |list: &Option<image::PathList>| {
            list.as_ref()
                .map(|list| list.entries.clone())
                .unwrap_or_default()
        };
        let (read, write) = (list(&files.read), list(&files.write));
        let mut rules = match info.operation {
            Operation::None
            | Operation::Socket
            | Operation::Root
            | Operation::Namespace
            | Operation::Limits => Vec::new(),
            Operation::Open => {
                let (reads, writes) = wants(values);
                let mut rules = if reads {
                    self.covering(&read, values, arg::PATH)
                } else {
                    Vec::new()
                };
                if writes {
                    rules.extend(self.covering(&write, values, arg::PATH));
                }
                rules
            }
            Operation::List | Operation::Load => self.covering(&read, values, arg::PATH),
            Operation::Write | Operation::Create | Operation::Unlink | Operation::Symlink => {
                self.covering(&write, values, arg::PATH)
            }
            Operation::Rename | Operation::Link => {
                let mut rules = self.covering(&write, values, arg::SRC);
                rules.extend(self.covering(&write, values, arg::DST));
                rules
            }
            Operation::Database => {
                let mut rules = self.covering(&read, values, arg::PATH);
                rules.extend(self.covering(&write, values, arg::PATH));
                rules
            }
            Operation::Exec | Operation::Shell | Operation::Uncovered => {
                self.covering(&list(&self.input.exec), values, arg::PATH)
            }
            Operation::Connect | Operation::Bind | Operation::Resolve | Operation::Reverse => {
                self.reaching(info.operation, event, values, is_allowed)
            }
        };
        rules.sort_unstable();
        rules.dedup();
        rules
    }

    /// The entries of a list of paths that cover an argument.
    fn covering(
        &self,
        entries: &[PathEntry],
        values: &[Value<'_>],
        name: audithook_abi::Symbol,
    ) -> Vec<u32> {
        let Some(path) = values.iter().find(|value| value.name() == name) else {
            return Vec::new();
        };
        let turned = ImageInput {
            rules: self.input.rules.clone(),
            files: FileRules {
                deny: entries.to_vec(),
                ..FileRules::default()
            },
            ..ImageInput::default()
        };
        let read = [Value::str("read")];
        let args = [path.named(arg::PATH), Value::list(&read).named(arg::FLAGS)];
        named(&turned, "open", &args)
    }

    /// The entries of a list of hosts or sockets that cover an address or a name.
    fn reaching(
        &self,
        operation: Operation,
        event: &str,
        values: &[Value<'_>],
        is_allowed: bool,
    ) -> Vec<u32> {
        let network = &self.input.network;
        if let Some(path) = values.iter().find(|value| value.name() == arg::PATH) {
            let Some(unix) = &network.unix else {
                return Vec::new();
            };
            let mut rules = self.covering(&unix.paths, values, arg::PATH);
            let abstract_name = path.as_bytes().and_then(|path| path.strip_prefix(b"@"));
            rules.extend(
                unix.names
                    .iter()
                    .filter(|(name, _)| Some(name.as_bytes()) == abstract_name)
                    .map(|(_, rule)| *rule),
            );
            return rules;
        }
        let list = if operation == Operation::Bind {
            &network.bind
        } else {
            &network.connect
        };
        let Some(list) = list else {
            return Vec::new();
        };
        let any_port = |entry: &HostEntry| HostEntry {
            ports: None,
            ..entry.clone()
        };
        let entries = match operation {
            Operation::Resolve | Operation::Reverse => list.entries.iter().map(any_port).collect(),
            _ => list.entries.clone(),
        };
        let turned = ImageInput {
            rules: self.input.rules.clone(),
            network: NetworkRules {
                deny: entries,
                ..NetworkRules::default()
            },
            ..ImageInput::default()
        };
        let rules = named(&turned, event, values);
        match network.loopback {
            Some((true, loopback)) if rules.is_empty() && is_allowed => vec![loopback],
            _ => rules,
        }
    }

    fn hooks(&self, event: &str, values: &[Value<'_>], matched: &mut Vec<Matched>) {
        let event = raised(event, values);
        for hook in self.policy.hooks() {
            if !hook
                .on
                .iter()
                .any(|glob| Pattern::new(glob).matches(event.id))
            {
                continue;
            }
            let error = match Condition::new(&hook.when).map(|condition| condition.holds(&event)) {
                Ok(Ok(true)) => None,
                Ok(Ok(false)) => continue,
                Ok(Err(error)) => Some(error.to_string()),
                Err(error) => Some(error.to_string()),
            };
            let effect = match &hook.action {
                Action::Do(Do::Log) => Effect::Records,
                Action::Do(Do::Warn) => Effect::Says(Verdict::Warn),
                Action::Do(Do::Deny) => Effect::Says(Verdict::Deny),
                Action::Do(Do::Kill) => Effect::Says(Verdict::Kill),
                Action::Call { .. }
                    if hook.kind == Some(audithook_policy::model::CallKind::Gate) =>
                {
                    Effect::Asks
                }
                Action::Call { .. } => Effect::Shows,
            };
            matched.push(Matched {
                rule: hook.rule,
                effect,
                error,
            });
        }
    }
}

/// The rules that the image of this input names.
fn named(input: &ImageInput, event: &str, values: &[Value<'_>]) -> Vec<u32> {
    let Ok(image) = image::build(input) else {
        return Vec::new();
    };
    let Ok(image) = Image::parse(&image) else {
        return Vec::new();
    };
    let plan = image.plan(event.as_bytes());
    image.judge(&plan, values, &Context::NONE).rules().to_vec()
}

/// Whether an `open` reads and whether it writes, as the image has it.
fn wants(values: &[Value<'_>]) -> (bool, bool) {
    let flags = values
        .iter()
        .find(|value| value.name() == arg::FLAGS)
        .map(Value::view);
    let Some(View::List(flags)) = flags else {
        return (true, true);
    };
    let has = |words: &[&str]| {
        flags
            .iter()
            .any(|flag| flag.as_str().is_some_and(|flag| words.contains(&flag)))
    };
    let writes = has(&["write", "create", "truncate", "append", "tmpfile"]);
    (has(&["read"]) || !(writes || has(&["path"])), writes)
}

/// What a person would write into a list to mean an event: its path, or its host in the one form that it has however it was
/// spelt. `hint` is where it goes: of a renaming both paths belong there.
#[must_use]
pub fn subject(args: &Arguments, hint: &str) -> Option<String> {
    let text = |name: &str| {
        let (_, value) = args.iter().find(|(known, _)| known == name)?;
        Some(shown(value))
    };
    let host = || {
        let host = normal_host(&text("host")?);
        Some(match text("port") {
            Some(port) => format!("{host}:{port}"),
            None => host,
        })
    };
    let both = || {
        let [end, begin] = between(hint.split_once(PLACEHOLDER)?.0);
        Some(format!("{}{end}{begin}{}", text("src")?, text("dst")?))
    };
    if sockets::are_meant_by(hint) {
        let protocol = text("protocol").and_then(|number| number.parse().ok());
        let (family, kind) = (text("family")?, text("kind"));
        return kinds_of_socket(
            hint,
            family.as_bytes(),
            kind.as_deref().map(str::as_bytes),
            protocol,
        );
    }
    text("path")
        .or_else(both)
        .or_else(|| text("dst"))
        .or_else(host)
}

/// The words that the list of sockets lacks, as they stand in the hint.
pub(crate) fn kinds_of_socket(
    hint: &str,
    family: &[u8],
    kind: Option<&[u8]>,
    protocol: Option<i64>,
) -> Option<String> {
    let [word, other] = sockets::words(family, kind, protocol);
    let word = word?;
    Some(match other {
        None => word.to_owned(),
        Some(other) => {
            let [end, begin] = between(hint.split_once(PLACEHOLDER)?.0);
            format!("{word}{end}{begin}{other}")
        }
    })
}

/// IPv6 addresses in brackets, as lists have them.
fn normal_host(text: &str) -> String {
    match host::normalise(text.as_bytes(), &mut HostBuffer::new()) {
        Ok(Host::Name(name)) => String::from_utf8_lossy(name).into_owned(),
        Ok(Host::Address(address)) => match Ipv6Addr::from(address).to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        },
        Err(_) => text.to_owned(),
    }
}

/// An argument as a person writes it.
#[must_use]
pub fn shown(argument: &audithook_policy::arguments::Argument) -> String {
    use audithook_policy::arguments::Argument;
    match argument {
        Argument::Bool(truth) => truth.to_string(),
        Argument::I64(number) => number.to_string(),
        Argument::U64(number) => number.to_string(),
        Argument::F64(number) => number.to_string(),
        Argument::Str(text) => text.clone(),
        Argument::Path(path) => String::from_utf8_lossy(path).into_owned(),
        Argument::List(elements) => elements.iter().map(shown).collect::<Vec<_>>().join(","),
    }
}

#[cfg(test)]
mod tests {
    use audithook_policy::arguments::Argument;

    use super::*;

    #[test]
    fn a_host_is_taught_in_the_form_that_a_list_has() {
        let taught = |host: &str| {
            subject(
                &vec![
                    ("host".to_owned(), Argument::Str(host.to_owned())),
                    ("port".to_owned(), Argument::U64(80)),
                ],
                "",
            )
        };
        for (host, line) in [
            ("PyPI.org.", "pypi.org:80"),
            ("0xa9fea9fe", "169.254.169.254:80"),
            ("::ffff:10.0.0.1", "10.0.0.1:80"),
            ("2001:DB8::1", "[2001:db8::1]:80"),
            ("not a host", "not a host:80"),
        ] {
            assert_eq!(taught(host).as_deref(), Some(line), "{host}");
        }
    }
}
