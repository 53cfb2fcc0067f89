-- No longer unique: some copies have founded two.
CREATE INDEX items_founder ON items (founder);
