//! Which lines to show.

use audithook_abi::Verdict;

use crate::Line;
use crate::clock::Rfc3339;

/// Conditions on lines; all of them must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Globs of event names (`*` and `?`), one of which matches; none for all events.
    pub events: Vec<String>,
    /// Verdicts, one of which was given (or would have been, in `warn` mode); none for all.
    pub verdicts: Vec<Verdict>,
    /// A run, as lines name it.
    pub run: Option<String>,
    /// A process: its number in the journal (`4242.1`) or its pid.
    pub process: Option<String>,
    /// Where to begin.
    pub since: Option<Since>,
}

impl Filter {
    /// Whether the line is to be shown.
    #[must_use]
    pub fn matches(&self, line: &Line) -> bool {
        let any = |glob: &String| glob_matches(glob.as_bytes(), line.event.as_bytes());
        let given = |verdict: &Verdict| line.verdict == *verdict || line.would == Some(*verdict);
        (self.events.is_empty() || self.events.iter().any(any))
            && (self.verdicts.is_empty() || self.verdicts.iter().any(given))
            && self.run.as_ref().is_none_or(|run| *run == line.run)
            && self.process.as_ref().is_none_or(|process| {
                *process == line.proc || process.parse().is_ok_and(|pid: u32| pid == line.pid)
            })
            && self.since.as_ref().is_none_or(|since| since.matches(line))
    }
}

/// Where to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// At this `seq`.
    Seq(u64),
    /// At this time, as lines write it.
    Time(String),
}

impl Since {
    /// Reads what follows `--since`: a `seq` (`seq:1700`, or `1700`), a time span before `now_unix_ns` (`90s`, `10m`, `2h`, `3d`, `1w`), a day
    /// (`2026-01-02`) or an instant (RFC 3339).
    ///
    /// # Errors
    /// If it is none of these.
    pub fn parse(text: &str, now_unix_ns: u64) -> Result<Self, FilterError> {
        let wrong = || FilterError(text.to_owned());
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (number, is_named) = match text.strip_prefix("seq:") {
            Some(number) => (number, true),
            None => (text, false),
        };
        if is_named || is_number(number) {
            // A sign is a number to Rust, and none of a record.
            return match number.parse() {
                Ok(seq) if is_number(number) => Ok(Self::Seq(seq)),
                _ => Err(wrong()),
            };
        }
        if let Some(span_ns) = span_ns(text) {
            return Ok(Self::at(now_unix_ns.saturating_sub(span_ns)));
        }
        let midnight = text.len() == "2026-01-02".len();
        let instant = if midnight {
            format!("{text}T00:00:00Z").parse()
        } else {
            text.parse()
        };
        let instant: jiff::Timestamp = instant.map_err(|_| wrong())?;
        let unix_ns = instant.as_nanosecond().clamp(0, u64::MAX.into());
        Ok(Self::at(u64::try_from(unix_ns).unwrap_or(u64::MAX)))
    }

    fn at(unix_ns: u64) -> Self {
        let mut text = Vec::new();
        Rfc3339::new().write(&mut text, unix_ns);
        Self::Time(String::from_utf8_lossy(&text).into_owned())
    }

    fn matches(&self, line: &Line) -> bool {
        match self {
            Self::Seq(seq) => line.seq >= *seq,
            // Lines write times in one form, which sorts as text.
            Self::Time(time) => line.time >= *time,
        }
    }
}

/// the start is not understood: `{0}`
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the start is not understood: `{0}`\n\nhint: a time (`2026-01-02T03:04:05Z`), a day (`2026-01-02`), a span (`10m`, `2h`, `3d`) or a number of the journal (`seq:1700`)"
)]
pub struct FilterError(String);

fn span_ns(text: &str) -> Option<u64> {
    let unit = text.chars().last()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let count: u64 = text[..text.len() - 1].parse().ok()?;
    count.checked_mul(seconds)?.checked_mul(1_000_000_000)
}

