//! From `[plugin.NAME]` and `[[hook]]` to the hooks of a bus.
//!
//! In two steps. [`Libraries::open`] loads the plugins' files and learns what their functions are, which the policy image
//! must know. [`Libraries::attach`] makes the instances and the hooks, in the process that will call them.
//!
//! A program that raises events of its own needs neither: [`Embedded`] puts a hooks.toml in force on its bus.
//!
//! Most hooks are held by the image, in the target: what becomes of them here judges only the events that are raised here.
//! What the image leaves open is judged here for everybody: conditions in CEL or on arguments that only their own process
//! can number, and the gates of plugins.

mod condition;
mod embedded;
mod libraries;
mod live;
mod placed;
mod services;
#[cfg(test)]
mod tests;
mod true_name;
mod with;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use audithook_abi::{EVENT_TRUNCATED, Event, Verdict};
use audithook_bus::bridge::TracingObserver;
use audithook_bus::{
    Decision, Gate, Hook, HookError, Mode, Observer, OnError, Reply, Source, symbol,
};
use audithook_loader::{AttachError, PluginInfo, Services};
use audithook_policy::diagnostic::{Diagnostic, Diagnostics};
use audithook_policy::model::{self, Action, Do, Placement, Policy};
use audithook_policy::source::Origin;

pub use audithook_loader::SearchPath;
pub(crate) use condition::{Case, Condition};
pub use embedded::Embedded;
pub use libraries::{Libraries, Library};
pub(crate) use live::Live;
use live::Request;
use placed::Attached;
pub use placed::{Instance, PLUGIN_PROCESS, Plugin, host_plugins_with};
pub use services::BusServices;
pub(crate) use true_name::known_as;

/// Where the hooks will be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In the supervisor: gates with `placement = "target"` are called elsewhere.
    Supervisor,
    /// Offline, where one event is judged: all gates are called here.
    Everything,
    /// In a program that raises its events on this bus: all gates are called here, and nothing after them softens what they
    /// say, so that each hook has the policy's mode.
    Program,
}

/// The hooks of a policy.
pub struct BuiltHooks {
    /// For [`audithook_bus::Bus::replace`].
    pub hooks: Vec<Hook>,
    /// What `plugin.load` records say, in the order of the policy.
    pub plugins: Vec<LoadedFact>,
    /// The plugins' instances, in the same order, without those that run in the target.
    instances: Vec<Live>,
    /// The observers' hooks, by name.
    watchers: Vec<(String, Arc<Case>)>,
    /// The hooks whose gates run in the target, by name.
    in_target: Vec<String>,
    /// `do = "log"` where the image cannot say it.
    recorders: Vec<Recorder>,
    /// The number of a rule by its id.
    rules: HashMap<Box<str>, u32>,
    /// What becomes of refusals.
    mode: Mode,
    gates: bool,
    observers: bool,
}

/// What is known of a plugin that was loaded.
#[derive(Clone, Debug)]
pub struct LoadedFact {
    /// Its name.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// Its file.
    pub path: PathBuf,
    /// What the file hashed to.
    pub sha256: String,
    /// Where it runs, as the policy says it.
    pub placement: &'static str,
    /// It goes on with the instance that there was before.
    pub(crate) kept: bool,
}

/// Why there are no hooks: all that was found, with its places.
pub type BuildError = Diagnostics;

impl Libraries {
    /// Makes the plugins' instances and the hooks. `policy` is the one that the libraries were opened for.
    ///
    /// # Errors
    /// Every plugin that refuses its configuration, and every hook that cannot be attached.
    pub fn attach(
        &self,
        policy: &Policy,
        scope: Scope,
        services: &Arc<dyn Services>,
    ) -> Result<BuiltHooks, BuildError> {
        self.attach_beside(policy, scope, services, &[])
    }

