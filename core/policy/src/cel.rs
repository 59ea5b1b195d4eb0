//! Conditions in CEL, for what a table of globs cannot say.
//!
//! A condition sees two variables. `args` is a map of the event's arguments by name; `event` has `name`, `source`,
//! `pid`, `tid` and `time` (nanoseconds of the monotonic clock). Text that is not UTF-8 is seen lossily; an argument
//! that the event does not have is an error, which `on-error` decides, and `has(args.x)` asks for it.
//!
//! Evaluation is bounded: lists inside arguments are refused beyond a size that the nesting of the condition's own
//! loops sets, so that no event of a hostile process can hold the supervisor up. The condition itself is bounded as well:
//! parser and evaluator call themselves for what nests, and neither may come to the end of a stack.

mod extent;
mod types;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use audithook_abi::{EVENT_TRUNCATED, Event, Symbol, VALUE_TRUNCATED, Value, View};
use audithook_bus::symbol::OVERFLOW;
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};
use cel::objects::{Key, Map};
use cel::{Context, Env, ExecutionError, Program};

use crate::nearest::{listed, nearest};

pub(crate) use types::{Kind, Mistake};

/// The longest condition, in bytes.
const LONGEST: usize = 4096;
/// How deep loops (`all`, `exists`, `map`, `filter`) may stand in each other.
const LOOPS: u32 = 2;
/// How many turns the loops of one condition may take together, about.
const TURNS: usize = 1 << 16;
/// How deep lists and maps in arguments may go.
const DEPTH: u32 = 8;
/// How many steps deep the expression may be. The evaluator calls itself for each, on the stack of whoever asks: without
/// optimisation 38 KiB a step, of the 2 MiB that a thread has.
const STEPS: u32 = 32;
/// The stack of the parser, which takes up to 180 KiB a level without optimisation.
const PARSER_STACK: usize = 32 << 20;

/// What a condition that is too large could be instead.
const TOO_MUCH: &str =
    "make several hooks of it, or compare with a list: `args.path in [\"/a\", \"/b\"]`";

/// The types that CEL names; `type(args.path) == string` compares with one.
const TYPES: [&str; 10] = [
    "bool",
    "bytes",
    "double",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
];

/// The functions that somebody may have meant.
const FUNCTIONS: [&str; 12] = [
    "bool",
    "bytes",
    "contains",
    "double",
    "endsWith",
    "int",
    "matches",
    "size",
    "startsWith",
    "string",
    "type",
    "uint",
];

/// The fields of `event`.
const EVENT_FIELDS: [&str; 5] = ["name", "source", "pid", "tid", "time"];

/// A parsed condition.
#[derive(Clone)]
pub struct Condition {
    text: String,
    program: Arc<Program>,
    arguments: Vec<String>,
    /// The arguments that it asks for with `has`.
    asked: Vec<String>,
    /// It may read any argument: `args` is not only taken by its members' names.
    reads_all: bool,
    reads_name: bool,
    /// It asks whether the event has a name, or takes all of `event`.
    asks_for_name: bool,
    largest: usize,
}

/// What a condition is asked about.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The event.
    pub event: &'a Event<'a>,
    /// Its name; `None` where nobody knows it.
    pub name: Option<&'a str>,
    /// The names of its arguments.
    pub text: &'a dyn Fn(Symbol) -> Option<String>,
}

impl fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({})", self.name.unwrap_or("?"))
    }
}

/// Why a text is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// Line and column in the text, from 1, where the parser knows them.
    pub position: Option<(usize, usize)>,
    /// What to do about it, where there is something that is not a look at the manual.
    pub hint: Option<Cow<'static, str>>,
}

impl ParseError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            position: None,
            hint: None,
        }
    }

    fn too_much(message: String) -> Self {
        Self {
            hint: Some(TOO_MUCH.into()),
            ..Self::new(message)
        }
    }
}

