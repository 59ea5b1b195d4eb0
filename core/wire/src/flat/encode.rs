//! Writing records: bounded, without allocation, and without failure.

use audithook_abi::{EVENT_TRUNCATED, Tag, VALUE_SECRET, VALUE_TRUNCATED, Value, View};

use super::{HEADER, MAX_DEPTH, MAX_NAME, MAX_RECORD, Meta, NO_VERDICT, Name, VERSION, padded};

/// Writes one record into a buffer.
///
/// It never fails. Each argument may take half of what is left of the buffer (and always 64 bytes, while there are), so
/// that no argument, however long, pushes out those that follow. What does not fit is cut: the value is flagged
/// [`VALUE_TRUNCATED`] and the record [`EVENT_TRUNCATED`].
///
/// A value flagged [`VALUE_SECRET`] is recorded as its length.
#[derive(Debug)]
pub struct Encoder<'b> {
    /// A multiple of eight bytes long; empty where the caller's buffer is too short for a header.
    buffer: &'b mut [u8],
    at: usize,
    args: u16,
    flags: u32,
}

impl<'b> Encoder<'b> {
    /// Starts a record. Of a buffer longer than [`MAX_RECORD`] only that much is used; in one shorter than
    /// [`MIN_RECORD`](super::MIN_RECORD) the record is empty.
    #[must_use]
    #[inline]
    pub fn new(buffer: &'b mut [u8], event: Name<'_>, meta: &Meta) -> Self {
        let room = buffer.len().min(MAX_RECORD) & !7;
        let mut encoder = Self {
            buffer: &mut buffer[..if room < HEADER { 0 } else { room }],
            at: 0,
            args: 0,
            flags: meta.flags,
        };
        encoder.header(event, meta);
        encoder
    }

    /// Adds an argument.
    #[inline]
    pub fn arg(&mut self, name: Name<'_>, value: &Value<'_>) -> &mut Self {
        let end = self.share(self.buffer.len());
        let fits = self.value(name, value, 1, end);
        self.count(fits)
    }

