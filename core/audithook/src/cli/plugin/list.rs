//! `audithook plugin list`

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use audithook::hooks::Library;
use audithook_loader::SearchPath;
use audithook_policy::FlagOverrides;
use audithook_policy::model::Policy;
use serde::Serialize;

use super::apart::{self, Examined};
use super::report::{Hook, Report};
use crate::cli::arguments::{FormatName, PluginList};
use crate::cli::failure::{Answer, Failure};
use crate::cli::policy::{Choice, DEFAULT_FILE};
use crate::cli::terminal::{Paint, Style, Terminal};

/// What every plugin exports.
const ENTRY: &[u8] = b"audithook_plugin_entry";
/// It loads plugins, and is none.
const PRELOAD_LIBRARY: &str = "libaudithook_cpython.so";

pub(super) fn run(arguments: &PluginList, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let search = SearchPath::from_environment();
    let mut list = List {
        search: search
            .places()
            .iter()
            .map(|place| Place {
                directory: place.directory.clone(),
                named_by: place.named_by,
                searched: place.directory.is_absolute(),
            })
            .collect(),
        plugins: Vec::new(),
    };
    if let Some(policy) = policy(arguments, terminal)? {
        list.configured(policy, &search);
    }
    for file in search.files() {
        list.found(&file);
    }
    match arguments.format.format {
        FormatName::Json => terminal.json(&list)?,
        FormatName::Text => {
            let paint = terminal.paint();
            list.write(paint, terminal.out())?;
        }
    }
    Ok(Answer::no_if(
        list.plugins.iter().any(|plugin| plugin.refusal.is_some()),
    ))
}

/// The policy that is named, or ./hooks.toml if there is one.
fn policy(arguments: &PluginList, terminal: &mut Terminal) -> Result<Option<Policy>, Failure> {
    if arguments.config.is_none() && !Path::new(DEFAULT_FILE).exists() {
        return Ok(None);
    }
    let choice = Choice::of(
        arguments.config.as_deref(),
        FlagOverrides::default(),
        Vec::new(),
    )?;
    choice.load_with_plugins(terminal).map(Some)
}

#[derive(Serialize)]
struct List {
    search: Vec<Place>,
    plugins: Vec<Entry>,
}

#[derive(Serialize)]
struct Place {
    directory: PathBuf,
    named_by: &'static str,
    /// Relative directories are not.
    searched: bool,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    /// Where `[plugin.NAME]` stands, if the policy configures it.
    configured: Option<String>,
    file: Option<PathBuf>,
    version: Option<String>,
    sha256: Option<String>,
    summary: Option<String>,
    placement: Option<&'static str>,
    hooks: Vec<Function>,
    commands: Vec<Function>,
    refusal: Option<String>,
    hint: Option<String>,
}

#[derive(Serialize)]
struct Function {
    name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kinds: Vec<String>,
    summary: String,
}

impl List {
    /// The plugins of a policy, each with what a run would do with it.
    fn configured(&mut self, policy: Policy, search: &SearchPath) {
        for plugin in policy.plugins {
            let mut entry = match Library::open(&plugin, search) {
                Ok(library) => Entry {
                    placement: Some(library.placement.as_str()),
                    ..Entry::loaded(Report::of(
                        library.plugin.info(),
                        library.plugin.path(),
                        library.plugin.digest(),
                    ))
                },
                Err(finding) => {
                    Entry::refused(plugin.name, plugin.path, finding.message, finding.hint)
                }
            };
            entry.configured = Some(plugin.origin.to_string());
            self.plugins.push(entry);
        }
    }

    /// A file of the search path, unless it is no plugin, or listed already.
    fn found(&mut self, file: &Path) {
        if !looks_like_a_plugin(file) {
            return;
        }
        let resolved = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        if self
            .plugins
            .iter()
            .any(|plugin| plugin.file.as_ref() == Some(&resolved))
        {
            return;
        }
        self.plugins.push(match apart::examine(&resolved) {
            Ok(Examined::Plugin(report)) => Entry::loaded(*report),
            Ok(Examined::Refused {
                plugin,
                refusal,
                hint,
            }) => Entry::refused(plugin, Some(resolved), refusal, hint),
            Err(error) => {
                let refusal = format!("no process to load it in: {error}");
                Entry::refused(String::new(), Some(resolved), refusal, None)
            }
        });
    }

