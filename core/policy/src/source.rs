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

    /// Line and column of a byte, both from 1; columns count characters.
    #[must_use]
    pub fn position(&self, offset: usize) -> (u32, u32) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.lines.partition_point(|start| *start <= offset) - 1;
        let column = self.text[self.lines[line]..offset].chars().count() + 1;
        (line as u32 + 1, column as u32)
    }

    /// The text of a line, from 1, without its end.
    #[must_use]
    pub fn line(&self, number: u32) -> &str {
        let index = (number as usize).saturating_sub(1);
        let Some(start) = self.lines.get(index) else {
            return "";
        };
        let end = self
            .lines
            .get(index + 1)
            .copied()
            .unwrap_or(self.text.len());
        self.text[*start..end].trim_end_matches(['\n', '\r'])
    }
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
            self.source.position(self.span.start).0
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
