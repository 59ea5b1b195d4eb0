//! The presets, against the interpreters of this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use audithook_abi::Verdict;
use audithook_policy::arguments::Argument;
use audithook_policy::{FlagOverrides, Input, LoadContext, load, paths, presets};

use crate::place::{Place, judge};

/// Imports half of the standard library and prints every file that was opened or listed, as the interpreter has it.
const PROBE: &str = r#"
import sys
seen = set()
def hook(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)):
        flags = args[2] if isinstance(args[2], int) else 0
        seen.add(("open", args[0], flags & 3))
    elif event in ("os.listdir", "os.scandir") and isinstance(args[0], str):
        seen.add((event, args[0], 0))
sys.addaudithook(hook)
import argparse, asyncio, bz2, calendar, collections, concurrent.futures, configparser, csv, ctypes, ctypes.util
import dataclasses, datetime, decimal, difflib, email.message, encodings.idna, fractions, getpass, hashlib, html.parser
import http.client, http.server, importlib.metadata, inspect, json, locale, logging.handlers, lzma, mimetypes
import multiprocessing.pool, pathlib, pickle, platform, pprint, random, secrets, shutil, socketserver, sqlite3, ssl
import statistics, subprocess, tarfile, tempfile, unittest.mock, urllib.request, uuid, venv, xml.etree.ElementTree, zipfile
import time; time.tzset(); datetime.datetime.now().astimezone()
mimetypes.init(); platform.platform(); ssl.create_default_context(); locale.setlocale(locale.LC_ALL, "")
list(importlib.metadata.distributions())
try:
    import zoneinfo; zoneinfo.ZoneInfo("Europe/Paris")
except Exception:
    pass
open("/dev/null", "w").close()
for event, path, mode in sorted(seen, key=str):
    path = path if isinstance(path, str) else path.decode()
    print(event, mode, path, sep="\t")
"#;

/// Every interpreter that a shell would find here, by the ways in which people have them.
fn interpreters() -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("/usr/bin/python3")];
    if let Some(home) = std::env::home_dir() {
        for version in home
            .join(".pyenv/versions")
            .read_dir()
            .into_iter()
            .flatten()
            .flatten()
        {
            found.push(version.path().join("bin/python3"));
        }
    }
    found.retain(|file| file.is_file() && supports_hooks(file));
    found.sort();
    found
}

fn supports_hooks(python: &Path) -> bool {
    let probe = Command::new(python)
        .args(["-c", "import sys; sys.addaudithook"])
        .output();
    probe.is_ok_and(|output| output.status.success())
}

/// What the interpreter touched that the preset does not allow.
fn refused(python: &Path, context: &LoadContext) -> Vec<String> {
    let output = Command::new(python)
        .arg(context.start_dir.join("app.py"))
        .current_dir(&context.start_dir)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("started");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let flags = FlagOverrides {
        preset: vec!["python".to_owned()],
        read: vec!["./data".to_owned()],
        ..FlagOverrides::default()
    };
    let loaded = load(Input::Flags, &flags, context).expect("loaded");
    assert!(loaded.findings.is_empty(), "{}", loaded.findings);
    let text = |text: &str| Argument::Str(text.to_owned());
    let mut refused = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let [event, mode, path] = line.split('\t').collect::<Vec<_>>()[..] else {
            continue;
        };
        let resolved = paths::resolve(&context.start_dir.join(path));
        // A `.pem` is refused unless it is a bundle, and a directory that is not there has no list.
        if !resolved.exists() || resolved == context.start_dir {
            continue;
        }
        let flag = if mode == "0" { "read" } else { "write" };
        let args = vec![
            (
                "path".to_owned(),
                Argument::Path(resolved.to_str().expect("text").into()),
            ),
            ("flags".to_owned(), Argument::List(vec![text(flag)])),
        ];
        let (verdict, rules) = judge(&loaded.policy, event, &args);
        if verdict != Verdict::Allow {
            refused.push(format!("{event} {flag} {} {rules:?}", resolved.display()));
        }
    }
    refused
}

fn project(python: &Path) -> (Place, LoadContext) {
    let place = Place::new();
    place.file("app.py", PROBE);
    let context = LoadContext {
        start_dir: place.context.start_dir.clone(),
        command: vec![python.into(), "app.py".into()],
        ..LoadContext::current(Vec::new()).expect("a directory")
    };
    (place, context)
}

#[test]
fn the_python_preset_lets_every_interpreter_start_and_import() {
    let interpreters = interpreters();
    assert!(
        !interpreters.is_empty(),
        "no CPython of 3.8 or later on this machine"
    );
    for python in interpreters {
        let (_place, context) = project(&python);
        let refused = refused(&python, &context);
        assert!(
            refused.is_empty(),
            "{}:\n{}",
            python.display(),
            refused.join("\n")
        );
    }
}

