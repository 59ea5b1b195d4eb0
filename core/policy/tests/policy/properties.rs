//! What holds for every text.

use audithook_policy::{FlagOverrides, Input, LoadContext, image, load, presets};
use proptest::prelude::*;

use crate::place::Place;
use crate::roundtrip::reads_back;

fn tried(text: &str, context: &LoadContext) -> bool {
    let input = Input::Text { name: "t", text };
    match load(input, &FlagOverrides::default(), context) {
        Ok(loaded) => {
            image::build(&loaded.policy.image_input(1)).expect("every policy has an image");
            true
        }
        Err(found) => {
            assert!(found.has_errors());
            for diagnostic in found.as_slice() {
                assert!(!diagnostic.render(true).is_empty());
            }
            false
        }
    }
}

/// Words of the grammar, in any order: nearer to a policy than arbitrary text.
fn fragments() -> impl Strategy<Value = String> {
    let keys: Vec<&'static str> = [
        "", "files", "network", "process", "env", "limits", "journal", "hook", "test", "plugin",
    ]
    .into_iter()
    .flat_map(audithook_policy::schema::keys)
    .collect();
    let value = prop_oneof![
        Just("1".to_owned()),
        Just("true".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        "-?[0-9]{1,20}",
        "\"[ -!#-\\[\\]-~é🦀]{0,12}\"",
        "\\[(\"[ -!#-\\[\\]-~]{0,8}\", ){0,3}\\]",
        "\\{ (path|args|x) = \"[ -!#-\\[\\]-~]{0,8}\" \\}",
    ];
    let line = prop_oneof![
        (proptest::sample::select(keys), value).prop_map(|(key, value)| format!("{key} = {value}")),
        "\\[(files|network|process|env|limits|journal|plugin\\.p)\\]",
        "\\[\\[(hook|test)\\]\\]",
    ];
    proptest::collection::vec(line, 0..12)
        .prop_map(|lines| format!("version = 1\n{}", lines.join("\n")))
}

/// A good policy with a piece cut out or put in.
fn broken() -> impl Strategy<Value = String> {
    let texts: Vec<&'static str> = presets::PRESETS.iter().map(|preset| preset.text).collect();
    (
        proptest::sample::select(texts),
        any::<(usize, usize)>(),
        ".{0,6}",
    )
        .prop_map(|(text, (start, length), put)| {
            let start = start % text.len();
            let kept = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
            format!(
                "{}{put}{}",
                kept(0..start),
                kept(start + length % 20..text.len())
            )
        })
}

fn entry() -> impl Strategy<Value = String> {
    prop_oneof![
        "/[a-c]{1,3}(/[a-c]{1,3}){0,3}",
        "\\*\\*/\\*?\\.[a-c]{1,3}",
        "/[a-c]{1,2}/[*?][a-c]{0,2}",
        "/[a-c]/\\[[a-c]-[d-f]\\]x",
        "/[a-c]\\{[a-c],[a-c]x\\}",
        "\\./[a-c$\\[\\] ]{1,4}".prop_map(|text| text
            .replace('$', "$$")
            .replace('[', "\\[")
            .replace(']', "\\]")),
    ]
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "(udp://)?(\\*\\.)?[a-z]{1,5}\\.(org|com)(:[1-9][0-9]{0,3})?",
        (any::<[u8; 4]>(), 0_u8..=32).prop_map(|(address, prefix)| {
            let address = std::net::Ipv4Addr::from(address);
            ipnet::Ipv4Net::new(address, prefix)
                .expect("a network")
                .trunc()
                .to_string()
        }),
        (any::<[u8; 16]>(), 0_u8..=128, 1_u16..).prop_map(|(address, prefix, port)| {
            let address = std::net::Ipv6Addr::from(address);
            let network = ipnet::Ipv6Net::new(address, prefix)
                .expect("a network")
                .trunc();
            format!("[{network}]:{port}")
        }),
    ]
}

fn policy() -> impl Strategy<Value = String> {
    let list = |key: &'static str, entries: BoxedStrategy<String>| {
        proptest::option::of(proptest::collection::vec(entries, 0..4)).prop_map(move |entries| {
            match entries {
                None => String::new(),
                Some(entries) => {
                    let entries: Vec<_> =
                        entries.iter().map(|entry| format!("'{entry}'")).collect();
                    format!("{key} = [{}]\n", entries.join(", "))
                }
            }
        })
    };
    (
        prop_oneof![Just("allow"), Just("deny")],
        list("read", entry().boxed()),
        list("deny", entry().boxed()),
        list("connect", host().boxed()),
        list("deny", host().boxed()),
        list("exec", "/[a-c]{1,3}".boxed()),
        list("pass", "[A-C*?]{1,4}".boxed()),
    )
        .prop_map(|(default, read, deny, connect, refuse, exec, pass)| {
            format!(
                "version = 1\ndefault = '{default}'\n[files]\n{read}{deny}[network]\n{connect}{refuse}[process]\n{exec}[env]\n{pass}"
            )
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
        let place = Place::new();
        tried(&text, &place.context);
    }

    #[test]
    fn no_fragments_of_the_grammar_make_the_reader_panic_and_what_loads_has_an_image(text in fragments()) {
        let place = Place::new();
        tried(&text, &place.context);
    }

    #[test]
    fn a_broken_file_yields_a_whole_policy_or_none(text in broken()) {
        let place = Place::new();
        let is_toml = text.parse::<toml::Table>().is_ok();
        prop_assert!(!tried(&text, &place.context) || is_toml);
    }

    #[test]
    fn what_is_written_back_reads_to_the_same_policy(text in policy()) {
        let place = Place::new();
        reads_back(&place.policy(&text), &place.context);
    }

    #[test]
    fn no_condition_makes_the_parser_panic(text in "[a-z.()\\[\\]{}'\"&|!=<>+*/%?:, 0-9\\\\]{0,60}") {
        let _ = audithook_policy::cel::Condition::parse(&text);
    }
}
