use super::*;

#[test]
fn of_two_items_that_become_one_the_later_register_counts() {
    let played = UserItem {
        played: true,
        play_count: 2,
        last_played_at: Some(7),
        play_changed_at: 7,
        favorite_changed_at: 3,
        likes: Some(false),
        likes_changed_at: 9,
        ..UserItem::default()
    };
    let favorite = UserItem {
        position_ticks: 5,
        position_runtime_ticks: Some(100),
        play_changed_at: 6,
        is_favorite: true,
        favorite_changed_at: 8,
        likes: Some(true),
        likes_changed_at: 1,
        ..UserItem::default()
    };
    let both = UserItem {
        is_favorite: true,
        favorite_changed_at: 8,
        ..played.clone()
    };
    // Whichever of them gives its id.
    assert_eq!(played.joined(&favorite), both);
    assert_eq!(favorite.joined(&played), both);
}
