//! What a plugin is.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Host, Result};

/// A plugin: its instance, made once for each `[plugin.NAME]` from its `config`. Hooks share it.
pub trait Plugin: Sized + Send + Sync + 'static {
    /// What `config` holds. Refuse unknown keys with `#[serde(deny_unknown_fields)]`.
    type Config: DeserializeOwned;

    /// The JSON Schema of `config`; may be empty.
    const CONFIG_SCHEMA: &'static str = "";

    /// The same, where it is made of a type: asked for once, when the library is loaded.
    #[must_use]
    fn config_schema() -> String {
        Self::CONFIG_SCHEMA.to_owned()
    }

    /// Makes the instance.
    ///
    /// # Errors
    /// It cannot be made; [`Failure::bad_argument`](crate::Failure::bad_argument) refuses the configuration.
    fn create(host: Host, config: Self::Config) -> Result<Self>;
}

/// A plugin that has something to say at the end of a run: `interfaces: [report]` in [`export!`](crate::export!).
///
/// May be asked at any time and more than once, while hooks run.
pub trait Report: Plugin {
    /// For people: lines, no colour. Empty if there is nothing to say.
    ///
    /// # Errors
    /// It cannot be told.
    fn text(&self) -> Result<String>;

    /// For programs.
    ///
    /// # Errors
    /// It cannot be told.
    fn json(&self) -> Result<serde_json::Value>;
}

/// The configuration of a plugin that has none.
#[derive(Clone, Copy, Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}
