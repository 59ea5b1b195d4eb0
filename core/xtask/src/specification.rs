//! A promise names the test that holds it: whether every test that SPECIFICATION.md names is there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::shell::root;

/// What tests are called that run once on every interpreter: `for_each_python!` makes tests of functions like this.
const ON_EVERY_PYTHON: &str = "(python: &Python)";

pub(crate) fn check() -> Result<(), String> {
    let specification = read(&root().join("SPECIFICATION.md"))?;
    let sources = Sources::of_the_project()?;
    let wrong = sources.wrong(&specification);
    if wrong.is_empty() {
        println!(
            "SPECIFICATION.md: {} tests named, all there",
            named(&specification).len()
        );
        return Ok(());
    }
    Err(wrong.join("\n"))
}

/// A test that a promise names.
#[derive(Debug, PartialEq, Eq)]
struct Named<'t> {
    line: usize,
    /// The module of the end-to-end tests: `files` in `files::name`.
    module: Option<&'t str>,
    name: &'t str,
    /// It has a star: it runs on every interpreter.
    on_every_python: bool,
}

/// Where tests stand.
#[derive(Default)]
struct Sources {
    /// By module: tests/tests/e2e.
    end_to_end: BTreeMap<String, String>,
    others: Vec<String>,
}

/// What a source says of a function's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Test,
    TestOnEveryPython,
    NoTest,
}

/// Everything between backticks that is spelt like a function's name with an underscore.
fn named(text: &str) -> Vec<Named<'_>> {
    let mut found = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let parts: Vec<&str> = line.split('`').collect();
        for (at, part) in parts.iter().enumerate().skip(1).step_by(2) {
            let (module, name) = match part.split_once("::") {
                Some((module, name)) => (Some(module), name),
                None => (None, *part),
            };
            if name.contains('_') && [module.unwrap_or("a"), name].into_iter().all(is_name) {
                found.push(Named {
                    line: place + 1,
                    module,
                    name,
                    on_every_python: parts
                        .get(at + 1)
                        .is_some_and(|after| after.starts_with(" *")),
                });
            }
        }
    }
    found
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

impl Sources {
    fn of_the_project() -> Result<Self, String> {
        let mut sources = Self::default();
        for directory in ["core", "plugins", "examples"] {
            rust_files(&root().join(directory), &mut |_, text| {
                sources.others.push(text);
            })?;
        }
        rust_files(&root().join("tests/tests/e2e"), &mut |module, text| {
            sources.end_to_end.insert(module, text);
        })?;
        Ok(sources)
    }

    /// What is wrong with the tests that a text names, with its line.
    fn wrong(&self, specification: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        for named in named(specification) {
            let Named {
                line,
                module,
                name,
                on_every_python,
            } = named;
            let shown =
                module.map_or_else(|| name.to_owned(), |module| format!("{module}::{name}"));
            let what = match (self.find(module, name), on_every_python) {
                (None, _) => "there is no such test",
                (Some(Found::NoTest), _) => "this function is no test",
                (Some(Found::Test), true) => "it does not run on every interpreter, but has a star",
                (Some(Found::TestOnEveryPython), false) => {
                    "it runs on every interpreter, but has no star"
                }
                (Some(Found::Test), false) | (Some(Found::TestOnEveryPython), true) => continue,
            };
            wrong.push(format!("SPECIFICATION.md:{line}: {what}: `{shown}`"));
        }
        wrong
    }

    fn find(&self, module: Option<&str>, name: &str) -> Option<Found> {
        match module {
            Some(module) => find(self.end_to_end.get(module)?, name),
            None => {
                let found: Vec<_> = self
                    .others
                    .iter()
                    .filter_map(|text| find(text, name))
                    .collect();
                let test = found.iter().find(|found| **found != Found::NoTest);
                test.or(found.first()).copied()
            }
        }
    }
}

/// The function of this name in a source, and whether it is a test: by its attribute, or by what it takes.
fn find(source: &str, name: &str) -> Option<Found> {
    let lines: Vec<&str> = source.lines().map(str::trim_start).collect();
    let head = format!("fn {name}(");
    let place = lines.iter().position(|line| line.starts_with(&head))?;
    if lines[place].contains(ON_EVERY_PYTHON) {
        return Some(Found::TestOnEveryPython);
    }
    let above = lines[..place]
        .iter()
        .rev()
        .take_while(|line| line.starts_with("#[") || line.starts_with("//"));
    Some(if above.into_iter().any(|line| *line == "#[test]") {
        Found::Test
    } else {
        Found::NoTest
    })
}

/// Visits each Rust file below a directory with its name without `.rs`.
fn rust_files(directory: &Path, visit: &mut dyn FnMut(String, String)) -> Result<(), String> {
    let failed = |error| format!("{}: {error}", directory.display());
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            rust_files(&path, visit)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let module = path.file_stem().unwrap_or_default().to_string_lossy();
            visit(module.into_owned(), read(&path)?);
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        let mut sources = Sources::default();
        sources.end_to_end.insert(
            "files".to_owned(),
            "for_each_python! {\n    /// Why.\n    fn it_is_refused(python: &Python) {\n}\n#[test]\nfn once_is_enough() {}\n".to_owned(),
        );
        sources
            .others
            .push("fn it_holds() {}\n#[test]\n// Why.\nfn it_holds_twice() {}\n".to_owned());
        sources
            .others
            .push("    #[test]\n    fn it_holds() {}\n".to_owned());
        sources
    }

    #[test]
    fn names_are_what_stands_between_backticks_and_is_spelt_like_a_function() {
        let text = "| `bus.lost` | `files::it_is_refused` *, `it_holds` (wire), `run`\n`core/x_y.rs` `A_B`";
        let named: Vec<_> = named(text)
            .into_iter()
            .map(|named| (named.line, named.module, named.name, named.on_every_python))
            .collect();
        assert_eq!(
            named,
            [
                (1, Some("files"), "it_is_refused", true),
                (1, None, "it_holds", false)
            ]
        );
    }

    #[test]
    fn tests_that_are_there_are_found() {
        let text =
            "`files::it_is_refused` *, `files::once_is_enough`, `it_holds`, `it_holds_twice`";
        assert_eq!(sources().wrong(text), [""; 0]);
    }

    #[test]
    fn what_is_missing_or_no_test_or_has_the_wrong_star_is_told_with_its_line() {
        let text = "\n`files::it_is_refused`\n`files::once_is_enough` *\n`it_was_here`\n`network::it_is_refused` *";
        assert_eq!(
            sources().wrong(text),
            [
                "SPECIFICATION.md:2: it runs on every interpreter, but has no star: `files::it_is_refused`",
                "SPECIFICATION.md:3: it does not run on every interpreter, but has a star: `files::once_is_enough`",
                "SPECIFICATION.md:4: there is no such test: `it_was_here`",
                "SPECIFICATION.md:5: there is no such test: `network::it_is_refused`",
            ]
        );
        let helper = Sources {
            others: vec!["#[test]\nfn other() {}\nfn it_holds() {}\n".to_owned()],
            ..Sources::default()
        };
        assert_eq!(
            helper.wrong("`it_holds`"),
            ["SPECIFICATION.md:1: this function is no test: `it_holds`"]
        );
    }
}
