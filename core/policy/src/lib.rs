//! hooks.toml: parsed, checked, planned, compiled to the policy image.
//!
//! One way leads through this crate, and each step knows only the one before it:
//!
//! ```text
//! text ── read ──▶ Document ── merge ──▶ Document ── check ──▶ Policy ──┬─ image_input ──▶ image::build ──▶ bytes
//!  ▲                (grammar)  extends,   (one)      resolve,           ├─ plan, refusal
//!  └─ files, presets, flags    flags                 expand, look up    ├─ hooks, environment, tests
//!                                                                       └─ to_toml
//! ```
//!
//! * [`load`] does all of it and reports every mistake, not only the first: [`Diagnostics`]. There is a whole policy or
//!   none.
//! * [`document`] is the grammar, the source of the [schema](schema()) and of the names that hints offer.
//! * Everything that a text may refer to stands in a [`LoadContext`]; nothing here asks the process or runs a program.
//! * Whatever was written knows where ([`Origin`]), down to the rules of the image.
#![forbid(unsafe_code)]

pub mod arguments;
pub mod cel;
mod compile;
pub mod context;
pub mod diagnostic;
pub mod document;
mod environment;
mod expand;
mod hosts;
pub mod image;
mod init;
mod load;
pub mod model;
mod names;
mod nearest;
pub mod paths;
pub mod plan;
pub mod presets;
mod programs;
pub mod python;
mod read;
mod rules;
pub mod schema;
pub mod slips;
pub mod source;
pub mod trust;
pub mod units;
mod write;

pub use context::LoadContext;
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use init::{UnknownPreset, init};
pub use load::{FlagOverrides, Input, Loaded, load, read_bounded};
pub use model::Policy;
pub use nearest::nearest_by;
pub use plan::{Capabilities, Held, Layer, PlanLine, Refusal};
pub use rules::PLACEHOLDER;
pub use schema::schema;
pub use source::{Origin, Source};
pub use trust::{PluginCode, TrustError, TrustRecord, TrustStore, Trusted};
pub use write::NotText;
