//! What the lists over paths say of one path.
//!
//! One walk over the path answers for all lists at once, and its cost follows the path, not the number of entries:
//!
//! - literal paths are a trie by component; the walk leaves it at the first component that no entry has;
//! - a glob is found by something that has to be in the path where it matches (whichever of these the fewest other globs
//!   share): a whole component (`**/.env`, `/srv/*/config/*`), the end of a component from a dot on (`**/*.pem`), the literal
//!   directory that it begins with, or up to four bytes anywhere (`**/*secret*`). The first two say most often all there is to
//!   say; the others have the glob tried;
//! - globs that have nothing of the kind (`/*/*`) are tried one by one.

use crate::bytes::{find_byte, next_name};
use crate::format::{GLOB_SIZE, ITEM_SIZE, LARGE_FILTER, SMALL_FILTER, class};
use crate::glob::covers_path;
use crate::hash;
use crate::judgement::Rules;
use crate::table::{Entry, Filter, Map, Numbers, Rows, slice};

/// The entries of all lists over paths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paths<'a> {
    pub(crate) trie: Map<'a>,
    pub(crate) names: Map<'a>,
    pub(crate) name_filter: Filter<'a>,
    pub(crate) suffixes: Map<'a>,
    pub(crate) suffix_filter: Filter<'a>,
    pub(crate) longest_suffix: usize,
    pub(crate) grams: Map<'a>,
    pub(crate) gram_lengths: u32,
    pub(crate) gram_filter: &'a [u8],
    pub(crate) inodes: Map<'a>,
    pub(crate) items: Rows<'a, ITEM_SIZE>,
    pub(crate) globs: Rows<'a, GLOB_SIZE>,
    pub(crate) loose: Numbers<'a>,
    pub(crate) programs: &'a [u8],
}

/// What matched a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hits {
    /// The classes with an entry that matches.
    pub(crate) classes: u32,
    /// The rules of the entries of `deny`.
    pub(crate) denied: Rules,
    /// The rules of audithook's own files that are never changed.
    pub(crate) own_write: Rules,
    /// The rules of audithook's own files that are never touched, or never out of reach.
    pub(crate) own_any: Rules,
    /// The path is not resolved: it is relative, or has `.` or `..`.
    pub(crate) unresolved: bool,
}

impl Hits {
    const NONE: Self = Self {
        classes: 0,
        denied: Rules::NONE,
        own_write: Rules::NONE,
        own_any: Rules::NONE,
        unresolved: false,
    };

    pub(crate) const fn has(&self, class: u32) -> bool {
        self.classes & class != 0
    }

    fn add(&mut self, classes: u32, rule: u32) {
        self.classes |= classes;
        if classes & class::DENY != 0 {
            self.denied.insert(rule);
        }
        if classes & class::OWN_WRITE != 0 {
            self.own_write.insert(rule);
        }
        if classes & (class::OWN_ANY | class::OWN_REACH) != 0 {
            self.own_any.insert(rule);
        }
    }
}

/// The classes whose rules are named: one hit does not make another one pointless.
const NAMED: u32 = class::DENY | class::OWN_WRITE | class::OWN_ANY | class::OWN_REACH;

impl Paths<'_> {
    /// What the entries of some classes say of a path.
    pub(crate) fn look_up(&self, path: &[u8], classes: u32) -> Hits {
        let mut hits = Hits::NONE;
        let mut search = Search::new(self, path, classes, &mut hits);
        search.walk();
        if self.gram_lengths != 0 {
            search.scan();
        }
        for place in 0..self.loose.len() {
            if let Some(glob) = self.loose.number(place) {
                search.try_glob(glob);
            }
        }
        hits
    }

    /// The rules of the denied literal paths, and of audithook's own, that lie below a path.
    pub(crate) fn look_below(&self, path: &[u8], classes: u32) -> Hits {
        let mut hits = Hits::NONE;
        let mut node = self.trie.entry(0);
        let mut at = 0;
        while let Some((name, end)) = next_name(path, at) {
            let Some(parent) = node else { break };
            node = self.trie.find_tagged(parent.at, hash::bytes(name), name);
            at = end;
        }
        if let Some(node) = node {
            Search::new(self, path, classes, &mut hits).take(node.below);
        }
        hits
    }

    /// What the entries say of a file by device and inode.
    pub(crate) fn look_up_inode(&self, (device, inode): (u64, u64)) -> Hits {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&device.to_le_bytes());
        key[8..].copy_from_slice(&inode.to_le_bytes());
        let mut hits = Hits::NONE;
        if let Some(entry) = self.inodes.find(&key) {
            Search::new(self, &[], class::ALL, &mut hits).take(entry.own);
        }
        hits
    }
}

