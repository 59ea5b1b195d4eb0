//! `audithook events`

use std::io::{self, Write};

use audithook_bus::Pattern;
use audithook_catalogue::{EVENTS, EventInfo, Journalled, Operation};
use serde::Serialize;

use super::arguments::{Events, FormatName};
use super::failure::{Answer, Failure};
use super::near::nearest;
use super::terminal::{Paint, Style, Terminal};

pub(super) fn run(arguments: &Events, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let name = arguments.name.as_deref();
    let found: Vec<&EventInfo> = match name {
        Some(name) if !is_glob(name) => vec![find(name)?],
        _ => listed(name, arguments.all)?,
    };
    match (arguments.format.format, &found[..]) {
        (FormatName::Json, [event]) if name.is_some_and(|name| !is_glob(name)) => {
            terminal.json(&Entry::of(event))?;
        }
        (FormatName::Json, _) => {
            terminal.json(
                &found
                    .iter()
                    .map(|event| Entry::of(event))
                    .collect::<Vec<_>>(),
            )?;
        }
        (FormatName::Text, [event]) => {
            let paint = terminal.paint();
            write_one(event, paint, terminal.out())?;
        }
        (FormatName::Text, _) => {
            let paint = terminal.paint();
            write_table(&found, paint, terminal.out())?;
        }
    }
    Ok(Answer::Good)
}

/// One event, as JSON has it.
#[derive(Serialize)]
struct Entry {
    name: &'static str,
    operation: Option<&'static str>,
    args: Vec<Argument>,
    sources: &'static [&'static str],
    hooks: Vec<Hooks>,
    journalled: &'static str,
    first: Option<&'static str>,
    last: Option<&'static str>,
    platform: &'static str,
    doc: Option<String>,
    notes: Option<&'static str>,
}

#[derive(Serialize)]
struct Argument {
    name: &'static str,
    kind: &'static str,
}

#[derive(Serialize)]
struct Hooks {
    source: &'static str,
    kinds: &'static [&'static str],
}

impl Entry {
    fn of(event: &EventInfo) -> Self {
        let details = event.details();
        Self {
            name: event.name,
            operation: held_by(event.operation),
            args: decoded(event)
                .map(|(name, kind)| Argument { name, kind })
                .collect(),
            sources: details.sources,
            hooks: details
                .sources
                .iter()
                .map(|source| Hooks {
                    source,
                    kinds: kinds(source),
                })
                .collect(),
            journalled: match event.journalled {
                Journalled::WhenNamed => "when named",
                Journalled::Default => "@default",
                Journalled::Always => "always",
            },
            first: written(details.first),
            last: written(details.last),
            platform: details.platform,
            doc: page(event),
            notes: written(details.notes),
        }
    }
}

fn find(name: &str) -> Result<&'static EventInfo, Failure> {
    if let Some((_, event)) = audithook_catalogue::find(name) {
        return Ok(event);
    }
    let names = || EVENTS.iter().map(|event| event.name);
    let hint = if let Some(near) = nearest(name, names()) {
        format!("did you mean `{near}`?")
    } else if names().any(|known| known.contains(name)) {
        format!("`audithook events '*{name}*'` lists those that have it in their name")
    } else {
        "a program may raise events of its own; they need no entry here".to_owned()
    };
    Err(Failure::new(format!("no such event in the catalogue: `{name}`")).hinted(hint))
}

fn listed(glob: Option<&str>, all: bool) -> Result<Vec<&'static EventInfo>, Failure> {
    let pattern = glob.map(Pattern::new);
    let is_meant = |event: &EventInfo| {
        pattern.as_ref().is_none_or(|pattern| {
            audithook_catalogue::find(event.name).is_some_and(|(symbol, _)| pattern.matches(symbol))
        })
    };
    let found: Vec<_> = EVENTS
        .iter()
        .filter(|event| (all || is_here(event)) && is_meant(event))
        .collect();
    match glob {
        Some(glob) if found.is_empty() => {
            let elsewhere = EVENTS.iter().filter(|event| is_meant(event)).count();
            let failure = Failure::new(format!("no event matches: `{glob}`"));
            Err(match elsewhere {
                0 => failure,
                count => failure.hinted(format!("{count} of other platforms: `--all` shows them")),
            })
        }
        _ => Ok(found),
    }
}

