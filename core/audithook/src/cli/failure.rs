//! How a command ends when it cannot do what was asked.

use std::fmt::Display;
use std::io::{self, Write};

use audithook_policy::diagnostic::Diagnostics;

use super::terminal::{Style, Terminal};

/// What a command answers when it could do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// 0
    Good,
    /// 1: invalid, refused, a failed test, a difference.
    No,
}

impl Answer {
    pub(super) const fn no_if(condition: bool) -> Self {
        if condition { Self::No } else { Self::Good }
    }
}

/// Why a command could not do what was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// The policy has errors; they say where.
    Invalid(Diagnostics),
    /// Anything else.
    Other {
        message: String,
        hint: Option<String>,
    },
    /// Standard output cannot be written.
    Output(io::Error),
}

impl Failure {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self::Other {
            message: message.into(),
            hint: None,
        }
    }

    /// ``cannot open journal: `out.jsonl`: No such file or directory``
    pub(super) fn because(doing: &str, what: impl Display, error: impl Display) -> Self {
        Self::new(format!("{doing}: `{what}`: {error}"))
    }

    pub(super) fn hinted(self, hint: impl Into<String>) -> Self {
        match self {
            Self::Other { message, .. } => Self::Other {
                message,
                hint: Some(hint.into()),
            },
            other => other,
        }
    }

    /// The exit status of every command but `run`. A pipe that nobody reads any more ends the command as it ends others in a
    /// pipeline: silently, with the status of SIGPIPE.
    pub(super) fn status(&self) -> u8 {
        match self {
            Self::Invalid(_) => 1,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 128 + 13,
            Self::Other { .. } | Self::Output(_) => 2,
        }
    }

    /// Says it on standard error, where nothing can be done if that fails.
    pub(super) fn report(&self, terminal: &mut Terminal) {
        let (paint, err) = (terminal.paint_err(), terminal.err());
        let error = paint.apply(Style::Red, "error:");
        let _ = match self {
            Self::Invalid(diagnostics) => {
                write!(err, "{}", diagnostics.render(paint.is_on()))
            }
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Self::Output(cause) => {
                writeln!(err, "{error} cannot write to standard output: {cause}")
            }
            Self::Other {
                message,
                hint: None,
            } => writeln!(err, "{error} {message}"),
            Self::Other {
                message,
                hint: Some(hint),
            } => {
                writeln!(err, "{error} {message}\n\n{} {hint}", paint.bold("hint:"))
            }
        };
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
