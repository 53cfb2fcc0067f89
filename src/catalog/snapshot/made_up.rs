//! Made-up copies on two servers with two libraries each, that come, change and go.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::{Strategy, *};
use uuid::Uuid;

use super::{
    CopySeed, KnownCopy, MergedLibrary, MergedSource, Parts, ServerEntry, SourceLibrary,
    SourcePolicy,
};
use crate::accounts::PublicIds;
use crate::catalog::identity::Remembered;
use crate::merge::Strategy as By;
use crate::model::{ItemKind, PublicId, ServerKey, UpstreamId};
use crate::wire::{LightItem, LightSource, Packed};

pub(in crate::catalog) const COPIES: usize = 24;

#[derive(Debug, Clone, Default)]
pub(in crate::catalog) struct Told {
    pub(in crate::catalog) kind: usize,
    pub(in crate::catalog) name: usize,
    pub(in crate::catalog) year: i32,
    pub(in crate::catalog) number: Option<i32>,
    pub(in crate::catalog) season: Option<i32>,
    pub(in crate::catalog) ids: Vec<(usize, u32)>,
    /// Copies on the same server: parent, series, season or album; members; a version.
    pub(in crate::catalog) family: [Option<usize>; 3],
    pub(in crate::catalog) members: Vec<usize>,
    pub(in crate::catalog) version: Option<usize>,
    pub(in crate::catalog) library: usize,
}

pub(in crate::catalog) fn told() -> impl Strategy<Value = Told> {
    let number = || prop::option::of(1..3i32);
    let texts = (0..9usize, 0..6usize, 0..3i32, number(), number());
    let ids = prop::collection::vec((0..4usize, 0..5u32), 0..3);
    let one = || prop::option::weighted(0.6, 0..COPIES);
    // Most of the first six are series.
    let family = (one(), prop::option::weighted(0.8, 0..6usize), one());
    let version = prop::option::weighted(0.1, 0..COPIES);
    let rest = (prop::collection::vec(0..COPIES, 0..3), version, 0..2usize);
    (texts, ids, family, rest).prop_map(
        |((kind, name, year, number, season), ids, (a, b, c), (members, version, library))| Told {
            kind,
            name,
            year,
            number,
            season,
            ids,
            family: [a, b, c],
            members,
            version,
            library,
        },
    )
}

fn key(server: i64) -> ServerKey {
    ServerKey(Uuid::from_u128(3 - server as u128))
}

pub(in crate::catalog) fn ids() -> PublicIds {
    PublicIds::new([7; 32])
}

fn server_of(copy: usize) -> i64 {
    (copy % 2) as i64 + 1
}

/// In another order than the numbers.
fn upstream(copy: usize) -> UpstreamId {
    UpstreamId(Uuid::from_u128((copy * 17 % 29) as u128 + 1))
}

pub(in crate::catalog) fn public(copy: usize) -> PublicId {
    ids().copy(key(server_of(copy)), upstream(copy))
}

pub(in crate::catalog) fn seed(copy: usize, row: i64, told: &Told) -> CopySeed {
    use ItemKind::*;
    let kind = [
        Movie, Movie, Series, Season, Episode, Episode, BoxSet, Folder, MusicAlbum,
    ][told.kind];
    let is_series = copy < 6 && told.kind > 1;
    let (kind, names) = if is_series { (Series, 2) } else { (kind, 6) };
    let name = format!("Name {}", told.name % names);
    let mut light = LightItem::new(upstream(copy), kind, name);
    light.production_year = (told.year > 0).then_some(1990 + told.year);
    (light.index_number, light.parent_index_number) = (told.number, told.season);
    // Only what is on the same server can be named.
    let near = |other: usize| upstream(other / 2 * 2 + copy % 2);
    light.parent_id = told.family[0].map(near);
    light.series_id = told.family[1].map(near);
    light.season_id = told.family[2].map(near);
    let name = |at: usize| ["Tmdb", "Imdb", "Tvdb", "AniDB"][at];
    let texts = told.ids.iter().map(|(at, id)| (name(*at), id.to_string()));
    let texts: BTreeMap<&str, String> = texts.collect();
    light.provider_ids = texts.into_iter().collect();
    let version = |id: String| LightSource {
        id: id.as_str().into(),
        size: told.number.map(|number| i64::from(number) << told.name),
        ..source()
    };
    light.media_sources = told
        .version
        .into_iter()
        .map(|at| version(Uuid::from_u128(at as u128 % 4 + 1_000).simple().to_string()))
        .collect();
    let server = server_of(copy);
    CopySeed {
        row,
        server_id: server,
        library_row: Some(server * 10 + told.library as i64),
        light: Packed::from(&light),
        first_seen_at: 0,
        changed_at: 0,
        members: told.members.iter().map(|member| near(*member)).collect(),
    }
}

