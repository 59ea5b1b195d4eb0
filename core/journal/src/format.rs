//! From a record to its line.

mod args;

use audithook_abi::{EVENT_NESTED, EVENT_STARTUP, EVENT_TRUNCATED, Source};
use audithook_wire::flat::Record;

use crate::clock::Rfc3339;
use crate::json::{Keys, base64, signed, string, unsigned};
use crate::{Clock, RunId, errno};

/// Makes lines.
#[derive(Debug)]
pub struct Formatter {
    run: RunId,
    clock: Clock,
    time: Rfc3339,
    keys: Keys,
}

/// All that a line says.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The line's number: one more than that of the line before.
    pub seq: u64,
    /// CLOCK_MONOTONIC in nanoseconds, as the [`Merger`](crate::Merger) gave it.
    pub time_ns: u64,
    /// The process, as the supervisor numbers it: `4242.1`.
    pub process: &'a str,
    /// The process, as the kernel numbers it.
    pub pid: u32,
    /// Who saw the operation; usually the record's own source alone.
    pub sources: &'a [Source],
    /// The event.
    pub record: &'a Record<'a>,
    /// The rules whose numbers the record has, strongest first.
    pub rules: &'a [Rule<'a>],
    /// What the gate that decided said; empty for nothing.
    pub reason: &'a [u8],
}

/// A rule, as the policy names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule<'a> {
    /// `files.read`.
    pub id: &'a str,
    /// Where it is written: `hooks.toml:9`.
    pub at: &'a str,
}

impl Formatter {
    /// For the lines of one run.
    #[must_use]
    pub const fn new(run: RunId, clock: Clock) -> Self {
        Self {
            run,
            clock,
            time: Rfc3339::new(),
            keys: Keys::new(),
        }
    }

    /// Appends one line, with its newline.
    pub fn append(&mut self, out: &mut Vec<u8>, entry: &Entry<'_>) {
        let record = entry.record;
        let meta = record.meta();
        out.extend_from_slice(br#"{"v":1,"run":""#);
        out.extend_from_slice(self.run.as_str().as_bytes());
        out.extend_from_slice(br#"","seq":"#);
        unsigned(out, entry.seq);
        out.extend_from_slice(br#","time":""#);
        self.time.write(out, self.clock.unix_ns(entry.time_ns));
        out.extend_from_slice(br#"","proc":"#);
        string(out, entry.process.as_bytes());
        out.extend_from_slice(br#","pid":"#);
        unsigned(out, entry.pid.into());
        out.extend_from_slice(br#","tid":"#);
        unsigned(out, meta.tid.into());
        out.extend_from_slice(br#","sources":["#);
        for (number, source) in entry.sources.iter().enumerate() {
            separate(out, number);
            string(out, source.as_str().as_bytes());
        }
        out.push(b']');
        text_field(out, "event", record.event().text());
        out.extend_from_slice(br#","args":"#);
        args::write(out, &mut self.keys, record);
        out.extend_from_slice(br#","verdict":""#);
        out.extend_from_slice(meta.verdict.as_str().as_bytes());
        out.push(b'"');
        if let Some(would) = meta.would {
            out.extend_from_slice(br#","would":""#);
            out.extend_from_slice(would.as_str().as_bytes());
            out.push(b'"');
        }
        out.extend_from_slice(br#","rules":["#);
        for (number, rule) in entry.rules.iter().enumerate() {
            separate(out, number);
            out.extend_from_slice(br#"{"id":"#);
            string(out, rule.id.as_bytes());
            out.extend_from_slice(br#","at":"#);
            string(out, rule.at.as_bytes());
            out.push(b'}');
        }
        out.push(b']');
        if meta.errno != 0 {
            out.extend_from_slice(br#","errno":""#);
            match errno::name(meta.errno) {
                Some(name) => out.extend_from_slice(name.as_bytes()),
                None => {
                    out.push(b'E');
                    signed(out, meta.errno.into());
                }
            }
            out.push(b'"');
        }
        if !entry.reason.is_empty() {
            text_field(out, "reason", entry.reason);
        }
        for (flag, name) in [
            (EVENT_NESTED, "nested"),
            (EVENT_STARTUP, "startup"),
            (EVENT_TRUNCATED, "truncated"),
        ] {
            if meta.flags & flag != 0 {
                out.extend_from_slice(b",\"");
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(b"\":true");
            }
        }
        out.extend_from_slice(br#","generation":"#);
        unsigned(out, meta.generation.into());
        out.extend_from_slice(b"}\n");
    }
}

fn separate(out: &mut Vec<u8>, number: usize) {
    if number > 0 {
        out.push(b',');
    }
}

/// `,"name":"text"`, and `,"name_b64":"…"` behind it where the text is not UTF-8.
fn text_field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    if !string(out, value) {
        out.extend_from_slice(b",\"");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"_b64\":");
        base64(out, value);
    }
}

#[cfg(test)]
mod tests;
