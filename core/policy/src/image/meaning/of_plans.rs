//! What an event needs.

use super::*;

fn plan(input: &ImageInput, event: &str) -> audithook_matcher::Plan {
    let bytes = build(input).expect("a policy");
    let image = Image::parse(&bytes).expect("an image");
    image.plan(event.as_bytes())
}

fn journal(names: &[&str], custom: bool) -> ImageInput {
    let names = names.iter().map(|&name| name.to_owned()).collect();
    ImageInput {
        journal: JournalEvents { names, custom },
        ..policy()
    }
}

#[test]
fn an_event_that_nothing_is_said_of_is_not_wanted() {
    for event in ["open", "socket.connect", "os.exec", "shop.order", ""] {
        let plan = plan(&policy(), event);
        assert!(!plan.wanted() && !plan.needs_arguments(), "{event}");
    }
}

#[test]
fn what_is_always_written_is_journalled_whatever_the_policy_says() {
    for event in [
        "process.start",
        "process.exit",
        "process.uncovered",
        "bus.lost",
    ] {
        assert!(plan(&policy(), event).journalled(), "{event}");
    }
}

#[test]
fn the_journal_names_events_by_globs_and_those_outside_the_catalogue_too() {
    let input = journal(&["os.*", "shop.sold"], false);
    for (event, journalled) in [
        ("os.remove", true),
        ("open", false),
        ("shop.sold", true),
        ("shop.order", false),
        ("os.custom", true),
    ] {
        assert_eq!(plan(&input, event).journalled(), journalled, "{event}");
    }
    let input = journal(&["open"], true);
    for (event, journalled) in [("open", true), ("import", false), ("shop.order", true)] {
        assert_eq!(plan(&input, event).journalled(), journalled, "{event}");
    }
    assert!(plan(&journal(&["*"], false), "anything.at.all").journalled());
}

#[test]
fn arguments_are_decoded_only_for_events_that_are_wanted_and_have_some() {
    let input = journal(&["os.fork", "os.remove"], false);
    assert!(!plan(&input, "os.fork").needs_arguments());
    assert!(plan(&input, "os.remove").needs_arguments());
    assert!(!plan(&input, "os.chmod").needs_arguments());
}

#[test]
fn lists_have_only_the_events_judged_that_they_hold() {
    let input = files(FileRules {
        write: paths(WRITE, &[]),
        ..FileRules::default()
    });
    for (event, judged) in [
        ("open", true),
        ("os.remove", true),
        ("os.listdir", false),
        ("import", false),
        ("os.exec", false),
        ("socket.connect", false),
    ] {
        assert_eq!(plan(&input, event).judged(), judged, "{event}");
    }
}

#[test]
fn a_name_outside_the_catalogue_finds_its_hooks_by_name_and_by_pattern() {
    let on = |on: &[&str], rule| HookInput {
        on: on.iter().map(|&name| name.to_owned()).collect(),
        when: When::Always,
        action: HookAction::Verdict(Verdict::Deny),
        rule,
    };
    let input = ImageInput {
        hooks: vec![
            on(&["shop.order"], 0),
            on(&["shop.*", "*.order"], 1),
            on(&["s?op.sold", "open"], 2),
        ],
        ..policy()
    };
    for (event, rules) in [
        ("shop.order", vec![0, 1]),
        ("shop.sold", vec![1, 2]),
        ("bar.order", vec![1]),
        ("shop", vec![]),
        ("open", vec![2]),
        ("xshop.sold", vec![]),
    ] {
        assert_eq!(refused(&input, event, &[]), rules, "{event}");
    }
}
