//! What the library is offered here: the host, over the lane that the calling thread serves, else over the side lane.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

use audithook_abi::{Event, LogLevel, Symbol, Verdict};
use audithook_bus::symbol;
use audithook_loader::{EmitError, Services};

use crate::channel::{Broken, Channel};
use crate::event::Room;
use crate::message::kind;

thread_local! {
    /// The lane that this thread serves. It is borrowed only while something is said or heard.
    static LANE: RefCell<Option<Channel>> = const { RefCell::new(None) };
}

/// This thread serves the lane from now on.
pub(super) fn serve_lane(lane: Channel) {
    LANE.set(Some(lane));
}

/// The lane that this thread serves.
pub(super) fn with_lane<R>(
    say: impl FnOnce(&mut Channel) -> Result<R, Broken>,
) -> Result<R, Broken> {
    LANE.with_borrow_mut(|lane| say(lane.as_mut().ok_or(Broken::Closed)?))
}

/// The host's services, from afar.
pub(super) struct LaneServices {
    /// For the library's own threads, and for what it does while it is created, attached or destroyed.
    side: Mutex<Channel>,
}

impl LaneServices {
    pub(super) const fn new(side: Mutex<Channel>) -> Self {
        Self { side }
    }

    fn with<R>(&self, say: impl FnOnce(&mut Channel) -> Result<R, Broken>) -> Result<R, Broken> {
        if LANE.with_borrow(Option::is_some) {
            with_lane(say)
        } else {
            say(&mut self.side.lock().unwrap_or_else(PoisonError::into_inner))
        }
    }
}

impl Services for LaneServices {
    fn log(&self, _: &str, level: LogLevel, text: &str) {
        // A host that is gone reads no log.
        let _ = self.with(|lane| {
            lane.send(kind::LOG, |out| {
                out.push(level as u8);
                out.extend(text.as_bytes());
            })
        });
    }

    fn intern(&self, name: &str) -> Symbol {
        match symbol::intern(name) {
            symbol::OVERFLOW => Symbol::NONE,
            symbol => symbol,
        }
    }

    fn text(&self, symbol: Symbol) -> Option<&'static str> {
        symbol::text(symbol)
    }

    fn emit(&self, _: &str, event: &Event<'_>) -> Result<Verdict, EmitError> {
        symbol::text(event.id).ok_or(EmitError::UnknownEvent)?;
        let mut room = Room::new();
        let record = room.encode(event);
        let answer = self.with(|lane| {
            lane.send(kind::EMIT, |out| out.extend(record))?;
            match lane.receive()? {
                (kind::EMITTED, [number]) => Ok(*number),
                _ => Err(Broken::Nonsense("no such answer")),
            }
        });
        let verdict = answer.ok().and_then(Verdict::from_number);
        verdict.ok_or(EmitError::NoBus)
    }
}
