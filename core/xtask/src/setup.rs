//! What demo and tests need beside Rust: installed here by name, or reported as missing.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::shell::{has, read, root, run, target};

/// Debian packages, by the program that shows they are there.
const DEBIAN: [(&str, &str); 3] = [("python3", "python3"), ("cc", "gcc"), ("tmux", "tmux")];

/// Installs what is missing, where that is possible.
pub(crate) fn debian_packages() {
    let missing: Vec<&str> = DEBIAN
        .iter()
        .filter(|(program, _)| !has(program))
        .map(|(_, package)| *package)
        .chain(has_no_venv().then_some("python3-venv"))
        .collect();
    if missing.is_empty() {
        return;
    }
    let is_root = read(Command::new("id").arg("-u")).as_deref() == Some("0");
    if !is_root || !has("apt-get") {
        eprintln!(
            "xtask: missing: {}. What needs them is skipped, and says so.\n\nhint: apt-get install {}",
            missing.join(", "),
            missing.join(" ")
        );
        return;
    }
    let installed = run(Command::new("apt-get").args(["update", "-qq"])).and_then(|()| {
        run(Command::new("apt-get")
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(&missing)
            .env("DEBIAN_FRONTEND", "noninteractive"))
    });
    if let Err(error) = installed {
        eprintln!(
            "xtask: {error}; what needs {} is skipped, and says so",
            missing.join(", ")
        );
    }
}

fn has_no_venv() -> bool {
    has("python3") && read(Command::new("python3").args(["-c", "import venv, ensurepip"])).is_none()
}

/// A virtual environment in target/ with the packages that the tests pin. Returns its directory, if it could be made.
pub(crate) fn python_packages() -> Option<PathBuf> {
    let requirements = root().join("tests/requirements.txt");
    let wanted = fs::read_to_string(&requirements).ok()?;
    let environment = target().join("test-venv");
    let stamp = environment.join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Some(environment);
    }
    // A half-made environment is no environment.
    let _ = fs::remove_dir_all(&environment);
    let made = run(Command::new("python3")
        .args(["-m", "venv"])
        .arg(&environment))
    .and_then(|()| {
        run(Command::new(environment.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
            ])
            .arg(&requirements))
    });
    match made.and_then(|()| fs::write(&stamp, wanted).map_err(|error| error.to_string())) {
        Ok(()) => Some(environment),
        Err(error) => {
            eprintln!(
                "xtask: {error}\n\nhint: the tests that need PyPI packages are skipped, and say so"
            );
            None
        }
    }
}
