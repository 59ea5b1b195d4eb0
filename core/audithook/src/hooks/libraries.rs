//! The plugins' files, opened: what they offer is known, and nothing of them runs yet.

use std::path::{Path, PathBuf};

use audithook_loader::{self as here, Digest, Examined, LoadError, Refusal, SearchPath, Spec};
use audithook_plugin_process::{self as apart, OpenError};
use audithook_policy::PluginCode;
use audithook_policy::diagnostic::{Diagnostic, Diagnostics};
use audithook_policy::model::{self, Placement, Policy};
use audithook_sandbox::Confinement;

use super::placed::{self, Plugin};
use super::{call_kind, with};

/// The libraries of a policy's plugins, in its order.
#[derive(Debug, Default)]
pub struct Libraries {
    opened: Vec<Library>,
}

/// One plugin's library.
#[derive(Debug)]
pub struct Library {
    /// The plugin's name.
    pub name: String,
    /// What it offers.
    pub plugin: Plugin,
    /// Where it runs.
    pub placement: Placement,
}

impl Libraries {
    /// Opens the library of every plugin of the policy, and tells the policy what it could not know: the files, the
    /// placements, and what the functions are that hooks call. To be done before the policy becomes an image.
    ///
    /// # Errors
    /// Every plugin that cannot be loaded, and every hook that calls what is not offered.
    pub fn open(policy: &mut Policy, search: &SearchPath) -> Result<Self, Diagnostics> {
        let (mut libraries, mut found) = (Self::default(), Diagnostics::default());
        for plugin in &mut policy.plugins {
            match Library::open(plugin, search) {
                Ok(library) => {
                    plugin.path = Some(library.plugin.path().to_owned());
                    plugin.placement = Some(library.placement);
                    libraries.opened.push(library);
                }
                Err(diagnostic) => found.push(*diagnostic),
            }
        }
        policy.set_call_kinds(|plugin, function| {
            call_kind(libraries.get(plugin)?.plugin.info(), function)
        });
        for hook in policy.hooks() {
            libraries.check_target(hook, &mut found);
            libraries.check_arguments(hook, &mut found);
        }
        if found.is_empty() {
            Ok(libraries)
        } else {
            Err(found)
        }
    }

    /// What the libraries of a policy's plugins are. They are found and checked as [`Libraries::open`] does, and nothing of
    /// them runs.
    ///
    /// # Errors
    /// Every plugin that would be refused.
    pub fn examine(policy: &Policy, search: &SearchPath) -> Result<Vec<PluginCode>, Diagnostics> {
        let (mut code, mut found) = (Vec::new(), Diagnostics::default());
        for plugin in &policy.plugins {
            match Library::examine(plugin, search) {
                Ok(library) => code.push(library),
                Err(diagnostic) => found.push(*diagnostic),
            }
        }
        if found.is_empty() {
            Ok(code)
        } else {
            Err(found)
        }
    }

    /// Holds the plugins of a policy to the code that they had when it was trusted: another file is refused here, another
    /// content when it is opened.
    ///
    /// # Errors
    /// Every plugin that is another file by now, or none.
    pub fn hold_to(
        policy: &mut Policy,
        trusted: &[PluginCode],
        search: &SearchPath,
    ) -> Result<(), Diagnostics> {
        let mut found = Diagnostics::default();
        for plugin in &mut policy.plugins {
            match Library::file(plugin, search) {
                Ok(file) => match trusted.iter().find(|code| code.name == plugin.name) {
                    Some(code) if code.file == file => {
                        plugin.trusted_sha256 = Some(code.sha256.clone());
                    }
                    _ => found.push(not_trusted(plugin, &file)),
                },
                Err(diagnostic) => found.push(*diagnostic),
            }
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }

    /// Where a plugin runs: as written; in the supervisor if it came with audithook or is pinned; else in a process of its own.
    #[must_use]
    pub fn placement(plugin: &model::Plugin, search: &SearchPath) -> Placement {
        let is_trusted = || plugin.sha256.is_some() || is_bundled(plugin, search);
        match plugin.placement {
            Some(placement) => placement,
            None if is_trusted() => Placement::Supervisor,
            None => Placement::Process,
        }
    }

    /// The library of the plugin of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Library> {
        self.opened.iter().find(|library| library.name == name)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Library> {
        self.opened.iter()
    }

    /// What a hook asks of a plugin in the target, where there are gates alone.
    fn check_target(&self, hook: &model::Hook, found: &mut Diagnostics) {
        let model::Action::Call {
            plugin, function, ..
        } = &hook.action
        else {
            return;
        };
        if self
            .get(plugin)
            .is_none_or(|library| library.placement != Placement::Target)
        {
            return;
        }
        if matches!(
            hook.kind,
            Some(model::CallKind::After | model::CallKind::Observer)
        ) {
            found.push(
                Diagnostic::error(
                    format!("only gates can run in the target: `{plugin}.{function}`"),
                    &hook.origin,
                )
                .hinted(format!(
                    "`placement = \"supervisor\"` in `[plugin.{plugin}]`"
                )),
            );
        }
    }

    /// What `with` says is the name of an argument must be one of the hook's events: a slip would count nothing.
    fn check_arguments(&self, hook: &model::Hook, found: &mut Diagnostics) {
        let model::Action::Call {
            plugin,
            function,
            with,
        } = &hook.action
        else {
            return;
        };
        let schema = self
            .get(plugin)
            .and_then(|library| with::schema(library.plugin.info(), function));
        let properties = schema
            .as_ref()
            .and_then(|schema| schema["properties"].as_object());
        for (key, property) in properties.into_iter().flatten() {
            if property["format"] == ARGUMENT
                && let Some(name) = with[key.as_str()].as_str()
                && let Err(mistake) = hook.check_argument(key, name)
            {
                found.push(*mistake);
            }
        }
    }
}

/// The `format` by which the schema of `with` says that a text is the name of an argument.
const ARGUMENT: &str = "argument";

impl Library {
    /// Opens the library of one plugin.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn open(plugin: &model::Plugin, search: &SearchPath) -> Result<Self, Box<Diagnostic>> {
        let placement = Libraries::placement(plugin, search);
        let opened = match placement {
            Placement::Process => Plugin::Apart(open_apart(plugin, search)?),
            Placement::Supervisor | Placement::Target => Plugin::Here(
                here::Plugin::load(&spec(plugin)?, search)
                    .map_err(|error| Box::new(refused(plugin, &error)))?,
            ),
        };
        if placement == Placement::Target && !opened.info().in_target {
            return Err(Box::new(
                Diagnostic::error(
                    format!("the plugin does not run in the target: `{}`", plugin.name),
                    &plugin.origin,
                )
                .hinted("`placement = \"supervisor\"`"),
            ));
        }
        Ok(Self {
            name: plugin.name.clone(),
            plugin: opened,
            placement,
        })
    }

