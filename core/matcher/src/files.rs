//! What `[files]` and `[process]` say of a path.

use audithook_abi::{Symbol, Value, Verdict, View};
use audithook_catalogue::{arg, event};

use crate::format::{Field, NONE, class};
use crate::judge::{PathArgument, argument, text_argument};
use crate::paths::Hits;
use crate::{Image, Judgement};

/// Why a program is uncovered whose process has the library, and cannot hand it on although its paths are what they were: the
/// library was moved, or a directory above it was closed.
pub const TAKEN_AWAY: &str = "library was taken out of reach";

/// The same for a process whose own limits may leave no room for the library: the loader goes on without it.
pub const NO_ROOM: [&str; 2] = [
    "limit of address space (RLIMIT_AS) leaves no room for the library",
    "limit of data (RLIMIT_DATA) leaves no room for the library",
];

/// Whether a reason is one of those that the process itself has brought about.
#[must_use]
pub fn is_of_own_doing(reason: &[u8]) -> bool {
    reason == TAKEN_AWAY.as_bytes() || NO_ROOM.iter().any(|room| room.as_bytes() == reason)
}

/// What an operation does to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) read: bool,
    pub(crate) write: bool,
    /// The name is taken away or given anew: what lies below goes with it.
    pub(crate) moves: bool,
    /// A directory may let fewer pass: what lies below may come to be out of reach.
    pub(crate) closes: bool,
}

impl Need {
    pub(crate) const NOTHING: Self = Self {
        read: false,
        write: false,
        moves: false,
        closes: false,
    };
    pub(crate) const READ: Self = Self {
        read: true,
        ..Self::NOTHING
    };
    pub(crate) const WRITE: Self = Self {
        write: true,
        ..Self::NOTHING
    };
    pub(crate) const BOTH: Self = Self {
        read: true,
        ..Self::WRITE
    };
    pub(crate) const MOVE: Self = Self {
        moves: true,
        ..Self::WRITE
    };
}

