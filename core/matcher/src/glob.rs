//! Glob programs, run where they lie in the image.
//!
//! Both matchers keep one place to come back to, the last star: a later star makes an earlier one pointless to retry, since
//! whatever lies between them has matched as early as it can. So there is no recursion, and the cost is bounded by the
//! product of both lengths.

use crate::bytes::next_name;
use crate::format::glob::{
    ANY_DEPTH, CLASS, LITERAL, NAMED, ONE, STAR, START_ANY, START_RELATIVE, START_ROOT,
};

/// Whether a program over text matches all of a text.
#[must_use]
pub fn matches_text(program: &[u8], text: &[u8]) -> bool {
    let (mut rest, mut at) = (program, 0);
    let mut star: Option<(&[u8], usize)> = None;
    loop {
        let Some((operation, after)) = Operation::first(rest) else {
            if rest.is_empty() && at == text.len() {
                return true;
            }
            match retry(&mut star, text.len()) {
                Some(place) => (rest, at) = place,
                None => return false,
            }
            continue;
        };
        if matches!(operation, Operation::Star) {
            if after.is_empty() {
                return true;
            }
            star = Some((after, at));
            rest = after;
            continue;
        }
        match operation.width_of_match(text.get(at..).unwrap_or(&[])) {
            Some(width) => (rest, at) = (after, at + width),
            None => match retry(&mut star, text.len()) {
                Some(place) => (rest, at) = place,
                None => return false,
            },
        }
    }
}

/// Whether a program over paths matches a path or something above it.
#[must_use]
pub fn covers_path(program: &[u8], path: &[u8]) -> bool {
    let Some((&start, mut rest)) = program.split_first() else {
        return false;
    };
    let rooted = path.first() == Some(&b'/');
    let begins = match start {
        START_ANY => true,
        START_ROOT => rooted,
        START_RELATIVE => !rooted,
        _ => false,
    };
    if !begins {
        return false;
    }
    let mut at = 0;
    let mut star: Option<(&[u8], usize)> = None;
    loop {
        if rest.is_empty() {
            return true;
        }
        let Some((component, after)) = Component::first(rest) else {
            return false;
        };
        let Component::Named(program) = component else {
            star = Some((after, at));
            rest = after;
            continue;
        };
        // Where the path has ended, starting later leaves still less of it.
        let Some((name, end)) = next_name(path, at) else {
            return false;
        };
        if matches_text(program, name) {
            (rest, at) = (after, end);
            continue;
        }
        let Some((again, from)) = star else {
            return false;
        };
        let Some((_, from)) = next_name(path, from) else {
            return false;
        };
        star = Some((again, from));
        (rest, at) = (again, from);
    }
}

/// Whether a program over text is whole.
pub(crate) fn is_sound_text(program: &[u8]) -> bool {
    let mut rest = program;
    while let Some((_, after)) = Operation::first(rest) {
        rest = after;
    }
    rest.is_empty()
}

/// Whether a program over paths is whole.
pub(crate) fn is_sound_path(program: &[u8]) -> bool {
    let Some((&(START_ANY | START_ROOT | START_RELATIVE), mut rest)) = program.split_first() else {
        return false;
    };
    while let Some((component, after)) = Component::first(rest) {
        if let Component::Named(program) = component
            && !is_sound_text(program)
        {
            return false;
        }
        rest = after;
    }
    rest.is_empty()
}

