//! Hooks, what is journalled, and the plugins in the target.

use std::collections::{BTreeMap, BTreeSet};

use audithook_abi::Verdict;
use audithook_catalogue::{EVENTS, Journalled, arg_symbol, find};
use audithook_matcher::MOST_GROUPS;
use audithook_matcher::format::{Field, NONE, Section, action, when};
use audithook_matcher::glob::matches_text;

use super::glob::{PathGlob, parse_name, parse_text, text_program};
use super::layout::{Layout, MapBuilder, number};
use super::{BuildError, HookAction, HookInput, ImageInput, When};

pub(super) fn write(layout: &mut Layout, input: &ImageInput) -> Result<(), BuildError> {
    for hook in &input.hooks {
        write_hook(layout, hook, input)?;
    }
    let hooks: Vec<On<'_>> = input.hooks.iter().map(|hook| On::of(&hook.on)).collect();
    write_events(layout, input, &hooks)?;
    write_custom(layout, input, &hooks)?;
    write_plugins(layout, input)
}

/// What stands after `on`, or under `[journal] events`.
struct On<'i> {
    /// The names that are spelt out.
    names: BTreeSet<&'i str>,
    /// Names with `*` or `?`: programs.
    patterns: BTreeSet<Vec<u8>>,
}

impl<'i> On<'i> {
    fn of(on: &'i [String]) -> Self {
        let names = on.iter().filter(|name| !is_pattern(name));
        Self {
            names: names.map(String::as_str).collect(),
            patterns: event_patterns(on),
        }
    }

    fn matches(&self, name: &str) -> bool {
        self.names.contains(name)
            || self
                .patterns
                .iter()
                .any(|program| matches_text(program, name.as_bytes()))
    }

    /// The names that the catalogue does not have.
    fn custom(&self) -> impl Iterator<Item = &'i str> {
        self.names
            .iter()
            .copied()
            .filter(|name| find(name).is_none())
    }
}

/// The patterns among the names of events. Hooks that have the same ones share a group, of which there are at most
/// [`MOST_GROUPS`].
pub(crate) fn event_patterns(on: &[String]) -> BTreeSet<Vec<u8>> {
    on.iter()
        .filter(|name| is_pattern(name))
        .map(|name| name_program(name))
        .collect()
}

fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?'])
}

fn name_program(name: &str) -> Vec<u8> {
    text_program(&parse_name(name))
}

fn write_hook(layout: &mut Layout, hook: &HookInput, input: &ImageInput) -> Result<(), BuildError> {
    let first = layout.count(
        Section::Conditions,
        audithook_matcher::format::CONDITION_SIZE,
    )?;
    let when = match &hook.when {
        When::Always => when::ALWAYS,
        When::Cel => when::OPEN,
        When::Table(conditions) => {
            // An argument that only its own process can number: the supervisor knows its name.
            if conditions
                .iter()
                .any(|(name, _)| arg_symbol(name.as_bytes()).is_none())
            {
                when::OPEN
            } else {
                write_conditions(layout, conditions)?;
                when::TABLE
            }
        }
    };
    let last = layout.count(
        Section::Conditions,
        audithook_matcher::format::CONDITION_SIZE,
    )?;
    let (kind, one, other) = match hook.action {
        HookAction::Verdict(verdict) => (action::VERDICT, verdict as u32, 0),
        HookAction::Log => (action::LOG, 0, 0),
        HookAction::Gate => (action::GATE, 0, 0),
        HookAction::Observe => (action::OBSERVE, 0, 0),
        HookAction::TargetGate {
            plugin,
            hook: place,
        } => {
            let exists = input
                .target_plugins
                .get(plugin as usize)
                .is_some_and(|plugin| (place as usize) < plugin.hooks.len());
            if !exists {
                return Err(BuildError::NoSuchTargetHook(plugin, place));
            }
            if when == when::OPEN {
                return Err(BuildError::OpenTargetHook(hook.rule));
            }
            (action::TARGET_GATE, plugin, place)
        }
    };
    layout.push(
        Section::Hooks,
        &[when, kind, one, other, hook.rule, first, last - first],
    )?;
    Ok(())
}

fn write_conditions(
    layout: &mut Layout,
    conditions: &[(String, Vec<String>)],
) -> Result<(), BuildError> {
    for (name, globs) in conditions {
        let first = layout.count(Section::Patterns, audithook_matcher::format::PATTERN_SIZE)?;
        for glob in globs {
            write_pattern(layout, glob)?;
        }
        let last = layout.count(Section::Patterns, audithook_matcher::format::PATTERN_SIZE)?;
        let symbol = arg_symbol(name.as_bytes()).map_or(NONE, |symbol| symbol.0);
        layout.push(Section::Conditions, &[symbol, first, last - first])?;
    }
    Ok(())
}

