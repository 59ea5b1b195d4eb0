//! The lists over paths, as the matcher looks them up: see `audithook_matcher`'s module of the same name.

use std::collections::{BTreeSet, HashMap};

use audithook_matcher::MOST_NAMED;
use audithook_matcher::format::{Field, LARGE_FILTER, SMALL_FILTER, Section, class};
use audithook_matcher::hash;

use super::glob::{self, Component, PathGlob, Start, Token};
use super::layout::{Handle, Layout, MapBuilder, number};
use super::{BuildError, PathEntry, PathPattern};

/// The longest run of bytes that a glob is known by.
const LONGEST_GRAM: usize = 4;

/// What entries of these classes name is refused, and may not be moved away with a directory above it.
const REFUSING: u32 = class::DENY | class::OWN_WRITE | class::OWN_ANY | class::OWN_REACH;

pub(super) struct PathsBuilder {
    trie: MapBuilder<Item>,
    root: Handle,
    names: MapBuilder<Item>,
    suffixes: MapBuilder<Item>,
    grams: MapBuilder<Item>,
    inodes: MapBuilder<Item>,
    globs: Vec<FreeGlob>,
    classes: u32,
}

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    /// An entry of this class and rule matches.
    Says(u32, u32),
    /// This glob has to be tried.
    Try(u32),
}

struct FreeGlob {
    class: u32,
    rule: u32,
    glob: PathGlob,
}

/// Something that is in every path that a glob matches.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Feature {
    /// A whole component.
    Name(Vec<u8>),
    /// A component that ends so, from a dot on.
    Suffix(Vec<u8>),
    /// The directories that the path begins with.
    Directory(Vec<Vec<u8>>),
    /// A few bytes of a component.
    Gram(Vec<u8>),
}

impl PathsBuilder {
    pub(super) fn new() -> Result<Self, BuildError> {
        let mut trie = MapBuilder::new();
        let root = trie.root()?;
        Ok(Self {
            trie,
            root,
            names: MapBuilder::new(),
            suffixes: MapBuilder::new(),
            grams: MapBuilder::new(),
            inodes: MapBuilder::new(),
            globs: Vec::new(),
            classes: 0,
        })
    }

    pub(super) fn add_all(&mut self, class: u32, entries: &[PathEntry]) -> Result<(), BuildError> {
        for entry in entries {
            self.classes |= class;
            match &entry.pattern {
                PathPattern::Literal(path) => {
                    self.add_literal(class, entry.rule, &names_of(path)?)?
                }
                PathPattern::Glob(pattern) => self.add_glob(class, entry.rule, pattern)?,
            }
        }
        Ok(())
    }

    pub(super) fn add_inode(
        &mut self,
        device: u64,
        inode: u64,
        rule: u32,
    ) -> Result<(), BuildError> {
        let mut key = device.to_le_bytes().to_vec();
        key.extend(inode.to_le_bytes());
        self.inodes.say(&key, Item::Says(class::DENY, rule))
    }

    fn add_literal(&mut self, class: u32, rule: u32, names: &[&[u8]]) -> Result<(), BuildError> {
        let mut node = self.root;
        for name in names {
            if class & REFUSING != 0 {
                self.trie.below(node).push(Item::Says(class, rule));
            }
            node = self.trie.key(self.trie.tag(node), name)?;
        }
        self.trie.own(node).push(Item::Says(class, rule));
        Ok(())
    }

    /// The directory that a denied glob lies in keeps its name, and those above it: else its files were read under another.
    fn add_directory(&mut self, class: u32, rule: u32, glob: &PathGlob) -> Result<(), BuildError> {
        let names: Vec<Vec<u8>> = glob.components.iter().map_while(literal).collect();
        if class & REFUSING == 0 || glob.start != Start::Root || names.is_empty() {
            return Ok(());
        }
        let mut node = self.root;
        self.trie.below(node).push(Item::Says(class, rule));
        for name in &names {
            node = self.trie.key(self.trie.tag(node), name)?;
            self.trie.below(node).push(Item::Says(class, rule));
        }
        Ok(())
    }