    /// As [`Libraries::attach`], but goes on with the instances of before where they would be made again as they are.
    pub(crate) fn attach_beside(
        &self,
        policy: &Policy,
        scope: Scope,
        services: &Arc<dyn Services>,
        before: &[Live],
    ) -> Result<BuiltHooks, BuildError> {
        let mut attaching = Attaching {
            policy,
            scope,
            before,
            instances: HashMap::new(),
            made: BuiltHooks {
                hooks: Vec::new(),
                plugins: self.iter().map(LoadedFact::of).collect(),
                instances: Vec::new(),
                watchers: Vec::new(),
                in_target: Vec::new(),
                recorders: Vec::new(),
                rules: HashMap::new(),
                mode: mode(policy),
                gates: false,
                observers: false,
            },
            found: Diagnostics::default(),
        };
        for library in self.iter() {
            if scope != Scope::Supervisor || library.placement != Placement::Target {
                attaching.create(library, services);
            }
        }
        for (place, hook) in policy.hooks().iter().enumerate() {
            attaching.hook(hook, place as u32);
        }
        attaching.made.instances.iter_mut().for_each(Live::settle);
        if attaching.found.is_empty() {
            Ok(attaching.made)
        } else {
            Err(attaching.found)
        }
    }
}

impl BuiltHooks {
    /// What becomes of refusals: the policy's mode.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether an event may have to be judged here.
    #[must_use]
    pub const fn has_gates(&self) -> bool {
        self.gates
    }

    /// Whether a plugin looks on.
    #[must_use]
    pub const fn has_observers(&self) -> bool {
        self.observers
    }

    /// What the plugins have to report by now, by plugin: text for people, which ends with their counters, or JSON.
    #[must_use]
    pub fn reports(&self, json: bool) -> Vec<(String, String)> {
        let report = |live: &Live| {
            let instance = live.instance();
            let text = if json {
                instance
                    .report_json()
                    .map(|report| report.map(|report| report.to_string()))
            } else {
                instance.report()
            };
            let text = text.unwrap_or_else(|error| {
                let error = format!("no report: {error}");
                Some(if json {
                    serde_json::json!({ "error": error }).to_string()
                } else {
                    error
                })
            });
            let text = if json {
                text?
            } else {
                with_counters(text, &counters_of(instance))?
            };
            Some((instance.info().name.clone(), text))
        };
        self.instances.iter().filter_map(report).collect()
    }

    /// What the plugins have counted by now with [`ah_host.counter_add`](audithook_abi::RawHost::counter_add), by plugin and by
    /// the counter's name. Of a plugin that runs in the processes of a tree, each of which counts for itself, there is nothing.
    #[must_use]
    pub fn counters(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        let instances = self.instances.iter().map(Live::instance);
        instances
            .map(|instance| (instance.info().name.clone(), counters_of(instance)))
            .filter(|(_, counters)| !counters.is_empty())
            .collect()
    }

    /// The instance of the plugin of this name, unless it runs in the target.
    pub(crate) fn instance(&self, plugin: &str) -> Option<Instance> {
        self.instances
            .iter()
            .map(Live::instance)
            .find(|instance| instance.info().name == plugin)
            .cloned()
    }

    /// The instances, for the policy that comes next.
    pub(crate) fn live(&self) -> Vec<Live> {
        self.instances.clone()
    }

    /// The number of the rule that a hook of this name is.
    #[must_use]
    pub fn rule_of(&self, name: &str) -> Option<u32> {
        self.rules.get(name).copied()
    }

    /// The numbers of the rules behind a decision: the deciding one first.
    #[must_use]
    pub fn rules_of(&self, decision: &Decision) -> Vec<u32> {
        decision
            .deciding
            .iter()
            .chain(&decision.agreed)
            .filter_map(|hook| self.rule_of(hook.name()))
            .collect()
    }

    /// The rules that have this event recorded, by number. What cannot be said is recorded: that errs on the side of the
    /// record.
    #[must_use]
    pub fn recorded_by(&self, event: &Event<'_>) -> Vec<u32> {
        self.recorders
            .iter()
            .filter(|recorder| recorder.records(event))
            .map(|recorder| recorder.rule)
            .collect()
    }

    /// The observers' hooks that are for events of this name.
    pub fn observers_of(&self, name: &str) -> impl Iterator<Item = &str> {
        self.watchers
            .iter()
            .filter(move |(_, case)| case.is_for(name))
            .map(|(hook, _)| hook.as_str())
    }

    /// Whether the gate of the hook of this name runs in the target.
    #[must_use]
    pub fn is_in_target(&self, name: &str) -> bool {
        self.in_target.iter().any(|known| known == name)
    }

    /// Whether some event may be recorded because of a condition that only this process can evaluate.
    #[must_use]
    pub fn has_recorders(&self) -> bool {
        !self.recorders.is_empty()
    }
}

