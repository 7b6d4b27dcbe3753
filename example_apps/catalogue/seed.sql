-- The same rows on every machine: 12,000 items in 15 departments of 800.

WITH vocabulary AS (
    SELECT '{Plain,Sturdy,Folding,Painted,Tall,Small,Light}'::text[] AS looks,
           '{oak,beech,steel,glass,cork,wool,linen,paper,brass,clay,rattan}'::text[] AS materials,
           '{chair,table,lamp,shelf,box,basket,clock,mirror,rug,curtain,vase,stool,desk}'::text[] AS things
)
INSERT INTO items (id, department, name, description, cents)
SELECT item,
       1 + item % 15,
       looks[1 + item % 7] || ' ' || materials[1 + item % 11] || ' ' || things[1 + item % 13] || ' ' || item,
       'A ' || things[1 + item % 13] || ' of ' || materials[1 + item % 11] || ', made to last.',
       500 + item * 7919 % 99500
FROM vocabulary, generate_series(1, 12000) AS item;

INSERT INTO item_words (word, item)
SELECT DISTINCT lower(word), id FROM items, LATERAL regexp_split_to_table(name, ' ') AS word;

-- Most words have a synonym or none. A gift is anything on a list that grew over the years: 300 numbers of items.
INSERT INTO synonyms (word, synonym)
VALUES ('seat', 'chair'), ('seat', 'stool'), ('carpet', 'rug'), ('drape', 'curtain'), ('metal', 'steel'), ('metal', 'brass');
INSERT INTO synonyms (word, synonym)
SELECT 'gift', (number * 40)::text FROM generate_series(1, 300) AS number;

ANALYZE items, item_words, synonyms;
