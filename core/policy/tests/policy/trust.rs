//! Trust: a policy that nobody named is used only as it was read.

use audithook_policy::{TrustStore, Trusted};

use crate::place::Place;

#[test]
fn a_policy_is_trusted_as_it_was_recorded_and_no_longer_when_it_or_what_it_extends_changes() {
    let place = Place::new();
    let store = TrustStore::of(&place.context).expect("a home");
    place.file("other.toml", "version = 1");
    let text = "version = 1\nextends = ['./other.toml']";
    assert_eq!(store.check(&place.policy(text)), Trusted::Never);
    store.record(&place.policy(text)).expect("recorded");
    assert_eq!(store.check(&place.policy(text)), Trusted::Yes);

    assert_eq!(
        store.check(&place.policy(&format!("{text} "))),
        Trusted::Changed
    );
    place.file("other.toml", "version = 1\nmode = 'off'");
    assert_eq!(store.check(&place.policy(text)), Trusted::Changed);
    store.record(&place.policy(text)).expect("recorded");
    assert_eq!(store.check(&place.policy(text)), Trusted::Yes);
}

#[test]
fn the_same_text_in_another_place_is_another_policy() {
    let place = Place::new();
    let other = Place::new();
    let store = TrustStore::of(&place.context).expect("a home");
    store
        .record(&place.policy("version = 1"))
        .expect("recorded");
    assert_eq!(store.check(&other.policy("version = 1")), Trusted::Never);
}

#[test]
fn the_hash_of_a_policy_covers_its_flags() {
    let place = Place::new();
    let plain = place.policy("version = 1");
    let flags = audithook_policy::FlagOverrides {
        read: vec!["data".to_owned()],
        ..Default::default()
    };
    let flagged = place
        .load_with("version = 1", &flags)
        .expect("loaded")
        .policy;
    assert_eq!(plain.hash().len(), 64);
    assert_ne!(plain.hash(), flagged.hash());
}
