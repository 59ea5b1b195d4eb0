//! Random policies and events, drawn from few words so that they meet often.

use std::collections::BTreeMap;

use audithook_abi::{Symbol, Value, Verdict};
use audithook_catalogue::arg_symbol;
use audithook_matcher::Names;
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

/// How many rules a random policy has.
const RULES: u32 = 40;

/// An event that owns what it says.
#[derive(Debug, Clone)]
pub struct RandomEvent {
    /// Its name.
    pub name: String,
    /// Names and values of its arguments.
    pub args: Vec<(&'static str, RandomValue)>,
    /// Device and inode of its path.
    pub inode: Option<(u64, u64)>,
}

/// A value that owns what it says.
#[derive(Debug, Clone, PartialEq)]
pub enum RandomValue {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    U64(u64),
    /// A number.
    I64(i64),
    /// A descriptor.
    Fd(i32),
    /// Text.
    Str(String),
    /// A path.
    Path(Vec<u8>),
    /// Texts.
    List(Vec<String>),
}

impl RandomEvent {
    /// Calls `judge` with the arguments.
    pub fn with_args<R>(&self, judge: impl FnOnce(&[Value<'_>]) -> R) -> R {
        let lists: Vec<Vec<Value<'_>>> = self
            .args
            .iter()
            .map(|(_, value)| match value {
                RandomValue::List(texts) => texts.iter().map(Value::str).collect(),
                _ => Vec::new(),
            })
            .collect();
        let args: Vec<Value<'_>> = self
            .args
            .iter()
            .zip(&lists)
            .map(|((name, value), list)| {
                let value = match value {
                    RandomValue::Null => Value::NULL,
                    RandomValue::Bool(value) => Value::bool(*value),
                    RandomValue::U64(value) => Value::u64(*value),
                    RandomValue::I64(value) => Value::i64(*value),
                    RandomValue::Fd(value) => Value::fd(*value),
                    RandomValue::Str(value) => Value::str(value),
                    RandomValue::Path(value) => Value::path(value),
                    RandomValue::List(_) => Value::list(list),
                };
                value.named(arg_symbol(name.as_bytes()).unwrap_or(Symbol::NONE))
            })
            .collect();
        judge(&args)
    }
}

/// What a process resolved.
#[derive(Debug, Clone, Default)]
pub struct RandomNames(pub BTreeMap<[u8; 16], Vec<String>>);

impl Names for RandomNames {
    fn each(&self, address: &[u8; 16], visit: &mut dyn FnMut(&[u8])) {
        self.0
            .get(address)
            .into_iter()
            .flatten()
            .for_each(|name| visit(name.as_bytes()));
    }
}

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

/// Any event, mostly with the arguments that its operation needs.
pub fn event() -> impl Strategy<Value = RandomEvent> {
    let name = select(vec![
        "open",
        "open",
        "open",
        "os.listdir",
        "os.chmod",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.link",
        "os.symlink",
        "sqlite3.connect",
        "import",
        "ctypes.dlopen",
        "socket.connect",
        "socket.connect",
        "socket.connect",
        "socket.bind",
        "socket.sendto",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.__new__",
        "os.exec",
        "subprocess.Popen",
        "os.system",
        "process.uncovered",
        "pickle.find_class",
        "os.fork",
        "shop.order",
        "shop.sold",
        "o",
        "",
    ]);
    let paths = (path_value(), path_value(), path_value());
    let flags = prop_oneof![
        8 => vec(select(vec!["read", "write", "create", "truncate", "append", "nofollow", "path", "tmpfile"]), 0..3)
            .prop_map(|flags| RandomValue::List(flags.into_iter().map(str::to_owned).collect())),
        1 => value(),
    ];
    let socket = (
        host_value(),
        port_value(),
        family_value(),
        kind_value(),
        protocol_value(),
    );
    let others = (value(), value());
    (
        name,
        paths,
        flags,
        socket,
        others,
        vec(0_usize..12, 0..2),
        option::of((0_u64..3, 0_u64..3)),
    )
        .prop_map(
            |(
                name,
                (path, src, dst),
                flags,
                (host, port, family, kind, protocol),
                (module, first),
                dropped,
                inode,
            )| {
                let mut args = vec![
                    ("path", path),
                    ("src", src),
                    ("dst", dst),
                    ("flags", flags),
                    ("host", host),
                    ("port", port),
                    ("family", family),
                    ("kind", kind),
                    ("protocol", protocol),
                    ("module", module),
                    ("0", first),
                ];
                for place in dropped {
                    if place < args.len() {
                        args.remove(place);
                    }
                }
                RandomEvent {
                    name: name.to_owned(),
                    args,
                    inode,
                }
            },
        )
}

/// Names for some of the addresses that events have.
pub fn names() -> impl Strategy<Value = RandomNames> {
    vec((address(), host_name()), 0..4).prop_map(|pairs| {
        let mut names = RandomNames::default();
        for (address, name) in pairs {
            names.0.entry(address).or_default().push(name);
        }
        names
    })
}

/// A canonical address, mostly one that policies speak of.
pub fn address() -> impl Strategy<Value = [u8; 16]> {
    let v4 = select(vec![
        [127, 0, 0, 1],
        [127, 9, 9, 9],
        [0, 0, 0, 0],
        [10, 0, 0, 1],
        [10, 1, 2, 3],
        [10, 1, 2, 255],
        [192, 168, 0, 7],
        [8, 8, 8, 8],
        [8, 8, 8, 9],
        [93, 184, 216, 34],
        [169, 254, 169, 254],
        [255, 255, 255, 255],
        [100, 64, 0, 1],
    ]);
    let v6 = select(vec![
        0_u128,
        1,
        0x2001_0db8_0000_0000_0000_0000_0000_0001,
        0x2001_0db8_0000_0001_0000_0000_0000_0001,
        0xfe80_0000_0000_0000_0000_0000_0000_0001,
        0xfd00_0000_0000_0000_0000_0000_0000_0001,
        u128::MAX,
    ]);
    prop_oneof![
        3 => v4.prop_map(|address| audithook_matcher::host::mapped(u32::from_be_bytes(address))),
        2 => v6.prop_map(u128::to_be_bytes),
    ]
}

/// A host name in its one form.
pub fn host_name() -> impl Strategy<Value = String> {
    select(vec![
        "a.test",
        "b.a.test",
        "c.b.a.test",
        "xa.test",
        "test",
        "example.com",
        "www.example.com",
        "localhost",
        "x.localhost",
        "xlocalhost",
        "xn--bcher-kva.test",
    ])
    .prop_map(str::to_owned)
}

fn rule() -> impl Strategy<Value = u32> {
    0..RULES
}

fn files() -> impl Strategy<Value = FileRules> {
    let lists = (option::of(path_list()), option::of(path_list()));
    let denials = (path_entries(4), path_entries(2));
    let own = (path_entries(2), path_entries(2));
    let inodes = vec((0_u64..3, 0_u64..3, rule()), 0..3);
    (lists, denials, own, inodes).prop_map(
        |((read, write), (deny, except), (own_write, own_any), inodes)| FileRules {
            read,
            write,
            deny,
            except,
            own_write,
            own_any,
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

fn path_value() -> impl Strategy<Value = RandomValue> {
    prop_oneof![
        20 => path().prop_map(RandomValue::Path),
        1 => select(vec!["a/b", "/a/../b", "/a/./b", "", ":memory:", "@a", "@b"]).prop_map(|path| RandomValue::Path(path.into())),
        1 => value(),
        1 => Just(RandomValue::Fd(3)),
    ]
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

fn host_value() -> impl Strategy<Value = RandomValue> {
    let address = address().prop_map(|address| match audithook_matcher::host::as_ipv4(&address) {
        Some(address) => std::net::Ipv4Addr::from(address).to_string(),
        None => std::net::Ipv6Addr::from(address).to_string(),
    });
    prop_oneof![
        6 => address.prop_map(RandomValue::Str),
        6 => host_name().prop_map(RandomValue::Str),
        1 => Just(RandomValue::Str(String::new())),
        1 => select(vec![RandomValue::Null, RandomValue::U64(1)]),
    ]
}

fn port_value() -> impl Strategy<Value = RandomValue> {
    prop_oneof![
        8 => (79_u64..85).prop_map(RandomValue::U64),
        1 => select(vec![RandomValue::Null, RandomValue::U64(65_616), RandomValue::I64(-1), RandomValue::I64(81)]),
    ]
}

fn family_value() -> impl Strategy<Value = RandomValue> {
    words(&[
        "inet", "inet", "inet", "inet6", "inet6", "unix", "unix", "netlink", "packet",
    ])
}

fn kind_value() -> impl Strategy<Value = RandomValue> {
    words(&[
        "stream",
        "stream",
        "stream",
        "dgram",
        "dgram",
        "raw",
        "seqpacket",
    ])
}

fn protocol_value() -> impl Strategy<Value = RandomValue> {
    prop_oneof![
        8 => select(vec![-1_i64, 0, 0, 6, 17, 1, 132, 262, 99]).prop_map(RandomValue::I64),
        1 => Just(RandomValue::Null),
    ]
}

fn words(words: &[&str]) -> impl Strategy<Value = RandomValue> + use<> {
    let words: Vec<RandomValue> = words
        .iter()
        .map(|&word| RandomValue::Str(word.to_owned()))
        .collect();
    prop_oneof![12 => select(words), 1 => Just(RandomValue::Null)]
}

fn value() -> impl Strategy<Value = RandomValue> {
    prop_oneof![
        Just(RandomValue::Null),
        any::<bool>().prop_map(RandomValue::Bool),
        (0_u64..20).prop_map(RandomValue::U64),
        (-9_i64..9).prop_map(RandomValue::I64),
        select(vec!["os", "subprocess", "os.path", "a/b", ""])
            .prop_map(|text| RandomValue::Str(text.to_owned())),
        vec(select(vec!["os", "b"]), 0..3)
            .prop_map(|texts| RandomValue::List(texts.into_iter().map(str::to_owned).collect())),
        path().prop_map(RandomValue::Path),
        Just(RandomValue::Path(b"a/b".to_vec())),
    ]
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
