//! `audithook init`

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use super::arguments::Init;
use super::failure::{Answer, Failure};
use super::terminal::Terminal;

pub(super) fn run(arguments: &Init, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let presets: Vec<&str> = arguments.presets.iter().map(String::as_str).collect();
    let text = audithook_policy::init(&presets)
        .map_err(|error| Failure::new(error.to_string()).hinted(error.hint.clone()))?;
    let file = &arguments.output;
    if file == Path::new("-") {
        terminal.out().write_all(text.as_bytes())?;
        return Ok(Answer::Good);
    }
    write(file, &text, arguments.force).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::new(format!("there is a file already: `{}`", file.display()))
                .hinted("`--force` replaces it; `-o FILE` writes another")
        }
        _ => Failure::because("cannot write", file.display(), &error),
    })?;
    let shown = file.display();
    writeln!(
        terminal.err(),
        "wrote `{shown}`\n\nnext: read it, then `audithook trust {shown}`, then `audithook run -- CMD…`"
    )?;
    Ok(Answer::Good)
}

fn write(file: &Path, text: &str, force: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    if force {
        options.write(true).create(true).truncate(true);
    } else {
        options.write(true).create_new(true);
    }
    options.open(file)?.write_all(text.as_bytes())
}