fn source() -> LightSource {
    serde_json::from_str("{}").expect("every field has a default")
}

#[derive(Default)]
pub(in crate::catalog) struct World {
    pub(in crate::catalog) copies: BTreeMap<usize, Arc<KnownCopy>>,
    pub(super) joined: Vec<(PublicId, PublicId)>,
    pub(super) parted: Vec<(PublicId, PublicId)>,
    rows: i64,
}

pub(in crate::catalog) fn servers() -> Vec<ServerEntry> {
    let server = |id| ServerEntry {
        id,
        key: key(id),
        name: format!("server {id}"),
    };
    vec![server(1), server(2)]
}

/// What is known of a copy, from its row and what is told of it.
pub(in crate::catalog) type Seed = fn(usize, i64, &Told) -> CopySeed;

impl World {
    /// A copy comes, or becomes another on its row.
    pub(in crate::catalog) fn put(
        &mut self,
        copy: usize,
        told: &Told,
        seed: Seed,
    ) -> Arc<KnownCopy> {
        let row = self.copies.get(&copy).map(|known| known.row());
        let row = row.unwrap_or_else(|| {
            self.rows += 1;
            self.rows
        });
        let made = KnownCopy::of(seed(copy, row, told), &servers(), &ids());
        let made = made.expect("its server is known");
        self.copies.insert(copy, made.clone());
        made
    }

    /// These come, then those go: what a change has of both.
    pub(in crate::catalog) fn step(
        &mut self,
        come: &[(usize, Told)],
        go: &[usize],
        seed: Seed,
    ) -> (Vec<Arc<KnownCopy>>, Vec<i64>) {
        let mut upserted: Vec<Arc<KnownCopy>> = Vec::new();
        for (copy, told) in come {
            let made = self.put(*copy, told, seed);
            upserted.retain(|other| other.row() != made.row());
            upserted.push(made);
        }
        let removed = go.iter().filter_map(|copy| self.copies.remove(copy));
        (upserted, removed.map(|known| known.row()).collect())
    }

    pub(in crate::catalog) fn parts<'a>(
        &'a self,
        strategies: &[By; 2],
        remembered: &'a Remembered,
        ids: &'a PublicIds,
        generation: u64,
    ) -> Parts<'a> {
        let source_library = |at: usize| SourceLibrary {
            row: (at as i64 / 2 + 1) * 10 + at as i64 % 2,
            server: at as u32 / 2,
            library_id: UpstreamId(Uuid::from_u128(500 + at as u128)),
            id: PublicId(Uuid::from_u128(600 + at as u128)),
            name: "Library".to_owned(),
            collection_type: None,
            body: None,
        };
        let source = |library| MergedSource {
            row: i64::from(library),
            library,
            priority: 0,
        };
        let library = |at: u32| MergedLibrary {
            row: i64::from(at),
            id: PublicId(Uuid::from_u128(1_000 + u128::from(at))),
            name: format!("Library {at}"),
            collection_type: "movies".to_owned(),
            strategy: strategies[at as usize],
            policy: SourcePolicy::Priority,
            is_global: true,
            owner: None,
            sources: vec![source(at), source(2 + at)],
        };
        Parts {
            servers: servers(),
            source_libraries: (0..4).map(source_library).collect(),
            merged_libraries: vec![library(0), library(1)],
            copies: self.copies.values().cloned().collect(),
            joined: &self.joined,
            parted: &self.parted,
            remembered,
            ids,
            generation,
        }
    }
}
