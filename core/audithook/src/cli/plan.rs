//! `audithook plan`

use std::io::{self, Write};

use audithook::hooks::{Libraries, SearchPath};
use audithook_policy::{Capabilities, Diagnostics, Held, PlanLine};

use super::arguments::{Plan, PlanFormat};
use super::failure::{Answer, Failure};
use super::policy::{Choice, overrides};
use super::summary::{Row, all, summed_up};
use super::terminal::{Paint, Style, Terminal};

pub(super) fn run(arguments: Plan, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let flags = overrides(&arguments.flags);
    let choice = Choice::of(arguments.file.named(), flags, arguments.command)?;
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
            let rows = if arguments.all {
                all(&lines)
            } else {
                summed_up(&lines)
            };
            write(&rows, paint, terminal.out())?;
            write_counts(&lines, terminal.out())?;
            if rows.len() < lines.len() {
                writeln!(terminal.out(), "\n{} {ALL_HINT}", paint.bold("hint:"))?;
            }
            if !policy.notes.is_empty() {
                write_findings(&policy.notes, terminal)?;
            }
        }
    }
    // A run with them would not start.
    let plugins = Libraries::examine(&policy, &SearchPath::from_environment());
    if let Err(mistakes) = &plugins {
        write_findings(mistakes, terminal)?;
    }
    Ok(Answer::no_if(plugins.is_err()))
}

fn write_findings(findings: &Diagnostics, terminal: &mut Terminal) -> io::Result<()> {
    let (color, width) = (terminal.paint_err().is_on(), terminal.width_err());
    write!(terminal.err(), "\n{}", findings.render_within(color, width))
}

fn write(rows: &[Row], paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let width =
        |text: fn(&Row) -> usize, least: usize| rows.iter().map(text).max().unwrap_or(0).max(least);
    let rule = width(|row| row.line.rule.chars().count(), "RULE".len());
    let entry = width(|row| row.entry().chars().count(), "ENTRY".len()).min(40);
    let at = width(|row| row.line.at.chars().count(), "AT".len());
    let layers = width(|row| shown(&row.line).chars().count(), "LAYERS".len());
    writeln!(
        out,
        "{}",
        paint.bold(format_args!(
            "HELD     {:rule$}  {:entry$}  {:at$}  {:layers$}  COST",
            "RULE", "ENTRY", "AT", "LAYERS"
        ))
    )?;
    for row in rows {
        let line = &row.line;
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
            row.entry(),
            line.at,
            shown(line),
            line.cost,
        )?;
        for note in &line.notes {
            writeln!(out, "         {}", paint.dim(note))?;
        }
    }
    Ok(())
}

/// What the short table leaves out.
const ALL_HINT: &str = "`--all` shows every entry of the presets";

fn write_counts(lines: &[PlanLine], out: &mut impl Write) -> io::Result<()> {
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
