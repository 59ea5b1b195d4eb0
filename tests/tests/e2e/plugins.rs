//! Plugins: the table of `bucketing` over a whole tree, and a gate in the supervisor and in the program.

use audithook_tests::{Outcome, Python, Run, Scratch, build, for_each_python, python};

fn bucketing() -> String {
    format!(
        "[plugin.bucketing]\npath = \"{}\"\nplacement = \"supervisor\"\n",
        build::bucketing().display()
    )
}

fn gate(placement: &str) -> String {
    format!(
        "[plugin.gate-plugin]\npath = \"{}\"\nplacement = \"{placement}\"\n",
        build::gate_plugin().display()
    )
}

/// Raises `shop.order` for what is forbidden and what is not, and says what became of each.
const ORDERS: &str = "\
import sys
for what in ('tea', 'forbidden fruit'):
    try:
        sys.audit('shop.order', what)
        print(what, 'ordered')
    except PermissionError as error:
        print(error)
";

fn run_gate(placement: &str, hook: &str, python: &Python, code: &str) -> (Scratch, Outcome) {
    let scratch = Scratch::new();
    let policy = format!(
        "version = 1\n{}[[hook]]\nname = \"gate\"\non = \"shop.order\"\n{hook}",
        gate(placement)
    );
    let outcome = Run::new(&scratch, &policy).code(python, code).finish();
    (scratch, outcome)
}

const CALL: &str = "call = \"gate-plugin.check\"\n";

for_each_python! {
    /// Done-when 3: a plugin counts a program's own events, over all processes of the tree.
    fn bucketing_counts_events_of_the_whole_tree(python: &Python) {
        let scratch = Scratch::new();
        let policy = format!(
            "version = 1\n{}[[hook]]\nname = \"orders\"\non = \"shop.order\"\ncall = \"bucketing.count\"\nwith = {{ by = \"0\" }}\n",
            bucketing()
        );
        let code = "\
import os, subprocess, sys
for _ in range(30): sys.audit('shop.order', 'tea')
if os.fork() == 0:
    for _ in range(12): sys.audit('shop.order', 'coffee')
    os._exit(0)
os.wait()
subprocess.check_call([sys.executable, '-c', 'import sys; [sys.audit(\"shop.order\", \"tea\") for _ in range(5)]'])
";
        let outcome = Run::new(&scratch, &policy).code(python, code).finish();
        outcome.assert_success();
        let table: Vec<_> = outcome.err().lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert!(table.iter().any(|line| line == "35 tea") && table.iter().any(|line| line == "12 coffee"), "{}", outcome.describe());
        assert_eq!(outcome.out(), "", "the table goes to standard error");
        let journal = outcome.journal();
        assert!(journal.find("plugin.load", &[("plugin", "bucketing")]).is_some(), "{}", journal.describe());
    }

    fn a_gate_in_the_supervisor_denies(python: &Python) {
        let (_scratch, outcome) = run_gate("supervisor", &format!("{CALL}with = {{ argument = \"0\" }}\n"), python, ORDERS);
        assert_gate_denied(&outcome);
    }

    fn a_gate_in_the_program_denies(python: &Python) {
        let (_scratch, outcome) = run_gate("target", &format!("{CALL}with = {{ argument = \"0\" }}\n"), python, ORDERS);
        assert_gate_denied(&outcome);
    }
}

#[track_caller]
fn assert_gate_denied(outcome: &Outcome) {
    outcome
        .assert_success()
        .assert_out("tea ordered\n")
        .assert_out("denied by rule `hook.gate`")
        .assert_out("`0` contains `forbidden`");
    let journal = outcome.journal();
    let refusals: Vec<_> = journal.refusals().collect();
    assert_eq!(refusals.len(), 1, "{refusals:#?}");
    assert_eq!(refusals[0].arg("0"), "forbidden fruit");
    assert_eq!(refusals[0].rules(), ["hook.gate"]);
}

#[test]
fn a_gate_that_fails_denies_allows_or_is_disabled_as_on_error_says() {
    for placement in ["supervisor", "target"] {
        for behaviour in ["error", "bad-argument", "unknown", "panic"] {
            let hook = |on_error: &str| {
                format!("{CALL}with = {{ argument = \"0\", behave = \"{behaviour}\" }}\n{on_error}")
            };
            let run =
                |on_error: &str| run_gate(placement, &hook(on_error), python::newest(), ORDERS);
            let (_scratch, strict) = run("");
            strict
                .assert_success()
                .assert_out("tea ordered\n")
                .assert_out("denied by rule `hook.gate`");
            let (_scratch, lenient) = run("on-error = \"allow\"\n");
            let title = format!("{placement} {behaviour}\n{}", lenient.describe());
            assert_eq!(
                lenient.assert_success().out(),
                "tea ordered\nforbidden fruit ordered\n",
                "{title}"
            );
            if placement == "supervisor" {
                // Failing open is never silent.
                let journal = lenient.journal();
                assert!(journal.of("plugin.error").next().is_some(), "{title}");
            }
        }
    }
}

#[test]
fn a_gate_that_kills_ends_the_run() {
    for placement in ["supervisor", "target"] {
        let hook = format!("{CALL}with = {{ argument = \"0\", verdict = \"kill\" }}\n");
        let (_scratch, outcome) = run_gate(placement, &hook, python::newest(), ORDERS);
        outcome.assert_code(137);
        assert!(
            !outcome.out().contains("fruit"),
            "{placement}\n{}",
            outcome.describe()
        );
    }
}

