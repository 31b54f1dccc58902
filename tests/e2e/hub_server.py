#!/usr/bin/env python3
"""usage: hub_server.py FOLDER

A model hub on loopback that speaks Hugging Face's API, with the standard library alone. FOLDER/ORG/MODEL holds the files
of a model. Prints the hub's address, and serves until its standard input ends.

In a test: `with Hub({"acme/tiny": {"a.bin": b"…"}}) as hub`. Files of LFS_SIZE bytes and more are in LFS: their download
leads to a second port, the CDN, which refuses whoever brings a token and wants a signature. `hub.faults` says what goes
wrong (see Faults), `hub.requests` what was asked. test_remote.py proves with huggingface_hub that it is honest.
"""

import hashlib
import http.server
import json
import os
import re
import socket
import sys
import threading
import urllib.parse

LFS_SIZE = 1024
BLOCK = 1 << 16


class Faults:
    """What goes wrong. Numbers of times count down."""

    drop_after = None  # the CDN ends each connection after so many bytes of a body …
    drops = 0  # … so often
    ignore_range = False  # the CDN sends all of a file whatever was asked for
    status, statuses = None, 0  # answered in place of the next so many requests
    rate_limit = None  # seconds that go with a 429 in its RateLimit field; else there is Retry-After: 0
    wrong_size = 0  # added to the size in lists
    wrong_sha256 = False  # lists another sha256 than that of the file
    wrong_bytes = False  # the CDN sends other bytes from the start …
    wrong_end = False  # … or at the end
    on_drop = None  # called when a connection is ended
    evil_path = None  # listed beside the files


