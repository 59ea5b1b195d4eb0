//! Commands of a plugin in C: values, streams and tables, well and badly answered.

mod compiler;

use std::ffi::OsStr;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use audithook_abi::arrow::{ArrowArray, ArrowSchema};
use audithook_abi::{LogLevel, Symbol, View};
use audithook_bus::symbol;
use audithook_loader::{
    Answer, Argument, ArgumentError, CallError, Content, Instance, ParamKind, Patience, Plugin,
    SearchPath, Services, Spec, Watch,
};

/// Remembers what the plugin logs.
#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Services for Log {
    fn log(&self, _: &str, _: LogLevel, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }

    fn intern(&self, name: &str) -> Symbol {
        symbol::intern(name)
    }

    fn text(&self, symbol: Symbol) -> Option<&'static str> {
        symbol::text(symbol)
    }
}

/// An instance of `commands.c`, and its log; `None` without a C compiler.
fn commands() -> Option<(Instance, Arc<Log>)> {
    let directory = tempfile::tempdir().unwrap();
    let library = compiler::build("commands.c", &[], directory.path(), "libcommands.so")?;
    let plugin = Plugin::load(&Spec::at("commands", &library), &SearchPath::default()).unwrap();
    let log = Arc::new(Log::default());
    let instance = plugin.create(Arc::clone(&log) as _, "{}").unwrap();
    Some((instance, log))
}

/// Calls a command with what is typed: `NAME=TEXT` for each parameter that is not left out.
fn call(instance: &Instance, command: &str, typed: &[(&str, &str)]) -> Result<Answer, CallError> {
    call_with(instance, command, typed, None, Arc::new(Patience))
}

fn call_with(
    instance: &Instance,
    command: &str,
    typed: &[(&str, &str)],
    input: Option<Box<dyn Read + Send>>,
    watch: Arc<dyn Watch>,
) -> Result<Answer, CallError> {
    let offered = &instance.plugin().info().commands;
    let info = offered.iter().find(|info| info.name == command).unwrap();
    let mut arguments = info.defaults();
    for (param, argument) in info.params.iter().zip(&mut arguments) {
        for (_, text) in typed.iter().filter(|(name, _)| *name == param.name) {
            let given = Argument::parse(param, OsStr::new(text)).unwrap();
            if let Argument::List(elements) = argument {
                elements.push(given);
            } else {
                *argument = given;
            }
        }
    }
    instance.call(command, &arguments, input, watch)
}

fn all_bytes(answer: &mut Answer) -> Result<Vec<u8>, CallError> {
    let Content::Bytes(stream) = answer.content() else {
        panic!("not bytes: {answer:?}");
    };
    let mut all = Vec::new();
    while let Some(piece) = stream.next()? {
        all.extend_from_slice(piece);
    }
    assert_eq!(stream.next(), Ok(None), "the end is the end");
    Ok(all)
}

#[test]
fn commands_and_their_parameters_are_told_and_those_of_later_versions_left_out() {
    let Some((instance, _)) = commands() else {
        return;
    };
    let offered = &instance.plugin().info().commands;
    let names: Vec<_> = offered.iter().map(|info| &*info.name).collect();
    assert_eq!(names, ["sum", "repeat", "copy", "table", "bad"]);
    assert!(offered[0].default && !offered[1].default);
    assert!(offered[2].reads_input && !offered[1].reads_input);
    let times = &offered[1].params[1];
    assert_eq!((&*times.name, times.letter), ("times", Some('t')));
    assert_eq!(
        (times.kind, times.default.as_deref()),
        (ParamKind::U64, Some("2"))
    );
    assert_eq!(offered[1].defaults()[1], Argument::U64(2));
}

