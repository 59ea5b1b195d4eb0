//! `cargo xtask ci`: formatting, lints, documentation, generated files, what the README and SPECIFICATION.md say, licences,
//! advisories, benches that build.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::generate;
use crate::pages;
use crate::shell::{self, cargo, has, read};
use crate::specification;

/// The licences that a dependency may have; of `A OR B` one is enough.
const LICENCES: [&str; 13] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "MPL-2.0",
    "Zlib",
    "ISC",
    "Unlicense",
    "CC0-1.0",
    "Unicode-3.0",
    "0BSD",
    "MIT-0",
];

pub(crate) fn run() -> Result<(), String> {
    shell::run(&mut cargo(&["fmt", "--all", "--check"]))?;
    shell::run(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]))?;
    // The library by itself: what a program embeds brings no command line with it.
    shell::run(&mut cargo(&[
        "clippy",
        "--package",
        "audithook",
        "--no-default-features",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]))?;
    shell::run(
        cargo(&["doc", "--workspace", "--no-deps", "--quiet"]).env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    generate::check()?;
    specification::check()?;
    pages::check()?;
    licences()?;
    advisories()?;
    println!("ci: everything is as it should be");
    Ok(())
}

/// Holds the licences of all dependencies against the list.
fn licences() -> Result<(), String> {
    let metadata = read(&mut cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--all-features",
    ]))
    .ok_or("`cargo metadata` failed")?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    let packages = metadata["packages"]
        .as_array()
        .ok_or("`cargo metadata` names no packages")?;
    let mut refused = BTreeMap::new();
    for package in packages {
        let licence = package["license"].as_str().unwrap_or("");
        if !is_allowed(licence) {
            refused.insert(package["name"].as_str().unwrap_or("?"), licence);
        }
    }
    if refused.is_empty() {
        println!("licences: {} packages, all allowed", packages.len());
        return Ok(());
    }
    Err(format!("licences that are not on the list: {refused:?}"))
}

/// `A OR B` needs one allowed part, `A AND B` all. Old manifests write `/` for OR.
fn is_allowed(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    !plain.trim().is_empty()
        && plain.split(" OR ").any(|choice| {
            choice
                .split(" AND ")
                .all(|licence| LICENCES.contains(&licence.trim()))
        })
}

/// Known vulnerabilities, where the tool and its database are at hand.
fn advisories() -> Result<(), String> {
    if !has("cargo-audit") {
        println!("advisories: skipped: cargo-audit is not installed");
        return Ok(());
    }
    let database = std::env::home_dir().map(|home| home.join(".cargo/advisory-db"));
    if !database.is_some_and(|database| database.is_dir()) {
        println!("advisories: skipped: there is no advisory database on this machine");
        return Ok(());
    }
    shell::run(Command::new("cargo-audit").args(["audit", "--no-fetch", "--deny", "warnings"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_allowed_licence_of_several_is_enough() {
        assert!(is_allowed("MIT OR Apache-2.0"));
        assert!(is_allowed("Unlicense/MIT"));
        assert!(is_allowed("Apache-2.0 AND ISC"));
        assert!(!is_allowed("Apache-2.0 AND GPL-3.0"));
        assert!(!is_allowed("GPL-3.0-only"));
        assert!(!is_allowed(""));
    }
}
