CREATE TABLE installation (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- made_by_*: the account that signed in and so made the user; it outlives the server's row.
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    config_key TEXT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    password_hash TEXT,
    is_administrator BOOLEAN NOT NULL,
    is_disabled BOOLEAN NOT NULL,
    made_by_server_key TEXT,
    made_by_account TEXT,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_login_at BIGINT,
    last_activity_at BIGINT
);
CREATE UNIQUE INDEX users_config_key ON users (config_key);
CREATE UNIQUE INDEX users_name_key ON users (name_key);
CREATE UNIQUE INDEX users_made_by ON users (made_by_server_key, made_by_account);

CREATE TABLE servers (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    server_key TEXT NOT NULL,
    config_key TEXT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    url TEXT NOT NULL,
    ca_pem TEXT,
    tls_fingerprint TEXT,
    upstream_id TEXT,
    version TEXT,
    crawl_user_id TEXT,
    crawl_username TEXT,
    crawl_token BLOB,
    crawl_password BLOB,
    device_id TEXT NOT NULL,
    last_error TEXT,
    last_seen_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX servers_server_key ON servers (server_key);
CREATE UNIQUE INDEX servers_config_key ON servers (config_key);
CREATE UNIQUE INDEX servers_name_key ON servers (name_key);
CREATE INDEX servers_upstream_id ON servers (upstream_id);

-- Outlives the server's row, so that a server that comes back takes its ids back.
CREATE TABLE known_servers (
    server_key TEXT NOT NULL PRIMARY KEY,
    upstream_id TEXT,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    removed_at BIGINT
);
CREATE INDEX known_servers_upstream_id ON known_servers (upstream_id);

CREATE TABLE account_links (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    server_id BIGINT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    upstream_user_id TEXT,
    username TEXT NOT NULL,
    token BLOB,
    password BLOB,
    device_id TEXT NOT NULL,
    sign_in BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    state_reason TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX account_links_user_server ON account_links (user_id, server_id);
CREATE INDEX account_links_account ON account_links (server_id, upstream_user_id);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    made_by_link BIGINT REFERENCES account_links (id) ON DELETE CASCADE,
    device_id TEXT NOT NULL,
    device_name TEXT NOT NULL,
    client TEXT NOT NULL,
    version TEXT NOT NULL,
    remote_address TEXT,
    capabilities TEXT,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX sessions_token_hash ON sessions (token_hash);
CREATE INDEX sessions_user_device ON sessions (user_id, device_id);
CREATE INDEX sessions_made_by_link ON sessions (made_by_link);

CREATE TABLE display_preferences (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client TEXT NOT NULL,
    preferences_id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (user_id, client, preferences_id)
);

CREATE TABLE audit (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT,
    after TEXT
);
CREATE INDEX audit_at ON audit (at);
