//! Globs: read, taken apart, and written as the programs that the matcher runs.

use audithook_matcher::format::glob::{
    ANY_DEPTH, CLASS, LITERAL, NAMED, ONE, STAR, START_ANY, START_RELATIVE, START_ROOT,
};

/// The longest pattern, in bytes.
const LONGEST: usize = 4096;

/// How many patterns braces may stand for.
const MOST_ALTERNATIVES: usize = 1024;

/// Why a text is no glob.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum GlobError {
    /// the glob is empty
    #[error("the glob is empty")]
    Empty,
    /// the glob is longer than 4096 bytes
    #[error("the glob is longer than 4096 bytes")]
    TooLong,
    /// the braces stand for more than 1024 globs
    #[error("the braces stand for more than 1024 globs")]
    TooManyAlternatives,
    /// a brace is not closed
    #[error("a brace is not closed")]
    OpenBrace,
    /// a bracket is not closed
    #[error("a bracket is not closed")]
    OpenBracket,
    /// brackets hold single ASCII characters and ranges from a lower to a higher one
    #[error("brackets hold single ASCII characters and ranges from a lower to a higher one")]
    BadClass,
    /// `**` stands alone between slashes
    #[error("`**` stands alone between slashes")]
    BadAnyDepth,
    /// nothing follows the last backslash
    #[error("nothing follows the last backslash")]
    DanglingBackslash,
    /// `.` and `..` match nothing: paths are resolved before they are judged
    #[error("`.` and `..` match nothing: paths are resolved before they are judged")]
    NotResolved,
    /// a glob over paths is absolute or begins with `**`
    #[error("a glob over paths is absolute or begins with `**`")]
    Relative,
}

/// Whether a text is a glob over paths, as `[files]` has them.
///
/// # Errors
/// [`GlobError`]
pub fn check_path_glob(pattern: &str) -> Result<(), GlobError> {
    for glob in PathGlob::parse(pattern)? {
        if glob.start == Start::Relative {
            return Err(GlobError::Relative);
        }
    }
    Ok(())
}

/// Whether a text is a glob over an argument, as `when` tables have them.
///
/// # Errors
/// [`GlobError`]
pub fn check_text_glob(pattern: &str) -> Result<(), GlobError> {
    parse_text(pattern).map(|_| ())
}

/// A part of a pattern that has no braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Byte(u8),
    One,
    Star,
    Class(Box<[u8; 32]>),
}

/// How a path has to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Any,
    Root,
    Relative,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Component {
    Named(Vec<Token>),
    AnyDepth,
}

/// A glob over paths, without braces. Covers what it matches and all below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathGlob {
    pub(super) start: Start,
    pub(super) components: Vec<Component>,
}

impl PathGlob {
    /// The globs that a pattern stands for.
    pub(super) fn parse(pattern: &str) -> Result<Vec<Self>, GlobError> {
        expand(pattern)?
            .iter()
            .map(|text| Self::parse_one(text))
            .collect()
    }

    fn parse_one(text: &str) -> Result<Self, GlobError> {
        if text.is_empty() {
            return Err(GlobError::Empty);
        }
        let mut components = Vec::new();
        for text in split_components(text) {
            if text.is_empty() {
                continue;
            }
            if text == "**" {
                // Several in a row say no more than one.
                if components.last() != Some(&Component::AnyDepth) {
                    components.push(Component::AnyDepth);
                }
                continue;
            }
            let tokens = tokens(text, b'/')?;
            if tokens
                .windows(2)
                .any(|pair| pair == [Token::Star, Token::Star])
            {
                return Err(GlobError::BadAnyDepth);
            }
            if literal(&tokens).is_some_and(|name| name == b"." || name == b"..") {
                return Err(GlobError::NotResolved);
            }
            components.push(Component::Named(tokens));
        }
        let start = if text.starts_with('/') {
            Start::Root
        } else if components.first() == Some(&Component::AnyDepth) {
            Start::Any
        } else {
            Start::Relative
        };
        // At the end it is what lies below; alone it is everything, the root too.
        if components.last() == Some(&Component::AnyDepth) {
            if components.len() == 1 {
                components.clear();
            } else {
                components.push(Component::Named(vec![Token::Star]));
            }
        }
        Ok(Self { start, components })
    }