#[test]
fn a_gate_that_warns_lets_it_happen() {
    for placement in ["supervisor", "target"] {
        let hook = format!("{CALL}with = {{ argument = \"0\", verdict = \"warn\" }}\n");
        let (_scratch, outcome) = run_gate(placement, &hook, python::newest(), ORDERS);
        assert_eq!(
            outcome.assert_success().out(),
            "tea ordered\nforbidden fruit ordered\n",
            "{placement}"
        );
        let journal = outcome.journal();
        let warned: Vec<_> = journal
            .refusals()
            .filter(|record| record.verdict() == "warn")
            .collect();
        assert_eq!(warned.len(), 1, "{placement}: {}", journal.describe());
    }
}

#[test]
fn a_slow_gate_holds_up_only_whom_it_judges() {
    let hook = format!(
        "{CALL}with = {{ argument = \"0\", behave = \"sleep\", sleep-ms = 300, contains = \"slow\", verdict = \"allow\" }}\n"
    );
    let code = "\
import sys, threading, time
done = threading.Event()
def slow():
    sys.audit('shop.order', 'slow')
    done.set()
thread = threading.Thread(target=slow)
thread.start()
count = 0
while not done.is_set():
    count += 1
    time.sleep(0)
thread.join()
print('other threads ran' if count > 10 else count)
";
    let (_scratch, outcome) = run_gate("supervisor", &hook, python::newest(), code);
    assert_eq!(
        outcome.assert_success().out(),
        "other threads ran\n",
        "{}",
        outcome.describe()
    );
}

#[test]
fn a_gate_in_the_program_holds_in_forks_and_threads() {
    let code = "\
import os, sys, threading
def order():
    try:
        sys.audit('shop.order', 'forbidden')
        return 'ordered'
    except PermissionError:
        return 'refused'
results = []
threads = [threading.Thread(target=lambda: results.append(order())) for _ in range(20)]
for t in threads: t.start()
for t in threads: t.join()
reader, writer = os.pipe()
if os.fork() == 0:
    os.write(writer, order().encode())
    os._exit(0)
os.wait()
print(set(results), len(results), os.read(reader, 100).decode())
";
    let (_scratch, outcome) = run_gate(
        "target",
        &format!("{CALL}with = {{ argument = \"0\" }}\n"),
        python::newest(),
        code,
    );
    assert_eq!(
        outcome.assert_success().out(),
        "{'refused'} 20 refused\n",
        "{}",
        outcome.describe()
    );
}

#[test]
fn a_gate_that_fails_again_and_again_is_quarantined_loudly() {
    let hook =
        format!("{CALL}with = {{ argument = \"0\", behave = \"error\" }}\non-error = \"allow\"\n");
    let code = "import sys\nfor _ in range(300): sys.audit('shop.order', 'forbidden')\n";
    let (_scratch, outcome) = run_gate("supervisor", &hook, python::newest(), code);
    outcome.assert_success();
    let journal = outcome.journal();
    assert!(
        journal
            .find("plugin.quarantined", &[("plugin", "gate-plugin")])
            .is_some(),
        "{}",
        journal.describe()
    );
}

#[test]
fn a_plugin_that_cannot_be_loaded_starts_nothing() {
    let scratch = Scratch::new();
    scratch.write("text.so", "no library\n");
    let hook = "[[hook]]\non = \"open\"\ncall = \"other.count\"\n";
    let refused = |plugin: &str, why: &str| {
        let policy = format!("version = 1\n{plugin}{hook}");
        let outcome = Run::new(&scratch, &policy)
            .command(["touch", "started"])
            .finish();
        outcome.assert_code(125).assert_err(why);
    };
    let table = |path: &str, more: &str| {
        format!("[plugin.other]\npath = \"{path}\"\nplacement = \"supervisor\"\n{more}")
    };
    let bucketing = build::bucketing().display().to_string();
    refused("", "other");
    refused(&table("./nowhere.so", ""), "nowhere.so");
    refused(&table("./text.so", ""), "text.so");
    refused(
        &table(&bucketing, &format!("sha256 = \"{}\"\n", "0".repeat(64))),
        "sha256",
    );
    refused(&table(&bucketing, ""), "it is the plugin `bucketing`");
    refused("[plugin.other]\npath = \"./text.so\"\n", "placement");
    assert!(!scratch.join("started").exists());
}

#[test]
fn events_raised_while_a_plugin_counts_are_all_counted() {
    let scratch = Scratch::new();
    let policy = format!(
        "version = 1\n{}[[hook]]\non = \"shop.*\"\ncall = \"bucketing.count\"\nwith = {{ by = \"0\" }}\n",
        bucketing()
    );
    let code = "\
import sys, threading
def order(name):
    for _ in range(5000): sys.audit('shop.order', name)
threads = [threading.Thread(target=order, args=('thread-%d' % n,)) for n in range(4)]
for t in threads: t.start()
for t in threads: t.join()
";
    let outcome = Run::new(&scratch, &policy)
        .code(python::newest(), code)
        .finish();
    let table: Vec<_> = outcome
        .assert_success()
        .err()
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for number in 0..4 {
        assert!(
            table.contains(&format!("5000 thread-{number}")),
            "{}",
            outcome.describe()
        );
    }
}
