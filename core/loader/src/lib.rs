//! Finds, checks and loads plugins.
//!
//! A plugin is a shared library with one exported function (see `audithook.h`). [`SearchPath`] finds its file,
//! [`Plugin::load`] refuses what is not a plugin for this host and says why, [`Plugin::create`] makes an [`Instance`] and
//! [`Instance::attach`] an [`Attached`] hook that the bus can call.
//!
//! What a library hands over is checked before it is believed: sizes, strides, nulls, names, numbers. Its code is trusted
//! all the same: it runs in this process. So the file is looked at first (who may write it, what machine it is for, what
//! it hashes to), and only then opened.
//!
//! Three things are never done. A library is never unloaded: a thread may still be in it, and `dlclose` proves nothing. One
//! path is never opened twice for different content: the dynamic linker would hand out the old code. A panicked
//! instance is never entered again, not even to be destroyed.

mod answer;
mod argument;
mod command;
mod descriptor;
mod digest;
mod elf;
mod error;
mod file;
mod host;
mod instance;
mod library;
mod retained;
mod search;

#[cfg(feature = "arrow")]
pub use answer::TableReader;
pub use answer::{Answer, ByteStream, Content, Patience, TableStream, Watch};
pub use argument::{Argument, ArgumentError};
pub use command::{CommandInfo, ParamInfo, ParamKind};
pub use descriptor::is_name;
pub use descriptor::{HookInfo, Kinds, PluginInfo};
pub use digest::{Digest, ParseDigestError};
pub use elf::ElfError;
pub use error::{AttachError, CallError, CreateError, LoadError, Refusal, ReportError};
pub use host::{EmitError, Services};
pub use instance::{Attached, Attachment, Instance};
pub use library::{Examined, Plugin, Spec};
pub use search::{Looked, Place, SearchPath};
