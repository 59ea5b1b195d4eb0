//! Building hooks.

use std::marker::PhantomData;
use std::sync::Arc;

use audithook_abi::{Event, Verdict};

use crate::attach::{Body, Delivery, Hook, Mode, OnError};
use crate::hook::{After, Gate, HookError, Observer, Outcome, Reply};
use crate::pattern::{IntoPatterns, Pattern};
use crate::queue::Queue;

/// Builds a hook. Ends with `with…`, which gives the [`Hook`], or attaches it if the builder came from a bus.
#[must_use = "a builder attaches nothing until `with…` is called"]
pub struct Builder<K, S> {
    on: Vec<Pattern>,
    name: Option<Box<str>>,
    origin: Option<Box<str>>,
    plugin: Option<Box<str>>,
    priority: i32,
    order: Option<u32>,
    on_error: OnError,
    mode: Mode,
    delivery: Delivery,
    sink: S,
    kind: PhantomData<K>,
}

/// Where a finished hook goes.
pub trait Sink {
    /// What the builder's last call gives.
    type Output;
    /// Takes the hook.
    fn take(self, hook: Hook) -> Self::Output;
}

/// The builder gives the hook itself.
#[derive(Debug)]
pub struct Detached;

impl Sink for Detached {
    type Output = Hook;

    fn take(self, hook: Hook) -> Hook {
        hook
    }
}

/// What a [`Builder`] builds.
pub mod kinds {
    /// A gate.
    #[derive(Debug)]
    pub enum Gate {}
    /// An after.
    #[derive(Debug)]
    pub enum After {}
    /// A gate and an after.
    #[derive(Debug)]
    pub enum Around {}
    /// An observer.
    #[derive(Debug)]
    pub enum Observer {}
}

impl<K, S: Sink> Builder<K, S> {
    pub(crate) fn new(on: impl IntoPatterns, on_error: OnError, sink: S) -> Self {
        Self {
            on: on.into_patterns(),
            name: None,
            origin: None,
            plugin: None,
            priority: 0,
            order: None,
            on_error,
            mode: Mode::Enforce,
            delivery: Delivery::default(),
            sink,
            kind: PhantomData,
        }
    }

    /// The rule's id, for refusals and the journal.
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Where it was written, for refusals and the journal: `hooks.toml:12`.
    pub fn origin(mut self, origin: &str) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// Whose function it is. Hooks of one plugin do not hear of events that one of them raised, and are poisoned together.
    pub fn plugin(mut self, plugin: &str) -> Self {
        self.plugin = Some(plugin.into());
        self
    }

    /// Lower runs first; 0 unless set.
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// The place in the file, among hooks of equal priority. Unless set: in [`crate::Bus::replace`] the place in the
    /// batch, otherwise after all that have one.
    pub fn order(mut self, order: u32) -> Self {
        self.order = Some(order);
        self
    }

    /// What happens when it fails.
    pub fn on_error(mut self, on_error: OnError) -> Self {
        self.on_error = on_error;
        self
    }

    /// What becomes of its refusals.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    fn finish(self, body: impl FnOnce(Delivery) -> Body) -> S::Output {
        self.sink.take(Hook {
            on: self.on,
            name: self.name,
            origin: self.origin,
            plugin: self.plugin,
            priority: self.priority,
            order: self.order,
            on_error: self.on_error,
            mode: self.mode,
            body: body(self.delivery),
        })
    }
}

