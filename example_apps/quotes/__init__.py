"""Random quotes, served by Django and by FastAPI from the same two tables."""
