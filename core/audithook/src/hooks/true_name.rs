//! The name of the event that this thread judges, where it has no number of its own.
//!
//! Numbers are for ever, so that other processes get a bounded many of them ([`symbol::FOREIGN`]). An event that comes after
//! those is judged all the same by what it is called: whoever hands it to the bus says it here.

use std::cell::RefCell;

use audithook_abi::Event;
use audithook_bus::symbol;

thread_local! {
    static NAME: RefCell<Option<Box<str>>> = const { RefCell::new(None) };
}

/// Does the work while the event that has no number is known by this name.
pub(crate) fn known_as<R>(event: &Event<'_>, name: Option<&str>, work: impl FnOnce() -> R) -> R {
    struct Forget;
    impl Drop for Forget {
        fn drop(&mut self) {
            NAME.take();
        }
    }
    if event.id != symbol::OVERFLOW {
        return work();
    }
    let _forget = Forget;
    NAME.set(name.map(Box::from));
    work()
}

/// What the event is called; `None` where nobody knows.
pub(super) fn of(event: &Event<'_>) -> Option<Box<str>> {
    if event.id == symbol::OVERFLOW {
        NAME.with_borrow(Clone::clone)
    } else {
        symbol::text(event.id).map(Box::from)
    }
}
