-- What a removed server was in merged libraries, by its key: it is that again when it takes its key back.
CREATE TABLE departed_sources (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    merged_library_id BIGINT NOT NULL REFERENCES merged_libraries (id) ON DELETE CASCADE,
    server_key TEXT NOT NULL,
    library_id TEXT NOT NULL,
    library_name TEXT NOT NULL,
    priority INTEGER NOT NULL
);
CREATE UNIQUE INDEX departed_sources_library
    ON departed_sources (merged_library_id, server_key, library_id);
CREATE INDEX departed_sources_server_key ON departed_sources (server_key);
