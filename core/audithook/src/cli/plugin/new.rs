//! `audithook plugin new`: a plugin that builds, passes its tests and runs.
//!
//! What is written are the examples of this project under another name, so that they are what the tests run.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use audithook_loader::is_name;

use crate::cli::arguments::{Language, PluginNew};
use crate::cli::failure::{Answer, Failure};
use crate::cli::terminal::Terminal;

macro_rules! example {
    ($file:literal) => {
        include_str!(concat!("../../../../../examples/plugins/", $file))
    };
}

const HEADER: &str = include_str!("../../../../abi/include/audithook.h");

const RUST: [(&str, &str); 5] = [
    ("Cargo.toml", include_str!("scaffold/Cargo.toml")),
    (".gitignore", include_str!("scaffold/rust.gitignore")),
    ("README.md", include_str!("scaffold/rust.README.md")),
    ("hooks.toml", example!("rust/hooks.toml")),
    ("src/lib.rs", example!("rust/src/lib.rs")),
];
const C: [(&str, &str); 6] = [
    ("Makefile", include_str!("scaffold/Makefile")),
    (".gitignore", include_str!("scaffold/c.gitignore")),
    ("README.md", include_str!("scaffold/c.README.md")),
    ("hooks.toml", example!("c/hooks.toml")),
    ("port_limit.c", example!("c/port_limit.c")),
    ("audithook.h", HEADER),
];

/// What no crate and no C function can be called (Rust reference, *Keywords*; C99 6.4.1).
const KEYWORDS: [&str; 66] = [
    "abstract", "as", "async", "auto", "await", "become", "box", "break", "case", "char", "const",
    "continue", "crate", "default", "do", "double", "dyn", "else", "enum", "extern", "false",
    "final", "float", "fn", "for", "gen", "goto", "if", "impl", "in", "inline", "int", "let",
    "long", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "register", "restrict", "return", "self", "short", "signed", "sizeof", "static", "struct",
    "super", "switch", "trait", "true", "try", "type", "typedef", "typeof", "union", "unsafe",
    "unsigned", "use", "virtual",
];

/// The name of the examples.
const EXAMPLE: Name<'static> = Name("port-limit");

pub(super) fn run(arguments: &PluginNew, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let name = Name(&arguments.name);
    if !is_name(name.0) {
        return Err(Failure::new(format!("not a plugin's name: `{}`", name.0))
            .hinted("1 to 64 of `a-z 0-9 - _`, a letter first"));
    }
    if KEYWORDS.contains(&name.0) {
        return Err(
            Failure::new(format!("a word of the language: `{}`", name.0))
                .hinted("no crate can be called so: take another name"),
        );
    }
    if crate::cli::is_builtin(name.0) {
        return Err(
            Failure::new(format!("a command of audithook: `{}`", name.0))
                .hinted("nobody could call the plugin's commands: take another name"),
        );
    }
    let place = arguments
        .path
        .clone()
        .unwrap_or_else(|| PathBuf::from(name.0));
    if place.symlink_metadata().is_ok() {
        return Err(
            Failure::new(format!("it is there already: `{}`", place.display()))
                .hinted("nothing is overwritten: `--path` names another directory"),
        );
    }
    let files = match arguments.lang {
        Language::Rust => &RUST[..],
        Language::C => &C[..],
    };
    write(&place, name, files)
        .map_err(|error| Failure::because("cannot write", place.display(), &error))?;
    let steps = match arguments.lang {
        Language::Rust => "cargo test && cargo build --release\n  audithook test -c hooks.toml",
        Language::C => "make test",
    };
    writeln!(
        terminal.out(),
        "made: {}\n\n  cd {}\n  {steps}",
        place.display(),
        place.display()
    )?;
    Ok(Answer::Good)
}

/// The whole directory, or nothing.
fn write(place: &Path, name: Name<'_>, files: &[(&str, &str)]) -> io::Result<()> {
    let place = std::path::absolute(place)?;
    let above = place.parent().unwrap_or(Path::new("/"));
    let new = tempfile::Builder::new()
        .prefix(".audithook-new-")
        .tempdir_in(above)?;
    for (file, text) in files {
        let file = new.path().join(name.in_place_of_the_example(file));
        if let Some(directory) = file.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::write(
            file,
            name.in_place_of_the_example(text).replace("@SDK@", &sdk()),
        )?;
    }
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(new.path(), mode)?;
    rustix::fs::renameat_with(
        rustix::fs::CWD,
        new.path(),
        rustix::fs::CWD,
        &place,
        rustix::fs::RenameFlags::NOREPLACE,
    )?;
    // It has another name now.
    let _ = new.keep();
    Ok(())
}

/// Where the Rust SDK is: beside the sources of this audithook if they are still there, else where the project is published.
fn sdk() -> String {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("sdk");
    match sources.join("Cargo.toml").is_file() {
        true => format!("path = {:?}", sources.display().to_string()),
        false => format!("git = {:?}", env!("CARGO_PKG_REPOSITORY")),
    }
}

/// A plugin's name, in each of the ways that it is written.
#[derive(Clone, Copy)]
struct Name<'n>(&'n str);

impl Name<'_> {
    /// `port_limit`: of a file, a crate, a C function.
    fn of_file(self) -> String {
        self.0.replace('-', "_")
    }

    /// `PortLimit`: of a type.
    fn of_type(self) -> String {
        let words = self.0.split(['-', '_']);
        words
            .flat_map(|word| {
                let mut letters = word.chars();
                let first = letters.next().map(|letter| letter.to_ascii_uppercase());
                first.into_iter().chain(letters)
            })
            .collect()
    }

    fn in_place_of_the_example(self, text: &str) -> String {
        text.replace(EXAMPLE.0, self.0)
            .replace(&EXAMPLE.of_file(), &self.of_file())
            .replace(&EXAMPLE.of_type(), &self.of_type())
    }
}
