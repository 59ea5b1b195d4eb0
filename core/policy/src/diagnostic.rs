//! What is wrong with a policy, where, and what to do about it.

mod render;

use std::cmp::Reverse;
use std::fmt;
use std::ops::Range;

use serde::Serialize;

use crate::source::Origin;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; `plan` shows it.
    Note,
    /// Probably a mistake; the policy holds as written.
    Warning,
    /// There is no policy.
    Error,
}

impl Severity {
    /// The word that messages use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, with the value in backticks after a colon.
    pub message: String,
    /// The file as messages name it, or the flag.
    pub file: String,
    /// From 1; 0 where lines mean nothing (a flag, a file that cannot be read).
    pub line: u32,
    /// From 1, in characters; 0 where [`line`](Self::line) is.
    pub column: u32,
    /// The bytes of the file.
    pub span: Range<usize>,
    /// The text of the line; of a long one what is around the place.
    pub text: String,
    /// The column that [`text`](Self::text) begins at, from 1.
    pub text_column: u32,
    /// Whether the line goes on behind [`text`](Self::text).
    pub text_goes_on: bool,
    /// Said under the place.
    pub label: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A finding at a place.
    #[must_use]
    pub fn new(severity: Severity, message: impl Into<String>, origin: &Origin) -> Self {
        let (line, column) = origin.source.position(origin.span.start);
        let numbered = origin.source.has_lines();
        let excerpt = origin.source.excerpt(origin.span.start);
        Self {
            severity,
            message: message.into(),
            file: origin.source.name.clone(),
            line: if numbered { line } else { 0 },
            column: if numbered { column } else { 0 },
            span: origin.span.clone(),
            text: excerpt.text,
            text_column: excerpt.column,
            text_goes_on: excerpt.goes_on,
            label: None,
            hint: None,
        }
    }

    /// An error at a place.
    #[must_use]
    pub fn error(message: impl Into<String>, origin: &Origin) -> Self {
        Self::new(Severity::Error, message, origin)
    }

    /// A warning at a place.
    #[must_use]
    pub fn warning(message: impl Into<String>, origin: &Origin) -> Self {
        Self::new(Severity::Warning, message, origin)
    }

    /// A note at a place.
    #[must_use]
    pub fn note(message: impl Into<String>, origin: &Origin) -> Self {
        Self::new(Severity::Note, message, origin)
    }

    /// An error about a whole file, such as one that cannot be read.
    #[must_use]
    pub fn of_file(message: impl Into<String>, file: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            file: file.into(),
            line: 0,
            column: 0,
            span: 0..0,
            text: String::new(),
            text_column: 1,
            text_goes_on: false,
            label: None,
            hint: None,
        }
    }

    /// The same with words under the place.
    #[must_use]
    pub fn labelled(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The same with what to do.
    #[must_use]
    pub fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// How many findings a person is shown at once: the next is read when these are mended.
const SHOWN: usize = 20;

/// All that was found, in the order of the files.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.0
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there can be no policy.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Those of this severity or worse.
    pub fn at_least(&self, severity: Severity) -> impl Iterator<Item = &Diagnostic> {
        self.0
            .iter()
            .filter(move |diagnostic| diagnostic.severity >= severity)
    }

    /// The text for a person, one finding after the other. Of many the worst are shown, and how many more there are.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        self.render_within(color, render::WIDTH)
    }

    /// The same for a terminal of so many columns.
    #[must_use]
    pub fn render_within(&self, color: bool, width: usize) -> String {
        let mut places: Vec<_> = (0..self.0.len()).collect();
        places.sort_by_key(|place| Reverse(self.0[*place].severity));
        let rest = places.split_off(places.len().min(SHOWN));
        places.sort_unstable();
        let mut texts: Vec<_> = places
            .into_iter()
            .map(|place| self.0[place].render_within(color, width))
            .collect();
        if !rest.is_empty() {
            texts.push(self.counted(&rest));
        }
        texts.join("\n")
    }

    /// `and 11,980 more errors, 2 more warnings`
    fn counted(&self, places: &[usize]) -> String {
        let counts: Vec<_> = [Severity::Error, Severity::Warning, Severity::Note]
            .into_iter()
            .filter_map(|severity| {
                let is_one = |place: &&usize| self.0[**place].severity == severity;
                match places.iter().filter(is_one).count() {
                    0 => None,
                    1 => Some(format!("1 more {}", severity.as_str())),
                    count => Some(format!(
                        "{} more {}s",
                        render::grouped(count),
                        severity.as_str()
                    )),
                }
            })
            .collect();
        format!("and {}\n", counts.join(", "))
    }

    /// Those of this severity or worse, for themselves.
    #[must_use]
    pub fn only_at_least(&self, severity: Severity) -> Self {
        Self(self.at_least(severity).cloned().collect())
    }

    /// Errors before warnings before notes would tear files apart: only the places order them.
    pub(crate) fn sort(&mut self, order: impl Fn(&Diagnostic) -> (u32, usize)) {
        self.0.sort_by_key(|diagnostic| order(diagnostic));
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// The same as for a person: `fn main() -> Result<(), Diagnostics>` shows it.
impl fmt::Debug for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Diagnostics {}
