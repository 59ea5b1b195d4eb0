//! `~`, `${VAR}` and `${VAR:-default}`.
//!
//! What a variable holds is taken literally: a `*` in it is no glob.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// A part of an expanded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// As written: glob characters mean something.
    Written(String),
    /// From a variable: bytes that mean themselves.
    Value(Vec<u8>),
}

/// Why a text does not expand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExpandError {
    /// undefined variable: `{0}`
    #[error("undefined variable: `{0}`")]
    Undefined(String),
    /// `${` without `}`
    #[error("`${{` without `}}`")]
    Unclosed,
    /// not a variable's name: `{0}`
    #[error("not a variable's name: `{0}`")]
    BadName(String),
    /// no home directory for `~`
    #[error("no home directory for `~`")]
    NoHome,
    /// the home of another user: `{0}`
    #[error("the home of another user: `{0}`")]
    OtherHome(String),
}

impl ExpandError {
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Undefined(name) => format!("give it a default: `${{{name}:-…}}`"),
            Self::Unclosed | Self::BadName(_) => {
                "variables are written `${NAME}` or `${NAME:-default}`, and `$$` is a dollar sign"
                    .to_owned()
            }
            Self::NoHome => "set `HOME`".to_owned(),
            Self::OtherHome(_) => "write the path out; a file of that name is `./~…`".to_owned(),
        }
    }
}

/// Where variables come from.
pub(crate) trait Variables {
    /// The value of a variable, set and not empty.
    fn variable(&self, name: &str) -> Option<Vec<u8>>;
    /// What `~` stands for.
    fn home(&self) -> Option<Vec<u8>>;
}

/// Expands a path: `~` at its beginning, and variables.
pub(crate) fn path(text: &str, variables: &dyn Variables) -> Result<Vec<Piece>, ExpandError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    if let Some(after) = text.strip_prefix('~') {
        let user = after.split('/').next().unwrap_or_default();
        if !user.is_empty() {
            return Err(ExpandError::OtherHome(format!("~{user}")));
        }
        pieces.push(Piece::Value(variables.home().ok_or(ExpandError::NoHome)?));
        rest = after;
    }
    expand(rest, variables, &mut pieces)?;
    Ok(pieces)
}

/// Expands the variables of a text.
pub(crate) fn text(text: &str, variables: &dyn Variables) -> Result<Vec<u8>, ExpandError> {
    let mut pieces = Vec::new();
    expand(text, variables, &mut pieces)?;
    Ok(pieces
        .iter()
        .flat_map(|piece| piece.bytes().to_vec())
        .collect())
}

/// Writes a text so that it expands to itself.
pub(crate) fn protected(text: &str) -> String {
    text.replace('$', "$$")
}

impl Piece {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Written(text) => text.as_bytes(),
            Self::Value(bytes) => bytes,
        }
    }
}

fn expand(
    text: &str,
    variables: &dyn Variables,
    pieces: &mut Vec<Piece>,
) -> Result<(), ExpandError> {
    let mut rest = text;
    while let Some(place) = rest.find('$') {
        written(&rest[..place], pieces);
        rest = &rest[place + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            pieces.push(Piece::Value(b"$".to_vec()));
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let end = closing(after).ok_or(ExpandError::Unclosed)?;
            let (name, default) = match after[..end].split_once(":-") {
                Some((name, default)) => (name, Some(default)),
                None => (&after[..end], None),
            };
            if !is_name(name) {
                return Err(ExpandError::BadName(name.to_owned()));
            }
            match (variables.variable(name), default) {
                (Some(value), _) => pieces.push(Piece::Value(value)),
                // A default is what the writer wrote, and may have variables of its own.
                (None, Some(default)) if pieces.is_empty() => {
                    pieces.extend(path(default, variables)?)
                }
                (None, Some(default)) => expand(default, variables, pieces)?,
                (None, None) => return Err(ExpandError::Undefined(name.to_owned())),
            }
            rest = &after[end + 1..];
        } else {
            written("$", pieces);
        }
    }
    written(rest, pieces);
    Ok(())
}

fn written(text: &str, pieces: &mut Vec<Piece>) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Written(last)) => last.push_str(text),
        _ => pieces.push(Piece::Written(text.to_owned())),
    }
}

/// The `}` that ends a variable whose default may have variables.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (place, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(place),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The bytes of a path or a variable.
pub(crate) fn bytes_of(text: &OsStr) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Variables for Fixed {
        fn variable(&self, name: &str) -> Option<Vec<u8>> {
            (name == "STAR").then(|| b"/a*b".to_vec())
        }

        fn home(&self) -> Option<Vec<u8>> {
            Some(b"/home/ada".to_vec())
        }
    }

    fn flat(text: &str) -> Result<String, ExpandError> {
        let pieces = path(text, &Fixed)?;
        let bytes: Vec<u8> = pieces
            .iter()
            .flat_map(|piece| piece.bytes().to_vec())
            .collect();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn variables_defaults_and_home_expand() {
        assert_eq!(flat("~/x").as_deref(), Ok("/home/ada/x"));
        assert_eq!(flat("~").as_deref(), Ok("/home/ada"));
        assert_eq!(flat("${STAR}/c").as_deref(), Ok("/a*b/c"));
        assert_eq!(flat("${NONE:-./data}/c").as_deref(), Ok("./data/c"));
        assert_eq!(flat("${NONE:-~/d}").as_deref(), Ok("/home/ada/d"));
        assert_eq!(flat("${NONE:-${STAR}}x").as_deref(), Ok("/a*bx"));
        assert_eq!(flat("a$$b$c").as_deref(), Ok("a$b$c"));
        assert_eq!(flat("./~x").as_deref(), Ok("./~x"));
    }

    #[test]
    fn what_a_variable_holds_is_no_glob() {
        assert_eq!(
            path("${STAR}/*.txt", &Fixed),
            Ok(vec![
                Piece::Value(b"/a*b".to_vec()),
                Piece::Written("/*.txt".to_owned())
            ])
        );
    }

    #[test]
    fn what_does_not_expand_is_an_error() {
        assert_eq!(
            flat("${NONE}"),
            Err(ExpandError::Undefined("NONE".to_owned()))
        );
        assert_eq!(flat("${NONE"), Err(ExpandError::Unclosed));
        assert_eq!(flat("${1X}"), Err(ExpandError::BadName("1X".to_owned())));
        assert_eq!(
            flat("~root/x"),
            Err(ExpandError::OtherHome("~root".to_owned()))
        );
    }
}
