//! The operations, one document a file in `queries/`.

use super::engine::Operation;

macro_rules! operations {
    ($($constant:ident $name:literal $file:literal;)*) => {
        $(pub static $constant: Operation =
            Operation::new($name, include_str!(concat!("queries/", $file, ".graphql")));)*

        /// Every one of them, for checks against the schema.
        pub static ALL: &[&Operation] = &[$(&$constant,)*];
    };
}

operations! {
    ANCESTORS "Ancestors" "ancestors";
    CHANGE_PASSWORD "ChangePassword" "change_password";
    CHILD_IDS "ChildIds" "child_ids";
    CHILDREN "Children" "children";
    COLLECTIONS "Collections" "collections";
    COUNTS "Counts" "counts";
    CRAWL_SERVERS "CrawlServers" "crawl_servers";
    CRAWLS "Crawls" "crawls";
    DISPLAY_PREFERENCES "DisplayPreferences" "display_preferences";
    EPISODE_IDS "EpisodeIds" "episode_ids";
    EXTRA "Extra" "extra";
    FILTER_VALUES "FilterValues" "filter_values";
    INSTANT_MIX "InstantMix" "instant_mix";
    ITEM "Item" "item";
    ITEMS "Items" "items";
    LATEST "Latest" "latest";
    LYRICS "Lyrics" "lyrics";
    NAME "Name" "name";
    NAMES "Names" "names";
    NEXT_UP "NextUp" "next_up";
    PLAYBACK_INFO "PlaybackInfo" "playback_info";
    PUBLIC_USERS "PublicUsers" "public_users";
    RECOMMENDATIONS "Recommendations" "recommendations";
    REPORT_PLAYBACK "ReportPlayback" "report_playback";
    RESUME "Resume" "resume";
    ROOT "Root" "root";
    SAVE_DISPLAY_PREFERENCES "SaveDisplayPreferences" "save_display_preferences";
    SEARCH_HINTS "SearchHints" "search_hints";
    SESSIONS "Sessions" "sessions";
    SET_CAPABILITIES "SetCapabilities" "set_capabilities";
    SET_FAVORITE "SetFavorite" "set_favorite";
    SET_LIKES "SetLikes" "set_likes";
    SET_PLAYED "SetPlayed" "set_played";
    SIGN_IN "SignIn" "sign_in";
    SIGN_OUT "SignOut" "sign_out";
    SIMILAR "Similar" "similar";
    SUGGESTIONS "Suggestions" "suggestions";
    UPDATE_SETTINGS "UpdateSettings" "update_settings";
    UPDATE_USER_DATA "UpdateUserData" "update_user_data";
    UPSTREAM_LIST "UpstreamList" "upstream_list";
    USER "User" "user";
    USERS "Users" "users";
    VIEWS "Views" "views";
    WATCHED "Watched" "watched";
}
