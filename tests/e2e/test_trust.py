"""Where pulls go by registries.conf, whom TLS trusts, and where a registry cannot send us."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import unittest

from harness import Case, MIB, ROOT, random_bytes, start, write_files

sys.path.insert(0, os.path.join(ROOT, "tests", "support"))

from fault_acts import cut_answer  # noqa: E402
from fault_list import FOREVER  # noqa: E402
from fault_profiles import profiles  # noqa: E402
from fault_server import FaultServer  # noqa: E402
from torture import make_certificate  # noqa: E402

SPEC = """\
schema: 1
name: app
base: scratch
platform: linux/amd64
files: [{source: app/, target: /app}]
"""
MISSING = "127.0.0.1:1"  # where nobody listens


class Pushed(Case):
    def setUp(self):
        super().setUp()
        self.real = self.registry()
        self.image = self.real.host + "/cache/acme/app:1"
        folder = self.project("project", SPEC, {"app/data.bin": random_bytes(MIB)})
        self.digest = self.build(folder, "-t", self.image)["digest"]
        self.mlpack("push", self.image)
        self.env["MLPACK_STORE"] = self.path("other-store")

    def conf(self, text):
        write_files(self.path("home"), {".config/containers/registries.conf": text})


class Mirrors(Pushed):
    def test_a_pull_comes_from_the_mirror_where_the_place_itself_is_gone(self):
        self.conf('[[registry]]\nlocation = "%s"\n[[registry.mirror]]\nlocation = "%s/cache"\n' % (MISSING, self.real.host))
        pulled = self.mlpack("pull", "--json", MISSING + "/acme/app:1").json()
        self.assertEqual((pulled["ref"], pulled["digest"]), ("%s/acme/app:1@%s" % (MISSING, self.digest), self.digest))
        self.verify_store()

    def test_the_place_itself_is_asked_where_the_mirror_lacks_it_or_is_gone(self):
        for mirror in (self.real.host + "/nowhere", MISSING):
            self.conf('[[registry]]\nlocation = "%s"\n[[registry.mirror]]\nlocation = "%s"\n' % (self.real.host, mirror))
            copied = self.mlpack("copy", self.image, "oci:" + self.path("layout"), timeout=100)
            self.assertEqual(copied.out, self.digest + "\n")

    def test_another_location_and_a_base_behind_it(self):
        self.conf('[[registry]]\nprefix = "registry.example.com/base"\nlocation = "%s/cache/acme"\n' % self.real.host)
        folder = self.project("second", SPEC.replace("scratch", "registry.example.com/base/app:1"), {"app/b": "b"})
        built = self.build(folder, "-t", self.real.host + "/acme/second:1", "--push")
        self.assertEqual(built["layers"][0]["kind"], "base")
        self.skopeo("inspect", "--tls-verify=false", "docker://%s/acme/second:1" % self.real.host)

    def test_what_is_blocked_is_neither_pulled_nor_pushed(self):
        self.conf('[[registry]]\nlocation = "%s"\nblocked = true\n' % self.real.host)
        for words in (["pull", self.image], ["copy", self.image, "oci:" + self.path("x")]):
            refused = self.mlpack(*words, code=11)
            self.assertIn("`%s` is blocked: `%s` says so" % (
                self.image, self.path("home", ".config/containers/registries.conf")), refused.err)

    def test_a_file_that_is_wrong_is_told_about_with_its_place(self):
        self.conf('[[registry]]\nlocation = "a.example"\nblocked = "yes"\n')
        refused = self.mlpack("pull", self.image, code=3)
        self.assertIn("registries.conf:3:", refused.err)
        self.assertIn("`blocked` is true or false", refused.err)


class BadMirrors(Pushed):
    """A mirror has the image, and goes wrong in the middle of its layer of a MiB."""

    def setUp(self):
        super().setUp()
        self.env["MLPACK_NETWORK"] = "connect=5,stall=1,wait=0.02,longest-wait=0.1"
        self.before = self.proxy(self.real)

    def mirror(self, **how):
        server = FaultServer(profiles(tiny=False)["zot"], **how)
        self.addCleanup(server.stop)
        trust = ["--ca", how["certificate"]] if "certificate" in how else []
        self.mlpack("copy", self.image, server.host + "/cache/acme/app:1", *trust)
        server.requests.clear()
        return server

    def pull(self, *mirrors, insecure=False):
        """Pulls through mirrors; gives what mlpack said, and the bytes of blobs that the place itself gave."""
        tables = "".join('[[registry.mirror]]\nlocation = "%s"\n%s' % (mirror.host, "insecure = true\n" if insecure else "")
                         for mirror in mirrors)
        self.conf('[[registry]]\nlocation = "%s"\n%s' % (self.before.host, tables))
        self.before.take()
        pulled = self.mlpack("pull", "--json", self.before.host + "/cache/acme/app:1", timeout=60)
        self.assertEqual(pulled.json()["digest"], self.digest)
        self.verify_store()
        return pulled.err, sum(one.received for one in self.before.take() if "/blobs/" in one.path)

    def let_fall(self, server):
        """It gives half of the layer, and no blob afterwards."""
        fallen = []

        def act(handler):
            if fallen:
                return handler.hang_up()
            if len(handler.repository.blobs[handler.rest]) > MIB // 2:
                fallen.append(handler.rest)
                return cut_answer("mid")(handler)
            return None

        server.fault("get-blob", act, FOREVER)

    def test_one_that_falls_in_the_middle_of_a_blob_is_gone_on_from_there(self):
        mirror = self.mirror()
        self.let_fall(mirror)
        told, received = self.pull(mirror)
        self.assertIn("mirror `%s/cache/acme/app`: " % mirror.host, told)
        self.assertLess(received, 3 * MIB // 4)
        self.assertGreater(received, MIB // 4)

    def test_of_two_that_fall_the_second_gives_what_the_first_did_not(self):
        first, second = self.mirror(), self.mirror()
        self.let_fall(first)
        _, received = self.pull(first, second)
        self.assertEqual(received, 0)
        self.assertEqual({one.kind for one in second.requests}, {"get-blob"})

    def test_one_that_falls_costs_no_more_than_a_moment(self):
        self.env.pop("MLPACK_NETWORK")  # ten attempts, that is: minutes
        mirror = self.mirror()
        self.let_fall(mirror)
        began = time.monotonic()
        self.pull(mirror)
        self.assertLess(time.monotonic() - began, 15)

    def test_one_that_starts_is_waited_for_where_nothing_else_can_be_reached(self):
        mirror = self.mirror()
        mirror.fault("head-manifest get-manifest", lambda handler: handler.hang_up(), 3)
        self.conf('[[registry]]\nlocation = "%s"\n[[registry.mirror]]\nlocation = "%s"\n' % (MISSING, mirror.host))
        pulled = self.mlpack("pull", "--json", MISSING + "/cache/acme/app:1", timeout=60)
        self.assertEqual(pulled.json()["digest"], self.digest)
        self.assertIn("its mirrors are tried again", pulled.err)
        self.verify_store()

    def test_one_that_stalls_is_given_up(self):
        mirror = self.mirror()
        mirror.fault("get-blob", lambda handler: handler.registry.ending.wait(90), FOREVER, 1)
        self.pull(mirror)

    def test_one_that_sends_other_bytes_is_not_asked_again(self):
        mirror = self.mirror()
        mirror.fault("get-blob", lambda handler: handler.answer(200, (), bytes(len(handler.repository.blobs[handler.rest])),
                                                                "application/octet-stream"), FOREVER)
        told, received = self.pull(mirror)
        self.assertIn("it is not asked again", told)
        self.assertGreater(received, MIB)
        self.assertEqual(len([one for one in mirror.requests if one.kind == "get-blob"]), 1)

    def test_one_whose_layer_is_another_is_read_anew_elsewhere(self):
        mirror = self.mirror()
        blob = max(mirror.repositories["cache/acme/app"].blobs.items(), key=lambda one: len(one[1]))
        mirror.repositories["cache/acme/app"].blobs[blob[0]] = blob[1][:-1] + bytes([blob[1][-1] ^ 1])
        told, received = self.pull(mirror)
        self.assertIn("it is not asked again", told)
        self.assertGreater(received, MIB)

    def behind_liar(self):
        """A mirror before the image whose manifests and config are right, and whose layer is zeros; what the image is called."""
        mirror = self.mirror()

        def act(handler):
            size = len(handler.repository.blobs[handler.rest])
            return handler.answer(200, (), bytes(size), "application/octet-stream") if size > MIB // 2 else None

        mirror.fault("get-blob", act, FOREVER)
        self.conf('[[registry]]\nlocation = "%s"\n[[registry.mirror]]\nlocation = "%s"\n' % (self.before.host, mirror.host))
        return self.before.host + "/cache/acme/app:1"

    def check_copy(self, place, *argv):
        """Somebody else finds the whole image there, every blob compared with its digest."""
        folder = self.path("checked-" + os.urandom(4).hex())
        self.skopeo("copy", *argv, place, "dir:" + folder)

    def test_copies_and_exports_are_begun_anew_behind_one_that_lies(self):
        target = self.registry().host + "/acme/app:1"
        for place, shown in (("oci:" + self.path("layout") + ":1",) * 2, ("oci-archive:" + self.path("oci.tar") + ":1",) * 2,
                             ("docker-archive:" + self.path("docker.tar") + ":acme/app:1",) * 2,
                             (target, "docker://" + target)):
            with self.subTest(place):
                image = self.behind_liar()
                copied = self.mlpack("copy", image, place, timeout=60)
                self.assertIn(self.digest, copied.out)
                self.assertIn("it is not asked again", copied.err)
                self.check_copy(shown, *(["--src-tls-verify=false"] if shown.startswith("docker:") else []))

    def test_what_went_to_stdout_cannot_be_taken_back(self):
        refused = self.mlpack("copy", self.behind_liar(), "oci-archive:-", code=7, timeout=60)
        self.assertIn("what is out cannot be taken back", refused.err)

    def test_what_is_built_on_its_image_is_exported_and_pushed_to_several_all_the_same(self):
        image = self.behind_liar()
        folder = self.project("second", SPEC.replace("scratch", image), {"app/b": "b"})
        built = self.build(folder, "-t", "second:1", "-o", "oci:%s:1" % self.path("built"), timeout=60)
        self.check_copy("oci:%s:1" % self.path("built"))
        self.behind_liar()
        names = [self.registry().host + "/acme/second:1" for _ in range(3)]
        pushed = self.mlpack("push", "second:1", *names, timeout=60)
        self.assertIn("it is not asked again", pushed.err)
        for name in names:
            self.assertIn("%s@%s\n" % (name, built["digest"]), pushed.out)
            self.check_copy("docker://" + name, "--src-tls-verify=false")

    def test_what_is_looked_at_in_its_image_is_right(self):
        other = "oci:" + self.path("layout")
        self.build(self.project("other", SPEC, {"app/else": "b"}), "-t", "other:1", "-o", other)
        right, found = (self.mlpack("diff", "--json", other, one, timeout=60).json()["files"]
                        for one in (self.image, self.behind_liar()))
        self.assertIn("app/data.bin", json.dumps(right))
        self.assertEqual(found, right)

    def test_one_that_is_insecure_may_have_any_certificate_or_none(self):
        os.mkdir(self.path("tls"))
        mirror = self.mirror(certificate=make_certificate(self.path("tls")))
        _, received = self.pull(mirror, insecure=True)
        self.assertEqual(received, 0)
        shutil.rmtree(self.path("other-store"))
        _, received = self.pull(mirror)
        self.assertGreater(received, MIB)


NGINX = """\
daemon off; pid %(dir)s/nginx.pid; error_log %(dir)s/error.log;
events {}
http {
  access_log off; client_max_body_size 100m;
  client_body_temp_path %(dir)s/b; proxy_temp_path %(dir)s/p; fastcgi_temp_path %(dir)s/f; uwsgi_temp_path %(dir)s/u;
  scgi_temp_path %(dir)s/s;
  server {
    listen 127.0.0.1:%(port)d ssl;
    ssl_certificate %(dir)s/server.pem; ssl_certificate_key %(dir)s/server.key;
    ssl_client_certificate %(dir)s/ca.pem; ssl_verify_client on;
    location / { proxy_pass http://127.0.0.1:%(target)d; proxy_set_header Host $http_host;
                 proxy_set_header X-Forwarded-Proto https; proxy_request_buffering off; }
  }
}
"""


@unittest.skipUnless(shutil.which("nginx"), "needs nginx")
class Certificates(Pushed):
    def setUp(self):
        super().setUp()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = self.path("nginx")
        os.mkdir(self.folder)
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
                     "-subj", "/CN=authority")
        for name in ("server", "client"):
            write_files(self.folder, {name + ".ext": "subjectAltName=IP:127.0.0.1\n"})
            self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj",
                         "/CN=" + name)
            self.openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                         "-out", name + ".pem", "-days", "2", "-extfile", name + ".ext")
        write_files(self.folder, {"nginx.conf": NGINX % {"dir": self.folder, "port": self.port, "target": self.real.port}})
        with open(self.path("nginx-log"), "w") as log:
            server = start(["nginx", "-c", os.path.join(self.folder, "nginx.conf"), "-e", "stderr"], log, log)
        self.addCleanup(lambda: (server.terminate(), server.wait()))
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    break
            time.sleep(0.05)
        self.host = "127.0.0.1:%d" % self.port

    def openssl(self, *argv):
        subprocess.run(["openssl", *argv], cwd=self.folder, check=True, capture_output=True)

    def test_docker_s_certs_d_says_whom_to_trust_and_who_we_are(self):
        target = self.host + "/acme/app:1"
        refused = self.mlpack("copy", self.image, target, code=6, timeout=100)
        self.assertIn("certificate", refused.err)
        where = self.path("home", ".config/docker/certs.d", self.host)
        os.makedirs(where)
        shutil.copy(os.path.join(self.folder, "ca.pem"), os.path.join(where, "ca.crt"))
        self.mlpack("copy", self.image, target, code=5)  # nginx: no certificate of ours
        shutil.copy(os.path.join(self.folder, "client.pem"), os.path.join(where, "client.cert"))
        told = self.mlpack("copy", self.image, target, code=3)
        self.assertIn("has no key `client.key`", told.err)
        shutil.copy(os.path.join(self.folder, "client.key"), os.path.join(where, "client.key"))
        copied = self.mlpack("copy", "--json", self.image, target).json()
        self.assertEqual(copied["digest"], self.digest)
        self.assertEqual(self.mlpack("copy", "--json", target, "oci:" + self.path("back")).json()["digest"], self.digest)
        self.assertEqual(self.mlpack("copy", "--json", self.image, target).json()["bytesSent"], 0)
