//! Arguments that fight back: code of the program that runs, or changes what is read, while an event is judged.

use audithook_tests::{Python, Run, Scratch, build, for_each_python, python};

/// Renames what must not be renamed: the event is all that stands in the way.
const MOVE: &str = "\
import os
moved = []
def move():
    try:
        os.rename('secret', 'elsewhere')
        os.rename('elsewhere', 'secret')
        moved.append('moved')
    except PermissionError:
        moved.append('refused')
";

const POLICY: &str =
    "version = 1\n[files]\ndeny = [\"./secret\"]\n[process]\nexec = [\"/bin/true\"]\n";

fn run(python: &Python, policy: &str, code: &str) -> (Scratch, audithook_tests::Outcome) {
    let scratch = Scratch::new();
    scratch.write("secret", "secret\n");
    scratch.write("move.py", MOVE);
    let outcome = Run::new(&scratch, policy)
        .python(python, &["-W", "ignore", "-c", code])
        .finish();
    (scratch, outcome)
}

for_each_python! {
    /// A dict of variables is asked for `PATH`; a key with the same hash would be compared, by its own `__eq__`.
    fn a_key_of_the_environment_gets_no_say_while_its_program_is_looked_for(python: &Python) {
        let code = "\
import subprocess
from move import *
class Key:
    def __hash__(self):
        return hash('PATH')
    def __eq__(self, other):
        move()
        return False
try:
    subprocess.Popen(['true'], env={Key(): 'x'})
except TypeError:
    pass
assert 'moved' not in moved, moved
subprocess.check_call(['true'], env={'PATH': '/bin'})
try:
    subprocess.check_call(['cat'], env={'PATH': '/bin'})
except PermissionError as error:
    print(error)
";
        let (scratch, outcome) = run(python, POLICY, code);
        outcome.assert_success().assert_out("denied by rule `process.exec`");
        assert!(scratch.join("secret").exists());
    }

    /// What an event lets go of may be the last of its kind, and run a finalizer; what refuses it makes an error, for which
    /// the collector may run.
    fn a_finalizer_that_runs_while_an_event_is_judged_is_judged_itself(python: &Python) {
        let code = "\
import gc, sys, threading
from move import *
class Last(str):
    def __del__(self):
        move()
gc.set_threshold(1)
values = ['a', 'b']
def change():
    for _ in range(500):
        values[:] = [Last('x'), Last('y')]
sys.setswitchinterval(1e-5)
thread = threading.Thread(target=change)
thread.start()
while thread.is_alive():
    try:
        sys.audit('shop.order', values)
    except PermissionError:
        pass
values.clear()
assert moved and 'moved' not in moved, moved.count('moved')
";
        let policy = format!("{POLICY}[[hook]]\non = \"shop.order\"\nwhen = 'args[\"0\"].size() == 2'\ndo = \"deny\"\n");
        let (scratch, outcome) = run(python, &policy, code);
        outcome.assert_success();
        assert!(scratch.join("secret").exists());
    }

    /// While a gate is asked, other threads run: what they do to the arguments does not reach the record.
    fn a_list_that_changes_while_a_gate_is_asked_is_recorded_as_it_was(python: &Python) {
        let code = "\
import sys, threading
values = []
count = 0
def change():
    for number in range(20000):
        values[:] = ['value %d' % (number + place) * 20 for place in range(5)]
        del values[2:]
sys.setswitchinterval(1e-5)
thread = threading.Thread(target=change)
thread.start()
while thread.is_alive() and count < 500:
    sys.audit('shop.order', values, bytearray(b'value 7' * 20), 5)
    count += 1
thread.join()
print(count)
";
        let policy = "version = 1\n[[hook]]\non = \"shop.order\"\nwhen = 'args[\"0\"].size() > 1000'\ndo = \"deny\"\n[[hook]]\non = \"shop.order\"\ndo = \"log\"\n";
        let (_scratch, outcome) = run(python, policy, code);
        outcome.assert_success();
        let journal = outcome.journal();
        let mut count = 0;
        for record in journal.of("shop.order") {
            count += 1_usize;
            for value in record.arg("0").as_array().expect("a list") {
                let text = value.as_str().unwrap_or_default();
                assert!(text.starts_with("value ") && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '), "{text:?}");
            }
        }
        assert_eq!(outcome.out().trim(), count.to_string());
    }

    /// Anyone may raise an event of any name: those by which the interpreter tells of its own life change nothing.
    fn a_program_that_says_that_its_interpreter_ends_or_starts_is_not_believed(python: &Python) {
        let code = "\
import os, sys
from move import *
def attempt():
    try:
        os.open('secret', os.O_RDONLY, dir_fd=os.open('.', os.O_PATH))
        print('opened')
    except PermissionError:
        move()
for name in ('cpython._PySys_ClearAuditHooks', 'cpython.PyInterpreterState_Clear', 'cpython.PyInterpreterState_New',
             'cpython.run_file', 'cpython.run_command', 'cpython.run_startup'):
    sys.audit(name)
    attempt()
    sys.audit(name, '/', '/')
    attempt()
sys.audit('shop.order', 1)
assert moved == ['refused'] * 12, moved
";
        let policy = format!("{POLICY}[[hook]]\non = \"shop.order\"\ndo = \"log\"\n");
        let (_scratch, outcome) = run(python, &policy, code);
        assert_eq!(outcome.assert_success().out(), "", "{}", outcome.describe());
        let journal = outcome.journal();
        assert_eq!(journal.of("shop.order").count(), 1, "the hook is there once");
        assert_eq!(journal.refusals().count(), 24);
    }

    /// What was judged is not done again under the same name: neither for more, nor after the name means something else.
    fn an_event_lets_through_one_call_that_does_what_it_said(python: &Python) {
        let code = "\
import os, ssl, sys
open('out/open.txt', 'w').close()
def attempt(what):
    try:
        what()
        print('done')
    except ssl.SSLError:
        print('done')
    except PermissionError:
        print('refused')
def for_more():
    sys.audit('open', 'read-only.txt', 'r', 0)
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).keylog_filename = 'read-only.txt'
def after_a_change(path, flags):
    os.remove('out/way')
    os.symlink('../secret', 'out/way')
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations('out/way')
    return os.open(path, flags)
attempt(for_more)
os.symlink('open.txt', 'out/way')
attempt(lambda: open('out/way', opener=after_a_change))
assert os.path.getsize('read-only.txt') == 0
";
        let scratch = Scratch::new();
        scratch.write("secret", "secret\n");
        scratch.write("read-only.txt", "");
        scratch.directory("out");
        let policy = "version = 1\nextends = [\"python\"]\n[files]\nread = [\".\"]\nwrite = [\"./out/\"]\ndeny = [\"./secret\"]\n";
        let outcome = Run::new(&scratch, policy).python(python, &["-W", "ignore", "-c", code]).finish();
        assert_eq!(outcome.assert_success().out(), "refused\nrefused\n", "{}", outcome.describe());
    }

    /// What was judged is not taken for what only looks the same: texts that have one FNV-1a hash, arguments after many others.
    fn an_event_lets_through_nothing_that_was_made_to_look_like_it(python: &Python) {
        let code = "\
import os, ssl, sys
from multiprocessing import util
def read():
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations('secret')
    except ssl.SSLError:
        print('read', flush=True)
    except PermissionError:
        print('refused', flush=True)
def start(program, arguments):
    child = 0
    sys.audit('os.posix_spawn', *judged)
    try:
        child = util.spawnv_passfds(program, arguments, [])
    except OSError:
        print('not started', flush=True)
    if child:
        print(os.waitpid(child, 0)[1], flush=True)
read()
sys.audit('open', b'open.txtx0\\x035\\x086\\x0e\\x02\\x01\\x02\\x0b\\x03\\x0e\\x0b\\x0e\\x18', 'r', 0)
read()
judged = b'/usr/bin/true', [b'true'], {}
start(b'/usr/bin/true', [b'true'])
judged = b'/usr/bin/true', [b'0', b'ax28\\t\\x1a\\x014\\x0f\\x02\\xf6\\x07\\xf8:\\x19\\x0f\\r\\x0c'], {}
start(b'/usr/bin/echo', [b'echo', b'got through'])
judged = b'/usr/bin/true', [b'true'] * 100, {}
start(b'/usr/bin/true', [b'true'] * 99 + [b'secret'])
";
        let policy = "version = 1\n[files]\ndeny = [\"./secret\"]\n[process]\nexec = [\"/usr/bin/true\"]\n[[hook]]\non = \"os.exec\"\nwhen = { args = \"*secret*\" }\ndo = \"deny\"\n";
        let (_scratch, outcome) = run(python, policy, code);
        let out = outcome.assert_success().out();
        assert!(!out.contains("got through"), "{}", outcome.describe());
        let lines: Vec<_> = out.lines().collect();
        assert_eq!(lines.len(), 5, "{}", outcome.describe());
        assert_eq!(lines[..3], ["refused", "refused", "0"], "{}", outcome.describe());
        assert!(lines[3..].iter().all(|line| *line != "0"), "{}", outcome.describe());
    }

    /// Whatever the catalogue says of an event's arguments, anyone may raise it with others, or with none.
    fn an_event_may_have_any_arguments_whatever_its_name(python: &Python) {
        let code = "\
import sys
class Own:
    pass
values = (None, -1, 2 ** 70, 0.5, '', '\\udcff', b'\\0', bytearray(), (), [], {}, Own(), Own, True)
for name in sys.argv[1:]:
    for count in range(5):
        for value in values:
            try:
                sys.audit(name, *[value] * count)
            except PermissionError:
                pass
print('done')
";
        let names = judged_events();
        let policy = format!("version = 1\n[[hook]]\non = [\"{}\"]\ndo = \"log\"\n", names.join("\", \""));
        let mut arguments = vec!["-c", code];
        arguments.extend(names.iter().map(String::as_str));
        let scratch = Scratch::new();
        let outcome = Run::new(&scratch, &policy).python(python, &arguments).finish();
        outcome.assert_success().assert_out("done");
    }
}

