//! What a plugin says while it is asked for something else: lines for the log, and events of its own.

use audithook_abi::{Event, LogLevel, Verdict};
use audithook_bus::symbol;
use audithook_catalogue::SYMBOL_COUNT;
use audithook_wire::flat::Scratch;

use super::process::Heard;
use crate::channel::Broken;
use crate::event::decode;
use crate::message::{kind, printable};

/// Hears what is said over one connection.
#[derive(Default)]
pub(super) struct Ear {
    scratch: Scratch,
}

impl Ear {
    /// Does as it was told; for an event, what the process is to be told of it.
    pub(super) fn hear(
        &mut self,
        heard: &Heard,
        kind: u8,
        payload: &[u8],
    ) -> Result<Option<u8>, Broken> {
        match (kind, payload) {
            (kind::LOG, [level, text @ ..]) => {
                let level = LogLevel::from_number(u32::from(*level));
                if let Some(services) = heard.services.get() {
                    services.log(
                        &heard.plugin,
                        level,
                        &printable(&String::from_utf8_lossy(text)),
                    );
                }
                Ok(None)
            }
            (kind::EMIT, record) => {
                let emitted = decode(record, &mut self.scratch, symbol::intern_foreign, |event| {
                    raise(heard, event)
                });
                match emitted {
                    Ok(verdict) => Ok(Some(
                        verdict.map_or(NOT_RAISED, |verdict: Verdict| verdict as u8),
                    )),
                    Err(_) => Err(Broken::Nonsense("no such record")),
                }
            }
            _ => Err(Broken::Nonsense("no such message")),
        }
    }
}

/// Raises what the process says was raised: who raised it, and when, is known here. The catalogue's events are not its own.
fn raise(heard: &Heard, event: Event<'_>) -> Option<Verdict> {
    if event.id.0 < SYMBOL_COUNT {
        return None;
    }
    let mut own = Event::new(event.id, event.args());
    own.pid = heard.pid;
    own.tid = heard.pid;
    own.time_ns = super::now_ns();
    let services = heard.services.get()?;
    services.emit(&heard.plugin, &own).ok()
}

/// Instead of a verdict.
const NOT_RAISED: u8 = u8::MAX;
