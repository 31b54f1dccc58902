"""The faults of the matrix: what goes wrong, where it can, and how a push or pull has to end. See registry_torture.py.

The numbers are those of the list of faults that mlpack has to survive: 22 to 40 are answers of a registry, 41 to 43 images,
44 is what gives the password.
"""

import functools

import fault_helpers as helpers
import fault_images as images
from fault_acts import (OTHER_INDEX, cut_answer, cut_request, endless_body, endless_head, garbage, gone_blobs, inside, location,
                        location_inside, lost_answer, moved_tag, no_length, page, read_in_bytes, realm, redirect,
                        retry_after_date, rewrite, slow_body, slow_loris, stall_answer, stall_body, stall_request, status,
                        stored, to_elsewhere, to_itself, unauthorized, write_in_bytes)

OK = 0
INPUT, AUTH, REFUSED, NETWORK, INTEGRITY = 3, 4, 5, 6, 7
FOREVER = 10 ** 6


class Case:
    """`ends`: the exit codes that are right; 0 with the image verified. `only`: the profiles that it is about. `public`: the
    registry has a public address, and nobody may be sent further in. `home`: prepares the client's home for a host, in place
    of a password that it is told. `says`: what mlpack's words have to hold."""

    def __init__(self, number, name, prepare, ends=(OK,), only=None, verb="push", **how):
        self.number, self.name, self.prepare, self.verb = number, name, prepare, verb
        self.ends, self.only = ends if isinstance(ends, tuple) else (ends,), only
        self.auth, self.tls = how.pop("auth", "none"), how.pop("tls", False)
        self.chunks, self.mounts, self.brief = how.pop("chunks", False), how.pop("mounts", False), how.pop("brief", False)
        self.other_tag, self.public = how.pop("other_tag", False), how.pop("public", False)
        self.home, self.says = how.pop("home", None), how.pop("says", "")
        assert not how, how

    def applies(self, profile):
        return self.only is None or self.only(profile)


def one(kinds, act, times=1, skip=0):
    return lambda server: server.fault(kinds, act, times, skip)


def forever(kinds, act):
    return one(kinds, act, FOREVER)


def session_lost(server):
    server.sessions.clear()


def tokens():
    cases = [Case(22, "401 at " + kind, one(kind, unauthorized), auth="token") for kind in ("start", "put", "put-manifest")]
    cases += [Case(22, "401 twice in a blob", one("put patch", unauthorized, 2), auth="token", ends=(OK, AUTH)),
              Case(22, "401 of a basic registry", one("put patch", unauthorized), auth="basic", ends=(OK, AUTH))]
    cases += [Case(23, "401 forever at " + kind, forever(kind, unauthorized), AUTH, auth="token")
              for kind in ("start", "put", "put-manifest")]
    cases += [Case(23, "403 at " + kind, forever(kind, status(403, code_name="DENIED")), AUTH, auth="token")
              for kind in ("start", "put", "put-manifest")]
    bad = {"in clear text": "http://registry.invalid/token", "missing": "", "a file": "file:///etc/passwd"}
    cases += [Case(31, "realm " + name, forever("ping start head-blob head-manifest", realm(lambda handler, text=text: text)), AUTH,
                   auth="token", tls=(name == "in clear text")) for name, text in bad.items()]
    return cases + [
        Case(31, "endless token", forever("token", endless_body(200)), (AUTH, NETWORK), auth="token"),
        Case(31, "token is a page", forever("token", page()), AUTH, auth="token"),
        Case(31, "two tokens", forever("token", status(200, body=b'{"token":"a","access_token":"b"}')), AUTH, auth="token"),
        Case(31, "token with a line end", forever("token", status(200, body=b'{"token":"a\\r\\nX: b"}')), AUTH, auth="token"),
    ]


def busy():
    cases = []
    for kind in ("head-blob", "start", "put", "put-manifest"):
        cases += [Case(24, "429 in seconds at " + kind, one(kind, status(429, [("Retry-After", "1")]))),
                  Case(24, "503 with a date at " + kind, one(kind, retry_after_date(503, 1)))]
    cases.append(Case(24, "429 without an end", forever("put patch", status(429)), REFUSED, brief=True))
    for code in (500, 502, 504):
        cases.append(Case(25, "%d at put" % code, one("put patch", status(code), 2)))
        cases.append(Case(25, "%d at put-manifest" % code, one("put-manifest", status(code), 2)))
    return cases + [Case(25, "502 that is a page", one("put patch", page(502), 3)),
                    Case(25, "500 without an end", forever("put patch", status(500)), REFUSED, brief=True),
                    Case(25, "endless error", one("put patch", endless_body(500), 1))]


