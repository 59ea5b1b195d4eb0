//! Reload: a new policy holds from the next event on, a broken one does not, a locked one never.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use audithook_tests::{Journal, PATIENCE, Record, Run, Scratch, build, python, run, tree};
use rustix::fs::inotify;
use rustix::process::{Pid, Signal, kill_process};

const ALLOWING: &str = "version = 1\n[files]\ndeny = []\n";
const DENYING: &str = "version = 1\n[files]\n\ndeny = [\"./secret\"]\n";

/// A program that tries to read the secret for each line that it is given, and says what came of it.
const CODE: &str = "\
import sys
for line in sys.stdin:
    try:
        open(sys.argv[1]).close()
        print('read', flush=True)
    except PermissionError as error:
        print(error, flush=True)
";

struct Session {
    scratch: Scratch,
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<String>,
}

impl Session {
    /// Under `policy/hooks.toml`, which is named.
    fn start(policy: &str) -> Self {
        let scratch = Self::place(policy);
        let command =
            Run::with_flags(&scratch, &[]).audithook_command(&["run", "-c", "policy/hooks.toml"]);
        Self::begin(scratch, command)
    }

    /// Under `./hooks.toml`, which is found and trusted.
    fn start_trusting(policy: &str) -> Self {
        let scratch = Self::place(policy);
        Self::trust(&scratch);
        let command = Self::command_beside_the_policy(&scratch, &["run"]);
        Self::begin(scratch, command)
    }

    fn place(policy: &str) -> Scratch {
        let scratch = Scratch::new();
        scratch.write("secret", "secret\n");
        scratch.directory("policy");
        scratch.write("policy/hooks.toml", policy.replace("./secret", "../secret"));
        scratch.write("policy/more.toml", "version = 1\n");
        scratch
    }

    /// Says that the policy was read as it is.
    fn trust(scratch: &Scratch) {
        let mut command = Self::command_beside_the_policy(scratch, &["trust"]);
        assert!(
            command
                .stdout(Stdio::null())
                .status()
                .expect("the command runs")
                .success()
        );
    }

    fn command_beside_the_policy(scratch: &Scratch, arguments: &[&str]) -> Command {
        Run::with_flags(scratch, &[])
            .in_directory(scratch.join("policy"))
            .audithook_command(arguments)
    }

    fn begin(scratch: Scratch, mut command: Command) -> Self {
        command
            .arg("-q")
            .arg("--journal")
            .arg(scratch.join("out.jsonl"))
            .args(["--", python::newest().text(), "-c", CODE])
            .arg(scratch.join("secret"));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(scratch.join("said")).expect("a new file"))
            .spawn()
            .expect("the command runs");
        let (sender, output) = channel();
        let pipe = BufReader::new(child.stdout.take().expect("a pipe"));
        std::thread::spawn(move || {
            pipe.lines()
                .map_while(Result::ok)
                .for_each(|line| drop(sender.send(line)))
        });
        let input = child.stdin.take();
        Self {
            scratch,
            child,
            input,
            output,
        }
    }

    /// What comes of the next attempt.
    fn attempt(&mut self) -> String {
        writeln!(self.input.as_mut().expect("open until the end"), "go")
            .expect("the program reads");
        self.output
            .recv_timeout(PATIENCE)
            .expect("the program answers")
    }

    /// Replaces the policy as an editor does.
    fn replace_policy(&self, policy: &str) {
        let new = self.scratch.write(
            "policy/hooks.toml.new",
            policy.replace("./secret", "../secret"),
        );
        std::fs::rename(new, self.scratch.join("policy/hooks.toml")).expect("own file");
    }

    /// Waits for the record of the reload number `count`.
    #[track_caller]
    fn wait_for_reload(&self, count: usize) -> Record {
        self.wait_for("policy.reload", count, |_| true)
    }

    /// Waits for the record number `count` of those that are meant.
    #[track_caller]
    fn wait_for(&self, event: &str, count: usize, is_meant: impl Fn(&Record) -> bool) -> Record {
        let end = Instant::now() + PATIENCE;
        loop {
            let mut found = records(&self.scratch.join("out.jsonl"), event);
            found.retain(&is_meant);
            if found.len() >= count {
                return found.swap_remove(count - 1);
            }
            assert!(Instant::now() < end, "`{event}` was not recorded");
            // The journal is a file: there is nothing to wait for but its growth.
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// How many images lie in the run's directory.
    fn images(&self) -> usize {
        let program = tree::target(self.child.id()).expect("the program runs");
        let environment = std::fs::read(format!("/proc/{program}/environ")).expect("it runs");
        let library = environment
            .split(|byte| *byte == 0)
            .find_map(|variable| variable.strip_prefix(b"LD_PRELOAD="))
            .expect("the library is preloaded");
        let library = Path::new(std::str::from_utf8(library).expect("a plain path"));
        let directory = std::fs::read_dir(library.parent().expect("the run's directory"));
        directory
            .expect("a directory")
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|end| end == "image"))
            .count()
    }

    fn finish(self) -> Journal {
        self.finish_saying().0
    }

    /// The journal, and what was said on standard error.
    fn finish_saying(mut self) -> (Journal, String) {
        drop(self.input.take());
        let status = run::wait_child(&mut self.child);
        let said = std::fs::read_to_string(self.scratch.join("said")).expect("text");
        assert!(status.success(), "{said}");
        (Journal::read(&self.scratch.join("out.jsonl")), said)
    }
}

