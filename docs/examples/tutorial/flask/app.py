import time

from flask import Flask

app = Flask(__name__)


@app.get("/")
def page():
    time.sleep(0.005)  # stands for a query or a call
    return {"hello": "world"}
