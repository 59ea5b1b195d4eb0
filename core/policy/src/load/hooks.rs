//! `[[hook]]`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use audithook_matcher::MOST_GROUPS;

use super::Check;
use crate::cel::{Condition, Kind, Mistake};
use crate::diagnostic::Diagnostic;
use crate::document::{self, Items, List, Placement};
use crate::image::{PathPattern, check_text_glob, event_patterns};
use crate::model::{Action, Hook, Plugin, When};
use crate::names;
use crate::nearest::{listed, nearest};
use crate::paths::{self, Made};
use crate::source::{Origin, Spot};

/// The plugins that are declared, by their names.
type Plugins<'p> = BTreeMap<&'p str, &'p Plugin>;

/// The events that a hook is on, and what is known of them.
struct On {
    names: Vec<String>,
    /// The arguments of the events; `None` where one is not in the catalogue, or several are meant: nobody knows all of theirs.
    arguments: Option<BTreeSet<&'static str>>,
    /// The arguments that are a resolved path in some of them.
    paths: BTreeSet<&'static str>,
}

impl On {
    fn new(names: Vec<String>) -> Self {
        let mut arguments = Some(BTreeSet::new());
        let mut paths = BTreeSet::new();
        let mut seen = HashSet::new();
        for name in names.iter().filter(|name| seen.insert(name.as_str())) {
            paths.extend(path_arguments(name));
            match (audithook_catalogue::find(name), &mut arguments) {
                (Some((_, info)), Some(known)) => {
                    known.extend(
                        info.args
                            .iter()
                            .map(|arg| arg.name)
                            .filter(|name| *name != "_"),
                    );
                }
                (_, arguments) => *arguments = None,
            }
        }
        Self {
            names,
            arguments,
            paths,
        }
    }

    /// What is wrong with an argument's name, and what to do. One that none of the events has cannot hold; where an event may be
    /// the program's own, nobody knows.
    fn no_such_argument(&self, name: &str) -> Option<(String, String)> {
        let is_place = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        if is_place
            && (name.len() > 1 || audithook_catalogue::arg_symbol(name.as_bytes()).is_none())
        {
            return Some((
                format!("no such place of an argument: `{name}`"),
                "the first ten arguments of an event are seen: `0` to `9`".to_owned(),
            ));
        }
        let known = self.arguments.as_ref()?;
        if known.contains(name) || is_place {
            return None;
        }
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "it has no arguments".to_owned(),
            None => format!("it has {}", listed(known.iter().copied())),
        };
        let events = listed(self.names.iter().map(String::as_str));
        Some((format!("no such argument of {events}: `{name}`"), hint))
    }

    /// What an argument is in all events that have it; `None` where nobody knows, or where it may be one or the other.
    fn kind(&self, argument: &str) -> Option<Kind> {
        self.arguments.as_ref()?;
        let infos = self
            .names
            .iter()
            .filter_map(|name| audithook_catalogue::find(name));
        let mut kinds = infos
            .flat_map(|(_, info)| info.args)
            .filter(|arg| arg.name == argument)
            .map(|arg| Kind::of(arg.kind));
        let first = kinds.next()??;
        kinds.all(|kind| kind == Some(first)).then_some(first)
    }
}

impl Hook {
    /// What is wrong with the name of an argument that a plugin is told to look at by a key of `with`.
    ///
    /// # Errors
    /// No event that the hook is on can have it.
    pub fn check_argument(&self, key: &str, name: &str) -> Result<(), Box<Diagnostic>> {
        match On::new(self.on.clone()).no_such_argument(name) {
            None => Ok(()),
            Some((message, hint)) => Err(Box::new(
                Diagnostic::error(message, self.place_in_with(Some(key)))
                    .labelled("it names an argument")
                    .hinted(hint),
            )),
        }
    }
}

