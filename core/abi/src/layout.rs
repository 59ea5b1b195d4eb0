//! The Rust mirror is the header: size, alignment and offset of every field, asked of a C compiler.

use std::fmt::Write as _;
use std::mem::offset_of;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::arrow::{self, ArrowArray, ArrowArrayStream, ArrowSchema};
use crate::command::{self, RawAnswer, RawCall, RawCommand, RawCommands, RawParam, RawStream};
use crate::interface::{RawArgInfo, RawEventInfo, RawEvents, RawField, RawFields, RawState};
use crate::{
    Event, LogLevel, RawAttach, RawHook, RawHost, RawOutcome, RawPlugin, RawReply, RawReport,
    RawSink, RawStr, Source, Tag, Value, Verdict, host::status, plugin, plugin::Sized32,
};

/// One line of what both sides print: a C expression and its value in Rust.
struct Fact {
    expression: String,
    value: i64,
}

macro_rules! structs {
    ($($c:literal = $rust:ty { $($field:ident $(as $other:literal)?),* $(,)? })*) => {{
        let mut facts = Vec::new();
        $(
            facts.push(fact(format!("sizeof({})", $c), size_of::<$rust>()));
            facts.push(fact(format!("AH_ALIGNOF({})", $c), align_of::<$rust>()));
            let mut last = (0, 0);
            $(
                let name = [$($other,)? stringify!($field)][0];
                let offset = offset_of!($rust, $field);
                facts.push(fact(format!("offsetof({}, {name})", $c), offset));
                facts.push(fact(format!("sizeof((({} *)0)->{name})", $c), size_of_field(|all: &$rust| &raw const all.$field)));
                last = last.max((offset, size_of_field(|all: &$rust| &raw const all.$field)));
            )*
            // A field that only one side has would be seen here: the last one listed ends where the struct does.
            assert_eq!(last.0 + last.1, size_of::<$rust>(), "{}", $c);
        )*
        facts
    }};
}

macro_rules! numbers {
    ($($c:ident = $rust:expr),* $(,)?) => {
        [$(Fact { expression: stringify!($c).into(), value: $rust as i64 }),*]
    };
}

