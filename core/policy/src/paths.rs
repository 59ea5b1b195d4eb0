//! Paths of rules: resolved like the paths of events, and checked as globs.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use crate::expand::Piece;
use crate::image::{GlobError, PathPattern, check_path_glob};

/// How many symlinks a path may lead over, as in the kernel.
const SYMLINKS: usize = 40;

thread_local! {
    /// Where symlinks lead, by their paths, while a policy is loaded.
    static LINKS: RefCell<Option<HashMap<Vec<u8>, Option<PathBuf>>>> = const { RefCell::new(None) };
}

/// While a value of this type lives, each path is looked at once: the rules of one policy share most of their
/// directories, and looking is most of what loading costs.
#[must_use]
pub(crate) struct LinksOnce {
    is_outermost: bool,
}

impl LinksOnce {
    pub(crate) fn begin() -> Self {
        let is_outermost = LINKS.with_borrow_mut(|links| {
            let is_first = links.is_none();
            links.get_or_insert_default();
            is_first
        });
        Self { is_outermost }
    }
}

impl Drop for LinksOnce {
    fn drop(&mut self) {
        if self.is_outermost {
            LINKS.set(None);
        }
    }
}

/// Where the symlink leads; `None` if it is none.
fn read_link(path: &Path) -> Option<PathBuf> {
    LINKS.with_borrow_mut(|links| {
        let Some(links) = links else {
            return path.read_link().ok();
        };
        let bytes = path.as_os_str().as_bytes();
        if let Some(known) = links.get(bytes) {
            return known.clone();
        }
        let target = path.read_link().ok();
        links.insert(bytes.to_vec(), target.clone());
        target
    })
}

/// An absolute path without symlinks and `..`. What does not exist is taken as written. `/proc/self` and its like mean
/// whoever asks, and stay.
#[must_use]
pub fn resolve(path: &Path) -> PathBuf {
    walk(path, true)
}

/// The same, but a symlink at the end stays: what `unlink` and `rename` take.
#[must_use]
pub fn resolve_parent(path: &Path) -> PathBuf {
    walk(path, false)
}

fn walk(path: &Path, follow_last: bool) -> PathBuf {
    let mut done = PathBuf::from("/");
    let mut todo: Vec<Vec<u8>> = components(path);
    let mut links = 0;
    while let Some(name) = todo.pop() {
        if name == b".." {
            done.pop();
            continue;
        }
        done.push(OsStr::from_bytes(&name));
        let is_last = todo.is_empty();
        if links >= SYMLINKS || (is_last && !follow_last) || means_the_caller(&done) {
            continue;
        }
        let Some(target) = read_link(&done) else {
            continue;
        };
        links += 1;
        done.pop();
        if target.is_absolute() {
            done = PathBuf::from("/");
        }
        todo.extend(components(&target));
    }
    done
}

/// The names of a path, last first.
fn components(path: &Path) -> Vec<Vec<u8>> {
    path.components()
        .rev()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.as_bytes().to_vec()),
            Component::ParentDir => Some(b"..".to_vec()),
            _ => None,
        })
        .collect()
}

/// `/proc/self` is another directory for every process that looks; what is below it are symlinks to no place in
/// particular.
fn means_the_caller(path: &Path) -> bool {
    path.starts_with("/proc/self") || path.starts_with("/proc/thread-self")
}

/// Whether something is there: a path that cannot be looked at counts as there.
#[must_use]
pub(crate) fn exists(path: &Path) -> bool {
    match path.symlink_metadata() {
        Ok(_) => true,
        Err(error) => !matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        ),
    }
}

/// What is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    /// not UTF-8, which a glob must be
    #[error("not UTF-8, which a glob must be")]
    NotText,
    /// {0}
    #[error(transparent)]
    Glob(#[from] GlobError),
}

/// A rule's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Made {
    /// A path, and the symlink at its end that was named, if it is one.
    Literal {
        resolved: PathBuf,
        named: Option<PathBuf>,
    },
    /// A glob. `is_bare`: without any slash, which means the base directory alone.
    Glob { text: String, is_bare: bool },
}

impl Made {
    /// The pattern, without what else is known.
    pub(crate) fn into_pattern(self) -> PathPattern {
        match self {
            Self::Literal { resolved, .. } => PathPattern::Literal(bytes_of(resolved)),
            Self::Glob { text, .. } => PathPattern::Glob(text),
        }
    }
}

/// A rule's path, made of what it expanded to: a literal, or a glob whose first names are resolved.
pub(crate) fn pattern(pieces: &[Piece], base: &Path) -> Result<Made, PatternError> {
    let has_glob = pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Written(text) if text.contains(['*', '?', '[', ']', '{', '}', '\\'])));
    if !has_glob {
        let bytes: Vec<u8> = pieces
            .iter()
            .flat_map(|piece| piece.bytes().to_vec())
            .collect();
        return Ok(literal(&base.join(OsStr::from_bytes(&bytes))));
    }
    let mut glob = String::new();
    for piece in pieces {
        match piece {
            Piece::Written(text) => glob.push_str(text),
            Piece::Value(bytes) => {
                glob.push_str(&escaped(
                    std::str::from_utf8(bytes).map_err(|_| PatternError::NotText)?,
                ));
            }
        }
    }
    while glob.len() > 1 && glob.ends_with('/') {
        glob.pop();
    }
    if let Some(path) = unescaped(&glob) {
        return Ok(literal(&base.join(path)));
    }
    if glob == "**" || glob.starts_with("**/") {
        check_path_glob(&glob)?;
        return Ok(Made::Glob {
            text: glob,
            is_bare: false,
        });
    }
    let is_bare = !glob.contains('/');
    let text = anchored(&glob, base)?;
    check_path_glob(&text)?;
    Ok(Made::Glob { text, is_bare })
}

