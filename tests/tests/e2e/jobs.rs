//! Job control: a shell in a terminal cannot tell the job from the program alone.

use std::process::Command;
use std::time::{Duration, Instant};

use audithook_tests::terminal::Terminal;
use audithook_tests::{PATIENCE, Python, Run, Scratch, build, for_each_python, python, run, tree};
use rustix::process::Signal;

const POLICY: &str = "version = 1\n[files]\ndeny = [\"./elsewhere\"]\n";

/// How the job is started.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Bare,
    Hooked,
}
const WAYS: [Way; 2] = [Way::Bare, Way::Hooked];

/// A shell in a terminal, with `job` as the command that runs `programs/interactive.py` in it.
fn shell(scratch: &Scratch, python: &Python, way: Way) -> Terminal {
    let program = format!(
        "{} {}",
        python.text(),
        run::program("interactive.py").display()
    );
    let job = match way {
        Way::Bare => program,
        Way::Hooked => format!(
            "{} run -q -c hooks.toml --journal out.jsonl -- {program}",
            build::audithook().display()
        ),
    };
    scratch.write("hooks.toml", POLICY);
    scratch.directory("home");
    // A file rather than an alias or a function: the shell must have a job of its own for it, and no echo shows it.
    scratch.write_program("job", format!("#!/bin/sh\nexec {job} \"$@\"\n"));
    let mut command = Command::new("bash");
    command
        .args(["--norc", "--noprofile", "-i"])
        .current_dir(scratch)
        .env_clear();
    command
        .envs(run::environment(scratch))
        .env("PS1", "prompt> ")
        .env("TERM", "dumb");
    let mut terminal = Terminal::start(&command);
    terminal.wait_for("prompt> ");
    terminal
}

/// Types a command and waits for the answer to a second one, which comes when the shell has its terminal back.
fn command(terminal: &mut Terminal, text: &str) {
    terminal.type_in(&format!("{text}\n"));
}

/// Waits until the program has said which process it is and reads. Returns its process.
#[track_caller]
fn wait_for_the_program(terminal: &mut Terminal) -> u32 {
    terminal.wait_for("<process ");
    let process = terminal.wait_for(">").parse().expect("a process id");
    wait_until_it_reads(process);
    process
}

/// Waits until the program is in read(2) of its input. A signal, or a stop, that comes between Python's last look for
/// signals and that call is handled only after the call: alone, too.
#[track_caller]
fn wait_until_it_reads(process: u32) {
    let number = if cfg!(target_arch = "x86_64") { 0 } else { 63 };
    let reads = format!("{number} 0x0 ");
    let is_there = || {
        let text = std::fs::read_to_string(format!("/proc/{process}/syscall"));
        text.is_ok_and(|text| text.starts_with(&reads))
    };
    wait_until(is_there, &format!("process {process} reads its input"));
}

#[track_caller]
fn assert_status(terminal: &mut Terminal, status: u32) {
    command(terminal, "echo \"st\"atus=$?.");
    terminal.wait_for(&format!("status={status}."));
    terminal.wait_for("prompt> ");
}

for_each_python! {
    fn ctrl_c_interrupts_the_program_and_the_shell_goes_on(python: &Python) {
        for way in WAYS {
            let scratch = Scratch::new();
            let mut terminal = shell(&scratch, python, way);
            command(&mut terminal, "./job");
            wait_for_the_program(&mut terminal);
            terminal.type_in("\x03");
            terminal.wait_for("KeyboardInterrupt");
            assert_status(&mut terminal, 130);
            command(&mut terminal, "./job handle");
            wait_for_the_program(&mut terminal);
            terminal.type_in("\x03");
            terminal.wait_for("<signal SIGINT>");
            terminal.type_in("a line\n");
            terminal.wait_for("<read a line>");
            terminal.type_in("\x04");
            terminal.wait_for("<ends>");
            assert_status(&mut terminal, 0);
            assert_eq!(terminal.screen().matches("<signal SIGINT>").count(), 1, "{way:?}: {}", terminal.screen());
        }
    }

    fn ctrl_z_stops_the_program_and_fg_continues_it(python: &Python) {
        for way in WAYS {
            let scratch = Scratch::new();
            let mut terminal = shell(&scratch, python, way);
            command(&mut terminal, "./job handle");
            terminal.wait_for("<begins with a terminal>");
            let process = wait_for_the_program(&mut terminal);
            for _ in 0..3 {
                wait_until_it_reads(process);
                terminal.type_in("\x1a");
                terminal.wait_for("Stopped");
                terminal.wait_for("prompt> ");
                assert_status(&mut terminal, 148);
                command(&mut terminal, "fg");
                terminal.wait_for("<signal SIGCONT>");
                terminal.type_in("still here\n");
                terminal.wait_for("<read still here>");
            }
            terminal.type_in("\x04");
            terminal.wait_for("<ends>");
            assert_status(&mut terminal, 0);
        }
    }
}

