DROP TABLE play_choices;
DROP TABLE outbox;
DROP TABLE link_items;
DROP TABLE user_items;
