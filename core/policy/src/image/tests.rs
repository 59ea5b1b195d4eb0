//! Image and oracle agree; whatever the bytes, nothing panics.

use audithook_abi::{Value, Verdict};
use audithook_catalogue::{EVENTS, Operation, arg};
use audithook_matcher::host::{self, Host, HostBuffer};
use audithook_matcher::{Context, Image};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;

use super::generate::{
    RandomEvent, RandomNames, address, event, host_name, names, odd_host, policy,
};
use super::naive::{self, Opinion};
use super::*;

proptest! {
    #[test]
    fn the_image_says_what_the_oracle_says(
        policy in policy(),
        events in proptest::collection::vec(event(), 1..24),
        names in names(),
    ) {
        let bytes = build(&policy).expect("the generators make policies");
        let image = Image::parse(&bytes).expect("what is built can be read");
        for event in &events {
            check_event(&policy, &image, event, &names)?;
        }
    }

    #[test]
    fn the_image_says_of_answers_what_the_oracle_says(policy in policy(), name in host_name(), address in address()) {
        let bytes = build(&policy).expect("the generators make policies");
        let image = Image::parse(&bytes).expect("what is built can be read");
        let judged = Opinion::from(&image.judge_answer(name.as_bytes(), &address));
        let ip = match host::as_ipv4(&address) {
            Some(address) => std::net::IpAddr::V4(address.into()),
            None => std::net::IpAddr::V6(address.into()),
        };
        prop_assert_eq!(judged, naive::judge_answer(&policy, &name, ip));
    }

    #[test]
    fn a_damaged_image_is_refused_or_read_without_a_panic(
        policy in policy(),
        damage in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..6),
        events in proptest::collection::vec(event(), 8),
        names in names(),
    ) {
        let mut bytes = build(&policy).expect("the generators make policies");
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        read_all(&bytes, &events, &names);
    }

    #[test]
    fn a_cut_image_is_refused(policy in policy(), place in any::<Index>()) {
        let bytes = build(&policy).expect("the generators make policies");
        prop_assert!(Image::parse(&bytes[..place.index(bytes.len())]).is_err());
    }

    #[test]
    fn random_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(Image::parse(&bytes).is_err());
    }

    #[test]
    fn letters_together_are_mapped_as_idna_maps_them_or_refused(text in "[a-z\\PC]{1,3}") {
        check_host(&format!("{text}.example"))?;
    }

    #[test]
    fn a_host_has_one_form(text in odd_host()) {
        let mut buffer = HostBuffer::new();
        let Ok(found) = host::normalise(text.as_bytes(), &mut buffer) else {
            return Ok(());
        };
        match found {
            Host::Name(name) => {
                let name = name.to_vec();
                let mut again = HostBuffer::new();
                prop_assert_eq!(host::normalise(&name, &mut again), Ok(Host::Name(&name)));
            }
            Host::Address(address) => prop_assert_eq!(host::canonical(address), address),
        }
    }
}

/// Image and oracle agree on an event, and the plan promises what the judgement keeps.
fn check_event(
    policy: &ImageInput,
    image: &Image<'_>,
    event: &RandomEvent,
    names: &RandomNames,
) -> Result<(), TestCaseError> {
    let context = Context {
        names,
        inode: event.inode,
    };
    let plan = image.plan(event.name.as_bytes());
    let (judged, expected) = event.with_args(|args| {
        let judged = Opinion::from(&image.judge(&plan, args, &context));
        (judged, naive::judge(policy, &event.name, args, &context))
    });
    prop_assert_eq!(&judged, &expected, "{:?}", event);
    let quiet =
        judged.rules.is_empty() && !judged.ask && !judged.log && judged.target_hooks.is_empty();
    prop_assert!(
        plan.judged() || quiet,
        "the plan does not have the event judged"
    );
    prop_assert!(
        plan.observed() || !judged.observe,
        "the plan does not have the event observed"
    );
    Ok(())
}

/// Reads everything that can be read of an image, if it is one.
fn read_all(bytes: &[u8], events: &[RandomEvent], names: &RandomNames) {
    let Ok(image) = Image::parse(bytes) else {
        return;
    };
    for number in 0..image.rule_count() {
        let _ = image.rule(number);
    }
    for plugin in image.target_plugins() {
        let _ = plugin.hooks().count();
    }
    for event in events {
        let context = Context {
            names,
            inode: event.inode,
        };
        let plan = image.plan(event.name.as_bytes());
        let judgement = event.with_args(|args| image.judge(&plan, args, &context));
        assert!(judgement.rules().len() <= audithook_matcher::MOST_NAMED);
    }
    for address in names.0.keys() {
        let _ = image.judge_answer(b"a.test", address);
    }
}

#[test]
fn every_operation_of_the_catalogue_is_generated() {
    let mut missing: Vec<Operation> = Vec::new();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let seen: std::collections::HashSet<Operation> = (0..2000)
        .map(|_| event().new_tree(&mut runner).expect("an event").current())
        .filter_map(|event| audithook_catalogue::find(&event.name).map(|(_, info)| info.operation))
        .collect();
    for event in &EVENTS {
        if !seen.contains(&event.operation) {
            missing.push(event.operation);
        }
    }
    assert_eq!(missing, []);
}

/// The table of the letters that a host must not have, against what `idna` makes of every letter.
///
/// `UPDATE_LETTERS=1` writes it anew, for a new version of Unicode.
#[test]
fn the_table_of_uncertain_letters_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../matcher/src/letters.rs");
    let table = letters_table();
    if std::env::var_os("UPDATE_LETTERS").is_some() {
        std::fs::write(path, &table).expect("the table can be written");
    }
    let found = std::fs::read_to_string(path).expect("the table");
    assert!(
        found == table,
        "core/matcher/src/letters.rs is stale: run this test with UPDATE_LETTERS=1"
    );
}

