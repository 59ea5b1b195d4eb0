//! Trust: a policy that nobody named is used only as it was read.

use std::path::PathBuf;

use audithook_policy::{PluginCode, TrustError, TrustRecord, TrustStore, Trusted};

use crate::place::Place;

fn checked(store: &TrustStore, policy: &audithook_policy::Policy) -> Trusted {
    store.check(policy).expect("a whole store")
}

#[test]
fn a_policy_is_trusted_as_it_was_recorded_and_no_longer_when_it_or_what_it_extends_changes() {
    let place = Place::new();
    let store = TrustStore::of(&place.context).expect("a home");
    place.file("other.toml", "version = 1");
    let text = "version = 1\nextends = ['./other.toml']";
    assert_eq!(checked(&store, &place.policy(text)), Trusted::Never);
    store.record(&place.policy(text), &[]).expect("recorded");
    assert_eq!(
        checked(&store, &place.policy(text)),
        Trusted::Yes(Vec::new())
    );

    assert_eq!(
        checked(&store, &place.policy(&format!("{text} "))),
        Trusted::Changed
    );
    place.file("other.toml", "version = 1\nmode = 'off'");
    assert_eq!(checked(&store, &place.policy(text)), Trusted::Changed);
    store.record(&place.policy(text), &[]).expect("recorded");
    assert_eq!(
        checked(&store, &place.policy(text)),
        Trusted::Yes(Vec::new())
    );
}

