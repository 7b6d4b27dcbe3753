import os

from fastapi import FastAPI
from sqlalchemy import create_engine, text

engine = create_engine(os.environ["LIBRARY_DB"])
app = FastAPI()


@app.get("/health")
def health():
    return {"well": True}


@app.get("/books/{number}")
def book(number: int):
    with engine.connect() as connection:
        found = connection.execute(text("SELECT title FROM books WHERE id = :id"), {"id": number})
        return {"title": found.scalar_one()}


@app.post("/books/{number}/loans")
def lend(number: int):
    with engine.begin() as connection:
        connection.execute(text("UPDATE books SET loans = loans + 1 WHERE id = :id"), {"id": number})
    return {"lent": number}
