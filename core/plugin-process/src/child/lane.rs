//! One lane: a call of a hook at a time.

use std::sync::PoisonError;

use audithook_abi::Verdict;
use audithook_bus::hook::Reply;
use audithook_bus::{HookError, symbol};
use audithook_loader::Attached;
use audithook_wire::flat::Scratch;

use super::Hooks;
use super::services::{serve_lane, with_lane};
use crate::channel::{Broken, Channel};
use crate::event::decode;
use crate::message::{Call, Said, kind};

/// Answers until the host is gone.
pub(super) fn run(lane: Channel, hooks: &Hooks) {
    serve_lane(lane);
    let mut scratch = Scratch::default();
    let mut record = Vec::new();
    while turn(hooks, &mut scratch, &mut record).is_ok() {}
}

fn turn(hooks: &Hooks, scratch: &mut Scratch, record: &mut Vec<u8>) -> Result<(), Broken> {
    let (kind, call) = with_lane(|lane| {
        let (kind, call) = lane.receive()?;
        let (call, bytes) = Call::read(call).ok_or(Broken::Nonsense("no such call"))?;
        // What the hook says over the lane would overwrite it there.
        record.clear();
        record.extend_from_slice(bytes);
        Ok((kind, call))
    })?;
    let hooks = hooks.read().unwrap_or_else(PoisonError::into_inner);
    let hook = hooks.get(call.number as usize).cloned().flatten();
    drop(hooks);
    let said = match hook {
        Some(hook) => enter(&hook, kind, &call, record, scratch),
        None => Said {
            result: Err(HookError::Failed("it is not attached".into())),
            cookie: 0,
            reason: String::new(),
        },
    };
    with_lane(|lane| lane.send(kind::SAID, |out| said.write(out)))
}

fn enter(hook: &Attached, kind: u8, call: &Call, record: &[u8], scratch: &mut Scratch) -> Said {
    let mut reply = Reply {
        cookie: call.cookie,
        reason: None,
    };
    let result = decode(record, scratch, symbol::intern, |mut event| {
        (event.seq, event.schema) = (call.seq, call.schema);
        let nothing = |()| Verdict::Allow;
        match kind {
            kind::GATE => hook.gate().map(|gate| gate.judge(&event, &mut reply)),
            kind::AFTER => hook
                .after()
                .map(|after| after.ended(&event, call.outcome, call.cookie).map(nothing)),
            _ => hook
                .observer()
                .map(|observer| observer.observe(&event).map(nothing)),
        }
    });
    Said {
        result: match result {
            Ok(Some(result)) => result,
            Ok(None) => Err(HookError::Failed("it is no such hook".into())),
            Err(error) => Err(HookError::BadArgument(error.to_string().into())),
        },
        cookie: reply.cookie,
        reason: reply.reason.map(String::from).unwrap_or_default(),
    }
}
