//! A plugin in C in a process of its own: what it does there, may not do there, and what its end does to the host.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use audithook_abi::{Event, LogLevel, Symbol, Value, Verdict};
use audithook_bus::hook::{Gate, HookError, Outcome, Reply};
use audithook_bus::symbol;
use audithook_loader::{Attachment, CreateError, EmitError, SearchPath, Services, Spec};
use audithook_plugin_process::{Attached, Instance, Launcher, Plugin, Settings};
use audithook_sandbox::Confinement;
use tempfile::TempDir;

/// Remembers what the plugin logs, and what is told of it.
#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Log {
    fn has(&self, what: &str) -> bool {
        self.0
            .lock()
            .unwrap()
            .iter()
            .any(|line| line.contains(what))
    }
}

impl Services for Log {
    fn log(&self, _: &str, _: LogLevel, text: &str) {
        let mut lines = self.0.lock().unwrap();
        // One that chatters is not to fill the memory of the tests.
        if lines.len() < 1000 {
            lines.push(text.to_owned());
        }
    }

    fn intern(&self, name: &str) -> Symbol {
        symbol::intern(name)
    }

    fn text(&self, symbol: Symbol) -> Option<&'static str> {
        symbol::text(symbol)
    }

    fn emit(&self, _: &str, event: &Event<'_>) -> Result<Verdict, EmitError> {
        let (name, pid) = (symbol::text(event.id).unwrap(), event.pid);
        let line = format!("event {name} of {pid}");
        self.0.lock().unwrap().push(line);
        Ok(Verdict::Allow)
    }
}

/// An instance of `ways.c`, and where it is.
struct Bench {
    act: Attached,
    see: Attached,
    instance: Instance,
    log: Arc<Log>,
    plugin: Plugin,
    directory: TempDir,
}

fn library(directory: &Path) -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = directory.join("libways.so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-std=c99", "-fvisibility=hidden"])
        .args(["-Wall", "-Wextra", "-Werror"])
        .arg("-I")
        .arg(own.join("../abi/include"))
        .arg("-o")
        .arg(&library)
        .arg(own.join("tests/plugins/ways.c"))
        .output();
    match compiled {
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{errors}");
            Some(library)
        }
        #[expect(
            clippy::print_stderr,
            reason = "a test that proves nothing must say so"
        )]
        Err(error) => {
            eprintln!("SKIPPED: `cc` does not run ({error}): ways.c was not built");
            None
        }
    }
}

fn launcher() -> Launcher {
    let own = std::env::current_exe().unwrap();
    let built = own.parent().and_then(Path::parent).unwrap();
    Launcher::new(built.join("examples/plugin-host"), [""; 0])
}

fn settings() -> Settings {
    Settings {
        confinement: Confinement {
            read: Vec::new(),
            write: Vec::new(),
            network: false,
            memory: 64 << 20,
            open_files: 64,
        },
        timeout: Duration::from_millis(500),
    }
}

impl Bench {
    fn new() -> Option<Self> {
        Self::with(|_, _| {})
    }

    fn with(change: impl FnOnce(&mut Settings, &Path)) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let library = library(directory.path())?;
        let mut settings = settings();
        change(&mut settings, directory.path());
        let spec = Spec::at("ways", &library);
        let plugin = Plugin::open(&spec, &SearchPath::default(), settings, &launcher()).unwrap();
        let log = Arc::new(Log::default());
        let instance = plugin.create(Arc::clone(&log) as _, "{}").unwrap();
        Some(Self {
            act: instance.attach(&Attachment::new("act")).unwrap(),
            see: instance.attach(&Attachment::new("see")).unwrap(),
            instance,
            log,
            plugin,
            directory,
        })
    }

    fn judge(&self, way: &str) -> Result<Verdict, HookError> {
        judge(&*self.act.gate().unwrap(), way).map(|(verdict, _)| verdict)
    }

    fn observe(&self, way: &str) -> Result<(), HookError> {
        let args = [Value::str(way)];
        let event = Event::new(symbol::intern("shop.order"), &args);
        self.see.observer().unwrap().observe(&event)
    }

    /// Waits for the next process: an observer does.
    fn is_up_again(&self) {
        self.observe("nothing").unwrap();
        assert_eq!(self.judge("nothing").unwrap(), Verdict::Allow);
    }
}

