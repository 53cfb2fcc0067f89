DROP TABLE shown_items;
