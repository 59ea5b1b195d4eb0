//! `audithook explain`

use std::io::{self, Write};
use std::path::Path;

use audithook::evaluate::{
    Arguments, Effect, Evaluation, Evaluator, Matched, arguments_of, subject,
};
use audithook_catalogue::find as find_event;
use audithook_journal::{Line, Reader};
use audithook_matcher::hint::instead;
use audithook_policy::PLACEHOLDER;
use audithook_policy::image::{Mode, RuleText};
use serde::Serialize;

use super::arguments::{Explain, FormatName};
use super::event_text;
use super::failure::{Answer, Failure, unreadable};
use super::policy::{Choice, overrides};
use super::terminal::{Paint, Style, Terminal};

pub(super) fn run(arguments: &Explain, terminal: &mut Terminal) -> Result<Answer, Failure> {
    explain(arguments, terminal).map_err(Failure::no_verdict)
}

fn explain(arguments: &Explain, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let flags = overrides(&arguments.policy.flags);
    let choice = Choice::of(arguments.policy.config.as_deref(), flags, Vec::new())?;
    let recorded = match (&arguments.journal, arguments.seq) {
        (Some(journal), Some(seq)) => Some(find(journal, seq, arguments.run.as_deref(), terminal)?),
        _ => None,
    };
    let (event, args) = match (&recorded, &arguments.event) {
        (Some(line), _) => (line.event.clone(), arguments_of(line)),
        (None, Some(event)) => {
            let args = event_text::read(event, &arguments.arguments, &choice.context)?;
            event_text::demand_subject(event, &args)?;
            (event.clone(), args)
        }
        (None, None) => return Err(Failure::new("there is no event to explain")),
    };
    let policy = choice.load_with_plugins(terminal)?;
    if recorded.is_none() {
        event_text::refuse_slip(&event, &policy)?;
    }
    let evaluator = Evaluator::new(policy, super::log_of_plugins).map_err(Failure::Invalid)?;
    let explanation = Explanation::of(&evaluator, &event, &args, recorded.as_ref());
    match arguments.format.format {
        FormatName::Json => terminal.json(&explanation)?,
        FormatName::Text => {
            let paint = terminal.paint();
            explanation.write(paint, terminal.out())?;
        }
    }
    Ok(Answer::no_if(explanation.refuses()))
}

/// The line with this number: of the run, or of the last that has it, which is said where there are several.
fn find(
    journal: &Path,
    seq: u64,
    run: Option<&str>,
    terminal: &mut Terminal,
) -> Result<Line, Failure> {
    let mut reader = Reader::open(journal).map_err(unreadable)?;
    let mut found: Option<Line> = None;
    let mut earlier = 0;
    while let Some(line) = reader.next_line().map_err(unreadable)? {
        if let Ok(line) = Line::parse(line)
            && line.seq == seq
            && run.is_none_or(|run| run == line.run)
        {
            earlier += u32::from(found.is_some());
            found = Some(line);
        }
    }
    let Some(line) = found else {
        let of_run = run.map_or_else(String::new, |run| format!(" of the run `{run}`"));
        return Err(Failure::new(format!(
            "no such event in `{}`: `{seq}`{of_run}",
            journal.display()
        )));
    };
    if earlier > 0 {
        writeln!(
            terminal.err(),
            "audithook: `{seq}` of the run `{}`, the last of {} that have one: `--run` chooses another",
            line.run,
            earlier + 1
        )?;
    }
    Ok(line)
}

/// What is said about one event, in text or JSON.
#[derive(Serialize)]
struct Explanation<'e> {
    event: &'e str,
    #[serde(skip)]
    shown: String,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    would: Option<&'static str>,
    mode: &'static str,
    recorded: bool,
    fail_open: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The verdict in the journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    journal: Option<&'static str>,
    /// The rules behind the verdict, the deciding one first.
    rules: Vec<Rule<'e>>,
    /// Every rule that matches.
    matched: Vec<Match<'e>>,
    /// What would change it.
    changes: Vec<String>,
    #[serde(skip)]
    is_refused: bool,
}

#[derive(Serialize)]
struct Rule<'e> {
    id: &'e str,
    at: &'e str,
    #[serde(skip_serializing_if = "str::is_empty")]
    entry: &'e str,
}

