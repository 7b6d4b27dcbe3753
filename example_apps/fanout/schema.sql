CREATE TABLE fanout_country (
    id   bigint PRIMARY KEY,
    name text NOT NULL
);

INSERT INTO fanout_country VALUES (1, 'Bhutan'), (2, 'Chile'), (3, 'Djibouti');
