//! Words of commands that a person is shown, as a shell takes them.

use std::borrow::Cow;

/// A path as an argument: quoted where a shell would make something else of it, and never a flag.
#[must_use]
pub fn path(text: &str) -> Cow<'_, str> {
    let text: Cow<'_, str> = if text.starts_with('-') {
        format!("./{text}").into()
    } else {
        text.into()
    };
    let is_plain = |c: char| {
        c.is_alphanumeric()
            || matches!(c, '/' | '.' | '_' | '-' | '+' | ',' | ':' | '@' | '%' | '=')
    };
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    // POSIX.1-2017, Shell Command Language, 2.2.2: nothing is special between single quotes but themselves.
    format!("'{}'", text.replace('\'', r"'\''")).into()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_takes_a_path_for_what_it_is() {
        for text in [
            "/tmp/out.jsonl",
            "a b",
            "it's",
            "$HOME/`x`",
            "*.toml",
            "~/x",
            "a\nb",
            "#x",
            "",
            "é界.toml",
            "\"\\",
        ] {
            let output = Command::new("sh")
                .args(["-c", &format!("printf %s {}", path(text))])
                .output()
                .expect("runs");
            assert_eq!(String::from_utf8_lossy(&output.stdout), text);
        }
        assert_eq!(path("/a/b-c.toml"), "/a/b-c.toml");
        assert_eq!(path("-c"), "./-c");
    }
}
