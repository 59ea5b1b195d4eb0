//! Random events: the arguments that their operations need, and sometimes others.

use std::collections::BTreeMap;

use audithook_abi::{Symbol, Value};
use audithook_catalogue::arg_symbol;
use audithook_matcher::host::as_ipv4;
use audithook_matcher::{NO_ROOM, Names, TAKEN_AWAY};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{address, frequent_address, host_name, path};

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

/// Any event, mostly with the arguments that its operation needs.
pub fn event() -> impl Strategy<Value = RandomEvent> {
    let name = select(vec![
        "open",
        "open",
        "open",
        "os.listdir",
        "os.chmod",
        "os.chown",
        "os.setxattr",
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
        "socket.gethostbyaddr",
        "socket.__new__",
        "os.exec",
        "subprocess.Popen",
        "os.system",
        "process.uncovered",
        "chroot",
        "unshare",
        "setns",
        "prlimit",
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
    let others = (value(), value(), namespaces_value(), change_value());
    (
        name,
        paths,
        flags,
        socket,
        others,
        vec(0_usize..17, 0..2),
        option::of((0_u64..3, 0_u64..3)),
    )
        .prop_map(
            |(
                name,
                (path, src, dst),
                flags,
                (host, port, family, kind, protocol),
                (module, first, namespaces, (mode, uid, attribute, reason)),
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
                    ("namespaces", namespaces),
                    ("mode", mode),
                    ("uid", uid),
                    ("attribute", attribute),
                    ("reason", reason),
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
    vec((frequent_address(), host_name()), 0..8).prop_map(|pairs| {
        let mut names = RandomNames::default();
        for (address, name) in pairs {
            names.0.entry(address).or_default().push(name);
        }
        names
    })
}

fn path_value() -> impl Strategy<Value = RandomValue> {
    prop_oneof![
        20 => path().prop_map(RandomValue::Path),
        1 => select(vec!["a/b", "/a/../b", "/a/./b", "", ":memory:", "@a", "@b"]).prop_map(|path| RandomValue::Path(path.into())),
        1 => value(),
        1 => Just(RandomValue::Fd(3)),
    ]
}

fn host_value() -> impl Strategy<Value = RandomValue> {
    let address = address().prop_map(|address| match as_ipv4(&address) {
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

fn namespaces_value() -> impl Strategy<Value = RandomValue> {
    prop_oneof![
        8 => vec(select(vec!["mount", "user", "pid", "network", "uts", "ipc"]), 0..3)
            .prop_map(|words| RandomValue::List(words.into_iter().map(str::to_owned).collect())),
        1 => value(),
    ]
}

/// A mode, an owner, an attribute's name, and why a program is not covered.
fn change_value() -> (
    impl Strategy<Value = RandomValue>,
    impl Strategy<Value = RandomValue>,
    impl Strategy<Value = RandomValue>,
    impl Strategy<Value = RandomValue>,
) {
    let mode = prop_oneof![
        4 => select(vec![0, 0o100, 0o644, 0o711, 0o40755]).prop_map(RandomValue::U64),
        1 => value(),
    ];
    let uid = prop_oneof![
        4 => select(vec![-1, 0, 1000]).prop_map(RandomValue::I64),
        1 => value(),
    ];
    let attribute = words(&["user.note", "system.posix_acl_access", "user"]);
    let reason = words(&["static", TAKEN_AWAY, NO_ROOM[0], NO_ROOM[1]]);
    (mode, uid, attribute, reason)
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
