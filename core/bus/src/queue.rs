//! Asynchronous observers: a bounded queue and one thread that empties it.
//!
//! One thread a queue, because order is worth more than parallelism: an observer sees the events of a thread in the order
//! in which they were raised. Who wants two observers to run at once gives them two queues.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use audithook_catalogue::event;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::dispatch;
use crate::lineage::Lineage;
use crate::observing;
use crate::owned::OwnedEvent;
use crate::plan::Group;

/// What happens to an event for which a queue has no room.
#[derive(Clone, Default)]
pub enum Overflow {
    /// The raising thread waits. Nothing is lost, except events that the observers of a queue raise while it is full:
    /// if a queue's thread waited for a queue, two could wait for each other for ever.
    #[default]
    Wait,
    /// It is lost.
    DropNewest,
    /// The oldest that waits is lost, and it takes that place.
    DropOldest,
    /// It is lost, and this is called on the raising thread: to end the process, or the run.
    Abort(Arc<dyn Fn(Loss) + Send + Sync>),
}

impl fmt::Debug for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wait => "Wait",
            Self::DropNewest => "DropNewest",
            Self::DropOldest => "DropOldest",
            Self::Abort(_) => "Abort",
        })
    }
}

/// Events that were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// How many.
    pub count: u64,
    /// The first of them: its number among the events offered to the queue, from 1.
    pub from: u64,
    /// The last of them.
    pub to: u64,
}

/// How a queue fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueStats {
    /// How many events were offered.
    pub offered: u64,
    /// How many of them the observers have seen.
    pub delivered: u64,
    /// How many of them were lost.
    pub lost: u64,
}

/// A bounded queue of events, and the thread that gives them to observers. A clone is the same queue.
///
/// When the last one is dropped, what waits is still delivered.
#[derive(Clone)]
pub struct Queue(Arc<Owner>);

impl PartialEq for Queue {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("name", &self.0.shared.name)
            .field("overflow", &self.0.shared.overflow)
            .field("stats", &self.stats())
            .finish()
    }
}

impl Queue {
    /// A queue for `capacity` events (at least one), with its thread.
    ///
    /// # Errors
    /// If the system has no thread to give.
    pub fn new(name: &str, capacity: usize, overflow: Overflow) -> std::io::Result<Self> {
        let (sender, receiver) = bounded(capacity.max(1));
        let shared = Arc::new(Shared {
            number: NEXT_NUMBER.fetch_add(1, Ordering::Relaxed),
            name: name.into(),
            overflow,
            sender,
            receiver,
            offered: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            offering: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            unreported: Mutex::new(None),
            overtaken: Mutex::new(Vec::new()),
        });
        let worker = shared.clone();
        let thread = thread::Builder::new()
            .name(format!("audithook-{name}"))
            .spawn(move || worker.run())?;
        Ok(Self(Arc::new(Owner {
            shared,
            thread: Mutex::new(Some(thread)),
        })))
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.shared.name
    }

    /// How it fares.
    #[must_use]
    pub fn stats(&self) -> QueueStats {
        let shared = &self.0.shared;
        QueueStats {
            delivered: shared.delivered.load(Ordering::Acquire),
            lost: shared.lost.load(Ordering::Acquire),
            offered: shared.offered.load(Ordering::Acquire),
        }
    }

    /// Waits until every event raised before this call is delivered or counted as lost. `false`, at once, on a queue's
    /// own thread, which cannot wait for itself, and on a queue that is closed. Takes a place in the queue while it waits.
    #[must_use = "on a queue's own thread nothing is flushed"]
    pub fn flush(&self) -> bool {
        let shared = &self.0.shared;
        if WORKER.get() != 0 {
            return false;
        }
        let (done, waiting) = bounded(1);
        let Some(_offering) = shared.offering() else {
            return false;
        };
        shared.sender.send(Message::Flush(done)).is_ok() && waiting.recv().is_ok()
    }

    /// Delivers what waits and ends the thread. What is offered from now on is lost, and counted.
    pub fn close(&self) {
        self.0.close();
    }

    pub(crate) fn offer(&self, event: &Arc<OwnedEvent>, lineage: Lineage, group: &Arc<Group>) {
        let shared = &self.0.shared;
        if event.id() == event::BUS_LOST && WORKER.get() == shared.number {
            // The queue's thread tells its own observers what they missed: through a full queue it could not.
            observing::deliver(group, event, lineage);
            return;
        }
        shared.offer(Delivery {
            event: event.clone(),
            lineage,
            group: group.clone(),
            ticket: 0,
        });
    }
}

