-- The same rows on every machine and every PostgreSQL: arithmetic instead of random().
-- 100 authors and 1000 quotes, unless the session says otherwise:
--     SET quotes.authors = 10; SET quotes.quotes = 100000;
-- A quote has 16 to 23 words, about 110 characters: alike enough that the bodies of a few dozen random answers
-- have the same mean length whichever server sent them.

WITH names AS (
    SELECT '{Ada,Alan,Barbara,Donald,Edsger,Frances,Grace,Guido,Niklaus,Radia}'::text[] AS given,
           '{Allen,Dijkstra,Hopper,Knuth,Liskov,Lovelace,Perlman,Rossum,Turing,Wirth}'::text[] AS family
)
INSERT INTO authors (id, name)
SELECT author,
       given[1 + author % 10] || ' ' || family[1 + author / 10 % 10]
       || CASE WHEN author > 100 THEN ' ' || author ELSE '' END
FROM names,
     generate_series(1, coalesce(nullif(current_setting('quotes.authors', true), ''), '100')::int) AS author;

WITH vocabulary AS (
    SELECT '{we,should,never,measure,what,nobody,asked,before,the,code,is,simple,enough,to,be,obviously,
             right,and,every,clever,trick,costs,someone,an,evening,of,patient,reading,in,a,quiet,room}'::text[] AS words
)
INSERT INTO quotes (id, author_id, text)
SELECT quote,
       1 + quote % (SELECT count(*) FROM authors),
       (SELECT string_agg(words[1 + dice % 32], ' ' ORDER BY place)
        FROM generate_series(1, 16 + quote % 8) AS place,
             -- Fibonacci hashing: 2654435761 is 2^32 divided by the golden ratio
             LATERAL (SELECT (quote::bigint * 7919 + place * (place + quote) * 31) % 1000003 AS key) AS keys,
             LATERAL (SELECT key * 2654435761 >> 20 AS dice) AS hashes)
FROM vocabulary,
     generate_series(1, coalesce(nullif(current_setting('quotes.quotes', true), ''), '1000')::int) AS quote;

-- The rows above name their ids, so the sequences behind them go on from there.
SELECT setval(pg_get_serial_sequence('authors', 'id'), max(id)) FROM authors;
SELECT setval(pg_get_serial_sequence('quotes', 'id'), max(id)) FROM quotes;

ANALYZE authors, quotes;
