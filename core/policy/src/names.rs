//! Globs of names, of events and of variables: `*` is any run of characters, `?` any one.

/// Whether a glob matches a name, in time `O(glob · name)`.
#[must_use]
pub(crate) fn matches(glob: &str, name: &str) -> bool {
    let glob: Vec<char> = glob.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut g, mut n) = (0, 0);
    // Where to go on after a mismatch: behind the last `*`, with one more character taken by it.
    let mut star = None;
    while n < name.len() {
        match glob.get(g) {
            Some('*') => {
                star = Some((g + 1, n));
                g += 1;
            }
            Some(character) if *character == '?' || *character == name[n] => {
                g += 1;
                n += 1;
            }
            _ => {
                let Some((after, taken)) = star else {
                    return false;
                };
                star = Some((after, taken + 1));
                (g, n) = (after, taken + 1);
            }
        }
    }
    glob[g..].iter().all(|character| *character == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_of_names_cross_dots() {
        for (glob, name, expected) in [
            ("*_TOKEN", "GITHUB_TOKEN", true),
            ("*SECRET*", "MY_SECRET_KEY", true),
            ("LC_?*", "LC_ALL", true),
            ("LC_?*", "LC_", false),
            ("os.*", "os.path.x", true),
            ("*", "", true),
            ("a*b", "ac", false),
        ] {
            assert_eq!(matches(glob, name), expected, "{glob} against {name}");
        }
    }
}