fn records(file: &Path, event: &str) -> Vec<Record> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    let values = lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .map(Record);
    values.filter(|record| record.event() == event).collect()
}

#[test]
fn a_changed_file_holds_from_the_next_event_on() {
    let mut session = Session::start(ALLOWING);
    assert_eq!(session.attempt(), "read");
    session.replace_policy(DENYING);
    let reload = session.wait_for_reload(1);
    assert!(reload.arg("error").is_null(), "{reload:?}");
    let refusal = session.attempt();
    assert!(
        refusal.contains("denied by rule `files.deny` (policy/hooks.toml:4)"),
        "{refusal}"
    );
    session.replace_policy(ALLOWING);
    session.wait_for_reload(2);
    assert_eq!(session.attempt(), "read");
    let journal = session.finish();
    let generations: Vec<_> = journal
        .of("open")
        .filter(|record| record.arg_text("path").ends_with("/secret"))
        .map(|record| record.number("generation"))
        .collect();
    assert_eq!(generations.len(), 3);
    assert!(
        generations.is_sorted()
            && generations[0] < generations[1]
            && generations[1] < generations[2],
        "{generations:?}"
    );
}

#[test]
fn a_hangup_asks_for_a_reload() {
    let mut session = Session::start(ALLOWING);
    assert_eq!(session.attempt(), "read");
    // As docs/policy.md says it.
    let front = session.child.id().to_string();
    let mut told = Command::new("pkill");
    told.args(["-HUP", "-P", &front, "audithook-super"]);
    assert!(told.status().expect("procps is there").success());
    session.wait_for_reload(1);
    assert_eq!(session.attempt(), "read");
    session.finish();
}

/// A signal to a process goes to whichever of its threads lets it in.
#[test]
fn a_hangup_asks_for_a_reload_whatever_threads_there_are() {
    let plugin = build::bucketing();
    let mut session = Session::start(&format!(
        "{ALLOWING}[plugin.bucketing]\npath = {plugin:?}\nplacement = \"supervisor\"\n\
         [[hook]]\non = \"open\"\ncall = \"bucketing.count\"\nwith = {{ by = \"path\" }}\n"
    ));
    assert_eq!(session.attempt(), "read");
    let supervisor = tree::supervisor(session.child.id()).expect("a run has a supervisor");
    let threads = std::fs::read_dir(format!("/proc/{supervisor}/task"));
    assert!(threads.expect("it runs").count() > 1);
    let supervisor = Pid::from_raw(supervisor.cast_signed()).expect("a process id");
    kill_process(supervisor, Signal::HUP).expect("own process");
    session.wait_for_reload(1);
    assert_eq!(session.attempt(), "read");
    session.finish();
}