/// Unicode has no letters from here on.
const END_OF_LETTERS: char = '\u{34000}';

fn letters_table() -> String {
    use std::fmt::Write as _;

    let mut uncertain = BTreeSet::new();
    for letter in '\u{80}'..END_OF_LETTERS {
        let lower: String = letter.to_lowercase().collect();
        let full_width = ('\u{ff01}'..='\u{ff5e}').contains(&letter);
        if !full_width && !is_certain(letter, &lower) {
            uncertain.extend(lower.chars().filter(|letter| !letter.is_ascii()));
        }
    }
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for letter in uncertain.into_iter().map(u32::from) {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == letter => *last = letter,
            _ => ranges.push((letter, letter)),
        }
    }
    ranges.push((END_OF_LETTERS.into(), char::MAX.into()));
    let mut text = String::from(
        "//! Made by a test of `audithook-policy`, which says how.\n\n\
         /// Lower-case letters, first and last of each range, that resolvers map to others, or ignore, or refuse, or that compose\n\
         /// with their neighbour. A host that has one may be several hosts.\n\
         #[rustfmt::skip]\n",
    );
    let _ = writeln!(
        text,
        "pub(crate) static UNCERTAIN: [(u32, u32); {}] = [",
        ranges.len()
    );
    for row in ranges.chunks(8) {
        let row: Vec<String> = row
            .iter()
            .map(|(first, last)| format!("(0x{first:x}, 0x{last:x})"))
            .collect();
        let _ = writeln!(text, "    {},", row.join(", "));
    }
    text.push_str("];\n");
    text
}

/// Whether every mapping leaves a lower-case letter as it is, and makes it of the upper-case one.
fn is_certain(letter: char, lower: &str) -> bool {
    let differs_between_idna_2003_and_2008 =
        matches!(letter, 'ß' | 'ẞ' | 'ς' | '\u{200c}' | '\u{200d}');
    // In composed text these stand behind a letter only where there is no composed form; marks of other scripts, that
    // compose with a letter or two, are part of ordinary names.
    let composes = matches!(letter, '\u{300}'..='\u{36f}' | '\u{1100}'..='\u{11ff}' | '\u{a960}'..='\u{a97f}'
        | '\u{d7b0}'..='\u{d7ff}' | '\u{3099}' | '\u{309a}');
    if differs_between_idna_2003_and_2008 || composes {
        return false;
    }
    // Marks stand behind a letter, and some behind one of their own direction only.
    let mut known = false;
    for before in ["", "a", "א", "ا"] {
        let label = format!("{before}{lower}");
        let expected = if label.is_ascii() {
            Some(label)
        } else {
            idna::punycode::encode_str(&label).map(|label| format!("xn--{label}"))
        };
        if let Ok(found) = idna::domain_to_ascii(&format!("{before}{letter}")) {
            if Some(found) != expected {
                return false;
            }
            known = true;
        }
    }
    known
}

#[test]
fn every_letter_is_mapped_as_idna_maps_it_or_refused() {
    for letter in char::MIN..=char::MAX {
        check_host(&format!("a{letter}b.example")).expect("one form");
        check_host(&format!("{letter}.example")).expect("one form");
    }
}

/// A name that is not refused is what UTS 46 makes of it, unless that knows no such name.
fn check_host(text: &str) -> Result<(), TestCaseError> {
    let mut buffer = HostBuffer::new();
    if let Ok(Host::Name(name)) = host::normalise(text.as_bytes(), &mut buffer)
        && let Ok(expected) = idna::domain_to_ascii(text)
    {
        prop_assert_eq!(
            String::from_utf8_lossy(name),
            expected,
            "{}",
            text.escape_unicode()
        );
    }
    Ok(())
}

#[test]
fn the_directory_before_the_star_of_a_denied_glob_is_not_moved_away() {
    let entry = |glob: &str| PathEntry {
        pattern: PathPattern::Glob(glob.to_owned()),
        rule: 0,
    };
    let mut input = ImageInput {
        rules: vec![RuleText::default()],
        ..ImageInput::default()
    };
    input.files.deny = ["/a/sec/*.pem", "/b/{c,d/e}/**/x", "**/*.key", "/*/y"]
        .map(entry)
        .into();
    let bytes = build(&input).expect("built");
    let image = Image::parse(&bytes).expect("read");
    let names = RandomNames::default();
    let moved = |name: &str, path: &str| {
        let values = [
            Value::path(path).named(arg::PATH),
            Value::path(path).named(arg::SRC),
            Value::path("/elsewhere").named(arg::DST),
        ];
        let context = Context {
            names: &names,
            inode: None,
        };
        let judged = image.judge(&image.plan(name.as_bytes()), &values, &context);
        let expected = naive::judge(&input, name, &values, &context);
        assert_eq!(Opinion::from(&judged), expected, "{name} {path}");
        judged.verdict
    };
    for held in ["/a", "/a/sec", "/b", "/b/c", "/b/d", "/b/d/e"] {
        for event in ["os.rename", "os.link", "os.rmdir"] {
            assert_eq!(moved(event, held), Verdict::Deny, "{event} {held}");
        }
        assert_eq!(moved("os.mkdir", held), Verdict::Allow, "{held}");
    }
    for free in ["/a/other", "/b/c/deeper", "/c", "/a/sec/x.txt", "/home"] {
        assert_eq!(moved("os.rename", free), Verdict::Allow, "{free}");
    }
}
