//! From where to where a server resumes an item: its own settings decide.

use serde_json::Value;

use super::{Account, Server, UpstreamError};

/// A server's thresholds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResumeRules {
    /// The least share of the runtime at which a position is kept.
    pub min_percent: f64,
    /// The share from which an item counts as played.
    pub max_percent: f64,
    /// Items shorter than this are never resumed.
    pub min_seconds: i64,
}

impl Default for ResumeRules {
    /// Jellyfin's defaults, for a server that was not asked yet or does not tell.
    fn default() -> Self {
        Self {
            min_percent: 5.0,
            max_percent: 90.0,
            min_seconds: 300,
        }
    }
}

impl ResumeRules {
    fn read(configuration: &Value) -> Self {
        let default = Self::default();
        let percent = |key: &str| configuration[key].as_f64();
        Self {
            min_percent: percent("MinResumePct").unwrap_or(default.min_percent),
            max_percent: percent("MaxResumePct").unwrap_or(default.max_percent),
            min_seconds: configuration["MinResumeDurationSeconds"]
                .as_i64()
                .unwrap_or(default.min_seconds),
        }
    }
}

impl Server {
    /// What the server last said; its defaults until then.
    pub fn resume_rules(&self) -> ResumeRules {
        self.known_resume_rules().unwrap_or_default()
    }

    /// None: the server was not asked yet.
    pub fn known_resume_rules(&self) -> Option<ResumeRules> {
        *self.resume.read().unwrap_or_else(|e| e.into_inner())
    }

    /// Asks the server for its settings.
    ///
    /// # Errors
    /// When it does not answer; what was known stays.
    pub async fn refresh_resume_rules(&self, account: &Account) -> Result<(), UpstreamError> {
        let configuration = self.get(account, "/System/Configuration", &[]).await?;
        let rules = ResumeRules::read(&configuration);
        *self.resume.write().unwrap_or_else(|e| e.into_inner()) = Some(rules);
        Ok(())
    }
}
