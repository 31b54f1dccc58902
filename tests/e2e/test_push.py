"""One push to several registries reads once and fails for each alone; what it would do can be asked, and forbidden."""

import http.client
import json
import os
import re

import test_network
from harness import Case, MIB, make_base, random_bytes

SPEC = """\
schema: 1
name: app
base: %s
platform: linux/amd64
weights: [{source: weights/, target: /models/base}]
files: [{source: app/, target: /app}]
"""


class Push(Case):
    def setUp(self):
        super().setUp()
        self.first = self.proxy(self.registry())
        self.image = self.first.host + "/acme/app:1"

    def made(self, tag, base="scratch", app="one"):
        folder = self.project("project", SPEC % base, {"weights/model.bin": random_bytes(2 * MIB), "app/app.py": app})
        return self.build(folder, "-t", tag)

    def digest_at(self, reference):
        host, rest = reference.split("/", 1)
        repository, tag = rest.rsplit(":", 1)
        connection = http.client.HTTPConnection(host)
        connection.request("HEAD", "/v2/%s/manifests/%s" % (repository, tag),
                           headers={"Accept": "application/vnd.oci.image.manifest.v1+json"})
        reply = connection.getresponse()
        connection.close()
        return reply.getheader("Docker-Content-Digest") if reply.status == 200 else None

    def writes(self, proxy):
        return [request for request in proxy.take() if request.method not in ("GET", "HEAD")]


class Several(Push):
    page = test_network.Network.page

    def test_what_two_registries_lack_is_read_once(self):
        source = self.proxy(self.registry())
        base = make_base(self, source, "base/os", 12 * MIB)
        built = self.made("app:1", base)
        source.take()
        places = [self.registry().host + "/acme/app:%d" % i for i in range(3)]
        pushed = self.push("app:1", *places)["pushes"]
        self.assertEqual([one["ref"] for one in pushed], places)
        for one in pushed:
            self.assertEqual(one["digest"], built["digest"])
            self.assertGreater(one["bytesSent"], 14 * MIB)
            self.assertLess(one["bytesSent"], 16 * MIB)
            self.skopeo("copy", "--quiet", "--src-tls-verify=false", "docker://" + one["ref"],
                        "oci:%s:1" % self.path("copy-" + one["ref"][-1]))
        large = [r for r in source.take() if r.method == "GET" and r.received > MIB]
        self.assertEqual(len(large), 1, large)

    def test_one_that_fails_does_not_stop_the_others(self):
        digest = self.made("app:1")["digest"]
        second = self.registry().host + "/acme/app:2"
        bad, gone = self.page() + "/acme/app:1", "127.0.0.1:1/acme/app:1"
        failed = self.mlpack("push", "app:1", self.image, bad, second, gone, code=5, timeout=200)
        self.assertEqual(failed.out, "%s@%s\n%s@%s\n" % (self.image, digest, second, digest))
        self.assertIn("2 of 4 pushes failed", failed.err)
        self.assertIn("push to `%s`: " % bad, failed.err)
        self.assertIn("push to `%s`: " % gone, failed.err)
        document = self.mlpack("push", "--json", "app:1", self.image, bad, second, code=5).json()
        self.assertEqual(document["error"]["code"], 5)
        self.assertEqual([sorted(set(one) & {"digest", "error"}) for one in document["pushes"]],
                         [["digest"], ["error"], ["digest"]])
        self.assertEqual(self.digest_at(second), digest)

    def test_a_connection_that_breaks_for_one_is_no_matter_of_the_other(self):
        digest = self.made("app:1")["digest"]
        second = self.registry().host + "/acme/app:1"
        self.first.faults = {"PUT": ["cut", "lost", "cut"]}
        pushed = self.push("app:1", self.image, second)["pushes"]
        self.assertEqual([one["digest"] for one in pushed], [digest, digest])
        self.assertGreaterEqual(pushed[0]["retries"], 2)
        self.assertEqual(pushed[1]["retries"], 0)


