-- Positions on cuts of other lengths than the one that was begun last, as JSON.
ALTER TABLE user_items ADD COLUMN cuts TEXT;
