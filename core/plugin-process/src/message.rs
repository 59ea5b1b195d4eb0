//! What is said over the connections.

use audithook_abi::{Event, Verdict};
use audithook_bus::HookError;
use audithook_bus::hook::Outcome;
use audithook_loader::PluginInfo;
use audithook_sandbox::Confinement;
use serde::{Deserialize, Serialize};

/// How many calls of hooks run at a time.
pub(crate) const LANES: usize = 8;
/// The longest that is said over a lane: a record, and a little.
pub(crate) const MOST_ON_LANE: usize = 64 * 1024;
/// The longest that is said over the control connection: a report has 16 MiB, and is JSON in JSON.
pub(crate) const MOST_ON_CONTROL: usize = 64 << 20;

/// The kinds of frames.
pub(crate) mod kind {
    /// Over the control connection, both ways.
    pub(crate) const CONTROL: u8 = 0;
    pub(crate) const GATE: u8 = 1;
    pub(crate) const AFTER: u8 = 2;
    pub(crate) const OBSERVE: u8 = 3;
    /// The answer to each of these.
    pub(crate) const SAID: u8 = 4;
    /// A line of the plugin's.
    pub(crate) const LOG: u8 = 5;
    /// An event of the plugin's.
    pub(crate) const EMIT: u8 = 6;
    /// The answer to that.
    pub(crate) const EMITTED: u8 = 7;
}

/// The first that the process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) name: String,
    pub(crate) file: std::path::PathBuf,
    pub(crate) sha256: Option<String>,
    pub(crate) confinement: Confinement,
}

/// What the process is asked, one thing at a time.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    Create { config: String },
    Attach { number: u32, request: Attach },
    Detach { number: u32 },
    Report { json: bool },
    Counters,
    Destroy,
}

/// How a hook is attached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attach {
    pub(crate) function: String,
    pub(crate) with: String,
    pub(crate) name: String,
    pub(crate) on: Vec<String>,
}

/// What it answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// To the start.
    Loaded(Box<PluginInfo>),
    /// To the start: it is no plugin for this host, or cannot be confined.
    Refused {
        refusal: String,
        hint: Option<String>,
    },
    Done,
    /// A report, if there is one.
    Report(Option<String>),
    Counters(Vec<(String, u64)>),
    /// A configuration, or `with`, that the plugin refuses.
    BadArgument(String),
    /// Anything else that went wrong.
    Failed(String),
}

/// What a call of a hook says beside the event.
pub(crate) struct Call {
    pub(crate) number: u32,
    pub(crate) seq: u64,
    pub(crate) schema: u16,
    pub(crate) cookie: u64,
    pub(crate) outcome: Outcome,
}

impl Call {
    const SIZE: usize = 27;

    pub(crate) fn new(number: u32, event: &Event<'_>) -> Self {
        Self {
            number,
            seq: event.seq,
            schema: event.schema,
            cookie: 0,
            outcome: Outcome {
                verdict: Verdict::Allow,
                errno: 0,
            },
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.number.to_le_bytes());
        out.extend(self.seq.to_le_bytes());
        out.extend(self.schema.to_le_bytes());
        out.extend(self.cookie.to_le_bytes());
        out.push(self.outcome.verdict as u8);
        out.extend(self.outcome.errno.to_le_bytes());
    }

    /// The call, and the record behind it.
    pub(crate) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (head, record) = bytes.split_at_checked(Self::SIZE)?;
        let call = Self {
            number: u32::from_le_bytes(head[0..4].try_into().ok()?),
            seq: u64::from_le_bytes(head[4..12].try_into().ok()?),
            schema: u16::from_le_bytes(head[12..14].try_into().ok()?),
            cookie: u64::from_le_bytes(head[14..22].try_into().ok()?),
            outcome: Outcome {
                verdict: Verdict::from_number(head[22])?,
                errno: i32::from_le_bytes(head[23..27].try_into().ok()?),
            },
        };
        Some((call, record))
    }
}

/// What a hook said.
pub(crate) struct Said {
    pub(crate) result: Result<Verdict, HookError>,
    pub(crate) cookie: u64,
    /// The reason, without one empty.
    pub(crate) reason: String,
}

/// The longest reason or text of an error (audithook.h, `set_reason`).
const LONGEST_TEXT: usize = 1024;

impl Said {
    const SIZE: usize = 13;

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let (word, number, text) = match &self.result {
            Ok(verdict) => (0, *verdict as i32, self.reason.as_str()),
            Err(HookError::Panicked(text)) => (2, 0, &**text),
            Err(HookError::BadArgument(text)) => (3, 0, &**text),
            Err(HookError::UnknownReturn(number)) => (4, *number, ""),
            Err(HookError::Poisoned) => (5, 0, ""),
            Err(HookError::Failed(text)) => (1, 0, &**text),
            // Nothing that is loaded in this process says anything else.
            Err(_) => (1, 0, "unknown"),
        };
        out.push(word);
        out.extend(number.to_le_bytes());
        out.extend(self.cookie.to_le_bytes());
        out.extend(&text.as_bytes()[..text.len().min(LONGEST_TEXT)]);
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (head, text) = bytes.split_at_checked(Self::SIZE)?;
        let number = i32::from_le_bytes(head[1..5].try_into().ok()?);
        let text = String::from_utf8_lossy(&text[..text.len().min(LONGEST_TEXT)]);
        let text = printable(&text);
        let mut reason = String::new();
        let result = match head[0] {
            0 => {
                reason = text;
                Ok(Verdict::from_number(u8::try_from(number).ok()?)?)
            }
            1 => Err(HookError::Failed(text.into())),
            2 => Err(HookError::Panicked(text.into())),
            3 => Err(HookError::BadArgument(text.into())),
            4 => Err(HookError::UnknownReturn(number)),
            5 => Err(HookError::Poisoned),
            _ => return None,
        };
        Some(Self {
            result,
            cookie: u64::from_le_bytes(head[5..13].try_into().ok()?),
            reason,
        })
    }
}

/// A line stays a line, whatever the process says.
pub(crate) fn printable(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_answers_come_as_they_were_said() {
        let mut event = Event::new(audithook_abi::Symbol(3), &[]);
        (event.seq, event.schema) = (7, 2);
        let call = Call {
            cookie: 5,
            outcome: Outcome {
                verdict: Verdict::Deny,
                errno: -4,
            },
            ..Call::new(9, &event)
        };
        let mut bytes = Vec::new();
        call.write(&mut bytes);
        bytes.extend(b"record");
        let (read, record) = Call::read(&bytes).expect("a call");
        assert_eq!(
            (read.number, read.seq, read.schema, read.cookie),
            (9, 7, 2, 5)
        );
        assert_eq!((read.outcome, record), (call.outcome, &b"record"[..]));

        for (result, reason) in [
            (Ok(Verdict::Kill), "why\nnot"),
            (Err(HookError::UnknownReturn(-8)), ""),
            (Err(HookError::Failed("no".into())), ""),
        ] {
            let said = Said {
                result,
                cookie: 11,
                reason: reason.to_owned(),
            };
            let mut bytes = Vec::new();
            said.write(&mut bytes);
            let read = Said::read(&bytes).expect("an answer");
            assert_eq!(format!("{:?}", read.result), format!("{:?}", said.result));
            assert_eq!(
                (read.cookie, read.reason),
                (11, reason.replace('\n', "\\n"))
            );
        }
    }

    #[test]
    fn what_cannot_be_said_is_no_answer() {
        for bytes in [
            &[][..],
            &[0; 12],
            &[9; 13],
            &[0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ] {
            assert!(Said::read(bytes).is_none());
        }
    }
}
