//! `audithook test`

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use audithook::evaluate::{Arguments, Evaluation, Evaluator, Session, arguments_of};
use audithook_abi::Verdict;
use audithook_catalogue::{Operation, find};
use audithook_journal::{Line, Reader};
use audithook_policy::arguments::Argument;
use audithook_policy::model::TestCase;
use audithook_policy::paths;
use serde::Serialize;

use super::arguments::{FormatName, Test};
use super::event_text;
use super::failure::{Answer, Failure, unreadable};
use super::policy::Choice;
use super::terminal::{Style, Terminal};

pub(super) fn run(arguments: &Test, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let choice = Choice::of_file(arguments.file.named())?;
    let policy = choice.load_with_plugins(terminal)?;
    let evaluator = Evaluator::new(policy, super::log_of_plugins).map_err(Failure::Invalid)?;
    match &arguments.journal {
        Some(journal) => replay(&evaluator, journal, arguments.format.format, terminal),
        None => run_tables(
            &evaluator,
            &choice.name(),
            arguments.format.format,
            terminal,
        ),
    }
}

/// A verdict and the rule that decides it.
#[derive(Debug, Serialize)]
struct Said {
    verdict: Word,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
}

/// A verdict as its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Word(Verdict);

impl Serialize for Word {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl Said {
    /// What `mode = "enforce"` says: a softened policy is tested as it is meant.
    fn by(evaluation: &Evaluation, evaluator: &Evaluator) -> Self {
        let rule = evaluation
            .rules
            .first()
            .and_then(|number| evaluator.rule(*number));
        Self {
            verdict: Word(evaluation.would.unwrap_or(evaluation.verdict)),
            rule: rule.map(|rule| rule.id.clone()),
            at: rule.map(|rule| rule.at.clone()),
        }
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.verdict.0.as_str())?;
        match (&self.rule, &self.at) {
            (Some(rule), Some(at)) if !at.is_empty() => write!(f, " by `{rule}` ({at})"),
            (Some(rule), _) => write!(f, " by `{rule}`"),
            (None, _) => Ok(()),
        }
    }
}

/// The outcome of one `[[test]]`.
#[derive(Serialize)]
struct Outcome {
    at: String,
    event: String,
    passed: bool,
    expected: Said,
    got: Said,
}

fn run_tables(
    evaluator: &Evaluator,
    name: &str,
    format: FormatName,
    terminal: &mut Terminal,
) -> Result<Answer, Failure> {
    let mut session = evaluator.session();
    let tests = evaluator.policy().tests.iter();
    let outcomes: Vec<_> = tests
        .map(|test| outcome(test, &mut session, evaluator))
        .collect();
    let failed = outcomes.iter().filter(|outcome| !outcome.passed).count();
    match format {
        FormatName::Json => terminal.json(&outcomes)?,
        FormatName::Text => {
            let paint = terminal.paint();
            let out = terminal.out();
            for Outcome {
                at,
                event,
                passed,
                expected,
                got,
            } in &outcomes
            {
                if *passed {
                    writeln!(out, "{}    {event}  {got}", paint.apply(Style::Green, "ok"))?;
                } else {
                    writeln!(out, "{}  {event}", paint.apply(Style::Red, "FAIL"))?;
                    writeln!(out, "      {at}: expected {expected}, got {got}")?;
                }
            }
            match outcomes.len() {
                0 => writeln!(terminal.err(), "there is no [[test]] in {name}")?,
                count => writeln!(out, "\n{} passed, {failed} failed", count - failed)?,
            }
        }
    }
    Ok(Answer::no_if(failed > 0))
}

fn outcome(test: &TestCase, session: &mut Session<'_>, evaluator: &Evaluator) -> Outcome {
    let evaluation = session.evaluate(&test.event, &test.args);
    let got = Said::by(&evaluation, evaluator);
    // Which of several rules that agree leads is up to the order of the file: a test means that its rule holds.
    let holds = |rule: &String| {
        let mut rules = evaluation
            .rules
            .iter()
            .filter_map(|number| evaluator.rule(*number));
        rules.any(|named| named.id == *rule)
    };
    let is_named = test.rule.as_ref().is_none_or(holds);
    Outcome {
        at: test.origin.to_string(),
        event: event_text::shown(&test.event, &test.args),
        passed: got.verdict.0 == test.expect && is_named,
        expected: Said {
            verdict: Word(test.expect),
            rule: test.rule.clone(),
            at: None,
        },
        got,
    }
}

/// An event whose verdict would be another one.
#[derive(Serialize)]
struct Difference {
    seq: u64,
    event: String,
    recorded: Said,
    now: Said,
}

/// Who reads a journal of their own finds many.
const NOT_JUDGED: &str = "not judged: what an interpreter does to start, what audithook tells of itself, and what only the process knew";

/// How a journal fares under the policy.
#[derive(Default, Serialize)]
struct Replay {
    judged: u64,
    /// Events that no policy judges, and those that cannot be judged again as they were.
    not_judged: u64,
    differences: Vec<Difference>,
    #[serde(skip)]
    programs: Programs,
}

/// What each process runs: the interpreter may list the directory that its program's imports begin with.
#[derive(Default)]
struct Programs {
    started_in: HashMap<String, PathBuf>,
    directories: HashMap<String, PathBuf>,
}