    fn add_glob(&mut self, class: u32, rule: u32, pattern: &str) -> Result<(), BuildError> {
        let wrap = |error| BuildError::Glob {
            glob: pattern.to_owned(),
            error,
        };
        for glob in PathGlob::parse(pattern).map_err(wrap)? {
            if glob.start == Start::Relative {
                return Err(wrap(glob::GlobError::Relative));
            }
            let says = Item::Says(class, rule);
            let literals: Option<Vec<Vec<u8>>> = glob.components.iter().map(literal).collect();
            if literals.is_none() {
                self.add_directory(class, rule, &glob)?;
            }
            match (literals, &glob.components[..]) {
                // `**` is everything; a name without a star is a path.
                (Some(names), _) => {
                    let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
                    self.add_literal(class, rule, &names)?;
                }
                (None, [Component::AnyDepth, component]) if literal(component).is_some() => {
                    self.names
                        .say(&literal(component).unwrap_or_default(), says)?;
                }
                (None, [Component::AnyDepth, Component::Named(tokens)])
                    if whole_suffix(tokens).is_some() =>
                {
                    self.suffixes
                        .say(&whole_suffix(tokens).unwrap_or_default(), says)?;
                }
                _ => self.globs.push(FreeGlob { class, rule, glob }),
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self, layout: &mut Layout) -> Result<(), BuildError> {
        layout.set(Field::Classes, self.classes);
        self.index_globs(layout)?;
        self.write_filters(layout)?;
        for (map, slots, records) in [
            (self.trie, Section::TrieSlots, Section::TrieRecords),
            (self.names, Section::NameSlots, Section::NameRecords),
            (self.suffixes, Section::SuffixSlots, Section::SuffixRecords),
            (self.grams, Section::GramSlots, Section::GramRecords),
            (self.inodes, Section::InodeSlots, Section::InodeRecords),
        ] {
            map.finish(layout, (slots, records), write_items)?;
        }
        Ok(())
    }

    /// Writes the globs, each under the feature that tells it best from the others.
    fn index_globs(&mut self, layout: &mut Layout) -> Result<(), BuildError> {
        let features: Vec<BTreeSet<Feature>> =
            self.globs.iter().map(|free| features(&free.glob)).collect();
        let mut counts: HashMap<&Feature, usize> = HashMap::new();
        for feature in features.iter().flatten() {
            *counts.entry(feature).or_default() += 1;
        }
        for (free, features) in self.globs.iter().zip(&features) {
            let (offset, length) = layout.text(&free.glob.program())?;
            let place = layout.push(Section::Globs, &[free.class, free.rule, offset, length])?;
            let best = features.iter().min_by_key(|feature| {
                (
                    counts.get(feature).copied().unwrap_or(1) * cost(feature),
                    cost(feature),
                )
            });
            let item = Item::Try(place);
            match best {
                Some(Feature::Name(name)) => self.names.say(name, item)?,
                Some(Feature::Suffix(suffix)) => self.suffixes.say(suffix, item)?,
                Some(Feature::Gram(gram)) => self.grams.say(gram, item)?,
                Some(Feature::Directory(names)) => {
                    let mut node = self.root;
                    for name in names {
                        node = self.trie.key(self.trie.tag(node), name)?;
                    }
                    self.trie.own(node).push(item);
                }
                None => {
                    layout.push(Section::LooseGlobs, &[place])?;
                }
            }
        }
        Ok(())
    }

    /// Writes what lets the matcher skip a look-up.
    fn write_filters(&self, layout: &mut Layout) -> Result<(), BuildError> {
        *layout.section(Section::NameFilter) = filter(&self.names);
        *layout.section(Section::SuffixFilter) = filter(&self.suffixes);
        let longest = self.suffixes.keys().map(<[u8]>::len).max().unwrap_or(0);
        layout.set(Field::LongestSuffix, number(longest)?);
        let grams: Vec<&[u8]> = self.grams.keys().collect();
        layout.set(
            Field::GramLengths,
            grams.iter().fold(0, |bits, gram| bits | 1 << gram.len()),
        );
        if !grams.is_empty() {
            // Few enough are set that hardly a byte of a path is looked up in vain.
            let size = if grams.len() <= SMALL_FILTER / 16 {
                SMALL_FILTER
            } else {
                LARGE_FILTER
            };
            let mut filter = vec![0_u8; size];
            let size = size.ilog2();
            for gram in grams {
                filter[hash::gram(gram, size)] = 1;
            }
            *layout.section(Section::GramFilter) = filter;
        }
        Ok(())
    }
}

/// The bits of the hashes of a map's keys, one in sixteen set.
fn filter(map: &MapBuilder<Item>) -> Vec<u8> {
    let count = map.keys().count();
    if count == 0 {
        return Vec::new();
    }
    let mut bytes = vec![0_u8; (2 * count).next_power_of_two()];
    let size = (8 * bytes.len()).ilog2();
    for key in map.keys() {
        let bit = hash::bit(hash::bytes(key), size);
        bytes[bit / 8] |= 1 << (bit % 8);
    }
    bytes
}

/// The components of a literal path.
fn names_of(path: &[u8]) -> Result<Vec<&[u8]>, BuildError> {
    let names: Vec<&[u8]> = path
        .split(|&byte| byte == b'/')
        .filter(|name| !name.is_empty())
        .collect();
    let resolved = path.first() == Some(&b'/')
        && !names
            .iter()
            .any(|name| matches!(name, [b'.'] | [b'.', b'.']));
    if resolved {
        Ok(names)
    } else {
        Err(BuildError::NotResolved(
            String::from_utf8_lossy(path).into_owned(),
        ))
    }
}

fn literal(component: &Component) -> Option<Vec<u8>> {
    match component {
        Component::Named(tokens) => glob::literal(tokens),
        Component::AnyDepth => None,
    }
}

/// `*.pem`: all that there is to the component.
fn whole_suffix(tokens: &[Token]) -> Option<Vec<u8>> {
    match tokens {
        [Token::Star, rest @ ..] if rest.first() == Some(&Token::Byte(b'.')) => glob::literal(rest),
        _ => None,
    }
}

fn features(glob: &PathGlob) -> BTreeSet<Feature> {
    let mut features = BTreeSet::new();
    let directory: Vec<Vec<u8>> = glob.components.iter().map_while(literal).collect();
    if glob.start == Start::Root && !directory.is_empty() {
        features.insert(Feature::Directory(directory));
    }
    for component in &glob.components {
        let Component::Named(tokens) = component else {
            continue;
        };
        let runs = runs(tokens);
        match glob::literal(tokens) {
            Some(name) => {
                features.insert(Feature::Name(name));
            }
            None => {
                let ends = tokens
                    .last()
                    .is_some_and(|token| matches!(token, Token::Byte(_)));
                let last = runs.last().filter(|_| ends);
                if let Some(dot) = last.and_then(|run| run.iter().position(|&byte| byte == b'.')) {
                    features.extend(last.map(|run| Feature::Suffix(run[dot..].to_vec())));
                }
            }
        }
        for run in &runs {
            let width = run.len().min(LONGEST_GRAM);
            features.extend(run.windows(width).map(|gram| Feature::Gram(gram.to_vec())));
        }
    }
    features
}

/// The runs of literal bytes of a component.
fn runs(tokens: &[Token]) -> Vec<Vec<u8>> {
    tokens
        .split(|token| !matches!(token, Token::Byte(_)))
        .filter(|run| !run.is_empty())
        .filter_map(glob::literal)
        .collect()
}

/// How often a feature is in a path that the glob does not match, roughly, and what looking for it costs.
fn cost(feature: &Feature) -> usize {
    match feature {
        Feature::Name(_) => 2,
        Feature::Suffix(_) => 3,
        Feature::Directory(_) => 4,
        // A scan over the whole path that the others do without.
        Feature::Gram(gram) => match gram.len() {
            LONGEST_GRAM.. => 16,
            3 => 24,
            2 => 96,
            _ => 512,
        },
    }
}

fn write_items(layout: &mut Layout, items: &[Item]) -> Result<(u32, u32), BuildError> {
    // A judgement names the first few rules only: of what lies below the root there may be thousands.
    let mut items = items.to_vec();
    items.sort_unstable();
    items.dedup();
    let mut numbers = Vec::new();
    let mut said = (0, 0);
    for item in items {
        match item {
            Item::Says(class, rule) => {
                said = if said.0 == class {
                    (class, said.1 + 1)
                } else {
                    (class, 1)
                };
                if said.1 <= MOST_NAMED {
                    numbers.extend([class, rule]);
                }
            }
            Item::Try(glob) => numbers.extend([class::CANDIDATE, glob]),
        }
    }
    let (first, count) = layout.push_numbers(Section::Items, &numbers)?;
    Ok((first / 2, count / 2))
}
