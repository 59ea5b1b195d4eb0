//! An event that outlives its raiser: header and one flat allocation.

use std::fmt;

use audithook_abi::{Event, Symbol, Tag, VALUE_TRUNCATED, Value, View};

/// Lists within lists deeper than this are cut, and flagged [`VALUE_TRUNCATED`].
const DEEPEST: usize = 8;

/// More elements of lists than this are cut, and flagged: a list may hold another many times over.
const MOST_NODES: usize = 65_536;

/// Arguments up to this number, with no list among them, are read back without an allocation.
const INLINE: usize = 16;

const NODE: usize = 24;

/// A copy of an [`Event`] that owns its arguments.
///
/// The arguments lie in one allocation: a table of 24-byte nodes, level by level (the arguments, then the elements
/// of their lists, then the elements of those), and behind it all text and bytes. A node of a text holds its place and
/// length; a node of a list holds the place of its first element in the next level.
#[derive(Clone)]
pub struct OwnedEvent {
    header: Event<'static>,
    /// How many nodes each level has.
    levels: [u32; DEEPEST],
    bytes: Box<[u8]>,
}

impl OwnedEvent {
    /// Copies the event.
    #[must_use]
    pub fn new(event: &Event<'_>) -> Self {
        encode(event)
    }

    /// Calls `reader` with the event as it was.
    pub fn with<R>(&self, reader: impl FnOnce(&Event<'_>) -> R) -> R {
        let count = self.levels[0] as usize;
        if self.levels[1] == 0 && count <= INLINE {
            let mut values = [Value::NULL; INLINE];
            for (place, value) in values[..count].iter_mut().enumerate() {
                *value = self.value(place, &[]);
            }
            return reader(&with_args(&self.header, &values[..count]));
        }
        let deepest = self
            .levels
            .iter()
            .rposition(|nodes| *nodes > 0)
            .unwrap_or(0);
        let mut result = None;
        let mut reader = Some(reader);
        self.read_level(deepest, &[], &mut |values| {
            result = reader
                .take()
                .map(|reader| reader(&with_args(&self.header, values)));
        });
        result.expect("`read_level` calls back exactly once")
    }

    /// The event's name.
    #[must_use]
    pub fn id(&self) -> Symbol {
        self.header.id
    }

    /// How many bytes the copy holds beside its header.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Reads the levels from the deepest up: the values of a level borrow from those of the level below.
    fn read_level(&self, level: usize, below: &[Value<'_>], reader: &mut dyn FnMut(&[Value<'_>])) {
        let first: usize = self.levels[..level]
            .iter()
            .map(|nodes| *nodes as usize)
            .sum();
        let values: Vec<Value<'_>> = (0..self.levels[level] as usize)
            .map(|place| self.value(first + place, below))
            .collect();
        match level {
            0 => reader(&values),
            _ => self.read_level(level - 1, &values, reader),
        }
    }

    fn value<'v>(&'v self, node: usize, below: &'v [Value<'v>]) -> Value<'v> {
        let node = &self.bytes[node * NODE..][..NODE];
        let half = |at: usize| u16::from_le_bytes([node[at], node[at + 1]]);
        let word = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| node[at + byte]));
        let name = Symbol(u32::from_le_bytes([node[4], node[5], node[6], node[7]]));
        let (a, b) = (word(8), word(16));
        let bytes = || &self.bytes[a as usize..][..b as usize];
        let value = match Tag::from_number(half(0)) {
            None | Some(Tag::Null) => Value::NULL,
            Some(Tag::Bool) => Value::bool(a != 0),
            Some(Tag::I64) => Value::i64(a.cast_signed()),
            Some(Tag::U64) => Value::u64(a),
            Some(Tag::F64) => Value::f64(f64::from_bits(a)),
            Some(Tag::Fd) => Value::fd((a as u32).cast_signed()),
            Some(Tag::Str) => Value::str(bytes()),
            Some(Tag::Bytes) => Value::bytes(bytes()),
            Some(Tag::Path) => Value::path(bytes()),
            Some(Tag::Addr) => Value::addr(bytes()),
            Some(Tag::List) => Value::list(&below[a as usize..][..b as usize]),
            Some(Tag::Map) => Value::map(&below[a as usize..][..b as usize]),
        };
        value.named(name).flagged(half(2))
    }
}