/// An instance's counters, by name. The names are the plugin's: a line stays a line.
fn counters_of(instance: &Instance) -> BTreeMap<String, u64> {
    let name = |symbol| {
        let name = symbol::text(symbol)?;
        Some(name.replace(char::is_control, "\u{fffd}"))
    };
    let counters = instance.counters().into_iter();
    counters
        .filter_map(|(symbol, count)| Some((name(symbol)?, count)))
        .collect()
}

/// A report for people, and below it the counters; `None` if there is neither.
fn with_counters(report: Option<String>, counters: &BTreeMap<String, u64>) -> Option<String> {
    if counters.is_empty() {
        return report;
    }
    let report = report.unwrap_or_default();
    let counters: Vec<_> = counters
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    let line = format!("counters: {}", counters.join(", "));
    Some(match report.trim_end() {
        "" => line,
        report => format!("{report}\n{line}"),
    })
}

impl std::fmt::Debug for BuiltHooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BuiltHooks")
            .field("hooks", &self.hooks)
            .finish_non_exhaustive()
    }
}

struct Attaching<'p> {
    policy: &'p Policy,
    scope: Scope,
    before: &'p [Live],
    /// The places of the instances, by the plugins' names.
    instances: HashMap<&'p str, usize>,
    made: BuiltHooks,
    found: Diagnostics,
}

impl<'p> Attaching<'p> {
    fn create(&mut self, library: &Library, services: &Arc<dyn Services>) {
        let Some(plugin) = self.policy.plugin(&library.name) else {
            return;
        };
        let config = plugin.config.to_string();
        let before = self.before.iter().find(|live| live.is_as(library, &config));
        let live = match before {
            Some(live) => {
                let facts = self.made.plugins.iter_mut();
                facts
                    .filter(|fact| fact.name == library.name)
                    .for_each(|fact| fact.kept = true);
                live.again()
            }
            None => match library.plugin.create(Arc::clone(services), &config) {
                Ok(instance) => Live::new(&plugin.name, config, instance),
                Err(error) => {
                    let error = Diagnostic::error(error.to_string(), &plugin.origin);
                    return self.found.push(error);
                }
            },
        };
        self.instances
            .insert(&plugin.name, self.made.instances.len());
        self.made.instances.push(live);
    }

    fn hook(&mut self, hook: &'p model::Hook, place: u32) {
        self.made.rules.insert(hook.id().into(), hook.rule);
        let case = match Case::new(hook) {
            Ok(case) => case,
            Err(error) => {
                self.found
                    .push(Diagnostic::error(error.to_string(), &hook.origin));
                return;
            }
        };
        match &hook.action {
            Action::Do(Do::Log) if self.scope == Scope::Program => self.log(hook, place, case),
            Action::Do(Do::Log) => self.made.recorders.push(Recorder {
                case,
                rule: hook.rule,
            }),
            Action::Do(Do::Warn) => self.verdict(hook, place, case, Verdict::Warn),
            Action::Do(Do::Deny) => self.verdict(hook, place, case, Verdict::Deny),
            Action::Do(Do::Kill) => self.verdict(hook, place, case, Verdict::Kill),
            Action::Call {
                plugin,
                function,
                with,
            } => {
                if let Some(instance) = self.instances.get(plugin.as_str()).copied() {
                    let with = with.to_string();
                    self.call(hook, place, case, instance, function, &with);
                } else if self.is_in_target(plugin) {
                    self.made.in_target.push(hook.id());
                }
            }
        }
    }

    fn is_in_target(&self, plugin: &str) -> bool {
        let plugin = self.policy.plugin(plugin);
        plugin.is_some_and(|plugin| plugin.placement == Some(Placement::Target))
    }

    /// Where there is no journal, the log is what the program writes by itself.
    fn log(&mut self, hook: &model::Hook, place: u32, case: Case) {
        let observer = ConditionalObserver {
            case: Arc::new(case),
            observer: Arc::new(TracingObserver),
        };
        let built = Hook::observe(&hook.on[..])
            .named(&hook.id())
            .origin(&hook.origin.to_string())
            .priority(hook.priority)
            .order(place)
            .inline()
            .with_observer(Arc::new(observer));
        self.made.observers = true;
        self.made.hooks.push(built);
    }

    /// The mode of a hook on the bus. Where the verdict goes to somebody who knows the policy's mode, the bus says what the
    /// hooks say.
    fn mode_on_bus(&self) -> Mode {
        match self.scope {
            Scope::Program => self.made.mode,
            Scope::Supervisor | Scope::Everything => Mode::Enforce,
        }
    }

