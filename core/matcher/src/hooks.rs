//! `[[hook]]` and the journal: what an event's name wants, and whether a hook's condition holds.

use core::fmt::Write;

use audithook_abi::{Symbol, VALUE_TRUNCATED, Value, Verdict, View};
use audithook_catalogue::Operation;

use crate::format::{
    CONDITION_SIZE, EVENT_SIZE, Field, GROUP_SIZE, HOOK_SIZE, PATTERN_SIZE, TEXT_SIZE, action, when,
};
use crate::glob::{covers_path, matches_text};
use crate::judge::argument;
use crate::plan::{MOST_GROUPS, Plan, needs};
use crate::table::{Map, Numbers, Row, Rows, slice};
use crate::{Image, Judgement, Mode};

/// The tables of hooks and of what is journalled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hooks<'a> {
    pub(crate) events: Rows<'a, EVENT_SIZE>,
    pub(crate) custom: Map<'a>,
    pub(crate) groups: Rows<'a, GROUP_SIZE>,
    pub(crate) name_patterns: Rows<'a, TEXT_SIZE>,
    pub(crate) journal_patterns: Rows<'a, TEXT_SIZE>,
    pub(crate) lists: Numbers<'a>,
    pub(crate) hooks: Rows<'a, HOOK_SIZE>,
    pub(crate) conditions: Rows<'a, CONDITION_SIZE>,
    pub(crate) patterns: Rows<'a, PATTERN_SIZE>,
    pub(crate) programs: &'a [u8],
}

impl Image<'_> {
    /// What an event of this name needs. Done once for a name and an image; the name need not be in the catalogue.
    #[must_use]
    pub fn plan(&self, name: &[u8]) -> Plan {
        let mut plan = match audithook_catalogue::find_bytes(name) {
            Some((event, info)) => {
                let row = self.hooks.events.get(event.0);
                let field = |number| row.map_or(0, |row| row.field(number));
                let mut needs = 0;
                if field(0) != 0 {
                    needs |= needs::JOURNALLED;
                }
                if info.args.is_empty() {
                    needs |= needs::NO_ARGUMENTS;
                }
                if self.holds(info.operation) {
                    needs |= needs::JUDGED | needs::LISTS;
                }
                Plan {
                    event,
                    operation: info.operation,
                    needs,
                    hooks: (field(1), field(2)),
                    groups: [0; MOST_GROUPS / 64],
                }
            }
            None => self.plan_custom(name),
        };
        let mut hook_needs = 0;
        self.hooks
            .each(&plan, |hook| hook_needs |= hook.needs(self.mode()));
        plan.needs |= hook_needs;
        plan
    }

    fn plan_custom(&self, name: &[u8]) -> Plan {
        let journalled = self.field(Field::JournalCustom) != 0
            || self.hooks.any_pattern(self.hooks.journal_patterns, name);
        let known = self.hooks.custom.find(name);
        let mut groups = [0; MOST_GROUPS / 64];
        if known.is_none() {
            for (number, group) in self.hooks.groups.iter().take(MOST_GROUPS).enumerate() {
                let patterns = self
                    .hooks
                    .name_patterns
                    .range(group.field(0), group.field(1));
                if self.hooks.any_pattern(patterns, name) {
                    groups[number / 64] |= 1 << (number % 64);
                }
            }
        }
        Plan {
            event: Symbol::NONE,
            operation: Operation::None,
            needs: if journalled { needs::JOURNALLED } else { 0 },
            hooks: known.map_or((0, 0), |entry| entry.own),
            groups,
        }
    }

    /// Lets the hooks of an event say what they have to say.
    pub(crate) fn judge_hooks(&self, plan: &Plan, args: &[Value<'_>], out: &mut Judgement) {
        let off = self.mode() == Mode::Off;
        self.hooks.each(plan, |hook| {
            if off && hook.is_gate() {
                return;
            }
            match self.hooks.holds(hook, args) {
                Holds::No => {}
                Holds::Yes => hook.apply(out),
                Holds::AskElsewhere => hook.leave_open(out),
                Holds::Unknown if hook.action() == action::TARGET_GATE => {
                    if !self.lets_errors_pass(hook) {
                        out.add(Verdict::Deny, hook.rule());
                    }
                }
                // What cannot be said is recorded.
                Holds::Unknown if hook.action() == action::LOG => hook.apply(out),
                // The supervisor cannot say either: there it is an error, which `on-error` decides and which is counted.
                Holds::Unknown => hook.leave_open(out),
            }
        });
    }

    /// The `on-error` of a hook in the target, which nobody else can call.
    fn lets_errors_pass(&self, hook: Hook<'_>) -> bool {
        self.target_plugins()
            .nth(hook.row.field(2) as usize)
            .and_then(|plugin| plugin.hooks().nth(hook.row.field(3) as usize))
            .is_some_and(|hook| hook.on_error == Verdict::Allow)
    }
}