impl fmt::Debug for OwnedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|event| f.debug_tuple("OwnedEvent").field(event).finish())
    }
}

/// What becomes of the elements of a list in the flat layout.
enum Elements {
    /// It is no list.
    None,
    /// They begin at this place of the next level.
    At(usize),
    /// They are left out.
    Cut,
}

/// Visits every value, one level after the other, so that the elements of each list lie side by side in the next.
/// Depends on nothing but the values: to measure and to write are two walks that agree.
fn walk<'v>(args: &'v [Value<'v>], mut visit: impl FnMut(usize, &Value<'v>, Elements)) {
    let mut budget = MOST_NODES;
    let mut level = Vec::new();
    for depth in 0..DEEPEST {
        let mut next = Vec::new();
        let mut place = 0;
        let top = if depth == 0 { args } else { &[] };
        for value in top.iter().chain(level.into_iter().flatten()) {
            let elements = match value.view() {
                View::List(elements) | View::Map(elements) => {
                    if depth + 1 == DEEPEST || elements.len() > budget {
                        Elements::Cut
                    } else {
                        budget -= elements.len();
                        next.push(elements);
                        place += elements.len();
                        Elements::At(place - elements.len())
                    }
                }
                _ => Elements::None,
            };
            visit(depth, value, elements);
        }
        if place == 0 {
            return;
        }
        level = next;
    }
}

fn encode(event: &Event<'_>) -> OwnedEvent {
    let mut levels = [0; DEEPEST];
    let mut text = 0;
    walk(event.args(), |depth, value, _| {
        levels[depth] += 1;
        text += text_of(value).map_or(0, <[u8]>::len);
    });
    let nodes: usize = levels.iter().map(|count| *count as usize).sum();
    let mut bytes = vec![0; nodes * NODE + text].into_boxed_slice();
    let (mut table, mut text_at) = (0, nodes * NODE);
    walk(event.args(), |_, value, elements| {
        let mut flags = value.flags();
        let (a, b) = match (value.view(), elements) {
            (View::Bool(value), _) => (u64::from(value), 0),
            (View::I64(value), _) => (value.cast_unsigned(), 0),
            (View::U64(value), _) => (value, 0),
            (View::F64(value), _) => (value.to_bits(), 0),
            (View::Fd(value), _) => (u64::from(value.cast_unsigned()), 0),
            (View::List(elements) | View::Map(elements), Elements::At(place)) => {
                (place as u64, elements.len() as u64)
            }
            (_, Elements::Cut) => {
                flags |= VALUE_TRUNCATED;
                (0, 0)
            }
            _ => match text_of(value) {
                Some(part) => {
                    bytes[text_at..][..part.len()].copy_from_slice(part);
                    text_at += part.len();
                    ((text_at - part.len()) as u64, part.len() as u64)
                }
                None => (0, 0),
            },
        };
        let node = &mut bytes[table..][..NODE];
        node[..2].copy_from_slice(&value.tag_number().to_le_bytes());
        node[2..4].copy_from_slice(&flags.to_le_bytes());
        node[4..8].copy_from_slice(&value.name().0.to_le_bytes());
        node[8..16].copy_from_slice(&a.to_le_bytes());
        node[16..].copy_from_slice(&b.to_le_bytes());
        table += NODE;
    });
    OwnedEvent {
        header: with_args(event, &[]),
        levels,
        bytes,
    }
}

