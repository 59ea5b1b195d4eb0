//! Plugins where they run: loaded into this process, or in a process of their own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use audithook_abi::Symbol;
use audithook_bus::{After, Gate, Observer};
use audithook_loader::{
    self as here, AttachError, Attachment, CreateError, Digest, HookInfo, Kinds, PluginInfo,
    ReportError, Services,
};
use audithook_plugin_process::{self as apart, Launcher, Nursery};
use audithook_supervisor::spared;

pub use apart::NAME as PLUGIN_PROCESS;

static HOST: OnceLock<Launcher> = OnceLock::new();

/// Has plugins with `placement = "process"` run in processes of this program, which is to do nothing but
/// [`serve_plugin`](crate::serve_plugin) when its first argument, where others have their name, is [`PLUGIN_PROCESS`]. The first call counts. Without one such plugins are
/// refused.
pub fn host_plugins_with(program: impl Into<PathBuf>) {
    let launcher = Launcher::new(program, [""; 0]).with_nursery(Arc::new(Children));
    let _ = HOST.set(launcher);
}

pub(super) fn launcher() -> Option<&'static Launcher> {
    HOST.get()
}

/// In a run, the supervisor waits for all children.
struct Children;

impl Nursery for Children {
    fn born(&self, pid: u32) {
        spared::spare(pid);
    }

    fn gone(&self, pid: u32) {
        spared::forget(pid);
    }

    fn ended(&self, pid: u32) -> Option<i32> {
        spared::ended(pid)
    }
}

/// A plugin that was opened.
#[derive(Clone, Debug)]
pub enum Plugin {
    /// Loaded into this process.
    Here(here::Plugin),
    /// Known from a process of its own.
    Apart(apart::Plugin),
}

/// An instance of it.
#[derive(Clone)]
pub enum Instance {
    /// In this process.
    Here(here::Instance),
    /// In a process of its own.
    Apart(apart::Instance),
}

/// A hook of an instance's.
#[derive(Clone)]
pub(super) enum Attached {
    Here(here::Attached),
    Apart(apart::Attached),
}

impl Plugin {
    /// What it says about itself.
    #[must_use]
    pub fn info(&self) -> &PluginInfo {
        match self {
            Self::Here(plugin) => plugin.info(),
            Self::Apart(plugin) => plugin.info(),
        }
    }

    /// Its file: absolute, without symlinks.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Here(plugin) => plugin.path(),
            Self::Apart(plugin) => plugin.path(),
        }
    }

    /// What its file hashed to.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        match self {
            Self::Here(plugin) => plugin.digest(),
            Self::Apart(plugin) => Some(plugin.digest()),
        }
    }

    pub(super) fn create(
        &self,
        services: Arc<dyn Services>,
        config: &str,
    ) -> Result<Instance, CreateError> {
        Ok(match self {
            Self::Here(plugin) => Instance::Here(plugin.create(services, config)?),
            Self::Apart(plugin) => Instance::Apart(plugin.create(services, config)?),
        })
    }
}

impl Instance {
    /// What the plugin says about itself.
    #[must_use]
    pub fn info(&self) -> &PluginInfo {
        match self {
            Self::Here(instance) => instance.plugin().info(),
            Self::Apart(instance) => instance.plugin().info(),
        }
    }

    /// Whether a new instance of that plugin would be of the same file with the same content, and run in the same way. One
    /// that panicked is not gone on with.
    pub(super) fn is_of(&self, plugin: &Plugin) -> bool {
        match (self, plugin) {
            (Self::Here(own), Plugin::Here(other)) => {
                own.plugin().path() == other.path()
                    && own.plugin().digest().is_some()
                    && own.plugin().digest() == other.digest()
                    && !own.is_poisoned()
            }
            (Self::Apart(own), Plugin::Apart(other)) => {
                own.plugin().path() == other.path()
                    && own.plugin().digest() == other.digest()
                    && own.plugin().settings() == other.settings()
            }
            _ => false,
        }
    }

    pub(super) fn attach(&self, attachment: &Attachment<'_>) -> Result<Attached, AttachError> {
        Ok(match self {
            Self::Here(instance) => Attached::Here(instance.attach(attachment)?),
            Self::Apart(instance) => Attached::Apart(instance.attach(attachment)?),
        })
    }

    pub(super) fn report(&self) -> Result<Option<String>, ReportError> {
        match self {
            Self::Here(instance) => instance.report(),
            Self::Apart(instance) => instance.report(),
        }
    }

    pub(super) fn report_json(&self) -> Result<Option<serde_json::Value>, ReportError> {
        match self {
            Self::Here(instance) => instance.report_json(),
            Self::Apart(instance) => instance.report_json(),
        }
    }

    pub(super) fn counters(&self) -> Vec<(Symbol, u64)> {
        match self {
            Self::Here(instance) => instance.counters(),
            Self::Apart(instance) => instance.counters(),
        }
    }
}

impl Attached {
    pub(super) fn info(&self) -> &HookInfo {
        match self {
            Self::Here(attached) => attached.info(),
            Self::Apart(attached) => attached.info(),
        }
    }

    pub(super) fn kinds(&self) -> Kinds {
        match self {
            Self::Here(attached) => attached.kinds(),
            Self::Apart(attached) => attached.kinds(),
        }
    }

    pub(super) fn gate(&self) -> Option<Arc<dyn Gate>> {
        match self {
            Self::Here(attached) => attached.gate(),
            Self::Apart(attached) => attached.gate(),
        }
    }

    pub(super) fn after(&self) -> Option<Arc<dyn After>> {
        match self {
            Self::Here(attached) => attached.after(),
            Self::Apart(attached) => attached.after(),
        }
    }

    pub(super) fn observer(&self) -> Option<Arc<dyn Observer>> {
        match self {
            Self::Here(attached) => attached.observer(),
            Self::Apart(attached) => attached.observer(),
        }
    }
}
