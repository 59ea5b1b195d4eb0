//! hooks.toml: parsed, checked, planned, compiled to the policy image.
#![forbid(unsafe_code)]

pub mod diagnostic;
pub mod image;
pub mod document;
mod nearest;
mod read;
pub mod schema;
pub mod source;
pub mod units;
