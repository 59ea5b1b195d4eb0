//! The `args` of a line.
//!
//! A field has one type always, whatever a program passes. What the type is, the catalogue says; a value of another type
//! stands under the name with its own type's word behind it: `port` is a number, and a port that was given as text is
//! `port_str`. `null` may stand anywhere. Siblings carry what a field cannot:
//!
//! | sibling | when |
//! |---|---|
//! | `NAME_b64` | text is not UTF-8 (`NAME` has replacement characters); for a list, a list with null where an item is UTF-8 |
//! | `NAME_exact` | a number that a double cannot hold, as text (`NAME` is still written in full), or one that JSON cannot write |
//! | `NAME_secret` | the length of what is not shown (`NAME` is null) |

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};
use std::sync::OnceLock;

use audithook_abi::{Symbol, Tag};
use audithook_catalogue::{ArgInfo, EVENTS, arg_symbol};
use audithook_wire::flat::{Argument, Content, Items, Name, Record};

use crate::json::{Fields, Keys, base64, double, signed, string, unsigned};

/// Writes the object of a record's arguments.
pub(super) fn write(out: &mut Vec<u8>, keys: &mut Keys, record: &Record<'_>) {
    let shapes = match record.event() {
        Name::Known(event) => shapes_of(event),
        Name::Text(_) => &[],
    };
    let mut fields = Fields::open(out, keys);
    for (place, (name, argument)) in record.args().enumerate() {
        let shape = match name {
            Name::Known(symbol) => shapes
                .iter()
                .find_map(|&(known, shape)| (known == symbol).then_some(shape)),
            Name::Text(_) => None,
        };
        match name.text() {
            [] => field(&mut fields, place.to_string().as_bytes(), shape, argument),
            name => field(&mut fields, name, shape, argument),
        }
    }
    fields.close();
}

/// What kind of JSON a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Bool,
    Integer,
    Double,
    Text,
    List,
    Map,
}

impl Shape {
    /// Of a kind of the catalogue, which is `any` where arguments of several types are passed.
    fn of_kind(kind: &str) -> Option<Self> {
        Some(match kind {
            "bool" => Self::Bool,
            "i64" | "u64" | "fd" => Self::Integer,
            "f64" => Self::Double,
            "str" | "bytes" | "path" | "addr" => Self::Text,
            "list" => Self::List,
            "map" => Self::Map,
            _ => return None,
        })
    }

    /// Of a value, with the word for its type; `None` for null, which has the type of every field.
    const fn of_value(content: &Content<'_>) -> Option<(Self, Tag)> {
        Some(match content {
            Content::Null | Content::Secret { .. } => return None,
            Content::Bool(_) => (Self::Bool, Tag::Bool),
            Content::I64(_) => (Self::Integer, Tag::I64),
            Content::U64(_) => (Self::Integer, Tag::U64),
            Content::Fd(_) => (Self::Integer, Tag::Fd),
            Content::F64(_) => (Self::Double, Tag::F64),
            Content::Str(_) => (Self::Text, Tag::Str),
            Content::Bytes(_) => (Self::Text, Tag::Bytes),
            Content::Path(_) => (Self::Text, Tag::Path),
            Content::Addr(_) => (Self::Text, Tag::Addr),
            Content::List(_) => (Self::List, Tag::List),
            Content::Map(_) => (Self::Map, Tag::Map),
        })
    }

    /// Whether a value of the other shape may stand in a field of this one.
    const fn holds(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Double, Self::Integer | Self::Double)
                | (Self::Bool, Self::Bool)
                | (Self::Integer, Self::Integer)
                | (Self::Text, Self::Text)
                | (Self::List, Self::List)
                | (Self::Map, Self::Map)
        )
    }
}

/// The shapes of the arguments of an event; none where the catalogue does not know it.
fn shapes_of(event: Symbol) -> &'static [(Symbol, Shape)] {
    // An event's are looked up when it first occurs: few of them do in one run, and most runs are short.
    static SHAPES: [OnceLock<Vec<(Symbol, Shape)>>; EVENTS.len()] =
        [const { OnceLock::new() }; EVENTS.len()];
    let place = event.0 as usize;
    let (Some(shapes), Some(event)) = (SHAPES.get(place), EVENTS.get(place)) else {
        return &[];
    };
    shapes.get_or_init(|| {
        let shape = |argument: &ArgInfo| {
            let shape = Shape::of_kind(argument.kind).or_else(|| shape_elsewhere(argument.name));
            let symbol = arg_symbol(argument.name.as_bytes())?;
            Some((symbol, shape.unwrap_or(Shape::Text)))
        };
        event.args.iter().filter_map(shape).collect()
    })
}

/// Where an event's own kind is `any`, an argument has the shape that its name has in other events, if that is one.
fn shape_elsewhere(name: &str) -> Option<Shape> {
    let mut found = EVENTS
        .iter()
        .flat_map(|event| event.args)
        .filter(|argument| argument.name == name)
        .filter_map(|argument| Shape::of_kind(argument.kind));
    let first = found.next()?;
    found.all(|shape| shape == first).then_some(first)
}

