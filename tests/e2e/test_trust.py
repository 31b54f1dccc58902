"""Where pulls go by registries.conf, whom TLS trusts, and where a registry cannot send us."""

import os
import shutil
import socket
import subprocess
import time
import unittest

from harness import Case, MIB, random_bytes, start, write_files

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
