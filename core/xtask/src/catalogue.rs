//! Makes `core/catalogue/src/table.rs` of `core/catalogue/data/events.tsv`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Argument names that no row of the table has: the places of a custom event's positional arguments.
const EXTRA_ARGUMENTS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// The text of `table.rs` for the text of `events.tsv`.
pub(crate) fn table(tsv: &str) -> Result<String, String> {
    let mut events: Vec<Vec<&str>> = Vec::new();
    let mut arguments: BTreeSet<&str> = EXTRA_ARGUMENTS.into();
    for (number, line) in tsv.lines().enumerate() {
        if line.starts_with('#') || line.starts_with("event\t") || line.is_empty() {
            continue;
        }
        let fields: Vec<&str> = line.split('\t').collect();
        if fields.len() != 10 {
            return Err(format!(
                "events.tsv:{}: {} fields, not 10",
                number + 1,
                fields.len()
            ));
        }
        for argument in fields[2].split_whitespace() {
            let (name, _) = argument.split_once(':').ok_or_else(|| {
                format!("events.tsv:{}: `{argument}` is not NAME:KIND", number + 1)
            })?;
            arguments.insert(name);
        }
        events.push(fields);
    }
    if !events.is_sorted_by(|a, b| a[0].as_bytes() < b[0].as_bytes()) {
        return Err("events.tsv: the names are not sorted, or one stands twice".into());
    }

    let mut out = String::from(
        "//! Made by `cargo xtask gen` from data/events.tsv: edit that file, not this one.\n\n\
         use crate::{ArgInfo, EventDetails, EventInfo, Journalled, Operation};\n\n\
         /// Every event, sorted by name.\n",
    );
    let _ = writeln!(
        out,
        "#[rustfmt::skip]\npub static EVENTS: [EventInfo; {}] = [",
        events.len()
    );
    for fields in &events {
        let operation = camel(fields[1]);
        let journalled = match fields[4] {
            "yes" => "Default",
            "no" => "WhenNamed",
            "always" => "Always",
            other => return Err(format!("{}: journalled `{other}`", fields[0])),
        };
        let mut args = String::new();
        for argument in fields[2].split_whitespace() {
            let (name, kind) = argument.split_once(':').unwrap_or((argument, "any"));
            let _ = write!(args, "ArgInfo {{ name: {name:?}, kind: {kind:?} }}, ");
        }
        let _ = writeln!(
            out,
            "    EventInfo {{ name: {:?}, operation: Operation::{operation}, args: &[{}], \
             journalled: Journalled::{journalled} }},",
            fields[0],
            args.trim_end_matches(", "),
        );
    }
    out.push_str("];\n\n");

    let _ = writeln!(
        out,
        "/// What people want to know of each, in the same order.\n#[rustfmt::skip]\npub static DETAILS: [EventDetails; {}] = [",
        events.len()
    );
    for fields in &events {
        let sources: Vec<&str> = fields[3].split(',').collect();
        let _ = writeln!(
            out,
            "    EventDetails {{ sources: &{sources:?}, first: {:?}, last: {:?}, platform: {:?}, doc: {:?}, notes: {:?} }},",
            fields[5],
            fields[6],
            fields[7],
            fields[8],
            fields[9].trim_matches('"').replace("\"\"", "\""),
        );
    }
    out.push_str("];\n\n");

    let _ = writeln!(
        out,
        "/// The names of the events, then those of the arguments, each sorted.\n#[rustfmt::skip]\npub static SYMBOLS: [&str; {}] = [",
        events.len() + arguments.len()
    );
    for fields in &events {
        let _ = writeln!(out, "    {:?},", fields[0]);
    }
    for name in &arguments {
        let _ = writeln!(out, "    {name:?},");
    }
    out.push_str("];\n\n");

    constants(
        &mut out,
        "event",
        "The events' symbols.",
        0,
        events.iter().map(|fields| fields[0]),
    );
    out.push('\n');
    constants(
        &mut out,
        "arg",
        "The symbols of the arguments' names.",
        events.len(),
        arguments.iter().copied(),
    );
    Ok(out)
}

