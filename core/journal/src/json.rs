//! Writing JSON into a buffer, with text that nobody vouches for.
//!
//! No serialiser: a line is written for every event of every process, and most of it is copied.

use std::io::Write as _;

/// Writes the fields of one object; no name stands twice.
///
/// A second field of the same name is written as `name~2`, a third as `name~3`: a reader that keeps the first of two
/// fields and one that keeps the last must not see different events.
pub(crate) struct Fields<'f> {
    pub(crate) out: &'f mut Vec<u8>,
    pub(crate) keys: &'f mut Keys,
    base: usize,
}

/// Where in the buffer the names of the objects that are being written stand.
pub(crate) type Keys = Vec<(usize, usize)>;

impl<'f> Fields<'f> {
    /// Begins an object.
    pub(crate) fn open(out: &'f mut Vec<u8>, keys: &'f mut Keys) -> Self {
        out.push(b'{');
        let base = keys.len();
        Self { out, keys, base }
    }

    /// Begins a field, whose name is these parts one behind the other.
    pub(crate) fn key(&mut self, parts: &[&[u8]]) {
        if self.keys.len() > self.base {
            self.out.push(b',');
        }
        self.out.push(b'"');
        let start = self.out.len();
        for part in parts {
            text(self.out, part);
        }
        let end = self.out.len();
        let mut copy = 1_u64;
        while self.is_taken(start) {
            copy += 1;
            self.out.truncate(end);
            self.out.push(b'~');
            unsigned(self.out, copy);
        }
        self.keys.push((start, self.out.len()));
        self.out.extend_from_slice(b"\":");
    }

    /// Ends the object.
    pub(crate) fn close(self) {
        self.keys.truncate(self.base);
        self.out.push(b'}');
    }

    /// Whether the object has the name that begins at `start`.
    fn is_taken(&self, start: usize) -> bool {
        let name = &self.out[start..];
        self.keys[self.base..]
            .iter()
            .any(|&(from, to)| &self.out[from..to] == name)
    }
}

/// Writes a string. Whether the text was UTF-8: if it was not, what is written has replacement characters.
pub(crate) fn string(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    out.push(b'"');
    let clean = text(out, bytes);
    out.push(b'"');
    clean
}

/// Writes what stands between the quotes of a string.
///
/// Besides what JSON asks for, everything that could change what a terminal or a log viewer shows is escaped: DEL, the C1
/// controls, line and paragraph separators, and the invisible characters that change the direction of text.
pub(crate) fn text(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let plain = bytes
        .iter()
        .take_while(|&&byte| PLAIN[usize::from(byte)])
        .count();
    out.extend_from_slice(&bytes[..plain]);
    if plain == bytes.len() {
        return true;
    }
    let mut clean = true;
    for chunk in bytes[plain..].utf8_chunks() {
        characters(out, chunk.valid());
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{FFFD}".as_bytes());
            clean = false;
        }
    }
    clean
}

/// A number in decimal.
pub(crate) fn unsigned(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// A number in decimal.
pub(crate) fn signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    unsigned(out, number.unsigned_abs());
}

/// A double in the shortest form that reads back as the same; one that JSON cannot say is null. Whether it could be said.
pub(crate) fn double(out: &mut Vec<u8>, number: f64) -> bool {
    if number.is_finite() {
        // `Debug`, not `Display`: it writes `5.0`, which stays a double when it is read. Writing to a vector cannot fail.
        _ = write!(out, "{number:?}");
    } else {
        out.extend_from_slice(b"null");
    }
    number.is_finite()
}

/// Base64 with padding (RFC 4648, section 4), between quotes.
pub(crate) fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out.push(b'"');
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let word = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            out.push(if place <= chunk.len() {
                DIGITS[(word >> (18 - 6 * place)) as usize & 63]
            } else {
                b'='
            });
        }
    }
    out.push(b'"');
}