fn is_glob(name: &str) -> bool {
    name.contains(['*', '?'])
}

/// Whether a Linux process can raise it.
fn is_here(event: &EventInfo) -> bool {
    event.details().platform == "all"
}

fn write_table(events: &[&EventInfo], paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let width = events
        .iter()
        .map(|event| event.name.len())
        .max()
        .unwrap_or(0);
    for event in events {
        write!(out, "{:<width$}", paint.bold(event.name))?;
        let mut separator = "  ";
        for (name, kind) in decoded(event) {
            write!(
                out,
                "{separator}{name}{}",
                paint.dim(format_args!(":{kind}"))
            )?;
            separator = " ";
        }
        writeln!(out)?;
    }
    Ok(())
}

fn write_one(event: &EventInfo, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let mut field = |name: &str, text: &str| {
        writeln!(
            out,
            "  {}  {text}",
            paint.apply(Style::Cyan, format_args!("{name:<9}"))
        )
    };
    field("event", &paint.bold(event.name).to_string())?;
    if let Some(rules) = held_by(event.operation) {
        field("held by", rules)?;
    }
    let width = decoded(event)
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or(0);
    for (place, (name, kind)) in decoded(event).enumerate() {
        let title = if place == 0 { "arguments" } else { "" };
        field(title, &format!("{name:<width$}  {kind}"))?;
    }
    for (place, source) in event.details().sources.iter().enumerate() {
        let title = if place == 0 { "sources" } else { "" };
        field(title, &format!("{source}: {}", kinds(source).join(", ")))?;
    }
    field(
        "journal",
        match event.journalled {
            Journalled::WhenNamed => "when `[journal] events` names it",
            Journalled::Default => "part of `@default`",
            Journalled::Always => "always",
        },
    )?;
    if !event.details().first.is_empty() {
        field(
            "cpython",
            &format!("{} to {}", event.details().first, event.details().last),
        )?;
    }
    if event.details().platform != "all" {
        field("platform", event.details().platform)?;
    }
    if let Some(page) = page(event) {
        field("see", &page)?;
    }
    if !event.details().notes.is_empty() {
        field("note", event.details().notes)?;
    }
    Ok(())
}

/// The arguments that hooks see.
fn decoded(event: &EventInfo) -> impl Iterator<Item = (&'static str, &'static str)> {
    event
        .args
        .iter()
        .filter(|argument| argument.name != "_")
        .map(|argument| (argument.name, argument.kind))
}

/// What a source offers: it has afters only where it sees the end of the operation.
const fn kinds(source: &str) -> &'static [&'static str] {
    match source.as_bytes() {
        b"app" => &["gate", "after", "observer"],
        _ => &["gate", "observer"],
    }
}

/// The lists of the policy that hold an operation.
const fn held_by(operation: Operation) -> Option<&'static str> {
    Some(match operation {
        Operation::None => return None,
        Operation::Open => "files.read, files.write (as flags say), files.deny",
        Operation::List | Operation::Load => "files.read, files.deny",
        Operation::Write | Operation::Create | Operation::Unlink | Operation::Symlink => {
            "files.write, files.deny"
        }
        Operation::Rename | Operation::Link => "files.write, files.deny (src and dst)",
        Operation::Database => "files.read, files.write, files.deny",
        Operation::Connect => "network.connect, network.deny, network.loopback, network.unix",
        Operation::Bind => "network.bind, network.deny, network.loopback, network.unix",
        Operation::Resolve | Operation::Reverse => "network.connect, network.deny",
        Operation::Socket => "network.sockets",
        Operation::Exec | Operation::Shell => "process.exec",
        Operation::Uncovered => "process.uncovered, process.exec",
        Operation::Root => "files.read, files.write, files.deny, process.exec, network.unix",
        Operation::Namespace => {
            "as `chroot` (mount, user, pid); network.connect, network.bind, network.deny (network)"
        }
        Operation::Limits => "every list of the policy (rule audithook.self)",
    })
}

/// The page of CPython's documentation.
fn page(event: &EventInfo) -> Option<String> {
    let page = written(event.details().doc)?;
    Some(format!("https://docs.python.org/3/{page}.html"))
}

fn written(text: &'static str) -> Option<&'static str> {
    (!text.is_empty()).then_some(text)
}