struct Search<'s> {
    paths: &'s Paths<'s>,
    path: &'s [u8],
    wanted: u32,
    hits: &'s mut Hits,
    /// The globs that were tried last: what a path repeats need not be tried again.
    tried: [u32; 8],
    tries: usize,
}

impl<'s> Search<'s> {
    fn new(paths: &'s Paths<'s>, path: &'s [u8], wanted: u32, hits: &'s mut Hits) -> Self {
        Self {
            paths,
            path,
            wanted,
            hits,
            tried: [u32::MAX; 8],
            tries: 0,
        }
    }

    /// Goes through the components: the trie, whole components, and ends of components.
    fn walk(&mut self) {
        self.hits.unresolved = self.path.first() != Some(&b'/');
        let mut node = self.paths.trie.entry(0);
        if let Some(root) = node {
            self.take(root.own);
        }
        let mut at = 0;
        while let Some((name, end)) = next_name(self.path, at) {
            at = end;
            let hash = hash::bytes(name);
            if let Some(parent) = node {
                node = self.paths.trie.find_tagged(parent.at, hash, name);
                if let Some(Entry { own, .. }) = node {
                    self.take(own);
                }
            }
            if self.paths.name_filter.may_have(hash)
                && let Some(entry) = self.paths.names.find_tagged(0, hash, name)
            {
                self.take(entry.own);
            }
            if !self.paths.suffixes.is_empty() {
                self.look_at_suffixes(name);
            }
            self.hits.unresolved |= name == b"." || name == b"..";
        }
    }

    fn look_at_suffixes(&mut self, name: &[u8]) {
        let mut at = name.len().saturating_sub(self.paths.longest_suffix);
        while let Some(dot) = name.get(at..).and_then(|rest| find_byte(rest, b'.')) {
            at += dot;
            let suffix = &name[at..];
            let hash = hash::bytes(suffix);
            if self.paths.suffix_filter.may_have(hash)
                && let Some(entry) = self.paths.suffixes.find_tagged(0, hash, suffix)
            {
                self.take(entry.own);
            }
            at += 1;
        }
    }

    /// Goes through the bytes: what is known by a few of them.
    fn scan(&mut self) {
        let filter = self.paths.gram_filter;
        if let Ok(filter) = <&[u8; SMALL_FILTER]>::try_from(filter) {
            self.scan_through(filter);
        } else if let Ok(filter) = <&[u8; LARGE_FILTER]>::try_from(filter) {
            self.scan_through(filter);
        }
    }

    /// A loop for each size and length, so that a byte of the path costs hardly more than a load, a multiplication and a test.
    fn scan_through<const SIZE: usize>(&mut self, filter: &[u8; SIZE]) {
        let lengths = self.paths.gram_lengths;
        if lengths >> 1 & 1 == 1 {
            self.scan_for::<1, SIZE>(filter);
        }
        if lengths >> 2 & 1 == 1 {
            self.scan_for::<2, SIZE>(filter);
        }
        if lengths >> 3 & 1 == 1 {
            self.scan_for::<3, SIZE>(filter);
        }
        if lengths >> 4 & 1 == 1 {
            self.scan_for::<4, SIZE>(filter);
        }
    }

    #[inline]
    fn scan_for<const LENGTH: usize, const SIZE: usize>(&mut self, filter: &[u8; SIZE]) {
        for (place, gram) in self.path.windows(LENGTH).enumerate() {
            let Some(gram) = gram.first_chunk::<LENGTH>() else {
                return;
            };
            if filter[hash::gram(gram, SIZE.ilog2()) % SIZE] != 0 {
                self.take_gram(place, LENGTH);
            }
        }
    }

    #[cold]
    fn take_gram(&mut self, place: usize, length: usize) {
        if let Some(entry) = self
            .path
            .get(place..place + length)
            .and_then(|gram| self.paths.grams.find(gram))
        {
            self.take(entry.own);
        }
    }

    /// Takes in what a record says.
    fn take(&mut self, (first, count): (u32, u32)) {
        for place in first..first.saturating_add(count) {
            let Some(item) = self.paths.items.get(place) else {
                return;
            };
            let (classes, value) = (item.field(0), item.field(1));
            if classes & class::CANDIDATE != 0 {
                self.try_glob(value);
            } else {
                self.hits.add(classes & self.wanted, value);
            }
        }
    }

    fn try_glob(&mut self, number: u32) {
        let Some(glob) = self.paths.globs.get(number) else {
            return;
        };
        let classes = glob.field(0) & self.wanted;
        let pointless = classes & NAMED == 0 && classes & !self.hits.classes == 0;
        if pointless || self.tried.contains(&number) {
            return;
        }
        self.tried[self.tries % self.tried.len()] = number;
        self.tries += 1;
        let program = slice(self.paths.programs, glob.field(2), glob.field(3));
        if covers_path(program, self.path) {
            self.hits.add(classes, glob.field(1));
        }
    }
}
