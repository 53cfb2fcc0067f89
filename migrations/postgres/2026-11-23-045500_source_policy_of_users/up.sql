-- Which copy plays first for a user, whatever the libraries say.
ALTER TABLE users ADD COLUMN source_policy TEXT;
