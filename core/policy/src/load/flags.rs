//! Flags of `audithook run`: they add to a file or stand in for one.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{Document, Items, List, ModeWord, Word};
use crate::nearest::suggestion;
use crate::source::{Origin, Source, SourceKind, Spot};

/// What the flags say, as given.
#[derive(Debug, Clone, Default)]
pub struct FlagOverrides {
    /// `--read P`: added to `[files] read`.
    pub read: Vec<String>,
    /// `--write P`: added to `[files] write`.
    pub write: Vec<String>,
    /// `--connect H`: added to `[network] connect`.
    pub connect: Vec<String>,
    /// `--exec P`: added to `[process] exec`.
    pub exec: Vec<String>,
    /// `--env K`: added to `[env] pass` and taken out of `deny`; `--env K=V`: set.
    pub env: Vec<String>,
    /// `--preset N`: added to `extends`.
    pub preset: Vec<String>,
    /// `--mode M`: replaces `mode`.
    pub mode: Option<String>,
    /// `--no-network`: replaces all of `[network]` that allows something by nothing: hosts, loopback, unix and other sockets.
    pub no_network: bool,
    /// `--observe`: the mode is `off`.
    pub observe: bool,
    /// `--journal FILE|fd:N`: replaces `[journal] path`.
    pub journal: Option<String>,
    /// `--label K=V`
    pub label: Vec<String>,
}

/// The flags as a document, and their texts.
pub(super) struct Flags {
    pub(super) document: Document,
    pub(super) presets: Vec<Spot<String>>,
    pub(super) closes_network: Option<Origin>,
    pub(super) labels: Vec<(String, String)>,
    pub(super) sources: Vec<Arc<Source>>,
}

pub(super) fn read(flags: &FlagOverrides, start_dir: &Path, found: &mut Diagnostics) -> Flags {
    let mut made = Flags {
        document: Document::default(),
        presets: Vec::new(),
        closes_network: None,
        labels: Vec::new(),
        sources: Vec::new(),
    };
    let mut spot = |flag: &str, value: &str| {
        let source = Arc::new(Source::new(flag, SourceKind::Flag, value, start_dir));
        let origin = Origin::whole(&source);
        made.sources.push(source);
        Spot::new(value.to_owned(), origin)
    };

    let document = &mut made.document;
    document.files.read = list(&mut spot, "--read", &flags.read);
    document.files.write = list(&mut spot, "--write", &flags.write);
    document.network.connect = list(&mut spot, "--connect", &flags.connect);
    document.process.exec = list(&mut spot, "--exec", &flags.exec);
    document.journal.path = flags.journal.as_ref().map(|path| spot("--journal", path));
    made.presets = flags
        .preset
        .iter()
        .map(|name| spot("--preset", name))
        .collect();

    let (mut pass, mut keep) = (Vec::new(), Vec::new());
    for variable in &flags.env {
        match variable.split_once('=') {
            Some((name, value)) => {
                // What the shell has expanded is not expanded again.
                let value = spot("--env", value).map(|value| crate::expand::protected(&value));
                document.env.set.insert(name.to_owned(), value);
            }
            None => {
                let name = spot("--env", variable);
                keep.push(name.clone().map(|name| format!("!{name}")));
                pass.push(name);
            }
        }
    }
    document.env.pass = listed(pass);
    document.env.deny = listed(keep);

    let mode = flags.mode.as_ref().map(|mode| spot("--mode", mode));
    if let Some(mode) = mode {
        match ModeWord::parse(&mode.value) {
            Some(word) => document.mode = Some(Spot::new(word, mode.origin)),
            None => {
                let words = ModeWord::ALL.iter().map(|(word, _)| *word);
                found.push(
                    Diagnostic::error(format!("unknown mode: `{}`", mode.value), &mode.origin)
                        .hinted(suggestion(&mode.value, words)),
                );
            }
        }
    }
    if flags.observe {
        let origin = spot("--observe", "").origin;
        document.mode = Some(Spot::new(ModeWord::Off, origin));
    }
    if flags.no_network {
        made.closes_network = Some(spot("--no-network", "").origin);
    }
    for label in &flags.label {
        let label = spot("--label", label);
        match label
            .value
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
        {
            Some((name, value)) => made.labels.push((name.to_owned(), value.to_owned())),
            None => found.push(
                Diagnostic::error(format!("not a label: `{}`", label.value), &label.origin)
                    .hinted("write `--label NAME=VALUE`"),
            ),
        }
    }
    made
}

fn list(
    spot: &mut impl FnMut(&str, &str) -> Spot<String>,
    flag: &str,
    values: &[String],
) -> Option<List> {
    let is_any = values.iter().any(|value| value == "any");
    let entries: Vec<_> = values
        .iter()
        .filter(|value| *value != "none")
        .map(|value| spot(flag, value))
        .collect();
    match entries.first() {
        Some(first) if is_any => Some(List {
            origin: first.origin.clone(),
            items: Items::Any,
        }),
        None if !values.is_empty() => Some(List {
            origin: spot(flag, "none").origin,
            items: Items::Entries(Vec::new()),
        }),
        _ => listed(entries),
    }
}

fn listed(entries: Vec<Spot<String>>) -> Option<List> {
    let origin = entries.first()?.origin.clone();
    Some(List {
        origin,
        items: Items::Entries(entries),
    })
}