def cuts():
    cases = []
    for at in (0, 1, "mid", "last", "after"):
        cases.append(Case(26, "put cut at %s" % at, one("put patch", cut_request(at), 2)))
        cases.append(Case(26, "manifest cut at %s" % at, one("put-manifest", cut_request(at))))
    for at in (0, 1, "mid", "last"):
        cases.append(Case(26, "answer to put cut at %s" % at, one("put", cut_answer(at))))
    return cases + [
        Case(26, "every put cut", forever("put patch", cut_request("mid")), (OK, NETWORK), brief=True),
        Case(26, "answer to start lost", one("start", lost_answer)),
        Case(26, "answer to the tag lost", one("put-manifest", lost_answer, 1, 1)),
        Case(26, "not HTTP", one("put patch", garbage)),
        Case(27, "put stalls in the body", one("put patch", stall_request)),
        Case(27, "put stalls before the answer", one("put patch", stall_answer)),
        Case(27, "answer stalls", one("put patch", stall_body), (OK, REFUSED)),
        Case(27, "read a byte at a time", one("put patch", read_in_bytes, FOREVER)),
        Case(27, "answered a byte at a time", one("start put head-blob", write_in_bytes, FOREVER)),
        Case(27, "slow loris", one("put patch", slow_loris)),
        Case(27, "slow loris forever", forever("start", slow_loris), NETWORK, brief=True),
        Case(27, "body without an end, slow", one("put-manifest", slow_body), (OK, REFUSED, NETWORK)),
        Case(27, "head without an end", one("put patch", endless_head)),
    ]


def places():
    good = ("absolute", "no scheme", "query", "relative", "twice")
    bad = ("missing", "empty", "file", "garbage", "password")
    cases = [Case(28, "page for start", one("start", page(), FOREVER), REFUSED),
             Case(28, "page for everything", forever(EVERYTHING, page()), REFUSED),
             Case(28, "200 for everything", forever(EVERYTHING, status(200, body=b"{}")), (REFUSED, INTEGRITY)),
             Case(28, "everything is somewhere else", forever(EVERYTHING, redirect(302, lambda h: "/login")), REFUSED)]
    cases += [Case(29, "Location: " + form, one("start", location(form), FOREVER)) for form in good]
    cases += [Case(29, "Location: " + form, one("start", location(form), FOREVER), REFUSED) for form in bad]
    return cases + [
        Case(29, "Location: other host", one("start", location("other host"), FOREVER), auth="token"),
        Case(29, "Location: clear text", one("start", location("clear text"), FOREVER), REFUSED, tls=True),
        Case(32, "put led in a circle", forever("put", redirect(307, to_itself)), REFUSED),
        Case(32, "head led in a circle", forever("head-blob", redirect(307, to_itself)), (OK, REFUSED)),
        Case(32, "put led to another host", one("put", redirect(307, to_elsewhere), FOREVER), auth="token"),
        Case(32, "put led into clear text", one("put", redirect(307, lambda h: "http://" + h.registry.host + h.path), FOREVER),
             REFUSED, tls=True),
        Case(32, "tag led in a circle", forever("put-manifest", redirect(308, to_itself)), REFUSED),
    ]


def inwards():
    """To where a public registry must not send us, by a name or an address."""
    public = functools.partial(Case, 30, public=True, auth="token", says="an address that is not public")
    pull = functools.partial(public, verb="pull", only=one_of_each)
    targets = {"this machine by name": "inside.example.com", "a private address by name": "private.example.com",
               "a link-local address by name": "metadata.example.com", "this machine by name, IPv6": "inside6.example.com",
               "127.0.0.1": "127.0.0.1", "169.254.169.254": "169.254.169.254", "10.1.2.3": "10.1.2.3", "[::1]": "[::1]",
               "[::ffff:127.0.0.1]": "[::ffff:127.0.0.1]", "2130706433": "2130706433", "localhost": "localhost"}
    cases = []
    for name, host in targets.items():
        cases += [public("Location: " + name, one("start", location_inside(host), FOREVER), REFUSED),
                  public("put led to " + name, one("put", redirect(307, inside(host)), FOREVER), REFUSED),
                  public("realm: " + name, forever("ping start head-blob head-manifest", realm(inside(host))), (AUTH, NETWORK)),
                  pull("manifest led to " + name, forever("head-manifest get-manifest", redirect(307, inside(host))), REFUSED),
                  pull("blob led to " + name, one("get-blob", redirect(307, inside(host)), FOREVER), REFUSED)]
    return cases + [public("public as it is", lambda server: None, says="")]


