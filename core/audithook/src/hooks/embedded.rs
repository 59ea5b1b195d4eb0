//! A hooks.toml in a program that raises events of its own.

use std::path::Path;
use std::sync::Arc;

use audithook_bus::Bus;
use audithook_loader::{SearchPath, Services};
use audithook_policy::diagnostic::{Diagnostic, Diagnostics};
use audithook_policy::{Capabilities, FlagOverrides, Input, LoadContext, Loaded, Policy, load};

use super::{BuiltHooks, Libraries, LoadedFact, Scope};

/// The `[[hook]]` and `[plugin.NAME]` of a hooks.toml, in force on a bus until this is dropped.
///
/// They judge what the program raises, beside the hooks that it attaches itself. Refusals are softened as the file's `mode`
/// says, its own and no others. What `do = "log"` records, and what plugins log, goes to `tracing`. Whoever names the file
/// trusts it, its plugins' code included.
///
/// ```no_run
/// use audithook::hooks::{Embedded, SearchPath};
/// use audithook_bus::{Bus, emit};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let hooks = Embedded::load(Bus::global(), "hooks.toml".as_ref(), &SearchPath::from_environment())?;
/// emit!("order.created", id = 5u64, total = 9.5)?;
/// for (plugin, report) in hooks.reports() {
///     println!("{plugin}: {report}");
/// }
/// # Ok(()) }
/// ```
pub struct Embedded {
    bus: Bus,
    built: BuiltHooks,
    warnings: Diagnostics,
}

impl Embedded {
    /// Loads the file and its plugins, and puts the hooks in force, at one moment for every event, in the place of those
    /// that the last call of [`Bus::replace`] attached.
    ///
    /// # Errors
    /// Every mistake of the file with its place; rules that only a run can hold, for they would hold nothing here; every
    /// plugin that is refused; and a bus that does not let its hooks be changed.
    pub fn load(bus: &Bus, file: &Path, search: &SearchPath) -> Result<Self, Diagnostics> {
        let fault = |message: String| Diagnostic::of_file(message, file.display().to_string());
        let context = LoadContext::current(Vec::new())
            .map_err(|error| only(fault(format!("there is no current directory: {error}"))))?;
        let Loaded {
            mut policy,
            findings: warnings,
        } = load(Input::File(file), &FlagOverrides::default(), &context)?;
        refuse_what_is_not_held(&policy)?;
        let services: Arc<dyn Services> = Arc::new(bus.clone());
        let mut built =
            Libraries::open(&mut policy, search)?.attach(&policy, Scope::Program, &services)?;
        bus.replace(std::mem::take(&mut built.hooks))
            .map_err(|error| only(fault(format!("the hooks cannot be attached: {error}"))))?;
        Ok(Self {
            bus: bus.clone(),
            built,
            warnings,
        })
    }

    /// What is odd about the file.
    #[must_use]
    pub const fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    /// The plugins that were loaded, in the order of the file.
    #[must_use]
    pub fn plugins(&self) -> &[LoadedFact] {
        &self.built.plugins
    }

    /// What the plugins have to report, by plugin, once everything that was shown to them has been seen. A last line has their
    /// counters.
    #[must_use]
    pub fn reports(&self) -> Vec<(String, String)> {
        self.bus.flush();
        self.built.reports(false)
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        // Hooks hold the services, which hold the bus, which holds the hooks. A bus that is locked keeps them.
        let _ = self.bus.replace([]);
    }
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded")
            .field("built", &self.built)
            .finish_non_exhaustive()
    }
}

/// Nothing is soft in silence, and nothing is void in silence: only a run holds files, network, programs and limits.
fn refuse_what_is_not_held(policy: &Policy) -> Result<(), Diagnostics> {
    let capabilities = Capabilities::default();
    let mut found = Diagnostics::default();
    if let Some(refusal) = policy.refusal(&capabilities) {
        found.push(Diagnostic::of_file(refusal.to_string(), "policy").hinted(refusal.hint()));
    }
    let is_held = |rule: &str| {
        ["hook.", "plugin.", "audithook."]
            .iter()
            .any(|family| rule.starts_with(family))
    };
    for line in policy.plan(&capabilities) {
        if !is_held(&line.rule) {
            let message = format!("only `audithook run` holds it: `{}`", line.rule);
            found.push(Diagnostic::of_file(message, line.at).hinted(
                "a program's own bus holds `[[hook]]` and `[plugin.NAME]`; leave the rest to the policy of a run",
            ));
        }
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

fn only(diagnostic: Diagnostic) -> Diagnostics {
    let mut found = Diagnostics::default();
    found.push(diagnostic);
    found
}
