//! What the tables say at the end of a run.

use std::fmt::Write as _;

use audithook_sdk::prelude::*;
use serde_json::{Value as Json, json};

use crate::counts::{Counts, LONGEST_KEY, Tally};
use crate::label::escaped;
use crate::{Bucketing, Table, lock};

/// The report for programs is bounded too.
const MOST_IN_JSON: usize = 10_000;

impl Report for Bucketing {
    fn text(&self) -> Result<String> {
        let mut text = String::new();
        for table in lock(&self.tables).iter() {
            if !text.is_empty() {
                text.push('\n');
            }
            let counts = lock(&table.counts);
            write_title(&mut text, table);
            write_rows(&mut text, &counts, self.config.top);
            write_sum(&mut text, &counts, self.config.top);
        }
        Ok(text)
    }

    fn json(&self) -> Result<Json> {
        let tables: Vec<Json> = lock(&self.tables)
            .iter()
            .map(|table| table_json(table))
            .collect();
        Ok(json!({ "tables": tables }))
    }
}

/// `bucketing: import by module (hook.count-imports)`
fn write_title(text: &mut String, table: &Table) {
    let on = if table.on.is_empty() {
        "events"
    } else {
        &table.on
    };
    let by = table.by.as_deref().unwrap_or("event");
    let _ = write!(
        text,
        "bucketing: {} by {}",
        escaped(on.as_bytes(), false),
        escaped(by.as_bytes(), false)
    );
    if !table.name.is_empty() {
        let _ = write!(text, " ({})", escaped(table.name.as_bytes(), false));
    }
    text.push('\n');
}

/// `COUNT  VALUE`, and between them `ERROR` when there is any. The events without a value take their place by count.
fn write_rows(text: &mut String, counts: &Counts, top: usize) {
    let rows = rows(counts, top);
    if rows.is_empty() {
        return;
    }
    let width = |header: &str, largest: u64| largest.to_string().len().max(header.len());
    let largest =
        |of: fn(&Tally) -> u64| rows.iter().map(|(_, tally)| of(tally)).max().unwrap_or(0);
    let count_width = width("COUNT", largest(|tally| tally.count));
    let error_width = width("ERROR", largest(|tally| tally.error));
    let exact = counts.is_exact();

    let _ = write!(text, "  {:>count_width$}", "COUNT");
    if !exact {
        let _ = write!(text, "  {:>error_width$}", "ERROR");
    }
    text.push_str("  VALUE\n");
    for (value, tally) in &rows {
        let _ = write!(text, "  {:>count_width$}", tally.count);
        if !exact {
            let _ = write!(text, "  {:>error_width$}", tally.error);
        }
        let _ = writeln!(text, "  {value}");
    }
}

fn rows(counts: &Counts, top: usize) -> Vec<(String, Tally)> {
    let mut rows: Vec<(String, Tally)> = counts
        .top(top)
        .into_iter()
        .map(|(key, tally)| (shown(key), tally))
        .collect();
    if counts.missing() > 0 {
        let tally = Tally {
            count: counts.missing(),
            error: 0,
        };
        let place = rows.partition_point(|(_, other)| other.count >= tally.count);
        rows.insert(place, ("(none)".to_owned(), tally));
        rows.truncate(top);
    }
    rows
}

/// A key that reads `(none)` or is empty is quoted: it is not the lack of one.
fn shown(key: &[u8]) -> String {
    match key {
        b"" => "\"\"".to_owned(),
        b"(none)" => "\"(none)\"".to_owned(),
        key => escaped(key, key.len() > LONGEST_KEY),
    }
}

fn write_sum(text: &mut String, counts: &Counts, top: usize) {
    let values = counts.keys() + usize::from(counts.missing() > 0);
    let _ = write!(text, "  {} in total, ", plural(counts.total(), "event"));
    if counts.is_exact() {
        let _ = write!(text, "{}", plural(values as u64, "distinct value"));
    } else {
        let _ = write!(
            text,
            "more than {}",
            plural(values as u64, "distinct value")
        );
    }
    if values > top {
        let _ = write!(text, "; {} shown", top);
    }
    text.push('\n');
    if !counts.is_exact() {
        let floor = counts.floor();
        let _ = writeln!(
            text,
            "  counts may be too high by ERROR; a value that was not kept occurred at most {}",
            plural(floor, "time"),
        );
    }
    if counts.cut() > 0 {
        let _ = writeln!(
            text,
            "  {} had a value of more than {LONGEST_KEY} bytes, which was cut",
            plural(counts.cut(), "event"),
        );
    }
}

fn plural(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn table_json(table: &Table) -> Json {
    let counts = lock(&table.counts);
    let values: Vec<Json> = counts
        .top(MOST_IN_JSON)
        .into_iter()
        .map(|(key, tally)| {
            json!({
                "value": escaped(key, key.len() > LONGEST_KEY),
                "count": tally.count,
                "error": tally.error,
            })
        })
        .collect();
    json!({
        "hook": table.name,
        "on": table.on.split(' ').filter(|on| !on.is_empty()).collect::<Vec<_>>(),
        "by": table.by,
        "total": counts.total(),
        "missing": counts.missing(),
        "distinct": counts.keys(),
        "exact": counts.is_exact(),
        "floor": counts.floor(),
        "cut": counts.cut(),
        "values": values,
    })
}
