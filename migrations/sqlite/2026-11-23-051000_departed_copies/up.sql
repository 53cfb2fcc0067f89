-- By what a copy that is gone is known again, when its server tells it under another id.
CREATE TABLE departed_copies (
    copy_public_id TEXT NOT NULL PRIMARY KEY,
    server_key TEXT NOT NULL,
    path TEXT,
    ids TEXT NOT NULL,
    departed_at BIGINT NOT NULL
);
CREATE INDEX departed_copies_server_key ON departed_copies (server_key);
