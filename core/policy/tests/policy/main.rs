//! The tests of hooks.toml: a module per subject.

mod diagnostics;
mod flags;
mod meaning;
mod place;
mod plan;
mod presets;
mod properties;
mod roundtrip;
mod trust;