/// Whether a condition holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    No,
    Yes,
    /// An argument that it reads was cut, or could not be read.
    Unknown,
    /// Only the supervisor can evaluate it.
    AskElsewhere,
}

impl Holds {
    fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    /// Whether all hold: one that does not decides, whatever the others are.
    fn all(parts: impl Iterator<Item = Self>) -> Self {
        let mut all = Self::Yes;
        for part in parts {
            match part {
                Self::No => return Self::No,
                Self::Yes => {}
                unknown => all = unknown,
            }
        }
        all
    }

    /// Whether any holds: one that does decides.
    fn any(parts: impl Iterator<Item = Self>) -> Self {
        let mut any = Self::No;
        for part in parts {
            match part {
                Self::Yes => return Self::Yes,
                Self::No => {}
                unknown => any = unknown,
            }
        }
        any
    }
}

impl<'a> Hooks<'a> {
    /// Calls `visit` with every hook of an event, in the bus's order for a name that the image knows.
    fn each(&self, plan: &Plan, mut visit: impl FnMut(Hook<'a>)) {
        self.each_of(plan.hooks, &mut visit);
        for (word, &bits) in plan.groups.iter().enumerate() {
            let mut bits = bits;
            while bits != 0 {
                let number = word as u32 * 64 + bits.trailing_zeros();
                bits &= bits - 1;
                if let Some(group) = self.groups.get(number) {
                    self.each_of((group.field(2), group.field(3)), &mut visit);
                }
            }
        }
    }

    fn each_of(&self, (first, count): (u32, u32), visit: &mut impl FnMut(Hook<'a>)) {
        for number in self.lists.range(first, count).iter() {
            if let Some(row) = self.hooks.get(number.field(0)) {
                visit(Hook { row });
            }
        }
    }

    fn holds(&self, hook: Hook<'_>, args: &[Value<'_>]) -> Holds {
        match hook.row.field(0) {
            when::ALWAYS => Holds::Yes,
            when::TABLE => Holds::all(
                self.conditions
                    .range(hook.row.field(5), hook.row.field(6))
                    .iter()
                    .map(|condition| self.condition_holds(condition, args)),
            ),
            _ => Holds::AskElsewhere,
        }
    }

    fn condition_holds(&self, condition: Row<'_, CONDITION_SIZE>, args: &[Value<'_>]) -> Holds {
        let Some(value) = argument(args, Symbol(condition.field(0))) else {
            return Holds::No;
        };
        let patterns = self.patterns.range(condition.field(1), condition.field(2));
        let View::List(values) = value.view() else {
            return self.value_holds(value, patterns);
        };
        match Holds::any(values.iter().map(|value| self.value_holds(value, patterns))) {
            // What was cut off might have matched.
            Holds::No if value.flags() & VALUE_TRUNCATED != 0 => Holds::Unknown,
            found => found,
        }
    }

