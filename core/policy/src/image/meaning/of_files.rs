//! `[files]`.

use super::*;

#[test]
fn an_absent_list_restricts_nothing_and_a_present_one_is_all_that_is_allowed() {
    let absent = files(FileRules::default());
    assert_eq!(open(&absent, "/etc/passwd", &["read", "write"]), NOTHING);
    let none = files(FileRules {
        read: paths(READ, &[]),
        ..FileRules::default()
    });
    assert_eq!(open(&none, "/etc/passwd", &["read"]), [READ]);
    assert_eq!(open(&none, "/etc/passwd", &["write"]), NOTHING);
    let some = files(FileRules {
        read: paths(READ, &["/etc"]),
        ..FileRules::default()
    });
    assert_eq!(open(&some, "/etc/passwd", &["read"]), NOTHING);
    assert_eq!(open(&some, "/etc", &["read"]), NOTHING);
    assert_eq!(open(&some, "/etcetera", &["read"]), [READ]);
    assert_eq!(open(&some, "/", &["read"]), [READ]);
}

#[test]
fn write_does_not_imply_read() {
    let input = files(FileRules {
        read: paths(READ, &[]),
        write: paths(WRITE, &["/out"]),
        ..FileRules::default()
    });
    assert_eq!(open(&input, "/out/a", &["write"]), NOTHING);
    assert_eq!(open(&input, "/out/a", &["read", "write"]), [READ]);
    assert_eq!(open(&input, "/a", &["read", "write"]), [READ, WRITE]);
}

#[test]
fn whatever_changes_a_file_is_a_write() {
    let input = files(FileRules {
        write: paths(WRITE, &["/out"]),
        ..FileRules::default()
    });
    for flag in ["write", "create", "truncate", "append", "tmpfile"] {
        assert_eq!(open(&input, "/a", &[flag]), [WRITE], "{flag}");
    }
    for event in [
        "os.chmod",
        "os.utime",
        "os.truncate",
        "os.mkdir",
        "os.remove",
        "os.rmdir",
        "os.symlink",
        "os.setxattr",
    ] {
        assert_eq!(on_path(&input, event, "/a"), [WRITE], "{event}");
        assert_eq!(on_path(&input, event, "/out/a"), NOTHING, "{event}");
    }
    assert_eq!(rename(&input, "/out/a", "/a"), [WRITE]);
    assert_eq!(rename(&input, "/a", "/out/a"), [WRITE]);
    assert_eq!(rename(&input, "/out/a", "/out/b"), NOTHING);
}

#[test]
fn opening_a_place_needs_nothing_and_opening_without_flags_reads() {
    let input = files(FileRules {
        read: paths(READ, &[]),
        write: paths(WRITE, &[]),
        ..FileRules::default()
    });
    assert_eq!(open(&input, "/a", &["path"]), NOTHING);
    assert_eq!(open(&input, "/a", &["path", "directory"]), NOTHING);
    assert_eq!(open(&input, "/a", &[]), [READ]);
    assert_eq!(open(&input, "/a", &["directory"]), [READ]);
}

#[test]
fn deny_beats_the_lists_in_whatever_order_things_are_written() {
    for deny in [DENY, READ] {
        let input = files(FileRules {
            read: paths(WRITE, &["/home"]),
            deny: entries(deny, &["/home/me/.ssh", "**/.env", "**/*.pem"]),
            ..FileRules::default()
        });
        assert_eq!(open(&input, "/home/me/notes", &["read"]), NOTHING);
        assert_eq!(open(&input, "/home/me/.ssh/id", &["read"]), [deny]);
        assert_eq!(open(&input, "/home/a/b/.env", &["read"]), [deny]);
        assert_eq!(open(&input, "/home/a/.env/below", &["write"]), [deny]);
        assert_eq!(open(&input, "/home/x.pem", &["read"]), [deny]);
        assert_eq!(open(&input, "/home/x.pem.txt", &["read"]), NOTHING);
    }
}

#[test]
fn an_exception_takes_out_of_deny_and_of_nothing_else() {
    let input = files(FileRules {
        read: paths(READ, &["/usr"]),
        deny: entries(DENY, &["**/*.pem"]),
        except: entries(
            DENY_LATER,
            &["**/certifi/cacert.pem", "/opt/x.pem", "/run/own"],
        ),
        own_any: entries(OWN, &["/run/own"]),
        ..FileRules::default()
    });
    assert_eq!(
        open(&input, "/usr/lib/certifi/cacert.pem", &["read"]),
        NOTHING
    );
    assert_eq!(open(&input, "/usr/lib/other/cacert.pem", &["read"]), [DENY]);
    assert_eq!(open(&input, "/opt/x.pem", &["read"]), [READ]);
    assert_eq!(open(&input, "/run/own/a.pem", &["write"]), [OWN]);
}

