CREATE TABLE copies (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    server_id BIGINT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    server_key TEXT NOT NULL,
    upstream_id TEXT NOT NULL,
    source_library_id BIGINT REFERENCES source_libraries (id) ON DELETE SET NULL,
    kind TEXT NOT NULL,
    light TEXT NOT NULL,
    etag TEXT,
    generation BIGINT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX copies_server_upstream ON copies (server_id, upstream_id);
CREATE INDEX copies_server_generation ON copies (server_id, generation);
CREATE INDEX copies_source_library_id ON copies (source_library_id);
CREATE INDEX copies_server_key ON copies (server_key, upstream_id);

CREATE TABLE copy_bodies (
    copy_id INTEGER NOT NULL PRIMARY KEY REFERENCES copies (id) ON DELETE CASCADE,
    body BLOB NOT NULL,
    fetched_at BIGINT NOT NULL
);

CREATE TABLE copy_members (
    copy_id BIGINT NOT NULL REFERENCES copies (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    member_upstream_id TEXT NOT NULL,
    PRIMARY KEY (copy_id, position)
);

CREATE TABLE link_access (
    link_id INTEGER NOT NULL PRIMARY KEY REFERENCES account_links (id) ON DELETE CASCADE,
    copies BLOB NOT NULL,
    libraries TEXT NOT NULL,
    refreshed_at BIGINT NOT NULL
);

-- items, item_copies and item_aliases outlive the copies: what a client has stored stays true.
CREATE TABLE items (
    id TEXT NOT NULL PRIMARY KEY,
    founder TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX items_founder ON items (founder);

CREATE TABLE item_copies (
    copy_public_id TEXT NOT NULL PRIMARY KEY,
    item_id TEXT NOT NULL REFERENCES items (id) ON DELETE CASCADE
);
CREATE INDEX item_copies_item_id ON item_copies (item_id);

CREATE TABLE item_aliases (
    alias TEXT NOT NULL PRIMARY KEY,
    item_id TEXT NOT NULL REFERENCES items (id) ON DELETE CASCADE
);
CREATE INDEX item_aliases_item_id ON item_aliases (item_id);

CREATE TABLE crawls (
    server_id INTEGER NOT NULL PRIMARY KEY REFERENCES servers (id) ON DELETE CASCADE,
    phase TEXT NOT NULL,
    generation BIGINT NOT NULL,
    cursor TEXT,
    total BIGINT NOT NULL,
    done BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    full_finished_at BIGINT,
    error TEXT
);

CREATE TABLE decisions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    action TEXT NOT NULL,
    left_copy TEXT NOT NULL,
    right_copy TEXT NOT NULL,
    actor TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    undone_at BIGINT
);
