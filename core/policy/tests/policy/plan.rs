//! The plan: nothing is silently unheld, and nothing is hard before there are kernel layers.

use audithook_policy::{Capabilities, Held};

use crate::place::Place;

const EVERYTHING: &str = r#"
version = 1
require = "hard"
[files]
read = ["data", "nothing", "**/*.txt"]
write = ["out/"]
deny = ["**/.env", "!data/.env"]
static = "silent"
[network]
connect = ["example.com:443", "192.0.2.0/24"]
bind = "none"
deny = ["169.254.169.254"]
unix = ["@name"]
sockets = ["netlink"]
[process]
exec = ["absent"]
signal = "any"
uncovered = "deny"
inherit-fds = [3]
[env]
pass = ["HOME"]
[limits]
memory = "1GiB"
processes = 4
open-files = 64
cpu = "1s"
wall = "1m"
file-size = "1MiB"
[plugin.p]
placement = "process"
[[hook]]
name = "table"
on = "open"
do = "deny"
when = { path = "**/x" }
[[hook]]
name = "cel"
on = "open"
do = "log"
when = "args.path == 'x'"
[[hook]]
name = "gate"
on = "open"
call = "p.check"
"#;

#[test]
fn every_rule_and_every_limit_has_a_line_and_none_is_hard() {
    let place = Place::new();
    let policy = place.policy(EVERYTHING);
    let plan = policy.plan(&Capabilities::default());
    assert!(plan.iter().all(|line| line.held != Held::Hard));
    for rule in policy.rules() {
        let has_line = plan.iter().any(|line| line.rule == rule.id);
        assert!(has_line, "{} has no line", rule.id);
    }
    let lines: Vec<_> = plan.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(place.without_root(&lines.join("\n")), @r#"
    files.read         soft    cpython hook + libc  hooks.toml:5  `data`  20–50 ns an event
    files.read         soft    cpython hook + libc  hooks.toml:5  `nothing`  20–50 ns an event; nothing there
    files.read         soft    cpython hook + libc  hooks.toml:5  `**/*.txt`  20–50 ns an event
    files.write        soft    cpython hook + libc  hooks.toml:6  `out/`  20–50 ns an event; will be made
    files.deny         soft    cpython hook + libc  hooks.toml:7  `**/.env`  20–50 ns an event
    files.deny         soft    cpython hook + libc  hooks.toml:7  `!data/.env`  20–50 ns an event; excepted: not denied
    files.tmp          soft    supervisor           hooks.toml:6  `tmp = "private"`  once, at the start
    files.static       none    -                    hooks.toml:8  `static = "silent"`; there is no kernel layer that it could speak of
    network.connect    soft    cpython hook + libc  hooks.toml:10  `example.com:443`  20–50 ns an event; address-level: neighbours on the same address are admitted too
    network.connect    soft    cpython hook + libc  hooks.toml:10  `192.0.2.0/24`  20–50 ns an event
    network.bind       soft    cpython hook + libc  hooks.toml:11  `none`  20–50 ns an event
    network.deny       soft    cpython hook + libc  hooks.toml:12  `169.254.169.254`  20–50 ns an event
    network.loopback   soft    cpython hook + libc  hooks.toml:10  `refused`  20–50 ns an event
    network.unix       soft    cpython hook + libc  hooks.toml:13  `@name`  20–50 ns an event
    network.sockets    soft    cpython hook + libc  hooks.toml:14  `netlink`  20–50 ns an event
    process.exec       soft    cpython hook + libc  hooks.toml:16  `absent`  20–50 ns an event; found nothing
    process.uncovered  soft    cpython hook + libc  hooks.toml:18  `refused`  20–50 ns an event
    process.signal     none    -                    hooks.toml:17  `signal = "any"`; needs a kernel layer
    process.inherit-fds none    -                    hooks.toml:19  `inherit-fds`; needs a kernel layer
    env.pass           soft    supervisor           hooks.toml:21  `HOME`  once, at the start; the environments of other processes stay readable in /proc
    limits.memory      none    -                    hooks.toml:23; limits are not held yet
    limits.processes   none    -                    hooks.toml:24; limits are not held yet
    limits.cpu         none    -                    hooks.toml:26; limits are not held yet
    limits.wall        none    -                    hooks.toml:27; limits are not held yet
    limits.open-files  none    -                    hooks.toml:25; limits are not held yet
    limits.file-size   none    -                    hooks.toml:28; limits are not held yet
    hook.table         soft    cpython hook + libc  hooks.toml:31  `open`  20–50 ns an event
    hook.cel           soft    cpython hook + libc + supervisor hooks.toml:36  `open`  a record an event
    hook.gate          soft    cpython hook + libc + supervisor hooks.toml:41  `open`  a round trip to the supervisor an event
    audithook.self     soft    cpython hook + libc  audithook  20–50 ns an event
    "#);
}

#[test]
fn a_policy_that_requires_hard_rules_does_not_start() {
    let place = Place::new();
    let refusal = place
        .policy(EVERYTHING)
        .refusal(&Capabilities::default())
        .expect("a refusal");
    insta::assert_snapshot!(refusal.to_string(), @r#"`require = "hard"`, and 30 of the policy's rules would not be held against hostile code: `files.read`, `files.write`, `files.deny`, `files.tmp`, `files.static`, `network.connect`, `network.bind`, `network.deny`, `network.loopback`, `network.unix`, `network.sockets`, `process.exec`, `process.uncovered`, `process.signal`, `process.inherit-fds`, `env.pass`, `limits.memory`, `limits.processes`, `limits.cpu`, `limits.wall`, `limits.open-files`, `limits.file-size`, `hook.table`, `hook.cel`, `hook.gate`, `audithook.self`"#);
    let any = place.policy(&EVERYTHING.replace("hard", "any"));
    assert!(any.refusal(&Capabilities::default()).is_none());
}

#[test]
fn without_the_layers_nothing_is_held() {
    let place = Place::new();
    let policy = place.policy("version = 1\n[files]\ndeny = ['x']");
    let none = Capabilities {
        cpython: false,
        libc: false,
        ..Capabilities::default()
    };
    assert!(
        policy
            .plan(&none)
            .iter()
            .all(|line| line.held == Held::None)
    );
}
