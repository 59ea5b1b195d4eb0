//! Packages from the index, pinned in `requirements.txt`, in a virtual environment for each interpreter.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::{Python, build, python, skip};

/// The pinned packages.
const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// A package whose own tests are run.
const TESTED: &str = "pluggy==1.5.0";

/// A virtual environment that has the pinned packages; `None`, loudly, if it cannot be made here.
#[must_use]
pub fn environment(python: &Python) -> Option<Python> {
    let name = python
        .program
        .to_str()
        .expect("interpreters have plain names")
        .replace('/', "_");
    let directory = build::kept().join("venvs").join(name);
    let _lock = build::lock(&format!("venv{}", python.minor));
    let done = directory.join("requirements.txt");
    if fs::read_to_string(&done).ok().as_deref() != Some(REQUIREMENTS) {
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).expect("the target directory is writable");
        let made = run(python.command().args(["-m", "venv"]).arg(&directory))
            .and_then(|()| install(&directory));
        if let Err(why) = made {
            skip(
                format_args!("packages from the index with {}", python.title),
                why,
            );
            return None;
        }
        fs::write(done, REQUIREMENTS).expect("the target directory is writable");
    }
    let path = directory.join("bin/python3");
    Some(Python {
        path,
        prefix: directory,
        ..python.clone()
    })
}

/// The unpacked source of a real package that ships its tests; `None`, loudly, if it cannot be had.
#[must_use]
pub fn tested_source() -> Option<PathBuf> {
    static SAID: OnceLock<()> = OnceLock::new();
    let _lock = build::lock("source");
    let directory = build::kept().join("source");
    let unpacked = directory.join(TESTED.replace("==", "-"));
    if unpacked.is_dir() {
        return Some(unpacked);
    }
    fs::create_dir_all(&directory).expect("the target directory is writable");
    let archive = directory.join(format!("{}.tar.gz", TESTED.replace("==", "-")));
    let got = run(python::newest()
        .command()
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            ":all:",
            "--dest",
        ])
        .arg(&directory)
        .arg(TESTED))
    .and_then(|()| {
        run(Command::new("tar")
            .arg("-xzf")
            .arg(&archive)
            .arg("-C")
            .arg(&directory))
    });
    if let Err(why) = got {
        SAID.get_or_init(|| skip(format_args!("the tests of {TESTED}"), why));
        return None;
    }
    Some(unpacked)
}

/// Makes a wheel by hand: a wheel is a zip file with a few known members (PEP 427).
#[must_use]
pub fn make_wheel(directory: &Path, python: &Python) -> PathBuf {
    const MAKE: &str = "import sys, zipfile\n\
        name = sys.argv[1] + '/greeting-1.0-py3-none-any.whl'\n\
        info = 'greeting-1.0.dist-info/'\n\
        members = {\n\
            'greeting/__init__.py': 'WORDS = \"hello from a wheel\"\\n',\n\
            info + 'METADATA': 'Metadata-Version: 2.1\\nName: greeting\\nVersion: 1.0\\n',\n\
            info + 'WHEEL': 'Wheel-Version: 1.0\\nGenerator: hand\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n',\n\
        }\n\
        members[info + 'RECORD'] = ''.join(f'{m},,\\n' for m in members) + info + 'RECORD,,\\n'\n\
        with zipfile.ZipFile(name, 'w') as archive:\n\
        \x20   [archive.writestr(m, text) for m, text in members.items()]\n";
    run(python.command().arg("-c").arg(MAKE).arg(directory))
        .expect("zipfile is in the standard library");
    directory.join("greeting-1.0-py3-none-any.whl")
}

fn install(environment: &Path) -> Result<(), String> {
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("requirements.txt");
    run(Command::new(environment.join("bin/python3"))
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ])
        .arg(requirements))
}

/// Runs a command that need not succeed; the error is the last line that says something.
fn run(command: &mut Command) -> Result<(), String> {
    let Output { status, stderr, .. } = command.output().map_err(|error| error.to_string())?;
    if status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&stderr);
    let last = text
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or("no output");
    Err(format!("{status}: {last}"))
}
