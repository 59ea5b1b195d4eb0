//! The journal: one JSON object a line, one line an event, in the order of `seq`.
//!
//! The way of a record: the supervisor's passes put the records of all rings into a [`Merger`], which gives them out in the
//! order of their times; each gets the next `seq`; a [`Formatter`] makes a line of it; a [`Writer`] appends the line to a file
//! (or a descriptor) and rotates the file. A [`Reader`] reads such files, also while they grow and after a crash; [`Filter`]
//! and [`Renderer`] are the two halves of `audithook log`.
//!
//! The shape of a line is `schema/journal.schema.json`; how it maps to OCSF and ECS is `schema/mapping.md`.
#![forbid(unsafe_code)]

mod clock;
mod errno;
mod filter;
mod format;
mod json;
mod line;
mod merger;
mod reader;
mod render;
mod run_id;
mod writer;

pub use clock::Clock;
pub use filter::{Filter, FilterError, Since};
pub use format::{Entry, Formatter, Rule};
pub use line::{Line, LineRule};
pub use merger::{Merger, Ring};
pub use reader::{MAX_LINE, ReadError, Reader, Skipped};
pub use render::Renderer;
pub use run_id::RunId;
pub use writer::{Rotation, WriteError, Writer};

/// The JSON Schema of a line.
pub const SCHEMA: &str = include_str!("../schema/journal.schema.json");

/// The value of a line's `v`: grows when a field changes its meaning or its type, not when one is added.
pub const VERSION: u32 = 1;
