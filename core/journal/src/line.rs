//! A line that was read.

use std::fmt;

use audithook_abi::Verdict;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// One line of a journal. Fields that this version does not know are ignored.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Line {
    /// The version of the line's shape.
    pub v: u32,
    /// The run's name.
    pub run: String,
    /// The line's number in its run.
    pub seq: u64,
    /// When the event was raised: UTC, RFC 3339 with nanoseconds.
    pub time: String,
    /// The process, as the supervisor numbers it.
    pub proc: String,
    /// The process, as the kernel numbers it.
    pub pid: u32,
    /// The thread.
    pub tid: u32,
    /// Who saw the operation.
    pub sources: Vec<String>,
    /// The event's name.
    pub event: String,
    /// The arguments.
    pub args: Map<String, Value>,
    /// What happened.
    #[serde(deserialize_with = "verdict")]
    pub verdict: Verdict,
    /// What would have happened in `enforce` mode.
    #[serde(default, deserialize_with = "some_verdict")]
    pub would: Option<Verdict>,
    /// The rules that decided, strongest first.
    pub rules: Vec<LineRule>,
    /// The error that the caller was given.
    #[serde(default)]
    pub errno: Option<String>,
    /// What the gate that decided said.
    #[serde(default)]
    pub reason: Option<String>,
    /// The event was raised while a hook was running.
    #[serde(default)]
    pub nested: bool,
    /// The interpreter was still starting.
    #[serde(default)]
    pub startup: bool,
    /// Some argument was cut.
    #[serde(default)]
    pub truncated: bool,
    /// The policy image's generation.
    pub generation: u32,
}

/// A rule in a line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LineRule {
    /// `files.read`.
    pub id: String,
    /// Where it is written.
    pub at: String,
}

impl Line {
    /// Reads a line, with or without its newline.
    ///
    /// # Errors
    /// If it is no JSON object with the fields that every line has.
    pub fn parse(line: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(line)
    }
}

impl fmt::Display for LineRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() {
            f.write_str(&self.id)
        } else {
            write!(f, "{} ({})", self.id, self.at)
        }
    }
}

fn verdict<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Verdict, D::Error> {
    let word = String::deserialize(deserializer)?;
    word.parse()
        .map_err(|()| D::Error::custom(format!("unknown verdict: `{word}`")))
}

fn some_verdict<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Verdict>, D::Error> {
    verdict(deserializer).map(Some)
}
