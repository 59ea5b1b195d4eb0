//! `audithook completions`

use clap::CommandFactory;

use super::arguments::{Arguments, Completions};
use super::failure::{Answer, Failure};
use super::terminal::Terminal;

pub(super) fn run(arguments: &Completions, terminal: &mut Terminal) -> Result<Answer, Failure> {
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "audithook",
        terminal.out(),
    );
    Ok(Answer::Good)
}
