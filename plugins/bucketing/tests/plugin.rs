//! The plugin through its real entry.

use audithook_sdk::testing::{Host, Instance};
use audithook_sdk::{Failure, Value};
use bucketing::audithook_plugin_entry;
use insta::assert_snapshot;

fn create(host: &Host, config: &str) -> Instance {
    host.create(audithook_plugin_entry, config)
        .expect("a good configuration")
}

fn refused<T: std::fmt::Debug>(result: Result<T, Failure>) -> String {
    format!("{:?}", result.expect_err("a refusal"))
}

#[test]
fn a_table_is_sorted_by_count_then_value_and_has_its_sums() {
    let host = Host::new();
    let plugin = create(&host, "{}");
    let count = plugin
        .attach_as(
            "count",
            r#"{"by": "module"}"#,
            "hook.count-imports",
            "import",
        )
        .unwrap();
    for module in ["os", "re", "os", "sys", "os", "json", "re"] {
        count
            .observe(&host.event("import", &[("module", Value::str(module))]))
            .unwrap();
    }
    assert_snapshot!(plugin.report().unwrap(), @r"
    bucketing: import by module (hook.count-imports)
      COUNT  VALUE
          3  os
          2  re
          1  json
          1  sys
      7 events in total, 4 distinct values
    ");
    assert_snapshot!(plugin.report_json().unwrap(), @r#"{"tables":[{"by":"module","cut":0,"distinct":4,"exact":true,"floor":0,"hook":"hook.count-imports","missing":0,"on":["import"],"total":7,"values":[{"count":3,"error":0,"value":"os"},{"count":2,"error":0,"value":"re"},{"count":1,"error":0,"value":"json"},{"count":1,"error":0,"value":"sys"}]}]}"#);
}

#[test]
fn every_attachment_has_its_own_table_and_keeps_it_after_it_is_detached() {
    let host = Host::new();
    let plugin = create(&host, "{}");
    let by_path = plugin
        .attach_as("count", r#"{"by": "path"}"#, "hook.a", "open")
        .unwrap();
    let by_name = plugin
        .attach_as("count", "{}", "", "open socket.*")
        .unwrap();
    let open = host.event("open", &[("path", Value::path("/x"))]);
    by_path.observe(&open).unwrap();
    by_name.observe(&open).unwrap();
    by_name.observe(&host.event("socket.connect", &[])).unwrap();
    by_name.observe(&open).unwrap();
    drop(by_path);
    assert_snapshot!(plugin.report().unwrap(), @r"
    bucketing: open by path (hook.a)
      COUNT  VALUE
          1  /x
      1 event in total, 1 distinct value

    bucketing: open socket.* by event
      COUNT  VALUE
          2  open
          1  socket.connect
      3 events in total, 2 distinct values
    ");
}

#[test]
fn missing_empty_and_odd_values_are_told_apart() {
    let host = Host::new();
    let plugin = create(&host, "{}");
    let count = plugin
        .attach_as("count", r#"{"by": "path"}"#, "", "")
        .unwrap();
    let flags = [Value::str("read"), Value::str("nofollow")];
    let values: [&[(&str, Value<'_>)]; 9] = [
        &[],
        &[("path", Value::NULL)],
        &[("other", Value::u64(1))],
        &[("path", Value::str("(none)"))],
        &[("path", Value::str(""))],
        &[("path", Value::path(b"/\xff\n"))],
        &[("path", Value::u64(7))],
        &[("path", Value::i64(7))],
        &[("path", Value::list(&flags))],
    ];
    for args in values {
        count.observe(&host.event("open", args)).unwrap();
    }
    assert_snapshot!(plugin.report().unwrap(), @r#"
    bucketing: events by path
      COUNT  VALUE
          3  (none)
          2  7
          1  ""
          1  "(none)"
          1  /\xff\n
          1  read,nofollow
      9 events in total, 6 distinct values
    "#);
}

#[test]
fn beyond_the_bound_the_errors_are_printed() {
    let host = Host::new();
    let plugin = create(&host, r#"{"keys": 3, "top": 2}"#);
    let count = plugin.attach("count", r#"{"by": "n"}"#).unwrap();
    for number in [1u64, 1, 1, 1, 2, 2, 3, 4, 5, 5] {
        count
            .observe(&host.event("tick", &[("n", Value::u64(number))]))
            .unwrap();
    }
    assert_snapshot!(plugin.report().unwrap(), @r"
    bucketing: events by n
      COUNT  ERROR  VALUE
          4      0  1
          4      2  5
      10 events in total, more than 3 distinct values; 2 shown
      counts may be too high by ERROR; a value that was not kept occurred at most 2 times
    ");
}

#[test]
fn nothing_attached_is_nothing_to_say() {
    let host = Host::new();
    let plugin = create(&host, "{}");
    assert_eq!(plugin.report().unwrap(), "");
    let _count = plugin.attach("count", "{}").unwrap();
    assert_snapshot!(plugin.report().unwrap(), @r"
    bucketing: events by event
      0 events in total, 0 distinct values
    ");
}

#[test]
fn wrong_configurations_are_refused_with_reasons() {
    let host = Host::new();
    let create = |config| refused(host.create(audithook_plugin_entry, config));
    assert_snapshot!(create(r#"{"top": 0}"#), @"`top` is 0: at least one value is shown (-4)");
    assert_snapshot!(create(r#"{"keys": 0}"#), @"`keys` is 0, not 1 to 10000000 (-4)");
    assert_snapshot!(create(r#"{"keys": -1}"#), @"invalid value: integer `-1`, expected usize (-4)");
    assert_snapshot!(create(r#"{"kyes": 1}"#), @"unknown field `kyes`, expected `top` or `keys` (-4)");
    let plugin = self::create(&host, "{}");
    let attach = |with| refused(plugin.attach("count", with));
    assert_snapshot!(attach(r#"{"by": ""}"#), @"`by` is empty: leave it out to count by the event's name (-4)");
    assert_snapshot!(attach(r#"{"buy": "x"}"#), @"unknown field `buy`, expected `by` (-4)");
    assert_snapshot!(attach(r#"{"by": 5}"#), @"invalid type: integer `5`, expected a string (-4)");
}

#[test]
fn the_schemas_are_json() {
    use audithook_sdk::{Hook, Plugin};
    for schema in [
        bucketing::Bucketing::CONFIG_SCHEMA,
        bucketing::Count::WITH_SCHEMA,
    ] {
        serde_json::from_str::<serde_json::Value>(schema).expect(schema);
    }
}

#[test]
fn a_host_that_offers_nothing_counts_by_name_as_missing_and_cannot_count_by_argument() {
    let host = Host::minimal();
    let plugin = create(&host, "{}");
    let count = plugin.attach("count", "{}").unwrap();
    count.observe(&host.event("open", &[])).unwrap();
    assert!(plugin.report().unwrap().contains("(none)"));
    // Without `set_reason` there is only the number.
    assert_snapshot!(refused(plugin.attach("count", r#"{"by": "path"}"#)), @" (-5)");
}

#[test]
fn threads_lose_no_count() {
    let host = Host::new();
    let plugin = create(&host, "{}");
    let count = plugin.attach("count", r#"{"by": "n"}"#).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..10_000u64 {
                    count
                        .observe(&host.event("tick", &[("n", Value::u64(number % 7))]))
                        .unwrap();
                }
            });
        }
    });
    let report = plugin.report_json().unwrap();
    assert_eq!(report["tables"][0]["total"], 40_000);
    assert_eq!(report["tables"][0]["distinct"], 7);
}
