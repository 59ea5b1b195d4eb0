//! Events over a lane: the flat encoding of records, and beside it what a record does not say.

use audithook_abi::{Event, Source, Symbol, Value, Verdict};
use audithook_bus::symbol;
use audithook_catalogue::SYMBOL_COUNT;
use audithook_wire::flat::{Encoder, FlatError, MAX_RECORD, Meta, Name, Record, Scratch};

/// Room for one record.
pub(crate) struct Room(Box<[u8]>);

impl Room {
    pub(crate) fn new() -> Self {
        Self(vec![0; MAX_RECORD].into())
    }

    /// An event as a record. What does not fit is cut, and says so.
    pub(crate) fn encode(&mut self, event: &Event<'_>) -> &[u8] {
        let meta = Meta {
            time_ns: event.time_ns,
            pid: event.pid,
            tid: event.tid,
            flags: event.flags,
            verdict: Verdict::from_number(event.verdict).unwrap_or(Verdict::Deny),
            ..Meta::new(event.source().unwrap_or(Source::Cpython))
        };
        let mut encoder = Encoder::new(&mut self.0, name(event.id), &meta);
        for value in event.args() {
            encoder.arg(name(value.name()), value);
        }
        encoder.finish()
    }
}

/// Numbers beyond the catalogue's mean something in one process only.
fn name(symbol: Symbol) -> Name<'static> {
    if symbol.0 < SYMBOL_COUNT {
        Name::Known(symbol)
    } else {
        Name::Text(symbol::text(symbol).unwrap_or("").as_bytes())
    }
}

/// Reads a record as an event. `intern` gives numbers to names that the catalogue does not have.
pub(crate) fn decode<R>(
    bytes: &[u8],
    scratch: &mut Scratch,
    intern: fn(&str) -> Symbol,
    with: impl FnOnce(Event<'_>) -> R,
) -> Result<R, FlatError> {
    let record = Record::parse(bytes)?;
    let number = |text: &[u8]| std::str::from_utf8(text).map_or(Symbol::NONE, intern);
    let id = match record.event() {
        Name::Known(symbol) => symbol,
        Name::Text(text) => number(text),
    };
    let meta = *record.meta();
    let values: &[Value<'_>] = record.values(scratch, number);
    let mut event = Event::new(id, values);
    event.time_ns = meta.time_ns;
    event.pid = meta.pid;
    event.tid = meta.tid;
    event.flags = meta.flags;
    event.source = meta.source as u8;
    event.verdict = meta.verdict as u8;
    Ok(with(event))
}