    /// The program for the matcher.
    pub(super) fn program(&self) -> Vec<u8> {
        let mut program = vec![match self.start {
            Start::Any => START_ANY,
            Start::Root => START_ROOT,
            Start::Relative => START_RELATIVE,
        }];
        for component in &self.components {
            match component {
                Component::AnyDepth => program.push(ANY_DEPTH),
                Component::Named(tokens) => {
                    let text = text_program(tokens);
                    // A class takes 33 bytes for the three that it has in a pattern of 4096 at the least.
                    let length = u16::try_from(text.len()).expect("patterns are bounded");
                    program.push(NAMED);
                    program.extend(length.to_le_bytes());
                    program.extend(text);
                }
            }
        }
        program
    }
}

/// The globs over a text that a pattern stands for. `*` and `**` are any text.
pub(super) fn parse_text(pattern: &str) -> Result<Vec<Vec<Token>>, GlobError> {
    expand(pattern)?
        .iter()
        .map(|text| {
            let mut tokens = tokens(text, 0)?;
            tokens.dedup_by(|a, b| *a == Token::Star && *b == Token::Star);
            Ok(tokens)
        })
        .collect()
}

/// A glob over names of events: `*` and `?` only.
pub(super) fn parse_name(pattern: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = pattern
        .bytes()
        .map(|byte| match byte {
            b'*' => Token::Star,
            b'?' => Token::One,
            _ => Token::Byte(byte),
        })
        .collect();
    tokens.dedup_by(|a, b| *a == Token::Star && *b == Token::Star);
    tokens
}

/// The bytes of a pattern that has nothing special.
pub(super) fn literal(tokens: &[Token]) -> Option<Vec<u8>> {
    tokens
        .iter()
        .map(|token| match token {
            Token::Byte(byte) => Some(*byte),
            _ => None,
        })
        .collect()
}

/// The program for the matcher.
pub(super) fn text_program(tokens: &[Token]) -> Vec<u8> {
    let mut program = Vec::new();
    let mut run = Vec::new();
    for token in tokens {
        if let Token::Byte(byte) = token {
            run.push(*byte);
            continue;
        }
        write_literal(&mut run, &mut program);
        match token {
            Token::Byte(_) => {}
            Token::One => program.push(ONE),
            Token::Star => program.push(STAR),
            Token::Class(class) => {
                program.push(CLASS);
                program.extend(&class[..]);
            }
        }
    }
    write_literal(&mut run, &mut program);
    program
}

fn write_literal(run: &mut Vec<u8>, program: &mut Vec<u8>) {
    for piece in run.chunks(usize::from(u8::MAX)) {
        program.push(LITERAL);
        program.push(piece.len() as u8);
        program.extend(piece);
    }
    run.clear();
}

/// Takes the braces out: every pattern that the text stands for.
fn expand(pattern: &str) -> Result<Vec<String>, GlobError> {
    if pattern.len() > LONGEST {
        return Err(GlobError::TooLong);
    }
    let mut done = Vec::new();
    let mut open = vec![pattern.to_owned()];
    while let Some(text) = open.pop() {
        match first_braces(&text)? {
            Some(braces) => {
                let (head, tail) = (&text[..braces.begin], &text[braces.end..]);
                // Taken from the end, so the last one goes in first.
                for choice in braces.choices.iter().rev() {
                    open.push(format!("{head}{choice}{tail}"));
                }
            }
            None => done.push(text),
        }
        if done.len() + open.len() > MOST_ALTERNATIVES {
            return Err(GlobError::TooManyAlternatives);
        }
    }
    Ok(done)
}

struct Braces<'t> {
    begin: usize,
    end: usize,
    choices: Vec<&'t str>,
}

