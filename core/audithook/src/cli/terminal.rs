//! Where output goes and how it is coloured.

use std::fmt;
use std::io::{self, BufWriter, IsTerminal, Stderr, Stdout, Write};
use std::os::fd::AsFd;

use super::arguments::ColorWhen;

/// Data to standard output, everything else to standard error.
pub(super) struct Terminal {
    out: BufWriter<Stdout>,
    err: Stderr,
    paint_out: Paint,
    paint_err: Paint,
    width_out: usize,
    width_err: usize,
}

/// How wide text is set that goes to no terminal.
const WIDTH: usize = 100;

/// Whether text is coloured. Colour never says what the text does not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    is_on: bool,
}

/// A colour or weight: the parameters of an SGR sequence (ECMA-48).
#[derive(Clone, Copy, Debug)]
pub(super) enum Style {
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
    Cyan,
}

impl Terminal {
    pub(super) fn new(when: ColorWhen) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        let paint = |is_terminal| Paint {
            is_on: match when {
                ColorWhen::Always => true,
                ColorWhen::Never => false,
                ColorWhen::Auto => is_terminal && wants_colour(),
            },
        };
        Self {
            paint_out: paint(out.is_terminal()),
            paint_err: paint(err.is_terminal()),
            width_out: width_of(&out),
            width_err: width_of(&err),
            out: BufWriter::new(out),
            err,
        }
    }

    /// For data.
    pub(super) fn out(&mut self) -> &mut impl Write {
        &mut self.out
    }

    /// For everything else.
    pub(super) fn err(&mut self) -> &mut impl Write {
        &mut self.err
    }

    /// How data is coloured.
    pub(super) const fn paint(&self) -> Paint {
        self.paint_out
    }

    /// How everything else is coloured.
    pub(super) const fn paint_err(&self) -> Paint {
        self.paint_err
    }

    /// How many columns there are for data.
    pub(super) const fn width(&self) -> usize {
        self.width_out
    }

    /// How many columns there are for everything else.
    pub(super) const fn width_err(&self) -> usize {
        self.width_err
    }

    /// One value as JSON, for people and programs alike.
    pub(super) fn json(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut self.out, value)?;
        self.out.write_all(b"\n")
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The columns of a terminal; those of a usual one where there is none, or it does not say.
fn width_of(file: impl AsFd) -> usize {
    match rustix::termios::tcgetwinsize(file) {
        Ok(size) if size.ws_col > 0 => size.ws_col.into(),
        _ => WIDTH,
    }
}

/// `NO_COLOR` (no-color.org) counts if it is not empty; a terminal that says `dumb` knows no colours.
fn wants_colour() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !is_set("NO_COLOR") && std::env::var_os("TERM").is_some_and(|term| term != "dumb")
}

impl Paint {
    pub(super) const fn is_on(self) -> bool {
        self.is_on
    }

    pub(super) const fn apply<T>(self, style: Style, text: T) -> Painted<T> {
        Painted {
            style: if self.is_on { Some(style) } else { None },
            text,
        }
    }

    pub(super) const fn bold<T>(self, text: T) -> Painted<T> {
        self.apply(Style::Bold, text)
    }

    pub(super) const fn dim<T>(self, text: T) -> Painted<T> {
        self.apply(Style::Dim, text)
    }
}

/// Text between the sequences that begin and end its style. Padding in a format counts the text alone.
pub(super) struct Painted<T> {
    style: Option<Style>,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(style) = self.style else {
            return self.text.fmt(f);
        };
        let code = match style {
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Red => "1;31",
            Style::Green => "32",
            Style::Yellow => "33",
            Style::Cyan => "36",
        };
        write!(f, "\x1b[{code}m")?;
        self.text.fmt(f)?;
        f.write_str("\x1b[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_wraps_the_text_and_padding_counts_the_text_alone() {
        let paint = Paint { is_on: true };
        assert_eq!(format!("{:<4}|", paint.bold("ab")), "\x1b[1mab  \x1b[0m|");
        let plain = Paint { is_on: false };
        assert_eq!(format!("{:<4}|", plain.bold("ab")), "ab  |");
    }
}
