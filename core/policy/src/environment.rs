//! `[env]`: the variables that the program gets.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use crate::model::{Entry, Policy};
use crate::names;

impl Policy {
    /// The variables of the program, out of the current ones, sorted by name.
    #[must_use]
    pub fn environment(
        &self,
        current: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Vec<(OsString, OsString)> {
        let mut passed: BTreeMap<OsString, OsString> = current
            .into_iter()
            .filter(|(name, _)| self.passes(name))
            .collect();
        for (name, value) in &self.env.set {
            passed.insert(name.into(), OsString::from(&value.value));
        }
        if let Some(dir) = &self.private_tmp {
            passed.insert("TMPDIR".into(), dir.clone().into_os_string());
        }
        passed.into_iter().collect()
    }

    /// Whether a variable of this name is passed on.
    #[must_use]
    pub fn passes(&self, name: &OsStr) -> bool {
        let name = name.to_string_lossy();
        let is_in = |entries: &[Entry<()>]| {
            entries
                .iter()
                .any(|entry| names::matches(&entry.text, &name))
        };
        let env = &self.env;
        let is_allowed = env.pass.as_ref().is_none_or(|list| is_in(&list.entries));
        is_allowed && (!is_in(&env.deny) || is_in(&env.except))
    }
}
