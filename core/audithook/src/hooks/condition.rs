//! `when`: whether a hook is for an event.

use audithook_abi::{EVENT_TRUNCATED, Event, Symbol, VALUE_TRUNCATED, Value, Verdict};
use audithook_bus::{HookError, Pattern, intern, symbol};
use audithook_catalogue::arg_symbol;
use audithook_matcher::{Context, Image};
use audithook_policy::cel::{self, Subject};
use audithook_policy::image::{
    self, BuildError, HookAction, HookInput, ImageInput, RuleText, When,
};
use audithook_policy::model;

use super::true_name;

/// What a hook is for: the events, and the condition.
pub(crate) struct Case {
    on: Vec<Pattern>,
    condition: Condition,
}

impl Case {
    pub(crate) fn new(hook: &model::Hook) -> Result<Self, BuildError> {
        Ok(Self {
            on: hook.on.iter().map(|glob| Pattern::new(glob)).collect(),
            condition: Condition::new(&hook.when)?,
        })
    }

    /// Whether the policy image decides it without asking.
    pub(crate) fn is_held_by_image(&self) -> bool {
        self.condition.is_held_by_image()
    }

    /// Whether events of this name are meant.
    pub(crate) fn is_for(&self, name: &str) -> bool {
        self.on.iter().any(|pattern| pattern.matches_name(name))
    }

    /// Whether it is for an event whose name matches. The bus takes one without a number for a match of every glob.
    pub(crate) fn holds(&self, event: &Event<'_>) -> Result<bool, HookError> {
        if event.id == symbol::OVERFLOW
            && let Some(name) = true_name::of(event)
            && !self.is_for(&name)
        {
            return Ok(false);
        }
        self.condition.holds(event)
    }

    /// Whether the event is one of those that are meant.
    pub(crate) fn is_on(&self, event: &Event<'_>) -> bool {
        self.on.iter().any(|pattern| pattern.matches(event.id))
    }
}

/// The condition of a hook.
pub(crate) enum Condition {
    Always,
    Table(Table),
    Cel(cel::Condition),
}

impl Condition {
    pub(crate) fn new(when: &model::When) -> Result<Self, BuildError> {
        Ok(match when {
            model::When::Always => Self::Always,
            model::When::Table(conditions) => Self::Table(Table::new(conditions)?),
            model::When::Cel(condition) => {
                // Before a hostile process can have used up the numbers.
                for name in condition.arguments() {
                    let _ = intern(name);
                }
                Self::Cel(condition.clone())
            }
        })
    }

    /// Whether the policy image decides it without asking.
    pub(crate) fn is_held_by_image(&self) -> bool {
        match self {
            Self::Always => true,
            Self::Table(table) => {
                table
                    .parts
                    .iter()
                    .flat_map(|part| &part.arguments)
                    .all(|argument| {
                        symbol::text(*argument)
                            .is_some_and(|name| arg_symbol(name.as_bytes()).is_some())
                    })
            }
            Self::Cel(_) => false,
        }
    }

    pub(crate) fn holds(&self, event: &Event<'_>) -> Result<bool, HookError> {
        match self {
            Self::Always => Ok(true),
            Self::Table(table) => table.holds(event),
            Self::Cel(condition) => {
                let name = true_name::of(event);
                let subject = Subject {
                    event,
                    name: name.as_deref(),
                    text: &|name| symbol::text(name).map(str::to_owned),
                };
                condition.evaluate(&subject).map_err(HookError::failed)
            }
        }
    }
}

/// Globs by argument, all of which must hold.
///
/// An image of one hook: so a table means here exactly what it means in the target. The image knows the catalogue's names
/// only, so that the arguments go by their places in the table, whatever they are called.
pub(crate) struct Table {
    parts: Vec<Part>,
}

/// As many arguments as the catalogue has names for places.
struct Part {
    arguments: Vec<Symbol>,
    image: Vec<u8>,
}

/// `0` to `9`.
const PLACES: usize = 10;

impl Table {
    fn new(conditions: &[(String, Vec<String>)]) -> Result<Self, BuildError> {
        let parts = conditions.chunks(PLACES).map(Part::new);
        Ok(Self {
            parts: parts.collect::<Result<_, _>>()?,
        })
    }

    /// An argument that does not match decides, whatever the others are; else one that was cut leaves it open.
    fn holds(&self, event: &Event<'_>) -> Result<bool, HookError> {
        let mut all = Ok(true);
        for part in &self.parts {
            match part.holds(event) {
                Ok(false) => return Ok(false),
                Ok(true) => {}
                error => all = error,
            }
        }
        all
    }
}

impl Part {
    fn new(conditions: &[(String, Vec<String>)]) -> Result<Self, BuildError> {
        let table = conditions
            .iter()
            .enumerate()
            .map(|(place, (_, globs))| (place.to_string(), globs.clone()))
            .collect();
        let input = ImageInput {
            rules: vec![RuleText::default()],
            hooks: vec![HookInput {
                on: vec!["*".to_owned()],
                when: When::Table(table),
                action: HookAction::Verdict(HOLDS),
                rule: 0,
            }],
            ..ImageInput::default()
        };
        Ok(Self {
            arguments: conditions.iter().map(|(name, _)| intern(name)).collect(),
            image: image::build(&input)?,
        })
    }

