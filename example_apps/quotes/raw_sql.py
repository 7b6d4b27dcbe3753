"""The statements of the apps without an object-relational mapper, and the pool that they use."""

from typing import Any

RANDOM_QUOTE = """
    SELECT quotes.text, authors.name
    FROM quotes JOIN authors ON authors.id = quotes.author_id
    ORDER BY random() LIMIT 1
"""
LOCK_RANDOM_QUOTE = "SELECT id, views FROM quotes ORDER BY random() LIMIT 1 FOR UPDATE"
SET_VIEWS = "UPDATE quotes SET views = %s WHERE id = %s"

# Autocommit, as in Django's views: a single SELECT goes without BEGIN and COMMIT around it.
POOL: dict[str, Any] = {"min_size": 5, "max_size": 15, "kwargs": {"autocommit": True}}
