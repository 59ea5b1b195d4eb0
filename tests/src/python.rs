//! The interpreters of this machine.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::{report, skip, tell};

/// The minor versions of CPython 3 that audithook promises to serve: one that is missing here is said to be.
pub const PROMISED: [u32; 6] = [8, 9, 10, 11, 12, 13];

/// An interpreter.
#[derive(Debug, Clone)]
pub struct Python {
    /// Its executable, as found: `/usr/bin/python3.11`.
    pub path: PathBuf,
    /// `sys.executable`, resolved.
    pub program: PathBuf,
    /// `sys.prefix`
    pub prefix: PathBuf,
    /// The N of version 3.N.
    pub minor: u32,
    /// Version and executable, for messages.
    pub title: String,
    /// Whether it links to a shared libpython.
    pub shared: bool,
}

impl Python {
    /// The command, to be given arguments.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// The executable as text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.path.to_str().expect("interpreters have plain names")
    }
}

/// All interpreters: those of `AUDITHOOK_TEST_PYTHONS` (separated by `:`), pyenv's and the system's. The first call says
/// which they are, and which versions are missing.
#[must_use]
pub fn all() -> &'static [Python] {
    static FOUND: OnceLock<Vec<Python>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut seen = BTreeSet::new();
        let mut found: Vec<_> = candidates()
            .iter()
            .filter_map(|path| ask(path))
            .filter(|python| python.minor >= PROMISED[0] && seen.insert(python.program.clone()))
            .collect();
        found.sort_by_key(|python| python.minor);
        found
    })
}

/// The interpreters of one minor version. Without any, says so: that version is not tested here.
#[must_use]
pub fn of_version(minor: u32) -> Vec<&'static Python> {
    let found: Vec<_> = all()
        .iter()
        .filter(|python| python.minor == minor)
        .collect();
    if found.is_empty() && PROMISED.contains(&minor) {
        static SAID: [OnceLock<()>; PROMISED.len()] = [const { OnceLock::new() }; PROMISED.len()];
        SAID[(minor - PROMISED[0]) as usize].get_or_init(|| {
            assert!(
                std::env::var_os("AUDITHOOK_TEST_ALL_PYTHONS").is_none(),
                "CPython 3.{minor} is missing and AUDITHOOK_TEST_ALL_PYTHONS is set"
            );
            skip(
                format_args!("CPython 3.{minor}"),
                "not found on this machine",
            );
        });
    }
    found
}

/// Runs a test with each interpreter of one minor version.
pub fn with_each(minor: u32, test: impl Fn(&Python)) {
    for python in of_version(minor) {
        report(format_args!("with {}", python.title));
        test(python);
    }
}

/// The newest interpreter, for tests that do not depend on the version.
#[must_use]
pub fn newest() -> &'static Python {
    all().last().expect("the tests need a CPython from 3.8 on")
}

/// The oldest interpreter.
#[must_use]
pub fn oldest() -> &'static Python {
    all().first().expect("the tests need a CPython from 3.8 on")
}

/// Says which interpreters run the tests.
pub fn announce() {
    for python in all() {
        let build = if python.shared { "shared" } else { "static" };
        tell(format_args!("testing {} ({build} libpython)", python.title));
    }
    for minor in PROMISED {
        let _ = of_version(minor);
    }
}

fn candidates() -> Vec<PathBuf> {
    let mut candidates: Vec<PathBuf> = std::env::var_os("AUDITHOOK_TEST_PYTHONS")
        .map(|list| std::env::split_paths(&list).collect())
        .unwrap_or_default();
    let home = std::env::var_os("HOME")
        .map(PathBuf::from)
        .unwrap_or_default();
    let pyenv = std::env::var_os("PYENV_ROOT").map_or_else(|| home.join(".pyenv"), PathBuf::from);
    let mut versions: Vec<_> = fs::read_dir(pyenv.join("versions"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin/python3"))
        .collect();
    versions.sort();
    candidates.append(&mut versions);
    for directory in ["/usr/local/bin", "/usr/bin"] {
        candidates.push(Path::new(directory).join("python3"));
        candidates
            .extend((8..30).map(|minor| Path::new(directory).join(format!("python3.{minor}"))));
    }
    // One program is asked once, whatever links lead to it.
    let mut seen = BTreeSet::new();
    candidates.retain(|path| {
        path.canonicalize()
            .is_ok_and(|program| seen.insert(program))
    });
    candidates
}

/// Asks an interpreter what it is; `None` if it is not CPython 3.
fn ask(path: &Path) -> Option<Python> {
    const QUESTION: &str = "import sys, os\n\
        print(sys.implementation.name)\n\
        print(*sys.version_info[:3])\n\
        print(os.path.realpath(sys.executable))\n\
        print(sys.prefix)\n\
        print(b'libpython' in open('/proc/self/maps', 'rb').read())";
    let output = Command::new(path)
        .args(["-I", "-S", "-c", QUESTION])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut lines = text.lines();
    if lines.next()? != "cpython" {
        return None;
    }
    let version = lines.next()?.replace(' ', ".");
    let minor = version
        .strip_prefix("3.")?
        .split('.')
        .next()?
        .parse()
        .ok()?;
    let program = PathBuf::from(lines.next()?);
    let prefix = PathBuf::from(lines.next()?);
    Some(Python {
        path: path.to_owned(),
        title: format!("CPython {version} at {}", program.display()),
        program,
        prefix,
        minor,
        shared: lines.last()? == "True",
    })
}

/// Makes a module with one test for each minor version, which runs for each interpreter of that version.
///
/// ```text
/// for_each_python! {
///     /// What it proves.
///     fn forbidden_files_are_refused(python: &Python) { … }
/// }
/// ```
#[macro_export]
macro_rules! for_each_python {
    ($($(#[$meta:meta])* fn $name:ident($python:ident: &$class:ty) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            fn with($python: &$class) $body

            $crate::for_each_python!(@tests cpython_3_8 = 8, cpython_3_9 = 9, cpython_3_10 = 10, cpython_3_11 = 11,
                cpython_3_12 = 12, cpython_3_13 = 13, cpython_3_14 = 14);
        }
    )*};
    (@tests $($test:ident = $minor:literal),*) => {$(
        #[test]
        fn $test() {
            $crate::python::with_each($minor, with);
        }
    )*};
}
