//! The policy image and its evaluation.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

mod context;
mod image;
mod judgement;
mod plan;
mod settings;

pub use context::{Context, Names, NoNames};
pub use image::{Image, ImageError, Rule, TargetHook, TargetPlugin};
pub use judgement::{Judgement, MOST_NAMED};
pub use plan::{MOST_GROUPS, Plan};
pub use settings::{Mode, Overflow, Protocol};
