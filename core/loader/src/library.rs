//! Opening a plugin's file, once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use audithook_abi::plugin::{ABI_MAJOR, EntryFn, PLUGIN_ENTRY};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use crate::descriptor::{Descriptor, is_name};
use crate::error::{LoadError, Refusal};
use crate::file::{self, Checked, Hash, Identity};
use crate::{Digest, PluginInfo, SearchPath};

/// Which plugin to load.
#[derive(Clone, Copy, Debug)]
pub struct Spec<'a> {
    /// The name in `[plugin.NAME]`: the plugin must have the same.
    pub name: &'a str,
    /// Its file; else it is searched for.
    pub path: Option<&'a Path>,
    /// What the file must hash to.
    pub sha256: Option<Digest>,
    /// Hash the file even without a pin, for the journal. It costs some milliseconds a megabyte.
    pub digest: bool,
}

impl<'a> Spec<'a> {
    /// The plugin of this name, wherever it is found, hashed.
    #[must_use]
    pub const fn named(name: &'a str) -> Self {
        Self {
            name,
            path: None,
            sha256: None,
            digest: true,
        }
    }

    /// The plugin of this name in this file, hashed.
    #[must_use]
    pub const fn at(name: &'a str, path: &'a Path) -> Self {
        Self {
            path: Some(path),
            ..Self::named(name)
        }
    }

    fn find(&self, search: &SearchPath) -> Result<PathBuf, LoadError> {
        if !is_name(self.name) {
            return Err(self.refused(None, Refusal::BadName));
        }
        match self.path {
            Some(path) => Ok(path.to_owned()),
            None => search
                .find(self.name)
                .map_err(|looked| self.refused(None, Refusal::NotFound(looked))),
        }
    }

    const fn hash(&self) -> Hash {
        if self.digest {
            Hash::Always
        } else {
            Hash::WhenPinned
        }
    }

    fn refused(&self, file: Option<&Path>, refusal: Refusal) -> LoadError {
        LoadError {
            plugin: self.name.to_owned(),
            file: file.map(Path::to_owned),
            refusal: Box::new(refusal),
        }
    }
}

/// A loaded plugin: its code is mapped for the rest of the process. Clones are the same plugin.
#[derive(Clone, Debug)]
pub struct Plugin {
    pub(crate) shared: Arc<Shared>,
    digest: Option<Digest>,
}

/// A plugin's file, looked at: nothing of it has run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// The file: absolute, without symlinks.
    pub path: PathBuf,
    /// What it hashes to, if the [`Spec`] asks for it or has a pin.
    pub digest: Option<Digest>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) descriptor: Descriptor,
    pub(crate) path: PathBuf,
    identity: Identity,
}

/// Every library that this process opened, by path: the dynamic linker hands out the old code for a path that it knows,
/// whatever the file is by now.
static OPENED: LazyLock<Mutex<HashMap<PathBuf, Arc<Shared>>>> = LazyLock::new(Mutex::default);

impl Plugin {
    /// Finds, checks and loads a plugin. A second load of the same file gives the same plugin.
    ///
    /// # Errors
    /// Why it was refused. A library that was opened before it was refused stays mapped.
    pub fn load(spec: &Spec<'_>, search: &SearchPath) -> Result<Self, LoadError> {
        let path = spec.find(search)?;
        Self::load_file(spec, &path).map_err(|refusal| spec.refused(Some(&path), refusal))
    }

    /// Finds and checks a plugin's file as [`Plugin::load`] does before it loads it, and runs nothing of it.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn examine(spec: &Spec<'_>, search: &SearchPath) -> Result<Examined, LoadError> {
        let path = spec.find(search)?;
        let checked = file::check(&path, spec.sha256.as_ref(), spec.hash())
            .map_err(|refusal| spec.refused(Some(&path), refusal))?;
        Ok(Examined {
            path: checked.path,
            digest: checked.digest,
        })
    }

    /// What the plugin says about itself.
    #[must_use]
    pub fn info(&self) -> &PluginInfo {
        &self.shared.descriptor.info
    }

    /// The file: absolute, without symlinks.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// What the file hashed to when it was loaded, if it was hashed.
    #[must_use]
    pub const fn digest(&self) -> Option<Digest> {
        self.digest
    }

    fn load_file(spec: &Spec<'_>, path: &Path) -> Result<Self, Refusal> {
        let checked = file::check(path, spec.sha256.as_ref(), spec.hash())?;
        let digest = checked.digest;
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = match opened.get(&checked.path) {
            Some(shared) if shared.identity == checked.identity => Arc::clone(shared),
            Some(_) => return Err(Refusal::Changed),
            None => {
                let shared = Arc::new(open(checked)?);
                opened.insert(shared.path.clone(), Arc::clone(&shared));
                shared
            }
        };
        if shared.descriptor.info.name != spec.name {
            return Err(Refusal::OtherPlugin(shared.descriptor.info.name.clone()));
        }
        Ok(Self { shared, digest })
    }
}

fn open(checked: Checked) -> Result<Shared, Refusal> {
    // SAFETY: the library's constructors run: a plugin is trusted code, in a file that not everybody may write and that,
    // where the policy pins it, has the pinned content.
    let library = unsafe { Library::open(Some(&checked.path), RTLD_NOW | RTLD_LOCAL) };
    let library = library.map_err(|error| Refusal::Linker(linker_words(&error)))?;
    // SAFETY: the header gives the symbol of this name this type.
    let entry = unsafe { library.get::<EntryFn>(PLUGIN_ENTRY.to_bytes_with_nul()) };
    let entry = entry.map(|symbol| *symbol);
    // Never unloaded: whatever it said, its constructors may have left pointers to it behind.
    std::mem::forget(library);
    let entry = entry.map_err(|_| Refusal::NoEntry)?;
    // What was opened is what was checked, unless it was replaced in between.
    if Identity::at(&checked.path).map_err(Refusal::Unreadable)? != checked.identity {
        return Err(Refusal::Changed);
    }
    // SAFETY: the contract of the entry: it may be called with any number and returns null or a descriptor in static storage.
    let descriptor = unsafe { Descriptor::read(entry(ABI_MAJOR.into())) }?;
    Ok(Shared {
        descriptor,
        path: checked.path,
        identity: checked.identity,
    })
}

/// What `dlerror` says, without the words of the crate around it.
fn linker_words(error: &libloading::Error) -> String {
    use std::error::Error as _;
    error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string)
}
