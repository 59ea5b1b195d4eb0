//! `[network]`: hosts.

use super::*;

#[test]
fn a_name_is_allowed_with_its_port_and_may_be_looked_up() {
    let input = network(NetworkRules {
        connect: hosts(CONNECT, [host(CONNECT, name("api.example.com"), Some(443))]),
        ..NetworkRules::default()
    });
    assert_eq!(connect(&input, "api.example.com", 443), NOTHING);
    assert_eq!(connect(&input, "API.Example.COM.", 443), NOTHING);
    assert_eq!(connect(&input, "api.example.com", 80), [CONNECT]);
    assert_eq!(connect(&input, "example.com", 443), [CONNECT]);
    assert_eq!(resolve(&input, "api.example.com"), NOTHING);
    assert_eq!(resolve(&input, "example.com"), [CONNECT]);
    assert_eq!(
        refused(
            &input,
            "socket.sendto",
            &socket_args("api.example.com", 443, "inet", "dgram")
        ),
        [CONNECT]
    );
}

#[test]
fn a_suffix_is_one_or_more_labels_and_not_the_apex() {
    let suffix = HostPattern::Suffix("example.com".to_owned());
    let input = network(NetworkRules {
        connect: hosts(CONNECT, [host(CONNECT, suffix, None)]),
        ..NetworkRules::default()
    });
    assert_eq!(connect(&input, "a.example.com", 1), NOTHING);
    assert_eq!(connect(&input, "a.b.example.com", 1), NOTHING);
    assert_eq!(connect(&input, "example.com", 1), [CONNECT]);
    assert_eq!(connect(&input, "badexample.com", 1), [CONNECT]);
}

#[test]
fn an_address_is_the_same_however_it_is_written() {
    let input = network(NetworkRules {
        deny: vec![host(DENY, net([169, 254, 169, 254], 32), None)],
        ..NetworkRules::default()
    });
    for text in [
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "::ffff:a9fe:a9fe",
        "64:ff9b::169.254.169.254",
    ] {
        assert_eq!(connect(&input, text, 80), [DENY], "{text}");
    }
    assert_eq!(connect(&input, "169.254.169.253", 80), NOTHING);
}

#[test]
fn networks_within_networks_are_all_found() {
    let list = [
        net([10, 0, 0, 0], 8),
        net([10, 1, 0, 0], 16),
        net([10, 1, 2, 0], 24),
        net([10, 1, 2, 3], 32),
    ];
    for (place, (address, found)) in [
        ("10.0.0.0", 1),
        ("10.255.255.255", 1),
        ("10.1.0.0", 2),
        ("10.1.255.255", 2),
        ("10.2.0.0", 1),
        ("10.1.2.0", 3),
        ("10.1.2.255", 3),
        ("10.1.3.0", 2),
        ("10.1.2.3", 4),
        ("10.1.2.4", 3),
        ("9.255.255.255", 0),
        ("11.0.0.0", 0),
    ]
    .into_iter()
    .enumerate()
    {
        let deny = (0..)
            .zip(&list)
            .map(|(rule, net)| host(rule, net.clone(), None))
            .collect();
        let input = network(NetworkRules {
            deny,
            ..NetworkRules::default()
        });
        assert_eq!(
            connect(&input, address, 80).len(),
            found,
            "{place} {address}"
        );
    }
}

#[test]
fn a_short_prefix_holds_addresses_of_its_own_version_only() {
    let all_of_ipv6 = HostPattern::Net {
        address: [0; 16],
        prefix: 0,
    };
    let input = network(NetworkRules {
        connect: hosts(CONNECT, [host(CONNECT, all_of_ipv6, None)]),
        ..NetworkRules::default()
    });
    assert_eq!(connect(&input, "2001:db8::1", 1), NOTHING);
    assert_eq!(connect(&input, "8.8.8.8", 1), [CONNECT]);
}

