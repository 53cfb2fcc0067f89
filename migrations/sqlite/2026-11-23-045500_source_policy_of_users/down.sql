ALTER TABLE users DROP COLUMN source_policy;
