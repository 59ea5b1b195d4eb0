//! One call of libc, judged by what it says: what all interposed functions have in common.
//!
//! Only an interpreter's process is judged here, from its start on.

use core::ffi::c_int;

use audithook_abi::{Source, Symbol, Value, Verdict};
use audithook_catalogue::{self as catalogue, EventInfo};
use audithook_matcher::Plan;
use audithook_wire::flat::Name;

use super::set_errno;
use crate::judge::{self, Interpreter, Subject};
use crate::policy::{self, Policy};
use crate::pool::Claim;
use crate::process::{self, KeepErrno, Who};
use crate::python::hook;
use crate::{channel, load_check};

/// How many arguments a call's event has at most.
const MOST_ARGUMENTS: usize = 6;

/// A call that is to be judged, as the event that it is.
pub(super) struct Call {
    pub(super) policy: &'static Policy,
    pub(super) symbol: Symbol,
    pub(super) info: &'static EventInfo,
    plan: Plan,
    who: Who,
    /// The program finds its errno as it was.
    _errno: KeepErrno,
}

impl Call {
    /// `None` where nobody wants to know of it. What a forked child does before its first event of Python's is recorded like
    /// the rest, so the child is heard of first.
    pub(super) fn of(symbol: Symbol) -> Option<Self> {
        let mut call = Self::before_execution(symbol)?;
        if call.who == Who::Forked {
            hook::begin_again();
            call.who = Who::Known;
        }
        Some(call)
    }

    /// The same for what an interpreter does in a child that only executes a program: it is judged, and recorded if it is
    /// refused.
    pub(super) fn before_execution(symbol: Symbol) -> Option<Self> {
        let (policy, who) = judging()?;
        let errno = KeepErrno::new();
        let info = catalogue::info(symbol)?;
        let plan = policy.plan(symbol, info);
        plan.wanted().then_some(Self {
            policy,
            symbol,
            info,
            plan,
            who,
            _errno: errno,
        })
    }

    /// Whether it is refused, by these arguments. Without memory to judge with, it is where anything judges it.
    pub(super) fn is_refused(&self, args: &[Value<'_>]) -> bool {
        self.is_refused_in(|claim| self.judge(args, None, false, &mut claim.block().record))
    }

    /// The same with memory for more than a record.
    pub(super) fn is_refused_in(&self, judge: impl FnOnce(&mut Claim) -> bool) -> bool {
        match Claim::new() {
            Some(mut claim) => judge(&mut claim),
            None => self.plan.judged(),
        }
    }

    /// Judges it, and records it if anyone wants that. `record` has room for a message.
    pub(super) fn judge(
        &self,
        args: &[Value<'_>],
        inode: Option<(u64, u64)>,
        exempt: bool,
        record: &mut [u8],
    ) -> bool {
        let subject = Subject {
            name: Name::Known(self.symbol),
            plan: self.plan,
            source: Source::Libc,
            args,
            has_more: false,
            inode,
            exempt,
        };
        if self.who == Who::Forked {
            return judge::judge_apart(self.policy, &subject, record);
        }
        let decision = judge::judge(self.policy, &subject, record, Interpreter::NotHeld);
        decision.verdict >= Verdict::Deny
    }
}

/// The policy, and whose code is running, where calls are judged at all.
pub(super) fn judging() -> Option<(&'static Policy, Who)> {
    load_check::run();
    channel::ring()?;
    let who = process::who();
    // Between vfork and exec there is only what the interpreter does to start a program.
    (who != Who::Borrowing).then_some((policy::current()?, who))
}

/// Has a forked child heard of before its call is judged, for what the call gives is kept in this process, or the supervisor
/// is harder to reach afterwards.
pub(super) fn announce() {
    if channel::ring().is_some() && process::who() == Who::Forked {
        let _errno = KeepErrno::new();
        hook::begin_again();
    }
}

/// Says to the caller that its call was refused, if it was.
pub(super) fn answer(refused: bool, error: c_int) -> bool {
    if refused {
        set_errno(error);
    }
    refused
}

/// The arguments of a call, as rules see them.
pub(super) struct Arguments<'a> {
    values: [Value<'a>; MOST_ARGUMENTS],
    count: usize,
}

impl<'a> Arguments<'a> {
    pub(super) fn new() -> Self {
        Self {
            values: [Value::NULL; MOST_ARGUMENTS],
            count: 0,
        }
    }

    pub(super) fn push(&mut self, value: Value<'a>) {
        if let Some(place) = self.values.get_mut(self.count) {
            *place = value;
            self.count += 1;
        }
    }

    pub(super) fn as_slice(&self) -> &[Value<'a>] {
        &self.values[..self.count]
    }
}
