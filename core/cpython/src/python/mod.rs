//! The `cpython` source: a C audit hook inside an unmodified interpreter.

pub(crate) mod api;
pub(crate) mod decode;
mod entry;
pub(crate) mod hook;
mod objects;
pub(crate) mod startup;
