//! Copies of events that outlive their hook.

use std::alloc::{Layout, alloc, dealloc};
use std::ptr;
use std::slice;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

use audithook_abi::{Event, VALUE_TRUNCATED, Value, View};

/// The head of one allocation: behind it lie the values, those of nested lists included, then the bytes.
/// `event` comes first: its address is what a plugin holds and gives back.
#[repr(C)]
struct Copied {
    event: Event<'static>,
    count: AtomicUsize,
    layout: Layout,
}

/// What lies deeper in a list of lists is left out of a copy.
const DEEPEST: usize = 8;

/// Copies an event, or counts up a copy; null when memory is short. The result is given back to [`release`].
pub(crate) fn retain(event: &Event<'_>) -> *const Event<'static> {
    let Some(copied) = copy_behind(event) else {
        return copy(event);
    };
    // SAFETY: a copy lives as long as somebody holds it, and whoever asks does.
    // Relaxed: as in `Arc`, a new holder learns of the copy from an old one.
    unsafe { (*copied).count.fetch_add(1, Ordering::Relaxed) };
    copied.cast()
}

/// Gives a copy back. Any other event is left alone.
///
/// # Safety
/// If `event` is a copy, it was retained more often than it was released.
pub(crate) unsafe fn release(event: *const Event<'_>) {
    // SAFETY: the caller holds it.
    let Some(copied) = copy_behind(unsafe { &*event }) else {
        return;
    };
    // SAFETY: as above. The orders are those of `Arc`: whatever any holder did comes before the end.
    unsafe {
        if (*copied).count.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            let layout = (*copied).layout;
            dealloc(copied.cast_mut().cast(), layout);
        }
    }
}

/// The copy that this event is: only a copy's `call` is its own address.
fn copy_behind(event: &Event<'_>) -> Option<*const Copied> {
    let call = event.call();
    (call == ptr::from_ref(event).cast()).then_some(call.cast())
}

