//! `PlaybackInfo`: every available copy as a version, as its own server tells it for the client's profile.

use std::time::Duration;

use serde_json::{Value, json};

use super::urls;
use super::{Asked, Choice};
use crate::accounts::Link;
use crate::catalog::render;
use crate::catalog::scope::{Entry, ItemEntry, Scope};
use crate::catalog::{Catalog, CatalogError};
use crate::jellyfin::UpstreamError;
use crate::model::PublicId;
use crate::wire::Body;

/// How long further copies are waited for once one server has answered, and any before it is asked whether
/// its server is there at all.
const GRACE: Duration = Duration::from_millis(1_500);
/// How long the one version that is asked for is waited for where there is another.
const PATIENCE: Duration = Duration::from_secs(3);
/// Copies that one request is tried at.
const MOST_COPIES: usize = 3;

impl Catalog {
    /// Answers Jellyfin's `PlaybackInfo`. `request` is the body with the query's parameters merged in,
    /// keys in any case. The first source plays best; what is told stays so for the device.
    ///
    /// # Errors
    /// `UnknownItem` for what the viewer does not see; `Unavailable` when no server answers.
    pub async fn playback_info(
        &self,
        scope: &Scope,
        asked: &Asked,
        request: &Body,
    ) -> Result<Body, CatalogError> {
        let entry = match scope.find(asked.id, None) {
            Some(Entry::Item(entry)) => entry,
            Some(_) => return Err(CatalogError::UnknownItem(asked.id)),
            None => return self.extra_playback_info(scope, asked, request).await,
        };
        let answers = match asked.media_source_id {
            None => {
                let offered = self.offered(scope, &entry);
                if offered.is_empty() {
                    return Err(CatalogError::Unavailable(asked.id));
                }
                self.ask(scope, offered, request, false).await?
            }
            Some(id) if self.names_version(scope, &entry, id) => {
                vec![self.ask_for_one(scope, asked, &entry, id, request).await?]
            }
            Some(_) => return Ok(no_stream()),
        };
        self.compose(scope, asked, &entry, answers).await
    }

    /// The version that is named, as its server tells it; where that one does not say how it plays, another.
    async fn ask_for_one(
        &self,
        scope: &Scope,
        asked: &Asked,
        entry: &ItemEntry,
        id: PublicId,
        request: &Body,
    ) -> Result<(Choice, Body), CatalogError> {
        let mut asked = asked.clone();
        let mut choice = self.picked(scope, &asked, entry, id).await?;
        loop {
            asked.except.push(choice.public);
            let another = self.picked(scope, &asked, entry, id).await.ok();
            let answer = self.ask(scope, vec![choice.clone()], request, true);
            let answer = match another {
                Some(_) => tokio::time::timeout(PATIENCE, answer).await.ok(),
                None => Some(answer.await),
            };
            let error = match answer {
                Some(Ok(answers)) => match answers.into_iter().next() {
                    Some(answer) => return Ok(answer),
                    None => CatalogError::Unavailable(asked.id),
                },
                Some(Err(error)) => {
                    if matches!(&error, CatalogError::Upstream(error) if error.is_outage()) {
                        // One lost request is no outage yet: where servers are gone, their status says so
                        // after this.
                        self.look_around().await;
                    }
                    error
                }
                None => {
                    self.stalled().add_failed(choice.public);
                    let server = choice.server.clone();
                    tokio::spawn(async move { server.doubt().await });
                    UpstreamError::Timeout.into()
                }
            };
            match self.picked(scope, &asked, entry, id).await {
                Ok(next) if asked.except.len() < MOST_COPIES => choice = next,
                _ => return Err(error),
            }
        }
    }

    /// An id of this item, or of one of its versions; the id of a hidden copy counts as the item's.
    fn names_version(&self, scope: &Scope, entry: &ItemEntry, id: PublicId) -> bool {
        scope
            .find(id, None)
            .and_then(|found| found.item().map(|found| found.item))
            == Some(entry.item)
    }

    /// Asks every server at once; late ones are left out as soon as others have answered.
    pub(in crate::catalog) async fn ask(
        &self,
        scope: &Scope,
        wanted: Vec<Choice>,
        request: &Body,
        one_version: bool,
    ) -> Result<Vec<(Choice, Body)>, CatalogError> {
        use futures::StreamExt;
        let mut asked: futures::stream::FuturesUnordered<_> = wanted
            .into_iter()
            .enumerate()
            .filter_map(|(at, choice)| {
                let copy = scope.snapshot().copy(choice.copy);
                let link = scope
                    .viewer
                    .link_to(scope.snapshot().server_of(copy).id)?
                    .clone();
                let id = choice.item;
                let body = upstream_request(request, &link, one_version.then_some(&choice));
                Some(async move {
                    let path = format!("/Items/{id}/PlaybackInfo");
                    let query = [("userId", link.account.user_id.to_string())];
                    let server = &choice.server;
                    let answer = tokio::select! {
                        answer = server.post(&link.account, &path, &query, Some(&body)) => {
                            let answer = answer.and_then(readable);
                            match &answer {
                                Err(UpstreamError::Timeout) => self.stalled().add(choice.public),
                                // It is there: the connection did not fail.
                                Err(
                                    UpstreamError::Malformed { .. }
                                    | UpstreamError::Status { .. }
                                    | UpstreamError::Redirected { .. },
                                ) => self.stalled().add_failed(choice.public),
                                _ => {}
                            }
                            answer
                        }
                        () = server.gone(GRACE) => Err(UpstreamError::Timeout),
                    };
                    (at, choice, answer)
                })
            })
            .collect();
        let mut found: Vec<(usize, Choice, Body)> = Vec::new();
        let mut failure = None;
        loop {
            let next = match found.is_empty() {
                true => asked.next().await,
                false => tokio::time::timeout(GRACE, asked.next())
                    .await
                    .unwrap_or(None),
            };
            match next {
                Some((at, choice, Ok(answer))) => found.push((at, choice, answer)),
                Some((_, _, Err(error))) => failure = Some(error),
                None => break,
            }
        }
        match (found.is_empty(), failure) {
            (true, Some(error)) => Err(error.into()),
            _ => {
                found.sort_by_key(|(at, _, _)| *at);
                Ok(found
                    .into_iter()
                    .map(|(_, choice, answer)| (choice, answer))
                    .collect())
            }
        }
    }

