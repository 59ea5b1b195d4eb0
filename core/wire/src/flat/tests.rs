use audithook_abi::{
    EVENT_NESTED, EVENT_TRUNCATED, Source, Symbol, Tag, VALUE_SECRET, VALUE_TRUNCATED, Value,
    Verdict, View,
};
use audithook_catalogue::{EVENT_COUNT, SYMBOL_COUNT, arg, event};
use proptest::prelude::*;

use super::*;

/// A value that owns what it holds, for generators.
#[derive(Clone, Debug, PartialEq)]
enum Owned {
    Null,
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(u64),
    Fd(i32),
    Str(Vec<u8>),
    Bytes(Vec<u8>),
    Path(Vec<u8>),
    Addr(Vec<u8>),
    List(Vec<Owned>),
    Map(Vec<Owned>),
}

impl Owned {
    /// Calls `then` with the value, whose lists live on the stack meanwhile.
    fn with<T>(&self, then: &mut dyn FnMut(Value<'_>) -> T) -> T {
        fn list<T>(
            left: &[Owned],
            done: &mut Vec<Value<'_>>,
            then: &mut dyn FnMut(&[Value<'_>]) -> T,
        ) -> T {
            match left {
                [] => then(done),
                [first, rest @ ..] => first.with(&mut |value| {
                    let mut longer: Vec<Value<'_>> = done.clone();
                    longer.push(value);
                    list(rest, &mut longer, then)
                }),
            }
        }
        match self {
            Self::Null => then(Value::NULL),
            Self::Bool(truth) => then(Value::bool(*truth)),
            Self::I64(number) => then(Value::i64(*number)),
            Self::U64(number) => then(Value::u64(*number)),
            Self::F64(bits) => then(Value::f64(f64::from_bits(*bits))),
            Self::Fd(number) => then(Value::fd(*number)),
            Self::Str(text) => then(Value::str(text)),
            Self::Bytes(bytes) => then(Value::bytes(bytes)),
            Self::Path(path) => then(Value::path(path)),
            Self::Addr(address) => then(Value::addr(address)),
            Self::List(values) => list(values, &mut Vec::new(), &mut |values| {
                then(Value::list(values))
            }),
            Self::Map(values) => list(values, &mut Vec::new(), &mut |values| {
                then(Value::map(values))
            }),
        }
    }

    fn read(argument: Argument<'_>) -> Self {
        match argument.content {
            Content::Null => Self::Null,
            Content::Bool(truth) => Self::Bool(truth),
            Content::I64(number) => Self::I64(number),
            Content::U64(number) => Self::U64(number),
            Content::F64(number) => Self::F64(number.to_bits()),
            Content::Fd(number) => Self::Fd(number),
            Content::Str(text) => Self::Str(text.to_vec()),
            Content::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
            Content::Path(path) => Self::Path(path.to_vec()),
            Content::Addr(address) => Self::Addr(address.to_vec()),
            Content::List(items) => Self::List(items.map(Self::read).collect()),
            Content::Map(items) => Self::Map(items.map(Self::read).collect()),
            Content::Secret { .. } => panic!("no secret was written"),
        }
    }

    /// The same through the ABI's values.
    fn view(value: &Value<'_>) -> Self {
        match value.view() {
            View::Null => Self::Null,
            View::Bool(truth) => Self::Bool(truth),
            View::I64(number) => Self::I64(number),
            View::U64(number) => Self::U64(number),
            View::F64(number) => Self::F64(number.to_bits()),
            View::Fd(number) => Self::Fd(number),
            View::Str(text) => Self::Str(text.to_vec()),
            View::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
            View::Path(path) => Self::Path(path.to_vec()),
            View::Addr(address) => Self::Addr(address.to_vec()),
            View::List(values) => Self::List(values.iter().map(Self::view).collect()),
            View::Map(values) => Self::Map(values.iter().map(Self::view).collect()),
            _ => panic!("a tag that no test writes"),
        }
    }
}

fn owned(longest: usize) -> impl Strategy<Value = Owned> {
    let blob = move || prop::collection::vec(any::<u8>(), 0..longest);
    let leaf = prop_oneof![
        Just(Owned::Null),
        any::<bool>().prop_map(Owned::Bool),
        any::<i64>().prop_map(Owned::I64),
        any::<u64>().prop_map(Owned::U64),
        any::<u64>().prop_map(Owned::F64),
        any::<i32>().prop_map(Owned::Fd),
        blob().prop_map(Owned::Str),
        blob().prop_map(Owned::Bytes),
        blob().prop_map(Owned::Path),
        blob().prop_map(Owned::Addr),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Owned::List),
            prop::collection::vec((inner.clone(), inner), 0..3).prop_map(|pairs| Owned::Map(
                pairs.into_iter().flat_map(|(k, v)| [k, v]).collect()
            )),
        ]
    })
}

