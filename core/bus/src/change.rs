//! Changing the hooks: each change is an event that gates may veto, and is published as one new plan.

use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock, Weak};
use std::time::{Duration, Instant};

use audithook_abi::{Event, Symbol, Value};
use audithook_catalogue::arg;

use crate::attach::{Attached, Hook, HookId, Mode, OnError};
use crate::builder::{Builder, Sink, kinds};
use crate::bus::{Bus, LISTENED, NEVER};
use crate::callsite::Callsite;
use crate::decision::Denied;
use crate::ledger::Ledger;
use crate::pattern::IntoPatterns;
use crate::plan::{Member, Plan, next_generation};
use crate::{lineage, seat, symbol};

/// Why the hooks stay as they are.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// the bus is locked
    #[error("the bus is locked")]
    Locked,
    /// {0}
    #[error(transparent)]
    Denied(#[from] Denied),
    /// a hook cannot change the hooks: no gate could judge that
    #[error("a hook cannot change the hooks: no gate could judge that")]
    InsideHook,
    /// the {kind} `{name}` has no veto: `on-error = deny` is for gates
    #[error("the {kind} `{name}` has no veto: `on-error = deny` is for gates")]
    NoVeto {
        /// What it is.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// there is no such hook
    #[error("there is no such hook")]
    NoSuchHook,
}

/// The hooks that a change took out of use. They live until no thread can still be in one of them.
#[derive(Debug)]
pub struct Retired {
    bus: Bus,
    plan: Weak<Plan>,
}

impl Retired {
    /// Whether no gate, after or inline observer of the old plan can run any more, on any thread.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.plan.strong_count() == 0
    }

    /// Waits for that, and for the queues. `false` if it took too long: a thread that raised an event once and none since
    /// keeps the plan that it saw until it ends.
    #[must_use = "if they are not gone, what they borrow must stay"]
    pub fn wait(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let _refreshed = seat::refresh(self.bus.inner());
        while !self.is_gone() {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        self.bus.flush()
    }
}

/// What a plan is compiled from.
#[derive(Default)]
pub(crate) struct Registry {
    /// Attached one by one.
    standing: Vec<Member>,
    /// Attached by `replace`.
    batch: Vec<Member>,
    mode: Mode,
    last_hook: u64,
    /// Of plans that may still be in use.
    pub(crate) ledgers: Vec<Arc<Ledger>>,
    pub(crate) callsites: Vec<&'static Callsite>,
}

/// The names of the events that a bus raises about itself. Interned with the first bus: a flood of names must not take
/// them away.
pub(crate) struct OwnNames {
    add: Symbol,
    replace: Symbol,
    remove: Symbol,
    reset: Symbol,
    mode: Symbol,
    on: Symbol,
    kind: Symbol,
    origin: Symbol,
    to: Symbol,
}

pub(crate) static NAMES: LazyLock<OwnNames> = LazyLock::new(|| OwnNames {
    add: symbol::intern("hook.add"),
    replace: symbol::intern("hook.replace"),
    remove: symbol::intern("hook.remove"),
    reset: symbol::intern("hook.reset"),
    mode: symbol::intern("hook.mode"),
    on: symbol::intern("on"),
    kind: symbol::intern("kind"),
    origin: symbol::intern("origin"),
    to: symbol::intern("mode"),
});

/// Changing the hooks.
impl Bus {
    /// Begins a gate that [`Builder::with`] attaches.
    pub fn gate(&self, on: impl IntoPatterns) -> Builder<kinds::Gate, &Self> {
        Builder::new(on, OnError::Deny, self)
    }

    /// Begins an after that [`Builder::with`] attaches.
    pub fn after(&self, on: impl IntoPatterns) -> Builder<kinds::After, &Self> {
        Builder::new(on, OnError::Allow, self)
    }

    /// Begins a gate and an after that share a cookie, which [`Builder::with`] attaches.
    pub fn around(&self, on: impl IntoPatterns) -> Builder<kinds::Around, &Self> {
        Builder::new(on, OnError::Deny, self)
    }

    /// Begins an observer that [`Builder::with`] attaches.
    pub fn observe(&self, on: impl IntoPatterns) -> Builder<kinds::Observer, &Self> {
        Builder::new(on, OnError::Allow, self)
    }

    /// Attaches a hook. This is itself an event, `hook.add`, and may be denied.
    ///
    /// # Errors
    /// Why it is not attached.
    pub fn add(&self, hook: Hook) -> Result<HookId, ChangeError> {
        check(&hook)?;
        let on: Vec<Value<'_>> = hook.on.iter().map(|on| Value::str(on.as_str())).collect();
        let args = [
            Value::str(hook.name.as_deref().unwrap_or_default()).named(arg::HOOK),
            Value::list(&on).named(NAMES.on),
            Value::str(hook.body.kind().as_str()).named(NAMES.kind),
            Value::str(hook.plugin.as_deref().unwrap_or_default()).named(arg::PLUGIN),
            Value::str(hook.origin.as_deref().unwrap_or_default()).named(NAMES.origin),
        ];
        let (id, _retired) = self.change(NAMES.add, &args, |registry| {
            let member = registry.admit(&hook, u32::MAX);
            let id = member.hook.id();
            registry.standing.push(member);
            Ok((id, Vec::new()))
        })?;
        Ok(id)
    }

    /// Puts these hooks in the place of those that the last call of `replace` attached, at one moment for every event. Hooks that
    /// were added one by one stay. This is itself an event, `hook.replace`, and may be denied.
    ///
    /// # Errors
    /// Why the old ones stay.
    pub fn replace(&self, hooks: impl IntoIterator<Item = Hook>) -> Result<Retired, ChangeError> {
        let hooks: Vec<Hook> = hooks.into_iter().collect();
        for hook in &hooks {
            check(hook)?;
        }
        let args = [Value::from(hooks.len()).named(arg::COUNT)];
        let ((), retired) = self.change(NAMES.replace, &args, |registry| {
            let batch = (0..)
                .zip(&hooks)
                .map(|(order, hook)| registry.admit(hook, order))
                .collect();
            Ok(((), std::mem::replace(&mut registry.batch, batch)))
        })?;
        Ok(retired)
    }

    /// Takes a hook off. This is itself an event, `hook.remove`, and may be denied.
    ///
    /// # Errors
    /// Why it stays.
    pub fn remove(&self, id: HookId) -> Result<Retired, ChangeError> {
        let hook = self.hook(id).ok_or(ChangeError::NoSuchHook)?;
        let args = [
            Value::str(hook.name()).named(arg::HOOK),
            Value::str(hook.plugin().unwrap_or_default()).named(arg::PLUGIN),
        ];
        let ((), retired) = self.change(NAMES.remove, &args, |registry| {
            let Registry {
                standing, batch, ..
            } = registry;
            for members in [standing, batch] {
                if let Some(place) = members.iter().position(|member| member.hook.id() == id) {
                    return Ok(((), vec![members.remove(place)]));
                }
            }
            Err(ChangeError::NoSuchHook)
        })?;
        Ok(retired)
    }

    /// Enters a hook again that failed too often or panicked. This is itself an event, `hook.reset`, and may be denied.
    ///
    /// # Errors
    /// Why it stays as it is.
    pub fn reset(&self, id: HookId) -> Result<(), ChangeError> {
        let hook = self.hook(id).ok_or(ChangeError::NoSuchHook)?;
        let args = [
            Value::str(hook.name()).named(arg::HOOK),
            Value::str(hook.plugin().unwrap_or_default()).named(arg::PLUGIN),
        ];
        self.change(NAMES.reset, &args, |_| {
            hook.health.reset();
            Ok(((), Vec::new()))
        })?;
        Ok(())
    }

    /// Changes what becomes of refusals, for all hooks. This is itself an event, `hook.mode`, and may be denied.
    ///
    /// # Errors
    /// Why it stays as it is.
    pub fn set_mode(&self, mode: Mode) -> Result<(), ChangeError> {
        let args = [Value::str(mode.as_str()).named(NAMES.to)];
        self.change(NAMES.mode, &args, |registry| {
            registry.mode = mode;
            Ok(((), Vec::new()))
        })?;
        Ok(())
    }

    /// From now on the hooks stay as they are, for the life of the bus. Attempts are still events.
    pub fn lock(&self) {
        // Under the registry's lock, so that no change that was let through is still on its way.
        let _registry = self.inner().registry();
        self.inner().locked.store(true, Ordering::SeqCst);
    }

    /// Whether [`Bus::lock`] was called.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.inner().locked.load(Ordering::SeqCst)
    }

    /// Raises the event of a change, makes it and publishes it.
    fn change<R>(
        &self,
        event: Symbol,
        args: &[Value<'_>],
        make: impl FnOnce(&mut Registry) -> Result<(R, Vec<Member>), ChangeError>,
    ) -> Result<(R, Retired), ChangeError> {
        if !lineage::is_outermost() {
            return Err(ChangeError::InsideHook);
        }
        self.raise(&Event::new(event, args))?;
        let mut registry = self.inner().registry();
        if self.is_locked() {
            return Err(ChangeError::Locked);
        }
        let (result, removed) = make(&mut registry)?;
        let old = self.publish(&mut registry);
        drop(registry);
        let retired = Retired {
            bus: self.clone(),
            plan: Arc::downgrade(&old),
        };
        // Without the lock: the destructor of a hook may do anything, also raise an event.
        drop((old, removed));
        Ok((result, retired))
    }

    fn publish(&self, registry: &mut Registry) -> Arc<Plan> {
        let inner = self.inner();
        let members = registry
            .standing
            .iter()
            .chain(&registry.batch)
            .cloned()
            .collect();
        let generation = next_generation();
        let plan = Plan::compile(
            generation,
            registry.mode,
            members,
            &self.downgrade(),
            || inner.own_queue(),
        );
        registry.close_ledgers();
        registry.ledgers.push(plan.ledger().clone());
        let plan = Arc::new(plan);
        // The plan before its generation, and both before the gates: who sees a gate open finds the hook behind it.
        let old = inner.plan.swap(plan.clone());
        inner.generation.store(generation, Ordering::Release);
        for (gate, listened) in inner.gates.iter().zip(plan.listened()) {
            gate.store(if listened { LISTENED } else { NEVER }, Ordering::Release);
        }
        for callsite in &registry.callsites {
            callsite.set_gate(plan.entry(callsite.id()).is_some());
        }
        old
    }
}

impl Registry {
    /// No hooks, under a plan with this ledger.
    pub(crate) fn new(ledger: Arc<Ledger>) -> Self {
        Self {
            ledgers: vec![ledger],
            ..Self::default()
        }
    }

    /// Gives a hook its handle and its party.
    fn admit(&mut self, hook: &Hook, order: u32) -> Member {
        self.last_hook += 1;
        let party = lineage::party_of(hook.plugin.as_deref());
        let hook_id = HookId(self.last_hook);
        Member {
            hook: Arc::new(Attached::new(hook, hook_id, party, order)),
            body: hook.body.clone(),
        }
    }

    /// Adds up what plans counted that nobody uses any more.
    pub(crate) fn close_ledgers(&mut self) {
        let ledgers = std::mem::take(&mut self.ledgers).into_iter();
        self.ledgers = ledgers
            .filter_map(|ledger| Arc::try_unwrap(ledger).map(Ledger::close).err())
            .collect();
    }
}

impl Sink for &Bus {
    type Output = Result<HookId, ChangeError>;

    fn take(self, hook: Hook) -> Self::Output {
        self.add(hook)
    }
}

fn check(hook: &Hook) -> Result<(), ChangeError> {
    if hook.denies_without_veto() {
        return Err(ChangeError::NoVeto {
            kind: hook.body.kind().as_str(),
            name: hook.name.as_deref().unwrap_or_default().into(),
        });
    }
    Ok(())
}
