//! Events, interning, the hook plan, dispatch and verdicts.

pub mod hook;

pub use audithook_abi::{Event, Source, Symbol, Tag, Value, Verdict, View};
pub use hook::{After, Gate, HookError, Observer, Outcome, Reply};
