-- Which items a copy was part of before: their ids answer as long as the copy lives.
CREATE TABLE former_items (
    copy_public_id TEXT NOT NULL,
    item_id TEXT NOT NULL REFERENCES items (id) ON DELETE CASCADE,
    PRIMARY KEY (copy_public_id, item_id)
);
CREATE INDEX former_items_item_id ON former_items (item_id);
