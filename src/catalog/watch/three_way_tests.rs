use super::*;

fn played_at(at: i64) -> UserItem {
    UserItem {
        played: true,
        play_count: 1,
        last_played_at: Some(at),
        play_changed_at: at,
        ..UserItem::default()
    }
}

fn told_played(at: i64) -> Told {
    Told {
        played: true,
        play_count: 1,
        last_played_at: Some(at),
        ..Told::default()
    }
}

#[test]
fn a_first_link_brings_its_history_in() {
    let outcome = merge(None, None, &told_played(50), 100, None);
    let ours = outcome.ours.expect("history comes in");
    assert!(ours.played);
    assert_eq!(ours.play_changed_at, 50);
    assert!(!outcome.tell.any());
}

#[test]
fn a_default_state_at_first_sight_is_no_change_and_is_filled() {
    let outcome = merge(Some(&played_at(10)), None, &Told::default(), 100, None);
    assert_eq!(outcome.ours, None);
    assert_eq!(
        outcome.tell,
        Registers {
            play: true,
            ..Registers::default()
        }
    );
}

#[test]
fn a_favourite_set_elsewhere_does_not_carry_the_older_play_state_along() {
    let agreed = Told::default();
    let seen = Told {
        favorite: true,
        ..Told::default()
    };
    let outcome = merge(Some(&played_at(50)), Some(&agreed), &seen, 100, None);
    let ours = outcome.ours.expect("the favourite comes in");
    assert!(ours.is_favorite && ours.played);
    assert_eq!(
        outcome.tell,
        Registers {
            play: true,
            ..Registers::default()
        }
    );
}

#[test]
fn a_clock_two_years_ahead_does_not_win_for_ever() {
    let future = 10_000;
    let outcome = merge(
        Some(&played_at(90)),
        Some(&told_played(90)),
        &Told {
            last_played_at: Some(future),
            position_ticks: 7,
            played: false,
            play_count: 1,
            ..Told::default()
        },
        100,
        Some(70),
    );
    assert_eq!(
        outcome.ours.expect("their change comes in").play_changed_at,
        100
    );
}

#[test]
fn the_later_of_two_changes_wins() {
    let base = Told::default();
    let outcome = merge(
        Some(&played_at(200)),
        Some(&base),
        &Told {
            position_ticks: 5,
            last_played_at: Some(100),
            ..Told::default()
        },
        300,
        Some(70),
    );
    assert_eq!(outcome.ours, None);
    assert!(outcome.tell.play);
}

#[test]
fn unplayed_on_the_server_is_followed() {
    let outcome = merge(
        Some(&played_at(50)),
        Some(&told_played(50)),
        &Told::default(),
        100,
        None,
    );
    assert!(!outcome.ours.expect("unplayed comes in").played);
}

#[test]
fn what_we_told_comes_back_as_no_change() {
    let ours = played_at(50);
    assert_eq!(
        merge(
            Some(&ours),
            Some(&told_played(50)),
            &told_played(50),
            100,
            None
        ),
        Outcome::default()
    );
}

#[test]
fn many_resets_are_a_restored_server_and_few_are_not() {
    assert!(looks_restored(1_000, 1_500));
    assert!(!looks_restored(3, 3));
    assert!(!looks_restored(12, 1_000));
    assert!(looks_restored(3_000, 10_000));
    assert!(is_reset(Some(&told_played(1)), &Told::default()));
    assert!(!is_reset(None, &Told::default()));
}

fn begun(position: i64, runtime: i64, at: i64) -> UserItem {
    UserItem {
        position_ticks: position,
        position_runtime_ticks: Some(runtime),
        play_changed_at: at,
        ..UserItem::default()
    }
}

#[test]
fn a_cut_of_another_length_keeps_its_own_position() {
    let own = Told {
        position_ticks: 30,
        ..Told::default()
    };
    let outcome = merge(Some(&begun(60, 116, 50)), Some(&own), &own, 100, Some(137));
    assert_eq!(outcome, Outcome::default());
}

#[test]
fn history_without_a_date_does_not_undo_what_is_known() {
    let seen = Told {
        position_ticks: 30,
        ..Told::default()
    };
    let outcome = merge(Some(&played_at(50)), None, &seen, 100, Some(116));
    assert_eq!(outcome.ours, None);
    assert!(outcome.tell.play);
    let first = merge(None, None, &seen, 100, Some(116));
    assert_eq!(first.ours.expect("it is all there is").position_ticks, 30);
}

#[test]
fn a_rating_follows_the_later_of_two_changes() {
    let (liked, disliked) = (Some(true), Some(false));
    let told = |likes| Told {
        likes,
        ..Told::default()
    };
    let ours = |likes, at| UserItem {
        likes,
        likes_changed_at: at,
        ..UserItem::default()
    };
    let likes = |outcome: &Outcome| {
        outcome
            .ours
            .as_ref()
            .map(|ours| (ours.likes, ours.likes_changed_at))
    };

    // Only the server changed it.
    let outcome = merge(
        Some(&ours(None, 0)),
        Some(&told(None)),
        &told(liked),
        100,
        None,
    );
    assert_eq!(
        (likes(&outcome), outcome.tell.any()),
        (Some((liked, 100)), false)
    );
    // Only we did.
    let outcome = merge(
        Some(&ours(liked, 50)),
        Some(&told(None)),
        &told(None),
        100,
        None,
    );
    assert_eq!((likes(&outcome), outcome.tell.likes), (None, true));
    // Both did: what was seen last wins, either way.
    let outcome = merge(
        Some(&ours(disliked, 50)),
        Some(&told(None)),
        &told(liked),
        100,
        None,
    );
    assert_eq!(
        (likes(&outcome), outcome.tell.likes),
        (Some((liked, 100)), false)
    );
    let outcome = merge(
        Some(&ours(disliked, 150)),
        Some(&told(None)),
        &told(liked),
        100,
        None,
    );
    assert_eq!((likes(&outcome), outcome.tell.likes), (None, true));
    // At first sight nobody saw the server change: ours stays, and is told.
    let outcome = merge(Some(&ours(disliked, 50)), None, &told(liked), 100, None);
    assert_eq!((likes(&outcome), outcome.tell.likes), (None, true));
    // Taken away there, it goes here.
    let outcome = merge(
        Some(&ours(liked, 50)),
        Some(&told(liked)),
        &told(None),
        100,
        None,
    );
    assert_eq!(
        (likes(&outcome), outcome.tell.any()),
        (Some((None, 100)), false)
    );
    assert!(!outcome.tell.play && !outcome.tell.favorite);
}
