//! `audithook trust`

use std::io::Write;
use std::path::PathBuf;

use audithook_policy::{FlagOverrides, LoadContext, Policy, TrustStore};
use serde::Serialize;

use super::arguments::{FormatName, Trust};
use super::failure::{Answer, Failure};
use super::policy::Choice;
use super::terminal::Terminal;

pub(super) fn run(arguments: &Trust, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let context = LoadContext::current(Vec::new())
        .map_err(|error| Failure::new(format!("there is no current directory: {error}")))?;
    let store = TrustStore::of(&context)
        .ok_or_else(|| Failure::new("there is no home directory to record trust in"))?;
    record(&store, arguments, terminal)
}

fn record(
    store: &TrustStore,
    arguments: &Trust,
    terminal: &mut Terminal,
) -> Result<Answer, Failure> {
    let choice = Choice::of(Some(&arguments.file), FlagOverrides::default(), Vec::new())?;
    let policy = choice.load_and_warn(terminal)?;
    store.record(&policy).map_err(|error| {
        Failure::because("cannot record trust in", arguments.file.display(), &error)
    })?;
    let trusted = Trusted::of(&policy);
    match arguments.format.format {
        FormatName::Json => terminal.json(&trusted)?,
        FormatName::Text => {
            let out = terminal.out();
            writeln!(out, "trusted, as they are now:")?;
            for file in &trusted.files {
                writeln!(out, "  {}", file.display())?;
            }
            for plugin in &trusted.plugins {
                writeln!(out, "  and the code of the plugin `{plugin}`")?;
            }
        }
    }
    Ok(Answer::Good)
}

/// What a policy brings with it.
#[derive(Serialize)]
struct Trusted {
    /// The file and all that it extends.
    files: Vec<PathBuf>,
    /// Plugins run with the user's rights.
    plugins: Vec<String>,
}

impl Trusted {
    fn of(policy: &Policy) -> Self {
        // What a file extends is read before it, and of less interest.
        let mut files: Vec<_> = policy.files_read().map(PathBuf::from).collect();
        files.reverse();
        Self {
            files,
            plugins: policy
                .plugins
                .iter()
                .map(|plugin| plugin.name.clone())
                .collect(),
        }
    }
}
