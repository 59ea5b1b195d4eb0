//! What `[files]` and `[process]` say of a path.

use audithook_abi::Verdict;

use crate::format::{Field, NONE, class};
use crate::judge::PathArgument;
use crate::paths::Hits;
use crate::{Image, Judgement};

/// What an operation does to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) read: bool,
    pub(crate) write: bool,
    /// The name is taken away or given anew: what lies below goes with it.
    pub(crate) moves: bool,
}

impl Need {
    pub(crate) const NOTHING: Self = Self {
        read: false,
        write: false,
        moves: false,
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

/// What `deny` has and `!` does not take out of it again, and audithook's own files.
fn refuse_denied(hits: &Hits, out: &mut Judgement) {
    if !hits.has(class::EXCEPT) {
        out.add_all(Verdict::Deny, &hits.denied);
    }
    out.add_all(Verdict::Deny, &hits.own_write);
    out.add_all(Verdict::Deny, &hits.own_any);
}
