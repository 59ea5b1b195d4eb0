//! An event as a person writes it: a name, and `key=value` for each argument.

use std::ffi::OsStr;

use audithook::evaluate::Arguments;
use audithook_catalogue::{EVENTS, find};
use audithook_policy::arguments::{Argument, complete, parse};
use audithook_policy::slips::{self, Slip};
use audithook_policy::{LoadContext, Policy};

use super::failure::Failure;
use super::near::nearest;

/// What `key:kind=value` may say for events of one's own, whose arguments no catalogue knows.
const KINDS: [&str; 7] = ["str", "path", "bool", "i64", "u64", "f64", "list"];

/// Reads the arguments of an event and completes them as a source would.
pub(super) fn read(
    event: &str,
    texts: &[String],
    context: &LoadContext,
) -> Result<Arguments, Failure> {
    let mut arguments = Arguments::new();
    for text in texts {
        let (key, value) = text.split_once('=').ok_or_else(|| {
            Failure::new(format!("not an argument: `{text}`"))
                .hinted("arguments are written `key=value`")
        })?;
        let (name, kind) = match key.split_once(':') {
            Some((name, kind)) => (name, Some(kind)),
            None => (key, None),
        };
        refuse(slips::of_name(event, name))?;
        if arguments.iter().any(|(known, _)| known == name) {
            return Err(Failure::new(format!("given twice: `{name}`")));
        }
        let argument = match kind {
            None => {
                let program = program(event, name, value, context)?;
                parse(event, name, program.as_deref().unwrap_or(value), context)
                    .map_err(|error| Failure::new(format!("bad value for `{name}`: {error}")))?
            }
            Some(kind) => of_kind(name, kind, value)?,
        };
        refuse(slips::of_value(event, name, &argument))?;
        arguments.push((name.to_owned(), argument));
    }
    complete(event, &mut arguments);
    Ok(arguments)
}

/// The file of a program that is named without a slash, where the operation looks it up in PATH. `os.exec` does not.
fn program(
    event: &str,
    name: &str,
    value: &str,
    context: &LoadContext,
) -> Result<Option<String>, Failure> {
    if event != "subprocess.Popen" || name != "path" || value.contains('/') {
        return Ok(None);
    }
    let file = context.find_program(OsStr::new(value));
    match file.map(|file| file.into_os_string().into_string()) {
        Some(Ok(file)) => Ok(Some(file)),
        _ => Err(
            Failure::new(format!("no such program in `PATH`: `{value}`"))
                .hinted("a path has a slash"),
        ),
    }
}

/// Refuses a name that is nearly one of the catalogue's, which nothing would hold, unless a hook of the policy is on it.
pub(super) fn refuse_slip(event: &str, policy: &Policy) -> Result<(), Failure> {
    let is_hooked = || {
        let mut hooks = policy.hooks().iter();
        hooks.any(|hook| hook.on.iter().any(|on| on == event))
    };
    if find(event).is_some() || is_hooked() {
        return Ok(());
    }
    match near_event(event) {
        Some(near) => Err(
            Failure::new(format!("no event of the catalogue: `{event}`"))
                .hinted(format!("did you mean `{near}`?")),
        ),
        None => Ok(()),
    }
}

/// The event of the catalogue that was probably meant. The names of a program's own events begin with a word of its own
/// (`shop.kill` is no slip of `os.kill`), so the first words must be near each other, too.
fn near_event(event: &str) -> Option<&'static str> {
    let first = |name: &'_ str| name.split('.').next().map(str::to_owned);
    let near = nearest(event, EVENTS.iter().map(|event| event.name))?;
    let (given, known) = (first(event)?, first(near)?);
    nearest(&given, [known.as_str()]).map(|_| near)
}

/// Demands what the policy's lists judge an event of the catalogue by: without it the answer would be about nothing.
pub(super) fn demand_subject(event: &str, args: &Arguments) -> Result<(), Failure> {
    refuse(slips::of_missing(event, args))
}

fn refuse(slip: Option<Slip>) -> Result<(), Failure> {
    match slip {
        Some(Slip { message, hint }) => Err(Failure::new(message).hinted(hint)),
        None => Ok(()),
    }
}

fn of_kind(name: &str, kind: &str, value: &str) -> Result<Argument, Failure> {
    let bad = || Failure::new(format!("not of kind `{kind}`: `{value}`"));
    Ok(match kind {
        "str" => Argument::Str(value.to_owned()),
        "path" => Argument::Path(value.as_bytes().to_vec()),
        "bool" => Argument::Bool(value.parse().map_err(|_| bad())?),
        "i64" => Argument::I64(value.parse().map_err(|_| bad())?),
        "u64" => Argument::U64(value.parse().map_err(|_| bad())?),
        "f64" => Argument::F64(value.parse().map_err(|_| bad())?),
        "list" => Argument::List(
            value
                .split(',')
                .filter(|element| !element.is_empty())
                .map(|element| Argument::Str(element.to_owned()))
                .collect(),
        ),
        _ => {
            return Err(
                Failure::new(format!("unknown kind of argument: `{name}:{kind}`"))
                    .hinted(format!("one of `{}`", KINDS.join("`, `"))),
            );
        }
    })
}

/// `open path=/etc/passwd flags=read`, with what was added left out.
pub(super) fn shown(event: &str, arguments: &Arguments) -> String {
    let mut text = event.to_owned();
    for (name, value) in arguments
        .iter()
        .filter(|(name, _)| !name.starts_with("raw"))
    {
        text.push(' ');
        text.push_str(name);
        text.push('=');
        text.extend(audithook::evaluate::shown(value).chars().flat_map(visible));
    }
    text
}

/// An argument may come from a journal, and what is in it from anybody.
pub(super) fn visible(character: char) -> impl Iterator<Item = char> {
    let is_hidden = character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let escaped = is_hidden.then(|| character.escape_unicode());
    let plain = (!is_hidden).then_some(character);
    escaped.into_iter().flatten().chain(plain)
}

/// For a terminal: a path may have anything in it.
pub(super) fn one_line(text: &str) -> String {
    text.chars().flat_map(visible).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(event: &str, texts: &[&str]) -> Result<Arguments, String> {
        let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
        let context = LoadContext {
            start_dir: "/nonexistent".into(),
            ..LoadContext::default()
        };
        read(event, &texts, &context).map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn kinds_come_from_the_catalogue_or_are_written() {
        let order =
            arguments("order.created", &["id=5", "code:str=007", "sum:f64=1"]).expect("read");
        assert_eq!(order[0].1, Argument::U64(5));
        assert_eq!(order[1].1, Argument::Str("007".into()));
        assert_eq!(order[2].1, Argument::F64(1.0));
        assert!(arguments("order.created", &["id:number=5"]).is_err());
        assert!(arguments("order.created", &["id:u64=-5"]).is_err());
    }

    #[test]
    fn names_are_those_that_the_event_has() {
        let mistake = arguments("open", &["pth=/x"]).expect_err("no such argument");
        assert!(mistake.contains("did you mean `path`?"), "{mistake}");
        assert!(arguments("open", &["path=/x", "path=/y"]).is_err());
        assert!(arguments("open", &["path"]).is_err());
    }

    #[test]
    fn what_could_change_a_terminal_is_shown_escaped() {
        let args = vec![("host".to_owned(), Argument::Str("a\x1b[2Jb\u{202e}".into()))];
        assert_eq!(
            shown("socket.connect", &args),
            "socket.connect host=a\\u{1b}[2Jb\\u{202e}"
        );
    }
}