/// The page that documents the events.
pub(crate) fn page(tsv: &str) -> Result<String, String> {
    let mut out = String::from(
        "# Events\n\nMade by `cargo xtask gen` from `core/catalogue/data/events.tsv`. The names are those of PEP 578; arguments are \
         the normalised ones that policies, plugins and journals see. `audithook events NAME` prints the same.\n\n\
         *Recorded*: `default` is part of `@default` in `[journal] events`, `named` only when the policy names it, `always` \
         whatever it says. Denials and warnings are always recorded.\n\n\
         The arguments of an event of your own (`sys.audit(\"shop.order\", 5, \"tea\")`) are named by their places, `0` to `9`; of more \
         the journal says `truncated`. Seen are `None`, truths, integers of 64 bits, floats, text, bytes, and lists and tuples \
         of them; of anything else its class's name, and of a larger integer nothing (`null`): no code of the program is run to read it.\n\n\
         | event | arguments | what it does | sources | recorded | CPython |\n|---|---|---|---|---|---|\n",
    );
    for line in tsv.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        if line.starts_with('#') || line.starts_with("event\t") || fields.len() != 10 {
            continue;
        }
        if fields[7] != "all" {
            continue;
        }
        let arguments: Vec<String> = fields[2]
            .split_whitespace()
            .filter(|argument| !argument.starts_with("_:"))
            .map(|argument| format!("`{argument}`"))
            .collect();
        let recorded = match fields[4] {
            "yes" => "default",
            "always" => "always",
            _ => "named",
        };
        let versions = if fields[5].is_empty() {
            String::new()
        } else {
            format!("{}–{}", fields[5], fields[6])
        };
        let operation = if fields[1] == "none" { "" } else { fields[1] };
        let _ = writeln!(
            out,
            "| `{}` | {} | {operation} | {} | {recorded} | {versions} |",
            fields[0],
            arguments.join(" "),
            fields[3].replace(',', " ")
        );
    }
    Ok(out)
}

/// The events as types of the SDK: those that a source of this platform raises.
pub(crate) fn typed(tsv: &str) -> Result<String, String> {
    let mut out = String::from(
        "//! The events of the catalogue by type. Made by `cargo xtask gen` from `core/catalogue/data/events.tsv`.\n//!\n\
         //! An accessor gives `None` where the event does not have the argument, or has it in another type: sources leave out what \
         they cannot tell.\n\nuse crate::typed::typed_events;\n\n#[rustfmt::skip]\ntyped_events! {\n",
    );
    let mut types = BTreeSet::new();
    for line in tsv.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        if line.starts_with('#')
            || line.starts_with("event\t")
            || fields.len() != 10
            || fields[7] != "all"
        {
            continue;
        }
        let event = fields[0];
        let name: String = event
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .map(camel)
            .collect();
        if !types.insert(name.clone()) {
            return Err(format!(
                "two events would be the type `{name}`: one is `{event}`"
            ));
        }
        let arguments: Vec<(&str, &str)> = fields[2]
            .split_whitespace()
            .filter_map(|argument| argument.split_once(':'))
            .filter(|(argument, _)| argument.starts_with(|first: char| first.is_ascii_alphabetic()))
            .collect();
        let _ = write!(out, "    /// `{event}`.\n    {name} {{");
        for (place, (argument, kind)) in arguments.iter().enumerate() {
            let accessor = match *argument {
                // What every event has already.
                "event" => "event_name".to_owned(),
                word @ ("type" | "fn" | "match" | "mod" | "ref" | "use" | "in" | "as" | "loop"
                | "move") => {
                    format!("r#{word}")
                }
                word => word.to_owned(),
            };
            let reader = match *kind {
                kind @ ("str" | "bytes" | "path" | "u64" | "i64" | "f64" | "bool") => kind,
                _ => "value",
            };
            let _ = write!(out, " {accessor}: {reader} = {place} \"{argument}\",");
        }
        let _ = writeln!(out, " }} [{}]", arguments.len());
    }
    out.push_str("}\n");
    Ok(out)
}

fn constants<'a>(
    out: &mut String,
    module: &str,
    doc: &str,
    first: usize,
    names: impl Iterator<Item = &'a str>,
) {
    let _ = writeln!(
        out,
        "/// {doc}\n#[rustfmt::skip]\npub mod {module} {{\n    use crate::Symbol;"
    );
    for (place, name) in names.enumerate() {
        let constant: String = name
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() {
                    letter.to_ascii_uppercase()
                } else {
                    '_'
                }
            })
            .collect();
        let constant = match constant.as_str() {
            "_" => "UNDECODED".to_owned(),
            digit if digit.starts_with(|letter: char| letter.is_ascii_digit()) => {
                format!("PLACE_{digit}")
            }
            other => other.to_owned(),
        };
        let _ = writeln!(
            out,
            "    /// `{name}`\n    pub const {constant}: Symbol = Symbol({});",
            first + place
        );
    }
    out.push_str("}\n");
}

fn camel(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
        .unwrap_or_default()
}
