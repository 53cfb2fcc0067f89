DROP TABLE departed_sources;
