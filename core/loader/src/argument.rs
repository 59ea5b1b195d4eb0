//! What is typed for a parameter, and the value that the plugin gets for it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use audithook_abi::Value;

use crate::command::{CommandInfo, ParamInfo, ParamKind};

/// What is given for one parameter.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Argument {
    /// Nothing.
    Absent,
    /// Whether the flag is given.
    Flag(bool),
    /// Text.
    Str(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A path.
    Path(Vec<u8>),
    /// A number that may be negative.
    I64(i64),
    /// A number that is not negative; bytes; nanoseconds.
    U64(u64),
    /// A number with a fraction.
    F64(f64),
    /// What was given several times.
    List(Vec<Argument>),
}

/// Why a text is no value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentError {
    /// not UTF-8
    #[error("not UTF-8")]
    NotUtf8,
    /// a path has no NUL
    #[error("a path has no NUL byte")]
    Nul,
    /// not a whole number{0}
    #[error("not a whole number from {least} to {most}")]
    NotWhole {
        /// The least that is taken.
        least: i64,
        /// The most that is taken.
        most: u64,
    },
    /// not a number
    #[error("not a number")]
    NotANumber,
    /// not a size
    #[error(
        "not a size: a number, and perhaps B, kB, KiB, MB, MiB, GB, GiB, TB or TiB, as `64KiB`"
    )]
    NotASize,
    /// not a duration
    #[error("not a duration: a number and ns, us, ms, s, m, h or d, as `250ms`")]
    NotADuration,
    /// not one of the choices
    #[error("not one of `{}`", .0.join("`, `"))]
    NotAChoice(Vec<String>),
}

impl Argument {
    /// What a parameter is when nothing is given for it.
    ///
    /// # Panics
    /// Never: a default was read when the plugin was loaded.
    #[must_use]
    pub fn absent(param: &ParamInfo) -> Self {
        match (&param.default, param.kind) {
            (Some(default), _) => Self::parse(param, default.as_ref()).unwrap_or(Self::Absent),
            (None, ParamKind::Flag) => Self::Flag(false),
            (None, _) if param.repeated => Self::List(Vec::new()),
            (None, _) => Self::Absent,
        }
    }

    /// Reads what was typed, once.
    ///
    /// # Errors
    /// It is no value of the parameter.
    pub fn parse(param: &ParamInfo, typed: &OsStr) -> Result<Self, ArgumentError> {
        if param.kind == ParamKind::Bytes {
            return Ok(Self::Bytes(typed.as_bytes().to_owned()));
        }
        if param.kind == ParamKind::Path {
            return match typed.as_bytes() {
                bytes if bytes.contains(&0) => Err(ArgumentError::Nul),
                bytes => Ok(Self::Path(bytes.to_owned())),
            };
        }
        let text = typed.to_str().ok_or(ArgumentError::NotUtf8)?;
        Ok(match param.kind {
            ParamKind::I64 => Self::I64(text.parse().map_err(|_| ArgumentError::NotWhole {
                least: i64::MIN,
                most: i64::MAX.cast_unsigned(),
            })?),
            ParamKind::U64 => Self::U64(text.parse().map_err(|_| ArgumentError::NotWhole {
                least: 0,
                most: u64::MAX,
            })?),
            ParamKind::F64 => Self::F64(
                text.parse()
                    .ok()
                    .filter(|number: &f64| !number.is_nan())
                    .ok_or(ArgumentError::NotANumber)?,
            ),
            ParamKind::Size => Self::U64(size(text).ok_or(ArgumentError::NotASize)?),
            ParamKind::Duration => Self::U64(duration(text).ok_or(ArgumentError::NotADuration)?),
            ParamKind::Flag => Self::Flag(true),
            ParamKind::Str | ParamKind::Bytes | ParamKind::Path => {
                if !param.choices.is_empty() && !param.choices.iter().any(|choice| choice == text) {
                    return Err(ArgumentError::NotAChoice(param.choices.clone()));
                }
                Self::Str(text.to_owned())
            }
        })
    }

    /// The values of a call: one for each parameter, and behind them the elements of lists, which they point to.
    pub(crate) fn values<'a>(arguments: &'a [Self], lists: &'a [Vec<Value<'a>>]) -> Vec<Value<'a>> {
        let mut lists = lists.iter();
        arguments
            .iter()
            .map(|argument| match argument {
                Self::List(_) => Value::list(lists.next().map_or(&[], Vec::as_slice)),
                single => single.value(),
            })
            .collect()
    }

    /// The elements of every list among the arguments, in order.
    pub(crate) fn lists(arguments: &[Self]) -> Vec<Vec<Value<'_>>> {
        arguments
            .iter()
            .filter_map(|argument| match argument {
                Self::List(elements) => Some(elements.iter().map(Self::value).collect()),
                _ => None,
            })
            .collect()
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Absent | Self::List(_) => Value::NULL,
            Self::Flag(given) => Value::bool(*given),
            Self::Str(text) => Value::str(text),
            Self::Bytes(bytes) => Value::bytes(bytes),
            Self::Path(path) => Value::path(path),
            Self::I64(number) => Value::i64(*number),
            Self::U64(number) => Value::u64(*number),
            Self::F64(number) => Value::f64(*number),
        }
    }
}

impl CommandInfo {
    /// What a call without any argument gives: the defaults.
    #[must_use]
    pub fn defaults(&self) -> Vec<Argument> {
        self.params.iter().map(Argument::absent).collect()
    }
}

const SIZES: [(&str, u64); 11] = [
    ("", 1),
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("GB", 1_000_000_000),
    ("GiB", 1 << 30),
    ("TB", 1_000_000_000_000),
    ("TiB", 1 << 40),
];

const DURATIONS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

fn size(text: &str) -> Option<u64> {
    measured(text, &SIZES)
}

fn duration(text: &str) -> Option<u64> {
    measured(text, &DURATIONS)
}

/// A decimal number with a unit, exactly: what does not come out whole is rounded down.
fn measured(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text
        .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = units.iter().find(|(name, _)| *name == unit.trim_start())?.1;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.len() > 18 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let fraction = u128::from(fraction.parse::<u64>().ok()?) * u128::from(unit)
        / 10u128.pow(fraction.len() as u32);
    whole
        .checked_mul(unit)?
        .checked_add(u64::try_from(fraction).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_are_read_exactly() {
        for (typed, bytes) in [
            ("0", 0),
            ("4096", 4096),
            ("64KiB", 65_536),
            ("1.5MB", 1_500_000),
            ("0.1GiB", 107_374_182),
            ("16 MiB", 16 << 20),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(size(typed), Some(bytes), "{typed}");
        }
        for (typed, nanoseconds) in [
            ("250ms", 250_000_000),
            ("1.5s", 1_500_000_000),
            ("2m", 120_000_000_000),
            ("0.000000001s", 1),
        ] {
            assert_eq!(duration(typed), Some(nanoseconds), "{typed}");
        }
    }

    #[test]
    fn what_is_no_size_or_duration_is_refused() {
        for typed in [
            "",
            "KiB",
            ".5KiB",
            "1.",
            "1.2.3",
            "-1",
            "1e3",
            "5kb",
            "1x",
            "18446744073709551616",
            "99999999TiB",
        ] {
            assert_eq!(size(typed), None, "{typed}");
        }
        for typed in ["", "5", "s", "1 fortnight", "-1s"] {
            assert_eq!(duration(typed), None, "{typed}");
        }
    }
}
