//! Slips in the arguments of an event that a person writes: what no source would raise, so that a verdict on it means nothing.

use std::fmt;
use std::net::IpAddr;

use audithook_catalogue::{EventInfo, Operation, find};

use crate::arguments::Argument;
use crate::nearest::{listed, nearest};

/// What is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Slip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What `flags` of an `open` may say.
const FLAGS: [&str; 10] = [
    "read",
    "write",
    "create",
    "truncate",
    "append",
    "exclusive",
    "directory",
    "nofollow",
    "tmpfile",
    "path",
];

/// A name that no argument of the event has. An event that no catalogue knows may have any.
#[must_use]
pub fn of_name(event: &str, name: &str) -> Option<Slip> {
    let Some((_, info)) = find(event) else {
        return name.is_empty().then(|| Slip {
            message: "an argument without a name".to_owned(),
            hint: "arguments are written `key=value`".to_owned(),
        });
    };
    let known = || names_of(info);
    if known().any(|known| known == name) {
        return None;
    }
    Some(Slip {
        message: format!("no such argument of `{event}`: `{name}`"),
        hint: match nearest(name, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known().next().is_none() => "it has none".to_owned(),
            None => format!("it has {}", listed(known())),
        },
    })
}

/// A value that the argument never has: a flag that is none, a host with its port.
#[must_use]
pub fn of_value(event: &str, name: &str, value: &Argument) -> Option<Slip> {
    let (_, info) = find(event)?;
    match (info.operation, name, value) {
        (Operation::Open, "flags", Argument::List(flags)) => flags.iter().find_map(|flag| {
            let Argument::Str(flag) = flag else {
                return None;
            };
            (!FLAGS.contains(&flag.as_str())).then(|| Slip {
                message: format!("no flag of `{event}`: `{flag}`"),
                hint: match nearest(flag, FLAGS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are {}", listed(FLAGS)),
                },
            })
        }),
        (
            Operation::Connect | Operation::Bind | Operation::Resolve | Operation::Reverse,
            "host",
            Argument::Str(host),
        ) => {
            let (before, port) = host.rsplit_once(':')?;
            let is_port = !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit());
            let is_host = !before.is_empty()
                && (!before.contains(':') || before.starts_with('[') && before.ends_with(']'));
            (is_port && is_host && host.parse::<IpAddr>().is_err()).then(|| {
                let before = before.trim_matches(['[', ']']);
                Slip {
                    message: format!("a host with its port: `{host}`"),
                    hint: if names_of(info).any(|known| known == "port") {
                        format!(
                            "the port is an argument of its own: `host` is `{before}`, `port` is {port}"
                        )
                    } else {
                        format!("`{event}` has no port: `host` is `{before}`")
                    },
                }
            })
        }
        _ => None,
    }
}

/// What the policy's lists judge the event by, and is not there.
#[must_use]
pub fn of_missing(event: &str, args: &[(String, Argument)]) -> Option<Slip> {
    let (_, info) = find(event)?;
    let is_given = |name: &str| args.iter().any(|(given, _)| given == name);
    let is_declared = |name: &str| names_of(info).any(|known| known == name);
    subjects(info.operation).iter().find_map(|alternatives| {
        let known: Vec<_> = alternatives
            .iter()
            .filter(|name| is_declared(name))
            .map(|name| format!("`{name}`"))
            .collect();
        let is_missing = !known.is_empty() && !alternatives.iter().any(|name| is_given(name));
        is_missing.then(|| Slip {
            message: format!("missing: {}", known.join(" or ")),
            hint: format!("`{event}` has {}", listed(names_of(info))),
        })
    })
}

/// The arguments that an operation is judged by: of each set one.
const fn subjects(operation: Operation) -> &'static [&'static [&'static str]] {
    match operation {
        // What is loaded need not be a file.
        Operation::None | Operation::Load | Operation::Root | Operation::Limits => &[],
        Operation::Open
        | Operation::List
        | Operation::Write
        | Operation::Create
        | Operation::Unlink
        | Operation::Symlink
        | Operation::Database
        | Operation::Exec
        | Operation::Uncovered => &[&["path"]],
        Operation::Rename | Operation::Link => &[&["src"], &["dst"]],
        Operation::Connect | Operation::Bind => &[&["host", "path"]],
        Operation::Resolve | Operation::Reverse => &[&["host"]],
        Operation::Socket => &[&["family"]],
        Operation::Shell => &[&["command", "path"]],
        Operation::Namespace => &[&["namespaces"]],
    }
}

/// The arguments of an event that have names.
fn names_of(info: &'static EventInfo) -> impl Iterator<Item = &'static str> {
    let names = info.args.iter().map(|argument| argument.name);
    names.filter(|name| *name != "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_right_is_no_slip() {
        assert_eq!(of_name("open", "path"), None);
        assert_eq!(of_name("shop.order", "total"), None);
        for host in [
            "api.example.com",
            "::1",
            "2001:db8::1:443",
            "[::1]",
            "10.0.0.1",
        ] {
            let host = Argument::Str(host.to_owned());
            assert_eq!(of_value("socket.connect", "host", &host), None, "{host:?}");
        }
        let flags = FLAGS.map(|flag| Argument::Str(flag.to_owned())).to_vec();
        assert_eq!(of_value("open", "flags", &Argument::List(flags)), None);
    }

    #[test]
    fn a_host_with_its_port_is_one() {
        for (host, alone) in [
            ("api.example.com:443", "api.example.com"),
            ("[::1]:80", "::1"),
            ("10.0.0.1:5", "10.0.0.1"),
        ] {
            let slip = of_value("socket.connect", "host", &Argument::Str(host.to_owned()))
                .expect("a slip");
            assert!(
                slip.hint.contains(&format!("`host` is `{alone}`")),
                "{slip:?}"
            );
        }
    }
}
