//! Hosts as programs write them.

use super::*;
use std::net::{IpAddr, Ipv4Addr};

fn found(text: &str) -> Result<String, HostError> {
    let mut buffer = HostBuffer::new();
    normalise(text.as_bytes(), &mut buffer).map(|host| match host {
        Host::Name(name) => str::from_utf8(name).expect("ASCII").to_owned(),
        Host::Address(address) => match as_ipv4(&address) {
            Some(address) => Ipv4Addr::from(address).to_string(),
            None => format!("[{}]", Ipv6Addr::from(address)),
        },
    })
}

#[test]
fn names_lose_case_and_the_trailing_dot() {
    for (text, name) in [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("LOCALHOST", "localhost"),
        ("_service._tcp.example.com", "_service._tcp.example.com"),
        ("xn--BCHER-kva.example", "xn--bcher-kva.example"),
        ("a", "a"),
        ("1a", "1a"),
        ("0xfg", "0xfg"),
        ("3com.com", "3com.com"),
        ("1.2.3.com", "1.2.3.com"),
    ] {
        assert_eq!(found(text).as_deref(), Ok(name), "{text}");
    }
}

#[test]
fn names_beyond_ascii_become_a_labels() {
    for (text, name) in [
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example.", "xn--bcher-kva.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("пример｡рф", "xn--e1afmkfd.xn--p1ai"),
        ("ｅｘａｍｐｌｅ．ｃｏｍ", "example.com"),
        ("K\u{212a}.com", "kk.com"),
    ] {
        assert_eq!(found(text).as_deref(), Ok(name), "{text}");
    }
}

#[test]
fn whatever_inet_aton_takes_for_a_number_is_an_address() {
    for text in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0X7F.1",
        "0x7f.0x0.0x0.0x1",
        "0177.0.0.1",
        "0177.0.0.01",
        "017700000001",
        "127.0.0.1.",
        "0x7f.1.",
        "127.0x0.00.1",
        "::ffff:127.0.0.1",
        "::FFFF:7f00:1",
        "[::ffff:127.0.0.1]",
        "64:ff9b::127.0.0.1",
        "64:ff9b::7f00:1",
        "0:0:0:0:0:ffff:7f00:0001",
        "１２７.０.０.１",
        "127。0。0。1",
    ] {
        assert_eq!(found(text).as_deref(), Ok("127.0.0.1"), "{text}");
    }
    for (text, address) in [
        ("0", "0.0.0.0"),
        ("0x0", "0.0.0.0"),
        ("00", "0.0.0.0"),
        ("1", "0.0.0.1"),
        ("255.255.255.255", "255.255.255.255"),
        ("4294967295", "255.255.255.255"),
        ("<broadcast>", "255.255.255.255"),
        ("10.16777215", "10.255.255.255"),
        ("10.1.65535", "10.1.255.255"),
        ("169.254.169.254", "169.254.169.254"),
        ("0xa9fea9fe", "169.254.169.254"),
        ("0251.0376.0251.0376", "169.254.169.254"),
    ] {
        assert_eq!(found(text).as_deref(), Ok(address), "{text}");
    }
}

#[test]
fn what_looks_like_a_number_and_is_none_is_refused() {
    for text in [
        "256.0.0.1",
        "1.2.3.4.5",
        "1.2.3.256",
        "1.256.3",
        "10.16777216",
        "10.1.65536",
        "4294967296",
        "0x100000000",
        "0x",
        "127.0.0.0x",
        "08",
        "09.1",
        "1.2.3.08",
        "999999999999999999999",
        "example.0x7f",
        "example.123",
        "1..2",
        "-1.2",
    ] {
        assert!(found(text).is_err(), "{text}: {:?}", found(text));
    }
}