#[test]
fn a_command_answers_a_value_and_a_status() {
    let Some((instance, _)) = commands() else {
        return;
    };
    let answer = call(&instance, "sum", &[("number", "40"), ("number", "2")]).unwrap();
    assert_eq!(answer.value().view(), View::I64(42));
    assert_eq!(answer.status(), 0);
    let answer = call(&instance, "sum", &[("no", "")]).unwrap();
    assert_eq!(answer.value().view(), View::I64(0));
    assert_eq!(answer.status(), 1);
}

#[test]
fn a_refusal_is_told_in_the_plugin_s_words() {
    let Some((instance, _)) = commands() else {
        return;
    };
    let refused = call(&instance, "sum", &[("number", "13")]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`commands sum` refuses its arguments: 13 brings bad luck"
    );
    let unknown = instance
        .call("smu", &[], None, Arc::new(Patience))
        .unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "plugin `commands` offers no command: `smu`"
    );
    assert_eq!(
        unknown.hint().as_deref(),
        Some("did you mean `commands sum`?")
    );
    let few = instance
        .call("sum", &[], None, Arc::new(Patience))
        .unwrap_err();
    assert_eq!(
        few.to_string(),
        "`commands sum` refuses its arguments: 0 arguments for 2 parameters"
    );
}

#[test]
fn bytes_come_as_they_are_asked_for_until_the_end() {
    let Some((instance, _)) = commands() else {
        return;
    };
    let mut answer = call(&instance, "repeat", &[("text", "ab"), ("times", "3")]).unwrap();
    assert_eq!(all_bytes(&mut answer).unwrap(), b"ababab");
}

#[test]
fn an_error_in_the_middle_of_a_stream_is_an_error_and_nothing_comes_after_it() {
    let Some((instance, _)) = commands() else {
        return;
    };
    let typed = [("text", "ab"), ("times", "3"), ("fail-at", "1")];
    let mut answer = call(&instance, "repeat", &typed).unwrap();
    let error = all_bytes(&mut answer).unwrap_err();
    assert_eq!(error.to_string(), "`commands` failed: told to fail");
    let Content::Bytes(stream) = answer.content() else {
        panic!("not bytes");
    };
    assert_eq!(stream.next(), Ok(None));
}

#[test]
fn whatever_is_left_unread_is_closed_once() {
    let Some((instance, log)) = commands() else {
        return;
    };
    drop(call(&instance, "repeat", &[("text", "ab")]).unwrap());
    drop(call(&instance, "table", &[]).unwrap());
    drop(instance);
    assert_eq!(*log.0.lock().unwrap(), ["all closed"]);
}

#[test]
fn what_is_piped_in_reaches_the_command_with_progress() {
    #[derive(Default)]
    struct Seen(AtomicU64);
    impl Watch for Seen {
        fn progress(&self, done: u64, total: u64, unit: &str) {
            assert_eq!((total, unit), (0, "bytes"));
            self.0.store(done, Ordering::Relaxed);
        }
    }
    let Some((instance, _)) = commands() else {
        return;
    };
    let input = vec![7; 200_000];
    let seen = Arc::new(Seen::default());
    let piped = Box::new(io::Cursor::new(input.clone()));
    let mut answer =
        call_with(&instance, "copy", &[], Some(piped), Arc::clone(&seen) as _).unwrap();
    assert_eq!(all_bytes(&mut answer).unwrap(), input);
    assert_eq!(seen.0.load(Ordering::Relaxed), 200_000);

    let refused = call(&instance, "copy", &[]).unwrap_err();
    assert!(refused.to_string().ends_with("nothing is piped in"));
}

