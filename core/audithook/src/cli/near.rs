//! The name that was probably meant.

/// The candidate nearest to a word, if it is near enough to have been meant, capital letters and all.
pub(super) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    audithook_policy::nearest_by(word, candidates, strsim::osa_distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_a_stranger_finds_none() {
        let names = ["open", "os.rename", "socket.connect"];
        assert_eq!(nearest("opne", names), Some("open"));
        assert_eq!(nearest("socket.conect", names), Some("socket.connect"));
        assert_eq!(nearest("shop.order", names), None);
    }
}
