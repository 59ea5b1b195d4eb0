//! The layout of an image, which `audithook_policy::image` writes and this crate reads.
//!
//! ```text
//! magic, 8 bytes
//! fields, 4 bytes each            (Field)
//! sections, offset and length, 4 bytes each (Section)
//! the sections themselves, each at a multiple of 8
//! ```
//!
//! Every number is little-endian, every offset counts from the start of its section: an image can lie anywhere. A section
//! is a row of records of one size, whose fields are `u32`s in the order that the `…_SIZE` constants document, or bytes.

/// How an image begins.
pub const MAGIC: [u8; 8] = *b"ahpolicy";

/// The version of this layout. An image lives as long as its run, so an image of another version is refused, not read.
pub const VERSION: u32 = 1;

/// No rule, no parent, an empty slot, a list that is absent.
pub const NONE: u32 = u32::MAX;

/// The single numbers of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Field {
    /// [`VERSION`]
    Version,
    /// The length of the whole image.
    Length,
    /// The low half of [`CATALOGUE`].
    CatalogueLow,
    /// The high half of [`CATALOGUE`].
    CatalogueHigh,
    /// Counts the images of a run.
    Generation,
    /// A [`Mode`](crate::Mode)'s number.
    Mode,
    /// An [`Overflow`](crate::Overflow)'s number.
    Overflow,
    /// Which [`class`]es have entries.
    Classes,
    /// The rule of the list `read`, [`NONE`] if it is absent.
    Read,
    /// The rule of the list `write`, [`NONE`] if it is absent.
    Write,
    /// The first rule of `deny`, [`NONE`] if it is empty.
    Deny,
    /// The first rule of audithook's own files that are never changed.
    OwnWrite,
    /// The first rule of audithook's own files that are never touched.
    OwnAny,
    /// The rule of the list `exec`, [`NONE`] if it is absent.
    Exec,
    /// The rule that refuses what cannot be followed, [`NONE`] if nothing does.
    Uncovered,
    /// The rule of the list `connect`, [`NONE`] if it is absent.
    Connect,
    /// The rule of the list `bind`, [`NONE`] if it is absent.
    Bind,
    /// The first rule of the network's `deny`, [`NONE`] if it is empty.
    DenyHost,
    /// The rule of loopback, [`NONE`] if it is unrestricted.
    Loopback,
    /// 1 if loopback is allowed.
    LoopbackAllowed,
    /// The rule of the list `unix`, [`NONE`] if it is absent.
    Unix,
    /// The rule of the list `sockets`, [`NONE`] if it is absent.
    Sockets,
    /// 1 if names outside the catalogue are journalled.
    JournalCustom,
    /// 1 if some host is known by name.
    NamesHosts,
    /// How long the longest key of [`Section::SuffixSlots`] is.
    LongestSuffix,
    /// Bit `n`: some key of [`Section::GramSlots`] has `n` bytes, 1 to 4.
    GramLengths,
    /// How many leading bits of an IPv4 address [`Section::Net4Index`] is indexed by.
    Net4Bits,
}

/// How many [`Field`]s there are.
pub const FIELDS: usize = Field::Net4Bits as usize + 1;

