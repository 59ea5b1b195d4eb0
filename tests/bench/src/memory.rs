//! Whether the supervisor's memory grows with what it has read.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Stdio};

use audithook_tests::python;

use crate::measure::Samples;
use crate::place::{Place, behind, program};
use crate::report::Report;
use crate::row::{Bar, Row};

/// The events after which the supervisor is looked at, in millions; the first is the baseline.
const MILLIONS: [u64; 3] = [1, 5, 10];

/// What the supervisor may grow by between the first look and the last, in bytes: tables and the allocator reach their
/// size. A tenth of a byte kept for each event would be more.
const FLAT: f64 = 1_048_576.0;

/// The supervisor's resident memory after 1, 5 and 10 million journalled events.
pub(crate) fn rows(place: &Place, report: &mut Report) -> Result<(), String> {
    let policy = place.write(
        "memory.toml",
        "version = 1\n[files]\ndeny = [\"/root/.ssh\"]\n[journal]\npath = \"/dev/null\"\nevents = [\"*\"]\n",
    )?;
    let mut command = python::newest().command();
    command.args(["-I", "-S"]).arg(program("flood.py"));
    let mut front = behind(place.run(&policy), &command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let measured = measure(&mut front);
    drop(front.stdin.take());
    let status = front.wait().map_err(|error| error.to_string())?;
    let measured = measured?;
    if !status.success() {
        return Err(format!("the run ended with {status}"));
    }
    let after = |place: usize| Samples::of(vec![measured[place]]);
    for (place, millions) in MILLIONS.iter().enumerate().skip(1) {
        report.add(
            Row::new(
                format!("supervisor after {millions} million events"),
                &after(place),
                format!("after {} million", MILLIONS[0]),
                &after(0),
            )
            .bytes()
            .bar(Bar::More(FLAT)),
        );
    }
    Ok(())
}

fn measure(front: &mut Child) -> Result<Vec<f64>, String> {
    let mut orders = front.stdin.take().ok_or("a pipe was asked for")?;
    let mut answers = BufReader::new(front.stdout.take().ok_or("a pipe was asked for")?).lines();
    let mut raised = 0;
    let mut measured = Vec::new();
    for millions in MILLIONS {
        writeln!(orders, "{}", (millions - raised) * 1_000_000)
            .map_err(|error| error.to_string())?;
        raised = millions;
        answers
            .next()
            .ok_or("the program ended early")?
            .map_err(|error| error.to_string())?;
        measured.push(resident(supervisor_of(front.id())?)?);
    }
    Ok(measured)
}

/// Front has one child.
fn supervisor_of(front: u32) -> Result<u32, String> {
    let file = format!("/proc/{front}/task/{front}/children");
    let children = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    children
        .split_whitespace()
        .next()
        .and_then(|pid| pid.parse().ok())
        .ok_or_else(|| "front has no supervisor".into())
}

/// VmRSS, in bytes (proc_pid_status(5)).
fn resident(pid: u32) -> Result<f64, String> {
    let file = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let kibibytes: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .and_then(|number| number.trim().parse().ok())
        .ok_or("no VmRSS")?;
    Ok(kibibytes * 1024.0)
}
