//! Finding bytes in paths, eight at a time: most of what judging a path costs is reading it.

const LOW: u64 = u64::from_le_bytes([1; 8]);
const HIGH: u64 = LOW << 7;

/// Where the first of these bytes is.
#[inline]
pub(crate) fn find_byte(bytes: &[u8], wanted: u8) -> Option<usize> {
    let pattern = LOW * u64::from(wanted);
    let (chunks, rest) = bytes.as_chunks();
    for (place, chunk) in chunks.iter().enumerate() {
        // Where the wanted byte stood is 0 now, and only there the subtraction borrows first.
        let zero = u64::from_le_bytes(*chunk) ^ pattern;
        let found = zero.wrapping_sub(LOW) & !zero & HIGH;
        if found != 0 {
            return Some(8 * place + found.trailing_zeros() as usize / 8);
        }
    }
    let place = rest.iter().position(|&byte| byte == wanted)?;
    Some(bytes.len() - rest.len() + place)
}

/// The next component of a path from an offset on, and where it ends. Empty ones do not count.
#[inline]
pub(crate) fn next_name(path: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let mut begin = at;
    while path.get(begin)? == &b'/' {
        begin += 1;
    }
    let rest = path.get(begin..)?;
    let length = find_byte(rest, b'/').unwrap_or(rest.len());
    Some((rest.get(..length)?, begin + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_found_wherever_it_stands_and_whatever_its_neighbours_are() {
        for length in 0..40 {
            for fill in [0, b'.', b'/' - 1, b'/' + 1, b'/' | 0x80, 0x7f, 0x80, 0xff] {
                let mut bytes = vec![fill; length];
                assert_eq!(find_byte(&bytes, b'/'), None, "{bytes:?}");
                for place in (0..length).rev() {
                    bytes[place] = b'/';
                    assert_eq!(find_byte(&bytes, b'/'), Some(place), "{bytes:?}");
                }
            }
        }
    }

    #[test]
    fn names_are_what_stands_between_slashes() {
        fn names(path: &str) -> Vec<&str> {
            let mut names = Vec::new();
            let mut at = 0;
            while let Some((name, end)) = next_name(path.as_bytes(), at) {
                names.push(str::from_utf8(name).expect("text"));
                at = end;
            }
            names
        }
        assert_eq!(names("/usr//lib/x/"), ["usr", "lib", "x"]);
        assert_eq!(names("a/b"), ["a", "b"]);
        assert_eq!(names("/"), [""; 0]);
        assert_eq!(names(""), [""; 0]);
    }
}
