//! Doc comments, and names as the ABI has them.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text of doc comments: the first paragraph as one line, and what follows it.
pub(crate) fn documentation(attributes: &[Attribute]) -> (String, String) {
    let lines: Vec<String> = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        })
        .flat_map(|text| {
            text.lines()
                .map(|line| line.trim_end().to_owned())
                .collect::<Vec<_>>()
        })
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned())
        .collect();
    let end = lines
        .iter()
        .position(String::is_empty)
        .unwrap_or(lines.len());
    let summary = lines[..end].join(" ").trim().to_owned();
    let rest = lines[end..].join("\n").trim().to_owned();
    (summary, rest)
}

/// `fail_at` as the ABI and the command line have it: `fail-at`.
pub(crate) fn dashed(name: &str) -> String {
    name.trim_start_matches("r#").replace('_', "-")
}

/// `fail_at` as the name of a type: `FailAt`.
pub(crate) fn camel(name: &str) -> String {
    name.trim_start_matches("r#")
        .split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_uppercase().chain(letters).collect::<String>())
                .unwrap_or_default()
        })
        .collect()
}