fn text_of<'v>(value: &Value<'v>) -> Option<&'v [u8]> {
    match value.view() {
        View::Str(part) | View::Bytes(part) | View::Path(part) | View::Addr(part) => Some(part),
        _ => None,
    }
}

/// The header of one event with other arguments.
fn with_args<'v>(header: &Event<'_>, args: &'v [Value<'v>]) -> Event<'v> {
    let mut event = Event::new(header.id, args);
    event.seq = header.seq;
    event.time_ns = header.time_ns;
    event.pid = header.pid;
    event.tid = header.tid;
    event.flags = header.flags;
    event.schema = header.schema;
    event.source = header.source;
    event.verdict = header.verdict;
    event
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_copy_is_equal_to_what_was_copied() {
        let names = [
            Value::str("a"),
            Value::str(b"\xff\xfe".as_slice()),
            Value::NULL,
        ];
        let inner = [
            Value::u64(1),
            Value::list(&names),
            Value::bool(true),
            Value::f64(-0.5),
        ];
        let args = [
            Value::path("/srv/x").named(Symbol(300)),
            Value::map(&inner)
                .named(Symbol(301))
                .flagged(VALUE_TRUNCATED),
            Value::i64(-7),
            Value::list(&[]),
            Value::fd(-1),
            Value::addr(&[2, 0, 0, 80]),
            Value::bytes(&[]),
        ];
        let mut event = Event::new(Symbol(3), &args);
        (event.seq, event.time_ns, event.pid, event.tid) = (1, 2, 3, 4);
        (event.flags, event.schema, event.source, event.verdict) = (5, 6, 1, 2);
        OwnedEvent::new(&event).with(|copy| {
            assert_eq!(copy.args(), event.args());
            assert_eq!((copy.seq, copy.time_ns, copy.pid, copy.tid), (1, 2, 3, 4));
            assert_eq!(
                (copy.flags, copy.schema, copy.source, copy.verdict),
                (5, 6, 1, 2)
            );
        });
    }

    #[test]
    fn lists_that_are_too_deep_are_cut_and_flagged() {
        fn nest(depth: usize, inner: &[Value<'_>], check: &mut dyn FnMut(&[Value<'_>])) {
            match depth {
                0 => check(inner),
                _ => nest(depth - 1, &[Value::list(inner)], check),
            }
        }
        nest(20, &[Value::u64(1)], &mut |args| {
            OwnedEvent::new(&Event::new(Symbol(0), args)).with(|copy| {
                let (mut value, mut depth) = (copy.args()[0], 0);
                while let View::List([inner]) = value.view() {
                    (value, depth) = (*inner, depth + 1);
                }
                assert_eq!(depth, DEEPEST - 1);
                assert_eq!(value.flags(), VALUE_TRUNCATED);
            });
        });
    }

    #[test]
    fn a_list_of_itself_many_times_over_stays_small() {
        fn blow_up(depth: usize, inner: &[Value<'_>], check: &mut dyn FnMut(&[Value<'_>])) {
            match depth {
                0 => check(inner),
                _ => blow_up(depth - 1, &[Value::list(inner); 40], check),
            }
        }
        blow_up(7, &[Value::u64(1); 40], &mut |args| {
            let copy = OwnedEvent::new(&Event::new(Symbol(0), args));
            assert!(copy.size() <= (MOST_NODES + 40) * NODE);
            copy.with(|copy| assert_eq!(copy.args().len(), 40));
        });
    }

    proptest! {
        #[test]
        fn any_flat_event_survives(texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..30), number in any::<u64>()) {
            let args: Vec<Value<'_>> = texts
                .iter()
                .enumerate()
                .map(|(place, text)| match place % 3 {
                    0 => Value::str(text),
                    1 => Value::path(text),
                    _ => Value::u64(number),
                }
                .named(Symbol(place as u32)))
                .collect();
            OwnedEvent::new(&Event::new(Symbol(1), &args)).with(|copy| assert_eq!(copy.args(), args));
        }
    }
}
