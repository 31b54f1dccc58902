"""What can go wrong with a request: functions for FaultServer.fault. See fault_server.py."""

import email.utils
import time

from fault_handler import PAGE, place

BLOCK = b"x" * 65536
OTHER_INDEX = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'


def status(code, headers=(), code_name="UNKNOWN", body=None, kind="application/json"):
    def act(handler):
        handler.drain()
        if body is not None:
            return handler.answer(code, headers, body, kind)
        return handler.error(code, code_name, headers)
    return act


def page(code=200):
    return status(code, body=PAGE, kind="text/html")


def retry_after_date(code, seconds):
    def act(handler):
        handler.drain()
        return handler.error(code, "TOOMANYREQUESTS", [("Retry-After", email.utils.formatdate(time.time() + seconds, usegmt=True))])
    return act


def unauthorized(handler):
    handler.drain()
    handler.registry.tokens.clear()
    return handler.challenge()


def cut_request(at):
    """The connection is reset once so much of the request's body was read."""
    def act(handler):
        size = handler.left
        handler.leave(handler.take(min(place(at, size), size)))
        return handler.hang_up()
    return act


def lost_answer(handler):
    """All is done as it should be, and nobody is told."""
    handler.tweaks["cut_answer"] = 0


def cut_answer(at):
    def act(handler):
        handler.tweaks["cut_answer"] = at
    return act


def wait_for_the_end(handler, seconds=90):
    handler.registry.ending.wait(seconds)
    return handler.hang_up()


def stall_request(handler):
    handler.leave(handler.take(handler.left // 2))
    return wait_for_the_end(handler)


def stall_answer(handler):
    handler.drain()
    return wait_for_the_end(handler)


def stall_body(handler):
    """The head and half of the answer, then nothing."""
    handler.drain()
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + BLOCK[:5000])
    handler.wfile.flush()
    return wait_for_the_end(handler)


def read_in_bytes(handler):
    """Reads the beginning of the body a byte at a time."""
    take, slow = handler.take_some, iter(range(300))
    handler.take_some = lambda count: take(1 if next(slow, None) is not None else count)


def write_in_bytes(handler):
    """Answers with the first bytes one at a time."""
    write = handler.wfile.write

    def slowly(data):
        for i in range(min(len(data), 200)):
            write(data[i:i + 1])
            handler.wfile.flush()
        return write(data[200:])

    handler.wfile = Wrapped(handler.wfile, slowly)


class Wrapped:
    def __init__(self, file, write):
        self.file, self.write = file, write

    def __getattr__(self, name):
        return getattr(self.file, name)


def slow_loris(handler):
    """A head that never ends, a byte at a time."""
    handler.drain()
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.registry.ending.wait(0.2):
        handler.wfile.write(b"x")
        handler.wfile.flush()
    return handler.hang_up()


def slow_body(handler):
    """An answer that never ends, a byte at a time."""
    handler.drain()
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\n\r\n")
    while not handler.registry.ending.wait(0.1):
        handler.wfile.write(b"x")
        handler.wfile.flush()
    return handler.hang_up()


def endless_body(code, kind="application/json"):
    """An answer that never ends, as fast as it is read."""
    def act(handler):
        handler.drain()
        head = "HTTP/1.1 %d Status\r\nContent-Type: %s\r\nConnection: close\r\n\r\n" % (code, kind)
        handler.wfile.write(head.encode())
        while not handler.registry.ending.is_set():
            handler.wfile.write(BLOCK)
        return handler.hang_up()
    return act


def endless_head(handler):
    handler.drain()
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not handler.registry.ending.is_set():
        handler.wfile.write(b"X-More: " + BLOCK[:1000] + b"\r\n")
    return handler.hang_up()


def garbage(handler):
    handler.drain()
    handler.wfile.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
    return handler.hang_up(reset=False)


def rewrite(name, change):
    """Passes the header through `change(handler, value)`: a value, a list of them, or None to leave it out."""
    def act(handler):
        def headers(fields):
            result = []
            for field, value in fields:
                new = change(handler, value) if field == name else value
                result += [(field, one) for one in (new if isinstance(new, list) else [new]) if one is not None]
            return result
        handler.tweaks["headers"] = headers
    return act


def location(form):
    """The Location in another form; the same place unless it is `elsewhere`."""
    forms = {
        "missing": lambda handler, there: None,
        "empty": lambda handler, there: "",
        "absolute": lambda handler, there: handler.registry.scheme + "://" + handler.registry.host + there,
        "no scheme": lambda handler, there: "//" + handler.registry.host + there,
        "query": lambda handler, there: there + "&signature=a%2Fb%3D%3D",
        "relative": lambda handler, there: there.rsplit("/", 1)[1],
        "twice": lambda handler, there: [there, there],
        "other host": lambda handler, there: "http://%s/upload?repository=%s" % (
            handler.registry.elsewhere.host, handler.repository_name),
        "clear text": lambda handler, there: "http://" + handler.registry.host + there,
        "password": lambda handler, there: "http://user:word@" + handler.registry.host + there,
        "file": lambda handler, there: "file:///etc/passwd",
        "garbage": lambda handler, there: "http://[::1:99999/\x01",
    }
    return rewrite("Location", forms[form])


def redirect(code, target):
    def act(handler):
        handler.drain()
        return handler.answer(code, [("Location", target(handler))])
    return act


def to_itself(handler):
    return handler.path


def to_elsewhere(handler):
    name, digest = handler.repository_name, handler.query.get("digest") or ""
    if handler.command in ("GET", "HEAD"):
        return "http://%s/blob?repository=%s&blob=%s" % (handler.registry.elsewhere.host, name, handler.rest)
    return "http://%s/upload?repository=%s&digest=%s" % (handler.registry.elsewhere.host, name, digest)


def inside(host):
    """A place of an upload, a blob or a token on the other host, under the name or address `host`."""
    def target(handler):
        name, digest = handler.repository_name, handler.query.get("digest") or ""
        return "http://%s:%d/upload?repository=%s&digest=%s&blob=%s" % (host, handler.registry.elsewhere.port, name, digest,
                                                                       handler.rest)
    return target


def location_inside(host):
    return rewrite("Location", lambda handler, there: inside(host)(handler))


def stored(change):
    """The registry keeps something else than it was sent."""
    def act(handler):
        handler.tweaks["stored"] = change
    return act


def moved_tag(handler):
    """Somebody else moves the tag right after it was put."""
    def move():
        if ":" not in handler.rest:
            there = handler.repository
            there.manifests[handler.rest], there.types[handler.rest] = OTHER_INDEX, "application/vnd.oci.image.index.v1+json"
    handler.tweaks["after"] = move


def gone_blobs(handler):
    """The blobs of the repository were never there, it says."""
    handler.repository.blobs.clear()


def realm(target):
    """`target(handler)` is where the token is to be had."""
    def act(handler):
        handler.tweaks["realm"] = target(handler)
        handler.drain()
        return handler.challenge()
    return act


def no_length(handler):
    """An answer to HEAD without its length."""
    rewrite("Content-Length", lambda handler, value: None)(handler)
