DROP INDEX decisions_change_id;
ALTER TABLE decisions DROP COLUMN change_id;
