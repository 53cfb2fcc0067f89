-- What hangs on a copy and is in no list (trailers, further parts, theme songs …), as it was told to clients.
CREATE TABLE extras (
    public_id TEXT NOT NULL,
    server_key TEXT NOT NULL,
    upstream_id TEXT NOT NULL,
    owner_upstream_id TEXT NOT NULL,
    PRIMARY KEY (public_id, owner_upstream_id)
);
