//! The name of a run.

use std::fmt;

use rustix::rand::{GetRandomFlags, getrandom};
use rustix::time::{ClockId, clock_gettime};

/// A ULID: 48 bits of time in milliseconds and 80 random bits, in Crockford's base 32. Names of later runs sort behind
/// those of earlier ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId([u8; Self::LEN]);

impl RunId {
    /// Its length in characters.
    pub const LEN: usize = 26;

    /// A new one.
    ///
    /// # Errors
    /// If the kernel gives no random numbers.
    pub fn generate() -> std::io::Result<Self> {
        let now = clock_gettime(ClockId::Realtime);
        let milliseconds =
            now.tv_sec.unsigned_abs() * 1000 + now.tv_nsec.unsigned_abs() / 1_000_000;
        let mut random = [0; 10];
        let mut filled = 0;
        while filled < random.len() {
            match getrandom(&mut random[filled..], GetRandomFlags::empty()) {
                Ok(count) => filled += count,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Self::new(milliseconds, random))
    }

    /// The one of this time and these random bits.
    #[must_use]
    pub fn new(unix_ms: u64, random: [u8; 10]) -> Self {
        const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&unix_ms.to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&random);
        let mut number = u128::from_be_bytes(bytes);
        let mut text = [0; Self::LEN];
        for digit in text.iter_mut().rev() {
            *digit = DIGITS[(number % 32) as usize];
            number /= 32;
        }
        Self(text)
    }

    /// The 26 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Never empty: only digits are stored.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_ulid_of_its_time_and_random_bits() {
        // The example of the ULID specification: 01ARZ3NDEKTSV4RRFFQ69G5FAV.
        let random = [0xD6, 0x76, 0x4C, 0x61, 0xEF, 0xB9, 0x93, 0x02, 0xBD, 0x5B];
        let id = RunId::new(1_469_922_850_259, random);
        assert_eq!(id.as_str(), "01ARZ3NDEKTSV4RRFFQ69G5FAV");
        assert_eq!(RunId::new(0, [0; 10]).as_str(), "0".repeat(26));
        let last = RunId::new((1 << 48) - 1, [0xFF; 10]);
        assert_eq!(last.as_str(), format!("7{}", "Z".repeat(25)));
    }

    #[test]
    fn two_runs_have_two_names_in_the_order_of_their_times() {
        assert_ne!(RunId::generate().unwrap(), RunId::generate().unwrap());
        assert!(RunId::new(1, [0xFF; 10]) < RunId::new(2, [0; 10]));
    }
}
