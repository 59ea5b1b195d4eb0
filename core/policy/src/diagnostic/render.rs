//! Findings as text for a person: the place, a window of the line, carets, and the hint.

use std::fmt::{self, Write as _};
use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use super::{Diagnostic, Severity};

/// How many columns there are where nobody knows.
pub(super) const WIDTH: usize = 100;
/// How many columns of a line are shown on the narrowest terminal.
const NARROWEST: usize = 20;
/// How many characters of a message, a label or a hint are shown: a value may be as long as a file.
const LONGEST: usize = 400;
/// How many columns are left before a place that stands where the line was cut.
const BEFORE: usize = 4;

impl Diagnostic {
    /// The text for a person: `hooks.toml:7:3: error: …`, the line, the place in it, and the hint.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        self.render_within(color, WIDTH)
    }

    /// The same for a terminal of so many columns: of a longer line what is around the place.
    #[must_use]
    pub fn render_within(&self, color: bool, width: usize) -> String {
        let paint = |code: &'static str| if color { code } else { "" };
        let (bold, blue, reset) = (paint("\x1b[1m"), paint("\x1b[1;34m"), paint("\x1b[0m"));
        let severity = paint(colour(self.severity));
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
            visible(&shortened(&self.message))
        ));
        if !self.text.is_empty() || self.line > 0 {
            let number = if self.line > 0 {
                self.line.to_string()
            } else {
                String::new()
            };
            let margin = " ".repeat(number.len());
            let label = self
                .label
                .as_deref()
                .map(|label| visible(&shortened(label)));
            let room = width.saturating_sub(number.len() + " | ".len());
            let window = Window::of(self, label.as_deref().map_or(0, width_of), room);
            put(format_args!("{blue}{margin} |{reset}\n"));
            put(format_args!("{blue}{number} |{reset} {}\n", window.text));
            put(format_args!(
                "{blue}{margin} |{reset} {}{severity}{}",
                " ".repeat(window.indent),
                "^".repeat(window.carets)
            ));
            if let Some(label) = label {
                put(format_args!(" {label}"));
            }
            put(format_args!("{reset}\n"));
        }
        if let Some(hint) = &self.hint {
            let hint = visible(&shortened(hint));
            put(format_args!("\n{bold}hint:{reset} {hint}\n"));
        }
        out
    }

    /// What it points at, as characters of its text.
    fn pointed_at(&self) -> Range<usize> {
        let start = self.column.max(1).saturating_sub(self.text_column) as usize;
        let mut bytes = 0;
        let inside = self.text.chars().skip(start).take_while(|character| {
            let is_inside = bytes < self.span.len();
            bytes += character.len_utf8();
            is_inside
        });
        start..start + inside.count()
    }
}

/// What is shown of a line.
struct Window {
    text: String,
    /// How many columns stand before the carets.
    indent: usize,
    carets: usize,
}

impl Window {
    /// The whole line where there is room for it; else what is around the place, with `…` where it was cut.
    fn of(diagnostic: &Diagnostic, label: usize, room: usize) -> Self {
        let line = Line::of(&diagnostic.text);
        let place = diagnostic.pointed_at();
        let (start, end) = (line.column(place.start), line.column(place.end));
        let (goes_before, goes_on) = (diagnostic.text_column > 1, diagnostic.text_goes_on);
        let shown = if line.column(line.cells.len()) <= room && !goes_before && !goes_on {
            0..line.cells.len()
        } else {
            line.around(start..end + label, room.max(NARROWEST) - 2)
        };
        let is_cut_before = shown.start > 0 || goes_before;
        let is_cut_behind = shown.end < line.cells.len() || goes_on;
        let mark = |is_cut: bool| if is_cut { "…" } else { "" };
        let inside: String = line.cells[shown.clone()]
            .iter()
            .map(|cell| cell.text.as_str())
            .collect();
        let last = end.min(line.column(shown.end)) + usize::from(place.end > shown.end);
        Self {
            text: format!("{}{inside}{}", mark(is_cut_before), mark(is_cut_behind)),
            indent: start - line.column(shown.start) + usize::from(is_cut_before),
            carets: last.saturating_sub(start).max(1),
        }
    }
}

/// A line as it is shown.
struct Line {
    cells: Vec<Cell>,
    /// The column that each cell begins at, from 0, and the end of all.
    columns: Vec<usize>,
}

impl Line {
    fn of(text: &str) -> Self {
        let cells: Vec<_> = text.chars().map(Cell::of).collect();
        let mut columns = vec![0];
        let mut end = 0;
        for cell in &cells {
            end += cell.width;
            columns.push(end);
        }
        Self { cells, columns }
    }

    fn column(&self, cell: usize) -> usize {
        self.columns[cell.min(self.cells.len())]
    }

    /// The cells of a window that has these columns in its middle: all of them, or as many from their first one as there is
    /// room for.
    fn around(&self, columns: Range<usize>, room: usize) -> Range<usize> {
        let beside = room.saturating_sub(columns.len().max(1)) / 2;
        let first = columns.start.saturating_sub(beside.max(BEFORE));
        // Nothing is gained by room behind the end.
        let end = self.column(self.cells.len()).max(columns.end);
        let first = first.min(end.saturating_sub(room));
        let from = self.columns.partition_point(|column| *column < first);
        let limit = self.columns[from] + room;
        let to = self.columns.partition_point(|column| *column <= limit) - 1;
        from..to
    }
}

/// A character as it is shown.
struct Cell {
    text: String,
    /// In columns.
    width: usize,
}

impl Cell {
    fn of(character: char) -> Self {
        let text = visible(character.encode_utf8(&mut [0; 4]));
        Self {
            width: width_of(&text),
            text,
        }
    }
}

const fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "\x1b[1;36m",
        Severity::Warning => "\x1b[1;33m",
        Severity::Error => "\x1b[1;31m",
    }
}

/// `11,980`
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Beginning and end of what is too long to be read: both have words.
fn shortened(text: &str) -> String {
    let count = text.chars().count();
    if count <= LONGEST {
        return text.to_owned();
    }
    let beginning = text.chars().take(LONGEST / 2);
    let end = text.chars().skip(count - LONGEST / 2);
    beginning.chain(['…']).chain(end).collect()
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

/// In columns of a terminal: letters of East Asia take two, accents that are written over others none.
fn width_of(text: &str) -> usize {
    text.chars().filter_map(UnicodeWidthChar::width).sum()
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
