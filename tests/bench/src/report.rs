//! One line a row as it is measured, and a table at the end: what loses stands first.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::{Row, place};

/// What was measured, and what could not be.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
    skipped: Vec<(&'static str, String)>,
}

impl Report {
    /// Takes a row and prints it.
    pub(crate) fn add(&mut self, row: Row) {
        println!(
            "  {}: {} over {} {}: {} {} {}",
            row.name,
            row.shown(row.figure.min()),
            row.against,
            row.shown(row.baseline.min()),
            row.relation(),
            row.wanted(),
            verdict(&row)
        );
        self.rows.push(row);
    }

    /// Takes note that something is not measured here.
    pub(crate) fn skip(&mut self, name: &'static str, why: String) {
        println!("  SKIPPED {name}: {why}");
        self.skipped.push((name, why));
    }

    /// The table, in Markdown: lost rows first, then held ones, then those without a bar.
    pub(crate) fn table(&self) -> String {
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by_key(|row| match row.holds() {
            Some(false) => 0,
            Some(true) => 1,
            None => 2,
        });
        let mut text = String::from(
            "| row | figure | baseline | min (median) | bar | |\n|---|---|---|---|---|---|\n",
        );
        for row in rows {
            let _ = writeln!(
                text,
                "| {} | {} | {}: {} | {} | {} | {} |",
                row.name,
                row.shown(row.figure.min()),
                row.against,
                row.shown(row.baseline.min()),
                row.relation(),
                row.wanted(),
                verdict(row)
            );
        }
        for (name, why) in &self.skipped {
            let _ = writeln!(text, "\nnot measured: {name}: {why}");
        }
        text
    }

    /// Writes the table with notes on the machine beside the other results.
    pub(crate) fn save(&self) -> Result<PathBuf, String> {
        let directory = place::source().join("results");
        let file = directory.join(format!("{}.md", today()));
        let text = format!(
            "# Results of {}\n\n{}\n\n{}",
            today(),
            machine(),
            self.table()
        );
        fs::create_dir_all(&directory)
            .and_then(|()| fs::write(&file, text))
            .map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(file)
    }
}

fn verdict(row: &Row) -> &'static str {
    match row.holds() {
        Some(true) => "holds",
        Some(false) => "LOST",
        None => "",
    }
}

/// What the figures depend on: processor, kernel, how busy it was.
fn machine() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("an unnamed processor", |name| {
            name.trim_start_matches([' ', '\t', ':'])
        });
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = rustix::system::uname();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{processors} processors ({model}), Linux {}, load at the end {}. Minima of turns; medians in parentheses.",
        kernel.release().to_string_lossy(),
        load.split(' ').next().unwrap_or("unknown")
    )
}

/// The date in UTC, as YYYY-MM-DD.
fn today() -> String {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    let (year, month, day) = civil(now.tv_sec.div_euclid(86_400));
    format!("{year:04}-{month:02}-{day:02}")
}

/// The proleptic Gregorian date of a day counted from 1970-01-01 (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Samples;
    use crate::row::Bar;

    #[test]
    fn days_have_their_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(-1), (1969, 12, 31));
    }

    #[test]
    fn what_loses_stands_first() {
        let mut report = Report::default();
        let samples = |sample: f64| Samples::of(vec![sample]);
        for (name, bar) in [
            ("indifferent", Bar::None),
            ("good", Bar::Ratio(3.0)),
            ("bad", Bar::Ratio(1.5)),
        ] {
            report.add(Row::new(name, &samples(2.0), "base", &samples(1.0)).bar(bar));
        }
        let table = report.table();
        let place = |name| table.find(name).expect("it is there");
        assert!(place("bad") < place("good") && place("good") < place("indifferent"));
    }
}