/// Ends the thread with the last handle. The thread itself holds only what is shared.
struct Owner {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Owner {
    fn close(&self) {
        let shared = &self.shared;
        if shared.closed.swap(true, Ordering::SeqCst) {
            return;
        }
        if WORKER.get() == shared.number {
            // An observer closes its own queue: its thread sees `closed` when the observer returns.
            return;
        }
        // Whoever passed the check of `closed` gets its event in before the stop.
        while shared.offering.load(Ordering::SeqCst) > 0 {
            thread::sleep(Duration::from_micros(50));
        }
        let _stopped = shared.sender.send(Message::Stop);
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let _panicked = thread.join();
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.close();
    }
}

struct Shared {
    number: u64,
    name: Box<str>,
    overflow: Overflow,
    sender: Sender<Message>,
    receiver: Receiver<Message>,
    offered: AtomicU64,
    delivered: AtomicU64,
    lost: AtomicU64,
    /// How many threads are between the check of `closed` and the end of their send.
    offering: AtomicU64,
    closed: AtomicBool,
    /// Losses that `bus.lost` has not told yet.
    unreported: Mutex<Option<(Loss, Arc<Group>)>>,
    /// Flushes that `DropOldest` took out of the channel: everything before them has left it too.
    overtaken: Mutex<Vec<Sender<()>>>,
}

enum Message {
    Event(Delivery),
    Flush(Sender<()>),
    Stop,
}

struct Delivery {
    event: Arc<OwnedEvent>,
    lineage: Lineage,
    group: Arc<Group>,
    ticket: u64,
}

thread_local! {
    /// The number of the queue whose thread this is, 0 for none.
    static WORKER: Cell<u64> = const { Cell::new(0) };
}

static NEXT_NUMBER: AtomicU64 = AtomicU64::new(1);

impl Shared {
    fn offer(&self, mut delivery: Delivery) {
        delivery.ticket = self.offered.fetch_add(1, Ordering::AcqRel) + 1;
        let Some(_offering) = self.offering() else {
            self.lose(&delivery);
            return;
        };
        let mut message = match self.sender.try_send(Message::Event(delivery)) {
            Ok(()) => return,
            Err(TrySendError::Full(message) | TrySendError::Disconnected(message)) => message,
        };
        match &self.overflow {
            Overflow::Wait if WORKER.get() == 0 => {
                // Cannot fail: `self` holds a receiver.
                let _sent = self.sender.send(message);
            }
            Overflow::DropOldest => loop {
                match self.receiver.try_recv() {
                    Ok(Message::Event(oldest)) => self.lose(&oldest),
                    Ok(Message::Flush(done)) => {
                        self.overtaken
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(done);
                    }
                    // `close` sends it when nobody offers any more, so it cannot be here; if it were, it must stay.
                    Ok(Message::Stop) | Err(_) => {}
                }
                match self.sender.try_send(message) {
                    Ok(()) => return,
                    Err(error) => message = error.into_inner(),
                }
            },
            Overflow::Wait | Overflow::DropNewest | Overflow::Abort(_) => {
                let Message::Event(delivery) = message else {
                    return;
                };
                self.lose(&delivery);
                if let Overflow::Abort(abort) = &self.overflow {
                    abort(Loss {
                        count: 1,
                        from: delivery.ticket,
                        to: delivery.ticket,
                    });
                }
            }
        }
    }

    /// Marks that this thread is about to send, unless the queue is closed.
    fn offering(&self) -> Option<impl Drop + use<'_>> {
        struct Offering<'s>(&'s AtomicU64);
        impl Drop for Offering<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        self.offering.fetch_add(1, Ordering::SeqCst);
        let offering = Offering(&self.offering);
        (!self.closed.load(Ordering::SeqCst)).then_some(offering)
    }

    fn lose(&self, delivery: &Delivery) {
        self.lost.fetch_add(1, Ordering::AcqRel);
        let loss = Loss {
            count: 1,
            from: delivery.ticket,
            to: delivery.ticket,
        };
        let mut unreported = self
            .unreported
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match unreported.as_mut() {
            Some((sum, _)) => *sum = sum.and(loss),
            None => *unreported = Some((loss, delivery.group.clone())),
        }
    }

    fn run(&self) {
        WORKER.set(self.number);
        while let Some(message) = self.next() {
            self.report();
            match message {
                Message::Event(delivery) => {
                    observing::deliver(&delivery.group, &delivery.event, delivery.lineage);
                    dispatch::report_too_deep(&delivery.group.bus);
                    self.delivered.fetch_add(1, Ordering::AcqRel);
                }
                Message::Flush(done) => {
                    let _gone = done.try_send(());
                }
                Message::Stop => return,
            }
            for done in self
                .overtaken
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .drain(..)
            {
                let _gone = done.try_send(());
            }
        }
        self.report();
    }

    /// The next message; `None` once the queue is closed and empty.
    fn next(&self) -> Option<Message> {
        loop {
            // In this order: what was being offered before is in the channel now.
            let closed = self.closed.load(Ordering::SeqCst);
            let ended = closed && self.offering.load(Ordering::SeqCst) == 0;
            if let Ok(message) = self.receiver.try_recv() {
                return Some(message);
            }
            if ended {
                return None;
            }
            self.report();
            // An observer that closes its own queue cannot send itself the stop: then this loop must look again.
            let patience = if closed {
                Duration::from_millis(1)
            } else {
                Duration::from_secs(3600)
            };
            if let Ok(message) = self.receiver.recv_timeout(patience) {
                return Some(message);
            }
        }
    }

    /// Raises `bus.lost` for what was lost since the last time.
    fn report(&self) {
        let unreported = self
            .unreported
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some((loss, group)) = unreported else {
            return;
        };
        dispatch::report_loss(&group.bus, loss, &self.name);
    }
}

impl Loss {
    /// Both, told as one.
    fn and(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            from: self.from.min(other.from),
            to: self.to.max(other.to),
        }
    }
}
