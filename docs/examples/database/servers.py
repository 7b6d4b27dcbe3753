from pytest_asyncbench import uvicorn

LIBRARY = uvicorn(
    "library:app",
    env={
        "LIBRARY_DB": "postgresql+psycopg://{database.user}:{database.password}"
        "@{database.host}:{database.port}/{database.name}"
    },
    ready="/books/1",
)
