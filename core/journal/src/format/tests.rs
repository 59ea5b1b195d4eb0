use audithook_abi::{VALUE_SECRET, Value, Verdict};
use audithook_catalogue::{EVENTS, arg, event};
use audithook_wire::flat::{Encoder, MAX_RECORD, Meta, Name, Rules};
use proptest::prelude::*;

use super::*;

fn formatter() -> Formatter {
    let clock = Clock::new(1_000_000_000, 1_767_323_045_123_456_789);
    Formatter::new(RunId::new(0, [0; 10]), clock)
}

fn line_of(
    event: Name<'_>,
    meta: &Meta,
    more: &Entry<'_>,
    args: &[(Name<'_>, Value<'_>)],
) -> String {
    let mut buffer = vec![0; MAX_RECORD];
    let mut encoder = Encoder::new(&mut buffer, event, meta);
    for (name, value) in args {
        encoder.arg(*name, value);
    }
    let record = Record::parse(encoder.finish()).unwrap();
    let mut out = Vec::new();
    formatter().append(
        &mut out,
        &Entry {
            record: &record,
            ..*more
        },
    );
    String::from_utf8(out).unwrap()
}

/// Calls `then` with an entry that has no record of its own.
fn with_entry<T>(then: impl FnOnce(&Entry<'_>) -> T) -> T {
    let mut buffer = [0; 64];
    let meta = Meta::new(Source::App);
    let record = Record::parse(Encoder::new(&mut buffer, Name::NONE, &meta).finish()).unwrap();
    then(&Entry {
        seq: 17,
        time_ns: 1_000_000_000,
        process: "4242.1",
        pid: 4242,
        sources: &[Source::Cpython],
        record: &record,
        rules: &[],
        reason: b"",
    })
}

/// Only the arguments' object.
fn args_of(event: Name<'_>, args: &[(Name<'_>, Value<'_>)]) -> String {
    let meta = Meta::new(Source::Cpython);
    let line = with_entry(|entry| line_of(event, &meta, entry, args));
    let start = line.find("\"args\":").unwrap() + 7;
    line[start..line.find(",\"verdict\"").unwrap()].to_owned()
}

const CUSTOM: Name<'_> = Name::Text(b"shop.order");

#[test]
fn a_line_has_the_documented_shape() {
    let meta = Meta {
        tid: 4243,
        verdict: Verdict::Deny,
        generation: 1,
        errno: 13,
        rules: Rules::new(&[0]),
        ..Meta::new(Source::Cpython)
    };
    let line = with_entry(|entry| {
        let rules = [Rule {
            id: "files.read",
            at: "hooks.toml:9",
        }];
        let entry = Entry {
            rules: &rules,
            sources: &[Source::Kernel, Source::Cpython],
            ..*entry
        };
        line_of(
            Name::Known(event::OPEN),
            &meta,
            &entry,
            &[
                (Name::Known(arg::PATH), Value::path("/etc/shadow")),
                (Name::Known(arg::RAW), Value::path("../etc/shadow")),
                (Name::Known(arg::FLAGS), Value::list(&[Value::str("read")])),
            ],
        )
    });
    assert_eq!(
        line,
        concat!(
            r#"{"v":1,"run":"00000000000000000000000000","seq":17,"time":"2026-01-02T03:04:05.123456789Z","#,
            r#""proc":"4242.1","pid":4242,"tid":4243,"sources":["kernel","cpython"],"event":"open","#,
            r#""args":{"path":"/etc/shadow","raw":"../etc/shadow","flags":["read"]},"verdict":"deny","#,
            r#""rules":[{"id":"files.read","at":"hooks.toml:9"}],"errno":"EACCES","generation":1}"#,
            "\n"
        )
    );
}

#[test]
fn what_is_seldom_so_is_said_only_when_it_is() {
    let meta = Meta {
        flags: EVENT_NESTED | EVENT_STARTUP | EVENT_TRUNCATED,
        would: Some(Verdict::Kill),
        errno: 4000,
        ..Meta::new(Source::Cpython)
    };
    let line = with_entry(|entry| {
        line_of(
            CUSTOM,
            &meta,
            &Entry {
                reason: b"caf\xE9",
                ..*entry
            },
            &[],
        )
    });
    assert!(
        line.ends_with(concat!(
            r#""event":"shop.order","args":{},"verdict":"allow","would":"kill","rules":[],"errno":"E4000","#,
            "\"reason\":\"caf\u{FFFD}\",\"reason_b64\":\"Y2Fp6Q==\",",
            r#""nested":true,"startup":true,"truncated":true,"generation":0}"#,
            "\n"
        ).replace("Y2Fp6Q==", "Y2Fm6Q==").as_str()),
        "{line}"
    );
}

#[test]
fn a_value_of_another_type_than_the_catalogue_says_stands_under_another_name() {
    let port = Name::Known(arg::PORT);
    let connect = Name::Known(event::SOCKET_CONNECT);
    assert_eq!(
        args_of(connect, &[(port, Value::u64(443))]),
        r#"{"port":443}"#
    );
    assert_eq!(
        args_of(connect, &[(port, Value::i64(443))]),
        r#"{"port":443}"#
    );
    assert_eq!(args_of(connect, &[(port, Value::NULL)]), r#"{"port":null}"#);
    assert_eq!(
        args_of(connect, &[(port, Value::str("http"))]),
        r#"{"port_str":"http"}"#
    );
    let lookup = Name::Known(event::SOCKET_GETADDRINFO);
    assert_eq!(
        args_of(lookup, &[(port, Value::u64(443))]),
        r#"{"port":443}"#
    );
    assert_eq!(
        args_of(lookup, &[(port, Value::str("http"))]),
        r#"{"port_str":"http"}"#
    );
    let path = Name::Known(arg::PATH);
    let open = Name::Known(event::OPEN);
    assert_eq!(args_of(open, &[(path, Value::fd(3))]), r#"{"path_fd":3}"#);
    assert_eq!(
        args_of(open, &[(path, Value::list(&[Value::str(b"\xFF")]))]),
        "{\"path_list\":[\"\u{FFFD}\"],\"path_list_b64\":[\"/w==\"]}"
    );
}

#[test]
fn custom_events_have_the_types_that_they_are_raised_with() {
    assert_eq!(
        args_of(
            CUSTOM,
            &[
                (Name::Text(b"id"), Value::u64(5)),
                (Name::Text(b"total"), Value::f64(9.0)),
                (Name::NONE, Value::bool(true)),
                (Name::Text(b"note"), Value::bytes(b"a\nb")),
            ],
        ),
        r#"{"id":5,"total":9.0,"2":true,"note":"a\nb"}"#
    );
}

#[test]
fn what_json_cannot_say_has_a_sibling_that_does() {
    let name = Name::Text(b"n");
    let one = |value| args_of(CUSTOM, &[(name, value)]);
    assert_eq!(one(Value::u64(1 << 53)), r#"{"n":9007199254740992}"#);
    assert_eq!(
        one(Value::u64(u64::MAX)),
        r#"{"n":18446744073709551615,"n_exact":"18446744073709551615"}"#
    );
    assert_eq!(
        one(Value::i64(i64::MIN)),
        r#"{"n":-9223372036854775808,"n_exact":"-9223372036854775808"}"#
    );
    assert_eq!(one(Value::f64(f64::NAN)), r#"{"n":null,"n_exact":"NaN"}"#);
    assert_eq!(
        one(Value::f64(f64::NEG_INFINITY)),
        r#"{"n":null,"n_exact":"-inf"}"#
    );
    assert_eq!(
        one(Value::str(b"caf\xE9")),
        "{\"n\":\"caf\u{FFFD}\",\"n_b64\":\"Y2Fm6Q==\"}"
    );
    assert_eq!(
        one(Value::str("hunter2").flagged(VALUE_SECRET)),
        r#"{"n":null,"n_secret":7}"#
    );
}

#[test]
fn lists_and_maps_nest() {
    let inner = [Value::str(b"\xFF"), Value::str("é"), Value::f64(f64::NAN)];
    let pairs = [
        Value::str("k"),
        Value::str(b"\xFE"),
        Value::i64(-1),
        Value::NULL,
    ];
    let outer = [Value::list(&inner), Value::map(&pairs), Value::str("x")];
    assert_eq!(
        args_of(CUSTOM, &[(Name::Text(b"all"), Value::list(&outer))]),
        "{\"all\":[[\"\u{FFFD}\",\"é\",null],{\"k\":\"\u{FFFD}\",\"k_b64\":\"/g==\",\"-1\":null},\"x\"],\
         \"all_b64\":[[\"/w==\",null,null],null,null]}"
    );
}

#[test]
fn addresses_are_shown_in_words() {
    let inet = [2, 0, 0x01, 0xBB, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut inet6 = vec![10, 0, 0x01, 0xBB, 0, 0, 0, 0];
    inet6.extend([0; 15]);
    inet6.extend([1, 0, 0, 0, 0]);
    for (bytes, expected) in [
        (&inet[..], r#"{"a":"127.0.0.1:443"}"#),
        (&inet6, r#"{"a":"[::1]:443"}"#),
        (b"\x01\0/run/x\0", r#"{"a":"unix:/run/x"}"#),
        (b"\x01\0\0name", r#"{"a":"unix:@name"}"#),
        (b"\x01\0", r#"{"a":"unix:"}"#),
        (b"\x10\0xx", r#"{"a":"family 16","a_b64":"EAB4eA=="}"#),
        (b"\x02\0\0", r#"{"a":"family 2","a_b64":"AgAA"}"#),
        (b"", r#"{"a":""}"#),
        (b"\x02", r#"{"a":"\u0002","a_b64":"Ag=="}"#),
    ] {
        assert_eq!(
            args_of(CUSTOM, &[(Name::Text(b"a"), Value::addr(bytes))]),
            expected
        );
    }
}

#[test]
fn no_name_stands_twice_whatever_a_program_passes() {
    let args = [
        (Name::Text(b"path"), Value::str(b"\xFF")),
        (Name::Text(b"path_b64"), Value::str("forged")),
        (Name::Text(b"path"), Value::str("/harmless")),
        (Name::Text(b"\xFF"), Value::u64(1)),
        (Name::Text(b"\xFE"), Value::u64(2)),
    ];
    assert_eq!(
        args_of(CUSTOM, &args),
        "{\"path\":\"\u{FFFD}\",\"path_b64\":\"/w==\",\"path_b64~2\":\"forged\",\"path~2\":\"/harmless\",\
         \"\u{FFFD}\":1,\"\u{FFFD}~2\":2}"
    );
}

#[test]
fn a_line_cannot_be_broken_in_two() {
    let hostile = "x\n{\"v\":1}\r\u{2028}\u{1b}[2K";
    let line = with_entry(|entry| {
        let entry = Entry {
            reason: hostile.as_bytes(),
            process: hostile,
            ..*entry
        };
        line_of(
            Name::Text(hostile.as_bytes()),
            &Meta::new(Source::App),
            &entry,
            &[(Name::Text(hostile.as_bytes()), Value::str(hostile))],
        )
    });
    assert_eq!(line.matches('\n').count(), 1);
    assert!(
        !line.trim_end().chars().any(crate::json::is_unsafe_to_show),
        "{line}"
    );
}

#[test]
fn the_longest_line_is_far_shorter_than_readers_take() {
    let worst = vec![0xFF; MAX_RECORD];
    let args: Vec<_> = (0..40)
        .map(|_| (Name::Text(&[0x1B; 500][..]), Value::str(&worst)))
        .collect();
    let line = with_entry(|entry| line_of(CUSTOM, &Meta::new(Source::App), entry, &args));
    assert!(line.len() < crate::MAX_LINE / 5, "{}", line.len());
}

#[test]
fn the_names_of_the_catalogue_need_no_escapes() {
    for event in &EVENTS {
        for name in event
            .args
            .iter()
            .map(|argument| argument.name)
            .chain([event.name])
        {
            assert!(
                name.bytes()
                    .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
            );
        }
    }
}

fn scalar() -> impl Strategy<Value = (u8, u64, Vec<u8>)> {
    (
        0_u8..12,
        any::<u64>(),
        prop::collection::vec(any::<u8>(), 0..12),
    )
}

fn value(of: &(u8, u64, Vec<u8>)) -> Value<'_> {
    let (kind, number, bytes) = of;
    match kind {
        0 => Value::NULL,
        1 => Value::bool(number % 2 == 0),
        2 => Value::i64(number.cast_signed()),
        3 => Value::u64(*number),
        4 => Value::f64(f64::from_bits(*number)),
        5 => Value::str(bytes),
        6 => Value::bytes(bytes),
        7 => Value::path(bytes),
        8 => Value::addr(bytes),
        9 => Value::fd(*number as i32),
        10 => Value::list(&[]),
        _ => Value::str(bytes).flagged(VALUE_SECRET),
    }
}

/// What JSON calls the type of a value; null has every type.
fn json_type(value: &serde_json::Value) -> Option<&'static str> {
    Some(match value {
        serde_json::Value::Null => return None,
        serde_json::Value::Bool(_) => "bool",
        serde_json::Value::Number(_) => "number",
        serde_json::Value::String(_) => "string",
        serde_json::Value::Array(_) => "array",
        serde_json::Value::Object(_) => "object",
    })
}

proptest! {
    #[test]
    fn a_field_has_one_type_whatever_a_program_passes(
        event in 0..EVENTS.len(), one in scalar(), other in scalar(), place in any::<prop::sample::Index>(),
    ) {
        let info = &EVENTS[event];
        prop_assume!(!info.args.is_empty());
        let name = audithook_catalogue::arg_symbol(info.args[place.index(info.args.len())].name.as_bytes()).unwrap();
        let name_event = Name::Known(audithook_abi::Symbol(event as u32));
        let read = |of| -> serde_json::Map<String, serde_json::Value> {
            serde_json::from_str(&args_of(name_event, &[(Name::Known(name), value(of))])).unwrap()
        };
        let (one, other) = (read(&one), read(&other));
        for (field, value) in &one {
            if let (Some(one), Some(other)) = (json_type(value), other.get(field).and_then(json_type)) {
                prop_assert_eq!(one, other, "{}", field);
            }
        }
    }

    #[test]
    fn every_record_makes_one_line_that_reads_back(
        event in prop::collection::vec(any::<u8>(), 1..12),
        args in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..6), scalar()), 0..6),
    ) {
        let args: Vec<_> = args.iter().map(|(name, of)| (Name::Text(name), value(of))).collect();
        let line = with_entry(|entry| line_of(Name::Text(&event), &Meta::new(Source::App), entry, &args));
        prop_assert_eq!(line.matches('\n').count(), 1);
        let read = crate::Line::parse(line.as_bytes()).unwrap();
        prop_assert_eq!(read.event, String::from_utf8_lossy(&event));
        prop_assert!(read.args.len() >= args.len());
    }
}
