//! The hash of an image's maps.
//!
//! Builder and reader run the same function, in different processes, so it has no secret. What an attacker can gain by
//! collisions is a few more probes: every hit is compared with the key itself.

const A: u64 = 0x9e37_79b9_7f4a_7c15;
const B: u64 = 0xd6e8_feb8_6659_fd93;
const C: u64 = 0xa076_1d64_78bd_642f;

/// The hash of some bytes.
#[must_use]
#[inline]
pub fn bytes(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    let (low, high) = match length {
        0 => (0, 0),
        1..4 => (
            u64::from(bytes[0]),
            u64::from(bytes[length / 2]) << 8 | u64::from(bytes[length - 1]),
        ),
        4..8 => (four(bytes, 0), four(bytes, length - 4)),
        8..=16 => (eight(bytes, 0), eight(bytes, length - 8)),
        _ => (long(bytes), eight(bytes, length - 8)),
    };
    fold(low ^ A, high ^ B ^ (length as u64).wrapping_mul(C))
}

/// The hash of some bytes with this hash under a tag.
#[must_use]
#[inline]
pub const fn tagged(tag: u32, hash: u64) -> u64 {
    hash ^ (tag as u64).wrapping_mul(A).rotate_left(32)
}

/// Which bit of a filter of `1 << size` bits stands for a hash.
#[must_use]
#[inline]
pub const fn bit(hash: u64, size: u32) -> usize {
    // Slots are found by the low bits.
    (hash >> 32 >> (32 - if size < 32 { size } else { 32 })) as usize
}

/// Which byte of a filter of `1 << size` bytes stands for some bytes: the first four of them.
#[must_use]
#[inline]
pub fn gram(bytes: &[u8], size: u32) -> usize {
    let value = match bytes.first_chunk() {
        Some(four) => u32::from_le_bytes(*four),
        None => bytes.iter().fold(bytes.len() as u32, |value, &byte| {
            value << 8 | u32::from(byte)
        }),
    };
    // The high bits: the low ones of a product know the low ones of its factors only.
    (u64::from(value.wrapping_mul(0x9e37_79b1)) >> (32 - size.min(32))) as usize
}

/// All but the last eight bytes or more of a long key.
fn long(bytes: &[u8]) -> u64 {
    let mut state = C;
    let mut at = 0;
    while at + 8 < bytes.len() {
        state = fold(state ^ eight(bytes, at), A);
        at += 8;
    }
    state
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[inline]
fn four(bytes: &[u8], at: usize) -> u64 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |chunk| u32::from_le_bytes(*chunk).into())
}

#[inline]
fn eight(bytes: &[u8], at: usize) -> u64 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |chunk| u64::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn keys_that_differ_little_have_different_hashes() {
        let mut seen = HashSet::new();
        for length in 0..40 {
            for place in 0..length {
                for byte in 1..=255 {
                    let mut key = vec![b'a'; length];
                    key[place] = byte;
                    if byte != b'a' || place == 0 {
                        assert!(seen.insert(bytes(&key)), "{key:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_byte_of_a_short_key_counts() {
        let all: HashSet<u64> = (0..=0xff_ffff_u32)
            .step_by(7)
            .map(|key| bytes(&key.to_le_bytes()[..3]))
            .collect();
        assert_eq!(all.len(), (0..=0xff_ffff_u32).step_by(7).count());
    }
}