fn judge(gate: &dyn Gate, way: &str) -> Result<(Verdict, Reply), HookError> {
    let args = [Value::str(way)];
    let mut reply = Reply::default();
    let event = Event::new(symbol::intern("shop.order"), &args);
    gate.judge(&event, &mut reply)
        .map(|verdict| (verdict, reply))
}

#[test]
fn a_hook_in_another_process_judges_sees_the_end_and_reports() {
    let Some(bench) = Bench::new() else { return };
    assert_ne!(bench.instance.pid(), Some(std::process::id()));
    let readable = format!("read {}", bench.plugin.path().display());
    let (verdict, reply) = judge(&*bench.act.gate().unwrap(), &readable).unwrap();
    assert_eq!(
        (verdict, reply.reason.as_deref()),
        (Verdict::Deny, Some("it was possible"))
    );
    let event = Event::new(symbol::intern("shop.order"), &[]);
    let after = bench.act.after().unwrap();
    let outcome = Outcome {
        verdict: Verdict::Deny,
        errno: 2,
    };
    after.ended(&event, outcome, reply.cookie).unwrap();
    bench.observe("log").unwrap();
    assert!(bench.log.has("a line\\nand no other"));
    assert_eq!(
        bench.instance.report().unwrap().as_deref(),
        Some("2 ways\n")
    );
    assert_eq!(bench.instance.report_json().unwrap(), None);
    assert_eq!(
        bench.instance.counters(),
        [(symbol::intern("ways.gone"), 2)]
    );
}

/// What is refused in the process is possible in this one: the control, without which a refusal says nothing.
#[test]
fn the_process_cannot_do_what_it_was_not_given() {
    let Some(bench) = Bench::with(|settings, directory| {
        let given = directory.join("given");
        std::fs::create_dir(&given).unwrap();
        settings.confinement.write.push(given);
    }) else {
        return;
    };
    let secret = bench.directory.path().join("secret");
    std::fs::write(&secret, "secret").unwrap();
    let place = bench.directory.path();
    let own = std::process::id();
    let here = audithook_loader::Plugin::load(
        &Spec::at("ways", bench.plugin.path()),
        &SearchPath::default(),
    );
    let here = here
        .unwrap()
        .create(Arc::clone(&bench.log) as _, "{}")
        .unwrap();
    let here = here
        .attach(&Attachment::new("act"))
        .unwrap()
        .gate()
        .unwrap();
    for way in [
        format!("read {}", secret.display()),
        "read /etc/passwd".to_owned(),
        "read /proc/1/status".to_owned(),
        format!("write {}/new", place.display()),
        "socket".to_owned(),
        "fork".to_owned(),
        format!("signal {own}"),
    ] {
        assert_eq!(
            judge(&*here, &way).unwrap().0,
            Verdict::Deny,
            "{way} is impossible anyway"
        );
        assert_eq!(
            bench.judge(&way).unwrap(),
            Verdict::Allow,
            "{way} is possible"
        );
    }
    for way in ["exec", "ptrace"] {
        assert_eq!(
            bench.judge(way).unwrap(),
            Verdict::Allow,
            "{way} is possible"
        );
    }
    let given = format!("write {}/given/new", place.display());
    assert_eq!(
        bench.judge(&given).unwrap(),
        Verdict::Deny,
        "{given} is not possible"
    );
}

#[test]
fn sockets_of_the_internet_are_there_where_they_were_given() {
    let Some(bench) = Bench::with(|settings, _| settings.confinement.network = true) else {
        return;
    };
    assert_eq!(bench.judge("socket").unwrap(), Verdict::Deny);
}

#[test]
fn a_process_that_ends_is_a_failure_that_says_why_and_is_started_again() {
    let Some(bench) = Bench::new() else { return };
    for (way, why) in [
        ("crash", "its process was ended by SIGSEGV"),
        ("abort", "its process was ended by SIGABRT: I cannot go on"),
        ("exit", "its process exited with 7"),
        ("panic", "the hook panicked"),
    ] {
        let before = bench.instance.pid();
        match bench.judge(way) {
            Err(HookError::Failed(text)) => assert!(text.contains(why), "{way}: {text}"),
            other => panic!("{way}: {other:?}"),
        }
        bench.is_up_again();
        assert_ne!(bench.instance.pid(), before, "{way}");
        assert!(bench.log.has(why), "{way}: {:?}", bench.log.0);
        assert!(
            bench.log.has("event plugin.exit of"),
            "{way}: {:?}",
            bench.log.0
        );
        assert!(
            bench.log.has("event plugin.restart of"),
            "{way}: {:?}",
            bench.log.0
        );
    }
}

