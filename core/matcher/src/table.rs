//! Tables in bytes. Every read is checked: where an image is too short, a read gives nothing, and never panics.

use crate::format::{NONE, RECORD_SIZE, SLOT_SIZE};
use crate::hash;

/// The `u32` at an offset, 0 if there is none.
#[inline]
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..)
        .and_then(<[u8]>::first_chunk)
        .map_or(0, |chunk| u32::from_le_bytes(*chunk))
}

/// So many bytes from an offset, empty if there are none.
#[inline]
pub(crate) fn slice(bytes: &[u8], at: u32, length: u32) -> &[u8] {
    let (at, length) = (at as usize, length as usize);
    bytes.get(at..at.wrapping_add(length)).unwrap_or(&[])
}

/// A row of records of one size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a, const SIZE: usize> {
    bytes: &'a [u8],
}

/// One record of a [`Rows`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a, const SIZE: usize> {
    bytes: &'a [u8; SIZE],
}

impl<'a, const SIZE: usize> Rows<'a, SIZE> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    #[inline]
    pub(crate) fn len(&self) -> u32 {
        (self.bytes.len() / SIZE) as u32
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    #[inline]
    pub(crate) fn get(&self, place: u32) -> Option<Row<'a, SIZE>> {
        let at = place as usize * SIZE;
        let bytes = self.bytes.get(at..)?.first_chunk()?;
        Some(Row { bytes })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Row<'a, SIZE>> + use<'a, SIZE> {
        self.bytes.as_chunks().0.iter().map(|bytes| Row { bytes })
    }

    /// So many records from a place on; none if there are not so many.
    #[inline]
    pub(crate) fn range(&self, first: u32, count: u32) -> Self {
        let (at, length) = (first as usize * SIZE, count as usize * SIZE);
        Self::new(self.bytes.get(at..at + length).unwrap_or(&[]))
    }

    /// Whether there are so many records from a place on.
    pub(crate) fn holds(&self, first: u32, count: u32) -> bool {
        u64::from(first) + u64::from(count) <= u64::from(self.len())
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.bytes.len().is_multiple_of(SIZE)
    }
}

impl<const SIZE: usize> Row<'_, SIZE> {
    /// The `u32` with this number.
    #[inline]
    pub(crate) fn field(&self, number: usize) -> u32 {
        u32_at(self.bytes, number * 4)
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8; SIZE] {
        self.bytes
    }
}

/// A row of numbers.
pub(crate) type Numbers<'a> = Rows<'a, 4>;

impl Numbers<'_> {
    #[inline]
    pub(crate) fn number(&self, place: u32) -> Option<u32> {
        self.get(place).map(|row| row.field(0))
    }
}

/// Which hashes a map may have: it says no to most of those that it has not, from memory that is near.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filter<'a> {
    bits: &'a [u8],
    size: u32,
}

impl<'a> Filter<'a> {
    pub(crate) fn new(bits: &'a [u8]) -> Self {
        Self {
            bits,
            size: (bits.len() * 8).checked_ilog2().unwrap_or(0),
        }
    }

    #[inline]
    pub(crate) fn may_have(&self, hash: u64) -> bool {
        let bit = hash::bit(hash, self.size);
        self.bits
            .get(bit / 8)
            .is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    }

    /// Whether it is a power of two of bits where there is a map to filter for.
    pub(crate) fn is_sound(&self, map: &Map<'_>) -> bool {
        if map.is_empty() {
            self.bits.is_empty()
        } else {
            self.bits.len().is_power_of_two()
        }
    }
}

/// A hash map from tagged keys to ranges of items: open addressing, linear probing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Map<'a> {
    slots: Rows<'a, SLOT_SIZE>,
    records: &'a [u8],
}

/// What a map has under a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// The offset of the record: what a trie's children are tagged with.
    pub(crate) at: u32,
    /// First item, items.
    pub(crate) own: (u32, u32),
    /// First item, items.
    pub(crate) below: (u32, u32),
}

impl<'a> Map<'a> {
    pub(crate) const fn new(slots: &'a [u8], records: &'a [u8]) -> Self {
        Self {
            slots: Rows::new(slots),
            records,
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The entry of an untagged key.
    #[inline]
    pub(crate) fn find(&self, key: &[u8]) -> Option<Entry> {
        self.find_tagged(0, hash::bytes(key), key)
    }

    /// The entry of a key, whose hash is known, under a tag.
    #[inline]
    pub(crate) fn find_tagged(&self, tag: u32, key_hash: u64, key: &[u8]) -> Option<Entry> {
        let mask = self.slots.len().checked_sub(1)?;
        let hash = hash::tagged(tag, key_hash);
        let print = (hash >> 32) as u32;
        let mut place = hash as u32 & mask;
        for _ in 0..=mask {
            let slot = self.slots.get(place)?;
            let at = slot.field(1);
            if at == NONE {
                return None;
            }
            if slot.field(0) == print
                && let Some(entry) = self.entry_if(at, tag, key)
            {
                return Some(entry);
            }
            place = (place + 1) & mask;
        }
        None
    }

    /// The entry whose record lies at an offset.
    pub(crate) fn entry(&self, at: u32) -> Option<Entry> {
        let head: &[u8; RECORD_SIZE] = self.records.get(at as usize..)?.first_chunk()?;
        Some(Entry {
            at,
            own: (u32_at(head, 8), u32_at(head, 12)),
            below: (u32_at(head, 16), u32_at(head, 20)),
        })
    }

    #[inline]
    fn entry_if(&self, at: u32, tag: u32, key: &[u8]) -> Option<Entry> {
        let (head, rest) = self
            .records
            .get(at as usize..)?
            .split_first_chunk::<RECORD_SIZE>()?;
        let same = u32_at(head, 0) == tag
            && u32_at(head, 4) as usize == key.len()
            && rest.get(..key.len()) == Some(key);
        same.then(|| Entry {
            at,
            own: (u32_at(head, 8), u32_at(head, 12)),
            below: (u32_at(head, 16), u32_at(head, 20)),
        })
    }

    /// Whether the slots are a power of two and every one of them points to a whole record that `check` likes.
    pub(crate) fn is_sound(&self, check: impl Fn(u32, &Entry) -> bool) -> bool {
        if !self.slots.is_whole() || !(self.slots.is_empty() || self.slots.len().is_power_of_two())
        {
            return false;
        }
        self.slots.iter().all(|slot| {
            let at = slot.field(1);
            at == NONE || self.is_sound_at(at, &check)
        })
    }

    /// Whether a whole record that `check` likes lies at an offset.
    pub(crate) fn is_sound_at(&self, at: u32, check: impl Fn(u32, &Entry) -> bool) -> bool {
        let Some(entry) = self.entry(at) else {
            return false;
        };
        let tag = u32_at(self.records, at as usize);
        let length = u32_at(self.records, at as usize + 4) as usize;
        let key = at as usize + RECORD_SIZE;
        self.records.get(key..key + length).is_some() && check(tag, &entry)
    }
}
