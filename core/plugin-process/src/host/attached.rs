//! Hooks whose code runs elsewhere, as the bus calls them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use audithook_abi::{Event, Verdict};
use audithook_bus::HookError;
use audithook_bus::hook::{After, Gate, Observer, Outcome, Reply};
use audithook_loader::{HookInfo, Kinds};

use super::instance::{Serving, Shared};
use super::overheard::Ear;
use super::process::{Interrupted, Process};
use crate::channel::Broken;
use crate::event::Room;
use crate::message::{Call, Said, kind};

/// An attached hook. Clones are the same attachment; it is detached with the last.
#[derive(Clone)]
pub struct Attached {
    hook: Arc<Hook>,
    /// Which of the plugin's hooks it is.
    place: usize,
}

impl std::fmt::Debug for Attached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attached")
            .field("hook", self.info())
            .finish_non_exhaustive()
    }
}

/// The one behind [`Attached`], which the bus holds by its kinds.
pub(super) struct Hook {
    instance: Arc<Shared>,
    number: u32,
    kinds: Kinds,
    /// What gates left for their afters, and in which process.
    left: Mutex<HashMap<u64, (u64, u64)>>,
    next: AtomicU64,
}

impl Attached {
    pub(super) fn new(hook: Hook, place: usize) -> Self {
        Self {
            hook: Arc::new(hook),
            place,
        }
    }

    /// What the plugin says about the hook.
    #[must_use]
    pub fn info(&self) -> &HookInfo {
        &self.hook.instance.plugin().info().hooks[self.place]
    }

    /// What it is.
    #[must_use]
    pub fn kinds(&self) -> Kinds {
        self.hook.kinds
    }

    /// As a gate.
    #[must_use]
    pub fn gate(&self) -> Option<Arc<dyn Gate>> {
        self.kinds().gate.then(|| Arc::clone(&self.hook) as _)
    }

    /// As an after.
    #[must_use]
    pub fn after(&self) -> Option<Arc<dyn After>> {
        self.kinds().after.then(|| Arc::clone(&self.hook) as _)
    }

    /// As an observer.
    #[must_use]
    pub fn observer(&self) -> Option<Arc<dyn Observer>> {
        self.kinds().observer.then(|| Arc::clone(&self.hook) as _)
    }
}

impl Hook {
    pub(super) fn new(instance: Arc<Shared>, number: u32, kinds: Kinds) -> Self {
        Self {
            instance,
            number,
            kinds,
            left: Mutex::default(),
            next: AtomicU64::new(1),
        }
    }

    /// One call, in this process.
    fn call(
        &self,
        serving: &Serving,
        what: u8,
        call: &Call,
        event: &Event<'_>,
    ) -> Result<Said, Interrupted> {
        let process = &serving.process;
        let said = process.with_lane(|lane| {
            let mut deadline = Instant::now() + process.timeout;
            ROOM.with_borrow_mut(|room| {
                let record = room.encode(event);
                lane.send(what, |out| {
                    call.write(out);
                    out.extend_from_slice(record);
                })
            })?;
            let mut ear = None;
            loop {
                let (heard, payload) = lane.receive_until(Some(deadline))?;
                if heard == kind::SAID {
                    return Said::read(payload).ok_or(Broken::Nonsense("no such answer"));
                }
                // What the host does with it is not the hook's time.
                let began = Instant::now();
                if began >= deadline {
                    return Err(Broken::TimedOut);
                }
                let payload = payload.to_vec();
                let answer =
                    ear.get_or_insert_with(Ear::default)
                        .hear(process.heard(), heard, &payload)?;
                if let Some(verdict) = answer {
                    lane.send(kind::EMITTED, |out| out.push(verdict))?;
                }
                deadline += began.elapsed();
            }
        })?;
        if let Err(HookError::Panicked(_) | HookError::Poisoned) = &said.result {
            let text = said
                .result
                .as_ref()
                .map_or_else(ToString::to_string, |_| String::new());
            return Err(Interrupted::Amid(false, process.fail(text)));
        }
        Ok(said)
    }

    /// An error for the bus: what happened in the hook is a failure of the hook's.
    fn failure(&self, serving: &Serving, interrupted: Interrupted) -> HookError {
        self.instance.left(serving);
        match interrupted {
            Interrupted::Before(ended) => HookError::Down(ended.reason.into()),
            Interrupted::Amid(true, _) => HookError::TimedOut(serving.process.timeout),
            Interrupted::Amid(false, lost) => HookError::Failed(lost.0.into()),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, (u64, u64)>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

thread_local! {
    static ROOM: std::cell::RefCell<Room> = std::cell::RefCell::new(Room::new());
}

impl Gate for Hook {
    fn judge(&self, event: &Event<'_>, reply: &mut Reply) -> Result<Verdict, HookError> {
        let serving = self
            .instance
            .serving()
            .map_err(|reason| HookError::Down(reason.into()))?;
        let said = self
            .call(&serving, kind::GATE, &Call::new(self.number, event), event)
            .map_err(|interrupted| self.failure(&serving, interrupted))?;
        if !said.reason.is_empty() {
            reply.reason = Some(said.reason.into());
        }
        if self.kinds.after {
            let key = self.next.fetch_add(1, Ordering::Relaxed);
            self.lock().insert(key, (serving.epoch, said.cookie));
            reply.cookie = key;
        }
        said.result
    }
}

impl After for Hook {
    /// A process that did not see the gate is not told of its end.
    fn ended(&self, event: &Event<'_>, outcome: Outcome, cookie: u64) -> Result<(), HookError> {
        let left = self.lock().remove(&cookie);
        let serving = match (self.kinds.gate, left) {
            (true, None) => return Ok(()),
            (true, Some((epoch, _))) => match self.instance.serving() {
                Ok(serving) if serving.epoch == epoch => serving,
                _ => return Ok(()),
            },
            (false, _) => self.soon()?,
        };
        let call = Call {
            cookie: left.map_or(0, |(_, cookie)| cookie),
            outcome,
            ..Call::new(self.number, event)
        };
        let said = self
            .call(&serving, kind::AFTER, &call, event)
            .map_err(|interrupted| self.failure(&serving, interrupted))?;
        said.result.map(|_| ())
    }
}

impl Observer for Hook {
    /// An event that no process has begun with waits for the next one.
    fn observe(&self, event: &Event<'_>) -> Result<(), HookError> {
        let call = Call::new(self.number, event);
        loop {
            let serving = self.soon()?;
            match self.call(&serving, kind::OBSERVE, &call, event) {
                Ok(said) => return said.result.map(|_| ()),
                Err(Interrupted::Before(_)) => self.instance.left(&serving),
                Err(interrupted) => return Err(self.failure(&serving, interrupted)),
            }
        }
    }
}

impl Hook {
    fn soon(&self) -> Result<Serving, HookError> {
        self.instance
            .serving_soon()
            .map_err(|reason| HookError::Down(reason.into()))
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.instance.detach(self.number);
    }
}

/// The process is told what it is to do while others wait: it must be `Sync`.
const _: () = {
    const fn is_sync<T: Send + Sync>() {}
    is_sync::<Hook>();
    is_sync::<Process>();
};
