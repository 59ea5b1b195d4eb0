//! The plugins' files, opened: what they offer is known, and nothing of them runs yet.

use std::path::Path;

use audithook_loader::{Digest, Plugin, SearchPath, Spec};
use audithook_policy::diagnostic::{Diagnostic, Diagnostics};
use audithook_policy::model::{self, Placement, Policy};

use super::call_kind;

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
        policy
            .set_call_kinds(|plugin, function| call_kind(&libraries.get(plugin)?.plugin, function));
        for hook in policy.hooks() {
            libraries.check_target(hook, &mut found);
        }
        if found.is_empty() {
            Ok(libraries)
        } else {
            Err(found)
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
}

impl Library {
    /// Opens the library of one plugin.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn open(plugin: &model::Plugin, search: &SearchPath) -> Result<Self, Box<Diagnostic>> {
        let refuse = |message: String| Diagnostic::error(message, &plugin.origin);
        let sha256 = match plugin
            .sha256
            .as_deref()
            .map(str::parse::<Digest>)
            .transpose()
        {
            Ok(digest) => digest,
            Err(error) => return Err(Box::new(refuse(error.to_string()))),
        };
        let placement = placement(plugin, search)?;
        let spec = Spec {
            name: &plugin.name,
            path: plugin.path.as_deref(),
            sha256,
            digest: true,
        };
        let opened = Plugin::load(&spec, search).map_err(|error| {
            let diagnostic = refuse(error.to_string());
            Box::new(match error.hint() {
                Some(hint) => diagnostic.hinted(hint),
                None => diagnostic,
            })
        })?;
        if placement == Placement::Target && !opened.info().in_target {
            return Err(Box::new(
                refuse(format!(
                    "the plugin does not run in the target: `{}`",
                    plugin.name
                ))
                .hinted("`placement = \"supervisor\"`"),
            ));
        }
        Ok(Self {
            name: plugin.name.clone(),
            plugin: opened,
            placement,
        })
    }
}

/// Where a plugin runs: as written; in the supervisor if it came with audithook or is pinned; else in a process of its
/// own, which does not exist yet, so that somebody must say otherwise.
fn placement(plugin: &model::Plugin, search: &SearchPath) -> Result<Placement, Box<Diagnostic>> {
    let is_trusted = || plugin.sha256.is_some() || is_bundled(plugin, search);
    match plugin.placement {
        Some(Placement::Process) => Err(Box::new(
            Diagnostic::error("no plugin can run in a process of its own yet", &plugin.origin)
                .hinted("`placement = \"supervisor\"` runs it in the supervisor, as code that you trust"),
        )),
        Some(placement) => Ok(placement),
        None if is_trusted() => Ok(Placement::Supervisor),
        None => Err(Box::new(
            Diagnostic::error(
                format!("a plugin that nobody vouches for: `{}`", plugin.name),
                &plugin.origin,
            )
            .labelled("it belongs in a process of its own, which is not possible yet")
            .hinted("`placement = \"supervisor\"` or a pin, `sha256 = \"…\"`, says that you trust its code"),
        )),
    }
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
