//! Random policies and events, drawn from few words so that they meet often.

mod events;

use audithook_abi::Verdict;
use audithook_catalogue::arg_symbol;
use audithook_matcher::host::mapped;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::string::string_regex;

use super::{
    FileRules, HookAction, HookInput, HostEntry, HostList, HostPattern, ImageInput, JournalEvents,
    Mode, NetworkRules, PathEntry, PathList, PathPattern, Protocol, RuleText, SocketList,
    TargetHook, TargetPlugin, UnixList, When,
};

pub use events::{RandomEvent, RandomNames, RandomValue, event, names};

/// How many rules a random policy has.
const RULES: u32 = 40;

/// Any policy.
pub fn policy() -> impl Strategy<Value = ImageInput> {
    let head = (
        select(vec![
            Mode::Enforce,
            Mode::Enforce,
            Mode::Enforce,
            Mode::Warn,
            Mode::Off,
        ]),
        option::of(0..RULES),
    );
    let exec = (option::of(path_list()), option::of(path()));
    let journal = (vec(event_glob(), 0..3), any::<bool>());
    (head, files(), network(), exec, vec(hook(), 0..8), journal).prop_map(
        |((mode, uncovered), files, network, (exec, command), hooks, (names, custom))| ImageInput {
            generation: 7,
            mode,
            rules: (0..RULES)
                .map(|number| RuleText {
                    id: format!("rule.{number}"),
                    ..RuleText::default()
                })
                .collect(),
            files,
            network,
            exec,
            command,
            uncovered,
            hooks,
            journal: JournalEvents { names, custom },
            target_plugins: vec![target_plugin()],
            ..ImageInput::default()
        },
    )
}

/// A canonical address, mostly one that policies speak of.
pub fn address() -> impl Strategy<Value = [u8; 16]> {
    let v4 = select(vec![
        [127, 9, 9, 9],
        [0, 0, 0, 0],
        [10, 1, 2, 3],
        [10, 1, 2, 255],
        [192, 168, 0, 7],
        [8, 8, 8, 9],
        [93, 184, 216, 34],
        [169, 254, 169, 254],
        [255, 255, 255, 255],
        [100, 64, 0, 1],
    ]);
    let v6 = select(vec![
        0_u128,
        1,
        0x2001_0db8_0000_0001_0000_0000_0000_0001,
        0xfe80_0000_0000_0000_0000_0000_0000_0001,
        0xfd00_0000_0000_0000_0000_0000_0000_0001,
        u128::MAX,
    ]);
    prop_oneof![
        6 => frequent_address(),
        3 => v4.prop_map(|address| mapped(u32::from_be_bytes(address))),
        2 => v6.prop_map(u128::to_be_bytes),
    ]
}

/// Few, so that what is resolved, what is connected to and what is listed meet.
fn frequent_address() -> impl Strategy<Value = [u8; 16]> {
    select(vec![
        mapped(u32::from_be_bytes([127, 0, 0, 1])),
        mapped(u32::from_be_bytes([8, 8, 8, 8])),
        mapped(u32::from_be_bytes([10, 0, 0, 1])),
        0x2001_0db8_0000_0000_0000_0000_0000_0001_u128.to_be_bytes(),
    ])
}

/// A host name in its one form.
pub fn host_name() -> impl Strategy<Value = String> {
    let frequent = select(vec!["a.test", "b.a.test", "localhost"]);
    let others = select(vec![
        "c.b.a.test",
        "xa.test",
        "test",
        "example.com",
        "www.example.com",
        "x.localhost",
        "xlocalhost",
        "xn--bcher-kva.test",
    ]);
    prop_oneof![frequent, others].prop_map(str::to_owned)
}

fn rule() -> impl Strategy<Value = u32> {
    0..RULES
}

fn files() -> impl Strategy<Value = FileRules> {
    let lists = (option::of(path_list()), option::of(path_list()));
    let denials = (path_entries(4), path_entries(2));
    let own = (path_entries(2), path_entries(2), path_entries(2));
    let inodes = vec((0_u64..3, 0_u64..3, rule()), 0..3);
    (lists, denials, own, inodes).prop_map(
        |((read, write), (deny, except), (own_write, own_any, own_reach), inodes)| FileRules {
            read,
            write,
            deny,
            except,
            own_write,
            own_any,
            own_reach,
            inodes,
        },
    )
}

fn path_list() -> impl Strategy<Value = PathList> {
    (rule(), path_entries(6)).prop_map(|(rule, entries)| PathList { rule, entries })
}

fn path_entries(most: usize) -> impl Strategy<Value = Vec<PathEntry>> {
    let pattern = prop_oneof![
        2 => path().prop_map(PathPattern::Literal),
        3 => path_glob().prop_map(PathPattern::Glob),
    ];
    vec(
        (pattern, rule()).prop_map(|(pattern, rule)| PathEntry { pattern, rule }),
        0..=most,
    )
}

fn component() -> impl Strategy<Value = &'static str> {
    select(vec![
        "a",
        "b",
        "ab",
        "ba",
        "abc",
        ".env",
        "x.pem",
        "a.tar.gz",
        ".gz",
        "secret",
        "a.b",
        "long-name-of-a-directory",
        "\u{e9}",
    ])
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    vec(component(), 0..5).prop_map(|names| format!("/{}", names.join("/")).into_bytes())
}

fn path_glob() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        3 => component().prop_map(str::to_owned),
        4 => select(vec![
            "*", "?", "*.pem", "*.gz", "*.tar.gz", "a*", "*b", "*b*", "[ab]", "[!a]", "[a-c]*", "?b", "{a,b}", "{a,x.*}", "*.{pem,gz}",
            "*ecre*", "s*t", "a*c", "*a*b*", "long*a*y", "{,a}b", "*.", ".*", "a.?", "*\u{e9}",
        ])
        .prop_map(str::to_owned),
        2 => Just("**".to_owned()),
    ];
    (select(vec!["/", "**/"]), vec(name, 1..4))
        .prop_map(|(start, names)| format!("{start}{}", names.join("/")))
}