class Hub:
    def __init__(self, models, token=None, private=(), gated=(), page_size=1000):
        """models: {"org/name": {path: bytes}}; token is the one that may see the private and the gated ones."""
        self.models, self.token, self.private, self.gated, self.page_size = models, token, private, gated, page_size
        self.faults, self.requests, self.lock = Faults(), [], threading.Lock()
        self.signed = 0  # another number, and the links to the CDN that were given are worth nothing
        self.commits = {name: commit_of(files) for name, files in models.items()}
        self.past = {}  # {commit: files} of what models were before they moved
        self.api, self.cdn = self.listen(ApiHandler), self.listen(CdnHandler)
        self.url, self.cdn_url = address(self.api), address(self.cdn)

    def listen(self, handler):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads, server.hub = True, self
        return server

    def __enter__(self):
        self.threads = [threading.Thread(target=s.serve_forever, args=(0.05,)) for s in (self.api, self.cdn)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        for server in (self.api, self.cdn):
            server.shutdown()
        for thread in self.threads:
            thread.join()
        for server in (self.api, self.cdn):
            server.server_close()

    def move(self, name, files):
        """The branches of a model lead to other files now; the old commit stays."""
        self.past[self.commits[name]] = self.models[name]
        self.models[name], self.commits[name] = files, commit_of(files)

    def files_at(self, name, commit):
        return self.models[name] if commit == self.commits[name] else self.past[commit]

    def signature(self, digest):
        return hashlib.sha256(b"signed %d %s" % (self.signed, digest.encode())).hexdigest()

    def count_down(self, name):
        """Whether a fault that happens so often happens now."""
        with self.lock:
            left = getattr(self.faults, name)
            setattr(self.faults, name, max(0, left - 1))
            return left > 0

    def note(self, place, handler):
        with self.lock:
            self.requests.append((place, handler.command, handler.path, handler.headers.get("Range"),
                                  handler.headers.get("Authorization")))


def address(server):
    return "http://127.0.0.1:%d" % server.server_port


KNOWN = {}  # the sha256 of large files, which are hashed once: {id: (file, sha256)}


def sha256(data):
    if len(data) < 1 << 20:
        return hashlib.sha256(data).hexdigest()
    if id(data) not in KNOWN:
        KNOWN[id(data)] = data, hashlib.sha256(data).hexdigest()
    return KNOWN[id(data)][1]


def git_hash(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def pointer(data):
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % (
        sha256(data).encode(), len(data))


def commit_of(files):
    return hashlib.sha1(repr(sorted((path, sha256(data)) for path, data in files.items())).encode()).hexdigest()


def tree_of(files):
    """The entries of a recursive list, in the hub's words."""
    folders = {"/".join(path.split("/")[:n]) for path in files for n in range(1, path.count("/") + 1)}
    entries = [{"type": "directory", "oid": hashlib.sha1(name.encode()).hexdigest(), "size": 0, "path": name}
               for name in folders]
    for path, data in files.items():
        is_large = len(data) >= LFS_SIZE
        entry = {"type": "file", "oid": git_hash(pointer(data) if is_large else data), "size": len(data), "path": path}
        if is_large:
            entry["lfs"] = {"oid": sha256(data), "size": len(data), "pointerSize": len(pointer(data))}
        entries.append(entry)
    return sorted(entries, key=lambda entry: entry["path"])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", headers=()):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name == "Content-Length" for name, _ in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_file(self, data, headers, faults=None):
        """All of the data, or the range that was asked for."""
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if found and not (faults and faults.ignore_range):
            begin, end = int(found.group(1)), min(int(found.group(2) or len(data) - 1), len(data) - 1)
            if begin >= len(data):
                return self.answer(416, headers=[("Content-Range", "bytes */%d" % len(data))])
            headers = headers + [("Content-Range", "bytes %d-%d/%d" % (begin, end, len(data)))]
            return self.send_body(206, memoryview(data)[begin:end + 1], headers, faults)
        return self.send_body(200, memoryview(data), headers, faults)

    def send_body(self, status, data, headers, faults):
        drop = faults and faults.drop_after is not None and self.command == "GET" and \
            len(data) > faults.drop_after and self.server.hub.count_down("drops")
        if not drop:
            return self.answer(status, data, headers + [("Accept-Ranges", "bytes")])
        self.answer(status, data[:faults.drop_after], headers + [("Content-Length", str(len(data)))])
        self.wfile.flush()
        if faults.on_drop:
            faults.on_drop()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def do_HEAD(self):
        self.do_GET()

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_):
        pass


class ApiHandler(Handler):
    def do_GET(self):
        hub = self.server.hub
        hub.note("hub", self)
        if hub.count_down("statuses"):
            limit = hub.faults.rate_limit
            wait = ("Retry-After", "0") if limit is None else ("RateLimit", '"api";r=0;t=%d' % limit)
            return self.answer(hub.faults.status, b"busy", [wait])
        path, _, query = self.path.partition("?")
        found = re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+))?", path)
        if found:
            return self.api(found.group(1), found.group(2), urllib.parse.unquote(found.group(3) or "main"),
                            urllib.parse.parse_qs(query))
        found = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        if found:
            return self.resolve(found.group(1), urllib.parse.unquote(found.group(2)), urllib.parse.unquote(found.group(3)))
        return self.refuse(404, None, "Not found")

    def refuse(self, status, code, message):
        headers = [("X-Error-Message", message)] + ([("X-Error-Code", code)] if code else [])
        self.answer(status, json.dumps({"error": message}).encode(), headers + [("Content-Type", "application/json")])

    def admit(self, name, revision):
        """The commit, or None where the request was refused, in the hub's words."""
        hub, given = self.server.hub, self.headers.get("Authorization")
        if given is not None and given != "Bearer %s" % hub.token:
            return self.refuse(401, None, "Invalid credentials in Authorization header")
        known = name in hub.models
        if not given and (not known or name in hub.private):
            return self.refuse(401, "RepoNotFound", "Repository not found")
        if not known:
            return self.refuse(404, "RepoNotFound", "Repository not found")
        if name in hub.gated:
            return self.refuse(403 if given else 401, "GatedRepo", "Access to model %s is restricted" % name)
        if revision in hub.past:
            return revision
        if revision not in ("main", "v1.0", "refs/pr/1", hub.commits[name]):
            return self.refuse(404, "RevisionNotFound", "Invalid rev id: %s" % revision)
        return hub.commits[name]

    def api(self, name, verb, revision, query):
        commit = self.admit(name, revision)
        if not commit:
            return
        if verb == "tree":
            return self.tree(name, commit, query)
        files = self.server.hub.files_at(name, commit)
        self.json({"_id": "0" * 24, "id": name, "modelId": name, "sha": commit, "private": name in self.server.hub.private,
                   "tags": [], "downloads": 0, "likes": 0,
                   "siblings": [{"rfilename": path} for path in sorted(files)]})

    def tree(self, name, commit, query):
        hub = self.server.hub
        entries = self.with_lies(tree_of(hub.files_at(name, commit)))
        if query.get("recursive", ["false"])[0].lower() != "true":
            entries = [entry for entry in entries if "/" not in entry["path"]]
        begin = int(query.get("cursor", ["0"])[0])
        end = begin + hub.page_size
        headers = []
        if end < len(entries):
            following = "%s/api/models/%s/tree/%s?recursive=%s&cursor=%d" % (
                hub.url, name, commit, query.get("recursive", ["false"])[0], end)
            headers = [("Link", '<%s>; rel="next"' % following)]
        self.json(entries[begin:end], headers)

    def with_lies(self, entries):
        faults = self.server.hub.faults
        for entry in entries:
            if entry["type"] == "file" and faults.wrong_size:
                entry["size"] += faults.wrong_size
                if "lfs" in entry:
                    entry["lfs"]["size"] += faults.wrong_size
            if "lfs" in entry and faults.wrong_sha256:
                entry["lfs"]["oid"] = hashlib.sha256(b"a lie").hexdigest()
        if faults.evil_path:
            entries.append({"type": "file", "oid": git_hash(b""), "size": 0, "path": faults.evil_path})
        return entries

    def json(self, document, headers=()):
        self.answer(200, json.dumps(document).encode(), [("Content-Type", "application/json"), *headers])

    def resolve(self, name, revision, path):
        commit = self.admit(name, revision)
        if not commit:
            return
        hub, data = self.server.hub, self.server.hub.files_at(name, commit).get(path)
        if data is None:
            return self.refuse(404, "EntryNotFound", "Entry not found")
        headers = [("X-Repo-Commit", commit)]
        if len(data) < LFS_SIZE:
            return self.send_file(data, headers + [("ETag", '"%s"' % git_hash(data))])
        digest = sha256(data)
        place = "%s/%s/%s?Signature=%s" % (hub.cdn_url, name, digest, hub.signature(digest))
        self.answer(302, b"", headers + [("X-Linked-Size", str(len(data))), ("X-Linked-Etag", '"%s"' % digest),
                                         ("Location", place)])


class CdnHandler(Handler):
    def do_GET(self):
        hub = self.server.hub
        hub.note("cdn", self)
        path, _, query = self.path.partition("?")
        digest = path.rsplit("/", 1)[1]
        everything = [hub.models.get(path[1:].rsplit("/", 1)[0], {}), *hub.past.values()]
        data = next((data for files in everything for data in files.values() if sha256(data) == digest), None)
        if self.headers.get("Authorization"):
            return self.answer(400, b"a token has no business here")
        if data is None or query != "Signature=" + hub.signature(digest):
            return self.answer(403, b"no signature")
        if hub.faults.wrong_bytes:
            data = bytes([data[0] ^ 1]) + data[1:]
        if hub.faults.wrong_end:
            data = data[:-1] + bytes([data[-1] ^ 1])
        return self.send_file(data, [("ETag", '"%s"' % digest[:32])], hub.faults)


def models_in(folder):
    models = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            parts = os.path.relpath(path, folder).split(os.sep)
            with open(path, "rb") as file:
                models.setdefault("/".join(parts[:2]), {})["/".join(parts[2:])] = file.read()
    return models


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    with Hub(models_in(sys.argv[1]), token=os.environ.get("HUB_TOKEN")) as hub:
        print(hub.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
