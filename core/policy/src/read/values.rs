//! Values of keys: each is of its type, or reported and left out.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeArray, DeValue};

use super::{Reader, Table};
use crate::diagnostic::Diagnostic;
use crate::document::{Amount, Items, Json, List, Word};
use crate::nearest::{listed, nearest};
use crate::source::Spot;

impl Reader<'_> {
    /// The globs of one argument: texts, or numbers and truth values as they are written.
    pub(super) fn globs(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Vec<Spot<String>> {
        match value.get_ref() {
            DeValue::Array(elements) => elements
                .iter()
                .filter_map(|element| self.glob(name, element))
                .collect(),
            _ => self.glob(name, value).into_iter().collect(),
        }
    }

    fn glob(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Spot<String>> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.clone().into_owned(),
            DeValue::Integer(number) => whole_number(number.as_str(), number.radix())?.to_string(),
            DeValue::Boolean(truth) => truth.to_string(),
            _ => {
                self.wrong_type(name, "a glob or a list of globs", value);
                return None;
            }
        };
        Some(Spot::new(text, self.at(value.span())))
    }

    pub(super) fn list(&mut self, table: &mut Table<'_, '_>, key: &'static str) -> Option<List> {
        let (name, value) = table.take(key)?;
        let origin = self.at(name);
        let items = match value.get_ref() {
            DeValue::String(text) => match text.as_ref() {
                "any" => Items::Any,
                "none" => Items::Entries(Vec::new()),
                other => Items::Entries(vec![Spot::new(other.to_owned(), self.at(value.span()))]),
            },
            DeValue::Array(elements) => Items::Entries(self.entries(key, elements)),
            _ => {
                self.wrong_type(key, "a list of texts, `\"any\"` or `\"none\"`", value);
                return None;
            }
        };
        Some(List { origin, items })
    }

    pub(super) fn entries(&mut self, key: &str, elements: &DeArray<'_>) -> Vec<Spot<String>> {
        let mut entries = Vec::new();
        for element in elements.iter() {
            match element.get_ref() {
                DeValue::String(text) => {
                    entries.push(Spot::new(
                        text.clone().into_owned(),
                        self.at(element.span()),
                    ));
                }
                _ => self.wrong_type(key, "a text", element),
            }
        }
        entries
    }

    pub(super) fn texts_by_name(
        &mut self,
        table: &mut Table<'_, '_>,
        key: &'static str,
    ) -> BTreeMap<String, Spot<String>> {
        let mut texts = BTreeMap::new();
        let Some((_, value)) = table.take(key) else {
            return texts;
        };
        let DeValue::Table(inner) = value.get_ref() else {
            self.wrong_type(key, "a table such as `{ NAME = \"value\" }`", value);
            return texts;
        };
        for (name, value) in inner {
            match value.get_ref() {
                DeValue::String(text) => {
                    let text = Spot::new(text.clone().into_owned(), self.at(value.span()));
                    texts.insert(name.get_ref().clone().into_owned(), text);
                }
                _ => self.wrong_type(name.get_ref(), "a text", value),
            }
        }
        texts
    }

    pub(super) fn text(
        &mut self,
        table: &mut Table<'_, '_>,
        key: &'static str,
    ) -> Option<Spot<String>> {
        let (_, value) = table.take(key)?;
        match value.get_ref() {
            DeValue::String(text) => {
                Some(Spot::new(text.clone().into_owned(), self.at(value.span())))
            }
            _ => {
                self.wrong_type(key, "a text", value);
                None
            }
        }
    }

    pub(super) fn word<W: Word>(
        &mut self,
        table: &mut Table<'_, '_>,
        key: &'static str,
    ) -> Option<Spot<W>> {
        let text = self.text(table, key)?;
        match W::parse(&text.value) {
            Some(word) => Some(Spot::new(word, text.origin)),
            None => {
                let words = || W::ALL.iter().map(|(word, _)| *word);
                let mut hint = format!("one of {}", listed(words()));
                if let Some(near) = nearest(&text.value, words()) {
                    hint = format!("did you mean `{near}`?");
                }
                self.found.push(
                    Diagnostic::error(
                        format!("unknown value for `{key}`: `{}`", text.value),
                        &text.origin,
                    )
                    .hinted(hint),
                );
                None
            }
        }
    }

    pub(super) fn boolean(
        &mut self,
        table: &mut Table<'_, '_>,
        key: &'static str,
    ) -> Option<Spot<bool>> {
        let (_, value) = table.take(key)?;
        match value.get_ref() {
            DeValue::Boolean(truth) => Some(Spot::new(*truth, self.at(value.span()))),
            _ => {
                self.wrong_type(key, "`true` or `false`", value);
                None
            }
        }
    }

    pub(super) fn signed(
        &mut self,
        table: &mut Table<'_, '_>,
        key: &'static str,
    ) -> Option<Spot<i64>> {
        let (_, value) = table.take(key)?;
        match value.get_ref() {
            DeValue::Integer(number) => match whole_number(number.as_str(), number.radix()) {
                Some(number) => Some(Spot::new(number, self.at(value.span()))),
                None => {
                    self.error(
                        format!("number out of range for `{key}`: `{number}`"),
                        value.span(),
                    );
                    None
                }
            },
            _ => {
                self.wrong_type(key, "a whole number", value);
                None
            }
        }
    }

    pub(super) fn integer(
        &mut self,
        table: &mut Table<'_, '_>,
        key: &'static str,
    ) -> Option<Spot<u64>> {
        let number = self.signed(table, key)?;
        self.not_negative(key, number)
    }

    pub(super) fn integers(
        &mut self,
        table: &mut Table<'_, '_>,
        key: &'static str,
    ) -> Option<Spot<Vec<Spot<u64>>>> {
        let (_, value) = table.take(key)?;
        let DeValue::Array(elements) = value.get_ref() else {
            self.wrong_type(key, "a list of whole numbers", value);
            return None;
        };
        let mut numbers = Vec::new();
        for element in elements.iter() {
            let number = match element.get_ref() {
                DeValue::Integer(number) => whole_number(number.as_str(), number.radix()),
                _ => None,
            };
            match number {
                Some(number) => numbers
                    .extend(self.not_negative(key, Spot::new(number, self.at(element.span())))),
                None => self.wrong_type(key, "a whole number", element),
            }
        }
        Some(Spot::new(numbers, self.at(value.span())))
    }

    fn not_negative(&mut self, key: &str, number: Spot<i64>) -> Option<Spot<u64>> {
        let Ok(value) = u64::try_from(number.value) else {
            self.error(
                format!("negative number for `{key}`: `{}`", number.value),
                number.origin.span,
            );
            return None;
        };
        Some(Spot::new(value, number.origin))
    }

    pub(super) fn amount(
        &mut self,
        table: &mut Table<'_, '_>,
        key: &'static str,
    ) -> Option<Spot<Amount>> {
        if let Some(DeValue::String(_)) = table.peek(key) {
            return self.text(table, key).map(|text| text.map(Amount::Text));
        }
        if let Some(DeValue::Integer(_)) = table.peek(key) {
            return self
                .integer(table, key)
                .map(|number| number.map(Amount::Number));
        }
        let (_, value) = table.take(key)?;
        self.wrong_type(key, "a text with a unit, or a whole number", value);
        None
    }

    pub(super) fn json(
        &mut self,
        table: &mut Table<'_, '_>,
        key: &'static str,
    ) -> Option<Spot<Json>> {
        let (_, value) = table.take(key)?;
        if !value.get_ref().is_table() {
            self.wrong_type(key, "a table", value);
            return None;
        }
        let json = self.as_json(value)?;
        Some(Spot::new(json, self.at(value.span())))
    }

    /// The keys of a table that is taken as JSON, with their places.
    pub(super) fn keys(&self, table: &Table<'_, '_>, key: &str) -> Vec<Spot<String>> {
        let members = table.peek(key).and_then(DeValue::as_table);
        let names = members.into_iter().flat_map(|members| members.keys());
        names
            .map(|name| Spot::new(name.get_ref().to_string(), self.at(name.span())))
            .collect()
    }

    /// Dates become texts; what JSON cannot say (infinities, numbers out of range) is an error.
    fn as_json(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Json> {
        Some(match value.get_ref() {
            DeValue::String(text) => Json::from(text.as_ref()),
            DeValue::Integer(number) => match whole_number(number.as_str(), number.radix()) {
                Some(number) => Json::from(number),
                None => {
                    self.error(format!("number out of range: `{number}`"), value.span());
                    return None;
                }
            },
            DeValue::Float(number) => {
                let number = number.as_str().parse::<f64>().ok();
                match number.and_then(serde_json::Number::from_f64) {
                    Some(number) => Json::Number(number),
                    None => {
                        self.error("a number that JSON cannot say", value.span());
                        return None;
                    }
                }
            }
            DeValue::Boolean(truth) => Json::from(*truth),
            DeValue::Datetime(time) => Json::from(time.to_string()),
            DeValue::Array(elements) => {
                let elements = elements.iter().map(|element| self.as_json(element));
                Json::Array(elements.collect::<Option<_>>()?)
            }
            DeValue::Table(members) => {
                let members = members.iter().map(|(name, value)| {
                    Some((name.get_ref().clone().into_owned(), self.as_json(value)?))
                });
                Json::Object(members.collect::<Option<_>>()?)
            }
        })
    }
}

fn whole_number(text: &str, radix: u32) -> Option<i64> {
    i64::from_str_radix(text, radix).ok()
}
