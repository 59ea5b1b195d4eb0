//! What the end-to-end tests are written with.
//!
//! A test states a policy and a command, runs the command as a user would, through the built binary, and reads what
//! came out: output, status, and the journal.
//!
//! ```text
//! let outcome = Run::new(POLICY).python(python, "program.py", &[]).finish();
//! outcome.assert_success();
//! outcome.journal().refusal("open", &[("path", secret)]).assert_rule("files.deny", "hooks.toml:3");
//! ```
//!
//! `build` makes the binary, `python` finds interpreters, `packages` their virtual environments, `run` runs, `journal`
//! reads, `server` is what the programs talk to, `terminal` is a terminal with a shell in it.
//!
//! | variable | |
//! |---|---|
//! | `AUDITHOOK_TEST_PYTHONS` | more interpreters, separated by `:` |
//! | `AUDITHOOK_TEST_ALL_PYTHONS` | set: a missing version fails instead of being said to be missing |
//! | `AUDITHOOK_TEST_BUILT` | set: the command and its libraries are built already |
//! | `AUDITHOOK_TRIES` | how many random moments front and supervisor are killed at; 20 |
#![forbid(unsafe_code)]

pub mod build;
pub mod journal;
pub mod packages;
pub mod python;
pub mod run;
pub mod scratch;
pub mod server;
pub mod terminal;
pub mod tree;

use std::fmt::Display;
use std::io::Write as _;
use std::time::Duration;

pub use journal::{Journal, Record};
pub use python::Python;
pub use run::{Outcome, Run};
pub use scratch::Scratch;

/// How long a program may take before its test fails. Generous: the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Says that something is not tested and why, past the capture of a test's output.
pub fn skip(what: impl Display, why: impl Display) {
    let _ = writeln!(std::io::stderr(), "SKIPPED {what}: {why}");
}

/// Says something that is only of interest if the test fails: the test runner captures it.
#[expect(
    clippy::print_stderr,
    reason = "what the runner captures is what is printed"
)]
pub fn report(what: impl Display) {
    eprintln!("{what}");
}

/// Tells something to whoever runs the tests, past the capture of a test's output.
pub fn tell(what: impl Display) {
    let _ = writeln!(std::io::stderr(), "{what}");
}
