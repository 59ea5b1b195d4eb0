//! The plugin ABI: repr(C) types that mirror `include/audithook.h`, the contract.
//!
//! No dependencies, and nothing that allocates: the same types describe an event in the host, in a plugin and in
//! the process that is watched.

pub mod arrow;
pub mod command;
mod event;
pub mod host;
pub mod interface;
#[cfg(test)]
mod layout;
pub mod plugin;
#[cfg(test)]
mod tests;
mod value;
mod verdict;

pub use event::{
    EVENT_DRY_RUN, EVENT_NESTED, EVENT_REPLAY, EVENT_STARTUP, EVENT_TRUNCATED, Event, Symbol,
};
pub use host::{LogLevel, RawHost, status};
pub use plugin::{
    ABI_MAJOR, ABI_MINOR, RawAttach, RawAttachment, RawHook, RawInstance, RawOutcome, RawPlugin,
    RawReply, RawReport, RawSink, RawStr,
};
pub use value::{Tag, VALUE_SECRET, VALUE_TRUNCATED, Value, View};
pub use verdict::{Source, Verdict};
