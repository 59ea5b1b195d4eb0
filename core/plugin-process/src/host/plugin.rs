//! A plugin whose code runs elsewhere.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use audithook_loader::{CreateError, Digest, PluginInfo, SearchPath, Services, Spec, is_name};
use audithook_sandbox::Confinement;

use super::instance::Instance;
use super::launch::Launcher;
use super::process::{Process, StartError};
use crate::message::Start;

/// What the process may do, and how long it may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What it may do beside reading its own library.
    pub confinement: Confinement,
    /// How long a hook may take before its process is killed.
    pub timeout: Duration,
}

/// A plugin whose code runs in processes of its own. Clones are the same plugin.
#[derive(Clone)]
pub struct Plugin {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) info: PluginInfo,
    path: PathBuf,
    digest: Digest,
    pub(super) settings: Settings,
    pub(super) launcher: Launcher,
    pub(super) start: Start,
    /// The process that said what the plugin is: the first instance is made in it.
    first: Mutex<Option<Arc<Process>>>,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin")
            .field("path", &self.shared.path)
            .finish_non_exhaustive()
    }
}

/// Why there is no such plugin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Its file is refused.
    #[error(transparent)]
    File(#[from] audithook_loader::LoadError),
    /// Its process refuses it, or cannot be started.
    #[error("cannot load plugin: `{plugin}`: `{}`: {refusal}", .file.display())]
    Refused {
        /// Its name.
        plugin: String,
        /// Its file.
        file: PathBuf,
        /// Why.
        refusal: String,
        /// What to do about it.
        hint: Option<String>,
    },
}

impl OpenError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::Refused { hint, .. } => hint.clone(),
        }
    }
}

impl Plugin {
    /// Finds and checks a plugin's file, and has a process load it. Nothing of it runs here.
    ///
    /// # Errors
    /// Why it was refused.
    pub fn open(
        spec: &Spec<'_>,
        search: &SearchPath,
        settings: Settings,
        launcher: &Launcher,
    ) -> Result<Self, OpenError> {
        let spec = Spec {
            digest: true,
            ..*spec
        };
        let examined = audithook_loader::Plugin::examine(&spec, search)?;
        let refused = |refusal: String, hint| OpenError::Refused {
            plugin: spec.name.to_owned(),
            file: examined.path.clone(),
            refusal,
            hint,
        };
        let Some(digest) = examined.digest else {
            return Err(refused("it was not hashed".to_owned(), None));
        };
        let mut confinement = settings.confinement.clone();
        confinement.read.push(examined.path.clone());
        let start = Start {
            name: spec.name.to_owned(),
            file: examined.path.clone(),
            sha256: Some(digest.to_string()),
            confinement,
        };
        let (process, info) =
            Process::start(launcher, &start, settings.timeout).map_err(|error| match error {
                StartError::Refused { refusal, hint } => refused(refusal, hint),
                other => refused(other.to_string(), None),
            })?;
        if let Err(what) = check(&info, spec.name) {
            return Err(refused(
                format!("its process says what cannot be: {what}"),
                None,
            ));
        }
        Ok(Self {
            shared: Arc::new(Shared {
                info,
                path: examined.path.clone(),
                digest,
                settings,
                launcher: launcher.clone(),
                start,
                first: Mutex::new(Some(process)),
            }),
        })
    }

    /// What the plugin says about itself.
    #[must_use]
    pub fn info(&self) -> &PluginInfo {
        &self.shared.info
    }

    /// The file: absolute, without symlinks.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// What the file hashes to. A process that finds another content does not load it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.shared.digest
    }

    /// What its processes may do.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Makes an instance, in a process of its own, from `config`, a JSON object.
    ///
    /// # Errors
    /// The plugin refuses the configuration, or fails, or its process does.
    pub fn create(
        &self,
        services: Arc<dyn Services>,
        config: &str,
    ) -> Result<Instance, CreateError> {
        let mut first = self
            .shared
            .first
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let process = first.take();
        drop(first);
        Instance::create(self.clone(), process, services, config)
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }
}

/// What the loader holds of every plugin, which the process may have been made to forget.
fn check(info: &PluginInfo, name: &str) -> Result<(), &'static str> {
    if info.name != name {
        return Err("another name");
    }
    let functions = info.hooks.iter().map(|hook| &hook.name);
    let mut names = functions.chain(info.commands.iter().map(|command| &command.name));
    if !names.all(|name| is_name(name)) {
        return Err("a name that is none");
    }
    let lines = [
        &info.id,
        &info.version,
        &info.summary,
        &info.license,
        &info.sdk,
    ];
    if lines.iter().any(|line| line.chars().any(char::is_control)) {
        return Err("a line that is none");
    }
    Ok(())
}