#[test]
fn a_flood_of_hangups_is_a_few_reloads_and_not_one_image_more() {
    let mut session = Session::start(ALLOWING);
    assert_eq!(session.attempt(), "read");
    let supervisor = tree::supervisor(session.child.id()).expect("a run has a supervisor");
    let supervisor = Pid::from_raw(supervisor.cast_signed()).expect("a process id");
    let began = Instant::now();
    let mut sent = 0;
    while began.elapsed() < Duration::from_secs(1) {
        kill_process(supervisor, Signal::HUP).expect("own process");
        sent += 1;
        // What one reload takes, about: the flood is not over in a moment.
        std::thread::sleep(Duration::from_millis(1));
    }
    let took = began.elapsed();
    session.wait_for_reload(2);
    assert_eq!(session.images(), 1, "the policy is the same");
    let journal = session.finish();
    let reloads = journal.of("policy.reload").count();
    let most = 2 + took.as_millis() as usize / 250;
    assert!(
        reloads <= most && reloads < sent,
        "{reloads} reloads for {sent} signals in {took:?}"
    );
}

#[test]
fn of_a_flood_of_changes_the_last_one_holds() {
    const CHANGES: usize = 60;
    let mut session = Session::start(ALLOWING);
    assert_eq!(session.attempt(), "read");
    for change in 0..CHANGES {
        session.replace_policy(&format!("{ALLOWING}\n# {change}\n"));
    }
    session.replace_policy(DENYING);
    let end = Instant::now() + PATIENCE;
    while !session.attempt().contains("files.deny") {
        assert!(Instant::now() < end, "the last change was lost");
    }
    assert!(session.images() < CHANGES / 2, "{}", session.images());
    session.finish();
}

#[test]
fn a_broken_file_leaves_the_old_policy_in_force_and_says_so() {
    let mut session = Session::start(DENYING);
    assert!(session.attempt().contains("files.deny"));
    session.replace_policy("version = 1\n[files\n");
    let reload = session.wait_for_reload(1);
    assert!(
        reload.arg_text("error").contains("policy/hooks.toml:2"),
        "{reload:?}"
    );
    assert!(session.attempt().contains("files.deny"));
    session.finish();
}

#[test]
fn a_condition_that_would_overflow_a_stack_leaves_the_old_policy_in_force() {
    let mut session = Session::start(DENYING);
    assert!(session.attempt().contains("files.deny"));
    let conditions = [
        format!("{}1{} == 1", "(".repeat(1900), ")".repeat(1900)),
        format!("{}1 == 1", "1+".repeat(1900)),
    ];
    for (number, condition) in (1..).zip(conditions) {
        session.replace_policy(&format!(
            "version = 1\n[[hook]]\non = \"open\"\nwhen = '{condition}'\ndo = \"log\"\n"
        ));
        let reload = session.wait_for_reload(number);
        assert!(
            reload.arg_text("error").contains("bad condition"),
            "{reload:?}"
        );
        assert!(session.attempt().contains("files.deny"));
    }
    session.finish();
}

#[test]
fn a_reload_that_a_hook_refuses_changes_nothing() {
    let veto = "[[hook]]\nname = \"as-it-is\"\non = \"hook.replace\"\ndo = \"deny\"\n";
    let mut session = Session::start(&format!("{ALLOWING}{veto}"));
    assert_eq!(session.attempt(), "read");
    session.replace_policy(DENYING);
    let reload = session.wait_for_reload(1);
    assert!(!reload.arg("error").is_null(), "{reload:?}");
    assert_eq!(reload.arg("generation"), 1, "{reload:?}");
    assert_eq!(session.attempt(), "read");
    assert_eq!(session.images(), 1);
    session.finish();
}

