//! The bus: a program says what it is about to do, and hooks may look, object, or wait for the end.
//!
//! ```
//! use audithook_bus::{Bus, Denied, EventExt, Verdict, emit};
//!
//! fn create_order(id: u64, total: f64) -> Result<(), Denied> {
//!     emit!("order.created", id = id, total = total)?;
//!     Ok(())
//! }
//!
//! Bus::global()
//!     .gate("order.*")
//!     .named("no-free-orders")
//!     .with(|event, reply| match event.get_f64("total") {
//!         Some(total) if total <= 0.0 => reply.deny("nothing is free"),
//!         _ => Verdict::Allow,
//!     })
//!     .unwrap();
//!
//! assert!(create_order(1, 9.5).is_ok());
//! let denied = create_order(2, 0.0).unwrap_err();
//! assert_eq!(denied.to_string(), "order.created denied by rule `no-free-orders`: nothing is free");
//! ```
//!
//! The rest of this page answers the questions that one has before one builds on this, in the order in which they come up.
//!
//! # What is an event?
//!
//! A name, typed arguments, and an origin: process, thread, time, source. The name says *what is about to happen*
//! (`open`, `order.created`), never who asks. It is a number as soon as it is inside ([`Symbol`]), because names are compared
//! on every event and written on few. The catalogue's names have the same number in every process; others get one when they
//! are first met, up to a bound, because a hostile process can think of many ([`symbol`]).
//!
//! An event borrows everything. It is built on the stack of who raises it, and is gone when `raise` returns. Whoever needs it
//! longer asks for a copy ([`OwnedEvent`]) and pays for it alone.
//!
//! # What happens when nobody listens?
//!
//! Nothing, and that is the most important property of the whole: a program can have ten thousand callsites only if the
//! ones that nobody hears are free. [`emit!`] leaves a static with one byte in it. Each change of the hooks writes these bytes
//! anew; a callsite reads its own with one relaxed load, and if the byte says *never*, not even the arguments are
//! evaluated. For who has no callsite, because names come from elsewhere, there is the same byte per event: [`Bus::listens`].
//!
//! Why may the load be relaxed? Because a hook that is attached on one thread is in force on another when that other *knows* of
//! it: by a lock, a channel, a join. Then the load sees the new byte. Without such knowledge there is no "after" to speak of.
//!
//! # What happens when somebody does?
//!
//! All hooks of an event lie side by side in the order in which they run. Such a *plan* is compiled when hooks change, and
//! never changes itself. Publishing it is one store; each thread keeps its own reference and looks only whether it is still the
//! newest. So an event takes no lock, counts no reference up or down, and searches no name. An event that is running when the
//! plan changes ends under the plan with which it began: it meets all of the old hooks or all of the new ones.
//!
//! The price is that an old plan lives until every thread that used it has looked again. [`Retired`] tells when that is so.
//!
//! # Who may object?
//!
//! A *gate* runs before the operation and gives a verdict. An *after* runs when the operation ended. Both with a cookie between
//! them are an *around*. An *observer* sees the event with its verdict and holds nothing up: it runs on another thread,
//! unless it says [`Builder::inline`]. There is no hook that changes an event, and none that calls `proceed()`: a stack of
//! hooks that may each forget to proceed, or do it twice, cannot be reasoned about, and cannot cross into another process.
//!
//! # What if gates disagree?
//!
//! `kill` beats `deny` beats `warn` beats `allow`, wherever they stand. Order never changes a verdict: it only decides who is
//! named first. That is why every gate is asked, even when an earlier one said `kill`. The record then names every rule that
//! agreed, and a gate that counts events counts all of them. Stopping early would make an event that is refused anyway a little
//! cheaper, and would make what a hook sees depend on where another stands in a file.
//!
//! The order is total: priority, then the place in the file, then the plugin's name, then the order of attaching.
//!
//! # When does an after run?
//!
//! Exactly if its gate was entered, last entered first: also when that gate denied or failed, also when a later gate did. So
//! what a gate acquires its after can always release. There is one exception: a hook that panicked is not entered again, not
//! even for its after, for nobody knows in which state it left what it works on.
//!
//! # What if a hook fails?
//!
//! An error is not a verdict. What becomes of the event is the hook's [`OnError`]: a gate denies unless told otherwise,
//! because the commonest severe fault of programs like this is to let pass what they could not judge. Every event that
//! passes although a hook failed is counted, flagged in the [`Decision`], and told in an event of its own (`plugin.error`). A hook
//! that fails too often is not entered any more, loudly (`plugin.quarantined`), and only an explicit [`Bus::reset`] changes that.
//! A panic is caught, and poisons the hook and its plugin's others.
//!
//! # What if a hook raises an event?
//!
//! Then only observers see it, flagged as nested, and no observer of the same plugin. Gates do not: a gate on `open` that opens
//! a file would judge itself, and two gates could wait for each other's judgement. Events that nest more than [`MAX_DEPTH`] deep
//! are dropped, and counted. What a hook raises keeps this lineage when it crosses to another thread, so that two observers
//! cannot keep each other busy through their queues either.
//!
//! # What if observers are too slow?
//!
//! Their queue is bounded, and what happens when it is full is the embedder's choice ([`Overflow`]). Nothing is lost in
//! silence: losses are counted, and told in an event (`bus.lost`) as soon as the queue moves again.
//!
//! # Who watches the hooks?
//!
//! To attach, replace, remove or reset a hook, or to soften the mode, is itself an event (`hook.add`, `hook.replace`,
//! `hook.remove`, `hook.reset`, `hook.mode`) that gates may veto, as in PEP 578. A hook cannot do it, because no gate could judge
//! that. [`Bus::lock`] ends all change.
//!
//! # What does it not do?
//!
//! It is no sandbox. Hooks share the address space with what they watch, and a program that does not raise an event is not
//! stopped by any. It does no input or output, knows no file format, and loads nothing: others build that on it.

#![forbid(unsafe_code)]

mod attach;
pub mod bridge;
mod builder;
mod bus;
mod callsite;
mod change;
mod decision;
mod dispatch;
mod health;
pub mod hook;
mod ledger;
mod lineage;
mod observing;
mod operation;
mod owned;
mod pattern;
mod plan;
mod queue;
mod report;
mod seat;
pub mod symbol;
mod value;

pub use attach::{Attached, Hook, HookId, Kind, Mode, OnError};
pub use audithook_abi::{Event, Source, Symbol, Tag, Value, Verdict, View};
pub use builder::{Builder, Detached, Done, Judgement, Sink, kinds};
pub use bus::{Bus, BusStats, Settings};
pub use callsite::{ArgName, Callsite};
pub use change::{ChangeError, Retired};
pub use decision::{Allowed, Answer, Decision, Denied};
pub use health::{HookStats, Quarantine, State};
pub use hook::{After, Gate, HookError, Observer, Outcome, Reply};
pub use ledger::SAMPLE;
pub use lineage::{MAX_DEPTH, in_hook};
pub use operation::Operation;
pub use owned::OwnedEvent;
pub use pattern::{IntoPatterns, Pattern};
pub use queue::{Loss, Overflow, Queue, QueueStats};
pub use symbol::intern;
pub use value::{Arguments, EventExt, ToValue};
