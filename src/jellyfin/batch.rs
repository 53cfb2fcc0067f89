//! Item bodies: callers who come together share one request, and nobody asks twice for what is
//! already on its way.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use tokio::sync::{Notify, watch};

use super::client::Request;
use super::counters::Purpose;
use super::{Account, Server, UpstreamError};
use crate::model::{Secret, UpstreamId};
use crate::wire::Body;

/// Everything that Jellyfin can tell of an item, but for what differs by account (child counts,
/// rights, user data), which is Manyfin's to say and costs the server most.
pub const BODY_FIELDS: &str = "AirTime,ChannelInfo,Chapters,Trickplay,CumulativeRunTimeTicks,\
CustomRating,DateCreated,DateLastMediaAdded,DisplayPreferencesId,Etag,ExternalUrls,Genres,\
MediaSourceCount,MediaSources,OriginalTitle,Overview,ParentId,Path,People,ProductionLocations,\
ProviderIds,PrimaryImageAspectRatio,Settings,SeriesStudio,SortName,SpecialEpisodeNumbers,Studios,\
Taglines,Tags,RemoteTrailers,MediaStreams,ChannelImage,EnableMediaSourceDisplay,Width,Height,\
ExtraIds,LocalTrailerCount,IsHD,SpecialFeatureCount";

/// 100 ids of 32 digits and their commas are half of what a request line may hold.
const MAX_IDS: usize = 100;
/// How many requests one batch may become when a server fails on some of its ids.
const MAX_SPLITS: usize = 24;

type Bodies = HashMap<UpstreamId, Arc<Body>>;
type Outcome = Option<Result<Arc<Bodies>, UpstreamError>>;

/// The batches of one server that gather or are under way, by account.
#[derive(Debug, Default)]
pub(super) struct Batcher {
    lanes: Mutex<HashMap<LaneKey, Lane>>,
}

/// Two links to one upstream user see the same, but a refused one must not use the other's token.
type LaneKey = (UpstreamId, Option<i64>);

#[derive(Debug, Default)]
struct Lane {
    gathering: Option<Arc<Batch>>,
    waiting: HashMap<UpstreamId, Arc<Batch>>,
}

#[derive(Debug)]
struct Batch {
    ids: Mutex<Vec<UpstreamId>>,
    full: Notify,
    outcome: watch::Sender<Outcome>,
}

impl Batcher {
    pub(super) async fn bodies(
        &self,
        server: &Arc<Server>,
        account: &Account,
        ids: &[UpstreamId],
    ) -> Result<Bodies, UpstreamError> {
        let batches = self.join(server, account, ids);
        let mut found = Bodies::with_capacity(ids.len());
        let mut error = None;
        for (batch, wanted) in batches {
            let mut outcome = batch.subscribe();
            let settled = outcome.wait_for(Option::is_some).await;
            match settled.as_deref() {
                Ok(Some(Ok(bodies))) => {
                    found.extend(
                        wanted
                            .iter()
                            .filter_map(|id| bodies.get(id).map(|body| (*id, body.clone()))),
                    );
                }
                Ok(Some(Err(e))) => error = Some(e.clone()),
                // The task was aborted with its runtime.
                _ => error = Some(UpstreamError::unreachable("the request was given up")),
            }
        }
        match error {
            Some(error) => Err(error),
            None => Ok(found),
        }
    }

    /// Puts every id into a batch; the batches, each with what this caller wants of it.
    fn join(
        &self,
        server: &Arc<Server>,
        account: &Account,
        ids: &[UpstreamId],
    ) -> Vec<(watch::Sender<Outcome>, Vec<UpstreamId>)> {
        let key = (account.user_id, account.link);
        let mut lanes = self.lock();
        let lane = lanes.entry(key).or_default();
        let mut joined: Vec<(Arc<Batch>, Vec<UpstreamId>)> = Vec::new();
        let mut seen = HashSet::with_capacity(ids.len());
        for id in ids.iter().filter(|id| is_askable(**id)) {
            if !seen.insert(*id) {
                continue;
            }
            let batch = match lane.waiting.get(id) {
                Some(batch) => batch.clone(),
                None => lane.add(*id, || spawn(server, account, key)),
            };
            match joined
                .iter_mut()
                .find(|(known, _)| Arc::ptr_eq(known, &batch))
            {
                Some((_, wanted)) => wanted.push(*id),
                None => joined.push((batch, vec![*id])),
            }
        }
        joined
            .into_iter()
            .map(|(batch, wanted)| (batch.outcome.clone(), wanted))
            .collect()
    }