/// The tables of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Section {
    /// Bytes that records point into: texts and glob programs.
    Bytes,
    /// [`RULE_SIZE`]
    Rules,
    /// The command itself: a path.
    Command,
    /// The trie of literal paths: slots. A child's tag is its parent's record.
    TrieSlots,
    /// The trie's records; the first is the root.
    TrieRecords,
    /// Patterns known by a whole component: slots.
    NameSlots,
    /// Their records.
    NameRecords,
    /// A power of two of bits: those that [`hash::bit`](crate::hash::bit) says of the hash of every key are set.
    NameFilter,
    /// Patterns known by what follows a dot of a component, the dot included: slots.
    SuffixSlots,
    /// Their records.
    SuffixRecords,
    /// As [`Section::NameFilter`].
    SuffixFilter,
    /// Patterns known by 1 to 4 bytes anywhere in the path: slots.
    GramSlots,
    /// Their records.
    GramRecords,
    /// [`SMALL_FILTER`] or [`LARGE_FILTER`] bytes, none where there are no grams: those that
    /// [`hash::gram`](crate::hash::gram) says are 1, the others 0.
    GramFilter,
    /// Denied files by device and inode, 16 bytes: slots.
    InodeSlots,
    /// Their records.
    InodeRecords,
    /// Abstract unix sockets: slots.
    AbstractSlots,
    /// Their records.
    AbstractRecords,
    /// Allowed families, kinds and protocols of sockets: slots.
    SocketSlots,
    /// Their records.
    SocketRecords,
    /// What the records above say: [`ITEM_SIZE`].
    Items,
    /// [`GLOB_SIZE`]
    Globs,
    /// `u32`s: globs that nothing indexes.
    LooseGlobs,
    /// Host names: slots. A record's entries are for the name, those below for the names that end in it.
    HostSlots,
    /// Their records.
    HostRecords,
    /// What hosts and networks say: [`HOST_ITEM_SIZE`].
    HostItems,
    /// Entries for every host: [`HOST_ITEM_SIZE`].
    AnyHost,
    /// [`NET_SIZE`]
    Nets,
    /// `u32`s: where the innermost IPv4 network changes, sorted.
    Net4Starts,
    /// `u32`s: the network from there on, or [`NONE`].
    Net4Nets,
    /// `u32`s, 2^bits + 1: how many of the starts lie below the addresses that begin with these bits.
    Net4Index,
    /// 16 bytes each, big-endian: where the innermost IPv6 network changes, sorted.
    Net6Starts,
    /// `u32`s: the network from there on, or [`NONE`].
    Net6Nets,
    /// For every event of the catalogue: [`EVENT_SIZE`].
    Events,
    /// Names outside the catalogue that some hook is for: slots.
    CustomSlots,
    /// Their records: a range of [`Section::HookLists`].
    CustomRecords,
    /// Sets of patterns of event names: [`GROUP_SIZE`].
    Groups,
    /// Glob programs over event names: [`TEXT_SIZE`].
    NamePatterns,
    /// Glob programs over journalled names outside the catalogue: [`TEXT_SIZE`].
    JournalPatterns,
    /// `u32`s: places in [`Section::Hooks`].
    HookLists,
    /// [`HOOK_SIZE`]
    Hooks,
    /// [`CONDITION_SIZE`]
    Conditions,
    /// [`PATTERN_SIZE`]
    Patterns,
    /// [`PLUGIN_SIZE`]
    Plugins,
    /// [`PLUGIN_HOOK_SIZE`]
    PluginHooks,
}

/// How many [`Section`]s there are.
pub const SECTIONS: usize = Section::PluginHooks as usize + 1;

/// How long the header is.
pub const HEADER: usize = MAGIC.len() + 4 * FIELDS + 8 * SECTIONS;

/// One slot of a map: half a hash, and the offset of the record or [`NONE`].
pub const SLOT_SIZE: usize = 8;

/// The head of a map's record: tag, length of the key, first item, items, first item below, items below. The key follows,
/// padded to a multiple of 4.
pub const RECORD_SIZE: usize = 24;

/// The size of [`Section::GramFilter`] for few grams.
pub const SMALL_FILTER: usize = 1 << 12;

/// The size of [`Section::GramFilter`] for many.
pub const LARGE_FILTER: usize = 1 << 16;

/// A text: offset, length.
pub const TEXT_SIZE: usize = 8;

/// A rule: id, at, entry, reason, hint (offset and length each), 1 if protected.
pub const RULE_SIZE: usize = 44;

/// What a path says where it matches: the [`class`]es; the rule, or with [`class::CANDIDATE`] the glob to try.
pub const ITEM_SIZE: usize = 8;

/// A glob over paths: the [`class`], the rule, offset and length of the program.
pub const GLOB_SIZE: usize = 16;

/// What a host says where it matches: the host class, the protocol and whether ports are meant (a byte each, and one of
/// padding); first and last port (two bytes each); the rule.
pub const HOST_ITEM_SIZE: usize = 12;

/// A network: the next one around it or [`NONE`]; first item, items.
pub const NET_SIZE: usize = 12;

/// An event of the catalogue: 1 if journalled; a range of [`Section::HookLists`].
pub const EVENT_SIZE: usize = 12;

/// Hooks with the same patterns: a range of [`Section::NamePatterns`], a range of [`Section::HookLists`].
pub const GROUP_SIZE: usize = 16;

/// A hook: its condition ([`when`]), its action ([`action`]), what the action needs (a verdict's number, or plugin),
/// and then (the plugin's hook), the rule, a range of [`Section::Conditions`].
pub const HOOK_SIZE: usize = 28;

