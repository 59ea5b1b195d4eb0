//! The JSON Schema of hooks.toml, made of the [grammar's types](crate::document).

use std::sync::OnceLock;

use serde_json::Value;

use crate::document::Document;

/// The schema, for editors and for `audithook check --schema`.
#[must_use]
pub fn schema() -> Value {
    made().clone()
}

/// The keys of a table, as the schema names them: `""` for the top level, `files`, `hook`, `journal.rotate`, ….
#[must_use]
pub fn keys(table: &str) -> Vec<&'static str> {
    let mut node = made();
    for key in table.split('.').filter(|key| !key.is_empty()) {
        let Some(next) = node.get("properties").and_then(|all| all.get(key)) else {
            return Vec::new();
        };
        node = followed(next);
        // An array of tables, or tables under any name, are known by what each of them is.
        for inside in ["items", "additionalProperties"] {
            if let Some(element) = node.get(inside).filter(|element| element.is_object()) {
                node = followed(element);
            }
        }
    }
    let properties = node.get("properties").and_then(Value::as_object);
    properties
        .map(|all| all.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

/// The tables in which a key is at home, as they are written: `[files]`, `[[hook]]`.
#[must_use]
pub fn homes(key: &str) -> Vec<String> {
    const TABLES: [(&str, &str); 9] = [
        ("files", "[files]"),
        ("network", "[network]"),
        ("process", "[process]"),
        ("env", "[env]"),
        ("limits", "[limits]"),
        ("journal", "[journal]"),
        ("plugin", "[plugin.NAME]"),
        ("hook", "[[hook]]"),
        ("test", "[[test]]"),
    ];
    TABLES
        .iter()
        .filter(|(table, _)| keys(table).contains(&key))
        .map(|(_, written)| (*written).to_owned())
        .collect()
}

fn followed(node: &'static Value) -> &'static Value {
    let Some(name) = node
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|path| path.strip_prefix("#/$defs/"))
    else {
        return node;
    };
    made()
        .get("$defs")
        .and_then(|all| all.get(name))
        .unwrap_or(node)
}

fn made() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut schema = schemars::schema_for!(Document).to_value();
        without_null(&mut schema);
        schema
    })
}

/// An absent key is absent: TOML has no null.
fn without_null(node: &mut Value) {
    match node {
        Value::Array(elements) => elements.iter_mut().for_each(without_null),
        Value::Object(members) => {
            members.values_mut().for_each(without_null);
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    members.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(values)) = members.get_mut("enum") {
                values.retain(|value| !value.is_null());
            }
            if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
                if let [Value::Object(only)] = choices.as_slice() {
                    let only = only.clone();
                    members.remove("anyOf");
                    for (key, value) in only {
                        members.entry(key).or_insert(value);
                    }
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_described() {
        fn check(node: &Value, path: &str) {
            for (key, property) in node
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                let path = format!("{path}.{key}");
                assert!(
                    property.get("description").is_some(),
                    "{path} has no description: {property}"
                );
                check(property, &path);
            }
        }
        let schema = schema();
        check(&schema, "");
        for (name, definition) in schema["$defs"].as_object().expect("definitions") {
            check(definition, name);
        }
    }

    #[test]
    fn keys_are_found_by_table() {
        assert!(keys("").contains(&"extends"));
        assert!(keys("files").contains(&"static"));
        assert!(keys("process").contains(&"inherit-fds"));
        assert!(keys("hook").contains(&"on-error"));
        assert!(keys("plugin").contains(&"placement"));
        assert_eq!(keys("journal.rotate"), ["keep", "size"]);
        assert_eq!(homes("deny"), ["[files]", "[network]", "[env]"]);
    }

    #[test]
    fn nothing_may_be_null() {
        assert!(!schema().to_string().contains("\"null\""));
    }
}
