//! What the journal costs when it takes every event of a start-up that raises thousands.

use std::fs;
use std::path::Path;
use std::process::Command;

use audithook_tests::python;

use crate::measure::turns;
use crate::place::{Place, behind, output, time};
use crate::report::Report;
use crate::row::{Bar, Row};

const TURNS: usize = 20;
const MODULES: usize = 700;
const PANDAS: &str = "pandas==2.2.3";

/// A start-up with every event journalled, over the same without a journal.
pub(crate) fn rows(place: &Place, report: &mut Report) -> Result<(), String> {
    let generated = generated(place)?;
    measure(place, report, "importing 700 modules", &generated)?;
    match pandas(&place.kept()) {
        Ok(command) => measure(place, report, "importing pandas", &command),
        Err(why) => {
            report.skip("the start-up of pandas", why);
            Ok(())
        }
    }
}

fn measure(
    place: &Place,
    report: &mut Report,
    name: &str,
    command: &Command,
) -> Result<(), String> {
    let file = place.scratch().join("journal.jsonl");
    let policy = |name: &str, target: &str, events: &str| {
        let text = format!(
            "version = 1\n[files]\ndeny = [\"/root/.ssh\"]\n[journal]\npath = \"{target}\"\nevents = [{events}]\n"
        );
        place.write(name, text)
    };
    let every = policy("every.toml", &file.display().to_string(), "\"*\"")?;
    let none = policy("none.toml", "none", "")?;
    time(&mut behind(place.run(&every), command))?;
    let lines = fs::read(&file)
        .map(|journal| journal.iter().filter(|byte| **byte == b'\n').count())
        .map_err(|error| format!("{}: {error}", file.display()))?;
    let samples = turns(
        TURNS,
        &mut [
            Box::new(|| {
                let _ = fs::remove_file(&file);
                time(&mut behind(place.run(&every), command))
            }),
            Box::new(|| time(&mut behind(place.run(&none), command))),
        ],
    )?;
    report.add(
        Row::new(
            format!("{name}, {lines} events journalled"),
            &samples[0],
            "no journal",
            &samples[1],
        )
        .bar(Bar::Ratio(1.1)),
    );
    Ok(())
}

/// A package of many small modules, compiled as installed ones are.
fn generated(place: &Place) -> Result<Command, String> {
    let python = python::newest();
    let mut all = String::new();
    for number in 0..MODULES {
        let text = format!(
            "import sys\nVALUE = {number}\n\n\nclass Thing{number}:\n    def method(self):\n        return VALUE\n"
        );
        place.write(&format!("modules/many/module{number}.py"), text)?;
        all.push_str(&format!("from . import module{number}\n"));
    }
    place.write("modules/many/__init__.py", all)?;
    let directory = place.scratch().join("modules");
    let mut compile = Command::new(&python.path);
    compile.args(["-m", "compileall", "-q"]).arg(&directory);
    output(&mut compile)?;
    let mut command = python.command();
    command
        .args(["-c", "import many"])
        .env("PYTHONPATH", directory);
    Ok(command)
}

/// `import pandas` in a virtual environment that is made once.
fn pandas(kept: &Path) -> Result<Command, String> {
    let python = python::all()
        .iter()
        .rfind(|python| (9..=13).contains(&python.minor))
        .ok_or("it needs CPython 3.9 to 3.13")?;
    let environment = kept.join(format!("pandas-3.{}", python.minor));
    let interpreter = environment.join("bin/python");
    let import = || {
        let mut command = Command::new(&interpreter);
        command
            .args(["-c", "import pandas"])
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    };
    if output(&mut import()).is_ok() {
        return Ok(import());
    }
    let _ = fs::remove_dir_all(&environment);
    output(
        Command::new(&python.path)
            .args(["-m", "venv"])
            .arg(&environment),
    )?;
    output(Command::new(&interpreter).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--only-binary=:all:",
        PANDAS,
    ]))
    .map_err(|_| format!("{PANDAS} cannot be installed here"))?;
    output(&mut import())?;
    Ok(import())
}