impl Check<'_> {
    /// The hooks, in the bus's order.
    pub(super) fn hooks(&mut self, hooks: Vec<document::Hook>, plugins: &[Plugin]) -> Vec<Hook> {
        let mut checked: Vec<Hook> = Vec::new();
        let mut named: HashMap<String, Origin> = HashMap::new();
        let plugins = plugins
            .iter()
            .map(|plugin| (plugin.name.as_str(), plugin))
            .collect();
        for (place, hook) in hooks.into_iter().enumerate() {
            if let Some(name) = &hook.name {
                self.hook_name(name, &mut named);
            }
            checked.extend(self.hook(hook, place, &plugins));
        }
        self.sets_of_patterns(&checked);
        self.name_the_nameless(&mut checked, &named);
        let plugin = |hook: &Hook| match &hook.action {
            Action::Call { plugin, .. } => plugin.clone(),
            Action::Do(_) => String::new(),
        };
        checked.sort_by_cached_key(|hook| (hook.priority, hook.origin.order(), plugin(hook)));
        checked
    }

    /// What the policy image has room for.
    fn sets_of_patterns(&mut self, hooks: &[Hook]) {
        let mut sets = BTreeSet::new();
        for hook in hooks {
            let set = event_patterns(&hook.on);
            if !set.is_empty() && sets.insert(set) && sets.len() > MOST_GROUPS {
                return self.error(
                    format!("more than {MOST_GROUPS} different sets of patterns of events"),
                    &hook.origin,
                    "hooks whose `on` has the same patterns share a set, and full names need none: narrow the events with `when` instead",
                );
            }
        }
    }

    fn hook_name(&mut self, name: &Spot<String>, named: &mut HashMap<String, Origin>) {
        let is_good = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '#');
        if name.value.is_empty() || !name.value.chars().all(is_good) {
            self.error(
                format!("bad name for a hook: `{}`", name.value),
                &name.origin,
                "names have letters, digits, `-`, `_` and `.`",
            );
        }
        if let Some(first) = named.get(&name.value) {
            self.found.push(
                Diagnostic::error(
                    format!("two hooks of one name: `{}`", name.value),
                    &name.origin,
                )
                .labelled(format!("the other is at {first}"))
                .hinted(
                    "rules are known by their names, in the journal and in tests: choose another",
                ),
            );
        } else {
            named.insert(name.value.clone(), name.origin.clone());
        }
    }

    fn hook(&mut self, hook: document::Hook, place: usize, plugins: &Plugins<'_>) -> Option<Hook> {
        let on = On::new(hook.on.map(|list| self.events(list)).unwrap_or_default());
        let when = match hook.when {
            None => When::Always,
            Some(when) => self.condition(when, &on)?,
        };
        if hook.has_action && hook.r#do.is_none() && hook.call.is_none() {
            // What is written there was reported when it was read.
            return None;
        }
        let action = self.action(&hook.r#do, &hook.call, &hook.with, &hook.origin, plugins)?;
        if let (When::Cel(_), Action::Call { plugin, .. }) = (&when, &action) {
            let declared = plugins.get(plugin.as_str());
            if declared.is_some_and(|declared| declared.placement == Some(Placement::Target)) {
                self.error(
                    format!("a plugin in the target under a condition in CEL: `{plugin}`"),
                    &hook.origin,
                    "only the supervisor evaluates CEL: write the condition as a table, or give the plugin another `placement`",
                );
            }
        }
        let priority = match hook.priority {
            None => 0,
            Some(priority) => match i32::try_from(priority.value) {
                Ok(number) => number,
                Err(_) => {
                    self.found.push(Diagnostic::error(
                        format!("number out of range for `priority`: `{}`", priority.value),
                        &priority.origin,
                    ));
                    0
                }
            },
        };
        Some(Hook {
            is_named: hook.name.is_some(),
            name: hook
                .name
                .map_or_else(|| (place + 1).to_string(), |name| name.value),
            on: on.names,
            when,
            action,
            reason: hook.reason.map(|reason| reason.value),
            priority,
            on_error: hook.on_error.map(|spot| spot.value),
            rule: 0,
            origin: hook.origin,
            with_origin: hook.with.map(|with| with.origin),
            with_keys: hook.with_keys,
            kind: None,
        })
    }

    fn events(&mut self, list: List) -> Vec<String> {
        match list.items {
            Items::Any => vec!["*".to_owned()],
            Items::Entries(entries) => {
                if entries.is_empty() {
                    self.error(
                        "a hook on no event",
                        &list.origin,
                        "`on = \"*\"` is every event",
                    );
                }
                for entry in &entries {
                    self.event_name(entry);
                }
                entries.into_iter().map(|entry| entry.value).collect()
            }
        }
    }

    fn action(
        &mut self,
        verdict: &Option<Spot<document::Do>>,
        call: &Option<Spot<String>>,
        with: &Option<Spot<document::Json>>,
        origin: &Origin,
        plugins: &Plugins<'_>,
    ) -> Option<Action> {
        if let (None, Some(with)) = (call, with) {
            self.error(
                "`with` without `call`",
                &with.origin,
                "`with` is given to a plugin's function: `call = \"plugin.function\"`",
            );
        }
        match (verdict, call) {
            (None, None) => {
                self.error(
                    "a hook with neither `do` nor `call`",
                    origin,
                    "`do = \"deny\"` refuses, `do = \"log\"` records, `call = \"plugin.function\"` asks a plugin",
                );
                None
            }
            (Some(_), Some(call)) => {
                self.error(
                    "a hook with both `do` and `call`",
                    &call.origin,
                    "write two hooks: their order never changes a verdict",
                );
                None
            }
            (Some(verdict), None) => Some(Action::Do(verdict.value)),
            (None, Some(call)) => self.call(call, with, plugins),
        }
    }

    fn call(
        &mut self,
        call: &Spot<String>,
        with: &Option<Spot<document::Json>>,
        plugins: &Plugins<'_>,
    ) -> Option<Action> {
        let Some((plugin, function)) = call
            .value
            .split_once('.')
            .filter(|(plugin, function)| !plugin.is_empty() && !function.is_empty())
        else {
            self.error(
                format!("not a plugin's function: `{}`", call.value),
                &call.origin,
                "write `call = \"plugin.function\"`",
            );
            return None;
        };
        if !plugins.contains_key(plugin) {
            let hint = match self.nearest_own(plugin, plugins.keys().copied()) {
                Some(near) => format!("did you mean `{near}.{function}`?"),
                None => format!("declare it: `[plugin.{plugin}]`"),
            };
            self.error(format!("undeclared plugin: `{plugin}`"), &call.origin, hint);
            return None;
        }
        Some(Action::Call {
            plugin: plugin.to_owned(),
            function: function.to_owned(),
            with: with.as_ref().map_or_else(
                || serde_json::Value::Object(serde_json::Map::new()),
                |with| with.value.clone(),
            ),
        })
    }

    fn condition(&mut self, when: Spot<document::When>, on: &On) -> Option<When> {
        match when.value {
            document::When::Expression(text) => self.expression(&text, &when.origin, on),
            document::When::Table(arguments) => {
                let mut checked = Vec::new();
                for (name, globs) in arguments {
                    self.argument_name(&name.value, &name.origin, on);
                    if globs.is_empty() {
                        self.error(
                            format!("no glob for the argument: `{}`", name.value),
                            &name.origin,
                            "`*` holds for every value",
                        );
                    }
                    for glob in &globs {
                        if let Err(error) = check_text_glob(&glob.value) {
                            self.bad_glob(glob, &error.into());
                        }
                    }
                    let globs = self.condition_globs(&name.value, globs, on);
                    checked.push((name.value, globs));
                }
                Some(When::Table(checked))
            }
        }
    }

    /// Globs of paths mean what they mean in `[files]`: `~`, variables and relative paths included.
    fn condition_globs(
        &mut self,
        argument: &str,
        globs: Vec<Spot<String>>,
        on: &On,
    ) -> Vec<String> {
        if !on.paths.contains(argument) {
            return globs.into_iter().map(|glob| glob.value).collect();
        }
        let mut made = Vec::new();
        for glob in globs {
            let starts_somewhere = glob.value.starts_with(['/', '~', '.', '$']);
            if !starts_somewhere {
                made.push(glob.value);
                continue;
            }
            let Some(path) = self.expanded_glob(&glob) else {
                continue;
            };
            made.push(path);
        }
        made
    }

    fn expanded_glob(&mut self, glob: &Spot<String>) -> Option<String> {
        let pieces = match crate::expand::path(&glob.value, self.variables) {
            Ok(pieces) => pieces,
            Err(error) => {
                self.error(error.to_string(), &glob.origin, error.hint());
                return None;
            }
        };
        match paths::pattern(&pieces, &glob.origin.source.base).map(Made::into_pattern) {
            Ok(PathPattern::Glob(text)) => Some(text),
            Ok(PathPattern::Literal(bytes)) => match String::from_utf8(bytes) {
                Ok(text) => Some(paths::escaped(&text)),
                Err(_) => {
                    self.bad_glob(glob, &paths::PatternError::NotText);
                    None
                }
            },
            // Reported by the caller's check of the glob as written.
            Err(_) => None,
        }
    }

    fn expression(&mut self, text: &str, origin: &Origin, on: &On) -> Option<When> {
        match Condition::parse(text) {
            Ok(condition) => {
                for name in condition.arguments() {
                    if condition.asks_for(name) {
                        self.asked_argument(name, text, origin, on);
                    } else {
                        self.argument_name(name, origin, on);
                    }
                }
                if let Some(mistake) = condition.mistake(&|name| on.kind(name)) {
                    self.mistake_of_kinds(text, &mistake, origin, on);
                }
                Some(When::Cel(condition))
            }
            Err(error) => {
                let place = error
                    .position
                    .and_then(|position| inside(text, position, origin))
                    .unwrap_or_else(|| origin.clone());
                self.error(
                    format!("bad condition: {}", error.message),
                    &place,
                    error.hint.unwrap_or_else(|| "conditions are CEL over `args` and `event`: `args.path.startsWith(\"/srv/\") && event.source == \"cpython\"`".into()),
                );
                None
            }
        }
    }

    fn mistake_of_kinds(&mut self, text: &str, mistake: &Mistake, origin: &Origin, on: &On) {
        let message = format!("bad condition: {}", mistake.message);
        let first = mistake.arguments.first();
        let place = first.and_then(|(name, _)| only_place(text, name, origin));
        let mut finding = Diagnostic::error(message, place.as_ref().unwrap_or(origin));
        if !mistake.arguments.is_empty() {
            let kinds = mistake.arguments.iter();
            let kinds: Vec<_> = kinds
                .map(|(name, kind)| format!("`args.{name}` is {kind}"))
                .collect();
            let events = listed(on.names.iter().map(String::as_str));
            finding = finding.hinted(format!("in {events} {}", kinds.join(", ")));
        }
        self.found.push(finding);
    }

    /// `has` asks whether an argument is there, so its lack is an answer; that it is always the same is worth a word.
    fn asked_argument(&mut self, name: &str, text: &str, origin: &Origin, on: &On) {
        if let Some((message, hint)) = on.no_such_argument(name) {
            let place = only_place(text, name, origin);
            self.found.push(
                Diagnostic::warning(
                    format!("{message}: `has` is always false"),
                    place.as_ref().unwrap_or(origin),
                )
                .hinted(hint),
            );
        }
    }

    fn argument_name(&mut self, name: &str, origin: &Origin, on: &On) {
        if let Some((message, hint)) = on.no_such_argument(name) {
            self.error(message, origin, hint);
        }
    }

    /// A hook without a name is known by what it calls, or by its place in the file.
    fn name_the_nameless(&self, hooks: &mut [Hook], named: &HashMap<String, Origin>) {
        let mut taken: HashSet<String> = named.keys().cloned().collect();
        let mut counts: HashMap<String, usize> = HashMap::new();
        for hook in hooks.iter_mut().filter(|hook| !hook.is_named) {
            let base = match &hook.action {
                Action::Call {
                    plugin, function, ..
                } => format!("{plugin}.{function}"),
                Action::Do(_) => format!("#{}", hook.name),
            };
            let mut name = base.clone();
            let count = counts.entry(base.clone()).or_insert(1);
            while !taken.insert(name.clone()) {
                *count += 1;
                name = format!("{base}-{count}");
            }
            hook.name = name;
        }
    }
}

