CREATE TABLE items AS SELECT i, 0 AS views FROM generate_series(1, 2000) AS i; CREATE UNIQUE INDEX ON items (i);
