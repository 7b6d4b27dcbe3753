CREATE TABLE books (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title  text   NOT NULL,
    loans  bigint NOT NULL DEFAULT 0
);