/// Whether an argument is a resolved path in some event that a hook names; a glob of events names all that it matches.
pub(crate) fn is_path_argument(argument: &str, on: &[String]) -> bool {
    on.iter()
        .any(|event| path_arguments(event).any(|path| path == argument))
}

/// The arguments that are a resolved path in an event, or in one that a glob of names matches.
fn path_arguments(event: &str) -> impl Iterator<Item = &'static str> + use<'_> {
    let is_glob = event.contains(['*', '?']);
    let one = (!is_glob)
        .then(|| audithook_catalogue::find(event))
        .flatten();
    let many = audithook_catalogue::EVENTS
        .iter()
        .filter(move |info| is_glob && names::matches(event, info.name));
    one.map(|(_, info)| info)
        .into_iter()
        .chain(many)
        .flat_map(|info| info.args)
        .filter(|arg| arg.kind == "path" && !arg.name.starts_with("raw"))
        .map(|arg| arg.name)
}

/// The place of an argument in the file, where the expression has it once and the file has the expression as it is.
fn only_place(text: &str, argument: &str, origin: &Origin) -> Option<Origin> {
    let raw = origin.source.text.get(origin.span.clone())?;
    let name = format!("args.{argument}");
    let is_whole = |place: &usize| {
        let next = text[place + name.len()..].chars().next();
        !next.is_some_and(|next| next.is_alphanumeric() || next == '_')
    };
    let mut places = text
        .match_indices(&name)
        .map(|(place, _)| place)
        .filter(is_whole);
    let (place, None) = (places.next()?, places.next()) else {
        return None;
    };
    let start = origin.span.start + raw.find(text)? + place;
    Some(Origin {
        source: std::sync::Arc::clone(&origin.source),
        span: start..start + name.len(),
    })
}

/// The place of an expression's line and column in the file, where the file has the expression as it is.
fn inside(text: &str, position: (usize, usize), origin: &Origin) -> Option<Origin> {
    let raw = origin.source.text.get(origin.span.clone())?;
    let start = raw.find(text)?;
    let (line, column) = position;
    let before: usize = text
        .split_inclusive('\n')
        .take(line - 1)
        .map(str::len)
        .sum();
    let row = text.split_inclusive('\n').nth(line - 1).unwrap_or_default();
    let across = row
        .char_indices()
        .nth(column - 1)
        .map_or(row.trim_end().len(), |(place, _)| place);
    let place = origin.span.start + start + before + across;
    Some(Origin {
        source: std::sync::Arc::clone(&origin.source),
        span: place..place + 1,
    })
}
