//! The generated files: written by `cargo xtask gen`, held against their sources by `cargo xtask gen --check`.

use std::fs;
use std::path::PathBuf;

use crate::catalogue;
use crate::shell::root;

/// One file that is made of others.
struct Generated {
    file: PathBuf,
    text: String,
}

fn all() -> Result<Vec<Generated>, String> {
    let data = root().join("core/catalogue/data/events.tsv");
    let tsv = fs::read_to_string(&data).map_err(|error| format!("{}: {error}", data.display()))?;
    let schema = serde_json::to_string_pretty(&audithook_policy::schema())
        .map_err(|error| format!("the schema of hooks.toml: {error}"))?;
    Ok(vec![
        Generated {
            file: "core/catalogue/src/table.rs".into(),
            text: catalogue::table(&tsv)?,
        },
        Generated {
            file: "core/policy/hooks.schema.json".into(),
            text: schema + "\n",
        },
        Generated {
            file: "core/sdk/src/events.rs".into(),
            text: catalogue::typed(&tsv)?,
        },
        Generated {
            file: "docs/events.md".into(),
            text: catalogue::page(&tsv)?,
        },
    ])
}

/// Writes every file that is not as it should be.
pub(crate) fn write() -> Result<(), String> {
    for generated in all()? {
        let file = root().join(&generated.file);
        if fs::read_to_string(&file).is_ok_and(|text| text == generated.text) {
            continue;
        }
        if let Some(directory) = file.parent() {
            fs::create_dir_all(directory)
                .map_err(|error| format!("{}: {error}", directory.display()))?;
        }
        fs::write(&file, generated.text).map_err(|error| format!("{}: {error}", file.display()))?;
        println!("wrote {}", generated.file.display());
    }
    Ok(())
}

/// Fails if a file is not what its sources make of it.
pub(crate) fn check() -> Result<(), String> {
    let stale: Vec<String> = all()?
        .iter()
        .filter(|generated| {
            fs::read_to_string(root().join(&generated.file))
                .ok()
                .as_deref()
                != Some(generated.text.as_str())
        })
        .map(|generated| generated.file.display().to_string())
        .collect();
    if stale.is_empty() {
        println!("the generated files are up to date");
        return Ok(());
    }
    Err(format!(
        "stale: {}\n\nhint: run `cargo xtask gen` and commit what it writes",
        stale.join(", ")
    ))
}
