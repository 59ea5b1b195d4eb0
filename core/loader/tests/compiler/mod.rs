//! Builds the C plugins of the tests.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds a plugin from a file in `tests/plugins`, into `directory`; `None`, loudly, without a C compiler.
#[expect(
    clippy::print_stderr,
    reason = "a test that proves nothing must say so"
)]
pub(crate) fn build(
    source: &str,
    options: &[&str],
    directory: &Path,
    name: &str,
) -> Option<PathBuf> {
    let crate_directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = directory.join(name);
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-std=c99", "-fvisibility=hidden"])
        .args(["-Wall", "-Wextra", "-Werror", "-Wno-unused-function"])
        .arg("-I")
        .arg(crate_directory.join("../abi/include"))
        .args(options)
        .arg("-o")
        .arg(&library)
        .arg(crate_directory.join("tests/plugins").join(source))
        .output();
    match compiled {
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{source} {options:?}: {errors}");
            Some(library)
        }
        Err(error) => {
            eprintln!("SKIPPED: `cc` does not run ({error}): {source} was not built");
            None
        }
    }
}
