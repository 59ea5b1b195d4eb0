//! Arguments of events that a person writes: in `[[test]]`, for `explain` and for `emit`.
//!
//! They are completed as a source would: paths are resolved and kept as given in `raw…`, an `open` without flags reads, a
//! connection has the family of its host.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use audithook_abi::{Symbol, Value};
use audithook_catalogue::{EventInfo, Operation};

use crate::context::LoadContext;
use crate::paths;

/// An owned argument.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// A truth value.
    Bool(bool),
    /// A negative integer.
    I64(i64),
    /// An integer.
    U64(u64),
    /// A double.
    F64(f64),
    /// Text.
    Str(String),
    /// A path.
    Path(Vec<u8>),
    /// Several.
    List(Vec<Argument>),
}

/// Why an argument cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentError {
    /// not a number: `{0}`
    #[error("not a number: `{0}`")]
    NotANumber(String),
    /// neither `true` nor `false`: `{0}`
    #[error("neither `true` nor `false`: `{0}`")]
    NotTruth(String),
    /// no argument can hold a table
    #[error("no argument can hold a table")]
    Table,
    /// {0}
    #[error("{0}")]
    Path(String),
}

/// Reads `k=v` of the command line. A list's elements stand between commas; kinds come from the catalogue.
///
/// # Errors
/// The text is not of the argument's kind, or a path does not expand.
pub fn parse(
    event: &str,
    name: &str,
    text: &str,
    context: &LoadContext,
) -> Result<Argument, ArgumentError> {
    match kind(event, name) {
        "path" if !name.starts_with("raw") => {
            written_path(text, &context.start_dir, context, follows(event, name))
        }
        "path" => Ok(Argument::Path(text.as_bytes().to_vec())),
        "u64" | "i64" | "fd" => {
            integer(text).ok_or_else(|| ArgumentError::NotANumber(text.to_owned()))
        }
        "f64" => text
            .parse()
            .map(Argument::F64)
            .map_err(|_| ArgumentError::NotANumber(text.to_owned())),
        "bool" => text
            .parse()
            .map(Argument::Bool)
            .map_err(|_| ArgumentError::NotTruth(text.to_owned())),
        "list" => Ok(Argument::List(
            text.split(',')
                .filter(|element| !element.is_empty())
                .map(|element| Argument::Str(element.to_owned()))
                .collect(),
        )),
        "str" | "bytes" => Ok(Argument::Str(text.to_owned())),
        // Nobody says the kind: what looks like a number is one.
        _ => Ok(integer(text).unwrap_or_else(|| Argument::Str(text.to_owned()))),
    }
}

/// Reads a value of `[[test]] args`; relative paths belong to `base`.
pub(crate) fn from_json(
    event: &str,
    name: &str,
    value: &serde_json::Value,
    base: &Path,
    context: &LoadContext,
) -> Result<Argument, ArgumentError> {
    use serde_json::Value as Json;
    Ok(match value {
        Json::Bool(truth) => Argument::Bool(*truth),
        Json::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(number), _, _) => Argument::U64(number),
            (_, Some(number), _) => Argument::I64(number),
            (_, _, Some(number)) => Argument::F64(number),
            _ => return Err(ArgumentError::NotANumber(number.to_string())),
        },
        Json::String(text) if kind(event, name) == "path" && name.starts_with("raw") => {
            Argument::Path(text.as_bytes().to_vec())
        }
        Json::String(text) if kind(event, name) == "path" => {
            written_path(text, base, context, follows(event, name))?
        }
        Json::String(text) if kind(event, name) == "list" => {
            Argument::List(vec![Argument::Str(text.clone())])
        }
        Json::String(text) => Argument::Str(text.clone()),
        Json::Array(elements) => {
            let elements = elements.iter().map(|element| match element {
                // Elements of lists are texts: a command's arguments are no paths.
                Json::String(text) => Ok(Argument::Str(text.clone())),
                other => from_json(event, "", other, base, context),
            });
            Argument::List(elements.collect::<Result<_, _>>()?)
        }
        Json::Object(_) | Json::Null => return Err(ArgumentError::Table),
    })
}

/// Adds what a source would add to what was written.
pub fn complete(event: &str, args: &mut Vec<(String, Argument)>) {
    let Some((_, info)) = audithook_catalogue::find(event) else {
        return;
    };
    let has = |args: &[(String, Argument)], name: &str| args.iter().any(|(known, _)| known == name);
    for (path, raw) in [("path", "raw"), ("src", "raw_src"), ("dst", "raw_dst")] {
        let given = args.iter().find(|(name, _)| name == path);
        let given = given.map(|(_, value)| value.clone());
        if let Some(value) = given.filter(|_| declares(info, raw) && !has(args, raw)) {
            args.push((raw.to_owned(), value));
        }
    }
    let text = |text: &str| Argument::Str(text.to_owned());
    match info.operation {
        Operation::Open if !has(args, "flags") => {
            args.push(("flags".to_owned(), Argument::List(vec![text("read")])));
        }
        Operation::Connect | Operation::Bind => {
            let host = args.iter().find(|(name, _)| name == "host");
            let family = match host {
                Some((_, Argument::Str(host))) if host.contains(':') => "inet6",
                Some(_) => "inet",
                None => "unix",
            };
            if !has(args, "family") {
                args.push(("family".to_owned(), text(family)));
            }
            if !has(args, "kind") {
                args.push(("kind".to_owned(), text("stream")));
            }
        }
        _ => {}
    }
}

