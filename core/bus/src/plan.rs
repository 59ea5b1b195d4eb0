//! The hook plan: who is called for an event, compiled once and read without a lock.
//!
//! A plan never changes. To attach or remove a hook compiles another and publishes it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use audithook_abi::{Event, Symbol, Verdict};

use crate::attach::{Attached, Body, Delivery, Mode};
use crate::bus::WeakBus;
use crate::hook::{After, Gate, HookError, Observer, Reply};
use crate::ledger::{Ledger, Turns};
use crate::queue::Queue;
use crate::symbol;

/// Symbols below this have their place in a plan's index, and a gate of their own on every bus. Those above, which
/// only a program with thousands of event names has, are found by one more step.
pub(crate) const DENSE: usize = 4096;

const CHUNK: usize = 1024;

/// Everything that is called, by event.
pub(crate) struct Plan {
    /// Another for every plan of every bus in the process: equal generations are equal plans.
    pub(crate) generation: u64,
    /// The bus's mode.
    pub(crate) mode: Mode,
    /// All hooks, in their total order.
    members: Box<[Member]>,
    /// By symbol: the entry's place plus one, 0 if nobody listens.
    index: Box<[u32]>,
    entries: Box<[Entry]>,
    /// Entries of symbols that are not in the index, made when first met.
    late: Box<[OnceLock<Chunk>]>,
    ledger: Arc<Ledger>,
    bus: WeakBus,
}

type Chunk = Box<[OnceLock<Option<Box<Entry>>>]>;

/// A generation that no plan had before.
pub(crate) fn next_generation() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// A hook and its body.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) hook: Arc<Attached>,
    pub(crate) body: Body,
}

impl Member {
    fn is_for(&self, event: Symbol) -> bool {
        self.hook.on().iter().any(|pattern| pattern.matches(event))
    }
}

/// Who is called for one event.
pub(crate) struct Entry {
    /// Gates and afters, in the order in which gates run.
    pub(crate) chain: Box<[Slot]>,
    pub(crate) has_afters: bool,
    /// There are gates and nothing else, and the bus enforces: what [`crate::dispatch::raise`] does quickly.
    pub(crate) gates_only: bool,
    /// Observers on the raising thread.
    pub(crate) inline: Box<[Watcher]>,
    /// Observers on other threads, by queue.
    pub(crate) queued: Box<[(Queue, Arc<Group>)]>,
    /// Its place in a tally; `usize::MAX` for one that was met late.
    pub(crate) place: usize,
    pub(crate) turns: Arc<Turns>,
    pub(crate) bus: WeakBus,
}

/// A gate, an after, or both.
pub(crate) struct Slot {
    /// For an after, one that always lets pass: a turn costs less than the question whether there is one.
    pub(crate) gate: Arc<dyn Gate>,
    pub(crate) hook: Arc<Attached>,
    pub(crate) after: Option<Arc<dyn After>>,
    /// The hook's, here because it is wanted at every call.
    pub(crate) party: u32,
    pub(crate) mode: Mode,
}

/// Lets everything pass.
struct Open;

impl Gate for Open {
    fn judge(&self, _: &Event<'_>, _: &mut Reply) -> Result<Verdict, HookError> {
        Ok(Verdict::Allow)
    }
}

/// An observer.
#[derive(Clone)]
pub(crate) struct Watcher {
    pub(crate) hook: Arc<Attached>,
    pub(crate) observer: Arc<dyn Observer>,
}

/// The observers of an event that share a queue.
pub(crate) struct Group {
    pub(crate) watchers: Box<[Watcher]>,
    pub(crate) bus: WeakBus,
}

impl Plan {
    /// Compiles the hooks, whose order does not matter. `bus_queue` is called if an observer wants the bus's own queue.
    pub(crate) fn compile(
        generation: u64,
        mode: Mode,
        mut members: Vec<Member>,
        bus: &WeakBus,
        bus_queue: impl Fn() -> Queue,
    ) -> Self {
        members.sort_by(|one, other| one.hook.rank().cmp(&other.hook.rank()));
        for member in &mut members {
            if let Body::Observer(_, delivery @ Delivery::BusQueue) = &mut member.body {
                *delivery = Delivery::Queue(bus_queue());
            }
        }
        let mut index = vec![0; DENSE.min(symbol::end() as usize)].into_boxed_slice();
        let mut entries = Vec::new();
        for (place, meant) in index.iter_mut().zip(by_symbol(&members)) {
            let meant = meant.into_iter().map(|member| &members[member]);
            if let Some(entry) = Entry::compile(entries.len(), mode, meant, bus) {
                entries.push(entry);
                *place = entries.len() as u32;
            }
        }
        Self {
            generation,
            mode,
            members: members.into(),
            index,
            ledger: Arc::new(Ledger::new(
                entries.iter().map(|entry| entry.turns.clone()).collect(),
            )),
            entries: entries.into(),
            late: (0..=symbol::CAPACITY / CHUNK + 1)
                .map(|_| OnceLock::new())
                .collect(),
            bus: bus.clone(),
        }
    }

    /// A plan without hooks.
    pub(crate) fn empty(generation: u64, bus: &WeakBus) -> Self {
        Self {
            generation,
            mode: Mode::Enforce,
            members: Box::default(),
            index: Box::default(),
            entries: Box::default(),
            late: Box::default(),
            ledger: Arc::default(),
            bus: bus.clone(),
        }
    }