/// Why a condition has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConditionError {
    /// the condition failed: {0}
    #[error("the condition failed: {0}")]
    Failed(String),
    /// the condition is neither true nor false: {0}
    #[error("the condition is neither true nor false: {0}")]
    NotTruth(&'static str),
    /// an argument that it reads was cut
    #[error("an argument that it reads was cut")]
    Cut,
    /// the event's name is not known
    #[error(
        "the event's name, which it reads, is not known: it is too long, or came after too many others"
    )]
    Nameless,
    /// an argument is larger than a condition may look at
    #[error("an argument is larger than a condition may look at")]
    TooLarge,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.len() > LONGEST {
            return Err(ParseError::too_much(format!("longer than {LONGEST} bytes")));
        }
        extent::check(text)?;
        let (program, survey) = on_a_stack_of_its_own(|| surveyed(text))?;
        if survey.loops > LOOPS {
            return Err(ParseError::too_much(format!(
                "loops in loops go deeper than {LOOPS}"
            )));
        }
        Ok(Self {
            text: text.to_owned(),
            program: Arc::new(program),
            arguments: survey.arguments,
            asked: survey.asked,
            reads_all: survey.reads_all,
            reads_name: survey.reads_name,
            asks_for_name: survey.asks_for_name,
            largest: if survey.loops < LOOPS {
                TURNS
            } else {
                1 << (TURNS.ilog2() / 2 + 2)
            },
        })
    }

    /// The condition as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The arguments that it asks for by name, in order.
    #[must_use]
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// Whether it asks with `has` whether the event has this argument.
    pub(crate) fn asks_for(&self, argument: &str) -> bool {
        self.asked.iter().any(|asked| asked == argument)
    }

    /// What can never be answered, whatever the event, where the arguments are of these kinds.
    pub(crate) fn mistake(&self, kind_of: &dyn Fn(&str) -> Option<Kind>) -> Option<Mistake> {
        types::check(self.program.expression(), kind_of).err()
    }

    /// Whether the condition holds.
    ///
    /// # Errors
    /// A type error, a missing argument, or an argument beyond the bounds.
    pub fn evaluate(&self, subject: &Subject<'_>) -> Result<bool, ConditionError> {
        let is_nameless = subject.name.is_none();
        if is_nameless && self.asks_for_name {
            return Err(ConditionError::Nameless);
        }
        let mut budget = self.largest;
        let (args, misses) = arguments(self, subject, &mut budget)?;
        let mut context = Context::with_env(Arc::clone(environment()));
        context.add_variable_from_value("args", args);
        context.add_variable_from_value("event", described(subject));
        match self.program.execute(&context) {
            Ok(cel::Value::Bool(truth)) => Ok(truth),
            Ok(other) => Err(ConditionError::NotTruth(kind(&other))),
            Err(_) if misses => Err(ConditionError::Cut),
            Err(_) if is_nameless && self.reads_name => Err(ConditionError::Nameless),
            Err(error) => Err(ConditionError::Failed(shortened(&error.to_string()))),
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition({:?})", self.text)
    }
}

fn environment() -> &'static Arc<Env> {
    static ENVIRONMENT: OnceLock<Arc<Env>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| Arc::new(Env::stdlib()))
}

/// A thread may have little left of its stack, or have been given a small one.
fn on_a_stack_of_its_own<T: Send>(
    work: impl FnOnce() -> Result<T, ParseError> + Send,
) -> Result<T, ParseError> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("condition".to_owned())
            .stack_size(PARSER_STACK)
            .spawn_scoped(scope, work)
            .map_err(|error| ParseError::new(format!("no thread to read it: {error}")))?
            .join()
            .unwrap_or_else(|_| Err(ParseError::new("the parser failed")))
    })
}

fn surveyed(text: &str) -> Result<(Program, Survey), ParseError> {
    let program = parsed(text)?;
    let mut survey = Survey::default();
    survey.visit(program.expression(), 0, &mut Vec::new())?;
    survey.arguments.sort();
    survey.arguments.dedup();
    Ok((program, survey))
}

fn parsed(text: &str) -> Result<Program, ParseError> {
    environment().compile(text).map_err(|errors| {
        let first = errors.errors.first();
        let position = first.and_then(|error| {
            let line = usize::try_from(error.pos.0).ok().filter(|line| *line > 0)?;
            Some((line, usize::try_from(error.pos.1).ok()?.max(1)))
        });
        let message =
            first.map_or_else(|| "not an expression".to_owned(), |error| plain(&error.msg));
        ParseError {
            message: shortened(&message),
            position,
            hint: None,
        }
    })
}

