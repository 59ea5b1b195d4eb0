//! Bytes: the sections of an image, and the maps in them.

use std::collections::HashMap;

use audithook_matcher::format::{
    CATALOGUE, FIELDS, Field, HEADER, MAGIC, NONE, RECORD_SIZE, SECTIONS, SLOT_SIZE, Section,
    VERSION,
};
use audithook_matcher::hash;

use super::BuildError;

/// An image that is being written.
pub(super) struct Layout {
    fields: [u32; FIELDS],
    sections: Vec<Vec<u8>>,
    /// Texts and programs that are there already: rules repeat themselves.
    texts: HashMap<Vec<u8>, (u32, u32)>,
}

impl Layout {
    pub(super) fn new() -> Self {
        let mut layout = Self {
            fields: [0; FIELDS],
            sections: vec![Vec::new(); SECTIONS],
            texts: HashMap::new(),
        };
        layout.set(Field::Version, VERSION);
        layout.set(Field::CatalogueLow, CATALOGUE as u32);
        layout.set(Field::CatalogueHigh, (CATALOGUE >> 32) as u32);
        layout
    }

    pub(super) fn set(&mut self, field: Field, value: u32) {
        self.fields[field as usize] = value;
    }

    pub(super) fn section(&mut self, section: Section) -> &mut Vec<u8> {
        &mut self.sections[section as usize]
    }

    /// Appends one record, and says which one it is.
    pub(super) fn push(&mut self, section: Section, fields: &[u32]) -> Result<u32, BuildError> {
        let bytes = self.section(section);
        let place = number(bytes.len() / (4 * fields.len()))?;
        push_all(bytes, fields);
        Ok(place)
    }

    /// Appends numbers, and says where: the first of them and how many.
    pub(super) fn push_numbers(
        &mut self,
        section: Section,
        numbers: &[u32],
    ) -> Result<(u32, u32), BuildError> {
        let bytes = self.section(section);
        let first = number(bytes.len() / 4)?;
        push_all(bytes, numbers);
        Ok((first, number(numbers.len())?))
    }

    /// How many records of a size a section has.
    pub(super) fn count(&self, section: Section, size: usize) -> Result<u32, BuildError> {
        number(self.sections[section as usize].len() / size)
    }

    /// The offset and the length of a text or a program.
    pub(super) fn text(&mut self, text: &[u8]) -> Result<(u32, u32), BuildError> {
        if let Some(&place) = self.texts.get(text) {
            return Ok(place);
        }
        let bytes = &mut self.sections[Section::Bytes as usize];
        let place = (number(bytes.len())?, number(text.len())?);
        bytes.extend(text);
        self.texts.insert(text.to_vec(), place);
        Ok(place)
    }

    /// The whole image.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, BuildError> {
        let mut length = HEADER.next_multiple_of(8);
        let mut table = Vec::new();
        for section in &self.sections {
            push_all(&mut table, &[number(length)?, number(section.len())?]);
            length = (length + section.len()).next_multiple_of(8);
        }
        self.set(Field::Length, number(length)?);
        let mut image = Vec::with_capacity(length);
        image.extend(MAGIC);
        push_all(&mut image, &self.fields);
        image.extend(table);
        for section in &self.sections {
            image.resize(image.len().next_multiple_of(8), 0);
            image.extend(section);
        }
        image.resize(length, 0);
        Ok(image)
    }
}

/// A map that is being made: tagged keys, and what they say.
#[derive(Debug)]
pub(super) struct MapBuilder<V> {
    records: Vec<Record<V>>,
    places: HashMap<(u32, Vec<u8>), usize>,
    length: usize,
}

#[derive(Debug)]
struct Record<V> {
    at: u32,
    tag: u32,
    key: Vec<u8>,
    /// Not found by its key: the root of a trie.
    hidden: bool,
    own: Vec<V>,
    below: Vec<V>,
}

/// A record of a [`MapBuilder`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handle(usize);

