//! `emit!` and its kin.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use audithook_bus::{
    Answer, Bus, Denied, EventExt, Value, Verdict, emit, emit_on, guard, guard_on,
};

use crate::{Notes, watch};

#[test]
fn arguments_are_not_evaluated_while_nobody_listens() {
    let bus = Bus::new();
    let evaluated = AtomicUsize::new(0);
    let count = || evaluated.fetch_add(1, Relaxed) as u64;
    for _ in 0..3 {
        emit_on!(bus, "lazy.own", n = count()).unwrap();
        emit!("lazy.global", n = count()).unwrap();
        guard!("lazy.guard", n = count()).unwrap().finish(0);
    }
    assert_eq!(evaluated.load(Relaxed), 0);
    let _own = watch(&bus, "lazy.own");
    let _global = watch(Bus::global(), "lazy.*");
    emit_on!(bus, "lazy.own", n = count()).unwrap();
    emit!("lazy.global", n = count()).unwrap();
    guard!("lazy.guard", n = count()).unwrap().finish(0);
    assert_eq!(evaluated.load(Relaxed), 3);
}

#[test]
fn every_kind_of_argument_arrives() {
    let bus = Bus::new();
    let notes = watch(&bus, "kinds");
    let (name, missing): (String, Option<u8>) = ("al\nice".into(), None);
    let list = [Value::u64(1), Value::str("two")];
    emit_on!(
        bus,
        "kinds",
        name,
        missing,
        "dotted.name" = 1u8,
        r#type = -3,
        path = Path::new("/srv"),
        shown = %std::net::Ipv4Addr::LOCALHOST,
        debugged = ?Some(1),
        ratio = 0.5f32,
        yes = true,
        bytes = b"\xff\0",
        list = Value::list(&list),
    )
    .unwrap();
    assert_eq!(
        notes.take(),
        [
            "kinds allow name=\"al\\nice\" missing=null dotted.name=1 type=-3 path=\"/srv\" \
          shown=\"127.0.0.1\" debugged=\"Some(1)\" ratio=0.5 yes=true bytes=b\"\\xff\\x00\" \
          list=[1, \"two\"]"
        ]
    );
}

#[test]
fn a_refusal_travels_through_the_question_mark() {
    fn order(bus: &Bus, total: f64) -> Result<u32, Denied> {
        emit_on!(bus, "order.created", id = 5u64, total)?;
        Ok(1)
    }
    fn boxed(bus: &Bus) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        order(bus, 0.0)?;
        Ok(())
    }
    let bus = Bus::new();
    bus.gate("order.created")
        .named("no-free-orders")
        .with(|event, reply| match event.get_f64("total") {
            Some(total) if total <= 0.0 => reply.deny(format!("the total is {total}")),
            _ => Verdict::Allow,
        })
        .unwrap();
    assert!(order(&bus, 9.5).is_ok());
    assert_eq!(
        boxed(&bus).unwrap_err().to_string(),
        "order.created denied by rule `no-free-orders`: the total is 0"
    );
}

#[test]
fn an_answer_is_small() {
    assert_eq!(size_of::<Answer>(), 16);
}

#[test]
fn a_gate_is_set_for_callsites_met_before_and_after_the_hook() {
    fn raise() -> bool {
        emit!("emitted.gate").is_err()
    }
    assert!(!raise());
    let id = Bus::global()
        .gate("emitted.gate")
        .with(|_, _| Verdict::Deny)
        .unwrap();
    assert!(raise());
    assert!(emit!("emitted.gate").is_err());
    Bus::global().remove(id).unwrap();
    assert!(!raise());
}

#[test]
fn an_event_reads_its_arguments_by_name() {
    let bus = Bus::new();
    let notes = Notes::default();
    let book = notes.clone();
    bus.gate("read")
        .with(move |event, _| {
            book.note(format!(
                "{:?} {:?} {:?} {:?} {:?}",
                event.get_u64("n"),
                event.get_i64("n"),
                event.get_f64("n"),
                event.get_str("s"),
                event.get("absent"),
            ));
            Verdict::Allow
        })
        .unwrap();
    guard_on!(bus, "read", n = 7u64, s = "text")
        .unwrap()
        .finish(0);
    emit_on!(bus, "read", n = -7, s = b"\xff").unwrap();
    assert_eq!(
        notes.take(),
        [
            "Some(7) Some(7) Some(7.0) Some(\"text\") None",
            "None Some(-7) Some(-7.0) None None"
        ]
    );
}

#[test]
fn secrets_are_told_by_their_length_only() {
    let bus = Bus::new();
    let notes = watch(&bus, "secret");
    let token = Value::str("hunter2").flagged(audithook_abi::VALUE_SECRET);
    emit_on!(bus, "secret", token).unwrap();
    assert_eq!(notes.take(), ["secret allow token=(secret, 7 bytes)"]);
}

#[test]
fn an_event_may_be_raised_while_a_thread_ends() {
    struct Last(Bus);
    impl Drop for Last {
        fn drop(&mut self) {
            emit_on!(self.0, "last.words").unwrap();
        }
    }
    thread_local!(static LAST: std::cell::RefCell<Option<Last>> = const { std::cell::RefCell::new(None) });
    let bus = Bus::new();
    let notes = watch(&bus, "last.words");
    let inner = bus.clone();
    std::thread::spawn(move || {
        LAST.with(|last| *last.borrow_mut() = Some(Last(inner.clone())));
        emit_on!(inner, "last.words").unwrap();
    })
    .join()
    .unwrap();
    assert_eq!(notes.take().len(), 2);
}
