//! What audithook costs: each figure beside a baseline of the same run, taken in turns.
//!
//! `cargo xtask bench` builds everything and calls this program. A row answers a question; `measure` takes the turns,
//! `row` holds figure, baseline and bar, `report` prints. The rows are in `in_process` (the bus, the ABI, the matcher),
//! `events` (what an event of an interpreter costs), `starts` (what starting a program costs), `journal` and `memory`.
//!
//! Nothing here is a test: a machine with neighbours must not turn a build red.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to the developer at the terminal"
)]

mod apart;
mod events;
mod in_process;
mod journal;
mod measure;
mod memory;
mod place;
mod report;
mod row;
mod spawner;
mod starts;

use std::process::ExitCode;

use place::Place;
use report::Report;
use row::Row;

/// What `cargo xtask bench NAME` may name.
struct Bench {
    name: &'static str,
    question: &'static str,
    rows: fn(&Place, &mut Report) -> Result<(), String>,
}

const BENCHES: [Bench; 11] = [
    Bench {
        name: "callsite",
        question: "what does an event cost that nobody listens to?",
        rows: in_process::callsite,
    },
    Bench {
        name: "abi",
        question: "what does a plugin's gate cost through the ABI?",
        rows: in_process::abi,
    },
    Bench {
        name: "apart",
        question: "what does a gate cost in a process of its own?",
        rows: apart::round_trip,
    },
    Bench {
        name: "rules",
        question: "does judging get slower with the number of rules?",
        rows: in_process::rules,
    },
    Bench {
        name: "mistakes",
        question: "does finding a mistake get slower with the number of mistakes?",
        rows: in_process::mistakes,
    },
    Bench {
        name: "unwanted",
        question: "what does an interpreter's event cost that no rule wants?",
        rows: events::unwanted,
    },
    Bench {
        name: "policy",
        question: "how much faster is a policy than the same one in Python?",
        rows: events::policy,
    },
    Bench {
        name: "run",
        question: "what does starting a run cost?",
        rows: starts::run,
    },
    Bench {
        name: "children",
        question: "what does a run add to the start of a program in it?",
        rows: starts::children,
    },
    Bench {
        name: "journal",
        question: "what does journalling every event of a start-up cost?",
        rows: journal::rows,
    },
    Bench {
        name: "memory",
        question: "does the supervisor grow with the number of events?",
        rows: memory::rows,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((spawner::ARGUMENT, command)) = arguments
        .split_first()
        .map(|(first, rest)| (first.as_str(), rest))
    {
        return spawner::serve(command);
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let save = arguments.iter().any(|argument| argument == "--save");
    let names: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|argument| *argument != "--save")
        .collect();
    if let Some(unknown) = names
        .iter()
        .find(|name| BENCHES.iter().all(|bench| bench.name != **name))
    {
        return Err(format!("no such bench: `{unknown}`\n\n{}", usage()));
    }
    // Neighbours are not to be measured: where this user may, the benches and what they start go first.
    let _ = rustix::process::nice(-20);
    let place = Place::new()?;
    let mut report = Report::default();
    for bench in &BENCHES {
        if !names.is_empty() && !names.contains(&bench.name) {
            continue;
        }
        println!("\n{}: {}", bench.name, bench.question);
        // What cannot be measured here is said, and the rest goes on.
        if let Err(why) = (bench.rows)(&place, &mut report) {
            report.skip(bench.name, why);
        }
    }
    println!("\n{}", report.table());
    if save {
        println!("saved: {}", report.save()?.display());
    }
    Ok(())
}

fn usage() -> String {
    let mut text = "hint: the benches are".to_owned();
    for bench in &BENCHES {
        text.push_str(&format!("\n  {:10} {}", bench.name, bench.question));
    }
    text
}