    /// Takes a batch's ids: from now on it takes no more.
    fn close(&self, key: LaneKey, batch: &Arc<Batch>) -> Vec<UpstreamId> {
        let mut lanes = self.lock();
        if let Some(lane) = lanes.get_mut(&key)
            && lane
                .gathering
                .as_ref()
                .is_some_and(|g| Arc::ptr_eq(g, batch))
        {
            lane.gathering = None;
        }
        batch.ids().clone()
    }

    fn finish(&self, key: LaneKey, ids: &[UpstreamId]) {
        let mut lanes = self.lock();
        if let Some(lane) = lanes.get_mut(&key) {
            for id in ids {
                lane.waiting.remove(id);
            }
            if lane.waiting.is_empty() && lane.gathering.is_none() {
                lanes.remove(&key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LaneKey, Lane>> {
        self.lanes.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Lane {
    fn add(&mut self, id: UpstreamId, start: impl FnOnce() -> Arc<Batch>) -> Arc<Batch> {
        let batch = self.gathering.get_or_insert_with(start).clone();
        self.waiting.insert(id, batch.clone());
        let mut ids = batch.ids();
        ids.push(id);
        if ids.len() >= MAX_IDS {
            self.gathering = None;
            batch.full.notify_one();
        }
        drop(ids);
        batch
    }
}

impl Batch {
    fn ids(&self) -> MutexGuard<'_, Vec<UpstreamId>> {
        self.ids.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// A batch on a task of its own: a caller that goes away does not take the others' answer along.
fn spawn(server: &Arc<Server>, account: &Account, key: LaneKey) -> Arc<Batch> {
    let batch = Arc::new(Batch {
        ids: Mutex::default(),
        full: Notify::new(),
        outcome: watch::Sender::new(None),
    });
    let (server, account, own) = (server.clone(), account.clone(), batch.clone());
    tokio::spawn(async move {
        tokio::select! {
            () = tokio::time::sleep(server.limits.gather) => {}
            () = own.full.notified() => {}
        }
        let ids = server.batcher.close(key, &own);
        let outcome = fetch(&server, &account, &ids).await.map(Arc::new);
        server.batcher.finish(key, &ids);
        own.outcome.send_replace(Some(outcome));
    });
    batch
}

/// Jellyfin 10.11 fails whole requests for the placeholder 0…01 (and nil means nothing anywhere).
fn is_askable(id: UpstreamId) -> bool {
    id.0.as_u128() > 1
}

/// Asks for the ids; where the server fails on the whole, by halves, until the bad ones are alone.
async fn fetch(
    server: &Server,
    account: &Account,
    ids: &[UpstreamId],
) -> Result<Bodies, UpstreamError> {
    let mut found = Bodies::with_capacity(ids.len());
    let mut parts = vec![ids];
    let mut asked = 0;
    while let Some(part) = parts.pop() {
        asked += 1;
        match request(server, account, part).await {
            Ok(bodies) => found.extend(bodies),
            Err(UpstreamError::Status { .. } | UpstreamError::NotFound)
                if part.len() > 1 && asked < MAX_SPLITS =>
            {
                let (front, back) = part.split_at(part.len() / 2);
                parts.extend([back, front]);
            }
            // Alone and still failing: this id is absent, unless it was all that was asked for.
            Err(UpstreamError::Status { .. } | UpstreamError::NotFound) if ids.len() > 1 => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

async fn request(
    server: &Server,
    account: &Account,
    ids: &[UpstreamId],
) -> Result<Bodies, UpstreamError> {
    let list = ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    let query = [
        ("userId", account.user_id.to_string()),
        ("ids", list.join(",")),
        ("fields", BODY_FIELDS.to_owned()),
        ("enableUserData", "false".to_owned()),
        ("enableTotalRecordCount", "false".to_owned()),
    ];
    let call = |authorization, _: &Secret| {
        let request = Request {
            query: &query,
            authorization: Some(authorization),
            ..Request::get("/Items")
        };
        server.json(request, Purpose::Bodies, server.limits.total)
    };
    let answer = server.as_account(account, call).await?;
    let Some(Value::Object(mut answer)) = answer else {
        return Err(UpstreamError::malformed("a list was expected"));
    };
    let Some(Value::Array(items)) = answer.remove("Items") else {
        return Err(UpstreamError::malformed("a list without items"));
    };
    Ok(items
        .into_iter()
        .filter_map(|item| match item {
            Value::Object(body) => {
                let id = body.get("Id")?.as_str()?.parse().ok()?;
                Some((id, Arc::new(body)))
            }
            _ => None,
        })
        .collect())
}
