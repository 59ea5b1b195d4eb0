//! `[process] exec` and `uncovered`.

use audithook_matcher::TAKEN_AWAY;

use super::*;

#[test]
fn only_listed_programs_run_and_the_command_itself() {
    let input = ImageInput {
        exec: paths(EXEC, &["/usr/bin/git", "/usr/bin/python3*"]),
        command: Some(b"/opt/app".to_vec()),
        ..policy()
    };
    for event in ["subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"] {
        assert_eq!(on_path(&input, event, "/usr/bin/git"), NOTHING, "{event}");
        assert_eq!(
            on_path(&input, event, "/usr/bin/python3.11"),
            NOTHING,
            "{event}"
        );
        assert_eq!(on_path(&input, event, "/opt/app"), NOTHING, "{event}");
        assert_eq!(on_path(&input, event, "/opt/app/below"), [EXEC], "{event}");
        assert_eq!(on_path(&input, event, "/bin/sh"), [EXEC], "{event}");
        assert_eq!(refused(&input, event, &[]), [EXEC], "{event}");
    }
}

#[test]
fn a_denied_file_does_not_run_either() {
    let input = files(FileRules {
        deny: entries(DENY, &["/srv/vault"]),
        ..FileRules::default()
    });
    assert_eq!(on_path(&input, "os.exec", "/srv/vault/tool"), [DENY]);
}

#[test]
fn a_program_that_cannot_be_followed_can_be_forbidden() {
    let input = ImageInput {
        uncovered: Some(UNCOVERED),
        ..policy()
    };
    assert_eq!(
        on_path(&input, "process.uncovered", "/bin/static"),
        [UNCOVERED]
    );
    assert_eq!(on_path(&input, "os.exec", "/bin/static"), NOTHING);
    assert_eq!(
        on_path(&policy(), "process.uncovered", "/bin/static"),
        NOTHING
    );
}

#[test]
fn a_program_that_the_library_was_taken_away_from_does_not_start_where_there_is_a_list() {
    let start = |input: &ImageInput, reason| {
        let args = [
            Value::path("/bin/true").named(arg::PATH),
            Value::str(reason).named(arg::REASON),
        ];
        refused(input, "process.uncovered", &args)
    };
    let own = FileRules {
        own_any: entries(OWN, &["/run/own"]),
        ..FileRules::default()
    };
    let free = files(own.clone());
    assert_eq!(start(&free, TAKEN_AWAY), NOTHING);
    let held = ImageInput {
        network: NetworkRules {
            loopback: Some((false, LOOPBACK)),
            ..NetworkRules::default()
        },
        ..files(own)
    };
    assert_eq!(start(&held, TAKEN_AWAY), [OWN]);
    assert_eq!(start(&held, "static"), NOTHING);
}