#[test]
fn a_failing_input_is_told_and_a_cancelled_call_stops() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the line is cut"))
        }
    }
    #[derive(Default)]
    struct Cancelled(AtomicBool);
    impl Watch for Cancelled {
        fn is_cancelled(&self) -> bool {
            self.0.load(Ordering::Relaxed)
        }
    }
    let Some((instance, _)) = commands() else {
        return;
    };
    let piped = Some(Box::new(Failing) as _);
    let mut answer = call_with(&instance, "copy", &[], piped, Arc::new(Patience)).unwrap();
    assert_eq!(
        all_bytes(&mut answer).unwrap_err().to_string(),
        "`commands` failed: the input cannot be read: the line is cut"
    );

    let watch = Arc::new(Cancelled::default());
    let piped = Some(Box::new(io::repeat(0)) as _);
    let mut answer = call_with(&instance, "copy", &[], piped, Arc::clone(&watch) as _).unwrap();
    let Content::Bytes(stream) = answer.content() else {
        panic!("not bytes");
    };
    assert!(stream.next().unwrap().is_some());
    watch.0.store(true, Ordering::Relaxed);
    assert_eq!(
        stream.next().unwrap_err().to_string(),
        "`commands` failed: not now"
    );
}

#[test]
fn a_table_is_an_arrow_stream() {
    let Some((instance, log)) = commands() else {
        return;
    };
    let mut answer = call(&instance, "table", &[("rows", "10")]).unwrap();
    let Content::Table(table) = answer.content() else {
        panic!("not a table");
    };
    let stream = table.as_mut_ptr();
    let mut numbers: Vec<i64> = Vec::new();
    // SAFETY: the stream interface of Arrow, as a consumer uses it: schema and arrays are places of ours, released once.
    unsafe {
        let mut schema: ArrowSchema = std::mem::zeroed();
        assert_eq!((*stream).get_schema.unwrap()(stream, &raw mut schema), 0);
        assert_eq!(std::ffi::CStr::from_ptr(schema.format), c"+s");
        schema.release.unwrap()(&raw mut schema);
        loop {
            let mut batch: ArrowArray = std::mem::zeroed();
            assert_eq!((*stream).get_next.unwrap()(stream, &raw mut batch), 0);
            let Some(release) = batch.release else { break };
            let column = &**batch.children;
            let values = (*column.buffers.add(1)).cast::<i64>();
            numbers.extend(std::slice::from_raw_parts(values, column.length as usize));
            release(&raw mut batch);
        }
    }
    assert_eq!(numbers, (0..10).collect::<Vec<i64>>());
    drop(answer);
    drop(instance);
    assert_eq!(*log.0.lock().unwrap(), ["all closed"]);
}

#[test]
fn a_broken_answer_is_an_error_and_a_panic_poisons() {
    let Some((instance, _)) = commands() else {
        return;
    };
    let said = |how| {
        call(&instance, "bad", &[("how", how)])
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        said("kind"),
        "`commands bad` gave a broken answer: its kind is unknown"
    );
    assert_eq!(
        said("next"),
        "`commands bad` gave a broken answer: `bytes.next` is NULL"
    );
    assert_eq!(
        said("table"),
        "`commands bad` gave a broken answer: the table is released already"
    );
    assert_eq!(
        said("unknown"),
        "`commands bad` failed: it returned 77, which the ABI does not know"
    );
    assert_eq!(said("panic"), "`commands bad` panicked: no reason given");
    assert!(instance.is_poisoned());
    assert_eq!(
        said("kind"),
        "`commands bad`: the plugin panicked before and is not entered again"
    );
}

#[test]
fn what_is_typed_is_checked_by_the_descriptor() {
    let Some((instance, _)) = commands() else {
        return;
    };
    let offered = &instance.plugin().info().commands;
    let parse = |command: usize, param: usize, text: &str| {
        Argument::parse(&offered[command].params[param], OsStr::new(text))
    };
    assert_eq!(parse(0, 0, "-5"), Ok(Argument::I64(-5)));
    let error = parse(0, 0, "five").unwrap_err();
    assert_eq!(
        error.to_string(),
        "not a whole number from -9223372036854775808 to 9223372036854775807"
    );
    assert_eq!(
        parse(4, 0, "soft"),
        Err(ArgumentError::NotAChoice(
            ["kind", "next", "table", "unknown", "panic"]
                .map(str::to_owned)
                .to_vec()
        ))
    );
}
