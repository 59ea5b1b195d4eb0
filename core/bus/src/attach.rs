//! What a hook is before and after it is attached: its body and what the bus knows about it.

use std::fmt;
use std::sync::Arc;

use crate::builder::{Builder, Detached, kinds};
use crate::health::Health;
use crate::hook::{After, Gate, Observer};
use crate::pattern::{IntoPatterns, Pattern};
use crate::queue::Queue;

/// The handle of an attached hook. Never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HookId(pub(crate) u64);

/// What kind of hook it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Runs before and may veto.
    Gate,
    /// Runs when the operation ended.
    After,
    /// A gate and an after that share a cookie.
    Around,
    /// Sees the event with its verdict.
    Observer,
}

impl Kind {
    /// The word for messages and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::After => "after",
            Self::Around => "around",
            Self::Observer => "observer",
        }
    }

    const fn has_gate(self) -> bool {
        matches!(self, Self::Gate | Self::Around)
    }
}

/// What happens when a hook fails. An error is not a verdict: this is what makes one of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnError {
    /// The event is denied. The default of gates; the others have no veto to give.
    Deny,
    /// The event passes, counted as a fail-open. The default of afters and observers.
    Allow,
    /// The event passes, counted as a fail-open, and the hook is not entered again.
    Disable,
}

/// What becomes of a refusal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// It holds.
    #[default]
    Enforce,
    /// It becomes a warning; [`crate::Decision::would`] says what it was.
    Warn,
    /// Gates and afters do not run. On a bus: observers only.
    Off,
}

impl Mode {
    /// The word of `hooks.toml`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Warn => "warn",
            Self::Off => "off",
        }
    }
}

/// A hook that is not attached yet: what [`crate::Bus::add`] and [`crate::Bus::replace`] take.
#[derive(Clone)]
pub struct Hook {
    pub(crate) on: Vec<Pattern>,
    pub(crate) name: Option<Box<str>>,
    pub(crate) origin: Option<Box<str>>,
    pub(crate) plugin: Option<Box<str>>,
    pub(crate) priority: i32,
    pub(crate) order: Option<u32>,
    pub(crate) on_error: OnError,
    pub(crate) mode: Mode,
    pub(crate) body: Body,
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook")
            .field("kind", &self.body.kind())
            .field("name", &self.name)
            .field("on", &self.on)
            .finish_non_exhaustive()
    }
}

impl Hook {
    /// A gate on events of these names.
    pub fn gate(on: impl IntoPatterns) -> Builder<kinds::Gate, Detached> {
        Builder::new(on, OnError::Deny, Detached)
    }

    /// An after on events of these names.
    pub fn after(on: impl IntoPatterns) -> Builder<kinds::After, Detached> {
        Builder::new(on, OnError::Allow, Detached)
    }

    /// A gate and an after that share a cookie.
    pub fn around(on: impl IntoPatterns) -> Builder<kinds::Around, Detached> {
        Builder::new(on, OnError::Deny, Detached)
    }

    /// An observer of events of these names.
    pub fn observe(on: impl IntoPatterns) -> Builder<kinds::Observer, Detached> {
        Builder::new(on, OnError::Allow, Detached)
    }

    /// Whether its `on_error` asks for a veto that its kind does not have.
    pub(crate) fn denies_without_veto(&self) -> bool {
        self.on_error == OnError::Deny && !self.body.kind().has_gate()
    }
}

/// What the bus calls.
#[derive(Clone)]
pub(crate) enum Body {
    Gate(Arc<dyn Gate>),
    After(Arc<dyn After>),
    Around(Arc<dyn Gate>, Arc<dyn After>),
    Observer(Arc<dyn Observer>, Delivery),
}

impl Body {
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::Gate(_) => Kind::Gate,
            Self::After(_) => Kind::After,
            Self::Around(..) => Kind::Around,
            Self::Observer(..) => Kind::Observer,
        }
    }
}

/// How an event reaches an observer.
#[derive(Clone, Default)]
pub(crate) enum Delivery {
    /// Through the queue that the bus keeps for this.
    #[default]
    BusQueue,
    /// Through a queue of the embedder's.
    Queue(Queue),
    /// On the thread that raised it.
    Inline,
}

/// An attached hook, as decisions and tables name it: what it is, and how it fares.
pub struct Attached {
    pub(crate) id: HookId,
    /// Who must not hear of what happens inside it: shared by the hooks of one plugin.
    pub(crate) party: u32,
    pub(crate) health: Health,
    on: Vec<Pattern>,
    name: Box<str>,
    origin: Option<Box<str>>,
    plugin: Option<Box<str>>,
    priority: i32,
    order: u32,
    on_error: OnError,
    mode: Mode,
    kind: Kind,
}

impl Attached {
    pub(crate) fn new(hook: &Hook, id: HookId, party: u32, order: u32) -> Self {
        let kind = hook.body.kind();
        Self {
            id,
            party,
            health: Health::default(),
            on: hook.on.clone(),
            name: hook
                .name
                .clone()
                .unwrap_or_else(|| format!("{} {}", kind.as_str(), id.0).into()),
            origin: hook.origin.clone(),
            plugin: hook.plugin.clone(),
            priority: hook.priority,
            order: hook.order.unwrap_or(order),
            on_error: hook.on_error,
            mode: hook.mode,
            kind,
        }
    }

    /// The handle.
    #[must_use]
    pub fn id(&self) -> HookId {
        self.id
    }

    /// The rule's id: `files.deny`, `hook.no-key`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it was written: `hooks.toml:12`.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// Whose function it is.
    #[must_use]
    pub fn plugin(&self) -> Option<&str> {
        self.plugin.as_deref()
    }

    /// Lower runs first.
    #[must_use]
    pub fn priority(&self) -> i32 {
        self.priority
    }

    /// The place in the file, among hooks of equal priority. `u32::MAX` for a hook that stands in none.
    #[must_use]
    pub fn order(&self) -> u32 {
        self.order
    }

    /// What happens when it fails.
    #[must_use]
    pub fn on_error(&self) -> OnError {
        self.on_error
    }

    /// What becomes of its refusals, unless the bus is milder.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What kind of hook it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The events that it is for.
    #[must_use]
    pub fn on(&self) -> &[Pattern] {
        &self.on
    }

    /// The total order of *Meaning* 3: priority, then file order, then plugin name; what is still equal stands in
    /// the order in which it was attached.
    pub(crate) fn rank(&self) -> (i32, u32, Option<&str>, HookId) {
        (self.priority, self.order, self.plugin(), self.id)
    }
}

/// One line of a table of hooks: `10 gate no-key on open (hooks.toml:12)`.
impl fmt::Display for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {} on ",
            self.priority,
            self.kind.as_str(),
            self.name
        )?;
        for (place, pattern) in self.on.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{}", pattern.as_str())?;
        }
        if let Some(plugin) = &self.plugin {
            write!(f, " by {plugin}")?;
        }
        if let Some(origin) = &self.origin {
            write!(f, " ({origin})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attached({self})")
    }
}
