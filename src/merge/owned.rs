//! Copies that own what they say: for records from files, specs and benches.

use crate::model::{ItemKind, ServerKey, UpstreamId};
use std::borrow::Cow;

use super::copies::{Copies, Copy};

/// The same as [`Copy`], owned. Start from [`OwnedCopy::new`].
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedCopy {
    pub server: ServerKey,
    pub id: UpstreamId,
    pub kind: ItemKind,
    pub name: String,
    pub original_title: Option<String>,
    pub year: Option<i32>,
    pub premiere_day: Option<i32>,
    pub season: Option<i32>,
    pub episode: Option<i32>,
    pub episode_end: Option<i32>,
    pub series: Option<u32>,
    pub album: Option<u32>,
    pub artist: Option<String>,
    pub runtime_ticks: Option<i64>,
    pub library: Option<u32>,
    pub provider_ids: Vec<(String, String)>,
    pub people: Vec<String>,
    pub genres: Vec<String>,
    pub overview: Option<String>,
}

impl OwnedCopy {
    pub fn new(server: ServerKey, id: UpstreamId, kind: ItemKind, name: impl Into<String>) -> Self {
        Self {
            server,
            id,
            kind,
            name: name.into(),
            original_title: None,
            year: None,
            premiere_day: None,
            season: None,
            episode: None,
            episode_end: None,
            series: None,
            album: None,
            artist: None,
            runtime_ticks: None,
            library: None,
            provider_ids: Vec::new(),
            people: Vec::new(),
            genres: Vec::new(),
            overview: None,
        }
    }
}

/// A list of copies; places in it are the numbers that parents and decisions name.
#[derive(Debug, Clone, Default)]
pub struct OwnedCopies {
    pub rows: Vec<OwnedCopy>,
    /// See [`Copies::unknown_is_video`].
    pub unknown_is_video: bool,
}

impl Copies for OwnedCopies {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn copy(&self, index: u32) -> Copy<'_> {
        let row = &self.rows[index as usize];
        Copy {
            original_title: row.original_title.as_deref(),
            year: row.year,
            premiere_day: row.premiere_day,
            season: row.season,
            episode: row.episode,
            episode_end: row.episode_end,
            series: row.series,
            album: row.album,
            artist: row.artist.as_deref(),
            runtime_ticks: row.runtime_ticks,
            library: row.library,
            ..Copy::new(row.server, row.id, row.kind, &row.name)
        }
    }

    fn key(&self, index: u32) -> (ServerKey, UpstreamId) {
        let row = &self.rows[index as usize];
        (row.server, row.id)
    }

    fn provider_ids(&self, index: u32, each: &mut dyn FnMut(&str, &str)) {
        for (provider, id) in &self.rows[index as usize].provider_ids {
            each(provider, id);
        }
    }

    fn people(&self, index: u32, each: &mut dyn FnMut(&str)) {
        for name in &self.rows[index as usize].people {
            each(name);
        }
    }

    fn genres(&self, index: u32, each: &mut dyn FnMut(&str)) {
        for name in &self.rows[index as usize].genres {
            each(name);
        }
    }

    fn overview(&self, index: u32) -> Option<Cow<'_, str>> {
        self.rows[index as usize].overview.as_deref().map(Cow::from)
    }

    fn unknown_is_video(&self) -> bool {
        self.unknown_is_video
    }
}
