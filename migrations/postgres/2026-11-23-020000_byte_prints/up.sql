-- What parts of a version's file look like: versions with equal prints are taken to be the same bytes.
CREATE TABLE byte_prints (
    version_id TEXT NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL,
    etag TEXT,
    print TEXT NOT NULL,
    taken_at BIGINT NOT NULL
);
