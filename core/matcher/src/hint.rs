//! The hints of rules: a line that a policy lacks, with a place for the value that was refused.

/// Where the refused value goes: in ``add `"…"` to `[files] write` ``, in ``add `--write …` ``.
pub const PLACEHOLDER: &str = "…";

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
