"""Package indexes that fail, lie and lead astray: how each ends, in what words; and who learns their passwords."""

import json
import os
import shutil

import runtime_bases
from harness import Case, MLPACK, run, write_files
from index_server import JSON, SECRET, Index, make_wheel, sha256

SPEC = """\
schema: 1
name: x
base: oci:base
python: {version: "3.11", requirements: r.txt}
run: [python, -c, "import x"]
"""
WHEEL = "x-1.0-py3-none-any.whl"
GOOD = make_wheel("x")
BINARY = "application/octet-stream"
HTML = "text/html"
DEEP = b'{"files": ' + b"[" * 200000
PORTAL = b"<!DOCTYPE html><html><body><form>Please log in</form></body></html>"


def json_bytes(value):
    return json.dumps(value).encode()


def page(body, kind=JSON, **how):
    return lambda request: request.answer(200, body, kind, **how)


def status(code):
    return lambda request: request.answer(code, b"no")


def listed(**changed):
    return lambda request: request.answer(200, json_bytes(request.server.index.listing(**changed)), JSON)


def link(href, more=""):
    return page(b'<!DOCTYPE html><a href="%s" %s>x</a>' % (href.encode(), more.encode()), HTML)


def to_other(request):
    request.redirect("http://%s%s" % (request.server.index.other, request.path))


def head_then(act):
    """Honest to HEAD."""
    return lambda request: request.answer(200, GOOD, BINARY) if request.command == "HEAD" else act(request)


def many_headers(request):
    request.send_response(200)
    for number in range(100000):
        request.send_header("X-%d" % number, "y" * 1000)
    request.end_headers()


MISSING = "no index and no folder has a wheel of `x` 1.0 with the lock's hashes that fits Python 3.11"
NOT_THE_FILE = "should have sha256 `"

# (what is done, to whom, exit code, what is said)
PAGES = [
    ("the index has an error", status(500), 5, "cannot list `http://%(host)s/simple/x/`: `%(host)s` replied 500"),
    ("the index is overloaded", status(503), 5, "replied 503"),
    ("the index limits requests", status(429), 5, "replied 429"),
    ("the index knows no x", status(404), 9, MISSING),
    ("the index refuses the password", status(401), 4, "replied 401"),
    ("the index refuses the user", status(403), 4, "replied 403"),
    ("a portal answers", page(PORTAL, HTML), 9, MISSING),
    ("a portal says that it is JSON", page(PORTAL), 5, "what `http://%(host)s/simple` answers is no list of files"),
    ("a text answers", page(b"hello", "text/plain"), 5, "what answers is no package index"),
    ("nothing answers", page(b""), 5, "answers is no list of files"),
    ("a list without files", page(b'{"name": "x"}'), 5, "answers is no list of files"),
    ("files that are none", page(b'{"files": 7}'), 5, "answers is no list of files"),
    ("entries that are none", page(b'{"files": [7, null, [], {}, {"url": 7}]}'), 9, MISSING),
    ("an array", page(b"[]"), 5, "answers is no list of files"),
    ("two hundred thousand brackets", page(DEEP), 5, "answers is no list of files"),
    ("bytes that are no text", page(b'{"files": [{"url": "\xff\xfe"}]}'), 5, "answers is no list of files"),
    ("half a list", page(json_bytes({"files": []})[:-3]), 5, "answers is no list of files"),
    ("a list that ends early", page(b'{"files": [', length=5000), 6, "cannot list `http://%(host)s/simple/x/`"),
    ("a length that is too small", page(json_bytes({"files": []}), length=4), 5, "answers is no list of files"),
    ("ten gigabytes of metadata", lambda r: r.endless(JSON), 7, "cannot list `http://%(host)s/simple/x/`"),
    ("ten gigabytes of HTML", lambda r: r.endless(HTML), 7, "cannot list `http://%(host)s/simple/x/`"),
    ("a byte a second", lambda r: r.drip(JSON, 5000), 6, "cannot list `http://%(host)s/simple/x/`"),
    ("no answer but the end", lambda r: r.hang_up(), 6, "cannot list `http://%(host)s/simple/x/`"),
    ("headers without end", many_headers, 6, "cannot list `http://%(host)s/simple/x/`"),
    ("round and round", lambda r: r.redirect(r.path), 5, "redirects more than"),
    ("redirected to a file of this machine", lambda r: r.redirect("file:///etc/passwd"), 5, "which is no URL that can be followed"),
    ("redirected to nowhere", lambda r: r.redirect("http://:::/"), 5, "which is no URL that can be followed"),
    ("another file by that name", listed(hashes={"sha256": "0" * 64}), 9, MISSING),
    ("no hash", listed(hashes={}), 9, MISSING),
    ("a hash that is none", listed(hashes={"sha256": "../../../etc/passwd"}), 9, MISSING),
    ("a name with a path", listed(filename="../../" + WHEEL), 9, MISSING),
    ("a wheel of another package", listed(filename="y-1.0-py3-none-any.whl"), 9, MISSING),
    ("a wheel for another machine", listed(filename="x-1.0-cp311-cp311-manylinux_2_17_s390x.whl"), 9, MISSING),
    ("a link to a file of this machine", listed(url="file:///etc/passwd"), 9, MISSING),
    ("a link to a script", link("javascript:alert(1)"), 9, MISSING),
    ("a petabyte", listed(size=1 << 49), 8, "needs 512 TiB"),
    ("one byte more than there is", listed(size=len(GOOD) + 1), 7, "x-1.0-py3-none-any.whl"),
    ("one byte less than there is", listed(size=len(GOOD) - 1), 7, "x-1.0-py3-none-any.whl"),
]
FILES = [
    ("the file has an error", status(500), 5, "cannot fetch `http://%(host)s/files/" + WHEEL + "`: `%(host)s` replied 500"),
    ("the file is gone", status(404), 5, "replied 404"),
    ("the file is not for us", status(403), 4, "replied 403"),
    ("other bytes", page(b"y" * len(GOOD), BINARY), 7, NOT_THE_FILE),
    ("a portal instead of the file", page(PORTAL, HTML), 7, "x-1.0-py3-none-any.whl"),
    ("the file ends early", page(GOOD[:50], BINARY, length=len(GOOD)), 6, "cannot fetch `http://%(host)s/files/"),
    ("the file is short", page(GOOD[:-1], BINARY), 7, "x-1.0-py3-none-any.whl"),
    ("the file is long", page(GOOD + b"y", BINARY), 7, "x-1.0-py3-none-any.whl"),
    ("a file without end", lambda r: r.endless(BINARY), 7, "x-1.0-py3-none-any.whl"),
    ("a byte of the file a second", lambda r: r.drip(BINARY, len(GOOD)), 6, "cannot fetch `http://%(host)s/files/"),
    ("no file but the end", lambda r: r.hang_up(), 6, "cannot fetch `http://%(host)s/files/"),
    ("the file is redirected to a file of this machine", lambda r: r.redirect("file:///etc/passwd"), 5, "which is no URL"),
]


