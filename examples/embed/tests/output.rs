//! Runs the example as a newcomer would, and compares all that it prints.

use std::process::{Command, Output};

const PRINTED: &str = "\
no more hooks: the bus is locked
hooks, in the order in which they run:
  -10 gate embargo on order.*
  0 gate hook.large-orders on order.created (hooks.toml:7)
  0 observer hook.orders-by-customer on order.created by bucketing (hooks.toml:14)
  0 observer log on order.*
  0 gate no-free-orders on order.created (house-rules:1)
  0 gate limit on order.pay
  0 around timer on order.pay
  0 observer tally on order.*, tracing.*
order 1: shipped
order 2: refused: order.created denied by rule `no-free-orders` (house-rules:1): nothing is free
order 3: refused: order.created denied by rule `embargo`: we do not deal with mallory
order 4: shipped
order 5: not paid: connection refused
order 6: refused: order.created denied by rule `hook.large-orders` (hooks.toml:7): an order of more than 10000 needs a person
bucketing: order.created by customer (hook.orders-by-customer)
  COUNT  VALUE
      2  alice
      1  bob
      1  carol
      1  dave
      1  mallory
  6 events in total, 5 distinct values
payments: 2 done, 1 failed, timed
events:
  3 order.created allow
  3 order.created deny
  2 order.pay allow
  1 order.pay warn
  2 order.shipped allow
  3 tracing.embed_example.shop allow
embargo: 11 calls, 1 denied, 0 warned
hook.large-orders: 6 calls, 1 denied, 0 warned
hook.orders-by-customer: 6 calls, 0 denied, 0 warned
log: 11 calls, 0 denied, 0 warned
no-free-orders: 6 calls, 1 denied, 0 warned
tally: 14 calls, 0 denied, 0 warned
";

/// Runs it in its own directory. The plugins of whoever runs the tests are not its.
fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_embed-example"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("AUDITHOOK_PLUGIN_PATH")
        .env("XDG_DATA_HOME", env!("CARGO_TARGET_TMPDIR"))
        .output()
        .expect("it runs")
}

#[test]
fn the_example_prints_what_it_promises() {
    let output = run(&["hooks.toml"]);
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(printed, PRINTED);
    assert!(output.status.success());
}

#[test]
fn orders_and_their_verdicts_are_in_the_log_beside_the_programs_own_lines() {
    let output = run(&["hooks.toml"]);
    let log = String::from_utf8(output.stderr).expect("UTF-8");
    let expected = [
        (
            " INFO audithook::event: event=\"order.created\" verdict=\"allow\"",
            "id=1 customer=\"alice\" total=9.5",
        ),
        (
            " WARN audithook::event: event=\"order.created\" verdict=\"deny\"",
            "id=2 customer=\"bob\" total=0.0",
        ),
        (
            " WARN audithook::event: event=\"order.pay\" verdict=\"warn\"",
            "id=4 total=5000.0",
        ),
        (
            " WARN embed_example::shop: the card was declined",
            "customer=\"dave\"",
        ),
    ];
    for (begin, end) in expected {
        assert!(
            log.lines()
                .any(|line| line.starts_with(begin) && line.ends_with(end)),
            "{begin} in {log}"
        );
    }
}

#[test]
fn without_an_argument_it_takes_its_own_policy() {
    let output = run(&[]);
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/");
    assert_eq!(printed.replace(directory, ""), PRINTED);
}

#[test]
fn a_policy_that_the_bus_cannot_hold_ends_it_with_the_place() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let refused = |name: &str, text: &str| {
        let file = directory.join(name);
        std::fs::write(&file, text).expect("written");
        let output = run(&[&file.display().to_string()]);
        assert!(!output.status.success());
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let said = refused("files.toml", "version = 1\n[files]\ndeny = [\"/x\"]\n");
    assert!(
        said.contains("only `audithook run` holds it: `files.deny`")
            && said.contains("files.toml:3"),
        "{said}"
    );
    let said = refused(
        "mistake.toml",
        "version = 1\n[[hook]]\non = \"x\"\nwhen = 'args. >'\ndo = \"deny\"\n",
    );
    assert!(said.contains("mistake.toml:4"), "{said}");
    let said = refused(
        "missing.toml",
        "version = 1\n[plugin.no-such-plugin]\nplacement = \"supervisor\"\n",
    );
    assert!(said.contains("where cargo builds them"), "{said}");
}