    fn examine(plugin: &model::Plugin, search: &SearchPath) -> Result<PluginCode, Box<Diagnostic>> {
        let Examined { path, digest } = here::Plugin::examine(&spec(plugin)?, search)
            .map_err(|error| Box::new(refused(plugin, &error)))?;
        Ok(PluginCode {
            name: plugin.name.clone(),
            file: path,
            sha256: digest.map_or_else(String::new, |digest| digest.to_string()),
        })
    }

    /// Which file it is, without a look at its content.
    fn file(plugin: &model::Plugin, search: &SearchPath) -> Result<PathBuf, Box<Diagnostic>> {
        let spec = Spec {
            sha256: None,
            digest: false,
            ..spec(plugin)?
        };
        let examined = here::Plugin::examine(&spec, search);
        Ok(examined
            .map_err(|error| Box::new(refused(plugin, &error)))?
            .path)
    }
}

/// Which file is asked for, and what it must hash to. Where there is a pin, nothing else was ever trusted.
fn spec(plugin: &model::Plugin) -> Result<Spec<'_>, Box<Diagnostic>> {
    let pin = plugin.trusted_sha256.as_ref().or(plugin.sha256.as_ref());
    let sha256 = pin.map(|pin| pin.parse::<Digest>()).transpose();
    Ok(Spec {
        name: &plugin.name,
        path: plugin.path.as_deref(),
        sha256: sha256
            .map_err(|error| Box::new(Diagnostic::error(error.to_string(), &plugin.origin)))?,
        digest: true,
    })
}

fn refused(plugin: &model::Plugin, error: &LoadError) -> Diagnostic {
    if let (Refusal::OtherContent { .. }, Some(_), Some(file)) =
        (&*error.refusal, &plugin.trusted_sha256, &error.file)
    {
        return not_trusted(plugin, file);
    }
    let diagnostic = Diagnostic::error(error.to_string(), &plugin.origin);
    match error.hint() {
        Some(hint) => diagnostic.hinted(hint),
        None => diagnostic,
    }
}

fn not_trusted(plugin: &model::Plugin, file: &Path) -> Diagnostic {
    Diagnostic::error(
        format!(
            "the plugin is not the one that you trusted: `{}`: `{}`",
            plugin.name,
            file.display()
        ),
        &plugin.origin,
    )
    .hinted("find out what changed it, then `audithook trust`: its code runs with your rights")
}

/// Has a process of its own say what a plugin is.
fn open_apart(
    plugin: &model::Plugin,
    search: &SearchPath,
) -> Result<apart::Plugin, Box<Diagnostic>> {
    let Some(launcher) = placed::launcher() else {
        return Err(Box::new(
            Diagnostic::error(
                format!("nothing runs plugins in processes of their own here: `{}`", plugin.name),
                &plugin.origin,
            )
            .hinted("`audithook::hooks::host_plugins_with` says what does; `placement = \"supervisor\"` or a pin, `sha256 = \"…\"`, says that you trust its code"),
        ));
    };
    let sandbox = &plugin.sandbox;
    let settings = apart::Settings {
        confinement: Confinement {
            read: sandbox.read.clone(),
            write: sandbox.write.clone(),
            network: sandbox.network,
            memory: sandbox.memory,
            open_files: sandbox.open_files,
        },
        timeout: sandbox.timeout,
    };
    apart::Plugin::open(&spec(plugin)?, search, settings, launcher).map_err(|error| {
        Box::new(match &error {
            OpenError::File(error) => refused(plugin, error),
            _ => {
                let diagnostic = Diagnostic::error(error.to_string(), &plugin.origin);
                match error.hint() {
                    Some(hint) => diagnostic.hinted(hint),
                    None => diagnostic,
                }
            }
        })
    })
}

/// Whether the file is one of those that came with the executable: beside it, or where a package puts what belongs to it.
fn is_bundled(plugin: &model::Plugin, search: &SearchPath) -> bool {
    let file = plugin
        .path
        .clone()
        .or_else(|| search.find(&plugin.name).ok());
    let executable = std::env::current_exe().ok();
    match (&file, executable.as_deref().and_then(Path::parent)) {
        (Some(file), Some(directory)) => {
            let places = [directory.to_owned(), directory.join("../lib/audithook")];
            let canonical = |path: &Path| path.canonicalize().ok();
            let place = file.parent().and_then(canonical);
            place.is_some() && places.iter().any(|bundled| canonical(bundled) == place)
        }
        // It is not found: loading it says so, and where it was looked for.
        (None, _) => true,
        (Some(_), None) => false,
    }
}
