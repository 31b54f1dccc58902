"""A registry in memory that plays any row of templates/registries.yaml, and misbehaves on command.

    server = FaultServer(profiles()["zot"], auth="token")
    server.fault("put", cut_request("mid"), times=2)

What a client did is read from `requests`, `leaks` and `problem(repository, tag)`. Faults are functions of the handler that
return True where they have answered (or hung up); else the request goes on, with what they left in `handler.tweaks`.
"""

import collections
import http.server
import json
import socket
import ssl
import threading
import urllib.parse

from fault_handler import Handler, digest_of


class Repository:
    def __init__(self):
        self.blobs, self.manifests, self.types = {}, {}, {}


class Fault:
    def __init__(self, kinds, act, times, skip):
        self.kinds, self.act, self.times, self.skip = set(kinds.split()), act, times, skip

    def takes(self, kind):
        if kind not in self.kinds or self.times <= 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


class FaultServer:
    """`latency`: seconds before each answer. `certificate`: a PEM file with its key, for TLS. `upstream`: the port of a
    registry that answers what no fault does; the profile is not played then. `moved` is told how many bytes of bodies came,
    and may raise an OSError to end the connection there. `keeps`: whether the bytes of blobs stay, or their digests alone.
    `name`: the host that it goes by, where that is not its address."""

    def __init__(self, profile, auth="none", latency=0, certificate=None, upstream=None, moved=lambda count: None,
                 keeps=True, address="127.0.0.1", name=None):
        self.profile, self.auth, self.latency, self.upstream, self.moved = profile, auth, latency, upstream, moved
        self.keeps = keeps
        self.repositories, self.sessions = collections.defaultdict(Repository), {}
        self.faults, self.requests, self.leaks, self.tokens = [], [], [], set()
        self.lock, self.ending, self.uploads, self.connections, self.given = threading.RLock(), threading.Event(), 0, 0, 0
        self.server = http.server.ThreadingHTTPServer((address, 0), Handler)
        self.server.request_queue_size = 128
        self.server.daemon_threads, self.server.block_on_close = True, False
        self.server.registry, self.scheme = self, "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
            self.scheme = "https"
        self.port = self.server.server_port
        self.host = "%s:%d" % (name or address, self.port)
        self.elsewhere = None
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def fault(self, kinds, act, times=1, skip=0):
        self.faults.append(Fault(kinds, act, times, skip))

    def stop(self):
        self.ending.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def put_image(self, repository, tag, manifest, blobs, kind):
        """Stores an image as it is, whatever it is; gives the digest."""
        there, digest = self.repositories[repository], digest_of(manifest)
        there.blobs.update(blobs)
        for name in (tag, digest):
            there.manifests[name], there.types[name] = manifest, kind
        return digest

    def problem(self, repository, tag, expected):
        """What is wrong with a tag: "" where it is that manifest with all its blobs whole, "absent" where it is not there."""
        there = self.repositories[repository]
        if tag not in there.manifests:
            return "absent"
        manifest = there.manifests[tag]
        if expected and digest_of(manifest) != expected:
            return "the tag names something else"
        parsed = json.loads(manifest)
        for blob in [parsed["config"]] + parsed["layers"]:
            data = there.blobs.get(blob["digest"])
            if data is None or len(data) != blob["size"] or digest_of(data) != blob["digest"]:
                return "the tag names a blob that is not whole"
        return ""


class AnyAddress(http.server.ThreadingHTTPServer):
    """Listens at every address, of IPv4 too."""

    address_family = socket.AF_INET6


class Elsewhere:
    """Another host: takes whatever is sent there, and notes who came with an Authorization. `reached` counts connections."""

    def __init__(self, registry, server=http.server.ThreadingHTTPServer, address="127.0.0.1"):
        elsewhere = self

        class Other(Handler):
            def setup(self):
                elsewhere.reached += 1
                super().setup()

            def do(self):
                self.tweaks, self.query = {}, dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
                self.left, self.chunked = int(self.headers.get("Content-Length") or 0), False
                if self.headers.get("Authorization"):
                    registry.leaks.append("%s %s came with an Authorization" % (self.command, self.path))
                elsewhere.take(self)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do

        self.registry, self.reached = registry, 0
        self.server = server((address, 0), Other)
        self.server.daemon_threads, self.server.block_on_close, self.server.registry = True, False, registry
        self.port = self.server.server_port
        self.host = "127.0.0.1:%d" % self.port
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, handler):
        """An upload that was led here arrives in the registry."""
        name, data = handler.query.get("repository", ""), handler.take(1 << 40)
        if handler.command == "PUT" and digest_of(data) == handler.query.get("digest"):
            self.registry.repositories[name].blobs[handler.query["digest"]] = data
            handler.answer(201)
        elif handler.command == "GET" and handler.query.get("blob") in self.registry.repositories[name].blobs:
            handler.answer(200, (), self.registry.repositories[name].blobs[handler.query["blob"]], "application/octet-stream")
        else:
            handler.answer(404)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
