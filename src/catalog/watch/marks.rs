//! Marks that a viewer sets here: played, position, favourite, likes. Written to the database first,
//! then shown; what the servers are told goes by the outbox.

use chrono::{DateTime, Utc};

use super::three_way::Registers;
use super::{ItemState, UserItem, UserItems, outgoing};
use crate::accounts::Link;
use crate::catalog::events::CatalogEvent;
use crate::catalog::query::collect;
use crate::catalog::scope::{Entry, ItemEntry, Scope};
use crate::catalog::snapshot::{ItemIx, Target};
use crate::catalog::{Catalog, CatalogError};
use crate::db::{self, user_items::UserItemRow};
use crate::jellyfin::ResumeRules;
use crate::model::{ItemKind, PublicId};

const TICKS_A_SECOND: i64 = 10_000_000;

/// What changes of one item; absent stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Marks {
    pub played: Option<bool>,
    pub play_count: Option<i32>,
    pub position_ticks: Option<i64>,
    /// The runtime of the copy that the position was made on.
    pub position_runtime_ticks: Option<i64>,
    pub last_played_at: Option<DateTime<Utc>>,
    pub favorite: Option<bool>,
    /// An inner nothing takes the rating away.
    pub likes: Option<Option<bool>>,
}

impl Marks {
    fn changes_anything(&self) -> bool {
        let Self {
            position_runtime_ticks: _,
            played,
            play_count,
            position_ticks,
            last_played_at,
            favorite,
            likes,
        } = self;
        played.is_some()
            || play_count.is_some()
            || position_ticks.is_some()
            || last_played_at.is_some()
            || favorite.is_some()
            || likes.is_some()
    }
}

/// What a position means for an item of this runtime, by its server's thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Too early to resume: as if not begun.
    Start,
    Middle,
    /// Far enough to count as played.
    End,
}

/// Where a player stopped.
pub fn reached(position: i64, runtime: Option<i64>, rules: &ResumeRules) -> Reached {
    let Some(runtime) = runtime.filter(|runtime| *runtime > 0) else {
        return if position > 0 {
            Reached::Middle
        } else {
            Reached::Start
        };
    };
    let percent = position as f64 * 100.0 / runtime as f64;
    if percent >= rules.max_percent {
        Reached::End
    } else if percent < rules.min_percent || runtime < rules.min_seconds * TICKS_A_SECOND {
        Reached::Start
    } else {
        Reached::Middle
    }
}

impl Catalog {
    /// Marks an item; a folder passes played on to everything playable below it.
    pub async fn mark(
        &self,
        scope: &Scope,
        entry: &Entry,
        marks: &Marks,
    ) -> Result<(), CatalogError> {
        let _editing = self.edit_user_items(scope.viewer.user_id).await;
        let known = self.user_items(scope.viewer.user_id).await?;
        let now = self.clock().millis();
        let snapshot = scope.snapshot();
        let mut changed: Vec<(PublicId, UserItem)> = Vec::new();
        match entry {
            Entry::Item(item) => {
                let found = snapshot.item(item.item);
                if found.kind.is_folder() && marks.played.is_some() {
                    for leaf in playable_below(scope, item.item) {
                        let id = snapshot.item(leaf).id;
                        changed.push((
                            id,
                            marked(
                                &known,
                                id,
                                &Marks {
                                    favorite: None,
                                    likes: None,
                                    ..marks.clone()
                                },
                                now,
                            ),
                        ));
                    }
                }
                let own = match found.kind.is_folder() {
                    true => Marks {
                        favorite: marks.favorite,
                        likes: marks.likes,
                        ..Marks::default()
                    },
                    // Told without a copy, a position is one on what plays first.
                    false => Marks {
                        position_runtime_ticks: marks.position_runtime_ticks.or_else(|| {
                            let first = *scope.playing_order(item).first()?;
                            snapshot.copy(first).light.run_time_ticks()
                        }),
                        ..marks.clone()
                    },
                };
                if own.changes_anything() {
                    changed.push((found.id, marked(&known, found.id, &own, now)));
                }
            }
            Entry::Name(name) => {
                let id = scope.projection.names().entry(*name).id;
                let own = Marks {
                    favorite: marks.favorite,
                    likes: marks.likes,
                    ..Marks::default()
                };
                changed.push((id, marked(&known, id, &own, now)));
            }
            Entry::Library(_) | Entry::Root => {}
        }
        let registers = Registers {
            play: marks.played.is_some()
                || marks.position_ticks.is_some()
                || marks.play_count.is_some(),
            favorite: marks.favorite.is_some(),
            likes: marks.likes.is_some(),
        };
        self.save_marks(scope, changed, registers).await
    }

    /// A player began: counts as played once more, keeps the position.
    pub async fn playback_started(
        &self,
        scope: &Scope,
        entry: &ItemEntry,
    ) -> Result<(), CatalogError> {
        let state = ItemState::of(scope, entry);
        let marks = Marks {
            play_count: Some(
                i32::try_from(state.play_count)
                    .unwrap_or(i32::MAX)
                    .saturating_add(1),
            ),
            last_played_at: Some(self.clock().now()),
            ..Marks::default()
        };
        self.mark(scope, &Entry::Item(*entry), &marks).await
    }

