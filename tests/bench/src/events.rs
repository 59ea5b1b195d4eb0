//! What an event costs inside each interpreter of this machine.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use audithook_tests::{Python, python};

use crate::measure::{Contestant, turns};
use crate::place::{self, Place, behind};
use crate::report::Report;
use crate::row::{Bar, Row};

const TURNS: usize = 7;

/// A policy with rules for files and hosts, under which nothing that these programs do is refused.
const POLICY: &str = "version = 1\n[files]\ndeny = [\"/root/.ssh\", \"**/*.pem\"]\n\
    [network]\ndeny = [\"169.254.169.254\"]\n[journal]\npath = \"none\"\n";

/// Events that no rule wants, over a C audit hook that does nothing.
pub(crate) fn unwanted(place: &Place, report: &mut Report) -> Result<(), String> {
    let policy = place.write("unwanted.toml", POLICY)?;
    let idle = place.idle_hook()?;
    for python in pythons()? {
        for (kind, count, what, bar) in [
            ("ids", "1000000", "an event no rule wants", Bar::Ratio(1.15)),
            (
                "heap",
                "300000",
                "a custom event, its name on the heap",
                Bar::None,
            ),
        ] {
            let program = raise(python, kind, count);
            let samples = turns(
                TURNS,
                &mut [
                    each(behind(place.run(&policy), &program)),
                    each(with(raise(python, kind, count), &idle)),
                ],
            )?;
            report.add(
                Row::new(
                    format!("{what}, 3.{}", python.minor),
                    &samples[0],
                    "an idle C hook",
                    &samples[1],
                )
                .bar(bar),
            );
        }
    }
    Ok(())
}

/// A policy of 100 rules for files, and the same as a Python hook; all without what the event itself costs.
pub(crate) fn policy(place: &Place, report: &mut Report) -> Result<(), String> {
    let tree = place.scratch().join("data/projects/of/teams");
    let file = place.write("data/projects/of/teams/project70/file.json", "{}")?;
    let (policy, plain) = hundred_rules(&tree.display().to_string());
    let policy = place.write("policy.toml", policy)?;
    let rules = place.write("policy.txt", plain)?;
    for python in pythons()? {
        let open = || {
            let mut command = raise(python, "opens", "10000");
            command.arg(&file);
            command
        };
        let in_python = |hook: &str| {
            let mut command = open();
            command.arg(hook).arg(&rules);
            command
        };
        let samples = turns(
            TURNS,
            &mut [
                each(behind(place.run(&policy), &open())),
                each(in_python("plain")),
                each(in_python("tight")),
                each(open()),
            ],
        )?;
        let [ours, plain, tight] = [0, 1, 2].map(|place| samples[place].beyond(&samples[3]));
        let name = format!("a policy of 100 rules, 3.{}", python.minor);
        report.add(Row::new(&name, &ours, "a plain Python hook", &plain).bar(Bar::Faster(20.0)));
        report.add(Row::new(&name, &ours, "the tightest Python hook", &tight));
    }
    Ok(())
}

/// The same 100 rules as hooks.toml and for the Python hooks: 90 directories, 8 suffixes, 2 globs.
fn hundred_rules(tree: &str) -> (String, String) {
    let (mut read, mut deny, mut plain) = (String::new(), String::new(), String::new());
    for number in 0..75 {
        let _ = write!(read, "\"{tree}/project{number}\", ");
        let _ = writeln!(plain, "+{tree}/project{number}");
    }
    for number in 0..15 {
        let _ = write!(deny, "\"{tree}/project{number}/private\", ");
        let _ = writeln!(plain, "-{tree}/project{number}/private");
    }
    let suffixes = (0..8).map(|number| format!("*.key{number}"));
    for glob in suffixes.chain(["*token*".into(), "*-build-?".into()]) {
        let _ = write!(deny, "\"**/{glob}\", ");
        let _ = writeln!(plain, "**/{glob}");
    }
    // Beside the 100 rules: what the interpreter itself opens, before a Python hook could see it.
    let policy = format!(
        "version = 1\n[files]\nread = [{read}\"@python\", \"{}\"]\ndeny = [{deny}]\n[journal]\npath = \"none\"\n",
        place::program("").display()
    );
    (policy, plain)
}

/// The interpreters, one of each minor version.
pub(crate) fn pythons() -> Result<Vec<&'static Python>, String> {
    let mut found: Vec<&Python> = python::all().iter().collect();
    found.dedup_by_key(|python| python.minor);
    if found.is_empty() {
        return Err("there is no CPython from 3.8 on".into());
    }
    Ok(found)
}

fn raise(python: &Python, kind: &str, count: &str) -> Command {
    let mut command = python.command();
    command
        .args(["-I", "-S"])
        .arg(place::program("events.py"))
        .args([kind, count]);
    command
}

fn with(mut command: Command, preloaded: &Path) -> Command {
    command.env("LD_PRELOAD", preloaded);
    command
}

/// The nanoseconds an event that the program prints.
fn each<'a>(mut command: Command) -> Contestant<'a> {
    Box::new(move || {
        let printed = place::output(&mut command)?;
        printed
            .parse()
            .map_err(|_| format!("{command:?} printed `{printed}`"))
    })
}
