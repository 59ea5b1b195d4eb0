//! Each thread's own reference to the plan: to raise an event touches no shared counter.
//!
//! A thread looks at the bus's generation (one relaxed load) and takes the plan anew when it changed. So an old plan lives
//! until every thread that used it has raised another event on that bus, or has ended: see [`crate::Retired`].

use std::cell::{BorrowMutError, RefCell};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::bus::Inner;
use crate::ledger::Tally;
use crate::plan::Plan;

/// More buses than this a thread does not keep in mind.
const MOST: usize = 8;

struct Seat {
    /// The plan's.
    generation: u64,
    bus: u64,
    // Before `plan`: a ledger is closed when its plan is gone, and then no tally may be left.
    tally: Arc<Tally>,
    plan: Arc<Plan>,
}

thread_local! {
    /// The bus used last comes first.
    static SEATS: RefCell<Vec<Seat>> = const { RefCell::new(Vec::new()) };
}

/// Calls `reader`, once, with the bus's plan, and this thread's tally under it.
///
/// `reader` is not moved, because to copy what was just written in smaller pieces stalls the processor for longer than all
/// the rest of this function takes.
#[inline]
pub(crate) fn with_plan<R>(bus: &Inner, reader: impl Fn(&Arc<Plan>, Option<&Tally>) -> R) -> R {
    let seated = SEATS.try_with(|seats| {
        let seats = seats.try_borrow().ok()?;
        let seat = seats.first()?;
        if seat.generation != bus.generation.load(Relaxed) {
            return None;
        }
        Some(reader(&seat.plan, Some(&seat.tally)))
    });
    match seated {
        Ok(Some(result)) => result,
        _ => with_new_plan(bus, &reader),
    }
}

/// Forgets a bus that is gone.
pub(crate) fn leave(bus: u64) {
    let left = SEATS.try_with(|seats| {
        let mut seats = seats.try_borrow_mut().ok()?;
        let place = seats.iter().position(|seat| seat.bus == bus)?;
        Some(seats.remove(place))
    });
    // Only now: a hook's destructor may raise an event.
    drop(left);
}

/// Takes the newest plan, so that this thread does not keep an older one alive. `false` if the seats are in use or gone.
pub(crate) fn refresh(bus: &Inner) -> bool {
    let taken = SEATS.try_with(|seats| take(seats, bus));
    // What was displaced is dropped here, while the seats are not borrowed: a hook's destructor may raise an event.
    matches!(taken, Ok(Ok(_displaced)))
}

#[cold]
#[inline(never)]
fn with_new_plan<R>(bus: &Inner, reader: &dyn Fn(&Arc<Plan>, Option<&Tally>) -> R) -> R {
    if refresh(bus) {
        let seated = SEATS.try_with(|seats| {
            let seats = seats.try_borrow().ok()?;
            let seat = seats.first().filter(|seat| seat.bus == bus.number)?;
            Some(reader(&seat.plan, Some(&seat.tally)))
        });
        if let Ok(Some(result)) = seated {
            return result;
        }
    }
    // The thread is ending; or it is in a hook, so that its seats are in use, and meets a new plan or another bus.
    reader(&bus.plan.load_full(), None)
}

/// Puts the bus first, with its newest plan; gives what that displaced, for the caller to drop.
fn take(seats: &RefCell<Vec<Seat>>, bus: &Inner) -> Result<Option<Seat>, BorrowMutError> {
    let mut seats = seats.try_borrow_mut()?;
    let plan = bus.plan.load_full();
    let place = seats.iter().position(|seat| seat.bus == bus.number);
    if let Some(place) = place {
        seats[..=place].rotate_right(1);
        if Arc::ptr_eq(&seats[0].plan, &plan) {
            return Ok(None);
        }
    }
    let seat = Seat {
        generation: plan.generation,
        bus: bus.number,
        tally: plan.ledger().open(),
        plan,
    };
    Ok(match place {
        Some(_) => Some(std::mem::replace(&mut seats[0], seat)),
        None => {
            let displaced = if seats.len() == MOST {
                seats.pop()
            } else {
                None
            };
            seats.insert(0, seat);
            displaced
        }
    })
}
