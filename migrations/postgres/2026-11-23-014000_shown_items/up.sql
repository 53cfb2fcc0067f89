-- Which items a client address was shown lately: it may play them without a token for some hours.
CREATE TABLE shown_items (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    item_id TEXT NOT NULL,
    shown_at BIGINT NOT NULL,
    PRIMARY KEY (address, item_id, user_id)
);
CREATE INDEX shown_items_user_id ON shown_items (user_id);
CREATE INDEX shown_items_shown_at ON shown_items (shown_at);