#[derive(Clone, Debug, PartialEq)]
enum OwnedName {
    Known(u32),
    Text(Vec<u8>),
}

impl OwnedName {
    fn name(&self) -> Name<'_> {
        match self {
            Self::Known(number) => Name::Known(Symbol(*number)),
            Self::Text(text) => Name::Text(text),
        }
    }
}

fn owned_name(known: u32) -> impl Strategy<Value = OwnedName> {
    prop_oneof![
        (0..known).prop_map(OwnedName::Known),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(OwnedName::Text),
    ]
}

fn meta() -> impl Strategy<Value = Meta> {
    let verdict = || prop::sample::select(Verdict::ALL.to_vec());
    let sources = vec![Source::App, Source::Cpython, Source::Libc, Source::Kernel];
    (
        (
            any::<u64>(),
            any::<u32>(),
            any::<u32>(),
            any::<u32>(),
            any::<i32>(),
            0_u32..32,
        ),
        prop::sample::select(sources),
        verdict(),
        prop::option::of(verdict()),
        prop::collection::vec(any::<u32>(), 0..8),
    )
        .prop_map(
            |((time_ns, pid, tid, generation, errno, flags), source, verdict, would, rules)| Meta {
                time_ns,
                pid,
                tid,
                source,
                flags,
                verdict,
                would,
                generation,
                errno,
                rules: Rules::new(&rules),
            },
        )
}

fn encode<'b>(
    buffer: &'b mut [u8],
    event: &OwnedName,
    meta: &Meta,
    args: &[(OwnedName, Owned)],
) -> &'b [u8] {
    let mut encoder = Encoder::new(buffer, event.name(), meta);
    for (name, value) in args {
        value.with(&mut |value| {
            encoder.arg(name.name(), &value);
        });
    }
    encoder.finish()
}

