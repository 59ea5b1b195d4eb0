//! The image: a policy, laid out to be read where it lies.

use core::fmt;

use audithook_abi::Verdict;

use crate::format::{
    CATALOGUE, FIELDS, Field, HEADER, MAGIC, NONE, PLUGIN_HOOK_SIZE, PLUGIN_SIZE, RULE_SIZE,
    SECTIONS, Section, VERSION,
};
use crate::hooks::Hooks;
use crate::hosts::Hosts;
use crate::paths::Paths;
use crate::table::{Filter, Map, Row, Rows, slice, u32_at};
use crate::{Mode, Overflow};

/// A policy that was laid out as bytes and checked. Reading it allocates nothing and never fails.
#[derive(Clone, Copy)]
pub struct Image<'a> {
    fields: [u32; FIELDS],
    pub(crate) texts: &'a [u8],
    pub(crate) rules: Rows<'a, RULE_SIZE>,
    pub(crate) command: &'a [u8],
    pub(crate) paths: Paths<'a>,
    pub(crate) hosts: Hosts<'a>,
    pub(crate) abstracts: Map<'a>,
    pub(crate) sockets: Map<'a>,
    pub(crate) hooks: Hooks<'a>,
    pub(crate) plugins: Rows<'a, PLUGIN_SIZE>,
    pub(crate) plugin_hooks: Rows<'a, PLUGIN_HOOK_SIZE>,
}

/// Why bytes are no image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageError {
    /// not a policy image
    NotAnImage,
    /// made by another version
    OtherVersion,
    /// made for another catalogue of events
    OtherCatalogue,
    /// damaged
    Damaged,
}

/// What messages and the journal say of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule<'a> {
    /// `files.read`, `hook.NAME`, …
    pub id: &'a str,
    /// `hooks.toml:7`
    pub at: &'a str,
    /// The text of the entry, empty if the rule is not about one.
    pub entry: &'a str,
    /// Why, empty if the policy does not say.
    pub reason: &'a str,
    /// What to do about a refusal, empty for nothing.
    pub hint: &'a str,
    /// Never teach the line that would open it.
    pub protected: bool,
}

/// A plugin that is loaded into the target.
#[derive(Clone, Copy, Debug)]
pub struct TargetPlugin<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its shared library.
    pub path: &'a [u8],
    /// Its configuration: JSON.
    pub config: &'a str,
    texts: &'a [u8],
    hooks: Rows<'a, PLUGIN_HOOK_SIZE>,
}

/// A hook of a plugin that is loaded into the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetHook<'a> {
    /// The plugin's function.
    pub function: &'a str,
    /// What `with` gives it: JSON.
    pub with: &'a str,
    /// What a failure amounts to.
    pub on_error: Verdict,
    /// The hook's rule.
    pub rule: u32,
}

