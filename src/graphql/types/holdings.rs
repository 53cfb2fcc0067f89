//! What is held of an item: how often, how large, how good.

use async_graphql::SimpleObject;

use crate::catalog::snapshot::{CopyIx, Snapshot};
use crate::graphql::scalars::Long;
use crate::merge::quality;
use crate::wire::LightSource;

/// What the caller's servers hold of an item.
#[derive(Debug, Clone, SimpleObject)]
pub struct Holdings {
    /// Copies; several versions within a copy count once.
    pub copies: i32,
    /// Servers that hold a copy.
    pub servers: i32,
    /// Of all versions of all copies, in bytes.
    pub total_size: Long,
    /// The best version, where something is known of it.
    pub best: Option<Quality>,
    /// The worst version; the same where there is one only.
    pub worst: Option<Quality>,
}

/// How good a version is for the caller, who may prefer a language.
#[derive(Debug, Clone, SimpleObject)]
pub struct Quality {
    /// `1080p HEVC HDR10 · 4.1 GB`.
    pub label: String,
    /// Higher is better; only the order means something.
    pub score: i32,
    /// What the score is made of.
    pub parts: Vec<QualityPart>,
}

/// One reason for a score.
#[derive(Debug, Clone, SimpleObject)]
pub struct QualityPart {
    /// `resolution`, `range`, `bitrate`, `audio`, `language`.
    pub name: String,
    /// `1080p`.
    pub value: String,
    /// What it is worth.
    pub points: i32,
}

impl Quality {
    /// `language`: what the caller listens to by preference.
    pub fn of(version: &LightSource, language: Option<&str>) -> Self {
        let rated = quality::quality(version, language);
        Self {
            label: quality::label(version),
            score: rated.score,
            parts: rated
                .parts
                .into_iter()
                .map(|part| QualityPart {
                    name: part.name.to_owned(),
                    value: part.value,
                    points: part.points,
                })
                .collect(),
        }
    }
}

impl Holdings {
    /// Of the copies that the caller sees.
    pub fn of(snapshot: &Snapshot, copies: &[CopyIx], language: Option<&str>) -> Self {
        let held = || copies.iter().map(|copy| snapshot.copy(*copy));
        let mut servers: Vec<u32> = held().map(|copy| copy.server).collect();
        servers.sort_unstable();
        servers.dedup();
        let versions = || held().flat_map(|copy| copy.light.media_sources());
        let mut rated: Vec<Quality> = versions()
            .map(|version| Quality::of(&version, language))
            .collect();
        rated.sort_by_key(|quality| quality.score);
        let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        Self {
            copies: count(copies.len()),
            servers: count(servers.len()),
            total_size: Long(versions().filter_map(|source| source.size).sum()),
            best: rated.last().cloned(),
            worst: rated.first().cloned(),
        }
    }
}