    fn value_holds(&self, value: &Value<'_>, patterns: Rows<'_, PATTERN_SIZE>) -> Holds {
        if value.flags() & VALUE_TRUNCATED != 0 {
            return Holds::Unknown;
        }
        Holds::of(self.value_matches(value, patterns))
    }

    fn value_matches(&self, value: &Value<'_>, patterns: Rows<'_, PATTERN_SIZE>) -> bool {
        let mut number = NumberText::new();
        let text = match value.view() {
            View::Path(path) => {
                return patterns.iter().any(|pattern| {
                    covers_path(
                        slice(self.programs, pattern.field(2), pattern.field(3)),
                        path,
                    )
                });
            }
            View::Str(text) | View::Bytes(text) => text,
            View::Bool(value) => number.of(value),
            View::I64(value) => number.of(value),
            View::U64(value) => number.of(value),
            View::F64(value) => number.of(value),
            View::Fd(value) => number.of(value),
            _ => return false,
        };
        patterns.iter().any(|pattern| {
            matches_text(
                slice(self.programs, pattern.field(0), pattern.field(1)),
                text,
            )
        })
    }

    fn any_pattern(&self, patterns: Rows<'_, TEXT_SIZE>, name: &[u8]) -> bool {
        patterns.iter().any(|pattern| {
            matches_text(
                slice(self.programs, pattern.field(0), pattern.field(1)),
                name,
            )
        })
    }
}

#[derive(Clone, Copy)]
struct Hook<'a> {
    row: Row<'a, HOOK_SIZE>,
}

impl Hook<'_> {
    fn action(self) -> u32 {
        self.row.field(1)
    }

    fn rule(self) -> u32 {
        self.row.field(4)
    }

    fn is_gate(self) -> bool {
        !matches!(self.action(), action::LOG | action::OBSERVE)
    }

    fn needs(self, mode: Mode) -> u32 {
        match (self.action(), self.row.field(0)) {
            (action::OBSERVE, when::TABLE) => needs::OBSERVED | needs::JUDGED,
            (action::OBSERVE, _) | (action::LOG, when::OPEN) => needs::OBSERVED,
            (action::LOG, _) => needs::JUDGED,
            _ if mode == Mode::Off => 0,
            _ => needs::JUDGED,
        }
    }

    /// The condition holds.
    fn apply(self, out: &mut Judgement) {
        match self.action() {
            action::VERDICT => out.add(self.verdict(), self.rule()),
            action::LOG => out.add_log(self.rule()),
            action::OBSERVE => out.observe = true,
            action::GATE => out.add_ask(),
            // More hooks than a judgement holds: one that is not called must not be one that allows.
            _ => {
                if !out.add_hook(self.row.field(2), self.row.field(3)) {
                    out.add(Verdict::Deny, self.rule());
                }
            }
        }
    }

    /// The image cannot say whether the condition holds: the supervisor can.
    fn leave_open(self, out: &mut Judgement) {
        if self.is_gate() {
            out.add_ask()
        } else {
            out.observe = true
        }
    }

    fn verdict(self) -> Verdict {
        u8::try_from(self.row.field(2))
            .ok()
            .and_then(Verdict::from_number)
            .unwrap_or(Verdict::Deny)
    }
}

/// A number as text. What does not fit (a double of many digits) is no text.
struct NumberText {
    bytes: [u8; 40],
    length: usize,
}

impl NumberText {
    const fn new() -> Self {
        Self {
            bytes: [0; 40],
            length: 0,
        }
    }

    fn of(&mut self, value: impl core::fmt::Display) -> &[u8] {
        match write!(self, "{value}") {
            Ok(()) => &self.bytes[..self.length],
            Err(_) => &[],
        }
    }
}

impl Write for NumberText {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let end = self.length + text.len();
        let room = self
            .bytes
            .get_mut(self.length..end)
            .ok_or(core::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
