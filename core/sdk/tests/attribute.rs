//! `#[plugin]` with everything that it understands, through the plugin's real entry.

use std::path::PathBuf;

use audithook_sdk::prelude::*;
use audithook_sdk::testing::{Host as TestHost, Replied};

/// Counts, judges and answers.
#[derive(Debug)]
struct All {
    config: Config,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// What is added to every sum.
    offset: i64,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct With {
    /// Paths that begin so are refused.
    prefix: String,
}

#[plugin(
    name = "all",
    id = "org.audithook.all",
    summary = "Everything.",
    license = "MIT",
    in_target = true,
    report
)]
impl Plugin for All {
    type Config = Config;

    fn create(_: Host, config: Config) -> Result<Self> {
        Ok(Self { config })
    }

    /// Refuses paths by their beginning.
    ///
    /// This is not part of the summary.
    #[gate(on_failure = Deny)]
    fn by_prefix(&self, event: &Open, with: &With) -> Result<Judgement> {
        let path = event.path().ok_or(Failure::bad_argument("no path"))?;
        if path.starts_with(&with.prefix) {
            return Ok(deny!("`{}` begins with `{}`", path.display(), with.prefix));
        }
        Ok(Allow)
    }

    /// Leaves a cookie.
    #[gate(on_failure = Allow)]
    fn with_cookie(&self, _: &Event<'_>, reply: &mut Reply<'_>) -> Verdict {
        reply.set_cookie(7);
        Verdict::Warn
    }

    /// Sees an end.
    #[after]
    fn ended(&self, _: &Event<'_>, outcome: Outcome, cookie: u64) -> Result<()> {
        if outcome.errno == 0 && cookie == 0 {
            Ok(())
        } else {
            Err(Failure::error("not that"))
        }
    }

    /// Sees.
    #[observer]
    fn seen(&self, _: &SocketConnect) {}

    /// Adds numbers.
    ///
    /// With none the sum is the offset.
    #[command(default)]
    fn sum(
        &self,
        /// What to add.
        #[arg(positional, value_name = "N")]
        number: Vec<i64>,
        /// Turn the sign.
        #[arg(letter = 'n')]
        negate: bool,
    ) -> Result<i64> {
        let sum = number
            .iter()
            .try_fold(self.config.offset, |sum, number| sum.checked_add(*number))
            .ok_or(Failure::bad_argument("the sum does not fit into 64 bits"))?;
        Ok(if negate { -sum } else { sum })
    }

    /// Says a word again and again.
    #[command]
    fn repeat(
        &self,
        #[arg(positional)] word: String,
        /// How often.
        #[arg(letter = 't', default = "2")]
        times: u64,
        #[arg(choices("upper", "lower"))] case: Option<String>,
        path: Option<PathBuf>,
    ) -> Answer {
        let word = match case.as_deref() {
            Some("upper") => word.to_uppercase(),
            _ => word,
        };
        let word = path.map_or(word, |path| path.display().to_string());
        Answer::bytes(Words { word, left: times }).with_status(3)
    }

    /// What is piped in, once more.
    #[command(reads_input)]
    fn copy(&self, call: &Call<'_>) -> Result<Answer> {
        let input = call
            .input()
            .ok_or(Failure::bad_argument("nothing is piped in"))?;
        Ok(Answer::read(input))
    }
}

impl Report for All {
    fn text(&self) -> Result<String> {
        Ok(String::new())
    }

    fn json(&self) -> Result<serde_json::Value> {
        Ok(serde_json::Value::Null)
    }
}

struct Words {
    word: String,
    left: u64,
}

impl audithook_sdk::Pieces for Words {
    fn next(&mut self) -> Result<Option<&[u8]>> {
        assert!(self.word != "panic", "told to panic");
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        Ok(Some(self.word.as_bytes()))
    }
}

