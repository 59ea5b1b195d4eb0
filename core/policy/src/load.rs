//! Text to [`Policy`]: reading, extending, flags, checking.

mod flags;
mod hooks;
mod lists;
mod merge;
mod settings;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use flags::FlagOverrides;
use flags::Flags;
pub(crate) use hooks::is_path_argument;
use merge::{Manner, merge};

use crate::context::LoadContext;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{Document, Items, List};
use crate::expand::{self, Variables};
use crate::image::PathPattern;
use crate::model::{Files, Network, OwnFiles, Policy};
use crate::nearest::nearest;
use crate::paths;
use crate::presets;
use crate::programs::PathIndex;
use crate::python::{self, Pythons};
use crate::read;
use crate::source::{Origin, Source, SourceKind, Spot};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 16 << 20;
/// How many texts may extend each other.
const MOST_SOURCES: usize = 64;

/// What a policy is read from.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// `-c FILE`
    File(&'a Path),
    /// `-c -` and tests: relative paths belong to the start directory.
    Text {
        /// What messages call it.
        name: &'a str,
        /// The text.
        text: &'a str,
    },
    /// Flags alone.
    Flags,
}

/// A policy, and what was noticed on the way: warnings and notes.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The policy.
    pub policy: Policy,
    /// Warnings and notes.
    pub findings: Diagnostics,
}

/// Loads a policy.
///
/// # Errors
/// Every mistake that was found, in the order of the files. There is no policy if there is any.
pub fn load(
    input: Input<'_>,
    flags: &FlagOverrides,
    context: &LoadContext,
) -> Result<Loaded, Diagnostics> {
    let _links = paths::LinksOnce::begin();
    let mut loader = Loader::new(context);
    let flags = flags::read(flags, &context.start_dir, &mut loader.found);
    match input {
        Input::File(path) => loader.file(path, None),
        Input::Text { name, text } => {
            let source = Source::new(name, SourceKind::Text, text, &context.start_dir);
            loader.source(source, None);
        }
        Input::Flags => {}
    }
    for preset in &flags.presets {
        loader.extend_by(preset);
    }
    let labels = flags.labels.clone();
    let document = loader.merged(flags);
    let (sources, mut found, variables) = loader.finish();

    let mut check = Check {
        context,
        variables: &variables,
        found: &mut found,
        notes: Diagnostics::default(),
        comparisons: COMPARISONS,
    };
    let mut policy = check.policy(document, sources.clone());
    policy.labels = labels;
    let notes = check.notes;

    let orders: HashMap<&str, u32> = sources
        .iter()
        .map(|source| (source.name.as_str(), source.order()))
        .collect();
    found.sort(|diagnostic| {
        let order = orders.get(diagnostic.file.as_str()).copied();
        (order.unwrap_or(u32::MAX), diagnostic.span.start)
    });
    if found.has_errors() {
        return Err(found);
    }
    policy.notes = notes;
    policy.number_rules();
    if let Some(warning) = missing_preset(&policy, context) {
        found.push(warning);
    }
    Ok(Loaded {
        policy,
        findings: found,
    })
}

/// Reads texts and what they extend.
struct Loader<'c> {
    context: &'c LoadContext,
    found: Diagnostics,
    documents: Vec<Document>,
    sources: Vec<Arc<Source>>,
    /// Being read: what extends one of these extends itself.
    open: Vec<(Id, String)>,
    done: Vec<Id>,
    variables: Environment<'c>,
}

/// What makes two texts the same.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Id {
    File(PathBuf),
    Preset(&'static str),
    Text,
}

impl<'c> Loader<'c> {
    fn new(context: &'c LoadContext) -> Self {
        Self {
            context,
            found: Diagnostics::default(),
            documents: Vec::new(),
            sources: Vec::new(),
            open: Vec::new(),
            done: Vec::new(),
            variables: Environment::new(context),
        }
    }

    /// Reads a file. `by` is the entry of `extends` that names it.
    fn file(&mut self, path: &Path, by: Option<&Origin>) {
        let name = match by {
            Some(_) => self.context.shown(path),
            None => path.display().to_string(),
        };
        let path = paths::resolve(&self.context.start_dir.join(path));
        let text = match File::open(&path).and_then(read_bounded) {
            Ok(bytes) => bytes,
            Err(error) => {
                let message = format!("cannot read `{name}`: {}", reason(&error));
                self.found.push(match by {
                    Some(origin) => Diagnostic::error(message, origin),
                    None if error.kind() == io::ErrorKind::NotFound => {
                        Diagnostic::of_file(message, name)
                            .hinted("`audithook init` writes a policy to begin with")
                    }
                    None => Diagnostic::of_file(message, name),
                });
                return;
            }
        };
        let Ok(text) = String::from_utf8(text) else {
            self.found.push(Diagnostic::of_file("not UTF-8", name));
            return;
        };
        let base = path.parent().unwrap_or(Path::new("/")).to_path_buf();
        self.source(Source::new(name, SourceKind::File(path), text, &base), by);
    }