impl<'a> Image<'a> {
    /// Checks the whole of an image, so that reading it afterwards stays within it.
    ///
    /// # Errors
    /// [`ImageError`]: the bytes are no image that this version can read.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ImageError> {
        if bytes.len() < HEADER || !bytes.starts_with(&MAGIC) {
            return Err(ImageError::NotAnImage);
        }
        let fields: [u32; FIELDS] =
            core::array::from_fn(|number| u32_at(bytes, MAGIC.len() + 4 * number));
        let field = |field: Field| fields[field as usize];
        if field(Field::Version) != VERSION {
            return Err(ImageError::OtherVersion);
        }
        if u64::from(field(Field::CatalogueLow)) | u64::from(field(Field::CatalogueHigh)) << 32
            != CATALOGUE
        {
            return Err(ImageError::OtherCatalogue);
        }
        if field(Field::Length) as usize != bytes.len() {
            return Err(ImageError::Damaged);
        }
        let sections = sections(bytes).ok_or(ImageError::Damaged)?;
        let image = Self::of(fields, &sections);
        if image.is_sound() {
            Ok(image)
        } else {
            Err(ImageError::Damaged)
        }
    }

    /// Counts the images of a run.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.field(Field::Generation)
    }

    /// What a refusal amounts to.
    #[must_use]
    #[inline]
    pub fn mode(&self) -> Mode {
        Mode::from_number(self.field(Field::Mode) as u8).unwrap_or_default()
    }

    /// What a process does when its ring is full.
    #[must_use]
    pub fn overflow(&self) -> Overflow {
        Overflow::from_number(self.field(Field::Overflow) as u8).unwrap_or_default()
    }

    /// What is to be said of the rule with this number.
    #[must_use]
    pub fn rule(&self, number: u32) -> Option<Rule<'a>> {
        let row = self.rules.get(number)?;
        let text = |place| text_of(self.texts, row, place);
        Some(Rule {
            id: text(0),
            at: text(2),
            entry: text(4),
            reason: text(6),
            hint: text(8),
            protected: row.field(10) != 0,
        })
    }

    /// How many rules there are.
    #[must_use]
    pub fn rule_count(&self) -> u32 {
        self.rules.len()
    }

    /// Whether anything is said of files.
    #[must_use]
    pub fn restricts_files(&self) -> bool {
        self.is_present(Field::Read)
            || self.is_present(Field::Write)
            || self.has_class(
                crate::format::class::DENY
                    | crate::format::class::OWN_WRITE
                    | crate::format::class::OWN_ANY,
            )
            || self.knows_inodes()
    }

    /// Whether anything is said of the network.
    #[must_use]
    pub fn restricts_network(&self) -> bool {
        [
            Field::Connect,
            Field::Bind,
            Field::DenyHost,
            Field::Loopback,
            Field::Unix,
            Field::Sockets,
        ]
        .into_iter()
        .any(|field| self.is_present(field))
    }

    /// Whether anything is said of programs.
    #[must_use]
    pub fn restricts_exec(&self) -> bool {
        self.is_present(Field::Exec) || self.is_present(Field::Uncovered)
    }

    /// Whether hosts are known by name, so that what a name resolves to has to be remembered.
    #[must_use]
    pub fn names_hosts(&self) -> bool {
        self.field(Field::NamesHosts) != 0
    }

    /// Whether denied files have other names, so that device and inode are wanted.
    #[must_use]
    pub fn knows_inodes(&self) -> bool {
        !self.paths.inodes.is_empty()
    }

    /// The plugins that are loaded into the target, in the order that
    /// [`Judgement::target_hooks`](crate::Judgement::target_hooks) counts.
    pub fn target_plugins(&self) -> impl Iterator<Item = TargetPlugin<'a>> + use<'a> {
        let (texts, hooks) = (self.texts, self.plugin_hooks);
        self.plugins.iter().map(move |row| TargetPlugin {
            name: text_of(texts, row, 0),
            path: slice(texts, row.field(2), row.field(3)),
            config: text_of(texts, row, 4),
            texts,
            hooks: hooks.range(row.field(6), row.field(7)),
        })
    }

    #[inline]
    pub(crate) fn field(&self, field: Field) -> u32 {
        self.fields[field as usize]
    }

    #[inline]
    pub(crate) fn has_class(&self, classes: u32) -> bool {
        self.field(Field::Classes) & classes != 0
    }

    fn is_present(&self, list: Field) -> bool {
        self.field(list) != NONE
    }

    fn of(fields: [u32; FIELDS], sections: &[&'a [u8]; SECTIONS]) -> Self {
        let field = |field: Field| fields[field as usize];
        let section = |section: Section| sections[section as usize];
        let map = |slots, records| Map::new(section(slots), section(records));
        let texts = section(Section::Bytes);
        Self {
            fields,
            texts,
            rules: Rows::new(section(Section::Rules)),
            command: section(Section::Command),
            paths: Paths {
                trie: map(Section::TrieSlots, Section::TrieRecords),
                names: map(Section::NameSlots, Section::NameRecords),
                name_filter: Filter::new(section(Section::NameFilter)),
                suffixes: map(Section::SuffixSlots, Section::SuffixRecords),
                suffix_filter: Filter::new(section(Section::SuffixFilter)),
                longest_suffix: field(Field::LongestSuffix) as usize,
                grams: map(Section::GramSlots, Section::GramRecords),
                gram_lengths: field(Field::GramLengths),
                gram_filter: section(Section::GramFilter),
                inodes: map(Section::InodeSlots, Section::InodeRecords),
                items: Rows::new(section(Section::Items)),
                globs: Rows::new(section(Section::Globs)),
                loose: Rows::new(section(Section::LooseGlobs)),
                programs: texts,
            },
            hosts: Hosts {
                names: map(Section::HostSlots, Section::HostRecords),
                items: Rows::new(section(Section::HostItems)),
                any: Rows::new(section(Section::AnyHost)),
                nets: Rows::new(section(Section::Nets)),
                net4_starts: Rows::new(section(Section::Net4Starts)),
                net4_nets: Rows::new(section(Section::Net4Nets)),
                net4_index: Rows::new(section(Section::Net4Index)),
                net4_bits: field(Field::Net4Bits),
                net6_starts: Rows::new(section(Section::Net6Starts)),
                net6_nets: Rows::new(section(Section::Net6Nets)),
            },
            abstracts: map(Section::AbstractSlots, Section::AbstractRecords),
            sockets: map(Section::SocketSlots, Section::SocketRecords),
            hooks: Hooks {
                events: Rows::new(section(Section::Events)),
                custom: map(Section::CustomSlots, Section::CustomRecords),
                groups: Rows::new(section(Section::Groups)),
                name_patterns: Rows::new(section(Section::NamePatterns)),
                journal_patterns: Rows::new(section(Section::JournalPatterns)),
                lists: Rows::new(section(Section::HookLists)),
                hooks: Rows::new(section(Section::Hooks)),
                conditions: Rows::new(section(Section::Conditions)),
                patterns: Rows::new(section(Section::Patterns)),
                programs: texts,
            },
            plugins: Rows::new(section(Section::Plugins)),
            plugin_hooks: Rows::new(section(Section::PluginHooks)),
        }
    }
}

