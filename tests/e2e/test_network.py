"""A network that fails now and then is survived; one that is not a registry is told apart."""

import http.server
import threading

from harness import Case, MIB, random_bytes

SPEC = """\
schema: 1
name: app
base: scratch
platform: linux/amd64
weights: [{source: weights/, target: /models/base}]
"""


class Page(http.server.BaseHTTPRequestHandler):
    """A portal that answers everything with a page."""

    def do_GET(self):
        body = b"<html>please sign in</html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    do_HEAD, do_PUT, do_PATCH = do_GET, do_POST, do_POST

    def log_message(self, *_):
        pass


class Network(Case):
    def setUp(self):
        super().setUp()
        self.proxy = self.proxy(self.registry())
        self.image = self.proxy.host + "/acme/app:1"
        folder = self.project("project", SPEC, {"weights/model.bin": random_bytes(4 * MIB)})
        self.digest = self.build(folder, "-t", self.image)["digest"]

    def pushed_through(self, **faults):
        self.proxy.faults = {method: list(what) for method, what in faults.items()}
        pushed = self.push(self.image)
        self.assertEqual(pushed["digest"], self.digest)
        self.assertEqual([what for what in self.proxy.faults.values() if what], [], "every fault was met")
        self.assertGreaterEqual(pushed["retries"], 1)
        self.skopeo("copy", "--quiet", "--src-tls-verify=false", "docker://" + self.image, "oci:%s:1" % self.path("copy"))
        return pushed

    def test_uploads_that_are_cut_in_the_middle(self):
        self.pushed_through(PUT=["cut", "cut"])

    def test_a_reply_that_is_lost_after_the_upload_sends_nothing_again(self):
        self.pushed_through(PUT=["lost"])
        large = [r for r in self.proxy.take() if r.method == "PUT" and r.sent > MIB]
        self.assertEqual(len(large), 1)

    def test_a_registry_that_is_busy_for_a_while(self):
        self.pushed_through(POST=[503, 429], PUT=[500, 502], HEAD=[503])

    def test_what_was_pushed_before_a_failure_is_told(self):
        page = self.page() + "/acme/app:1"
        failed = self.mlpack("push", self.image, self.image, page, code=5)
        self.assertEqual(failed.out, "%s@%s\n" % (self.image, self.digest))
        failed = self.mlpack("push", "--json", self.image, self.image, page, code=5)
        self.assertIn("%s@%s" % (self.image, self.digest), failed.json()["error"]["message"])

    def test_a_page_in_place_of_a_registry(self):
        self.mlpack("push", self.image, self.page() + "/acme/app:1", code=5)

    def page(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        self.addCleanup(lambda: (server.shutdown(), thread.join(), server.server_close()))
        return "127.0.0.1:%d" % server.server_port
