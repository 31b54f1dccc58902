"""A package index on loopback that does wrong what it is told to, and a second server, to which none of its secrets belong.

`with Index(wheels) as index`: index.url holds a user name and a password. `index.page` and `index.file` are functions of the
request that answer instead of the honest ones; `index.requests` are (server, method, path, whether there was a password).
"""

import base64
import hashlib
import http.server
import io
import json
import threading
import time
import zipfile

USER, SECRET = "reader", "s3cret-of-the-index"
JSON = "application/vnd.pypi.simple.v1+json"
BLOCK = b" " * (1 << 16)


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def make_wheel(name, version="1.0", record=None, more=None, requires=(), extras=()):
    """A wheel with one module, more files ({path: bytes}), and a RECORD that is right unless another is given."""
    info = "%s-%s.dist-info/" % (name, version)
    about = "Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (name, version) + "".join(
        ["Requires-Dist: %s\n" % one for one in requires] + ["Provides-Extra: %s\n" % one for one in extras])
    files = {**(more or {}), name + ".py": b"x = 1\n", info + "METADATA": about.encode(),
             info + "WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    lines = ["%s,sha256=%s,%d" % (path, base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode(), len(content))
             for path, content in files.items()]
    files[info + "RECORD"] = ("\n".join(lines + [info + "RECORD,,"]) + "\n").encode() if record is None else record
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path), content)
    return data.getvalue()


class Index:
    def __init__(self, wheels):
        self.wheels = wheels  # {file name: bytes}
        self.page = self.file = self.elsewhere = None
        self.requests = []
        self.servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
        for name, server in zip(("index", "other"), self.servers):
            server.daemon_threads, server.index, server.name = True, self, name
        self.host, self.other = ("127.0.0.1:%d" % server.server_port for server in self.servers)
        self.url = "http://%s:%s@%s/simple" % (USER, SECRET, self.host)

    def listing(self, **changed):
        """What the index says of all its files, each with what is changed."""
        files = [{"filename": name, "url": "../../files/" + name, "hashes": {"sha256": sha256(content)}, "size": len(content),
                  "yanked": False, **changed} for name, content in self.wheels.items()]
        return {"meta": {"api-version": "1.0"}, "name": "x", "files": files}

    def __enter__(self):
        self.threads = [threading.Thread(target=server.serve_forever, args=(0.05,)) for server in self.servers]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.shutdown()
        for thread in self.threads:
            thread.join()
        for server in self.servers:
            server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        index = self.server.index
        has_secret = "Authorization" in self.headers
        index.requests.append((self.server.name, self.command, self.path, has_secret))
        is_page = self.path.startswith("/simple")
        act = index.elsewhere if self.server.name == "other" else index.page if is_page else index.file
        try:
            if act:
                act(self)
            elif self.server.name == "index" and not has_secret:
                self.answer(401, b"")
            elif is_page:
                self.answer(200, json.dumps(index.listing()).encode(), JSON)
            else:
                content = index.wheels.get(self.path.rsplit("/", 1)[1])
                self.answer(404 if content is None else 200, content or b"", "application/octet-stream")
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    do_HEAD = do_GET

    def answer(self, status, body, kind="text/plain", length=None, headers=()):
        """length: what the header says of the body instead of the truth."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers:
            self.send_header(name, value)
        if length is not None:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def redirect(self, to, status=302):
        self.answer(status, b"", headers=[("Location", to)])

    def endless(self, kind, length=10 << 30):
        """As much as anybody takes, up to 10 GiB."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        for _ in range(length // len(BLOCK) if self.command != "HEAD" else 0):
            self.wfile.write(BLOCK)

    def drip(self, kind, length):
        """A byte a second."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        for _ in range(60 if self.command != "HEAD" else 0):
            self.wfile.write(b" ")
            time.sleep(1)

    def hang_up(self):
        self.close_connection = True
        self.connection.shutdown(2)

    def log_message(self, *_):
        pass