/// Lends arguments as an event's values. `symbol` names them: the catalogue's number, or the caller's own.
pub fn with_values<R>(
    args: &[(String, Argument)],
    mut symbol: impl FnMut(&str) -> Symbol,
    use_them: impl FnOnce(&[Value<'_>]) -> R,
) -> R {
    // Lists are lent from a place of their own, which must not move while values point into it.
    let lists: Vec<Vec<Value<'_>>> = args
        .iter()
        .map(|(_, argument)| elements(argument))
        .collect();
    let values: Vec<Value<'_>> = args
        .iter()
        .zip(&lists)
        .map(|((name, argument), list)| {
            let value = match argument {
                Argument::List(_) => Value::list(list),
                scalar => lent(scalar),
            };
            value.named(symbol(name))
        })
        .collect();
    use_them(&values)
}

fn elements(argument: &Argument) -> Vec<Value<'_>> {
    match argument {
        Argument::List(elements) => elements.iter().map(lent).collect(),
        _ => Vec::new(),
    }
}

fn lent(argument: &Argument) -> Value<'_> {
    match argument {
        Argument::Bool(truth) => Value::bool(*truth),
        Argument::I64(number) => Value::i64(*number),
        Argument::U64(number) => Value::u64(*number),
        Argument::F64(number) => Value::f64(*number),
        Argument::Str(text) => Value::str(text),
        Argument::Path(path) => Value::path(path),
        // A list in a list is beyond what any event has.
        Argument::List(_) => Value::NULL,
    }
}

fn kind(event: &str, name: &str) -> &'static str {
    audithook_catalogue::find(event)
        .and_then(|(_, info)| info.args.iter().find(|arg| arg.name == name))
        .map_or("any", |arg| arg.kind)
}

fn declares(info: &EventInfo, name: &str) -> bool {
    info.args.iter().any(|arg| arg.name == name)
}

/// Whether the operation follows a symlink at the end of this path.
fn follows(event: &str, name: &str) -> bool {
    let operation =
        audithook_catalogue::find(event).map_or(Operation::None, |(_, info)| info.operation);
    match operation {
        Operation::Create | Operation::Unlink | Operation::Rename | Operation::Symlink => false,
        Operation::Link => name == "src",
        _ => true,
    }
}

fn written_path(
    text: &str,
    base: &Path,
    context: &LoadContext,
    follow: bool,
) -> Result<Argument, ArgumentError> {
    // Abstract sockets, and databases in memory, are no files.
    if text.is_empty() || text.starts_with('@') || text == ":memory:" {
        return Ok(Argument::Path(text.as_bytes().to_vec()));
    }
    let below_home = text.strip_prefix("~/").or((text == "~").then_some(""));
    let mut path = match (below_home, &context.home) {
        (Some(rest), Some(home)) => home.join(rest),
        (Some(_), None) => return Err(ArgumentError::Path("no home directory for `~`".to_owned())),
        (None, _) => base.join(OsStr::from_bytes(text.as_bytes())),
    };
    path = if follow {
        paths::resolve(&path)
    } else {
        paths::resolve_parent(&path)
    };
    Ok(Argument::Path(PathBuf::into_os_string(path).into_vec()))
}

fn integer(text: &str) -> Option<Argument> {
    match text.parse::<u64>() {
        Ok(number) => Some(Argument::U64(number)),
        Err(_) => text.parse().ok().map(Argument::I64),
    }
}

#[cfg(test)]
mod tests {
    use audithook_abi::View;

    use super::*;

    #[test]
    fn what_a_person_writes_is_completed_as_a_source_would() {
        let context = LoadContext {
            start_dir: "/nonexistent".into(),
            ..LoadContext::default()
        };
        let path = parse("open", "path", "a/../b", &context).expect("read");
        assert_eq!(path, Argument::Path(b"/nonexistent/b".to_vec()));
        let mut args = vec![("path".to_owned(), path)];
        complete("open", &mut args);
        assert_eq!(args.len(), 3);
        assert_eq!(
            args[2],
            (
                "flags".to_owned(),
                Argument::List(vec![Argument::Str("read".to_owned())])
            )
        );

        let port = parse("socket.connect", "port", "80", &context).expect("read");
        let mut args = vec![
            ("host".to_owned(), Argument::Str("::1".to_owned())),
            ("port".to_owned(), port),
        ];
        complete("socket.connect", &mut args);
        assert_eq!(args[2].1, Argument::Str("inet6".to_owned()));
        assert!(parse("socket.connect", "port", "http", &context).is_err());
        assert_eq!(
            parse("order.created", "id", "-5", &context),
            Ok(Argument::I64(-5))
        );
    }

    #[test]
    fn arguments_are_lent_as_values() {
        let args = vec![
            ("path".to_owned(), Argument::Path(b"/x".to_vec())),
            (
                "flags".to_owned(),
                Argument::List(vec![Argument::Str("read".to_owned())]),
            ),
        ];
        let symbol = |name: &str| audithook_catalogue::arg_symbol(name.as_bytes()).expect("known");
        with_values(&args, symbol, |values| {
            assert_eq!(values[0].name(), audithook_catalogue::arg::PATH);
            assert!(
                matches!(values[1].view(), View::List([flag]) if flag.view() == View::Str(b"read"))
            );
        });
    }
}
