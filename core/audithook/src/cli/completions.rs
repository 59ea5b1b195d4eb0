//! `audithook completions`

use std::io::Write;

use clap::CommandFactory;

use super::arguments::{Arguments, Completions};
use super::failure::{Answer, Failure};
use super::terminal::Terminal;

pub(super) fn run(arguments: &Completions, terminal: &mut Terminal) -> Result<Answer, Failure> {
    // The generator takes for granted that what it writes to takes it.
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "audithook",
        &mut script,
    );
    terminal.out().write_all(&script)?;
    Ok(Answer::Good)
}
