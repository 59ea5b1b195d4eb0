//! Why a plugin is refused, and what to do about it.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use audithook_abi::plugin::Sized32;
use audithook_abi::{ABI_MAJOR, ABI_MINOR};

use crate::PluginInfo;
use crate::instance::nearest;
use crate::{Digest, ElfError, Looked};

/// A plugin that was not loaded.
#[derive(Debug, thiserror::Error)]
#[error("cannot load plugin: `{plugin}`{}: {refusal}", shown(.file))]
pub struct LoadError {
    /// The name that the policy uses.
    pub plugin: String,
    /// The file, once there is one.
    pub file: Option<PathBuf>,
    /// Why.
    pub refusal: Box<Refusal>,
}

impl LoadError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.refusal.hint(&self.plugin)
    }
}

/// Why a file is not loaded as a plugin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// not a plugin's name: 1 to 64 of `a-z 0-9 - _`, a letter first
    #[error("not a plugin's name: 1 to 64 of `a-z 0-9 - _`, a letter first")]
    BadName,
    /// not found: {0}
    #[error("not found: {0}")]
    NotFound(Looked),
    /// cannot be read: {0}
    #[error("cannot be read: {}", plain(.0))]
    Unreadable(#[source] io::Error),
    /// not a regular file
    #[error("not a regular file")]
    NotAFile,
    /// everybody may write: `{}`
    #[error("everybody may write: `{}`", .what.display())]
    WritableByAll {
        /// The file, or the directory that could be given another file.
        what: PathBuf,
    },
    /// {0}
    #[error(transparent)]
    Elf(#[from] ElfError),
    /// its content is not the pinned one: sha256 `{found}`, pinned `{pinned}`
    #[error("its content is not the pinned one: sha256 `{found}`, pinned `{pinned}`")]
    OtherContent {
        /// What the policy says.
        pinned: Digest,
        /// What the file has.
        found: Digest,
    },
    /// the file changed since this process loaded it
    #[error("the file changed since this process loaded it")]
    Changed,
    /// the dynamic linker refuses it: {0}
    #[error("the dynamic linker refuses it: {0}")]
    Linker(String),
    /// not a plugin: it exports no `audithook_plugin_entry`
    #[error("not a plugin: it exports no `audithook_plugin_entry`")]
    NoEntry,
    /// it offers nothing for ABI major version {ABI_MAJOR}
    #[error("it offers nothing for ABI major version {ABI_MAJOR}")]
    OffersNothing,
    /// not a plugin: its descriptor starts with `{0:#010x}`
    #[error("not a plugin: its descriptor starts with `{0:#010x}`")]
    WrongMagic(u32),
    /// built for ABI {major}.{minor}, this is {ABI_MAJOR}.{ABI_MINOR}
    #[error("built for ABI {major}.{minor}, this is {ABI_MAJOR}.{ABI_MINOR}")]
    OtherMajor {
        /// The plugin's.
        major: u16,
        /// The plugin's.
        minor: u16,
    },
    /// needs at least ABI {ABI_MAJOR}.{least}, this is {ABI_MAJOR}.{ABI_MINOR}
    #[error("needs at least ABI {ABI_MAJOR}.{least}, this is {ABI_MAJOR}.{ABI_MINOR}")]
    NeedsLaterMinor {
        /// The oldest minor version that the plugin can live with.
        least: u16,
    },
    /// broken descriptor: `{what}` has {size} bytes of at least {least}
    #[error("broken descriptor: `{what}` has {size} bytes of at least {least}")]
    TooSmall {
        /// The struct of the header.
        what: &'static str,
        /// What it claims.
        size: u32,
        /// What version 1.0 gave it.
        least: u32,
    },
    /// broken descriptor: {0}
    #[error("broken descriptor: {0}")]
    Broken(String),
    /// it is the plugin `{0}`
    #[error("it is the plugin `{0}`")]
    OtherPlugin(String),
}

/// What the system says, without the number that Rust adds.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_lowercase()
}

impl Refusal {
    /// A struct that claims fewer bytes than the first version gave it.
    pub(crate) fn too_small<T: Sized32>(what: &'static str) -> impl FnOnce(u32) -> Self {
        move |size| Self::TooSmall {
            what,
            size,
            least: T::SIZE_1_0,
        }
    }

    fn hint(&self, plugin: &str) -> Option<String> {
        Some(match self {
            Self::NotFound(_) => format!(
                "put the file into one of these directories, or name it with `path` in `[plugin.{plugin}]`"
            ),
            Self::WritableByAll { what } => format!("chmod o-w {}", what.display()),
            Self::Elf(ElfError::OtherMachine { .. }) => {
                "build the plugin for this machine".to_owned()
            }
            Self::Elf(ElfError::CutOff { .. }) => "copy or build the file again".to_owned(),
            Self::OtherContent { found, .. } => {
                format!("if this file is the one you mean: sha256 = \"{found}\"")
            }
            Self::Changed => {
                "a loaded library stays what it was: start again to load the new one".to_owned()
            }
            Self::OtherMajor { major, .. } if *major < ABI_MAJOR => {
                "build the plugin again with today's SDK or header".to_owned()
            }
            Self::OtherMajor { .. } | Self::NeedsLaterMinor { .. } => {
                "update audithook, or take an older version of the plugin".to_owned()
            }
            Self::OtherPlugin(name) => format!("call the table `[plugin.{name}]`"),
            _ => return None,
        })
    }
}