#[test]
fn every_field_has_the_size_alignment_and_offset_that_a_c_compiler_gives_it() {
    let mut facts = structs! {
        "ah_str" = RawStr { ptr, len }
        "ah_value" = Value<'static> { tag, flags, name, a as "as", b as "len" }
        "ah_event" = Event<'static> {
            struct_size, id, seq, time_ns, pid, tid, flags, schema, source, verdict, n_args, arg_stride, args, call,
        }
        "ah_reply" = RawReply { struct_size, reserved, cookie, call }
        "ah_outcome" = RawOutcome { struct_size, verdict, error, reserved }
        "ah_host" = RawHost {
            struct_size, abi_major, abi_minor, ctx, log, intern, text, emit, set_reason, event_retain, event_release,
            now_ns, counter_add, get_interface,
        }
        "ah_hook" = RawHook {
            struct_size, kinds, name, summary, with_schema, flags, on_failure, reserved, gate, after, observe,
        }
        "ah_attach" = RawAttach { struct_size, hook, name, on, with }
        "ah_plugin" = RawPlugin {
            struct_size, magic, abi_major, abi_minor, abi_min_minor, reserved, flags, id, name, version, summary, license,
            sdk, config_schema, hooks, n_hooks, hook_stride, create, destroy, attach, detach, get_interface,
        }
        "ah_sink" = RawSink { struct_size, reserved, ctx, write }
        "ah_report" = RawReport { struct_size, reserved, render }
        "ah_param" = RawParam {
            struct_size, r#type as "type", flags, letter, name, summary, value_name, default_value, choices, n_choices, reserved,
        }
        "ah_stream" = RawStream { ctx, next, close }
        "struct ArrowSchema" = ArrowSchema {
            format, name, metadata, flags, n_children, children, dictionary, release, private_data,
        }
        "struct ArrowArray" = ArrowArray {
            length, null_count, offset, n_buffers, n_children, buffers, children, dictionary, release, private_data,
        }
        "struct ArrowArrayStream" = ArrowArrayStream { get_schema, get_next, get_last_error, release, private_data }
        "ah_call" = RawCall {
            struct_size, n_args, args, arg_stride, reserved, input, ctx, progress, cancelled,
        }
        "ah_answer" = RawAnswer { struct_size, kind, value, bytes, table, ctx, status, close }
        "ah_command" = RawCommand {
            struct_size, flags, name, summary, help, params, n_params, param_stride, call,
        }
        "ah_commands" = RawCommands { struct_size, n_commands, commands, command_stride, reserved }
        "ah_arg_info" = RawArgInfo { struct_size, tag, name, summary }
        "ah_event_info" = RawEventInfo { struct_size, schema, name, summary, args, n_args, arg_stride }
        "ah_events" = RawEvents { struct_size, n_events, events, event_stride, reserved }
        "ah_field" = RawField { struct_size, reserved, info, on, derive }
        "ah_fields" = RawFields { struct_size, n_fields, fields, field_stride, reserved }
        "ah_state" = RawState { struct_size, reserved, save, restore }
    };
    facts.extend(numbers! {
        AH_ABI_MAJOR = plugin::ABI_MAJOR, AH_ABI_MINOR = plugin::ABI_MINOR, AH_PLUGIN_MAGIC = plugin::PLUGIN_MAGIC,
        AH_ALLOW = Verdict::Allow, AH_WARN = Verdict::Warn, AH_DENY = Verdict::Deny, AH_KILL = Verdict::Kill,
        AH_OK = status::OK, AH_ERROR = status::ERROR, AH_PANIC = status::PANIC, AH_BAD_ARG = status::BAD_ARG,
        AH_UNSUPPORTED = status::UNSUPPORTED, AH_AGAIN = status::AGAIN, AH_NOMEM = status::NOMEM,
        AH_NO_SYMBOL = crate::Symbol::NONE.0,
        AH_TAG_NULL = Tag::Null, AH_TAG_BOOL = Tag::Bool, AH_TAG_I64 = Tag::I64, AH_TAG_U64 = Tag::U64, AH_TAG_F64 = Tag::F64,
        AH_TAG_STR = Tag::Str, AH_TAG_BYTES = Tag::Bytes, AH_TAG_PATH = Tag::Path, AH_TAG_ADDR = Tag::Addr, AH_TAG_FD = Tag::Fd,
        AH_TAG_LIST = Tag::List, AH_TAG_MAP = Tag::Map,
        AH_VALUE_TRUNCATED = crate::VALUE_TRUNCATED, AH_VALUE_SECRET = crate::VALUE_SECRET,
        AH_EVENT_NESTED = crate::EVENT_NESTED, AH_EVENT_TRUNCATED = crate::EVENT_TRUNCATED,
        AH_EVENT_STARTUP = crate::EVENT_STARTUP, AH_EVENT_REPLAY = crate::EVENT_REPLAY, AH_EVENT_DRY_RUN = crate::EVENT_DRY_RUN,
        AH_SOURCE_APP = Source::App, AH_SOURCE_CPYTHON = Source::Cpython, AH_SOURCE_LIBC = Source::Libc,
        AH_SOURCE_KERNEL = Source::Kernel,
        AH_LOG_ERROR = LogLevel::Error, AH_LOG_WARN = LogLevel::Warn, AH_LOG_INFO = LogLevel::Info,
        AH_LOG_DEBUG = LogLevel::Debug, AH_LOG_TRACE = LogLevel::Trace,
        AH_GATE = plugin::HOOK_GATE, AH_AFTER = plugin::HOOK_AFTER, AH_OBSERVER = plugin::HOOK_OBSERVER,
        AH_HOOK_PURE = plugin::HOOK_PURE, AH_PLUGIN_IN_TARGET = plugin::PLUGIN_IN_TARGET,
        AH_PLUGIN_OWN_THREADS = plugin::PLUGIN_OWN_THREADS,
        AH_PARAM_FLAG = command::PARAM_FLAG, AH_PARAM_STR = command::PARAM_STR, AH_PARAM_BYTES = command::PARAM_BYTES,
        AH_PARAM_PATH = command::PARAM_PATH, AH_PARAM_I64 = command::PARAM_I64, AH_PARAM_U64 = command::PARAM_U64,
        AH_PARAM_F64 = command::PARAM_F64, AH_PARAM_SIZE = command::PARAM_SIZE, AH_PARAM_DURATION = command::PARAM_DURATION,
        AH_PARAM_POSITIONAL = command::PARAM_POSITIONAL, AH_PARAM_REQUIRED = command::PARAM_REQUIRED,
        AH_PARAM_REPEATED = command::PARAM_REPEATED,
        AH_ANSWER_NONE = command::ANSWER_NONE, AH_ANSWER_VALUE = command::ANSWER_VALUE,
        AH_ANSWER_BYTES = command::ANSWER_BYTES, AH_ANSWER_TABLE = command::ANSWER_TABLE,
        AH_COMMAND_DEFAULT = command::COMMAND_DEFAULT, AH_COMMAND_READS_INPUT = command::COMMAND_READS_INPUT,
        ARROW_FLAG_DICTIONARY_ORDERED = arrow::ARROW_FLAG_DICTIONARY_ORDERED,
        ARROW_FLAG_NULLABLE = arrow::ARROW_FLAG_NULLABLE, ARROW_FLAG_MAP_KEYS_SORTED = arrow::ARROW_FLAG_MAP_KEYS_SORTED,
        AH_REPORT_TEXT = plugin::REPORT_TEXT, AH_REPORT_JSON = plugin::REPORT_JSON,
    });
    assert!(every_number_of_the_header_is_among(&facts));

    let Some(printed) = compile_and_run(&facts) else {
        return;
    };
    for (fact, printed) in facts.iter().zip(printed.lines()) {
        assert_eq!(printed, fact.value.to_string(), "{}", fact.expression);
    }
    assert_eq!(printed.lines().count(), facts.len());
}

