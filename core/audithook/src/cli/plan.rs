//! `audithook plan`

use std::io::{self, Write};

use audithook_policy::{Capabilities, Held, PlanLine, Severity};

use super::arguments::{Plan, PlanFormat};
use super::failure::{Answer, Failure};
use super::policy::{Choice, overrides};
use super::terminal::{Paint, Style, Terminal};

pub(super) fn run(arguments: Plan, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let flags = overrides(&arguments.flags);
    let choice = Choice::of(arguments.file.file.as_deref(), flags, arguments.command)?;
    let policy = choice.load_and_warn(terminal)?;
    match arguments.format {
        PlanFormat::Toml => {
            let text = policy
                .to_toml()
                .map_err(|error| Failure::new(error.to_string()))?;
            terminal.out().write_all(text.as_bytes())?;
        }
        PlanFormat::Json => terminal.json(&policy.plan(&Capabilities::default()))?,
        PlanFormat::Text => {
            let paint = terminal.paint();
            let lines = policy.plan(&Capabilities::default());
            write(&lines, paint, terminal.out())?;
            let color = terminal.paint_err().is_on();
            for note in policy.notes.at_least(Severity::Note) {
                write!(terminal.err(), "\n{}", note.render(color))?;
            }
        }
    }
    Ok(Answer::Good)
}

fn write(lines: &[PlanLine], paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let width = |text: fn(&PlanLine) -> usize, least: usize| {
        lines.iter().map(text).max().unwrap_or(0).max(least)
    };
    let rule = width(|line| line.rule.chars().count(), "RULE".len());
    let entry = width(|line| line.entry.chars().count(), "ENTRY".len()).min(40);
    let at = width(|line| line.at.chars().count(), "AT".len());
    let layers = width(|line| shown(line).chars().count(), "LAYERS".len());
    writeln!(
        out,
        "{}",
        paint.bold(format_args!(
            "HELD     {:rule$}  {:entry$}  {:at$}  {:layers$}  COST",
            "RULE", "ENTRY", "AT", "LAYERS"
        ))
    )?;
    for line in lines {
        let style = match line.held {
            Held::Hard => Style::Green,
            Held::Soft | Held::Sampled => Style::Yellow,
            Held::None => Style::Red,
        };
        writeln!(
            out,
            "{:<7}  {:rule$}  {:entry$}  {:at$}  {:layers$}  {}",
            paint.apply(style, line.held.as_str()),
            line.rule,
            line.entry,
            line.at,
            shown(line),
            line.cost,
        )?;
        for note in &line.notes {
            writeln!(out, "         {}", paint.dim(note))?;
        }
    }
    let count = |held| lines.iter().filter(|line| line.held == held).count();
    let counts: Vec<_> = [Held::Hard, Held::Soft, Held::Sampled, Held::None]
        .into_iter()
        .filter(|held| count(*held) > 0)
        .map(|held| format!("{} {}", count(held), held.as_str()))
        .collect();
    writeln!(out, "\n{}", counts.join(", "))
}

fn shown(line: &PlanLine) -> String {
    let layers: Vec<_> = line.layers.iter().map(|layer| layer.as_str()).collect();
    if layers.is_empty() {
        "-".to_owned()
    } else {
        layers.join(", ")
    }
}
