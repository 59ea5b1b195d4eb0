//! A plan in few lines: what a policy says itself, and what its presets say, summed up.

use audithook_policy::PlanLine;

/// One line, or several that are shown as one.
#[derive(Debug)]
pub(super) struct Row {
    /// Of several: what they have in common.
    pub(super) line: PlanLine,
    pub(super) count: usize,
}

/// Each line for itself.
pub(super) fn all(lines: &[PlanLine]) -> Vec<Row> {
    let row = |line: &PlanLine| Row {
        line: line.clone(),
        count: 1,
    };
    lines.iter().map(row).collect()
}

/// The lines of the policy's own, and one row for all entries of a preset that stand beside each other under one rule and are
/// held alike.
pub(super) fn summed_up(lines: &[PlanLine]) -> Vec<Row> {
    lines
        .chunk_by(belong_together)
        .map(|lines| Row {
            line: match (lines, &lines[0].preset) {
                ([_, _, ..], Some(preset)) => PlanLine {
                    entry: String::new(),
                    at: format!("preset {preset}"),
                    notes: common_notes(lines),
                    ..lines[0].clone()
                },
                _ => lines[0].clone(),
            },
            count: lines.len(),
        })
        .collect()
}

impl Row {
    /// What stands where one line has its entry.
    pub(super) fn entry(&self) -> String {
        match self.count {
            1 => self.line.entry.clone(),
            count => format!("{count} entries"),
        }
    }
}

fn belong_together(one: &PlanLine, next: &PlanLine) -> bool {
    let key = |line: &PlanLine| (line.rule.clone(), line.held, line.layers.clone(), line.cost);
    one.preset.is_some() && one.preset == next.preset && key(one) == key(next)
}

/// What is said of each of them. The rest is for who looks at all of them.
fn common_notes(lines: &[PlanLine]) -> Vec<String> {
    let is_common = |note: &&String| lines.iter().all(|line| line.notes.contains(note));
    lines[0].notes.iter().filter(is_common).cloned().collect()
}

#[cfg(test)]
mod tests {
    use audithook_policy::Held;

    use super::*;

    fn line(preset: Option<&str>, rule: &str, entry: &str, notes: &[&str]) -> PlanLine {
        PlanLine {
            rule: rule.to_owned(),
            entry: entry.to_owned(),
            at: "somewhere:1".to_owned(),
            preset: preset.map(str::to_owned),
            layers: Vec::new(),
            held: Held::Soft,
            cost: "nothing",
            notes: notes.iter().map(|note| (*note).to_owned()).collect(),
        }
    }

    #[test]
    fn what_a_preset_says_of_a_rule_is_one_line_and_the_policys_own_stay() {
        let lines = [
            line(Some("base"), "files.deny", "a", &["x"]),
            line(Some("base"), "files.deny", "b", &["x", "y"]),
            line(None, "files.deny", "c", &[]),
            line(None, "files.deny", "d", &[]),
            line(Some("python"), "files.deny", "e", &[]),
            line(Some("base"), "env.deny", "f", &[]),
        ];
        let summed: Vec<_> = summed_up(&lines)
            .into_iter()
            .map(|row| (row.entry(), row.line.at, row.line.notes.join("; ")))
            .collect();
        let row = |entry: &str, at: &str, notes: &str| {
            (entry.to_owned(), at.to_owned(), notes.to_owned())
        };
        assert_eq!(
            summed,
            [
                row("2 entries", "preset base", "x"),
                row("c", "somewhere:1", ""),
                row("d", "somewhere:1", ""),
                row("e", "somewhere:1", ""),
                row("f", "somewhere:1", ""),
            ]
        );
    }
}
