import secrets

from fastapi import Cookie, FastAPI, HTTPException, Response

app = FastAPI()
sessions = {}


@app.post("/login")
async def login(credentials: dict, response: Response):
    if credentials.get("password") != "secret":
        raise HTTPException(401)
    session = secrets.token_hex()
    sessions[session] = credentials["name"]
    response.set_cookie("session", session)
    return {"welcome": credentials["name"]}


@app.get("/items/{number}")
async def item(number: int, session: str = Cookie("")):
    if session not in sessions:
        raise HTTPException(401)
    return {"item": number, "owner": sessions[session]}