    /// For each symbol of the index, whether anybody listens.
    pub(crate) fn listened(&self) -> impl Iterator<Item = bool> {
        self.index.iter().map(|place| *place > 0)
    }

    /// Who is called for this event, if anybody.
    #[inline]
    pub(crate) fn entry(&self, event: Symbol) -> Option<&Entry> {
        match self.index.get(event.0 as usize) {
            Some(place) => self.entries.get((*place as usize).wrapping_sub(1)),
            None => self.late_entry(event),
        }
    }

    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    pub(crate) fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// The queues that observers use.
    pub(crate) fn queues(&self) -> Vec<Queue> {
        let mut queues: Vec<Queue> = Vec::new();
        for member in &self.members {
            if let Body::Observer(_, Delivery::Queue(queue)) = &member.body
                && !queues.contains(queue)
            {
                queues.push(queue.clone());
            }
        }
        queues
    }

    #[cold]
    fn late_entry(&self, event: Symbol) -> Option<&Entry> {
        // A number that nobody interned is no event: it must not fill the table.
        symbol::text(event)?;
        let place = event.0 as usize;
        let chunk = self.late.get(place / CHUNK)?;
        let chunk = chunk.get_or_init(|| (0..CHUNK).map(|_| OnceLock::new()).collect());
        let entry = chunk[place % CHUNK].get_or_init(|| {
            let meant = self.members.iter().filter(|member| member.is_for(event));
            let entry = Entry::compile(usize::MAX, self.mode, meant, &self.bus)?;
            self.ledger.add_late(entry.turns.clone());
            Some(Box::new(entry))
        });
        entry.as_deref()
    }
}

impl Entry {
    fn compile<'m>(
        place: usize,
        mode: Mode,
        members: impl Iterator<Item = &'m Member>,
        bus: &WeakBus,
    ) -> Option<Self> {
        let mut chain = Vec::new();
        let mut inline = Vec::new();
        let mut queued: Vec<(Queue, Vec<Watcher>)> = Vec::new();
        for Member { hook, body } in members {
            let (gate, after): (Arc<dyn Gate>, _) = match body {
                Body::Gate(gate) => (gate.clone(), None),
                Body::After(after) => (Arc::new(Open), Some(after.clone())),
                Body::Around(gate, after) => (gate.clone(), Some(after.clone())),
                Body::Observer(observer, delivery) => {
                    if hook.mode() == Mode::Off {
                        continue;
                    }
                    let watcher = Watcher {
                        hook: hook.clone(),
                        observer: observer.clone(),
                    };
                    let Delivery::Queue(queue) = delivery else {
                        inline.push(watcher);
                        continue;
                    };
                    match queued.iter_mut().find(|(other, _)| other == queue) {
                        Some((_, watchers)) => watchers.push(watcher),
                        None => queued.push((queue.clone(), vec![watcher])),
                    }
                    continue;
                }
            };
            let mode = milder(mode, hook.mode());
            if mode != Mode::Off {
                chain.push(Slot {
                    gate,
                    hook: hook.clone(),
                    after,
                    party: hook.party,
                    mode,
                });
            }
        }
        if chain.is_empty() && inline.is_empty() && queued.is_empty() {
            return None;
        }
        let has_afters = chain.iter().any(|slot| slot.after.is_some());
        let turns = Turns::new(chain.iter().map(|slot| slot.hook.clone()).collect());
        Some(Self {
            has_afters,
            gates_only: !chain.is_empty()
                && !has_afters
                && inline.is_empty()
                && queued.is_empty()
                && mode == Mode::Enforce,
            chain: chain.into(),
            inline: inline.into(),
            queued: queued
                .into_iter()
                .map(|(queue, watchers)| {
                    (
                        queue,
                        Arc::new(Group {
                            watchers: watchers.into(),
                            bus: bus.clone(),
                        }),
                    )
                })
                .collect(),
            place,
            turns,
            bus: bus.clone(),
        })
    }
}

/// For each symbol of the index, the members that are for it, in order. Names are looked up; only globs are tried.
fn by_symbol(members: &[Member]) -> Vec<Vec<usize>> {
    let mut meant = vec![Vec::new(); DENSE.min(symbol::end() as usize)];
    for (place, member) in members.iter().enumerate() {
        for pattern in member.hook.on() {
            let symbols = match pattern.literal() {
                Some(symbol) => symbol.0..symbol.0 + 1,
                None => 0..meant.len() as u32,
            };
            for symbol in symbols {
                if let Some(places) = meant.get_mut(symbol as usize)
                    && places.last() != Some(&place)
                    && pattern.matches(Symbol(symbol))
                {
                    places.push(place);
                }
            }
        }
    }
    meant
}

/// Off is milder than warn is milder than enforce.
fn milder(one: Mode, other: Mode) -> Mode {
    match (one, other) {
        (Mode::Off, _) | (_, Mode::Off) => Mode::Off,
        (Mode::Warn, _) | (_, Mode::Warn) => Mode::Warn,
        (Mode::Enforce, Mode::Enforce) => Mode::Enforce,
    }
}