    async fn compose(
        &self,
        scope: &Scope,
        asked: &Asked,
        entry: &ItemEntry,
        answers: Vec<(Choice, Body)>,
    ) -> Result<Body, CatalogError> {
        let several = scope.copies(entry).len() > 1;
        let mut sources: Vec<(u8, &Choice, &Body)> = Vec::new();
        for (choice, answer) in &answers {
            let listed = answer
                .get("MediaSources")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            sources.extend(
                listed
                    .filter_map(Value::as_object)
                    .map(|source| (effort(source), choice, source)),
            );
        }
        // A copy named by its own id stays first; else what plays as it is goes before what must be
        // transcoded. Stable, so the source policy decides among equals. Where a copy lies in several
        // files the policy decides alone: clients asked before which parts follow, or none.
        let named = scope.snapshot().copy(entry.lead).id == entry.id;
        let copies: Vec<_> = answers.iter().map(|(choice, _)| choice.copy).collect();
        let in_parts = several && self.any_in_parts(scope, &copies).await;
        sources.sort_by_key(|(effort, choice, _)| {
            let effort = if in_parts { 0 } else { *effort };
            (named && choice.copy != entry.lead, effort)
        });

        let mut told = Vec::new();
        let mut out = Vec::new();
        for (_, choice, source) in sources {
            let own = render::source_id(scope, scope.snapshot().copy(choice.copy), source);
            let under = match asked.media_source_id {
                Some(id) => out.is_empty().then_some(id),
                None => out.is_empty().then_some(asked.id),
            };
            told.push((own, own));
            told.extend(under.map(|id| (id, own)));
            let mut mapped = render::map_source(scope, choice.copy, source, under, several);
            urls::rewrite(&mut mapped, own, mapped_tag(scope, own));
            out.push(Value::Object(mapped));
        }
        let mut answer = answers
            .into_iter()
            .next()
            .map(|(_, answer)| answer)
            .unwrap_or_default();
        answer.insert("MediaSources".into(), Value::Array(out));
        let play_session_id = answer
            .get("PlaySessionId")
            .and_then(Value::as_str)
            .map(str::to_owned);
        self.tell(scope, asked, &told, play_session_id.as_deref())
            .await?;
        let other = asked.media_source_id.filter(|id| *id != asked.id);
        if let (Some((_, own)), Some(_)) = (told.first(), other) {
            // What is played by the item's id means this version too, but no session: the id was not
            // shown for it, and picking the item's own version later is to give that one.
            self.tell(scope, asked, &[(asked.id, *own)], None).await?;
        }
        Ok(answer)
    }
}

fn mapped_tag(scope: &Scope, own: PublicId) -> String {
    scope.projection.ids.stream_tag(scope.viewer.user_id, own)
}

/// What a server says of how a copy plays: versions, or why there is none.
fn readable(answer: Option<Value>) -> Result<Body, UpstreamError> {
    let Some(Value::Object(answer)) = answer else {
        return Err(malformed("it says nothing"));
    };
    let is_version = |source: &Value| source["Id"].is_string();
    let listed = answer.get("MediaSources").and_then(Value::as_array);
    let has_versions = listed.is_some_and(|all| !all.is_empty() && all.iter().all(is_version));
    let says_why = answer.get("ErrorCode").is_some_and(Value::is_string);
    match has_versions || says_why {
        true => Ok(answer),
        false => Err(malformed("it names no version")),
    }
}

fn malformed(reason: &str) -> UpstreamError {
    UpstreamError::Malformed {
        reason: reason.to_owned(),
    }
}

fn no_stream() -> Body {
    let mut out = Body::new();
    out.insert("MediaSources".into(), json!([]));
    out.insert("ErrorCode".into(), json!("NoCompatibleStream"));
    out
}

/// 0: plays as it is, 1: remuxed, 2: transcoded.
fn effort(source: &Body) -> u8 {
    let supports = |field: &str| source.get(field).and_then(Value::as_bool).unwrap_or(false);
    match (
        supports("SupportsDirectPlay"),
        supports("SupportsDirectStream"),
    ) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    }
}

/// The request in the server's terms: the linked account, the server's own version id.
fn upstream_request(request: &Body, link: &Link, version: Option<&Choice>) -> Value {
    let ours = [
        "userid",
        "mediasourceid",
        "id",
        "itemid",
        "apikey",
        "api_key",
        "deviceid",
    ];
    let mut out: Body = request
        .iter()
        .filter(|(key, _)| !ours.contains(&key.to_ascii_lowercase().as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    out.insert("UserId".into(), json!(link.account.user_id));
    if let Some(version) = version {
        out.insert("MediaSourceId".into(), json!(version.source));
    }
    Value::Object(out)
}