/// The names of all events whose arguments mean something to the policy.
fn judged_events() -> Vec<String> {
    let table = std::fs::read_to_string(build::project().join("core/catalogue/data/events.tsv"))
        .expect("the catalogue");
    let rows = table.lines().filter(|line| !line.starts_with('#')).skip(1);
    let names: Vec<String> = rows
        .filter_map(|row| {
            let mut cells = row.split('\t');
            let (name, operation) = (cells.next()?, cells.next()?);
            let is_raised = cells.nth(1)?.contains("cpython");
            (is_raised && operation != "none").then(|| name.to_owned())
        })
        .collect();
    assert!(names.iter().any(|name| name == "socket.connect"));
    names
}

for_each_python! {
    /// What cannot be read is no verdict: a condition on it fails, which refuses.
    fn numbers_too_large_for_any_type_are_not_taken_for_others(python: &Python) {
        let code = "\
import sys
for amount in (5, 1001, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**30, -2**63, -10**30):
    try:
        sys.audit('shop.order', amount)
        print('ordered', amount)
    except PermissionError:
        print('refused', amount)
";
        let policy = "version = 1\n[[hook]]\non = \"shop.order\"\nwhen = 'args[\"0\"] > 1000'\ndo = \"deny\"\n";
        let (_scratch, outcome) = run(python, policy, code);
        outcome.assert_success();
        let ordered: Vec<_> = outcome.out().lines().filter_map(|line| line.strip_prefix("ordered ").map(str::to_owned)).collect();
        assert_eq!(ordered, ["5", "-9223372036854775808"], "{}", outcome.describe());
    }

    /// `PYTHONPATH` comes before the library: what it holds runs before anything else, and is judged.
    fn a_module_in_the_place_of_the_librarys_own_is_judged_from_its_first_line(python: &Python) {
        let scratch = Scratch::new();
        scratch.write("secret", "secret\n");
        scratch.write("evil/encodings/__init__.py", "\
import posix, sys
def attempt(what):
    try:
        what()
        posix.write(1, b'done\\n')
    except PermissionError:
        posix.write(1, b'refused\\n')
here = posix.open('.', posix.O_RDONLY)
attempt(lambda: posix.open('secret', posix.O_RDONLY, dir_fd=here))
attempt(lambda: posix.open('secret', posix.O_RDONLY))
attempt(lambda: posix.rename('secret', 'moved'))
attempt(lambda: posix.kill(posix.getpid(), 0))
attempt(lambda: sys.audit('shop.order'))
posix._exit(0)
");
        let policy = format!("{POLICY}[[hook]]\non = [\"os.kill\", \"shop.order\"]\ndo = \"deny\"\n");
        let outcome = Run::new(&scratch, &policy).env("PYTHONPATH", scratch.join("evil")).python(python, &["-c", "pass"]).finish();
        assert_eq!(outcome.assert_success().out(), "refused\n".repeat(5), "{}", outcome.describe());
    }

    /// CPython clears its hooks before the last objects go: what libc shows is judged to the end.
    fn what_runs_while_the_interpreter_ends_is_judged(python: &Python) {
        let code = "\
import gc, os, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
class Last:
    def __init__(self, where): self.where, self.open, self.write = where, os.open, os.write
    def __del__(self):
        try:
            self.open('secret', os.O_RDONLY)
            self.write(1, b'read by ' + self.where.encode() + b'\\n')
        except BaseException:
            pass
gc.callbacks.append(Last('gc'))
sys.last = Last('sys')
last = Last('main')
";
        let (_scratch, outcome) = run(python, POLICY, code);
        assert_eq!(outcome.assert_success().out(), "", "{}", outcome.describe());
    }

    /// Where nothing is said CPython takes TCP over IPv4: that is no way to another kind of socket.
    fn a_socket_of_no_family_is_one_of_the_internet(python: &Python) {
        let code = "\
import _socket
for family, kind in ((-1, -1), (2, 1), (-1, 1)):
    _socket.socket(family, kind, 0).close()
try:
    _socket.socket(-1, _socket.SOCK_RAW, 1)
    print('made')
except PermissionError as error:
    print('refused' if 'denied by rule' in str(error) else error)
";
        let (_scratch, outcome) = run(python, "version = 1\n[network]\nsockets = []\n", code);
        assert_eq!(outcome.assert_success().out(), "refused\n", "{}", outcome.describe());
    }
}

/// While a gate is asked, another thread leaves it to the event to let go of its argument, whose finalizer raises the next.
#[test]
fn events_inside_events_without_end_are_refused() {
    let code = "\
import sys, threading, time
lists, depth, deepest, ended = [], 0, 0, None
class Last(str):
    def __del__(self):
        if ended is None: order()
def order():
    global depth, deepest, ended
    values = [Last('x')]
    lists.append(values)
    depth += 1
    deepest = max(deepest, depth)
    try:
        sys.audit('shop.order', values, 'slow')
    except PermissionError as error:
        ended = str(error)
    depth -= 1
def let_go():
    while ended is None:
        for values in list(lists): values.clear()
        time.sleep(0.001)
thread = threading.Thread(target=let_go)
# The other thread runs when this one waits for the gate, and not before.
sys.setswitchinterval(60)
thread.start()
order()
thread.join()
print(ended, deepest >= 17)
";
    let policy = format!(
        "version = 1\n[plugin.gate-plugin]\npath = {:?}\nplacement = \"supervisor\"\n[[hook]]\non = \"shop.order\"\n\
         call = \"gate-plugin.check\"\nwith = {{ argument = \"1\", contains = \"slow\", behave = \"sleep\", sleep-ms = 20, verdict = \"allow\" }}\n",
        build::gate_plugin()
    );
    let scratch = Scratch::new();
    let outcome = Run::new(&scratch, &policy)
        .python(python::newest(), &["-c", code])
        .finish();
    assert_eq!(
        outcome.assert_success().out(),
        "denied by audithook: events are raised inside each other without end True\n",
        "{}",
        outcome.describe()
    );
}
