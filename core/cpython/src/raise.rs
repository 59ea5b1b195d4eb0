//! The error that a refused operation raises in Python, and the words of a refusal.

use core::fmt::{self, Write as _};

use audithook_abi::{Value, View};
use audithook_catalogue::{Operation, arg};

use audithook_matcher::hint::{self, PLACEHOLDER};
use audithook_matcher::{host, sockets};

use crate::address;
use crate::judge::{Decision, Subject};
use crate::policy::Policy;
use crate::python::api::Api;

/// The longest message, in bytes.
const LONGEST: usize = 2048;

/// Raises `PermissionError(EACCES, message)`, an `OSError` that programs know how to handle.
///
/// # Safety
/// The thread state is attached.
pub(crate) unsafe fn permission_error(
    api: &Api,
    policy: &Policy,
    subject: &Subject<'_>,
    decision: &Decision,
) {
    let mut message = Message::new();
    // Writing into a fixed buffer cuts, and does not fail.
    let _ = write_refusal(&mut message, policy, subject, decision);
    let class = api.permission_error();
    // SAFETY: the thread state is attached; every object made here is released or handed over, and null is checked.
    unsafe {
        let text = message.as_bytes();
        let text = (api.unicode_decode)(
            text.as_ptr().cast(),
            text.len() as isize,
            c"replace".as_ptr(),
        );
        let number = (api.long_from_long)(libc::EACCES.into());
        let pair = (api.tuple_new)(2);
        if class.is_null() || text.is_null() || number.is_null() || pair.is_null() {
            if !class.is_null() {
                (api.set_string)(class, c"denied by audithook".as_ptr());
            }
            return;
        }
        (api.tuple_set)(pair, 0, number);
        (api.tuple_set)(pair, 1, text);
        (api.set_object)(class, pair);
        (api.decref)(pair);
    }
}

/// ``open: `/srv/vault/key` denied by rule `files.deny` (hooks.toml:7); hint: …``
pub(crate) fn write_refusal(
    out: &mut Message,
    policy: &Policy,
    subject: &Subject<'_>,
    decision: &Decision,
) -> fmt::Result {
    write!(out, "{}: ", Lossy(subject.name.text()))?;
    if write_value(out, subject)? {
        out.write_str(" ")?;
    }
    let rule = decision.rule.and_then(|number| policy.image.rule(number));
    match &rule {
        Some(rule) => {
            write!(out, "denied by rule `{}`", rule.id)?;
            if !rule.at.is_empty() {
                write!(out, " ({})", rule.at)?;
            }
        }
        None => out.write_str("denied")?,
    }
    let reason = decision.reason();
    let stated = rule.as_ref().map_or("", |rule| rule.reason);
    if !reason.is_empty() {
        write!(out, ": {}", Lossy(reason))?;
    } else if !stated.is_empty() {
        write!(out, ": {stated}")?;
    }
    let hint = decision
        .hint
        .and_then(|number| policy.image.rule(number))
        .map_or("", |rule| rule.hint);
    let subject_allowed = |out: &mut Message, before: &str| {
        if sockets::are_meant_by(hint) {
            write_kind_of_socket(out, before, subject)
        } else {
            write_allowed_value(out, before, subject)
        }
    };
    let Some((before, after)) = hint.split_once(PLACEHOLDER) else {
        return if hint.is_empty() {
            Ok(())
        } else {
            write!(out, "; hint: {hint}")
        };
    };
    let length = out.length;
    write!(out, "; hint: {before}")?;
    if subject_allowed(out, before)? {
        out.write_str(after)
    } else {
        // Nothing is known that could be allowed.
        out.length = length;
        Ok(())
    }
}

/// The words that the list of sockets lacks. `before` is the hint up to here.
fn write_kind_of_socket(
    out: &mut Message,
    before: &str,
    subject: &Subject<'_>,
) -> Result<bool, fmt::Error> {
    let find = |name| subject.args.iter().find(|value| value.name() == name);
    let text = |name| find(name).and_then(Value::as_bytes);
    let family = text(arg::FAMILY).unwrap_or_default();
    let protocol = find(arg::PROTOCOL).and_then(Value::as_i64);
    match sockets::words(family, text(arg::KIND), protocol) {
        [Some(word), None] => out.write_str(word)?,
        [Some(word), Some(other)] => {
            let [end, begin] = hint::between(before);
            write!(out, "{word}{end}{begin}{other}")?;
        }
        [None, _] => return Ok(false),
    }
    Ok(true)
}

