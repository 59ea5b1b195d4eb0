//! Loaded plugins at work: the two of this repository, and one in C.

mod compiler;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use audithook_abi::LogLevel;
use audithook_bus::hook::{HookError, Outcome, Reply};
use audithook_bus::{Bus, Event, Symbol, Value, Verdict, symbol};
use audithook_loader::{
    Attached, Attachment, EmitError, Instance, Kinds, Plugin, ReportError, SearchPath, Services,
    Spec,
};

/// Remembers what plugins ask for.
#[derive(Default)]
struct Recorder {
    log: Mutex<Vec<String>>,
    emitted: Mutex<Vec<String>>,
}

impl Services for Recorder {
    fn log(&self, plugin: &str, level: LogLevel, text: &str) {
        self.log
            .lock()
            .unwrap()
            .push(format!("{level:?} {plugin}: {text}"));
    }

    fn intern(&self, name: &str) -> Symbol {
        symbol::intern(name)
    }

    fn text(&self, symbol: Symbol) -> Option<&'static str> {
        symbol::text(symbol)
    }

    fn emit(&self, plugin: &str, event: &Event<'_>) -> Result<Verdict, EmitError> {
        let name = symbol::text(event.id).ok_or(EmitError::UnknownEvent)?;
        assert_eq!(event.pid, std::process::id());
        self.emitted
            .lock()
            .unwrap()
            .push(format!("{plugin}: {name} {:?}", event.args()));
        Ok(Verdict::Warn)
    }
}

impl Recorder {
    fn take_log(&self) -> String {
        std::mem::take(&mut *self.log.lock().unwrap()).join("\n")
    }
}

/// The directory into which cargo built the plugins that this test depends on.
fn search() -> SearchPath {
    let program = std::env::current_exe().unwrap();
    SearchPath::default().with(program.parent().unwrap(), "beside the test")
}

fn gate_plugin(services: &Arc<Recorder>, config: &str) -> Instance {
    let plugin = Plugin::load(&Spec::named("gate-plugin"), &search()).unwrap();
    plugin.create(Arc::clone(services) as _, config).unwrap()
}

fn attach(instance: &Instance, function: &str, with: &str) -> Attached {
    let attachment = Attachment {
        with,
        ..Attachment::new(function)
    };
    instance.attach(&attachment).unwrap()
}

fn judge(attached: &Attached, path: &str) -> (Result<Verdict, HookError>, Reply) {
    let args = [Value::path(path).named(symbol::intern("path"))];
    let mut reply = Reply::default();
    let gate = attached.gate().expect("a gate");
    let judged = gate.judge(&Event::new(symbol::intern("open"), &args), &mut reply);
    (judged, reply)
}

