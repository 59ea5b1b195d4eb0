//! The control messages between a process and its supervisor: one packet each on a `SOCK_SEQPACKET` unix socket.
//!
//! ```text
//! packet   magic:[u8; 2] version:u8 kind:u8 length:u32, then length bytes
//! ```
//!
//! | kind | from | body |
//! |---|---|---|
//! | hello | process | a `process.start` record; the ring's memfd comes with it as `SCM_RIGHTS` |
//! | doorbell | process | nothing: there is something in the ring |
//! | exec | process, or its vfork child | the record of a program that cannot be followed, or was refused |
//! | ask | process, on a connection of its own | the record of an event that the policy image cannot judge; answered by a reply |
//! | bye | process | nothing: the ring is complete |
//! | reply | supervisor | verdict, rules, reason |
//!
//! Who sent a packet is what the kernel says (`SO_PEERCRED`), never what is in it. Writing needs no allocation, so that
//! a vfork child can do it; reading is total.

use core::fmt;

use audithook_abi::{Value, Verdict};
use audithook_catalogue::{arg, event};

use crate::flat::{Content, Encoder, FlatError, MAX_RECORD, Meta, Name, Record, Rules};

/// No packet is longer, in bytes.
pub const MAX_PACKET: usize = MAX_RECORD + 64;

/// No reply is longer, in bytes.
pub const MAX_REPLY: usize = HEADER + REPLY_HEADER + 4 * Rules::MAX + MAX_REASON;

/// The longest reason in a reply, in bytes; a longer one is cut.
pub const MAX_REASON: usize = 1024;

/// The length of a message without a body.
pub const HEADER: usize = 8;

const MAGIC: [u8; 2] = *b"AH";
const VERSION: u8 = 1;
const REPLY_HEADER: usize = 8;
const NO_VERDICT: u8 = u8::MAX;

/// What a message is about.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A process has started, or a fork is heard of for the first time.
    Hello = 1,
    /// There is something in the ring.
    Doorbell = 2,
    /// A program is executed, or was refused, that the ring will say nothing about.
    Exec = 3,
    /// The image cannot judge an event.
    Ask = 4,
    /// The process may not make a file as large as a ring (RLIMIT_FSIZE), and asks for one. The answer is a byte with the
    /// descriptor.
    Lend = 5,
    /// The answer to [`Kind::Ask`].
    Reply = 6,
}

/// A message to the supervisor.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    /// See [`Kind::Hello`].
    Hello(Record<'a>),
    /// See [`Kind::Doorbell`].
    Doorbell,
    /// See [`Kind::Exec`].
    Exec(Record<'a>),
    /// See [`Kind::Ask`].
    Ask(Record<'a>),
    /// See [`Kind::Lend`].
    Lend,
}

impl<'a> Message<'a> {
    /// Reads a packet.
    ///
    /// # Errors
    /// Whatever keeps it from being a message to the supervisor.
    pub fn parse(packet: &'a [u8]) -> Result<Self, MessageError> {
        let (kind, body) = open(packet)?;
        let record = || {
            let record = Record::parse(body)?;
            if record.bytes().len() == body.len() {
                Ok(record)
            } else {
                Err(MessageError::Length)
            }
        };
        match kind {
            Kind::Hello => {
                let record = record()?;
                if record.event() == Name::Known(event::PROCESS_START) {
                    Ok(Self::Hello(record))
                } else {
                    Err(MessageError::Hello)
                }
            }
            Kind::Exec => Ok(Self::Exec(record()?)),
            Kind::Ask => Ok(Self::Ask(record()?)),
            Kind::Doorbell | Kind::Lend if !body.is_empty() => Err(MessageError::Length),
            Kind::Doorbell => Ok(Self::Doorbell),
            Kind::Lend => Ok(Self::Lend),
            Kind::Reply => Err(MessageError::Kind(Kind::Reply as u8)),
        }
    }
}

/// What a process says of itself in its hello. The supervisor believes the kernel where the two differ.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// The parent.
    pub ppid: u32,
    /// The real user.
    pub uid: u32,
    /// Whether the process is an interpreter that raises events.
    pub hooked: bool,
    /// The program.
    pub exe: &'a [u8],
    /// The working directory.
    pub cwd: &'a [u8],
}

/// Writes a hello into a buffer of [`MAX_PACKET`] bytes.
pub fn hello<'b, 'v>(
    buffer: &'b mut [u8],
    meta: &Meta,
    start: &Start<'_>,
    argv: impl IntoIterator<Item = &'v [u8]>,
) -> &'b [u8] {
    record(
        Kind::Hello,
        buffer,
        Name::Known(event::PROCESS_START),
        meta,
        |encoder| {
            // The scalars first: they are never cut, whatever the others are.
            encoder
                .arg(Name::Known(arg::PPID), &Value::u64(start.ppid.into()))
                .arg(Name::Known(arg::UID), &Value::u64(start.uid.into()))
                .arg(Name::Known(arg::HOOKED), &Value::bool(start.hooked))
                .arg(Name::Known(arg::EXE), &Value::path(start.exe))
                .arg(Name::Known(arg::CWD), &Value::path(start.cwd))
                .list(Name::Known(arg::ARGV), argv.into_iter().map(Value::str));
        },
    )
}