    fn source(&mut self, source: Source, by: Option<&Origin>) {
        let id = match &source.kind {
            SourceKind::File(path) => Id::File(path.clone()),
            SourceKind::Preset => source
                .preset()
                .and_then(presets::find)
                .map_or(Id::Text, |preset| Id::Preset(preset.name)),
            _ => Id::Text,
        };
        if let Some(start) = self.open.iter().position(|(open, _)| *open == id) {
            let mut names: Vec<_> = self.open[start..]
                .iter()
                .map(|(_, name)| format!("`{name}`"))
                .collect();
            names.push(format!("`{}`", source.name));
            if let Some(origin) = by {
                self.found.push(Diagnostic::error(
                    format!("extends itself: {}", names.join(" → ")),
                    origin,
                ));
            }
            return;
        }
        // What two files extend is read once.
        if self.done.contains(&id) {
            return;
        }
        if self.sources.len() + self.open.len() >= MOST_SOURCES {
            if let Some(origin) = by {
                self.found.push(Diagnostic::error(
                    format!("more than {MOST_SOURCES} files extend each other"),
                    origin,
                ));
            }
            return;
        }
        self.open.push((id.clone(), source.name.clone()));
        let source = Arc::new(source);
        let mut document = read::read(&source, &mut self.found);
        if let Some(extends) = document.extends.take() {
            self.extends(extends);
        }
        self.open.pop();
        self.done.push(id);
        self.place(source);
        self.documents.push(document);
    }

    fn place(&mut self, source: Arc<Source>) {
        source.set_order(self.sources.len() as u32);
        self.sources.push(source);
    }

    fn extends(&mut self, extends: List) {
        match extends.items {
            Items::Any => self.found.push(
                Diagnostic::error("unknown preset: `any`", &extends.origin).hinted(format!(
                    "one of {}",
                    crate::nearest::listed(presets::names())
                )),
            ),
            Items::Entries(entries) => {
                for entry in &entries {
                    self.extend_by(entry);
                }
            }
        }
    }

    fn extend_by(&mut self, entry: &Spot<String>) {
        let text = &entry.value;
        if let Some(preset) = presets::find(text) {
            let name = format!("preset {}", preset.name);
            let source = Source::new(
                name,
                SourceKind::Preset,
                preset.text,
                &self.context.start_dir,
            );
            self.source(source, Some(&entry.origin));
            return;
        }
        if !text.contains('/') && !text.ends_with(".toml") {
            let mut hint = format!(
                "one of {}; a file is written `./{text}.toml`",
                crate::nearest::listed(presets::names())
            );
            if let Some(near) = nearest(text, presets::names()) {
                hint = format!("did you mean `{near}`?");
            }
            self.found.push(
                Diagnostic::error(format!("unknown preset: `{text}`"), &entry.origin).hinted(hint),
            );
            return;
        }
        match expand::path(text, &self.variables) {
            Ok(pieces) => {
                let bytes: Vec<u8> = pieces
                    .iter()
                    .flat_map(|piece| piece.bytes().to_vec())
                    .collect();
                let relative = PathBuf::from(OsString::from_vec(bytes));
                let path = entry.origin.source.base.join(relative);
                self.file(&path, Some(&entry.origin));
            }
            Err(error) => self
                .found
                .push(Diagnostic::error(error.to_string(), &entry.origin).hinted(error.hint())),
        }
    }

    /// One document of all, the flags on top.
    fn merged(&mut self, flags: Flags) -> Document {
        let mut merged = Document::default();
        for document in std::mem::take(&mut self.documents) {
            merge(&mut merged, document, Manner::Extend);
        }
        for source in flags.sources {
            self.place(source);
        }
        merge(&mut merged, flags.document, Manner::Add);
        if let Some(origin) = flags.closes_network {
            let closed = || {
                Some(List {
                    origin: origin.clone(),
                    items: Items::Entries(Vec::new()),
                })
            };
            merged.network.connect = closed();
            merged.network.bind = closed();
            merged.network.unix = closed();
            merged.network.sockets = closed();
            merged.network.loopback = Some(Spot::new(false, origin.clone()));
        }
        merged
    }

    fn finish(self) -> (Vec<Arc<Source>>, Diagnostics, Environment<'c>) {
        (self.sources, self.found, self.variables)
    }
}

