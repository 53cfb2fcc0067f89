//! `manyfin check [--config FILE]`.

use clap::Args;
use serde_json::json;

use super::settings::Settings;
use super::{Failure, Output};
use crate::app::check::{Finding, check};
use crate::config::ConfigError;

#[derive(Debug, Args)]
pub(super) struct Check {}

impl Check {
    pub(super) async fn run(self, settings: &Settings, output: Output) -> Result<(), Failure> {
        let findings = match settings.load() {
            Ok(config) => check(&config).await,
            Err(ConfigError::Invalid(problems)) => problems
                .iter()
                .map(|problem| Finding::new("configuration", problem))
                .collect(),
            Err(error) => vec![Finding::new("configuration", error)],
        };
        output.print(json!({ "problems": findings }), || {
            if findings.is_empty() {
                return "everything is well".to_owned();
            }
            let lines: Vec<_> = findings.iter().map(Finding::to_string).collect();
            lines.join("\n")
        });
        match findings.len() {
            0 => Ok(()),
            1 => Err("1 problem".into()),
            count => Err(format!("{count} problems").into()),
        }
    }
}
