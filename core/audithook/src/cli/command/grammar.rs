//! From a plugin's description of its commands to a grammar, and from what was typed to the arguments of a call.

use std::ffi::OsStr;

use audithook_loader::{Argument, CommandInfo, ParamInfo, ParamKind, Plugin};
use clap::builder::{PossibleValue, TypedValueParser, ValueParser};
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};

use super::super::help;

/// How an answer is written that is a value or a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in super::super) enum AnswerFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// Of a table: a stream of Apache Arrow (IPC), for pyarrow, DuckDB, polars.
    Arrow,
}

/// The commands of a plugin as a command of audithook.
pub(in super::super) fn offered(plugin: &Plugin) -> Command {
    let info = plugin.info();
    let mut grammar = Command::new(info.name.clone())
        .about(info.summary.clone())
        .styles(help::STYLES)
        .max_term_width(100)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true);
    for command in &info.commands {
        if command.default {
            grammar = with_params(grammar, command)
                .subcommand_required(false)
                .arg_required_else_help(command.params.iter().any(|param| param.required))
                .args_conflicts_with_subcommands(true)
                .subcommand_negates_reqs(true)
                .about(command.summary.clone());
        }
        let verb = Command::new(command.name.clone()).about(command.summary.clone());
        grammar = grammar.subcommand(with_params(verb, command));
    }
    grammar
}

fn with_params(grammar: Command, command: &CommandInfo) -> Command {
    let grammar = command
        .params
        .iter()
        .fold(grammar, |grammar, param| grammar.arg(argument(param)));
    let grammar = grammar.args([
        Arg::new("config")
            .short('c')
            .long("config")
            .value_name("FILE")
            .value_hint(ValueHint::FilePath)
            .value_parser(value_parser!(std::path::PathBuf))
            .help("The policy that the command is held to; it configures the plugin, too")
            .help_heading("Every command"),
        Arg::new("output")
            .short('o')
            .long("output")
            .value_name("FILE")
            .value_hint(ValueHint::FilePath)
            .value_parser(value_parser!(std::path::PathBuf))
            .help("Where the answer goes: whole, or not at all; `-` is standard output")
            .help_heading("Every command"),
        Arg::new("format")
            .long("format")
            .value_name("FORMAT")
            .value_parser(value_parser!(AnswerFormat))
            .default_value("text")
            .help("How a value or a table is written")
            .help_heading("Every command"),
    ]);
    if command.help.is_empty() {
        grammar
    } else {
        grammar.after_long_help(command.help.clone())
    }
}

fn argument(param: &ParamInfo) -> Arg {
    let mut argument = Arg::new(param.name.clone())
        .help(param.summary.clone())
        .required(param.required);
    if param.positional {
        argument = argument.value_name(if param.value_name.is_empty() {
            param.name.to_uppercase()
        } else {
            param.value_name.clone()
        });
    } else {
        argument = argument.long(param.name.clone());
        if let Some(letter) = param.letter {
            argument = argument.short(letter);
        }
        if !param.value_name.is_empty() && param.kind != ParamKind::Flag {
            argument = argument.value_name(param.value_name.clone());
        }
    }
    if param.kind == ParamKind::Flag {
        return argument.action(ArgAction::SetTrue);
    }
    argument = argument
        .value_parser(ValueParser::new(Typed(param.clone())))
        .allow_negative_numbers(matches!(param.kind, ParamKind::I64 | ParamKind::F64));
    if param.kind == ParamKind::Path {
        argument = argument.value_hint(ValueHint::AnyPath);
    }
    if param.repeated {
        argument = argument.action(ArgAction::Append);
        if param.positional {
            argument = argument.num_args(if param.required { 1.. } else { 0.. });
        }
    }
    match &param.default {
        Some(default) => argument.default_value(default.clone()),
        None => argument,
    }
}

/// What was typed, in the order of the parameters.
pub(super) fn arguments(command: &CommandInfo, matches: &mut ArgMatches) -> Vec<Argument> {
    command
        .params
        .iter()
        .map(|param| {
            if param.kind == ParamKind::Flag {
                return Argument::Flag(matches.get_flag(&param.name));
            }
            let mut typed = matches
                .remove_many::<Argument>(&param.name)
                .into_iter()
                .flatten();
            if param.repeated {
                Argument::List(typed.collect())
            } else {
                typed.next().unwrap_or_else(|| Argument::absent(param))
            }
        })
        .collect()
}

/// Reads a value as its parameter takes it.
#[derive(Clone)]
struct Typed(ParamInfo);

impl TypedValueParser for Typed {
    type Value = Argument;

    fn parse_ref(
        &self,
        grammar: &Command,
        argument: Option<&Arg>,
        typed: &OsStr,
    ) -> Result<Argument, clap::Error> {
        Argument::parse(&self.0, typed).map_err(|wrong| {
            let place = argument.map_or_else(|| self.0.name.clone(), ToString::to_string);
            let typed = typed.to_string_lossy();
            let message = format!("invalid value '{typed}' for '{place}': {wrong}\n");
            clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(grammar)
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        if self.0.choices.is_empty() {
            return None;
        }
        Some(Box::new(self.0.choices.iter().map(PossibleValue::new)))
    }
}