impl<S: Sink> Builder<kinds::Gate, S> {
    /// A closure that gives a [`Verdict`], or a `Result` of one.
    pub fn with<F, R>(self, gate: F) -> S::Output
    where
        F: Fn(&Event<'_>, &mut Reply) -> R + Send + Sync + 'static,
        R: Judgement + 'static,
    {
        self.with_gate(Arc::new(Closure(gate, PhantomData)))
    }

    /// A gate of one's own type.
    pub fn with_gate(self, gate: Arc<dyn Gate>) -> S::Output {
        self.finish(|_| Body::Gate(gate))
    }
}

impl<S: Sink> Builder<kinds::After, S> {
    /// A closure that gives nothing, or a `Result` of nothing.
    pub fn with<F, R>(self, after: F) -> S::Output
    where
        F: Fn(&Event<'_>, Outcome, u64) -> R + Send + Sync + 'static,
        R: Done + 'static,
    {
        self.with_after(Arc::new(Closure(after, PhantomData)))
    }

    /// An after of one's own type.
    pub fn with_after(self, after: Arc<dyn After>) -> S::Output {
        self.finish(|_| Body::After(after))
    }
}

impl<S: Sink> Builder<kinds::Around, S> {
    /// A closure for before, and one for after that gets the first one's [`Reply::cookie`].
    pub fn with<F, R, G, Q>(self, gate: F, after: G) -> S::Output
    where
        F: Fn(&Event<'_>, &mut Reply) -> R + Send + Sync + 'static,
        R: Judgement + 'static,
        G: Fn(&Event<'_>, Outcome, u64) -> Q + Send + Sync + 'static,
        Q: Done + 'static,
    {
        self.with_both(
            Arc::new(Closure(gate, PhantomData)),
            Arc::new(Closure(after, PhantomData)),
        )
    }

    /// A gate and an after of one's own types.
    pub fn with_both(self, gate: Arc<dyn Gate>, after: Arc<dyn After>) -> S::Output {
        self.finish(|_| Body::Around(gate, after))
    }
}

impl<S: Sink> Builder<kinds::Observer, S> {
    /// Calls the observer on the thread that raised the event, before `raise` returns. For observers that only count
    /// or hand on, and for threads that nobody waits for.
    pub fn inline(mut self) -> Self {
        self.delivery = Delivery::Inline;
        self
    }

    /// Calls the observer on this queue's thread, instead of that of the bus's own queue.
    pub fn queue(mut self, queue: &Queue) -> Self {
        self.delivery = Delivery::Queue(queue.clone());
        self
    }

    /// A closure that gives nothing, or a `Result` of nothing.
    pub fn with<F, R>(self, observer: F) -> S::Output
    where
        F: Fn(&Event<'_>) -> R + Send + Sync + 'static,
        R: Done + 'static,
    {
        self.with_observer(Arc::new(Closure(observer, PhantomData)))
    }

    /// An observer of one's own type.
    pub fn with_observer(self, observer: Arc<dyn Observer>) -> S::Output {
        self.finish(|delivery| Body::Observer(observer, delivery))
    }
}

/// What a gate's closure may give.
pub trait Judgement {
    /// As [`Gate::judge`] gives it.
    ///
    /// # Errors
    /// What the closure gave as an error.
    fn into_result(self) -> Result<Verdict, HookError>;
}

impl Judgement for Verdict {
    fn into_result(self) -> Result<Verdict, HookError> {
        Ok(self)
    }
}

impl<E: Into<HookError>> Judgement for Result<Verdict, E> {
    fn into_result(self) -> Result<Verdict, HookError> {
        self.map_err(Into::into)
    }
}

/// What the closure of an after or an observer may give.
pub trait Done {
    /// As [`Observer::observe`] gives it.
    ///
    /// # Errors
    /// What the closure gave as an error.
    fn into_result(self) -> Result<(), HookError>;
}

impl Done for () {
    fn into_result(self) -> Result<(), HookError> {
        Ok(())
    }
}

impl<E: Into<HookError>> Done for Result<(), E> {
    fn into_result(self) -> Result<(), HookError> {
        self.map_err(Into::into)
    }
}

struct Closure<F, R>(F, PhantomData<fn() -> R>);

impl<F, R> Gate for Closure<F, R>
where
    F: Fn(&Event<'_>, &mut Reply) -> R + Send + Sync,
    R: Judgement,
{
    fn judge(&self, event: &Event<'_>, reply: &mut Reply) -> Result<Verdict, HookError> {
        (self.0)(event, reply).into_result()
    }
}

impl<F, R> After for Closure<F, R>
where
    F: Fn(&Event<'_>, Outcome, u64) -> R + Send + Sync,
    R: Done,
{
    fn ended(&self, event: &Event<'_>, outcome: Outcome, cookie: u64) -> Result<(), HookError> {
        (self.0)(event, outcome, cookie).into_result()
    }
}

impl<F, R> Observer for Closure<F, R>
where
    F: Fn(&Event<'_>) -> R + Send + Sync,
    R: Done,
{
    fn observe(&self, event: &Event<'_>) -> Result<(), HookError> {
        (self.0)(event).into_result()
    }
}