impl fmt::Debug for Image<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image")
            .field("generation", &self.generation())
            .field("mode", &self.mode())
            .field("rules", &self.rules.len())
            .finish_non_exhaustive()
    }
}

impl<'a> TargetPlugin<'a> {
    /// Its hooks, in the order that [`Judgement::target_hooks`](crate::Judgement::target_hooks) counts.
    pub fn hooks(&self) -> impl Iterator<Item = TargetHook<'a>> + use<'a> {
        let texts = self.texts;
        self.hooks.iter().map(move |row| TargetHook {
            function: text_of(texts, row, 0),
            with: text_of(texts, row, 2),
            on_error: if row.field(4) == Verdict::Allow as u32 {
                Verdict::Allow
            } else {
                Verdict::Deny
            },
            rule: row.field(5),
        })
    }
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnImage => "not a policy image",
            Self::OtherVersion => "the policy image was made by another version",
            Self::OtherCatalogue => "the policy image was made for another catalogue of events",
            Self::Damaged => "the policy image is damaged",
        })
    }
}

impl core::error::Error for ImageError {}

/// The sections, if all of them lie behind the header and within the image.
fn sections(bytes: &[u8]) -> Option<[&[u8]; SECTIONS]> {
    let mut sections: [&[u8]; SECTIONS] = [&[]; SECTIONS];
    for (number, section) in sections.iter_mut().enumerate() {
        let at = MAGIC.len() + 4 * FIELDS + 8 * number;
        let (offset, length) = (u32_at(bytes, at) as usize, u32_at(bytes, at + 4) as usize);
        if offset < HEADER {
            return None;
        }
        *section = bytes.get(offset..offset.checked_add(length)?)?;
    }
    Some(sections)
}

/// The text whose offset and length are these fields of a record. Parsing checked that it is UTF-8.
fn text_of<'a, const SIZE: usize>(texts: &'a [u8], row: Row<'_, SIZE>, place: usize) -> &'a str {
    str::from_utf8(slice(texts, row.field(place), row.field(place + 1))).unwrap_or_default()
}
