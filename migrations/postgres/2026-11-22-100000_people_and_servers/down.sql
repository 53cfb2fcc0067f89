DROP TABLE audit;
DROP TABLE display_preferences;
DROP TABLE sessions;
DROP TABLE account_links;
DROP TABLE known_servers;
DROP TABLE servers;
DROP TABLE users;
DROP TABLE installation;
