//! What hooks are.

use std::sync::Arc;

use audithook_abi::{Event, Verdict};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Host, Plugin, Reply, Result};

/// A function of a plugin that a policy can call. A value of the type is one `[[hook]]`: two with different `with` are two.
pub trait Hook: Sized + Send + Sync + 'static {
    /// Whose function it is.
    type Plugin: Plugin;

    /// What `with` holds. Refuse unknown keys with `#[serde(deny_unknown_fields)]`.
    type With: DeserializeOwned;

    /// The JSON Schema of `with`; may be empty. A text of the `format` `argument` is the name of an argument: a policy whose
    /// events cannot have it is refused.
    const WITH_SCHEMA: &'static str = "";

    /// The same, where it is made of a type: asked for once, when the library is loaded.
    #[must_use]
    fn with_schema() -> String {
        Self::WITH_SCHEMA.to_owned()
    }

    /// Makes the hook. Names of arguments are interned here, once.
    ///
    /// # Errors
    /// It cannot be made; [`Failure::bad_argument`](crate::Failure::bad_argument) refuses `with`.
    fn attach(plugin: &Arc<Self::Plugin>, attach: &Attach<'_>, with: Self::With) -> Result<Self>;
}

/// Runs before an operation and may veto it.
pub trait Gate: Hook {
    /// Judges an event.
    ///
    /// # Errors
    /// It cannot be judged. That is not a verdict.
    fn judge(&self, event: &Event<'_>, reply: &mut Reply<'_>) -> Result<Verdict>;
}

/// Runs when the operation ended. With a gate in the same hook: exactly once for each of its calls.
pub trait After: Hook {
    /// Sees the outcome, and the cookie that the gate left in its [`Reply`].
    ///
    /// # Errors
    /// Something went wrong; counted, never a veto.
    fn ended(&self, event: &Event<'_>, outcome: Outcome, cookie: u64) -> Result<()>;
}

/// Sees events and holds nothing up.
pub trait Observer: Hook {
    /// Sees an event with its verdict.
    ///
    /// # Errors
    /// Something went wrong; counted, never a veto.
    fn observe(&self, event: &Event<'_>) -> Result<()>;
}

/// What a hook learns when it is attached.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attach<'a> {
    /// The host.
    pub host: Host,
    /// The hook's name in the policy, for messages and reports: `hook.count-imports`. May be empty.
    pub name: &'a str,
    /// The names and globs of events, separated by one space. May be empty.
    pub on: &'a str,
}

impl<'a> Attach<'a> {
    pub(crate) const fn new(host: Host, name: &'a str, on: &'a str) -> Self {
        Self { host, name, on }
    }
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the gates said together.
    pub verdict: Verdict,
    /// 0, or the operation's errno.
    pub errno: i32,
}

/// The `with` of a hook that takes none.
#[derive(Clone, Copy, Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoWith {}