#[test]
fn a_gate_denies_and_says_why() {
    let instance = gate_plugin(&Arc::default(), r#"{"contains": "secret"}"#);
    let check = attach(&instance, "check", "{}");
    assert!(matches!(judge(&check, "/public").0, Ok(Verdict::Allow)));
    let (judged, reply) = judge(&check, "/secret");
    assert!(matches!(judged, Ok(Verdict::Deny)));
    assert_eq!(reply.reason.as_deref(), Some("`path` contains `secret`"));
    assert_eq!(check.info().on_failure, Verdict::Deny);
    assert!(check.after().is_none() && check.observer().is_none());
}

#[test]
fn two_attachments_of_one_function_keep_their_own_with() {
    let instance = gate_plugin(&Arc::default(), "{}");
    let deny = attach(&instance, "check", r#"{"contains": "a"}"#);
    let kill = attach(
        &instance,
        "check",
        r#"{"contains": "b", "verdict": "kill"}"#,
    );
    assert!(matches!(judge(&deny, "/a").0, Ok(Verdict::Deny)));
    assert!(matches!(judge(&kill, "/a").0, Ok(Verdict::Allow)));
    assert!(matches!(judge(&kill, "/b").0, Ok(Verdict::Kill)));
}

#[test]
fn errors_are_errors_and_no_verdicts() {
    let instance = gate_plugin(&Arc::default(), "{}");
    let answer = |behave: &str| {
        let with = format!(r#"{{"behave": "{behave}"}}"#);
        judge(&attach(&instance, "check", &with), "/forbidden")
            .0
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!(answer("error"), @"the hook reported an error: told to fail");
    insta::assert_snapshot!(answer("bad-argument"), @"the hook could not read an argument: told to find it unreadable");
    insta::assert_snapshot!(answer("unknown"), @"the hook returned 77, which is no verdict and no error of the ABI");
}

/// Whether this process runs the test alone. If it does not, one that does is started, and must succeed.
///
/// A plugin logs its panics through the first of its instances' hosts: other tests have instances of the same plugin.
fn is_alone(test: &str) -> bool {
    const ALONE: &str = "AUDITHOOK_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    false
}

#[test]
fn a_panic_ends_at_the_plugin_and_poisons_the_instance_but_no_other() {
    if !is_alone("a_panic_ends_at_the_plugin_and_poisons_the_instance_but_no_other") {
        return;
    }
    let services = Arc::<Recorder>::default();
    let (instance, other) = (gate_plugin(&services, "{}"), gate_plugin(&services, "{}"));
    let panicking = attach(&instance, "check", r#"{"behave": "panic"}"#);
    let seen = attach(&instance, "seen", "{}");
    let (judged, _) = judge(&panicking, "/forbidden");
    insta::assert_snapshot!(judged.unwrap_err(), @"the hook panicked: told to panic");
    // Logged through the host, by the panic hook of the plugin's own standard library.
    let log = services.take_log();
    assert!(log.contains("Error gate-plugin: panicked at "), "{log}");
    assert!(
        log.contains("tests/gate-plugin/src/lib.rs:") && log.contains(": told to panic"),
        "{log}"
    );

    assert!(instance.is_poisoned());
    assert!(matches!(
        judge(&panicking, "/allowed").0,
        Err(HookError::Poisoned)
    ));
    let event = Event::new(symbol::intern("open"), &[]);
    assert!(matches!(
        seen.observer().unwrap().observe(&event),
        Err(HookError::Poisoned)
    ));
    assert_eq!(instance.report(), Err(ReportError::Poisoned));
    let error = instance.attach(&Attachment::new("check")).unwrap_err();
    insta::assert_snapshot!(error, @"`gate-plugin.check` cannot be attached: the plugin panicked before and is not entered again");

    assert!(!other.is_poisoned());
    assert!(matches!(
        judge(&attach(&other, "check", "{}"), "/forbidden").0,
        Ok(Verdict::Deny)
    ));
}

#[test]
fn a_panic_in_create_is_a_refusal() {
    let services = Arc::<Recorder>::default();
    let plugin = Plugin::load(&Spec::named("gate-plugin"), &search()).unwrap();
    let error = plugin
        .create(Arc::clone(&services) as _, r#"{"panic": true}"#)
        .unwrap_err();
    insta::assert_snapshot!(error, @"plugin `gate-plugin` cannot be made: it panicked: told to panic at create");
    let error = plugin.create(services, r#"{"contain": "x"}"#).unwrap_err();
    insta::assert_snapshot!(error, @"plugin `gate-plugin` refuses its configuration: unknown field `contain`, expected one of `argument`, `contains`, `panic`, `farewell`");
}

#[test]
fn an_around_gets_its_cookie_back() {
    let instance = gate_plugin(&Arc::default(), "{}");
    let around = attach(&instance, "around", "{}");
    assert_eq!(
        around.kinds(),
        Kinds {
            gate: true,
            after: true,
            observer: false
        }
    );
    let (judged, reply) = judge(&around, "/x");
    assert!(matches!(judged, Ok(Verdict::Allow)));
    assert_eq!(reply.cookie, 1);
    let outcome = Outcome {
        verdict: Verdict::Allow,
        errno: 0,
    };
    let event = Event::new(symbol::intern("open"), &[]);
    let after = around.after().unwrap();
    assert!(after.ended(&event, outcome, reply.cookie).is_ok());
    assert!(matches!(
        after.ended(&event, outcome, 9),
        Err(HookError::BadArgument(_))
    ));
    assert_eq!(
        instance.report().unwrap().unwrap(),
        "gate-plugin: seen 0, started 1, ended 1\n"
    );
}

#[test]
fn counters_and_logs_reach_the_host() {
    let services = Arc::<Recorder>::default();
    let instance = gate_plugin(&services, "{}");
    let seen = attach(&instance, "seen", r#"{"log": true}"#)
        .observer()
        .unwrap();
    let event = Event::new(symbol::intern("shop.order"), &[]);
    for _ in 0..3 {
        seen.observe(&event).unwrap();
    }
    assert_eq!(instance.counters(), [(symbol::intern("seen"), 3)]);
    assert_eq!(services.take_log().lines().count(), 3);
    assert_eq!(instance.report_json().unwrap().unwrap()["seen"], 3);
}

#[test]
fn an_attached_hook_keeps_its_instance_alive() {
    let instance = gate_plugin(&Arc::default(), "{}");
    let gate = attach(&instance, "check", "{}").gate().unwrap();
    drop(instance);
    let args = [Value::path("/forbidden").named(symbol::intern("path"))];
    let event = Event::new(symbol::intern("open"), &args);
    assert!(matches!(
        gate.judge(&event, &mut Reply::default()),
        Ok(Verdict::Deny)
    ));
}

#[test]
fn bucketing_counts_and_prints_its_table() {
    let plugin = Plugin::load(&Spec::named("bucketing"), &search()).unwrap();
    let instance = plugin
        .create(Arc::new(Bus::new()), r#"{"top": 2}"#)
        .unwrap();
    let attachment = Attachment {
        function: "count",
        with: r#"{"by": "module"}"#,
        name: "hook.count-imports",
        on: &["import", "imp*"],
    };
    let count = instance.attach(&attachment).unwrap().observer().unwrap();
    for module in ["os", "re", "os", "json"] {
        let args = [Value::str(module).named(symbol::intern("module"))];
        count
            .observe(&Event::new(symbol::intern("import"), &args))
            .unwrap();
    }
    insta::assert_snapshot!(instance.report().unwrap().unwrap(), @r"
    bucketing: import imp* by module (hook.count-imports)
      COUNT  VALUE
          2  os
          1  json
      4 events in total, 3 distinct values; 2 shown
    ");
    assert_eq!(
        instance.report_json().unwrap().unwrap()["tables"][0]["total"],
        4
    );
}

#[test]
fn a_plugin_on_a_bus_judges_what_the_program_raises() {
    let bus = Bus::new();
    let plugin = Plugin::load(&Spec::named("gate-plugin"), &search()).unwrap();
    let instance = plugin.create(Arc::new(bus.clone()), "{}").unwrap();
    let check = attach(&instance, "check", "{}");
    bus.gate("open")
        .named("hook.check")
        .with_gate(check.gate().unwrap())
        .unwrap();
    let args = [Value::path("/forbidden").named(symbol::intern("path"))];
    let denied = bus
        .raise(&Event::new(symbol::intern("open"), &args))
        .unwrap_err();
    assert_eq!(denied.reason(), Some("`path` contains `forbidden`"));
}

#[test]
fn the_descriptor_is_copied() {
    let plugin = Plugin::load(&Spec::named("gate-plugin"), &search()).unwrap();
    let info = plugin.info();
    assert_eq!(
        (info.id.as_str(), info.abi, info.in_target),
        ("org.audithook.gate-plugin", (1, 0), true)
    );
    assert!(info.sdk.starts_with("audithook-sdk "));
    let hooks: Vec<_> = info.hooks.iter().map(|hook| hook.name.as_str()).collect();
    assert_eq!(hooks, ["check", "around", "seen", "tell"]);
    assert!(plugin.path().is_absolute());
    assert!(plugin.digest().is_some());
}

fn good_plugin() -> Option<(tempfile::TempDir, PathBuf)> {
    let directory = tempfile::tempdir().unwrap();
    let library = compiler::build("good.c", &["-Wpedantic"], directory.path(), "libgood.so")?;
    Some((directory, library))
}

#[test]
fn a_plugin_in_c_uses_all_that_the_host_offers() {
    let Some((_directory, library)) = good_plugin() else {
        return;
    };
    let services = Arc::<Recorder>::default();
    let plugin = Plugin::load(&Spec::at("good", &library), &SearchPath::default()).unwrap();
    let hooks = &plugin.info().hooks;
    assert_eq!(hooks.len(), 2, "a hook of unknown kind is left out");
    assert!(hooks[0].pure && !hooks[1].pure);

    let error = plugin
        .create(Arc::clone(&services) as _, &"x".repeat(65))
        .unwrap_err();
    insta::assert_snapshot!(error, @"plugin `good` refuses its configuration: the configuration is too long");
    let instance = plugin
        .create(Arc::clone(&services) as _, r#"{"a": 1}"#)
        .unwrap();
    let error = instance
        .attach(&Attachment {
            with: &"x".repeat(65),
            ..Attachment::new("keep")
        })
        .unwrap_err();
    insta::assert_snapshot!(error, @"`good.keep` refuses `with`: `with` is too long");

    let no_keys = attach(&instance, "no-keys", "{}");
    let (judged, reply) = judge(&no_keys, "/key.pem");
    assert!(matches!(judged, Ok(Verdict::Deny)));
    assert_eq!(reply.reason.as_deref(), Some("keys stay where they are"));
    let (judged, reply) = judge(&no_keys, "/x");
    assert!(matches!(judged, Ok(Verdict::Allow)));
    assert_eq!(reply.cookie, 2);
    let event = Event::new(symbol::intern("open"), &[]);
    let outcome = Outcome {
        verdict: Verdict::Allow,
        errno: 2,
    };
    assert!(
        no_keys
            .after()
            .unwrap()
            .ended(&event, outcome, reply.cookie)
            .is_ok()
    );
    let judged = no_keys.gate().unwrap().judge(&event, &mut Reply::default());
    insta::assert_snapshot!(judged.unwrap_err(), @"the hook could not read an argument: no path");
    assert_eq!(instance.counters(), [(symbol::intern("good.judged"), 3)]);

    // The third hook of the array is the second that is offered.
    let keep = attach(&instance, "keep", "{}").observer().unwrap();
    {
        let path = String::from("/kept");
        let args = [Value::path(&path).named(symbol::intern("path"))];
        keep.observe(&Event::new(symbol::intern("open"), &args))
            .unwrap();
    }
    keep.observe(&event).unwrap();
    let emitted = services.emitted.lock().unwrap().join("\n");
    assert!(
        emitted.starts_with("good: good.emitted [Path("),
        "{emitted}"
    );

    insta::assert_snapshot!(instance.report().unwrap().unwrap(), @r#"good: \u{1b}[1m{"a": 1}"#);
    assert_eq!(instance.report_json(), Ok(None));
    drop((no_keys, keep, instance));
    insta::assert_snapshot!(services.take_log(), @r"
    Info good: created\n\u{1b}[31m
    Debug good: detached
    Debug good: detached
    Info good: destroyed
    ");
}

#[test]
fn instances_come_and_go_while_others_are_called() {
    let services = Arc::<Recorder>::default();
    let kept = gate_plugin(&services, "{}");
    let check = attach(&kept, "check", "{}");
    let plugin = kept.plugin();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let instance = plugin.create(Arc::clone(&services) as _, "{}").unwrap();
                    let around = attach(&instance, "around", "{}");
                    assert!(judge(&around, "/x").0.is_ok());
                    assert!(matches!(judge(&check, "/forbidden").0, Ok(Verdict::Deny)));
                }
            });
        }
    });
}
