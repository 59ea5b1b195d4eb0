//! The name that was probably meant.

/// The candidate nearest to a word, if it is near enough to have been meant: a third of the letters may differ, three at most.
pub(super) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let allowed = (word.chars().count().max(3) / 3).min(3);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
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
