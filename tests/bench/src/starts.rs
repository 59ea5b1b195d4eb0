//! What starting a run costs, and what a run adds to each program that starts in it.

use std::path::PathBuf;
use std::process::Command;

use audithook_tests::Python;

use crate::events::pythons;
use crate::measure::{Contestant, turns};
use crate::place::{self, Place, behind, time};
use crate::report::Report;
use crate::row::{Bar, Row};
use crate::spawner::Spawner;

const TURNS: usize = 60;

/// For any program.
const BASE: &str = "version = 1\nextends = [\"base\"]\n[network]\ndeny = [\"169.254.169.254\"]\n";
/// For Python: what the interpreters of this machine need is looked up at each start.
const PYTHON: &str = "version = 1\nextends = [\"python\"]\n[files]\nread = [\".\"]\n\
    [network]\ndeny = [\"169.254.169.254\"]\n";

/// A whole run of a program that does nothing.
pub(crate) fn run(place: &Place, report: &mut Report) -> Result<(), String> {
    let base = policy(place, "base.toml", BASE)?;
    let policy = policy(place, "python.toml", PYTHON)?;
    let nothing = Command::new("/bin/true");
    let mut bubble = Command::new("bwrap");
    bubble.args(["--unshare-all", "--ro-bind", "/", "/", "/bin/true"]);
    let has_bubble = time(&mut bubble).is_ok();
    let mut contestants = vec![
        timed(behind(place.run(&base), &nothing)),
        timed(behind(place.run(&policy), &nothing)),
        timed(Command::new("/bin/true")),
    ];
    if has_bubble {
        contestants.push(timed(bubble));
    } else {
        report.skip("run over bwrap", "bwrap does not work here".into());
    }
    let samples = turns(TURNS, &mut contestants)?;
    if let Some(bubble) = samples.get(3) {
        report.add(
            Row::new(
                "`audithook run -- /bin/true`, preset base",
                &samples[0],
                "bwrap --unshare-all",
                bubble,
            )
            .bar(Bar::Ratio(1.0)),
        );
    }
    for (name, place) in [("base", 0), ("python", 1)] {
        report.add(Row::new(
            format!("`audithook run -- /bin/true`, preset {name}"),
            &samples[place],
            "/bin/true",
            &samples[2],
        ));
    }
    for python in pythons()? {
        let samples = turns(
            TURNS / 4,
            &mut [
                timed(behind(place.run(&policy), &pass(python))),
                timed(pass(python)),
            ],
        )?;
        report.add(Row::new(
            format!("`audithook run -- python -c pass`, 3.{}", python.minor),
            &samples[0],
            "bare",
            &samples[1],
        ));
    }
    Ok(())
}

/// A program started by another one, inside a run and outside.
pub(crate) fn children(place: &Place, report: &mut Report) -> Result<(), String> {
    let nothing = Command::new("/bin/true");
    child(
        place,
        report,
        "a program without interpreter",
        &nothing,
        200_000.0,
        TURNS * 4,
    )?;
    for python in pythons()? {
        // What `site` imports is the machine's, not the interpreter's: it may be three times the interpreter's own.
        let mut count = python.command();
        count.args(["-c", "import sys; print(len(sys.modules), end='')"]);
        let name = format!(
            "`python -c pass` in a run, 3.{}, {} modules",
            python.minor,
            place::output(&mut count)?
        );
        child(place, report, &name, &pass(python), 1_500_000.0, TURNS)?;
    }
    Ok(())
}

fn child(
    place: &Place,
    report: &mut Report,
    name: &str,
    command: &Command,
    most: f64,
    rounds: usize,
) -> Result<(), String> {
    let policy = policy(place, "python.toml", PYTHON)?;
    let mut inside = Spawner::start(Some(place.run(&policy)), command)?;
    let mut outside = Spawner::start(None, command)?;
    let samples = turns(
        rounds,
        &mut [Box::new(|| inside.once()), Box::new(|| outside.once())],
    )?;
    report.add(Row::new(name, &samples[0], "bare", &samples[1]).bar(Bar::More(most)));
    Ok(())
}

/// A policy of this run, with a journal.
fn policy(place: &Place, name: &str, text: &str) -> Result<PathBuf, String> {
    let journal = place.scratch().join("starts.jsonl");
    let journal = format!("[journal]\npath = \"{}\"\n", journal.display());
    place.write(name, format!("{text}{journal}"))
}

fn pass(python: &Python) -> Command {
    let mut command = python.command();
    command.args(["-c", "pass"]);
    command
}

fn timed<'a>(mut command: Command) -> Contestant<'a> {
    Box::new(move || time(&mut command))
}
