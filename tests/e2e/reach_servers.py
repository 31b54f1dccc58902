"""usage: reach_servers.py MLPACK WORDS...

Runs `mlpack WORDS` in a network of its own, in which 203.0.113.7 (registry.example.com) is a public registry that wants to
send its clients to inside.example.com, which the test's /etc/hosts has on this machine. Prints how that ended as JSON.
HOW says with what: redirect, realm, location. A proxy that wants a password listens on 203.0.113.8:3128.
"""

import base64
import http.client
import http.server
import json
import os
import subprocess
import sys
import threading

HOW = os.environ.get("HOW", "")
PASSWORD = "Basic " + base64.b64encode(b"bob:word").decode()
reached, proxied = [], []


class Quiet(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, headers=(), body=b""):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Public(Quiet):
    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        inside = "http://inside.example.com/inside"
        if HOW == "realm":
            return self.answer(401, [("WWW-Authenticate", 'Bearer realm="%s",service="x"' % inside)])
        if HOW == "location" and self.command == "POST":
            return self.answer(202, [("Location", inside)])
        if HOW == "redirect":
            return self.answer(307, [("Location", inside)])
        return self.answer(404)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET


class Inside(Quiet):
    def do_GET(self):
        reached.append(self.command + " " + self.path)
        self.answer(200, [("Content-Type", "application/json")], b'{"token": "stolen"}')

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET


class ForwardProxy(Quiet):
    def do_GET(self):
        if self.headers.get("Proxy-Authorization") != PASSWORD:
            return self.answer(407, [("Proxy-Authenticate", 'Basic realm="proxy"')])
        proxied.append(self.command + " " + self.path)
        return Public.do_GET(self)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET


def serve(address, handler):
    server = http.server.ThreadingHTTPServer(address, handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()


def main():
    serve(("203.0.113.7", 80), Public)
    serve(("127.0.0.1", 80), Inside)
    serve(("203.0.113.8", 3128), ForwardProxy)
    done = subprocess.run(sys.argv[1:], capture_output=True, encoding="utf-8", timeout=120)
    print(json.dumps({"code": done.returncode, "err": done.stderr, "out": done.stdout, "reached": reached,
                      "proxied": proxied}))


main()