#[test]
fn the_first_version_s_sizes_stay_what_they_were() {
    assert_eq!(RawPlugin::SIZE_1_0 as usize, size_of::<RawPlugin>());
    assert_eq!(RawHook::SIZE_1_0 as usize, size_of::<RawHook>());
    assert_eq!(RawAttach::SIZE_1_0 as usize, size_of::<RawAttach>());
    assert_eq!(RawOutcome::SIZE_1_0 as usize, size_of::<RawOutcome>());
    assert_eq!(RawReport::SIZE_1_0 as usize, size_of::<RawReport>());
    assert_eq!(RawSink::SIZE_1_0 as usize, size_of::<RawSink>());
    assert_eq!(RawHost::SIZE_1_0 as usize, size_of::<RawHost>());
    assert_eq!(RawParam::SIZE_1_0 as usize, size_of::<RawParam>());
    assert_eq!(RawCall::SIZE_1_0 as usize, size_of::<RawCall>());
    assert_eq!(RawCommand::SIZE_1_0 as usize, size_of::<RawCommand>());
    assert_eq!(RawCommands::SIZE_1_0 as usize, size_of::<RawCommands>());
    assert_eq!(RawArgInfo::SIZE_1_0 as usize, size_of::<RawArgInfo>());
    assert_eq!(RawEventInfo::SIZE_1_0 as usize, size_of::<RawEventInfo>());
    assert_eq!(RawEvents::SIZE_1_0 as usize, size_of::<RawEvents>());
    assert_eq!(RawField::SIZE_1_0 as usize, size_of::<RawField>());
    assert_eq!(RawFields::SIZE_1_0 as usize, size_of::<RawFields>());
    assert_eq!(RawState::SIZE_1_0 as usize, size_of::<RawState>());
}

