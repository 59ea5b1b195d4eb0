//! The one door for developers: `cargo xtask {gen}`.

mod catalogue;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let result = generate(&root);
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn generate(root: &Path) -> Result<(), String> {
    let data = root.join("core/catalogue/data/events.tsv");
    let tsv = std::fs::read_to_string(&data).map_err(|error| format!("{}: {error}", data.display()))?;
    let table = catalogue::table(&tsv)?;
    let file = root.join("core/catalogue/src/table.rs");
    std::fs::write(&file, table).map_err(|error| format!("{}: {error}", file.display()))
}
