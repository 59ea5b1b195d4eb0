//! What policies mean, one sentence a test. The oracle says the same of everything; these say it to people.

mod of_files;
mod of_hooks;
mod of_hosts;
mod of_images;
mod of_plans;
mod of_programs;
mod of_sockets;

use audithook_abi::{VALUE_TRUNCATED, Value, Verdict};
use audithook_catalogue::arg;
use audithook_matcher::host::mapped;
use audithook_matcher::{Context, Image, Names};

use super::*;

/// No rules: it is allowed.
const NOTHING: [u32; 0] = [];

/// Rules by what they are about, so that tests can name them.
const READ: u32 = 0;
const WRITE: u32 = 1;
const DENY: u32 = 2;
const DENY_LATER: u32 = 3;
const OWN: u32 = 4;
const EXEC: u32 = 5;
const CONNECT: u32 = 6;
const BIND: u32 = 7;
const LOOPBACK: u32 = 8;
const UNIX: u32 = 9;
const SOCKETS: u32 = 10;
const UNCOVERED: u32 = 11;
const HOOK: u32 = 12;
const HOOK_LATER: u32 = 13;

fn policy() -> ImageInput {
    ImageInput {
        rules: (0..20)
            .map(|number| RuleText {
                id: format!("rule.{number}"),
                at: format!("hooks.toml:{number}"),
                ..RuleText::default()
            })
            .collect(),
        ..ImageInput::default()
    }
}

/// A pattern is a glob if it looks like one.
fn entries(rule: u32, patterns: &[&str]) -> Vec<PathEntry> {
    patterns
        .iter()
        .map(|text| PathEntry {
            pattern: if text.contains(['*', '?', '[', '{']) {
                PathPattern::Glob((*text).to_owned())
            } else {
                PathPattern::Literal(text.as_bytes().to_vec())
            },
            rule,
        })
        .collect()
}

fn paths(rule: u32, patterns: &[&str]) -> Option<PathList> {
    Some(PathList {
        rule,
        entries: entries(rule, patterns),
    })
}

fn files(files: FileRules) -> ImageInput {
    ImageInput { files, ..policy() }
}

fn network(network: NetworkRules) -> ImageInput {
    ImageInput {
        network,
        ..policy()
    }
}

fn host(rule: u32, host: HostPattern, port: Option<u16>) -> HostEntry {
    HostEntry {
        host,
        ports: port.map(|port| (port, port)),
        protocol: Protocol::Tcp,
        rule,
    }
}

fn name(text: &str) -> HostPattern {
    HostPattern::Name(text.to_owned())
}

fn net(address: [u8; 4], bits: u8) -> HostPattern {
    HostPattern::Net {
        address: mapped(u32::from_be_bytes(address)),
        prefix: 96 + bits,
    }
}

fn hosts(rule: u32, list: impl IntoIterator<Item = HostEntry>) -> Option<HostList> {
    Some(HostList {
        rule,
        entries: list.into_iter().collect(),
    })
}

/// The rules that refuse an event; none if it is allowed.
fn refused(input: &ImageInput, event: &str, args: &[Value<'_>]) -> Vec<u32> {
    refused_in(input, event, args, &Context::NONE)
}

fn refused_in(
    input: &ImageInput,
    event: &str,
    args: &[Value<'_>],
    context: &Context<'_>,
) -> Vec<u32> {
    let bytes = build(input).expect("a policy");
    let image = Image::parse(&bytes).expect("an image");
    let judgement = image.judge(&image.plan(event.as_bytes()), args, context);
    assert_eq!(
        judgement.verdict,
        if judgement.rules().is_empty() {
            Verdict::Allow
        } else {
            Verdict::Deny
        }
    );
    judgement.rules().to_vec()
}

fn open(input: &ImageInput, path: &str, flags: &[&str]) -> Vec<u32> {
    let flags: Vec<Value<'_>> = flags.iter().map(|flag| Value::str(*flag)).collect();
    refused(
        input,
        "open",
        &[
            Value::path(path).named(arg::PATH),
            Value::list(&flags).named(arg::FLAGS),
        ],
    )
}

fn on_path(input: &ImageInput, event: &str, path: &str) -> Vec<u32> {
    refused(input, event, &[Value::path(path).named(arg::PATH)])
}

fn rename(input: &ImageInput, src: &str, dst: &str) -> Vec<u32> {
    refused(
        input,
        "os.rename",
        &[
            Value::path(src).named(arg::SRC),
            Value::path(dst).named(arg::DST),
        ],
    )
}

fn socket_args<'a>(host: &'a str, port: u64, family: &'a str, kind: &'a str) -> [Value<'a>; 4] {
    [
        Value::str(host).named(arg::HOST),
        Value::u64(port).named(arg::PORT),
        Value::str(family).named(arg::FAMILY),
        Value::str(kind).named(arg::KIND),
    ]
}

fn connect(input: &ImageInput, host: &str, port: u64) -> Vec<u32> {
    refused(
        input,
        "socket.connect",
        &socket_args(host, port, "inet", "stream"),
    )
}

fn bind(input: &ImageInput, host: &str, port: u64) -> Vec<u32> {
    refused(
        input,
        "socket.bind",
        &socket_args(host, port, "inet", "stream"),
    )
}

fn resolve(input: &ImageInput, host: &str) -> Vec<u32> {
    refused(
        input,
        "socket.getaddrinfo",
        &[Value::str(host).named(arg::HOST)],
    )
}

fn answer(input: &ImageInput, name: &str, address: [u8; 4]) -> Vec<u32> {
    let bytes = build(input).expect("a policy");
    let image = Image::parse(&bytes).expect("an image");
    image
        .judge_answer(name.as_bytes(), &mapped(u32::from_be_bytes(address)))
        .rules()
        .to_vec()
}
