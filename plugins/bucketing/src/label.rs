//! Arguments as keys, and keys as text.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use audithook_sdk::{Value, View};

/// Writes the key of a value: text as its bytes, numbers in decimal, lists joined with commas.
pub(crate) fn label(value: &Value<'_>, key: &mut Vec<u8>) {
    write_label(value, key, 0);
}

/// What nests deeper is shown as `...`.
const DEEPEST: u32 = 4;

fn write_label(value: &Value<'_>, key: &mut Vec<u8>, depth: u32) {
    // Writing to a vector does not fail.
    let _ = match value.view() {
        View::Null => write!(key, "null"),
        View::Bool(truth) => write!(key, "{truth}"),
        View::I64(number) => write!(key, "{number}"),
        View::U64(number) => write!(key, "{number}"),
        View::F64(number) => write!(key, "{number}"),
        View::Fd(number) => write!(key, "{number}"),
        View::Str(text) | View::Bytes(text) | View::Path(text) => key.write_all(text),
        View::Addr(address) => return write_address(address, key),
        View::List(_) | View::Map(_) if depth == DEEPEST => write!(key, "..."),
        View::List(values) => {
            for (place, value) in values.iter().enumerate() {
                if place > 0 {
                    key.push(b',');
                }
                write_label(value, key, depth + 1);
            }
            Ok(())
        }
        View::Map(pairs) => {
            for (place, pair) in pairs.chunks_exact(2).enumerate() {
                if place > 0 {
                    key.push(b',');
                }
                write_label(&pair[0], key, depth + 1);
                key.push(b'=');
                write_label(&pair[1], key, depth + 1);
            }
            Ok(())
        }
        _ => write!(key, "(tag {})", value.tag_number()),
    };
}

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// A `struct sockaddr`: `address:port`, a path, `@name`, or its bytes.
fn write_address(address: &[u8], key: &mut Vec<u8>) {
    let port = |bytes: &[u8]| u16::from_be_bytes([bytes[2], bytes[3]]);
    let socket = match family(address) {
        Some(AF_INET) if address.len() >= 8 => {
            let ip: [u8; 4] = address[4..8].try_into().unwrap_or_default();
            SocketAddr::from((Ipv4Addr::from(ip), port(address)))
        }
        Some(AF_INET6) if address.len() >= 24 => {
            let ip: [u8; 16] = address[8..24].try_into().unwrap_or_default();
            SocketAddr::from((Ipv6Addr::from(ip), port(address)))
        }
        Some(AF_UNIX) => return write_unix_address(&address[2..], key),
        _ => {
            for byte in address {
                let _ = write!(key, "{byte:02x}");
            }
            return;
        }
    };
    let _ = write!(key, "{socket}");
}

fn family(address: &[u8]) -> Option<u16> {
    address
        .first_chunk()
        .map(|bytes| u16::from_ne_bytes(*bytes))
}

/// unix(7): a path ends at its first NUL; a name without a path starts with one and is as long as the address says.
fn write_unix_address(path: &[u8], key: &mut Vec<u8>) {
    match path.split_first() {
        None => key.extend_from_slice(b"(unnamed)"),
        Some((0, name)) => {
            key.push(b'@');
            key.extend_from_slice(name);
        }
        Some(_) => key.extend(path.iter().take_while(|&&byte| byte != 0)),
    }
}

/// A key as one line of text: what is not UTF-8 as `\xff`, control characters and backslashes escaped. `cut` keys end with `...`.
pub(crate) fn escaped(key: &[u8], cut: bool) -> String {
    let mut text = String::with_capacity(key.len());
    for chunk in key.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\t' => text.push_str("\\t"),
                '\r' => text.push_str("\\r"),
                // Also what would turn the direction of the line around.
                '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    text.extend(letter.escape_unicode())
                }
                letter if letter.is_control() => text.extend(letter.escape_unicode()),
                letter => text.push(letter),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    if cut {
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled(value: Value<'_>) -> String {
        let mut key = Vec::new();
        label(&value, &mut key);
        escaped(&key, false)
    }

    #[test]
    fn every_kind_of_value_has_a_key() {
        let flags = [Value::str("read"), Value::str("write")];
        let pairs = [Value::str("a"), Value::u64(1), Value::str("b"), Value::NULL];
        let cases = [
            (Value::NULL, "null"),
            (Value::bool(true), "true"),
            (Value::i64(-7), "-7"),
            (Value::u64(u64::MAX), "18446744073709551615"),
            (Value::f64(1.5), "1.5"),
            (Value::fd(3), "3"),
            (Value::str("text"), "text"),
            (Value::path("/a b"), "/a b"),
            (Value::list(&flags), "read,write"),
            (Value::list(&[]), ""),
            (Value::map(&pairs), "a=1,b=null"),
            (
                Value::addr(&[2, 0, 0x1f, 0x90, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
                "127.0.0.1:8080",
            ),
            (Value::addr(b"\x01\0/run/x\0junk"), "/run/x"),
            (Value::addr(b"\x01\0\0name"), "@name"),
            (Value::addr(b"\x01\0"), "(unnamed)"),
            (Value::addr(&[2, 0, 1]), "020001"),
            (Value::addr(&[]), ""),
        ];
        for (value, text) in cases {
            assert_eq!(labelled(value), text);
        }
        let mut inet6 = [0; 28];
        inet6[0] = 10;
        inet6[3] = 80;
        inet6[23] = 1;
        assert_eq!(labelled(Value::addr(&inet6)), "[::1]:80");
    }

    #[test]
    fn deep_lists_end() {
        let mut value = Value::u64(1);
        for _ in 0..6 {
            value = Value::list(Box::leak(Box::new([value])));
        }
        assert_eq!(labelled(value), "...");
    }

    #[test]
    fn text_that_could_break_a_line_or_a_terminal_is_escaped() {
        let key = b"a\\b\n\x1b[31m\xff\xc3\xa9\xe2\x80\xae";
        assert_eq!(escaped(key, true), r"a\\b\n\u{1b}[31m\xffé\u{202e}...");
    }
}
