//! The hints of rules: a line that a policy lacks, with a place for the value that was refused.

use audithook_catalogue::Operation;

/// Where the refused value goes: in ``add `"…"` to `[files] write` ``, in ``add `--write …` ``.
pub const PLACEHOLDER: &str = "…";

/// What is to be done about a refusal of this operation, whatever the rule says that a list lacks.
#[must_use]
pub const fn instead(operation: Operation) -> Option<&'static str> {
    match operation {
        Operation::Root | Operation::Namespace => Some(
            "do it before the run: rules hold for the root, mounts and namespaces that it starts with",
        ),
        Operation::Limits => Some("limit a process before it starts its program, by itself"),
        _ => None,
    }
}

/// What goes between two values in one place: an element of a list ends and the next begins, or the flag is given again.
/// `before` is the hint up to the place.
///
/// ```
/// use audithook_matcher::hint::between;
/// assert_eq!(between("add `\"").concat(), "\", \"");
/// assert_eq!(between("add `--write ").concat(), " --write ");
/// ```
#[must_use]
pub fn between(before: &str) -> [&str; 2] {
    match before.rsplit('`').next() {
        Some("\"") => ["\", \"", ""],
        Some(flag) => [" ", flag],
        None => [" ", ""],
    }
}
