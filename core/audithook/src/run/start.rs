//! From a request to a supervised process tree.

use std::ffi::OsString;
use std::path::Path;

use audithook_policy::Policy;
use audithook_policy::model::Mode;
use audithook_supervisor::{Command, Ended, Handler, Inherited, Run};
use audithook_wire::ring::{DEFAULT_CAPACITY, Layout};

use super::bridge::chain;
use super::journal::JournalOutput;
use super::recorder::{Recorder, Settings};
use super::{RunRequest, program, say};

/// What holds the rules, said before the command starts.
const fn first_line(mode: Mode) -> &'static str {
    match mode {
        Mode::Enforce => {
            "not a sandbox yet: every rule is soft, held by the Python hook and libc, not by the kernel"
        }
        Mode::Warn => {
            "nothing is refused: what the policy forbids is let through with a warning (mode `warn`)"
        }
        Mode::Off => "nothing is judged or refused, only recorded (mode `off`)",
    }
}

/// Starts the run and waits for its end: in front.
pub(super) fn start(request: RunRequest) -> Result<Ended, String> {
    let Some(name) = request.command.first() else {
        return Err("there is no command to run".into());
    };
    let file = match program::find(name) {
        Ok(file) => file,
        Err(ended) => return Ok(ended),
    };
    // A shim of pyenv only looks up the interpreter: where programs are restricted, that one is started in its place.
    let file = match &request.policy.behind_shim {
        Some(program) if request.policy.process.exec.is_some() => program.clone(),
        _ => file,
    };
    let uncovered = program::coverage(&file).reason();
    if let Some(reason) = uncovered
        && let Some(switch) = &request.policy.process.uncovered
        && !switch.allowed
    {
        return Ok(Ended::NotExecutable(format!(
            "`{}`: the Python hook cannot follow into it ({reason}), which `[process] uncovered` forbids ({})",
            file.display(),
            switch.origin
        )));
    }
    let private_tmp = request.policy.private_tmp.clone();
    let command = command(&request, &file, private_tmp.as_deref())?;
    // Taken before anything is forked: the program must not have the journal's descriptor.
    let output = JournalOutput::choose(&request.policy)?;
    let inherited = Inherited::set_aside();
    may_make_rings()?;
    make_directories(&request.policy)?;
    audithook_supervisor::hold_signals();
    let directory = request.site.make().map_err(|error| chain(&error))?;
    let RunRequest {
        site,
        policy,
        reload,
        trusted_by,
        command: arguments,
        labels,
        fail_on_deny,
        wait_tree,
        quiet,
        ..
    } = request;
    let first_line = first_line(policy.mode);
    let settings = Settings {
        id: site.id,
        policy,
        reload,
        trusted_by,
        arguments,
        journal: output,
        labels,
        fail_on_deny,
        quiet,
        private_tmp,
        uncovered,
    };
    let run = Run {
        directory,
        command,
        leavings: settings.private_tmp.iter().cloned().collect(),
        inherited,
        wait_tree,
        covered: uncovered.is_none(),
    };
    audithook_supervisor::run(run, move |directory| {
        let recorder = Recorder::begin(settings, directory)?;
        // Not before: in front of a fault it would speak of a run that there is not.
        if !quiet {
            say(first_line);
        }
        Ok(Box::new(recorder) as Box<dyn Handler>)
    })
    .map_err(|error| format!("the run could not be set up: {error}"))
}

/// The limit of file sizes holds for the memory that is shared with the tree's processes, too (memfd_create(2)).
fn may_make_rings() -> Result<(), String> {
    let needed = Layout::for_capacity(DEFAULT_CAPACITY).mapping_len() as u64;
    let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
    match limit {
        Some(limit) if limit < needed => Err(format!(
            "the limit of file sizes (`ulimit -f`, RLIMIT_FSIZE) is too low for audithook itself: {limit} bytes, {needed} are needed\n\n\
             hint: set it for the command alone: `audithook run … -- sh -c 'ulimit -f …; exec \"$0\" \"$@\"' COMMAND`"
        )),
        _ => Ok(()),
    }
}

fn command(
    request: &RunRequest,
    file: &Path,
    private_tmp: Option<&Path>,
) -> Result<Command, String> {
    let current: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let mut environment = request.policy.environment(current);
    if let Some(directory) = private_tmp {
        environment.retain(|(key, _)| key != "TMPDIR");
        environment.push(("TMPDIR".into(), directory.into()));
    }
    let before = environment
        .iter()
        .position(|(key, _)| key == "LD_PRELOAD")
        .map(|place| environment.swap_remove(place).1);
    environment.push((
        "LD_PRELOAD".into(),
        program::preload(&request.site.preload(), before.as_deref()),
    ));
    Ok(Command {
        program: program::c_string(file.as_os_str())?,
        arguments: request
            .command
            .iter()
            .map(|argument| program::c_string(argument))
            .collect::<Result<_, _>>()?,
        environment: environment
            .iter()
            .map(|(key, value)| program::variable(key, value))
            .collect::<Result<_, _>>()?,
    })
}

fn make_directories(policy: &Policy) -> Result<(), String> {
    for directory in policy.directories_to_create() {
        std::fs::create_dir_all(&directory).map_err(|error| {
            format!(
                "a `write` directory cannot be made: `{}`: {error}",
                directory.display()
            )
        })?;
    }
    Ok(())
}
