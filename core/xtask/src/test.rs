//! `cargo xtask test`: everything that is tested.

use crate::setup;
use crate::shell::{self, cargo};

/// What the end-to-end tests run: built first, because cargo does not know that they need it.
const PROGRAMS: [&str; 10] = [
    "build",
    "--quiet",
    "-p",
    "audithook",
    "-p",
    "audithook-cpython",
    "-p",
    "audithook-plugin-bucketing",
    "-p",
    "gate-plugin",
];

pub(crate) fn run(rest: &[&str]) -> Result<(), String> {
    setup::debian_packages();
    let environment = setup::python_packages();
    shell::run(&mut cargo(&PROGRAMS))?;
    let mut command = cargo(&["test", "--workspace", "--no-fail-fast"]);
    command.args(rest);
    if let Some(environment) = environment {
        command.env("AUDITHOOK_TEST_VENV", environment);
    }
    shell::run(&mut command)?;
    println!("test: everything passed");
    Ok(())
}
