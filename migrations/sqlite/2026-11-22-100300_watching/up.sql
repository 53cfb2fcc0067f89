CREATE TABLE user_items (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    item_id TEXT NOT NULL,
    played BOOLEAN NOT NULL,
    play_count INTEGER NOT NULL,
    position_ticks BIGINT NOT NULL,
    position_runtime_ticks BIGINT,
    last_played_at BIGINT,
    play_changed_at BIGINT NOT NULL,
    is_favorite BOOLEAN NOT NULL,
    favorite_changed_at BIGINT NOT NULL,
    likes BOOLEAN,
    likes_changed_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, item_id)
);
CREATE INDEX user_items_item_id ON user_items (item_id);

-- What was last agreed with a link about an upstream item.
CREATE TABLE link_items (
    link_id BIGINT NOT NULL REFERENCES account_links (id) ON DELETE CASCADE,
    upstream_id TEXT NOT NULL,
    played BOOLEAN NOT NULL,
    play_count INTEGER NOT NULL,
    position_ticks BIGINT NOT NULL,
    last_played_at BIGINT,
    is_favorite BOOLEAN NOT NULL,
    likes BOOLEAN,
    agreed_at BIGINT NOT NULL,
    PRIMARY KEY (link_id, upstream_id)
);

CREATE TABLE outbox (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    link_id BIGINT NOT NULL REFERENCES account_links (id) ON DELETE CASCADE,
    upstream_id TEXT NOT NULL,
    item_id TEXT NOT NULL,
    register TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    last_error TEXT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX outbox_register ON outbox (link_id, upstream_id, register);
CREATE INDEX outbox_next_attempt_at ON outbox (next_attempt_at);

CREATE TABLE play_choices (
    device_key TEXT NOT NULL,
    asked_id TEXT NOT NULL,
    copy_public_id TEXT NOT NULL,
    play_session_id TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (device_key, asked_id)
);
CREATE INDEX play_choices_created_at ON play_choices (created_at);
