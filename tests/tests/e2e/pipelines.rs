//! Pipelines: what the caller gave the command is the command's alone. When the command lets go of it, the other end
//! sees that, as it would without audithook.

use std::io::{ErrorKind, Read as _, Write as _};
use std::process::{Child, Command, Stdio};

use audithook_tests::tree::Lifeline;
use audithook_tests::{PATIENCE, Run, Scratch, build, run};

/// A shell command that lets go of what it was given, waits until somebody opens `go` for writing, and ends with 7.
fn letting_go(redirection: &str) -> String {
    format!("exec {redirection}; : < go; exit 7")
}

fn start(scratch: &Scratch, command: &str) -> Child {
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        scratch.join("go"),
        rustix::fs::Mode::from_raw_mode(0o600),
    )
    .expect("a fresh name");
    Run::new(scratch, "version = 1\n")
        .audithook_command(&["run", "-q", "-c", "hooks.toml", "--journal", "out.jsonl"])
        .args(["--", "sh", "-c", command])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command runs")
}

#[track_caller]
fn let_it_end(scratch: &Scratch, mut child: Child) {
    assert!(
        child.try_wait().expect("a child").is_none(),
        "the command still runs"
    );
    drop(
        std::fs::File::options()
            .write(true)
            .open(scratch.join("go")),
    );
    assert_eq!(run::wait_child(&mut child).code(), Some(7));
}

#[test]
fn a_reader_sees_the_end_when_the_command_closes_its_output() {
    let scratch = Scratch::new();
    let command = format!("echo text; {}", letting_go(">&-"));
    let mut child = start(&scratch, &command);
    let mut pipe = child.stdout.take().expect("a pipe");
    let mut read = String::new();
    // If somebody else held the pipe, this would wait for the command's end, which waits for this.
    assert!(
        ends(&mut pipe, &mut read),
        "the output is held after the command has closed it"
    );
    assert_eq!(read, "text\n");
    let_it_end(&scratch, child);
}

/// Reads to the end, if that comes.
fn ends(pipe: &mut std::process::ChildStdout, read: &mut String) -> bool {
    let mut buffer = [0; 64];
    while run::wait_readable(&*pipe, PATIENCE) {
        match pipe.read(&mut buffer).expect("a pipe") {
            0 => return true,
            length => read.push_str(&String::from_utf8_lossy(&buffer[..length])),
        }
    }
    false
}

#[test]
fn a_writer_is_told_when_the_command_closes_its_input() {
    let scratch = Scratch::new();
    let mut said = Lifeline::new(&scratch, "said");
    let command = letting_go("<&-; echo closed > said");
    let mut child = start(&scratch, &command);
    assert_eq!(said.line(PATIENCE).as_deref(), Some("closed"));
    let mut pipe = child.stdin.take().expect("a pipe");
    // An error is all that the writing end can become readable for.
    assert!(
        run::wait_readable(&pipe, PATIENCE),
        "the input is held after the command has closed it"
    );
    let error = pipe
        .write_all(b"x")
        .expect_err("nobody is left to read this");
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    let_it_end(&scratch, child);
}

#[test]
fn further_descriptors_are_the_commands_alone() {
    let scratch = Scratch::new();
    let mut seventh = Lifeline::new(&scratch, "seventh");
    scratch.write("hooks.toml", "version = 1\n");
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        scratch.join("go"),
        rustix::fs::Mode::from_raw_mode(0o600),
    )
    .expect("a fresh name");
    let command = format!("echo text >&7; {}", letting_go("7>&-"));
    // As a shell hands descriptors on; the journal has one, too.
    let script =
        "exec \"$0\" run -q -c hooks.toml --journal fd:9 -- sh -c \"$1\" 7> seventh 9> out.jsonl";
    let child = Command::new("sh")
        .args(["-c", script])
        .arg(build::audithook())
        .arg(&command)
        .current_dir(&scratch)
        .env_clear()
        .envs(run::environment(&scratch))
        .stdin(Stdio::null())
        .spawn()
        .expect("the command runs");
    assert_eq!(seventh.line(PATIENCE).as_deref(), Some("text"));
    assert!(seventh.ends(PATIENCE), "{:#?}", seventh.holders());
    let_it_end(&scratch, child);
    let journal = audithook_tests::Journal::read(&scratch.join("out.jsonl"));
    assert!(journal.of("process.exit").next().is_some());
}
