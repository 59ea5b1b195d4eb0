//! `audithook events`

use crate::bench::Bench;

#[test]
fn one_event_is_shown_with_all_that_is_known_of_it() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.run(&["events", "socket.connect"]).all(), @"
    status: 0
    --- out ---
      event      socket.connect
      held by    network.connect, network.deny, network.loopback, network.unix
      arguments  host    str
                 port    u64
                 family  str
                 kind    str
                 path    path
      sources    cpython: gate, observer
      journal    part of `@default`
      cpython    3.8 to 3.14
      see        https://docs.python.org/3/library/socket.html
    ");
    insta::assert_snapshot!(bench.run(&["events", "bus.lost"]).all(), @"
    status: 0
    --- out ---
      event      bus.lost
      arguments  count   u64
                 from    u64
                 to      u64
                 reason  str
      sources    app: gate, after, observer
      journal    always
      note       records that were lost, and why
    ");
}

#[test]
fn a_glob_lists_what_it_matches() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.run(&["events", "os.re*"]).all(), @"
    status: 0
    --- out ---
    os.remove       path:path raw:path
    os.removexattr  path:path raw:path attribute:str
    os.rename       src:path dst:path raw_src:path raw_dst:path
    ");
    insta::assert_snapshot!(bench.run(&["events", "_winapi.*"]).all(), @"
    status: 2
    --- err ---
    error: no event matches: `_winapi.*`

    hint: 7 of other platforms: `--all` shows them
    ");
    assert_eq!(
        bench
            .run(&["events", "_winapi.*", "--all"])
            .good()
            .lines()
            .count(),
        7
    );
}

#[test]
fn a_name_that_is_almost_right_gets_the_right_one() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.run(&["events", "socket.conect"]).all(), @"
    status: 2
    --- err ---
    error: no such event in the catalogue: `socket.conect`

    hint: did you mean `socket.connect`?
    ");
    insta::assert_snapshot!(bench.run(&["events", "connect"]).all(), @"
    status: 2
    --- err ---
    error: no such event in the catalogue: `connect`

    hint: `audithook events '*connect*'` lists those that have it in their name
    ");
    insta::assert_snapshot!(bench.run(&["events", "shop.order"]).all(), @"
    status: 2
    --- err ---
    error: no such event in the catalogue: `shop.order`

    hint: a program may raise events of its own; they need no entry here
    ");
}

#[test]
fn the_catalogue_is_data_too() {
    let bench = Bench::new();
    let all = bench.run(&["events", "--all", "--format", "json"]).json();
    assert_eq!(
        all.as_array().map(Vec::len),
        Some(audithook_catalogue::EVENTS.len())
    );
    insta::assert_snapshot!(bench.run(&["events", "os.rename", "--format", "json"]).good(), @r#"
    {
      "name": "os.rename",
      "operation": "files.write, files.deny (src and dst)",
      "args": [
        {
          "name": "src",
          "kind": "path"
        },
        {
          "name": "dst",
          "kind": "path"
        },
        {
          "name": "raw_src",
          "kind": "path"
        },
        {
          "name": "raw_dst",
          "kind": "path"
        }
      ],
      "sources": [
        "cpython",
        "libc"
      ],
      "hooks": [
        {
          "source": "cpython",
          "kinds": [
            "gate",
            "observer"
          ]
        },
        {
          "source": "libc",
          "kinds": [
            "gate",
            "observer"
          ]
        }
      ],
      "journalled": "@default",
      "first": "3.8",
      "last": "3.14",
      "platform": "all",
      "doc": "https://docs.python.org/3/library/os.html",
      "notes": null
    }
    "#);
}