/// Turns a document into a policy.
struct Check<'c> {
    context: &'c LoadContext,
    variables: &'c Environment<'c>,
    found: &'c mut Diagnostics,
    notes: Diagnostics,
    /// How many of the policy's own names may still be compared with a misspelt one.
    comparisons: usize,
}

/// Names of one's own may be many, and so may be mistakes: beyond this nobody reads what else was meant.
const COMPARISONS: usize = 1 << 16;

impl Check<'_> {
    fn policy(&mut self, document: Document, sources: Vec<Arc<Source>>) -> Policy {
        let fallback = document.default.as_ref();
        let default = fallback.map(|spot| spot.value).unwrap_or_default();
        // Where a list that nobody wrote is meant to be.
        let absent = (default == crate::document::Fallback::Deny)
            .then(|| fallback.map(|spot| spot.origin.clone()))
            .flatten();
        let mode = document.mode.as_ref().map(|spot| spot.value);
        let files = self.files(document.files, absent.as_ref());
        self.variables.set_tmp(&files);
        let plugins = self.plugins(document.plugin);
        let hooks = self.hooks(document.hook, &plugins);
        let tests = self.tests(document.test, &hooks);
        let journal = self.journal(document.journal);
        let own = self.own(&sources, &plugins, &journal);
        let command = self.context.command_file();
        let shim = command
            .as_ref()
            .and_then(|file| python::behind_shim(file, self.context));
        // A shim's shell is not what anybody wants to run.
        let script = command
            .as_ref()
            .filter(|_| shim.is_none())
            .and_then(|file| python::behind_script(file, self.context));
        let network = self.network(document.network, absent.as_ref());
        let process = self.process(document.process, absent.as_ref());
        if process.exec.is_none() {
            self.note_open_programs(&files, &network);
        }
        Policy {
            default,
            mode: mode.map(settings::mode).unwrap_or_default(),
            require: document.require.map(|spot| spot.value).unwrap_or_default(),
            degrade: document.degrade.map(|spot| spot.value).unwrap_or_default(),
            lock: document.lock.is_some_and(|spot| spot.value),
            private_tmp: self
                .context
                .private_tmp
                .clone()
                .filter(|_| files.tmp == crate::document::Tmp::Private)
                .map(|dir| paths::resolve(&dir)),
            files,
            network,
            process,
            env: self.env(document.env, absent.as_ref()),
            limits: self.limits(document.limits),
            journal,
            plugins,
            tests,
            labels: Vec::new(),
            command: command.as_deref().map(paths::resolve),
            behind_command: script
                .into_iter()
                .chain(shim.as_deref().map(paths::resolve))
                .collect(),
            behind_shim: shim,
            notes: Diagnostics::default(),
            hooks,
            own,
            rules: Vec::new(),
            sources,
        }
    }

    /// Who lists files or hosts may think that a child is held to them, whatever program it runs.
    fn note_open_programs(&mut self, files: &Files, network: &Network) {
        let lists = [&files.read, &files.write].into_iter().flatten();
        let hosts = network.connect.iter().map(|list| &list.origin);
        let mut all = (files.deny.iter().map(|entry| &entry.origin))
            .chain(lists.map(|list| &list.origin))
            .chain(hosts);
        if let Some(origin) = all.find(|origin| origin.is_users()) {
            let message =
                "only Python is held to this: what other programs do that it starts, nobody sees";
            self.notes.push(Diagnostic::note(message, origin).hinted(
                "`[process] exec` lists all programs that may be run: `exec = [\"@python\"]` lets nothing but Python run",
            ));
        }
    }

    /// What the target may not touch although nobody says so.
    fn own(
        &self,
        sources: &[Arc<Source>],
        plugins: &[crate::model::Plugin],
        journal: &crate::model::Journal,
    ) -> OwnFiles {
        let implicit = Arc::new(Source::new(
            "audithook",
            SourceKind::Implicit,
            "",
            Path::new("/"),
        ));
        implicit.set_order(u32::MAX);
        let mut write: Vec<PathBuf> = sources
            .iter()
            .filter_map(|source| source.path().map(Path::to_path_buf))
            .collect();
        write.extend(
            plugins
                .iter()
                .filter_map(|plugin| plugin.path.as_deref().map(paths::resolve)),
        );
        write.extend(
            self.context
                .protected
                .iter()
                .map(|path| paths::resolve(path)),
        );
        let mut any: Vec<PathBuf> = self
            .context
            .hidden
            .iter()
            .map(|path| paths::resolve(path))
            .collect();
        any.extend(self.context.state_dir().map(|dir| paths::resolve(&dir)));
        if let crate::model::JournalTarget::File(path) = &journal.target {
            // The run's id is not known yet: what stands before it is.
            let known = match path.split_once("{run}") {
                Some((before, _)) if before.ends_with('/') => Some(before),
                Some(_) => None,
                None => Some(path.as_str()),
            };
            any.extend(known.map(|path| paths::resolve(Path::new(path))));
        }
        let needed = self.context.needed.iter();
        let reach = needed.map(|path| paths::resolve(path)).collect();
        write.sort();
        write.dedup();
        any.sort();
        any.dedup();
        OwnFiles {
            origin: Origin::whole(&implicit),
            rule: 0,
            write,
            any,
            reach,
        }
    }

    /// The nearest of the names that the policy itself has given.
    fn nearest_own<'n>(
        &mut self,
        word: &str,
        names: impl ExactSizeIterator<Item = &'n str>,
    ) -> Option<&'n str> {
        self.comparisons = self.comparisons.checked_sub(names.len())?;
        nearest(word, names)
    }

    fn error(&mut self, message: impl Into<String>, origin: &Origin, hint: impl Into<String>) {
        self.found
            .push(Diagnostic::error(message, origin).hinted(hint));
    }

    /// What a preset may lack on this machine nobody wants to hear of.
    fn note(&mut self, message: impl Into<String>, origin: &Origin) {
        if origin.is_users() {
            self.notes.push(Diagnostic::note(message, origin));
        }
    }
}