    fn verdict(&mut self, hook: &model::Hook, place: u32, case: Case, verdict: Verdict) {
        let gate = VerdictGate {
            verdict,
            reason: hook.reason.as_deref().map(Arc::from),
            held_by_image: case.is_held_by_image(),
            case,
        };
        let built = Hook::gate(&hook.on[..])
            .named(&hook.id())
            .origin(&hook.origin.to_string())
            .priority(hook.priority)
            .order(place)
            .on_error(on_error(hook))
            .mode(self.mode_on_bus())
            .with_gate(Arc::new(gate));
        self.made.gates = true;
        self.made.hooks.push(built);
    }

    /// A function of a plugin, attached by the plugin and then to the bus.
    fn call(
        &mut self,
        hook: &model::Hook,
        place: u32,
        case: Case,
        instance: usize,
        function: &str,
        with: &str,
    ) {
        let on: Vec<&str> = hook.on.iter().map(String::as_str).collect();
        let live = &mut self.made.instances[instance];
        let attached = match live.attach(Request::of(hook, function, with)) {
            Ok(attached) => attached,
            Err(error) => {
                let plugin = live.instance().info();
                let place = refused_place(hook, plugin, function, &error);
                let diagnostic = Diagnostic::error(error.to_string(), place);
                self.found.push(match error.hint() {
                    Some(hint) => diagnostic.hinted(hint),
                    None => diagnostic,
                });
                return;
            }
        };
        let plugin = &self.made.instances[instance].instance().info().name.clone();
        if let Some(mistake) = mistake(hook, plugin, &attached) {
            self.found.push(mistake);
            return;
        }
        let (id, origin, mode) = (hook.id(), hook.origin.to_string(), self.mode_on_bus());
        // The same for every kind, but each kind has a builder of its own type.
        macro_rules! described {
            ($builder:expr) => {
                $builder
                    .named(&id)
                    .origin(&origin)
                    .plugin(plugin)
                    .priority(hook.priority)
                    .order(place)
                    .on_error(on_error(hook))
                    .mode(mode)
            };
        }
        self.made.hooks.push(
            match (attached.gate(), attached.after(), attached.observer()) {
                (Some(gate), after, _) => {
                    self.made.gates = true;
                    let gate = Arc::new(ConditionalGate { case, gate });
                    match after {
                        Some(after) => described!(Hook::around(&on[..])).with_both(gate, after),
                        None => described!(Hook::gate(&on[..])).with_gate(gate),
                    }
                }
                (None, _, Some(observer)) => {
                    self.made.observers = true;
                    let case = Arc::new(case);
                    self.made.watchers.push((hook.id(), Arc::clone(&case)));
                    let observer = Arc::new(ConditionalObserver { case, observer });
                    described!(Hook::observe(&on[..])).with_observer(observer)
                }
                (None, Some(after), None) => described!(Hook::after(&on[..])).with_after(after),
                (None, None, None) => return,
            },
        );
    }
}

/// What a policy cannot ask of a plugin's function.
fn mistake(hook: &model::Hook, plugin: &str, attached: &Attached) -> Option<Diagnostic> {
    let call = format!("{plugin}.{}", attached.info().name);
    let kinds = attached.kinds();
    let needs_the_end = kinds.after && (kinds.gate || !kinds.observer);
    if needs_the_end && !hook.on.iter().all(|event| tells_the_end(event)) {
        return Some(
            Diagnostic::error(
                format!(
                    "no source tells how these events end: `{}`",
                    hook.on.join("`, `")
                ),
                &hook.origin,
            )
            .labelled(format!("`{call}` is an after"))
            .hinted("`audithook events NAME` shows which kinds of hooks an event can have"),
        );
    }
    if !kinds.gate && hook.on_error == Some(model::OnError::Deny) {
        return Some(
            Diagnostic::error("`on-error = \"deny\"` is for gates", &hook.origin)
                .labelled(format!("`{call}` has no veto"))
                .hinted("`on-error = \"allow\"`, or `disable`"),
        );
    }
    None
}