fn copy(event: &Event<'_>) -> *const Event<'static> {
    let mut size = Size {
        values: event.args().len(),
        bytes: 0,
    };
    event.args().iter().for_each(|value| size.add(value, 1));
    let Some((layout, values_at, bytes_at)) = size.layout() else {
        return ptr::null();
    };
    // SAFETY: the layout has the size of a head at least.
    let base = unsafe { alloc(layout) };
    if base.is_null() {
        return ptr::null();
    }
    // SAFETY: both offsets lie within the allocation.
    let mut room = unsafe {
        Room {
            values: base.add(values_at).cast(),
            bytes: base.add(bytes_at),
        }
    };
    let args = room.copy_all(event.args(), 0);
    let event = event.with_args(args).with_call(base.cast());
    let copied = Copied {
        event,
        count: AtomicUsize::new(1),
        layout,
    };
    // SAFETY: the allocation starts with room for a head, aligned for it.
    unsafe { base.cast::<Copied>().write(copied) };
    base.cast()
}

/// How much a copy takes.
struct Size {
    values: usize,
    bytes: usize,
}

impl Size {
    /// Adds what is behind a value.
    fn add(&mut self, value: &Value<'_>, depth: usize) {
        match value.view() {
            View::Str(bytes) | View::Bytes(bytes) | View::Path(bytes) | View::Addr(bytes) => {
                self.bytes += bytes.len();
            }
            View::List(values) | View::Map(values) if depth <= DEEPEST => {
                self.values += values.len();
                values.iter().for_each(|value| self.add(value, depth + 1));
            }
            _ => {}
        }
    }

    /// The allocation, and where the values and the bytes lie in it.
    fn layout(&self) -> Option<(Layout, usize, usize)> {
        let values = Layout::array::<Value<'_>>(self.values).ok()?;
        let bytes = Layout::array::<u8>(self.bytes).ok()?;
        let (layout, values_at) = Layout::new::<Copied>().extend(values).ok()?;
        let (layout, bytes_at) = layout.extend(bytes).ok()?;
        Some((layout.pad_to_align(), values_at, bytes_at))
    }
}

/// What is not yet taken of an allocation that [`Size`] measured for the very same values.
struct Room {
    values: *mut Value<'static>,
    bytes: *mut u8,
}

impl Room {
    fn copy_all(&mut self, values: &[Value<'_>], depth: usize) -> &'static [Value<'static>] {
        let first = self.values;
        // SAFETY: `Size` counted these values, so there is room for them.
        self.values = unsafe { first.add(values.len()) };
        for (place, value) in values.iter().enumerate() {
            let copied = self.copy(value, depth + 1);
            // SAFETY: as above; the place is this value's and written once.
            unsafe { first.add(place).write(copied) };
        }
        // SAFETY: all of them are written, and stay as they are until the copy is freed: whoever reads them holds it.
        unsafe { slice::from_raw_parts(first, values.len()) }
    }

    fn copy(&mut self, value: &Value<'_>, depth: usize) -> Value<'static> {
        let too_deep = depth > DEEPEST;
        let copied = match value.view() {
            View::Bool(truth) => Value::bool(truth),
            View::I64(number) => Value::i64(number),
            View::U64(number) => Value::u64(number),
            View::F64(number) => Value::f64(number),
            View::Fd(number) => Value::fd(number),
            View::Str(bytes) => Value::str(self.keep(bytes)),
            View::Bytes(bytes) => Value::bytes(self.keep(bytes)),
            View::Path(bytes) => Value::path(self.keep(bytes)),
            View::Addr(bytes) => Value::addr(self.keep(bytes)),
            View::List(_) if too_deep => Value::list(&[]).flagged(VALUE_TRUNCATED),
            View::Map(_) if too_deep => Value::map(&[]).flagged(VALUE_TRUNCATED),
            View::List(values) => Value::list(self.copy_all(values, depth)),
            View::Map(values) => Value::map(self.copy_all(values, depth)),
            // What this version cannot read it cannot copy.
            View::Unknown(_) => Value::NULL.flagged(VALUE_TRUNCATED),
            _ => Value::NULL,
        };
        copied.flagged(value.flags()).named(value.name())
    }

    fn keep(&mut self, bytes: &[u8]) -> &'static [u8] {
        let first = self.bytes;
        // SAFETY: `Size` counted these bytes, so there is room for them; they are written once and then only read, by
        // who holds the copy.
        unsafe {
            self.bytes = first.add(bytes.len());
            ptr::copy_nonoverlapping(bytes.as_ptr(), first, bytes.len());
            slice::from_raw_parts(first, bytes.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use audithook_abi::Symbol;

    use super::*;

    #[test]
    fn a_copy_reads_like_its_event_after_that_is_gone() {
        let copied = {
            let (text, path) = (String::from("text"), b"/a\xff".to_vec());
            let inner = [Value::str(&text), Value::u64(7)];
            let list = [Value::list(&inner), Value::path(&path), Value::NULL];
            let args = [
                Value::list(&list).named(Symbol(1)),
                Value::bytes(b"").named(Symbol(2)),
                Value::i64(-1).named(Symbol(3)).flagged(VALUE_TRUNCATED),
            ];
            let mut event = Event::new(Symbol(9), &args);
            event.pid = 4;
            retain(&event)
        };
        // SAFETY: held until it is released below.
        let event = unsafe { &*copied };
        let inner = [Value::str("text"), Value::u64(7)];
        let list = [Value::list(&inner), Value::path(b"/a\xff"), Value::NULL];
        assert_eq!((event.id, event.pid), (Symbol(9), 4));
        assert_eq!(
            event.args(),
            [
                Value::list(&list).named(Symbol(1)),
                Value::bytes(b"").named(Symbol(2)),
                Value::i64(-1).named(Symbol(3)).flagged(VALUE_TRUNCATED),
            ]
        );
        // SAFETY: retained once.
        unsafe { release(copied) };
    }

    #[test]
    fn retaining_a_copy_counts_it_up() {
        let args = [Value::str("x").named(Symbol(1))];
        let first = retain(&Event::new(Symbol(1), &args));
        // SAFETY: held by `first`.
        let second = retain(unsafe { &*first });
        assert_eq!(first, second);
        // SAFETY: retained twice, released twice, read in between.
        unsafe {
            release(first);
            assert_eq!((*second).bytes(Symbol(1)), Some(&b"x"[..]));
            release(second);
        }
    }

    #[test]
    fn releasing_what_is_no_copy_does_nothing() {
        // SAFETY: not a copy.
        unsafe { release(&Event::new(Symbol(1), &[])) };
    }

    #[test]
    fn lists_that_nest_without_end_are_cut_and_say_so() {
        let mut nested = Value::u64(1);
        let mut keep = Vec::new();
        for _ in 0..20 {
            let list: &'static [Value<'static>] = Box::leak(Box::new([nested]));
            keep.push(list);
            nested = Value::list(list);
        }
        let args = [nested];
        let copied = retain(&Event::new(Symbol(1), &args));
        // SAFETY: held until the release.
        let mut value = unsafe { (*copied).args()[0] };
        let mut depth = 0;
        while let View::List([inner]) = value.view() {
            (value, depth) = (*inner, depth + 1);
        }
        assert_eq!((depth, value.flags()), (DEEPEST, VALUE_TRUNCATED));
        // SAFETY: retained once.
        unsafe { release(copied) };
    }
}
