//! What reacts to events: gates, afters and observers.

use std::borrow::Cow;
use std::time::Duration;

use audithook_abi::{Event, Verdict};

/// Runs before an operation and may veto it.
pub trait Gate: Send + Sync {
    /// Judges the event. An error is not a verdict: the bus maps it through the hook's `on-error`.
    ///
    /// # Errors
    /// Whatever kept the gate from judging.
    fn judge(&self, event: &Event<'_>, reply: &mut Reply) -> Result<Verdict, HookError>;
}

/// Runs when the operation ended, exactly if its gate was entered, in reverse order.
pub trait After: Send + Sync {
    /// Sees the outcome. `cookie` is what the gate of the same hook left in its [`Reply`].
    ///
    /// # Errors
    /// Whatever went wrong; counted, and never a veto.
    fn ended(&self, event: &Event<'_>, outcome: Outcome, cookie: u64) -> Result<(), HookError>;
}

/// Sees events and holds nothing up.
pub trait Observer: Send + Sync {
    /// Sees the event with its verdict.
    ///
    /// # Errors
    /// Whatever went wrong; counted, and never a veto.
    fn observe(&self, event: &Event<'_>) -> Result<(), HookError>;
}

/// What a gate says beside its verdict.
#[derive(Debug, Default, Clone)]
pub struct Reply {
    /// Why, for the message of a refusal and the journal.
    pub reason: Option<Cow<'static, str>>,
    /// Handed to the same hook's after.
    pub cookie: u64,
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the gates said together.
    pub verdict: Verdict,
    /// 0, or the operation's `errno`.
    pub errno: i32,
}

/// Why a hook failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum HookError {
    /// the hook reported an error: {0}
    #[error("the hook reported an error: {0}")]
    Failed(Cow<'static, str>),
    /// the hook panicked: {0}
    #[error("the hook panicked: {0}")]
    Panicked(Cow<'static, str>),
    /// the hook could not read an argument: {0}
    #[error("the hook could not read an argument: {0}")]
    BadArgument(Cow<'static, str>),
    /// the hook returned {0}, which is no verdict and no error of the ABI
    #[error("the hook returned {0}, which is no verdict and no error of the ABI")]
    UnknownReturn(i32),
    /// the hook is poisoned: it panicked before and is not entered again
    #[error("the hook is poisoned: it panicked before and is not entered again")]
    Poisoned,
    /// the hook did not answer within {0:?}
    #[error("the hook did not answer within {0:?}")]
    TimedOut(Duration),
    /// the hook cannot be entered now: {0}
    ///
    /// That is no failure of the hook's: it counts towards no quarantine.
    #[error("the hook cannot be entered now: {0}")]
    Down(Cow<'static, str>),
}

impl HookError {
    /// Any error as [`HookError::Failed`], for `map_err`.
    pub fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string().into())
    }
}

impl From<&'static str> for HookError {
    fn from(error: &'static str) -> Self {
        Self::Failed(error.into())
    }
}

impl From<String> for HookError {
    fn from(error: String) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Box<dyn std::error::Error + Send + Sync>> for HookError {
    fn from(error: Box<dyn std::error::Error + Send + Sync>) -> Self {
        Self::failed(error)
    }
}

impl Reply {
    /// Deny, and why.
    pub fn deny(&mut self, reason: impl Into<Cow<'static, str>>) -> Verdict {
        self.because(reason, Verdict::Deny)
    }

    /// Warn, and why.
    pub fn warn(&mut self, reason: impl Into<Cow<'static, str>>) -> Verdict {
        self.because(reason, Verdict::Warn)
    }

    /// Kill, and why.
    pub fn kill(&mut self, reason: impl Into<Cow<'static, str>>) -> Verdict {
        self.because(reason, Verdict::Kill)
    }

    fn because(&mut self, reason: impl Into<Cow<'static, str>>, verdict: Verdict) -> Verdict {
        self.reason = Some(reason.into());
        verdict
    }
}