#[test]
fn every_rule_that_refuses_is_named_and_the_first_in_the_file_leads() {
    let mut deny = entries(DENY_LATER, &["**/*.pem"]);
    deny.extend(entries(DENY, &["/a"]));
    let input = files(FileRules {
        write: paths(WRITE, &[]),
        deny,
        ..FileRules::default()
    });
    assert_eq!(
        open(&input, "/a/x.pem", &["write"]),
        [WRITE, DENY, DENY_LATER]
    );
    assert_eq!(open(&input, "/a/x.pem", &["read"]), [DENY, DENY_LATER]);
}

#[test]
fn what_lies_above_a_denied_path_is_neither_moved_nor_removed() {
    let input = files(FileRules {
        deny: entries(DENY, &["/home/me/.ssh"]),
        own_write: entries(OWN, &["/home/me/hooks.toml"]),
        ..FileRules::default()
    });
    for path in ["/home/me", "/home", "/"] {
        assert_eq!(rename(&input, path, "/tmp/a"), [DENY, OWN], "{path}");
        assert_eq!(on_path(&input, "os.rmdir", path), [DENY, OWN], "{path}");
    }
    assert_eq!(rename(&input, "/tmp/a", "/home/me"), [DENY, OWN]);
    assert_eq!(rename(&input, "/home/you", "/home/them"), NOTHING);
    assert_eq!(rename(&input, "/home/me/.ssh/id", "/tmp/a"), [DENY]);
    assert_eq!(on_path(&input, "os.chmod", "/home/me"), NOTHING);
    assert_eq!(open(&input, "/home/me", &["read"]), NOTHING);
}

#[test]
fn audithooks_own_files_are_held_whatever_the_lists_say() {
    let input = files(FileRules {
        own_write: entries(OWN, &["/etc/hooks.toml"]),
        own_any: entries(OWN, &["/run/audithook"]),
        ..FileRules::default()
    });
    assert_eq!(open(&input, "/etc/hooks.toml", &["read"]), NOTHING);
    assert_eq!(open(&input, "/etc/hooks.toml", &["write"]), [OWN]);
    assert_eq!(open(&input, "/run/audithook/socket", &["read"]), [OWN]);
    let unix = [
        Value::path("/run/audithook/socket").named(arg::PATH),
        Value::str("unix").named(arg::FAMILY),
    ];
    assert_eq!(refused(&input, "socket.connect", &unix), [OWN]);
}

#[test]
fn a_denied_file_is_known_by_its_other_names() {
    let input = files(FileRules {
        inodes: vec![(8, 42, DENY)],
        ..FileRules::default()
    });
    let flags = [Value::str("read")];
    let args = [
        Value::path("/tmp/other-name").named(arg::PATH),
        Value::list(&flags).named(arg::FLAGS),
    ];
    for (inode, rules) in [
        (None, vec![]),
        (Some((8, 43)), vec![]),
        (Some((9, 42)), vec![]),
        (Some((8, 42)), vec![DENY]),
    ] {
        assert_eq!(
            refused_in(
                &input,
                "open",
                &args,
                &Context {
                    inode,
                    ..Context::NONE
                }
            ),
            rules,
            "{inode:?}"
        );
    }
}

#[test]
fn what_cannot_be_judged_is_refused_by_every_list_that_would_have_judged_it() {
    let input = files(FileRules {
        read: paths(READ, &["/"]),
        deny: entries(DENY, &["/a"]),
        ..FileRules::default()
    });
    let flags = [Value::str("read")];
    let flags = Value::list(&flags).named(arg::FLAGS);
    for path in [
        Value::NULL,
        Value::u64(3),
        Value::path("relative"),
        Value::path(""),
        Value::path("/b/../a"),
        Value::path("/./b"),
        Value::path("/b").flagged(VALUE_TRUNCATED),
    ] {
        assert_eq!(
            refused(&input, "open", &[path.named(arg::PATH), flags]),
            [READ, DENY],
            "{path:?}"
        );
    }
    assert_eq!(refused(&input, "open", &[flags]), [READ, DENY]);
    assert_eq!(
        refused(&input, "open", &[Value::path("/b").named(arg::PATH)]),
        [READ, DENY]
    );
    let numbers = [Value::u64(1)];
    let odd = Value::list(&numbers).named(arg::FLAGS);
    assert_eq!(
        refused(&input, "open", &[Value::path("/b").named(arg::PATH), odd]),
        [READ, DENY]
    );
    // Nothing judges files: nothing is missing.
    assert_eq!(refused(&policy(), "open", &[]), NOTHING);
}

#[test]
fn a_descriptor_without_a_path_is_no_file() {
    let input = files(FileRules {
        read: paths(READ, &[]),
        ..FileRules::default()
    });
    let flags = [Value::str("read")];
    assert_eq!(
        refused(
            &input,
            "open",
            &[
                Value::fd(3).named(arg::PATH),
                Value::list(&flags).named(arg::FLAGS)
            ]
        ),
        NOTHING
    );
}

