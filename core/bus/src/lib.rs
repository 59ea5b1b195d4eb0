//! Events, interning, the hook plan, dispatch and verdicts.
#![forbid(unsafe_code)]

mod attach;
mod bus;
mod callsite;
mod decision;
mod dispatch;
mod health;
pub mod hook;
mod ledger;
mod lineage;
mod operation;
mod owned;
mod pattern;
mod plan;
mod queue;
mod report;
mod seat;
pub mod symbol;
mod value;

pub use attach::{
    Attached, Builder, Detached, Done, Hook, HookId, Judgement, Kind, Mode, OnError, Sink, kinds,
};
pub use audithook_abi::{Event, Source, Symbol, Tag, Value, Verdict, View};
pub use bus::{Bus, BusStats, ChangeError, Retired, Settings};
pub use callsite::{ArgName, Callsite};
pub use decision::{Allowed, Answer, Decision, Denied};
pub use health::{HookStats, Quarantine, State};
pub use hook::{After, Gate, HookError, Observer, Outcome, Reply};
pub use ledger::SAMPLE;
pub use lineage::MAX_DEPTH;
pub use operation::Operation;
pub use owned::OwnedEvent;
pub use pattern::{IntoPatterns, Pattern};
pub use queue::{Loss, Overflow, Queue, QueueStats};
pub use symbol::intern;
pub use value::{Arguments, EventExt, ToValue};
