//! What changes the meaning of paths and addresses: another root, mounts, namespaces. Rules hold for what they meant when the
//! policy was compiled, so that a list which would be judged wrongly from then on refuses the change.

use audithook_abi::{VALUE_TRUNCATED, Value, View};
use audithook_catalogue::arg;

use crate::format::{Field, NONE};
use crate::judge::argument;
use crate::{Image, Judgement};

/// The lists that speak of paths.
const OF_PATHS: [Field; 5] = [
    Field::Read,
    Field::Write,
    Field::Deny,
    Field::Exec,
    Field::Unix,
];

/// The lists that speak of hosts, or of names that a network has to itself.
const OF_NETWORKS: [Field; 4] = [Field::Connect, Field::Bind, Field::DenyHost, Field::Unix];

impl Image<'_> {
    /// Whether the policy has any list: one that a program could change if it reached the policy's files by other paths.
    pub(crate) fn has_lists(&self) -> bool {
        OF_PATHS
            .iter()
            .chain(&OF_NETWORKS)
            .chain(&[Field::Loopback, Field::Sockets, Field::Uncovered])
            .any(|&field| self.field(field) != NONE)
    }

    /// Every list over paths refuses, and what keeps audithook's own files if there is anything that they decide.
    pub(crate) fn judge_other_root(&self, out: &mut Judgement) {
        for list in OF_PATHS {
            self.refuse_if_present(list, out);
        }
        if self.has_lists() {
            self.refuse_if_present(Field::OwnWrite, out);
            self.refuse_if_present(Field::OwnAny, out);
        }
    }

    /// A process that has no room for the library runs without it: nobody else takes the room away where there is a list.
    pub(crate) fn judge_limits(&self, out: &mut Judgement) {
        if self.has_lists() {
            self.refuse_if_present(Field::OwnAny, out);
        }
    }

    /// Judges by which namespaces are entered; by all of them where that is not said.
    pub(crate) fn judge_namespaces(&self, args: &[Value<'_>], out: &mut Judgement) {
        let named = argument(args, arg::NAMESPACES)
            .filter(|named| named.flags() & VALUE_TRUNCATED == 0)
            .and_then(|named| match named.view() {
                View::List(named) => Some(named),
                _ => None,
            });
        let any_of = |words: &[&[u8]]| {
            named.is_none_or(|named| {
                let is_meant =
                    |word: &Value<'_>| word.as_bytes().is_none_or(|word| words.contains(&word));
                named.iter().any(is_meant)
            })
        };
        // With a namespace of its users a process may mount; /proc is that of a namespace of processes.
        if any_of(&[b"mount", b"user", b"pid"]) {
            self.judge_other_root(out);
        }
        if any_of(&[b"network"]) {
            for list in OF_NETWORKS {
                self.refuse_if_present(list, out);
            }
            if self.field(Field::LoopbackAllowed) == 0 {
                self.refuse_if_present(Field::Loopback, out);
            }
        }
    }
}
