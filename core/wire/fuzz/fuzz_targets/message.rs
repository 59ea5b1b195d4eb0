//! Any packet is refused or read to its end; a reply that was read and is written again is the same packet.
#![no_main]

use audithook_wire::message::{MAX_REPLY, Message, Reply};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|packet: &[u8]| {
    drop(format!("{:?}", Message::parse(packet)));
    if let Ok(reply) = Reply::parse(packet) {
        let mut buffer = [0; MAX_REPLY];
        assert_eq!(Reply::parse(reply.encode(&mut buffer)), Ok(reply));
    }
});
