//! Runs the example as a newcomer would, and compares all that it prints.

use std::process::Command;

const PRINTED: &str = "\
no more hooks: the bus is locked
hooks, in the order in which they run:
  -10 gate embargo on order.*
  0 gate no-free-orders on order.created (house-rules:1)
  0 gate limit on order.pay
  0 observer log on order.*
  0 around timer on order.pay
  0 observer tally on order.*, tracing.*
order 1: shipped
order 2: refused: order.created denied by rule `no-free-orders` (house-rules:1): nothing is free
order 3: refused: order.created denied by rule `embargo`: we do not deal with mallory
order 4: shipped
order 5: not paid: connection refused
payments: 2 done, 1 failed, timed
events:
  3 order.created allow
  2 order.created deny
  2 order.pay allow
  1 order.pay warn
  2 order.shipped allow
  3 tracing.embed_example.shop allow
embargo: 10 calls, 1 denied, 0 warned
no-free-orders: 5 calls, 1 denied, 0 warned
log: 10 calls, 0 denied, 0 warned
tally: 13 calls, 0 denied, 0 warned
";

#[test]
fn the_example_prints_what_it_promises() {
    let output = Command::new(env!("CARGO_BIN_EXE_embed-example"))
        .output()
        .expect("it runs");
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(printed, PRINTED);
    assert!(output.status.success());
}

#[test]
fn orders_and_their_verdicts_are_in_the_log_beside_the_programs_own_lines() {
    let output = Command::new(env!("CARGO_BIN_EXE_embed-example"))
        .output()
        .expect("it runs");
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