#[test]
fn the_same_text_in_another_place_is_another_policy() {
    let place = Place::new();
    let other = Place::new();
    let store = TrustStore::of(&place.context).expect("a home");
    store
        .record(&place.policy("version = 1"), &[])
        .expect("recorded");
    assert_eq!(
        checked(&store, &other.policy("version = 1")),
        Trusted::Never
    );
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

#[test]
fn what_is_recorded_is_listed_by_path_until_it_is_forgotten() {
    let (place, other) = (Place::new(), Place::new());
    let store = TrustStore::of(&place.context).expect("a home");
    assert_eq!(store.list().expect("listed"), []);
    let mut files = Vec::new();
    for place in [&place, &other] {
        store
            .record(&place.policy("version = 1"), &[])
            .expect("recorded");
        files.push(place.context.start_dir.join("hooks.toml"));
    }
    files.sort();
    assert_eq!(listed(&store), files);

    let (gone, kept) = (files.remove(0), files.remove(0));
    std::fs::remove_file(&gone).expect("own file");
    assert!(
        store.remove(&gone).expect("removed"),
        "its file need not be there"
    );
    assert!(!store.remove(&gone).expect("nothing to remove"));
    assert_eq!(listed(&store), [kept]);
}

fn listed(store: &TrustStore) -> Vec<PathBuf> {
    let records = store.list().expect("listed");
    assert!(records.iter().all(|record| record.sha256.len() == 64));
    records.into_iter().map(|record| record.file).collect()
}

#[test]
fn any_path_is_listed_as_it_is() {
    use std::os::unix::ffi::OsStringExt;
    let place = Place::new();
    let store = TrustStore::of(&place.context).expect("a home");
    let odd = std::ffi::OsString::from_vec(b"odd \xff\nname.toml".to_vec());
    let file = place.context.start_dir.join(odd);
    std::fs::write(&file, "version = 1").expect("written");
    let policy = audithook_policy::load(
        audithook_policy::Input::File(&file),
        &audithook_policy::FlagOverrides::default(),
        &place.context,
    )
    .expect("loaded")
    .policy;
    store.record(&policy, &[]).expect("recorded");
    assert_eq!(checked(&store, &policy), Trusted::Yes(Vec::new()));
    assert_eq!(listed(&store), [file]);
}

#[test]
fn a_broken_record_trusts_nothing_is_told_with_its_place_and_is_never_overwritten() {
    let (place, other) = (Place::new(), Place::new());
    let store = TrustStore::of(&place.context).expect("a home");
    let policy = place.policy("version = 1");
    store.record(&policy, &[]).expect("recorded");
    let directory = place.context.state_dir().expect("a home").join("trust");
    let record = only_file(&directory);
    let whole = std::fs::read(&record).expect("read");
    let others = {
        let foreign = TrustStore::new(other.root.join("trust"));
        foreign
            .record(&other.policy("version = 1"), &[])
            .expect("recorded");
        std::fs::read(only_file(&other.root.join("trust"))).expect("read")
    };

    let hash = &whole[..64];
    let broken: [(&[u8], &str); 10] = [
        (b"", "its line has no end"),
        (&whole[..whole.len() - 1], "its line has no end"),
        (b"trusted\n", "it does not begin with a hash"),
        (&whole.to_ascii_uppercase(), "it does not begin with a hash"),
        (&[&whole[..64], b"\n"].concat(), "it names no file"),
        (&others, "it belongs to another file"),
        (
            &[hash, b" plugin count /lib.so\n"].concat(),
            "it names no file",
        ),
        (
            &[hash, b" plugin count /lib.so\n\n"].concat(),
            "it does not begin with a hash",
        ),
        (
            &[hash, b" plugin count\n", &whole].concat(),
            "the line of a plugin is broken",
        ),
        (
            &[hash, b" plugin count /lib%2\n", &whole].concat(),
            "the line of a plugin is broken",
        ),
    ];
    for (bytes, what) in broken {
        std::fs::write(&record, bytes).expect("own file");
        let refusals = [
            store.check(&policy).map(drop),
            store.record(&policy, &[]),
            store.list().map(drop),
            store
                .remove(&place.context.start_dir.join("hooks.toml"))
                .map(drop),
        ];
        for refusal in refusals {
            let error = refusal.expect_err(what);
            assert_eq!(
                error.to_string(),
                format!(
                    "the record of trust is broken: `{}`: {what}",
                    record.display()
                )
            );
            assert!(error.hint().is_some());
        }
        assert_eq!(std::fs::read(&record).expect("read"), bytes, "{what}");
    }
}

fn only_file(directory: &std::path::Path) -> PathBuf {
    let mut files = std::fs::read_dir(directory).expect("a directory");
    let file = files.next().expect("a file").expect("readable").path();
    assert!(files.next().is_none(), "nothing is left beside it");
    file
}

#[test]
fn a_record_that_cannot_be_read_trusts_nothing() {
    let place = Place::new();
    let store = TrustStore::of(&place.context).expect("a home");
    let policy = place.policy("version = 1");
    store.record(&policy, &[]).expect("recorded");
    let record = only_file(&place.context.state_dir().expect("a home").join("trust"));
    std::fs::remove_file(&record).expect("own file");
    std::fs::create_dir(&record).expect("made");
    assert!(matches!(store.check(&policy), Err(TrustError::Io { .. })));
    assert!(matches!(
        store.record(&policy, &[]),
        Err(TrustError::Io { .. })
    ));
}

/// A record that others could have written, or put in the place of another: it is the same whoever wrote it.
#[test]
fn a_record_that_others_could_have_written_trusts_nothing_and_none_is_written_there() {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    let place = Place::new();
    let store = TrustStore::of(&place.context).expect("a home");
    let policy = place.policy("version = 1");
    store.record(&policy, &[]).expect("recorded");
    let state = place.context.state_dir().expect("a home");
    let record = only_file(&state.join("trust"));
    let foreign = |strange: &std::path::Path, what: &str, hint: &str| {
        let refusals = [
            store.check(&policy).map(drop),
            store.record(&policy, &[]),
            store.list().map(drop),
            store
                .remove(&place.context.start_dir.join("hooks.toml"))
                .map(drop),
        ];
        for refusal in refusals {
            let error = refusal.expect_err(what);
            assert_eq!(
                error.to_string(),
                format!(
                    "what is trusted may be somebody else's word: `{}` {what}",
                    strange.display()
                )
            );
            assert!(error.hint().is_some_and(|text| text.contains(hint)));
        }
        assert!(record.exists());
    };
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("own file");
    };
    let trust = state.join("trust");
    for (strange, usual) in [(&record, 0o600), (&trust, 0o700), (&place.root, 0o700)] {
        mode(strange, usual | 0o020);
        let what = format!("may be written by others: mode {:04o}", usual | 0o020);
        foreign(strange, &what, "chmod go-w");
        mode(strange, usual);
        assert_eq!(checked(&store, &policy), Trusted::Yes(Vec::new()));
    }
    if !rustix::process::geteuid().is_root() {
        skip("records of other owners", "only root gives files away");
        return;
    }
    for strange in [&record, &trust, &place.root] {
        chown(strange, Some(65_533), None).expect("root may");
        foreign(
            strange,
            "belongs to another user: 65533",
            "`XDG_STATE_HOME`",
        );
        chown(strange, Some(0), None).expect("root may");
        assert_eq!(checked(&store, &policy), Trusted::Yes(Vec::new()));
    }
}