fn literal(path: &Path) -> Made {
    let resolved = resolve(path);
    let named = resolve_parent(path);
    Made::Literal {
        named: (named != resolved).then_some(named),
        resolved,
    }
}

/// The glob with its literal beginning joined to the base and resolved.
fn anchored(glob: &str, base: &Path) -> Result<String, PatternError> {
    let mut literal = PathBuf::new();
    if glob.starts_with('/') {
        literal.push("/");
    }
    let mut rest = glob.trim_start_matches('/');
    while let Some((name, after)) = rest.split_once('/') {
        let Some(name) = unescaped(name) else {
            break;
        };
        literal.push(&name);
        rest = after.trim_start_matches('/');
    }
    let resolved = resolve(&base.join(literal));
    let start = resolved.to_str().ok_or(PatternError::NotText)?;
    let start = escaped(start.trim_end_matches('/'));
    Ok(format!("{start}/{rest}"))
}

/// A text that, as a glob, matches itself alone.
#[must_use]
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '{' | '}' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// The text that a glob matches if it is only one.
fn unescaped(glob: &str) -> Option<String> {
    let mut out = String::with_capacity(glob.len());
    let mut rest = glob.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' => out.push(rest.next()?),
            '*' | '?' | '[' | ']' | '{' | '}' => return None,
            _ => out.push(character),
        }
    }
    Some(out)
}

fn bytes_of(path: PathBuf) -> Vec<u8> {
    path.into_os_string().into_vec()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn written(text: &str) -> Vec<Piece> {
        vec![Piece::Written(text.to_owned())]
    }

    #[test]
    fn rule_paths_are_resolved_over_symlinks_and_missing_parts_stay() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().canonicalize().expect("a path");
        std::fs::create_dir(root.join("real")).expect("made");
        symlink("real", root.join("link")).expect("linked");
        symlink("loop", root.join("loop")).expect("linked");
        assert_eq!(resolve(&root.join("link/x/../y")), root.join("real/y"));
        assert_eq!(resolve(&root.join("./link")), root.join("real"));
        assert_eq!(resolve_parent(&root.join("link")), root.join("link"));
        assert_eq!(resolve(&root.join("loop/x")), root.join("loop/x"));
        assert_eq!(
            resolve(Path::new("/../../etc/nothing-here")),
            Path::new("/etc/nothing-here")
        );
    }

    #[test]
    fn a_symlink_is_looked_at_once_while_a_policy_is_loaded_and_anew_for_the_next() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().canonicalize().expect("a path");
        let link = root.join("link");
        let change = |target: &str| {
            let _ = std::fs::remove_file(&link);
            symlink(target, &link).expect("linked");
        };
        change("one");
        {
            let _outer = LinksOnce::begin();
            assert_eq!(resolve(&link), root.join("one"));
            change("two");
            drop(LinksOnce::begin());
            assert_eq!(resolve(&link), root.join("one"));
        }
        assert_eq!(resolve(&link), root.join("two"));
    }

    #[test]
    fn what_means_the_caller_is_not_resolved_for_us() {
        assert_eq!(
            resolve(Path::new("/proc/self/status")),
            Path::new("/proc/self/status")
        );
        assert_eq!(resolve(Path::new("/dev/fd")), Path::new("/proc/self/fd"));
    }

    #[test]
    fn globs_are_anchored_to_their_directory() {
        let base = Path::new("/nonexistent/base");
        let glob = |text: &str| pattern(&written(text), base);
        let made = |text: &str, is_bare| {
            let text = text.to_owned();
            Ok(Made::Glob { text, is_bare })
        };
        assert_eq!(glob("./x/*.o"), made("/nonexistent/base/x/*.o", false));
        assert_eq!(glob("*.o"), made("/nonexistent/base/*.o", true));
        assert_eq!(glob("**/.env"), made("**/.env", false));
        assert_eq!(glob("/a//b/{c,d}/"), made("/a/b/{c,d}", false));
        let literal = glob("../a\\*b").map(Made::into_pattern);
        assert_eq!(
            literal,
            Ok(PathPattern::Literal(b"/nonexistent/a*b".to_vec()))
        );
    }

    #[test]
    fn values_of_variables_are_taken_literally_in_globs() {
        let pieces = [
            Piece::Value(b"/a[b".to_vec()),
            Piece::Written("/*".to_owned()),
        ];
        let made = pattern(&pieces, Path::new("/")).map(Made::into_pattern);
        assert_eq!(made, Ok(PathPattern::Glob("/a\\[b/*".to_owned())));
    }

    #[test]
    fn broken_globs_are_refused() {
        let glob = |text: &str| pattern(&written(text), Path::new("/"));
        for text in ["/a**", "/[a", "/{a,b", "/[z-a]", "/a\\", "/*/../x", "**/.."] {
            assert!(
                matches!(glob(text), Err(PatternError::Glob(_))),
                "{text}: {:?}",
                glob(text)
            );
        }
        for text in ["/[!a-z]x", "/{a,{b,c}}", "**", "/a/**/b", "/[a-]"] {
            assert!(glob(text).is_ok(), "{text}: {:?}", glob(text));
        }
    }
}
