//! Programs that have an interpreter inside: linked, or loaded when it is wanted.

use std::path::PathBuf;
use std::process::Command;

use audithook_tests::{Python, Run, Scratch, for_each_python, skip};

/// Declares what it uses: no headers are needed.
const LINKED: &str = "\
void Py_Initialize(void);
int PyRun_SimpleString(const char *);
int Py_FinalizeEx(void);
int main(int argc, char **argv) {
    Py_Initialize();
    int status = PyRun_SimpleString(argv[1]);
    return Py_FinalizeEx() < 0 ? 120 : status ? 1 : 0;
}
";

const LOADED: &str = "\
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv) {
    void *library = dlopen(argv[2], RTLD_NOW | RTLD_GLOBAL);
    if (!library) { fprintf(stderr, \"%s\\n\", dlerror()); return 99; }
    void (*initialize)(void) = (void (*)(void))dlsym(library, \"Py_Initialize\");
    int (*run)(const char *) = (int (*)(const char *))dlsym(library, \"PyRun_SimpleString\");
    int (*finalize)(void) = (int (*)(void))dlsym(library, \"Py_FinalizeEx\");
    for (int round = 0; round < 2; round++) {
        initialize();
        int status = run(argv[1]);
        if (finalize() < 0 || status) return 1;
    }
    return 0;
}
";

const CODE: &str = "\
import sys
try:
    print(open('secret').read().strip(), flush=True)
except PermissionError as error:
    print('refused', error.errno, flush=True)
sys.audit('shop.order', 5)
";

fn library(python: &Python) -> Option<PathBuf> {
    let library = python
        .prefix
        .join(format!("lib/libpython3.{}.so.1.0", python.minor));
    (python.shared && library.exists()).then_some(library)
}

fn compile(scratch: &Scratch, source: &str, libraries: &[String]) -> Result<PathBuf, String> {
    let source = scratch.write("program.c", source);
    let program = scratch.join("program");
    let made = Command::new("cc")
        .arg("-o")
        .arg(&program)
        .arg(source)
        .args(libraries)
        .arg("-ldl")
        .output();
    match made {
        Ok(output) if output.status.success() => Ok(program),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(format!("cc: {error}")),
    }
}

/// Runs the program with and without the policy.
#[track_caller]
fn assert_held(scratch: &Scratch, python: &Python, command: &[String], rounds: usize) {
    scratch.write("secret", "secret\n");
    let run = |policy| {
        Run::new(scratch, policy)
            .env("PYTHONHOME", &python.prefix)
            .command(command)
            .finish()
    };
    let hooked = run("version = 1\n[files]\ndeny = [\"./secret\"]\n");
    assert_eq!(
        hooked.assert_success().out(),
        "refused 13\n".repeat(rounds),
        "{}",
        hooked.describe()
    );
    let journal = hooked.journal();
    let refusals: Vec<_> = journal.refusals().collect();
    assert_eq!(refusals.len(), rounds, "{refusals:#?}");
    for refusal in refusals {
        refusal.assert_denied("files.deny", "hooks.toml:3");
    }
    assert_eq!(journal.of("shop.order").count(), rounds);
    let control = run("version = 1\n");
    assert_eq!(
        control.assert_success().out(),
        "secret\n".repeat(rounds),
        "the control"
    );
}

for_each_python! {
    fn an_interpreter_that_a_program_links_to_is_held(python: &Python) {
        let Some(library) = library(python) else {
            return skip(format_args!("a program that links to {}", python.title), "it has no shared libpython");
        };
        let scratch = Scratch::new();
        let directory = library.parent().expect("a directory").display().to_string();
        let flags = [format!("-L{directory}"), format!("-Wl,-rpath,{directory}"), format!("-lpython3.{}", python.minor)];
        match compile(&scratch, LINKED, &flags) {
            Err(why) => skip(format_args!("a program that links to {}", python.title), why),
            Ok(program) => assert_held(&scratch, python, &[program.display().to_string(), CODE.to_owned()], 1),
        }
    }

    /// The library has to notice that an interpreter arrived, and that it comes twice.
    fn an_interpreter_that_a_program_loads_is_held(python: &Python) {
        let Some(library) = library(python) else {
            return skip(format_args!("a program that loads {}", python.title), "it has no shared libpython");
        };
        let scratch = Scratch::new();
        match compile(&scratch, LOADED, &[]) {
            Err(why) => skip(format_args!("a program that loads {}", python.title), why),
            Ok(program) => {
                let command = [program.display().to_string(), CODE.to_owned(), library.display().to_string()];
                assert_held(&scratch, python, &command, 2);
            }
        }
    }
}
