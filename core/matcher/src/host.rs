//! Hosts as programs write them, brought into the one form that policies and judgements compare.
//!
//! A name becomes A-labels in lower case without a trailing dot; everything that a resolver takes for a number
//! becomes an address. What cannot be brought into one form for certain is an error, and the caller refuses it: some
//! resolvers would map `①` to `1` and `faß` to `fass`, others would not.

#[cfg(test)]
mod tests;

use core::net::Ipv6Addr;

use crate::letters::UNCERTAIN;
use crate::punycode::{self, LONGEST_LABEL};

/// The longest name in its text form (RFC 1035: 255 octets on the wire).
pub const LONGEST_NAME: usize = 253;

/// Room for a name.
#[derive(Clone, Copy, Debug)]
pub struct HostBuffer {
    bytes: [u8; LONGEST_NAME + 1],
}

impl HostBuffer {
    /// Empty.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bytes: [0; LONGEST_NAME + 1],
        }
    }
}

impl Default for HostBuffer {
    fn default() -> Self {
        Self::new()
    }
}

/// A host in its one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host<'b> {
    /// A name: A-labels, lower case, no trailing dot.
    Name(&'b [u8]),
    /// An address, in the form of [`canonical`].
    Address([u8; 16]),
}

/// Why a text is no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostError {
    /// empty
    Empty,
    /// not UTF-8
    NotText,
    /// a malformed address
    BadAddress,
    /// a label or the name is empty or too long, or has a character that no host name has
    BadName,
    /// a character that resolvers map to different names
    Ambiguous,
}

/// Brings a host into its one form.
///
/// Numeric are: IPv6 in any spelling, with brackets or a zone; IPv4 in the one to four parts, decimal, octal or
/// hexadecimal, of `inet_aton`; and Python's `<broadcast>`.
///
/// # Errors
/// [`HostError`]: the text is no host, or cannot be brought into one form for certain.
pub fn normalise<'b>(text: &[u8], buffer: &'b mut HostBuffer) -> Result<Host<'b>, HostError> {
    if text.is_empty() {
        return Err(HostError::Empty);
    }
    if text == b"<broadcast>" {
        return Ok(Host::Address(mapped(u32::MAX)));
    }
    let bracketed = text
        .strip_prefix(b"[")
        .and_then(|rest| rest.strip_suffix(b"]"));
    if bracketed.is_some() || text.contains(&b':') {
        return ipv6(bracketed.unwrap_or(text)).map(Host::Address);
    }
    let length = fold_name(text, &mut buffer.bytes)?;
    let name = &buffer.bytes[..length];
    if is_number(last_label(name)) {
        return ipv4(name).map(|address| Host::Address(mapped(address)));
    }
    Ok(Host::Name(name))
}

/// The one form of an address: what stands for an IPv4 address is that address as `::ffff:a.b.c.d`, be it mapped or behind
/// the well-known NAT64 prefix `64:ff9b::/96` (RFC 6052).
#[must_use]
pub const fn canonical(address: [u8; 16]) -> [u8; 16] {
    match address {
        [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] => {
            mapped(u32::from_be_bytes([a, b, c, d]))
        }
        _ => address,
    }
}

/// An IPv4 address in the form of [`canonical`].
#[must_use]
pub const fn mapped(address: u32) -> [u8; 16] {
    let [a, b, c, d] = address.to_be_bytes();
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}

/// The IPv4 address that a canonical address is, if it is one.
#[must_use]
pub const fn as_ipv4(address: &[u8; 16]) -> Option<u32> {
    match *address {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d] => {
            Some(u32::from_be_bytes([a, b, c, d]))
        }
        _ => None,
    }
}

/// `127.0.0.0/8` and `::1`.
#[must_use]
pub const fn is_loopback(address: &[u8; 16]) -> bool {
    match as_ipv4(address) {
        Some(address) => address >> 24 == 127,
        None => u128::from_be_bytes(*address) == 1,
    }
}

/// `0.0.0.0` and `::`: as something to connect to, this machine.
#[must_use]
pub const fn is_unspecified(address: &[u8; 16]) -> bool {
    matches!(as_ipv4(address), Some(0)) || u128::from_be_bytes(*address) == 0
}

/// Whether an address has a meaning inside some network only: loopback, private, link-local, shared (RFC 6598),
/// unique local, "this network", benchmarks, local NAT64, and 6to4 addresses that wrap one of those.
#[must_use]
pub const fn is_private(address: &[u8; 16]) -> bool {
    if let Some(address) = as_ipv4(address) {
        return is_private_ipv4(address);
    }
    let whole = u128::from_be_bytes(*address);
    match *address {
        // fc00::/7, fe80::/10, fec0::/10, 64:ff9b:1::/48
        [0xfc | 0xfd, ..] | [0xfe, 0x80..=0xff, ..] | [0, 0x64, 0xff, 0x9b, 0, 1, ..] => true,
        [0x20, 0x02, a, b, c, d, ..] => is_private_ipv4(u32::from_be_bytes([a, b, c, d])),
        _ => whole <= 1,
    }
}

/// `localhost` and every name below it (RFC 6761).
#[must_use]
pub fn is_localhost(name: &[u8]) -> bool {
    name.strip_suffix(b"localhost")
        .is_some_and(|before| before.is_empty() || before.ends_with(b"."))
}

const fn is_private_ipv4(address: u32) -> bool {
    matches!(
        address.to_be_bytes(),
        [0 | 10 | 127, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0, _]
            | [192, 168, ..]
            | [198, 18 | 19, ..]
    )
}