#[derive(Serialize)]
struct Match<'e> {
    effect: &'static str,
    #[serde(flatten)]
    rule: Rule<'e>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl<'e> Explanation<'e> {
    fn of(evaluator: &'e Evaluator, event: &'e str, args: &Arguments, line: Option<&Line>) -> Self {
        let evaluation = evaluator.session().evaluate(event, args);
        let matched = evaluator.matched(event, args);
        let rule = |number: u32| evaluator.rule(number).map(Rule::of);
        Self {
            event,
            shown: event_text::shown(event, args),
            verdict: evaluation.verdict.as_str(),
            would: evaluation.would.map(|would| would.as_str()),
            mode: evaluator.policy().mode.as_str(),
            recorded: evaluation.recorded,
            fail_open: evaluation.fail_open,
            journal: line.map(|line| line.would.unwrap_or(line.verdict).as_str()),
            rules: evaluation
                .rules
                .iter()
                .filter_map(|number| rule(*number))
                .collect(),
            changes: changes(evaluator, event, &evaluation, &matched, args),
            matched: matched
                .into_iter()
                .filter_map(|matched| {
                    Some(Match {
                        effect: matched.effect.as_str(),
                        rule: rule(matched.rule)?,
                        error: matched.error,
                    })
                })
                .collect(),
            is_refused: evaluation.verdict.refuses(),
            reason: evaluation.reason,
        }
    }

    fn refuses(&self) -> bool {
        self.is_refused
    }

    fn write(&self, paint: Paint, out: &mut impl Write) -> io::Result<()> {
        let verdict = paint.apply(colour(self.verdict), self.verdict);
        write!(out, "{verdict}  {}", self.shown)?;
        match self.would {
            Some(would) => writeln!(
                out,
                "\n  would {would}: `mode = \"{}\"` softens it",
                self.mode
            )?,
            None => writeln!(out)?,
        }
        if let Some(journal) = self
            .journal
            .filter(|journal| *journal != self.would.unwrap_or(self.verdict))
        {
            writeln!(out, "  the journal has: {journal}")?;
        }
        if let Some(reason) = &self.reason {
            writeln!(out, "  {reason}")?;
        }
        if self.fail_open {
            writeln!(
                out,
                "  a gate failed, and its `on-error` let the event pass"
            )?;
        }
        if self.matched.is_empty() {
            writeln!(out, "\nno rule matches")?;
        } else {
            writeln!(out, "\nrules that match:")?;
            self.write_matches(paint, out)?;
        }
        if !self.recorded {
            writeln!(out, "\nthe journal does not record it")?;
        }
        for change in &self.changes {
            writeln!(out, "\n{} {change}", paint.bold("hint:"))?;
        }
        Ok(())
    }

    fn write_matches(&self, paint: Paint, out: &mut impl Write) -> io::Result<()> {
        let width = |text: fn(&Rule<'_>) -> usize| {
            self.matched.iter().map(|matched| text(&matched.rule)).max()
        };
        let id = width(|rule| rule.id.chars().count()).unwrap_or(0);
        let at = width(|rule| rule.at.chars().count()).unwrap_or(0);
        for Match {
            effect,
            rule,
            error,
        } in &self.matched
        {
            let effect_shown = paint.apply(colour(effect), effect);
            write!(out, "  {effect_shown:<5}  {:id$}  {:at$}", rule.id, rule.at)?;
            if !rule.entry.is_empty() {
                write!(out, "  `{}`", rule.entry)?;
            } else if *effect == "deny" && !rule.id.starts_with("hook.") {
                write!(out, "  nothing in it covers this")?;
            }
            match error {
                Some(error) => writeln!(out, "  {error}")?,
                None => writeln!(out)?,
            }
        }
        Ok(())
    }
}

impl<'e> Rule<'e> {
    fn of(text: &'e RuleText) -> Self {
        Self {
            id: &text.id,
            at: &text.at,
            entry: &text.entry,
        }
    }
}

/// What would change the verdict. What protects is named, and how to open it is not taught.
fn changes(
    evaluator: &Evaluator,
    event: &str,
    evaluation: &Evaluation,
    matched: &[Matched],
    args: &Arguments,
) -> Vec<String> {
    let mut changes = Vec::new();
    if evaluation.would.is_some() || evaluation.verdict.refuses() {
        let rules = || {
            evaluation
                .rules
                .iter()
                .filter_map(|number| evaluator.rule(*number))
        };
        if let Some(instead) = find_event(event).and_then(|(_, info)| instead(info.operation))
            && rules().any(|rule| !rule.id.starts_with("hook."))
        {
            return vec![instead.to_owned()];
        }
        let is_protected = rules().any(|rule| rule.protected);
        for rule in rules().filter(|rule| rule.protected || !is_protected) {
            if !rule.hint.is_empty() {
                match subject(args, &rule.hint) {
                    Some(subject) => changes.push(rule.hint.replace(PLACEHOLDER, &subject)),
                    None if rule.hint.contains(PLACEHOLDER) => {}
                    None => changes.push(rule.hint.clone()),
                }
            } else if rule.id.starts_with("hook.") {
                changes.push(format!("the hook `{}` ({}) says so", rule.id, rule.at));
            }
        }
        return changes;
    }
    if evaluator.policy().mode == Mode::Off {
        changes.push("`mode = \"off\"` judges nothing".to_owned());
    }
    let allows = matched
        .iter()
        .filter(|matched| matched.effect == Effect::Says(audithook_bus::Verdict::Allow))
        .filter_map(|matched| evaluator.rule(matched.rule))
        .filter(|rule| !rule.entry.is_empty());
    let entries: Vec<_> = allows
        .map(|rule| format!("`{}` ({})", rule.entry, rule.at))
        .collect();
    if !entries.is_empty() {
        changes.push(format!(
            "it is refused once no entry covers it: {}",
            entries.join(", ")
        ));
    }
    changes
}

fn colour(word: &str) -> Style {
    match word {
        "deny" | "kill" => Style::Red,
        "warn" => Style::Yellow,
        "allow" => Style::Green,
        _ => Style::Cyan,
    }
}
