DROP TABLE former_items;
