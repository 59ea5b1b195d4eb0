//! `audithook emit`

use std::collections::BTreeMap;
use std::io::Write;

use audithook::evaluate::{Evaluation, Evaluator};
use audithook_policy::image::RuleText;
use serde::Serialize;

use super::arguments::{Emit, FormatName};
use super::event_text;
use super::failure::{Answer, Failure};
use super::policy::{Choice, overrides};
use super::terminal::{Style, Terminal};

pub(super) fn run(arguments: &Emit, terminal: &mut Terminal) -> Result<Answer, Failure> {
    emit(arguments, terminal).map_err(Failure::no_verdict)
}

fn emit(arguments: &Emit, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let flags = overrides(&arguments.policy.flags);
    let choice = Choice::of(arguments.policy.config.as_deref(), flags, Vec::new())?;
    let event = arguments.event.as_str();
    let args = event_text::read(event, &arguments.arguments, &choice.context)?;
    event_text::demand_subject(event, &args)?;
    let policy = choice.load_with_plugins(terminal)?;
    event_text::refuse_slip(event, &policy)?;
    let evaluator = Evaluator::new(policy, super::log_of_plugins).map_err(Failure::Invalid)?;
    let mut session = evaluator.session();
    let mut worst = Evaluation::default();
    for _ in 0..arguments.times {
        let evaluation = session.raise(event, &args);
        if evaluation.verdict >= worst.verdict {
            worst = evaluation;
        }
    }
    match arguments.format.format {
        FormatName::Json => {
            terminal.json(&Emitted::of(event, arguments.times, &worst, &evaluator))?
        }
        FormatName::Text => {
            let paint = terminal.paint();
            let style = if worst.verdict.refuses() {
                Style::Red
            } else {
                Style::Green
            };
            let out = terminal.out();
            write!(
                out,
                "{}  {}",
                paint.apply(style, worst.verdict),
                event_text::shown(event, &args)
            )?;
            for rule in worst
                .rules
                .iter()
                .filter_map(|number| evaluator.rule(*number))
            {
                write!(out, "  [{} ({})]", rule.id, rule.at)?;
            }
            writeln!(out)?;
            if let Some(would) = worst.would {
                writeln!(out, "  would {would}")?;
            }
            if let Some(reason) = &worst.reason {
                writeln!(out, "  {reason}")?;
            }
            for (_, report) in evaluator.reports(false) {
                writeln!(
                    out,
                    "
{}",
                    report.trim_end()
                )?;
            }
        }
    }
    Ok(Answer::no_if(worst.verdict.refuses()))
}

#[derive(Serialize)]
struct Emitted<'e> {
    event: &'e str,
    times: u64,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    would: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'e str>,
    fail_open: bool,
    rules: Vec<Rule<'e>>,
    /// By plugin.
    reports: serde_json::Map<String, serde_json::Value>,
    /// By plugin and counter.
    counters: BTreeMap<String, BTreeMap<String, u64>>,
}

#[derive(Serialize)]
struct Rule<'e> {
    id: &'e str,
    at: &'e str,
}

impl<'e> Emitted<'e> {
    fn of(
        event: &'e str,
        times: u64,
        evaluation: &'e Evaluation,
        evaluator: &'e Evaluator,
    ) -> Self {
        let reports = evaluator.reports(true).into_iter().map(|(plugin, report)| {
            let report = serde_json::from_str(&report).unwrap_or(serde_json::Value::String(report));
            (plugin, report)
        });
        let rules = evaluation
            .rules
            .iter()
            .filter_map(|number| evaluator.rule(*number));
        Self {
            event,
            times,
            verdict: evaluation.verdict.as_str(),
            would: evaluation.would.map(|would| would.as_str()),
            reason: evaluation.reason.as_deref(),
            fail_open: evaluation.fail_open,
            rules: rules
                .map(|RuleText { id, at, .. }| Rule { id, at })
                .collect(),
            reports: reports.collect(),
            counters: evaluator.counters(),
        }
    }
}
