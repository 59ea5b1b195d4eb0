//! `audithook init`

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use audithook::shell;
use audithook_policy::paths;

use super::arguments::Init;
use super::failure::{Answer, Failure};
use super::policy::DEFAULT_FILE;
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
    let name = file.display().to_string();
    let word = shell::path(&name);
    // Only ./hooks.toml is found without being named, and only what is found need be trusted.
    let next = if Path::new(&name) == Path::new(DEFAULT_FILE) {
        format!("`audithook trust {word}`, then `audithook run -- CMD…`")
    } else {
        format!("`audithook run -c {word} -- CMD…`")
    };
    writeln!(
        terminal.err(),
        "wrote `{name}`\n\nnext: read it, then {next}"
    )?;
    Ok(Answer::Good)
}

/// The file is there whole or not at all: who is interrupted, or has no room left, keeps the policy that was there.
fn write(file: &Path, text: &str, force: bool) -> io::Result<()> {
    // A symlink goes on leading where it led, as that of a configuration kept elsewhere should.
    let target = if force {
        paths::resolve(&std::path::absolute(file)?)
    } else {
        file.to_owned()
    };
    let replaced = target.metadata().ok().filter(|_| force);
    if replaced.as_ref().is_some_and(|there| !there.is_file()) {
        // A pipe or a terminal cannot be replaced, only written to; a directory refuses.
        return OpenOptions::new()
            .write(true)
            .open(&target)?
            .write_all(text.as_bytes());
    }
    let directory = match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut new = tempfile::Builder::new()
        .prefix(".hooks.toml.")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(directory)
        .map_err(without_path)?;
    new.write_all(text.as_bytes()).map_err(without_path)?;
    if let Some(replaced) = &replaced {
        new.as_file().set_permissions(replaced.permissions())?;
    }
    new.as_file().sync_all()?;
    let put = if force {
        new.persist(&target)
    } else {
        new.persist_noclobber(&target)
    };
    put.map_err(|error| error.error)?;
    // The name is in place; a file system that cannot say that it stays so is no reason to fail.
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
    Ok(())
}

/// What the system says: the name of the file for the time being means nothing to anybody.
fn without_path(error: io::Error) -> io::Error {
    let cause = error.get_ref().and_then(|inner| inner.source());
    let code = cause
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .and_then(io::Error::raw_os_error);
    code.map_or(error, io::Error::from_raw_os_error)
}