/// Writes a pattern as one over texts and, where it can be that, one over paths: which of them holds shows in the value.
fn write_pattern(layout: &mut Layout, glob: &str) -> Result<(), BuildError> {
    let texts = parse_text(glob).map_err(|error| BuildError::Glob {
        glob: glob.to_owned(),
        error,
    })?;
    let mut paths = PathGlob::parse(glob).unwrap_or_default().into_iter();
    for text in texts {
        let text = layout.text(&text_program(&text))?;
        let path = match paths.next() {
            Some(path) => layout.text(&path.program())?,
            None => (0, 0),
        };
        layout.push(Section::Patterns, &[text.0, text.1, path.0, path.1])?;
    }
    Ok(())
}

fn write_events(
    layout: &mut Layout,
    input: &ImageInput,
    hooks: &[On<'_>],
) -> Result<(), BuildError> {
    let named = On::of(&input.journal.names);
    for event in &EVENTS {
        let journalled = event.journalled == Journalled::Always || named.matches(event.name);
        let (first, count) = write_list(layout, hooks, |hook| hook.matches(event.name))?;
        layout.push(Section::Events, &[journalled.into(), first, count])?;
    }
    Ok(())
}

/// Writes the hooks for names outside the catalogue: for those that are spelt out, and by their patterns for others.
fn write_custom(
    layout: &mut Layout,
    input: &ImageInput,
    hooks: &[On<'_>],
) -> Result<(), BuildError> {
    let mut map = MapBuilder::new();
    for name in hooks.iter().flat_map(On::custom) {
        let handle = map.key(0, name.as_bytes())?;
        *map.own(handle) = vec![name];
    }
    map.finish(
        layout,
        (Section::CustomSlots, Section::CustomRecords),
        |layout, names| match names {
            [name] => write_list(layout, hooks, |hook| hook.matches(name)),
            _ => Ok((0, 0)),
        },
    )?;

    let groups: BTreeSet<&BTreeSet<Vec<u8>>> = hooks
        .iter()
        .map(|hook| &hook.patterns)
        .filter(|patterns| !patterns.is_empty())
        .collect();
    if groups.len() > MOST_GROUPS {
        return Err(BuildError::TooManyEventPatterns);
    }
    for patterns in groups {
        let (first, count) = write_programs(layout, Section::NamePatterns, patterns)?;
        let list = write_list(layout, hooks, |hook| hook.patterns == *patterns)?;
        layout.push(Section::Groups, &[first, count, list.0, list.1])?;
    }

    layout.set(Field::JournalCustom, input.journal.custom.into());
    let journalled: BTreeSet<Vec<u8>> = input
        .journal
        .names
        .iter()
        .filter(|name| find(name).is_none())
        .map(|name| name_program(name))
        .collect();
    write_programs(layout, Section::JournalPatterns, &journalled)?;
    Ok(())
}

fn write_programs(
    layout: &mut Layout,
    section: Section,
    programs: &BTreeSet<Vec<u8>>,
) -> Result<(u32, u32), BuildError> {
    let first = layout.count(section, audithook_matcher::format::TEXT_SIZE)?;
    for program in programs {
        let (offset, length) = layout.text(program)?;
        layout.push(section, &[offset, length])?;
    }
    Ok((first, number(programs.len())?))
}

/// Writes which hooks are meant, in their order.
fn write_list(
    layout: &mut Layout,
    hooks: &[On<'_>],
    is_meant: impl Fn(&On<'_>) -> bool,
) -> Result<(u32, u32), BuildError> {
    let meant: Vec<u32> = (0..)
        .zip(hooks)
        .filter(|(_, hook)| is_meant(hook))
        .map(|(place, _)| place)
        .collect();
    layout.push_numbers(Section::HookLists, &meant)
}

fn write_plugins(layout: &mut Layout, input: &ImageInput) -> Result<(), BuildError> {
    let rules: BTreeMap<(u32, u32), u32> = input
        .hooks
        .iter()
        .filter_map(|entry| match entry.action {
            HookAction::TargetGate { plugin, hook } => Some(((plugin, hook), entry.rule)),
            _ => None,
        })
        .collect();
    for (number, plugin) in (0..).zip(&input.target_plugins) {
        let first = layout.count(
            Section::PluginHooks,
            audithook_matcher::format::PLUGIN_HOOK_SIZE,
        )?;
        for (place, hook) in (0..).zip(&plugin.hooks) {
            let function = layout.text(hook.function.as_bytes())?;
            let with = layout.text(hook.with.as_bytes())?;
            let on_error = if hook.on_error == Verdict::Allow {
                Verdict::Allow
            } else {
                Verdict::Deny
            };
            let rule = rules.get(&(number, place)).copied().unwrap_or(NONE);
            layout.push(
                Section::PluginHooks,
                &[
                    function.0,
                    function.1,
                    with.0,
                    with.1,
                    on_error as u32,
                    rule,
                ],
            )?;
        }
        let name = layout.text(plugin.name.as_bytes())?;
        let path = layout.text(&plugin.path)?;
        let config = layout.text(plugin.config.as_bytes())?;
        let hooks = super::layout::number(plugin.hooks.len())?;
        layout.push(
            Section::Plugins,
            &[
                name.0, name.1, path.0, path.1, config.0, config.1, first, hooks,
            ],
        )?;
    }
    Ok(())
}
