//! Rows under a heading: aligned for people, or in Markdown.

/// Least width of a column that gives way.
const NARROWEST: usize = 6;
const GAP: &str = "  ";

/// A table in the making.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column names.
    pub(crate) fn new(names: &[&str]) -> Self {
        Self {
            rows: vec![names.iter().map(|name| (*name).to_owned()).collect()],
        }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: impl IntoIterator<Item = String>) {
        self.rows.push(row.into_iter().collect());
    }

    /// Aligned with spaces, no line wider than `width`: the widest columns give way.
    pub(crate) fn aligned(&self, width: usize) -> String {
        let mut widths = self.widths();
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > width {
            match widths.iter_mut().max() {
                Some(widest) if *widest > NARROWEST => *widest -= 1,
                _ => break,
            }
        }
        let mut text = String::new();
        for row in &self.rows {
            let cells = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| cut(cell, *width));
            text.push_str(cells.collect::<Vec<_>>().join(GAP).trim_end());
            text.push('\n');
        }
        text
    }

    /// As Markdown; numbers are flush right.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        for (at, row) in self.rows.iter().enumerate() {
            text.push_str(&format!("| {} |\n", row.join(" | ")));
            if at == 0 {
                let rules = row
                    .iter()
                    .enumerate()
                    .map(|(at, _)| if at == 0 { "---" } else { "--:" });
                text.push_str(&format!("|{}|\n", rules.collect::<Vec<_>>().join("|")));
            }
        }
        text
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for row in &self.rows {
            widths.resize(row.len().max(widths.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        widths
    }
}

/// Exactly `width` characters; what is cut off leaves an ellipsis.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return format!("{text:<width$}");
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["name", "n"]);
        table.push(["a-rather-long-name".to_owned(), "12".to_owned()]);
        table
    }

    #[test]
    fn the_widest_column_gives_way_to_the_terminal() {
        assert_eq!(
            table().aligned(80),
            "name                n\na-rather-long-name  12\n"
        );
        assert_eq!(table().aligned(12), "name      n\na-rathe…  12\n");
        assert_eq!(table().aligned(1), "name    n\na-rat…  12\n");
    }

    #[test]
    fn markdown_has_one_rule_below_the_names() {
        assert_eq!(
            table().markdown(),
            "| name | n |\n|---|--:|\n| a-rather-long-name | 12 |\n"
        );
    }
}
