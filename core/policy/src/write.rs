//! [`Policy`] back to TOML: what flags, presets and variables amount to, with nothing left to look up.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::arguments::Argument;
use crate::document::Fallback;
use crate::expand::protected;
use crate::image::{HostPattern, Mode, Overflow, PathPattern, Protocol};
use crate::model::{
    Action, Allowed, Entry, HostRule, JournalTarget, PathRule, Plugin, Policy, Sandbox, UnixRule,
    When,
};
use crate::paths::escaped;
use crate::units::{format_duration, format_size};

/// A path that is not UTF-8: TOML cannot say it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a path that is not UTF-8, which TOML cannot say: `{0}`")]
pub struct NotText(pub String);

impl Policy {
    /// The policy as one file without presets, variables and relative paths. It reads back to the same policy.
    ///
    /// # Errors
    /// Some path is not UTF-8.
    pub fn to_toml(&self) -> Result<String, NotText> {
        let mut out = Writer::default();
        out.pair("version", "1");
        if self.default == Fallback::Deny {
            out.text("default", self.default.as_str());
        }
        if self.mode != Mode::Enforce {
            out.text("mode", self.mode.as_str());
        }
        if self.require != Default::default() {
            out.text("require", self.require.as_str());
        }
        if self.degrade != Default::default() {
            out.text("degrade", self.degrade.as_str());
        }
        if self.lock {
            out.pair("lock", "true");
        }
        self.write_files(&mut out)?;
        self.write_network(&mut out)?;
        self.write_process(&mut out)?;
        self.write_env(&mut out);
        self.write_limits(&mut out);
        self.write_journal(&mut out);
        self.write_plugins(&mut out)?;
        self.write_hooks(&mut out);
        self.write_tests(&mut out)?;
        Ok(out.text)
    }

    fn write_files(&self, out: &mut Writer) -> Result<(), NotText> {
        out.table("[files]");
        let files = &self.files;
        self.list(out, "read", files.read.as_ref(), |entry| {
            path_texts(&entry.value)
        })?;
        self.list(out, "write", files.write.as_ref(), |entry| {
            // What a preset names and this machine lacks would be a mistake in a file of one's own.
            if entry.value.is_missing && entry.value.create.is_none() {
                return Ok(Vec::new());
            }
            path_texts(&entry.value)
        })?;
        let mut deny = Vec::new();
        for entry in &files.deny {
            // A symlink that was named comes last, and leads to the other when it is read back.
            deny.extend(path_texts(&entry.value)?.pop());
        }
        for entry in &files.except {
            deny.extend(
                path_texts(&entry.value)?
                    .into_iter()
                    .map(|text| format!("!{text}")),
            );
        }
        out.texts("deny", &deny);
        out.text("tmp", files.tmp.as_str());
        if let Some(recorded) = &files.recorded {
            out.text("static", recorded.value.as_str());
        }
        Ok(())
    }

    fn write_network(&self, out: &mut Writer) -> Result<(), NotText> {
        out.table("[network]");
        let network = &self.network;
        let hosts = |entry: &Entry<HostRule>| Ok(vec![host_text(&entry.value, Protocol::Tcp)]);
        self.list(out, "connect", network.connect.as_ref(), hosts)?;
        self.list(out, "bind", network.bind.as_ref(), hosts)?;
        let deny: Vec<_> = network
            .deny
            .iter()
            .map(|entry| host_text(&entry.value, Protocol::Any))
            .collect();
        out.texts("deny", &deny);
        if let Some(switch) = &network.loopback {
            out.pair("loopback", &switch.allowed.to_string());
        }
        self.list(out, "unix", network.unix.as_ref(), |entry| {
            match &entry.value {
                UnixRule::Path(rule) => path_texts(rule),
                UnixRule::Name(name) => Ok(vec![format!("@{name}")]),
            }
        })?;
        self.list(out, "sockets", network.sockets.as_ref(), |entry| {
            Ok(vec![entry.text.clone()])
        })
    }

