//! How a command ends when it cannot do what was asked.

use std::error::Error;
use std::fmt::{self, Display};
use std::io::{self, Write};

use audithook_journal::ReadError;
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
    /// The same, of a command whose question was another.
    Unusable(Diagnostics),
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

    /// ``cannot write: `hooks.toml`: no such file or directory``
    pub(super) fn because(doing: &str, what: impl Display, error: &io::Error) -> Self {
        Self::new(format!("{doing}: `{what}`: {}", reason(error)))
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

    /// For commands that judge events: 1 says that the event is refused, so a policy with errors is something else.
    pub(super) fn no_verdict(self) -> Self {
        match self {
            Self::Invalid(diagnostics) => Self::Unusable(diagnostics),
            other => other,
        }
    }

    /// The exit status of every command but `run`. A pipe that nobody reads any more ends the command as it ends others in a
    /// pipeline: silently, with the status of SIGPIPE.
    pub(super) fn status(&self) -> u8 {
        match self {
            Self::Invalid(_) => 1,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 128 + 13,
            Self::Unusable(_) | Self::Other { .. } | Self::Output(_) => 2,
        }
    }

    /// Says it on standard error, where nothing can be done if that fails.
    pub(super) fn report(&self, terminal: &mut Terminal) {
        self.report_as("error:", terminal);
    }

    /// Says it on a standard error that is shared with a program.
    pub(super) fn report_in_run(&self, terminal: &mut Terminal) {
        self.report_as("audithook:", terminal);
    }

    fn report_as(&self, prefix: &str, terminal: &mut Terminal) {
        let (paint, width) = (terminal.paint_err(), terminal.width_err());
        let err = terminal.err();
        let error = paint.apply(Style::Red, prefix);
        let _ = match self {
            Self::Invalid(diagnostics) | Self::Unusable(diagnostics) => {
                write!(err, "{}", diagnostics.render_within(paint.is_on(), width))
            }
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Self::Output(cause) => {
                writeln!(
                    err,
                    "{error} cannot write to standard output: {}",
                    reason(cause)
                )
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

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(diagnostics) | Self::Unusable(diagnostics) => diagnostics.fmt(f),
            Self::Output(error) => write!(f, "cannot write to standard output: {}", reason(error)),
            Self::Other {
                message,
                hint: None,
            } => f.write_str(message),
            Self::Other {
                message,
                hint: Some(hint),
            } => write!(f, "{message}\n\nhint: {hint}"),
        }
    }
}

/// What the system says, without the number that Rust adds.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_lowercase()
}

/// A journal that cannot be read.
#[expect(clippy::needless_pass_by_value, reason = "given to `map_err`")]
pub(super) fn unreadable(error: ReadError) -> Failure {
    Failure::new(with_causes(&error))
}

/// An error with what caused it.
pub(super) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |error| (*error).source());
    let said = causes.map(|error| match error.downcast_ref() {
        Some(error) => reason(error),
        None => error.to_string(),
    });
    std::iter::once(error.to_string())
        .chain(said)
        .collect::<Vec<_>>()
        .join(": ")
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