impl Image<'_> {
    pub(crate) fn judge_path(
        &self,
        path: PathArgument<'_>,
        need: Need,
        inode: Option<(u64, u64)>,
        out: &mut Judgement,
    ) {
        if need == Need::NOTHING {
            return;
        }
        let path = match path {
            PathArgument::Path(path) => path,
            PathArgument::Descriptor => return,
            PathArgument::Unusable => return self.refuse_unjudged_path(need, out),
        };
        let own = if need.write {
            class::OWN_WRITE | class::OWN_ANY
        } else {
            class::OWN_ANY
        };
        let hits = self.paths.look_up(
            path,
            class::READ | class::WRITE | class::DENY | class::EXCEPT | own,
        );
        if hits.unresolved {
            return self.refuse_unjudged_path(need, out);
        }
        if need.read && !hits.has(class::READ) {
            self.refuse_if_present(Field::Read, out);
        }
        if need.write && !hits.has(class::WRITE) {
            self.refuse_if_present(Field::Write, out);
        }
        refuse_denied(&hits, out);
        if let Some(inode) = inode {
            refuse_denied(&self.paths.look_up_inode(inode), out);
        }
        if need.moves {
            refuse_denied(&self.paths.look_below(path, class::DENY | own), out);
        }
        if need.closes {
            refuse_denied(&self.paths.look_below(path, class::OWN_REACH), out);
        }
    }

    /// Judges a program that is to be executed.
    pub(crate) fn judge_program(&self, path: PathArgument<'_>, out: &mut Judgement) {
        let path = match path {
            PathArgument::Path(path) => path,
            PathArgument::Descriptor | PathArgument::Unusable => {
                return self.refuse_unjudged_program(out);
            }
        };
        let hits = self.paths.look_up(
            path,
            class::EXEC | class::DENY | class::EXCEPT | class::OWN_ANY,
        );
        if hits.unresolved {
            return self.refuse_unjudged_program(out);
        }
        let is_command = !self.command.is_empty() && path == self.command;
        if !hits.has(class::EXEC) && !is_command {
            self.refuse_if_present(Field::Exec, out);
        }
        refuse_denied(&hits, out);
    }

    /// Judges a unix socket in the file system: binding makes a file, connecting touches it.
    pub(crate) fn judge_unix_path(&self, path: &[u8], bind: bool, out: &mut Judgement) {
        let own = if bind {
            class::OWN_WRITE | class::OWN_ANY
        } else {
            class::OWN_ANY
        };
        let hits = self.paths.look_up(
            path,
            class::UNIX | class::WRITE | class::DENY | class::EXCEPT | own,
        );
        if hits.unresolved {
            return self.refuse_unjudged_unix(bind, out);
        }
        if self.field(Field::Unix) != NONE {
            if !hits.has(class::UNIX) {
                self.refuse_if_present(Field::Unix, out);
            }
        } else if bind && !hits.has(class::WRITE) {
            self.refuse_if_present(Field::Write, out);
        }
        refuse_denied(&hits, out);
    }

    /// The run's socket listens under an abstract name too, which is its path.
    pub(crate) fn judge_own_name(&self, name: &[u8], out: &mut Judgement) {
        let hits = self.paths.look_up(name, class::OWN_ANY);
        if !hits.unresolved {
            refuse_denied(&hits, out);
        }
    }

    /// A program that the library was taken away from does not start where it would be held to anything.
    pub(crate) fn judge_reach(&self, args: &[Value<'_>], out: &mut Judgement) {
        if text_argument(args, arg::REASON).is_some_and(is_of_own_doing) && self.has_lists() {
            self.refuse_if_present(Field::OwnAny, out);
        }
    }

    /// Every list that would have needed the path refuses.
    fn refuse_unjudged_path(&self, need: Need, out: &mut Judgement) {
        if need.read {
            self.refuse_if_present(Field::Read, out);
        }
        if need.write {
            self.refuse_if_present(Field::Write, out);
            self.refuse_if_present(Field::OwnWrite, out);
        }
        self.refuse_if_present(Field::Deny, out);
        self.refuse_if_present(Field::OwnAny, out);
    }

    fn refuse_unjudged_program(&self, out: &mut Judgement) {
        for list in [Field::Exec, Field::Deny, Field::OwnAny] {
            self.refuse_if_present(list, out);
        }
    }

    pub(crate) fn refuse_unjudged_unix(&self, bind: bool, out: &mut Judgement) {
        for list in [Field::Unix, Field::Deny, Field::OwnAny] {
            self.refuse_if_present(list, out);
        }
        if bind {
            self.refuse_if_present(Field::OwnWrite, out);
            if self.field(Field::Unix) == NONE {
                self.refuse_if_present(Field::Write, out);
            }
        }
    }
}

/// Whether a directory could be passed by fewer after this change of its mode, owner or attributes. Its owner may pass as long
/// as the mode says so, whatever a list of others (acl(5)) says.
pub(crate) fn may_close(event: Symbol, args: &[Value<'_>]) -> bool {
    const OWNER_MAY_PASS: u64 = 0o100;
    match event {
        event::OS_CHMOD => number(args, arg::MODE).is_none_or(|mode| mode & OWNER_MAY_PASS == 0),
        // −1: it stays as it is.
        event::OS_CHOWN => number(args, arg::UID) != Some(u64::MAX),
        event::OS_SETXATTR | event::OS_REMOVEXATTR => text_argument(args, arg::ATTRIBUTE)
            .is_none_or(|attribute| !attribute.starts_with(b"user.")),
        _ => false,
    }
}

fn number(args: &[Value<'_>], name: Symbol) -> Option<u64> {
    match argument(args, name)?.view() {
        View::U64(number) => Some(number),
        View::I64(number) => Some(number.cast_unsigned()),
        _ => None,
    }
}

/// What `deny` has and `!` does not take out of it again, and audithook's own files.
fn refuse_denied(hits: &Hits, out: &mut Judgement) {
    if !hits.has(class::EXCEPT) {
        out.add_all(Verdict::Deny, &hits.denied);
    }
    out.add_all(Verdict::Deny, &hits.own_write);
    out.add_all(Verdict::Deny, &hits.own_any);
}
