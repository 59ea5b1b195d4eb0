//! Text to [`Document`]: every mistake of a file is reported, each at its place.

mod table;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{
    Document, Env, Files, Hook, Journal, Limits, Network, Plugin, Process, Rotate, Sandbox, Test,
    When,
};
use crate::nearest::{listed, nearest, suggestion};
use crate::schema;
use crate::source::{Origin, Source, Spot};
use table::Table;

/// Larger texts are refused unread.
pub(crate) const LARGEST: usize = 4 << 20;

/// Reads a file's text. What could not be read is left out and reported.
pub(crate) fn read(source: &Arc<Source>, found: &mut Diagnostics) -> Document {
    let mut reader = Reader { source, found };
    if source.text.len() > LARGEST {
        reader.found.push(Diagnostic::of_file(
            format!("too large for a policy: `{}` bytes", source.text.len()),
            source.name.clone(),
        ));
        return Document::default();
    }
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    if !errors.is_empty() {
        reader.syntax(&errors);
        return Document::default();
    }
    reader.document(table.get_ref(), table.span())
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    found: &'a mut Diagnostics,
}

type Span = std::ops::Range<usize>;

impl Reader<'_> {
    /// The parser recovers and goes on; of what it then finds on the same line only the first is the writer's.
    fn syntax(&mut self, errors: &[toml::de::Error]) {
        let mut last = 0;
        for error in errors {
            let origin = self.at(error.span().unwrap_or(0..0));
            let line = self.source.position(origin.span.start).0;
            if line == last {
                continue;
            }
            last = line;
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            let mistake = if message == "duplicate key" {
                let key = self.source.text.get(origin.span.clone()).unwrap_or("");
                Diagnostic::error(
                    format!("not TOML: `{key}` stands here for the second time"),
                    &origin,
                )
                .hinted("put both under the first one: a table or a key is written once")
            } else {
                Diagnostic::error(format!("not TOML: {message}"), &origin)
            };
            self.found.push(mistake);
        }
    }

    fn at(&self, span: Span) -> Origin {
        Origin {
            source: Arc::clone(self.source),
            span,
        }
    }

    fn error(&mut self, message: impl Into<String>, span: Span) {
        let origin = self.at(span);
        self.found.push(Diagnostic::error(message, &origin));
    }

    fn wrong_type(&mut self, key: &str, wanted: &str, value: &Spanned<DeValue<'_>>) {
        let got = described(value.get_ref());
        let origin = self.at(value.span());
        self.found.push(
            Diagnostic::error(format!("wrong type for `{key}`: {got}"), &origin)
                .labelled(format!("{wanted} is wanted")),
        );
    }

    fn document(&mut self, table: &DeTable<'_>, span: Span) -> Document {
        let mut table = Table::new(table, "");
        let document = Document {
            version: self.version(&mut table, &span),
            extends: self.list(&mut table, "extends"),
            default: self.word(&mut table, "default"),
            mode: self.word(&mut table, "mode"),
            require: self.word(&mut table, "require"),
            degrade: self.word(&mut table, "degrade"),
            lock: self.boolean(&mut table, "lock"),
            files: self.table(&mut table, "files", Self::files),
            network: self.table(&mut table, "network", Self::network),
            process: self.table(&mut table, "process", Self::process),
            env: self.table(&mut table, "env", Self::env),
            limits: self.table(&mut table, "limits", Self::limits),
            journal: self.table(&mut table, "journal", Self::journal),
            plugin: self.plugins(&mut table),
            hook: self.tables(&mut table, "hook", Self::hook),
            test: self.tables(&mut table, "test", Self::test),
        };
        self.finish(table);
        document
    }

    fn version(&mut self, table: &mut Table<'_, '_>, whole: &Span) -> Option<Spot<u64>> {
        let present = table.has("version");
        let version = self.integer(table, "version");
        match &version {
            None if !present => {
                let origin = self.at(whole.start..whole.start);
                self.found.push(
                    Diagnostic::error("no `version`", &origin)
                        .hinted("begin the file with `version = 1`"),
                );
            }
            Some(version) if version.value != 1 => {
                let diagnostic = Diagnostic::error(
                    format!("unknown version: `{}`", version.value),
                    &version.origin,
                )
                .hinted("this audithook reads `version = 1`");
                self.found.push(diagnostic);
            }
            _ => {}
        }
        version
    }

    fn files(&mut self, table: &mut Table<'_, '_>, _: Span) -> Files {
        Files {
            read: self.list(table, "read"),
            write: self.list(table, "write"),
            deny: self.list(table, "deny"),
            tmp: self.word(table, "tmp"),
            r#static: self.word(table, "static"),
        }
    }

    fn network(&mut self, table: &mut Table<'_, '_>, _: Span) -> Network {
        Network {
            connect: self.list(table, "connect"),
            bind: self.list(table, "bind"),
            deny: self.list(table, "deny"),
            loopback: self.boolean(table, "loopback"),
            unix: self.list(table, "unix"),
            sockets: self.list(table, "sockets"),
        }
    }

    fn process(&mut self, table: &mut Table<'_, '_>, _: Span) -> Process {
        Process {
            exec: self.list(table, "exec"),
            signal: self.word(table, "signal"),
            uncovered: self.word(table, "uncovered"),
            inherit_fds: self.integers(table, "inherit-fds"),
        }
    }

    fn env(&mut self, table: &mut Table<'_, '_>, _: Span) -> Env {
        Env {
            pass: self.list(table, "pass"),
            deny: self.list(table, "deny"),
            set: self.texts_by_name(table, "set"),
        }
    }

    fn limits(&mut self, table: &mut Table<'_, '_>, _: Span) -> Limits {
        Limits {
            memory: self.amount(table, "memory"),
            processes: self.integer(table, "processes"),
            open_files: self.integer(table, "open-files"),
            cpu: self.amount(table, "cpu"),
            wall: self.amount(table, "wall"),
            file_size: self.amount(table, "file-size"),
        }
    }

    fn journal(&mut self, table: &mut Table<'_, '_>, _: Span) -> Journal {
        Journal {
            path: self.text(table, "path"),
            events: self.list(table, "events"),
            on_overflow: self.word(table, "on-overflow"),
            rotate: self.rotate(table),
        }
    }

    fn rotate(&mut self, table: &mut Table<'_, '_>) -> Option<Spot<Rotate>> {
        let (_, value) = table.take("rotate")?;
        let DeValue::Table(inner) = value.get_ref() else {
            self.wrong_type(
                "rotate",
                "a table such as `{ size = \"64MiB\", keep = 8 }`",
                value,
            );
            return None;
        };
        let mut inner = Table::new(inner, "journal.rotate");
        let rotate = Rotate {
            size: self.amount(&mut inner, "size"),
            keep: self.integer(&mut inner, "keep"),
        };
        self.finish(inner);
        Some(Spot::new(rotate, self.at(value.span())))
    }

    fn plugins(&mut self, table: &mut Table<'_, '_>) -> BTreeMap<String, Plugin> {
        let mut plugins = BTreeMap::new();
        let Some((_, value)) = table.take("plugin") else {
            return plugins;
        };
        let DeValue::Table(inner) = value.get_ref() else {
            self.wrong_type("plugin", "a table `[plugin.NAME]`", value);
            return plugins;
        };
        for (name, value) in inner {
            let DeValue::Table(plugin) = value.get_ref() else {
                self.wrong_type(name.get_ref(), "a table `[plugin.NAME]`", value);
                continue;
            };
            let mut plugin = Table::new(plugin, "plugin");
            let read = Plugin {
                path: self.text(&mut plugin, "path"),
                sha256: self.text(&mut plugin, "sha256"),
                placement: self.word(&mut plugin, "placement"),
                config: self.json(&mut plugin, "config"),
                sandbox: self.table_named(&mut plugin, "sandbox", "plugin.sandbox", Self::sandbox),
                origin: self.at(name.span()),
            };
            self.finish(plugin);
            plugins.insert(name.get_ref().clone().into_owned(), read);
        }
        plugins
    }

    fn sandbox(&mut self, table: &mut Table<'_, '_>, _: Span) -> Sandbox {
        Sandbox {
            read: self.list(table, "read"),
            write: self.list(table, "write"),
            network: self.boolean(table, "network"),
            memory: self.amount(table, "memory"),
            open_files: self.integer(table, "open-files"),
            timeout: self.amount(table, "timeout"),
        }
    }

    fn hook(&mut self, table: &mut Table<'_, '_>, span: Span) -> Hook {
        Hook {
            name: self.text(table, "name"),
            on: self.required(table, "on", &span, Self::list),
            when: self.when(table),
            r#do: self.word(table, "do"),
            call: self.text(table, "call"),
            with_keys: self.keys(table, "with"),
            with: self.json(table, "with"),
            reason: self.text(table, "reason"),
            priority: self.signed(table, "priority"),
            on_error: self.word(table, "on-error"),
            has_action: table.has("do") || table.has("call"),
            origin: self.at(span),
        }
    }

    fn test(&mut self, table: &mut Table<'_, '_>, span: Span) -> Test {
        Test {
            event: self.required(table, "event", &span, Self::text),
            args: self.json(table, "args"),
            expect: self.required(table, "expect", &span, Self::word),
            rule: self.text(table, "rule"),
            origin: self.at(span),
        }
    }

    fn required<'t, 'i, T>(
        &mut self,
        table: &mut Table<'t, 'i>,
        key: &'static str,
        span: &Span,
        read: impl FnOnce(&mut Self, &mut Table<'t, 'i>, &'static str) -> Option<T>,
    ) -> Option<T> {
        if !table.has(key) {
            let written = table.written();
            let origin = self.at(span.clone());
            self.found.push(
                Diagnostic::error(format!("no `{key}` in `{written}`"), &origin)
                    .hinted(format!("write `{key} = \"…\"`")),
            );
        }
        read(self, table, key)
    }

    fn when(&mut self, table: &mut Table<'_, '_>) -> Option<Spot<When>> {
        let (_, value) = table.take("when")?;
        let when = match value.get_ref() {
            DeValue::String(text) => When::Expression(text.clone().into_owned()),
            DeValue::Table(inner) => {
                let mut arguments = Vec::new();
                let mut members: Vec<_> = inner.iter().collect();
                members.sort_by_key(|(name, _)| name.span().start);
                for (name, globs) in members {
                    let globs = self.globs(name.get_ref(), globs);
                    let name = Spot::new(name.get_ref().clone().into_owned(), self.at(name.span()));
                    arguments.push((name, globs));
                }
                When::Table(arguments)
            }
            _ => {
                self.wrong_type("when", "a table of arguments or an expression", value);
                return None;
            }
        };
        Some(Spot::new(when, self.at(value.span())))
    }

    fn table<T: Default>(
        &mut self,
        table: &mut Table<'_, '_>,
        key: &'static str,
        read: impl FnOnce(&mut Self, &mut Table<'_, '_>, Span) -> T,
    ) -> T {
        self.table_named(table, key, key, read)
    }

    /// A table whose keys the schema knows under another name than that of its own key.
    fn table_named<T: Default>(
        &mut self,
        table: &mut Table<'_, '_>,
        key: &'static str,
        path: &'static str,
        read: impl FnOnce(&mut Self, &mut Table<'_, '_>, Span) -> T,
    ) -> T {
        let Some((_, value)) = table.take(key) else {
            return T::default();
        };
        let DeValue::Table(inner) = value.get_ref() else {
            self.wrong_type(key, &format!("a table `[{key}]`"), value);
            return T::default();
        };
        let mut inner = Table::new(inner, path);
        let result = read(self, &mut inner, value.span());
        self.finish(inner);
        result
    }

    fn tables<T>(
        &mut self,
        table: &mut Table<'_, '_>,
        key: &'static str,
        read: impl Fn(&mut Self, &mut Table<'_, '_>, Span) -> T,
    ) -> Vec<T> {
        let Some((_, value)) = table.take(key) else {
            return Vec::new();
        };
        let DeValue::Array(elements) = value.get_ref() else {
            self.wrong_type(key, &format!("tables, each under `[[{key}]]`"), value);
            return Vec::new();
        };
        let mut results = Vec::new();
        for element in elements.iter() {
            let DeValue::Table(inner) = element.get_ref() else {
                self.wrong_type(key, &format!("a table under `[[{key}]]`"), element);
                continue;
            };
            let mut inner = Table::new(inner, key);
            results.push(read(self, &mut inner, element.span()));
            self.finish(inner);
        }
        results
    }

    /// Reports the keys that nobody asked for.
    fn finish(&mut self, table: Table<'_, '_>) {
        let mut unknown: Vec<_> = table
            .entries
            .iter()
            .filter(|(key, _)| !table.taken.contains(&key.get_ref().as_ref()))
            .collect();
        unknown.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in unknown {
            let name = key.get_ref().as_ref();
            let what = if table.path.is_empty() && is_tabular(value.get_ref()) {
                "table"
            } else {
                "key"
            };
            let origin = self.at(key.span());
            self.found.push(
                Diagnostic::error(format!("unknown {what}: `{name}`"), &origin)
                    .hinted(home(name, table.path)),
            );
        }
    }
}

/// Where a misplaced or misspelt key belongs.
fn home(key: &str, table: &str) -> String {
    let keys = schema::keys(table);
    if let Some(near) = nearest(key, keys.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    if schema::keys("").contains(&key) {
        return format!("`{key}` belongs at the top, before the first table");
    }
    let homes = schema::homes(key);
    if !homes.is_empty() {
        return format!(
            "`{key}` belongs in {}",
            listed(homes.iter().map(String::as_str))
        );
    }
    suggestion(key, keys.iter().copied())
}

fn is_tabular(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::Table(_) => true,
        DeValue::Array(elements) => elements.iter().any(|element| element.get_ref().is_table()),
        _ => false,
    }
}

fn described(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(_) => "a text".to_owned(),
        DeValue::Integer(_) | DeValue::Float(_) => "a number".to_owned(),
        DeValue::Boolean(truth) => format!("`{truth}`"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
