//! Memory to execute a program with: never on the stack, which may be a thread's of 32 KiB.
//!
//! A `vfork` child shares its parent's memory and, if its program starts, never gives back what it took. So a room belongs
//! to a thread: the child has its thread's identity, the thread sleeps meanwhile, and takes its room again the next time.

use core::ffi::c_char;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use audithook_abi::Value;
use audithook_wire::message::MAX_PACKET;

use crate::interpose::elf::Inspection;
use crate::mapped::{self, Mapped};
use crate::paths::{LONGEST, Resolved};
use crate::process;

const ROOMS: usize = 8;
/// How many arguments a record shows.
const MOST_ARGUMENTS: usize = 64;
/// The longest LD_PRELOAD that is completed, in bytes.
pub(crate) const LONGEST_PRELOAD: usize = 4096;
/// How many pointers a list of arguments or an environment has that is made in the room itself: more than most have.
const FEW_POINTERS: usize = 1024;

/// What following one program needs.
pub(crate) struct Room {
    pub(crate) search: Search,
    pub(crate) follow: Follow,
}

/// What looking for a program needs.
pub(crate) struct Search {
    pub(crate) found: Resolved,
    pub(crate) candidate: [u8; LONGEST + 1],
    pub(crate) arguments: Pointers,
}

/// What judging a program and taking this library along needs.
pub(crate) struct Follow {
    pub(crate) program: Resolved,
    pub(crate) inspection: Inspection,
    pub(crate) list: [Value<'static>; MOST_ARGUMENTS],
    pub(crate) message: [u8; MAX_PACKET],
    pub(crate) preload: [u8; LONGEST_PRELOAD],
    pub(crate) environment: Pointers,
}

/// A list of strings: in the room while it is short, else in a mapping of its own.
pub(crate) struct Pointers {
    few: [*const c_char; FEW_POINTERS],
    many: *mut *const c_char,
    /// How many the mapping holds; 0 if there is none.
    capacity: usize,
}

impl Pointers {
    /// Room for so many, whatever is in it; `None` if there is no memory.
    pub(crate) fn of(&mut self, count: usize) -> Option<&mut [*const c_char]> {
        if count <= FEW_POINTERS {
            return Some(&mut self.few);
        }
        // A `vfork` child that went on to its program has left its mapping here.
        if count > self.capacity {
            self.give_back();
            self.many = mapped::map(count)?;
            self.capacity = count;
        }
        // SAFETY: mapped for so many, zeroed at first, and used by whoever has the room.
        Some(unsafe { core::slice::from_raw_parts_mut(self.many, self.capacity) })
    }

    /// Gives back what a long list took.
    pub(crate) fn give_back(&mut self) {
        if self.capacity > 0 {
            // SAFETY: mapped by `of` for so many, and borrowed by nobody.
            unsafe { mapped::unmap(self.many, self.capacity) };
            self.capacity = 0;
        }
    }
}

/// Whose a room is.
struct Owner {
    /// The thread, as `pthread_self` names it; 0 for none.
    thread: AtomicUsize,
    /// The process: a `vfork` child's while it uses its parent's thread's room.
    pid: AtomicU32,
}

static ROOM_MEMORY: Mapped<Room, ROOMS> = Mapped::new();
static OWNERS: [Owner; ROOMS] = [const {
    Owner {
        thread: AtomicUsize::new(0),
        pid: AtomicU32::new(0),
    }
}; ROOMS];

/// A room that this thread has, given back when dropped.
pub(crate) struct Claim {
    room: *mut Room,
    /// The place in the mapping; `None` for a room of its own.
    place: Option<usize>,
}

impl Claim {
    /// Takes a room; `None` if there is no memory.
    pub(crate) fn new() -> Option<Self> {
        // SAFETY: cannot fail and has no side effects.
        let thread = unsafe { libc::pthread_self() } as usize;
        let pid = process::pid();
        let base = ROOM_MEMORY.base();
        let place = base.and_then(|_| {
            OWNERS
                .iter()
                .position(|owner| owner.is_left_over(thread, pid))
                .or_else(|| OWNERS.iter().position(|owner| owner.take(thread)))
        });
        if let (Some(base), Some(place)) = (base, place) {
            OWNERS[place].pid.store(pid, Ordering::Relaxed);
            return Some(Self {
                // SAFETY: the mapping holds ROOMS rooms, and `place` is below that.
                room: unsafe { base.add(place) },
                place: Some(place),
            });
        }
        Some(Self {
            room: mapped::map(1)?,
            place: None,
        })
    }

    /// The room. Its memory is as the last program left it; only what is written anew is read.
    pub(crate) fn room(&mut self) -> &mut Room {
        // SAFETY: this claim alone uses the room; zeroed memory is a valid room, and every value stored in it since is
        // plain data.
        unsafe { &mut *self.room }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        match self.place {
            Some(place) => OWNERS[place].thread.store(0, Ordering::Release),
            None => {
                // SAFETY: mapped by `new` for this claim alone.
                unsafe { mapped::unmap(self.room, 1) };
            }
        }
    }
}

impl Owner {
    /// Whether the thread has this room from a child that went on to its program. If it is this very process that has
    /// it, a signal's handler executes a program while the thread does.
    fn is_left_over(&self, thread: usize, pid: u32) -> bool {
        self.thread.load(Ordering::Acquire) == thread && self.pid.load(Ordering::Relaxed) != pid
    }

    fn take(&self, thread: usize) -> bool {
        self.thread
            .compare_exchange(0, thread, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use super::*;

    /// The rooms are the process's: one test at a time counts on which are free.
    fn alone() -> MutexGuard<'static, ()> {
        static ALONE: Mutex<()> = Mutex::new(());
        ALONE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[test]
    fn a_thread_takes_again_what_its_child_never_gave_back() {
        let _alone = alone();
        let mut first = Claim::new().expect("memory");
        let place = first.place.expect("a room of the mapping");
        let other = Claim::new().expect("memory");
        assert_ne!(other.place, Some(place), "a handler's room is another");
        // The child took it, and went on to its program.
        OWNERS[place]
            .pid
            .store(process::pid() + 1, Ordering::Relaxed);
        let again = Claim::new().expect("memory");
        assert_eq!(again.place, Some(place));
        first.room().follow.preload[0] = 1;
        core::mem::forget(again);
    }

    #[test]
    fn when_all_rooms_are_taken_there_is_one_more() {
        let _alone = alone();
        let claims: Vec<_> = (0..=ROOMS).map(|_| Claim::new().expect("memory")).collect();
        assert!(claims.last().is_some_and(|claim| claim.place.is_none()));
    }
}
