-- What one call decided is undone by one call.
ALTER TABLE decisions ADD COLUMN change_id TEXT NOT NULL DEFAULT '';
CREATE INDEX decisions_change_id ON decisions (change_id);
