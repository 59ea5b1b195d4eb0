//! What a condition can never answer, because of what its arguments are.
//!
//! The catalogue says of most arguments whether they are text or a number. Only what is certain is a mistake: what the
//! catalogue does not know, what two events disagree on, and what a loop takes out of a list may be anything.

use std::fmt;

use cel::common::ast::{
    CallExpr, EntryExpr, Expr, IdedEntryExpr, IdedExpr, LiteralValue, operators,
};

use super::member;

/// What a value is, as far as operators tell the difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Truth,
    List,
    Map,
}

impl Kind {
    /// Of a word of the catalogue; `None` where it may be anything.
    pub(crate) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "path" | "str" => Self::Text,
            "u64" | "i64" | "f64" => Self::Number,
            "bool" => Self::Truth,
            "list" => Self::List,
            "map" => Self::Map,
            _ => return None,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Truth => "true or false",
            Self::List => "a list",
            Self::Map => "a map",
        })
    }
}

/// An operation that fails, or a comparison that never holds, whatever the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) message: String,
    /// The arguments that it is about, with what they are.
    pub(crate) arguments: Vec<(String, Kind)>,
}

/// Looks for the first mistake.
pub(super) fn check(
    expression: &IdedExpr,
    kind_of: &dyn Fn(&str) -> Option<Kind>,
) -> Result<(), Mistake> {
    let checker = Checker { kind_of };
    match checker.kind(expression)? {
        Some(kind) if kind != Kind::Truth => Err(checker.mistake(
            format!("it is {kind}, neither true nor false"),
            [expression],
        )),
        _ => Ok(()),
    }
}

type Found = Result<Option<Kind>, Mistake>;

struct Checker<'k> {
    kind_of: &'k dyn Fn(&str) -> Option<Kind>,
}

