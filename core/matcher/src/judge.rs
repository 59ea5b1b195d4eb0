//! Which lists hold an operation, and what arguments they need.

use audithook_abi::{Symbol, VALUE_TRUNCATED, Value, Verdict, View};
use audithook_catalogue::{Operation, arg};

use crate::files::{Need, may_close};
use crate::format::{Field, NONE, class};
use crate::plan::needs;
use crate::{Context, Image, Judgement, Mode, Plan};

impl Image<'_> {
    /// Judges one event.
    ///
    /// A refusal by a list: what is not in `read`, `write`, `exec`, `connect`, `bind`, `unix` or `sockets` where there is such
    /// a list; what is in `deny`; audithook's own files; and whatever those need and the arguments do not say. Arguments are
    /// normalised as the catalogue describes them. A path that is an [`View::Fd`] is a descriptor that the process holds and
    /// that has no path (a pipe, a socket): no list speaks of it.
    #[must_use]
    pub fn judge(&self, plan: &Plan, args: &[Value<'_>], context: &Context<'_>) -> Judgement {
        let mut judgement = Judgement::new(self.mode());
        if plan.needs & needs::LISTS != 0 {
            self.judge_operation(plan, args, context, &mut judgement);
        }
        self.judge_hooks(plan, args, &mut judgement);
        judgement
    }

    /// Whether some list holds operations of this kind.
    pub(crate) fn holds(&self, operation: Operation) -> bool {
        let any = |fields: &[Field]| fields.iter().any(|&field| self.field(field) != NONE);
        let touches = self.has_class(class::DENY | class::OWN_ANY) || self.knows_inodes();
        let changes =
            any(&[Field::Write]) || touches || self.has_class(class::OWN_WRITE | class::OWN_REACH);
        let hosts = [Field::DenyHost, Field::Loopback];
        self.mode() != Mode::Off
            && match operation {
                Operation::None => false,
                Operation::List | Operation::Load => any(&[Field::Read]) || touches,
                Operation::Open | Operation::Database => any(&[Field::Read]) || changes,
                Operation::Write
                | Operation::Create
                | Operation::Unlink
                | Operation::Rename
                | Operation::Link
                | Operation::Symlink => changes,
                Operation::Exec | Operation::Shell => any(&[Field::Exec]) || touches,
                Operation::Uncovered => self.has_lists() || touches,
                Operation::Resolve | Operation::Reverse => any(&[Field::Connect]) || any(&hosts),
                Operation::Connect => {
                    any(&[Field::Connect, Field::Unix, Field::Sockets]) || any(&hosts) || touches
                }
                Operation::Bind => {
                    any(&[Field::Bind, Field::Unix, Field::Sockets]) || any(&hosts) || changes
                }
                Operation::Socket => any(&[Field::Sockets]),
                Operation::Root | Operation::Namespace | Operation::Limits => self.has_lists(),
            }
    }

    fn judge_operation(
        &self,
        plan: &Plan,
        args: &[Value<'_>],
        context: &Context<'_>,
        out: &mut Judgement,
    ) {
        let operation = plan.operation;
        let path = || PathArgument::of(args, arg::PATH);
        match operation {
            Operation::None => {}
            Operation::Open => match open_need(args) {
                Some(need) => self.judge_path(path(), need, context.inode, out),
                None => self.judge_path(PathArgument::Unusable, Need::BOTH, None, out),
            },
            Operation::List => self.judge_path(path(), Need::READ, context.inode, out),
            Operation::Write => {
                let closes = may_close(plan.event, args);
                let need = Need {
                    closes,
                    ..Need::WRITE
                };
                self.judge_path(path(), need, context.inode, out);
            }
            Operation::Create | Operation::Symlink => {
                self.judge_path(path(), Need::WRITE, context.inode, out);
            }
            Operation::Unlink => self.judge_path(path(), Need::MOVE, context.inode, out),
            Operation::Rename | Operation::Link => {
                self.judge_path(
                    PathArgument::of(args, arg::SRC),
                    Need::MOVE,
                    context.inode,
                    out,
                );
                self.judge_path(PathArgument::of(args, arg::DST), Need::MOVE, None, out);
            }
            Operation::Database => match path() {
                PathArgument::Path(b"" | b":memory:") => {}
                path => self.judge_path(path, database_need(args), context.inode, out),
            },
            Operation::Load => match argument(args, arg::PATH).map(Value::view) {
                None | Some(View::Null) => {}
                Some(_) if path() == PathArgument::Path(b"") => {}
                Some(_) => self.judge_path(path(), Need::READ, context.inode, out),
            },
            Operation::Connect | Operation::Bind => {
                self.judge_address(operation == Operation::Bind, args, context, out);
            }
            Operation::Resolve => self.judge_resolve(args, out),
            Operation::Reverse => self.judge_reverse(args, context, out),
            Operation::Socket => self.judge_socket(args, out),
            Operation::Exec | Operation::Shell => self.judge_program(path(), out),
            Operation::Uncovered => {
                self.refuse_if_present(Field::Uncovered, out);
                self.judge_program(path(), out);
                self.judge_reach(args, out);
            }
            Operation::Root => self.judge_other_root(out),
            Operation::Namespace => self.judge_namespaces(args, out),
            Operation::Limits => self.judge_limits(out),
        }
    }

    /// Refuses with the rule of a list, if there is that list.
    pub(crate) fn refuse_if_present(&self, list: Field, out: &mut Judgement) {
        let rule = self.field(list);
        if rule != NONE {
            out.add(Verdict::Deny, rule);
        }
    }
}

/// The argument of this name.
#[inline]
pub(crate) fn argument<'v, 'a>(args: &'v [Value<'a>], name: Symbol) -> Option<&'v Value<'a>> {
    args.iter().find(|value| value.name() == name)
}

/// The text of an argument, if it is one and whole.
pub(crate) fn text_argument<'a>(args: &[Value<'a>], name: Symbol) -> Option<&'a [u8]> {
    let value = argument(args, name)?;
    if value.flags() & VALUE_TRUNCATED != 0 {
        return None;
    }
    value.as_bytes()
}

/// An argument that is to be a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathArgument<'a> {
    Path(&'a [u8]),
    /// A descriptor that the process holds and that has no path.
    Descriptor,
    /// Missing, cut, or of another kind.
    Unusable,
}

impl<'a> PathArgument<'a> {
    fn of(args: &[Value<'a>], name: Symbol) -> Self {
        match argument(args, name).map(Value::view) {
            Some(View::Fd(_)) => Self::Descriptor,
            _ => text_argument(args, name).map_or(Self::Unusable, Self::Path),
        }
    }
}

/// What opening needs, nothing if the flags cannot be read.
fn open_need(args: &[Value<'_>]) -> Option<Need> {
    let View::List(flags) = argument(args, arg::FLAGS)?.view() else {
        return None;
    };
    let mut need = Need::NOTHING;
    let mut only_a_place = false;
    for flag in flags {
        match flag.as_bytes()? {
            b"read" => need.read = true,
            b"write" | b"create" | b"truncate" | b"append" | b"tmpfile" => need.write = true,
            b"path" => only_a_place = true,
            _ => {}
        }
    }
    // Opening without a word of how is opening for reading.
    if need == Need::NOTHING && !only_a_place {
        need = Need::READ;
    }
    Some(need)
}

fn database_need(args: &[Value<'_>]) -> Need {
    match argument(args, arg::FLAGS).map(Value::view) {
        Some(View::List([flag])) if flag.as_bytes() == Some(b"read") => Need::READ,
        _ => Need::BOTH,
    }
}
