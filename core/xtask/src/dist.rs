//! `cargo xtask dist`: what a package installs, in target/dist.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::shell::{self, cargo, read, root, target};

pub(crate) fn run() -> Result<(), String> {
    shell::run(&mut cargo(&["build", "--release"]))?;
    let (from, to) = (target().join("release"), target().join("dist"));
    let _ = fs::remove_dir_all(&to);
    let copy = |file: &Path, place: &str| -> Result<(), String> {
        let directory = to.join(place);
        fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        let name = file.file_name().ok_or("a file without a name")?;
        fs::copy(file, directory.join(name))
            .map(drop)
            .map_err(|error| format!("{}: {error}", file.display()))
    };
    copy(&from.join("audithook"), "bin")?;
    for library in ["libaudithook_cpython.so", "libbucketing.so"] {
        copy(&from.join(library), "lib/audithook")?;
    }
    for text in [
        "README.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "hooks.toml",
    ] {
        copy(&root().join(text), "share/doc/audithook")?;
    }
    copy(&root().join("core/abi/include/audithook.h"), "include")?;
    let audithook = from.join("audithook");
    for (arguments, file) in [
        (&["man"][..], "share/man/man1/audithook.1"),
        (
            &["completions", "bash"],
            "share/bash-completion/completions/audithook",
        ),
        (
            &["completions", "zsh"],
            "share/zsh/site-functions/_audithook",
        ),
        (
            &["completions", "fish"],
            "share/fish/vendor_completions.d/audithook.fish",
        ),
    ] {
        let text = read(Command::new(&audithook).args(arguments))
            .ok_or_else(|| format!("`audithook {}` failed", arguments.join(" ")))?;
        let file = to.join(file);
        if let Some(directory) = file.parent() {
            fs::create_dir_all(directory).map_err(|error| error.to_string())?;
        }
        fs::write(&file, text + "\n").map_err(|error| format!("{}: {error}", file.display()))?;
    }
    println!("dist: {}", to.display());
    Ok(())
}
