//! Flags: they add to a file or stand in for one.

use audithook_abi::Verdict;
use audithook_policy::image::Mode;
use audithook_policy::{FlagOverrides, Input, load};

use crate::place::Place;

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

#[test]
fn flags_alone_make_a_policy() {
    let place = Place::new();
    let flags = FlagOverrides {
        read: texts(&["./data"]),
        connect: texts(&["example.com:443"]),
        ..FlagOverrides::default()
    };
    let policy = load(Input::Flags, &flags, &place.context)
        .expect("loaded")
        .policy;
    assert_eq!(
        place.judge(&policy, "open", &[("path", "data/x")]).0,
        Verdict::Allow
    );
    assert_eq!(
        place.judge(&policy, "open", &[("path", "/etc/passwd")]).0,
        Verdict::Deny
    );
    let hints: Vec<_> = policy
        .rules()
        .iter()
        .map(|rule| (rule.at.as_str(), rule.hint.as_str()))
        .collect();
    assert_eq!(hints[0], ("--read", "to allow it, add `--read …`"));
}

#[test]
fn flags_add_to_the_lists_of_a_file_and_leave_any_as_it_is() {
    let place = Place::new();
    let flags = FlagOverrides {
        read: texts(&["./script.py"]),
        write: texts(&["./out/"]),
        ..FlagOverrides::default()
    };
    let text = "version = 1\n[files]\nread = ['data']\nwrite = 'any'";
    let policy = place.load_with(text, &flags).expect("loaded").policy;
    assert_eq!(
        policy.files.read.as_ref().map(|list| list.entries.len()),
        Some(2)
    );
    assert!(policy.files.write.is_none());
    for path in ["data/x", "script.py"] {
        assert_eq!(
            place.judge(&policy, "open", &[("path", path)]).0,
            Verdict::Allow,
            "{path}"
        );
    }
}

#[test]
fn no_network_replaces_what_a_file_allows() {
    let place = Place::new();
    let flags = FlagOverrides {
        no_network: true,
        ..FlagOverrides::default()
    };
    let text = "version = 1\n[network]\nconnect = 'any'\nloopback = true";
    let policy = place.load_with(text, &flags).expect("loaded").policy;
    for host in ["192.0.2.1", "127.0.0.1"] {
        let args = [("host", host), ("port", "80")];
        assert_eq!(
            place.judge(&policy, "socket.connect", &args).0,
            Verdict::Deny,
            "{host}"
        );
    }
    let refused = |event: &str, args: &[(&str, &str)]| place.judge(&policy, event, args).0;
    let unix = [("family", "unix"), ("path", "/run/docker.sock")];
    assert_eq!(refused("socket.connect", &unix), Verdict::Deny);
    let unix = [("family", "unix"), ("path", "@name")];
    assert_eq!(refused("socket.bind", &unix), Verdict::Deny);
    for (family, kind) in [("inet", "raw"), ("netlink", "dgram"), ("packet", "raw")] {
        let args = [("family", family), ("kind", kind), ("protocol", "0")];
        assert_eq!(
            refused("socket.__new__", &args),
            Verdict::Deny,
            "{family} {kind}"
        );
    }
    // A socket alone reaches nobody, and pairs are made of them.
    for family in ["inet", "unix"] {
        let args = [("family", family), ("kind", "stream"), ("protocol", "0")];
        assert_eq!(refused("socket.__new__", &args), Verdict::Allow, "{family}");
    }
}

/// `--connect` and `--no-network` do not go together.
#[test]
fn the_hint_under_no_network_takes_it_away_with_or_without_a_file() {
    let place = Place::new();
    let flags = FlagOverrides {
        no_network: true,
        ..FlagOverrides::default()
    };
    let text = "version = 1\n[network]\nconnect = 'any'\nloopback = true";
    let with_file = place.load_with(text, &flags).expect("loaded").policy;
    let without = load(Input::Flags, &flags, &place.context)
        .expect("loaded")
        .policy;
    for policy in [with_file, without] {
        let hint = |id: &str| {
            let rule = policy.rules().iter().find(|rule| rule.id == id);
            rule.map(|rule| rule.hint.as_str())
        };
        assert_eq!(
            hint("network.connect"),
            Some("to allow it, give `--connect …` in the place of `--no-network`")
        );
        assert_eq!(hint("network.bind"), Some("`--no-network` forbids it"));
        for id in ["network.loopback", "network.unix", "network.sockets"] {
            assert_eq!(hint(id), Some("`--no-network` forbids it"), "{id}");
        }
    }
}

#[test]
fn env_passes_a_variable_that_a_preset_denies_and_sets_one_with_a_value() {
    let place = Place::new();
    let flags = FlagOverrides {
        env: texts(&["OWN_TOKEN", "A=${B}"]),
        ..FlagOverrides::default()
    };
    let policy = place
        .load_with("version = 1\nextends = ['base']", &flags)
        .expect("loaded")
        .policy;
    let current = ["OWN_TOKEN", "MY_TOKEN", "HOME"].map(|name| (name.into(), "x".into()));
    let environment = policy.environment(current);
    let names: Vec<_> = environment
        .iter()
        .map(|(name, _)| name.to_str().expect("text"))
        .collect();
    assert_eq!(names, ["A", "HOME", "OWN_TOKEN"]);
    assert_eq!(environment[0].1, "${B}");
}

#[test]
fn mode_labels_journal_and_presets_come_from_flags() {
    let place = Place::new();
    let flags = FlagOverrides {
        mode: Some("warn".to_owned()),
        label: texts(&["job=7"]),
        journal: Some("fd:5".to_owned()),
        preset: texts(&["base"]),
        ..FlagOverrides::default()
    };
    let policy = place
        .load_with("version = 1\nmode = 'enforce'", &flags)
        .expect("loaded")
        .policy;
    assert_eq!(policy.mode, Mode::Warn);
    assert_eq!(policy.labels, [("job".to_owned(), "7".to_owned())]);
    assert_eq!(
        policy.journal.target,
        audithook_policy::model::JournalTarget::Descriptor(5)
    );
    assert!(!policy.files.deny.is_empty());
}

#[test]
fn a_mistake_in_a_flag_is_shown_at_the_flag() {
    let place = Place::new();
    let flags = FlagOverrides {
        connect: texts(&["https://example.com/x"]),
        mode: Some("wran".to_owned()),
        preset: texts(&["pyhton"]),
        write: texts(&["./none"]),
        ..FlagOverrides::default()
    };
    let found = load(Input::Flags, &flags, &place.context).expect_err("mistakes");
    insta::assert_snapshot!(place.without_root(&found.render(false)), @r#"
    --write: error: no such file or directory: `./none`
     |
     | ./none
     | ^^^^^^

    hint: `./none/` is made as a directory; for a new file name the directory that it goes into

    --connect: error: a URL, not a host: `https://example.com/x`
     |
     | https://example.com/x
     | ^^^^^^^^^^^^^^^^^^^^^

    hint: write `example.com:443`

    --preset: error: unknown preset: `pyhton`
     |
     | pyhton
     | ^^^^^^

    hint: did you mean `python`?

    --mode: error: unknown mode: `wran`
     |
     | wran
     | ^^^^

    hint: did you mean `warn`?
    "#);
}
