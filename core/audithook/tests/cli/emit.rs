//! `audithook emit`

use crate::bench::Bench;

#[test]
fn an_event_of_ones_own_drives_hooks() {
    let bench = Bench::with_policy(
        r#"version = 1
[[hook]]
name = "large-orders"
on = "order.*"
when = 'args.total > 100'
do = "deny"
reason = "orders above 100 need a signature"
"#,
    );
    insta::assert_snapshot!(bench.run(&["emit", "order.created", "id=5", "total=500"]).all(), @"
    status: 1
    --- out ---
    deny  order.created id=5 total=500  [hook.large-orders (hooks.toml:2)]
      orders above 100 need a signature
    ");
    insta::assert_snapshot!(bench.run(&["emit", "order.created", "id=5", "total=9"]).all(), @"
    status: 0
    --- out ---
    allow  order.created id=5 total=9
    ");
    insta::assert_snapshot!(bench.run(&["emit", "order.created", "total=500", "--format", "json"]).all(), @r#"
    status: 1
    --- out ---
    {
      "event": "order.created",
      "times": 1,
      "verdict": "deny",
      "reason": "orders above 100 need a signature",
      "fail_open": false,
      "rules": [
        {
          "id": "hook.large-orders",
          "at": "hooks.toml:2"
        }
      ],
      "reports": {},
      "counters": {}
    }
    "#);
}

#[test]
fn file_rules_judge_emitted_events_as_they_judge_real_ones() {
    let bench = Bench::with_policy("version = 1\n[files]\ndeny = [\"./vault\"]\n");
    let said = bench.run(&["emit", "open", "path=vault/key"]);
    assert_eq!(said.status, Some(1), "{said:?}");
    insta::assert_snapshot!(said.out, @"deny  open path=[ROOT]/work/vault/key flags=read  [files.deny (hooks.toml:3)]");
}
