//! `with`: what a hook gives to a plugin's function, and where in it a mistake is.

use audithook_loader::PluginInfo;
use serde_json::{Map, Value};

/// What a function says that its `with` may be: a JSON Schema.
pub(super) fn schema(plugin: &PluginInfo, function: &str) -> Option<Value> {
    let mut hooks = plugin.hooks.iter();
    let offered = hooks.find(|offered| offered.name == function)?;
    serde_json::from_str(&offered.with_schema).ok()
}

/// The key that a schema does not know, or whose value is not of its type. Only the plugin knows all that is wrong with a
/// `with` that it refuses: this is for the place.
pub(super) fn wrong_key<'w>(schema: &Value, with: &'w Value) -> Option<&'w str> {
    let with = with.as_object()?;
    let known = schema["properties"].as_object()?;
    unknown(schema, known, with).or_else(|| {
        let mut members = with.iter();
        members
            .find(|(key, value)| {
                known
                    .get(*key)
                    .is_some_and(|known| !is_of_type(known, value))
            })
            .map(|(key, _)| key.as_str())
    })
}

/// The key that a plugin's words name first.
pub(super) fn named_key<'w>(words: &str, with: &'w Value) -> Option<&'w str> {
    let with = with.as_object()?;
    let mut quoted = words.split('`').skip(1).step_by(2);
    let (key, _) = quoted.find_map(|word| with.get_key_value(word))?;
    Some(key)
}

fn unknown<'w>(
    schema: &Value,
    known: &Map<String, Value>,
    with: &'w Map<String, Value>,
) -> Option<&'w str> {
    let takes_others = schema["additionalProperties"] != Value::Bool(false);
    let mut keys = with.keys().filter(|_| !takes_others);
    keys.find(|key| !known.contains_key(*key))
        .map(String::as_str)
}

fn is_of_type(schema: &Value, value: &Value) -> bool {
    match &schema["type"] {
        Value::String(name) => is_a(name, value),
        Value::Array(names) => names
            .iter()
            .any(|name| name.as_str().is_none_or(|name| is_a(name, value))),
        _ => true,
    }
}

fn is_a(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_wrong_key_is_the_one_that_the_schema_does_not_know_or_whose_type_is_another() {
        let schema = json!({
            "additionalProperties": false,
            "properties": {"by": {"type": "string"}, "top": {"type": ["integer", "null"]}, "any": {}},
        });
        for (with, key) in [
            (json!({"by": "x", "top": 5, "any": []}), None),
            (json!({"by": "x", "top": null}), None),
            (json!({"yb": "x"}), Some("yb")),
            (json!({"by": 5}), Some("by")),
            (json!({"by": "x", "top": 0.5}), Some("top")),
            (json!("x"), None),
        ] {
            assert_eq!(wrong_key(&schema, &with), key, "{with}");
        }
        let open = json!({"properties": {"by": {"type": "string"}}});
        assert_eq!(wrong_key(&open, &json!({"yb": "x"})), None);
        assert_eq!(
            named_key(
                "unknown field `yb`, expected `by`",
                &json!({"by": 1, "yb": 2})
            ),
            Some("yb")
        );
        assert_eq!(named_key("no `top` here", &json!({"by": 1})), None);
        assert_eq!(wrong_key(&Value::Null, &json!({"yb": "x"})), None);
    }
}
