//! Which events a hook is for: names and globs of names.

use audithook_abi::Symbol;

use crate::symbol;

/// A name (`open`), or a glob of names (`order.*`): `*` is any run of characters, dots included, `?` any one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: Box<str>,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Literal(Symbol),
    Glob,
}

impl Pattern {
    /// Reads a pattern. Every text is one.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let kind = if text.contains(['*', '?']) {
            Kind::Glob
        } else {
            Kind::Literal(symbol::intern(text))
        };
        Self {
            text: text.into(),
            kind,
        }
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The one event that is meant, unless this is a glob.
    pub(crate) fn literal(&self) -> Option<Symbol> {
        match self.kind {
            Kind::Literal(name) => Some(name),
            Kind::Glob => None,
        }
    }

    /// Whether the event with this number is meant.
    #[must_use]
    pub fn matches(&self, event: Symbol) -> bool {
        match self.kind {
            Kind::Literal(name) => name == event,
            Kind::Glob if event == symbol::OVERFLOW => true,
            Kind::Glob => symbol::text(event).is_some_and(|name| glob(&self.text, name)),
        }
    }

    /// Whether events of this name are meant.
    #[must_use]
    pub fn matches_name(&self, name: &str) -> bool {
        match self.kind {
            Kind::Literal(_) => *self.text == *name,
            Kind::Glob => glob(&self.text, name),
        }
    }
}

/// What a hook may be attached to: one pattern or several.
pub trait IntoPatterns {
    /// The patterns.
    fn into_patterns(self) -> Vec<Pattern>;
}

impl IntoPatterns for &str {
    fn into_patterns(self) -> Vec<Pattern> {
        vec![Pattern::new(self)]
    }
}

impl IntoPatterns for &String {
    fn into_patterns(self) -> Vec<Pattern> {
        vec![Pattern::new(self)]
    }
}

impl<const N: usize> IntoPatterns for [&str; N] {
    fn into_patterns(self) -> Vec<Pattern> {
        self.into_iter().map(Pattern::new).collect()
    }
}

impl<S: AsRef<str>> IntoPatterns for &[S] {
    fn into_patterns(self) -> Vec<Pattern> {
        self.iter()
            .map(|text| Pattern::new(text.as_ref()))
            .collect()
    }
}

impl<S: AsRef<str>> IntoPatterns for &Vec<S> {
    fn into_patterns(self) -> Vec<Pattern> {
        self.as_slice().into_patterns()
    }
}

impl IntoPatterns for Vec<Pattern> {
    fn into_patterns(self) -> Vec<Pattern> {
        self
    }
}

/// Matches in time `O(pattern · name)`: on a mismatch only the last `*` takes one more character, because an earlier
/// one could gain nothing that the last cannot.
fn glob(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    let mut star = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, n));
                p += 1;
            }
            Some(b'?') => {
                p += 1;
                n += 1;
                // One character, not one byte.
                while name.get(n).is_some_and(|byte| byte & 0xC0 == 0x80) {
                    n += 1;
                }
            }
            Some(byte) if *byte == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((after, taken)) = star else {
                    return false;
                };
                star = Some((after, taken + 1));
                (p, n) = (after, taken + 1);
            }
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_run_and_a_question_mark_any_character() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("*", "open", true),
            ("order.*", "order.created", true),
            ("order.*", "order.line.added", true),
            ("order.*", "order", false),
            ("*.created", "order.created", true),
            ("*.created", "order.created.twice", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("o?en", "open", true),
            ("o?en", "oöen", true),
            ("o?en", "oen", false),
            ("***", "x", true),
        ] {
            assert_eq!(glob(pattern, name), expected, "{pattern} against {name}");
        }
    }

    #[test]
    fn a_glob_that_backtracks_much_is_still_fast() {
        let pattern = "a*".repeat(100) + "b";
        assert!(!glob(&pattern, &"a".repeat(symbol::LONGEST)));
    }

    #[test]
    fn an_event_whose_name_overflowed_is_meant_by_every_glob_and_no_name() {
        assert!(Pattern::new("order.*").matches(symbol::OVERFLOW));
        assert!(!Pattern::new("order.created").matches(symbol::OVERFLOW));
    }
}
