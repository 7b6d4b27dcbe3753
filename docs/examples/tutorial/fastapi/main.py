import asyncio
import time

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def page():
    await asyncio.sleep(0.005)  # stands for a query or a call
    return {"hello": "world"}


@app.get("/blocking")
async def blocking():
    time.sleep(0.005)  # the same, with a library that does not know of await
    return {"hello": "world"}
