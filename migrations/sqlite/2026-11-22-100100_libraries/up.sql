CREATE TABLE source_libraries (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    server_id BIGINT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    library_id TEXT NOT NULL,
    virtual_id TEXT NOT NULL,
    name TEXT NOT NULL,
    collection_type TEXT,
    body TEXT,
    is_present BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX source_libraries_server_library ON source_libraries (server_id, library_id);
CREATE UNIQUE INDEX source_libraries_virtual_id ON source_libraries (virtual_id);

CREATE TABLE merged_libraries (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    virtual_id TEXT NOT NULL,
    config_key TEXT,
    name TEXT NOT NULL,
    collection_type TEXT NOT NULL,
    dedup_strategy TEXT NOT NULL,
    source_policy TEXT NOT NULL,
    created_by TEXT REFERENCES users (id) ON DELETE SET NULL,
    is_global BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX merged_libraries_virtual_id ON merged_libraries (virtual_id);
CREATE UNIQUE INDEX merged_libraries_config_key ON merged_libraries (config_key);
CREATE INDEX merged_libraries_created_by ON merged_libraries (created_by);

CREATE TABLE merged_library_sources (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    merged_library_id BIGINT NOT NULL REFERENCES merged_libraries (id) ON DELETE CASCADE,
    server_id BIGINT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    library_id TEXT NOT NULL,
    library_name TEXT NOT NULL,
    priority INTEGER NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX merged_library_sources_library
    ON merged_library_sources (merged_library_id, server_id, library_id);
CREATE INDEX merged_library_sources_merged_library_id ON merged_library_sources (merged_library_id);
CREATE INDEX merged_library_sources_server_id ON merged_library_sources (server_id);

-- Sources named before their server has answered; found at first contact.
CREATE TABLE pending_sources (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    merged_library_id BIGINT NOT NULL REFERENCES merged_libraries (id) ON DELETE CASCADE,
    server_name TEXT NOT NULL,
    library_name TEXT NOT NULL,
    priority INTEGER NOT NULL
);
CREATE UNIQUE INDEX pending_sources_source
    ON pending_sources (merged_library_id, server_name, library_name);