fn network() -> impl Strategy<Value = NetworkRules> {
    let lists = (option::of(host_list()), option::of(host_list()));
    let unix = (
        rule(),
        path_entries(3),
        vec((select(vec!["a", "b", ""]), rule()), 0..2),
    );
    let sockets = (
        rule(),
        vec(
            select(vec![
                "netlink",
                "raw",
                "packet",
                "mptcp",
                "sctp",
                "seqpacket",
            ]),
            0..3,
        ),
    );
    (
        lists,
        vec(host_entry(), 0..4),
        option::of((any::<bool>(), rule())),
        option::of(unix),
        option::of(sockets),
    )
        .prop_map(
            |((connect, bind), deny, loopback, unix, sockets)| NetworkRules {
                connect,
                bind,
                deny,
                loopback,
                unix: unix.map(|(rule, paths, names)| UnixList {
                    rule,
                    paths,
                    names: names
                        .into_iter()
                        .map(|(name, rule)| (name.to_owned(), rule))
                        .collect(),
                }),
                sockets: sockets.map(|(rule, names)| SocketList {
                    rule,
                    names: names.into_iter().map(str::to_owned).collect(),
                }),
            },
        )
}

fn host_list() -> impl Strategy<Value = HostList> {
    (rule(), vec(host_entry(), 0..6)).prop_map(|(rule, entries)| HostList { rule, entries })
}

fn host_entry() -> impl Strategy<Value = HostEntry> {
    let prefix = prop_oneof![3 => 96_u8..=128, 2 => 0_u8..=128];
    let host = prop_oneof![
        1 => Just(HostPattern::Any),
        4 => host_name().prop_map(HostPattern::Name),
        4 => host_name().prop_map(HostPattern::Suffix),
        6 => (address(), prefix).prop_map(|(address, prefix)| HostPattern::Net { address, prefix }),
    ];
    let ports = option::of((0_u16..4, 0_u16..4).prop_map(|(a, b)| (80 + a.min(b), 80 + a.max(b))));
    let protocol = select(vec![Protocol::Any, Protocol::Tcp, Protocol::Udp]);
    (host, ports, protocol, rule()).prop_map(|(host, ports, protocol, rule)| HostEntry {
        host,
        ports,
        protocol,
        rule,
    })
}

fn event_glob() -> impl Strategy<Value = String> {
    select(vec![
        "*",
        "open",
        "os.*",
        "shop.*",
        "shop.order",
        "*.connect",
        "socket.?onnect",
        "o?en",
        "shop.?rder",
        "o",
        "?",
        "",
        "import",
        "pickle.find_class",
    ])
    .prop_map(str::to_owned)
}

fn hook() -> impl Strategy<Value = HookInput> {
    let text_glob = select(vec![
        "*",
        "os",
        "os*",
        "*s",
        "o?",
        "[a-z]s",
        "{os,sub*}",
        "a/b",
        "a*b",
        "1?",
        "-*",
        "true",
        "?",
        "",
        "a\\/b",
    ]);
    let glob = prop_oneof![
        3 => text_glob.prop_map(str::to_owned),
        2 => path_glob(),
        1 => path().prop_map(|path| String::from_utf8(path).expect("UTF-8")),
    ];
    let name = select(vec![
        "path",
        "path",
        "flags",
        "module",
        "0",
        "host",
        "port",
        "no such argument",
    ])
    .prop_map(str::to_owned);
    let when = prop_oneof![
        2 => Just(When::Always),
        1 => Just(When::Cel),
        6 => vec((name, vec(glob, 0..3)), 0..3).prop_map(When::Table),
    ];
    let action = prop_oneof![
        4 => select(Verdict::ALL.to_vec()).prop_map(HookAction::Verdict),
        2 => Just(HookAction::Log),
        1 => Just(HookAction::Gate),
        1 => Just(HookAction::Observe),
        2 => (0_u32..9).prop_map(|hook| HookAction::TargetGate { plugin: 0, hook }),
    ];
    (vec(event_glob(), 1..3), when, action, rule()).prop_map(|(on, when, action, rule)| {
        let known = |table: &[(String, Vec<String>)]| {
            table
                .iter()
                .all(|(name, _)| arg_symbol(name.as_bytes()).is_some())
        };
        let decided = match &when {
            When::Always => true,
            When::Table(table) => known(table),
            When::Cel => false,
        };
        // The target cannot call what only the supervisor can decide about: such a policy is refused.
        let action = match action {
            HookAction::TargetGate { .. } if !decided => HookAction::Gate,
            _ => action,
        };
        HookInput {
            on,
            when,
            action,
            rule,
        }
    })
}

fn target_plugin() -> TargetPlugin {
    TargetPlugin {
        name: "plugin".to_owned(),
        path: b"/opt/plugin.so".to_vec(),
        config: "{}".to_owned(),
        hooks: (0..9)
            .map(|number| TargetHook {
                function: format!("function{number}"),
                with: "{}".to_owned(),
                on_error: Verdict::Deny,
            })
            .collect(),
    }
}

/// A host as a program might write it, right or wrong.
pub fn odd_host() -> impl Strategy<Value = String> {
    string_regex("([0-9a-fxX.:%\\[\\]\u{e9}\u{df}\u{2460}\u{ff11}\u{3002}-]|www|com|localhost|::ffff:|64:ff9b::){0,12}").expect("a pattern")
}
