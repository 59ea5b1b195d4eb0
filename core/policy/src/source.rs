//! Texts that policies are read from, and places in them.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// One text: a file, a preset, standard input, or a flag.
#[derive(Debug)]
pub struct Source {
    /// How messages call it: the path as given, `preset python`, `--read`.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// Its text.
    pub text: String,
    /// What relative paths in it belong to.
    pub base: PathBuf,
    order: OnceLock<u32>,
    lines: Vec<usize>,
    /// How many characters stand before each [`STRIDE`] of bytes: a line may be as long as the text, and have a thousand places.
    characters: OnceLock<Vec<usize>>,
}

/// How many bytes are counted for one place, at most.
const STRIDE: usize = 1024;
/// How much of a line is taken on either side of where a place begins, in bytes: more than any terminal shows.
const EXCERPT: usize = 1024;

/// The part of a line that is around a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub(crate) text: String,
    /// The column that it begins at, from 1.
    pub(crate) column: u32,
    /// Whether the line goes on behind it.
    pub(crate) goes_on: bool,
}

/// What a [`Source`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// A file, by its absolute path.
    File(PathBuf),
    /// A preset that comes with audithook.
    Preset,
    /// A text without a file, such as `-c -`.
    Text,
    /// The value of a flag.
    Flag,
    /// What holds without being written: audithook's own files.
    Implicit,
}

impl Source {
    /// A text.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        kind: SourceKind,
        text: impl Into<String>,
        base: &Path,
    ) -> Self {
        let text = text.into();
        let lines = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(place, _)| place + 1))
            .collect();
        Self {
            name: name.into(),
            kind,
            text,
            base: base.to_path_buf(),
            order: OnceLock::new(),
            lines,
            characters: OnceLock::new(),
        }
    }

    /// Its place among the texts of a policy: what a file extends comes before it, flags come last.
    #[must_use]
    pub fn order(&self) -> u32 {
        self.order.get().copied().unwrap_or(u32::MAX)
    }

    /// Places it; the first place stands.
    pub(crate) fn set_order(&self, order: u32) {
        let _ = self.order.set(order);
    }

    /// The file, if it is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.kind {
            SourceKind::File(path) => Some(path),
            _ => None,
        }
    }

    /// The preset's name, if it is one.
    #[must_use]
    pub fn preset(&self) -> Option<&str> {
        match self.kind {
            SourceKind::Preset => self.name.strip_prefix("preset "),
            _ => None,
        }
    }

    /// Whether its lines have numbers that mean something to a reader.
    #[must_use]
    pub fn has_lines(&self) -> bool {
        !matches!(self.kind, SourceKind::Flag | SourceKind::Implicit)
    }

    /// The line of a byte, from 1.
    #[must_use]
    pub fn line(&self, offset: usize) -> u32 {
        self.lines.partition_point(|start| *start <= offset) as u32
    }

    /// Line and column of a byte, both from 1; columns count characters.
    #[must_use]
    pub fn position(&self, offset: usize) -> (u32, u32) {
        let offset = self.boundary(offset);
        let line = self.line(offset) as usize - 1;
        let column = self.characters_before(offset) - self.characters_before(self.lines[line]) + 1;
        (line as u32 + 1, column as u32)
    }

    /// What a reader is shown of the line that a byte is in.
    pub(crate) fn excerpt(&self, offset: usize) -> Excerpt {
        let offset = self.boundary(offset);
        let line = self.lines.partition_point(|start| *start <= offset) - 1;
        let next = self.lines.get(line + 1).copied();
        let whole = self.lines[line]..next.unwrap_or(self.text.len());
        let start = self.boundary(whole.start.max(offset.saturating_sub(EXCERPT)));
        let end = self.boundary(whole.end.min(offset + EXCERPT));
        Excerpt {
            text: self.text[start..end]
                .trim_end_matches(['\n', '\r'])
                .to_owned(),
            column: self.position(start).1,
            goes_on: !self.text[end..whole.end]
                .trim_end_matches(['\n', '\r'])
                .is_empty(),
        }
    }

    /// The byte, or the one before it that begins a character.
    fn boundary(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }

    /// How many characters the text has before a byte that begins one.
    fn characters_before(&self, offset: usize) -> usize {
        let counts = self.characters.get_or_init(|| {
            let mut count = 0;
            let chunks = self.text.as_bytes().chunks(STRIDE);
            chunks
                .map(|chunk| {
                    let before = count;
                    count += begun(chunk);
                    before
                })
                .collect()
        });
        match counts.get(offset / STRIDE) {
            Some(count) => count + begun(&self.text.as_bytes()[offset - offset % STRIDE..offset]),
            // The end of a text of whole chunks, or of none.
            None => counts.last().map_or(0, |count| {
                count + begun(&self.text.as_bytes()[offset.saturating_sub(STRIDE)..offset])
            }),
        }
    }
}

