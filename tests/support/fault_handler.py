"""What the fault server answers: the distribution protocol as a row of templates/registries.yaml has it. See fault_server.py."""

import base64
import collections
import hashlib
import http.client
import http.server
import json
import re
import socket
import struct
import time
import urllib.parse

USER, PASSWORD = "torture", "s3cret-P4ssw0rd"
BASIC = "Basic " + base64.b64encode(("%s:%s" % (USER, PASSWORD)).encode()).decode()
INDEX = "application/vnd.oci.image.index.v1+json"
PAGE = b"<html><body>please sign in</body></html>"
Request = collections.namedtuple("Request", "kind method path size connection")


class Hashed:
    """What was sent, without keeping it: gigabytes can be pushed to who has little memory."""

    def __init__(self):
        self.size, self.hash = 0, hashlib.sha256()

    def __iadd__(self, block):
        self.size, _ = self.size + len(block), self.hash.update(block)
        return self

    def __len__(self):
        return self.size


def digest_of(data):
    if isinstance(data, Hashed):
        return "sha256:" + data.hash.hexdigest()
    return "sha256:" + hashlib.sha256(data).hexdigest()


def place(where, size):
    """The byte that `where` means of so many."""
    return {"mid": size // 2, "last": max(0, size - 1), "after": size}.get(where, where if isinstance(where, int) else 0)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        self.registry = self.server.registry
        with self.registry.lock:
            self.registry.connections += 1
            self.connection_number = self.registry.connections
        super().setup()

    def handle(self):
        try:
            super().handle()
        except (OSError, ValueError):  # they went away
            self.close_connection = True

    def log_message(self, *_):
        pass

    def do(self):
        self.tweaks = {}
        self.__dict__.pop("take_some", None)  # what a fault put in its place for the last request
        parts = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(parts.query))
        self.left = int(self.headers.get("Content-Length") or 0)
        self.chunked = "chunked" in self.headers.get("Transfer-Encoding", "").lower()
        kind = self.kind_of(parts.path)
        with self.registry.lock:
            self.registry.requests.append(Request(kind, self.command, self.path, self.left, self.connection_number))
            faults = [fault for fault in self.registry.faults if fault.takes(kind)]
        if self.registry.latency:
            time.sleep(self.registry.latency)
        for fault in faults:
            if fault.act(self):
                return
        if self.registry.upstream:
            return self.forward()
        if kind == "token":
            return self.token()
        if not self.allowed():
            self.drain()
            return self.challenge()
        getattr(self, "on_" + kind.replace("-", "_"))()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do

    def kind_of(self, path):
        self.repository_name, self.rest = "", ""
        if path == "/token":
            return "token"
        found = re.fullmatch(r"/v2/(.+?)/(blobs/uploads|blobs|manifests|referrers|tags)/?(.*)", path)
        if not found:
            return "ping" if path in ("/v2/", "/v2") else "unknown"
        self.repository_name, area, self.rest = found.groups()
        self.repository = self.registry.repositories[self.repository_name]
        verb = self.command.lower()
        if area == "blobs/uploads":
            start = "mount" if "mount" in self.query else "start"
            return {"post": start, "patch": "patch", "put": "put", "get": "status", "delete": "cancel"}.get(verb, "unknown")
        return {"blobs": verb + "-blob", "manifests": verb + "-manifest", "referrers": "referrers", "tags": "tags"}[area]

    # Bodies.

    def take(self, count):
        """At most that many bytes of the body; fewer only at its end or where they went away."""
        data = b""
        while len(data) < count:
            block = self.take_some(count - len(data))
            if not block:
                break
            data += block
        return data

    def take_some(self, count):
        if self.chunked and not self.left:
            self.left = int(self.rfile.readline(64).strip() or b"0", 16)
            if not self.left:
                self.rfile.readline(8)
                self.chunked = False
        if not self.left:
            return b""
        block = self.rfile.read(min(count, self.left))
        self.left -= len(block)
        if self.chunked and not self.left:
            self.rfile.readline(8)
        self.registry.moved(len(block))
        return block

    def drain(self):
        while self.take_some(1 << 16):
            pass

    def hang_up(self, reset=True):
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.wfile = open("/dev/null", "wb")
        try:
            self.connection.close()
        except OSError:
            pass
        return True

    def forward(self):
        """As a proxy: asks the registry behind, in the client's words."""
        behind = http.client.HTTPConnection("127.0.0.1", self.registry.upstream)
        try:
            behind.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "expect"):
                    behind.putheader(name, value)
            behind.endheaders()
            for block in iter(lambda: self.take_some(1 << 16), b""):
                behind.send(block)
            if self.left:
                return self.hang_up()
            reply = behind.getresponse()
            body, hidden = reply.read(), ("connection", "transfer-encoding", "content-length")
            headers = [field for field in reply.getheaders() if field[0].lower() not in hidden]
            length = reply.getheader("Content-Length") if self.command == "HEAD" else str(len(body))
            return self.answer(reply.status, headers + [("Content-Length", length or "0")], body)
        finally:
            behind.close()

    # Answers.

    def answer(self, status, headers=(), body=b"", kind="application/json"):
        fields = [("Content-Type", kind), ("Content-Length", str(len(body)))] if body else [("Content-Length", "0")]
        given = dict(headers)
        fields = [field for field in fields if field[0] not in given] + list(headers)
        fields = self.tweaks.get("headers", lambda fields: fields)(fields)
        text = "HTTP/1.1 %d Status\r\n%s\r\n" % (self.tweaks.get("status", {}).get(status, status), "".join("%s: %s\r\n" % field for field in fields))
        data = text.encode("latin-1") + (b"" if self.command == "HEAD" else body)
        if "cut_answer" in self.tweaks:
            at = place(self.tweaks["cut_answer"], len(data))
            self.wfile.write(data[:at])
            self.wfile.flush()
            return self.hang_up(reset=False)
        self.wfile.write(data)
        return True

    def error(self, status, code, headers=()):
        if status == 413 and self.registry.profile.errors == "page":
            return self.answer(status, headers, PAGE, "text/html")
        body = json.dumps({"errors": [{"code": code, "message": code.lower().replace("_", " ")}]}).encode()
        return self.answer(status, headers, body)

    # Who it is.

    def allowed(self):
        header = self.headers.get("Authorization", "")
        if self.registry.auth == "basic":
            return header == BASIC
        return self.registry.auth != "token" or header[7:] in self.registry.tokens

    def challenge(self):
        if self.registry.auth == "basic":
            return self.error(401, "UNAUTHORIZED", [("WWW-Authenticate", 'Basic realm="torture"')])
        realm = '%s://%s/token' % (self.registry.scheme, self.registry.host)
        return self.error(401, "UNAUTHORIZED",
                          [("WWW-Authenticate", 'Bearer realm="%s",service="torture"' % self.tweaks.get("realm", realm))])

    def token(self):
        self.drain()
        if self.headers.get("Authorization") != BASIC:
            return self.error(401, "UNAUTHORIZED")
        with self.registry.lock:
            self.registry.given += 1
            token = "token-%s-%d" % (PASSWORD, self.registry.given)
        self.registry.tokens.add(token)
        return self.answer(200, (), json.dumps({"token": token, "expires_in": 300}).encode())

    def on_ping(self):
        self.answer(200, [("Docker-Distribution-Api-Version", "registry/2.0")], b"{}")

    def on_unknown(self):
        self.drain()
        self.error(404, "NOT_FOUND")

    def on_tags(self):
        names = [name for name in self.repository.manifests if ":" not in name]
        self.answer(200, (), json.dumps({"name": self.repository_name, "tags": names}).encode())

    def on_referrers(self):
        how = self.registry.profile.referrers
        if how == "page":
            return self.answer(200, (), PAGE, "text/html")
        if how == "none":
            return self.error(404, "NOT_FOUND")
        self.drain()
        wanted, entries = self.query.get("artifactType"), []
        for name, data in sorted(self.repository.manifests.items()):
            entry = self.referrer(data, self.repository.types[name]) if ":" in name else None
            if entry and wanted in (None, entry["artifactType"]):
                entries.append(entry)
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
        return self.answer(200, [("OCI-Filters-Applied", "artifactType")] if wanted else [], body, INDEX)

    def referrer(self, data, kind):
        """The entry of a manifest in the list of what refers to the digest asked for; None: it does not."""
        try:
            manifest = json.loads(data)
        except ValueError:
            return None
        if (manifest.get("subject") or {}).get("digest") != self.rest:
            return None
        return {"mediaType": kind, "digest": digest_of(data), "size": len(data), "annotations": manifest.get("annotations", {}),
                "artifactType": manifest.get("artifactType") or manifest["config"]["mediaType"]}

    # Blobs.

    def on_head_blob(self):
        data = self.repository.blobs.get(self.rest)
        if data is None:
            return self.error(404, "BLOB_UNKNOWN")
        return self.answer(200, [("Content-Length", str(len(data))), ("Docker-Content-Digest", self.rest)])

    def on_get_blob(self):
        data = self.repository.blobs.get(self.rest)
        if data is None:
            return self.error(404, "BLOB_UNKNOWN")
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        begin = int(found.group(1)) if found else 0
        headers = [("Docker-Content-Digest", self.rest)]
        if found:
            headers.append(("Content-Range", "bytes %d-%d/%d" % (begin, len(data) - 1, len(data))))
        return self.answer(206 if found else 200, headers, data[begin:], "application/octet-stream")

    def location(self, session):
        return "/v2/%s/blobs/uploads/%s?_state=%d" % (self.repository_name, session, self.registry.sessions[session]["state"])

    def on_start(self):
        self.drain()
        with self.registry.lock:
            self.registry.uploads += 1
            session = "session-%d" % self.registry.uploads
            data = bytearray() if self.registry.keeps else Hashed()
            self.registry.sessions[session] = {"data": data, "first": 0, "last": 0, "state": 0}
        self.answer(202, [("Location", self.location(session)), ("Range", "0-0"), ("Docker-Upload-UUID", session)])

    def on_mount(self):
        how, origin, digest = self.registry.profile.mount, self.query.get("from"), self.query["mount"]
        there = self.registry.repositories.get(origin)
        known = there is not None and digest in there.blobs
        if how == "manifest":
            known = known and any(digest.encode() in manifest for manifest in there.manifests.values())
        if how == "any" and not origin:
            known = any(digest in one.blobs for one in self.registry.repositories.values())
        if how == "none" or not known:
            return self.on_start()
        self.drain()
        there = there or next(one for one in self.registry.repositories.values() if digest in one.blobs)
        self.repository.blobs[digest] = there.blobs[digest]
        return self.answer(201, [("Location", "/v2/%s/blobs/%s" % (self.repository_name, digest)),
                                 ("Docker-Content-Digest", digest)])

    def session(self):
        """The upload, or None with the answer given. The newest Location alone leads to it."""
        found = self.registry.sessions.get(self.rest)
        if found and self.query.get("_state") == str(found["state"]):
            return found
        self.drain()
        self.error(404, "BLOB_UPLOAD_UNKNOWN" if not found else "BLOB_UPLOAD_INVALID")
        return None

    def too_large(self):
        largest = self.registry.profile.largest_body
        if not largest or self.left <= largest:
            return False
        self.drain()
        return self.error(413, "SIZE_INVALID")

    def on_patch(self):
        profile, upload = self.registry.profile, self.session()
        if upload is None or self.too_large():
            return None
        if profile.patch == 405:
            self.drain()
            return self.error(405, "UNSUPPORTED")
        found = re.fullmatch(r"(?:bytes )?(\d+)-(\d+)(?:/.*)?", self.headers.get("Content-Range", ""))
        if found and profile.largest_chunk and self.left > profile.largest_chunk:
            self.drain()
            return self.error(416, "SIZE_INVALID")
        if found and profile.offsets == "checked" and int(found.group(1)) != len(upload["data"]):
            self.drain()
            return self.error(416, "RANGE_INVALID")
        return self.append(profile, upload)

    def append(self, profile, upload):
        taken = self.receive(profile, upload)
        if taken is None:
            return self.hang_up()
        upload["last"], upload["state"] = taken, upload["state"] + 1
        upload["first"] = upload["first"] or len(upload["data"])
        end = upload["first"] if profile.ranges == "ignored" else len(upload["data"])
        return self.answer(profile.patch, [("Location", self.location(self.rest)), ("Range", "0-%d" % max(0, end - 1))])

    def receive(self, profile, upload):
        """Adds the body to an upload; gives how much it was, or None where it ended too soon. Then the session goes on from
        there, or is gone, as the row has it."""
        wanted, begin = self.left if not self.chunked else None, len(upload["data"])
        try:
            for block in iter(lambda: self.take_some(1 << 16), b""):
                upload["data"] += block
        except OSError:
            wanted = float("inf")
        taken = len(upload["data"]) - begin
        if wanted is None or taken >= wanted:
            return taken
        upload["state"] += 1
        if profile.session == "breaks":
            self.registry.sessions.pop(self.rest, None)
        return None

    def leave(self, part):
        """What is left of an upload that was cut: all that came, or nothing at all."""
        upload = self.registry.sessions.get(self.rest)
        if upload is None:
            return
        upload["data"] += part
        upload["state"] += 1
        if self.registry.profile.session == "breaks":
            self.registry.sessions.pop(self.rest)

    def on_status(self):
        upload = self.registry.sessions.get(self.rest)
        if upload is None or self.registry.profile.ranges == "ignored":
            return self.error(404, "BLOB_UPLOAD_UNKNOWN")
        return self.answer(204, [("Location", self.location(self.rest)),
                                 ("Range", "0-%d" % max(0, len(upload["data"]) - 1))])

    def on_cancel(self):
        self.registry.sessions.pop(self.rest, None)
        self.answer(204)

    def on_put(self):
        upload = self.session()
        if upload is None or self.too_large():
            return None
        profile, taken = self.registry.profile, self.receive(self.registry.profile, upload)
        if taken is None:
            return self.hang_up()
        data = upload["data"] if isinstance(upload["data"], Hashed) else bytes(upload["data"])
        if profile.kept == "last" and upload["last"]:
            data = data[-upload["last"] - taken:]
        elif digest_of(data) != self.query.get("digest"):
            self.registry.sessions.pop(self.rest, None)
            return self.error(400, "DIGEST_INVALID")
        self.registry.sessions.pop(self.rest, None)
        digest = self.query["digest"]
        self.repository.blobs[digest] = self.tweaks.get("stored", lambda data: data)(data)
        return self.answer(201, [("Location", "/v2/%s/blobs/%s" % (self.repository_name, digest)),
                                 ("Docker-Content-Digest", digest)])

    # Manifests.

    def on_head_manifest(self):
        self.on_get_manifest()

    def on_get_manifest(self):
        data = self.repository.manifests.get(self.rest)
        if data is None:
            return self.error(404, "MANIFEST_UNKNOWN")
        return self.answer(200, [("Docker-Content-Digest", digest_of(data)), ("Content-Length", str(len(data)))], data,
                           self.repository.types[self.rest])

    def on_put_manifest(self):
        data = self.take(16 << 20)
        parsed = json.loads(data)
        named = [blob["digest"] for blob in [parsed.get("config")] + parsed.get("layers", []) if blob]
        if any(digest not in self.repository.blobs for digest in named):
            return self.error(400, "MANIFEST_BLOB_UNKNOWN")
        for name in {self.rest, digest_of(data)}:
            self.repository.manifests[name], self.repository.types[name] = data, self.headers.get("Content-Type")
        self.tweaks.get("after", lambda: None)()
        subject = (parsed.get("subject") or {}).get("digest")
        listed = subject and self.registry.profile.referrers == "api"
        return self.answer(201, [("Location", "/v2/%s/manifests/%s" % (self.repository_name, self.rest)),
                                 ("Docker-Content-Digest", digest_of(data))] + ([("OCI-Subject", subject)] if listed else []))
