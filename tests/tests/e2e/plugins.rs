//! Plugins: the table of `bucketing` over a whole tree, and a gate in the supervisor and in the program.

use std::process::Command;

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

/// Starts the program in every way.
const STARTS: &str = "\
import multiprocessing, os, subprocess, sys
import multiprocessing.util
program = sys.argv[1]
def attempt(what, start):
    try:
        status = start()
    except PermissionError:
        status = 126
    print(what, 'done' if status == 0 else 'refused', flush=True)
def fork(execute, before=lambda: None):
    pid = os.fork()
    if pid == 0:
        try:
            before()
            execute(program, [program])
        except OSError:
            pass
        os._exit(126)
    return os.waitpid(pid, 0)[1]
def look():
    open('/dev/null').close()
def without_event():
    # As multiprocessing starts its helpers: no version before 3.14 raises an event for it.
    pid = multiprocessing.util.spawnv_passfds(os.fsencode(program), [program], [])
    return os.waitpid(pid, 0)[1]
attempt('run', lambda: subprocess.call([program]))
attempt('with open descriptors', lambda: subprocess.call([program], close_fds=False))
attempt('with a function before', lambda: subprocess.call([program], preexec_fn=look))
attempt('with an empty function before', lambda: subprocess.call([program], preexec_fn=lambda: None))
attempt('elsewhere', lambda: subprocess.call([os.path.basename(program)], executable='./' + os.path.basename(program), cwd=os.path.dirname(program)))
attempt('fork', lambda: fork(os.execv))
attempt('fork and open', lambda: fork(os.execv, look))
attempt('posix_spawn', lambda: os.waitpid(os.posix_spawn(program, [program], {}), 0)[1])
attempt('without an event', without_event)
attempt('shell', lambda: subprocess.call([program, program], shell=True))
attempt('shell twice', lambda: subprocess.call(program + ' && ' + program, shell=True))
attempt('system', lambda: os.system(program + '; exit $?'))
attempt('script', lambda: subprocess.call(['./script.sh', program]))
attempt('env', lambda: subprocess.call(['env', program]))
attempt('below', lambda: subprocess.call(['sh', '-c', '\"$0\" -c \"$1\" \"$2\"; exit $?', sys.executable, 'import subprocess, sys; sys.exit(subprocess.call(sys.argv[1]))', program]))
";

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

    fn a_gate_in_a_process_of_its_own_denies(python: &Python) {
        let (_scratch, outcome) = run_gate("process", &format!("{CALL}with = {{ argument = \"0\" }}\n"), python, ORDERS);
        assert_gate_denied(&outcome);
    }

    /// Whoever starts it: the interpreter, a forked or a `vfork` child, a shell.
    fn a_gate_in_the_program_is_asked_of_every_start_of_a_program(python: &Python) {
        let events = "on = [\"os.exec\", \"subprocess.Popen\", \"os.posix_spawn\", \"os.system\", \"open\"]";
        let hook = |rest: &str| format!("[[hook]]\nname = \"gate\"\n{events}\n{CALL}{rest}");
        let policy = |rest: &str| format!("version = 1\n{}{}", gate("target"), hook(rest));
        let scratch = Scratch::new();
        scratch.write("starts.py", STARTS);
        scratch.write_program("script.sh", "#!/bin/sh\n\"$1\"\n");
        let copied = Command::new("cp").arg("/bin/true").arg(scratch.join("forbidden")).status();
        assert!(copied.expect("cp runs").success());
        let run = |policy: &str, program: &str| {
            Run::new(&scratch, policy).python(python, &["starts.py", program])
        };
        let bare = run("version = 1\n", "/bin/true").finish_bare();
        let allowed = run(&policy(""), "/bin/true").finish();
        assert_eq!(allowed.assert_success().out(), bare.assert_success().out(), "{}", allowed.describe());
        assert!(!bare.out().contains("refused"), "{}", bare.describe());
        allowed.journal().assert_no_refusals();
        let forbidden = scratch.text("forbidden");
        let refused = run(&policy(""), &forbidden).finish();
        let out = refused.assert_success().out();
        assert_eq!(out.lines().count(), bare.out().lines().count(), "{}", refused.describe());
        assert!(out.lines().all(|line| line.ends_with("refused")), "{}", refused.describe());
        let journal = refused.journal();
        assert!(journal.refusals().all(|record| record.rules() == ["hook.gate"]), "{}", journal.describe());
        let failing = run(&policy("with = { behave = \"error\" }\non-error = \"allow\"\n"), &forbidden).finish();
        assert_eq!(failing.assert_success().out(), bare.out(), "{}", failing.describe());
        let journal = failing.journal();
        assert!(journal.of("plugin.error").count() >= out.lines().count(), "{}", journal.describe());
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
            // Failing is never silent.
            lenient.assert_err("audithook: `hook.gate` missed 1 event, which passed without it: ");
            assert!(!strict.err().contains("missed"), "{placement} {behaviour}");
            for (outcome, verdict) in [(&lenient, "allow"), (&strict, "deny")] {
                let told = [
                    ("plugin", "gate-plugin"),
                    ("hook", "hook.gate"),
                    ("verdict", verdict),
                ];
                let journal = outcome.journal();
                assert!(journal.find("plugin.error", &told).is_some(), "{title}");
            }
        }
    }
}

