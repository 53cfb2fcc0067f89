DROP TABLE pending_sources;
DROP TABLE merged_library_sources;
DROP TABLE merged_libraries;
DROP TABLE source_libraries;
