//! What stands between a host and a plugin, seen from the host.

use std::sync::Mutex;

use audithook_sdk::prelude::*;
use audithook_sdk::testing::Host as TestHost;

/// A plugin that does what its hooks' `with` says.
struct Actor {
    host: Host,
    label: String,
}

/// The labels of the plugins that were dropped.
static DROPPED: Mutex<Vec<String>> = Mutex::new(Vec::new());

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Config {
    panic: bool,
    label: String,
}

impl Plugin for Actor {
    type Config = Config;

    fn create(host: Host, config: Config) -> Result<Self> {
        assert!(!config.panic, "panicked in create");
        let label = config.label;
        Ok(Self { host, label })
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        DROPPED
            .lock()
            .unwrap()
            .push(std::mem::take(&mut self.label));
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct With {
    act: String,
}

struct Act {
    plugin: Arc<Actor>,
    act: String,
    path: Symbol,
}

impl Hook for Act {
    type Plugin = Actor;
    type With = With;

    fn attach(plugin: &Arc<Actor>, attach: &Attach<'_>, with: With) -> Result<Self> {
        match with.act.as_str() {
            "panic in attach" => panic!("panicked in attach"),
            "refuse" => Err(Failure::error(format!("{} {}", attach.name, attach.on))),
            _ => Ok(Self {
                plugin: Arc::clone(plugin),
                act: with.act,
                path: attach.host.intern("path")?,
            }),
        }
    }
}

impl Drop for Act {
    fn drop(&mut self) {
        assert!(self.act != "panic in drop", "panicked in drop");
    }
}

impl Gate for Act {
    fn judge(&self, event: &Event<'_>, reply: &mut Reply<'_>) -> Result<Verdict> {
        let host = &self.plugin.host;
        Ok(match self.act.as_str() {
            "deny" => reply.deny(format_args!("{:?}", event.str(self.path))),
            "warn" => reply.warn("warned"),
            "kill" => reply.kill("killed"),
            "panic" => panic!("panicked in {}", "judge"),
            "panic oddly" => std::panic::panic_any(PanicsInDrop),
            "emit" => host.emit(host.intern("acted")?, event.args())?,
            "retain" => match host.retain(event) {
                Some(kept) => reply.warn(format_args!("{:?}", kept.event().str(self.path))),
                None => Verdict::Allow,
            },
            "clock" => reply.warn(host.now_ns().is_some()),
            "name" => reply.warn(host.text(event.id).unwrap_or("?")),
            "io" => {
                std::fs::read("/nonexistent")?;
                Verdict::Allow
            }
            _ => Verdict::Allow,
        })
    }
}

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("panicked in the panic's own drop");
    }
}

audithook_sdk::export! {
    Actor,
    id: "org.example.actor",
    name: "actor",
    summary: "Does what it is told.",
    license: "MIT",
    hooks: [Act: gate(on_failure = Deny) "act" "Does what it is told."],
}