#[test]
fn an_address_is_allowed_by_the_names_that_resolved_to_it() {
    struct Resolved;
    impl Names for Resolved {
        fn each(&self, address: &[u8; 16], visit: &mut dyn FnMut(&[u8])) {
            if *address == mapped(0x0808_0808) || *address == mapped(0x0a00_0001) {
                visit(b"api.example.com");
            }
        }
    }
    let input = network(NetworkRules {
        connect: hosts(CONNECT, [host(CONNECT, name("api.example.com"), Some(443))]),
        ..NetworkRules::default()
    });
    let context = Context {
        names: &Resolved,
        inode: None,
    };
    let to = |host, port| {
        refused_in(
            &input,
            "socket.connect",
            &socket_args(host, port, "inet", "stream"),
            &context,
        )
    };
    assert_eq!(to("8.8.8.8", 443), NOTHING);
    assert_eq!(to("8.8.8.8", 80), [CONNECT]);
    assert_eq!(to("8.8.4.4", 443), [CONNECT]);
    // A name does not speak for a private address, whatever the process says that it resolved.
    assert_eq!(to("10.0.0.1", 443), [CONNECT]);
}

#[test]
fn an_answer_may_not_lead_into_deny_or_into_a_private_network() {
    let allowed = [
        host(CONNECT, name("api.example.com"), None),
        host(CONNECT, net([10, 1, 0, 0], 16), Some(5432)),
    ];
    let input = network(NetworkRules {
        connect: hosts(CONNECT, allowed),
        deny: vec![host(DENY, net([8, 8, 8, 8], 32), None)],
        loopback: Some((false, LOOPBACK)),
        ..NetworkRules::default()
    });
    assert_eq!(answer(&input, "api.example.com", [1, 1, 1, 1]), NOTHING);
    assert_eq!(answer(&input, "api.example.com", [8, 8, 8, 8]), [DENY]);
    assert_eq!(answer(&input, "api.example.com", [10, 0, 0, 1]), [CONNECT]);
    assert_eq!(answer(&input, "api.example.com", [10, 1, 0, 1]), NOTHING);
    assert_eq!(
        answer(&input, "api.example.com", [169, 254, 169, 254]),
        [CONNECT]
    );
    assert_eq!(answer(&input, "api.example.com", [127, 0, 0, 1]), [CONNECT]);
    assert_eq!(answer(&input, "api.example.com", [0, 0, 0, 0]), [CONNECT]);
    // A number asks nobody, and is judged when it is connected to.
    assert_eq!(answer(&input, "10.0.0.1", [10, 0, 0, 1]), NOTHING);
    let open = network(NetworkRules {
        deny: vec![host(DENY, net([8, 8, 8, 8], 32), None)],
        ..NetworkRules::default()
    });
    assert_eq!(answer(&open, "api.example.com", [10, 0, 0, 1]), NOTHING);
}

#[test]
fn loopback_is_a_switch_of_its_own() {
    let rules = |loopback| NetworkRules {
        connect: hosts(
            CONNECT,
            [
                host(CONNECT, HostPattern::Any, Some(443)),
                host(CONNECT, net([127, 0, 0, 1], 32), Some(5432)),
            ],
        ),
        loopback,
        ..NetworkRules::default()
    };
    let closed = network(rules(Some((false, LOOPBACK))));
    for target in [
        "127.0.0.1",
        "127.9.9.9",
        "localhost",
        "x.localhost",
        "0.0.0.0",
        "0",
        "::1",
        "::",
        "",
    ] {
        assert_eq!(connect(&closed, target, 443), [LOOPBACK], "{target}");
    }
    assert_eq!(connect(&closed, "127.0.0.1", 80), [CONNECT]);
    assert_eq!(connect(&closed, "127.0.0.1", 5432), NOTHING);
    assert_eq!(connect(&closed, "localhost", 5432), NOTHING);
    assert_eq!(connect(&closed, "8.8.8.8", 443), NOTHING);
    let open = network(rules(Some((true, LOOPBACK))));
    for target in ["127.0.0.1", "localhost", "0.0.0.0", "::1"] {
        assert_eq!(connect(&open, target, 80), NOTHING, "{target}");
    }
    assert_eq!(bind(&open, "127.0.0.1", 80), NOTHING);
    assert_eq!(bind(&closed, "127.0.0.1", 80), [LOOPBACK]);
    // To bind, 0.0.0.0 is every address of this machine, not loopback.
    assert_eq!(bind(&closed, "0.0.0.0", 80), NOTHING);
}

