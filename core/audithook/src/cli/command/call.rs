//! One call: the arguments, the policy that it is held to, the instance, the answer.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Read};
use std::process::ExitCode;
use std::sync::Arc;

use audithook::evaluate::Evaluator;
use audithook::hooks::BusServices;
use audithook_bus::Bus;
use audithook_loader::{CommandInfo, Instance, Patience};
use audithook_policy::arguments::Argument as Named;
use clap::{Arg, Command};

use super::super::failure::Failure;
use super::super::terminal::Terminal;
use super::{Found, answer, grammar};

pub(super) fn run(
    found: Found,
    words: &[OsString],
    terminal: &mut Terminal,
) -> Result<ExitCode, Failure> {
    let info = found.plugin.info().clone();
    if info.commands.is_empty() {
        return Err(
            Failure::new(format!("plugin `{}` offers no commands", info.name)).hinted(format!(
                "`audithook plugin list` shows what it offers; a `[[hook]]` calls `{}`",
                info.hooks.first().map_or_else(
                    || info.name.clone(),
                    |hook| format!("{}.{}", info.name, hook.name)
                )
            )),
        );
    }
    let program = std::iter::once(OsString::from("audithook"));
    let typed = whole_grammar(grammar::offered(&found.plugin))
        .try_get_matches_from(program.chain(words.iter().cloned()));
    let mut typed = match typed {
        Ok(typed) => typed,
        Err(error) => {
            // Nobody is left to be told that it cannot be said.
            let _ = error.print();
            return Ok(ExitCode::from(if error.exit_code() == 0 { 0 } else { 2 }));
        }
    };
    let (_, mut typed) = typed
        .remove_subcommand()
        .ok_or_else(|| Failure::new("there is no command"))?;
    let (command, mut typed) = match typed.remove_subcommand() {
        Some((verb, typed)) => (named(&info.commands, &verb), typed),
        None => (info.commands.iter().find(|command| command.default), typed),
    };
    let command = command.ok_or_else(|| Failure::new("there is no such command"))?;
    let destination = answer::Destination::of(&mut typed);
    let arguments = grammar::arguments(command, &mut typed);

    let under = Under::of(found)?;
    under.allow(&info.name, &command.name, words)?;
    let mut answer = under
        .instance
        .call(
            &command.name,
            &arguments,
            input(command),
            Arc::new(Patience),
        )
        .map_err(|error| {
            let failure = Failure::new(error.to_string());
            match error.hint() {
                Some(hint) => failure.hinted(hint),
                None => failure,
            }
        })?;
    answer::write(&mut answer, &destination, terminal)?;
    terminal.flush()?;
    Ok(ExitCode::from(answer.status()))
}

/// The plugin's commands below what every command of audithook has.
fn whole_grammar(plugin: Command) -> Command {
    Command::new("audithook")
        .arg(Arg::new("color").long("color").global(true).hide(true))
        .subcommand_required(true)
        .subcommand(plugin)
}

fn named<'c>(commands: &'c [CommandInfo], verb: &str) -> Option<&'c CommandInfo> {
    commands.iter().find(|command| command.name == verb)
}

/// What is piped in, where the command reads it.
fn input(command: &CommandInfo) -> Option<Box<dyn Read + Send>> {
    (command.reads_input && !io::stdin().is_terminal()).then(|| Box::new(io::stdin()) as _)
}

/// The instance, and the policy that it is held to.
struct Under {
    instance: Instance,
    evaluator: Option<Evaluator>,
}

impl Under {
    fn of(found: Found) -> Result<Self, Failure> {
        let services = Arc::new(BusServices::new(&Bus::new(), super::super::log_of_plugins));
        let make = |config: &str| {
            found
                .plugin
                .create(Arc::clone(&services) as _, config)
                .map_err(|error| Failure::new(error.to_string()))
        };
        let Some(policy) = found.policy else {
            return Ok(Self {
                instance: make("{}")?,
                evaluator: None,
            });
        };
        let evaluator =
            Evaluator::new(policy, super::super::log_of_plugins).map_err(Failure::Unusable)?;
        let instance = match evaluator.instance(&found.plugin.info().name) {
            Some(audithook::hooks::Instance::Here(instance)) => instance,
            _ => make("{}")?,
        };
        Ok(Self {
            instance,
            evaluator: Some(evaluator),
        })
    }

    /// A call is an event like any other: gates may veto it.
    fn allow(&self, plugin: &str, command: &str, words: &[OsString]) -> Result<(), Failure> {
        let Some(evaluator) = &self.evaluator else {
            return Ok(());
        };
        let typed = words
            .iter()
            .map(|word| Named::Str(word.to_string_lossy().into_owned()));
        let arguments = vec![
            ("plugin".to_owned(), Named::Str(plugin.to_owned())),
            ("command".to_owned(), Named::Str(command.to_owned())),
            ("args".to_owned(), Named::List(typed.collect())),
        ];
        let evaluation = evaluator.session().raise("command.call", &arguments);
        if !evaluation.verdict.refuses() {
            return Ok(());
        }
        let by = evaluation
            .rules
            .first()
            .and_then(|rule| evaluator.rule(*rule));
        let by = by.map_or_else(String::new, |rule| {
            format!(" by rule `{}` ({})", rule.id, rule.at)
        });
        let reason = evaluation
            .reason
            .map_or_else(String::new, |reason| format!(": {reason}"));
        Err(Failure::new(format!(
            "command.call: `{plugin} {command}` denied{by}{reason}"
        )))
    }
}
