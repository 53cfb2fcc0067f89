ALTER TABLE user_items DROP COLUMN cuts;
