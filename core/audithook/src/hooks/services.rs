//! What plugins are offered: the names of the bus, and its events.

use audithook_abi::{Event, LogLevel, Symbol, Verdict};
use audithook_bus::Bus;
use audithook_loader::{EmitError, Services};

type Log = dyn Fn(&str, LogLevel, &str) + Send + Sync;

/// A bus, and a place for what plugins log. The hooks of the bus hold them: `replace` with no hooks lets both go.
pub struct BusServices {
    bus: Bus,
    log: Box<Log>,
}

impl BusServices {
    /// Services over `bus`; `log` gets a plugin's name, a level, and one line.
    #[must_use]
    pub fn new(bus: &Bus, log: impl Fn(&str, LogLevel, &str) + Send + Sync + 'static) -> Self {
        Self {
            bus: bus.clone(),
            log: Box::new(log),
        }
    }
}

impl std::fmt::Debug for BusServices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BusServices").finish_non_exhaustive()
    }
}

impl Services for BusServices {
    fn log(&self, plugin: &str, level: LogLevel, text: &str) {
        (self.log)(plugin, level, text);
    }

    fn intern(&self, name: &str) -> Symbol {
        Services::intern(&self.bus, name)
    }

    fn text(&self, symbol: Symbol) -> Option<&'static str> {
        Services::text(&self.bus, symbol)
    }

    fn emit(&self, plugin: &str, event: &Event<'_>) -> Result<Verdict, EmitError> {
        Services::emit(&self.bus, plugin, event)
    }
}
