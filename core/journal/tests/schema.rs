//! The published JSON Schema, held against lines that a formatter made.

use audithook_abi::{
    EVENT_NESTED, EVENT_STARTUP, EVENT_TRUNCATED, Source, VALUE_SECRET, Value, Verdict,
};
use audithook_catalogue::{arg, event};
use audithook_journal::{Clock, Entry, Formatter, Rule, RunId, SCHEMA};
use audithook_wire::flat::{Encoder, MAX_RECORD, Meta, Name, Record, Rules};
use serde_json::{Map, Value as Json, json};

/// Checks a value against a schema of the few keywords that ours uses; an unknown keyword is an error.
fn check(root: &Json, schema: &Json, value: &Json, at: &str) -> Result<(), String> {
    let wrong = |what: String| Err(format!("{at}: {what}"));
    for (keyword, rule) in schema.as_object().expect("a schema is an object") {
        match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "format" | "contentEncoding" => {}
            "$ref" => {
                let path = rule.as_str().unwrap().strip_prefix('#').unwrap();
                check(root, root.pointer(path).expect(path), value, at)?;
            }
            "type" => {
                let types: Vec<&Json> = rule
                    .as_array()
                    .map_or(vec![rule], |all| all.iter().collect());
                if !types
                    .iter()
                    .any(|name| has_type(value, name.as_str().unwrap()))
                {
                    return wrong(format!("not a {rule}"));
                }
            }
            "const" if value != rule => return wrong(format!("not {rule}")),
            "enum" if !rule.as_array().unwrap().contains(value) => {
                return wrong(format!("not of {rule}"));
            }
            "const" | "enum" => {}
            "minLength" | "maxLength" => {
                let length = value.as_str().map_or(0, |text| text.chars().count() as u64);
                let bound = rule.as_u64().unwrap();
                if (keyword == "minLength" && length < bound)
                    || (keyword == "maxLength" && length > bound)
                {
                    return wrong(format!("{length} characters"));
                }
            }
            "minimum" => {
                if value.as_f64() < rule.as_f64() {
                    return wrong(format!("less than {rule}"));
                }
            }
            "required" => {
                for name in rule.as_array().unwrap() {
                    if value.get(name.as_str().unwrap()).is_none() {
                        return wrong(format!("{name} is missing"));
                    }
                }
            }
            "properties" => {
                for (name, schema) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        check(root, schema, value, &format!("{at}.{name}"))?;
                    }
                }
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Json::as_object);
                for (name, value) in value.as_object().into_iter().flatten() {
                    if known.is_some_and(|known| known.contains_key(name)) {
                        continue;
                    }
                    match rule {
                        Json::Bool(false) => {
                            return wrong(format!("`{name}` is not in the schema"));
                        }
                        schema => check(root, schema, value, &format!("{at}.{name}"))?,
                    }
                }
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    check(root, rule, item, &format!("{at}[]"))?;
                }
            }
            "anyOf" => {
                if !rule
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|one| check(root, one, value, at).is_ok())
                {
                    return wrong("none of anyOf".into());
                }
            }
            other => panic!("this test does not know the keyword `{other}`"),
        }
    }
    Ok(())
}

fn has_type(value: &Json, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("unknown type: {other}"),
    }
}

fn schema() -> Json {
    serde_json::from_str(SCHEMA).expect("the schema is JSON")
}

fn line(event: Name<'_>, meta: &Meta, reason: &[u8], args: &[(Name<'_>, Value<'_>)]) -> Json {
    let mut buffer = vec![0; MAX_RECORD];
    let mut encoder = Encoder::new(&mut buffer, event, meta);
    for (name, value) in args {
        encoder.arg(*name, value);
    }
    let record = Record::parse(encoder.finish()).unwrap();
    let rules = [Rule {
        id: "files.read",
        at: "hooks.toml:9",
    }];
    let mut out = Vec::new();
    Formatter::new(RunId::generate().unwrap(), Clock::now()).append(
        &mut out,
        &Entry {
            seq: 1,
            time_ns: Clock::monotonic_now(),
            process: "42.1",
            pid: 42,
            sources: &[Source::App, Source::Cpython, Source::Libc, Source::Kernel],
            record: &record,
            rules: &rules[..meta.rules.as_slice().len()],
            reason,
        },
    );
    serde_json::from_slice(&out).expect("a line is JSON")
}