#[test]
fn a_stopped_program_really_stands_still_and_bg_lets_it_go_on() {
    for way in WAYS {
        let scratch = Scratch::new();
        let mut terminal = shell(&scratch, python::newest(), way);
        command(&mut terminal, "./job handle");
        wait_for_the_program(&mut terminal);
        terminal.type_in("\x1a");
        terminal.wait_for("Stopped");
        terminal.wait_for("prompt> ");
        command(&mut terminal, "echo \"lea\"der=$(jobs -p).");
        terminal.wait_for("leader=");
        let leader: u32 = terminal.wait_for(".").trim().parse().expect("a process id");
        terminal.wait_for("prompt> ");
        let program = match way {
            Way::Bare => leader,
            Way::Hooked => tree::target(leader).expect("the program runs"),
        };
        wait_for_state(program, 'T');
        command(&mut terminal, "bg");
        // It continues, and reads the terminal in the background: that stops it again, as it would alone.
        terminal.wait_for("<signal SIGCONT>");
        wait_for_state(program, 'T');
        // The shell continues only what it knows to be stopped.
        command(
            &mut terminal,
            "until jobs | grep -q Stopped; do :; done; echo \"kno\"wn.",
        );
        terminal.wait_for("known.");
        command(&mut terminal, "fg");
        terminal.wait_for("<signal SIGCONT>");
        terminal.type_in("\x04");
        terminal.wait_for("<ends>");
        assert_status(&mut terminal, 0);
    }
}

#[test]
fn quit_and_termination_and_hangup_reach_the_program() {
    for way in WAYS {
        let scratch = Scratch::new();
        let mut terminal = shell(&scratch, python::newest(), way);
        command(&mut terminal, "ulimit -c 0; ./job");
        terminal.wait_for("<begins with a terminal>");
        terminal.type_in("\x1c");
        terminal.wait_for("Quit");
        assert_status(&mut terminal, 131);
        command(&mut terminal, "./job handle < /dev/tty &");
        terminal.wait_for("<begins with a terminal>");
        let program = wait_for_the_program(&mut terminal);
        for signal in ["USR1", "HUP", "TERM"] {
            // In the background it is stopped as soon as it reads.
            wait_for_state(program, 'T');
            command(&mut terminal, &format!("kill -{signal} %1; kill -CONT %1"));
            terminal.wait_for(&format!("<signal SIG{signal}>"));
        }
        // The shell may still take it for stopped.
        let wait = "until wait $!; test $? -eq 137; do :; done 2>/dev/null; echo \"ki\"lled.";
        command(&mut terminal, &format!("kill -KILL %1; {wait}"));
        terminal.wait_for("killed.");
    }
}

#[test]
fn a_pipeline_is_one_job() {
    for way in WAYS {
        let scratch = Scratch::new();
        let mut terminal = shell(&scratch, python::newest(), way);
        command(
            &mut terminal,
            "set -o pipefail; ./job handle | cat | sed -u s/begins/began/",
        );
        terminal.wait_for("<began without a terminal>");
        wait_for_the_program(&mut terminal);
        terminal.type_in("\x1a");
        terminal.wait_for("Stopped");
        terminal.wait_for("prompt> ");
        command(&mut terminal, "fg");
        terminal.wait_for("<signal SIGCONT>");
        terminal.type_in("\x04");
        terminal.wait_for("<ends>");
        assert_status(&mut terminal, 0);
    }
}

