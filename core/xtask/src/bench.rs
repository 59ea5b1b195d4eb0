//! `cargo xtask bench [NAME…] [--save]`: builds a release once and measures it, each figure beside a baseline of the same run.

use std::process::Command;

use crate::setup;
use crate::shell::{self, cargo, target};

/// What is measured, and what measures.
const PACKAGES: [&str; 4] = [
    "audithook",
    "audithook-cpython",
    "gate-plugin",
    "audithook-bench",
];

pub(crate) fn run(names: &[&str]) -> Result<(), String> {
    setup::debian_packages();
    let mut build = cargo(&["build", "--release"]);
    for package in PACKAGES {
        build.args(["-p", package]);
    }
    shell::run(&mut build)?;
    shell::run(Command::new(target().join("release/audithook-bench")).args(names))
}
