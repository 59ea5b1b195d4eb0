//! Whether everything in an image points to something within it.

use audithook_abi::Verdict;

use crate::format::{Field, LARGE_FILTER, NONE, SMALL_FILTER, action, class, when};
use crate::glob::{is_sound_path, is_sound_text};
use crate::table::{Entry, Map, Numbers, Rows};
use crate::{Image, Mode, Overflow, Protocol};

/// The single rules of an image.
const RULES: [Field; 13] = [
    Field::Read,
    Field::Write,
    Field::Deny,
    Field::OwnWrite,
    Field::OwnAny,
    Field::Exec,
    Field::Uncovered,
    Field::Connect,
    Field::Bind,
    Field::DenyHost,
    Field::Loopback,
    Field::Unix,
    Field::Sockets,
];

impl Image<'_> {
    pub(crate) fn is_sound(&self) -> bool {
        u8::try_from(self.field(Field::Mode)).is_ok_and(|mode| Mode::from_number(mode).is_some())
            && u8::try_from(self.field(Field::Overflow))
                .is_ok_and(|overflow| Overflow::from_number(overflow).is_some())
            && RULES.into_iter().all(|field| {
                let rule = self.field(field);
                rule == NONE || self.is_rule(rule)
            })
            && self.are_rules_sound()
            && self.are_paths_sound()
            && self.are_hosts_sound()
            && self.are_events_sound()
            && self.are_hooks_sound()
            && self.are_plugins_sound()
    }

    fn is_rule(&self, rule: u32) -> bool {
        rule < self.rules.len()
    }

    /// A text of a record: offset and length.
    fn is_text(&self, (offset, length): (u32, u32)) -> bool {
        self.program(offset, length)
            .is_some_and(|text| str::from_utf8(text).is_ok())
    }

    fn program(&self, offset: u32, length: u32) -> Option<&[u8]> {
        self.texts
            .get(offset as usize..(offset as usize).checked_add(length as usize)?)
    }

    fn is_text_program(&self, offset: u32, length: u32) -> bool {
        self.program(offset, length).is_some_and(is_sound_text)
    }

    fn is_path_program(&self, offset: u32, length: u32) -> bool {
        self.program(offset, length).is_some_and(is_sound_path)
    }

    fn are_rules_sound(&self) -> bool {
        self.rules.is_whole()
            && self.rules.iter().all(|rule| {
                [0, 2, 4, 6, 8].into_iter().all(|place| {
                    self.program(rule.field(place), rule.field(place + 1))
                        .is_some()
                })
            })
    }

    fn are_paths_sound(&self) -> bool {
        let paths = &self.paths;
        let items =
            |entry: &Entry| holds(paths.items, entry.own) && holds(paths.items, entry.below);
        let filter = paths.gram_filter.len();
        paths.trie.is_sound(|_, entry| items(entry))
            && paths.trie.is_sound_at(0, |_, entry| items(entry))
            && [paths.names, paths.suffixes, paths.grams, paths.inodes]
                .iter()
                .all(|map| map.is_sound(|_, entry| items(entry)))
            && paths.name_filter.is_sound(&paths.names)
            && paths.suffix_filter.is_sound(&paths.suffixes)
            && (if paths.gram_lengths == 0 {
                filter == 0
            } else {
                filter == SMALL_FILTER || filter == LARGE_FILTER
            })
            && paths.gram_lengths & !0b1_1110 == 0
            && paths.items.is_whole()
            && paths.items.iter().all(|item| match item.field(0) {
                class::CANDIDATE => item.field(1) < paths.globs.len(),
                classes => classes & !class::ALL == 0 && self.is_rule(item.field(1)),
            })
            && paths.globs.is_whole()
            && paths.globs.iter().all(|glob| {
                glob.field(0) & !class::ALL == 0
                    && self.is_rule(glob.field(1))
                    && self.is_path_program(glob.field(2), glob.field(3))
            })
            && all_below(paths.loose, paths.globs.len())
    }

    fn are_hosts_sound(&self) -> bool {
        let hosts = &self.hosts;
        let starts4 = hosts.net4_starts;
        let starts6 = hosts.net6_starts;
        hosts
            .names
            .is_sound(|_, entry| holds(hosts.items, entry.own) && holds(hosts.items, entry.below))
            && [hosts.items, hosts.any].iter().all(|items| {
                items.is_whole()
                    && items.iter().all(|item| {
                        Protocol::from_number(item.bytes()[1]).is_some() && self.is_rule(item.field(2))
                    })
            })
            && hosts.nets.is_whole()
            // The way outwards ends: a network stands before those that it holds.
            && hosts.nets.iter().zip(0..).all(|(net, place)| {
                (net.field(0) == NONE || net.field(0) < place) && hosts.items.holds(net.field(1), net.field(2))
            })
            && starts4.is_whole()
            && starts4.len() == hosts.net4_nets.len()
            && are_nets(hosts.net4_nets, hosts.nets.len())
            && starts4.number(0).is_none_or(|first| first == 0)
            && hosts.net4_bits <= 16
            && (starts4.is_empty() || hosts.net4_index.len() == (1 << hosts.net4_bits) + 1)
            && all_below(hosts.net4_index, starts4.len().saturating_add(1))
            && starts6.is_whole()
            && starts6.len() == hosts.net6_nets.len()
            && are_nets(hosts.net6_nets, hosts.nets.len())
            && starts6.get(0).is_none_or(|first| *first.bytes() == [0; 16])
            && [self.abstracts, self.sockets].iter().all(is_set)
    }

    fn are_events_sound(&self) -> bool {
        let hooks = &self.hooks;
        hooks.events.len() == audithook_catalogue::EVENT_COUNT
            && hooks
                .events
                .iter()
                .all(|event| hooks.lists.holds(event.field(1), event.field(2)))
            && hooks
                .custom
                .is_sound(|_, entry| holds(hooks.lists, entry.own))
            && hooks.groups.is_whole()
            && hooks.groups.len() as usize <= crate::MOST_GROUPS
            && hooks.groups.iter().all(|group| {
                hooks.name_patterns.holds(group.field(0), group.field(1))
                    && hooks.lists.holds(group.field(2), group.field(3))
            })
            && [hooks.name_patterns, hooks.journal_patterns]
                .iter()
                .all(|patterns| {
                    patterns.is_whole()
                        && patterns
                            .iter()
                            .all(|pattern| self.is_text_program(pattern.field(0), pattern.field(1)))
                })
    }

    fn are_hooks_sound(&self) -> bool {
        let hooks = &self.hooks;
        all_below(hooks.lists, hooks.hooks.len())
            && hooks.hooks.is_whole()
            && hooks.hooks.iter().all(|hook| {
                let action_is_sound = match hook.field(1) {
                    action::VERDICT => hook.field(2) <= Verdict::Kill as u32,
                    action::LOG | action::GATE | action::OBSERVE => true,
                    action::TARGET_GATE => self
                        .plugins
                        .get(hook.field(2))
                        .is_some_and(|plugin| hook.field(3) < plugin.field(7)),
                    _ => false,
                };
                action_is_sound
                    && hook.field(0) <= when::OPEN
                    && self.is_rule(hook.field(4))
                    && hooks.conditions.holds(hook.field(5), hook.field(6))
            })
            && hooks.conditions.is_whole()
            && hooks
                .conditions
                .iter()
                .all(|condition| hooks.patterns.holds(condition.field(1), condition.field(2)))
            && hooks.patterns.is_whole()
            && hooks.patterns.iter().all(|pattern| {
                self.is_text_program(pattern.field(0), pattern.field(1))
                    && (pattern.field(3) == 0
                        || self.is_path_program(pattern.field(2), pattern.field(3)))
            })
    }

    fn are_plugins_sound(&self) -> bool {
        self.plugins.is_whole()
            && self.plugins.iter().all(|plugin| {
                self.is_text((plugin.field(0), plugin.field(1)))
                    && self.program(plugin.field(2), plugin.field(3)).is_some()
                    && self.is_text((plugin.field(4), plugin.field(5)))
                    && self.plugin_hooks.holds(plugin.field(6), plugin.field(7))
            })
            && self.plugin_hooks.is_whole()
            && self.plugin_hooks.iter().all(|hook| {
                self.is_text((hook.field(0), hook.field(1)))
                    && self.is_text((hook.field(2), hook.field(3)))
                    && (hook.field(5) == NONE || self.is_rule(hook.field(5)))
            })
    }
}

fn holds<const SIZE: usize>(rows: Rows<'_, SIZE>, (first, count): (u32, u32)) -> bool {
    rows.holds(first, count)
}

/// A map whose keys are all there is to it.
fn is_set(map: &Map<'_>) -> bool {
    map.is_sound(|_, _| true)
}

fn all_below(numbers: Numbers<'_>, end: u32) -> bool {
    numbers.is_whole() && numbers.iter().all(|number| number.field(0) < end)
}

fn are_nets(numbers: Numbers<'_>, nets: u32) -> bool {
    numbers.is_whole()
        && numbers
            .iter()
            .all(|number| number.field(0) == NONE || number.field(0) < nets)
}