/// An instance that was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// plugin `{plugin}` refuses its configuration: {reason}
    #[error("plugin `{plugin}` refuses its configuration: {reason}")]
    ConfigRefused {
        /// The plugin's name.
        plugin: String,
        /// Its words.
        reason: Cow<'static, str>,
    },
    /// plugin `{plugin}` cannot be made: {reason}
    #[error("plugin `{plugin}` cannot be made: {reason}")]
    Failed {
        /// The plugin's name.
        plugin: String,
        /// Its words, or what is wrong with its answer.
        reason: Cow<'static, str>,
    },
}

/// A hook that was not attached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// plugin `{plugin}` offers no hook: `{function}`
    #[error("plugin `{plugin}` offers no hook: `{function}`")]
    NotOffered {
        /// The plugin's name.
        plugin: String,
        /// What the policy calls.
        function: String,
        /// The offered name that is nearest to it, if one is near.
        nearest: Option<String>,
        /// All that it offers.
        offered: Vec<String>,
    },
    /// `{plugin}.{function}` refuses `with`: {reason}
    #[error("`{plugin}.{function}` refuses `with`: {reason}")]
    WithRefused {
        /// The plugin's name.
        plugin: String,
        /// The function.
        function: String,
        /// The plugin's words.
        reason: Cow<'static, str>,
    },
    /// `{plugin}.{function}` cannot be attached: {reason}
    #[error("`{plugin}.{function}` cannot be attached: {reason}")]
    Failed {
        /// The plugin's name.
        plugin: String,
        /// The function.
        function: String,
        /// The plugin's words, or what is wrong with its answer.
        reason: Cow<'static, str>,
    },
}

impl AttachError {
    /// What a policy calls is not among the hooks of the plugin.
    #[must_use]
    pub fn not_offered(plugin: &PluginInfo, function: &str) -> Self {
        let offered = || plugin.hooks.iter().map(|hook| hook.name.as_str());
        Self::NotOffered {
            nearest: nearest(function, offered()).map(str::to_owned),
            offered: offered().map(str::to_owned).collect(),
            plugin: plugin.name.clone(),
            function: function.to_owned(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotOffered {
                plugin,
                nearest: Some(nearest),
                ..
            } => Some(format!("did you mean `{plugin}.{nearest}`?")),
            Self::NotOffered { offered, .. } if !offered.is_empty() => {
                Some(format!("it offers `{}`", offered.join("`, `")))
            }
            _ => None,
        }
    }
}

/// A command that was not called, or failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// plugin `{plugin}` offers no command: `{command}`
    #[error("plugin `{plugin}` offers no command: `{command}`")]
    NotOffered {
        /// The plugin's name.
        plugin: String,
        /// What was asked for.
        command: String,
        /// The offered name that is nearest to it, if one is near.
        nearest: Option<String>,
        /// All that it offers.
        offered: Vec<String>,
    },
    /// `{command}` refuses its arguments: {reason}
    #[error("`{command}` refuses its arguments: {reason}")]
    Refused {
        /// Plugin and command.
        command: String,
        /// The plugin's words.
        reason: Cow<'static, str>,
    },
    /// `{command}` failed: {reason}
    #[error("`{command}` failed: {reason}")]
    Failed {
        /// Plugin and command.
        command: String,
        /// The plugin's words, or what its answer means.
        reason: Cow<'static, str>,
    },
    /// `{0}` panicked: {1}
    #[error("`{0}` panicked: {1}")]
    Panicked(String, Cow<'static, str>),
    /// `{0}`: the plugin panicked before and is not entered again
    #[error("`{0}`: the plugin panicked before and is not entered again")]
    Poisoned(String),
    /// `{command}` gave a broken answer: {what}
    #[error("`{command}` gave a broken answer: {what}")]
    Broken {
        /// Plugin and command.
        command: String,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl CallError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotOffered {
                plugin,
                nearest: Some(nearest),
                ..
            } => Some(format!("did you mean `{plugin} {nearest}`?")),
            Self::NotOffered { offered, .. } if !offered.is_empty() => {
                Some(format!("it offers `{}`", offered.join("`, `")))
            }
            _ => None,
        }
    }
}

/// A report that was not rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// the plugin panicked before and is not entered again
    #[error("the plugin panicked before and is not entered again")]
    Poisoned,
    /// the plugin panicked
    #[error("the plugin panicked")]
    Panicked,
    /// larger than 16 MiB
    #[error("larger than 16 MiB")]
    TooLarge,
    /// not JSON: {0}
    #[error("not JSON: {0}")]
    NotJson(String),
    /// the plugin returned {0}
    #[error("the plugin returned {0}")]
    Failed(i32),
    /// broken interface `audithook.report/1`: {0}
    #[error("broken interface `audithook.report/1`: {0}")]
    Broken(&'static str),
    /// there is no answer: {0}
    #[error("there is no answer: {0}")]
    NoAnswer(String),
}

/// The file's place in a message, if there is a file.
fn shown(file: &Option<PathBuf>) -> String {
    file.as_ref()
        .map(|file| format!(": `{}`", file.display()))
        .unwrap_or_default()
}
