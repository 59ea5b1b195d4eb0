//! Reading records, which are hostile until [`Record::parse`] has seen all of them.

use core::fmt;

use audithook_abi::{Source, Symbol, Tag, VALUE_SECRET, Verdict};
use audithook_catalogue::{EVENT_COUNT, SYMBOL_COUNT};

use super::{
    HEADER, MAX_DEPTH, MAX_NAME, MAX_RECORD, Meta, NO_VERDICT, Name, Rules, VERSION, padded,
};

/// A record that has been checked from its first byte to its last.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    bytes: &'a [u8],
    meta: Meta,
    event: Name<'a>,
    args: Items<'a>,
    values: usize,
}

impl<'a> Record<'a> {
    /// Checks the record at the start of `bytes`; what follows the record is ignored.
    ///
    /// # Errors
    /// Says what is wrong with the first part that is not as the encoding is defined.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FlatError> {
        let header: &[u8; HEADER] = bytes.first_chunk().ok_or(FlatError::Short)?;
        let length = u32_at(header, 0) as usize;
        if !(HEADER..=MAX_RECORD).contains(&length) || !length.is_multiple_of(8) {
            return Err(FlatError::Length(length));
        }
        let bytes = bytes.get(..length).ok_or(FlatError::Short)?;
        if header[4] != VERSION {
            return Err(FlatError::Version(header[4]));
        }
        let n_rules = usize::from(header[44]);
        if n_rules > Rules::MAX {
            return Err(FlatError::Rules(header[44]));
        }
        let (rules, rest) = split(&bytes[HEADER..], padded(4 * n_rules))?;
        let (event, rest) = name(u32_at(header, 36), u16_at(header, 40), rest)?;
        if let Name::Known(symbol) = event
            && symbol.0 >= EVENT_COUNT
        {
            return Err(FlatError::Symbol(symbol.0));
        }
        let count = u32::from(u16_at(header, 42));
        let values = check(rest, count, 1)?;
        Ok(Self {
            bytes,
            meta: meta(header, &rules[..4 * n_rules])?,
            event,
            args: Items {
                bytes: rest,
                left: count,
            },
            values,
        })
    }

    /// What the record says beside name and arguments.
    #[must_use]
    pub const fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The event's name.
    #[must_use]
    pub const fn event(&self) -> Name<'a> {
        self.event
    }

    /// The arguments, in order.
    #[must_use]
    pub const fn args(&self) -> Args<'a> {
        Args(self.args)
    }

    /// The first argument of this name.
    #[must_use]
    pub fn arg(&self, name: Symbol) -> Option<Argument<'a>> {
        self.args()
            .find(|(found, _)| *found == Name::Known(name))
            .map(|(_, argument)| argument)
    }

    /// The record's own bytes.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How many values there are, with those inside lists and maps.
    pub(super) const fn value_count(&self) -> usize {
        self.values
    }

    pub(super) const fn items(&self) -> Items<'a> {
        self.args
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("meta", &self.meta)
            .field("event", &self.event)
            .field("args", &self.args().collect::<Vec<_>>())
            .finish()
    }
}

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlatError {
    /// the bytes end before the record does
    Short,
    /// the record claims a length of {0} bytes
    Length(usize),
    /// the record has version {0}
    Version(u8),
    /// the record claims {0} rules
    Rules(u8),
    /// the record names source {0}
    Source(u8),
    /// the record names verdict {0}
    Verdict(u8),
    /// the record names symbol {0}, which the catalogue does not have in this place
    Symbol(u32),
    /// the record has a name of {0} bytes
    Name(u16),
    /// the record has a value with tag {0}
    Tag(u8),
    /// lists and maps nest too deep
    Depth,
    /// a map has a key without a value
    OddMap,
    /// a part does not have the size that it claims
    Size,
}

impl fmt::Display for FlatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => f.write_str("the bytes end before the record does"),
            Self::Length(length) => write!(f, "the record claims a length of {length} bytes"),
            Self::Version(version) => write!(f, "the record has version {version}"),
            Self::Rules(count) => write!(f, "the record claims {count} rules"),
            Self::Source(number) => write!(f, "the record names source {number}"),
            Self::Verdict(number) => write!(f, "the record names verdict {number}"),
            Self::Symbol(number) => write!(
                f,
                "the record names symbol {number}, which the catalogue does not have in this place"
            ),
            Self::Name(length) => write!(f, "the record has a name of {length} bytes"),
            Self::Tag(number) => write!(f, "the record has a value with tag {number}"),
            Self::Depth => f.write_str("lists and maps nest too deep"),
            Self::OddMap => f.write_str("a map has a key without a value"),
            Self::Size => f.write_str("a part does not have the size that it claims"),
        }
    }
}

