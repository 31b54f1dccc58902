"""What the end-to-end tests share: the installed binary, other people's tools, registries, and a proxy that counts.

MLPACK names the binary (default: the one on PATH). MLPACK_E2E=full runs the long forms: more kills, larger files.
"""

import collections
import http.client
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import warnings

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MLPACK = os.path.abspath(shutil.which(os.environ.get("MLPACK", "mlpack")) or "mlpack")
FULL = os.environ.get("MLPACK_E2E") == "full"
MIB = 1 << 20

# What a user's shell may hold and a test must not depend on.
IGNORED = ("SOURCE_DATE_EPOCH", "DOCKER_CONFIG", "DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE", "XDG_CACHE_HOME",
           "MLPACK_STORE", "NO_COLOR", "TZ", "LC_ALL")


class Result:
    """How a process ended: exit code (negative for a signal), output, seconds."""

    def __init__(self, argv, code, out, err, seconds):
        self.argv, self.code, self.out, self.err, self.seconds = argv, code, out, err, seconds

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return "$ %s\nexit code %d\nstdout: %s\nstderr: %s" % (
            " ".join(self.argv), self.code, self.out[-3000:], self.err[-6000:])


def as_user(user):
    return {"user": user, "group": "nogroup", "extra_groups": []} if user else {}


def start(argv, out, err, user=None, **how):
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, **as_user(user), **how)


def run(argv, text="", timeout=300, user=None, **how):
    """Runs a command to its end, however that is; text goes to its standard input."""
    began = time.monotonic()
    done = subprocess.run(argv, input=text, capture_output=True, encoding="utf-8", errors="replace", timeout=timeout,
                          **as_user(user), **how)
    return Result(argv, done.returncode, done.stdout, done.stderr, time.monotonic() - began)


def peak_memory(process, seconds=None):
    """Waits for a process, or ends it after some seconds, and gives the most memory it held, in bytes. (The kernel's own
    figure for a process that has ended counts what its parent held when it forked.)"""
    peak, end = 0, time.monotonic() + (seconds or float("inf"))
    while process.poll() is None:
        if time.monotonic() > end:
            process.kill()
        try:
            with open("/proc/%d/status" % process.pid) as file:
                found = re.search(r"VmHWM:\s+(\d+) kB", file.read())
            peak = max(peak, int(found.group(1)) * 1024 if found else 0)
        except OSError:
            pass
        time.sleep(0.005)
    return peak


class Case(unittest.TestCase):
    """A test with a folder, a home and a store of its own."""

    maxDiff = None

    def setUp(self):
        # buildah makes a name of the path, in which `-_` may not stand.
        self.dir = os.path.join(tempfile.gettempdir(), "mlpack-e2e-" + os.urandom(8).hex())
        os.mkdir(self.dir)
        os.chmod(self.dir, 0o755)
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.env = {name: value for name, value in os.environ.items() if name not in IGNORED}
        self.env.update(HOME=self.path("home"), MLPACK_STORE=self.path("store"), LANG="C.UTF-8")
        os.mkdir(self.path("home"))

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def project(self, name, spec, files=None):
        """Writes a folder with a mlpack.yaml and files: {path: text or bytes}; names it."""
        write_files(self.path(name), {"mlpack.yaml": spec, **(files or {})})
        return self.path(name)

    def examples(self, *parts):
        """A path below a copy of the examples, which a build may write locks to. Those of another day are left out."""
        if not os.path.exists(self.path("examples")):
            shutil.copytree(os.path.join(ROOT, "examples"), self.path("examples"), ignore=shutil.ignore_patterns("*.lock"))
        return self.path("examples", *parts)

    def run_tool(self, *argv, code=0, env=None, **how):
        """Runs a command, which must end with the given exit code (None: with any)."""
        result = run(list(argv), env={**self.env, **(env or {})}, **how)
        if code is not None:
            self.assertEqual(result.code, code, str(result))
        return result

    def mlpack(self, *argv, **how):
        return self.run_tool(self.binary_for(how.get("user")), *argv, **how)

    def binary_for(self, user):
        """The binary, where that user can reach it: a checkout may lie in a closed folder."""
        if not user:
            return MLPACK
        if not os.path.exists(self.path("mlpack")):
            shutil.copy(MLPACK, self.path("mlpack"))
        return self.path("mlpack")

    def build(self, folder, *argv, **how):
        """The result document of a build that must succeed."""
        return self.mlpack("build", folder, "--json", *argv, **how).json()

    def push(self, *argv, **how):
        return self.mlpack("push", "--json", *argv, **how).json()

    def registry(self, **how):
        registry = Registry(**how)
        self.addCleanup(registry.stop)
        return registry

    def proxy(self, registry):
        proxy = Proxy(registry)
        self.addCleanup(proxy.stop)
        return proxy

    def skopeo(self, *argv, **how):
        return self.run_tool("skopeo", "--insecure-policy", *argv, **how)

    def verify_store(self):
        self.mlpack("store", "verify")

    def leftovers(self, folder):
        """Temporary files: whatever is neither a whole blob nor part of a store's books."""
        names = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]
        return [name for name in names if ".tmp" in name or "/tmp/" in name[len(folder):]]


def write_files(folder, files):
    for name, content in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)


def random_bytes(size, seed=1):
    """Bytes that no compressor makes smaller, the same for the same seed."""
    import random
    source = random.Random(seed)
    return b"".join(source.randbytes(min(MIB, size - at)) for at in range(0, size, MIB))


def sparse_file(path, size):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.truncate(size)