#[test]
fn the_python_preset_lets_a_virtual_environment_start_and_import() {
    let Some(base) = interpreters().pop() else {
        panic!("no CPython of 3.8 or later on this machine");
    };
    let (place, mut context) = project(&base);
    let venv = place.root.join("venv");
    let made = Command::new(&base)
        .args(["-m", "venv", "--without-pip"])
        .arg(&venv)
        .status();
    assert!(made.expect("started").success());
    let python = venv.join("bin/python");
    context.command[0] = python.clone().into();
    let refused = refused(&python, &context);
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn without_the_python_preset_a_warning_says_which_one_is_missing() {
    let Some(python) = interpreters().pop() else {
        panic!("no CPython of 3.8 or later on this machine");
    };
    let (_place, context) = project(&python);
    let flags = FlagOverrides {
        read: vec!["./data".to_owned()],
        ..FlagOverrides::default()
    };
    let loaded = load(Input::Flags, &flags, &context).expect("loaded");
    let warning = &loaded.findings.as_slice()[0];
    assert!(
        warning.message.starts_with("the command runs Python"),
        "{}",
        warning.message
    );
    assert!(
        warning
            .hint
            .as_ref()
            .is_some_and(|hint| hint.contains("--preset python"))
    );
}

#[test]
fn every_preset_loads_without_a_finding_and_says_what_it_is_for() {
    let place = Place::new();
    for preset in presets::PRESETS {
        let loaded = place
            .load(&format!("version = 1\nextends = ['{}']", preset.name))
            .unwrap_or_else(|found| panic!("{}: {found}", preset.name));
        assert!(
            loaded.findings.is_empty(),
            "{}: {}",
            preset.name,
            loaded.findings
        );
        assert!(
            loaded.policy.notes.is_empty(),
            "{}: {}",
            preset.name,
            loaded.policy.notes
        );
        assert!(preset.summary().ends_with('.'), "{}", preset.summary());
    }
}

#[test]
fn the_policy_files_of_newcomers_are_short_and_load() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/policies");
    let mut count = 0;
    for entry in dir.read_dir().expect("a directory").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("read");
        assert!(text.lines().count() <= 8, "{}", entry.path().display());
        let place = Place::new();
        let loaded = place.load(&text).unwrap_or_else(|found| panic!("{found}"));
        assert!(loaded.findings.is_empty(), "{}", loaded.findings);
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn what_init_writes_loads_without_a_finding_and_passes_its_own_tests() {
    let place = Place::new();
    for preset in presets::PRESETS {
        let text = audithook_policy::init(&[preset.name]).expect("a preset");
        let loaded = place.load(&text).unwrap_or_else(|found| panic!("{found}"));
        assert!(loaded.findings.is_empty(), "{}", loaded.findings);
        for test in &loaded.policy.tests {
            let (verdict, rules) = judge(&loaded.policy, &test.event, &test.args);
            assert_eq!(verdict, test.expect);
            assert!(test.rule.as_ref().is_none_or(|rule| rules.contains(rule)));
        }
    }
}

#[test]
fn the_base_preset_keeps_secrets_and_leaves_certificates() {
    let place = Place::new();
    let policy = place.policy("version = 1\nextends = ['base']");
    for (path, verdict) in [
        ("~/.ssh/id_rsa", Verdict::Deny),
        ("~/.aws/credentials", Verdict::Deny),
        (".env", Verdict::Deny),
        ("data/server.pem", Verdict::Deny),
        ("/x/site-packages/certifi/cacert.pem", Verdict::Allow),
        (
            "/x/site-packages/pip/_vendor/certifi/cacert.pem",
            Verdict::Allow,
        ),
        ("/etc/passwd", Verdict::Allow),
    ] {
        assert_eq!(
            place.judge(&policy, "open", &[("path", path)]).0,
            verdict,
            "{path}"
        );
    }
}

#[test]
fn the_git_preset_refuses_to_plant_hooks() {
    let place = Place::new();
    let policy = place.policy("version = 1\nextends = ['git']");
    let hook = "data/.git/hooks/pre-commit";
    for (event, args, verdict) in [
        (
            "open",
            &[("path", hook), ("flags", "write,create")][..],
            Verdict::Deny,
        ),
        ("os.rename", &[("src", "x"), ("dst", hook)], Verdict::Deny),
        (
            "os.symlink",
            &[("path", hook), ("target", "x")],
            Verdict::Deny,
        ),
        ("os.chmod", &[("path", hook)], Verdict::Deny),
    ] {
        assert_eq!(place.judge(&policy, event, args).0, verdict, "{event}");
    }
}
