//! `[[hook]]`: custom events, tables and CEL; what each verdict does; the modes.

use audithook_tests::{Outcome, Python, Run, Scratch, for_each_python, python};

fn run(policy: &str, python: &Python, code: &str) -> Outcome {
    Run::new(&Scratch::new(), policy)
        .code(python, code)
        .finish()
}

/// Raises `shop.order` with the amounts 5 and 50 and says what became of each.
const ORDERS: &str = "\
import sys
for amount in (5, 50):
    try:
        sys.audit('shop.order', amount, 'tea')
        print(amount, 'ordered')
    except PermissionError as error:
        print(amount, error)
";

for_each_python! {
    /// Done-when 3: a program's own events are judged like any other.
    fn a_custom_event_drives_a_hook_with_cel(python: &Python) {
        let policy = "\
version = 1
[[hook]]
name = \"no-large-orders\"
on = \"shop.*\"
when = 'args[\"0\"] > 10 && args[\"1\"] == \"tea\" && event.name == \"shop.order\" && event.source == \"cpython\"'
do = \"deny\"
reason = \"orders above ten need a signature\"
";
        let scratch = Scratch::new();
        let outcome = Run::new(&scratch, policy).code(python, ORDERS).finish();
        outcome.assert_success().assert_out("5 ordered\n").assert_out("50 [Errno 13] shop.order: `50` denied by rule `hook.no-large-orders` (hooks.toml:2): orders above ten need a signature");
        let journal = outcome.journal();
        let orders: Vec<_> = journal.of("shop.order").collect();
        assert_eq!(orders.len(), 2, "custom events are recorded by default");
        assert_eq!((orders[0].arg("0"), orders[0].arg("1"), orders[0].verdict()), (&5.into(), &"tea".into(), "allow"));
        orders[1].assert_denied("hook.no-large-orders", "hooks.toml:2");
        let control = Run::new(&scratch, "version = 1\n").code(python, ORDERS).finish();
        assert_eq!(control.assert_success().out(), "5 ordered\n50 ordered\n");
    }

    fn of_a_custom_event_ten_arguments_are_recorded_as_what_they_are(python: &Python) {
        let code = "\
import sys
sys.audit('shop.order', True, False, -1, 2**63, 2**70, 0.5, 'tea', b'x', None, [True, 2])
sys.audit('shop.crowd', *range(20))
try:
    sys.audit('shop.truth', True)
except PermissionError:
    print('refused')
";
        let policy = "version = 1\n[[hook]]\nname = \"truth\"\non = \"shop.truth\"\nwhen = 'args[\"0\"] == true'\ndo = \"deny\"\n[journal]\nevents = [\"shop.*\"]\n";
        let scratch = Scratch::new();
        let outcome = Run::new(&scratch, policy).code(python, code).finish();
        outcome.assert_success().assert_out("refused\n");
        let journal = outcome.journal();
        let order = journal.of("shop.order").next().expect("recorded");
        let args: Vec<_> = (0..10).map(|place| order.arg(&place.to_string()).to_string()).collect();
        let wanted = [
            "true", "false", "-1", "9223372036854775808", "null", "0.5", "\"tea\"", "\"x\"", "null", "[true,2]",
        ];
        assert_eq!(args, wanted);
        let crowd = journal.of("shop.crowd").next().expect("recorded");
        assert_eq!((crowd.arg("9"), &crowd.0["truncated"]), (&9.into(), &true.into()));
        assert!(crowd.arg("10").is_null());
    }

    /// policy.md, *Meaning* 4: an argument that a gate needs and that cannot be decoded is denied.
    fn what_a_condition_reads_and_was_cut_fails_as_on_error_says(python: &Python) {
        let code = "\
import sys
for order in (['tea'] * 300, 1), (['coffee'] * 300, 1), (['tea'], 1), (['tea'] * 300, 2):
    try:
        sys.audit('shop.order', *order)
        print('ordered')
    except PermissionError:
        print('refused')
";
        for when in [
            "{ 0 = \"coffee\", 1 = \"1\" }",
            "'args[\"1\"] == 1 && args[\"0\"].exists(what, what == \"coffee\")'",
        ] {
            let policy = |on_error: &str| {
                format!("version = 1\n[[hook]]\nname = \"no-coffee\"\non = \"shop.order\"\nwhen = {when}\ndo = \"deny\"\n{on_error}")
            };
            let scratch = Scratch::new();
            let closed = Run::new(&scratch, &policy("")).code(python, code).finish();
            closed.assert_success().assert_out("refused\nrefused\nordered\nordered\n");
            let journal = closed.journal();
            let refused: Vec<_> = journal.of("shop.order").filter(|record| record.verdict() == "deny").collect();
            assert_eq!(refused.len(), 2, "{when}");
            refused[0].assert_denied("hook.no-coffee", "hooks.toml:2");
            let open = run(&policy("on-error = \"allow\"\n"), python, code);
            assert!(open.assert_success().out().starts_with("ordered\n"), "{when}: {}", open.describe());
        }
    }

    fn a_table_holds_if_all_its_arguments_match(python: &Python) {
        let policy = "\
version = 1
[[hook]]
name = \"no-coffee\"
on = [\"shop.order\"]
when = { 1 = [\"coffee*\", \"espresso\"], 0 = \"5*\" }
do = \"deny\"
";
        let code = "\
import sys
for order in ((5, 'tea'), (5, 'coffee'), (50, 'coffee beans'), (6, 'espresso'), (5, 'espresso'), ('5', 'espresso'), (5,), ()):
    try:
        sys.audit('shop.order', *order)
        print('ordered', order)
    except PermissionError:
        print('refused', order)
";
        let outcome = run(policy, python, code);
        let verdicts: Vec<_> = outcome.assert_success().out().lines().map(|line| line.starts_with("refused")).collect();
        assert_eq!(verdicts[..6], [false, true, true, false, true, true], "{}", outcome.describe());
    }

    /// The nearest thing to a classic: data that is code.
    fn a_pickle_with_a_forbidden_class_is_not_loaded(python: &Python) {
        let policy = "\
version = 1
[[hook]]
name = \"no-unpickling-of-functions\"
on   = [\"pickle.find_class\"]
when = { module = [\"os\", \"posix\", \"subprocess\", \"builtins\"] }
do   = \"deny\"
reason = \"pickles may carry data, not code\"
";
        let code = "\
import collections, datetime, pickle, pickletools
print(pickle.loads(pickle.dumps({'when': datetime.date(2020, 1, 2), 'o': collections.OrderedDict(a=1)}))['when'])
class Bad:
    def __reduce__(self):
        return __import__('os').system, ('echo pwned',)
for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
    for loads in (pickle.loads, pickle._loads):
        try:
            loads(pickle.dumps(Bad(), protocol))
            print('loaded')
        except PermissionError as error:
            print(error)
";
        let scratch = Scratch::new();
        let outcome = Run::new(&scratch, policy).code(python, code).finish();
        outcome.assert_success().assert_out("2020-01-02\n");
        assert!(!outcome.out().contains("pwned"), "{}", outcome.describe());
        let message = "denied by rule `hook.no-unpickling-of-functions` (hooks.toml:2): pickles may carry data, not code";
        assert_eq!(outcome.out().matches(message).count(), outcome.out().lines().count() - 1, "{}", outcome.describe());
        outcome.journal().refusal("pickle.find_class", &[("name", "system")]);
        let control = Run::new(&scratch, "version = 1\n").code(python, code).finish();
        control.assert_success().assert_out("pwned\n");
    }

    fn kill_ends_the_whole_run(python: &Python) {
        let policy = "version = 1\n[[hook]]\nname = \"tripwire\"\non = \"shop.robbery\"\ndo = \"kill\"\n";
        let code = "\
import os, subprocess, sys
sleeper = subprocess.Popen(['sleep', '1000'])
print('before', flush=True)
if os.fork() == 0:
    sys.audit('shop.robbery', 1)
    print('after in the child', flush=True)
os.wait()
print('after', flush=True)
";
        let scratch = Scratch::new();
        let outcome = Run::new(&scratch, policy).code(python, code).finish();
        outcome.assert_code(137);
        assert_eq!(outcome.out(), "before\n");
        let journal = outcome.journal();
        journal.refusal("shop.robbery", &[]).assert_decided("kill", "hook.tripwire", "hooks.toml:2");
    }

    fn warnings_let_it_happen_and_are_recorded(python: &Python) {
        let policy = "version = 1\n[[hook]]\nname = \"look\"\non = \"shop.order\"\nwhen = { 0 = \"50\" }\ndo = \"warn\"\n";
        let outcome = run(policy, python, ORDERS);
        assert_eq!(outcome.assert_success().out(), "5 ordered\n50 ordered\n");
    }

    /// The journal says what would have been.
    fn warn_mode_refuses_nothing_and_records_what_it_would_have(python: &Python) {
        let scratch = Scratch::new();
        scratch.write("secret", "secret\n");
        let policy = "version = 1\nmode = \"warn\"\n[files]\ndeny = [\"./secret\"]\n";
        let run = Run::new(&scratch, policy).code(python, "print(open('secret').read().strip())");
        let outcome = run.finish();
        assert_eq!(outcome.assert_success().out(), "secret\n");
        let journal = outcome.journal();
        let record = journal.refusal("open", &[("path", &scratch.text("secret"))]);
        record.assert_decided("warn", "files.deny", "hooks.toml:4");
        assert_eq!(record.0["would"], "deny", "{record:?}");
        let off = run.flags(&["--mode", "off"]).finish();
        assert_eq!(off.assert_success().out(), "secret\n");
        off.journal().assert_no_refusals();
        assert!(off.journal().find("open", &[("path", &scratch.text("secret"))]).is_some(), "observers see it");
    }

    /// A Python hook of the program's own works beside ours.
    fn a_programs_own_audit_hook_runs_too_and_can_be_refused(python: &Python) {
        let code = "\
import sys
seen = []
sys.addaudithook(lambda event, args: seen.append(event) if event.startswith('shop') else None)
sys.audit('shop.order', 1)
print(seen)
";
        assert_eq!(run("version = 1\n", python, code).assert_success().out(), "['shop.order']\n");
        let denied = run("version = 1\n[[hook]]\nname = \"alone\"\non = \"sys.addaudithook\"\ndo = \"deny\"\n", python, code);
        // CPython swallows this refusal: the caller is not told, and its hook is not there.
        assert_eq!(denied.assert_success().out(), "[]\n", "{}", denied.describe());
    }
}

#[test]
fn every_rule_that_agrees_is_named_and_the_strongest_first_in_the_file_leads() {
    let policy = "\
version = 1
[files]
deny = [\"./secret\"]
[[hook]]
name = \"first\"
on = \"open\"
when = { path = \"**/secret\" }
do = \"warn\"
[[hook]]
name = \"second\"
on = \"open\"
when = 'args.path.endsWith(\"/secret\")'
do = \"deny\"
";
    let scratch = Scratch::new();
    scratch.write("secret", "secret\n");
    let outcome = Run::new(&scratch, policy)
        .code(python::newest(), "open('secret')")
        .finish();
    outcome.assert_code(1);
    let journal = outcome.journal();
    let record = journal.refusal("open", &[]);
    record.assert_denied("files.deny", "hooks.toml:3");
    assert_eq!(record.rules(), ["files.deny", "hook.second"], "{record:?}");
}

#[test]
fn a_condition_that_fails_denies_unless_it_says_otherwise() {
    let policy = |on_error: &str| {
        format!(
            "version = 1\n[[hook]]\nname = \"odd\"\non = \"shop.order\"\nwhen = 'args[\"7\"] > 1'\ndo = \"deny\"\n{on_error}"
        )
    };
    let code = "import sys; sys.audit('shop.order', 5); print('ordered')";
    let scratch = Scratch::new();
    let run = |on_error: &str| {
        Run::new(&scratch, &policy(on_error))
            .code(python::newest(), code)
            .finish()
    };
    let strict = run("");
    strict.assert_code(1).assert_err("hook.odd");
    let lenient = run("on-error = \"allow\"\n");
    assert_eq!(
        lenient.assert_success().out(),
        "ordered\n",
        "{}",
        lenient.describe()
    );
}

#[test]
fn log_hooks_record_what_the_journal_would_not() {
    let scratch = Scratch::new();
    let policy = |hook: &str| format!("version = 1\n[journal]\nevents = []\n{hook}");
    let code = "import sys; id(sys); sys.audit('shop.order', 5)";
    let run = |hook: &str| {
        Run::new(&scratch, &policy(hook))
            .code(python::newest(), code)
            .finish()
            .journal()
    };
    let journal = run("[[hook]]\nname = \"ids\"\non = [\"builtins.id\"]\ndo = \"log\"\n");
    assert!(
        journal.of("builtins.id").next().is_some() && journal.of("shop.order").next().is_none(),
        "{}",
        journal.describe()
    );
    let nothing = run("");
    assert!(
        nothing
            .records()
            .iter()
            .all(|record| record.event().starts_with("process.")),
        "{}",
        nothing.describe()
    );
}

#[test]
fn fail_on_deny_turns_a_swallowed_refusal_into_a_status() {
    let scratch = Scratch::new();
    scratch.write("secret", "secret\n");
    let code = "\
try:
    open('secret')
except OSError:
    pass
";
    let run = Run::new(&scratch, "version = 1\n[files]\ndeny = [\"./secret\"]\n")
        .code(python::newest(), code);
    run.finish().assert_success();
    run.flags(&["--fail-on-deny"]).finish().assert_code(123);
    Run::new(&scratch, "version = 1\n")
        .flags(&["--fail-on-deny"])
        .code(python::newest(), code)
        .finish()
        .assert_success();
}

#[test]
fn arguments_of_hostile_kinds_are_judged_without_running_the_programs_code() {
    let scratch = Scratch::new();
    let code = "\
import sys
class Evil(int):
    def __int__(self): raise SystemExit('ran user code')
    __index__ = __repr__ = __str__ = __eq__ = __hash__ = __int__
class EvilStr(str):
    def __str__(self): raise SystemExit('ran user code')
    __repr__ = __eq__ = __hash__ = encode = __str__
deep = []
for _ in range(100000): deep = [deep]
loop = []
loop.append(loop)
for args in ((Evil(5),), (EvilStr('tea'),), (object(),), (10 ** 400,), (-10 ** 400,), (float('nan'),), (b'\\xff' * 100000,), ('\\ud800',), ('x' * 10 ** 7,),
             (None, True, 1.5), tuple(range(1000)), (deep,), (loop,), ({'k': loop},), (EvilStr,), (Ellipsis,), (memoryview(b'x'),)):
    sys.audit('shop.order', *args)
for name in ('', 'x' * 5000, 'n\\u00e4me', 'a b', 'new\\nline'):
    sys.audit(name, 1)
print('all raised')
";
    let policy = "version = 1\n[[hook]]\nname = \"never\"\non = \"*\"\nwhen = { 0 = \"never\" }\ndo = \"deny\"\non-error = \"allow\"\n[journal]\nevents = [\"*\"]\n";
    let outcome = Run::new(&scratch, policy)
        .code(python::newest(), code)
        .finish();
    assert_eq!(outcome.assert_success().out(), "all raised\n");
    assert!(outcome.journal().of("shop.order").count() >= 17);
}

/// What only the supervisor can tell is recorded by it, and by nothing else.
#[test]
fn a_hook_that_logs_records_what_its_condition_holds_for() {
    for when in ["'args[\"0\"] > 10'", "{ 0 = \"50\" }"] {
        let policy = format!(
            "version = 1\n[journal]\nevents = []\n[[hook]]\nname = \"large\"\non = \"shop.order\"\nwhen = {when}\ndo = \"log\"\n"
        );
        let scratch = Scratch::new();
        let outcome = Run::new(&scratch, &policy)
            .code(python::newest(), ORDERS)
            .finish();
        assert_eq!(outcome.assert_success().out(), "5 ordered\n50 ordered\n");
        let journal = outcome.journal();
        let orders: Vec<_> = journal.of("shop.order").collect();
        let [order] = orders[..] else {
            panic!("{when}: {}", journal.describe());
        };
        assert_eq!(
            (order.arg("0"), order.verdict()),
            (&50.into(), "allow"),
            "{when}"
        );
        assert_eq!(order.rules(), ["hook.large"], "{when}");
    }
}

const TRIPWIRE: &str = "\
version = 1
[files]
deny = [\"./secrets\"]
[[hook]]
name = \"tripwire\"
on = \"shop.robbery\"
do = \"kill\"
reason = \"because\"
";

#[test]
fn what_killed_the_run_is_the_last_word_after_many_refusals_and_quietly_too() {
    let scratch = Scratch::new();
    scratch.write("secrets/key", "hunter2\n");
    let code = "\
import sys
for number in range(15):
    try:
        open(f'secrets/{number}')
    except PermissionError:
        pass
sys.audit('shop.robbery', 1)
";
    let run = Run::new(&scratch, TRIPWIRE).code(python::newest(), code);
    let running = run.start();
    let journal = running.journal_file().display().to_string();
    let told = running.finish();
    told.assert_code(137);
    let last = "audithook: killed by `hook.tripwire` (hooks.toml:4): because\n";
    let err = told.err();
    assert!(err.ends_with(last), "{}", told.describe());
    let pointer = format!("audithook log {journal} --verdict deny --verdict kill\n");
    assert!(err.contains(&pointer), "{}", told.describe());
    let log = run
        .audithook_command(&["log", &journal, "--verdict", "deny", "--verdict", "kill"])
        .output()
        .expect("the command runs");
    let log = String::from_utf8_lossy(&log.stdout);
    assert_eq!(log.lines().count(), 16, "{log}");
    assert!(log.contains("shop.robbery"), "{log}");
    let quiet = run.flags(&["--quiet"]).finish();
    quiet.assert_code(137);
    assert_eq!(quiet.err(), last);
}

#[test]
fn the_footer_has_the_reason_of_a_hooks_denial() {
    let policy = "version = 1\n[[hook]]\nname = \"one\"\non = \"shop.order\"\ndo = \"deny\"\nreason = \"one is \\u001b[2J none\"\n";
    let outcome = run(policy, python::newest(), ORDERS);
    outcome
        .assert_err("shop.order: `5` by rule `hook.one` (hooks.toml:2): one is \\u{1b}[2J none\n");
}

/// Raises `order.last`, and others, when nothing more can be told apart by numbers.
const NAMES: &str = "\
import sys
def order(name):
    try:
        sys.audit(name, 1)
        print('ordered')
    except PermissionError:
        print('refused')
order('order.first')
for number in range(COUNT):
    sys.audit('flood.%d' % number)
order('order.last')
order('order.first')
order('order.' + 'x' * 600 + '.last')
order('order.other')
";

#[test]
fn a_flood_of_names_opens_no_condition_and_hides_no_name() {
    let policy = |on_error: &str| {
        format!(
            "version = 1\n[[hook]]\nname = \"flood\"\non = \"flood.*\"\nwhen = 'false'\ndo = \"warn\"\n\
             [[hook]]\nname = \"no-last\"\non = \"order.*\"\nwhen = 'event.name.endsWith(\".last\")'\ndo = \"deny\"\n{on_error}"
        )
    };
    let scratch = Scratch::new();
    let run = |on_error: &str, flood: usize| {
        let code = NAMES.replace("COUNT", &flood.to_string());
        Run::new(&scratch, &policy(on_error))
            .code(python::newest(), &code)
            .finish()
    };
    let control = run("", 0);
    assert_eq!(
        control.assert_success().out(),
        "ordered\nrefused\nordered\nrefused\nordered\n"
    );
    let closed = run("", 8_200);
    assert_eq!(closed.assert_success().out(), control.out());
    let journal = closed.journal();
    let last = journal.of("order.last").next().expect("its own name");
    last.assert_denied("hook.no-last", "hooks.toml:7");
    // Of a name that was cut nobody can say how it ends.
    let cut = journal.refusals().last().expect("the longest name");
    assert!(
        cut.text("reason")
            .contains("the event's name, which it reads, is not known"),
        "{cut:?}"
    );
    assert!(journal.of("flood.8199").next().is_some(), "its own name");
    let open = run("on-error = \"allow\"\n", 8_200);
    assert_eq!(
        open.assert_success().out(),
        "ordered\nrefused\nordered\nordered\nordered\n"
    );
}
