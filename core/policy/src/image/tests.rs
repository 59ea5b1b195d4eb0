//! Image and oracle agree; whatever the bytes, nothing panics.

use audithook_catalogue::{EVENTS, Operation};
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
