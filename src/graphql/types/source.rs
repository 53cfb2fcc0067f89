//! A copy of an item on one server.

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::{Quality, Server, SourceLibrary, time};
use crate::catalog::scope::Scope;
use crate::catalog::snapshot::{Copy, CopyIx, LibraryRef};
use crate::graphql::caller::Ask;
use crate::graphql::error::GraphResult;
use crate::graphql::scalars::Long;
use crate::wire::{LightSource, LightStream};

/// See the GraphQL type.
pub struct Source {
    pub scope: Scope,
    pub copy: CopyIx,
    pub is_canonical: bool,
}

/// A file (or stream) of a copy.
#[derive(Debug, Clone, SimpleObject)]
pub struct MediaVersion {
    /// What its server calls it, such as an edition.
    pub name: Option<String>,
    /// How good it is, and why.
    pub quality: Quality,
    /// The container: `mkv`, `mp4` …
    pub container: Option<String>,
    /// In bytes.
    pub size: Option<Long>,
    /// In bits a second.
    pub bitrate: Option<Long>,
    /// In ticks of 100 ns.
    pub run_time_ticks: Option<Long>,
    /// In pixels.
    pub width: Option<i32>,
    /// In pixels.
    pub height: Option<i32>,
    /// `h264`, `hevc`, `av1` …
    pub video_codec: Option<String>,
    /// `SDR`, `HDR10`, `DOVI` …
    pub video_range: Option<String>,
    /// Of the first sound track.
    pub audio_codec: Option<String>,
    /// Of the first sound track.
    pub audio_channels: Option<i32>,
    /// Languages of the sound tracks (ISO 639-2).
    pub audio_languages: Vec<String>,
    /// Languages of the subtitles (ISO 639-2).
    pub subtitle_languages: Vec<String>,
}

impl MediaVersion {
    fn of(source: &LightSource, language: Option<&str>) -> Self {
        let streams = |kind: &'static str| {
            source
                .media_streams
                .iter()
                .filter(move |stream| stream.kind == kind)
        };
        let languages = |kind| -> Vec<String> {
            streams(kind)
                .filter_map(|stream: &LightStream| stream.language.as_ref().map(String::from))
                .collect()
        };
        let video = streams("Video").next();
        let audio = streams("Audio").next();
        Self {
            name: source.name.as_ref().map(String::from),
            quality: Quality::of(source, language),
            container: source.container.as_ref().map(String::from),
            size: source.size.map(Long),
            bitrate: source.bitrate.map(Long),
            run_time_ticks: source.run_time_ticks.map(Long),
            width: video.and_then(|video| video.width),
            height: video.and_then(|video| video.height),
            video_codec: video.and_then(|video| video.codec.as_ref().map(String::from)),
            video_range: video.and_then(|video| video.video_range_type.as_ref().map(String::from)),
            audio_codec: audio.and_then(|audio| audio.codec.as_ref().map(String::from)),
            audio_channels: audio.and_then(|audio| audio.channels),
            audio_languages: languages("Audio"),
            subtitle_languages: languages("Subtitle"),
        }
    }
}

impl Source {
    fn copy(&self) -> &Copy {
        self.scope.snapshot().copy(self.copy)
    }

    fn media_versions(&self) -> Vec<MediaVersion> {
        let language = self.scope.viewer.audio_language();
        let sources = self.copy().light.media_sources();
        sources
            .map(|source| MediaVersion::of(&source, language))
            .collect()
    }

    fn best_version(&self) -> Option<MediaVersion> {
        let versions = self.media_versions().into_iter();
        versions.max_by_key(|version| version.quality.score)
    }
}

/// A copy: one item on one server.
#[Object]
impl Source {
    /// The copy's own id; asked by it, this copy comes first.
    async fn id(&self) -> ID {
        self.copy().id.to_string().into()
    }

    /// What its server calls it.
    async fn name(&self) -> &str {
        self.copy().light.name()
    }

    /// The server that holds it.
    async fn server(&self, ctx: &Context<'_>) -> GraphResult<Server> {
        let entry = self.scope.snapshot().server_of(self.copy());
        Ok(Server::new(ctx.services()?, entry))
    }

    /// The library there.
    async fn library(&self) -> Option<SourceLibrary> {
        let at = self.copy().library()?;
        Some(SourceLibrary::at(
            self.scope.projection.snapshot.clone(),
            at,
        ))
    }

    /// The priority of that library in the first merged library of the caller's that holds it.
    async fn priority(&self) -> Option<i32> {
        let library = self.copy().library()?;
        let merged = &self.scope.snapshot().merged_libraries;
        self.scope
            .projection
            .views
            .iter()
            .filter_map(|view| match view.library {
                LibraryRef::Merged(at) => merged.get(at as usize),
                _ => None,
            })
            .flat_map(|merged| &merged.sources)
            .find(|source| source.library == library)
            .map(|source| source.priority)
    }

    /// Whether this copy gives the item its metadata.
    async fn is_canonical(&self) -> bool {
        self.is_canonical
    }

    /// Whether its server answers at the moment.
    async fn is_available(&self, ctx: &Context<'_>) -> GraphResult<bool> {
        let id = self.scope.snapshot().server_of(self.copy()).id;
        let server = ctx.services()?.catalog.registry().get(id);
        Ok(server.is_some_and(|server| server.status().is_online()))
    }

    /// Its files.
    async fn versions(&self) -> Vec<MediaVersion> {
        self.media_versions()
    }

    /// How good its best file is, and why: by this the policy `QUALITY` orders.
    async fn quality(&self) -> Option<Quality> {
        Some(self.best_version()?.quality)
    }

    /// The best of its files.
    async fn best(&self) -> Option<MediaVersion> {
        self.best_version()
    }

    /// Bytes of the best file.
    async fn size(&self) -> Option<Long> {
        self.best_version()?.size
    }

    /// In ticks of 100 ns.
    async fn run_time_ticks(&self) -> Option<Long> {
        self.copy().light.run_time_ticks().map(Long)
    }

    /// When Manyfin first saw it.
    async fn first_seen_at(&self) -> DateTime<Utc> {
        time(self.copy().first_seen_at())
    }

    /// When Manyfin last saw a change of it.
    async fn changed_at(&self) -> DateTime<Utc> {
        time(self.copy().changed_at())
    }
}