    fn write_process(&self, out: &mut Writer) -> Result<(), NotText> {
        out.table("[process]");
        let process = &self.process;
        self.list(out, "exec", process.exec.as_ref(), |entry| {
            path_texts(&entry.value)
        })?;
        if let Some(signal) = &process.signal {
            out.text("signal", signal.value.as_str());
        }
        if let Some(switch) = &process.uncovered {
            out.text("uncovered", if switch.allowed { "allow" } else { "deny" });
        }
        if let Some(fds) = &process.inherit_fds {
            let numbers: Vec<_> = fds.value.iter().map(u64::to_string).collect();
            out.pair("inherit-fds", &format!("[{}]", numbers.join(", ")));
        }
        Ok(())
    }

    fn write_env(&self, out: &mut Writer) {
        out.table("[env]");
        let env = &self.env;
        // Names have nothing to resolve, and nothing that could fail.
        let _ = self.list(out, "pass", env.pass.as_ref(), |entry| {
            Ok(vec![entry.text.clone()])
        });
        let mut deny: Vec<_> = env.deny.iter().map(|entry| entry.text.clone()).collect();
        deny.extend(env.except.iter().map(|entry| format!("!{}", entry.text)));
        out.texts("deny", &deny);
        let set: Vec<_> = env
            .set
            .iter()
            .map(|(name, value)| format!("{} = {}", quoted(name), quoted(&protected(&value.value))))
            .collect();
        if !set.is_empty() {
            out.pair("set", &format!("{{ {} }}", set.join(", ")));
        }
    }

    fn write_limits(&self, out: &mut Writer) {
        out.table("[limits]");
        let limits = &self.limits;
        for (key, size) in [("memory", &limits.memory), ("file-size", &limits.file_size)] {
            if let Some(size) = size {
                out.text(key, &format_size(size.value));
            }
        }
        for (key, number) in [
            ("processes", &limits.processes),
            ("open-files", &limits.open_files),
        ] {
            if let Some(number) = number {
                out.pair(key, &number.value.to_string());
            }
        }
        for (key, duration) in [("cpu", &limits.cpu), ("wall", &limits.wall)] {
            if let Some(duration) = duration {
                out.text(key, &format_duration(duration.value));
            }
        }
    }

    fn write_journal(&self, out: &mut Writer) {
        out.table("[journal]");
        let journal = &self.journal;
        match &journal.target {
            JournalTarget::File(path) => out.text("path", &protected(path)),
            JournalTarget::Descriptor(number) => out.text("path", &format!("fd:{number}")),
            JournalTarget::None => out.text("path", "none"),
        }
        let events: Vec<_> = journal.events.iter().map(|name| quoted(name)).collect();
        out.pair("events", &format!("[{}]", events.join(", ")));
        if journal.overflow != Overflow::Wait {
            out.text("on-overflow", journal.overflow.as_str());
        }
        let mut rotate = vec![format!("keep = {}", journal.rotate_keep)];
        if let Some(size) = journal.rotate_size {
            rotate.insert(0, format!("size = {}", quoted(&format_size(size))));
        }
        out.pair("rotate", &format!("{{ {} }}", rotate.join(", ")));
    }

    fn write_plugins(&self, out: &mut Writer) -> Result<(), NotText> {
        for plugin in &self.plugins {
            out.table(&format!("[plugin.{}]", plugin.name));
            out.always();
            if let Some(path) = &plugin.path {
                let path = path
                    .to_str()
                    .ok_or_else(|| NotText(path.display().to_string()))?;
                out.text("path", &protected(path));
            }
            if let Some(hash) = &plugin.sha256 {
                out.text("sha256", hash);
            }
            if let Some(placement) = plugin.placement {
                out.text("placement", placement.as_str());
            }
            out.json("config", &plugin.config);
            write_sandbox(plugin, out)?;
        }
        Ok(())
    }