class Indexes(Case):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("p"))
        runtime_bases.write_python(self.path("p", "base"))
        self.index = Index({WHEEL: GOOD})
        self.index.__enter__()
        self.addCleanup(self.index.__exit__)
        for name in [name for name in self.env if name.startswith(("UV_", "PIP_"))]:
            del self.env[name]
        self.env.update(PIP_CONFIG_FILE=os.devnull, UV_DEFAULT_INDEX=self.index.url, NO_PROXY="127.0.0.1", no_proxy="127.0.0.1",
                        MLPACK_NETWORK="wait=0.02,longest-wait=0.05,retry-after=0.1,attempts=2,stall=2,answer=2,connect=2")

    def attempt(self, wheel=GOOD, spec=SPEC):
        """How a build in a fresh store ends; wherever it leads, the password is for the index alone."""
        shutil.rmtree(self.path("store"), ignore_errors=True)
        if os.path.exists(self.path("p", "mlpack.lock")):
            os.remove(self.path("p", "mlpack.lock"))
        self.project("p", spec, {"r.txt": "x==1.0 --hash=sha256:%s\n" % sha256(wheel)})
        self.index.requests.clear()
        result = run([MLPACK, "build", self.path("p"), "-v"], env=self.env, timeout=60)
        self.assertNotIn(SECRET, result.out + result.err)
        self.assertEqual([request for request in self.index.requests if request[0] == "other" and request[3]], [])
        self.assertLess(result.seconds, 30)
        if os.path.exists(self.path("p", "mlpack.lock")):
            with open(self.path("p", "mlpack.lock")) as file:
                self.assertNotIn(SECRET, file.read())
        return result

    def fails(self, title, code, told, **how):
        with self.subTest(title):
            result = self.attempt(**how)
            self.assertEqual(result.code, code, str(result))
            self.assertIn(told % {"host": self.index.host} if "%(" in told else told, result.err)
            self.assertFalse(os.path.exists(self.path("p", "mlpack.lock")))

    def test_an_honest_index_is_believed_and_keeps_its_password(self):
        self.assertEqual(self.attempt().code, 0)
        self.assertTrue(all(request[3] for request in self.index.requests), self.index.requests)

    def test_pages_that_are_wrong(self):
        for title, act, code, told in PAGES:
            self.index.page = act
            self.fails(title, code, told)

    def test_files_that_are_wrong(self):
        for title, act, code, told in FILES:
            self.index.file = act
            self.fails(title, code, told)
        self.index.file = None
        for title, wheel, told in [("no wheel at all", b"PK" + b"x" * 500, "it is no ZIP file"),
                                   ("a wheel of another package", make_wheel("y"), "its folder `y-1.0.dist-info` is of another package"),
                                   ("a RECORD that lies", make_wheel("x", record=b"x.py,sha256=AAAA,6\n"), "RECORD")]:
            self.index.wheels = {WHEEL: wheel}
            self.fails(title, 7, told, wheel=wheel)

    def test_a_password_stays_with_its_server_wherever_that_leads(self):
        for title, page_act, file_act in [("the page is elsewhere", to_other, None), ("the file is elsewhere", None, to_other)]:
            with self.subTest(title):
                self.index.page, self.index.file = page_act, file_act
                result = self.attempt()
                self.assertEqual(result.code, 0, str(result))
                self.assertIn("other", {request[0] for request in self.index.requests})
        with self.subTest("the list links elsewhere"):
            self.index.page = listed(url="http://%s/files/%s" % (self.index.other, WHEEL))
            self.index.file = None
            self.assertEqual(self.attempt().code, 0)
            self.assertIn("other", {request[0] for request in self.index.requests})
        with self.subTest("elsewhere a password is wanted"):
            self.index.elsewhere = lambda request: request.answer(401, b"", headers=[("WWW-Authenticate", 'Basic realm="x"')])
            result = self.attempt()
            self.assertEqual(result.code, 4, str(result))
            self.assertIn("`%s` replied 401" % self.index.other, result.err)

    def test_a_yanked_wheel_that_is_locked_is_taken_and_told(self):
        for title, act in [("JSON", listed(yanked="it eats files")),
                           ("HTML", link("../../files/%s#sha256=%s" % (WHEEL, sha256(GOOD)), "data-yanked=''"))]:
            with self.subTest(title):
                self.index.page = act
                result = self.attempt()
                self.assertEqual(result.code, 0, str(result))
                self.assertIn("`%s` was yanked from `http://%s/simple`" % (WHEEL, self.index.host), result.err)

    def test_an_index_in_clear_text_that_is_not_of_this_machine_is_not_asked(self):
        self.env["UV_DEFAULT_INDEX"] = "http://reader:%s@192.0.2.1/simple" % SECRET
        self.fails("clear text", 2, "http://192.0.2.1")
        self.env["UV_DEFAULT_INDEX"] = "no url of reader:%s@" % SECRET
        self.fails("no URL", 2, "the URL of a package index cannot be read")

    def test_locks_that_lie_about_wheels(self):
        good = 'lock-version = "1.0"\ncreated-by = "t"\n[[packages]]\nname = "x"\nversion = "1.0"\n'
        wheel = 'wheels = [{name = "%s", url = "http://%s/files/%s", size = %s, hashes = {sha256 = "%s"}}]\n'
        spec = SPEC.replace("requirements: r.txt", "lock: pylock.toml")
        for title, text, code, told in [
                ("a size that is too large", good + wheel % (WHEEL, self.index.host, WHEEL, len(GOOD) + 1, sha256(GOOD)), 7, WHEEL),
                ("another hash", good + wheel % (WHEEL, self.index.host, WHEEL, len(GOOD), "1" * 64), 7, NOT_THE_FILE),
                ("a file of this machine", good + wheel.replace("http://%s/files/%s", "file://%s/%s") % (
                    WHEEL, "", "etc/passwd", 5, sha256(GOOD)), 2, "the lock's URL of `x` cannot be read"),
                ("no hash", good + 'wheels = [{name = "%s", url = "http://%s/files/%s", hashes = {}}]\n' % (
                    WHEEL, self.index.host, WHEEL), 3, "pylock.toml"),
                ("no TOML", good + "[[[", 3, "pylock.toml"),
                ("of another time", good.replace("1.0", "9.0", 1), 3, "pylock.toml")]:
            write_files(self.path("p"), {"pylock.toml": text})
            self.index.file = lambda request: request.answer(200, GOOD, BINARY)
            self.fails(title, code, told, spec=spec)


if __name__ == "__main__":
    import unittest
    unittest.main()
