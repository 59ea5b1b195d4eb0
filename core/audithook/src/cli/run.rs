//! `audithook run`: the arguments of a run. The rest is the library's.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use audithook::run::{FAULT, RunRequest, Site};
use audithook::shell;
use audithook_policy::{Capabilities, FlagOverrides, Policy, Trusted};

use super::arguments::Run;
use super::failure::{Failure, with_causes};
use super::policy::{Choice, DEFAULT_FILE, overrides, warn};
use super::terminal::Terminal;

pub(super) fn run(arguments: Run, terminal: &mut Terminal) -> ExitCode {
    match request(arguments, terminal) {
        Ok(request) => audithook::run::run(request),
        Err(failure) => {
            failure.report_in_run(terminal);
            ExitCode::from(FAULT)
        }
    }
}

fn request(arguments: Run, terminal: &mut Terminal) -> Result<RunRequest, Failure> {
    if let Some(journal) = &arguments.journal {
        find_directory(journal)?;
    }
    let flags = FlagOverrides {
        observe: arguments.observe,
        label: arguments.label,
        journal: arguments.journal,
        ..overrides(&arguments.policy.flags)
    };
    let mut choice = Choice::of(
        arguments.policy.config.as_deref(),
        flags,
        arguments.command.clone(),
    )?;
    let site = Site::choose().map_err(|error| Failure::new(with_causes(&error)))?;
    choice.context.hidden.push(site.path().into());
    choice.context.protected.push(site.library().into());
    choice.context.needed = vec![site.path().into(), site.library().into()];
    choice.context.private_tmp = Some(site.private_tmp().into());
    let (choice, policy) = trusted(choice, arguments.quiet, terminal)?;
    if let Some(refusal) = policy.refusal(&Capabilities::default()) {
        return Err(Failure::new(refusal.to_string()).hinted(refusal.hint()));
    }
    Ok(RunRequest {
        site,
        labels: policy.labels.clone(),
        trusted_by: choice.trusted_by(&policy),
        policy,
        reload: Box::new(move || reload(&choice)),
        command: arguments.command,
        fail_on_deny: arguments.fail_on_deny,
        wait_tree: arguments.wait_tree,
        quiet: arguments.quiet,
    })
}

/// What is typed may be mistyped: directories are made for a journal that a policy places, and not for one of this command line.
fn find_directory(journal: &str) -> Result<(), Failure> {
    let directory = Path::new(journal).parent().unwrap_or(Path::new(""));
    let is_there = directory.as_os_str().is_empty() || directory.is_dir();
    // Where something stands for something else, only the policy knows what.
    if is_there || journal.starts_with('~') || journal.contains('{') {
        return Ok(());
    }
    let hint = format!("`mkdir -p {}`", shell::path(&directory.to_string_lossy()));
    let directory = directory.display();
    Err(Failure::new(format!(
        "there is no directory for the journal: `{directory}`"
    ))
    .hinted(hint))
}

/// The policy as it is by now. A program that can write ./hooks.toml cannot give itself another: what its user has not
/// read does not come into force before they did, which asks for a reload too.
fn reload(choice: &Choice) -> Result<Policy, String> {
    let mut policy = choice
        .load()
        .map_err(|mistakes| mistakes.to_string())?
        .policy;
    match choice.demand_trust(&mut policy) {
        Ok(()) => Ok(policy),
        Err(failure) => Err(failure.hinted(RELOAD_HINT).to_string()),
    }
}

/// A run that goes on cannot be given a `-c`.
const RELOAD_HINT: &str = "read it, then `audithook trust`: then it holds from the next event on";

/// The policy, from ./hooks.toml only if its user trusts it. Where they never did, flags that make a policy stand alone.
fn trusted(
    choice: Choice,
    quiet: bool,
    terminal: &mut Terminal,
) -> Result<(Choice, Policy), Failure> {
    let mut loaded = choice.load().map_err(Failure::Invalid)?;
    let trusted = choice.trusted(&loaded.policy)?;
    let (choice, loaded) = match choice.without_file() {
        Some(flags) if trusted == Some(Trusted::Never) => {
            if !quiet {
                // Nobody is left to be told that it cannot be said.
                let _ = writeln!(
                    terminal.err(),
                    "audithook: `{DEFAULT_FILE}` is not used, for you have not trusted it: the flags alone are the policy"
                );
            }
            let loaded = flags.load().map_err(Failure::Invalid)?;
            (flags, loaded)
        }
        _ => {
            choice.demand_trust(&mut loaded.policy)?;
            (choice, loaded)
        }
    };
    // A misspelt event holds nothing, quietly or not.
    warn(&loaded.findings, terminal);
    Ok((choice, loaded.policy))
}
