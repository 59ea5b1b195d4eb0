//! The policy image and its evaluation.
//!
//! An image is a whole policy laid out as bytes, by `audithook_policy::image`, to be mapped read-only into every process
//! that is watched. [`Image::parse`] checks it once; [`Image::plan`] finds what an event's name needs, once for a name;
//! [`Image::judge`] judges an event by its arguments. Nothing here allocates, recurses on input, or panics on any bytes; what
//! an event costs follows its arguments and not the number of rules (`paths`, `hosts`), and whatever a list needs and the
//! arguments do not say is refused.
//!
//! What the image cannot say (a condition in CEL, a plugin's gate in the supervisor) a [`Judgement`] leaves open, for
//! the caller to ask.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

mod bytes;
mod context;
mod files;
pub mod format;
pub mod glob;
pub mod hash;
pub mod hint;
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
mod root;
mod settings;
pub mod sockets;
mod table;
mod validate;

pub use context::{Context, Names, NoNames};
pub use files::{NO_ROOM, TAKEN_AWAY, is_of_own_doing};
pub use image::{Image, ImageError, Rule, TargetHook, TargetPlugin};
pub use judgement::{Judgement, MOST_NAMED};
pub use plan::{MOST_GROUPS, Plan};
pub use settings::{Mode, Overflow, Protocol};