fn ipv6(text: &[u8]) -> Result<[u8; 16], HostError> {
    let address = match text.iter().position(|&byte| byte == b'%') {
        Some(place) if place + 1 < text.len() => &text[..place],
        Some(_) => return Err(HostError::BadAddress),
        None => text,
    };
    str::from_utf8(address)
        .ok()
        .and_then(|address| address.parse::<Ipv6Addr>().ok())
        .map(|address| canonical(address.octets()))
        .ok_or(HostError::BadAddress)
}

/// Whether a label is a number to `inet_aton`. No top-level domain is (RFC 3696), so a name that ends in one is an address.
fn is_number(label: &[u8]) -> bool {
    let hexadecimal = label.strip_prefix(b"0x");
    match hexadecimal {
        Some(digits) => digits.iter().all(u8::is_ascii_hexdigit),
        None => !label.is_empty() && label.iter().all(u8::is_ascii_digit),
    }
}

/// One to four parts, the last of which fills what is left of the address.
fn ipv4(text: &[u8]) -> Result<u32, HostError> {
    let mut address = 0_u32;
    let mut parts = text.split(|&byte| byte == b'.').peekable();
    for place in 0..4 {
        let part = parts.next().ok_or(HostError::BadAddress)?;
        let value = ipv4_part(part).ok_or(HostError::BadAddress)?;
        let (bits, last) = (32 - 8 * place, parts.peek().is_none());
        let most = if last { u32::MAX >> (32 - bits) } else { 255 };
        if value > most {
            return Err(HostError::BadAddress);
        }
        if last {
            return Ok(address | value);
        }
        address |= value << (bits - 8);
    }
    Err(HostError::BadAddress)
}

fn ipv4_part(part: &[u8]) -> Option<u32> {
    let (digits, radix) = match part {
        [b'0', b'x', digits @ ..] => (digits, 16),
        [b'0', digits @ ..] if !digits.is_empty() => (digits, 8),
        _ => (part, 10),
    };
    // `from_str_radix` takes a sign, `inet_aton` does not.
    if !digits.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    u32::from_str_radix(str::from_utf8(digits).ok()?, radix).ok()
}

fn last_label(name: &[u8]) -> &[u8] {
    name.rsplit(|&byte| byte == b'.').next().unwrap_or(name)
}

/// Writes a name in its one form, and says how long it is.
fn fold_name(text: &[u8], out: &mut [u8; LONGEST_NAME + 1]) -> Result<usize, HostError> {
    let length = if text.is_ascii() {
        fold_ascii(text, out)?
    } else {
        fold_unicode(str::from_utf8(text).map_err(|_| HostError::NotText)?, out)?
    };
    let name = &out[..length];
    let name = name.strip_suffix(b".").unwrap_or(name);
    let sound = name.len() <= LONGEST_NAME
        && name.split(|&byte| byte == b'.').all(|label| {
            (1..=LONGEST_LABEL).contains(&label.len())
                && label
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        });
    if sound {
        Ok(name.len())
    } else {
        Err(HostError::BadName)
    }
}

fn fold_ascii(text: &[u8], out: &mut [u8]) -> Result<usize, HostError> {
    let room = out.get_mut(..text.len()).ok_or(HostError::BadName)?;
    for (to, from) in room.iter_mut().zip(text) {
        *to = from.to_ascii_lowercase();
    }
    Ok(text.len())
}

fn fold_unicode(text: &str, out: &mut [u8]) -> Result<usize, HostError> {
    let mut label = ['\0'; LONGEST_LABEL];
    let mut letters = 0;
    let mut length = 0;
    // The end of the text ends a label as a dot does, but writes none.
    for letter in text.chars().map(Some).chain([None]) {
        let ended = letter
            .is_none_or(|letter| matches!(letter, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}'));
        if !ended {
            for letter in letter
                .into_iter()
                .map(ascii_width)
                .flat_map(char::to_lowercase)
            {
                if is_uncertain(letter) {
                    return Err(HostError::Ambiguous);
                }
                *label.get_mut(letters).ok_or(HostError::BadName)? = letter;
                letters += 1;
            }
            continue;
        }
        length += write_label(&label[..letters], &mut out[length..])?;
        letters = 0;
        if letter.is_some() {
            *out.get_mut(length).ok_or(HostError::BadName)? = b'.';
            length += 1;
        }
    }
    Ok(length)
}

fn write_label(label: &[char], out: &mut [u8]) -> Result<usize, HostError> {
    if !label.iter().all(char::is_ascii) {
        return punycode::encode(label, out).ok_or(HostError::BadName);
    }
    let room = out.get_mut(..label.len()).ok_or(HostError::BadName)?;
    for (to, from) in room.iter_mut().zip(label) {
        *to = *from as u8;
    }
    Ok(label.len())
}

/// Full-width forms as the ASCII that every mapping makes of them.
fn ascii_width(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => (letter as u32 - 0xff01 + 0x21) as u8 as char,
        _ => letter,
    }
}

/// Whether a host with this lower-case letter may be several hosts. The tables that would tell which are larger than this
/// crate, and a name with such a letter is rarer than an attack with one.
fn is_uncertain(letter: char) -> bool {
    let code = u32::from(letter);
    let after = UNCERTAIN.partition_point(|&(first, _)| first <= code);
    UNCERTAIN[..after]
        .last()
        .is_some_and(|&(_, last)| code <= last)
}
