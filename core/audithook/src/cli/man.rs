//! `audithook man`

use std::io::Write;

use clap::CommandFactory;
use clap_mangen::Man as Page;

use super::arguments::{Arguments, Man};
use super::failure::{Answer, Failure};
use super::near::nearest;
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
    let mut roff = Vec::new();
    Page::new(page).render(&mut roff)?;
    terminal
        .out()
        .write_all(ascii(&String::from_utf8_lossy(&roff)).as_bytes())?;
    Ok(Answer::Good)
}

/// Roff that needs no preprocessor to say which encoding it is in: groff_char(7).
fn ascii(roff: &str) -> String {
    let mut out = String::with_capacity(roff.len());
    for character in roff.chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            out.push_str(&format!("\\[u{:04X}]", u32::from(character)));
        }
    }
    out
}

fn unknown(name: &str, command: &clap::Command) -> Failure {
    let known: Vec<_> = command
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of `{}`", known.join("`, `")),
    };
    Failure::new(format!("unknown command: `{name}`")).hinted(hint)
}