/// A link that others can turn leads to the record that they could not write, now.
#[test]
fn a_record_is_judged_where_it_lies_and_not_by_the_link_that_leads_there() {
    let place = Place::new();
    let policy = place.policy("version = 1");
    let store = TrustStore::of(&place.context).expect("a home");
    store.record(&policy, &[]).expect("recorded");
    let link = place.root.join("link");
    let state = place.context.state_dir().expect("a home");
    std::os::unix::fs::symlink(state.join("trust"), &link).expect("made");
    assert_eq!(
        checked(&TrustStore::new(&link), &policy),
        Trusted::Yes(Vec::new())
    );
}

/// Says past the capture of a test's output that something is not tested.
fn skip(what: &str, why: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "SKIPPED {what}: {why}");
}

#[test]
fn what_a_crash_left_half_written_is_no_record() {
    let place = Place::new();
    let store = TrustStore::of(&place.context).expect("a home");
    store
        .record(&place.policy("version = 1"), &[])
        .expect("recorded");
    let record = only_file(&place.context.state_dir().expect("a home").join("trust"));
    std::fs::write(record.with_extension("17.new"), "half").expect("written");
    let [TrustRecord { file, .. }] = &store.list().expect("listed")[..] else {
        panic!("more than the record");
    };
    assert_eq!(*file, place.context.start_dir.join("hooks.toml"));
}

#[test]
fn a_policy_is_trusted_with_the_code_of_every_plugin_and_says_what_it_was() {
    use std::os::unix::ffi::OsStringExt;
    let place = Place::new();
    let store = TrustStore::of(&place.context).expect("a home");
    let policy = place.policy("version = 1\n[plugin.one]\n[plugin.two]");
    let code = |name: &str, file: &[u8]| PluginCode {
        name: name.to_owned(),
        file: std::ffi::OsString::from_vec(file.to_vec()).into(),
        sha256: name
            .bytes()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
            + &"0".repeat(58),
    };
    let (one, two) = (
        code("one", b"/a b/100%25\n\xff.so"),
        code("two", b"/two.so"),
    );

    let refusal = store
        .record(&policy, std::slice::from_ref(&one))
        .expect_err("the other is not known");
    assert_eq!(
        refusal.to_string(),
        "the code of a plugin is not known: `two`"
    );
    assert_eq!(checked(&store, &policy), Trusted::Never);

    store
        .record(&policy, &[two.clone(), one.clone()])
        .expect("recorded");
    assert_eq!(
        checked(&store, &policy),
        Trusted::Yes(vec![one.clone(), two.clone()])
    );
    let listed = store.list().expect("listed");
    assert_eq!(listed[0].plugins, [one, two]);
}

#[test]
fn a_record_without_a_plugin_of_the_policy_does_not_trust_it() {
    let place = Place::new();
    let store = TrustStore::of(&place.context).expect("a home");
    let policy = place.policy("version = 1\n[plugin.one]");
    let code = PluginCode {
        name: "one".to_owned(),
        file: "/one.so".into(),
        sha256: "0".repeat(64),
    };
    store.record(&policy, &[code]).expect("recorded");
    let record = only_file(&place.context.state_dir().expect("a home").join("trust"));
    let text = std::fs::read_to_string(&record).expect("read");
    let (_, last) = text.split_once('\n').expect("two lines");
    std::fs::write(&record, last).expect("own file");
    assert_eq!(checked(&store, &policy), Trusted::Changed);
}
