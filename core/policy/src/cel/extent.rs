//! How far a condition goes, before it is parsed.
//!
//! The parser calls itself for every bracket and every operator, and a stack that ends takes the whole process with it.
//! So a text is scanned first, with no recursion: what nests too deep, or has too many operators, the parser never sees.
//! Where the two could differ about what is text and what is not (an unknown character, an escape that does not exist,
//! a bracket of the wrong kind), the scanner refuses, for the parser's attempts to recover could not be foreseen.

use super::ParseError;

/// How deep brackets and `?:` may stand in each other.
const LEVELS: usize = 32;
/// How many operators, dots, calls and lists a condition may have.
const OPERATORS: usize = 256;

/// Refuses what is too much for the parser.
///
/// # Errors
/// What is too much, or no token at all, and where.
pub(super) fn check(text: &str) -> Result<(), ParseError> {
    let mut scanner = Scanner {
        text,
        at: 0,
        open: Vec::new(),
        level: 0,
        operators: 0,
    };
    while scanner.token()? {}
    match scanner.open.last() {
        Some(_) => Err(scanner.fail(text.trim_end().len(), "it ends too early")),
        None => Ok(()),
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// For each open bracket: what closes it, and the level around it.
    open: Vec<(u8, usize)>,
    level: usize,
    operators: usize,
}

impl Scanner<'_> {
    /// Passes one token; `false` at the end.
    fn token(&mut self) -> Result<bool, ParseError> {
        let start = self.at;
        let Some(&byte) = self.rest().first() else {
            return Ok(false);
        };
        match byte {
            b'\t' | b' ' | b'\r' | b'\n' | 0x0c => self.at += 1,
            b'/' if self.rest().starts_with(b"//") => {
                self.at += self.length_while(|byte| byte != b'\n');
            }
            b'"' | b'\'' => self.text(start, false)?,
            b'`' => self.escaped_name(start)?,
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => self.word(start)?,
            b'0'..=b'9' => {
                self.at += self.length_while(is_of_word);
                // `1r"…"` would be a number and a text of its own kind.
                if self.is_quote() {
                    return Err(self.unexpected(self.at));
                }
            }
            _ => self.sign(start, byte)?,
        }
        Ok(true)
    }

    /// A name, `in`, or the letters in front of a text.
    fn word(&mut self, start: usize) -> Result<(), ParseError> {
        self.at += self.length_while(is_of_word);
        match &self.text[start..self.at] {
            "r" | "R" | "br" | "bR" | "Br" | "BR" if self.is_quote() => self.text(start, true),
            "b" | "B" if self.is_quote() => self.text(start, false),
            "in" => self.operator(start),
            _ => Ok(()),
        }
    }

    /// A text, from its first quote.
    fn text(&mut self, start: usize, is_raw: bool) -> Result<(), ParseError> {
        let quote = self.rest()[0];
        let triple = [quote; 3];
        let is_long = self.rest().starts_with(&triple);
        let end: &[u8] = if is_long { &triple } else { &triple[..1] };
        self.at += end.len();
        loop {
            let rest = self.rest();
            if rest.starts_with(end) {
                self.at += end.len();
                return Ok(());
            }
            match rest.first() {
                Some(b'\\') if !is_raw => {
                    let Some(length) = escape(rest) else {
                        return Err(self.fail(self.at, "no such escape in a text"));
                    };
                    self.at += length;
                }
                Some(b'\n' | b'\r') if !is_long => break,
                Some(_) => self.at += 1,
                None => break,
            }
        }
        Err(self.fail(start, "a text that does not end"))
    }

    fn escaped_name(&mut self, start: usize) -> Result<(), ParseError> {
        self.at += 1;
        let length =
            self.length_while(|byte| byte.is_ascii_alphanumeric() || b"_.-/ ".contains(&byte));
        self.at += length;
        if length == 0 || self.rest().first() != Some(&b'`') {
            return Err(self.unexpected(start));
        }
        self.at += 1;
        Ok(())
    }

    fn sign(&mut self, start: usize, byte: u8) -> Result<(), ParseError> {
        const PAIRS: [&[u8]; 6] = [b"==", b"!=", b"<=", b">=", b"&&", b"||"];
        if PAIRS.iter().any(|pair| self.rest().starts_with(pair)) {
            self.at += 2;
            return self.operator(start);
        }
        self.at += 1;
        match byte {
            b'(' => self.enter(start, b')'),
            b'[' => self.enter(start, b']'),
            b'{' => self.enter(start, b'}'),
            b')' | b']' | b'}' => match self.open.pop() {
                Some((end, around)) if end == byte => {
                    self.level = around;
                    Ok(())
                }
                _ => Err(self.unexpected(start)),
            },
            b',' => {
                self.level = self.open.last().map_or(0, |(_, around)| around + 1);
                Ok(())
            }
            b':' => Ok(()),
            b'?' => {
                self.deeper(start)?;
                self.operator(start)
            }
            b'.' | b'-' | b'!' | b'+' | b'*' | b'/' | b'%' | b'<' | b'>' => self.operator(start),
            _ => Err(self.unexpected(start)),
        }
    }

    fn enter(&mut self, start: usize, end: u8) -> Result<(), ParseError> {
        self.open.push((end, self.level));
        self.deeper(start)?;
        self.operator(start)
    }

    fn deeper(&mut self, start: usize) -> Result<(), ParseError> {
        self.level += 1;
        if self.level > LEVELS {
            return Err(self.too_much(start, format!("it nests deeper than {LEVELS} levels")));
        }
        Ok(())
    }

    fn operator(&mut self, start: usize) -> Result<(), ParseError> {
        self.operators += 1;
        if self.operators > OPERATORS {
            return Err(self.too_much(start, format!("more than {OPERATORS} operators")));
        }
        Ok(())
    }

    fn rest(&self) -> &[u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn is_quote(&self) -> bool {
        matches!(self.rest().first(), Some(b'"' | b'\''))
    }

    fn length_while(&self, holds: impl Fn(u8) -> bool) -> usize {
        let rest = self.rest();
        rest.iter()
            .position(|byte| !holds(*byte))
            .unwrap_or(rest.len())
    }

    fn unexpected(&self, place: usize) -> ParseError {
        let found = self.text.get(place..).and_then(|rest| rest.chars().next());
        match found {
            Some(found) => self.fail(place, &format!("unexpected: `{found}`")),
            None => self.fail(place, "it ends too early"),
        }
    }

    fn fail(&self, place: usize, message: &str) -> ParseError {
        self.placed(place, ParseError::new(message))
    }

    fn too_much(&self, place: usize, message: String) -> ParseError {
        self.placed(place, ParseError::too_much(message))
    }

    fn placed(&self, place: usize, error: ParseError) -> ParseError {
        let before = self.text.get(..place).unwrap_or(self.text);
        let line = before.rfind('\n').map_or(0, |end| end + 1);
        ParseError {
            position: Some((
                before.matches('\n').count() + 1,
                before[line..].chars().count() + 1,
            )),
            ..error
        }
    }
}

fn is_of_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

/// The length of the escape that a text starts with, if there is such an escape.
fn escape(text: &[u8]) -> Option<usize> {
    let digits = |count: usize, is_digit: fn(&u8) -> bool| {
        let digits = text.get(2..2 + count)?;
        digits.iter().all(is_digit).then_some(2 + count)
    };
    match text.get(1)? {
        b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' => Some(2),
        b'"' | b'\'' | b'\\' | b'?' | b'`' => Some(2),
        b'0'..=b'3' => digits(2, |digit| (b'0'..=b'7').contains(digit)),
        b'x' | b'X' => digits(2, u8::is_ascii_hexdigit),
        b'u' => digits(4, u8::is_ascii_hexdigit),
        b'U' => digits(8, u8::is_ascii_hexdigit),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<(String, (usize, usize))> {
        check(text)
            .err()
            .map(|error| (error.message, error.position.expect("a place")))
    }

    #[test]
    fn what_a_person_writes_passes() {
        for text in [
            r#"args.flags.exists(f, f == "write") && args.path.startsWith("/srv/")"#,
            "args.a in [1, 2u, 0x3F, 1.5e-3, .5] // the few\n || !has(args.b) ? true : -1 < 2",
            r##"args.a == r"\(" || args.a == b'\x00\n' || args.a == """ "[" """ || args.a == '"'"##,
            "args.`a/b-c` == {'a': 1}['a']",
            &format!("args.a in [{}]", vec!["'x.y'"; 400].join(", ")),
            &vec!["args.port == 1"; 80].join(" || "),
        ] {
            assert_eq!(refusal(text), None, "{text}");
        }
    }

    #[test]
    fn brackets_and_choices_count_as_levels() {
        let nested = |open: &str, close: &str, count: usize| {
            format!("{}1{}", open.repeat(count), close.repeat(count))
        };
        for (open, close) in [("(", ")"), ("[", "]"), ("{1:", "}"), ("1?2:", "")] {
            assert_eq!(refusal(&nested(open, close, LEVELS)), None, "{open}");
            let (message, (line, column)) =
                refusal(&nested(open, close, LEVELS + 1)).expect("too deep");
            assert_eq!(message, "it nests deeper than 32 levels");
            assert_eq!(line, 1);
            let first = open.find(['(', '[', '{', '?']).expect("a sign");
            assert_eq!(column, open.len() * LEVELS + first + 1);
        }
    }

    #[test]
    fn operators_are_counted_and_not_those_in_texts_and_comments() {
        let many = "(".repeat(1000);
        assert_eq!(refusal(&format!("'{many}' == r'\\{many}' // {many}")), None);
        for sign in ["+", "==", " in ", ".a.", "&&"] {
            assert_eq!(
                refusal(&vec!["1"; OPERATORS + 2].join(sign)).expect(sign).0,
                "more than 256 operators"
            );
        }
    }

    #[test]
    fn nothing_is_passed_on_that_hides_what_follows() {
        for (text, message, column) in [
            ("'a", "a text that does not end", 1),
            ("1 + '''a' ((", "a text that does not end", 5),
            (r"'\q' ((", "no such escape in a text", 2),
            (r"'\x4' ((", "no such escape in a text", 2),
            ("&'((' ", "unexpected: `&`", 1),
            ("1 = '(('", "unexpected: `=`", 3),
            (r"1r'\' + ((", "unexpected: `'`", 3),
            ("é", "unexpected: `é`", 1),
            ("a.`b", "unexpected: ```", 3),
            ("[) [)", "unexpected: `)`", 2),
            ("1)", "unexpected: `)`", 2),
            ("(1 ", "it ends too early", 3),
        ] {
            assert_eq!(
                refusal(text),
                Some((message.to_owned(), (1, column))),
                "{text}"
            );
        }
    }
}