impl Checker<'_> {
    /// What an expression is; `None` where it may be anything.
    fn kind(&self, node: &IdedExpr) -> Found {
        if let Some(name) = argument(node) {
            return Ok((self.kind_of)(name));
        }
        Ok(match &node.expr {
            Expr::Unspecified | Expr::Ident(_) => None,
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Some(Kind::Truth),
                LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_) => {
                    Some(Kind::Number)
                }
                LiteralValue::String(_) => Some(Kind::Text),
                _ => None,
            },
            Expr::Select(select) => {
                let is_event = matches!(&select.operand.expr, Expr::Ident(name) if name == "event");
                match (select.test, self.kind(&select.operand)?) {
                    (true, _) => Some(Kind::Truth),
                    (false, _) if is_event => Some(match select.field.as_str() {
                        "name" | "source" => Kind::Text,
                        _ => Kind::Number,
                    }),
                    (false, None | Some(Kind::Map)) => None,
                    (false, Some(kind)) => {
                        let message = format!("`.{}` of {kind}", select.field);
                        return Err(self.mistake(message, [&*select.operand]));
                    }
                }
            }
            Expr::Call(call) => return self.call(call),
            Expr::List(list) => {
                for element in &list.elements {
                    self.kind(element)?;
                }
                Some(Kind::List)
            }
            Expr::Map(map) => {
                self.entries(&map.entries)?;
                Some(Kind::Map)
            }
            Expr::Struct(made) => {
                self.entries(&made.entries)?;
                None
            }
            Expr::Comprehension(each) => {
                if let Some(kind) = self.kind(&each.iter_range)?
                    && !matches!(kind, Kind::List | Kind::Map)
                {
                    return Err(self.mistake(format!("a loop over {kind}"), [&each.iter_range]));
                }
                for part in [
                    &each.accu_init,
                    &each.loop_cond,
                    &each.loop_step,
                    &each.result,
                ] {
                    self.kind(part)?;
                }
                None
            }
        })
    }

    fn entries(&self, entries: &[IdedEntryExpr]) -> Result<(), Mistake> {
        for entry in entries {
            match &entry.expr {
                EntryExpr::StructField(field) => drop(self.kind(&field.value)?),
                EntryExpr::MapEntry(member) => {
                    self.kind(&member.key)?;
                    self.kind(&member.value)?;
                }
            }
        }
        Ok(())
    }

    fn call(&self, call: &CallExpr) -> Found {
        let operands: Vec<&IdedExpr> = call
            .target
            .as_deref()
            .into_iter()
            .chain(&call.args)
            .collect();
        let kinds = operands
            .iter()
            .map(|operand| self.kind(operand))
            .collect::<Result<Vec<_>, _>>()?;
        match (operands[..].as_ref(), &kinds[..]) {
            ([one], [kind]) => self.unary(call, one, *kind),
            ([left, right], [a, b]) => self.binary(call, [left, right], [*a, *b]),
            ([condition, ..], [asked, yes, no]) if call.func_name == operators::CONDITIONAL => {
                self.wants(Kind::Truth, "?:", condition, *asked)?;
                Ok(yes.filter(|_| yes == no))
            }
            _ => Ok(None),
        }
    }

    fn unary(&self, call: &CallExpr, operand: &IdedExpr, kind: Option<Kind>) -> Found {
        let wanted = match call.func_name.as_str() {
            operators::LOGICAL_NOT => (Kind::Truth, "!"),
            operators::NEGATE => (Kind::Number, "-"),
            "size" => {
                return match kind {
                    Some(Kind::Number | Kind::Truth) => Err(self.no_such("size", operand, kind)),
                    _ => Ok(Some(Kind::Number)),
                };
            }
            _ => return Ok(None),
        };
        self.wants(wanted.0, wanted.1, operand, kind)?;
        Ok(Some(wanted.0))
    }

    fn binary(&self, call: &CallExpr, operands: [&IdedExpr; 2], kinds: [Option<Kind>; 2]) -> Found {
        let name = call.func_name.as_str();
        let both = kinds[0].zip(kinds[1]);
        let refused = |a, b| {
            let sign = name.trim_matches('_');
            Err(self.mistake(format!("`{sign}` of {a} and {b}"), operands))
        };
        match name {
            operators::LOGICAL_AND | operators::LOGICAL_OR => {
                for (operand, kind) in operands.into_iter().zip(kinds) {
                    self.wants(Kind::Truth, name.trim_matches('_'), operand, kind)?;
                }
                Ok(Some(Kind::Truth))
            }
            operators::EQUALS | operators::NOT_EQUALS => match both {
                Some((a, b)) if a != b => refused(a, b),
                _ => Ok(Some(Kind::Truth)),
            },
            operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS => match both {
                Some((a, b)) if a != b || matches!(a, Kind::List | Kind::Map) => refused(a, b),
                _ => Ok(Some(Kind::Truth)),
            },
            operators::ADD => match both {
                Some((a, b)) if a != b || matches!(a, Kind::Truth | Kind::Map) => refused(a, b),
                Some((a, _)) => Ok(Some(a)),
                None => Ok(None),
            },
            operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO => {
                match both {
                    Some((a, b)) if (a, b) != (Kind::Number, Kind::Number) => refused(a, b),
                    _ => Ok(None),
                }
            }
            operators::IN => match kinds[1] {
                Some(kind @ (Kind::Text | Kind::Number | Kind::Truth)) => {
                    Err(self.mistake(format!("`in` {kind}"), [operands[1]]))
                }
                _ => Ok(Some(Kind::Truth)),
            },
            operators::INDEX => match kinds[0] {
                Some(kind @ (Kind::Text | Kind::Number | Kind::Truth)) => {
                    Err(self.mistake(format!("`[…]` of {kind}"), [operands[0]]))
                }
                _ => Ok(None),
            },
            "startsWith" | "endsWith" | "matches" => {
                for (operand, kind) in operands.into_iter().zip(kinds) {
                    if kind.is_some_and(|kind| kind != Kind::Text) {
                        return Err(self.no_such(name, operand, kind));
                    }
                }
                Ok(Some(Kind::Truth))
            }
            "contains" => match kinds[0] {
                Some(Kind::Number | Kind::Truth) => Err(self.no_such(name, operands[0], kinds[0])),
                _ => Ok(Some(Kind::Truth)),
            },
            _ => Ok(None),
        }
    }

    /// An operator that takes one kind alone.
    fn wants(
        &self,
        wanted: Kind,
        sign: &str,
        operand: &IdedExpr,
        kind: Option<Kind>,
    ) -> Result<(), Mistake> {
        match kind {
            Some(kind) if kind != wanted => {
                Err(self.mistake(format!("`{sign}` of {kind}"), [operand]))
            }
            _ => Ok(()),
        }
    }

    fn no_such(&self, function: &str, operand: &IdedExpr, kind: Option<Kind>) -> Mistake {
        let of = kind.map_or_else(String::new, |kind| format!(" of {kind}"));
        self.mistake(format!("`{function}`{of}"), [operand])
    }

    fn mistake<'e>(
        &self,
        message: String,
        about: impl IntoIterator<Item = &'e IdedExpr>,
    ) -> Mistake {
        let known = |node| {
            let name = argument(node)?;
            Some((name.to_owned(), (self.kind_of)(name)?))
        };
        Mistake {
            message,
            arguments: about.into_iter().filter_map(known).collect(),
        }
    }
}