#[test]
fn deny_beats_loopback_and_every_list() {
    let input = network(NetworkRules {
        connect: hosts(CONNECT, [host(CONNECT, HostPattern::Any, None)]),
        deny: vec![
            host(DENY, net([127, 0, 0, 1], 32), Some(22)),
            host(DENY_LATER, name("metadata.google.internal"), None),
        ],
        loopback: Some((true, LOOPBACK)),
        ..NetworkRules::default()
    });
    assert_eq!(connect(&input, "127.0.0.1", 22), [DENY]);
    assert_eq!(connect(&input, "0.0.0.0", 22), [DENY]);
    assert_eq!(bind(&input, "127.0.0.1", 22), [DENY]);
    assert_eq!(connect(&input, "127.0.0.1", 23), NOTHING);
    assert_eq!(
        connect(&input, "metadata.google.internal", 80),
        [DENY_LATER]
    );
    assert_eq!(resolve(&input, "METADATA.google.internal."), [DENY_LATER]);
}

#[test]
fn binding_has_a_list_of_its_own() {
    let input = network(NetworkRules {
        bind: hosts(
            BIND,
            [HostEntry {
                ports: Some((8000, 8010)),
                ..host(BIND, net([127, 0, 0, 1], 32), None)
            }],
        ),
        loopback: Some((false, LOOPBACK)),
        ..NetworkRules::default()
    });
    assert_eq!(bind(&input, "127.0.0.1", 8000), NOTHING);
    assert_eq!(bind(&input, "127.0.0.1", 8010), NOTHING);
    assert_eq!(bind(&input, "127.0.0.1", 8011), [BIND]);
    assert_eq!(bind(&input, "0.0.0.0", 8000), [BIND]);
    assert_eq!(connect(&input, "8.8.8.8", 8011), NOTHING);
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let input = network(NetworkRules {
        deny: vec![host(DENY, name("bad.example"), None)],
        ..NetworkRules::default()
    });
    for target in [
        "a b",
        "1.2.3.4.5",
        "fa\u{df}.example",
        "\u{2460}.0.0.1",
        "[::1",
        "a\0b",
    ] {
        assert_eq!(connect(&input, target, 80), [DENY], "{target:?}");
        assert_eq!(resolve(&input, target), [DENY], "{target:?}");
    }
    assert_eq!(refused(&input, "socket.connect", &[]), [DENY]);
    assert_eq!(
        refused(
            &input,
            "socket.connect",
            &[Value::str("inet").named(arg::FAMILY)]
        ),
        [DENY]
    );
    assert_eq!(refused(&input, "socket.getaddrinfo", &[]), [DENY]);
    // Listening on every address asks nobody.
    assert_eq!(
        refused(
            &input,
            "socket.getaddrinfo",
            &[Value::NULL.named(arg::HOST)]
        ),
        NOTHING
    );
    // A port that is not known is no port that an entry allows, and any that one denies.
    let ports = network(NetworkRules {
        connect: hosts(CONNECT, [host(CONNECT, name("a.example"), Some(443))]),
        deny: vec![host(DENY, name("b.example"), Some(25))],
        ..NetworkRules::default()
    });
    assert_eq!(connect(&ports, "a.example", 65536 + 443), [CONNECT]);
    assert_eq!(connect(&ports, "b.example", 65536 + 25), [DENY, CONNECT]);
}