    /// A player tells where it is, or where it stopped.
    pub async fn playback_position(
        &self,
        scope: &Scope,
        entry: &ItemEntry,
        position: i64,
    ) -> Result<(), CatalogError> {
        let copy = scope.snapshot().copy(entry.lead);
        let runtime = copy.light.run_time_ticks();
        let server = self.registry().get(scope.snapshot().server_of(copy).id);
        let rules = server.map_or_else(ResumeRules::default, |server| server.resume_rules());
        let (played, position) = match reached(position, runtime, &rules) {
            Reached::Start => (None, 0),
            Reached::Middle => (Some(false), position),
            Reached::End => (Some(true), 0),
        };
        let marks = Marks {
            played,
            position_ticks: Some(position),
            position_runtime_ticks: runtime,
            last_played_at: Some(self.clock().now()),
            ..Marks::default()
        };
        self.mark(scope, &Entry::Item(*entry), &marks).await
    }

    /// A player stopped and did not tell where.
    pub async fn playback_ended(
        &self,
        scope: &Scope,
        entry: &ItemEntry,
    ) -> Result<(), CatalogError> {
        let marks = Marks {
            played: Some(true),
            last_played_at: Some(self.clock().now()),
            ..Marks::default()
        };
        self.mark(scope, &Entry::Item(*entry), &marks).await
    }

    async fn save_marks(
        &self,
        scope: &Scope,
        changed: Vec<(PublicId, UserItem)>,
        registers: Registers,
    ) -> Result<(), CatalogError> {
        if changed.is_empty() {
            return Ok(());
        }
        let user = scope.viewer.user_id;
        let rows: Vec<UserItemRow> = changed
            .iter()
            .map(|(item, state)| state.to_row(user, *item))
            .collect();
        let (snapshot, access) = (self.snapshot(), self.store().access());
        let now = self.clock().millis();
        let links: Vec<Link> = scope.viewer.active_links().cloned().collect();
        let to = outgoing::Recipients {
            snapshot: &snapshot,
            access: &access,
            links: &links,
            except: None,
        };
        let outgoing: Vec<_> = changed
            .iter()
            .filter_map(|(id, state)| match snapshot.target(*id) {
                Some(Target::Item(item)) => Some((item, state)),
                _ => None,
            })
            .flat_map(|(item, state)| outgoing::rows(&to, item, state, registers, now))
            .collect();
        db::outbox::save(self.db(), &rows, &outgoing, &[]).await?;
        self.call_courier();
        let items = changed.iter().map(|(item, _)| *item).collect();
        for (item, state) in changed {
            self.put_user_item(user, item, state);
        }
        self.events().tell(CatalogEvent::UserData { user, items });
        Ok(())
    }
}

fn playable_below(scope: &Scope, item: ItemIx) -> Vec<ItemIx> {
    let mut below = Vec::new();
    collect(scope, item, true, &mut below);
    let snapshot = scope.snapshot();
    let members = &snapshot.item(item).members;
    below.extend(
        members
            .iter()
            .copied()
            .filter(|member| scope.projection.sees_item(*member)),
    );
    below.retain(|item| !snapshot.item(*item).kind.is_folder());
    below.retain(|item| snapshot.item(*item).kind != ItemKind::Photo);
    below
}

/// The state after the marks, each register with its own time.
fn marked(known: &UserItems, item: PublicId, marks: &Marks, now: i64) -> UserItem {
    let mut state = known.get(item).cloned().unwrap_or_default();
    if let Some(played) = marks.played {
        state.played = played;
        if played || marks.position_ticks.is_none() {
            state.clear_positions();
        }
        if played {
            state.play_count = state.play_count.max(1);
            state.last_played_at = marks
                .last_played_at
                .map(|at| at.timestamp_millis())
                .or(Some(now));
        } else if marks.position_ticks.is_none() {
            state.play_count = 0;
            state.last_played_at = None;
        }
        state.play_changed_at = now;
    }
    if let Some(position) = marks.position_ticks {
        if marks.played != Some(true) || position > 0 {
            state.set_position(position, marks.position_runtime_ticks);
        }
        state.play_changed_at = now;
    }
    if let Some(count) = marks.play_count {
        state.play_count = count;
        state.play_changed_at = now;
    }
    if let Some(at) = marks.last_played_at {
        state.last_played_at = Some(at.timestamp_millis());
        state.play_changed_at = now;
    }
    if let Some(favorite) = marks.favorite {
        state.is_favorite = favorite;
        state.favorite_changed_at = now;
    }
    if let Some(likes) = marks.likes {
        state.likes = likes;
        state.likes_changed_at = now;
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_player_stopped_is_judged_by_the_servers_thresholds() {
        let rules = ResumeRules {
            min_percent: 5.0,
            max_percent: 90.0,
            min_seconds: 300,
        };
        let long = Some(1000 * TICKS_A_SECOND);
        let at = |seconds: i64, runtime| reached(seconds * TICKS_A_SECOND, runtime, &rules);
        assert_eq!(at(49, long), Reached::Start);
        assert_eq!(at(50, long), Reached::Middle);
        assert_eq!(at(899, long), Reached::Middle);
        assert_eq!(at(900, long), Reached::End);
        // Too short to be resumed, yet not too short to be played.
        let short = Some(100 * TICKS_A_SECOND);
        assert_eq!(at(50, short), Reached::Start);
        assert_eq!(at(95, short), Reached::End);
    }

    #[test]
    fn without_a_runtime_any_position_is_one() {
        for runtime in [None, Some(0), Some(-5)] {
            let at = |position| reached(position, runtime, &ResumeRules::default());
            assert_eq!(at(1), Reached::Middle);
            assert_eq!(at(0), Reached::Start);
            assert_eq!(at(-1), Reached::Start);
        }
    }
}