#[test]
fn a_locked_policy_stays() {
    let mut session = Session::start(&format!("lock = true\n{DENYING}"));
    assert!(session.attempt().contains("files.deny"));
    session.replace_policy(ALLOWING);
    let reload = session.wait_for_reload(1);
    assert!(reload.arg_text("error").contains("lock"), "{reload:?}");
    assert!(session.attempt().contains("files.deny"));
    session.finish();
}

#[test]
fn what_waits_for_the_next_start_is_listed() {
    let mut session = Session::start(ALLOWING);
    assert_eq!(session.attempt(), "read");
    session.replace_policy("version = 1\n[env]\nset = { NEW = \"1\" }\n");
    let reload = session.wait_for_reload(1);
    assert_eq!(
        reload.arg("waits"),
        &serde_json::json!(["env"]),
        "{reload:?}"
    );
    session.finish();
}

/// What can write ./hooks.toml cannot give itself another policy; who reads it and trusts it can.
#[test]
fn a_changed_file_that_was_found_holds_only_once_it_is_trusted() {
    let mut session = Session::start_trusting(DENYING);
    assert!(session.attempt().contains("files.deny"));
    session.replace_policy(ALLOWING);
    let reload = session.wait_for_reload(1);
    let error = reload.arg_text("error");
    assert!(
        error.contains("the policy is not what you trusted: `hooks.toml`")
            && error.contains("hint: read it, then `audithook trust`"),
        "{reload:?}"
    );
    assert_eq!(reload.arg("generation"), 1, "{reload:?}");
    assert!(session.attempt().contains("files.deny"));

    Session::trust(&session.scratch);
    let reload = session.wait_for_reload(2);
    assert!(reload.arg("error").is_null(), "{reload:?}");
    assert_eq!(session.attempt(), "read");
    session.finish();
}

/// What a run watches is told of once, so that it loads its policy once.
#[test]
fn trust_changes_its_record_in_one_step() {
    let scratch = Session::place(ALLOWING);
    Session::trust(&scratch);
    let records = scratch.join("state/audithook/trust");
    let record = std::fs::read_dir(&records)
        .expect("there is a record")
        .next()
        .expect("one")
        .expect("read")
        .file_name();
    let changes = inotify::init(inotify::CreateFlags::NONBLOCK).expect("inotify");
    let watched = inotify::WatchFlags::CLOSE_WRITE | inotify::WatchFlags::MOVED_TO;
    inotify::add_watch(&changes, &records, watched).expect("watched");
    Session::trust(&scratch);
    let mut buffer = [std::mem::MaybeUninit::<u8>::uninit(); 4096];
    let mut reader = inotify::Reader::new(&changes, &mut buffer);
    let mut told = Vec::new();
    while let Ok(event) = reader.next() {
        if event.file_name().map(std::ffi::CStr::to_bytes) == Some(record.as_encoded_bytes()) {
            told.push(event.events());
        }
    }
    assert_eq!(told, [inotify::ReadFlags::MOVED_TO]);
}

#[test]
fn trust_that_is_taken_back_lets_no_change_in() {
    let mut session = Session::start_trusting(DENYING);
    assert!(session.attempt().contains("files.deny"));
    let mut forget = Session::command_beside_the_policy(&session.scratch, &["trust", "--remove"]);
    assert!(
        forget
            .stdout(Stdio::null())
            .status()
            .expect("the command runs")
            .success()
    );
    session.replace_policy(ALLOWING);
    let reload = session.wait_for_reload(1);
    assert!(
        reload
            .arg_text("error")
            .contains("the policy is not trusted: `hooks.toml`"),
        "{reload:?}"
    );
    assert!(session.attempt().contains("files.deny"));
    session.finish();
}