/// A condition on one argument: its symbol, a range of [`Section::Patterns`].
pub const CONDITION_SIZE: usize = 12;

/// A pattern for an argument: a program over texts and one over paths, offset and length each; the latter's length is 0
/// where the pattern cannot be a path.
pub const PATTERN_SIZE: usize = 16;

/// A plugin: name, path, configuration (offset and length each), a range of [`Section::PluginHooks`].
pub const PLUGIN_SIZE: usize = 32;

/// A plugin's hook: function, `with` (offset and length each), the verdict of a failure, the rule.
pub const PLUGIN_HOOK_SIZE: usize = 24;

/// What an entry over paths is part of. One bit each.
pub mod class {
    /// `[files] read`
    pub const READ: u32 = 1;
    /// `[files] write`
    pub const WRITE: u32 = 2;
    /// `[files] deny`
    pub const DENY: u32 = 4;
    /// `[files] deny`, with `!`
    pub const EXCEPT: u32 = 8;
    /// audithook's own files that are never changed.
    pub const OWN_WRITE: u32 = 16;
    /// audithook's own files that are never touched.
    pub const OWN_ANY: u32 = 32;
    /// `[process] exec`
    pub const EXEC: u32 = 64;
    /// `[network] unix`
    pub const UNIX: u32 = 128;
    /// What every process of the run has to reach: the directories above are not closed.
    pub const OWN_REACH: u32 = 256;
    /// Not a class: the item names a glob that has to be tried.
    pub const CANDIDATE: u32 = 1 << 31;
    /// All classes.
    pub const ALL: u32 = 511;
}

/// What an entry over hosts is part of.
pub mod host_class {
    /// `[network] connect`
    pub const CONNECT: u8 = 1;
    /// `[network] bind`
    pub const BIND: u8 = 2;
    /// `[network] deny`
    pub const DENY: u8 = 4;
}

/// The kinds of a hook's condition.
pub mod when {
    /// None.
    pub const ALWAYS: u32 = 0;
    /// A range of conditions, all of which must hold.
    pub const TABLE: u32 = 1;
    /// The image cannot say.
    pub const OPEN: u32 = 2;
}

/// The kinds of a hook's action.
pub mod action {
    /// A verdict.
    pub const VERDICT: u32 = 0;
    /// The event is recorded.
    pub const LOG: u32 = 1;
    /// The supervisor is asked.
    pub const GATE: u32 = 2;
    /// An observer sees the event.
    pub const OBSERVE: u32 = 3;
    /// A plugin in the target is asked.
    pub const TARGET_GATE: u32 = 4;
}

/// The operations of a glob program over text, and the kinds of the components of one over paths.
///
/// A program over text is a row of operations. A program over a path is one of the `START_…` bytes, then components: a
/// kind, and for [`NAMED`](glob::NAMED) the length of its program over text (two bytes) and the program.
pub mod glob {
    /// Then a length (one byte, not 0) and so many bytes.
    pub const LITERAL: u8 = 1;
    /// Any byte.
    pub const ONE: u8 = 2;
    /// Any bytes.
    pub const STAR: u8 = 3;
    /// Then 32 bytes: bit `b % 8` of byte `b / 8` is set if byte `b` matches.
    pub const CLASS: u8 = 4;

    /// The path may begin anyhow.
    pub const START_ANY: u8 = 0;
    /// The path begins with `/`.
    pub const START_ROOT: u8 = 1;
    /// The path does not begin with `/`.
    pub const START_RELATIVE: u8 = 2;

    /// A component that matches a program over text.
    pub const NAMED: u8 = 0;
    /// Any number of components.
    pub const ANY_DEPTH: u8 = 1;
}

/// What the numbers of events and arguments depend on: a hash over [`audithook_catalogue::SYMBOLS`].
pub const CATALOGUE: u64 = {
    // FNV-1a: it runs once, in the compiler.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut symbol = 0;
    while symbol < audithook_catalogue::SYMBOLS.len() {
        let text = audithook_catalogue::SYMBOLS[symbol].as_bytes();
        let mut place = 0;
        while place <= text.len() {
            let byte = if place < text.len() { text[place] } else { 0 };
            hash = (hash ^ byte as u64).wrapping_mul(0x0100_0000_01b3);
            place += 1;
        }
        symbol += 1;
    }
    hash
};
