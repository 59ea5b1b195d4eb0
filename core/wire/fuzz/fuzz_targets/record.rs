//! Any bytes are refused or read to their end; what was read and is written again reads as the same.
#![no_main]

use audithook_abi::{EVENT_TRUNCATED, Symbol};
use audithook_catalogue::SYMBOL_COUNT;
use audithook_wire::flat::{Argument, Content, Encoder, MAX_DEPTH, MAX_RECORD, Record, Scratch};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(record) = Record::parse(bytes) else {
        return;
    };
    let declared = record.args().len();
    assert_eq!(declared, record.args().inspect(|(_, argument)| walk(argument, 1)).count());
    let mut scratch = Scratch::default();
    let values = record.values(&mut scratch, |_| Symbol(SYMBOL_COUNT));
    assert_eq!(values.len(), declared);

    let mut buffer = vec![0; MAX_RECORD];
    let mut encoder = Encoder::new(&mut buffer, record.event(), record.meta());
    for ((name, _), value) in record.args().zip(values) {
        encoder.arg(name, value);
    }
    let again = Record::parse(encoder.finish()).expect("what the encoder writes is a record");
    if again.meta().flags & EVENT_TRUNCATED == 0 {
        assert_eq!(again.meta(), record.meta());
        assert_eq!(again.event(), record.event());
        assert!(again.args().map(|(name, _)| name).eq(record.args().map(|(name, _)| name)));
        let mut scratch = Scratch::default();
        let again = again.values(&mut scratch, |_| Symbol(SYMBOL_COUNT));
        assert_eq!(format!("{again:?}"), format!("{values:?}"));
    }
});

fn walk(argument: &Argument<'_>, depth: usize) {
    assert!(depth <= MAX_DEPTH + 1);
    match argument.content {
        Content::List(items) | Content::Map(items) => {
            let declared = items.len();
            assert_eq!(declared, items.inspect(|item| walk(item, depth + 1)).count());
        }
        _ => drop(argument.as_bytes().map(<[u8]>::to_vec)),
    }
}
