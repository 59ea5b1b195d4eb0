//! `audithook trust`

use std::io::{self, Write};
use std::path::Path;

use audithook::hooks::{Libraries, SearchPath};
use audithook_policy::model::Placement;
use audithook_policy::{LoadContext, PluginCode, Policy, TrustError, TrustStore, paths};
use serde::Serialize;

use super::arguments::{FormatName, Trust};
use super::event_text::one_line;
use super::failure::{Answer, Failure, with_causes};
use super::in_short::InShort;
use super::policy::{Choice, DEFAULT_FILE};
use super::terminal::Terminal;

pub(super) fn run(arguments: &Trust, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let context = LoadContext::current(Vec::new())
        .map_err(|error| Failure::new(format!("there is no current directory: {error}")))?;
    let store = TrustStore::of(&context)
        .ok_or_else(|| Failure::new("there is no home directory to record trust in"))?;
    let format = arguments.format.format;
    if arguments.list {
        return list(&store, format, terminal);
    }
    if arguments.remove {
        // As the loader names it.
        let file = arguments.file.named().unwrap_or(Path::new(DEFAULT_FILE));
        let file = paths::resolve(&context.start_dir.join(file));
        return remove(&store, &file, format, terminal);
    }
    record(&store, arguments.file.named(), format, terminal)
}

fn record(
    store: &TrustStore,
    file: Option<&Path>,
    format: FormatName,
    terminal: &mut Terminal,
) -> Result<Answer, Failure> {
    let choice = Choice::of_file(file)?;
    let policy = choice.load_and_warn(terminal)?;
    let plugins =
        Libraries::examine(&policy, &SearchPath::from_environment()).map_err(Failure::Invalid)?;
    let trusted = Trusted::of(&policy, plugins.clone(), &choice.context);
    // Who sees that it is not what they read may still interrupt.
    if matches!(format, FormatName::Text) {
        trusted.says.write(terminal.out())?;
        trusted.write_code(terminal.out())?;
        terminal.flush()?;
    }
    store.record(&policy, &plugins).map_err(unusable)?;
    match format {
        FormatName::Json => terminal.json(&trusted)?,
        FormatName::Text => {
            let out = terminal.out();
            writeln!(out, "trusted, as they are now:")?;
            for file in &trusted.files {
                writeln!(out, "  {}", one_line(file))?;
            }
            for Code { plugin, .. } in &trusted.plugins {
                let Plugin { name, file, .. } = plugin;
                writeln!(
                    out,
                    "  {} (the code of the plugin `{name}`)",
                    one_line(file)
                )?;
            }
        }
    }
    Ok(Answer::Good)
}

/// What a policy brings with it.
#[derive(Serialize)]
struct Trusted {
    /// The file and all that it extends.
    files: Vec<String>,
    /// Plugins run with the user's rights.
    plugins: Vec<Code>,
    says: InShort,
}

/// A plugin, and where its code runs.
#[derive(Serialize)]
struct Code {
    #[serde(flatten)]
    plugin: Plugin,
    placement: &'static str,
}

/// The library of a plugin.
#[derive(Serialize)]
struct Plugin {
    name: String,
    file: String,
    sha256: String,
}

impl Plugin {
    fn of(code: PluginCode) -> Self {
        Self {
            file: text_of(&code.file),
            name: code.name,
            sha256: code.sha256,
        }
    }
}

impl Trusted {
    fn of(policy: &Policy, plugins: Vec<PluginCode>, context: &LoadContext) -> Self {
        // What a file extends is read before it, and of less interest.
        let mut files: Vec<_> = policy.files_read().map(text_of).collect();
        files.reverse();
        let search = SearchPath::from_environment();
        Self {
            files,
            plugins: plugins
                .into_iter()
                .map(|code| Code {
                    placement: placement(policy, &code.name, &search).as_str(),
                    plugin: Plugin::of(code),
                })
                .collect(),
            says: InShort::of(policy, context),
        }
    }

    fn write_code(&self, out: &mut impl Write) -> io::Result<()> {
        if !self.plugins.is_empty() {
            writeln!(out, "whose code it runs:")?;
        }
        for Code { plugin, placement } in &self.plugins {
            let Plugin { name, file, sha256 } = plugin;
            let place = match *placement {
                "target" => "in every process of the program, with its rights",
                "process" => "in a process of its own, with the rights of its sandbox",
                _ => "in the supervisor, with your rights",
            };
            writeln!(out, "  {name:<16}  {place}: {}", one_line(file))?;
            writeln!(out, "  {:<16}  sha256 {sha256}", "")?;
        }
        Ok(())
    }
}

/// Where a plugin that is not refused runs.
fn placement(policy: &Policy, plugin: &str, search: &SearchPath) -> Placement {
    let said = policy.plugins.iter().find(|known| known.name == plugin);
    said.map_or(Placement::Process, |plugin| {
        Libraries::placement(plugin, search)
    })
}

fn remove(
    store: &TrustStore,
    file: &Path,
    format: FormatName,
    terminal: &mut Terminal,
) -> Result<Answer, Failure> {
    #[derive(Serialize)]
    struct Removed {
        file: String,
        was_trusted: bool,
    }
    let removed = Removed {
        was_trusted: store.remove(file).map_err(unusable)?,
        file: text_of(file),
    };
    match format {
        FormatName::Json => terminal.json(&removed)?,
        FormatName::Text => {
            let verb = if removed.was_trusted {
                "no longer trusted"
            } else {
                "was not trusted"
            };
            writeln!(terminal.out(), "{verb}: `{}`", one_line(&removed.file))?;
        }
    }
    Ok(Answer::no_if(!removed.was_trusted))
}

fn list(
    store: &TrustStore,
    format: FormatName,
    terminal: &mut Terminal,
) -> Result<Answer, Failure> {
    #[derive(Serialize)]
    struct Entry {
        file: String,
        sha256: String,
        plugins: Vec<Plugin>,
    }
    let entries: Vec<_> = store
        .list()
        .map_err(unusable)?
        .into_iter()
        .map(|record| Entry {
            file: text_of(&record.file),
            sha256: record.sha256,
            plugins: record.plugins.into_iter().map(Plugin::of).collect(),
        })
        .collect();
    match format {
        FormatName::Json => terminal.json(&entries)?,
        FormatName::Text => {
            let out = terminal.out();
            for entry in &entries {
                writeln!(out, "{}  {}", entry.sha256, one_line(&entry.file))?;
                for Plugin { name, file, sha256 } in &entry.plugins {
                    let file = one_line(file);
                    writeln!(out, "{sha256}  {file} (the code of the plugin `{name}`)")?;
                }
            }
        }
    }
    Ok(Answer::Good)
}

fn text_of(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

pub(super) fn unusable(error: TrustError) -> Failure {
    let failure = Failure::new(with_causes(&error));
    match error.hint() {
        Some(hint) => failure.hinted(hint),
        None => failure,
    }
}
