//! What the other side of the ABI hands over, read.

use crate::plugin::{Sized32, read_sized};
use crate::{Event, RawOutcome, RawStr, Symbol, Value, Verdict, View};

/// An outcome as a later version may have it.
#[repr(C)]
struct LaterOutcome {
    known: RawOutcome,
    later: [u64; 4],
}

/// An argument of a host whose arguments lie further apart.
#[repr(C)]
#[derive(Clone, Copy)]
struct Spread<'a> {
    value: Value<'a>,
    later: u64,
}

#[test]
fn of_a_longer_struct_the_known_part_is_read() {
    let mut outcome = LaterOutcome {
        known: RawOutcome::new(Verdict::Deny, 13),
        later: [u64::MAX; 4],
    };
    outcome.known.struct_size = size_of::<LaterOutcome>() as u32;
    // SAFETY: readable to the size that it states.
    let read = unsafe { read_sized((&raw const outcome).cast::<RawOutcome>()) }.unwrap();
    assert_eq!((read.verdict, read.error), (2, 13));
    assert_eq!(outcome.later, [u64::MAX; 4]);
}

#[test]
fn a_struct_that_is_smaller_than_the_first_version_is_refused_unread() {
    let sizes = [0u32, 4, RawOutcome::SIZE_1_0 - 1];
    for size in sizes {
        // SAFETY: four readable bytes; no more are read of a size that is too small.
        let read = unsafe { read_sized((&raw const size).cast::<RawOutcome>()) };
        assert_eq!(read.unwrap_err(), size);
    }
}

#[test]
fn what_a_shorter_struct_does_not_have_reads_as_zero() {
    /// A struct that grew by one field since its first version.
    #[repr(C)]
    #[derive(Clone, Copy, Debug)]
    struct Grown {
        struct_size: u32,
        old: u32,
        new: Option<extern "C" fn()>,
    }
    // SAFETY: repr(C), the size first, and an `Option` of a function may be zero.
    unsafe impl Sized32 for Grown {
        const SIZE_1_0: u32 = 8;
    }
    let old = [8u32, 5];
    // SAFETY: eight readable bytes, as they say.
    let read = unsafe { read_sized(old.as_ptr().cast::<Grown>()) }.unwrap();
    assert_eq!((read.old, read.new.is_none()), (5, true));
}

#[test]
fn an_empty_text_may_be_null_and_a_null_text_is_empty() {
    let odd = RawStr {
        ptr: std::ptr::null(),
        len: 5,
    };
    // SAFETY: null, or of a literal.
    unsafe {
        assert_eq!(RawStr::EMPTY.bytes(), b"");
        assert_eq!(odd.bytes(), b"");
        assert_eq!(RawStr::new("text").bytes(), b"text");
    }
}

#[test]
fn an_event_of_this_version_is_read_where_it_lies() {
    let args = [Value::u64(1).named(Symbol(7))];
    let event = Event::new(Symbol(3), &args);
    // SAFETY: an event of this version.
    let read = unsafe { Event::from_raw(&raw const event) }.unwrap();
    assert_eq!(read.u64(Symbol(7)), Some(1));
    // SAFETY: null is asked for.
    assert!(unsafe { Event::from_raw(std::ptr::null::<Event<'_>>()) }.is_none());
}

#[test]
fn arguments_that_lie_further_apart_are_gathered() {
    let spread = [1u64, 2, 3].map(|number| Spread {
        value: Value::u64(number).named(Symbol(number as u32)),
        later: u64::MAX,
    });
    let mut event = Event::new(Symbol(3), &[]);
    event.pid = 9;
    event.n_args = 3;
    event.arg_stride = size_of::<Spread<'_>>() as u32;
    event.args = spread.as_ptr().cast();
    // SAFETY: three values, so far apart.
    assert!(unsafe { Event::from_raw(&raw const event) }.is_none());
    let mut args = Vec::new();
    // SAFETY: as above.
    let gathered = unsafe { Event::gather(&raw const event, |value| args.push(value)) }.unwrap();
    let gathered = gathered.with_args(&args);
    assert_eq!((gathered.pid, gathered.args().len()), (9, 3));
    assert_eq!(gathered.u64(Symbol(3)), Some(3));
}

#[test]
fn events_that_break_the_contract_are_refused() {
    let args = [Value::NULL];
    let good = Event::new(Symbol(3), &args);
    let (mut short, mut null, mut odd, mut close) = (good, good, good, good);
    short.struct_size = 60;
    null.args = std::ptr::null();
    odd.arg_stride = 25;
    close.arg_stride = 16;
    for event in [short, null, odd, close] {
        // SAFETY: the fields are readable, and what they say is refused before it is followed.
        unsafe {
            assert!(Event::from_raw(&raw const event).is_none());
            assert!(Event::gather(&raw const event, |_| ()).is_none());
        }
    }
}

#[test]
fn values_read_as_what_they_are() {
    assert_eq!(Value::str("a").as_str(), Some("a"));
    assert_eq!(Value::path(b"\xff").as_str(), None);
    assert_eq!(Value::bytes(b"a").as_str(), None);
    let mut later = Value::u64(5);
    later.tag = 99;
    assert_eq!(later.view(), View::Unknown(99));
    assert_eq!((later.as_u64(), later.as_bytes()), (None, None));
}