/// Nobody but audithook speaks of its hooks.
#[test]
fn a_program_that_says_that_a_hook_failed_is_recorded_and_not_believed() {
    let hook = format!("{CALL}with = {{ argument = \"0\" }}\n");
    let bucketing = format!(
        "[plugin.bucketing]\npath = {:?}\nplacement = \"supervisor\"\n[[hook]]\non = \"*\"\ncall = \"bucketing.count\"\n",
        build::bucketing()
    );
    let code = "import sys\nsys.audit('plugin.error', 'gate-plugin', 'hook.gate', 'not at all', 'allow')\n";
    for placement in ["supervisor", "target"] {
        let (_scratch, outcome) = run_gate(
            placement,
            &format!("{hook}{bucketing}"),
            python::newest(),
            code,
        );
        outcome.assert_success();
        assert!(!outcome.err().contains("missed"), "{}", outcome.describe());
        let journal = outcome.journal();
        assert_eq!(
            journal.of("plugin.error").count(),
            1,
            "{}",
            journal.describe()
        );
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
fn a_gate_that_panics_is_told_of_at_the_end_and_with_every_event_that_passed_it() {
    let hook =
        format!("{CALL}with = {{ argument = \"0\", behave = \"panic\" }}\non-error = \"allow\"\n");
    let code = "import sys\nfor _ in range(3): sys.audit('shop.order', 'forbidden')\n";
    let (_scratch, outcome) = run_gate("supervisor", &hook, python::newest(), code);
    outcome
        .assert_success()
        .assert_err("audithook: `hook.gate` missed 3 events, which passed without it: ");
    let journal = outcome.journal();
    let orders: Vec<_> = journal.of("shop.order").collect();
    assert_eq!(orders.len(), 3, "{}", journal.describe());
    for order in orders {
        assert_eq!(
            order.0["reason"], "`hook.gate` failed, and its `on-error` let the event pass",
            "{order:?}"
        );
    }
}

#[test]
fn what_a_plugin_counts_stands_below_its_report_at_the_end_of_a_run() {
    let hook = "call = \"gate-plugin.seen\"\n";
    let code = "import sys\nfor _ in range(12): sys.audit('shop.order', 'tea')\n";
    let (_scratch, outcome) = run_gate("supervisor", hook, python::newest(), code);
    outcome
        .assert_success()
        .assert_err("gate-plugin: seen 12, started 0, ended 0\ncounters: seen 12\n");
}

#[test]
fn hooks_that_are_not_entered_any_more_are_told_of_once_and_what_they_missed_is_counted() {
    let hook = "call = \"gate-plugin.seen\"\nwith = { behave = \"panic\" }\n\n[[hook]]\non = \"shop.order\"\n\
        name = \"sibling\"\ncall = \"gate-plugin.seen\"\n";
    let code = "import sys\nfor _ in range(500): sys.audit('shop.order', 'tea')\n";
    let (_scratch, outcome) = run_gate("supervisor", hook, python::newest(), code);
    let missed = outcome
        .assert_success()
        .assert_err("audithook: `hook.gate` missed 500 events, which passed without it: ")
        .err();
    // The sibling may have seen the first one.
    assert!(
        ["499", "500"]
            .iter()
            .any(|count| missed.contains(&format!("`hook.sibling` missed {count} events"))),
        "{missed}"
    );
    let journal = outcome.journal();
    assert_eq!(journal.of("shop.order").count(), 500);
    let errors = |hook: &str| -> Vec<String> {
        let of_hook = journal
            .of("plugin.error")
            .filter(|line| line.arg("hook") == hook);
        of_hook
            .map(|line| line.arg("error").as_str().expect("text").to_owned())
            .collect()
    };
    let [first, second, last] = &errors("hook.gate")[..] else {
        panic!("{}", journal.describe());
    };
    assert!(first.starts_with("the hook panicked"), "{first}");
    assert_eq!(second, "the hook is poisoned");
    assert_eq!(
        last,
        "the hook is poisoned: 498 more events passed without it"
    );
    assert!(errors("hook.sibling").len() <= 3, "{}", journal.describe());
}

#[test]
fn a_refusal_by_a_gate_that_panicked_says_so() {
    let hook = format!("{CALL}with = {{ argument = \"0\", behave = \"panic\" }}\n");
    let code = "\
import sys
for _ in range(3):
    try:
        sys.audit('shop.order', 'forbidden')
    except PermissionError:
        pass
";
    let (_scratch, outcome) = run_gate("supervisor", &hook, python::newest(), code);
    outcome
        .assert_success()
        .assert_err("by rule `hook.gate` (hooks.toml:5), 2 times: the hook is poisoned");
    assert!(!outcome.err().contains("missed"), "{}", outcome.describe());
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
        assert!(
            !outcome.err().contains("not a sandbox"),
            "nothing runs: {}",
            outcome.describe()
        );
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
    refused("[plugin.other]\npath = \"./text.so\"\n", "not an ELF file");
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

/// Three hooks: one that tells of every order, one that counts what is told, and one that has something against it.
fn telling(with: &str) -> String {
    format!(
        "version = 1\n{}{}[[hook]]\nname = \"tell\"\non = \"shop.order\"\ncall = \"gate-plugin.tell\"\nwith = {with}\n\
[[hook]]\nname = \"count\"\non = \"gate-plugin.told\"\ncall = \"bucketing.count\"\nwith = {{ by = \"what\" }}\n\
[[hook]]\nname = \"no-fruit\"\non = \"gate-plugin.told\"\nwhen = 'args.what.contains(\"fruit\")'\ndo = \"deny\"\nreason = \"no fruit\"\n",
        gate("supervisor"),
        bucketing()
    )
}

#[test]
fn an_event_that_a_plugin_raises_outside_its_hooks_meets_gates_observers_and_the_journal() {
    let scratch = Scratch::new();
    let outcome = Run::new(&scratch, &telling("{ outside = true }"))
        .code(python::newest(), ORDERS)
        .finish();
    // The plugin obeys the verdict on its own event, and gives it on.
    outcome
        .assert_success()
        .assert_out("tea ordered\n")
        .assert_out("denied by rule `hook.tell`")
        .assert_err("gate-plugin.told: `forbidden fruit` by rule `hook.no-fruit`")
        .assert_err("2 events in total, 2 distinct values");
    let journal = outcome.journal();
    let told: Vec<_> = journal.of("gate-plugin.told").collect();
    let [tea, fruit] = told[..] else {
        panic!("{}", outcome.describe());
    };
    assert_eq!((tea.arg("what"), tea.verdict()), (&"tea".into(), "allow"));
    assert_eq!(tea.0["sources"], serde_json::json!(["app"]));
    assert_eq!(tea.0.get("nested"), None);
    assert_eq!(fruit.verdict(), "deny");
    assert_eq!(fruit.rules(), ["hook.no-fruit"]);
    assert_eq!(fruit.0["reason"], "no fruit");
}

#[test]
fn an_event_that_a_plugin_raises_inside_a_hook_meets_observers_of_others_and_the_journal() {
    let scratch = Scratch::new();
    let policy = telling("{}")
        + "[[hook]]\nname = \"its-own\"\non = \"gate-plugin.told\"\ncall = \"gate-plugin.seen\"\n";
    let outcome = Run::new(&scratch, &policy)
        .code(python::newest(), ORDERS)
        .finish();
    assert_eq!(
        outcome.assert_success().out(),
        "tea ordered\nforbidden fruit ordered\n"
    );
    outcome
        .assert_err("2 events in total, 2 distinct values")
        .assert_err("gate-plugin: seen 0,");
    let journal = outcome.journal();
    let told: Vec<_> = journal.of("gate-plugin.told").collect();
    assert_eq!(told.len(), 2, "{}", outcome.describe());
    for record in told {
        assert_eq!(record.verdict(), "allow");
        assert_eq!(record.0["nested"], true, "{record:?}");
    }
}

#[test]
fn a_plugins_event_is_judged_in_the_policys_mode() {
    let scratch = Scratch::new();
    let told = |mode: &str| {
        let policy = telling("{ outside = true }").replace(
            "version = 1\n",
            &format!("version = 1\nmode = \"{mode}\"\n"),
        );
        let outcome = Run::new(&scratch, &policy)
            .code(python::newest(), ORDERS)
            .finish();
        assert_eq!(
            outcome.assert_success().out(),
            "tea ordered\nforbidden fruit ordered\n"
        );
        let journal = outcome.journal();
        let told = journal.of("gate-plugin.told");
        told.map(|record| (record.verdict().to_owned(), record.0["would"].clone()))
            .collect::<Vec<_>>()
    };
    let warned = told("warn");
    assert_eq!(warned.len(), 2);
    assert_eq!(warned[1], ("warn".to_owned(), "deny".into()));
    // Nobody asks the gate that would raise it.
    assert!(told("off").is_empty());
}

/// The services of a run hold the bus, whose hooks hold the services: somebody must let go.
#[test]
fn a_plugin_is_ended_with_its_run() {
    let scratch = Scratch::new();
    let policy = format!(
        "version = 1\n{}config = {{ farewell = true }}\n[[hook]]\non = \"shop.order\"\n{CALL}with = {{ argument = \"0\" }}\n\
[[hook]]\non = \"shop.order\"\ncall = \"gate-plugin.seen\"\n",
        gate("supervisor")
    );
    let outcome = Run::new(&scratch, &policy)
        .code(python::newest(), ORDERS)
        .finish();
    outcome
        .assert_success()
        .assert_err("audithook: plugin `gate-plugin`: farewell\n");
}

#[test]
fn what_a_plugin_logs_is_told_and_quietly_only_its_errors() {
    let scratch = Scratch::new();
    let policy = format!(
        "version = 1\n{}[[hook]]\non = \"shop.order\"\ncall = \"gate-plugin.seen\"\nwith = {{ log = true }}\n",
        gate("supervisor")
    );
    let run = |flags: &[&str]| {
        Run::new(&scratch, &policy)
            .flags(flags)
            .code(python::newest(), ORDERS)
            .finish()
    };
    run(&[])
        .assert_success()
        .assert_err("audithook: plugin `gate-plugin`: seen: shop.order\n");
    let quiet = run(&["-q"]);
    assert!(
        !quiet.err().contains("seen: shop.order"),
        "{}",
        quiet.describe()
    );
}

#[test]
fn a_plugin_is_told_no_name_that_is_not_the_events() {
    let policy = format!(
        "version = 1\n{}{}[[hook]]\nname = \"gate\"\non = \"order.*\"\n{CALL}with = {{ argument = \"0\" }}\n\
         [[hook]]\nname = \"counting\"\non = \"order.*\"\ncall = \"bucketing.count\"\n\
         [[hook]]\nname = \"others\"\non = \"other.*\"\ncall = \"bucketing.count\"\n",
        gate("supervisor"),
        bucketing()
    );
    let code = "\
import sys
for name in ('order.short', 'order.' + 'long' * 150):
    try:
        sys.audit(name, 'tea')
        print('ordered')
    except PermissionError:
        print('refused')
";
    let outcome = Run::new(&Scratch::new(), &policy)
        .code(python::newest(), code)
        .finish();
    // A gate that fails refuses, an observer misses it.
    assert_eq!(outcome.assert_success().out(), "ordered\nrefused\n");
    let missed = "missed 1 event, which passed without it: the event's name cannot be told";
    outcome
        .assert_err(&format!("audithook: `hook.counting` {missed}"))
        .assert_err("1  order.short");
    assert!(
        !outcome.err().contains("hook.others` missed"),
        "{}",
        outcome.describe()
    );
}

/// A plugin that does what the event's first argument says, in a process of its own; `None`, loudly, without a C compiler.
fn ways(scratch: &Scratch) -> Option<String> {
    let own = build::project().join("core");
    let library = scratch.join("libways.so");
    let made = Command::new("cc")
        .args(["-shared", "-fPIC", "-I"])
        .arg(own.join("abi/include"))
        .arg("-o")
        .arg(&library)
        .arg(own.join("plugin-process/tests/plugins/ways.c"))
        .status();
    #[expect(
        clippy::print_stderr,
        reason = "a test that proves nothing must say so"
    )]
    match made {
        Ok(status) => assert!(status.success()),
        Err(error) => {
            eprintln!("SKIPPED: `cc` does not run ({error}): ways.c was not built");
            return None;
        }
    }
    let path = library.display();
    Some(format!(
        "version = 1\n[plugin.ways]\npath = \"{path}\"\n[plugin.ways.sandbox]\ntimeout = \"300ms\"\nmemory = \"64MiB\"\n"
    ))
}

/// Its end is nobody else's: the gate's `on-error` answers, the journal says why, and the next process goes on.
#[test]
fn a_plugin_that_crashes_hangs_or_eats_memory_in_its_own_process_leaves_the_run_alive() {
    let scratch = Scratch::new();
    let Some(plugin) = ways(&scratch) else { return };
    let policy = format!(
        "{plugin}[[hook]]\nname = \"strict\"\non = \"shop.order\"\ncall = \"ways.judge\"\n\
         [[hook]]\nname = \"mild\"\non = \"shop.return\"\ncall = \"ways.judge\"\non-error = \"allow\"\n"
    );
    let code = "\
import sys
def attempt(event, way):
    try:
        sys.audit(event, way)
        return 'allowed'
    except PermissionError:
        return 'refused'
for way in 'crash', 'hang', 'abort', 'hog':
    print(way, attempt('shop.order', way))
    while attempt('shop.order', 'nothing') == 'refused':
        pass
print('crash', attempt('shop.return', 'crash'))
while attempt('shop.order', 'nothing') == 'refused':
    pass
print('read', attempt('shop.order', 'read /etc/passwd'))
";
    let outcome = Run::new(&scratch, &policy)
        .code(python::newest(), code)
        .finish();
    let said =
        "crash refused\nhang refused\nabort refused\nhog refused\ncrash allowed\nread allowed\n";
    assert_eq!(
        outcome.assert_success().out(),
        said,
        "{}",
        outcome.describe()
    );
    let journal = outcome.journal();
    for why in [
        "the hook reported an error: its process was ended by SIGSEGV",
        "the hook did not answer within 300ms",
        "the hook reported an error: its process was ended by SIGABRT: I cannot go on",
    ] {
        let told = journal.find("plugin.error", &[("error", why)]);
        assert!(told.is_some(), "{why}: {}", journal.describe());
    }
    for event in ["plugin.exit", "plugin.restart"] {
        let told = journal.find(event, &[("plugin", "ways")]);
        assert!(told.is_some(), "{event}: {}", journal.describe());
    }
}

/// What the program leaves running is ended; the plugin is asked for its report after that.
#[test]
fn a_plugin_in_its_own_process_outlives_the_program_and_not_the_run() {
    let scratch = Scratch::new();
    let Some(plugin) = ways(&scratch) else { return };
    let policy = format!("{plugin}[[hook]]\non = \"shop.order\"\ncall = \"ways.see\"\n");
    let code = "\
import subprocess, sys
subprocess.Popen(['sleep', '1000'])
sys.audit('shop.order', 'log')
sys.audit('shop.order', 'nothing')
";
    let outcome = Run::new(&scratch, &policy)
        .code(python::newest(), code)
        .finish();
    outcome
        .assert_success()
        .assert_err("2 ways\n")
        .assert_err("a line\\nand no other");
    assert!(
        !outcome.err().contains("started again"),
        "{}",
        outcome.describe()
    );
}
