//! What a plugin says of itself, as far as it is shown.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use audithook_loader::{CommandInfo, Digest, HookInfo, ParamInfo, ParamKind, PluginInfo};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A plugin that was loaded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) version: String,
    pub(super) summary: String,
    pub(super) license: String,
    pub(super) sdk: String,
    /// The version that it was compiled for.
    pub(super) abi: String,
    /// The oldest host that it can live with.
    pub(super) abi_at_least: String,
    /// Where it may run.
    pub(super) placements: Vec<String>,
    pub(super) own_threads: bool,
    pub(super) hooks: Vec<Hook>,
    pub(super) commands: Vec<Command>,
    /// JSON Schema; null if it has none.
    pub(super) config: Value,
    pub(super) file: PathBuf,
    pub(super) sha256: Option<String>,
}

/// A function that a policy can name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Hook {
    pub(super) name: String,
    pub(super) kinds: Vec<String>,
    pub(super) summary: String,
    /// The verdict that its author means an error to have.
    pub(super) on_failure: String,
    pub(super) pure: bool,
    /// JSON Schema; null if it has none.
    pub(super) with: Value,
}

/// Something that it does when it is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Command {
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) default: bool,
    pub(super) reads_input: bool,
    pub(super) params: Vec<Param>,
}

/// What a command takes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Param {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) summary: String,
    pub(super) positional: bool,
    pub(super) required: bool,
    pub(super) repeated: bool,
    pub(super) default: Option<String>,
    pub(super) choices: Vec<String>,
}

impl Report {
    pub(super) fn of(info: &PluginInfo, file: &Path, digest: Option<Digest>) -> Self {
        let (major, minor) = info.abi;
        let in_target = info.in_target.then(|| "target".to_owned());
        Self {
            name: info.name.clone(),
            id: info.id.clone(),
            version: info.version.clone(),
            summary: info.summary.clone(),
            license: info.license.clone(),
            sdk: info.sdk.clone(),
            abi: format!("{major}.{minor}"),
            abi_at_least: format!("{major}.{}", info.abi_min_minor),
            placements: ["supervisor".to_owned()]
                .into_iter()
                .chain(in_target)
                .collect(),
            own_threads: info.own_threads,
            hooks: info.hooks.iter().map(Hook::of).collect(),
            commands: info.commands.iter().map(Command::of).collect(),
            config: schema(&info.config_schema),
            file: file.to_owned(),
            sha256: digest.map(|digest| digest.to_string()),
        }
    }
}

impl Hook {
    fn of(hook: &HookInfo) -> Self {
        let kinds = [
            (hook.kinds.gate, "gate"),
            (hook.kinds.after, "after"),
            (hook.kinds.observer, "observer"),
        ];
        Self {
            name: hook.name.clone(),
            kinds: kinds
                .into_iter()
                .filter(|(offered, _)| *offered)
                .map(|(_, kind)| kind.to_owned())
                .collect(),
            summary: hook.summary.clone(),
            on_failure: hook.on_failure.as_str().to_owned(),
            pure: hook.pure,
            with: schema(&hook.with_schema),
        }
    }
}

impl Command {
    fn of(command: &CommandInfo) -> Self {
        Self {
            name: command.name.clone(),
            summary: command.summary.clone(),
            default: command.default,
            reads_input: command.reads_input,
            params: command.params.iter().map(Param::of).collect(),
        }
    }

    /// How it is called: `repeat TEXT [--times N]`.
    pub(super) fn usage(&self) -> String {
        let params = self.params.iter().map(Param::usage);
        let words: Vec<_> = [self.name.clone()].into_iter().chain(params).collect();
        words.join(" ")
    }
}

impl Param {
    fn of(param: &ParamInfo) -> Self {
        Self {
            name: param.name.clone(),
            kind: kind(param.kind).to_owned(),
            summary: param.summary.clone(),
            positional: param.positional,
            required: param.required,
            repeated: param.repeated,
            default: param.default.clone(),
            choices: param.choices.clone(),
        }
    }

    fn usage(&self) -> String {
        let dots = if self.repeated { "…" } else { "" };
        let word = match (self.positional, &*self.kind) {
            (true, _) => format!("{}{dots}", self.name.to_uppercase()),
            (false, "flag") => format!("--{}{dots}", self.name),
            (false, kind) => format!("--{} <{kind}>{dots}", self.name),
        };
        if self.required {
            word
        } else {
            format!("[{word}]")
        }
    }
}

/// What a JSON Schema of an object takes: each key with its type, default and description.
pub(super) fn keys(schema: &Value) -> BTreeMap<String, String> {
    let required: Vec<_> = (schema["required"].as_array().into_iter().flatten())
        .filter_map(Value::as_str)
        .collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .map(|(key, property)| {
            let text = |name: &str| property[name].as_str().map(str::to_owned);
            let mut about = text("type").unwrap_or_else(|| match &property["type"] {
                Value::Array(types) => {
                    let types: Vec<_> = types.iter().filter_map(Value::as_str).collect();
                    types.join(" or ")
                }
                _ => "any".to_owned(),
            });
            match property.get("default") {
                Some(default) if !default.is_null() => about += &format!(", {default} if absent"),
                _ if required.contains(&key.as_str()) => about += ", required",
                _ => {}
            }
            if let Some(description) = text("description") {
                let line = description.lines().next().unwrap_or_default();
                about += &format!(": {line}");
            }
            (key.clone(), about)
        })
        .collect()
}

fn schema(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

const fn kind(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Flag => "flag",
        ParamKind::Str => "text",
        ParamKind::Bytes => "bytes",
        ParamKind::Path => "path",
        ParamKind::I64 => "integer",
        ParamKind::U64 => "number",
        ParamKind::F64 => "decimal",
        ParamKind::Size => "size",
        ParamKind::Duration => "duration",
        _ => "value",
    }
}