class Registry:
    """Debian's docker-registry on a free loopback port; `users` ({name: password}) makes it ask for a password, `tokens`
    (its own settings) for a token."""

    def __init__(self, users=None, tokens=None):
        self.dir = tempfile.mkdtemp(prefix="mlpack-registry-")
        config = {"version": 0.1, "log": {"level": "info", "accesslog": {"disabled": True}},
                  "storage": {"filesystem": {"rootdirectory": os.path.join(self.dir, "data")}, "delete": {"enabled": True}},
                  "http": {"addr": "127.0.0.1:0"}}
        if users:
            config["auth"] = {"htpasswd": {"realm": "test", "path": self.passwords(users)}}
        if tokens:
            config["auth"] = {"token": tokens}
        settings, log = os.path.join(self.dir, "config.json"), os.path.join(self.dir, "log")
        with open(settings, "w") as file:
            json.dump(config, file)  # JSON is YAML
        with open(log, "w") as file:
            self.process = start(["docker-registry", "serve", settings], file, file)
        self.host = self.wait_for_address(log)
        self.port = int(self.host.rsplit(":", 1)[1])

    def passwords(self, users):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import crypt
            lines = ["%s:%s\n" % (name, crypt.crypt(word, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))
                     for name, word in users.items()]
        path = os.path.join(self.dir, "htpasswd")
        with open(path, "w") as file:
            file.writelines(lines)
        return path

    def wait_for_address(self, log):
        for _ in range(400):
            with open(log) as file:
                text = file.read()
            found = re.search(r"listening on (127\.0\.0\.1:\d+)", text)
            if found:
                return found.group(1)
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError("docker-registry does not start: " + text)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


Request = collections.namedtuple("Request", "method path status sent received")


class Proxy:
    """Stands before a registry and notes every request, with the bytes of both bodies.

    faults says what goes wrong with the next requests of a method, in turn: {"PUT": ["cut", "lost", 503]}, or with those of
    them whose path holds a word: {"POST mount=": [500]}. "cut" ends the connection in the middle of the body, "lost" passes
    the request on and ends the connection before the reply, and a number is answered instead of passing the request on.
    ("before", FUNCTION) and ("within", FUNCTION) call it before the request is passed on, or once 1 MiB of the body was."""

    def __init__(self, registry):
        self.requests, self.faults, self.lock = [], {}, threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), ProxyHandler)
        self.server.daemon_threads = True
        self.server.proxy, self.server.target = self, registry.port
        self.host = "127.0.0.1:%d" % self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def note(self, request):
        with self.lock:
            self.requests.append(request)

    def fault(self, method, path):
        with self.lock:
            for name, waiting in self.faults.items():
                wanted, _, word = name.partition(" ")
                if waiting and wanted == method and word in path:
                    return waiting.pop(0)
            return None

    def take(self):
        """The requests since the last call."""
        with self.lock:
            taken, self.requests = self.requests, []
        return taken

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class ProxyHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def relay(self):
        fault = self.server.proxy.fault(self.command, self.path)
        size = int(self.headers.get("Content-Length") or 0)
        if fault == "cut":
            self.rfile.read(size // 2)
            return self.hang_up()
        if isinstance(fault, int):
            self.rfile.read(size)
            return self.answer(fault, "fault", [("Retry-After", "0")], b"")
        when, act = fault if isinstance(fault, tuple) else ("", None)
        if when == "before":
            act()
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.target)
        try:
            if not self.pass_on(upstream, size, act if when == "within" else None):
                return self.hang_up()
            reply = upstream.getresponse()
            body = reply.read()
        finally:
            upstream.close()
        self.server.proxy.note(Request(self.command, self.path, reply.status, size, len(body)))
        if fault == "lost":
            return self.hang_up()
        return self.answer(reply.status, reply.reason, reply.getheaders(), body)

    def pass_on(self, upstream, left, act=None):
        """Sends the request and its body, and acts after the first part; False if the client went away in the middle."""
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("connection", "expect"):
                upstream.putheader(name, value)
        upstream.endheaders()
        while left:
            block = self.rfile.read(min(left, MIB))
            if not block:
                return False
            upstream.send(block)
            left -= len(block)
            if act:
                act, _ = None, act()
        return True

    def answer(self, status, reason, headers, body):
        length = str(len(body))
        self.send_response_only(status, reason)
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                length = value
            elif name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = relay

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, http.client.HTTPException):
            self.close_connection = True

    def log_message(self, *_):
        pass


def make_base(case, registry, repository, size):
    """Pushes an image with one layer of random bytes, made by umoci; gives its reference."""
    layout, tree = case.path("base-layout"), case.path("base-tree")
    write_files(tree, {"lib/data.bin": random_bytes(size, seed=99), "etc/os-release": "ID=test\n"})
    case.run_tool("umoci", "init", "--layout", layout)
    case.run_tool("umoci", "new", "--image", layout + ":1")
    case.run_tool("umoci", "insert", "--image", layout + ":1", tree, "/usr")
    case.run_tool("umoci", "config", "--image", layout + ":1", "--config.env", "PATH=/usr/bin", "--config.user", "1000",
                  "--os", "linux", "--architecture", "amd64")
    reference = "%s/%s:1" % (registry.host, repository)
    case.skopeo("copy", "--quiet", "--dest-tls-verify=false", "oci:" + layout + ":1", "docker://" + reference)
    return reference


def interrupt_after(process, seconds, number=signal.SIGKILL):
    """Sends a signal to a process that is still running after that time; whether it was."""
    try:
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        process.send_signal(number)
        process.wait(60)
        return True


def is_root():
    return os.geteuid() == 0


needs_root = unittest.skipUnless(is_root(), "needs root")
