DROP TABLE departed_copies;