#[test]
fn signals_that_are_sent_to_the_front_reach_the_program_once() {
    let scratch = Scratch::new();
    let code = "\
import os, signal, sys
count = {}
def note(number, frame):
    count[number] = count.get(number, 0) + 1
signals = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)
for number in signals: signal.signal(number, note)
open('ready', 'w').close()
for _ in range(60):
    if len(count) == len(signals): break
    signal.sigtimedwait([], 1)
print(sorted(count.values()))
sys.exit(6)
";
    let running = Run::new(&scratch, POLICY)
        .code(python::newest(), code)
        .start();
    wait_until(|| scratch.join("ready").exists(), "the program is ready");
    for signal in [
        Signal::TERM,
        Signal::HUP,
        Signal::INT,
        Signal::USR1,
        Signal::USR2,
    ] {
        running.signal(signal);
    }
    let outcome = running.finish();
    assert_eq!(
        outcome.assert_code(6).out(),
        "[1, 1, 1, 1, 1]\n",
        "{}",
        outcome.describe()
    );
}

#[test]
fn an_interrupt_at_whatever_moment_ends_the_command_and_not_audithook() {
    for attempt in 0..40 {
        let scratch = Scratch::new();
        scratch.write("hooks.toml", POLICY);
        let run = Run::with_flags(&scratch, &[]);
        let mut command = run.audithook_command(&["run", "-q", "-c", "hooks.toml", "--"]);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command
            .args(["sleep", "1000"])
            .stdin(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("the command runs");
        // A moment in the start of a run: this wait is what is tested, not a synchronisation.
        std::thread::sleep(Duration::from_micros(attempt * 500));
        let group = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process_group(group, Signal::INT).expect("own group");
        let status = run::wait_child(&mut child);
        let mut said = String::new();
        let mut pipe = child.stderr.take().expect("a pipe");
        std::io::Read::read_to_string(&mut pipe, &mut said).expect("text");
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&status),
            Some(2),
            "attempt {attempt}: {status:?}: {said}"
        );
    }
}

/// Front is in the group, too: it must not pass on what the program has already.
#[test]
fn a_signal_to_the_whole_group_reaches_the_program_once() {
    let scratch = Scratch::new();
    let code = "\
import os, signal
count = 0
def note(number, frame):
    global count
    count += 1
signal.signal(signal.SIGUSR1, note)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
for _ in range(20):
    os.kill(0, signal.SIGUSR1)
    signal.sigtimedwait([], 0.01)
open('sent', 'w').close()
signal.sigwait([signal.SIGUSR2])
print(count)
";
    scratch.write("hooks.toml", POLICY);
    let run = Run::with_flags(&scratch, &[]);
    let mut command =
        run.audithook_command(&["run", "-q", "-c", "hooks.toml", "--journal", "none", "--"]);
    // A group of its own: the test is not of it.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let child = command
        .args([python::newest().text(), "-c", code])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the command runs");
    wait_until(|| scratch.join("sent").exists(), "the signals are sent");
    // Front passes this one on, after whatever it has to pass on of those before.
    let front = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(front, Signal::USR2).expect("own process");
    let output = child.wait_with_output().expect("a child");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "20\n");
}

/// Front cannot see whom else a signal was sent to; its witness in the group can.
#[test]
fn a_signal_from_elsewhere_reaches_the_program_once_whether_sent_to_the_group_or_to_the_front() {
    const ROUNDS: usize = 10;
    let sent = [Signal::INT, Signal::TERM, Signal::HUP, Signal::USR1];
    let scratch = Scratch::new();
    let code = "\
import os, signal, sys
heard, last = [os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND) for file in ('heard', 'last')]
awaited = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM]
signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
open('ready', 'w').close()
while True:
    number = signal.sigwait(awaited)
    if number == signal.SIGALRM: sys.exit(0)
    os.write(last if number == signal.SIGUSR2 else heard, b'x')