/// The first outermost braces of a text.
fn first_braces(text: &str) -> Result<Option<Braces<'_>>, GlobError> {
    let bytes = text.as_bytes();
    let mut begin = None;
    let mut depth = 0_usize;
    let mut choices = Vec::new();
    let mut choice = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'[' => at = end_of_class(bytes, at)?,
            b'{' => {
                depth += 1;
                if depth == 1 {
                    begin = Some(at);
                    choice = at + 1;
                }
            }
            b',' if depth == 1 => {
                choices.push(&text[choice..at]);
                choice = at + 1;
            }
            b'}' if depth > 0 => {
                depth -= 1;
                if let (0, Some(begin)) = (depth, begin) {
                    choices.push(&text[choice..at]);
                    return Ok(Some(Braces {
                        begin,
                        end: at + 1,
                        choices,
                    }));
                }
            }
            _ => {}
        }
        at += 1;
    }
    if depth > 0 {
        Err(GlobError::OpenBrace)
    } else {
        Ok(None)
    }
}

/// Where the bracket that opens at a place closes.
fn end_of_class(bytes: &[u8], open: usize) -> Result<usize, GlobError> {
    let negated = matches!(bytes.get(open + 1), Some(b'!' | b'^'));
    // A bracket that stands first is one of the characters.
    let first = open + 1 + usize::from(negated);
    (first + 1..bytes.len())
        .find(|&at| bytes[at] == b']')
        .ok_or(GlobError::OpenBracket)
}

/// The text between slashes; those within brackets or behind a backslash separate nothing.
fn split_components(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut components = Vec::new();
    let (mut begin, mut at) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            // A slash has no other meaning that a backslash could take away.
            b'\\' if bytes.get(at + 1) == Some(&b'/') => {
                components.push(&text[begin..at]);
                begin = at + 2;
                at += 1;
            }
            b'\\' => at += 1,
            // Brackets are closed: braces were taken out before.
            b'[' => at = end_of_class(bytes, at).unwrap_or(at),
            b'/' => {
                components.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    components.push(&text[begin.min(text.len())..]);
    components
}

/// The tokens of a text without braces; no class matches `separator`.
fn tokens(text: &str, separator: u8) -> Result<Vec<Token>, GlobError> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        tokens.push(match byte {
            b'*' => Token::Star,
            b'?' => Token::One,
            b'\\' => {
                at += 1;
                Token::Byte(*bytes.get(at).ok_or(GlobError::DanglingBackslash)?)
            }
            b'[' => {
                let end = end_of_class(bytes, at)?;
                let class = class(&bytes[at + 1..end], separator)?;
                at = end;
                Token::Class(class)
            }
            _ => Token::Byte(byte),
        });
        at += 1;
    }
    Ok(tokens)
}

