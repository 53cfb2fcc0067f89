DROP TABLE byte_prints;
