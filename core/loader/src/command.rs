//! The commands that a plugin offers: what it says about them, checked and copied.

use std::collections::BTreeSet;

use audithook_abi::RawStr;
use audithook_abi::command::{
    COMMAND_DEFAULT, COMMAND_READS_INPUT, CallFn, INTERFACE_COMMAND, PARAM_BYTES, PARAM_DURATION,
    PARAM_F64, PARAM_FLAG, PARAM_I64, PARAM_PATH, PARAM_POSITIONAL, PARAM_REPEATED, PARAM_REQUIRED,
    PARAM_SIZE, PARAM_STR, PARAM_U64, RawCommand, RawCommands, RawParam,
};
use audithook_abi::plugin::{PluginInterfaceFn, read_sized};
use serde::{Deserialize, Serialize};

use crate::argument::Argument;
use crate::descriptor::{broken, name, read_array, read_plain_array, text};
use crate::error::Refusal;

/// What a plugin does when it is asked: `audithook PLUGIN COMMAND …`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CommandInfo {
    /// The verb.
    pub name: String,
    /// One line.
    pub summary: String,
    /// What its help says beyond that; may be empty.
    pub help: String,
    /// It needs no verb.
    pub default: bool,
    /// It reads what is piped in.
    pub reads_input: bool,
    /// What it takes, in the order in which a call gives them.
    pub params: Vec<ParamInfo>,
}

/// One parameter of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ParamInfo {
    /// The word behind two dashes, or of the place.
    pub name: String,
    /// One line.
    pub summary: String,
    /// What help shows for the value; may be empty.
    pub value_name: String,
    /// What it takes.
    pub kind: ParamKind,
    /// The letter behind one dash.
    pub letter: Option<char>,
    /// Given by its place.
    pub positional: bool,
    /// Must be given.
    pub required: bool,
    /// May be given several times.
    pub repeated: bool,
    /// What it is when it is not given, as it would be typed.
    pub default: Option<String>,
    /// The only texts that are taken; none: any.
    pub choices: Vec<String>,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ParamKind {
    /// A switch without a value.
    Flag,
    /// UTF-8.
    Str,
    /// Any bytes.
    Bytes,
    /// A path.
    Path,
    /// A number that may be negative.
    I64,
    /// A number that is not negative.
    U64,
    /// A number with a fraction.
    F64,
    /// Bytes: `4096`, `64KiB`, `1.5MB`.
    Size,
    /// Nanoseconds: `250ms`, `1.5s`, `2m`.
    Duration,
}

impl ParamKind {
    const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            PARAM_FLAG => Self::Flag,
            PARAM_STR => Self::Str,
            PARAM_BYTES => Self::Bytes,
            PARAM_PATH => Self::Path,
            PARAM_I64 => Self::I64,
            PARAM_U64 => Self::U64,
            PARAM_F64 => Self::F64,
            PARAM_SIZE => Self::Size,
            PARAM_DURATION => Self::Duration,
            _ => return None,
        })
    }
}

const MOST_COMMANDS: u32 = 64;
const MOST_PARAMS: u32 = 64;
const MOST_CHOICES: u32 = 256;
const LONGEST_HELP: u64 = 64 << 10;

/// What the plugin offers under `audithook.command/1`; nothing if it does not. Commands of later versions are left out.
///
/// # Safety
/// `find` is the function of a plugin's descriptor, which keeps the contract of the header.
pub(crate) unsafe fn read_commands(
    find: Option<PluginInterfaceFn>,
) -> Result<Vec<(CommandInfo, CallFn)>, Refusal> {
    let Some(find) = find else {
        return Ok(Vec::new());
    };
    // SAFETY: the caller's promise; the id is readable during the call.
    let table = unsafe { find(RawStr::new(INTERFACE_COMMAND)) }.cast::<RawCommands>();
    if table.is_null() {
        return Ok(Vec::new());
    }
    if !table.is_aligned() {
        return Err(broken("the address of `ah_commands` is odd"));
    }
    // SAFETY: what stands under this id is an `ah_commands` in static storage, readable to its own size, and so are the
    // commands that it counts.
    let commands: Vec<RawCommand> = unsafe {
        let table = read_sized(table).map_err(Refusal::too_small::<RawCommands>("ah_commands"))?;
        read_array(
            "ah_command",
            table.commands,
            table.n_commands,
            table.command_stride,
            MOST_COMMANDS,
        )?
    };
    let mut names = BTreeSet::new();
    let mut offered = Vec::new();
    for command in &commands {
        // SAFETY: texts and parameters in static storage, as above.
        let Some((info, call)) = (unsafe { read_command(command) })? else {
            continue;
        };
        if !names.insert(info.name.clone()) {
            return Err(broken(format!("two commands are called `{}`", info.name)));
        }
        offered.push((info, call));
    }
    if offered.iter().filter(|(info, _)| info.default).count() > 1 {
        return Err(broken("two commands need no verb"));
    }
    Ok(offered)
}

