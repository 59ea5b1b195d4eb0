//! `[network]`: addresses in all their forms, datagrams, unix sockets, binding.

use audithook_tests::server::Server;
use audithook_tests::{Outcome, Python, Run, Scratch, for_each_python, python};
use serde_json::Value;

/// How many processes deep each operation is tried.
const LEVELS: usize = 3;

/// Operations of `programs/connections.py`, each with the event that its refusal is recorded as.
type Operations = &'static [(&'static str, &'static str)];

const OVER_TCP: Operations = &[
    ("connect", "socket.connect"),
    ("connect_blocking", "socket.connect"),
    ("connect_ex", "socket.connect"),
    ("create_connection", "socket.connect"),
    ("subclass", "socket.connect"),
    ("host_bytes", "socket.connect"),
    ("host_bytearray", "socket.connect"),
    ("host_decimal", "socket.connect"),
    ("host_octal", "socket.connect"),
    ("host_hexadecimal", "socket.connect"),
    ("host_short", "socket.connect"),
    ("host_mapped", "socket.connect"),
    ("host_mapped_hexadecimal", "socket.connect"),
    ("host_unspecified", "socket.connect"),
    ("host_empty", "socket.connect"),
    ("host_name", "socket.connect"),
    ("host_name_upper_case", "socket.connect"),
    ("host_name_mixed_case", "socket.connect"),
    ("http_client", "socket.connect"),
    ("urllib_open", "socket.connect"),
    ("urllib_decimal", "socket.connect"),
    ("asyncio_connect", "socket.connect"),
];

const OVER_UDP: Operations = &[
    ("udp_sendto", "socket.sendto"),
    ("udp_sendto_flags", "socket.sendto"),
    ("udp_sendmsg", "socket.sendmsg"),
    ("udp_connect", "socket.connect"),
];

const OVER_UNIX: Operations = &[
    ("unix_connect", "socket.connect"),
    ("unix_connect_bytes", "socket.connect"),
    ("unix_connect_relative", "socket.connect"),
    ("unix_connect_symlink", "socket.connect"),
];

const FREE: usize = 5;

/// Whoever is asked: servers for each kind of socket.
struct Servers {
    tcp: Server,
    udp: Server,
    unix: Server,
    unix_path: String,
}

impl Servers {
    fn start(scratch: &Scratch) -> Self {
        let path = scratch.join("server.sock");
        std::os::unix::fs::symlink(&path, scratch.join("server.sock-link"))
            .expect("a fresh directory");
        Self {
            tcp: Server::tcp(),
            udp: Server::udp(),
            unix: Server::unix(&path),
            unix_path: scratch.text("server.sock"),
        }
    }

    fn visits(&self) -> usize {
        self.tcp.visits() + self.udp.visits() + self.unix.visits()
    }

    fn try_connections(&self, scratch: &Scratch, python: &Python, policy: &str) -> Outcome {
        let ports = [self.tcp.port.to_string(), self.udp.port.to_string()];
        let level = (LEVELS - 1).to_string();
        let arguments = [&ports[0], &ports[1], &self.unix_path, &level];
        let outcome = Run::new(scratch, policy)
            .program(python, "connections.py", &arguments)
            .finish();
        outcome.assert_success();
        outcome
    }
}

