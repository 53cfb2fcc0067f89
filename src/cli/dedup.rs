//! `manyfin dedup`: groups records of files, without a database or a server.

use std::io::{self, BufWriter, ErrorKind, Write as _};

use clap::Args;

use super::Failure;
use crate::merge::Strategy;
use crate::merge::records::{GroupOut, group_records, parse};

#[derive(Debug, Args)]
pub(super) struct Dedup {
    /// provider_ids, name_year, smart, none
    #[arg(long, value_parser = strategy)]
    strategy: Strategy,
    /// Tell what joined each group, and how surely
    #[arg(long)]
    explain: bool,
    /// One JSON object a line
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
}

impl Dedup {
    /// Prints one group a line.
    pub(super) fn run(&self) -> Result<(), Failure> {
        let mut records = Vec::new();
        for file in &self.files {
            let text = std::fs::read_to_string(file)
                .map_err(|error| format!("cannot read {file}: {error}"))?;
            records.extend(parse(file, &text)?);
        }
        let groups = group_records(records, self.strategy)?;
        match self.print(&groups) {
            // Whoever reads has enough of it, as `head` does.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            done => Ok(done?),
        }
    }

    fn print(&self, groups: &[GroupOut]) -> io::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        for group in groups {
            writeln!(out, "{}", group.line(self.explain))?;
        }
        out.flush()
    }
}

fn strategy(text: &str) -> Result<Strategy, String> {
    text.parse()
        .map_err(|_| "it must be provider_ids, name_year, smart or none".to_owned())
}