fn args(longest: usize, most: usize) -> impl Strategy<Value = Vec<(OwnedName, Owned)>> {
    prop::collection::vec((owned_name(SYMBOL_COUNT), owned(longest)), 0..most)
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        event in owned_name(EVENT_COUNT), meta in meta(), args in args(24, 5),
    ) {
        let mut buffer = vec![0xAA; MAX_RECORD];
        let bytes = encode(&mut buffer, &event, &meta, &args);
        prop_assert_eq!(bytes.len() % 8, 0);
        let record = Record::parse(bytes).unwrap();
        prop_assert_eq!(record.bytes(), bytes);
        prop_assert_eq!(record.meta(), &meta);
        prop_assert_eq!(record.event(), event.name());
        let read: Vec<(Name<'_>, Owned)> =
            record.args().map(|(name, value)| (name, Owned::read(value))).collect();
        let wrote: Vec<(Name<'_>, Owned)> =
            args.iter().map(|(name, value)| (name.name(), value.clone())).collect();
        prop_assert_eq!(read, wrote);
    }

    #[test]
    fn hooks_see_the_values_that_were_written(args in args(24, 5)) {
        let mut buffer = vec![0; MAX_RECORD];
        let meta = Meta::new(Source::App);
        let bytes = encode(&mut buffer, &OwnedName::Known(0), &meta, &args);
        let record = Record::parse(bytes).unwrap();
        let mut scratch = Scratch::default();
        for _ in 0..2 {
            let mut names = Vec::new();
            let values = record.values(&mut scratch, |text| {
                names.push(text.to_vec());
                Symbol(SYMBOL_COUNT + names.len() as u32 - 1)
            });
            prop_assert_eq!(values.len(), args.len());
            for (value, (name, wrote)) in values.iter().zip(&args) {
                prop_assert_eq!(&Owned::view(value), wrote);
                match name {
                    OwnedName::Known(number) => prop_assert_eq!(value.name(), Symbol(*number)),
                    OwnedName::Text(text) if text.is_empty() => {
                        prop_assert_eq!(value.name(), Symbol::NONE);
                    }
                    OwnedName::Text(text) => {
                        prop_assert_eq!(text, &names[(value.name().0 - SYMBOL_COUNT) as usize]);
                    }
                }
            }
        }
    }

    #[test]
    fn any_arguments_fit_any_buffer_and_say_when_they_were_cut(
        event in owned_name(EVENT_COUNT), args in args(400, 12), room in MIN_RECORD..3000_usize,
    ) {
        let mut buffer = vec![0xAA; room];
        let meta = Meta::new(Source::App);
        let bytes = encode(&mut buffer, &event, &meta, &args);
        prop_assert!(bytes.len() <= room);
        let record = Record::parse(bytes).unwrap();
        let whole = record.args().len() == args.len()
            && record.args().zip(&args).all(|((name, value), (wrote_name, wrote))| {
                name == wrote_name.name() && &Owned::read(value) == wrote
            })
            && record.event() == event.name();
        prop_assert_eq!(whole, record.meta().flags & EVENT_TRUNCATED == 0);
    }

    #[test]
    fn hostile_bytes_are_refused_or_read_without_a_panic(
        args in args(60, 5),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        end in any::<prop::sample::Index>(),
    ) {
        let mut buffer = vec![0; MAX_RECORD];
        let meta = Meta::new(Source::App);
        let length = encode(&mut buffer, &OwnedName::Text(b"shop.order".to_vec()), &meta, &args).len();
        for (place, byte) in changes {
            buffer[place.index(length)] = byte;
        }
        read_all(&buffer[..end.index(length + 1)]);
        read_all(&buffer[..length]);
        read_all(&buffer);
    }

    #[test]
    fn noise_is_refused_or_read_without_a_panic(
        mut bytes in prop::collection::vec(any::<u8>(), 0..512),
    ) {
        read_all(&bytes);
        if bytes.len() >= HEADER {
            // Get past the header, to the items.
            let length = (bytes.len() & !7) as u32;
            bytes[..4].copy_from_slice(&length.to_le_bytes());
            bytes[4..8].copy_from_slice(&[VERSION, 1, 0, NO_VERDICT]);
            bytes[36..42].copy_from_slice(&[0; 6]);
            bytes[42] %= 8;
            bytes[43] = 0;
            bytes[44] %= 9;
            read_all(&bytes);
        }
    }
}

/// Touches every byte that a record gives out.
fn read_all(bytes: &[u8]) {
    fn walk(argument: Argument<'_>, depth: usize) {
        assert!(depth <= MAX_DEPTH + 1);
        match argument.content {
            Content::List(items) | Content::Map(items) => {
                items.for_each(|item| walk(item, depth + 1))
            }
            _ => _ = argument.as_bytes().map(<[u8]>::to_vec),
        }
    }
    let Ok(record) = Record::parse(bytes) else {
        return;
    };
    let declared = record.args().len();
    let seen = record
        .args()
        .inspect(|(_, argument)| walk(*argument, 1))
        .count();
    assert_eq!(declared, seen);
    let mut scratch = Scratch::default();
    let values = record.values(&mut scratch, |_| Symbol(SYMBOL_COUNT));
    assert_eq!(values.len(), declared);
    drop(format!("{record:?} {values:?}"));
}

fn open_event(buffer: &mut [u8], first: &Value<'_>) -> Vec<u8> {
    let mut encoder = Encoder::new(
        buffer,
        Name::Known(event::OPEN),
        &Meta::new(Source::Cpython),
    );
    encoder
        .arg(Name::Known(arg::PATH), first)
        .arg(Name::Known(arg::RAW), &Value::path("../etc/shadow"))
        .arg(Name::Known(arg::FLAGS), &Value::list(&[Value::str("read")]))
        .arg(Name::Known(arg::MODE), &Value::u64(0o600));
    encoder.finish().to_vec()
}

#[test]
fn a_long_argument_does_not_push_out_those_behind_it() {
    let long = vec![b'x'; 100_000];
    let bytes = open_event(&mut [0; MAX_RECORD], &Value::path(&long));
    let record = Record::parse(&bytes).unwrap();
    let path = record.arg(arg::PATH).unwrap();
    assert_eq!(path.flags, VALUE_TRUNCATED);
    assert!(path.as_bytes().unwrap().len() > 8000);
    assert_eq!(
        record.arg(arg::RAW).unwrap().as_bytes(),
        Some(&b"../etc/shadow"[..])
    );
    assert_eq!(record.arg(arg::RAW).unwrap().flags, 0);
    assert_eq!(record.arg(arg::MODE).unwrap().as_u64(), Some(0o600));
    assert_eq!(record.meta().flags, EVENT_TRUNCATED);
}

#[test]
fn a_list_without_end_is_cut_and_says_so() {
    let many = vec![Value::str("an argument of some length"); 5000];
    let bytes = open_event(&mut [0; MAX_RECORD], &Value::list(&many));
    let record = Record::parse(&bytes).unwrap();
    let list = record.arg(arg::PATH).unwrap();
    assert_eq!(list.flags, VALUE_TRUNCATED);
    let Content::List(items) = list.content else {
        panic!("{list:?}");
    };
    assert!(items.len() > 100 && items.len() < 5000);
    assert_eq!(record.arg(arg::MODE).unwrap().as_u64(), Some(0o600));
}

#[test]
fn a_map_is_never_cut_between_key_and_value() {
    let pairs: Vec<Value<'_>> = (0..4000_u64).map(Value::u64).collect();
    for room in (MIN_RECORD..MIN_RECORD + 400).step_by(8) {
        let mut buffer = vec![0; room];
        let mut encoder = Encoder::new(&mut buffer, Name::NONE, &Meta::new(Source::App));
        encoder.arg(Name::NONE, &Value::map(&pairs));
        let record = Record::parse(encoder.finish()).unwrap();
        for (_, argument) in record.args() {
            let Content::Map(items) = argument.content else {
                panic!("{argument:?}");
            };
            assert_eq!(items.len() % 2, 0);
        }
    }
}

#[test]
fn text_is_not_cut_inside_a_character() {
    let text = "é".repeat(20_000);
    for room in 200..216 {
        let mut buffer = vec![0; room];
        let mut encoder = Encoder::new(&mut buffer, Name::NONE, &Meta::new(Source::App));
        encoder.arg(Name::NONE, &Value::str(&text));
        let record = Record::parse(encoder.finish()).unwrap();
        let (_, cut) = record.args().next().unwrap();
        assert!(std::str::from_utf8(cut.as_bytes().unwrap()).is_ok());
    }
}

#[test]
fn a_secret_is_recorded_as_its_length() {
    let mut buffer = [0; MAX_RECORD];
    let mut encoder = Encoder::new(&mut buffer, Name::NONE, &Meta::new(Source::App));
    encoder
        .arg(Name::NONE, &Value::str("hunter2").flagged(VALUE_SECRET))
        .arg(Name::NONE, &Value::u64(99).flagged(VALUE_SECRET));
    let bytes = encoder.finish();
    assert!(!bytes.windows(7).any(|window| window == b"hunter2"));
    assert!(!bytes.contains(&99));
    let record = Record::parse(bytes).unwrap();
    let contents: Vec<_> = record
        .args()
        .map(|(_, argument)| argument.content)
        .collect();
    assert!(matches!(
        contents[0],
        Content::Secret {
            tag: Tag::Str,
            length: 7
        }
    ));
    assert!(matches!(
        contents[1],
        Content::Secret {
            tag: Tag::U64,
            length: 0
        }
    ));
    let mut scratch = Scratch::default();
    let values = record.values(&mut scratch, |_| Symbol::NONE);
    assert_eq!(values[0].view(), View::Str(b""));
    assert_eq!(values[0].flags(), VALUE_SECRET);
}

#[test]
fn what_nests_too_deep_is_null_and_flagged() {
    let leaf = [Value::u64(1)];
    let four = [Value::list(&leaf)];
    let three = [Value::list(&four)];
    let two = [Value::list(&three)];
    let one = Value::list(&two);
    let mut buffer = [0; 1024];
    let mut encoder = Encoder::new(&mut buffer, Name::NONE, &Meta::new(Source::App));
    encoder.arg(Name::NONE, &one);
    let bytes = encoder.finish();
    let record = Record::parse(bytes).unwrap();
    assert_eq!(record.meta().flags, 0);
    let five = [one];
    let mut buffer = [0; 1024];
    let mut encoder = Encoder::new(&mut buffer, Name::NONE, &Meta::new(Source::App));
    encoder.arg(Name::NONE, &Value::list(&five));
    let record = Record::parse(encoder.finish()).unwrap();
    assert_eq!(record.meta().flags, EVENT_TRUNCATED);
}

#[test]
fn a_nested_event_keeps_its_flags_when_it_is_cut() {
    let meta = Meta {
        flags: EVENT_NESTED,
        ..Meta::new(Source::App)
    };
    let mut buffer = [0; 128];
    let mut encoder = Encoder::new(&mut buffer, Name::NONE, &meta);
    encoder.arg(Name::NONE, &Value::str(&[b'x'; 500][..]));
    let record = Record::parse(encoder.finish()).unwrap();
    assert_eq!(record.meta().flags, EVENT_NESTED | EVENT_TRUNCATED);
}

#[test]
fn a_buffer_without_room_for_a_header_makes_an_empty_record() {
    let mut buffer = [0; MIN_RECORD - 1];
    let mut encoder = Encoder::new(&mut buffer, Name::NONE, &Meta::new(Source::App));
    encoder
        .arg(Name::NONE, &Value::u64(1))
        .list(Name::NONE, [Value::NULL]);
    assert!(encoder.finish().is_empty());
}

#[test]
fn names_from_values_inside_lists_are_kept_where_the_catalogue_has_them() {
    let inside = [
        Value::u64(1).named(arg::PORT),
        Value::u64(2).named(Symbol(SYMBOL_COUNT + 5)),
    ];
    let mut buffer = [0; 1024];
    let mut encoder = Encoder::new(&mut buffer, Name::NONE, &Meta::new(Source::App));
    encoder.arg(Name::NONE, &Value::list(&inside));
    let record = Record::parse(encoder.finish()).unwrap();
    let mut scratch = Scratch::default();
    let values = record.values(&mut scratch, |_| Symbol(0));
    let View::List(inside) = values[0].view() else {
        panic!("{values:?}");
    };
    assert_eq!(
        [inside[0].name(), inside[1].name()],
        [arg::PORT, Symbol::NONE]
    );
}

#[test]
fn an_event_cannot_be_named_by_an_argument() {
    let mut bytes = open_event(&mut [0; MAX_RECORD], &Value::path("/etc/shadow"));
    bytes[36..40].copy_from_slice(&arg::PATH.0.to_le_bytes());
    assert_eq!(
        Record::parse(&bytes).unwrap_err(),
        FlatError::Symbol(arg::PATH.0)
    );
}

#[test]
fn every_refusal_says_what_is_wrong() {
    let good = open_event(&mut [0; MAX_RECORD], &Value::path("/etc/shadow"));
    let with = |at: usize, bytes: &[u8]| {
        let mut bad = good.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        Record::parse(&bad).unwrap_err().to_string()
    };
    let messages = [
        Record::parse(&good[..40]).unwrap_err().to_string(),
        Record::parse(&good[..64]).unwrap_err().to_string(),
        with(0, &17_u32.to_le_bytes()),
        with(0, &u32::MAX.to_le_bytes()),
        with(4, &[9]),
        with(5, &[9]),
        with(6, &[9]),
        with(7, &[9]),
        with(36, &u32::MAX.wrapping_sub(1).to_le_bytes()),
        with(42, &[200, 0]),
        with(42, &[1, 0]),
        with(44, &[9]),
        with(48, &[99]),
        with(50, &[255, 255]),
    ];
    assert_eq!(
        messages.join("\n"),
        "the bytes end before the record does\n\
         the bytes end before the record does\n\
         the record claims a length of 17 bytes\n\
         the record claims a length of 4294967295 bytes\n\
         the record has version 9\n\
         the record names source 9\n\
         the record names verdict 9\n\
         the record names verdict 9\n\
         the record names symbol 4294967294, which the catalogue does not have in this place\n\
         a part does not have the size that it claims\n\
         a part does not have the size that it claims\n\
         the record claims 9 rules\n\
         the record has a value with tag 99\n\
         the record has a name of 65535 bytes"
    );
}
