//! `audithook man`

use clap::CommandFactory;
use clap_mangen::Man as Page;

use super::arguments::{Arguments, Man};
use super::failure::{Answer, Failure};
use super::terminal::Terminal;

pub(super) fn run(arguments: &Man, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let mut command = Arguments::command();
    // Makes the names of the commands: `audithook-run`.
    command.build();
    let page = match &arguments.command {
        None => command,
        Some(name) => command
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| unknown(name, &command))?,
    };
    Page::new(page).render(terminal.out())?;
    Ok(Answer::Good)
}

fn unknown(name: &str, command: &clap::Command) -> Failure {
    let known: Vec<_> = command
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    Failure::new(format!("unknown command: `{name}`"))
        .hinted(format!("one of `{}`", known.join("`, `")))
}