/// It may raise events of its own, and those are its own whatever the process says; not those of the catalogue.
#[test]
fn a_process_raises_events_of_its_own_only() {
    let Some(bench) = Bench::new() else { return };
    assert_eq!(bench.judge("emit ways.own").unwrap(), Verdict::Deny);
    let pid = bench.instance.pid().unwrap();
    assert!(
        bench.log.has(&format!("event ways.own of {pid}")),
        "{:?}",
        bench.log.0
    );
    assert_eq!(bench.judge("emit plugin.load").unwrap(), Verdict::Allow);
    assert!(!bench.log.has("plugin.load"), "{:?}", bench.log.0);
}

#[test]
fn a_process_that_does_not_answer_is_killed() {
    let Some(bench) = Bench::new() else { return };
    for way in ["hang", "stop", "chatter"] {
        match bench.judge(way) {
            Err(HookError::TimedOut(after)) => assert_eq!(after, Duration::from_millis(500)),
            other => panic!("{way}: {other:?}"),
        }
        bench.is_up_again();
    }
    assert!(
        bench.log.has("it did not answer within 500ms"),
        "{:?}",
        bench.log.0
    );
}

#[test]
fn a_process_that_breaks_its_connections_is_killed() {
    let Some(bench) = Bench::new() else { return };
    for way in ["close", "nonsense"] {
        let failed = bench.judge(way);
        assert!(
            matches!(failed, Err(HookError::Failed(_))),
            "{way}: {failed:?}"
        );
        bench.is_up_again();
    }
}

#[test]
fn memory_has_an_end_and_the_host_has_its_own() {
    let Some(bench) = Bench::new() else { return };
    let failed = bench.judge("hog");
    assert!(matches!(failed, Err(HookError::Failed(_))), "{failed:?}");
    bench.is_up_again();
}

/// The after of a gate whose process is gone belongs to nobody.
#[test]
fn an_after_is_called_in_the_process_of_its_gate_only() {
    let Some(bench) = Bench::new() else { return };
    let (_, reply) = judge(&*bench.act.gate().unwrap(), "nothing").unwrap();
    assert!(bench.judge("crash").is_err());
    bench.is_up_again();
    let event = Event::new(symbol::intern("shop.order"), &[]);
    // This outcome makes the hook fail, if it is called.
    let outcome = Outcome {
        verdict: Verdict::Allow,
        errno: 1,
    };
    bench
        .act
        .after()
        .unwrap()
        .ended(&event, outcome, reply.cookie)
        .unwrap();
}

#[test]
fn calls_from_many_threads_are_answered_each_with_its_own() {
    let Some(bench) = Bench::new() else { return };
    let readable = format!("read {}", bench.plugin.path().display());
    std::thread::scope(|scope| {
        for number in 0..16 {
            let (bench, readable) = (&bench, &readable);
            scope.spawn(move || {
                for _ in 0..200 {
                    let (way, verdict) = match number % 2 {
                        0 => ("nothing", Verdict::Allow),
                        _ => (readable.as_str(), Verdict::Deny),
                    };
                    assert_eq!(bench.judge(way).unwrap(), verdict);
                }
            });
        }
    });
    assert_eq!(
        bench.instance.report().unwrap().as_deref(),
        Some("3200 ways\n")
    );
}

#[test]
fn a_configuration_that_is_refused_or_deadly_makes_no_instance() {
    let Some(bench) = Bench::new() else { return };
    let services = || Arc::clone(&bench.log) as Arc<dyn Services>;
    match bench.plugin.create(services(), "{\"refuse\":1}") {
        Err(CreateError::ConfigRefused { reason, .. }) => assert_eq!(reason, "not this one"),
        other => panic!("{other:?}"),
    }
    match bench.plugin.create(services(), "{\"abort\":1}") {
        Err(CreateError::Failed { reason, .. }) => {
            assert_eq!(reason, "its process was ended by SIGABRT");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_process_ends_with_the_last_hook() {
    let Some(bench) = Bench::new() else { return };
    let pid = bench.instance.pid().unwrap();
    let Bench {
        act, see, instance, ..
    } = bench;
    drop((act, instance));
    assert!(Path::new(&format!("/proc/{pid}")).exists());
    drop(see);
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}
