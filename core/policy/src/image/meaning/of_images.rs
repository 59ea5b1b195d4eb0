//! The image itself.

use super::*;
use audithook_matcher::ImageError;

#[test]
fn an_image_says_what_it_is_made_of() {
    let input = ImageInput {
        generation: 9,
        mode: Mode::Warn,
        overflow: Overflow::Drop,
        rules: vec![RuleText {
            id: "files.deny".to_owned(),
            at: "hooks.toml:7".to_owned(),
            entry: "~/.ssh".to_owned(),
            reason: "keys".to_owned(),
            hint: "do not".to_owned(),
            protected: true,
        }],
        files: FileRules {
            deny: entries(0, &["/a"]),
            ..FileRules::default()
        },
        ..ImageInput::default()
    };
    let bytes = build(&input).expect("a policy");
    let image = Image::parse(&bytes).expect("an image");
    assert_eq!(
        (image.generation(), image.mode(), image.overflow()),
        (9, Mode::Warn, Overflow::Drop)
    );
    let rule = image.rule(0).expect("a rule");
    assert_eq!(
        (rule.id, rule.at, rule.entry),
        ("files.deny", "hooks.toml:7", "~/.ssh")
    );
    assert_eq!(
        (rule.reason, rule.hint, rule.protected),
        ("keys", "do not", true)
    );
    assert_eq!(image.rule(1), None);
    assert!(image.restricts_files() && !image.restricts_network() && !image.restricts_exec());
    assert!(!image.names_hosts() && !image.knows_inodes());
}

#[test]
fn the_same_policy_makes_the_same_bytes() {
    let input = files(FileRules {
        deny: entries(DENY, &["/a", "**/*.pem", "/b/*c*/d?"]),
        ..FileRules::default()
    });
    assert_eq!(build(&input), build(&input.clone()));
}

#[test]
fn an_image_can_lie_anywhere() {
    let input = files(FileRules {
        deny: entries(DENY, &["/a"]),
        ..FileRules::default()
    });
    let bytes = build(&input).expect("a policy");
    for shift in 1..8 {
        let mut moved = vec![0; shift];
        moved.extend(&bytes);
        let image = Image::parse(&moved[shift..]).expect("an image");
        assert!(image.plan(b"open").judged());
    }
}

#[test]
fn another_version_or_catalogue_is_refused() {
    let bytes = build(&policy()).expect("a policy");
    let with = |place: usize| {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1;
        Image::parse(&bytes).err()
    };
    assert_eq!(with(0), Some(ImageError::NotAnImage));
    assert_eq!(with(8), Some(ImageError::OtherVersion));
    assert_eq!(with(12), Some(ImageError::Damaged));
    assert_eq!(with(16), Some(ImageError::OtherCatalogue));
}

#[test]
fn what_the_checks_before_should_have_refused_is_refused() {
    let deny = |text: &str| {
        files(FileRules {
            deny: entries(DENY, &[text]),
            ..FileRules::default()
        })
    };
    let to = |host: HostPattern| {
        network(NetworkRules {
            deny: vec![super::host(DENY, host, None)],
            ..NetworkRules::default()
        })
    };
    let glob = |glob: &str, error| BuildError::Glob {
        glob: glob.to_owned(),
        error,
    };
    let mut backwards = to(HostPattern::Any);
    backwards.network.deny[0].ports = Some((2, 1));
    let target = HookAction::TargetGate { plugin: 0, hook: 0 };
    let hook = HookInput {
        on: vec!["open".to_owned()],
        when: When::Cel,
        action: target,
        rule: HOOK,
    };
    for (input, error) in [
        (
            deny("relative"),
            BuildError::NotResolved("relative".to_owned()),
        ),
        (
            deny("/a/../b"),
            BuildError::NotResolved("/a/../b".to_owned()),
        ),
        (deny("a*"), glob("a*", GlobError::Relative)),
        (deny("/a**"), glob("/a**", GlobError::BadAnyDepth)),
        (
            to(name("UPPER.example")),
            BuildError::Host("UPPER.example".to_owned()),
        ),
        (to(name("127.1")), BuildError::Host("127.1".to_owned())),
        (
            to(HostPattern::Net {
                address: [0; 16],
                prefix: 129,
            }),
            BuildError::Prefix(129),
        ),
        (backwards, BuildError::Ports(2, 1)),
        (
            ImageInput {
                uncovered: Some(20),
                ..policy()
            },
            BuildError::NoSuchRule(20),
        ),
        (
            ImageInput {
                hooks: vec![hook],
                ..policy()
            },
            BuildError::NoSuchTargetHook(0, 0),
        ),
    ] {
        assert_eq!(build(&input), Err(error));
    }
}

#[test]
fn more_sets_of_event_patterns_than_a_plan_has_bits_are_refused() {
    let hooks = |count: usize| ImageInput {
        hooks: (0..count)
            .map(|number| HookInput {
                on: vec![format!("shop{number}.*")],
                when: When::Always,
                action: HookAction::Verdict(Verdict::Deny),
                rule: HOOK,
            })
            .collect(),
        ..policy()
    };
    assert_eq!(refused(&hooks(256), "shop255.order", &[]), [HOOK]);
    assert_eq!(build(&hooks(257)), Err(BuildError::TooManyEventPatterns));
}
