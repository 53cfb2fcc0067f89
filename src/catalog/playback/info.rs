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
        let wanted = match asked.media_source_id {
            None => self.offered(scope, &entry),
            Some(id) if self.names_version(scope, &entry, id) => {
                vec![self.picked(scope, asked, &entry, id).await?]
            }
            Some(_) => return Ok(no_stream()),
        };
        if wanted.is_empty() {
            return Err(CatalogError::Unavailable(asked.id));
        }
        let first = wanted[0].clone();
        let one_version = asked.media_source_id.is_some();
        let answers = match self.ask(scope, wanted, request, one_version).await {
            Err(CatalogError::Upstream(error)) if one_version && error.is_outage() => {
                // One lost request is no outage yet: where servers are gone, their status says so now.
                self.look_around().await;
                let id = asked.media_source_id.unwrap_or(asked.id);
                let again = self.picked(scope, asked, &entry, id).await?;
                if again.copy == first.copy {
                    return Err(error.into());
                }
                self.ask(scope, vec![again], request, one_version).await?
            }
            answers => answers?,
        };
        self.compose(scope, asked, &entry, answers).await
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
                            if answer == Err(UpstreamError::Timeout) {
                                self.stalled().add(choice.public);
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
                Some((at, choice, Ok(Some(Value::Object(answer))))) => {
                    found.push((at, choice, answer))
                }
                Some((_, _, Ok(_))) => {}
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
