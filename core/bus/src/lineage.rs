//! Who is running on this thread: what keeps hooks from hearing themselves.
//!
//! Each thread knows how deep it is in hooks and whose hooks they are. An event that crosses to a queue takes this
//! along, so that two observers on two threads cannot keep each other busy for ever either.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// How deep events may nest: an event that a hook raises is 1 deep, one that an observer of that event raises is 2 deep.
pub const MAX_DEPTH: u8 = 4;

const FRAMES: usize = MAX_DEPTH as usize + 1;

/// The hooks that led to an event, outermost first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lineage {
    depth: u8,
    parties: [u32; FRAMES],
}

impl Lineage {
    pub(crate) fn is_nested(self) -> bool {
        self.depth > 0
    }

    /// Whether one of its hooks runs already.
    pub(crate) fn includes(self, party: u32) -> bool {
        self.parties[..usize::from(self.depth)].contains(&party)
    }
}

/// The party of a plugin; without a plugin, one that nobody has. The same on every bus, because a hook on one may raise an event
/// on another.
pub(crate) fn party_of(plugin: Option<&str>) -> u32 {
    static PLUGINS: Mutex<BTreeMap<String, u32>> = Mutex::new(BTreeMap::new());
    static LAST: AtomicU32 = AtomicU32::new(0);
    let next = || LAST.fetch_add(1, Ordering::Relaxed) + 1;
    match plugin {
        Some(plugin) => {
            let mut plugins = PLUGINS.lock().unwrap_or_else(PoisonError::into_inner);
            *plugins.entry(plugin.into()).or_insert_with(next)
        }
        None => next(),
    }
}

struct Thread {
    depth: Cell<u8>,
    dropped: Cell<u32>,
    parties: [Cell<u32>; FRAMES],
}

thread_local! {
    // Const and without a destructor: reading it is one load, also while the thread ends.
    static THREAD: Thread = const {
        Thread {
            depth: Cell::new(0),
            dropped: Cell::new(0),
            parties: [const { Cell::new(0) }; FRAMES],
        }
    };
}

/// Whether a hook runs on this thread: an event that is raised now reaches observers only.
#[must_use]
pub fn in_hook() -> bool {
    !is_outermost()
}

/// Whether no hook runs on this thread.
#[inline]
pub(crate) fn is_outermost() -> bool {
    THREAD.with(|thread| thread.depth.get() == 0)
}

/// The hooks that run on this thread; `None`, counted, if another event would be too deep.
pub(crate) fn current() -> Option<Lineage> {
    THREAD.with(|thread| {
        let depth = thread.depth.get();
        if depth > MAX_DEPTH {
            thread.dropped.set(thread.dropped.get().saturating_add(1));
            return None;
        }
        let mut parties = [0; FRAMES];
        for (party, cell) in parties
            .iter_mut()
            .zip(&thread.parties[..usize::from(depth)])
        {
            *party = cell.get();
        }
        Some(Lineage { depth, parties })
    })
}

/// How many events were too deep since the last call, once this thread runs no hook any more.
#[inline]
pub(crate) fn take_dropped() -> u32 {
    THREAD.with(|thread| {
        if thread.dropped.get() == 0 || thread.depth.get() != 0 {
            return 0;
        }
        thread.dropped.replace(0)
    })
}

/// As a [`Frame`] for a thread that runs no hook yet; carries nothing.
pub(crate) struct Outermost(());

impl Outermost {
    /// Enters the hooks of an event; `None` inside another's.
    #[inline]
    pub(crate) fn enter() -> Option<Self> {
        THREAD.with(|thread| {
            if thread.depth.get() != 0 {
                return None;
            }
            thread.depth.set(1);
            Some(Self(()))
        })
    }

    /// Whose hook runs next.
    #[inline]
    pub(crate) fn run_as(&self, party: u32) {
        THREAD.with(|thread| thread.parties[0].set(party));
    }
}

impl Drop for Outermost {
    #[inline]
    fn drop(&mut self) {
        THREAD.with(|thread| thread.depth.set(0));
    }
}

/// One step deeper, until dropped.
pub(crate) struct Frame {
    /// The depth to return to.
    before: u8,
    /// The depth of the event whose hooks run: the place of their party.
    outer: u8,
}

impl Frame {
    /// Enters the hooks of an event that this thread raises.
    #[inline]
    pub(crate) fn enter() -> Self {
        THREAD.with(|thread| {
            let outer = thread.depth.get();
            // Only the afters of an operation may be deeper than `current` admits: they are owed.
            thread.depth.set(outer.saturating_add(1));
            Self {
                before: outer,
                outer,
            }
        })
    }

    /// Enters the hooks of an event that another thread raised.
    pub(crate) fn adopt(lineage: Lineage) -> Self {
        THREAD.with(|thread| {
            let before = thread.depth.get();
            for (cell, party) in thread.parties.iter().zip(lineage.parties) {
                cell.set(party);
            }
            thread.depth.set(lineage.depth + 1);
            Self {
                before,
                outer: lineage.depth,
            }
        })
    }

    /// Whose hook runs next in this step.
    #[inline]
    pub(crate) fn run_as(&self, party: u32) {
        THREAD.with(|thread| {
            if let Some(cell) = thread.parties.get(usize::from(self.outer)) {
                cell.set(party);
            }
        });
    }
}

impl Drop for Frame {
    #[inline]
    fn drop(&mut self) {
        THREAD.with(|thread| thread.depth.set(self.before));
    }
}
