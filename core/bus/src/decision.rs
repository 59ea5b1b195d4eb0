//! What the gates of an event say together.
//!
//! The algebra is *Meaning* 2: the strongest verdict wins, wherever it stands, and order only decides which of
//! equals is named first. So every gate is asked, also after a `deny` and after a `kill`: stopping early would give
//! the same verdict, but the record would name fewer rules, and a gate that counts would count by its place in the file.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use audithook_abi::{Symbol, Verdict};

use crate::attach::{Attached, Mode};
use crate::symbol;

/// What the gates of an event say together. The default is a plain allow.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Decision {
    /// What holds.
    pub verdict: Verdict,
    /// What would hold if every hook and the bus enforced.
    pub would: Verdict,
    /// The first in order among the strongest; `None` for a plain allow.
    pub deciding: Option<Arc<Attached>>,
    /// The others that said the same, in order.
    pub agreed: Vec<Arc<Attached>>,
    /// Why, as the deciding hook said it.
    pub reason: Option<Cow<'static, str>>,
    /// Some gate failed, or was not entered, and its `on-error` let the event pass.
    pub fail_open: bool,
    /// The first of those gates.
    pub opened_by: Option<Arc<Attached>>,
}

/// What [`crate::Bus::raise`] and [`crate::emit!`] give: `?` refuses what the gates refuse.
pub type Answer = Result<Allowed, Denied>;

/// The operation may happen.
#[derive(Clone, Debug, Default)]
pub struct Allowed(pub(crate) Option<Box<Decision>>);

impl Allowed {
    /// Allow or warn.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.0
            .as_ref()
            .map_or(Verdict::Allow, |decision| decision.verdict)
    }

    /// The whole decision, `None` for a plain allow.
    #[must_use]
    pub fn decision(&self) -> Option<&Decision> {
        self.0.as_deref()
    }
}

/// The operation must not happen. Displays as `order.created denied by rule `no-free-orders` (hooks.toml:12): total is 0`.
#[derive(Clone)]
pub struct Denied(Box<(Symbol, Decision)>);

impl Denied {
    pub(crate) fn new(event: Symbol, decision: Decision) -> Self {
        Self(Box::new((event, decision)))
    }

    /// The event's name.
    #[must_use]
    pub fn event(&self) -> &'static str {
        symbol::text(self.0.0).unwrap_or("?")
    }

    /// Deny or kill.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.0.1.verdict
    }

    /// The deciding rule's id.
    #[must_use]
    pub fn rule(&self) -> &str {
        self.0.1.deciding.as_deref().map_or("?", Attached::name)
    }

    /// Where the deciding rule was written.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.0.1.deciding.as_deref()?.origin()
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.0.1.reason.as_deref()
    }

    /// The whole decision.
    #[must_use]
    pub fn decision(&self) -> &Decision {
        &self.0.1
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.verdict() {
            Verdict::Kill => "killed",
            _ => "denied",
        };
        write!(f, "{} {verb} by rule `{}`", self.event(), self.rule())?;
        if let Some(origin) = self.origin() {
            write!(f, " ({origin})")?;
        }
        if let Some(reason) = self.reason() {
            write!(f, ": {reason}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Denied({self})")
    }
}

impl std::error::Error for Denied {}

/// Gathers what gates say, in order.
#[derive(Default)]
pub(crate) struct Gathering {
    said: Vec<Said>,
    opened_by: Option<Arc<Attached>>,
}

struct Said {
    hook: Arc<Attached>,
    verdict: Verdict,
    would: Verdict,
    reason: Option<Cow<'static, str>>,
}

impl Gathering {
    /// One gate's verdict, softened as its mode says.
    pub(crate) fn say(
        &mut self,
        hook: &Arc<Attached>,
        would: Verdict,
        mode: Mode,
        reason: Option<Cow<'static, str>>,
    ) {
        let verdict = match mode {
            Mode::Enforce => would,
            Mode::Warn | Mode::Off => would.min(Verdict::Warn),
        };
        if verdict != Verdict::Allow {
            self.said.push(Said {
                hook: hook.clone(),
                verdict,
                would,
                reason,
            });
        }
    }

    pub(crate) fn failed_open(&mut self, hook: &Arc<Attached>) {
        self.opened_by.get_or_insert_with(|| hook.clone());
    }

    /// Of two warnings, one that would be a denial is the stronger: it is what an operator must hear of.
    pub(crate) fn finish(self) -> Decision {
        let Self {
            mut said,
            opened_by,
        } = self;
        let fail_open = opened_by.is_some();
        let strength = |said: &Said| (said.verdict, said.would);
        let Some(strongest) = said.iter().map(strength).max() else {
            return Decision {
                fail_open,
                opened_by,
                ..Decision::default()
            };
        };
        let place = said
            .iter()
            .position(|each| strength(each) == strongest)
            .unwrap_or_default();
        let would = said.iter().map(|each| each.would).max().unwrap_or_default();
        let deciding = said.remove(place);
        Decision {
            verdict: deciding.verdict,
            would,
            agreed: said
                .into_iter()
                .filter(|each| each.verdict == deciding.verdict)
                .map(|each| each.hook)
                .collect(),
            deciding: Some(deciding.hook),
            reason: deciding.reason,
            fail_open,
            opened_by,
        }
    }
}
