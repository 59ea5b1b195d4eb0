//! Judges one event offline, as a process of a run would: by the policy image, and by the hooks that it leaves open.
//!
//! `audithook test`, `explain` and `emit` ask here. The image is the very one that the target maps, and the gates are those of
//! the supervisor, so that there is no second opinion to keep in step. Plugins are loaded into this process.

mod matched;
mod recorded;

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use audithook_abi::{Event, LogLevel, Source, Value, Verdict};
use audithook_bus::{Bus, Decision, intern};
use audithook_catalogue::arg;
use audithook_loader::{SearchPath, Services};
use audithook_matcher::{Context, Image, Judgement, Mode, NoNames, Plan};
use audithook_policy::arguments::{self, Argument};
use audithook_policy::diagnostic::{Diagnostic, Diagnostics};
use audithook_policy::image::{self, ImageInput, RuleText};
use audithook_policy::model::Policy;

use crate::hooks::{BuiltHooks, BusServices, Libraries, Scope};

pub(crate) use matched::kinds_of_socket;
pub use matched::{Effect, Matched, shown, subject};
pub use recorded::arguments_of;

/// Named arguments, completed as a source would.
pub type Arguments = Vec<(String, Argument)>;

/// A policy with its plugins, ready to be asked.
pub struct Evaluator {
    policy: Policy,
    input: ImageInput,
    image: Vec<u8>,
    built: BuiltHooks,
    bus: Bus,
}

/// Many questions to one policy.
pub struct Session<'e> {
    evaluator: &'e Evaluator,
    image: Image<'e>,
    plans: HashMap<Box<str>, Plan>,
}

/// What the policy says about an event.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// What would happen.
    pub verdict: Verdict,
    /// What `mode = "enforce"` would say, where the mode softens it.
    pub would: Option<Verdict>,
    /// The numbers of the rules behind it: the deciding one first.
    pub rules: Vec<u32>,
    /// What the deciding hook said.
    pub reason: Option<String>,
    /// Some gate failed and its `on-error` let the event pass.
    pub fail_open: bool,
    /// Whether the journal would have it.
    pub recorded: bool,
}

impl Evaluator {
    /// Loads the policy's plugins and makes its image. `log` gets what plugins log.
    ///
    /// # Errors
    /// Every plugin that is refused, every hook that cannot be attached, or a policy that makes no image.
    pub fn new(
        mut policy: Policy,
        log: impl Fn(&str, LogLevel, &str) + Send + Sync + 'static,
    ) -> Result<Self, Diagnostics> {
        let bus = Bus::new();
        let libraries = Libraries::open(&mut policy, &SearchPath::from_environment())?;
        let services: Arc<dyn Services> = Arc::new(BusServices::new(&bus, log));
        let mut built = libraries.attach(&policy, Scope::Everything, &services)?;
        let input = policy.image_input(1);
        let image = image::build(&input).map_err(|error| of_all(error.to_string()))?;
        bus.replace(std::mem::take(&mut built.hooks))
            .map_err(|error| of_all(error.to_string()))?;
        Ok(Self {
            policy,
            input,
            image,
            built,
            bus,
        })
    }

    /// Begins to ask.
    #[must_use]
    pub fn session(&self) -> Session<'_> {
        Session {
            evaluator: self,
            image: Image::parse(&self.image).expect("`image::build` makes images"),
            plans: HashMap::new(),
        }
    }

    /// The policy, with what its plugins told it.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What is said of a rule.
    #[must_use]
    pub fn rule(&self, number: u32) -> Option<&RuleText> {
        self.policy.rules().get(number as usize)
    }

    /// The instance of the plugin of this name.
    #[must_use]
    pub fn instance(&self, plugin: &str) -> Option<crate::hooks::Instance> {
        self.built.instance(plugin)
    }

    /// What the plugins report, by plugin, once all that was shown to them has been seen.
    #[must_use]
    pub fn reports(&self, json: bool) -> Vec<(String, String)> {
        self.bus.flush();
        self.built.reports(json)
    }

    /// What the plugins have counted, by plugin and counter.
    #[must_use]
    pub fn counters(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        self.bus.flush();
        self.built.counters()
    }
}

