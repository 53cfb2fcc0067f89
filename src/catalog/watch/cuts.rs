//! Positions by cut: a film may lie there in 116 and in 137 minutes, and a position in the one means
//! nothing in the other. The cut that was begun last gives the item its position; those of other lengths
//! keep their own beside it.

use serde::{Deserialize, Serialize};

use super::UserItem;

/// A position on a cut of another length than the one that was begun last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    pub runtime_ticks: i64,
    /// Zero: it is known that this cut is not begun.
    pub position_ticks: i64,
}

/// Whether two runtimes are of one cut: they differ by no more than 2%.
fn alike(one: i64, other: i64) -> bool {
    // Servers tell any number: the difference of two may not fit.
    let (one, other) = (i128::from(one), i128::from(other));
    (one - other).abs() * 50 <= one.max(other)
}

impl UserItem {
    /// The position on a copy of this runtime; none where nothing is known of such a cut. A copy or a
    /// position without a runtime is taken to be of the cut that was begun last.
    pub fn position_on(&self, runtime: Option<i64>) -> Option<i64> {
        let Some(runtime) = runtime else {
            return Some(self.position_ticks);
        };
        if let Some(cut) = self
            .cuts
            .iter()
            .find(|cut| alike(cut.runtime_ticks, runtime))
        {
            return Some(cut.position_ticks);
        }
        let fits = self
            .position_runtime_ticks
            .is_none_or(|made_on| alike(made_on, runtime));
        fits.then_some(self.position_ticks)
    }

    /// Whether the item's position means something on a copy of this runtime: none does on every one.
    pub fn position_fits(&self, runtime: Option<i64>) -> bool {
        match (self.position_ticks, self.position_runtime_ticks, runtime) {
            (0, _, _) | (_, None, _) | (_, _, None) => true,
            (_, Some(made_on), Some(runtime)) => alike(made_on, runtime),
        }
    }

    /// A cut of this runtime was played to this position. Others keep theirs; where this one is back at
    /// its start, the last of them that is begun gives the item its position.
    pub(super) fn set_position(&mut self, position: i64, runtime: Option<i64>) {
        let Some(runtime) = runtime else {
            self.position_ticks = position;
            self.position_runtime_ticks = None;
            return;
        };
        if let Some(made_on) = self.position_runtime_ticks {
            self.cuts.push(Cut {
                runtime_ticks: made_on,
                position_ticks: self.position_ticks,
            });
        }
        self.cuts.retain(|cut| !alike(cut.runtime_ticks, runtime));
        self.cuts.push(Cut {
            runtime_ticks: runtime,
            position_ticks: position,
        });
        self.lead_by_last();
    }

    /// What is known of a cut that was not begun last.
    pub(super) fn set_aside(&mut self, position: i64, runtime: i64) {
        self.cuts.retain(|cut| !alike(cut.runtime_ticks, runtime));
        let cut = Cut {
            runtime_ticks: runtime,
            position_ticks: position,
        };
        self.cuts.insert(0, cut);
    }

    /// Played, or not played at all: no cut is in progress.
    pub(super) fn clear_positions(&mut self) {
        self.position_ticks = 0;
        self.position_runtime_ticks = None;
        self.cuts.clear();
    }

    /// There is a cut: one was just pushed.
    fn lead_by_last(&mut self) {
        let begun = self.cuts.iter().rposition(|cut| cut.position_ticks > 0);
        let lead = self.cuts.remove(begun.unwrap_or(self.cuts.len() - 1));
        self.position_ticks = lead.position_ticks;
        self.position_runtime_ticks = Some(lead.runtime_ticks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> UserItem {
        let mut state = UserItem::default();
        state.set_position(40, Some(1160));
        state
    }

    #[test]
    fn each_cut_keeps_its_own_position() {
        let mut state = state();
        assert_eq!(state.position_on(Some(1370)), None);
        state.set_position(70, Some(1370));
        assert_eq!(state.position_ticks, 70);
        assert_eq!(state.position_on(Some(1370)), Some(70));
        assert_eq!(state.position_on(Some(1165)), Some(40));
        assert!(!state.position_fits(Some(1160)));
        state.set_position(45, Some(1161));
        assert_eq!(state.position_ticks, 45);
        assert_eq!(state.position_on(Some(1370)), Some(70));
        assert_eq!(state.cuts.len(), 1);
    }

    #[test]
    fn a_cut_that_was_only_looked_at_takes_nothing_from_the_other() {
        let mut state = state();
        state.set_position(0, Some(1370));
        assert_eq!(state.position_ticks, 40);
        assert_eq!(state.position_on(Some(1370)), Some(0));
        state.set_position(0, Some(1160));
        assert_eq!(state.position_ticks, 0);
    }

    #[test]
    fn a_position_on_no_known_cut_is_the_items() {
        let mut state = state();
        state.set_position(30, None);
        assert_eq!(
            (state.position_ticks, state.position_runtime_ticks),
            (30, None)
        );
        for runtime in [None, Some(1160), Some(1370)] {
            assert_eq!(state.position_on(runtime), Some(30));
            assert!(state.position_fits(runtime));
        }
    }

    #[test]
    fn no_runtime_is_too_odd() {
        let odd = [i64::MIN, -1, 0, 1, i64::MAX];
        for (one, other) in odd
            .into_iter()
            .flat_map(|one| odd.map(|other| (one, other)))
        {
            assert_eq!(alike(one, other), alike(other, one));
            let mut state = UserItem::default();
            state.set_position(5, Some(one));
            state.set_position(7, Some(other));
            assert_eq!(state.position_ticks, 7);
        }
        assert!(!alike(i64::MIN, i64::MAX));
        assert!(alike(i64::MAX, i64::MAX - 1));
    }

    #[test]
    fn an_end_is_the_end_of_all() {
        let mut state = state();
        state.set_position(70, Some(1370));
        state.clear_positions();
        assert_eq!(state.position_on(Some(1160)), Some(0));
        assert_eq!(state.position_on(Some(1370)), Some(0));
    }
}
