//! What reacts to events: gates, afters and observers.

use std::borrow::Cow;

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
}
