"""The statements. Placeholders are psycopg's; the driver for asyncpg writes its own."""

DEPARTMENT = "SELECT id, name, cents FROM items WHERE department = %s ORDER BY id"
ITEM = "SELECT id, name, description, cents FROM items WHERE id = %s"

EVERYTHING = "SELECT id, name, cents FROM items ORDER BY id LIMIT %s OFFSET %s"
SYNONYMS = "SELECT synonym FROM synonyms WHERE word = %s"
FOUND = """
    SELECT id, name, cents FROM items JOIN item_words ON item = id
    WHERE word = %s ORDER BY id LIMIT %s OFFSET %s
"""