/// The parser's message without the tokens that it would have liked better.
fn plain(message: &str) -> String {
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    let message = message.split(" expecting ").next().unwrap_or_default();
    let input = [
        "mismatched input ",
        "extraneous input ",
        "no viable alternative at input ",
        "token recognition error at: ",
    ]
    .iter()
    .find_map(|start| message.strip_prefix(start))
    .map(|input| input.trim_matches('\''));
    match input {
        Some("<EOF>") => "it ends too early".to_owned(),
        Some(input) => format!("unexpected: `{input}`"),
        None => message.to_owned(),
    }
}

/// What an expression refers to.
#[derive(Default)]
struct Survey {
    loops: u32,
    depth: u32,
    arguments: Vec<String>,
    asked: Vec<String>,
    reads_all: bool,
    reads_name: bool,
    asks_for_name: bool,
}

impl Survey {
    fn visit(
        &mut self,
        node: &IdedExpr,
        loops: u32,
        bound: &mut Vec<String>,
    ) -> Result<(), ParseError> {
        self.depth += 1;
        if self.depth > STEPS {
            return Err(ParseError::too_much(format!(
                "it goes deeper than {STEPS} steps"
            )));
        }
        self.visit_parts(node, loops, bound)?;
        self.depth -= 1;
        Ok(())
    }

    /// Only `args`, `event` and the variables of loops have a meaning.
    fn visit_parts(
        &mut self,
        node: &IdedExpr,
        loops: u32,
        bound: &mut Vec<String>,
    ) -> Result<(), ParseError> {
        self.loops = self.loops.max(loops);
        match &node.expr {
            Expr::Unspecified | Expr::Literal(_) => {}
            Expr::Ident(name) => {
                let is_known = matches!(name.as_str(), "args" | "event")
                    || bound.iter().any(|known| known == name)
                    || TYPES.contains(&name.as_str());
                if !is_known {
                    return Err(ParseError::new(format!("unknown variable: `{name}`")));
                }
                self.reads_all |= name == "args";
                self.asks_for_name |= name == "event";
            }
            Expr::Select(select) => {
                if let Expr::Ident(name) = &select.operand.expr {
                    match name.as_str() {
                        "args" => {
                            self.arguments.push(select.field.clone());
                            if select.test {
                                self.asked.push(select.field.clone());
                            }
                            return Ok(());
                        }
                        "event" if !EVENT_FIELDS.contains(&select.field.as_str()) => {
                            return Err(ParseError::new(format!(
                                "unknown field: `event.{}`",
                                select.field
                            )));
                        }
                        "event" => {
                            let is_name = select.field == "name";
                            self.reads_name |= is_name;
                            self.asks_for_name |= is_name && select.test;
                            return Ok(());
                        }
                        _ => {}
                    }
                }
                self.visit(&select.operand, loops, bound)?;
            }
            Expr::Call(call) => {
                if let Some(name) = member(call) {
                    self.arguments.push(name.to_owned());
                    return Ok(());
                }
                if !is_function(call) {
                    return Err(no_function(&call.func_name));
                }
                for part in call.target.as_deref().into_iter().chain(&call.args) {
                    self.visit(part, loops, bound)?;
                }
            }
            Expr::List(list) => {
                for element in &list.elements {
                    self.visit(element, loops, bound)?;
                }
            }
            Expr::Map(map) => self.entries(&map.entries, loops, bound)?,
            Expr::Struct(made) => self.entries(&made.entries, loops, bound)?,
            Expr::Comprehension(each) => {
                self.visit(&each.iter_range, loops, bound)?;
                let before = bound.len();
                bound.push(each.iter_var.clone());
                bound.extend(each.iter_var2.clone());
                bound.push(each.accu_var.clone());
                for part in [
                    &each.accu_init,
                    &each.loop_cond,
                    &each.loop_step,
                    &each.result,
                ] {
                    self.visit(part, loops + 1, bound)?;
                }
                bound.truncate(before);
            }
        }
        Ok(())
    }

