//! Tables: keys are taken one by one, and what nobody took is unknown.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Span;
use crate::schema;

/// A table of which keys are taken one by one; what remains is unknown.
pub(super) struct Table<'t, 'i> {
    pub(super) entries: &'t DeTable<'i>,
    pub(super) path: &'static str,
    pub(super) taken: Vec<&'static str>,
}

impl<'t, 'i> Table<'t, 'i> {
    pub(super) fn new(entries: &'t DeTable<'i>, path: &'static str) -> Self {
        Self {
            entries,
            path,
            taken: Vec::new(),
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    pub(super) fn peek(&self, key: &str) -> Option<&'t DeValue<'i>> {
        self.entries.get(key).map(Spanned::get_ref)
    }

    /// The span of the key, and the value.
    pub(super) fn take(&mut self, key: &'static str) -> Option<(Span, &'t Spanned<DeValue<'i>>)> {
        debug_assert!(
            schema::keys(self.path).contains(&key),
            "the schema does not know `{key}` of `{}`",
            self.path
        );
        self.taken.push(key);
        let (name, value) = self.entries.get_key_value(key)?;
        Some((name.span(), value))
    }

    pub(super) fn written(&self) -> String {
        format!("[[{}]]", self.path)
    }
}