#[test]
fn a_database_in_memory_is_no_file_and_a_module_without_a_file_loads() {
    let input = files(FileRules {
        read: paths(READ, &[]),
        write: paths(WRITE, &[]),
        ..FileRules::default()
    });
    assert_eq!(on_path(&input, "sqlite3.connect", ":memory:"), NOTHING);
    assert_eq!(on_path(&input, "sqlite3.connect", ""), NOTHING);
    assert_eq!(on_path(&input, "sqlite3.connect", "/a.db"), [READ, WRITE]);
    assert_eq!(
        refused(&input, "import", &[Value::str("sys").named(arg::MODULE)]),
        NOTHING
    );
    assert_eq!(
        refused(&input, "import", &[Value::NULL.named(arg::PATH)]),
        NOTHING
    );
    assert_eq!(on_path(&input, "ctypes.dlopen", "/lib/libc.so.6"), [READ]);
}

#[test]
fn paths_are_bytes() {
    let input = files(FileRules {
        deny: vec![
            PathEntry {
                pattern: PathPattern::Literal(b"/a/\xff\n".to_vec()),
                rule: DENY,
            },
            PathEntry {
                pattern: PathPattern::Glob("/b/?".to_owned()),
                rule: DENY_LATER,
            },
        ],
        ..FileRules::default()
    });
    let on_bytes = |path: &[u8]| refused(&input, "os.chmod", &[Value::path(path).named(arg::PATH)]);
    assert_eq!(on_bytes(b"/a/\xff\n/below"), [DENY]);
    assert_eq!(on_bytes(b"/a/\xfe\n"), NOTHING);
    assert_eq!(on_bytes(b"/b/\xff"), [DENY_LATER]);
}

#[test]
fn a_thousand_rules_at_one_place_are_named_by_the_first_few() {
    let deny = (0..20)
        .rev()
        .flat_map(|rule| entries(rule, &["/a", "**/*.pem", "/a/*/x"]))
        .collect();
    let input = files(FileRules {
        deny,
        ..FileRules::default()
    });
    assert_eq!(open(&input, "/a/b/x", &["read"]), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(rename(&input, "/", "/b"), [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn every_one_of_thousands_of_globs_is_found() {
    let glob = |number: u32| match number % 6 {
        0 => format!("**/*word{number}*"),
        1 => format!("/srv/*/dir{number}/x?"),
        2 => format!("**/*.ext{number}"),
        3 => format!("/srv/place{number}/*"),
        4 => format!("**/name{number}"),
        _ => format!("**/?b{number}*/**/y"),
    };
    let path = |number: u32| match number % 6 {
        0 => format!("/a/b-word{number}-c/d"),
        1 => format!("/srv/q/dir{number}/xy"),
        2 => format!("/a/b.c.ext{number}"),
        3 => format!("/srv/place{number}/z/z"),
        4 => format!("/a/name{number}/z"),
        _ => format!("/ab{number}c/d/e/y"),
    };
    let mut input = files(FileRules {
        deny: (0..3000)
            .flat_map(|number| entries(number, &[&glob(number)]))
            .collect(),
        ..FileRules::default()
    });
    input.rules = vec![RuleText::default(); 3000];
    let bytes = build(&input).expect("a policy");
    let image = Image::parse(&bytes).expect("an image");
    let plan = image.plan(b"os.chmod");
    let refused = |path: &str| {
        let args = [Value::path(path).named(arg::PATH)];
        image.judge(&plan, &args, &Context::NONE).rules().to_vec()
    };
    for number in 0..3000 {
        assert!(refused(&path(number)).contains(&number), "{}", glob(number));
    }
    assert!(refused("/srv/other/dir/x/name/ext.y/wor").is_empty());
}

#[test]
fn what_every_process_has_to_reach_is_not_closed_above() {
    let input = files(FileRules {
        own_reach: entries(OWN, &["/run/user/own"]),
        ..FileRules::default()
    });
    let change = |event, path: &'static str, value: Value<'static>| {
        refused(&input, event, &[Value::path(path).named(arg::PATH), value])
    };
    let mode = |mode| Value::u64(mode).named(arg::MODE);
    let uid = |uid| Value::i64(uid).named(arg::UID);
    let attribute = |name: &'static str| Value::str(name).named(arg::ATTRIBUTE);
    for path in ["/run/user", "/run", "/"] {
        assert_eq!(change("os.chmod", path, mode(0o600)), [OWN], "{path}");
        assert_eq!(change("os.chmod", path, mode(0o700)), NOTHING, "{path}");
        assert_eq!(change("os.chown", path, uid(1)), [OWN], "{path}");
        assert_eq!(change("os.chown", path, uid(-1)), NOTHING, "{path}");
        let list = attribute("system.posix_acl_access");
        assert_eq!(change("os.setxattr", path, list), [OWN], "{path}");
        assert_eq!(change("os.removexattr", path, list), [OWN], "{path}");
        let note = attribute("user.note");
        assert_eq!(change("os.setxattr", path, note), NOTHING, "{path}");
        assert_eq!(on_path(&input, "os.chmod", path), [OWN], "{path}");
        assert_eq!(on_path(&input, "os.utime", path), NOTHING, "{path}");
    }
    for path in ["/run/user/other", "/run/user/own/below", "/tmp"] {
        assert_eq!(change("os.chmod", path, mode(0)), NOTHING, "{path}");
    }
}
