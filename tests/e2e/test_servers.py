"""Debian's registry behind what stands before registries: each time a push, a pull, a mount and a push of nothing."""

import os
import shutil

from harness import Case, MIB, random_bytes, write_files
from real_servers import DAY, Authority, Nginx, Squid, TokenService, basic

SPEC = """\
schema: 1
name: app
base: scratch
platform: linux/amd64
weights: [{source: weights/, target: /models/base}]
files: [{source: app/, target: /app}]
"""
PASSWORD, WRONG = "correct horse", "wrong horse"


class Servers(Case):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.path("authority"))
        self.certificate = self.authority.issue("server")
        self.secrets, self.said = [], []
        self.env["DOCKER_CONFIG"] = self.path("docker")

    def mlpack(self, *argv, **how):
        result = super().mlpack(*argv, **how)
        self.said.append(result.out + result.err)
        return result

    def keep(self, server):
        self.addCleanup(server.stop)
        return server

    def nginx(self, *servers, name="nginx"):
        return self.keep(Nginx(self.path(name), *servers))

    def before(self, registry, more=""):
        return Nginx.tls(self.certificate) + more + " location / { %s }" % (Nginx.PASS % registry.port)

    def log_in(self, host, password=PASSWORD, code=0, **how):
        return self.mlpack("--ca", self.authority.file, "login", host, "-u", "alice", "--password-stdin",
                           text=password + "\n", code=code, **how)

    def made(self, image, size=3 * MIB):
        return self.build(self.project("project", SPEC, {"weights/a.bin": random_bytes(size), "app/a": "a"}), "-t", image)

    def journey(self, host, size=3 * MIB, judge=None, argv=(), creds=""):
        """All four; `judge` is the host by which skopeo comes to the same registry."""
        image, other = host + "/acme/app:1", host + "/acme/other:1"
        digest = self.made(image, size)["digest"]
        first = self.push(*argv, "--verbose", image)
        self.assertEqual((first["digest"], first["blobs"]["uploaded"]), (digest, 4))
        again = self.push(*argv, image)
        self.assertEqual((again["digest"], again["bytesSent"]), (digest, 0))
        mounted = self.push(*argv, image, other)
        self.assertEqual(mounted["blobs"], {"uploaded": 0, "mounted": 4, "present": 0})
        pulled = self.mlpack("pull", "--json", *argv, other, env={"MLPACK_STORE": self.path("second")}).json()
        self.assertEqual(pulled["digest"], digest)
        self.mlpack("store", "verify", env={"MLPACK_STORE": self.path("second")})
        for number, name in enumerate((image, other)):
            words = ["--src-creds", creds] if creds else []
            self.skopeo("copy", "--quiet", "--src-tls-verify=false", *words,
                        "docker://" + name.replace(host, judge or host), "oci:%s:1" % self.path("copy%d" % number))
        return digest

    def nothing_told(self):
        """No secret is in what was said, nor in what mlpack wrote."""
        texts = [text.encode() for text in self.said]
        for folder in ("store", "second", "project", "home"):
            for at, _, names in os.walk(self.path(folder)):
                for name in names:
                    with open(os.path.join(at, name), "rb") as file:
                        texts.append(file.read())
        for secret in self.secrets:
            self.assertFalse(any(secret.encode() in text for text in texts), "a secret was told")

    def refused(self, code, words, *argv, **how):
        result = self.mlpack(*argv, code=code, **how)
        for word in [words] if isinstance(words, str) else words:
            self.assertIn(word, result.err)
        self.assertLess(result.seconds, 15)

    def test_tls(self):
        registry = self.registry()
        server = self.nginx(self.before(registry), *[Nginx.tls(one) + " location / { return 200; }" for one in (
            self.authority.issue("old", begins=-3 * DAY, ends=-DAY), self.authority.issue("early", begins=DAY, ends=2 * DAY),
            self.authority.issue("other", names="DNS:else.test"))])
        host = server.hosts[0]
        self.journey(host, judge=registry.host, argv=("--ca", self.authority.file))
        push = ["push", host + "/acme/app:1"]
        self.refused(6, ("its certificate is not trusted", "--ca"), *push)
        stranger = Authority(self.path("stranger"))
        self.refused(6, "its certificate is not trusted", "--ca", stranger.file, *push)
        for place, words in zip(server.hosts[1:], ("clock", "clock", "the name that the certificate was made for")):
            self.refused(6, words, "--ca", self.authority.file, "push", host + "/acme/app:1", place + "/acme/app:1")

    def test_passwords(self):
        registry = self.registry(users={"alice": PASSWORD})
        self.secrets = [PASSWORD, WRONG, basic("alice", PASSWORD), basic("alice", WRONG)]
        host = self.nginx(self.before(registry)).hosts[0]
        ca = ("--ca", self.authority.file)
        self.made(host + "/acme/app:1")
        self.refused(4, ("replied 401", "log in with `mlpack login %s`" % host), *ca, "push", host + "/acme/app:1")
        self.assertIn("check the user and the password", self.log_in(host, WRONG, code=4).err)
        self.log_in(host)
        self.journey(host, judge=registry.host, argv=ca, creds="alice:" + PASSWORD)
        self.nothing_told()

    def test_credentials_stay_with_the_registry_where_it_leads_elsewhere(self):
        registry = self.registry(users={"alice": PASSWORD})
        to_registry = Nginx.PASS % registry.port
        server = self.nginx(
            Nginx.tls(self.certificate) + " location / { %s proxy_redirect https://127.0.0.1:@0@/ https://127.0.0.1:@1@/; }"
            " location ~ /blobs/sha256 { if ($request_method = GET) { return 307 https://127.0.0.1:@1@$request_uri; } %s }" % (
                to_registry, to_registry),
            Nginx.tls(self.certificate) + " location / { %s proxy_set_header Authorization 'Basic %s'; }" % (
                to_registry, basic("alice", PASSWORD)))
        self.log_in(server.hosts[0])
        self.journey(server.hosts[0], judge=registry.host, argv=("--ca", self.authority.file), creds="alice:" + PASSWORD)
        elsewhere = [line for line in server.take() if line.startswith("%d " % server.ports[1])]
        for method in ("PUT", "GET"):
            self.assertTrue(any(line.split()[1] == method for line in elsewhere), method)
        self.assertTrue(all('auth="-"' in line for line in elsewhere), elsewhere)

    def test_tokens(self):
        service = self.keep(TokenService(self.dir, {"alice": (PASSWORD, ["pull", "push"]), "bob": (PASSWORD, ["pull"])}))
        front = self.nginx(Nginx.tls(self.certificate) + " location / { proxy_pass http://127.0.0.1:%d; }" % service.port,
                           name="tokens")
        registry = self.registry(tokens=service.settings("https://%s/token" % front.hosts[0]))
        host = self.nginx(self.before(registry)).hosts[0]
        ca = ("--ca", self.authority.file)
        self.made(host + "/acme/app:1")
        self.refused(4, "we came without credentials", *ca, "push", host + "/acme/app:1")
        self.log_in(host, WRONG, code=4)
        self.log_in(host)
        self.journey(host, argv=ca, creds="alice:" + PASSWORD)
        self.assertGreater(len(service.given), 2)
        self.secrets = [PASSWORD, WRONG, basic("alice", PASSWORD), *service.given]
        self.nothing_told()

    def test_client_certificates(self):
        registry = self.registry()
        wants = " ssl_client_certificate %s; ssl_verify_client on;" % self.authority.file
        host = self.nginx(self.before(registry, wants)).hosts[0]
        self.made(host + "/acme/app:1")
        self.refused(5, ("No required SSL certificate was sent", "certs.d"), "--ca", self.authority.file, "push",
                     host + "/acme/app:1")
        folder = self.path("home", ".config/docker/certs.d", host)
        os.makedirs(folder)
        client = self.authority.issue("client")
        for source, name in ((self.authority.file, "ca.crt"), (client, "client.cert"), (client[:-4] + ".key", "client.key")):
            shutil.copy(source, os.path.join(folder, name))
        self.journey(host, judge=registry.host)

    def test_a_limit_of_100_mb(self):
        registry = self.registry()
        server = self.nginx(self.before(registry, " client_max_body_size 100m;"))
        self.journey(server.hosts[0], size=104 * MIB, judge=registry.host, argv=("--ca", self.authority.file))
        sent = server.take()
        self.assertTrue(any(" 413 " in line for line in sent))
        self.assertTrue(any(" PATCH " in line for line in sent))

    def test_a_forward_proxy(self):
        registry = self.registry(users={"alice": PASSWORD})
        server = self.nginx(self.before(registry))
        squid = self.keep(Squid(self.path("squid"), {"carol": "proxy horse"}))
        self.secrets = [PASSWORD, "proxy horse", basic("alice", PASSWORD), basic("carol", "proxy horse")]
        host = "registry.test:%d" % server.ports[0]
        ca = ("--ca", self.authority.file)
        self.made(host + "/acme/app:1")
        push = [*ca, "push", host + "/acme/app:1"]
        closed = [*ca, "push", host + "/acme/app:1", "closed.test/acme/app:1"]
        for user, argv, words in (("", push, ("the proxy", "HTTPS_PROXY")), ("carol:nothing", push, "wants a user"),
                                  ("carol:proxy%20horse", closed, ("the proxy that the environment sets replied 403",
                                                                  "NO_PROXY"))):
            self.env["HTTPS_PROXY"] = squid.url(user)
            self.refused(6, words, *argv)
        self.log_in(host)
        self.journey(host, judge=registry.host, argv=ca, creds="alice:" + PASSWORD)
        self.assertTrue(any("CONNECT" in line for line in squid.requests()))
        self.assertTrue(all('proxy="-"' in line for line in server.take()))
        self.refused(6, "its name is not known", *push, env={"NO_PROXY": "registry.test"})
        self.nothing_told()