enum Operation<'p> {
    Literal(&'p [u8]),
    One,
    Star,
    Class(&'p [u8; 32]),
}

impl<'p> Operation<'p> {
    /// The first operation of a program, and what follows it; nothing if there is no whole one.
    fn first(program: &'p [u8]) -> Option<(Self, &'p [u8])> {
        let (&code, rest) = program.split_first()?;
        match code {
            LITERAL => {
                let (&length, rest) = rest.split_first()?;
                let (literal, rest) = rest.split_at_checked(length.into())?;
                (!literal.is_empty()).then_some((Self::Literal(literal), rest))
            }
            ONE => Some((Self::One, rest)),
            STAR => Some((Self::Star, rest)),
            CLASS => {
                let (class, rest) = rest.split_first_chunk()?;
                Some((Self::Class(class), rest))
            }
            _ => None,
        }
    }

    /// How many bytes at the start of a text match.
    fn width_of_match(&self, text: &[u8]) -> Option<usize> {
        match self {
            Self::Literal(literal) => text.starts_with(literal).then_some(literal.len()),
            Self::One => (!text.is_empty()).then_some(1),
            Self::Star => Some(0),
            Self::Class(class) => {
                let byte = *text.first()?;
                (class[usize::from(byte / 8)] >> (byte % 8) & 1 == 1).then_some(1)
            }
        }
    }
}

enum Component<'p> {
    Named(&'p [u8]),
    AnyDepth,
}

impl<'p> Component<'p> {
    /// The first component of a program, and what follows it; nothing if there is no whole one.
    fn first(program: &'p [u8]) -> Option<(Self, &'p [u8])> {
        let (&kind, rest) = program.split_first()?;
        match kind {
            NAMED => {
                let (length, rest) = rest.split_first_chunk()?;
                let (program, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
                Some((Self::Named(program), rest))
            }
            ANY_DEPTH => Some((Self::AnyDepth, rest)),
            _ => None,
        }
    }
}

/// Lets the last star take one byte more.
fn retry<'p>(star: &mut Option<(&'p [u8], usize)>, length: usize) -> Option<(&'p [u8], usize)> {
    let (_, at) = star.as_mut()?;
    if *at >= length {
        return None;
    }
    *at += 1;
    *star
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program: `*` and `?`, `[` for a class of `a` and `b`, everything else literal.
    fn text(pattern: &str) -> Vec<u8> {
        let mut program = Vec::new();
        for byte in pattern.bytes() {
            match byte {
                b'*' => program.push(STAR),
                b'?' => program.push(ONE),
                b'[' => {
                    let mut class = [0; 32];
                    class[12] = 0b110;
                    program.push(CLASS);
                    program.extend(class);
                }
                _ => program.extend([LITERAL, 1, byte]),
            }
        }
        program
    }

    fn path(start: u8, pattern: &str) -> Vec<u8> {
        let mut program = vec![start];
        for name in pattern.split('/').filter(|name| !name.is_empty()) {
            if name == "**" {
                program.push(ANY_DEPTH);
            } else {
                let text = text(name);
                program.push(NAMED);
                program.extend((text.len() as u16).to_le_bytes());
                program.extend(text);
            }
        }
        program
    }

    #[test]
    fn a_star_takes_as_much_as_it_has_to() {
        for (pattern, matching, other) in [
            ("", &[""][..], &["a"][..]),
            ("*", &["", "a", "abc"], &[]),
            ("a*c", &["ac", "abc", "acc", "abcabc"], &["ab", "cab", ""]),
            ("*a*b*", &["ab", "xaxbx", "aabb"], &["ba", "a", "b"]),
            ("a?c", &["abc", "acc"], &["ac", "abbc"]),
            ("*?", &["a", "ab"], &[""]),
            ("[*", &["a", "bx"], &["", "cx"]),
            ("*aab", &["aab", "aaab", "abaab"], &["aaba", "ab"]),
        ] {
            let program = text(pattern);
            assert!(is_sound_text(&program));
            for text in matching {
                assert!(matches_text(&program, text.as_bytes()), "{pattern} {text}");
            }
            for text in other {
                assert!(!matches_text(&program, text.as_bytes()), "{pattern} {text}");
            }
        }
    }

    #[test]
    fn a_path_is_covered_by_what_matches_something_above_it() {
        for (start, pattern, matching, other) in [
            (
                START_ROOT,
                "/a/*",
                &["/a/b", "/a/b/c", "/a//b"][..],
                &["/a", "/b/a", "a/b"][..],
            ),
            (
                START_ROOT,
                "/a/**/d",
                &["/a/d", "/a/b/d", "/a/b/c/d/e"],
                &["/a", "/a/b", "/d"],
            ),
            (
                START_ANY,
                "**/x/**/y",
                &["/x/y", "/a/x/b/x/c/y/z", "x/y"],
                &["/y/x", "/x"],
            ),
            (START_ROOT, "/", &["/", "/a"], &["a", ""]),
            (START_RELATIVE, "a/b", &["a/b", "a/b/c"], &["/a/b", "a"]),
            (START_ANY, "**/a/b", &["/a/a/b", "/b/a/a/b/c"], &["/a/c/b"]),
        ] {
            let program = path(start, pattern);
            assert!(is_sound_path(&program));
            for path in matching {
                assert!(covers_path(&program, path.as_bytes()), "{pattern} {path}");
            }
            for path in other {
                assert!(!covers_path(&program, path.as_bytes()), "{pattern} {path}");
            }
        }
    }

    #[test]
    fn a_pattern_of_many_stars_takes_no_exponential_time() {
        let program = text(&"*a".repeat(100));
        assert!(!matches_text(&program, &[b'a'; 99]));
        assert!(!matches_text(
            &program,
            &[[b'a'; 4000].as_slice(), b"b"].concat()
        ));
        let program = path(START_ANY, &"**/a/".repeat(100));
        assert!(!covers_path(&program, "/b/a".repeat(99).as_bytes()));
    }

    #[test]
    fn a_broken_program_is_found_and_matches_nothing() {
        for program in [
            &[LITERAL][..],
            &[LITERAL, 2, b'a'],
            &[LITERAL, 0],
            &[CLASS, 0],
            &[0],
            &[9],
        ] {
            assert!(!is_sound_text(program), "{program:?}");
            assert!(!matches_text(program, b"a"), "{program:?}");
        }
        for program in [
            &[][..],
            &[9],
            &[START_ROOT, NAMED],
            &[START_ROOT, NAMED, 1, 0],
            &[START_ANY, NAMED, 1, 0, LITERAL],
            &[START_ANY, 7],
        ] {
            assert!(!is_sound_path(program), "{program:?}");
            assert!(!covers_path(program, b"/a"), "{program:?}");
        }
    }
}
