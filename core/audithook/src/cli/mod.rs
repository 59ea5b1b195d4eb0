//! The command line: one file a command.

mod arguments;
mod breadth;
mod check;
mod command;
mod completions;
mod emit;
mod event_text;
mod events;
mod explain;
mod failure;
mod help;
mod in_short;
mod init;
mod log;
mod man;
mod near;
mod plan;
mod plugin;
mod policy;
mod run;
mod summary;
mod terminal;
mod test;
mod trust;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use audithook::hooks::PLUGIN_PROCESS;
use audithook::run::FAULT;
use audithook_abi::LogLevel;
use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Parser};

use arguments::{Arguments, ColorWhen, Command};
use failure::{Answer, Failure};
use near::nearest;
use terminal::Terminal;

pub(crate) fn main() -> ExitCode {
    if std::env::args_os()
        .next()
        .is_some_and(|name| name == PLUGIN_PROCESS)
    {
        return audithook::serve_plugin();
    }
    audithook::hooks::host_plugins_with("/proc/self/exe");
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let words: Vec<OsString> = std::env::args_os().skip(1).collect();
            return command::unknown_word(&error)
                .and_then(|word| command::run(&word, &words))
                .unwrap_or_else(|| wrong_usage(suggesting(error)));
        }
    };
    let mut terminal = Terminal::new(arguments.color);
    let command = match arguments.command {
        Command::Run(run) => return run::run(run, &mut terminal),
        command => command,
    };
    let answer =
        answer(command, &mut terminal).and_then(|answer| Ok(terminal.flush().map(|()| answer)?));
    match answer {
        Ok(Answer::Good) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Err(failure) => {
            // What was said before it failed is worth reading; that it cannot be written is the failure already.
            let _ = terminal.flush();
            failure.report(&mut terminal);
            ExitCode::from(failure.status())
        }
    }
}

fn answer(command: Command, terminal: &mut Terminal) -> Result<Answer, Failure> {
    match command {
        // It ends in another way: with the program.
        Command::Run(_) => unreachable!("`main` took it"),
        Command::Init(init) => init::run(&init, terminal),
        Command::Check(check) => check::run(&check, terminal),
        Command::Log(log) => log::run(&log, terminal),
        Command::Trust(trust) => trust::run(&trust, terminal),
        Command::Plan(plan) => plan::run(plan, terminal),
        Command::Test(test) => test::run(&test, terminal),
        Command::Explain(explain) => explain::run(&explain, terminal),
        Command::Emit(emit) => emit::run(&emit, terminal),
        Command::Events(events) => events::run(&events, terminal),
        Command::Plugin(plugin) => plugin::run(&plugin, terminal),
        Command::Completions(completions) => completions::run(&completions, terminal),
        Command::Man(man) => man::run(&man, terminal),
    }
}

/// Whether a command of audithook has this name: a plugin's could not be called.
fn is_builtin(name: &str) -> bool {
    name == "help" || Arguments::command().find_subcommand(name).is_some()
}

/// The parser knows a command by how it begins; letters that are swapped are a slip, too.
fn suggesting(mut error: clap::Error) -> clap::Error {
    if error.get(ContextKind::SuggestedSubcommand).is_none()
        && let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand)
    {
        let commands = Arguments::command();
        let names = commands.get_subcommands().map(clap::Command::get_name);
        if let Some(near) = nearest(word, names) {
            let near = ContextValue::Strings(vec![near.to_owned()]);
            error.insert(ContextKind::SuggestedSubcommand, near);
        }
    }
    error
}

/// What the parser has to say: help and version are answers, the rest is wrong usage. That of `run` is a fault
/// like any other before the program starts, so that every other status is the program's.
fn wrong_usage(error: clap::Error) -> ExitCode {
    let printed = error.print();
    match error.exit_code() {
        0 => match printed.and_then(|()| std::io::stdout().flush()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                let failure = Failure::from(error);
                failure.report(&mut Terminal::new(ColorWhen::Auto));
                ExitCode::from(failure.status())
            }
        },
        _ if is_run(std::env::args_os().skip(1)) => ExitCode::from(FAULT),
        _ => ExitCode::from(2),
    }
}

/// What plugins log, for people: what is of interest while looking for a fault is left out.
fn log_of_plugins(plugin: &str, level: LogLevel, text: &str) {
    if matches!(level, LogLevel::Error | LogLevel::Warn | LogLevel::Info) {
        // Nobody is left to be told that it cannot be said.
        let _ = writeln!(std::io::stderr(), "plugin {plugin}: {text}");
    }
}

/// Whether the first word that is no flag is `run`.
fn is_run(mut arguments: impl Iterator<Item = OsString>) -> bool {
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--color") => drop(arguments.next()),
            Some(flag) if flag.starts_with('-') => {}
            word => return word == Some("run"),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn run_is_recognised_behind_global_flags() {
        let is_run = |words: &[&str]| is_run(words.iter().map(OsString::from));
        assert!(is_run(&["run", "--bogus"]));
        assert!(is_run(&["--color", "never", "run"]));
        assert!(is_run(&["--color=never", "run", "init"]));
        assert!(!is_run(&["--color", "run", "init"]));
        assert!(!is_run(&["init", "run"]));
        assert!(!is_run(&[]));
    }
}