/// The status and the reason of the gate that does this.
fn done(host: &TestHost, act: &str) -> (i32, Option<String>) {
    let plugin = host.create(audithook_plugin_entry, "{}").unwrap();
    let hook = plugin
        .attach("act", &format!(r#"{{"act": "{act}"}}"#))
        .unwrap();
    let judged = hook.judge(&host.event("open", &[("path", Value::path("/x"))]));
    (judged.status, judged.reason)
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn verdicts_come_with_their_reasons() {
    let host = TestHost::new();
    assert_eq!(done(&host, "nothing"), (0, None));
    assert_eq!(done(&host, "warn"), (1, some("warned")));
    assert_eq!(done(&host, "deny"), (2, some("Some(\"/x\")")));
    assert_eq!(done(&host, "kill"), (3, some("killed")));
}

#[test]
fn any_error_is_a_failure() {
    let host = TestHost::new();
    assert_eq!(
        done(&host, "io"),
        (-1, some("No such file or directory (os error 2)"))
    );
}

#[test]
fn a_panic_is_told_and_the_instance_is_not_entered_again() {
    let host = TestHost::new();
    let plugin = host.create(audithook_plugin_entry, "{}").unwrap();
    let allow = plugin.attach("act", r#"{"act": "nothing"}"#).unwrap();
    let panics = plugin.attach("act", r#"{"act": "panic"}"#).unwrap();
    let event = host.event("open", &[]);
    assert_eq!(allow.judge(&event).status, 0);
    let judged = panics.judge(&event);
    assert_eq!(
        (judged.status, judged.reason),
        (-2, some("panicked in judge"))
    );
    assert_eq!(
        (allow.judge(&event).status, allow.judge(&event).reason),
        (-2, None)
    );
    assert_eq!(
        plugin
            .attach("act", r#"{"act": "nothing"}"#)
            .unwrap_err()
            .status(),
        -2
    );
}

#[test]
fn a_panic_whose_words_panic_too_is_caught() {
    assert_eq!(
        done(&TestHost::new(), "panic oddly"),
        (-2, some("a panic without words"))
    );
}

#[test]
fn panics_in_create_attach_and_drop_end_there() {
    let host = TestHost::new();
    let error = host
        .create(audithook_plugin_entry, r#"{"panic": true}"#)
        .unwrap_err();
    assert_eq!((error.status(), error.reason()), (-2, "panicked in create"));

    let plugin = host.create(audithook_plugin_entry, "{}").unwrap();
    let error = plugin
        .attach("act", r#"{"act": "panic in attach"}"#)
        .unwrap_err();
    assert_eq!((error.status(), error.reason()), (-2, "panicked in attach"));

    let plugin = host.create(audithook_plugin_entry, "{}").unwrap();
    drop(plugin.attach("act", r#"{"act": "panic in drop"}"#).unwrap());
    assert_eq!(
        plugin
            .attach("act", r#"{"act": "nothing"}"#)
            .unwrap_err()
            .status(),
        -2
    );
}

#[test]
fn an_instance_is_dropped_but_not_after_a_panic() {
    let host = TestHost::new();
    let create = |label: &str| {
        let config = format!(r#"{{"label": "{label}"}}"#);
        host.create(audithook_plugin_entry, &config).unwrap()
    };
    drop(create("sound"));
    let panicked = create("panicked");
    let hook = panicked.attach("act", r#"{"act": "panic"}"#).unwrap();
    assert_eq!(hook.judge(&host.event("open", &[])).status, -2);
    drop(hook);
    drop(panicked);
    let dropped = DROPPED.lock().unwrap();
    assert!(dropped.iter().any(|label| label == "sound"));
    assert!(!dropped.iter().any(|label| label == "panicked"));
}

#[test]
fn a_refusal_of_with_is_told_with_what_attach_was_told() {
    let host = TestHost::new();
    let plugin = host.create(audithook_plugin_entry, "{}").unwrap();
    let error = plugin
        .attach_as("act", r#"{"act": "refuse"}"#, "hook.name", "open import")
        .unwrap_err();
    assert_eq!(
        (error.status(), error.reason()),
        (-1, "hook.name open import")
    );
    let error = plugin.attach("act", r#"{"akt": 1}"#).unwrap_err();
    assert_eq!(error.status(), -4);
    assert_eq!(error.reason(), "unknown field `akt`, expected `act`");
    assert_eq!(
        host.create(audithook_plugin_entry, "nonsense")
            .unwrap_err()
            .status(),
        -4
    );
}

#[test]
fn a_plugin_s_own_events_are_judged() {
    let host = TestHost::new();
    assert_eq!(done(&host, "emit"), (0, None));
    host.answer_emitted(Verdict::Deny);
    assert_eq!(done(&host, "emit"), (2, None));
    let path = || vec![("path".to_owned(), "/x".to_owned())];
    assert_eq!(
        host.take_emitted(),
        [("acted".into(), path()), ("acted".into(), path())]
    );
}

#[test]
fn what_the_host_offers_is_used_and_what_it_does_not_offer_is_missed() {
    let host = TestHost::new();
    assert_eq!(done(&host, "retain"), (1, some("Some(\"/x\")")));
    assert_eq!(done(&host, "clock"), (1, some("true")));
    assert_eq!(done(&host, "name"), (1, some("open")));

    let minimal = TestHost::minimal();
    let plugin = minimal.create(audithook_plugin_entry, "{}").unwrap();
    // It cannot intern: the hook is refused, and without `set_reason` nobody learns why.
    let error = plugin.attach("act", r#"{"act": "deny"}"#).unwrap_err();
    assert_eq!((error.status(), error.reason()), (-5, ""));
}

#[test]
fn another_major_version_is_offered_nothing() {
    assert!(audithook_plugin_entry(0).is_null());
    assert!(audithook_plugin_entry(2).is_null());
    assert!(!audithook_plugin_entry(1).is_null());
}