/// Whether a text matches a glob of `*` (any characters, also none) and `?` (one character; bytes here, for names are ASCII).
///
/// Linear in the product of the lengths: a `*` is taken back only to the last one.
fn glob_matches(glob: &[u8], text: &[u8]) -> bool {
    let (mut at, mut place) = (0, 0);
    let mut star = None;
    while place < text.len() {
        match glob.get(at) {
            Some(b'*') => {
                star = Some((at + 1, place));
                at += 1;
            }
            Some(&wanted) if wanted == b'?' || wanted == text[place] => {
                at += 1;
                place += 1;
            }
            _ => {
                let Some((behind, from)) = star else {
                    return false;
                };
                star = Some((behind, from + 1));
                (at, place) = (behind, from + 1);
            }
        }
    }
    glob[at..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn line(text: &str) -> Line {
        let mut line = serde_json::json!({
            "v": 1, "run": "r", "seq": 17, "time": "2026-01-02T03:04:05.123456789Z", "proc": "42.1", "pid": 42, "tid": 43,
            "sources": ["cpython"], "event": "socket.connect", "args": {}, "verdict": "allow", "rules": [], "generation": 1
        });
        let more: serde_json::Value = serde_json::from_str(text).unwrap();
        line.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        Line::parse(line.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn globs_match_as_in_a_shell() {
        for (glob, text, expected) in [
            ("open", "open", true),
            ("open", "opens", false),
            ("*", "", true),
            ("socket.*", "socket.connect", true),
            ("socket.*", "socket", false),
            ("*.c*t", "socket.connect", true),
            ("*.c*x", "socket.connect", false),
            ("s?cket.*", "socket.bind", true),
            ("**a**b", "xaxb", true),
            ("?", "", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(
                glob_matches(glob.as_bytes(), text.as_bytes()),
                expected,
                "{glob} {text}"
            );
        }
    }

    #[test]
    fn a_glob_made_to_be_slow_is_not() {
        let text = vec![b'a'; 20_000];
        let glob = [b"*a".repeat(1000), b"*b".to_vec()].concat();
        let begun = std::time::Instant::now();
        assert!(!glob_matches(&glob, &text));
        assert!(begun.elapsed() < std::time::Duration::from_secs(5));
    }

    #[test]
    fn all_conditions_must_hold() {
        let shown = line(r#"{"verdict":"allow","would":"deny"}"#);
        let filter = Filter {
            events: vec!["open".into(), "socket.*".into()],
            verdicts: vec![Verdict::Deny],
            run: Some("r".into()),
            process: Some("42".into()),
            since: Some(Since::Seq(17)),
        };
        assert!(filter.matches(&shown));
        assert!(Filter::default().matches(&shown));
        for filter in [
            Filter {
                events: vec!["open".into()],
                ..filter.clone()
            },
            Filter {
                verdicts: vec![Verdict::Kill],
                ..filter.clone()
            },
            Filter {
                run: Some("other".into()),
                ..filter.clone()
            },
            Filter {
                process: Some("43".into()),
                ..filter.clone()
            },
            Filter {
                process: Some("42.2".into()),
                ..filter.clone()
            },
            Filter {
                since: Some(Since::Seq(18)),
                ..filter.clone()
            },
        ] {
            assert!(!filter.matches(&shown), "{filter:?}");
        }
        assert!(
            Filter {
                process: Some("42.1".into()),
                ..filter
            }
            .matches(&shown)
        );
    }

    #[test]
    fn a_start_is_a_number_a_span_a_day_or_an_instant() {
        let now = 1_767_323_045_123_456_789;
        for (text, expected) in [
            ("10m", "2026-01-02T02:54:05.123456789Z"),
            ("2h", "2026-01-02T01:04:05.123456789Z"),
            ("3d", "2025-12-30T03:04:05.123456789Z"),
            ("99999999w", "1970-01-01T00:00:00.000000000Z"),
            ("2026-01-02", "2026-01-02T00:00:00.000000000Z"),
            (
                "2026-01-02T03:04:05+01:00",
                "2026-01-02T02:04:05.000000000Z",
            ),
        ] {
            let since = Since::parse(text, now);
            if text == "99999999w" {
                assert!(since.is_err(), "more than 64 bits of nanoseconds");
                continue;
            }
            assert_eq!(since, Ok(Since::Time(expected.into())), "{text}");
        }
        assert_eq!(Since::parse("1700", now), Ok(Since::Seq(1700)));
        assert_eq!(Since::parse("seq:1700", now), Ok(Since::Seq(1700)));
        for wrong in ["seq:", "seq:x", "seq:+1", "seq:-1", ""] {
            assert!(Since::parse(wrong, now).is_err(), "{wrong}");
        }
        assert!(
            Since::parse("2026-01-02T03:04:05Z", now)
                .unwrap()
                .matches(&line("{}"))
        );
        assert!(
            !Since::parse("2026-01-02T03:04:06Z", now)
                .unwrap()
                .matches(&line("{}"))
        );
        for text in [
            "",
            "yesterday",
            "10",
            "m",
            "-5m",
            "1e3s",
            "99999999999999999999",
        ] {
            let since = Since::parse(text, now);
            assert_eq!(since.is_ok(), text == "10", "{text}");
        }
        assert_eq!(
            Since::parse("yesterday", now).unwrap_err().to_string(),
            "the start is not understood: `yesterday`\n\nhint: a time (`2026-01-02T03:04:05Z`), a day (`2026-01-02`), \
             a span (`10m`, `2h`, `3d`) or a number of the journal (`seq:1700`)"
        );
    }
}