/// The program's own start comes from the presets, not from magic: says which one is missing.
fn missing_preset(policy: &Policy, context: &LoadContext) -> Option<Diagnostic> {
    let read = policy.files.read.as_ref()?;
    let library = python::command_library(context)?;
    let patterns = read.entries.iter().flat_map(|entry| &entry.value.patterns);
    let is_covered = patterns.into_iter().any(|pattern| match pattern {
        PathPattern::Literal(path) => library.starts_with(OsStr::from_bytes(path)),
        // A glob may well cover it, and who writes one knows what for.
        PathPattern::Glob(glob) => glob.contains("python") || glob == "**",
    });
    (!is_covered).then(|| {
        Diagnostic::warning(
            format!(
                "the command runs Python, which may not read its own library: `{}`",
                library.display()
            ),
            &read.origin,
        )
        .hinted(
            "`extends = [\"python\"]` or `--preset python` lets every interpreter start and import",
        )
    })
}

/// The variables of a context, with the built-in ones. `PATH` and the interpreters are looked at once,
/// when somebody asks.
struct Environment<'c> {
    context: &'c LoadContext,
    index: OnceCell<PathIndex>,
    pythons: OnceCell<Pythons>,
    private_tmp: OnceCell<PathBuf>,
}

impl<'c> Environment<'c> {
    fn new(context: &'c LoadContext) -> Self {
        Self {
            context,
            index: OnceCell::new(),
            pythons: OnceCell::new(),
            private_tmp: OnceCell::new(),
        }
    }

    /// What `PATH` holds.
    fn index(&self) -> &PathIndex {
        self.index.get_or_init(|| PathIndex::new(self.context))
    }

    /// The interpreters.
    fn pythons(&self) -> &Pythons {
        self.pythons
            .get_or_init(|| Pythons::find_in(self.context, self.index()))
    }

    fn set_tmp(&self, files: &Files) {
        if let (crate::document::Tmp::Private, Some(dir)) = (files.tmp, &self.context.private_tmp) {
            // Only `load` calls this, once.
            let _ = self.private_tmp.set(dir.clone());
        }
    }
}

impl Variables for Environment<'_> {
    fn variable(&self, name: &str) -> Option<Vec<u8>> {
        let built_in = match name {
            "CWD" => Some(self.context.start_dir.clone()),
            "PYTHON_PREFIX" => self.pythons().prefix.clone(),
            "TMPDIR" => self.private_tmp.get().cloned(),
            _ => None,
        };
        match built_in {
            Some(path) => Some(expand::bytes_of(path.as_os_str())),
            None => self.context.variable(name).map(expand::bytes_of),
        }
    }

    fn home(&self) -> Option<Vec<u8>> {
        let home = self.context.home.as_ref()?;
        Some(expand::bytes_of(home.as_os_str()))
    }
}

/// Reads what is to be a policy: 16 MiB at most, for a device has no end.
///
/// # Errors
/// It cannot be read, or is larger.
pub fn read_bounded(input: impl io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("it is larger than 16 MiB"));
    }
    Ok(bytes)
}

/// The reason of an I/O error without the number that Rust adds.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    let mut letters = text[..end].chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}