#[test]
fn ipv6_addresses_lose_brackets_zones_and_spelling() {
    for (text, address) in [
        ("::1", "[::1]"),
        ("[::1]", "[::1]"),
        ("0:0:0:0:0:0:0:1", "[::1]"),
        ("::", "[::]"),
        ("fe80::1%eth0", "[fe80::1]"),
        ("[fe80::1%25eth0]", "[fe80::1]"),
        ("2001:DB8::1", "[2001:db8::1]"),
        ("2001:0db8:0000:0000:0000:0000:0000:0001", "[2001:db8::1]"),
        ("::ffff:0:127.0.0.1", "[::ffff:0:7f00:1]"),
        ("64:ff9b:1::7f00:1", "[64:ff9b:1::7f00:1]"),
    ] {
        assert_eq!(found(text).as_deref(), Ok(address), "{text}");
    }
    for text in [
        "[::1",
        "::1]",
        "[]",
        ":",
        ":::",
        "1:2:3:4:5:6:7:8:9",
        "::1%",
        "[127.0.0.1]",
        "[example.com]",
        "a:b",
        "::1:",
    ] {
        assert_eq!(found(text), Err(HostError::BadAddress), "{text}");
    }
}

#[test]
fn what_no_host_is_called_is_refused() {
    assert_eq!(found(""), Err(HostError::Empty));
    let long_label = "a".repeat(64);
    let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
    assert_eq!(found(&longest).map(|name| name.len()), Ok(253));
    assert_eq!(
        found(&format!("{longest}.")).map(|name| name.len()),
        Ok(253)
    );
    let too_long = format!("{longest}b");
    for text in [
        ".",
        "..",
        ".example.com",
        "example..com",
        "example.com..",
        "a b",
        " a",
        "a ",
        "a\tb",
        "a\nb",
        "a\0b",
        "127.0.0.1 ",
        "127.0.0.1\0.example",
        "a/b",
        "a@b",
        "user@127.0.0.1",
        "*.example.com",
        "a%b",
        "a\u{7f}",
        &long_label,
        &too_long,
    ] {
        assert_eq!(found(text), Err(HostError::BadName), "{text:?}");
    }
    assert_eq!(found("é".repeat(80).as_str()), Err(HostError::BadName));
    assert_eq!(
        normalise(b"\xff\xfe", &mut HostBuffer::new()),
        Err(HostError::NotText)
    );
    assert_eq!(
        normalise(&[b'a'; 100_000], &mut HostBuffer::new()),
        Err(HostError::BadName)
    );
}

#[test]
fn what_resolvers_map_to_different_names_is_refused() {
    for text in [
        "faß.de",
        "βόλος.com",
        "①②⑦.0.0.1",
        "127。0。0。¹",
        "𝟏27.0.0.1",
        "exa\u{ad}mple.com",
        "exa\u{200b}mple.com",
        "e\u{301}xample.com",
        "ℯxample.com",
        "ﬁle.com",
        "\u{1f11e}.com",
        "a\u{2024}com",
        "İstanbul.com",
        "ſ.com",
        "a\u{feff}.com",
    ] {
        assert_eq!(found(text), Err(HostError::Ambiguous), "{text}");
    }
}

#[test]
fn private_are_the_addresses_that_mean_something_inside_a_network_only() {
    for text in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.1",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.1",
        "192.168.255.255",
        "198.18.0.1",
        "198.19.255.255",
        "::",
        "::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "fc00::1",
        "fdff::1",
        "64:ff9b:1::1",
        "2002:a00:1::",
        "2002:7f00:1::1",
        "::ffff:10.0.0.1",
    ] {
        assert!(is_private(&octets(text)), "{text}");
    }
    for text in [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "192.167.255.255",
        "193.168.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "::2",
        "2001:db8::1",
        "64:ff9b::808:808",
        "fbff::1",
        "fe00::1",
        "ff02::1",
        "2002:808:808::",
    ] {
        assert!(!is_private(&octets(text)), "{text}");
    }
}

#[test]
fn localhost_is_a_name_and_all_below_it() {
    for name in ["localhost", "a.localhost", "a.b.localhost"] {
        assert!(is_localhost(name.as_bytes()), "{name}");
    }
    for name in ["xlocalhost", "localhost.com", "", "local"] {
        assert!(!is_localhost(name.as_bytes()), "{name}");
    }
}

fn octets(text: &str) -> [u8; 16] {
    let address = match text.parse().expect("an address") {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    };
    canonical(address)
}
