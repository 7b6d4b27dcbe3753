import json

ITEMS = [{"id": number, "name": f"item {number}"} for number in range(100)]


def app(environ, start_response):
    body = json.dumps(ITEMS).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
