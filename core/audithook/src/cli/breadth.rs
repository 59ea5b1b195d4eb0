//! How much an entry of a list takes in: what it amounts to, not how it is written.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use audithook_policy::model::{HostPattern, HostRule, PathPattern, PathRule, UnixRule};

/// The widest come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Breadth {
    /// Nothing is outside it.
    Everything,
    /// All of the user's home, and perhaps more.
    Home,
    /// A part; the smaller the number, the larger it may be.
    Part(usize),
}

/// What is no smaller or larger than its neighbours in a list.
const ONE: Breadth = Breadth::Part(usize::MAX);

impl Breadth {
    pub(super) fn of_paths(rule: &PathRule, home: Option<&Path>) -> Self {
        let patterns = rule.patterns.iter();
        patterns
            .map(|pattern| Self::of_path(pattern, home))
            .min()
            .unwrap_or(ONE)
    }

    fn of_path(pattern: &PathPattern, home: Option<&Path>) -> Self {
        let (whole, place) = match pattern {
            PathPattern::Literal(path) => (true, PathBuf::from(OsStr::from_bytes(path))),
            PathPattern::Glob(glob) => literal_beginning(glob),
        };
        if whole && place == Path::new("/") {
            return Self::Everything;
        }
        if whole && home.is_some_and(|home| home.starts_with(&place)) {
            return Self::Home;
        }
        Self::Part(place.components().count())
    }

    pub(super) fn of_unix(rule: &UnixRule, home: Option<&Path>) -> Self {
        match rule {
            UnixRule::Path(rule) => Self::of_paths(rule, home),
            UnixRule::Name(_) => ONE,
        }
    }

    pub(super) fn of_hosts(rule: &HostRule) -> Self {
        let all_ports = matches!(rule.ports, None | Some((0 | 1, u16::MAX)));
        let widest = rule.hosts.iter().map(Self::of_host).min().unwrap_or(ONE);
        match widest {
            Self::Everything if !all_ports => Self::Part(0),
            widest => widest,
        }
    }

    /// By the bits that an address has to share; a name is one of many, and a suffix the larger the shorter it is.
    fn of_host(host: &HostPattern) -> Self {
        match host {
            HostPattern::Any | HostPattern::Net { prefix: 0 | 96, .. } => Self::Everything,
            HostPattern::Net { prefix, .. } => {
                Self::Part(usize::from(prefix.checked_sub(96).unwrap_or(*prefix)))
            }
            HostPattern::Suffix(suffix) => Self::Part(8 * suffix.split('.').count()),
            HostPattern::Name(_) => Self::Part(128),
        }
    }

    /// Of a glob of names.
    pub(super) fn of_name(glob: &str) -> Self {
        match glob.find(['*', '?']) {
            Some(0) if glob.bytes().all(|byte| byte == b'*') => Self::Everything,
            Some(place) => Self::Part(place),
            None => ONE,
        }
    }
}

/// The directory that all that a glob matches lies in, and whether the glob leaves nothing of it out.
fn literal_beginning(glob: &str) -> (bool, PathBuf) {
    let mut place = PathBuf::from("/");
    let mut names = glob.split('/').filter(|name| !name.is_empty()).peekable();
    while let Some(name) = names.peek().and_then(|name| literal(name)) {
        place.push(name);
        names.next();
    }
    let takes_any = |name: &str| name.bytes().all(|byte| matches!(byte, b'*' | b'?'));
    (names.all(takes_any), place)
}

/// The one name that a part of a glob matches, if there is but one.
fn literal(glob: &str) -> Option<String> {
    let mut name = String::new();
    let mut letters = glob.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '*' | '?' | '[' | '{' => return None,
            '\\' => name.extend(letters.next()),
            letter => name.push(letter),
        }
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_take_in_what_they_leave_nothing_out_of() {
        let home = Some(Path::new("/home/ada"));
        let breadth = |glob: &str| Breadth::of_path(&PathPattern::Glob(glob.to_owned()), home);
        for glob in ["**", "/**", "/*", "/?*/**", "**/*"] {
            assert_eq!(breadth(glob), Breadth::Everything, "{glob}");
        }
        for glob in ["/home/**", "/home/ada/*", "/home/ada/**"] {
            assert_eq!(breadth(glob), Breadth::Home, "{glob}");
        }
        for (glob, depth) in [
            ("**/.env", 1),
            ("/**/*.py", 1),
            ("/etc/*", 2),
            ("/home/ada/*.py", 3),
            ("/home/ada/x/**", 4),
            (r"/home/a\*da/**", 3),
        ] {
            assert_eq!(breadth(glob), Breadth::Part(depth), "{glob}");
        }
        let literal =
            |path: &str| Breadth::of_path(&PathPattern::Literal(path.as_bytes().to_vec()), home);
        assert_eq!(literal("/"), Breadth::Everything);
        assert_eq!(literal("/home"), Breadth::Home);
        assert_eq!(literal("/home/ada/shop"), Breadth::Part(4));
    }

    #[test]
    fn variables_are_all_meant_by_stars_alone() {
        assert_eq!(Breadth::of_name("**"), Breadth::Everything);
        assert!(Breadth::of_name("*_TOKEN") < Breadth::of_name("LC_*"));
        assert!(Breadth::of_name("LC_*") < Breadth::of_name("HOME"));
        assert!(Breadth::of_name("") == ONE);
    }
}