for_each_python! {
    /// Done-when 2, network: what `deny` names is refused in every form; the listeners' own count is the witness.
    fn denied_addresses_are_refused_in_every_form(python: &Python) {
        let scratch = Scratch::new();
        let servers = Servers::start(&scratch);
        let policy = format!(
            "version = 1\n[network]\ndeny = [\"127.0.0.1:{}\", \"udp://127.0.0.1:{}\"]\nunix = \"none\"\n",
            servers.tcp.port, servers.udp.port
        );
        let outcome = servers.try_connections(&scratch, python, &policy);
        assert_eq!(servers.visits(), 0, "someone came through\n{}", outcome.out());
        assert_refused(&outcome, &[(OVER_TCP, "network.deny", "hooks.toml:3"), (OVER_UDP, "network.deny", "hooks.toml:3"), (OVER_UNIX, "network.unix", "hooks.toml:4")]);
    }

    /// The same with a list of what may be connected to: nothing.
    fn with_connect_none_nothing_is_connected_to(python: &Python) {
        let scratch = Scratch::new();
        let servers = Servers::start(&scratch);
        let outcome = servers.try_connections(&scratch, python, "version = 1\n[network]\nconnect = \"none\"\nunix = \"none\"\n");
        assert_eq!(servers.visits(), 0, "someone came through\n{}", outcome.out());
        assert_refused(&outcome, &[(OVER_TCP, "", "hooks.toml:3"), (OVER_UDP, "", "hooks.toml:3"), (OVER_UNIX, "network.unix", "hooks.toml:4")]);
    }

    /// Their control: a policy that names these addresses lets each form through.
    fn allowed_addresses_are_reached_in_every_form(python: &Python) {
        let scratch = Scratch::new();
        let servers = Servers::start(&scratch);
        let policy = format!(
            "version = 1\n[network]\nconnect = [\"127.0.0.1:{}\", \"udp://127.0.0.1:{}\"]\nunix = [\"./server.sock\"]\n",
            servers.tcp.port, servers.udp.port
        );
        let outcome = servers.try_connections(&scratch, python, &policy);
        for (level, operation, result) in results(&outcome) {
            assert_eq!(result, "ok", "level {level}, {operation}\n{}", outcome.describe());
        }
        assert!(servers.visits() > LEVELS * OVER_TCP.len());
        outcome.journal().assert_no_refusals();
    }

    /// An allowed port does not open its neighbours.
    fn a_port_that_is_not_listed_is_refused(python: &Python) {
        let scratch = Scratch::new();
        let (open, closed) = (Server::tcp(), Server::tcp());
        let policy = format!("version = 1\n[network]\nconnect = [\"127.0.0.1:{}\"]\n", open.port);
        let code = format!("\
import socket
for port in ({}, {}):
    try:
        socket.create_connection(('127.0.0.1', port), 20).close()
        print('connected')
    except PermissionError as error:
        print(error)
", open.port, closed.port);
        let outcome = Run::new(&scratch, &policy).code(python, &code).finish();
        outcome.assert_success().assert_out("connected\n").assert_out(&format!("socket.connect: `127.0.0.1:{}` denied by rule", closed.port));
        assert_eq!((open.visits(), closed.visits()), (1, 0));
    }

    /// Binding has a list of its own.
    /// Listening on a socket that was never bound binds it to every address (tcp(7)).
    fn listening_without_a_bind_is_held_to_the_list_of_binds(python: &Python) {
        let code = "\
import socket
for family in (socket.AF_INET, socket.AF_INET6):
    with socket.socket(family) as s:
        try:
            s.listen()
            print('listens', s.getsockname()[0])
        except PermissionError as error:
            print('refused', error.errno)
with socket.socket() as s:
    try:
        s.bind(('127.0.0.2', 0))
        s.listen()
        print('listens', s.getsockname()[0])
    except PermissionError as error:
        print('refused', error.errno)
";
        let run = |policy| {
            let scratch = Scratch::new();
            let outcome = Run::new(&scratch, policy).code(python, code).finish();
            outcome.assert_success();
            (outcome.out(), outcome.journal())
        };
        let (out, journal) = run("version = 1\n[network]\nbind = [\"127.0.0.2:0\"]\n");
        assert_eq!(out, "refused 13\nrefused 13\nlistens 127.0.0.2\n", "{}", journal.describe());
        for host in ["0.0.0.0", "::"] {
            journal.refusal("socket.bind", &[("host", host)]).assert_denied("network.bind", "hooks.toml:3");
        }
        let (out, _) = run("version = 1\n[network]\nbind = \"none\"\n");
        assert_eq!(out, "refused 13\n".repeat(3));
        for free in ["version = 1\n", "version = 1\n[network]\nbind = \"any\"\nloopback = true\n"] {
            let (out, journal) = run(free);
            assert_eq!(out, "listens 0.0.0.0\nlistens ::\nlistens 127.0.0.2\n");
            journal.assert_no_refusals();
        }
    }

    fn unix_sockets_in_the_runs_own_temporary_directory_are_open(python: &Python) {
        let scratch = Scratch::new();
        let code = "\
import os, socket, tempfile
for directory in tempfile.gettempdir(), '.':
    path = os.path.join(directory, 'server')
    server, client = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    for attempt in lambda: server.bind(path), server.listen, lambda: client.connect(path):
        try:
            attempt()
            print('done')
        except OSError as error:
            print(error.errno)
";
        let policy = |tmp: &str| format!("version = 1\n[files]\nwrite = [\".\"]\n{tmp}[network]\nunix = \"none\"\n");
        let private = Run::new(&scratch, &policy("")).code(python, code).finish();
        assert_eq!(private.assert_success().out(), "done\ndone\ndone\n13\n22\n13\n", "{}", private.describe());
        private.journal().refusal("socket.bind", &[("path", &scratch.text("server"))]).assert_denied("network.unix", "hooks.toml:5");
        let shared = Run::new(&scratch, &policy("tmp = \"shared\"\n")).env("TMPDIR", scratch.text("home")).code(python, code).finish();
        assert_eq!(shared.assert_success().out(), "13\n22\n13\n13\n22\n13\n", "{}", shared.describe());
    }

    fn binding_is_held_to_its_list(python: &Python) {
        let scratch = Scratch::new();
        let policy = "version = 1\n[network]\nbind = [\"127.0.0.2:0\"]\nunix = [\"./allowed.sock\"]\n";
        let code = "\
import socket
def bind(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as s:
        try:
            s.bind(address)
            print('bound')
        except PermissionError as error:
            print(error)
bind(socket.AF_INET, ('127.0.0.2', 0))
bind(socket.AF_INET, ('127.0.0.1', 0))
bind(socket.AF_INET, ('', 0))
bind(socket.AF_INET, ('127.0.0.1', 0), socket.SOCK_DGRAM)
bind(socket.AF_UNIX, './allowed.sock')
bind(socket.AF_UNIX, './other.sock')
bind(socket.AF_UNIX, '\\0abstract-name')
";
        let outcome = Run::new(&scratch, policy).code(python, code).finish();
        outcome.assert_success();
        let lines: Vec<_> = outcome.out().lines().map(|line| line == "bound").collect();
        assert_eq!(lines, [true, false, false, false, true, false, false], "{}", outcome.describe());
        assert!(!scratch.join("other.sock").exists());
        let journal = outcome.journal();
        journal.refusal("socket.bind", &[("path", &scratch.text("other.sock"))]).assert_denied("network.unix", "hooks.toml:4");
        journal.refusal("socket.bind", &[("path", "@abstract-name")]).assert_denied("network.unix", "hooks.toml:4");
        assert_eq!(journal.refusals().count(), 5);
        let control = Run::new(&scratch, "version = 1\n").code(python, code.replace("./allowed", "./again").as_str()).finish();
        assert_eq!(control.assert_success().out(), "bound\n".repeat(7), "{}", control.describe());
    }

    /// `[network] connect = "none"` leaves an event loop alone that connects nowhere, and refuses its connections.
    fn asyncio_runs_with_connect_none(python: &Python) {
        let scratch = Scratch::new();
        let server = Server::tcp();
        let code = format!("\
import asyncio
async def child():
    process = await asyncio.create_subprocess_exec('echo', 'from a child', stdout=asyncio.subprocess.PIPE)
    return (await process.communicate())[0].decode().strip()
async def main():
    loop = asyncio.get_running_loop()
    print(await asyncio.gather(asyncio.sleep(0.01, 'slept'), loop.run_in_executor(None, sum, [1, 2]), child()))
    try:
        await asyncio.open_connection('127.0.0.1', {})
        print('connected')
    except PermissionError as error:
        print('refused', error.errno)
asyncio.run(main())
", server.port);
        let refused = Run::new(&scratch, "version = 1\n[network]\nconnect = \"none\"\n").code(python, &code).finish();
        assert_eq!(refused.assert_success().out(), "['slept', 3, 'from a child']\nrefused 13\n", "{}", refused.describe());
        assert_eq!(server.visits(), 0);
        let control = Run::new(&scratch, "version = 1\n[network]\nloopback = true\n").code(python, &code).finish();
        assert_eq!(control.assert_success().out(), "['slept', 3, 'from a child']\nconnected\n", "{}", control.describe());
    }
}

#[test]
fn other_kinds_of_sockets_need_to_be_named() {
    let scratch = Scratch::new();
    let code = "\
import socket
for family, kind in ((socket.AF_NETLINK, socket.SOCK_RAW), (socket.AF_INET, socket.SOCK_STREAM), (socket.AF_UNIX, socket.SOCK_DGRAM)):
    try:
        socket.socket(family, kind).close()
        print('made')
    except PermissionError as error:
        print('refused')
";
    let run = |policy| {
        Run::new(&scratch, policy)
            .code(python::newest(), code)
            .finish()
    };
    let refused = run("version = 1\n[network]\nsockets = []\n");
    assert_eq!(
        refused.assert_success().out(),
        "refused\nmade\nmade\n",
        "{}",
        refused.describe()
    );
    refused
        .journal()
        .refusal("socket.__new__", &[("family", "netlink")])
        .assert_denied("network.sockets", "hooks.toml:3");
    let allowed = run("version = 1\n[network]\nsockets = [\"netlink\"]\n");
    assert_eq!(
        allowed.assert_success().out(),
        "made\nmade\nmade\n",
        "{}",
        allowed.describe()
    );
}

/// The hint of a refusal, in the program and in the footer, is a line that can be followed.
#[test]
fn the_hint_of_a_refused_socket_names_its_kind() {
    let scratch = Scratch::new();
    let code = "\
import socket
for family, kind, protocol in ((socket.AF_NETLINK, socket.SOCK_RAW, 0), (socket.AF_INET, socket.SOCK_RAW, 1), (socket.AF_INET, socket.SOCK_STREAM, 262)):
    try:
        socket.socket(family, kind, protocol).close()
    except OSError as error:
        print(error)
";
    for (policy, before, after) in [
        (
            "sockets = []",
            "add `\"",
            "\"` to `[network] sockets` (hooks.toml:3)",
        ),
        (
            "connect = \"none\"",
            "write `sockets = [\"",
            "\"]` in `[network]` of hooks.toml",
        ),
    ] {
        let policy = format!("version = 1\n[network]\n{policy}\n");
        let outcome = Run::new(&scratch, &policy)
            .code(python::newest(), code)
            .finish();
        outcome.assert_success();
        for kind in ["netlink", "raw", "mptcp"] {
            let hint = format!("hint: to allow it, {before}{kind}{after}");
            for said in [outcome.out(), outcome.err()] {
                assert!(said.contains(&hint), "{hint}\n{}", outcome.describe());
            }
        }
    }
    let policy =
        "version = 1\n[network]\nconnect = \"none\"\nsockets = [\"netlink\", \"raw\", \"mptcp\"]\n";
    let outcome = Run::new(&scratch, policy)
        .code(python::newest(), code)
        .finish();
    assert!(
        !outcome.out().contains("denied by rule"),
        "{}",
        outcome.describe()
    );
}

/// Every operation was tried at every level; those of the table were refused with the error, the rule and a record.
fn assert_refused(outcome: &Outcome, expected: &[(Operations, &str, &str)]) {
    let journal = outcome.journal();
    let mut faults = Vec::new();
    let mut events = std::collections::BTreeMap::<(&str, &str), usize>::new();
    let results = results(outcome);
    let tried: usize = expected
        .iter()
        .map(|(operations, ..)| operations.len())
        .sum();
    assert_eq!(
        results.len(),
        LEVELS * (tried + FREE),
        "the table and the program do not agree"
    );
    for (level, operation, result) in results {
        let found = expected.iter().find_map(|(operations, rule, at)| {
            let (_, event) = operations.iter().find(|(name, _)| *name == operation)?;
            Some((*event, *rule, *at))
        });
        let Some((event, rule, at)) = found else {
            if result != "ok" {
                faults.push(format!("level {level}, {operation}: {result}"));
            }
            continue;
        };
        *events.entry((event, at)).or_default() += 1;
        let is_refused = result["type"] == "PermissionError" && result["errno"] == 13;
        if !is_refused {
            faults.push(format!("level {level}, {operation}: {result}"));
            continue;
        }
        // The look-up of a name inside `connect` is refused in libc, which has no words.
        let is_mute = operation == "connect_ex" || operation.starts_with("host_name");
        let text = result["text"].as_str().unwrap_or_default();
        if !(is_mute || text.contains(rule) && text.contains(at)) {
            faults.push(format!(
                "level {level}, {operation}, without its rule: {text}"
            ));
        }
    }
    assert!(
        faults.is_empty(),
        "{}\n{}",
        faults.join("\n"),
        outcome.describe()
    );
    for ((event, at), least) in events {
        let recorded = journal.refusals().filter(|record| {
            (record.event() == event || record.event().starts_with("socket.get"))
                && record.0["rules"][0]["at"] == at
                && record.verdict() == "deny"
        });
        let recorded = recorded.count();
        assert!(
            recorded >= least,
            "{recorded} of {least} refusals of {event} are recorded\n{}",
            outcome.describe()
        );
    }
}

fn results(outcome: &Outcome) -> Vec<(usize, String, Value)> {
    let results = outcome.json();
    let mut all = Vec::new();
    for level in 0..LEVELS {
        let results = results[level.to_string()]
            .as_object()
            .expect("every level reports");
        all.extend(
            results
                .iter()
                .map(|(name, result)| (level, name.clone(), result.clone())),
        );
    }
    all
}