/// Whether a character would change what a terminal or a viewer shows, other than by being shown.
pub(crate) const fn is_unsafe_to_show(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{1F}'
            | '\u{7F}'..='\u{9F}'
            | '\u{AD}'
            | '\u{61C}'
            | '\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}'
    )
}

/// The bytes that stand for themselves.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x20;
    while byte < 0x7F {
        plain[byte] = byte != b'"' as usize && byte != b'\\' as usize;
        byte += 1;
    }
    plain
};

fn characters(out: &mut Vec<u8>, text: &str) {
    let mut kept = 0;
    for (at, character) in text.char_indices() {
        let short: &[u8] = match character {
            '"' => b"\\\"",
            '\\' => b"\\\\",
            '\n' => b"\\n",
            '\r' => b"\\r",
            '\t' => b"\\t",
            other if is_unsafe_to_show(other) => b"",
            _ => continue,
        };
        out.extend_from_slice(&text.as_bytes()[kept..at]);
        kept = at + character.len_utf8();
        out.extend_from_slice(short);
        if short.is_empty() {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a vector cannot fail.
                _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out.extend_from_slice(&text.as_bytes()[kept..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_that_a_terminal_obeys_stays_as_it_is() {
        let hostile = "a\u{1b}[2J\n\r\t\0\u{7f}\u{9b}1m\u{2028}\u{202e}\u{feff}\u{e0041}\"\\é漢";
        let shown = written(|out| assert!(string(out, hostile.as_bytes())));
        assert_eq!(
            shown,
            r#""a\u001b[2J\n\r\t\u0000\u007f\u009b1m\u2028\u202e\ufeff\udb40\udc41\"\\é漢""#
        );
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), hostile);
    }

    #[test]
    fn text_that_is_not_utf8_is_written_lossily_and_told() {
        let shown = written(|out| assert!(!string(out, b"caf\xE9 \xFF\xFE")));
        assert_eq!(shown, "\"caf\u{FFFD} \u{FFFD}\u{FFFD}\"");
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (text, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(
                written(|out| base64(out, text.as_bytes())),
                format!("\"{coded}\"")
            );
        }
    }

    #[test]
    fn a_name_that_comes_again_is_numbered() {
        let object = written(|out| {
            let mut keys = Keys::new();
            let mut fields = Fields::open(out, &mut keys);
            for _ in 0..3 {
                fields.key(&[b"a", b"_b"]);
                fields.out.push(b'1');
            }
            fields.key(&[b"inner"]);
            let mut inner = Fields::open(fields.out, fields.keys);
            inner.key(&[b"a_b"]);
            inner.out.push(b'2');
            inner.close();
            fields.close();
        });
        assert_eq!(object, r#"{"a_b":1,"a_b~2":1,"a_b~3":1,"inner":{"a_b":2}}"#);
    }

    proptest! {
        #[test]
        fn every_string_reads_back(text in any::<String>()) {
            let shown = written(|out| assert!(string(out, text.as_bytes())));
            prop_assert!(!shown.chars().any(is_unsafe_to_show));
            prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        }

        #[test]
        fn any_bytes_make_a_string(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let shown = written(|out| _ = string(out, &bytes));
            let lossy = String::from_utf8_lossy(&bytes);
            prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), lossy);
        }

        #[test]
        fn numbers_read_back(u in any::<u64>(), i in any::<i64>(), f in any::<f64>()) {
            prop_assert_eq!(written(|out| unsigned(out, u)), u.to_string());
            prop_assert_eq!(written(|out| signed(out, i)), i.to_string());
            let shown = written(|out| _ = double(out, f));
            // serde_json's reader takes it, and may be off by a unit in the last place: the standard library's is exact.
            let is_number = serde_json::from_str::<Option<f64>>(&shown).unwrap().is_some();
            prop_assert_eq!(is_number, f.is_finite());
            if is_number {
                prop_assert_eq!(shown.parse::<f64>().unwrap(), f);
            }
        }
    }
}
