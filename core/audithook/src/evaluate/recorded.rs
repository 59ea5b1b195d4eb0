//! A journal's line as the event that it was.

use audithook_catalogue::find;
use audithook_journal::Line;
use audithook_policy::arguments::Argument;
use serde_json::{Map, Value};

use super::Arguments;

/// What a sibling of a field ends with: it says what the field cannot.
const SIBLINGS: [&str; 3] = ["_b64", "_exact", "_secret"];
/// The words of types: a value that its field could not hold stands under the name with such a word.
const TYPES: [&str; 10] = [
    "bool", "i64", "u64", "f64", "str", "bytes", "path", "addr", "fd", "list",
];

/// The arguments of a recorded event, as far as the line has them: they are resolved already.
#[must_use]
pub fn arguments_of(line: &Line) -> Arguments {
    line.args
        .iter()
        .filter(|(name, _)| !is_sibling(name, &line.args))
        .filter_map(|(field, value)| {
            let (name, kind) = described(&line.event, field);
            Some((name.to_owned(), argument(field, kind, value, &line.args)?))
        })
        .collect()
}

fn is_sibling(name: &str, args: &Map<String, Value>) -> bool {
    SIBLINGS
        .iter()
        .filter_map(|suffix| name.strip_suffix(suffix))
        .any(|field| args.contains_key(field))
}

/// The argument that a field holds, and of which kind it is.
fn described<'f>(event: &str, field: &'f str) -> (&'f str, &'f str) {
    let declared = find(event).map_or(&[][..], |(_, info)| info.args);
    if let Some(argument) = declared.iter().find(|argument| argument.name == field) {
        return (field, argument.kind);
    }
    let typed = field.rsplit_once('_').filter(|(name, word)| {
        TYPES.contains(word) && declared.iter().any(|argument| argument.name == *name)
    });
    typed.unwrap_or((field, "any"))
}

fn argument(field: &str, kind: &str, value: &Value, args: &Map<String, Value>) -> Option<Argument> {
    let exact = |suffix: &str| {
        args.get(&format!("{field}{suffix}"))
            .and_then(Value::as_str)
    };
    Some(match value {
        Value::Null => {
            return exact("_exact")
                .and_then(|text| text.parse().ok())
                .map(Argument::F64);
        }
        Value::Bool(truth) => Argument::Bool(*truth),
        Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(number), _, _) => Argument::U64(number),
            (_, Some(number), _) => Argument::I64(number),
            (_, _, Some(number)) => Argument::F64(number),
            _ => return None,
        },
        Value::String(text) if kind == "path" => {
            let bytes = exact("_b64").and_then(from_base64);
            Argument::Path(bytes.unwrap_or_else(|| text.clone().into_bytes()))
        }
        Value::String(text) => Argument::Str(text.clone()),
        Value::Array(elements) => {
            let elements = elements
                .iter()
                .filter_map(|element| argument("", "any", element, &Map::new()));
            Argument::List(elements.collect())
        }
        Value::Object(_) => return None,
    })
}

/// RFC 4648 section 4, with padding.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(event: &str, args: &str) -> Line {
        let text = format!(
            r#"{{"v":1,"run":"R","seq":1,"time":"2026-01-02T03:04:05.000000000Z","proc":"4.1","pid":4,"tid":4,"sources":["cpython"],"event":"{event}","args":{args},"verdict":"allow","rules":[],"generation":1}}"#
        );
        Line::parse(text.as_bytes()).expect("a line")
    }

    #[test]
    fn fields_become_the_arguments_that_they_were() {
        let args = arguments_of(&line("open", r#"{"path":"/a","raw":"a","flags":["read"]}"#));
        let flags = Argument::List(vec![Argument::Str("read".into())]);
        assert!(args.contains(&("path".into(), Argument::Path(b"/a".to_vec()))));
        assert!(args.contains(&("raw".into(), Argument::Path(b"a".to_vec()))));
        assert!(args.contains(&("flags".into(), flags)));
    }

    #[test]
    fn siblings_give_what_their_fields_cannot_hold() {
        let args = arguments_of(&line(
            "open",
            r#"{"path":"/a\ufffd","path_b64":"L2H/","raw":null,"raw_secret":7}"#,
        ));
        assert_eq!(
            args,
            [("path".to_owned(), Argument::Path(b"/a\xff".to_vec()))]
        );
        let args = arguments_of(&line(
            "socket.connect",
            r#"{"host":"::1","port_str":"http"}"#,
        ));
        assert!(args.contains(&("port".into(), Argument::Str("http".into()))));
    }

    #[test]
    fn what_is_no_base64_is_nothing() {
        assert_eq!(from_base64("L2H/"), Some(b"/a\xff".to_vec()));
        assert_eq!(from_base64("/w=="), Some(vec![0xff]));
        assert_eq!(from_base64("%"), None);
    }
}
