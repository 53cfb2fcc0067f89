DROP INDEX audit_actor;
DROP INDEX audit_kind_subject;
ALTER TABLE audit DROP COLUMN subject_name;
ALTER TABLE audit DROP COLUMN kind;
ALTER TABLE audit DROP COLUMN actor_name;