    fn write_hooks(&self, out: &mut Writer) {
        for hook in &self.hooks {
            out.table("[[hook]]");
            out.text("name", &hook.name);
            let on: Vec<_> = hook.on.iter().map(|name| quoted(name)).collect();
            out.pair("on", &format!("[{}]", on.join(", ")));
            match &hook.when {
                When::Always => {}
                When::Cel(condition) => out.text("when", condition.as_str()),
                When::Table(arguments) => {
                    let arguments: Vec<_> = arguments
                        .iter()
                        .map(|(name, globs)| {
                            let is_path = crate::load::is_path_argument(name, &hook.on);
                            let globs = globs.iter().map(|glob| match is_path {
                                true => quoted(&protected(glob)),
                                false => quoted(glob),
                            });
                            format!(
                                "{} = [{}]",
                                quoted(name),
                                globs.collect::<Vec<_>>().join(", ")
                            )
                        })
                        .collect();
                    out.pair("when", &format!("{{ {} }}", arguments.join(", ")));
                }
            }
            match &hook.action {
                Action::Do(verdict) => out.text("do", verdict.as_str()),
                Action::Call {
                    plugin,
                    function,
                    with,
                } => {
                    out.text("call", &format!("{plugin}.{function}"));
                    out.json("with", with);
                }
            }
            if let Some(reason) = &hook.reason {
                out.text("reason", reason);
            }
            if hook.priority != 0 {
                out.pair("priority", &hook.priority.to_string());
            }
            if let Some(on_error) = hook.on_error {
                out.text("on-error", on_error.as_str());
            }
        }
    }

    fn write_tests(&self, out: &mut Writer) -> Result<(), NotText> {
        for test in &self.tests {
            out.table("[[test]]");
            out.text("event", &test.event);
            // In the order in which the keys of a table are read, whatever was added to them when they were.
            let mut sorted: Vec<_> = test.args.iter().collect();
            sorted.sort_by_key(|(name, _)| name);
            let mut args = Vec::new();
            for (name, argument) in sorted {
                args.push(format!("{} = {}", quoted(name), argument_text(argument)?));
            }
            if !args.is_empty() {
                out.pair("args", &format!("{{ {} }}", args.join(", ")));
            }
            out.text("expect", test.expect.as_str());
            if let Some(rule) = &test.rule {
                out.text("rule", rule);
            }
        }
        Ok(())
    }

    /// A list that allows: absent where its absence means the same.
    fn list<T>(
        &self,
        out: &mut Writer,
        key: &str,
        list: Option<&Allowed<T>>,
        texts: impl Fn(&Entry<T>) -> Result<Vec<String>, NotText>,
    ) -> Result<(), NotText> {
        match list {
            None if self.default == Fallback::Deny => out.text(key, "any"),
            None => {}
            Some(list) => {
                let mut all = Vec::new();
                for entry in &list.entries {
                    all.extend(texts(entry)?);
                }
                out.lines(key, &all);
            }
        }
        Ok(())
    }
}

fn path_texts(rule: &PathRule) -> Result<Vec<String>, NotText> {
    let texts = rule.patterns.iter().map(|pattern| match pattern {
        PathPattern::Glob(glob) => Ok(protected(glob)),
        PathPattern::Literal(bytes) => {
            let text = std::str::from_utf8(bytes)
                .map_err(|_| NotText(String::from_utf8_lossy(bytes).into_owned()))?;
            let mut text = protected(&escaped(text));
            if rule.create.is_some() {
                text.push('/');
            }
            Ok(text)
        }
    });
    texts.collect()
}

/// An entry of a list in which entries without a protocol mean `usual`.
fn host_text(rule: &HostRule, usual: Protocol) -> String {
    let scheme = match rule.protocol {
        protocol if protocol == usual => "",
        Protocol::Udp => "udp://",
        Protocol::Tcp | Protocol::Any => "tcp://",
    };
    let host = match rule.hosts.first() {
        None | Some(HostPattern::Any) => "*".to_owned(),
        Some(HostPattern::Name(name)) => name.clone(),
        Some(HostPattern::Suffix(name)) => format!("*.{name}"),
        Some(HostPattern::Net { address, prefix }) => network_text(*address, *prefix),
    };
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host
    };
    match rule.ports {
        None => format!("{scheme}{host}"),
        Some((first, last)) if first == last => format!("{scheme}{host}:{first}"),
        Some((first, last)) => format!("{scheme}{host}:{first}-{last}"),
    }
}