    fn write(&self, paint: Paint, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "searched:")?;
        for Place {
            directory,
            named_by,
            searched,
        } in &self.search
        {
            let note = if *searched {
                ""
            } else {
                "; relative, so not searched"
            };
            writeln!(
                out,
                "  {} {}",
                directory.display(),
                paint.dim(format_args!("({named_by}{note})"))
            )?;
        }
        if self.plugins.is_empty() {
            writeln!(out, "\nno plugins")?;
        }
        for plugin in &self.plugins {
            writeln!(out)?;
            plugin.write(paint, out)?;
        }
        Ok(())
    }
}

impl Entry {
    fn loaded(report: Report) -> Self {
        Self {
            name: report.name,
            configured: None,
            file: Some(report.file),
            version: Some(report.version),
            sha256: report.sha256,
            summary: Some(report.summary).filter(|summary| !summary.is_empty()),
            placement: None,
            hooks: report.hooks.into_iter().map(Function::of).collect(),
            commands: report
                .commands
                .into_iter()
                .map(|command| Function {
                    kinds: Vec::new(),
                    name: command.usage(),
                    summary: command.summary,
                })
                .collect(),
            refusal: None,
            hint: None,
        }
    }

    fn refused(name: String, file: Option<PathBuf>, refusal: String, hint: Option<String>) -> Self {
        Self {
            name,
            configured: None,
            file,
            version: None,
            sha256: None,
            summary: None,
            placement: None,
            hooks: Vec::new(),
            commands: Vec::new(),
            refusal: Some(refusal),
            hint,
        }
    }

    fn write(&self, paint: Paint, out: &mut impl Write) -> io::Result<()> {
        write!(out, "{}", paint.bold(&self.name))?;
        if let Some(version) = &self.version {
            write!(out, " {version}")?;
        }
        if let Some(at) = &self.configured {
            write!(out, " {}", paint.dim(format_args!("({at})")))?;
        }
        writeln!(out)?;
        let mut field = |name: &str, text: &str| {
            writeln!(
                out,
                "  {}  {text}",
                paint.apply(Style::Cyan, format_args!("{name:<9}"))
            )
        };
        if let Some(refusal) = &self.refusal {
            field("refused", &paint.apply(Style::Red, refusal).to_string())?;
        }
        if let Some(hint) = &self.hint {
            field("hint", hint)?;
        }
        if let Some(summary) = &self.summary {
            field("summary", summary)?;
        }
        for (place, function) in self.hooks.iter().enumerate() {
            let title = if place == 0 { "hooks" } else { "" };
            let Function {
                name,
                kinds,
                summary,
            } = function;
            field(
                title,
                format!("{name}: {}. {summary}", kinds.join(", ")).trim_end(),
            )?;
        }
        for (place, command) in self.commands.iter().enumerate() {
            let title = if place == 0 { "commands" } else { "" };
            let Function { name, summary, .. } = command;
            field(title, format!("{name}. {summary}").trim_end())?;
        }
        if let Some(placement) = self.placement {
            field("placement", placement)?;
        }
        if let Some(file) = &self.file {
            field("file", &file.display().to_string())?;
        }
        if let Some(sha256) = &self.sha256 {
            field("sha256", sha256)?;
        }
        Ok(())
    }
}

impl Function {
    fn of(hook: Hook) -> Self {
        Self {
            name: hook.name,
            kinds: hook.kinds,
            summary: hook.summary,
        }
    }
}

/// Whether the file names the entry of plugins: opening a library runs its constructors, which is not for every library that
/// happens to lie in the same directory.
fn looks_like_a_plugin(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name != PRELOAD_LIBRARY)
        && std::fs::read(file)
            .is_ok_and(|bytes| bytes.windows(ENTRY.len()).any(|window| window == ENTRY))
}