impl Drop for Evaluator {
    fn drop(&mut self) {
        // Hooks hold the services, which hold the bus, which holds the hooks. A hook that vetoes this stays.
        let _ = self.bus.replace([]);
    }
}

impl std::fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Evaluator")
            .field("built", &self.built)
            .finish_non_exhaustive()
    }
}

impl<'e> Session<'e> {
    /// Judges an event.
    pub fn evaluate(&mut self, event: &str, args: &Arguments) -> Evaluation {
        let plan = self.plan(event);
        arguments::with_values(args, intern, |values| {
            self.judge(&plan, &raised(event, values)).0
        })
    }

    /// Judges an event and shows it to the observers.
    pub fn raise(&mut self, event: &str, args: &Arguments) -> Evaluation {
        let plan = self.plan(event);
        arguments::with_values(args, intern, |values| {
            let mut event = raised(event, values);
            let (evaluation, _) = self.judge(&plan, &event);
            event.verdict = evaluation.verdict as u8;
            self.evaluator.bus.notify(&event);
            evaluation
        })
    }

    fn plan(&mut self, event: &str) -> Plan {
        if let Some(plan) = self.plans.get(event) {
            return *plan;
        }
        let plan = self.image.plan(event.as_bytes());
        self.plans.insert(event.into(), plan);
        plan
    }

    fn judge(&self, plan: &Plan, event: &Event<'_>) -> (Evaluation, Judgement) {
        let inode = self.inode(event);
        let context = Context {
            names: &NoNames,
            inode,
        };
        let mut judgement = self.image.judge(plan, event.args(), &context);
        let mut decision = Decision::default();
        let is_open = judgement.ask || !judgement.target_hooks().is_empty();
        if self.image.mode() != Mode::Off && (is_open || event.source() == Some(Source::App)) {
            decision = self.evaluator.bus.judge(event);
            for rule in self.evaluator.built.rules_of(&decision) {
                judgement.add(decision.verdict, rule);
            }
        }
        let decides = decision
            .deciding
            .as_deref()
            .and_then(|hook| self.evaluator.built.rule_of(hook.name()));
        let rules = judgement.rules().to_vec();
        let is_recorded = plan.journalled()
            || judgement.log
            || judgement.verdict != Verdict::Allow
            || !self.evaluator.built.recorded_by(event).is_empty();
        let evaluation = Evaluation {
            verdict: judgement.verdict,
            would: judgement.would,
            reason: decision
                .reason
                .filter(|_| decides.is_some() && decides == rules.first().copied())
                .map(|reason| reason.into_owned())
                .or_else(|| self.written_reason(&rules)),
            rules,
            fail_open: decision.fail_open,
            recorded: is_recorded,
        };
        (evaluation, judgement)
    }

    fn written_reason(&self, rules: &[u32]) -> Option<String> {
        let rule = self.evaluator.rule(*rules.first()?)?;
        Some(rule.reason.clone()).filter(|reason| !reason.is_empty())
    }

    /// The identity of a file with several names, where the policy denies one of them.
    fn inode(&self, event: &Event<'_>) -> Option<(u64, u64)> {
        if !self.image.knows_inodes() {
            return None;
        }
        let path = event.bytes(arg::PATH).or_else(|| event.bytes(arg::SRC))?;
        let meta = std::fs::symlink_metadata(OsStr::from_bytes(path)).ok()?;
        (meta.nlink() > 1).then(|| (meta.dev(), meta.ino()))
    }
}

impl std::fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("image", &self.image)
            .finish_non_exhaustive()
    }
}

/// The event as its source would raise it. A name of one's own is raised here.
fn raised<'a>(event: &str, values: &'a [Value<'a>]) -> Event<'a> {
    let sources =
        audithook_catalogue::find(event).map_or(&["app"][..], |(_, info)| info.details().sources);
    let source = match sources.first() {
        Some(&"cpython") => Source::Cpython,
        Some(&"libc") => Source::Libc,
        _ => Source::App,
    };
    let mut raised = Event::new(intern(event), values);
    raised.source = source as u8;
    raised
}

fn of_all(message: String) -> Diagnostics {
    let mut found = Diagnostics::default();
    found.push(Diagnostic::of_file(message, "policy"));
    found
}
