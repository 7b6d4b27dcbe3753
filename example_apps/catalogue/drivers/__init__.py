"""One small module for each driver: its `fetch(sql, *parameters)` gives the rows, as mappings."""