    fn entries(
        &mut self,
        entries: &[cel::common::ast::IdedEntryExpr],
        loops: u32,
        bound: &mut Vec<String>,
    ) -> Result<(), ParseError> {
        use cel::common::ast::EntryExpr;
        for entry in entries {
            match &entry.expr {
                EntryExpr::StructField(field) => self.visit(&field.value, loops, bound)?,
                EntryExpr::MapEntry(member) => {
                    self.visit(&member.key, loops, bound)?;
                    self.visit(&member.value, loops, bound)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether the evaluator has a function of this name. Only it knows all of them: it is asked without arguments, and what it
/// finds wrong then is the name or their lack.
fn is_function(call: &CallExpr) -> bool {
    if !call
        .func_name
        .starts_with(|first: char| first.is_ascii_alphabetic())
    {
        // An operator.
        return true;
    }
    let target = if call.target.is_some() { "''." } else { "" };
    let Ok(program) = environment().compile(&format!("{target}{}()", call.func_name)) else {
        // A macro, which is no function any more where it was understood.
        return false;
    };
    let answer = program.execute(&Context::with_env(Arc::clone(environment())));
    !matches!(answer, Err(ExecutionError::UndeclaredReference(_)))
}

fn no_function(name: &str) -> ParseError {
    let hint = match nearest(name, FUNCTIONS) {
        Some(near) if near != name => format!("did you mean `{near}`?"),
        Some(near) => format!("it belongs behind a value: `args.path.{near}(\"/srv/\")`"),
        None => format!("one of {}", listed(FUNCTIONS)),
    };
    ParseError {
        hint: Some(hint.into()),
        ..ParseError::new(format!("no such function: `{name}`"))
    }
}

/// `args["name"]`
fn member(call: &CallExpr) -> Option<&str> {
    match (call.func_name.as_str(), &call.args[..]) {
        (operators::INDEX, [map, key]) if call.target.is_none() => match (&map.expr, &key.expr) {
            (Expr::Ident(map), Expr::Literal(LiteralValue::String(key))) if map == "args" => {
                Some(key.inner())
            }
            _ => None,
        },
        _ => None,
    }
}

/// The arguments as the condition sees them, and whether some are not there because they were cut: who reads one finds an
/// error, which an expression that is decided without it passes over.
fn arguments(
    condition: &Condition,
    subject: &Subject<'_>,
    budget: &mut usize,
) -> Result<(cel::Value, bool), ConditionError> {
    let mut members = HashMap::new();
    let mut cut = Vec::new();
    let mut unnamed = false;
    for (place, argument) in subject.event.args().iter().enumerate() {
        if argument.name() == OVERFLOW {
            // Which one it is nobody knows: none that is asked for by name, for those have numbers.
            unnamed = true;
            continue;
        }
        let name = (subject.text)(argument.name()).unwrap_or_else(|| place.to_string());
        if is_cut(argument, 0) {
            cut.push(name);
        } else {
            members.insert(Key::from(name), value(argument, budget, 0)?);
        }
    }
    let rest_is_cut = subject.event.flags & EVENT_TRUNCATED != 0;
    // What asks whether an argument is there gets no error from one that is not.
    let is_hidden = |name: &String| {
        cut.contains(name) || rest_is_cut && !members.contains_key(&Key::from(name.clone()))
    };
    let is_cut = rest_is_cut || !cut.is_empty();
    if (is_cut || unnamed) && condition.reads_all || condition.asked.iter().any(is_hidden) {
        return Err(ConditionError::Cut);
    }
    let misses = condition.arguments.iter().any(is_hidden);
    Ok((cel::Value::Map(Map::from(members)), misses))
}

/// Whether the value, or one in it, is not all that there was.
fn is_cut(value: &Value<'_>, depth: u32) -> bool {
    let inner = match value.view() {
        View::List(values) | View::Map(values) if depth <= DEPTH => values,
        _ => &[],
    };
    value.flags() & VALUE_TRUNCATED != 0 || inner.iter().any(|value| is_cut(value, depth + 1))
}

fn value(
    argument: &Value<'_>,
    budget: &mut usize,
    depth: u32,
) -> Result<cel::Value, ConditionError> {
    *budget = budget.checked_sub(1).ok_or(ConditionError::TooLarge)?;
    if depth > DEPTH {
        return Err(ConditionError::TooLarge);
    }
    Ok(match argument.view() {
        View::Bool(truth) => cel::Value::Bool(truth),
        View::I64(number) => cel::Value::Int(number),
        // Integers of events compare with the plain numbers of a condition.
        View::U64(number) => {
            i64::try_from(number).map_or(cel::Value::UInt(number), cel::Value::Int)
        }
        View::F64(number) => cel::Value::Float(number),
        View::Fd(number) => cel::Value::Int(number.into()),
        View::Str(text) | View::Path(text) => {
            cel::Value::String(Arc::new(String::from_utf8_lossy(text).into_owned()))
        }
        View::Bytes(bytes) | View::Addr(bytes) => cel::Value::Bytes(Arc::new(bytes.to_vec())),
        View::List(elements) => {
            let elements = elements
                .iter()
                .map(|element| value(element, budget, depth + 1));
            cel::Value::List(Arc::new(elements.collect::<Result<_, _>>()?))
        }
        View::Map(pairs) => {
            let mut members = HashMap::new();
            for pair in pairs.chunks_exact(2) {
                let key = match pair[0].view() {
                    View::Str(text) | View::Bytes(text) | View::Path(text) => {
                        String::from_utf8_lossy(text).into_owned()
                    }
                    View::I64(number) => number.to_string(),
                    View::U64(number) => number.to_string(),
                    _ => continue,
                };
                members.insert(Key::from(key), value(&pair[1], budget, depth + 1)?);
            }
            cel::Value::Map(Map::from(members))
        }
        _ => cel::Value::Null,
    })
}

fn described(subject: &Subject<'_>) -> cel::Value {
    let event = subject.event;
    let source = event
        .source()
        .map_or("unknown", audithook_abi::Source::as_str);
    let time = i64::try_from(event.time_ns).unwrap_or(i64::MAX);
    let members: HashMap<Key, cel::Value> = EVENT_FIELDS
        .iter()
        .filter(|field| **field != "name" || subject.name.is_some())
        .map(|field| {
            let value = match *field {
                "name" => cel::Value::from(subject.name.unwrap_or_default()),
                "source" => cel::Value::from(source),
                "pid" => cel::Value::Int(event.pid.into()),
                "tid" => cel::Value::Int(event.tid.into()),
                _ => cel::Value::Int(time),
            };
            (Key::from((*field).to_owned()), value)
        })
        .collect();
    cel::Value::Map(Map::from(members))
}

fn kind(value: &cel::Value) -> &'static str {
    match value {
        cel::Value::List(_) => "a list",
        cel::Value::Map(_) | cel::Value::Struct(_) => "a map",
        cel::Value::Int(_) | cel::Value::UInt(_) | cel::Value::Float(_) => "a number",
        cel::Value::String(_) => "a text",
        cel::Value::Bytes(_) => "bytes",
        cel::Value::Null => "null",
        _ => "something else",
    }
}

/// Messages of the interpreter may hold the arguments of a hostile process.
fn shortened(message: &str) -> String {
    const LONGEST: usize = 200;
    let line = message.lines().next().unwrap_or_default();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use audithook_catalogue::{arg, event};

    use super::*;

    fn ask(condition: &str, args: &[Value<'_>]) -> Result<bool, ConditionError> {
        evaluated(&Condition::parse(condition).expect("a condition"), args)
    }

    fn evaluated(condition: &Condition, args: &[Value<'_>]) -> Result<bool, ConditionError> {
        let event = Event::new(event::OPEN, args);
        condition.evaluate(&Subject {
            event: &event,
            name: Some("open"),
            text: &|symbol| audithook_catalogue::text(symbol).map(str::to_owned),
        })
    }

    #[test]
    fn the_condition_of_the_manual_holds_for_a_write_below_srv() {
        let text = r#"args.flags.exists(f, f == "write") && args.path.startsWith("/srv/") && event.source == "app""#;
        let read = [Value::str("read")];
        let write = [Value::str("read"), Value::str("write")];
        let path = Value::path("/srv/data").named(arg::PATH);
        let asked = |flags| ask(text, &[path, Value::list(flags).named(arg::FLAGS)]);
        assert_eq!(asked(&write), Ok(true));
        assert_eq!(asked(&read), Ok(false));
    }

    #[test]
    fn numbers_bytes_and_places_are_seen_as_they_are() {
        let args = [
            Value::u64(443).named(arg::PORT),
            Value::str(b"\xff!"),
            Value::i64(-1),
        ];
        assert_eq!(ask("args.port > 442 && args['2'] < 0", &args), Ok(true));
        assert_eq!(ask("args['1'].endsWith('!')", &args), Ok(true));
        assert_eq!(ask("has(args.host)", &args), Ok(false));
        assert_eq!(ask(r#"event.name.matches("^o.*n$")"#, &args), Ok(true));
    }

    #[test]
    fn a_type_error_and_a_missing_argument_are_errors_and_no_verdict() {
        assert!(matches!(
            ask("args.path == 'x'", &[]),
            Err(ConditionError::Failed(_))
        ));
        assert_eq!(
            ask("args.path", &[Value::path("/").named(arg::PATH)]),
            Err(ConditionError::NotTruth("a text"))
        );
        let args = [Value::str("x").named(arg::HOST)];
        assert!(matches!(
            ask("args.host > 5", &args),
            Err(ConditionError::Failed(_))
        ));
    }

    #[test]
    fn types_are_values() {
        let args = [
            Value::path("/x").named(arg::PATH),
            Value::u64(443).named(arg::PORT),
            Value::list(&[]).named(arg::FLAGS),
        ];
        for (text, truth) in [
            ("type(args.path) == string", true),
            ("type(args.path) != string", false),
            ("type(args.port) == int", true),
            ("type(args.port) in [int, uint]", true),
            ("type(args.flags) == list", true),
            ("type(type(args.path)) == type", true),
            ("type(null) == null_type", true),
        ] {
            assert_eq!(ask(text, &args), Ok(truth), "{text}");
        }
    }

    #[test]
    fn unknown_variables_and_fields_are_found_when_the_policy_is_loaded() {
        for (text, message) in [
            ("path == 'x'", "unknown variable: `path`"),
            ("event.user == 'x'", "unknown field: `event.user`"),
            ("args.flags.exists(f, g == 'x')", "unknown variable: `g`"),
            ("frob(args.path)", "no such function: `frob`"),
            (
                "args.path.startswith('/x')",
                "no such function: `startswith`",
            ),
            (
                "startsWith(args.path, '/x')",
                "no such function: `startsWith`",
            ),
            (
                "args.flags.exists(f, lower(f) == 'x')",
                "no such function: `lower`",
            ),
        ] {
            assert_eq!(Condition::parse(text).expect_err(text).message, message);
        }
        assert!(Condition::parse("args.path ==").is_err());
        assert!(Condition::parse("").is_err());
        assert_eq!(
            Condition::parse("args.b == 1 || args.a.all(x, x == args.b)")
                .expect("parsed")
                .arguments(),
            ["a", "b"]
        );
    }

    #[test]
    fn evaluation_is_bounded() {
        let nested = "args.a.all(x, args.a.all(y, args.a.all(z, x == y && y == z)))";
        assert!(Condition::parse(nested).is_err());
        assert!(
            Condition::parse(&format!("{}true{}", "(".repeat(3000), ")".repeat(3000))).is_err()
        );
        assert!(Condition::parse(&"a".repeat(5000)).is_err());
        let long = vec![Value::u64(1); 1 << 17];
        let args = [Value::list(&long).named(arg::ARGS)];
        assert_eq!(
            ask("args.args.all(x, x == 1)", &args),
            Err(ConditionError::TooLarge)
        );
    }

    /// The test's own thread has 2 MiB: what is let through has to be parsed, evaluated and dropped on it.
    #[test]
    fn no_condition_comes_to_the_end_of_a_stack() {
        let nested = |open: &str, close: &str, count: usize| {
            format!("{}1{}", open.repeat(count), close.repeat(count))
        };
        for (open, close) in [
            ("(", ")"),
            ("[", "]"),
            ("{1:", "}"),
            ("true?2:", ""),
            ("true?(", "):1"),
            ("1+(", ")"),
            ("1==1&&1<1+2*(", ")"),
            ("size([", "])"),
            ("''.startsWith(", ")"),
            ("[1].all(x,", ")"),
            ("!", ""),
            ("-", ""),
            ("1+", ""),
            ("1==", ""),
            ("true||", ""),
            ("2*1+1<1||", ""),
        ] {
            for count in (1..50).chain([100, 200, 500, 1900]) {
                let text = nested(open, close, count);
                match Condition::parse(&text) {
                    Ok(condition) => drop(evaluated(&condition, &[])),
                    Err(error) => assert!(count > 2, "{text}: {error}"),
                }
            }
        }
        for step in [".a", "[0]", ".f()", ".all(x, true)"] {
            for count in (1..50).chain([100, 200, 1000]) {
                if let Ok(condition) = Condition::parse(&format!("args{}", step.repeat(count))) {
                    drop(evaluated(&condition, &[]));
                }
            }
        }
        assert_eq!(
            Condition::parse(&vec!["1"; 100].join("+"))
                .expect_err("too deep")
                .message,
            "it goes deeper than 32 steps"
        );
    }

    #[test]
    fn many_alternatives_go_on_being_a_condition() {
        let text = vec!["args.port == 443"; 64].join(" || ");
        assert_eq!(ask(&text, &[Value::u64(443).named(arg::PORT)]), Ok(true));
    }

    #[test]
    fn a_condition_that_depends_on_what_was_cut_has_no_answer() {
        let cut = |value: Value<'static>| value.flagged(VALUE_TRUNCATED);
        let list = [Value::str("a"), cut(Value::str("b"))];
        let args = [
            cut(Value::path("/srv/x")).named(arg::PATH),
            Value::list(&list).named(arg::FLAGS),
            Value::u64(443).named(arg::PORT),
            cut(Value::NULL),
        ];
        for text in [
            "args.path.startsWith('/srv')",
            "args.port == 443 && args.path == 'x'",
            "args.flags.exists(f, f == 'a')",
            "has(args.path)",
            "!has(args.path)",
            "args['3'] == 1",
            "args['path'] == 'x'",
            "args.exists(name, name == 'port')",
            "'path' in args",
            "args[event.name] == 1",
            "args == {}",
        ] {
            assert_eq!(ask(text, &args), Err(ConditionError::Cut), "{text}");
        }
        for (text, holds) in [
            ("args.port == 443", true),
            ("args['port'] == 443", true),
            ("args.port == 443 || args.path == 'x'", true),
            ("args.port == 1 && args.path == 'x'", false),
            ("has(args.port) && !has(args.host)", true),
            ("event.name == 'open'", true),
        ] {
            assert_eq!(ask(text, &args), Ok(holds), "{text}");
        }
    }

    #[test]
    fn a_condition_on_a_name_that_nobody_knows_has_no_answer() {
        let ask = |text: &str, args: &[Value<'_>]| {
            let event = Event::new(OVERFLOW, args);
            Condition::parse(text).expect(text).evaluate(&Subject {
                event: &event,
                name: None,
                text: &|symbol| audithook_catalogue::text(symbol).map(str::to_owned),
            })
        };
        let port = Value::u64(443).named(arg::PORT);
        for text in [
            "event.name == 'open'",
            "event.name != 'open'",
            "has(event.name)",
            "!has(event.name)",
            "event['name'] == 'open'",
            "event == {}",
            "args.port == 443 && event.name.startsWith('order.')",
        ] {
            assert_eq!(ask(text, &[port]), Err(ConditionError::Nameless), "{text}");
        }
        assert_eq!(ask("args.port == 443 && event.pid == 0", &[port]), Ok(true));
        assert_eq!(
            ask("args.port == 1 && event.name == 'x'", &[port]),
            Ok(false)
        );
        let unknown = Value::u64(1).named(OVERFLOW);
        assert_eq!(ask("args.port == 443", &[unknown, port]), Ok(true));
        assert_eq!(
            ask("size(args) == 1", &[unknown, port]),
            Err(ConditionError::Cut)
        );
    }

    #[test]
    fn what_is_missing_from_an_event_that_was_cut_may_have_been_there() {
        let ask = |text: &str| {
            let args = [Value::u64(443).named(arg::PORT)];
            let mut event = Event::new(event::OPEN, &args);
            event.flags = EVENT_TRUNCATED;
            Condition::parse(text).expect(text).evaluate(&Subject {
                event: &event,
                name: Some("open"),
                text: &|symbol| audithook_catalogue::text(symbol).map(str::to_owned),
            })
        };
        assert_eq!(ask("has(args.host)"), Err(ConditionError::Cut));
        assert_eq!(ask("args.host == 'x'"), Err(ConditionError::Cut));
        assert_eq!(ask("size(args) == 1"), Err(ConditionError::Cut));
        assert_eq!(ask("has(args.port) && args.port == 443"), Ok(true));
    }
}
