//! From CLOCK_MONOTONIC, which records carry, to UTC, which lines show.

use rustix::time::{ClockId, clock_gettime};

/// The distance between the two clocks, read once at the start of a run: within a run, times never step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    monotonic_ns: u64,
    unix_ns: u64,
}

impl Clock {
    /// Reads both clocks now.
    #[must_use]
    pub fn now() -> Self {
        Self::new(
            monotonic_ns(),
            nanoseconds(clock_gettime(ClockId::Realtime)),
        )
    }

    /// Says that both readings are of one instant.
    #[must_use]
    pub const fn new(monotonic_ns: u64, unix_ns: u64) -> Self {
        Self {
            monotonic_ns,
            unix_ns,
        }
    }

    /// Nanoseconds since 1970 for a time of CLOCK_MONOTONIC.
    #[must_use]
    pub const fn unix_ns(&self, monotonic_ns: u64) -> u64 {
        if monotonic_ns >= self.monotonic_ns {
            self.unix_ns
                .saturating_add(monotonic_ns - self.monotonic_ns)
        } else {
            self.unix_ns
                .saturating_sub(self.monotonic_ns - monotonic_ns)
        }
    }

    /// CLOCK_MONOTONIC now, in nanoseconds.
    #[must_use]
    pub fn monotonic_now() -> u64 {
        monotonic_ns()
    }
}

/// Writes times as `2026-01-02T03:04:05.123456789Z`: always 30 bytes, so that they sort as text.
#[derive(Debug)]
pub(crate) struct Rfc3339 {
    second: u64,
    shown: [u8; 19],
}

impl Rfc3339 {
    pub(crate) const fn new() -> Self {
        Self {
            second: 0,
            shown: *b"1970-01-01T00:00:00",
        }
    }

    pub(crate) fn write(&mut self, out: &mut Vec<u8>, unix_ns: u64) {
        let second = unix_ns / 1_000_000_000;
        if second != self.second {
            self.second = second;
            self.shown = shown(second);
        }
        out.extend_from_slice(&self.shown);
        let mut fraction = *b".000000000Z";
        decimal(&mut fraction[1..10], unix_ns % 1_000_000_000);
        out.extend_from_slice(&fraction);
    }
}

fn shown(second: u64) -> [u8; 19] {
    let mut shown = *b"0000-00-00T00:00:00";
    let (year, month, day) = date(second / 86_400);
    let of_day = second % 86_400;
    decimal(&mut shown[0..4], year);
    decimal(&mut shown[5..7], month);
    decimal(&mut shown[8..10], day);
    decimal(&mut shown[11..13], of_day / 3600);
    decimal(&mut shown[14..16], of_day / 60 % 60);
    decimal(&mut shown[17..19], of_day % 60);
    shown
}

/// Year, month and day of the day with this number since 1970-01-01: Howard Hinnant's `civil_from_days`, for days that are
/// not negative.
const fn date(day: u64) -> (u64, u64, u64) {
    let day = day + 719_468;
    let era = day / 146_097;
    let of_era = day % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// Fills `target` with a number's last digits.
fn decimal(target: &mut [u8], mut number: u64) {
    for digit in target.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

fn monotonic_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::Monotonic))
}

fn nanoseconds(time: rustix::time::Timespec) -> u64 {
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(unix_ns: u64) -> String {
        let mut out = Vec::new();
        Rfc3339::new().write(&mut out, unix_ns);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn known_instants_are_shown_as_they_are_known() {
        assert_eq!(text(0), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(
            text(951_827_696_000_000_001),
            "2000-02-29T12:34:56.000000001Z"
        );
        assert_eq!(
            text(1_767_323_045_123_456_789),
            "2026-01-02T03:04:05.123456789Z"
        );
        assert_eq!(text(u64::MAX), "2554-07-21T23:34:33.709551615Z");
    }

    #[test]
    fn a_clock_converts_both_ways_from_its_instant() {
        let clock = Clock::new(1000, 5000);
        assert_eq!(clock.unix_ns(1500), 5500);
        assert_eq!(clock.unix_ns(400), 4400);
        assert_eq!(clock.unix_ns(u64::MAX), u64::MAX);
        assert_eq!(Clock::new(u64::MAX, 5).unix_ns(0), 0);
    }

    proptest! {
        #[test]
        fn times_read_back_and_sort_as_text(a in any::<u64>(), b in any::<u64>()) {
            let read: jiff::Timestamp = text(a).parse().unwrap();
            prop_assert_eq!(read.as_nanosecond(), i128::from(a));
            prop_assert_eq!(text(a).cmp(&text(b)), a.cmp(&b));
        }
    }
}