/// How many characters begin in these bytes of UTF-8.
fn begun(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

/// Where something is written: shown as `hooks.toml:7`.
#[derive(Clone)]
pub struct Origin {
    /// The text.
    pub source: Arc<Source>,
    /// The bytes of it.
    pub span: Range<usize>,
}

impl Origin {
    /// A whole text.
    #[must_use]
    pub fn whole(source: &Arc<Source>) -> Self {
        Self {
            source: Arc::clone(source),
            span: 0..source.text.len(),
        }
    }

    /// The name of the text.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.source.name
    }

    /// The line, from 1; 0 for a flag.
    #[must_use]
    pub fn line(&self) -> u32 {
        if self.source.has_lines() {
            self.source.line(self.span.start)
        } else {
            0
        }
    }

    /// The column, from 1; 0 for a flag.
    #[must_use]
    pub fn column(&self) -> u32 {
        if self.source.has_lines() {
            self.source.position(self.span.start).1
        } else {
            0
        }
    }

    /// Sorts in the order in which things take effect: by text, then by place.
    #[must_use]
    pub fn order(&self) -> (u32, usize) {
        (self.source.order(), self.span.start)
    }

    /// Whether it is the user's own: neither a preset's nor implicit.
    #[must_use]
    pub fn is_users(&self) -> bool {
        !matches!(self.source.kind, SourceKind::Preset | SourceKind::Implicit)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source.name)?;
        match self.line() {
            0 => Ok(()),
            line => write!(f, ":{line}"),
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}:{}", self.column())
    }
}

/// A value and where it is written.
#[derive(Clone)]
pub struct Spot<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub origin: Origin,
}

impl<T> Spot<T> {
    /// A value that is written here.
    #[must_use]
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// Another value in the same place.
    #[must_use]
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Spot<U> {
        Spot {
            value: make(self.value),
            origin: self.origin,
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Spot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:?}", self.value, self.origin)
    }
}

/// The grammar's schema does not see places.
impl<T: schemars::JsonSchema> schemars::JsonSchema for Spot<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new("hooks.toml", SourceKind::Text, text, Path::new("/"))
    }

    #[test]
    fn a_place_is_counted_in_characters_however_long_its_line() {
        for length in [
            0,
            1,
            STRIDE - 1,
            STRIDE,
            STRIDE + 1,
            3 * STRIDE,
            3 * STRIDE + 7,
        ] {
            for letter in ["a", "é", "界", "🦀"] {
                let text = format!("first\n{}", letter.repeat(length));
                let source = source(&text);
                let last = length.saturating_sub(1);
                let begins = 6 + last * letter.len();
                assert_eq!(
                    source.position(begins),
                    (2, last as u32 + 1),
                    "{letter} {length}"
                );
                assert_eq!(source.position(text.len()), (2, length as u32 + 1));
                assert_eq!(source.position(usize::MAX), (2, length as u32 + 1));
            }
        }
        assert_eq!(source("").position(0), (1, 1));
        assert_eq!(source("é").position(1), (1, 1), "inside a character");
    }

    #[test]
    fn of_a_long_line_what_is_around_the_place_is_taken() {
        let text = format!("one\n{}x{}\r\nthree", "é".repeat(4000), "界".repeat(4000));
        let source = source(&text);
        let excerpt = source.excerpt(4 + 8000);
        assert_eq!(excerpt.column, 4001 - (EXCERPT / 2) as u32);
        assert!(excerpt.text.starts_with('é') && excerpt.text.ends_with('界'));
        assert!(excerpt.text.len() <= 2 * EXCERPT && excerpt.goes_on);
        let whole = |text: &str| Excerpt {
            text: text.to_owned(),
            column: 1,
            goes_on: false,
        };
        assert_eq!(source.excerpt(0), whole("one"));
        assert_eq!(source.excerpt(text.len()), whole("three"));
    }
}
