//! From tracing to the bus.

use std::fmt;

use audithook_abi::{Event, Symbol, Value};
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer};

use super::{PREFIX, TARGET};
use crate::bus::Bus;
use crate::symbol;

/// Raises each tracing event on a bus.
///
/// The name is `tracing.` and the target with dots: an event of the target `my_app::orders` is `tracing.my_app.orders`. The
/// arguments are `level` and the event's own fields, `message` among them. A log line tells of something that happened: a
/// verdict does not undo it.
#[derive(Clone, Debug)]
pub struct BusLayer {
    bus: Bus,
    level: Symbol,
}

impl BusLayer {
    /// A layer that raises on this bus.
    #[must_use]
    pub fn new(bus: &Bus) -> Self {
        Self {
            bus: bus.clone(),
            level: symbol::intern("level"),
        }
    }
}

impl<S: Subscriber> Layer<S> for BusLayer {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        if metadata.target() == TARGET {
            return;
        }
        let name = symbol::intern(&name_of(metadata.target()));
        if !self.bus.listens(name) {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = Value::str(metadata.level().as_str()).named(self.level);
        let args: Vec<Value<'_>> = std::iter::once(level)
            .chain(
                fields
                    .0
                    .iter()
                    .map(|(name, held)| held.value().named(symbol::intern(name))),
            )
            .collect();
        let _answer = self.bus.raise_listened(&Event::new(name, &args));
    }
}

fn name_of(target: &str) -> String {
    let mut name = String::with_capacity(PREFIX.len() + target.len());
    name.push_str(PREFIX);
    for (place, part) in target.split("::").enumerate() {
        if place > 0 {
            name.push('.');
        }
        name.push_str(part);
    }
    name
}

/// The fields of a tracing event, which lends them only one at a time.
#[derive(Default)]
struct Fields(Vec<(&'static str, Held)>);

enum Held {
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Held {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Bool(value) => Value::bool(*value),
            Self::I64(value) => Value::i64(*value),
            Self::U64(value) => Value::u64(*value),
            Self::F64(value) => Value::f64(*value),
            Self::Text(text) => Value::str(text),
            Self::Bytes(bytes) => Value::bytes(bytes),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0
            .push((field.name(), Held::Text(format!("{value:?}"))));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), Held::Text(value.into())));
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.0.push((field.name(), Held::Bytes(value.into())));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.push((field.name(), Held::Bool(value)));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.push((field.name(), Held::I64(value)));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.push((field.name(), Held::U64(value)));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.push((field.name(), Held::F64(value)));
    }
}