impl core::error::Error for FlatError {}

/// One value of a record.
#[derive(Clone, Copy, Debug)]
pub struct Argument<'a> {
    /// `VALUE_…` of the ABI.
    pub flags: u16,
    /// The value itself.
    pub content: Content<'a>,
}

impl<'a> Argument<'a> {
    /// The bytes of text, bytes, a path or an address.
    #[must_use]
    pub const fn as_bytes(&self) -> Option<&'a [u8]> {
        match self.content {
            Content::Str(bytes)
            | Content::Bytes(bytes)
            | Content::Path(bytes)
            | Content::Addr(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The number, if there is one that is not negative.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self.content {
            Content::U64(number) => Some(number),
            Content::I64(number) => number.try_into().ok(),
            Content::Fd(number) => number.try_into().ok(),
            _ => None,
        }
    }
}

/// What a value of a record holds.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A double.
    F64(f64),
    /// Text, not promised to be UTF-8.
    Str(&'a [u8]),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A path.
    Path(&'a [u8]),
    /// A `struct sockaddr`.
    Addr(&'a [u8]),
    /// A file descriptor of the process that raised the event.
    Fd(i32),
    /// Values in order.
    List(Items<'a>),
    /// Keys, each followed by its value.
    Map(Items<'a>),
    /// Something that is recorded as its length only.
    Secret {
        /// What it is.
        tag: Tag,
        /// Its length in bytes, or its count of values.
        length: u64,
    },
}

/// The arguments of a record, with their names.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a>(Items<'a>);

impl<'a> Iterator for Args<'a> {
    type Item = (Name<'a>, Argument<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next_item()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

/// The values of a list or a map.
#[derive(Clone, Copy, Debug)]
pub struct Items<'a> {
    bytes: &'a [u8],
    left: u32,
}

impl<'a> Items<'a> {
    pub(super) fn next_item(&mut self) -> Option<(Name<'a>, Argument<'a>)> {
        self.left = self.left.checked_sub(1)?;
        // Never an error: all items were read once by `Record::parse`.
        let item = Item::read(self.bytes).ok()?;
        self.bytes = item.rest;
        Some((item.name, item.argument))
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Argument<'a>;

    fn next(&mut self) -> Option<Argument<'a>> {
        self.next_item().map(|(_, argument)| argument)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Items<'_> {}
impl ExactSizeIterator for Args<'_> {}

/// One item, with what follows it.
struct Item<'a> {
    name: Name<'a>,
    argument: Argument<'a>,
    rest: &'a [u8],
}

impl<'a> Item<'a> {
    /// Reads one item, but not the items inside it.
    fn read(bytes: &'a [u8]) -> Result<Self, FlatError> {
        let (head, rest) = bytes.split_first_chunk::<8>().ok_or(FlatError::Size)?;
        let tag = Tag::from_number(head[0].into()).ok_or(FlatError::Tag(head[0]))?;
        let flags = u16::from(head[1]);
        let (name, rest) = name(u32_at(head, 4), u16_at(head, 2), rest)?;
        let (content, rest) = if flags & VALUE_SECRET != 0 {
            let (length, rest) = word(rest)?;
            (Content::Secret { tag, length }, rest)
        } else {
            content(tag, rest)?
        };
        let argument = Argument { flags, content };
        Ok(Self {
            name,
            argument,
            rest,
        })
    }
}

/// Reads `count` items that fill `bytes`, and those inside them. How many there are in all.
///
/// Bounded: an item takes eight bytes at least, no byte belongs to two items of one depth, and `depth` is limited.
fn check(mut bytes: &[u8], count: u32, depth: usize) -> Result<usize, FlatError> {
    let mut total = count as usize;
    for _ in 0..count {
        let item = Item::read(bytes)?;
        if let Content::List(items) | Content::Map(items) = item.argument.content {
            if depth > MAX_DEPTH {
                return Err(FlatError::Depth);
            }
            total += check(items.bytes, items.left, depth + 1)?;
        }
        bytes = item.rest;
    }
    if bytes.is_empty() {
        Ok(total)
    } else {
        Err(FlatError::Size)
    }
}

fn content(tag: Tag, bytes: &[u8]) -> Result<(Content<'_>, &[u8]), FlatError> {
    Ok(match tag {
        Tag::Null => (Content::Null, bytes),
        Tag::Bool | Tag::I64 | Tag::U64 | Tag::F64 | Tag::Fd => {
            let (word, rest) = word(bytes)?;
            let scalar = match tag {
                Tag::Bool => Content::Bool(word != 0),
                Tag::I64 => Content::I64(word.cast_signed()),
                Tag::F64 => Content::F64(f64::from_bits(word)),
                Tag::Fd => Content::Fd((word as u32).cast_signed()),
                _ => Content::U64(word),
            };
            (scalar, rest)
        }
        Tag::Str | Tag::Bytes | Tag::Path | Tag::Addr => {
            let (length, _) = bytes.split_first_chunk::<4>().ok_or(FlatError::Size)?;
            let length = u32::from_le_bytes(*length) as usize;
            if length > MAX_RECORD {
                return Err(FlatError::Size);
            }
            let (blob, rest) = split(bytes, padded(4 + length))?;
            let blob = &blob[4..4 + length];
            let content = match tag {
                Tag::Str => Content::Str(blob),
                Tag::Bytes => Content::Bytes(blob),
                Tag::Path => Content::Path(blob),
                _ => Content::Addr(blob),
            };
            (content, rest)
        }
        Tag::List | Tag::Map => {
            let (head, rest) = bytes.split_first_chunk::<8>().ok_or(FlatError::Size)?;
            let (count, size) = (u32_at(head, 0), u32_at(head, 4) as usize);
            let (bytes, rest) = split(rest, size)?;
            if count as usize > size / 8 {
                return Err(FlatError::Size);
            }
            let items = Items { bytes, left: count };
            match tag {
                Tag::List => (Content::List(items), rest),
                _ if count % 2 == 1 => return Err(FlatError::OddMap),
                _ => (Content::Map(items), rest),
            }
        }
    })
}

fn meta(header: &[u8; HEADER], rules: &[u8]) -> Result<Meta, FlatError> {
    let verdict = |number: u8| Verdict::from_number(number).ok_or(FlatError::Verdict(number));
    let mut numbers = Rules::NONE;
    for number in rules.chunks_exact(4) {
        numbers.push(u32_at(number, 0));
    }
    Ok(Meta {
        time_ns: u64_at(header, 8),
        pid: u32_at(header, 16),
        tid: u32_at(header, 20),
        source: Source::from_number(header[5]).ok_or(FlatError::Source(header[5]))?,
        flags: u32_at(header, 24),
        verdict: verdict(header[6])?,
        would: match header[7] {
            NO_VERDICT => None,
            number => Some(verdict(number)?),
        },
        generation: u32_at(header, 32),
        errno: u32_at(header, 28).cast_signed(),
        rules: numbers,
    })
}

/// A name of this symbol, or of the text at the start of `bytes`, with what follows it.
fn name(symbol: u32, length: u16, bytes: &[u8]) -> Result<(Name<'_>, &[u8]), FlatError> {
    if usize::from(length) > MAX_NAME {
        return Err(FlatError::Name(length));
    }
    if symbol == Symbol::NONE.0 {
        let (text, rest) = split(bytes, padded(length.into()))?;
        return Ok((Name::Text(&text[..length.into()]), rest));
    }
    if symbol >= SYMBOL_COUNT || length != 0 {
        return Err(FlatError::Symbol(symbol));
    }
    Ok((Name::Known(Symbol(symbol)), bytes))
}

fn split(bytes: &[u8], at: usize) -> Result<(&[u8], &[u8]), FlatError> {
    bytes.split_at_checked(at).ok_or(FlatError::Size)
}

fn word(bytes: &[u8]) -> Result<(u64, &[u8]), FlatError> {
    let (word, rest) = bytes.split_first_chunk::<8>().ok_or(FlatError::Size)?;
    Ok((u64::from_le_bytes(*word), rest))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