    /// Adds an argument that is a list, from values that need not stand in one slice.
    pub fn list<'v>(
        &mut self,
        name: Name<'_>,
        values: impl IntoIterator<Item = Value<'v>>,
    ) -> &mut Self {
        let end = self.share(self.buffer.len());
        let head = self.item(name, Tag::List, 0, 8, end);
        if let Some(head) = head {
            self.sequence(head, Tag::List, values.into_iter(), 1, end);
        }
        self.count(head.is_some())
    }

    /// Ends the record. Its length is a multiple of eight.
    #[must_use]
    #[inline]
    pub fn finish(self) -> &'b [u8] {
        if self.buffer.is_empty() {
            return &[];
        }
        self.buffer[0..4].copy_from_slice(&(self.at as u32).to_le_bytes());
        self.buffer[24..28].copy_from_slice(&self.flags.to_le_bytes());
        self.buffer[42..44].copy_from_slice(&self.args.to_le_bytes());
        &self.buffer[..self.at]
    }

    fn header(&mut self, event: Name<'_>, meta: &Meta) {
        if self.buffer.is_empty() {
            return;
        }
        let (symbol, text) = split(event, &mut self.flags);
        let mut rules = meta.rules.as_slice();
        let mut room = self.buffer.len() - HEADER;
        if padded(4 * rules.len()) > room {
            self.flags |= EVENT_TRUNCATED;
            rules = &[];
        }
        room -= padded(4 * rules.len());
        let text = if text.len() > room {
            self.flags |= EVENT_TRUNCATED;
            &text[..boundary(text, room)]
        } else {
            text
        };
        let Some(header) = self.buffer.first_chunk_mut::<HEADER>() else {
            return;
        };
        header[4] = VERSION;
        header[5] = meta.source as u8;
        header[6] = meta.verdict as u8;
        header[7] = meta.would.map_or(NO_VERDICT, |verdict| verdict as u8);
        header[8..16].copy_from_slice(&meta.time_ns.to_le_bytes());
        header[16..20].copy_from_slice(&meta.pid.to_le_bytes());
        header[20..24].copy_from_slice(&meta.tid.to_le_bytes());
        header[28..32].copy_from_slice(&meta.errno.to_le_bytes());
        header[32..36].copy_from_slice(&meta.generation.to_le_bytes());
        header[36..40].copy_from_slice(&symbol.to_le_bytes());
        header[40..42].copy_from_slice(&(text.len() as u16).to_le_bytes());
        header[44..48].copy_from_slice(&[rules.len() as u8, 0, 0, 0]);
        self.at = HEADER;
        for pair in rules.chunks(2) {
            let word = u64::from(pair[0]) | u64::from(pair.get(1).copied().unwrap_or(0)) << 32;
            self.word(word);
        }
        if !text.is_empty() {
            self.padded_bytes(text);
        }
    }

    /// Where the next item has to end, inside a space that ends at `end`.
    fn share(&self, end: usize) -> usize {
        let left = end.saturating_sub(self.at);
        self.at + ((left / 2).max(left.min(64)) & !7)
    }

    fn count(&mut self, fits: bool) -> &mut Self {
        if fits && self.args < u16::MAX {
            self.args += 1;
        } else {
            self.flags |= EVENT_TRUNCATED;
        }
        self
    }

    /// Writes an item that ends at or before `end`, or nothing.
    fn value(&mut self, name: Name<'_>, value: &Value<'_>, depth: usize, end: usize) -> bool {
        let flags = value.flags();
        if flags & VALUE_SECRET != 0 {
            return self.secret(name, value, end);
        }
        let (tag, word) = match value.view() {
            View::Str(text) => return self.blob(name, Tag::Str, flags, text, end),
            View::Path(path) => return self.blob(name, Tag::Path, flags, path, end),
            View::Bytes(bytes) => return self.blob(name, Tag::Bytes, flags, bytes, end),
            View::Addr(address) => return self.blob(name, Tag::Addr, flags, address, end),
            View::List(values) if depth <= MAX_DEPTH => {
                return self.values(name, Tag::List, flags, values, depth, end);
            }
            View::Map(values) if depth <= MAX_DEPTH => {
                return self.values(name, Tag::Map, flags, values, depth, end);
            }
            View::Bool(truth) => (Tag::Bool, truth.into()),
            View::I64(number) => (Tag::I64, number.cast_unsigned()),
            View::U64(number) => (Tag::U64, number),
            View::F64(number) => (Tag::F64, number.to_bits()),
            View::Fd(number) => (Tag::Fd, number.cast_unsigned().into()),
            View::Null => return self.item(name, Tag::Null, flags, 0, end).is_some(),
            // Nested too deep, or of a later ABI: that there was a value is all that can be said.
            _ => {
                return self
                    .item(name, Tag::Null, flags | VALUE_TRUNCATED, 0, end)
                    .is_some();
            }
        };
        self.scalar(name, tag, flags, word, end)
    }

    /// Writes an item that says how long its value is, and no more.
    #[cold]
    fn secret(&mut self, name: Name<'_>, value: &Value<'_>, end: usize) -> bool {
        let length = match value.view() {
            View::Str(bytes) | View::Bytes(bytes) | View::Path(bytes) | View::Addr(bytes) => {
                bytes.len()
            }
            View::List(values) | View::Map(values) => values.len(),
            // The length of a number would say something about it.
            _ => 0,
        };
        let tag = Tag::from_number(value.tag_number()).unwrap_or(Tag::Null);
        self.scalar(name, tag, value.flags(), length as u64, end)
    }

    fn scalar(&mut self, name: Name<'_>, tag: Tag, flags: u16, word: u64, end: usize) -> bool {
        let fits = self.item(name, tag, flags, 8, end).is_some();
        if fits {
            self.word(word);
        }
        fits
    }

    fn blob(&mut self, name: Name<'_>, tag: Tag, flags: u16, bytes: &[u8], end: usize) -> bool {
        let Some(head) = self.item(name, tag, flags, 8, end) else {
            return false;
        };
        let room = end - self.at - 4;
        let kept = if bytes.len() <= room {
            bytes
        } else {
            self.cut(head);
            &bytes[..boundary(bytes, room)]
        };
        let total = padded(4 + kept.len());
        let target = &mut self.buffer[self.at..self.at + total];
        // The padding is in the last word; the length, which comes first, may share it.
        if let Some(last) = target.last_chunk_mut() {
            *last = [0; 8];
        }
        target[..4].copy_from_slice(&(kept.len() as u32).to_le_bytes());
        target[4..4 + kept.len()].copy_from_slice(kept);
        self.at += total;
        true
    }

    fn values(
        &mut self,
        name: Name<'_>,
        tag: Tag,
        flags: u16,
        values: &[Value<'_>],
        depth: usize,
        end: usize,
    ) -> bool {
        let head = self.item(name, tag, flags, 8, end);
        if let Some(head) = head {
            self.sequence(head, tag, values.iter().copied(), depth, end);
        }
        head.is_some()
    }

    fn sequence<'v>(
        &mut self,
        head: usize,
        tag: Tag,
        values: impl Iterator<Item = Value<'v>>,
        depth: usize,
        end: usize,
    ) {
        self.word(0);
        let start = self.at;
        let mut count = 0_u32;
        let mut last = self.at;
        for value in values {
            let before = self.at;
            let share = self.share(end);
            if !self.value(Name::of(value.name()), &value, depth + 1, share) {
                self.cut(head);
                break;
            }
            last = before;
            count += 1;
        }
        if tag == Tag::Map && count % 2 == 1 {
            // A key whose value did not fit.
            self.at = last;
            count -= 1;
        }
        let size = (self.at - start) as u32;
        let sizes = u64::from(count) | u64::from(size) << 32;
        self.buffer[start - 8..start].copy_from_slice(&sizes.to_le_bytes());
    }

    /// Writes an item's tag, flags and name, if they and `body` more bytes end at or before `end`. Where it began.
    #[inline(always)]
    fn item(
        &mut self,
        name: Name<'_>,
        tag: Tag,
        flags: u16,
        body: usize,
        end: usize,
    ) -> Option<usize> {
        let (symbol, text) = split(name, &mut self.flags);
        if self.at + 8 + padded(text.len()) + body > end {
            return None;
        }
        let head = self.at;
        let known = flags & (VALUE_TRUNCATED | VALUE_SECRET);
        if known & VALUE_TRUNCATED != 0 {
            self.flags |= EVENT_TRUNCATED;
        }
        self.word(
            tag as u64
                | u64::from(known) << 8
                | (text.len() as u64) << 16
                | u64::from(symbol) << 32,
        );
        if !text.is_empty() {
            self.padded_bytes(text);
        }
        Some(head)
    }

    /// Marks the item that began at `head` as cut.
    #[cold]
    fn cut(&mut self, head: usize) {
        self.buffer[head + 1] |= VALUE_TRUNCATED as u8;
        self.flags |= EVENT_TRUNCATED;
    }

    #[inline]
    fn word(&mut self, word: u64) {
        self.buffer[self.at..self.at + 8].copy_from_slice(&word.to_le_bytes());
        self.at += 8;
    }

    fn padded_bytes(&mut self, bytes: &[u8]) {
        let total = padded(bytes.len());
        let target = &mut self.buffer[self.at..self.at + total];
        target[..bytes.len()].copy_from_slice(bytes);
        target[bytes.len()..].fill(0);
        self.at += total;
    }
}

/// A name's number and text, of which one says nothing.
#[inline(always)]
fn split<'n>(name: Name<'n>, flags: &mut u32) -> (u32, &'n [u8]) {
    const NONE: u32 = audithook_abi::Symbol::NONE.0;
    match name {
        Name::Known(symbol) if symbol.0 < audithook_catalogue::SYMBOL_COUNT => (symbol.0, &[]),
        Name::Known(_) => (NONE, &[]),
        Name::Text(text) if text.len() <= MAX_NAME => (NONE, text),
        Name::Text(text) => {
            *flags |= EVENT_TRUNCATED;
            (NONE, &text[..boundary(text, MAX_NAME)])
        }
    }
}

/// Where to cut `bytes`, which are longer than `room`, without cutting a UTF-8 character in two.
fn boundary(bytes: &[u8], room: usize) -> usize {
    let is_continuation = |at: usize| bytes[at] & 0xC0 == 0x80;
    (room.saturating_sub(3)..=room)
        .rev()
        .find(|&at| !is_continuation(at))
        .unwrap_or(room)
}
