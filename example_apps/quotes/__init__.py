"""Random quotes, served by Django, FastAPI and Flask from the same two tables."""
