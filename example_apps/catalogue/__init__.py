"""A catalogue of things, in plain SQL: a page of 800 rows and a search, synchronous and asynchronous, on Django."""
