//! `audithook init`: a commented policy to begin with.

use crate::nearest::suggestion;
use crate::presets;

const TEMPLATE: &str = include_str!("init.toml");

/// No preset has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown preset: `{name}`")]
pub struct UnknownPreset {
    /// The name.
    pub name: String,
    /// What to do.
    pub hint: String,
}

/// A commented hooks.toml that extends presets; `python` if none is named.
///
/// # Errors
/// A name is no preset's.
pub fn init(names: &[&str]) -> Result<String, UnknownPreset> {
    let names = if names.is_empty() { &["python"] } else { names };
    for name in names {
        if presets::find(name).is_none() {
            return Err(UnknownPreset {
                name: (*name).to_owned(),
                hint: suggestion(name, presets::names()),
            });
        }
    }
    let extends: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
    Ok(TEMPLATE.replace("EXTENDS", &extends.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_at_the_top_of_the_project_is_what_init_writes() {
        assert_eq!(
            init(&[]).as_deref(),
            Ok(include_str!("../../../hooks.toml"))
        );
    }

    #[test]
    fn a_misspelt_preset_is_refused_with_the_right_name() {
        let error = init(&["pyhton"]).expect_err("no preset");
        assert_eq!(error.hint, "did you mean `python`?");
    }
}
