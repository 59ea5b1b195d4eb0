//! `cargo xtask bench`: ratios against a baseline of the same run.

use crate::shell::{self, cargo};

pub(crate) fn run(names: &[&str]) -> Result<(), String> {
    let mut command = cargo(&["bench", "--workspace"]);
    command.args(names);
    shell::run(&mut command)
}
