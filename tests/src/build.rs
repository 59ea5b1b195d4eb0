//! The built files: the command, the preload library, the plugins.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What is built before the first test runs.
const PACKAGES: [&str; 4] = [
    "audithook",
    "audithook-cpython",
    "audithook-plugin-bucketing",
    "gate-plugin",
];

/// The command.
#[must_use]
pub fn audithook() -> PathBuf {
    built("audithook")
}

/// The plugin that counts events.
#[must_use]
pub fn bucketing() -> PathBuf {
    built("libbucketing.so")
}

/// The plugin of these tests.
#[must_use]
pub fn gate_plugin() -> PathBuf {
    built("libgate_plugin.so")
}

/// The top of the project.
#[must_use]
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests lie in the project")
}

/// A directory for what tests keep from one run to the next: virtual environments, downloads.
#[must_use]
pub fn kept() -> PathBuf {
    let directory = profile_directory()
        .parent()
        .expect("a target directory")
        .join("e2e");
    fs::create_dir_all(&directory).expect("the target directory is writable");
    directory
}

/// Takes the lock of this name, which processes share, until the file is dropped.
#[must_use]
pub fn lock(name: &str) -> File {
    let file = File::create(kept().join(format!("{name}.lock"))).expect("a lock file can be made");
    file.lock().expect("a lock file can be locked");
    file
}

fn built(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let file = BUILT
        .get_or_init(|| {
            build();
            profile_directory()
        })
        .join(name);
    assert!(file.exists(), "not built: `{}`", file.display());
    file
}

/// `target/debug`: the test lies in its `deps`.
fn profile_directory() -> PathBuf {
    let own = std::env::current_exe().expect("a process has an executable");
    let deps = own.parent().expect("an executable lies in a directory");
    deps.parent()
        .expect("the tests lie in `target/PROFILE/deps`")
        .to_owned()
}

/// Builds with the cargo, the profile and the target directory that built the tests. Once for a nextest run, where each
/// test is a process; never where `AUDITHOOK_TEST_BUILT` says that it is done.
fn build() {
    if std::env::var_os("AUDITHOOK_TEST_BUILT").is_some() {
        return;
    }
    let _lock = lock("build");
    let stamp = std::env::var("NEXTEST_RUN_ID")
        .ok()
        .map(|run| kept().join(format!("built-{run}")));
    if stamp.as_ref().is_some_and(|stamp| stamp.exists()) {
        return;
    }
    let directory = profile_directory();
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(project())
        .args(["build", "--quiet", "--profile", profile, "--target-dir"]);
    cargo.arg(directory.parent().expect("a target directory"));
    for package in PACKAGES {
        cargo.args(["--package", package]);
    }
    let status = cargo.status().expect("cargo runs");
    assert!(
        status.success(),
        "the command and its libraries do not build"
    );
    if let Some(stamp) = stamp {
        let old = fs::read_dir(kept()).expect("a directory").flatten();
        for entry in old.filter(|entry| entry.file_name().to_string_lossy().starts_with("built-")) {
            let _ = fs::remove_file(entry.path());
        }
        File::create(stamp).expect("the target directory is writable");
    }
}
