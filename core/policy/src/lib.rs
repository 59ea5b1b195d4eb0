//! hooks.toml: parsed, checked, planned, compiled to the policy image.

pub mod image;
