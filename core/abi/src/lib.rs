//! The plugin ABI: repr(C) types that mirror `include/audithook.h`, the contract.
//!
//! No dependencies, and nothing that allocates: the same types describe an event in the host, in a plugin and in
//! the process that is watched.

mod event;
mod value;
mod verdict;

pub use event::{
    EVENT_DRY_RUN, EVENT_NESTED, EVENT_REPLAY, EVENT_STARTUP, EVENT_TRUNCATED, Event, Symbol,
};
pub use value::{Tag, VALUE_SECRET, VALUE_TRUNCATED, Value, View};
pub use verdict::{Source, Verdict};
