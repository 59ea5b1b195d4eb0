//! A row: a figure, its baseline, and the bar that it has to hold.

use crate::measure::Samples;

/// What is promised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bar {
    /// The figure itself, in nanoseconds, is at most this.
    AtMost(f64),
    /// The figure is at most so many times the baseline.
    Ratio(f64),
    /// The figure is at most so many nanoseconds more than the baseline.
    More(f64),
    /// The baseline is at least so many times the figure.
    Faster(f64),
    /// Nothing: the figure is of interest.
    None,
}

/// What the numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Nanoseconds,
    Bytes,
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) figure: Samples,
    pub(crate) against: String,
    pub(crate) baseline: Samples,
    pub(crate) unit: Unit,
    pub(crate) bar: Bar,
}

impl Row {
    /// A row of times, without a bar.
    pub(crate) fn new(
        name: impl Into<String>,
        figure: &Samples,
        against: impl Into<String>,
        baseline: &Samples,
    ) -> Self {
        Self {
            name: name.into(),
            figure: figure.clone(),
            against: against.into(),
            baseline: baseline.clone(),
            unit: Unit::Nanoseconds,
            bar: Bar::None,
        }
    }

    pub(crate) fn bar(mut self, bar: Bar) -> Self {
        self.bar = bar;
        self
    }

    pub(crate) fn bytes(mut self) -> Self {
        self.unit = Unit::Bytes;
        self
    }

    /// Whether the minima hold the bar; `None` if there is none.
    pub(crate) fn holds(&self) -> Option<bool> {
        let (figure, baseline) = (self.figure.min(), self.baseline.min());
        match self.bar {
            Bar::AtMost(most) => Some(figure <= most),
            Bar::Ratio(most) => Some(figure / baseline <= most),
            Bar::More(most) => Some(figure - baseline <= most),
            Bar::Faster(least) => Some(baseline / figure >= least),
            Bar::None => None,
        }
    }

    /// The relation that the bar is about: of the minima, and of the medians.
    pub(crate) fn relation(&self) -> String {
        let (low, middle) = (
            (self.figure.min(), self.baseline.min()),
            (self.figure.median(), self.baseline.median()),
        );
        match self.bar {
            Bar::More(_) => format!(
                "+{} ({})",
                self.shown(low.0 - low.1),
                self.shown(middle.0 - middle.1)
            ),
            Bar::Faster(_) => format!("1/{:.1} (1/{:.1})", low.1 / low.0, middle.1 / middle.0),
            _ => format!("{:.2}x ({:.2}x)", low.0 / low.1, middle.0 / middle.1),
        }
    }

    /// The bar in words.
    pub(crate) fn wanted(&self) -> String {
        match self.bar {
            Bar::AtMost(most) => format!("≤ {}", self.shown(most)),
            Bar::Ratio(most) => format!("≤ {most:.2}x"),
            Bar::More(most) => format!("≤ +{}", self.shown(most)),
            Bar::Faster(least) => format!("≥ {least:.0}x faster"),
            Bar::None => String::new(),
        }
    }

    /// A number with its unit.
    pub(crate) fn shown(&self, number: f64) -> String {
        match self.unit {
            Unit::Bytes => format!("{:.1} MiB", number / f64::from(1 << 20)),
            Unit::Nanoseconds if number.abs() >= 1e6 => format!("{:.2} ms", number / 1e6),
            Unit::Nanoseconds if number.abs() >= 1e3 => format!("{:.2} us", number / 1e3),
            Unit::Nanoseconds => format!("{number:.2} ns"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(figure: f64, baseline: f64, bar: Bar) -> Row {
        let samples = |sample: f64| Samples::of(vec![sample]);
        Row::new("a", &samples(figure), "b", &samples(baseline)).bar(bar)
    }

    #[test]
    fn bars_hold_up_to_what_they_promise() {
        assert_eq!(row(1.0, 5.0, Bar::AtMost(1.0)).holds(), Some(true));
        assert_eq!(row(1.2, 1.0, Bar::Ratio(1.15)).holds(), Some(false));
        assert_eq!(row(3.0, 2.0, Bar::More(1.0)).holds(), Some(true));
        assert_eq!(row(1.0, 19.0, Bar::Faster(20.0)).holds(), Some(false));
        assert_eq!(row(1.0, 19.0, Bar::None).holds(), None);
    }

    #[test]
    fn numbers_have_the_unit_that_suits_them() {
        let row = row(1.0, 1.0, Bar::None);
        assert_eq!(row.shown(0.5), "0.50 ns");
        assert_eq!(row.shown(1500.0), "1.50 us");
        assert_eq!(row.shown(-2.5e6), "-2.50 ms");
        assert_eq!(row.bytes().shown(1048576.0), "1.0 MiB");
    }
}