/// `None` for a command with a parameter that only a later version knows.
///
/// # Safety
/// As [`read_commands`].
unsafe fn read_command(command: &RawCommand) -> Result<Option<(CommandInfo, CallFn)>, Refusal> {
    // SAFETY: as the caller promises.
    let (called, params) = unsafe {
        let params: Vec<RawParam> = read_array(
            "ah_param",
            command.params,
            command.n_params,
            command.param_stride,
            MOST_PARAMS,
        )?;
        (name("a command's name", command.name)?, params)
    };
    let mut info = CommandInfo {
        // SAFETY: as the caller promises.
        summary: unsafe { text("a command's summary", command.summary, 1024) }?,
        // SAFETY: as the caller promises.
        help: unsafe { text("a command's help", command.help, LONGEST_HELP) }?,
        default: command.flags & COMMAND_DEFAULT != 0,
        reads_input: command.flags & COMMAND_READS_INPUT != 0,
        params: Vec::with_capacity(params.len()),
        name: called,
    };
    for param in &params {
        // SAFETY: as the caller promises.
        let Some(param) = (unsafe { read_param(param) })? else {
            return Ok(None);
        };
        info.params.push(param);
    }
    let called = &info.name;
    check_params(&info.params).map_err(|what| broken(format!("command `{called}`: {what}")))?;
    let call = command
        .call
        .ok_or_else(|| broken(format!("`call` of command `{called}` is NULL")))?;
    Ok(Some((info, call)))
}

/// # Safety
/// As [`read_commands`].
unsafe fn read_param(param: &RawParam) -> Result<Option<ParamInfo>, Refusal> {
    let Some(kind) = ParamKind::from_number(param.r#type) else {
        return Ok(None);
    };
    // SAFETY: as the caller promises.
    unsafe {
        let name = name("a parameter's name", param.name)?;
        let letter = match param.letter {
            0 => None,
            letter => Some(
                char::from_u32(letter)
                    .filter(char::is_ascii_alphanumeric)
                    .ok_or_else(|| broken(format!("the letter of parameter `{name}` is none")))?,
            ),
        };
        let default = text(
            "a parameter's default_value",
            param.default_value,
            LONGEST_HELP,
        )?;
        let choices: Vec<RawStr> =
            read_plain_array("choices", param.choices, param.n_choices, MOST_CHOICES)?;
        Ok(Some(ParamInfo {
            summary: text("a parameter's summary", param.summary, 1024)?,
            value_name: text("a parameter's value_name", param.value_name, 64)?,
            kind,
            letter,
            positional: param.flags & PARAM_POSITIONAL != 0,
            required: param.flags & PARAM_REQUIRED != 0,
            repeated: param.flags & PARAM_REPEATED != 0,
            default: Some(default).filter(|text| !text.is_empty()),
            choices: choices
                .into_iter()
                .map(|choice| text("a choice", choice, 256))
                .collect::<Result<_, _>>()?,
            name,
        }))
    }
}

/// What makes a command line that nobody could mean, or that cannot be read.
fn check_params(params: &[ParamInfo]) -> Result<(), String> {
    let mut names = BTreeSet::new();
    let mut letters = BTreeSet::new();
    let last_place = params.iter().rposition(|param| param.positional);
    let mut optional_place = None;
    for (place, param) in params.iter().enumerate() {
        let name = &param.name;
        let wrong = |what: &str| Err(format!("parameter `{name}` {what}"));
        if !names.insert(name) {
            return wrong("stands twice");
        }
        if matches!(&**name, "help" | "format" | "color" | "config" | "output") {
            return wrong("has a name that every command has already");
        }
        if let Some(letter) = param.letter
            && (matches!(letter, 'h' | 'c' | 'o') || !letters.insert(letter))
        {
            return Err(format!("two parameters have the letter `{letter}`"));
        }
        if param.kind == ParamKind::Flag
            && (param.positional || param.required || param.repeated || param.default.is_some())
        {
            return wrong(
                "is a flag: it is neither positional, required nor repeated, and has no default",
            );
        }
        if param.positional && param.letter.is_some() {
            return wrong("is positional and has a letter");
        }
        if param.positional && param.repeated && last_place != Some(place) {
            return wrong("is positional and repeated, but not the last of them");
        }
        if param.positional && param.required && optional_place.is_some() {
            return wrong("must be given, but stands behind one that need not be");
        }
        if param.positional && !param.required {
            optional_place = Some(place);
        }
        if !param.choices.is_empty() && param.kind != ParamKind::Str {
            return wrong("has choices, but is no text");
        }
        if let Some(default) = &param.default {
            if param.required || param.repeated {
                return wrong("has a default, but is required or repeated");
            }
            if let Err(error) = Argument::parse(param, default.as_ref()) {
                return wrong(&format!("has the default `{default}`: {error}"));
            }
        }
    }
    Ok(())
}