def passwords():
    """Who gives the password does it badly."""
    named = "docker-credential-" + helpers.NAME
    cases = [Case(44, name, lambda server: None, auth=auth, home=helpers.helper(script))
             for name, (script, auth) in helpers.GOOD.items()]
    cases += [Case(44, name, lambda server: None, AUTH, auth="basic", home=helpers.helper(script),
                   says="" if name.endswith("asked") else named) for name, script in helpers.BAD.items()]
    cases += [Case(44, name, lambda server: None, INPUT, auth="basic", home=helpers.config(text), says="config.json")
              for name, text in helpers.CONFIGS.items()]
    return cases + [Case(44, "config.json that everybody may change", lambda server: None, auth="basic",
                         home=helpers.open_to_all, says="can be changed by others")]


def chunks():
    wide = functools.partial(Case, chunks=True, only=lambda profile: profile.takes_chunks())
    ranges = {"stands still": lambda h, value: "0-99", "shrinks": lambda h, value: "0-1", "is missing": lambda h, value: None,
              "is a word": lambda h, value: "all", "is too far": lambda h, value: "0-99999999"}
    cases = [wide(33, "no form but chunks", lambda server: None)]
    cases += [wide(33, "Range %s" % name, one("patch", rewrite("Range", change), 1), (OK, REFUSED, INTEGRITY))
              for name, change in ranges.items()]
    cases += [wide(26, "chunk cut at %s" % at, one("patch", cut_request(at), 1, 1)) for at in (0, 1, "mid", "last", "after")]
    return cases + [
        wide(26, "answer to a chunk lost", one("patch", lost_answer, 1, 1)),
        wide(26, "commit of chunks cut", one("put", cut_request("after"), 1, 1)),
        wide(27, "chunk stalls", one("patch", stall_request, 1, 1)),
        wide(29, "chunk without a new Location", one("patch", location("missing"), 1), (OK, REFUSED)),
        wide(33, "201 for a chunk", one("patch", created, FOREVER)),
        wide(35, "416 for a chunk", one("patch", status(416, code_name="RANGE_INVALID"), 1, 1)),
        wide(35, "session lost in the middle", one("patch", status(404, code_name="BLOB_UPLOAD_UNKNOWN"), 1, 1)),
        wide(35, "session always lost in the middle", forever("patch", lost_behind_the_first), REFUSED, brief=True),
        wide(35, "commit of chunks never known", forever("put", status(404, code_name="BLOB_UPLOAD_UNKNOWN")), REFUSED, brief=True),
        wide(22, "401 in the middle of chunks", one("patch", unauthorized, 1, 1), auth="token"),
        wide(24, "429 for a chunk", one("patch", status(429, [("Retry-After", "1")]), 1, 1)),
    ]


def lost_behind_the_first(handler):
    """Takes a first chunk, and knows nothing of it afterwards."""
    if not handler.headers.get("Content-Range", "0-").startswith("0-"):
        return status(404, code_name="BLOB_UPLOAD_UNKNOWN")(handler)
    return None


def created(handler):
    """The right answer with another status."""
    handler.tweaks["status"] = {202: 201}


