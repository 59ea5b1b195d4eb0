//! The table of rules: what judgements, messages and the journal name by number.
//!
//! Numbers follow the order of the texts, so that of equally strong rules the first in the file leads.

pub use audithook_matcher::hint::PLACEHOLDER;

use crate::model::{Action, Allowed, Entry, Policy, RuleText, Switch};
use crate::source::{Origin, SourceKind};

/// What is said of a rule, before it has a number.
struct Sketch {
    origin: Origin,
    text: RuleText,
}

impl Policy {
    /// Numbers the rules and writes their texts.
    pub(crate) fn number_rules(&mut self) {
        let writer = Writer {
            file: self
                .sources
                .iter()
                .rev()
                .find(|source| matches!(source.kind, SourceKind::File(_) | SourceKind::Text))
                .map(|source| source.name.clone()),
        };
        let mut sketches = Vec::new();
        self.each_rule(&writer, &mut |number, sketch| {
            *number = sketches.len() as u32;
            sketches.push(sketch);
        });
        let mut order: Vec<usize> = (0..sketches.len()).collect();
        order.sort_by_key(|place| (sketches[*place].origin.order(), *place));
        let mut ranks = vec![0; order.len()];
        for (rank, place) in order.iter().enumerate() {
            ranks[*place] = rank as u32;
        }
        self.each_rule(&writer, &mut |number, _| *number = ranks[*number as usize]);
        self.rules = order
            .into_iter()
            .map(|place| std::mem::take(&mut sketches[place].text))
            .collect();
    }

    /// Every rule with its number, always in the same order.
    fn each_rule(&mut self, writer: &Writer, visit: &mut dyn FnMut(&mut u32, Sketch)) {
        let files = &mut self.files;
        list(
            &mut files.read,
            ("files.read", "[files] read", Some("--read")),
            writer,
            visit,
        );
        list(
            &mut files.write,
            ("files.write", "[files] write", Some("--write")),
            writer,
            visit,
        );
        denied(&mut files.deny, "files.deny", "[files] deny", visit);
        for entry in &mut files.except {
            visit(
                &mut entry.rule,
                sketch("files.deny", &entry.origin, &entry.text),
            );
        }

        let network = &mut self.network;
        let connect = ("network.connect", "[network] connect", Some("--connect"));
        list(&mut network.connect, connect, writer, visit);
        list(
            &mut network.bind,
            ("network.bind", "[network] bind", None),
            writer,
            visit,
        );
        denied(&mut network.deny, "network.deny", "[network] deny", visit);
        switch(
            &mut network.loopback,
            "network.loopback",
            "loopback = true",
            "[network]",
            writer,
            visit,
        );
        list(
            &mut network.unix,
            ("network.unix", "[network] unix", None),
            writer,
            visit,
        );
        let hosts = [&network.connect, &network.bind].into_iter().flatten();
        let closing: Vec<_> = hosts.map(|list| list.origin.order()).collect();
        if let Some(closed) = &mut network.sockets
            && closing.contains(&closed.origin.order())
        {
            // Nobody wrote the list: it follows from another.
            let line = format!("sockets = [\"{PLACEHOLDER}\"]");
            let mut whole = sketch("network.sockets", &closed.origin, "");
            whole.text.hint = writer.switching(&closed.origin, &line, "[network]");
            visit(&mut closed.rule, whole);
        } else {
            let sockets = ("network.sockets", "[network] sockets", None);
            list(&mut network.sockets, sockets, writer, visit);
        }

        let process = &mut self.process;
        list(
            &mut process.exec,
            ("process.exec", "[process] exec", Some("--exec")),
            writer,
            visit,
        );
        switch(
            &mut process.uncovered,
            "process.uncovered",
            "uncovered = \"allow\"",
            "[process]",
            writer,
            visit,
        );

        for hook in &mut self.hooks {
            let mut said = sketch(&hook.id(), &hook.origin, "");
            said.text.reason = hook.reason.clone().unwrap_or_default();
            if let Action::Call {
                plugin, function, ..
            } = &hook.action
            {
                said.text.entry = format!("{plugin}.{function}");
            }
            visit(&mut hook.rule, said);
        }

        let mut own = sketch("audithook.self", &self.own.origin, "");
        own.text.reason = "audithook's own files are not the program's to touch".to_owned();
        own.text.protected = true;
        visit(&mut self.own.rule, own);
    }
}

