//! Punycode (RFC 3492): a label beyond ASCII as the A-label that the DNS knows.

/// The longest label (RFC 1035).
pub(crate) const LONGEST_LABEL: usize = 63;

const PREFIX: &[u8] = b"xn--";
const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const FIRST_BIAS: u32 = 72;
const FIRST_CODE: u32 = 128;

/// Writes the A-label of a lower-case label that is not ASCII, and says how long it is; nothing if it does not fit into
/// `out` or into a label.
pub(crate) fn encode(label: &[char], out: &mut [u8]) -> Option<usize> {
    let room = out.len().min(LONGEST_LABEL);
    let mut writer = Writer {
        out: &mut out[..room],
        length: 0,
    };
    for &byte in PREFIX {
        writer.push(byte)?;
    }
    let mut basic = 0;
    for &letter in label.iter().filter(|letter| letter.is_ascii()) {
        writer.push(letter as u8)?;
        basic += 1;
    }
    if basic > 0 {
        writer.push(b'-')?;
    }

    let mut done = basic;
    let mut code = FIRST_CODE;
    let mut delta = 0_u32;
    let mut bias = FIRST_BIAS;
    while (done as usize) < label.len() {
        let next = label
            .iter()
            .map(|&letter| letter as u32)
            .filter(|&letter| letter >= code)
            .min()?;
        delta = delta.checked_add((next - code).checked_mul(done + 1)?)?;
        code = next;
        for &letter in label {
            let letter = letter as u32;
            if letter < code {
                delta = delta.checked_add(1)?;
            }
            if letter == code {
                writer.push_number(delta, bias)?;
                bias = adapt(delta, done + 1, done == basic);
                delta = 0;
                done += 1;
            }
        }
        delta = delta.checked_add(1)?;
        code += 1;
    }
    Some(writer.length)
}

struct Writer<'o> {
    out: &'o mut [u8],
    length: usize,
}

impl Writer<'_> {
    fn push(&mut self, byte: u8) -> Option<()> {
        *self.out.get_mut(self.length)? = byte;
        self.length += 1;
        Some(())
    }

    /// A generalised variable-length integer (section 3.3).
    fn push_number(&mut self, number: u32, bias: u32) -> Option<()> {
        let mut rest = number;
        let mut k = BASE;
        loop {
            let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
            if rest < threshold {
                return self.push(digit(rest));
            }
            self.push(digit(threshold + (rest - threshold) % (BASE - threshold)))?;
            rest = (rest - threshold) / (BASE - threshold);
            k += BASE;
        }
    }
}

fn digit(value: u32) -> u8 {
    let value = value as u8;
    if value < 26 {
        b'a' + value
    } else {
        b'0' + (value - 26)
    }
}

fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(label: &str) -> Option<String> {
        let letters: Vec<char> = label.chars().collect();
        let mut out = [0; 253];
        let length = encode(&letters, &mut out)?;
        Some(String::from_utf8(out[..length].to_vec()).expect("ASCII"))
    }

    #[test]
    fn labels_are_encoded_as_in_the_rfc_and_the_root_zone() {
        for (label, expected) in [
            ("bücher", "xn--bcher-kva"),
            ("münchen", "xn--mnchen-3ya"),
            ("日本語", "xn--wgv71a119e"),
            ("рф", "xn--p1ai"),
            ("中国", "xn--fiqs8s"),
            ("ไทย", "xn--o3cw4h"),
            ("例え", "xn--r8jz45g"),
            ("ليهمابتكلموشعربي؟", "xn--egbpdaj6bu4bxfgehfvwxn"),
            ("他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye"),
            ("3年b組金八先生", "xn--3b-ww4c5e180e575a65lsy2b"),
            ("i❤", "xn--i-7iq"),
        ] {
            assert_eq!(encoded(label).as_deref(), Some(expected), "{label}");
        }
    }

    #[test]
    fn a_label_that_grows_too_long_is_refused() {
        assert_eq!(
            encoded(&"é".repeat(63))
                .map(|label| label.len())
                .filter(|&length| length > 63),
            None
        );
        assert_eq!(encoded(&("a".repeat(60) + "é")), None);
        assert_eq!(encode(&['é'], &mut [0; 3]), None);
    }
}
