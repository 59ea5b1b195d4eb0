//! Globs of names, of events and of variables: `*` is any run of characters, `?` any one.

/// Whether a glob matches a name, in time `O(glob · name)`.
#[must_use]
pub(crate) fn matches(glob: &str, name: &str) -> bool {
    let (mut glob, mut name) = (glob.chars(), name.chars());
    // Where to go on after a mismatch: behind the last `*`, with one more character taken by it.
    let mut star = None;
    loop {
        let (mut after, mut rest) = (glob.clone(), name.clone());
        match (after.next(), rest.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                star = Some((after.clone(), name.clone()));
                glob = after;
            }
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
                (glob, name) = (after, rest);
            }
            _ => {
                let Some((after, taken)) = &mut star else {
                    return false;
                };
                if taken.next().is_none() {
                    return false;
                }
                (glob, name) = (after.clone(), taken.clone());
            }
        }
    }
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
            ("a*b", "abcb", true),
            ("*?b*c", "éabbc", true),
            ("??", "é界", true),
            ("?", "", false),
            ("", "a", false),
            ("**", "", true),
        ] {
            assert_eq!(matches(glob, name), expected, "{glob} against {name}");
        }
    }
}