fn network_text(address: [u8; 16], prefix: u8) -> String {
    let address = Ipv6Addr::from(address);
    let mapped: Option<Ipv4Addr> = address.to_ipv4_mapped().filter(|_| prefix >= 96);
    match (mapped, prefix) {
        (Some(address), 128) => address.to_string(),
        (Some(address), _) => format!("{address}/{}", prefix - 96),
        (None, 128) => address.to_string(),
        (None, _) => format!("{address}/{prefix}"),
    }
}

fn argument_text(argument: &Argument) -> Result<String, NotText> {
    Ok(match argument {
        Argument::Bool(truth) => truth.to_string(),
        Argument::I64(number) => number.to_string(),
        Argument::U64(number) => number.to_string(),
        Argument::F64(number) => toml::Value::Float(*number).to_string(),
        Argument::Str(text) => quoted(text),
        Argument::Path(bytes) => quoted(
            std::str::from_utf8(bytes)
                .map_err(|_| NotText(String::from_utf8_lossy(bytes).into_owned()))?,
        ),
        Argument::List(elements) => {
            let elements: Result<Vec<_>, _> = elements.iter().map(argument_text).collect();
            format!("[{}]", elements?.join(", "))
        }
    })
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Tables appear when they have a key.
#[derive(Default)]
struct Writer {
    text: String,
    header: Option<String>,
}

fn write_sandbox(plugin: &Plugin, out: &mut Writer) -> Result<(), NotText> {
    let (sandbox, usual) = (&plugin.sandbox, Sandbox::default());
    out.table(&format!("[plugin.{}.sandbox]", plugin.name));
    for (key, paths) in [("read", &sandbox.read), ("write", &sandbox.write)] {
        let mut entries = Vec::new();
        for path in paths {
            let text = path.to_str();
            let text = text.ok_or_else(|| NotText(path.display().to_string()))?;
            entries.push(quoted(&protected(text)));
        }
        if !entries.is_empty() {
            out.pair(key, &format!("[{}]", entries.join(", ")));
        }
    }
    if sandbox.network {
        out.pair("network", "true");
    }
    if sandbox.memory != usual.memory {
        out.text("memory", &format_size(sandbox.memory));
    }
    if sandbox.open_files != usual.open_files {
        out.pair("open-files", &sandbox.open_files.to_string());
    }
    if sandbox.timeout != usual.timeout {
        out.text("timeout", &format_duration(sandbox.timeout));
    }
    Ok(())
}

impl Writer {
    fn table(&mut self, header: &str) {
        self.header = Some(header.to_owned());
    }

    /// Writes the table's header even if no key follows.
    fn always(&mut self) {
        if let Some(header) = self.header.take() {
            self.put(format_args!("\n{header}\n"));
        }
    }

    fn pair(&mut self, key: &str, value: &str) {
        self.always();
        self.put(format_args!("{key} = {value}\n"));
    }

    fn text(&mut self, key: &str, text: &str) {
        self.pair(key, &quoted(text));
    }

    fn texts(&mut self, key: &str, texts: &[String]) {
        if !texts.is_empty() {
            self.lines(key, texts);
        }
    }

    /// An entry a line: the journal and messages name lines.
    fn lines(&mut self, key: &str, texts: &[String]) {
        if texts.is_empty() {
            self.pair(key, "[]");
            return;
        }
        self.pair(key, "[");
        self.text.truncate(self.text.len() - 1);
        self.put(format_args!("\n"));
        for text in texts {
            self.put(format_args!("    {},\n", quoted(text)));
        }
        self.put(format_args!("]\n"));
    }

    fn json(&mut self, key: &str, value: &serde_json::Value) {
        if value.as_object().is_some_and(serde_json::Map::is_empty) {
            return;
        }
        // It was TOML once.
        if let Ok(value) = toml::Value::try_from(value) {
            self.pair(key, &value.to_string());
        }
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.text.write_fmt(text);
    }
}
