//! `[network] unix` and `sockets`.

use super::*;

fn unix(input: &ImageInput, event: &str, path: &str) -> Vec<u32> {
    refused(
        input,
        event,
        &[
            Value::path(path).named(arg::PATH),
            Value::str("unix").named(arg::FAMILY),
        ],
    )
}

fn make(input: &ImageInput, family: &str, kind: &str, protocol: i64) -> Vec<u32> {
    let args = [
        Value::str(family).named(arg::FAMILY),
        Value::str(kind).named(arg::KIND),
        Value::i64(protocol).named(arg::PROTOCOL),
    ];
    refused(input, "socket.__new__", &args)
}

#[test]
fn unix_sockets_are_paths_or_names() {
    let list = UnixList {
        rule: UNIX,
        paths: entries(UNIX, &["/run/postgresql"]),
        names: vec![("bus".to_owned(), UNIX)],
    };
    let input = network(NetworkRules {
        unix: Some(list),
        ..NetworkRules::default()
    });
    assert_eq!(
        unix(&input, "socket.connect", "/run/postgresql/.s.PGSQL.5432"),
        NOTHING
    );
    assert_eq!(unix(&input, "socket.connect", "/run/other"), [UNIX]);
    assert_eq!(unix(&input, "socket.connect", "@bus"), NOTHING);
    assert_eq!(unix(&input, "socket.connect", "@other"), [UNIX]);
    assert_eq!(unix(&input, "socket.bind", ""), [UNIX]);
}

#[test]
fn binding_a_unix_socket_makes_a_file() {
    let input = files(FileRules {
        write: paths(WRITE, &["/out"]),
        deny: entries(DENY, &["/out/no"]),
        ..FileRules::default()
    });
    assert_eq!(unix(&input, "socket.bind", "/out/socket"), NOTHING);
    assert_eq!(unix(&input, "socket.bind", "/socket"), [WRITE]);
    assert_eq!(unix(&input, "socket.bind", "/out/no/socket"), [DENY]);
    assert_eq!(unix(&input, "socket.connect", "/out/no/socket"), [DENY]);
    assert_eq!(unix(&input, "socket.connect", "/socket"), NOTHING);
    assert_eq!(unix(&input, "socket.bind", "@name"), NOTHING);
}

#[test]
fn sockets_beyond_the_ordinary_have_to_be_named() {
    let with = |names: &[&str]| {
        network(NetworkRules {
            sockets: Some(SocketList {
                rule: SOCKETS,
                names: names.iter().map(|&name| name.to_owned()).collect(),
            }),
            ..NetworkRules::default()
        })
    };
    let none = with(&[]);
    for family in ["inet", "inet6", "unix"] {
        assert_eq!(make(&none, family, "stream", 0), NOTHING, "{family}");
        assert_eq!(make(&none, family, "dgram", 0), NOTHING, "{family}");
        assert_eq!(make(&none, family, "raw", 0), [SOCKETS], "{family}");
    }
    assert_eq!(make(&none, "inet", "stream", 6), NOTHING);
    assert_eq!(make(&none, "inet", "dgram", -1), NOTHING);
    for (family, kind, protocol, word) in [
        ("netlink", "raw", 0, "netlink"),
        ("packet", "dgram", 0, "packet"),
        ("inet", "raw", 255, "raw"),
        ("unix", "seqpacket", 0, "seqpacket"),
        ("inet", "stream", 262, "mptcp"),
        ("inet6", "stream", 132, "sctp"),
        ("inet", "dgram", 1, "icmp"),
        ("vsock", "stream", 0, "vsock"),
    ] {
        assert_eq!(make(&none, family, kind, protocol), [SOCKETS], "{word}");
        assert_eq!(
            make(&with(&[word]), family, kind, protocol),
            NOTHING,
            "{word}"
        );
    }
    assert_eq!(make(&none, "inet", "stream", 99), [SOCKETS]);
    assert_eq!(make(&policy(), "packet", "raw", 0), NOTHING);
}