/// Writes one argument, or one entry of a map, with its siblings.
fn field(fields: &mut Fields<'_>, name: &[u8], shape: Option<Shape>, argument: Argument<'_>) {
    let content = argument.content;
    let suffix = match (shape, Shape::of_value(&content)) {
        (Some(field), Some((value, tag))) if !field.holds(value) => tag.as_str(),
        _ => "",
    };
    let underscore: &[u8] = if suffix.is_empty() { b"" } else { b"_" };
    let name = [name, underscore, suffix.as_bytes()];
    let sibling = |fields: &mut Fields<'_>, what: &[u8]| {
        fields.key(&[name[0], name[1], name[2], what]);
    };
    fields.key(&name);
    let whole = value(fields.out, fields.keys, content);
    match content {
        Content::Secret { length, .. } => {
            sibling(fields, b"_secret");
            unsigned(fields.out, length);
        }
        Content::U64(number) if number > LARGEST_EXACT => {
            sibling(fields, b"_exact");
            string(fields.out, number.to_string().as_bytes());
        }
        Content::I64(number) if number.unsigned_abs() > LARGEST_EXACT => {
            sibling(fields, b"_exact");
            string(fields.out, number.to_string().as_bytes());
        }
        Content::F64(number) if !whole => {
            sibling(fields, b"_exact");
            string(fields.out, number.to_string().as_bytes());
        }
        Content::List(items) if !whole => {
            sibling(fields, b"_b64");
            list_base64(fields.out, items);
        }
        _ if !whole => {
            if let Some(bytes) = argument.as_bytes() {
                sibling(fields, b"_b64");
                base64(fields.out, bytes);
            }
        }
        _ => {}
    }
}

/// 2^53: all integers up to here are doubles, which is how many readers of JSON hold numbers.
const LARGEST_EXACT: u64 = 1 << 53;

/// Writes a value. Whether it is all there: if not, the field wants a sibling.
fn value(out: &mut Vec<u8>, keys: &mut Keys, content: Content<'_>) -> bool {
    match content {
        Content::Null | Content::Secret { .. } => out.extend_from_slice(b"null"),
        Content::Bool(truth) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
        Content::I64(number) => signed(out, number),
        Content::U64(number) => unsigned(out, number),
        Content::Fd(number) => signed(out, number.into()),
        Content::F64(number) => return double(out, number),
        Content::Str(bytes) | Content::Bytes(bytes) | Content::Path(bytes) => {
            return string(out, bytes);
        }
        Content::Addr(bytes) => return address(out, bytes),
        Content::List(items) => {
            let mut whole = true;
            out.push(b'[');
            for (place, item) in items.enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                // A list has siblings for text only.
                let numeric = matches!(item.content, Content::F64(_));
                whole &= value(out, keys, item.content) || numeric;
            }
            out.push(b']');
            return whole;
        }
        Content::Map(items) => map(out, keys, items),
    }
    true
}

fn map(out: &mut Vec<u8>, keys: &mut Keys, mut items: Items<'_>) {
    let mut fields = Fields::open(out, keys);
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        let mut name = Vec::new();
        let name = match key.as_bytes() {
            Some(text) => text,
            // Only text can be a name in JSON: other keys are written as they are, nested ones with their quotes.
            None => {
                self::value(&mut name, &mut Keys::new(), key.content);
                &name
            }
        };
        field(&mut fields, name, None, value);
    }
    fields.close();
}

/// Mirrors a list: what is not UTF-8 in base64, null for everything else.
fn list_base64(out: &mut Vec<u8>, items: Items<'_>) {
    out.push(b'[');
    for (place, item) in items.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        match (item.content, item.as_bytes()) {
            (Content::List(items), _) => list_base64(out, items),
            (_, Some(bytes)) if std::str::from_utf8(bytes).is_err() => base64(out, bytes),
            _ => out.extend_from_slice(b"null"),
        }
    }
    out.push(b']');
}

/// Writes a `struct sockaddr` as the words for it; one that is not understood is text that is not UTF-8.
fn address(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    const UNIX: u16 = 1;
    const INET: u16 = 2;
    const INET6: u16 = 10;
    let Some((family, rest)) = bytes.split_first_chunk::<2>() else {
        return string(out, bytes) && bytes.is_empty();
    };
    let port = |rest: &[u8; 2]| u16::from_be_bytes(*rest);
    let shown = match (u16::from_ne_bytes(*family), rest) {
        (INET, [p0, p1, a, b, c, d, ..]) => {
            SocketAddrV4::new(Ipv4Addr::new(*a, *b, *c, *d), port(&[*p0, *p1])).to_string()
        }
        (INET6, [p0, p1, _, _, _, _, rest @ ..]) if rest.len() >= 16 => {
            let mut octets = [0; 16];
            octets.copy_from_slice(&rest[..16]);
            SocketAddrV6::new(Ipv6Addr::from(octets), port(&[*p0, *p1]), 0, 0).to_string()
        }
        (UNIX, [0, name @ ..]) if !name.is_empty() => {
            out.extend_from_slice(b"\"unix:@");
            let clean = crate::json::text(out, name);
            out.push(b'"');
            return clean;
        }
        (UNIX, path) => {
            let end = path
                .iter()
                .position(|&byte| byte == 0)
                .unwrap_or(path.len());
            out.extend_from_slice(b"\"unix:");
            let clean = crate::json::text(out, &path[..end]);
            out.push(b'"');
            return clean;
        }
        (family, _) => {
            string(out, format!("family {family}").as_bytes());
            return false;
        }
    };
    string(out, shown.as_bytes())
}
