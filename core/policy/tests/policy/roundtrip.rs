//! `to_toml`: what is written reads back to the same policy.

use audithook_policy::image::ImageInput;
use audithook_policy::{FlagOverrides, Input, LoadContext, Policy, load, presets};

use crate::place::Place;

/// What a policy means, without where it says so.
pub(crate) fn meaning(policy: &Policy) -> String {
    let mut input: ImageInput = policy.image_input(1);
    let own: Vec<u32> = (0..)
        .zip(&input.rules)
        .filter(|(_, rule)| rule.id == "audithook.self")
        .map(|(n, _)| n)
        .collect();
    assert_eq!(own.len(), 1);
    input.rules.clear();
    // The file itself is another.
    input.files.own_write.clear();
    // Numbers follow the order in the file, which differs.
    input.network.loopback = input.network.loopback.map(|(allowed, _)| (allowed, 0));
    input
        .network
        .unix
        .iter_mut()
        .flat_map(|unix| &mut unix.names)
        .for_each(|(_, rule)| *rule = 0);
    input
        .files
        .inodes
        .iter_mut()
        .for_each(|(_, _, rule)| *rule = 0);
    input.uncovered = input.uncovered.map(|_| 0);
    let environment =
        policy.environment(["PATH", "X_TOKEN", "LC_ALL"].map(|name| (name.into(), "x".into())));
    let text = format!(
        "{input:?}{environment:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        policy
            .plugins
            .iter()
            .map(|plugin| &plugin.sandbox)
            .collect::<Vec<_>>(),
        policy.directories_to_create(),
        policy.journal,
        policy.lock,
        policy.require,
        policy.limits.memory.as_ref().map(|limit| limit.value),
    );
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("rule: ") {
        out.push_str(before);
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    out.push_str(rest);
    out
}

pub(crate) fn reads_back(policy: &Policy, context: &LoadContext) {
    let text = policy.to_toml().expect("text");
    let input = Input::Text {
        name: "again",
        text: &text,
    };
    let again = match load(input, &FlagOverrides::default(), context) {
        Ok(loaded) => loaded.policy,
        Err(found) => panic!("{found}\n{text}"),
    };
    assert_eq!(again.to_toml().expect("text"), text);
    assert_eq!(meaning(&again), meaning(policy), "{text}");
}

#[test]
fn every_preset_reads_back() {
    let mut place = Place::new();
    place.context.command = vec!["python3".into()];
    place.program("python3");
    for preset in presets::PRESETS {
        let policy = place.policy(&format!("version = 1\nextends = ['{}']", preset.name));
        reads_back(&policy, &place.context);
    }
}

#[test]
fn a_policy_with_everything_reads_back() {
    let place = Place::new();
    place.file("data/odd [1] $name.txt", "");
    std::os::unix::fs::symlink("/nonexistent/keys", place.root.join("home/.ssh")).expect("linked");
    let policy = place.policy(
        r#"
version = 1
default = "deny"
mode = "warn"
require = "hard"
degrade = "warn"
lock = true
[files]
read = ["data/odd \\[1\\] $$name.txt", "any?", "**/*.{txt,md}"]
write = ["out/"]
deny = ["~/.ssh", "!~/.ssh/known_hosts"]
tmp = "shared"
static = "silent"
[network]
connect = ["udp://10.0.0.2:514", "[2001:db8::/32]:80-90", "2001:db8::1", "*", "*.x.org:443", "localhost:80", "10.0.0.0/8"]
bind = "any"
deny = ["tcp://192.0.2.1", "192.0.2.2"]
loopback = true
unix = ["/run/x.sock", "@name"]
sockets = ["netlink"]
[process]
exec = ["/bin/sh"]
signal = "tree"
uncovered = "deny"
inherit-fds = [3, 4]
[env]
pass = ["LC_*"]
deny = ["X*", "!XY"]
set = { A = "a $$ \"b\"", "B-C" = "" }
[limits]
memory = "1.5GiB"
wall = "90s"
[journal]
path = "logs/$${run}.jsonl"
events = ["@default", "order.*"]
on-overflow = "drop"
rotate = { size = "1MiB" }
[plugin.p]
path = "p.so"
sha256 = "0123456789012345678901234567890123456789012345678901234567890123"
config = { a = [1, 2.5, { b = true }] }
[plugin.p.sandbox]
read = ["/srv/data", "tables"]
write = "out $$ put"
network = true
memory = "96MiB"
open-files = 12
timeout = "250ms"
[[hook]]
name = "x"
on = ["open", "os.*"]
when = { path = ["~/x [a]", "**/y"], flags = "write" }
do = "kill"
reason = "because \"so\""
[[hook]]
on = "order.*"
when = '''args.id == 5 && event.name == "x\\"'''
call = "p.f"
with = { by = "path" }
priority = -3
on-error = "disable"
[[test]]
event = "open"
args = { path = "~/x", flags = ["read"] }
expect = "allow"
[[test]]
event = "socket.connect"
args = { port = 80, host = "::1" }
expect = "deny"
rule = "network.connect"
[[test]]
event = "order.new"
args = { 10 = 1.5, 2 = -3, 0 = "a\t$b", z = true, a = [1, "x", 2.0] }
expect = "warn"
"#,
    );
    reads_back(&policy, &place.context);
}

#[test]
fn what_flags_amount_to_reads_back() {
    let place = Place::new();
    let flags = FlagOverrides {
        read: vec!["./data".to_owned()],
        write: vec!["./out/".to_owned()],
        no_network: true,
        preset: vec!["python".to_owned()],
        env: vec!["A=$B".to_owned()],
        ..FlagOverrides::default()
    };
    let policy = load(Input::Flags, &flags, &place.context)
        .expect("loaded")
        .policy;
    reads_back(&policy, &place.context);
}

#[test]
fn the_schema_in_the_project_is_the_one_of_the_grammar() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks.schema.json");
    let text = format!("{:#}\n", audithook_policy::schema());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&file, &text).expect("written");
    }
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        stored == text,
        "hooks.schema.json is stale: run this test with UPDATE_SCHEMA=1"
    );
}