";
    let heard = |file| std::fs::read(scratch.join(file)).map_or(0, |heard| heard.len());
    scratch.write("hooks.toml", POLICY);
    let run = Run::with_flags(&scratch, &[]);
    let mut command =
        run.audithook_command(&["run", "-q", "-c", "hooks.toml", "--journal", "none", "--"]);
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = Front::start(command.args([python::newest().text(), "-c", code]));
    wait_until(|| scratch.join("ready").exists(), "the program is ready");
    let front = child.pid();
    let mut expected = 0;
    for (signal, _) in sent
        .iter()
        .flat_map(|signal| (0..ROUNDS).map(move |round| (*signal, round)))
    {
        for to_group in [true, false] {
            if to_group {
                rustix::process::kill_process_group(front, signal).expect("its own group");
            } else {
                rustix::process::kill_process(front, signal).expect("own process");
            }
            expected += 1;
            wait_until(|| heard("heard") >= expected, "the program hears it");
            // Front passes this one on after whatever it has to pass on of the one before.
            rustix::process::kill_process(front, Signal::USR2).expect("own process");
            wait_until(|| heard("last") == expected, "the program hears the last");
            assert_eq!(
                heard("heard"),
                expected,
                "{signal:?}, to the group: {to_group}"
            );
        }
    }
    rustix::process::kill_process(front, Signal::ALARM).expect("own process");
    assert!(run::wait_child(&mut child.0).success());
}

/// A front that ends with its test, which may fail.
struct Front(std::process::Child);

impl Front {
    fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("the command runs"))
    }

    fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.0)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The second of a pair comes while front is busy with the first.
#[test]
fn signals_to_the_group_that_follow_each_other_at_once_reach_the_program_once_each() {
    const PAIRS: usize = 400;
    let scratch = Scratch::new();
    let code = "\
import os, signal, sys
names = {signal.SIGUSR1: 'first', signal.SIGUSR2: 'second', signal.SIGINT: 'last'}
heard = {number: os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND) for number, name in names.items()}
awaited = [*names, signal.SIGALRM]
signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
open('ready', 'w').close()
while True:
    number = signal.sigwait(awaited)
    if number == signal.SIGALRM: sys.exit(0)
    os.write(heard[number], b'x')
";
    let heard = |file| std::fs::read(scratch.join(file)).map_or(0, |heard| heard.len());
    scratch.write("hooks.toml", POLICY);
    let run = Run::with_flags(&scratch, &[]);
    let mut command =
        run.audithook_command(&["run", "-q", "-c", "hooks.toml", "--journal", "none", "--"]);
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = Front::start(command.args([python::newest().text(), "-c", code]));
    wait_until(|| scratch.join("ready").exists(), "the program is ready");
    let front = child.pid();
    for pair in 1..=PAIRS {
        rustix::process::kill_process_group(front, Signal::USR1).expect("its own group");
        let apart = Duration::from_micros(pair as u64);
        let begun = Instant::now();
        while begun.elapsed() < apart {
            std::hint::spin_loop();
        }
        rustix::process::kill_process_group(front, Signal::USR2).expect("its own group");
        wait_until(|| heard("second") >= pair, "the program hears the second");
        // Front passes this one on after whatever it has to pass on of the pair.
        rustix::process::kill_process(front, Signal::INT).expect("own process");
        wait_until(|| heard("last") == pair, "the program hears the last");
        assert_eq!((heard("first"), heard("second")), (pair, pair), "{apart:?}");
    }
    rustix::process::kill_process(front, Signal::ALARM).expect("own process");
    assert!(run::wait_child(&mut child.0).success());
}

