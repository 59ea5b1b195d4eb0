//! `audithook check`

use std::io::Write;

use audithook::evaluate::Evaluator;
use audithook::hooks::{Libraries, SearchPath};
use audithook_policy::model::Action;
use audithook_policy::{
    Capabilities, Diagnostic, Diagnostics, Held, Loaded, PlanLine, Policy, Severity,
};
use serde::Serialize;

use super::arguments::{Check, FormatName};
use super::failure::{Answer, Failure};
use super::policy::Choice;
use super::summary::{Row, summed_up};
use super::terminal::{Style, Terminal};

pub(super) fn run(arguments: &Check, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let choice = Choice::of_file(arguments.file.named())?;
    let mut report = Report::default();
    match choice.load() {
        Ok(Loaded {
            findings,
            mut policy,
        }) => {
            report.findings = findings;
            report.add(&policy.notes);
            report.add(&policy.unheld(&Capabilities::default()));
            if arguments.plugins && !policy.plugins.is_empty() {
                choice
                    .demand_trust(&mut policy)
                    .map_err(|failure| failure.hinted(TRUST_HINT))?;
            }
            if !arguments.plugins {
                report.add(&unchecked(&policy));
            }
            report.add(&mistakes_of_plugins(policy.clone(), arguments.plugins));
            if arguments.strict {
                report.not_hard = policy
                    .plan(&Capabilities::default())
                    .into_iter()
                    .filter(|line| line.held != Held::Hard)
                    .collect();
            }
        }
        Err(mistakes) => report.findings = mistakes,
    }
    let has_warnings = report.count(Severity::Warning) > 0;
    let is_refused = has_warnings && (arguments.strict || arguments.deny_warnings);
    report.valid = !report.findings.has_errors() && !is_refused && report.not_hard.is_empty();
    match arguments.format.format {
        FormatName::Json => terminal.json(&report)?,
        FormatName::Text => report.write(&choice.name(), terminal)?,
    }
    Ok(Answer::no_if(!report.valid))
}

/// What a run would refuse to start with. Without `load` nothing of the plugins runs, and what they offer is not known.
fn mistakes_of_plugins(policy: Policy, load: bool) -> Diagnostics {
    let mistakes = if load {
        Evaluator::new(policy, |_, _, _| {}).err()
    } else {
        Libraries::examine(&policy, &SearchPath::from_environment()).err()
    };
    mistakes.unwrap_or_default()
}

/// Loading plugins runs their code.
const TRUST_HINT: &str = "read it, then `audithook trust`, then `audithook check --plugins`; `audithook check --plugins hooks.toml` loads its plugins as they are, for this time";

/// What only the plugins can tell: whether they take what hooks give to them.
fn unchecked(policy: &Policy) -> Diagnostics {
    let mut notes = Diagnostics::default();
    let mut given = (policy.hooks().iter()).filter_map(|hook| match &hook.action {
        Action::Call {
            plugin, function, ..
        } => Some((hook.with_origin.as_ref()?, format!("{plugin}.{function}"))),
        Action::Do(_) => None,
    });
    if let Some((origin, call)) = given.next() {
        let others = match given.count() {
            0 => String::new(),
            1 => ", nor that of another hook".to_owned(),
            count => format!(", nor those of {count} other hooks"),
        };
        notes.push(
            Diagnostic::note(
                format!("this `with` was not checked{others}: only `{call}` knows what it takes"),
                origin,
            )
            .hinted("`audithook check --plugins` loads the plugins, and asks them"),
        );
    }
    notes
}

#[derive(Default, Serialize)]
struct Report {
    valid: bool,
    findings: Diagnostics,
    /// With `--strict`: what would not be held against hostile code.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_hard: Vec<PlanLine>,
}

impl Report {
    fn add(&mut self, findings: &Diagnostics) {
        for finding in findings.as_slice() {
            self.findings.push(finding.clone());
        }
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings
            .as_slice()
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    }

    fn write(&self, name: &str, terminal: &mut Terminal) -> Result<(), Failure> {
        let (paint, width) = (terminal.paint(), terminal.width());
        let out = terminal.out();
        if !self.findings.is_empty() {
            writeln!(out, "{}", self.findings.render_within(paint.is_on(), width))?;
        }
        for row in &summed_up(&self.not_hard) {
            let line = &row.line;
            writeln!(
                out,
                "{}: {}: held {}: `{}`{}",
                line.at,
                paint.apply(Style::Red, "error"),
                line.held.as_str(),
                line.rule,
                entry(row),
            )?;
        }
        if !self.not_hard.is_empty() {
            writeln!(
                out,
                "\n{} no kernel layer holds anything yet; `audithook plan` shows what holds each rule\n",
                paint.bold("hint:")
            )?;
        }
        let mut counts = Vec::new();
        for (severity, one, several) in [
            (Severity::Error, "error", "errors"),
            (Severity::Warning, "warning", "warnings"),
            (Severity::Note, "note", "notes"),
        ] {
            match self.count(severity)
                + if severity == Severity::Error {
                    self.not_hard.len()
                } else {
                    0
                } {
                0 => {}
                1 => counts.push(format!("1 {one}")),
                count => counts.push(format!("{count} {several}")),
            }
        }
        let verdict = if self.valid {
            paint.apply(Style::Green, "valid")
        } else {
            paint.apply(Style::Red, "invalid")
        };
        let counts = if counts.is_empty() {
            String::new()
        } else {
            format!(": {}", counts.join(", "))
        };
        writeln!(out, "{name}: {verdict}{counts}")?;
        Ok(())
    }
}

fn entry(row: &Row) -> String {
    match row.entry() {
        entry if entry.is_empty() => String::new(),
        entry if row.count > 1 => format!(", {entry}"),
        entry => format!(" `{entry}`"),
    }
}