/// Knows where a person would write.
struct Writer {
    file: Option<String>,
}

impl Writer {
    /// How to allow what a list refuses.
    fn allowing(&self, origin: &Origin, key: &str, flag: Option<&str>) -> String {
        let source = &origin.source;
        match (&source.kind, flag, &self.file) {
            (SourceKind::File(_) | SourceKind::Text, ..) => {
                format!("to allow it, add `\"{PLACEHOLDER}\"` to `{key}` ({origin})")
            }
            // `--no-network` does not go together with `--connect`.
            (SourceKind::Flag, Some(flag), _) if source.name != flag => {
                format!(
                    "to allow it, give `{flag} {PLACEHOLDER}` in the place of `{}`",
                    source.name
                )
            }
            (SourceKind::Flag, Some(flag), _) | (_, Some(flag), None) => {
                format!("to allow it, add `{flag} {PLACEHOLDER}`")
            }
            (SourceKind::Flag, None, _) => format!("`{}` forbids it", source.name),
            (_, _, Some(file)) => {
                format!("to allow it, add `\"{PLACEHOLDER}\"` to `{key}` in {file}")
            }
            (_, None, None) => {
                format!("to allow it, add `\"{PLACEHOLDER}\"` to `{key}` in a hooks.toml")
            }
        }
    }

    fn switching(&self, origin: &Origin, line: &str, table: &str) -> String {
        match &self.file {
            _ if origin.source.kind == SourceKind::Flag => {
                format!("`{}` forbids it", origin.source.name)
            }
            Some(file) => format!("to allow it, write `{line}` in `{table}` of {file}"),
            None => format!("to allow it, write `{line}` in `{table}` of a hooks.toml"),
        }
    }
}

fn sketch(id: &str, origin: &Origin, entry: &str) -> Sketch {
    Sketch {
        origin: origin.clone(),
        text: RuleText {
            id: id.to_owned(),
            at: origin.to_string(),
            entry: entry.to_owned(),
            ..RuleText::default()
        },
    }
}

fn list<T>(
    list: &mut Option<Allowed<T>>,
    (id, key, flag): (&str, &str, Option<&str>),
    writer: &Writer,
    visit: &mut dyn FnMut(&mut u32, Sketch),
) {
    let Some(list) = list else {
        return;
    };
    let mut whole = sketch(id, &list.origin, "");
    whole.text.hint = writer.allowing(&list.origin, key, flag);
    visit(&mut list.rule, whole);
    for entry in &mut list.entries {
        visit(&mut entry.rule, sketch(id, &entry.origin, &entry.text));
    }
}

/// A deny entry's hint names it and never teaches the line that would open it.
fn denied<T>(
    entries: &mut [Entry<T>],
    id: &str,
    key: &str,
    visit: &mut dyn FnMut(&mut u32, Sketch),
) {
    for entry in entries {
        let mut said = sketch(id, &entry.origin, &entry.text);
        said.text.hint = format!(
            "the entry `{}` of `{key}` ({}) protects it",
            entry.text, entry.origin
        );
        said.text.protected = true;
        visit(&mut entry.rule, said);
    }
}

fn switch(
    switch: &mut Option<Switch>,
    id: &str,
    line: &str,
    table: &str,
    writer: &Writer,
    visit: &mut dyn FnMut(&mut u32, Sketch),
) {
    let Some(switch) = switch else {
        return;
    };
    let mut said = sketch(id, &switch.origin, "");
    if !switch.allowed {
        said.text.hint = writer.switching(&switch.origin, line, table);
    }
    visit(&mut switch.rule, said);
}