/// `args.path` or `args["path"]`
fn argument(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Select(select) if !select.test => match &select.operand.expr {
            Expr::Ident(name) if name == "args" => Some(&select.field),
            _ => None,
        },
        Expr::Call(call) => member(call),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use audithook_abi::{Event, Value};
    use audithook_catalogue::{arg, event};

    use super::*;
    use crate::cel::{Condition, Subject};

    const KINDS: [(&str, &str); 5] = [
        ("path", "path"),
        ("port", "u64"),
        ("flags", "list"),
        ("env", "map"),
        ("args", "any"),
    ];

    fn mistake(text: &str) -> Option<String> {
        let kinds = HashMap::from(KINDS);
        let condition = Condition::parse(text).expect(text);
        condition
            .mistake(&|name| Kind::of(kinds.get(name)?))
            .map(|mistake| mistake.message)
    }

    #[test]
    fn what_can_never_be_answered_is_found_and_what_may_be_is_not() {
        for (text, message) in [
            ("args.path > 5", "`>` of a text and a number"),
            ("5 <= args['path']", "`<=` of a number and a text"),
            ("args.path == 5", "`==` of a text and a number"),
            ("args.port != '443'", "`!=` of a number and a text"),
            ("args.port.startsWith('4')", "`startsWith` of a number"),
            ("args.path.matches(5)", "`matches` of a number"),
            ("args.path", "it is a text, neither true nor false"),
            ("size(args.path)", "it is a number, neither true nor false"),
            ("!args.path", "`!` of a text"),
            ("args.port == 1 && args.path", "`&&` of a text"),
            ("args.path.exists(c, c == '/')", "a loop over a text"),
            (
                "args.flags.exists(f, args.path > 1)",
                "`>` of a text and a number",
            ),
            ("args.flags == 'write'", "`==` of a list and a text"),
            ("args.flags > ['write']", "`>` of a list and a list"),
            ("'write' in args.path", "`in` a text"),
            ("args.path.name == 'x'", "`.name` of a text"),
            ("args.path[0] == 'x'", "`[…]` of a text"),
            ("args.path + 1 == 'x'", "`+` of a text and a number"),
            ("args.port * '2' == 4", "`*` of a number and a text"),
            ("event.name > 5", "`>` of a text and a number"),
            ("event.pid == 'x'", "`==` of a number and a text"),
            (
                "has(args.path) ? args.path : args.path",
                "it is a text, neither true nor false",
            ),
            (
                "args.path == 'x' ? args.port > 'x' : true",
                "`>` of a number and a text",
            ),
            ("size(args.port) == 1", "`size` of a number"),
            ("{'a': args.path > 1} == {}", "`>` of a text and a number"),
        ] {
            assert_eq!(mistake(text).as_deref(), Some(message), "{text}");
        }
        for text in [
            "args.path > 'a' && args.port > 5 && args.port < 5.5",
            "args.path == null",
            "args.args > 5 || args.args.startsWith('x') || args.args.exists(a, a > 1)",
            "args.other > 5 && args.other == 'x'",
            "args.flags.exists(f, f > 5 && f == 'x')",
            "args.flags.contains('write') || 'write' in args.flags",
            "args.env.PATH == 5 && args.env['x'] == 'y'",
            "args[event.name] == 5",
            "has(args.path) == true",
            "(args.port == 1 ? args.port : args.path) == 'x'",
            "args.flags + ['x'] == ['y'] && -args.port < 0 && args.port % 2 == 1",
            "args == {} && args.flags.map(f, f + 'x') == []",
            "args.args",
            "event.source == 'cpython' && event.time > 5",
        ] {
            assert_eq!(mistake(text), None, "{text}");
        }
    }

    /// What is refused here, the evaluator refuses too, or answers the same whatever the event.
    #[test]
    fn what_is_found_never_holds_when_it_is_evaluated() {
        let args = [
            Value::path("/x").named(arg::PATH),
            Value::u64(443).named(arg::PORT),
        ];
        let event = Event::new(event::OPEN, &args);
        let subject = Subject {
            event: &event,
            name: Some("open"),
            text: &|symbol| audithook_catalogue::text(symbol).map(str::to_owned),
        };
        for left in ["args.path", "args.port", "true", "[1]", "{1: 2}"] {
            for right in ["'/x'", "443", "true", "[1]", "{1: 2}"] {
                for sign in [
                    "==", "<", "<=", ">", ">=", "&&", "in", "+", "-", "*", "/", "%",
                ] {
                    let text = match sign {
                        "+" | "-" | "*" | "/" | "%" => {
                            format!("({left} {sign} {right}) == args.none")
                        }
                        _ => format!("{left} {sign} {right}"),
                    };
                    let condition = Condition::parse(&text).expect(&text);
                    let answer = condition.evaluate(&subject);
                    if mistake(&text).is_some() {
                        assert!(!matches!(answer, Ok(true)), "{text}: {answer:?}");
                    }
                }
            }
        }
    }
}