impl Programs {
    fn learn(&mut self, line: &Line) {
        let text = |name: &str| line.args.get(name).and_then(serde_json::Value::as_str);
        let cwd = self.started_in.get(&line.proc);
        let directory = match line.event.as_str() {
            "process.start" => {
                let cwd = text("cwd").map(PathBuf::from);
                self.started_in
                    .extend(cwd.map(|cwd| (line.proc.clone(), cwd)));
                return;
            }
            "cpython.run_file" => text("filename").and_then(|file| {
                let file = cwd.map_or_else(|| PathBuf::from(file), |cwd| cwd.join(file));
                Some(paths::resolve(&file).parent()?.to_owned())
            }),
            "cpython.run_command" | "cpython.run_module" | "cpython.run_stdin" => cwd.cloned(),
            _ => return,
        };
        // Of several, the first is the main program.
        if let Some(directory) = directory {
            self.directories
                .entry(line.proc.clone())
                .or_insert(directory);
        }
    }

    /// Whether this is what a run lets the interpreter do for every import, although no list has it.
    fn is_interpreters_listing(
        &self,
        line: &Line,
        args: &Arguments,
        now: &Evaluation,
        evaluator: &Evaluator,
    ) -> bool {
        let is_listing =
            find(&line.event).is_some_and(|(_, info)| info.operation == Operation::List);
        let directory = self.directories.get(&line.proc);
        let is_program = |(name, value): &(String, Argument)| {
            let path = directory.map(|directory| directory.as_os_str().as_encoded_bytes());
            name == "path" && matches!(value, Argument::Path(of) if path == Some(of.as_slice()))
        };
        let is_read_list = |number: &u32| {
            let rule = evaluator.rule(*number);
            rule.is_some_and(|rule| rule.id == "files.read")
        };
        is_listing
            && line.sources.iter().any(|source| source == "cpython")
            && !line.verdict.refuses()
            && args.iter().any(is_program)
            && now.rules.iter().all(is_read_list)
    }
}

fn replay(
    evaluator: &Evaluator,
    journal: &Path,
    format: FormatName,
    terminal: &mut Terminal,
) -> Result<Answer, Failure> {
    let mut replay = Replay::default();
    let mut session = evaluator.session();
    let mut reader = Reader::open(journal).map_err(unreadable)?;
    while let Some(bytes) = reader.next_line().map_err(unreadable)? {
        if let Ok(line) = Line::parse(bytes) {
            replay.take(&line, &mut session, evaluator);
        }
    }
    match format {
        FormatName::Json => terminal.json(&replay)?,
        FormatName::Text => {
            let out = terminal.out();
            for Difference {
                seq,
                event,
                recorded,
                now,
            } in &replay.differences
            {
                writeln!(out, "seq {seq}  {event}\n  was {recorded}, would be {now}")?;
            }
            let Replay {
                judged,
                not_judged,
                differences,
                ..
            } = &replay;
            if !differences.is_empty() {
                writeln!(out)?;
            }
            writeln!(
                out,
                "{judged} judged, {} differ, {not_judged} not judged",
                differences.len()
            )?;
            if *not_judged > 0 {
                writeln!(terminal.err(), "{NOT_JUDGED}")?;
            }
        }
    }
    Ok(Answer::no_if(!replay.differences.is_empty()))
}

impl Replay {
    fn take(&mut self, line: &Line, session: &mut Session<'_>, evaluator: &Evaluator) {
        let args = arguments_of(line);
        self.programs.learn(line);
        if !is_judged(line) {
            self.not_judged += 1;
            return;
        }
        let evaluation = session.evaluate(&line.event, &args);
        let now = Said::by(&evaluation, evaluator);
        let recorded = Said {
            verdict: Word(line.would.unwrap_or(line.verdict)),
            rule: line.rules.first().map(|rule| rule.id.clone()),
            at: line.rules.first().map(|rule| rule.at.clone()),
        };
        if now.verdict == recorded.verdict {
            self.judged += 1;
        } else if needs_a_name(line, &args, &evaluation, evaluator)
            || (self.programs).is_interpreters_listing(line, &args, &evaluation, evaluator)
        {
            self.not_judged += 1;
        } else {
            self.judged += 1;
            self.differences.push(Difference {
                seq: line.seq,
                event: event_text::shown(&line.event, &args),
                recorded,
                now,
            });
        }
    }
}

/// Whether the policy has a say: not about what the supervisor tells of itself, what came before the policy was armed, what
/// was raised inside a hook, or what was cut.
fn is_judged(line: &Line) -> bool {
    let is_told = find(&line.event).is_some_and(|(_, info)| {
        info.details().sources == ["app"] && info.operation == Operation::None
    });
    !(is_told || line.startup || line.nested || line.truncated)
}

/// Whether a connection to an address was allowed by a name, which only the process that resolved it knows: then nothing but
/// the list of names refuses it now.
fn needs_a_name(line: &Line, args: &Arguments, now: &Evaluation, evaluator: &Evaluator) -> bool {
    let is_address = args.iter().any(|(name, value)| {
        name == "host"
            && matches!(value, Argument::Str(host) if host.parse::<std::net::IpAddr>().is_ok())
    });
    let is_list = |number: &u32| {
        evaluator
            .rule(*number)
            .is_some_and(|rule| rule.id == "network.connect")
    };
    is_address && !line.verdict.refuses() && now.rules.iter().all(is_list)
}
