//! Records as the ABI's values, for hooks.

use audithook_abi::{Symbol, Tag, VALUE_SECRET, Value};

use super::{Content, Items, Name, Record};

/// Room for the values of one record; reused from record to record.
#[derive(Default)]
pub struct Scratch {
    /// Only what the last `values` call wrote, with lifetimes that are wrong: never read, only overwritten.
    slots: Vec<Value<'static>>,
}

impl core::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Scratch").finish_non_exhaustive()
    }
}

impl<'a> Record<'a> {
    /// The arguments as the values of an [`audithook_abi::Event`]. `intern` gives symbols to names that the catalogue does
    /// not have.
    ///
    /// A secret reads as an empty value with [`VALUE_SECRET`].
    pub fn values<'s>(
        &self,
        scratch: &'s mut Scratch,
        mut intern: impl FnMut(&[u8]) -> Symbol,
    ) -> &'s [Value<'s>]
    where
        'a: 's,
    {
        scratch.slots.clear();
        scratch.slots.resize(self.value_count(), Value::NULL);
        let slots: &'s mut [Value<'static>] = &mut scratch.slots;
        // SAFETY: `Value<'static>` and `Value<'s>` differ in a lifetime only. The values written through the shorter one stay
        // in `scratch` when `'s` has ended, but its field is private and is cleared above before it is looked at again.
        let slots =
            unsafe { core::mem::transmute::<&'s mut [Value<'static>], &'s mut [Value<'s>]>(slots) };
        fill(self.items(), slots, &mut intern).0
    }
}

/// Writes the items into the first slots, and what is inside them behind. What was written, and the slots that are left.
fn fill<'s>(
    mut items: Items<'s>,
    slots: &'s mut [Value<'s>],
    intern: &mut impl FnMut(&[u8]) -> Symbol,
) -> (&'s [Value<'s>], &'s mut [Value<'s>]) {
    let (own, mut free) = slots.split_at_mut(items.len().min(slots.len()));
    for slot in own.iter_mut() {
        let Some((name, argument)) = items.next_item() else {
            break;
        };
        let value = match argument.content {
            Content::Null => Value::NULL,
            Content::Bool(truth) => Value::bool(truth),
            Content::I64(number) => Value::i64(number),
            Content::U64(number) => Value::u64(number),
            Content::F64(number) => Value::f64(number),
            Content::Str(text) => Value::str(text),
            Content::Bytes(bytes) => Value::bytes(bytes),
            Content::Path(path) => Value::path(path),
            Content::Addr(address) => Value::addr(address),
            Content::Fd(number) => Value::fd(number),
            Content::List(items) => {
                let (inside, rest) = fill(items, free, intern);
                free = rest;
                Value::list(inside)
            }
            Content::Map(items) => {
                let (inside, rest) = fill(items, free, intern);
                free = rest;
                Value::map(inside)
            }
            Content::Secret { tag, .. } => secret(tag),
        };
        let symbol = match name {
            Name::Known(symbol) => symbol,
            Name::Text([]) => Symbol::NONE,
            Name::Text(text) => intern(text),
        };
        *slot = value.named(symbol).flagged(argument.flags);
    }
    (own, free)
}

fn secret(tag: Tag) -> Value<'static> {
    let value = match tag {
        Tag::Str => Value::str(""),
        Tag::Bytes => Value::bytes(&[]),
        Tag::Path => Value::path(""),
        Tag::Addr => Value::addr(&[]),
        Tag::List => Value::list(&[]),
        Tag::Map => Value::map(&[]),
        _ => Value::NULL,
    };
    value.flagged(VALUE_SECRET)
}
