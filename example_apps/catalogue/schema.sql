-- Things in departments, the words by which they are found, and words that stand for other words.

CREATE TABLE items (
    id          bigint  PRIMARY KEY,
    department  int     NOT NULL,
    name        text    NOT NULL,
    description text    NOT NULL,
    cents       int     NOT NULL
);

CREATE INDEX items_department ON items (department, id);

CREATE TABLE item_words (
    word text   NOT NULL,
    item bigint NOT NULL REFERENCES items,
    PRIMARY KEY (word, item)
);

CREATE TABLE synonyms (
    word    text NOT NULL,
    synonym text NOT NULL,
    PRIMARY KEY (word, synonym)
);