/// Whether the process that says hello raises events, and must have a ring for them.
#[must_use]
pub fn is_hooked(hello: &Record<'_>) -> bool {
    let hooked = hello.arg(arg::HOOKED).map(|argument| argument.content);
    matches!(hooked, Some(Content::Bool(true)))
}

/// Writes a message whose body is a record into a buffer of [`MAX_PACKET`] bytes; `args` adds the record's arguments.
///
/// Like the record, the message is cut to what the buffer holds; a buffer that holds no record makes an empty message.
pub fn record<'b>(
    kind: Kind,
    buffer: &'b mut [u8],
    event: Name<'_>,
    meta: &Meta,
    args: impl FnOnce(&mut Encoder<'_>),
) -> &'b [u8] {
    let Some((head, body)) = buffer.split_first_chunk_mut::<HEADER>() else {
        return &[];
    };
    let mut encoder = Encoder::new(body, event, meta);
    args(&mut encoder);
    let length = encoder.finish().len();
    *head = header(kind, length);
    &buffer[..HEADER + length]
}

/// A message without a body: [`Kind::Doorbell`] or [`Kind::Lend`].
#[must_use]
pub const fn signal(kind: Kind) -> [u8; HEADER] {
    header(kind, 0)
}

/// The supervisor's answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// What happens now.
    pub verdict: Verdict,
    /// What would happen in `enforce` mode, where that differs.
    pub would: Option<Verdict>,
    /// The rules that decided, strongest first.
    pub rules: Rules,
    /// Why, in the words of the gate; not promised to be UTF-8.
    pub reason: &'a [u8],
}

