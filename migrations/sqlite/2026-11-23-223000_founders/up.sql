-- A copy that takes the place of one that is gone founds that one's item beside its own.
DROP INDEX items_founder;
