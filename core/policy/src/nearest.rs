//! The word that was probably meant.

/// How many letters of a word are compared.
const LONGEST: usize = 64;
/// How many words are offered to choose from.
const LISTED: usize = 40;

/// The candidate nearest to a word, if it is near enough to have been meant. Whether letters are capital does not matter.
#[must_use]
pub(crate) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let word = lower(word);
    let length = word.chars().count();
    let allowed = allowed(length);
    candidates
        .into_iter()
        // No letter need be looked at where their number tells.
        .filter(|candidate| candidate.chars().count().min(LONGEST).abs_diff(length) <= allowed)
        .map(|candidate| (strsim::osa_distance(&word, &lower(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The candidate nearest to a word by a count of the letters that differ, if it is near enough to have been meant: a third of
/// the letters may differ, three at most.
#[must_use]
pub fn nearest_by<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
    distance: impl Fn(&str, &str) -> usize,
) -> Option<&'c str> {
    let allowed = allowed(word.chars().count());
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters may differ.
fn allowed(length: usize) -> usize {
    (length.max(3) / 3).min(3)
}

/// ``did you mean `read`?``, or all there is to choose from.
#[must_use]
pub(crate) fn suggestion<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str> + Clone,
) -> String {
    if let Some(near) = nearest(word, candidates.clone()) {
        return format!("did you mean `{near}`?");
    }
    format!("one of {}", listed(candidates))
}

/// `` `a`, `b` ``; of very many the first.
#[must_use]
pub(crate) fn listed<'c>(words: impl IntoIterator<Item = &'c str>) -> String {
    let mut words = words.into_iter();
    let mut list: Vec<_> = words
        .by_ref()
        .take(LISTED)
        .map(|word| format!("`{word}`"))
        .collect();
    if words.next().is_some() {
        list.push("…".to_owned());
    }
    list.join(", ")
}

/// What is compared of a word: long ones are no slips.
fn lower(word: &str) -> String {
    word.chars()
        .flat_map(char::to_lowercase)
        .take(LONGEST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_over_a_swap_and_not_over_a_gulf() {
        let keys = ["read", "write", "deny", "tmp", "static"];
        assert_eq!(nearest("raed", keys), Some("read"));
        assert_eq!(nearest("Write", keys), Some("write"));
        assert_eq!(nearest("denny", keys), Some("deny"));
        assert_eq!(nearest("connect", keys), None);
        assert_eq!(nearest("", keys), None);
    }
}
