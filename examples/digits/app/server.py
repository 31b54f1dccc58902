"""Serves the classifier over HTTP: POST /predict with {"pixels": [64 numbers from 0 to 16]}, GET /healthz."""

import json
import math
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from model import Digits

LARGEST_BODY = 64 * 1024


class BadRequest(Exception):
    pass


def pixels_of(body, count):
    """The pixels in a request's body; says what is wrong with it otherwise."""
    try:
        pixels = json.loads(body)["pixels"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadRequest('send {"pixels": [...]}') from None
    if not isinstance(pixels, list) or len(pixels) != count:
        raise BadRequest(f"`pixels` must be a list of {count} numbers")
    if not all(type(p) in (int, float) and math.isfinite(p) and 0 <= p <= 16 for p in pixels):
        raise BadRequest("`pixels` must be numbers from 0 to 16")
    return pixels


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self):
        if self.path == "/healthz":
            self.answer(200, {"status": "ok"})
        else:
            self.answer(404, {"error": "not found"})

    def do_POST(self):
        if self.path != "/predict":
            self.close_connection = True  # the body is still unread
            return self.answer(404, {"error": "not found"})
        try:
            pixels = pixels_of(self.body(), self.server.model.inputs)
        except BadRequest as problem:
            return self.answer(400, {"error": str(problem)})
        digit, confidence = self.server.model.predict(pixels)
        return self.answer(200, {"digit": digit, "confidence": round(confidence, 4)})

    def body(self):
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or int(length[:9]) > LARGEST_BODY:
            self.close_connection = True
            raise BadRequest(f"send a Content-Length of at most {LARGEST_BODY} bytes")
        return self.rfile.read(int(length))

    def answer(self, status, document):
        text = json.dumps(document).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format, *args):
        print(f"{self.address_string()} {format % args}", file=sys.stderr, flush=True)


def main():
    # The first process of a container gets no default action for a signal: ask for one.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port = int(os.environ.get("PORT", "8000"))
    with ThreadingHTTPServer(("0.0.0.0", port), Handler) as server:
        server.model = Digits(os.environ.get("MODEL_DIR", "/models/digits"))
        print(f"listening on port {server.server_port}", file=sys.stderr, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