def blobs():
    cases = [Case(34, "commit keeps the front", one("put", stored(lambda data: data[:-1]), FOREVER), INTEGRITY),
             Case(34, "commit keeps nothing", one("put", stored(lambda data: b""), FOREVER), INTEGRITY),
             Case(34, "another digest is said", one("put", rewrite("Docker-Content-Digest", lambda h, v: "sha256:" + "0" * 64),
                                                    FOREVER), INTEGRITY),
             Case(34, "no digest is said", one("put put-manifest head-blob", rewrite("Docker-Content-Digest", lambda h, v: None),
                                               FOREVER)),
             Case(34, "no digest of the tag", one("head-manifest put-manifest",
                                                  rewrite("Docker-Content-Digest", lambda h, v: None), FOREVER))]
    for code, name in ((404, "BLOB_UPLOAD_UNKNOWN"), (416, "RANGE_INVALID"), (404, "BLOB_UPLOAD_INVALID")):
        cases.append(Case(35, "%d %s at put" % (code, name), one("put", status(code, code_name=name), 2)))
    cases.append(Case(35, "no session lives", forever("put", status(404, code_name="BLOB_UPLOAD_UNKNOWN")), REFUSED, brief=True))
    cases += [Case(36, "mount answered %d" % code, forever("mount", status(code)), mounts=True)
              for code in (401, 403, 405, 500)]
    cases.append(Case(36, "mount answered 202", forever("mount", lambda handler: handler.on_start() or True), mounts=True))
    cases.append(Case(36, "mount as it is", lambda server: None, mounts=True))
    cases += [Case(37, "HEAD answered %d" % code, forever("head-blob", status(code))) for code in (403, 405, 400)]
    cases.append(Case(37, "HEAD without a length", one("head-blob", no_length, FOREVER)))
    cases.append(Case(37, "HEAD never knows a blob", forever("head-blob", status(404)), (OK, REFUSED)))
    return cases + [
        Case(38, "blobs unknown to the manifest once", one("put-manifest", status(400, code_name="MANIFEST_BLOB_UNKNOWN"))),
        Case(38, "blobs unknown to the tag once", one("put-manifest", status(400, code_name="MANIFEST_BLOB_UNKNOWN"), 1, 1)),
        Case(38, "blobs gone once", one("put-manifest", gone_blobs)),
        Case(38, "blobs always unknown", forever("put-manifest", status(400, code_name="MANIFEST_BLOB_UNKNOWN")), REFUSED),
        Case(39, "tag moved by somebody", one("put-manifest", moved_tag, FOREVER), INTEGRITY, other_tag=True),
        Case(39, "tag that led elsewhere before", tagged_already, says="led to "),
        Case(39, "tag said to be another", forever("head-manifest", rewrite("Docker-Content-Digest",
                                                                            lambda h, v: "sha256:" + "0" * 64)), INTEGRITY),
        Case(39, "manifest refused", forever("put-manifest", status(400, code_name="MANIFEST_INVALID")), REFUSED),
    ]


def one_of_each(profile):
    """For what does not depend on how a registry takes uploads."""
    return profile.name in ("distribution 3", "zot")


def tagged_already(server):
    server.put_image("acme/torture", "1", OTHER_INDEX, {}, images.INDEX)


def pulls():
    pull = functools.partial(Case, verb="pull", only=one_of_each)
    cases = [pull(26, "blob cut at %s" % at, one("get-blob", cut_answer(at), 3)) for at in (0, 1, "mid", "last")]
    cases += [
        pull(22, "401 in the middle of a pull", one("get-blob", unauthorized), auth="token"),
        pull(24, "429 for a blob", one("get-blob", status(429, [("Retry-After", "1")]))),
        pull(25, "500 for a blob", one("get-blob", status(500), 2)),
        pull(27, "blob stalls", one("get-blob", stall_body), (OK, INTEGRITY)),
        pull(27, "blob a byte at a time", one("get-blob", write_in_bytes, FOREVER)),
        pull(27, "blob without an end, slow", one("get-blob", slow_body), (OK, INTEGRITY, NETWORK)),
        pull(28, "page for a manifest", forever("get-manifest", page()), (REFUSED, INTEGRITY)),
        pull(32, "blob led in a circle", forever("get-blob", redirect(307, to_itself)), REFUSED),
        pull(32, "blob led to another host", one("get-blob", redirect(307, to_elsewhere), FOREVER), auth="token"),
        pull(42, "blob without an end", one("get-blob", endless_body(200, "application/octet-stream"), FOREVER), INTEGRITY),
        pull(41, "manifest without an end", one("get-manifest", endless_body(200), FOREVER), (REFUSED, INTEGRITY)),
    ]
    cases += [pull(41, name, images.placed(make), (REFUSED, INTEGRITY)) for name, make in images.MANIFESTS.items()]
    cases += [pull(42, name, images.placed(make), (REFUSED, INTEGRITY)) for name, make in images.LAYERS.items()]
    cases += [pull(43, name, images.placed(make), (REFUSED, INTEGRITY), auth="basic") for name, make in images.FOREIGN.items()]
    return cases + [pull(43, "layer that is elsewhere, too", images.placed(images.also_elsewhere), auth="basic")]


EVERYTHING = ("ping start mount put patch head-blob get-blob put-manifest head-manifest get-manifest status unknown")
CASES = tokens() + busy() + cuts() + places() + inwards() + chunks() + blobs() + pulls() + passwords()
