//! What is wrong with a policy, where, and what to do about it.

use std::fmt::{self, Write as _};
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

    const fn colour(self) -> &'static str {
        match self {
            Self::Note => "\x1b[1;36m",
            Self::Warning => "\x1b[1;33m",
            Self::Error => "\x1b[1;31m",
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
    /// The text of the line.
    pub text: String,
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
        Self {
            severity,
            message: message.into(),
            file: origin.source.name.clone(),
            line: if numbered { line } else { 0 },
            column: if numbered { column } else { 0 },
            span: origin.span.clone(),
            text: origin.source.line(line).to_owned(),
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

    /// The text for a person: `hooks.toml:7:3: error: …`, the line, the place in it, and the hint.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let paint = |code: &'static str| if color { code } else { "" };
        let (bold, blue, reset) = (paint("\x1b[1m"), paint("\x1b[1;34m"), paint("\x1b[0m"));
        let severity = paint(self.severity.colour());
        let mut out = String::new();
        let mut put = |text: fmt::Arguments<'_>| {
            // Writing to a string cannot fail.
            let _ = out.write_fmt(text);
        };

        put(format_args!("{bold}{}", visible(&self.file)));
        if self.line > 0 {
            put(format_args!(":{}:{}", self.line, self.column));
        }
        put(format_args!(
            ":{reset} {severity}{}{reset}{bold}: {}{reset}\n",
            self.severity.as_str(),
            visible(&self.message)
        ));
        if !self.text.is_empty() || self.line > 0 {
            let number = if self.line > 0 {
                self.line.to_string()
            } else {
                String::new()
            };
            let margin = " ".repeat(number.len());
            let (indent, width) = self.underline();
            put(format_args!("{blue}{margin} |{reset}\n"));
            put(format_args!(
                "{blue}{number} |{reset} {}\n",
                visible(&self.text)
            ));
            put(format_args!(
                "{blue}{margin} |{reset} {}{severity}{}",
                " ".repeat(indent),
                "^".repeat(width)
            ));
            if let Some(label) = &self.label {
                put(format_args!(" {}", visible(label)));
            }
            put(format_args!("{reset}\n"));
        }
        if let Some(hint) = &self.hint {
            put(format_args!("\n{bold}hint:{reset} {}\n", visible(hint)));
        }
        out
    }

    /// Where the carets begin and how many there are, in the columns of the shown line.
    fn underline(&self) -> (usize, usize) {
        let before = (self.column as usize).saturating_sub(1);
        let rest = self.text.chars().count().saturating_sub(before);
        let indent = self.text.chars().take(before).map(shown_width).sum();
        let length = self.span.len();
        let mut bytes = 0;
        let width = self
            .text
            .chars()
            .skip(before)
            .take_while(|character| {
                let inside = bytes < length;
                bytes += character.len_utf8();
                inside
            })
            .take(rest)
            .map(shown_width)
            .sum::<usize>();
        (indent, width.max(1))
    }
}

/// Control characters and what turns text around are shown escaped: a policy may come from a stranger.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => out.push_str("    "),
            '\n' => out.push(character),
            _ if is_hidden(character) => out.extend(character.escape_unicode()),
            _ => out.push(character),
        }
    }
    out
}

fn shown_width(character: char) -> usize {
    match character {
        '\t' => 4,
        _ if is_hidden(character) => character.escape_unicode().count(),
        _ => 1,
    }
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

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

    /// The text for a person, one finding after the other.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let texts: Vec<_> = self
            .0
            .iter()
            .map(|diagnostic| diagnostic.render(color))
            .collect();
        texts.join("\n")
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
