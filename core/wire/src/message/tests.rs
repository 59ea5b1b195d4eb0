use audithook_abi::Source;
use proptest::prelude::*;

use super::*;

fn start() -> Start<'static> {
    Start {
        ppid: 7,
        uid: 1000,
        hooked: true,
        exe: b"/usr/bin/python3",
        cwd: b"/srv",
    }
}

#[test]
fn a_hello_says_who_started() {
    let mut buffer = [0; MAX_PACKET];
    let meta = Meta {
        pid: 8,
        ..Meta::new(Source::Cpython)
    };
    let packet = hello(&mut buffer, &meta, &start(), [&b"python3"[..], b"app.py"]);
    let Ok(Message::Hello(record)) = Message::parse(packet) else {
        panic!("{packet:?}");
    };
    assert_eq!(record.meta().pid, 8);
    assert_eq!(is_hooked(&record), start().hooked);
    assert_eq!(record.arg(arg::PPID).unwrap().as_u64(), Some(7));
    assert_eq!(
        record.arg(arg::EXE).unwrap().as_bytes(),
        Some(&b"/usr/bin/python3"[..])
    );
    let Content::List(argv) = record.arg(arg::ARGV).unwrap().content else {
        panic!("{record:?}");
    };
    let argv: Vec<_> = argv.filter_map(|item| item.as_bytes()).collect();
    assert_eq!(argv, [&b"python3"[..], b"app.py"]);
}

#[test]
fn the_longest_command_line_makes_a_hello_that_fits_a_packet() {
    let mut buffer = [0; MAX_PACKET];
    let long = vec![b'x'; 100_000];
    let packet = hello(
        &mut buffer,
        &Meta::new(Source::Cpython),
        &start(),
        std::iter::repeat_n(&long[..], 1000),
    );
    let Ok(Message::Hello(record)) = Message::parse(packet) else {
        panic!("not a hello");
    };
    assert_eq!(record.arg(arg::UID).unwrap().as_u64(), Some(1000));
    assert_eq!(record.arg(arg::CWD).unwrap().as_bytes(), Some(&b"/srv"[..]));
}

#[test]
fn signals_are_headers() {
    assert!(matches!(
        Message::parse(&signal(Kind::Doorbell)),
        Ok(Message::Doorbell)
    ));
    assert!(matches!(
        Message::parse(&signal(Kind::Lend)),
        Ok(Message::Lend)
    ));
    assert_eq!(
        Message::parse(&signal(Kind::Hello)).unwrap_err(),
        MessageError::Record(FlatError::Short)
    );
    assert_eq!(
        Message::parse(&signal(Kind::Reply)).unwrap_err(),
        MessageError::Kind(6)
    );
}

#[test]
fn only_a_process_start_is_a_hello() {
    let mut buffer = [0; 512];
    let meta = Meta::new(Source::App);
    let packet = record(
        Kind::Hello,
        &mut buffer,
        Name::Known(event::OPEN),
        &meta,
        |_| {},
    );
    assert_eq!(Message::parse(packet).unwrap_err(), MessageError::Hello);
}

#[test]
fn a_buffer_without_room_makes_an_empty_message() {
    let meta = Meta::new(Source::App);
    assert!(record(Kind::Exec, &mut [0; 7], Name::NONE, &meta, |_| {}).is_empty());
    let mut buffer = [0; 20];
    let packet = record(Kind::Exec, &mut buffer, Name::NONE, &meta, |_| {});
    assert_eq!(
        Message::parse(packet).unwrap_err(),
        MessageError::Record(FlatError::Short)
    );
}

#[test]
fn a_reason_is_cut_to_a_kibibyte() {
    let reply = Reply {
        verdict: Verdict::Deny,
        would: None,
        rules: Rules::new(&[1, 2, 3, 4, 5, 6, 7, 8]),
        reason: &[b'x'; 5000],
    };
    let mut buffer = [0; MAX_REPLY];
    let packet = reply.encode(&mut buffer);
    assert_eq!(packet.len(), MAX_REPLY);
    assert_eq!(Reply::parse(packet).unwrap().reason.len(), MAX_REASON);
}

proptest! {
    #[test]
    fn a_reply_is_read_as_it_was_written(
        verdict in prop::sample::select(Verdict::ALL.to_vec()),
        would in prop::option::of(prop::sample::select(Verdict::ALL.to_vec())),
        rules in prop::collection::vec(any::<u32>(), 0..8),
        reason in prop::collection::vec(any::<u8>(), 0..MAX_REASON),
    ) {
        let reply = Reply { verdict, would, rules: Rules::new(&rules), reason: &reason };
        let mut buffer = [0; MAX_REPLY];
        prop_assert_eq!(Reply::parse(reply.encode(&mut buffer)), Ok(reply));
    }

    #[test]
    fn hostile_packets_are_refused_or_read_without_a_panic(
        reason in prop::collection::vec(any::<u8>(), 0..40),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        end in any::<prop::sample::Index>(),
    ) {
        let reply = Reply {
            verdict: Verdict::Deny, would: None, rules: Rules::new(&[1, 2]), reason: &reason,
        };
        let mut reply_buffer = [0; MAX_REPLY];
        let mut packets = vec![reply.encode(&mut reply_buffer).to_vec()];
        let mut buffer = [0; MAX_PACKET];
        let meta = Meta::new(Source::Cpython);
        packets.push(hello(&mut buffer, &meta, &start(), [&reason[..]]).to_vec());
        for mut packet in packets {
            for (place, byte) in &changes {
                let place = place.index(packet.len());
                packet[place] = *byte;
            }
            packet.truncate(end.index(packet.len() + 1).max(packet.len() / 2));
            drop(format!("{:?} {:?}", Message::parse(&packet), Reply::parse(&packet)));
        }
    }

    #[test]
    fn noise_is_refused_or_read_without_a_panic(packet in prop::collection::vec(any::<u8>(), 0..64)) {
        drop(format!("{:?} {:?}", Message::parse(&packet), Reply::parse(&packet)));
        let mut framed = vec![b'A', b'H', VERSION, packet.first().copied().unwrap_or(0) % 8];
        framed.extend((packet.len() as u32).to_le_bytes());
        framed.extend(&packet);
        drop(format!("{:?} {:?}", Message::parse(&framed), Reply::parse(&framed)));
    }
}
