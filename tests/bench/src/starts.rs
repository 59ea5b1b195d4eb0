//! What starting a run costs, and what a run adds to each program that starts in it.

use std::process::Command;

use audithook_tests::Python;

use crate::events::pythons;
use crate::measure::{Contestant, turns};
use crate::place::{Place, behind, time};
use crate::report::Report;
use crate::row::{Bar, Row};
use crate::spawner::Spawner;

const TURNS: usize = 60;

const POLICY: &str = "version = 1\nextends = [\"python\"]\n[files]\nread = [\".\"]\ndeny = [\"~/.ssh\"]\n\
    [network]\ndeny = [\"169.254.169.254\"]\n[journal]\npath = \"{}\"\n";

/// A whole run of a program that does nothing.
pub(crate) fn run(place: &Place, report: &mut Report) -> Result<(), String> {
    let policy = place.write("run.toml", policy(place))?;
    let nothing = Command::new("/bin/true");
    let mut bubble = Command::new("bwrap");
    bubble.args(["--unshare-all", "--ro-bind", "/", "/", "/bin/true"]);
    let has_bubble = time(&mut bubble).is_ok();
    let mut contestants = vec![
        timed(behind(place.run(&policy), &nothing)),
        timed(Command::new("/bin/true")),
    ];
    if has_bubble {
        contestants.push(timed(bubble));
    } else {
        report.skip("run over bwrap", "bwrap does not work here".into());
    }
    let samples = turns(TURNS, &mut contestants)?;
    if let Some(bubble) = samples.get(2) {
        report.add(
            Row::new(
                "`audithook run -- /bin/true`",
                &samples[0],
                "bwrap --unshare-all",
                bubble,
            )
            .bar(Bar::Ratio(1.0)),
        );
    }
    report.add(Row::new(
        "`audithook run -- /bin/true`",
        &samples[0],
        "/bin/true",
        &samples[1],
    ));
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
        let name = format!("`python -c pass` in a run, 3.{}", python.minor);
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
    let policy = place.write("children.toml", policy(place))?;
    let mut inside = Spawner::start(Some(place.run(&policy)), command)?;
    let mut outside = Spawner::start(None, command)?;
    let samples = turns(
        rounds,
        &mut [Box::new(|| inside.once()), Box::new(|| outside.once())],
    )?;
    report.add(Row::new(name, &samples[0], "bare", &samples[1]).bar(Bar::More(most)));
    Ok(())
}

fn policy(place: &Place) -> String {
    let journal = place.scratch().join("starts.jsonl");
    POLICY.replace("{}", &journal.display().to_string())
}

fn pass(python: &Python) -> Command {
    let mut command = python.command();
    command.args(["-c", "pass"]);
    command
}

fn timed<'a>(mut command: Command) -> Contestant<'a> {
    Box::new(move || time(&mut command))
}
