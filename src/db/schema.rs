//! The tables, one description for both databases; the migrations make them.

diesel::table! {
    installation (key) {
        key -> Text,
        value -> Text,
    }
}

diesel::table! {
    users (id) {
        id -> Text,
        config_key -> Nullable<Text>,
        name -> Text,
        name_key -> Text,
        password_hash -> Nullable<Text>,
        is_administrator -> Bool,
        is_disabled -> Bool,
        made_by_server_key -> Nullable<Text>,
        made_by_account -> Nullable<Text>,
        settings -> Text,
        created_at -> BigInt,
        last_login_at -> Nullable<BigInt>,
        last_activity_at -> Nullable<BigInt>,
        source_policy -> Nullable<Text>,
    }
}

diesel::table! {
    servers (id) {
        id -> BigInt,
        server_key -> Text,
        config_key -> Nullable<Text>,
        name -> Text,
        name_key -> Text,
        url -> Text,
        ca_pem -> Nullable<Text>,
        tls_fingerprint -> Nullable<Text>,
        upstream_id -> Nullable<Text>,
        version -> Nullable<Text>,
        crawl_user_id -> Nullable<Text>,
        crawl_username -> Nullable<Text>,
        crawl_token -> Nullable<Binary>,
        crawl_password -> Nullable<Binary>,
        device_id -> Text,
        last_error -> Nullable<Text>,
        last_seen_at -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    known_servers (server_key) {
        server_key -> Text,
        upstream_id -> Nullable<Text>,
        name -> Text,
        url -> Text,
        removed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    account_links (id) {
        id -> BigInt,
        user_id -> Text,
        server_id -> BigInt,
        upstream_user_id -> Nullable<Text>,
        username -> Text,
        token -> Nullable<Binary>,
        password -> Nullable<Binary>,
        device_id -> Text,
        sign_in -> Bool,
        state -> Text,
        state_reason -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        token_hash -> Text,
        user_id -> Text,
        made_by_link -> Nullable<BigInt>,
        device_id -> Text,
        device_name -> Text,
        client -> Text,
        version -> Text,
        remote_address -> Nullable<Text>,
        capabilities -> Nullable<Text>,
        created_at -> BigInt,
        last_seen_at -> BigInt,
    }
}

diesel::table! {
    display_preferences (user_id, client, preferences_id) {
        user_id -> Text,
        client -> Text,
        preferences_id -> Text,
        body -> Text,
    }
}

diesel::table! {
    audit (id) {
        id -> BigInt,
        at -> BigInt,
        actor -> Text,
        action -> Text,
        subject -> Text,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
        actor_name -> Text,
        kind -> Text,
        subject_name -> Text,
    }
}

diesel::table! {
    source_libraries (id) {
        id -> BigInt,
        server_id -> BigInt,
        library_id -> Text,
        virtual_id -> Text,
        name -> Text,
        collection_type -> Nullable<Text>,
        body -> Nullable<Text>,
        is_present -> Bool,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    merged_libraries (id) {
        id -> BigInt,
        virtual_id -> Text,
        config_key -> Nullable<Text>,
        name -> Text,
        collection_type -> Text,
        dedup_strategy -> Text,
        source_policy -> Text,
        created_by -> Nullable<Text>,
        is_global -> Bool,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    merged_library_sources (id) {
        id -> BigInt,
        merged_library_id -> BigInt,
        server_id -> BigInt,
        library_id -> Text,
        library_name -> Text,
        priority -> Integer,
        created_at -> BigInt,
    }
}

diesel::table! {
    pending_sources (id) {
        id -> BigInt,
        merged_library_id -> BigInt,
        server_name -> Text,
        library_name -> Text,
        priority -> Integer,
    }
}

diesel::table! {
    copies (id) {
        id -> BigInt,
        server_id -> BigInt,
        server_key -> Text,
        upstream_id -> Text,
        source_library_id -> Nullable<BigInt>,
        kind -> Text,
        light -> Text,
        etag -> Nullable<Text>,
        generation -> BigInt,
        first_seen_at -> BigInt,
        changed_at -> BigInt,
    }
}

diesel::table! {
    copy_bodies (copy_id) {
        copy_id -> BigInt,
        body -> Binary,
        fetched_at -> BigInt,
    }
}

diesel::table! {
    copy_members (copy_id, position) {
        copy_id -> BigInt,
        position -> Integer,
        member_upstream_id -> Text,
    }
}

diesel::table! {
    link_access (link_id) {
        link_id -> BigInt,
        copies -> Binary,
        libraries -> Text,
        refreshed_at -> BigInt,
    }
}

diesel::table! {
    items (id) {
        id -> Text,
        founder -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    item_copies (copy_public_id) {
        copy_public_id -> Text,
        item_id -> Text,
    }
}

diesel::table! {
    departed_copies (copy_public_id) {
        copy_public_id -> Text,
        server_key -> Text,
        path -> Nullable<Text>,
        ids -> Text,
        departed_at -> BigInt,
    }
}

diesel::table! {
    departed_sources (id) {
        id -> BigInt,
        merged_library_id -> BigInt,
        server_key -> Text,
        library_id -> Text,
        library_name -> Text,
        priority -> Integer,
    }
}

diesel::table! {
    extras (public_id, owner_upstream_id) {
        public_id -> Text,
        server_key -> Text,
        upstream_id -> Text,
        owner_upstream_id -> Text,
    }
}

diesel::table! {
    former_items (copy_public_id, item_id) {
        copy_public_id -> Text,
        item_id -> Text,
    }
}

diesel::table! {
    item_aliases (alias) {
        alias -> Text,
        item_id -> Text,
    }
}

diesel::table! {
    crawls (server_id) {
        server_id -> BigInt,
        phase -> Text,
        generation -> BigInt,
        cursor -> Nullable<Text>,
        total -> BigInt,
        done -> BigInt,
        started_at -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        full_finished_at -> Nullable<BigInt>,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    decisions (id) {
        id -> BigInt,
        action -> Text,
        left_copy -> Text,
        right_copy -> Text,
        actor -> Text,
        created_at -> BigInt,
        undone_at -> Nullable<BigInt>,
        change_id -> Text,
    }
}

diesel::table! {
    byte_prints (version_id) {
        version_id -> Text,
        size -> BigInt,
        etag -> Nullable<Text>,
        print -> Text,
        taken_at -> BigInt,
    }
}

diesel::table! {
    shown_items (address, item_id, user_id) {
        user_id -> Text,
        address -> Text,
        item_id -> Text,
        shown_at -> BigInt,
    }
}

diesel::table! {
    user_items (user_id, item_id) {
        user_id -> Text,
        item_id -> Text,
        played -> Bool,
        play_count -> Integer,
        position_ticks -> BigInt,
        position_runtime_ticks -> Nullable<BigInt>,
        last_played_at -> Nullable<BigInt>,
        play_changed_at -> BigInt,
        is_favorite -> Bool,
        favorite_changed_at -> BigInt,
        likes -> Nullable<Bool>,
        likes_changed_at -> BigInt,
        cuts -> Nullable<Text>,
    }
}

diesel::table! {
    link_items (link_id, upstream_id) {
        link_id -> BigInt,
        upstream_id -> Text,
        played -> Bool,
        play_count -> Integer,
        position_ticks -> BigInt,
        last_played_at -> Nullable<BigInt>,
        is_favorite -> Bool,
        likes -> Nullable<Bool>,
        agreed_at -> BigInt,
    }
}

diesel::table! {
    outbox (id) {
        id -> BigInt,
        link_id -> BigInt,
        upstream_id -> Text,
        item_id -> Text,
        register -> Text,
        state -> Text,
        attempts -> Integer,
        next_attempt_at -> BigInt,
        last_error -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    play_choices (device_key, asked_id) {
        device_key -> Text,
        asked_id -> Text,
        copy_public_id -> Text,
        play_session_id -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::joinable!(account_links -> users (user_id));
diesel::joinable!(account_links -> servers (server_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(sessions -> account_links (made_by_link));
diesel::joinable!(display_preferences -> users (user_id));
diesel::joinable!(source_libraries -> servers (server_id));
diesel::joinable!(merged_libraries -> users (created_by));
diesel::joinable!(merged_library_sources -> merged_libraries (merged_library_id));
diesel::joinable!(merged_library_sources -> servers (server_id));
diesel::joinable!(departed_sources -> merged_libraries (merged_library_id));
diesel::joinable!(pending_sources -> merged_libraries (merged_library_id));
diesel::joinable!(copies -> servers (server_id));
diesel::joinable!(copies -> source_libraries (source_library_id));
diesel::joinable!(copy_bodies -> copies (copy_id));
diesel::joinable!(copy_members -> copies (copy_id));
diesel::joinable!(link_access -> account_links (link_id));
diesel::joinable!(item_copies -> items (item_id));
diesel::joinable!(former_items -> items (item_id));
diesel::joinable!(item_aliases -> items (item_id));
diesel::joinable!(crawls -> servers (server_id));
diesel::joinable!(shown_items -> users (user_id));
diesel::joinable!(user_items -> users (user_id));
diesel::joinable!(link_items -> account_links (link_id));
diesel::joinable!(outbox -> account_links (link_id));

diesel::allow_tables_to_appear_in_same_query!(
    account_links,
    audit,
    copies,
    copy_bodies,
    copy_members,
    crawls,
    decisions,
    departed_copies,
    departed_sources,
    display_preferences,
    extras,
    former_items,
    installation,
    item_aliases,
    item_copies,
    items,
    known_servers,
    link_access,
    link_items,
    merged_libraries,
    merged_library_sources,
    outbox,
    pending_sources,
    play_choices,
    servers,
    sessions,
    source_libraries,
    byte_prints,
    shown_items,
    user_items,
    users,
);
