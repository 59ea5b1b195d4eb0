//! Random hooks and verdicts, against a model that is too simple to be wrong.

use std::sync::{Arc, Mutex};

use audithook_bus::{Bus, Event, Hook, Mode, OnError, Verdict, intern};
use proptest::prelude::*;

/// A gate of the model. Its name is its place in the list.
#[derive(Clone, Debug)]
struct Spec {
    on: &'static str,
    priority: i32,
    order: u32,
    plugin: Option<&'static str>,
    mode: Mode,
    /// `None` fails.
    says: Option<Verdict>,
    on_error: OnError,
    around: bool,
}

fn spec() -> impl Strategy<Value = Spec> {
    (
        prop::sample::select(vec!["m.a", "m.b", "m.*", "*", "m.?"]),
        -2..3i32,
        0..4u32,
        prop::sample::select(vec![None, Some("p"), Some("q")]),
        prop::sample::select(vec![Mode::Enforce, Mode::Enforce, Mode::Warn, Mode::Off]),
        prop::sample::select(vec![
            None,
            Some(Verdict::Allow),
            Some(Verdict::Allow),
            Some(Verdict::Warn),
            Some(Verdict::Deny),
            Some(Verdict::Kill),
        ]),
        prop::sample::select(vec![OnError::Deny, OnError::Allow]),
        any::<bool>(),
    )
        .prop_map(
            |(on, priority, order, plugin, mode, says, on_error, around)| Spec {
                on,
                priority,
                order,
                plugin,
                mode,
                says,
                on_error,
                around,
            },
        )
}

/// What the model expects of one event.
#[derive(Debug, Default, PartialEq)]
struct Expected {
    verdict: Verdict,
    would: Verdict,
    deciding: Option<String>,
    agreed: Vec<String>,
    fail_open: bool,
    ran: Vec<String>,
}

fn expect(specs: &[Spec], bus_mode: Mode, event: &str) -> Expected {
    let mut meant: Vec<(usize, &Spec)> = specs
        .iter()
        .enumerate()
        .filter(|(_, spec)| match spec.on {
            "m.a" | "m.b" => spec.on == event,
            _ => true,
        })
        .filter(|(_, spec)| spec.mode != Mode::Off && bus_mode != Mode::Off)
        .collect();
    meant.sort_by_key(|(place, spec)| (spec.priority, spec.order, spec.plugin, *place));
    let mut expected = Expected::default();
    let mut said: Vec<(String, Verdict, Verdict)> = Vec::new();
    for (place, spec) in &meant {
        expected.ran.push(format!("+{place}"));
        let would = match (spec.says, spec.on_error) {
            (Some(verdict), _) => verdict,
            (None, OnError::Deny) => Verdict::Deny,
            (None, _) => {
                expected.fail_open = true;
                Verdict::Allow
            }
        };
        let soft = spec.mode == Mode::Warn || bus_mode == Mode::Warn;
        let verdict = if soft && would.refuses() {
            Verdict::Warn
        } else {
            would
        };
        said.push((place.to_string(), verdict, would));
    }
    for (place, spec) in meant.iter().rev() {
        if spec.around {
            expected.ran.push(format!("-{place}"));
        }
    }
    for strength in [Verdict::Warn, Verdict::Deny, Verdict::Kill] {
        if said.iter().any(|(_, verdict, _)| *verdict == strength) {
            expected.verdict = strength;
        }
        if said.iter().any(|(_, _, would)| *would == strength) {
            expected.would = strength;
        }
    }
    let strongest: Vec<&(String, Verdict, Verdict)> = said
        .iter()
        .filter(|(_, verdict, _)| *verdict != Verdict::Allow && *verdict == expected.verdict)
        .collect();
    let would = strongest.iter().map(|(_, _, would)| *would).max();
    let deciding = strongest.iter().find(|(_, _, w)| Some(*w) == would);
    expected.deciding = deciding.map(|(name, _, _)| name.clone());
    expected.agreed = strongest
        .iter()
        .map(|(name, _, _)| name.clone())
        .filter(|name| Some(name) != expected.deciding.as_ref())
        .collect();
    expected
}

/// The gates of a list, attached; what ran is noted.
fn hooks(specs: &[Spec], ran: &Arc<Mutex<Vec<String>>>) -> Vec<Hook> {
    let hook = |(place, spec): (usize, &Spec)| {
        let (before, after) = (ran.clone(), ran.clone());
        let (says, name) = (spec.says, place.to_string());
        let gate = move |_: &Event<'_>, _: &mut audithook_bus::Reply| {
            before.lock().unwrap().push(format!("+{place}"));
            says.ok_or("broken")
        };
        macro_rules! dress {
            ($builder:expr) => {{
                let builder = $builder
                    .named(&name)
                    .priority(spec.priority)
                    .order(spec.order)
                    .mode(spec.mode)
                    .on_error(spec.on_error);
                match spec.plugin {
                    Some(plugin) => builder.plugin(plugin),
                    None => builder,
                }
            }};
        }
        if spec.around {
            dress!(Hook::around(spec.on)).with(gate, move |_, _, _| {
                after.lock().unwrap().push(format!("-{place}"))
            })
        } else {
            dress!(Hook::gate(spec.on)).with(gate)
        }
    };
    specs.iter().enumerate().map(hook).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_bus_decides_as_the_model_does(
        specs in prop::collection::vec(spec(), 0..12),
        mode in prop::sample::select(vec![Mode::Enforce, Mode::Enforce, Mode::Warn, Mode::Off]),
        reversed in any::<bool>(),
    ) {
        let bus = Bus::new();
        bus.set_mode(mode).unwrap();
        let ran = Arc::default();
        let mut hooks = hooks(&specs, &ran);
        if reversed && specs.iter().all(|spec| specs.iter().filter(|other| rank(other) == rank(spec)).count() == 1) {
            // Where the order is given, the order of attaching must not matter.
            hooks.reverse();
        }
        bus.replace(hooks).unwrap();
        for event in ["m.a", "m.b"] {
            ran.lock().unwrap().clear();
            let decision = bus.judge(&Event::new(intern(event), &[]));
            let got = Expected {
                verdict: decision.verdict,
                would: decision.would,
                deciding: decision.deciding.map(|hook| hook.name().into()),
                agreed: decision.agreed.iter().map(|hook| hook.name().into()).collect(),
                fail_open: decision.fail_open,
                ran: ran.lock().unwrap().clone(),
            };
            prop_assert_eq!(got, expect(&specs, mode, event));
        }
    }
}

fn rank(spec: &Spec) -> (i32, u32, Option<&str>) {
    (spec.priority, spec.order, spec.plugin)
}