/// The set of what stands between brackets.
fn class(text: &[u8], separator: u8) -> Result<Box<[u8; 32]>, GlobError> {
    let (negated, text) = match text {
        [b'!' | b'^', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if text.is_empty() || !text.is_ascii() {
        return Err(GlobError::BadClass);
    }
    let mut set = Box::new([0_u8; 32]);
    let mut rest = text;
    while let Some(&first) = rest.first() {
        let last = match rest {
            [_, b'-', last, ..] => {
                rest = &rest[3..];
                *last
            }
            _ => {
                rest = &rest[1..];
                first
            }
        };
        if first > last {
            return Err(GlobError::BadClass);
        }
        for byte in first..=last {
            set[usize::from(byte / 8)] |= 1 << (byte % 8);
        }
    }
    if negated {
        set.iter_mut().for_each(|byte| *byte = !*byte);
    }
    if separator != 0 {
        set[usize::from(separator / 8)] &= !(1 << (separator % 8));
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use audithook_matcher::glob::{covers_path, matches_text};

    use super::*;

    fn covers(pattern: &str, path: &str) -> bool {
        let globs = PathGlob::parse(pattern).expect(pattern);
        globs
            .iter()
            .any(|glob| covers_path(&glob.program(), path.as_bytes()))
    }

    fn matches(pattern: &str, text: &str) -> bool {
        let globs = parse_text(pattern).expect(pattern);
        globs
            .iter()
            .any(|tokens| matches_text(&text_program(tokens), text.as_bytes()))
    }

    #[test]
    fn path_globs_mean_what_the_policy_says() {
        for (pattern, covered, beside) in [
            (
                "/a/*",
                &["/a/b", "/a/b/c", "/a/.hidden"][..],
                &["/a", "/ab"][..],
            ),
            ("/a/**", &["/a/b", "/a/b/c"], &["/a", "/b"]),
            (
                "/a/**/b",
                &["/a/b", "/a/x/b", "/a/x/y/b/z"],
                &["/a", "/a/x"],
            ),
            ("**", &["/", "/a"], &[]),
            ("/**", &["/", "/a"], &["a"]),
            (
                "**/.env",
                &["/.env", "/a/.env", "/a/.env/b"],
                &["/a.env", "/env"],
            ),
            (
                "**/*.pem",
                &["/x.pem", "/.pem", "/a/b.c.pem", "/d.pem/x"],
                &["/pem", "/x.pem2"],
            ),
            ("/a/[!b]c", &["/a/xc"], &["/a/bc", "/a/c", "/a//c"]),
            ("/a/[]x]", &["/a/]", "/a/x"], &["/a/y"]),
            ("/a/[a-c-]", &["/a/b", "/a/-"], &["/a/d"]),
            (
                "/{a,b/{c,d}}/x",
                &["/a/x", "/b/c/x", "/b/d/x"],
                &["/b/x", "/c/x"],
            ),
            ("/a{,.bak}", &["/a", "/a.bak"], &["/a.ba"]),
            ("/a\\*b", &["/a*b"], &["/axb"]),
            ("/a[*]b", &["/a*b"], &["/axb"]),
            ("/a\\{b,c}", &["/a{b,c}"], &["/ab"]),
            ("/é?", &["/éx"], &["/é"]),
            ("/a//b/", &["/a/b", "/a/b/c"], &["/a"]),
            ("a/*", &["a/b"], &["/a/b"]),
        ] {
            for path in covered {
                assert!(covers(pattern, path), "{pattern} {path}");
            }
            for path in beside {
                assert!(!covers(pattern, path), "{pattern} {path}");
            }
        }
    }

    #[test]
    fn of_texts_a_star_takes_anything() {
        for (pattern, text, expected) in [
            ("*", "a/b", true),
            ("**", "a/b", true),
            ("a*c", "a/b/c", true),
            ("[!a]", "/", true),
            ("{os,sub*}", "subprocess", true),
            ("{os,sub*}", "posix", false),
            ("", "", true),
            ("", "a", false),
            ("a\\?", "a?", true),
            ("a\\?", "ab", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_no_glob_says_why() {
        let many = "{a,b}".repeat(11);
        for (pattern, error) in [
            ("", GlobError::Empty),
            ("/a[", GlobError::OpenBracket),
            ("/a[]", GlobError::OpenBracket),
            ("/a[!]", GlobError::OpenBracket),
            ("/{a", GlobError::OpenBrace),
            ("/[z-a]", GlobError::BadClass),
            ("/[é]", GlobError::BadClass),
            ("/a**", GlobError::BadAnyDepth),
            ("/**a", GlobError::BadAnyDepth),
            ("/***", GlobError::BadAnyDepth),
            ("/a\\", GlobError::DanglingBackslash),
            ("/a/../*", GlobError::NotResolved),
            ("/./*", GlobError::NotResolved),
            (many.as_str(), GlobError::TooManyAlternatives),
            ("a/*", GlobError::Relative),
            ("{/a,b}/*", GlobError::Relative),
            (&"/a".repeat(2049), GlobError::TooLong),
        ] {
            assert_eq!(check_path_glob(pattern), Err(error), "{pattern}");
        }
        assert_eq!(check_path_glob("/{a,b}*"), Ok(()));
        assert_eq!(check_text_glob("/a**"), Ok(()));
    }

    #[test]
    fn the_longest_patterns_fit_into_programs() {
        let pattern = format!("/{}", "[a]".repeat(LONGEST / 3));
        assert!(check_path_glob(&pattern).is_ok());
        assert!(covers(&pattern, &format!("/{}", "a".repeat(LONGEST / 3))));
        assert!(covers(
            &format!("/{}", "a".repeat(LONGEST - 1)),
            &format!("/{}", "a".repeat(LONGEST - 1))
        ));
    }
}
