//! `audithook run`: an unmodified command under a policy.

mod bridge;
mod footer;
mod generations;
mod journal;
mod lanes;
mod ledger;
mod passed;
mod private_tmp;
mod program;
mod recorder;
mod services;
mod site;
mod start;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use audithook_policy::Policy;
use audithook_supervisor::Ended;

pub use site::{Site, SiteError};

/// The exit status for a time limit.
pub const TIMED_OUT: u8 = 124;
/// The exit status for a fault of audithook itself.
pub const FAULT: u8 = 125;
/// The exit status for a program that cannot be executed.
pub const NOT_EXECUTABLE: u8 = 126;
/// The exit status for a program that is not there.
pub const NOT_FOUND: u8 = 127;
/// The exit status of a run that the policy killed.
pub const KILLED: u8 = 137;
/// The exit status with `--fail-on-deny`, if anything was denied.
pub const DENIED: u8 = 123;

/// Loads the policy again, with the same flags; the error is ready to be shown.
pub type Reload = Box<dyn Fn() -> Result<Policy, String> + Send>;

/// One run.
pub struct RunRequest {
    /// Where the run's directory will be: the policy protects it.
    pub site: Site,
    /// What holds.
    pub policy: Policy,
    /// Asks for the policy again.
    pub reload: Reload,
    /// The record that the policy is trusted by, where it must be: a new one asks for a reload.
    pub trusted_by: Option<PathBuf>,
    /// The command and its arguments.
    pub command: Vec<OsString>,
    /// Written to the first `process.start`.
    pub labels: Vec<(String, String)>,
    /// Exit with [`DENIED`] if anything was denied.
    pub fail_on_deny: bool,
    /// Wait for what the command leaves running instead of ending it.
    pub wait_tree: bool,
    /// Neither the first line nor the footer.
    pub quiet: bool,
}

impl std::fmt::Debug for RunRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunRequest")
            .field("command", &self.command)
            .finish_non_exhaustive()
    }
}

/// Runs the command. If a signal ended it, this process dies of the same.
#[must_use]
pub fn run(request: RunRequest) -> ExitCode {
    let fail = |text: &str| {
        say(text);
        ExitCode::from(FAULT)
    };
    match start::start(request) {
        Ok(Ended::Exited(status)) => ExitCode::from((status & 0xff) as u8),
        Ok(Ended::Signalled(signal)) => audithook_supervisor::die_of(signal),
        Ok(Ended::Killed) => ExitCode::from(KILLED),
        Ok(Ended::Fault(text)) => fail(&text),
        Ok(Ended::NotFound(text)) => {
            say(&format!("the program was not found: {text}"));
            ExitCode::from(NOT_FOUND)
        }
        Ok(Ended::NotExecutable(text)) => {
            say(&format!("the program cannot be executed: {text}"));
            ExitCode::from(NOT_EXECUTABLE)
        }
        Err(error) => fail(&error),
    }
}

/// One line, or a few, for people.
#[expect(
    clippy::print_stderr,
    reason = "this is where the run speaks to people"
)]
pub(crate) fn say(text: &str) {
    eprintln!("audithook: {text}");
}