#[test]
fn the_header_is_the_golden_copy_of_its_version() {
    let version = format!("audithook-{}.{}.h", plugin::ABI_MAJOR, plugin::ABI_MINOR);
    let golden = include_directory().join("golden").join(version);
    assert!(
        read(&header()) == read(&golden),
        "include/audithook.h differs from {}: a released version does not change; \
         append fields under a new minor version, or, before the release, copy the header there",
        golden.display(),
    );
}

#[test]
fn the_header_compiles_without_a_warning_as_c99_c11_and_cpp() {
    for (compiler, language, standard) in [
        ("cc", "c", "c99"),
        ("cc", "c", "c11"),
        ("c++", "c++", "c++11"),
    ] {
        let compiled = Command::new(compiler)
            .args(["-x", language, &format!("-std={standard}")])
            .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"])
            .arg(header())
            .output();
        match compiled {
            Ok(output) => assert!(
                output.status.success(),
                "{standard}: {}",
                String::from_utf8_lossy(&output.stderr)
            ),
            Err(error) => loudly_skip(compiler, &error),
        }
    }
}

fn fact(expression: String, value: usize) -> Fact {
    Fact {
        expression,
        value: value as i64,
    }
}

fn size_of_field<T, F>(_: impl Fn(&T) -> *const F) -> usize {
    size_of::<F>()
}

/// A number that the header defines and no fact names would never be compared.
fn every_number_of_the_header_is_among(facts: &[Fact]) -> bool {
    let text = read(&header());
    let defined = text.lines().filter_map(|line| {
        let mut words = line.strip_prefix("#define ")?.split_whitespace();
        let (name, value) = (words.next()?, words.next()?);
        let number = value.trim_start_matches('(');
        let is_number = number.starts_with(|first: char| first.is_ascii_digit() || first == '-')
            || number.starts_with("UINT32");
        is_number.then_some(name)
    });
    for name in defined {
        assert!(
            facts.iter().any(|fact| fact.expression == name),
            "{name} stands in the header only"
        );
    }
    true
}

/// The values of the facts as a C program prints them, one a line; `None` without a C compiler.
fn compile_and_run(facts: &[Fact]) -> Option<String> {
    let mut source = String::from(
        "#include <stdio.h>\n#include \"audithook.h\"\n\
         #define AH_ALIGNOF(type) offsetof(struct { char before; type it; }, it)\nint main(void) {\n",
    );
    for fact in facts {
        let _ = writeln!(
            source,
            "    printf(\"%lld\\n\", (long long)({}));",
            fact.expression
        );
    }
    source.push_str("    return 0;\n}\n");

    let directory = std::env::temp_dir().join(format!("audithook-layout-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a temporary directory");
    let (file, program) = (directory.join("layout.c"), directory.join("layout"));
    std::fs::write(&file, source).expect("the program is written");
    let compiled = Command::new("cc")
        .arg("-I")
        .arg(include_directory())
        .arg("-o")
        .args([&program, &file])
        .output();
    let printed = match compiled {
        Ok(output) => {
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            let output = Command::new(&program).output().expect("the program runs");
            Some(String::from_utf8(output.stdout).expect("numbers"))
        }
        Err(error) => {
            loudly_skip("cc", &error);
            None
        }
    };
    std::fs::remove_dir_all(&directory).expect("the temporary directory is ours");
    printed
}

#[expect(
    clippy::print_stderr,
    reason = "a test that proves nothing must say so"
)]
fn loudly_skip(compiler: &str, error: &std::io::Error) {
    eprintln!("SKIPPED: `{compiler}` does not run ({error}): the header was not compared");
}

fn include_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("include")
}

fn header() -> PathBuf {
    include_directory().join("audithook.h")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
