//! What is held of an item: how often, how large, how good.

use std::collections::HashSet;

use async_graphql::SimpleObject;

use crate::catalog::scope::{ItemEntry, Scope};
use crate::graphql::scalars::Long;
use crate::merge::quality;
use crate::wire::LightSource;

/// What the caller's servers hold of an item.
#[derive(Debug, Clone, SimpleObject)]
pub struct Holdings {
    /// Copies of the item itself; several versions within a copy count once.
    pub copies: i32,
    /// Servers that hold a copy.
    pub servers: i32,
    /// Of all versions of all copies, and of what it holds (episodes, tracks, members), in bytes.
    pub total_size: Long,
    /// The best version of these, where something is known of one.
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
    pub fn of(scope: &Scope, entry: &ItemEntry) -> Self {
        let snapshot = scope.snapshot();
        let copies = scope.copies(entry).into_iter();
        let servers: HashSet<u32> = copies.map(|copy| snapshot.copy(copy).server).collect();
        let language = scope.viewer.audio_language();
        // Of equally good ones the larger.
        let worth = |version: &LightSource| {
            let score = quality::quality(version, language).score;
            (score, version.size.unwrap_or(0))
        };
        type Worth = (i32, i64);
        let mut best: Option<(Worth, LightSource)> = None;
        let mut worst: Option<(Worth, LightSource)> = None;
        let mut size = 0_i64;
        scope.each_version(entry, |version| {
            size = size.saturating_add(version.size.unwrap_or(0).max(0));
            let worth = worth(&version);
            if worst.as_ref().is_none_or(|(least, _)| worth < *least) {
                worst = Some((worth, version.clone()));
            }
            if best.as_ref().is_none_or(|(most, _)| worth > *most) {
                best = Some((worth, version));
            }
        });
        let rated = |version: Option<(Worth, LightSource)>| {
            version.map(|(_, version)| Quality::of(&version, language))
        };
        let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        Self {
            copies: count(scope.copy_count(entry)),
            servers: count(servers.len()),
            total_size: Long(size),
            best: rated(best),
            worst: rated(worst),
        }
    }
}