/// What a policy would have to name: hosts in their one form, both paths of a renaming. `before` is the hint up to here.
fn write_allowed_value(
    out: &mut Message,
    before: &str,
    subject: &Subject<'_>,
) -> Result<bool, fmt::Error> {
    let find = |name| subject.args.iter().find(|value| value.name() == name);
    let text = |name| find(name).and_then(Value::as_bytes);
    if let (Some(from), Some(to)) = (text(arg::SRC), text(arg::DST)) {
        let [end, begin] = hint::between(before);
        write!(out, "{}{end}{begin}{}", Lossy(from), Lossy(to))?;
        return Ok(true);
    }
    let is_network = matches!(
        subject.plan.operation(),
        Operation::Connect | Operation::Bind | Operation::Resolve | Operation::Reverse
    );
    let mut buffer = host::HostBuffer::new();
    let given = find(arg::HOST).and_then(Value::as_bytes);
    let port = find(arg::PORT).and_then(Value::as_i64);
    match given.map(|host| host::normalise(host, &mut buffer)) {
        Some(Ok(host)) if is_network => {
            let mut text = [0; 46];
            let host = match &host {
                host::Host::Name(name) => name,
                host::Host::Address(address) => address::write_address(address, &mut text),
            };
            match port {
                Some(port) if host.contains(&b':') => write!(out, "[{}]:{port}", Lossy(host))?,
                Some(port) => write!(out, "{}:{port}", Lossy(host))?,
                None => write!(out, "{}", Lossy(host))?,
            }
            Ok(true)
        }
        _ if is_network && find(arg::PATH).is_none() => Ok(false),
        _ => write_bare_value(out, subject),
    }
}

/// What the operation was about, in backticks. Returns whether there was anything.
fn write_value(out: &mut Message, subject: &Subject<'_>) -> Result<bool, fmt::Error> {
    let start = out.length;
    out.write_str("`")?;
    if write_bare_value(out, subject)? {
        out.write_str("`")?;
        return Ok(true);
    }
    out.length = start;
    Ok(false)
}

/// What the operation was about, as a policy would name it.
fn write_bare_value(out: &mut Message, subject: &Subject<'_>) -> Result<bool, fmt::Error> {
    let find = |name| subject.args.iter().find(|value| value.name() == name);
    let text = |name| find(name).and_then(Value::as_bytes);
    match subject.plan.operation() {
        Operation::Rename | Operation::Link => {
            let (Some(from), Some(to)) = (text(arg::SRC), text(arg::DST)) else {
                return Ok(false);
            };
            write!(out, "{}` to `{}", Lossy(from), Lossy(to))?;
        }
        Operation::Connect | Operation::Bind => match (text(arg::PATH), text(arg::HOST)) {
            (Some(path), _) => write!(out, "{}", Lossy(path))?,
            (None, Some(host)) => {
                let port = find(arg::PORT).and_then(Value::as_i64).unwrap_or(0);
                if host.contains(&b':') {
                    write!(out, "[{}]:{port}", Lossy(host))?;
                } else {
                    write!(out, "{}:{port}", Lossy(host))?;
                }
            }
            (None, None) => match text(arg::FAMILY) {
                Some(family) => write!(out, "{}", Lossy(family))?,
                None => return Ok(false),
            },
        },
        _ => {
            let named = [arg::PATH, arg::RAW, arg::HOST, arg::COMMAND]
                .into_iter()
                .find_map(text);
            let first = subject.args.first();
            match (named, first.map(Value::view)) {
                (Some(text), _) => write!(out, "{}", Lossy(text))?,
                (None, Some(View::Str(one))) => {
                    // `pickle.find_class`: a module and a name in it.
                    match (text(arg::MODULE), text(arg::NAME)) {
                        (Some(module), Some(name)) => {
                            write!(out, "{}.{}", Lossy(module), Lossy(name))?
                        }
                        _ => write!(out, "{}", Lossy(one))?,
                    }
                }
                (None, Some(View::I64(number))) => write!(out, "{number}")?,
                _ => return Ok(false),
            }
        }
    }
    Ok(true)
}

/// A text of bounded length, without allocation.
pub(crate) struct Message {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Message {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; LONGEST],
            length: 0,
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl fmt::Write for Message {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let count = text.len().min(LONGEST - self.length);
        self.bytes[self.length..self.length + count].copy_from_slice(&text.as_bytes()[..count]);
        self.length += count;
        Ok(())
    }
}

/// Bytes as text: what is not UTF-8 or would move a terminal is escaped.
struct Lossy<'a>(&'a [u8]);

impl fmt::Display for Lossy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for letter in chunk.valid().chars() {
                if letter.is_control() {
                    write!(f, "{}", letter.escape_default())?;
                } else {
                    f.write_char(letter)?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}
