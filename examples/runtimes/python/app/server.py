"""An ASGI application without a framework: it says which model it holds."""

import json
import os


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    folder = os.environ["MODEL_PATH"]
    reply = json.dumps({"model": os.environ["MODEL_NAME"], "files": sorted(os.listdir(folder))}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": reply})