/// Who can write a plugin's library cannot have it loaded into the run.
#[test]
fn a_plugin_that_changed_lets_no_reload_in() {
    let scratch = Session::place("");
    let library = scratch.join("policy/libbucketing.so");
    std::fs::copy(build::bucketing(), &library).expect("copied");
    let policy = |more: &str| {
        format!(
            "{DENYING}{more}[plugin.bucketing]\npath = \"./libbucketing.so\"\nplacement = \"supervisor\"\n"
        )
    };
    scratch.write(
        "policy/hooks.toml",
        policy("").replace("./secret", "../secret"),
    );
    Session::trust(&scratch);
    let command = Session::command_beside_the_policy(&scratch, &["run"]);
    let mut session = Session::begin(scratch, command);
    assert!(session.attempt().contains("files.deny"));

    let mut code = std::fs::read(&library).expect("own file");
    code.push(0);
    let new = session.scratch.write("policy/new.so", code);
    std::fs::rename(new, &library).expect("own file");
    // The text of the policy is the one that was trusted: written anew, it asks for a reload.
    session.replace_policy(&policy(""));
    let reload = session.wait_for_reload(1);
    let error = reload.arg_text("error");
    assert!(
        error.contains("the plugin is not the one that you trusted: `bucketing`"),
        "{reload:?}"
    );
    assert!(session.attempt().contains("files.deny"));

    let mut another = Session::command_beside_the_policy(&session.scratch, &["run"]);
    let output = another
        .args(["-q", "--", "touch", "started"])
        .output()
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    assert!(!session.scratch.join("policy/started").exists());
    session.finish();
}

/// The file that is extended was read first, and is not the policy.
#[test]
fn a_reload_is_recorded_with_the_policys_own_file() {
    let mut session = Session::start(
        "version = 1\nextends = [\"./more.toml\"]\n[files]\ndeny = [\"./secret\"]\n",
    );
    assert!(session.attempt().contains("files.deny"));
    session.replace_policy(ALLOWING);
    let reload = session.wait_for_reload(1);
    assert!(
        reload.arg_text("path").ends_with("/policy/hooks.toml"),
        "{reload:?}"
    );
    session.finish();
}

/// A plugin goes on counting where nothing of its own has changed, and begins anew where its configuration has.
#[test]
fn a_plugin_that_is_as_before_goes_on_with_what_it_has_counted() {
    let counting = |top: u32, deny: &str| {
        format!(
            "version = 1\n[files]\ndeny = [{deny}]\n[journal]\nevents = [\"open\"]\n[plugin.bucketing]\npath = {:?}\nplacement = \"supervisor\"\nconfig = {{ top = {top} }}\n\
             [[hook]]\nname = \"secrets\"\non = \"open\"\nwhen = {{ path = \"**/secret\" }}\ncall = \"bucketing.count\"\nwith = {{ by = \"path\" }}\n",
            build::bucketing()
        )
    };
    for (top, counted, loads) in [(7, "3", 1), (8, "1", 2)] {
        let mut session = Session::start(&counting(7, ""));
        for _ in 0..2 {
            assert_eq!(session.attempt(), "read");
        }
        // What the supervisor has not read by then, the plugin of the next policy is shown.
        session.wait_for("open", 2, |open| open.arg_text("path").ends_with("/secret"));
        session.replace_policy(&counting(top, "\"./secret\""));
        let reload = session.wait_for_reload(1);
        assert!(reload.arg("error").is_null(), "{reload:?}");
        assert!(session.attempt().contains("files.deny"));
        let (journal, said) = session.finish_saying();
        let counts: Vec<&str> = said
            .lines()
            .filter(|line| line.ends_with("/secret") && !line.contains("deny"))
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        assert_eq!(counts, [counted], "{said}");
        assert_eq!(journal.of("plugin.load").count(), loads, "{said}");
    }
}