fn instance() -> (TestHost, audithook_sdk::testing::Instance) {
    let host = TestHost::new();
    let instance = host
        .create(audithook_plugin_entry, r#"{"offset": 1}"#)
        .expect("made");
    (host, instance)
}

#[test]
fn gates_judge_with_their_reason() {
    let (host, all) = instance();
    let gate = all
        .attach("by-prefix", r#"{"prefix": "/srv"}"#)
        .expect("attached");
    let judged = gate.judge(&host.event("open", &[("path", Value::path("/srv/key"))]));
    assert_eq!(judged.verdict(), Some(Verdict::Deny));
    assert_eq!(
        judged.reason.as_deref(),
        Some("`/srv/key` begins with `/srv`")
    );
    let judged = gate.judge(&host.event("open", &[("path", Value::path("/tmp/x"))]));
    assert_eq!(
        (judged.verdict(), judged.reason),
        (Some(Verdict::Allow), None)
    );
    let judged = gate.judge(&host.event("open", &[]));
    assert_eq!(judged.verdict(), None);
    assert_eq!(judged.reason.as_deref(), Some("no path"));
}

#[test]
fn a_with_that_does_not_fit_is_refused() {
    let (_, all) = instance();
    let error = all
        .attach("by-prefix", r#"{"prefx": "/srv"}"#)
        .expect_err("refused");
    assert!(error.reason().contains("prefx"), "{error}");
}

#[test]
fn a_gate_may_leave_a_cookie_and_answer_a_bare_verdict() {
    let (host, all) = instance();
    let judged = all
        .attach("with-cookie", "{}")
        .expect("attached")
        .judge(&host.event("x.y", &[]));
    assert_eq!((judged.verdict(), judged.cookie), (Some(Verdict::Warn), 7));
}

#[test]
fn schemas_are_those_of_the_types() {
    let (_, all) = instance();
    let config: serde_json::Value = serde_json::from_str(all.config_schema()).expect("JSON");
    assert_eq!(
        config["properties"]["offset"]["description"],
        "What is added to every sum."
    );
    let with: serde_json::Value =
        serde_json::from_str(all.with_schema("by-prefix").expect("there is such a hook"))
            .expect("JSON");
    assert_eq!(with["properties"]["prefix"]["type"], "string");
}

#[test]
fn commands_take_typed_arguments_and_answer_values() {
    let (_, all) = instance();
    let numbers = [Value::i64(40), Value::i64(1)];
    let sum = |negate| all.call("sum", &[Value::list(&numbers), Value::bool(negate)], None);
    assert_eq!(
        sum(false).expect("answered"),
        Replied::Value("42".into(), 0)
    );
    assert_eq!(
        sum(true).expect("answered"),
        Replied::Value("-42".into(), 0)
    );
    let numbers = [Value::i64(i64::MAX)];
    let error = all
        .call("sum", &[Value::list(&numbers), Value::bool(false)], None)
        .expect_err("refused");
    assert_eq!(error.reason(), "the sum does not fit into 64 bits");
}

#[test]
fn commands_answer_bytes_and_a_status() {
    let (_, all) = instance();
    let repeat = |word, case, path| {
        all.call(
            "repeat",
            &[Value::str(word), Value::u64(2), case, path],
            None,
        )
    };
    assert_eq!(
        repeat("ab", Value::NULL, Value::NULL).expect("answered"),
        Replied::Bytes(b"abab".to_vec(), 3)
    );
    assert_eq!(
        repeat("ab", Value::str("upper"), Value::NULL).expect("answered"),
        Replied::Bytes(b"ABAB".to_vec(), 3)
    );
    assert_eq!(
        repeat("ab", Value::NULL, Value::path("/x")).expect("answered"),
        Replied::Bytes(b"/x/x".to_vec(), 3)
    );
}

#[test]
fn what_is_piped_in_is_read_as_it_is_asked_for() {
    let (_, all) = instance();
    let input = vec![b'x'; 100_000];
    assert_eq!(
        all.call("copy", &[], Some(&input)).expect("answered"),
        Replied::Bytes(input.clone(), 0)
    );
    let error = all.call("copy", &[], None).expect_err("refused");
    assert_eq!(error.reason(), "nothing is piped in");
}

#[test]
fn a_panic_in_a_stream_poisons_the_instance() {
    let (_, all) = instance();
    let arguments = [Value::str("panic"), Value::u64(2), Value::NULL, Value::NULL];
    let error = all.call("repeat", &arguments, None).expect_err("panicked");
    assert_eq!(error.reason(), "told to panic");
    assert!(all.call("copy", &[], Some(b"")).is_err(), "poisoned");
}