impl<'a> Reply<'a> {
    /// Writes the reply into a buffer.
    pub fn encode<'b>(&self, buffer: &'b mut [u8; MAX_REPLY]) -> &'b [u8] {
        let rules = self.rules.as_slice();
        let reason = &self.reason[..self.reason.len().min(MAX_REASON)];
        let length = REPLY_HEADER + 4 * rules.len() + reason.len();
        buffer[..HEADER].copy_from_slice(&header(Kind::Reply, length));
        let body = &mut buffer[HEADER..HEADER + length];
        let would = self.would.map_or(NO_VERDICT, |verdict| verdict as u8);
        body[..4].copy_from_slice(&[self.verdict as u8, would, rules.len() as u8, 0]);
        body[4..8].copy_from_slice(&(reason.len() as u32).to_le_bytes());
        let (numbers, text) = body[REPLY_HEADER..].split_at_mut(4 * rules.len());
        for (target, rule) in numbers.chunks_exact_mut(4).zip(rules) {
            target.copy_from_slice(&rule.to_le_bytes());
        }
        text.copy_from_slice(reason);
        &buffer[..HEADER + length]
    }

    /// Reads a packet.
    ///
    /// # Errors
    /// Whatever keeps it from being a reply. A caller that cannot read the answer refuses the operation.
    pub fn parse(packet: &'a [u8]) -> Result<Self, MessageError> {
        let (kind, body) = open(packet)?;
        if kind != Kind::Reply {
            return Err(MessageError::Kind(kind as u8));
        }
        let (head, body) = body
            .split_first_chunk::<REPLY_HEADER>()
            .ok_or(MessageError::Length)?;
        let &[verdict, would, n_rules, _, ref length @ ..] = head;
        let reason_length = u32::from_le_bytes(*length) as usize;
        let (rules, reason) = body
            .split_at_checked(4 * usize::from(n_rules))
            .ok_or(MessageError::Length)?;
        if usize::from(n_rules) > Rules::MAX
            || reason.len() != reason_length
            || reason_length > MAX_REASON
        {
            return Err(MessageError::Length);
        }
        let known = |number| Verdict::from_number(number).ok_or(MessageError::Verdict(number));
        let mut numbers = Rules::NONE;
        for rule in rules.chunks_exact(4) {
            numbers.push(u32::from_le_bytes([rule[0], rule[1], rule[2], rule[3]]));
        }
        Ok(Self {
            verdict: known(verdict)?,
            would: match would {
                NO_VERDICT => None,
                number => Some(known(number)?),
            },
            rules: numbers,
            reason,
        })
    }
}

/// Why a packet is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageError {
    /// the packet does not begin as a message does
    Magic,
    /// the message has version {0}
    Version(u8),
    /// a message of kind {0} has no place here
    Kind(u8),
    /// the packet does not have the length that the message claims
    Length,
    /// the message names verdict {0}
    Verdict(u8),
    /// a hello is not about the start of a process
    Hello,
    /// the message's record is malformed
    Record(FlatError),
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => f.write_str("the packet does not begin as a message does"),
            Self::Version(version) => write!(f, "the message has version {version}"),
            Self::Kind(kind) => write!(f, "a message of kind {kind} has no place here"),
            Self::Length => {
                f.write_str("the packet does not have the length that the message claims")
            }
            Self::Verdict(number) => write!(f, "the message names verdict {number}"),
            Self::Hello => f.write_str("a hello is not about the start of a process"),
            Self::Record(_) => f.write_str("the message's record is malformed"),
        }
    }
}

impl core::error::Error for MessageError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Record(error) => Some(error),
            _ => None,
        }
    }
}

impl From<FlatError> for MessageError {
    fn from(error: FlatError) -> Self {
        Self::Record(error)
    }
}

const fn header(kind: Kind, length: usize) -> [u8; HEADER] {
    let [a, b, c, d] = (length as u32).to_le_bytes();
    [MAGIC[0], MAGIC[1], VERSION, kind as u8, a, b, c, d]
}

/// A packet's kind and body.
fn open(packet: &[u8]) -> Result<(Kind, &[u8]), MessageError> {
    let (&[m0, m1, version, kind, ref length @ ..], body) = packet
        .split_first_chunk::<HEADER>()
        .ok_or(MessageError::Length)?;
    if [m0, m1] != MAGIC {
        return Err(MessageError::Magic);
    }
    if version != VERSION {
        return Err(MessageError::Version(version));
    }
    if packet.len() > MAX_PACKET || body.len() != u32::from_le_bytes(*length) as usize {
        return Err(MessageError::Length);
    }
    let kind = match kind {
        1 => Kind::Hello,
        2 => Kind::Doorbell,
        3 => Kind::Exec,
        4 => Kind::Ask,
        5 => Kind::Lend,
        6 => Kind::Reply,
        _ => return Err(MessageError::Kind(kind)),
    };
    Ok((kind, body))
}

#[cfg(test)]
mod tests;