impl<V> MapBuilder<V> {
    pub(super) fn new() -> Self {
        Self {
            records: Vec::new(),
            places: HashMap::new(),
            length: 0,
        }
    }

    /// A record that no key leads to.
    pub(super) fn root(&mut self) -> Result<Handle, BuildError> {
        self.append(NONE, Vec::new(), true)
    }

    /// The record of a key under a tag; a new one if there is none.
    pub(super) fn key(&mut self, tag: u32, key: &[u8]) -> Result<Handle, BuildError> {
        if let Some(&place) = self.places.get(&(tag, key.to_vec())) {
            return Ok(Handle(place));
        }
        let handle = self.append(tag, key.to_vec(), false)?;
        self.places.insert((tag, key.to_vec()), handle.0);
        Ok(handle)
    }

    /// Has the record of an untagged key say something more.
    pub(super) fn say(&mut self, key: &[u8], value: V) -> Result<(), BuildError> {
        let handle = self.key(0, key)?;
        self.own(handle).push(value);
        Ok(())
    }

    /// What the children of a trie's record are tagged with.
    pub(super) fn tag(&self, handle: Handle) -> u32 {
        self.records[handle.0].at
    }

    pub(super) fn own(&mut self, handle: Handle) -> &mut Vec<V> {
        &mut self.records[handle.0].own
    }

    pub(super) fn below(&mut self, handle: Handle) -> &mut Vec<V> {
        &mut self.records[handle.0].below
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.records
            .iter()
            .filter(|record| !record.hidden)
            .map(|record| &record.key[..])
    }

    fn append(&mut self, tag: u32, key: Vec<u8>, hidden: bool) -> Result<Handle, BuildError> {
        let at = number(self.length)?;
        self.length += RECORD_SIZE + key.len().next_multiple_of(4);
        let place = self.records.len();
        self.records.push(Record {
            at,
            tag,
            key,
            hidden,
            own: Vec::new(),
            below: Vec::new(),
        });
        Ok(Handle(place))
    }

    /// Writes slots and records; `write` writes what a record says and tells where: first item, items.
    pub(super) fn finish(
        self,
        layout: &mut Layout,
        (slots, records): (Section, Section),
        mut write: impl FnMut(&mut Layout, &[V]) -> Result<(u32, u32), BuildError>,
    ) -> Result<(), BuildError> {
        let found = self.records.iter().filter(|record| !record.hidden).count();
        // At most half full: a look-up that fails ends after a probe or two.
        let capacity = if found == 0 {
            0
        } else {
            (2 * found).next_power_of_two()
        };
        let mut table = vec![[0, NONE]; capacity];
        for record in &self.records {
            let own = write(layout, &record.own)?;
            let below = write(layout, &record.below)?;
            let head = [
                record.tag,
                number(record.key.len())?,
                own.0,
                own.1,
                below.0,
                below.1,
            ];
            let bytes = layout.section(records);
            push_all(bytes, &head);
            bytes.extend(&record.key);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            if !record.hidden {
                let hash = hash::tagged(record.tag, hash::bytes(&record.key));
                let mut place = hash as u32 as usize & (capacity - 1);
                while table[place][1] != NONE {
                    place = (place + 1) & (capacity - 1);
                }
                table[place] = [(hash >> 32) as u32, record.at];
            }
        }
        let bytes = layout.section(slots);
        debug_assert_eq!(size_of_val(&[0, NONE]), SLOT_SIZE);
        for slot in table {
            push_all(bytes, &slot);
        }
        Ok(())
    }
}

/// A count, a place or an offset as images have it.
pub(super) fn number(value: usize) -> Result<u32, BuildError> {
    // The highest number means "none".
    u32::try_from(value)
        .ok()
        .filter(|&value| value != NONE)
        .ok_or(BuildError::TooLarge)
}

pub(super) fn push_all(bytes: &mut Vec<u8>, numbers: &[u32]) {
    for number in numbers {
        bytes.extend(number.to_le_bytes());
    }
}