#[test]
fn every_kind_of_line_is_as_the_schema_says() {
    let schema = schema();
    let plain = Meta::new(Source::Cpython);
    let full = Meta {
        flags: EVENT_NESTED | EVENT_STARTUP | EVENT_TRUNCATED,
        verdict: Verdict::Deny,
        would: Some(Verdict::Kill),
        errno: 13,
        rules: Rules::new(&[0]),
        ..plain
    };
    let inner = [Value::str(b"\xFF"), Value::i64(-1), Value::f64(f64::NAN)];
    let pairs = [
        Value::str("k"),
        Value::list(&inner),
        Value::u64(3),
        Value::NULL,
    ];
    let values = [
        Value::NULL,
        Value::bool(true),
        Value::i64(i64::MIN),
        Value::u64(u64::MAX),
        Value::f64(0.5),
        Value::f64(f64::INFINITY),
        Value::fd(-1),
        Value::str(b"caf\xE9"),
        Value::bytes(b"\0"),
        Value::path("/etc"),
        Value::addr(b"\x02\0"),
        Value::list(&inner),
        Value::map(&pairs),
        Value::str("secret").flagged(VALUE_SECRET),
    ];
    let names = [
        Name::NONE,
        Name::Known(arg::PATH),
        Name::Known(arg::PORT),
        Name::Text(b"\xFF"),
    ];
    for meta in [plain, full] {
        for event in [
            Name::Known(event::OPEN),
            Name::Known(event::SOCKET_CONNECT),
            Name::Text(b"shop.\xE9"),
        ] {
            for name in names {
                for value in values {
                    let line = line(event, &meta, b"because \xFF", &[(name, value)]);
                    check(&schema, &schema, &line, "line")
                        .unwrap_or_else(|error| panic!("{error}\n{line:#}"));
                }
            }
        }
    }
}

#[test]
fn the_schema_refuses_what_is_no_line() {
    let schema = schema();
    let good = line(
        Name::Known(event::OPEN),
        &Meta::new(Source::Cpython),
        b"",
        &[],
    );
    let with = |name: &str, value: Json| {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().insert(name.into(), value);
        check(&schema, &schema, &bad, "line").is_err()
    };
    assert!(!with("seq", json!(2)));
    assert!(with("seq", json!("2")));
    assert!(with("seq", json!(-1)));
    assert!(with("v", json!(2)));
    assert!(with("run", json!("short")));
    assert!(with("time", json!("2026-01-02T03:04:05Z")));
    assert!(with("verdict", json!("maybe")));
    assert!(with("sources", json!(["guess"])));
    assert!(with("rules", json!([{"id": "files.read"}])));
    assert!(with("nested", json!(false)));
    assert!(with("unheard_of", json!(1)));
    for name in schema["required"].as_array().unwrap() {
        let mut bad: Map<String, Json> = good.as_object().unwrap().clone();
        bad.remove(name.as_str().unwrap());
        assert!(
            check(&schema, &schema, &bad.into(), "line").is_err(),
            "{name}"
        );
    }
}

#[test]
fn the_documented_example_is_a_line() {
    let example = json!({
        "v": 1, "run": "01JGK5T9M0W3X7Q2R4Y6Z8A1BC", "seq": 17, "time": "2026-01-02T03:04:05.123456789Z", "proc": "4242.1",
        "pid": 4242, "tid": 4242, "sources": ["kernel", "cpython"], "event": "open",
        "args": {"path": "/etc/shadow", "raw": "../etc/shadow", "flags": ["read"]}, "verdict": "deny",
        "rules": [{"id": "files.read", "at": "hooks.toml:9"}], "errno": "EACCES", "generation": 1
    });
    let schema = schema();
    check(&schema, &schema, &example, "line").unwrap();
}
