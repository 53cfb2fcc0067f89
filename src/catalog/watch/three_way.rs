//! The rule by which what a server tells and what we know become one (`docs/adr/0005-watch-state.md`):
//! register by register, against what was last agreed; only a difference from that is a change; of two
//! changes the later one wins. Pure: no clock, no database.

use super::state::UserItem;

/// What a server tells of an item, or what was agreed about it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Told {
    pub played: bool,
    pub play_count: i32,
    pub position_ticks: i64,
    /// Milliseconds since 1970 by the server's clock.
    pub last_played_at: Option<i64>,
    pub favorite: bool,
    pub likes: Option<bool>,
}

impl Told {
    fn same_play(&self, other: &Self) -> bool {
        self.played == other.played
            && self.position_ticks == other.position_ticks
            && self.play_count == other.play_count
    }

    pub(super) fn is_default_play(&self) -> bool {
        self.same_play(&Self::default())
    }

    /// The marks alone: of a folder, servers tell as played what lies in it.
    pub fn without_play(&self) -> Self {
        Self {
            favorite: self.favorite,
            likes: self.likes,
            ..Self::default()
        }
    }

    /// What we hold, in a server's words.
    pub fn of(state: &UserItem, position_ticks: i64) -> Self {
        Self {
            played: state.played,
            play_count: state.play_count,
            position_ticks,
            last_played_at: state.last_played_at,
            favorite: state.is_favorite,
            likes: state.likes,
        }
    }
}

/// What comes of one sight of a server's state.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// Our state after it, if it changed.
    pub ours: Option<UserItem>,
    /// Registers that the server must be told, because ours is later.
    pub tell: Registers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Registers {
    pub play: bool,
    pub favorite: bool,
    pub likes: bool,
}

impl Registers {
    pub fn any(self) -> bool {
        self.play || self.favorite || self.likes
    }
}

/// Merges. `seen_at`: when the server told it, by our clock. `runtime`: of the server's copy; a cut of
/// another length than ours keeps its own position.
pub fn merge(
    ours: Option<&UserItem>,
    agreed: Option<&Told>,
    seen: &Told,
    seen_at: i64,
    runtime: Option<i64>,
) -> Outcome {
    let blank = UserItem::default();
    let state = ours.unwrap_or(&blank);
    let base = agreed.cloned().unwrap_or_default();
    let own_position = state.position_on(runtime);
    let here = Told::of(state, own_position.unwrap_or(base.position_ticks));
    let first_sight = agreed.is_none();
    let mut merged = state.clone();
    let mut tell = Registers::default();

    let server_changed = !seen.same_play(&base);
    let we_changed = !here.same_play(&base);
    let default_at_first = first_sight && seen.is_default_play();
    if !here.same_play(seen) {
        // A server's date counts only where the play state changed, and never from the future.
        // At first sight nobody saw it change: without a date it is older than anything of ours.
        let undated = if first_sight && ours.is_some() {
            0
        } else {
            seen_at
        };
        let their_time = seen.last_played_at.map_or(undated, |at| at.min(seen_at));
        let theirs_later = their_time > state.play_changed_at;
        // An earlier position on a cut of another length is that cut's own, and no news for the item.
        let aside = own_position.is_none()
            && !theirs_later
            && seen.played == base.played
            && seen.position_ticks > 0;
        if server_changed && !default_at_first && !aside && (!we_changed || theirs_later) {
            merged.played = seen.played;
            merged.play_count = seen.play_count;
            if seen.played || seen.is_default_play() {
                merged.clear_positions();
            }
            if seen.position_ticks > 0 || !(seen.played || seen.is_default_play()) {
                merged.set_position(seen.position_ticks, runtime);
            }
            merged.last_played_at = seen.last_played_at.map(|at| at.min(seen_at));
            merged.play_changed_at = their_time;
        } else if we_changed {
            tell.play = true;
        }
        if let (true, Some(runtime)) = (aside, runtime) {
            merged.set_aside(seen.position_ticks, runtime);
        }
    }
    if here.favorite != seen.favorite {
        let server_changed = seen.favorite != base.favorite;
        let we_changed = here.favorite != base.favorite;
        // No server tells when a mark was set: a change is as late as it was seen.
        if server_changed
            && !(first_sight && we_changed)
            && (!we_changed || seen_at > state.favorite_changed_at)
        {
            merged.is_favorite = seen.favorite;
            merged.favorite_changed_at = seen_at;
        } else if we_changed {
            tell.favorite = true;
        }
    }
    if here.likes != seen.likes {
        let server_changed = seen.likes != base.likes;
        let we_changed = here.likes != base.likes;
        if server_changed
            && !(first_sight && we_changed)
            && (!we_changed || seen_at > state.likes_changed_at)
        {
            merged.likes = seen.likes;
            merged.likes_changed_at = seen_at;
        } else if we_changed {
            tell.likes = true;
        }
    }
    Outcome {
        ours: (merged != *state).then_some(merged),
        tell,
    }
}

/// Whether so many works lost what was marked in one crawl that the server was restored from an old
/// backup: then it is filled, not followed. `resets` of `agreed` works that were marked; a series counts
/// once, because people take back a whole series at a time.
pub fn looks_restored(resets: usize, agreed: usize) -> bool {
    resets >= 25 || (resets >= 10 && resets * 2 >= agreed)
}

/// Whether this sight takes a play state or a favourite away that was agreed.
pub fn is_reset(agreed: Option<&Told>, seen: &Told) -> bool {
    agreed.is_some_and(|agreed| {
        let play = !agreed.is_default_play() && seen.is_default_play();
        play || (agreed.favorite && !seen.favorite)
    })
}

#[cfg(test)]
#[path = "three_way_tests.rs"]
mod tests;
