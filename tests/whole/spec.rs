//! The Markdown of a spec: headings in their order, each with a table or bullets.

use std::collections::BTreeMap;

/// A line of a table by its headings; an empty cell is absent.
pub type Row = BTreeMap<String, String>;

/// See the module.
pub struct Spec {
    pub sections: Vec<Section>,
}

pub struct Section {
    pub heading: String,
    pub rows: Vec<Row>,
    pub bullets: Vec<String>,
}

impl Spec {
    pub fn parse(text: &str) -> Self {
        let sections = text.split("\n## ").skip(1).map(|part| {
            let (heading, body) = part.split_once('\n').unwrap_or((part, ""));
            let bullets = body.lines().filter_map(|line| line.strip_prefix("- "));
            Section {
                heading: heading.trim().to_owned(),
                rows: table(body),
                bullets: bullets.map(|line| line.trim().to_owned()).collect(),
            }
        });
        Self {
            sections: sections.collect(),
        }
    }

    /// The rows of all tables whose headings begin with this word.
    pub fn rows(&self, word: &str) -> Vec<&Row> {
        let of_word = |section: &&Section| section.heading.to_lowercase().starts_with(word);
        let sections = self.sections.iter().filter(of_word);
        sections.flat_map(|section| &section.rows).collect()
    }
}

fn table(text: &str) -> Vec<Row> {
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with('|'));
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim_start_matches('|').trim_end_matches('|');
        inner
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    let Some(heading) = lines.next().map(cells) else {
        return Vec::new();
    };
    let rows = lines.skip(1).map(|line| {
        let pairs = heading.iter().cloned().zip(cells(line));
        pairs.filter(|(_, cell)| !cell.is_empty()).collect()
    });
    rows.collect()
}

/// What stands between separators, trimmed; nothing of nothing.
pub fn list(text: &str, separator: char) -> Vec<String> {
    let parts = text.split(separator).map(|part| part.trim().to_owned());
    parts.filter(|part| !part.is_empty()).collect()
}
