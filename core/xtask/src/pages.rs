//! Whether the README and the book of plugins say the truth: their console blocks are run, and what they print is compared.
//!
//! Comments that a reader does not see say what to do with the block that follows:
//!
//! ```text
//! <!-- check: fresh -->            from here on in an empty directory, `/home/ada/shop`
//! <!-- check: run COMMAND -->      run this first, whatever it prints
//! <!-- check: write FILE -->       the block is the content of this file
//! <!-- check: append FILE -->      the block belongs at the end of this file
//! <!-- check: part FILE -->        the block is part of this file
//! <!-- check: skip WHY -->         the block is not run
//! ```
//!
//! What differs from one run to the next (times, numbers of processes, counts of events) is taken out of both texts, and the
//! order of lines, because a program and audithook write to two streams. A last line `…` stands for any more.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::shell::{self, cargo, has, root, target};

/// The pages, and what their examples need.
const PAGES: [(&str, &[&str]); 2] = [
    ("README.md", &["python3"]),
    ("examples/plugins/README.md", &["python3", "cc", "make"]),
];

pub(crate) fn check() -> Result<(), String> {
    // The command, the preload library and the plugins.
    shell::run(&mut cargo(&["build", "--quiet"]))?;
    for (page, needed) in PAGES {
        if let Some(missing) = needed.iter().find(|program| !has(program)) {
            println!("{page}: SKIPPED: there is no {missing} to run its examples with");
            continue;
        }
        check_page(page)?;
    }
    Ok(())
}

fn check_page(page: &str) -> Result<(), String> {
    let text = fs::read_to_string(root().join(page)).map_err(|error| format!("{page}: {error}"))?;
    let steps = steps(&text).map_err(|error| format!("{page}:{error}"))?;
    let place = target().join("pages").join(page);
    let scene = Scene::new(&place, &target().join("debug"))?;
    let mut wrong = Vec::new();
    let mut count = 0;
    for step in &steps {
        count += usize::from(matches!(step.act, Act::Compare { .. }));
        let found = scene.play(step)?;
        wrong.extend(found.map(|found| format!("{page}:{found}")));
    }
    if wrong.is_empty() {
        println!("{page}: {count} commands run, all print what it says");
        return Ok(());
    }
    Err(wrong.join("\n\n"))
}

/// One thing to do.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    line: usize,
    act: Act,
}

#[derive(Debug, PartialEq, Eq)]
enum Act {
    Fresh,
    Run(String),
    Write(String, String),
    Append(String, String),
    Part(String, String),
    Compare { command: String, printed: String },
}

/// The text as steps.
fn steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut for_the_block = None;
    let mut lines = text.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        let mut step = |act| steps.push(Step { line: number, act });
        if let Some(directive) = directive(line) {
            let (word, rest) = directive.split_once(' ').unwrap_or((directive, ""));
            match word {
                "fresh" => step(Act::Fresh),
                "run" => step(Act::Run(rest.to_owned())),
                "write" | "append" | "part" | "skip" => for_the_block = Some((word, rest)),
                _ => return Err(format!("{number}: unknown directive: `{word}`")),
            }
            continue;
        }
        let Some(language) = line.strip_prefix("```") else {
            continue;
        };
        let block: Vec<&str> = lines
            .by_ref()
            .map(|(line, _)| line)
            .take_while(|line| *line != "```")
            .collect();
        match for_the_block.take() {
            Some(("write", file)) => step(Act::Write(file.to_owned(), joined(&block))),
            Some(("part", file)) => step(Act::Part(file.to_owned(), joined(&block))),
            Some(("append", file)) => step(Act::Append(file.to_owned(), joined(&block))),
            Some(_) => {}
            None if language == "console" => {
                for (place, command, printed) in commands(&block) {
                    steps.push(Step {
                        line: number + 1 + place,
                        act: Act::Compare { command, printed },
                    });
                }
            }
            None => {}
        }
    }
    Ok(steps)
}

fn directive(line: &str) -> Option<&str> {
    let inside = line.strip_prefix("<!-- check: ")?;
    inside.strip_suffix(" -->")
}

fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The commands of a console block, with what each prints. `cat > FILE <<'EOF'` takes what follows.
fn commands(block: &[&str]) -> Vec<(usize, String, String)> {
    let starts: Vec<usize> = (0..block.len())
        .filter(|place| block[*place].starts_with("$ "))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([block.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| {
            let command = block[start].trim_start_matches("$ ");
            let printed = joined(&block[start + 1..end]);
            if command.starts_with("cat > ") {
                (start, format!("{command}\n{printed}"), String::new())
            } else {
                (start, command.to_owned(), printed)
            }
        })
        .collect()
}

/// A machine that looks like the README's: its user is called ada.
struct Scene {
    root: PathBuf,
    home: PathBuf,
    shop: PathBuf,
    path: String,
}

impl Scene {
    fn new(root: &Path, programs: &Path) -> Result<Self, String> {
        let programs = fs::canonicalize(programs).map_err(failed(programs))?;
        let home = root.join("home/ada");
        let scene = Self {
            root: root.to_owned(),
            shop: home.join("shop"),
            home,
            path: format!(
                "{}:{}",
                programs.display(),
                std::env::var("PATH").unwrap_or_default()
            ),
        };
        scene.clear()?;
        Ok(Self {
            root: fs::canonicalize(root).map_err(failed(root))?,
            ..scene
        })
    }

    fn clear(&self) -> Result<(), String> {
        let _ = fs::remove_dir_all(&self.home);
        fs::create_dir_all(&self.shop).map_err(failed(&self.shop))
    }

    /// Does a step; what is wrong with it, if something is.
    fn play(&self, step: &Step) -> Result<Option<String>, String> {
        match &step.act {
            Act::Fresh => self.clear()?,
            Act::Run(command) => drop(self.run(command)?),
            Act::Write(file, text) => {
                let file = self.shop.join(file);
                fs::write(&file, text).map_err(failed(&file))?;
            }
            Act::Append(file, text) => {
                let file = self.shop.join(file);
                let before = fs::read_to_string(&file).map_err(failed(&file))?;
                fs::write(&file, before + text).map_err(failed(&file))?;
            }
            Act::Part(file, text) => {
                let path = self.shop.join(file);
                let whole = fs::read_to_string(&path).map_err(failed(&path))?;
                if !whole.contains(text) {
                    return Ok(Some(format!("{}: not part of `{file}`", step.line)));
                }
            }
            Act::Compare { command, printed } => {
                let now = self.run(command)?;
                return Ok(difference(printed, &now).map(|difference| {
                    let shown = command.lines().next().unwrap_or_default();
                    format!(
                        "{}: `{shown}` prints something else\n{difference}",
                        step.line
                    )
                }));
            }
        }
        Ok(None)
    }

    /// What a command prints, on both streams, as on ada's machine.
    fn run(&self, command: &str) -> Result<String, String> {
        let output = Command::new("bash")
            .args(["-c", &format!("exec 2>&1\n{command}")])
            .current_dir(&self.shop)
            .env_clear()
            .env(
                "HOME",
                fs::canonicalize(&self.home).map_err(failed(&self.home))?,
            )
            .env("PATH", &self.path)
            .env("LANG", "C.UTF-8")
            .env("CARGO_NET_OFFLINE", "true")
            .envs(toolchain())
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("bash: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.replace(&*self.root.to_string_lossy(), ""))
    }
}

/// Where cargo has what it needs, which is not in ada's home.
fn toolchain() -> Vec<(&'static str, PathBuf)> {
    let home = std::env::home_dir().unwrap_or_default();
    [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")]
        .into_iter()
        .map(|(name, below)| {
            let place = std::env::var_os(name).map_or_else(|| home.join(below), PathBuf::from);
            (name, place)
        })
        .collect()
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> String {
    move |error| format!("{}: {error}", path.display())
}

/// How two outputs differ in what matters.
fn difference(said: &str, printed: &str) -> Option<String> {
    let (mut said, mut printed) = (lasting(said), lasting(printed));
    if said.last().is_some_and(|line| line == "…") {
        said.pop();
        printed.truncate(said.len());
    }
    let missing = without(&said, &printed);
    let new = without(&printed, &said);
    if missing.is_empty() && new.is_empty() {
        return None;
    }
    let signed =
        |sign, lines: Vec<String>| lines.into_iter().map(move |line| format!("{sign} {line}"));
    let lines: Vec<_> = signed('-', missing).chain(signed('+', new)).collect();
    Some(lines.join("\n"))
}

/// The lines that the others have not, or not as often.
fn without(lines: &[String], others: &[String]) -> Vec<String> {
    let mut others = others.to_vec();
    let mut left = lines.to_vec();
    left.retain(|line| match others.iter().position(|other| other == line) {
        Some(place) => {
            others.swap_remove(place);
            false
        }
        None => true,
    });
    left
}

/// The lines without what is another in every run.
fn lasting(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut in_traceback = false;
    for line in text.lines() {
        // Which lines of the program a traceback shows is the interpreter's affair.
        in_traceback = line.starts_with("Traceback ") || (in_traceback && line.starts_with("  "));
        if line.trim().is_empty() || (in_traceback && line.starts_with("  ")) {
            continue;
        }
        lines.push(lasting_line(line));
    }
    lines
}

/// Words without times and numbers that are given: `2026-01-02`, `"pid":4242`, `seq 17`, `85 judged`. Spaces between words
/// are one, because columns are as wide as the machine's paths.
fn lasting_line(line: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in line.split_whitespace() {
        let follows = words.last().map(String::as_str);
        let word = match (follows, word) {
            (_, word) if is_date(word) => "DATE".to_owned(),
            (Some("DATE"), _) => "TIME".to_owned(),
            (Some("TIME" | "seq"), _) => "N".to_owned(),
            (Some(number), "judged," | "not") if is_number(number) => {
                words.pop();
                words.push("N".to_owned());
                word.to_owned()
            }
            (_, word) if word.starts_with("{\"v\":") => lasting_json(word),
            (_, word) => word.to_owned(),
        };
        words.push(word);
    }
    words.join(" ")
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// `2026-01-02`
fn is_date(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    parts.len() == 3 && parts[0].len() == 4 && parts.iter().all(|part| is_number(part))
}

/// A line of a journal without what the run gave it.
fn lasting_json(line: &str) -> String {
    let Ok(serde_json::Value::Object(mut record)) = serde_json::from_str(line) else {
        return line.to_owned();
    };
    for given in ["run", "seq", "time", "proc", "pid", "tid"] {
        if let Some(value) = record.get_mut(given) {
            *value = serde_json::Value::Null;
        }
    }
    serde_json::Value::Object(record).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "\
<!-- check: fresh -->
<!-- check: run mkdir data -->
<!-- check: write hooks.toml -->
```toml
version = 1
```
```console
$ cat > app.py <<'EOF'
print(1)

print(2)
EOF
$ python3 app.py
1
2
```
<!-- check: skip it takes long -->
```console
$ sleep 100
```
```rust
fn main() {}
```
";

    #[test]
    fn directives_and_console_blocks_become_steps() {
        let steps = steps(README).expect("steps");
        let acts: Vec<_> = steps.iter().map(|step| (step.line, &step.act)).collect();
        let compare = |command: &str, printed: &str| Act::Compare {
            command: command.to_owned(),
            printed: printed.to_owned(),
        };
        assert_eq!(
            acts,
            [
                (1, &Act::Fresh),
                (2, &Act::Run("mkdir data".to_owned())),
                (
                    4,
                    &Act::Write("hooks.toml".to_owned(), "version = 1\n".to_owned())
                ),
                (
                    8,
                    &compare("cat > app.py <<'EOF'\nprint(1)\n\nprint(2)\nEOF\n", "")
                ),
                (13, &compare("python3 app.py", "1\n2\n")),
            ]
        );
        assert!(super::steps("<!-- check: wait -->\n").is_err());
    }

    #[test]
    fn what_is_another_in_every_run_makes_no_difference() {
        let same = [
            (
                "2026-11-23 15:19:46.414   10956 deny  open",
                "2027-01-02 01:00:00.001 7 deny open",
            ),
            (
                r#"{"v":1,"run":"A","seq":1,"pid":2,"event":"open"}"#,
                r#"{"v":1,"run":"B","seq":9,"pid":3,"event":"open"}"#,
            ),
            ("seq 111  shop.order", "seq 7  shop.order"),
            (
                "85 judged, 1 differ, 38 not judged",
                "99 judged, 1 differ, 2 not judged",
            ),
            (
                "Traceback (most recent call last):\n  File \"x\"\n    ~~^^\nE: no",
                "Traceback (most recent call last):\n  File \"x\"\nE: no",
            ),
            ("one\ntwo", "two\none\n\n"),
            ("one\n…", "one\nmore"),
        ];
        for (said, printed) in same {
            assert_eq!(difference(said, printed), None, "{said}");
        }
    }

    #[test]
    fn what_the_readme_says_otherwise_is_a_difference() {
        for (said, printed) in [
            (
                "85 judged, 1 differ, 38 not judged",
                "85 judged, 2 differ, 38 not judged",
            ),
            (
                r#"{"v":1,"run":"A","event":"open"}"#,
                r#"{"v":1,"run":"A","event":"exec"}"#,
            ),
            ("one\n…", "two\nmore"),
            ("hooks.toml:6", "hooks.toml:7"),
            ("once", "once\nonce"),
        ] {
            assert!(difference(said, printed).is_some(), "{said}");
        }
        assert_eq!(
            difference("a\nb", "b\nc\nb").as_deref(),
            Some("- a\n+ c\n+ b")
        );
    }

    #[test]
    fn a_scene_is_played_in_a_directory_of_its_own() {
        let root = target().join("readme-test");
        let scene = Scene::new(&root, Path::new("/usr/bin")).expect("a scene");
        let play = |text: &str| -> Vec<String> {
            let steps = steps(text).expect("steps");
            let wrong = steps
                .iter()
                .filter_map(|step| scene.play(step).expect("played"));
            wrong.collect()
        };
        assert_eq!(
            play(
                "```console\n$ pwd\n/home/ada/shop\n$ cat > x <<'EOF'\n1\nEOF\n$ cat x >&2\n1\n```\n"
            ),
            [""; 0]
        );
        assert_eq!(
            play("<!-- check: append x -->\n```text\n2\n```\n```console\n$ cat x\n1\n3\n```\n"),
            ["6: `cat x` prints something else\n- 3\n+ 2"]
        );
        assert_eq!(
            play("<!-- check: fresh -->\n```console\n$ ls\n```\n"),
            [""; 0]
        );
        let _ = fs::remove_dir_all(root);
    }
}
