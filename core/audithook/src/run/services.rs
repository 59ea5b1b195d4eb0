//! What the plugins of a run are offered: the bus, the journal for the events that they raise, and stderr.

use std::sync::Arc;

use audithook_abi::{EVENT_NESTED, Event, LogLevel, Symbol, Verdict};
use audithook_bus::{Bus, Decision, Mode, in_hook, symbol};
use audithook_loader::{EmitError, Services};
use crossbeam_channel::Sender;

use super::bridge::{self, Published};
use super::say;

/// The hooks of the bus hold it, and it holds the bus: `replace` with no hooks lets both go.
pub(super) struct RunServices {
    bus: Bus,
    published: Arc<Published>,
    /// Not bounded: who emits may be the thread that the recorder waits for.
    journal: Sender<Vec<u8>>,
    quiet: bool,
}

impl RunServices {
    pub(super) fn new(
        bus: &Bus,
        published: &Arc<Published>,
        journal: &Sender<Vec<u8>>,
        quiet: bool,
    ) -> Self {
        Self {
            bus: bus.clone(),
            published: Arc::clone(published),
            journal: journal.clone(),
            quiet,
        }
    }
}

impl Services for RunServices {
    fn log(&self, plugin: &str, level: LogLevel, text: &str) {
        let is_told = match level {
            LogLevel::Error => true,
            LogLevel::Warn | LogLevel::Info => !self.quiet,
            LogLevel::Debug | LogLevel::Trace => false,
        };
        if is_told {
            say(&format!("plugin `{plugin}`: {text}"));
        }
    }

    fn intern(&self, name: &str) -> Symbol {
        Services::intern(&self.bus, name)
    }

    fn text(&self, symbol: Symbol) -> Option<&'static str> {
        Services::text(&self.bus, symbol)
    }

    /// Raises the event as the policy's mode has it, and journals what came of it.
    fn emit(&self, _: &str, event: &Event<'_>) -> Result<Verdict, EmitError> {
        symbol::text(event.id).ok_or(EmitError::UnknownEvent)?;
        let mut meta = bridge::meta(event);
        if in_hook() {
            meta.flags |= EVENT_NESTED;
        }
        let decision = if self.published.mode() == Mode::Off {
            self.bus.notify(event);
            Decision::default()
        } else {
            match self.bus.raise(event) {
                Ok(allowed) => allowed.decision().cloned().unwrap_or_default(),
                Err(denied) => denied.decision().clone(),
            }
        };
        self.published.settle(decision, &mut meta);
        // The recorder outlives the bus's events; at its end nobody is left to be told.
        let _ = self.journal.send(bridge::encode(event, &meta));
        Ok(meta.verdict)
    }
}
