//! The policy image and its evaluation.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

mod bytes;
mod context;
mod files;
pub mod format;
pub mod glob;
pub mod hash;
mod hooks;
pub mod host;
mod hosts;
mod image;
mod judge;
mod judgement;
mod letters;
mod network;
mod paths;
mod plan;
mod punycode;
mod settings;
mod table;
mod validate;

pub use context::{Context, Names, NoNames};
pub use image::{Image, ImageError, Rule, TargetHook, TargetPlugin};
pub use judgement::{Judgement, MOST_NAMED};
pub use plan::{MOST_GROUPS, Plan};
pub use settings::{Mode, Overflow, Protocol};
