-- Names as they were: an entry is read when user and server may be long gone.
ALTER TABLE audit ADD COLUMN actor_name TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN subject_name TEXT NOT NULL DEFAULT '';
UPDATE audit SET
    kind = split_part(action, '.', 1),
    actor_name = COALESCE((SELECT name FROM users WHERE users.id = audit.actor), actor);
CREATE INDEX audit_kind_subject ON audit (kind, subject);
CREATE INDEX audit_actor ON audit (actor);