/// Where it is written what a plugin refuses: of a `with` the key that is wrong.
fn refused_place<'h>(
    hook: &'h model::Hook,
    plugin: &PluginInfo,
    function: &str,
    error: &AttachError,
) -> &'h Origin {
    match (error, &hook.action) {
        (AttachError::WithRefused { reason, .. }, Action::Call { with, .. }) => {
            let schema = with::schema(plugin, function);
            let wrong = schema.and_then(|schema| with::wrong_key(&schema, with));
            hook.place_in_with(wrong.or_else(|| with::named_key(reason, with)))
        }
        _ => &hook.origin,
    }
}

impl LoadedFact {
    fn of(library: &Library) -> Self {
        let plugin = &library.plugin;
        Self {
            name: library.name.clone(),
            version: plugin.info().version.clone(),
            path: plugin.path().to_owned(),
            sha256: plugin
                .digest()
                .map(|digest| digest.to_string())
                .unwrap_or_default(),
            placement: library.placement.as_str(),
            kept: false,
        }
    }
}

/// `do = "deny"` and its like.
struct VerdictGate {
    verdict: Verdict,
    reason: Option<Arc<str>>,
    case: Case,
    held_by_image: bool,
}

impl Gate for VerdictGate {
    fn judge(&self, event: &Event<'_>, reply: &mut Reply) -> Result<Verdict, HookError> {
        if self.held_by_image && event.source() != Some(Source::App) {
            // The image has judged it already, where it was raised and had all its arguments, unless one that it reads was cut.
            let mut event = *event;
            event.flags &= !EVENT_TRUNCATED;
            self.case.holds(&event)?;
            return Ok(Verdict::Allow);
        }
        if !self.case.holds(event)? {
            return Ok(Verdict::Allow);
        }
        reply.reason = self
            .reason
            .as_deref()
            .map(|reason| reason.to_owned().into());
        Ok(self.verdict)
    }
}

/// Why a plugin is not asked or shown what it is for: it would be told a name that is not the event's.
pub(crate) const UNTOLD: &str =
    "the event's name cannot be told: it is too long, or came after too many others";

/// A plugin's gate, for events that its condition holds for.
struct ConditionalGate {
    case: Case,
    gate: Arc<dyn Gate>,
}

impl Gate for ConditionalGate {
    fn judge(&self, event: &Event<'_>, reply: &mut Reply) -> Result<Verdict, HookError> {
        if !self.case.holds(event)? {
            return Ok(Verdict::Allow);
        }
        if event.id == symbol::OVERFLOW {
            return Err(HookError::BadArgument(UNTOLD.into()));
        }
        self.gate.judge(event, reply)
    }
}

/// A plugin's observer, for events that its condition holds for.
struct ConditionalObserver {
    case: Arc<Case>,
    observer: Arc<dyn Observer>,
}

impl Observer for ConditionalObserver {
    fn observe(&self, event: &Event<'_>) -> Result<(), HookError> {
        if self.case.holds(event)? {
            self.observer.observe(event)
        } else {
            Ok(())
        }
    }
}

/// `do = "log"`
struct Recorder {
    case: Case,
    rule: u32,
}

impl Recorder {
    fn records(&self, event: &Event<'_>) -> bool {
        // The image has recorded it already, where it was raised.
        let is_held = self.case.is_held_by_image() && event.source() != Some(Source::App);
        !is_held && self.case.is_on(event) && self.case.holds(event).unwrap_or(true)
    }
}

fn mode(policy: &Policy) -> Mode {
    match policy.mode {
        model::Mode::Enforce => Mode::Enforce,
        model::Mode::Warn => Mode::Warn,
        model::Mode::Off => Mode::Off,
    }
}

fn on_error(hook: &model::Hook) -> OnError {
    match hook.on_error() {
        model::OnError::Deny => OnError::Deny,
        model::OnError::Allow => OnError::Allow,
        model::OnError::Disable => OnError::Disable,
    }
}

/// Whether an event's sources all see the end of what it announces.
fn tells_the_end(event: &str) -> bool {
    audithook_catalogue::find(event).is_some_and(|(_, info)| info.details().sources == ["app"])
}

/// What a plugin's function is to a policy, as the image must know it.
fn call_kind(plugin: &PluginInfo, function: &str) -> Option<model::CallKind> {
    let kinds = plugin
        .hooks
        .iter()
        .find(|hook| hook.name == function)?
        .kinds;
    Some(if kinds.gate {
        model::CallKind::Gate
    } else if kinds.observer {
        model::CallKind::Observer
    } else {
        model::CallKind::After
    })
}