    fn holds(&self, event: &Event<'_>) -> Result<bool, HookError> {
        let mut values = [Value::NULL; PLACES];
        let mut is_missing = false;
        for (place, (value, name)) in values.iter_mut().zip(&self.arguments).enumerate() {
            match argument(event, *name) {
                Some(argument) => *value = argument.named(place_name(place)),
                // It may be what was cut off.
                None if event.flags & EVENT_TRUNCATED != 0 => {
                    is_missing = true;
                    *value = Value::NULL
                        .flagged(VALUE_TRUNCATED)
                        .named(place_name(place));
                }
                None => return Ok(false),
            }
        }
        let image = Image::parse(&self.image).map_err(HookError::failed)?;
        let plan = image.plan(b"table");
        let judgement = image.judge(&plan, &values[..self.arguments.len()], &Context::NONE);
        match (judgement.ask, is_missing) {
            (false, _) => Ok(judgement.verdict == HOLDS),
            (true, false) => Err(HookError::BadArgument("it was cut".into())),
            (true, true) => Err(HookError::BadArgument("the event was cut".into())),
        }
    }
}

/// What the image of a table says where the table holds. It asks where that cannot be said.
const HOLDS: Verdict = Verdict::Warn;

/// An argument by name; one without a name by its place.
fn argument<'a>(event: &Event<'a>, name: Symbol) -> Option<&'a Value<'a>> {
    event.arg(name).or_else(|| {
        let place: usize = symbol::text(name)?.parse().ok()?;
        event
            .args()
            .get(place)
            .filter(|value| value.name() == Symbol::NONE)
    })
}

fn place_name(place: usize) -> Symbol {
    let digit = [b'0' + place as u8];
    arg_symbol(&digit).unwrap_or(Symbol::NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(conditions: &[(&str, &[&str])]) -> Condition {
        let conditions = conditions
            .iter()
            .map(|(name, globs)| {
                let globs = globs.iter().map(|glob| (*glob).to_owned()).collect();
                ((*name).to_owned(), globs)
            })
            .collect();
        Condition::new(&model::When::Table(conditions)).expect("built")
    }

    fn holds(condition: &Condition, args: &[Value<'_>]) -> bool {
        condition
            .holds(&Event::new(intern("shop.order"), args))
            .expect("judged")
    }

    #[test]
    fn a_table_holds_if_every_argument_matches_one_of_its_globs() {
        let condition = table(&[("customer", &["a*", "z"]), ("total", &["0"])]);
        let (customer, total) = (intern("customer"), intern("total"));
        let order = |who: &'static str, sum| {
            [
                Value::str(who).named(customer),
                Value::u64(sum).named(total),
            ]
        };
        assert!(holds(&condition, &order("anna", 0)));
        assert!(holds(&condition, &order("z", 0)));
        assert!(!holds(&condition, &order("bob", 0)));
        assert!(!holds(&condition, &order("anna", 10)));
        assert!(!holds(&condition, &[Value::u64(0).named(total)]));
    }

    #[test]
    fn only_tables_on_the_catalogues_names_are_held_by_the_image() {
        assert!(table(&[("path", &["/x"]), ("0", &["y"])]).is_held_by_image());
        assert!(!table(&[("path", &["/x"]), ("customer.of.nobody", &["y"])]).is_held_by_image());
        assert!(Condition::Always.is_held_by_image());
    }

    #[test]
    fn an_argument_without_a_name_goes_by_its_place() {
        let condition = table(&[("1", &["yes"])]);
        assert!(holds(&condition, &[Value::str("no"), Value::str("yes")]));
        assert!(!holds(&condition, &[Value::str("yes"), Value::str("no")]));
        assert!(!holds(&condition, &[Value::str("yes")]));
    }

    #[test]
    fn a_table_may_have_more_arguments_than_places_have_names() {
        let names: Vec<String> = (0..23).map(|place| format!("argument{place}")).collect();
        let conditions: Vec<(&str, &[&str])> = names
            .iter()
            .map(|name| (name.as_str(), &["on"][..]))
            .collect();
        let condition = table(&conditions);
        let mut args: Vec<_> = names
            .iter()
            .map(|name| Value::str("on").named(intern(name)))
            .collect();
        assert!(holds(&condition, &args));
        args[22] = Value::str("off").named(intern(&names[22]));
        assert!(!holds(&condition, &args));
    }

    #[test]
    fn what_was_cut_leaves_a_table_open_unless_another_argument_decides() {
        let condition = table(&[("customer", &["a*"]), ("total", &["0"])]);
        let (customer, total) = (intern("customer"), intern("total"));
        let cut = Value::str("anna").flagged(VALUE_TRUNCATED).named(customer);
        let ask = |args: &[Value<'_>], flags| {
            let mut event = Event::new(intern("shop.order"), args);
            event.flags = flags;
            condition.holds(&event).ok()
        };
        assert!(ask(&[cut, Value::u64(0).named(total)], 0).is_none());
        assert_eq!(ask(&[cut, Value::u64(1).named(total)], 0), Some(false));
        assert_eq!(ask(&[Value::u64(0).named(total)], 0), Some(false));
        assert!(ask(&[Value::u64(0).named(total)], EVENT_TRUNCATED).is_none());
        assert_eq!(
            ask(&[Value::u64(1).named(total)], EVENT_TRUNCATED),
            Some(false)
        );
    }
}
