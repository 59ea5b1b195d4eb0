//! `audithook man`

use std::io::{self, Write};

use clap::CommandFactory;
use clap_mangen::Man as Page;

use super::arguments::{Arguments, Man};
use super::failure::{Answer, Failure};
use super::help;
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
    let roff = render(page)?;
    terminal.out().write_all(ascii(&roff).as_bytes())?;
    Ok(Answer::Good)
}

/// The page, with what the long help says at its end in sections of their own, line by line.
fn render(command: clap::Command) -> io::Result<String> {
    let after = command.get_after_long_help().map(ToString::to_string);
    let has_commands = command.has_subcommands();
    // A manual has no summary to point to.
    let mut command = command.mut_arg("help", |help| help.long_help("Print help"));
    let usage = command.render_usage().to_string();
    let is_main = command.get_name() == "audithook";
    let page = Page::new(command);
    let mut roff = Vec::new();
    page.render_title(&mut roff)?;
    page.render_name_section(&mut roff)?;
    roff.write_all(synopsis(&usage).as_bytes())?;
    page.render_description_section(&mut roff)?;
    page.render_options_section(&mut roff)?;
    if has_commands {
        page.render_subcommands_section(&mut roff)?;
    }
    let mut roff = String::from_utf8_lossy(&roff).into_owned();
    for paragraph in after.iter().flat_map(|text| text.split("\n\n")) {
        roff.push_str(&section(paragraph));
    }
    let more = if is_main {
        help::MANUAL
    } else {
        help::SEE_ALSO
    };
    for paragraph in more.split("\n\n") {
        roff.push_str(&section(paragraph));
    }
    Ok(roff)
}

/// The usage line as the parser has it, which says what is to be repeated.
fn synopsis(usage: &str) -> String {
    let usage = usage.strip_prefix("Usage: ").unwrap_or(usage);
    // Where the name ends, the words begin that stand for others.
    let end = usage.find(['[', '<']).unwrap_or(usage.len());
    let (name, rest) = usage.split_at(end);
    format!(
        ".SH SYNOPSIS\n\\fB{}\\fR {}\n",
        text(name.trim_end()),
        text(rest)
    )
}

/// A paragraph of the long help. One with a heading is a table, whose lines stay as they are.
fn section(paragraph: &str) -> String {
    let (heading, lines) = match paragraph.split_once('\n') {
        Some((heading, lines)) if heading.ends_with(':') => (heading.trim_end_matches(':'), lines),
        _ => return format!(".SH NOTES\n{}\n", text(paragraph)),
    };
    let lines: Vec<_> = lines
        .lines()
        .map(|line| text(line.strip_prefix("  ").unwrap_or(line)))
        .collect();
    format!(
        ".SH {}\n.nf\n{}\n.fi\n",
        heading.to_uppercase(),
        lines.join("\n")
    )
}

/// Lines in which nothing is a request or an escape: groff(7).
fn text(lines: &str) -> String {
    let lines = lines.lines().map(|line| {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        if line.starts_with(['.', '\'']) {
            format!("\\&{line}")
        } else {
            line
        }
    });
    lines.collect::<Vec<_>>().join("\n")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_of_the_long_help_become_sections_whose_tables_keep_their_lines() {
        assert_eq!(
            section("Exit status:\n  1  no -\\-\n     more\n  .x"),
            ".SH EXIT STATUS\n.nf\n1  no \\-\\e\\-\n   more\n\\&.x\n.fi\n"
        );
        assert_eq!(
            section("Relative paths\nare relative."),
            ".SH NOTES\nRelative paths\nare relative.\n"
        );
    }
}