class Planned(Push):
    def test_a_dry_run_says_what_would_happen_and_sends_nothing(self):
        self.made(self.image)
        shown = self.mlpack("push", "--dry-run", "--explain", self.image).out
        self.assertRegex(shown, r"(?m)^  upload +2\.00 MiB +weights .*; it is read from the files that it is made of$")
        self.assertIn("4 to upload, 0 to mount, 0 there", shown)
        self.assertIn("; the tag is new", shown)
        self.assertEqual(self.writes(self.first), [])
        pushed = self.push(self.image)
        self.assertEqual(pushed["blobs"], {"uploaded": 4, "mounted": 0, "present": 0})
        self.assertIn("the tag leads to this image already", self.mlpack("push", "--dry-run", "--explain", self.image).out)
        other = self.first.host + "/acme/other:1"
        self.first.take()
        planned = self.push("--dry-run", "--explain", self.image, other)
        self.assertEqual(planned["blobs"], {"uploaded": 0, "mounted": 4, "present": 0})
        self.assertEqual(planned["bytesToSend"], 0)
        self.assertEqual({blob["from"] for blob in planned["plan"]}, {self.first.host + "/acme/app"})
        self.assertEqual(self.writes(self.first), [])
        self.assertEqual(self.push(self.image, other)["blobs"], planned["blobs"])

    def test_why_is_told_of_a_push_too(self):
        self.made(self.image)
        told = self.mlpack("push", "--explain", self.image)
        self.assertRegex(told.err, r"(?m)^  upload +2\.00 MiB +weights ")
        self.assertEqual(told.out.count("\n"), 1)

    def test_weights_that_may_not_be_sent_are_not_and_nothing_else_is(self):
        self.made(self.image)
        refused = self.mlpack("push", self.image, "--forbid-upload", "weights", code=11)
        self.assertIn("layer `weights` (sha256:", refused.err)
        self.assertIn("would have to be uploaded, which `--forbid-upload weights` forbids", refused.err)
        self.assertEqual(self.writes(self.first), [])
        self.mlpack("push", "--dry-run", self.image, "--forbid-upload", "weights", code=11)
        self.mlpack("push", self.image)
        two = self.first.host + "/acme/app:2"
        self.made(two, app="two")
        pushed = self.push(two, "--forbid-upload", "weights", "--forbid-upload", "base")
        self.assertEqual(pushed["blobs"], {"uploaded": 2, "mounted": 0, "present": 2})
        self.mlpack("push", two, "--forbid-upload", "wheels", code=2)

    def test_a_mount_that_is_refused_is_no_upload_of_what_is_forbidden(self):
        self.made(self.image)
        self.mlpack("push", self.image)
        self.first.take()
        self.first.faults = {"POST mount=": [500] * 99}
        refused = self.mlpack("push", self.image, self.first.host + "/acme/other:1", "--forbid-upload", "weights", code=11)
        self.assertIn("`--forbid-upload weights` forbids", refused.err)
        self.assertEqual([r for r in self.first.take() if r.method in ("PUT", "PATCH") and r.sent > MIB], [])


class Guarded(Push):
    def test_a_tag_that_somebody_else_moved_is_not_moved(self):
        old = self.made(self.image)["digest"]
        self.mlpack("push", self.image, "--if-match", "none")
        self.made("mine:1", app="mine")
        theirs = self.made("theirs:1", app="theirs")["digest"]
        self.mlpack("push", "theirs:1", self.image, "--if-match", old)
        refused = self.mlpack("push", "mine:1", self.image, "--if-match", old, code=11)
        self.assertIn("leads to `%s` and not to `%s`" % (theirs, old), refused.err)
        self.assertEqual(self.digest_at(self.image), theirs)
        self.mlpack("push", "mine:1", self.image, "--if-match", "none", code=11)
        self.mlpack("push", "theirs:1", self.image, "--if-match", old)  # it is there already
        self.mlpack("push", "mine:1", self.image, "--if-match", "latest", code=2)

    def test_a_tag_that_is_moved_during_the_push_is_left_alone(self):
        old = self.made(self.image)["digest"]
        self.mlpack("push", self.image)
        mine = self.made("mine:1", app="mine")["digest"]
        theirs = self.made("theirs:1", app="theirs")["digest"]
        behind = "127.0.0.1:%d/acme/app:1" % self.first.server.target
        self.first.faults = {"PUT": [("before", lambda: self.mlpack("push", "theirs:1", behind))]}
        refused = self.mlpack("push", "mine:1", self.image, "--if-match", old, code=11)
        self.assertIn("it was not moved to `%s`" % mine, refused.err)
        self.assertEqual(self.digest_at(self.image), theirs)
        moved = self.push("mine:1", self.image, "--if-match", theirs)
        self.assertEqual((moved["replaced"], moved["digest"]), (theirs, mine))

    def test_a_receipt_says_what_was_pushed(self):
        digest = self.made(self.image)["digest"]
        second, bad = self.registry().host + "/acme/app:1", "127.0.0.1:1/acme/app:1"
        receipt = self.path("receipts", "push.json")
        self.mlpack("push", self.image, self.image, second, bad, "--receipt", receipt, code=6, timeout=200)
        with open(receipt) as file:
            written = json.load(file)
        self.assertEqual(os.listdir(self.path("receipts")), ["push.json"])
        self.assertEqual([one["ref"] for one in written["pushes"]], [self.image, second, bad])
        self.assertEqual(written["pushes"][2]["error"]["code"], 6)
        shown = json.loads(self.skopeo("inspect", "--raw", "--tls-verify=false", "docker://" + second).out)
        for one in written["pushes"][:2]:
            self.assertEqual(one["digest"], digest)
            self.assertTrue(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", one["begun"]), one["begun"])
            self.assertEqual([(blob["digest"], blob["size"]) for blob in one["blobs"]],
                             [(blob["digest"], blob["size"]) for blob in shown["layers"] + [shown["config"]]])
            self.assertEqual({blob["outcome"] for blob in one["blobs"]}, {"uploaded"})
            self.assertEqual(one["blobs"][0]["role"], "weights")

    def test_a_receipt_that_cannot_be_written_is_known_before_anything_is_sent(self):
        self.made(self.image)
        with open(self.path("file"), "w"):
            pass
        self.mlpack("push", self.image, "--receipt", self.path("file", "receipt"), code=8)
        self.assertEqual(self.first.take(), [])