/// As over ssh, or in a window of its own: nobody but the session's leader is told that the terminal is gone (tty_ioctl(4)).
#[test]
fn a_program_hears_of_the_hangup_of_a_terminal_whose_session_audithook_leads() {
    let scratch = Scratch::new();
    let code = "\
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
print('ready', flush=True)
signal.sigwait([signal.SIGHUP])
open('hung up', 'w').close()
";
    scratch.write("hooks.toml", POLICY);
    let run = Run::with_flags(&scratch, &[]);
    let mut command =
        run.audithook_command(&["run", "-q", "-c", "hooks.toml", "--journal", "none", "--"]);
    command.args([python::newest().text(), "-c", code]);
    let mut terminal = Terminal::start(&command);
    terminal.wait_for("ready");
    terminal.hang_up();
    wait_until(|| scratch.join("hung up").exists(), "the program hears it");
}

/// An alarm that was set before audithook was started, a descriptor that tells of input: what the kernel sends to front alone.
#[test]
fn a_signal_that_the_kernel_sends_to_the_front_alone_reaches_the_program() {
    let scratch = Scratch::new();
    let code = "\
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
open('ready', 'w').close()
signal.sigwait([signal.SIGUSR1])
sys.exit(7)
";
    scratch.write("hooks.toml", POLICY);
    let run = Run::with_flags(&scratch, &[]);
    let mut command =
        run.audithook_command(&["run", "-q", "-c", "hooks.toml", "--journal", "none", "--"]);
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = Front::start(command.args([python::newest().text(), "-c", code]));
    wait_until(|| scratch.join("ready").exists(), "the program is ready");
    // F_SETOWN, F_SETSIG and O_ASYNC (fcntl(2)): the kernel sends the signal when there is something to read.
    let telling = "\
import fcntl, os, socket, sys
here, there = socket.socketpair()
fcntl.fcntl(here, fcntl.F_SETOWN, int(sys.argv[1]))
fcntl.fcntl(here, 10, 10)
fcntl.fcntl(here, fcntl.F_SETFL, os.O_ASYNC)
there.send(b'x')
";
    let mut tell = python::newest().command();
    tell.args(["-c", telling, &child.0.id().to_string()]);
    assert!(tell.status().expect("Python runs").success());
    assert_eq!(run::wait_child(&mut child.0).code(), Some(7));
}

fn wait_for_state(pid: u32, state: char) {
    let is_there = || {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        text.rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with(state))
    };
    wait_until(is_there, &format!("process {pid} is in state {state}"));
}

/// The journal is a FIFO: before somebody reads it, the run does not begin, however fast the machine is.
#[test]
fn a_stop_before_the_command_starts_stops_it_once_it_is_there() {
    use rustix::process::{Pid, WaitOptions, kill_process, waitpid};
    let scratch = Scratch::new();
    let path = scratch.text("journal");
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        &path,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
    )
    .expect("a fresh name");
    let mut child = Run::new(&scratch, POLICY)
        .audithook_command(&["run", "-q", "-c", "hooks.toml", "--journal", &path])
        .args(["--", "cat"])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("the command runs");
    wait_until(|| tree::supervisor(child.id()).is_some(), "a supervisor");
    let front = Pid::from_child(&child);
    kill_process(front, Signal::TSTP).expect("own process");
    wait_until(|| !has_pending(child.id()), "front takes the signal");
    let _journal = std::fs::File::open(&path).expect("somebody writes it");
    let (_, status) = waitpid(Some(front), WaitOptions::UNTRACED)
        .expect("own child")
        .expect("it stops");
    assert_eq!(status.stopping_signal(), Some(Signal::TSTP.as_raw()));
    kill_process(front, Signal::CONT).expect("own process");
    drop(child.stdin.take());
    assert_eq!(run::wait_child(&mut child).code(), Some(0));
}

/// Whether a signal waits for the process to take it.
fn has_pending(pid: u32) -> bool {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let pending = text.lines().find_map(|line| line.strip_prefix("ShdPnd:"));
    pending.is_none_or(|pending| pending.trim().bytes().any(|digit| digit != b'0'))
}

/// Waits for a state that nothing tells of.
#[track_caller]
fn wait_until(holds: impl Fn() -> bool, what: &str) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "this did not come: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
