//! Fingerprints of texts that nobody outside this library can find another text for: SipHash of 128 bits, with a key of this
//! process. Python code of the program learns neither the key nor a fingerprint.

use core::num::NonZeroU128;
use core::sync::atomic::{AtomicU64, Ordering};

/// Drawn by the constructor; a forked child has its parent's.
static KEY: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];

/// Rounds of SipHash for each word, and at the end: those of the tables of Rust's standard library.
const ROUNDS: (usize, usize) = (1, 3);

/// Draws the key. Called once, by the constructor. Returns whether there is one.
pub(crate) fn draw() -> bool {
    let mut key = [0_u64; 2];
    // SAFETY: the buffer is writable for its length. So few bytes come whole.
    let length =
        unsafe { libc::syscall(libc::SYS_getrandom, key.as_mut_ptr(), size_of_val(&key), 0) };
    for (place, word) in KEY.iter().zip(key) {
        place.store(word, Ordering::Relaxed);
    }
    usize::try_from(length) == Ok(size_of_val(&key))
}

/// The fingerprint of a text.
pub(crate) fn of_text(text: &[u8]) -> NonZeroU128 {
    let [first, second] = &KEY;
    let key = [
        first.load(Ordering::Relaxed),
        second.load(Ordering::Relaxed),
    ];
    // One that is zero is as good as another.
    NonZeroU128::new(hash(key, ROUNDS, text)).unwrap_or(NonZeroU128::MIN)
}

/// The fingerprint of texts in their order.
pub(crate) fn of_texts<'a>(first: &[u8], others: impl Iterator<Item = &'a [u8]>) -> NonZeroU128 {
    others.fold(of_text(first), |all, text| {
        let mut pair = [0; 32];
        pair[..16].copy_from_slice(&all.get().to_le_bytes());
        pair[16..].copy_from_slice(&of_text(text).get().to_le_bytes());
        of_text(&pair)
    })
}

/// SipHash with 128 bits of output (Aumasson and Bernstein).
#[inline]
fn hash(key: [u64; 2], (each, last): (usize, usize), text: &[u8]) -> u128 {
    let mut state = [
        key[0] ^ 0x736f_6d65_7073_6575,
        key[1] ^ 0x646f_7261_6e64_6f6d ^ 0xee,
        key[0] ^ 0x6c79_6765_6e65_7261,
        key[1] ^ 0x7465_6462_7974_6573,
    ];
    let (words, rest) = text.as_chunks::<8>();
    let mut end = [0; 8];
    end[..rest.len()].copy_from_slice(rest);
    // The last word says how long the text is, modulo 256.
    end[7] = text.len() as u8;
    for word in words.iter().chain([&end]) {
        let word = u64::from_le_bytes(*word);
        state[3] ^= word;
        mix(&mut state, each);
        state[0] ^= word;
    }
    state[2] ^= 0xee;
    mix(&mut state, last);
    let low = state.iter().fold(0, |all, word| all ^ word);
    state[1] ^= 0xdd;
    mix(&mut state, last);
    let high = state.iter().fold(0, |all, word| all ^ word);
    u128::from(low) | u128::from(high) << 64
}

#[inline]
fn mix([a, b, c, d]: &mut [u64; 4], rounds: usize) {
    for _ in 0..rounds {
        *a = a.wrapping_add(*b);
        *b = b.rotate_left(13) ^ *a;
        *a = a.rotate_left(32);
        *c = c.wrapping_add(*d);
        *d = d.rotate_left(16) ^ *c;
        *a = a.wrapping_add(*d);
        *d = d.rotate_left(21) ^ *a;
        *c = c.wrapping_add(*b);
        *b = b.rotate_left(17) ^ *c;
        *c = c.rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the authors are for two rounds and four: the key is 0, 1, … 15, and so is the text.
    #[test]
    fn it_is_siphash() {
        let key = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];
        let hash = |text: &[u8]| hash(key, (2, 4), text).to_le_bytes();
        assert_eq!(
            hash(b""),
            0xa381_7f04_ba25_a8e6_6df6_7214_c755_0293_u128.to_be_bytes()
        );
        assert_eq!(
            hash(b"\0"),
            0xda87_c1d8_6b99_af44_3476_5911_9b22_fc45_u128.to_be_bytes()
        );
    }

    #[test]
    fn texts_are_told_apart_by_their_key_their_ends_and_their_order() {
        assert!(draw());
        let before = of_text(b"path");
        assert_eq!(before, of_text(b"path"));
        assert_ne!(before, of_text(b"path\0"));
        let texts = |texts: &[&'static [u8]]| of_texts(b"program", texts.iter().copied());
        assert_ne!(texts(&[b"a", b"b"]), texts(&[b"b", b"a"]));
        assert_ne!(texts(&[b"ab"]), texts(&[b"a", b"b"]));
        assert_ne!(texts(&[]), texts(&[b""]));
        assert!(draw());
        assert_ne!(before, of_text(b"path"));
    }
}
