//! `audithook PLUGIN COMMAND …`: what plugins do when they are asked.
//!
//! The grammar is made from what the plugin says about its commands; so are help and completions. A plugin is looked for
//! only where a word is no command of audithook itself.

mod answer;
mod call;
mod grammar;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use audithook_loader::{Plugin, Refusal, SearchPath, Spec};
use audithook_policy::{Diagnostics, FlagOverrides, Policy};
use clap::ValueEnum;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::arguments::ColorWhen;
use super::failure::Failure;
use super::policy::Choice;
use super::terminal::Terminal;

/// The word that is no command of audithook itself, if that is all that is wrong.
pub(super) fn unknown_word(error: &clap::Error) -> Option<String> {
    match (error.kind(), error.get(ContextKind::InvalidSubcommand)) {
        (ErrorKind::InvalidSubcommand, Some(ContextValue::String(word))) => Some(word.clone()),
        _ => None,
    }
}

/// Runs a plugin's command, if `name` is a plugin's; `None` if there is none of that name.
pub(super) fn run(name: &str, words: &[OsString]) -> Option<ExitCode> {
    let mut terminal = Terminal::new(color(words));
    let ended = find(name, words, &mut terminal)
        .transpose()?
        .and_then(|found| call::run(found, words, &mut terminal));
    Some(match ended {
        Ok(code) => code,
        Err(failure) => {
            // What was said before it failed is worth reading; that it cannot be written is the failure already.
            let _ = terminal.flush();
            failure.report(&mut terminal);
            ExitCode::from(failure.status())
        }
    })
}

/// A plugin whose command is called, and the policy that it is called under.
struct Found {
    plugin: Plugin,
    policy: Option<Policy>,
}

/// The plugin of this name: the one that the policy of `-c` configures, else the one on the search path.
fn find(name: &str, words: &[OsString], terminal: &mut Terminal) -> Result<Option<Found>, Failure> {
    let search = SearchPath::from_environment();
    if let Some(file) = policy_file(words) {
        let choice = Choice::of(Some(&file), FlagOverrides::default(), Vec::new())?;
        let policy = choice.load_with_plugins(terminal)?;
        if let Some(configured) = policy.plugin(name) {
            let library =
                audithook::hooks::Library::open(configured, &search).map_err(|found| {
                    let mut all = Diagnostics::default();
                    all.push(*found);
                    Failure::Unusable(all)
                })?;
            let audithook::hooks::Plugin::Here(plugin) = library.plugin else {
                return Err(Failure::new(format!(
                    "the commands of a plugin in a process of its own cannot be called: `{name}`"
                ))
                .hinted("`placement = \"supervisor\"` or a pin, `sha256 = \"…\"`, says that you trust its code"));
            };
            return Ok(Some(Found {
                plugin,
                policy: Some(policy),
            }));
        }
        return load(name, &search).map(|plugin| {
            plugin.map(|plugin| Found {
                plugin,
                policy: Some(policy),
            })
        });
    }
    Ok(load(name, &search)?.map(|plugin| Found {
        plugin,
        policy: None,
    }))
}

fn load(name: &str, search: &SearchPath) -> Result<Option<Plugin>, Failure> {
    match Plugin::load(&Spec::named(name), search) {
        Ok(plugin) => Ok(Some(plugin)),
        Err(error) => match *error.refusal {
            Refusal::NotFound(_) | Refusal::BadName => Ok(None),
            _ => {
                let failure = Failure::new(error.to_string());
                Err(match error.hint() {
                    Some(hint) => failure.hinted(hint),
                    None => failure,
                })
            }
        },
    }
}

/// What `-c` or `--config` names. The grammar cannot be asked: it is made from the plugin, which the policy may name.
fn policy_file(words: &[OsString]) -> Option<PathBuf> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            return None;
        }
        if word == "-c" || word == "--config" {
            return words.next().map(PathBuf::from);
        }
        if let Some(file) = word
            .to_str()
            .and_then(|word| word.strip_prefix("--config="))
        {
            return Some(Path::new(file).to_owned());
        }
    }
    None
}

/// What `--color` says before the plugin's name.
fn color(words: &[OsString]) -> ColorWhen {
    let word = |place: usize| words.get(place).and_then(|word| word.to_str());
    let said = match word(0) {
        Some("--color") => word(1),
        first => first.and_then(|word| word.strip_prefix("--color=")),
    };
    said.and_then(|said| ColorWhen::from_str(said, false).ok())
        .unwrap_or(ColorWhen::Auto)
}
