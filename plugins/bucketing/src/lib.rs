//! Counts events by any argument.
//!
//! ```toml
//! [plugin.bucketing]
//! config = { top = 20, keys = 100000 }
//!
//! [[hook]]
//! name = "count-imports"
//! on   = "import"
//! call = "bucketing.count"
//! with = { by = "module" }
//! ```
//!
//! Every hook that calls `bucketing.count` has a table of its own, which the report at the end of a run prints. Without
//! `by`, events are counted by their names. Memory is bounded: [`counts`] says how.

#![deny(unsafe_code)]

pub mod counts;
mod label;
mod report;

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use audithook_sdk::prelude::*;

use crate::counts::Counts;
use crate::label::label;

/// `[plugin.bucketing] config`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How many values a table of the report for people shows.
    pub top: usize,
    /// How many distinct values are counted exactly, in each table.
    pub keys: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            top: 20,
            keys: 100_000,
        }
    }
}

/// The plugin.
#[derive(Debug)]
pub struct Bucketing {
    config: Config,
    tables: Mutex<Vec<Arc<Table>>>,
}

/// What one hook counts.
#[derive(Debug)]
pub(crate) struct Table {
    /// The hook's name in the policy; may be empty.
    name: String,
    /// The names and globs of its events, separated by one space; may be empty.
    on: String,
    /// The argument, `None` for the events' names.
    by: Option<String>,
    counts: Mutex<Counts>,
}

/// `with`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct With {
    /// The argument to count by; the event's name if it is left out.
    by: Option<String>,
}

/// `bucketing.count`.
#[derive(Debug)]
pub struct Count {
    table: Arc<Table>,
    by: Option<Symbol>,
    host: Host,
}

/// More than anyone can have meant, and room for a table of 24-byte entries.
const MOST_KEYS: usize = 10_000_000;

impl Plugin for Bucketing {
    type Config = Config;

    const CONFIG_SCHEMA: &'static str = r#"{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "top": {"type": "integer", "minimum": 1, "default": 20, "description": "how many values a table of the report shows"},
    "keys": {"type": "integer", "minimum": 1, "maximum": 10000000, "default": 100000, "description": "how many distinct values are counted exactly, in each table"}
  }
}"#;

    fn create(_: Host, config: Config) -> Result<Self> {
        if config.top == 0 {
            return Err(Failure::bad_argument(
                "`top` is 0: at least one value is shown",
            ));
        }
        if config.keys == 0 || config.keys > MOST_KEYS {
            let keys = config.keys;
            return Err(Failure::bad_argument(format!(
                "`keys` is {keys}, not 1 to {MOST_KEYS}"
            )));
        }
        Ok(Self {
            config,
            tables: Mutex::default(),
        })
    }
}

impl Hook for Count {
    type Plugin = Bucketing;
    type With = With;

    const WITH_SCHEMA: &'static str = r#"{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "by": {"type": "string", "format": "argument", "minLength": 1, "description": "the argument to count by; the event's name if it is left out"}
  }
}"#;

    fn attach(plugin: &Arc<Bucketing>, attach: &Attach<'_>, with: With) -> Result<Self> {
        if with.by.as_deref() == Some("") {
            return Err(Failure::bad_argument(
                "`by` is empty: leave it out to count by the event's name",
            ));
        }
        let by = with
            .by
            .as_deref()
            .map(|by| attach.host.intern(by))
            .transpose()?;
        let table = Arc::new(Table {
            name: attach.name.to_owned(),
            on: attach.on.to_owned(),
            by: with.by,
            counts: Mutex::new(Counts::new(plugin.config.keys)),
        });
        lock(&plugin.tables).push(Arc::clone(&table));
        Ok(Self {
            table,
            by,
            host: attach.host.clone(),
        })
    }
}

impl Observer for Count {
    fn observe(&self, event: &Event<'_>) -> Result<()> {
        let Some(by) = self.by else {
            return self.count_name(event.id);
        };
        let Some(value) = event.arg(by) else {
            lock(&self.table.counts).add_missing();
            return Ok(());
        };
        match value.view() {
            View::Null => lock(&self.table.counts).add_missing(),
            View::Str(text) | View::Bytes(text) | View::Path(text) => {
                lock(&self.table.counts).add(text);
            }
            _ => LABEL.with_borrow_mut(|buffer| {
                buffer.clear();
                label(value, buffer);
                lock(&self.table.counts).add(buffer);
            }),
        }
        Ok(())
    }
}

impl Count {
    fn count_name(&self, event: Symbol) -> Result<()> {
        match self.host.text(event) {
            Some(name) => lock(&self.table.counts).add(name.as_bytes()),
            None => lock(&self.table.counts).add_missing(),
        }
        Ok(())
    }
}

thread_local! {
    /// The text of a number or a list while it is looked up.
    static LABEL: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A count that panicked half-way poisons the whole instance; the mutex need not say it too.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

audithook_sdk::export! {
    Bucketing,
    id: "org.audithook.bucketing",
    name: "bucketing",
    summary: "Counts events by any argument.",
    license: "MIT OR Apache-2.0",
    hooks: [
        Count: observer "count" "Counts events by the argument `by`.",
    ],
    interfaces: [report],
}
