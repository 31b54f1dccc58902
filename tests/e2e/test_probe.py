"""`mlpack doctor --registry HOST/REPOSITORY` finds out how an unknown registry takes uploads, and pushes begin with it."""

import json
import os
import shutil
import sys

from harness import Case, ROOT

sys.path.insert(0, os.path.join(ROOT, "tests", "support"))

from fault_handler import PASSWORD, USER  # noqa: E402
from fault_profiles import profiles  # noqa: E402
from fault_server import FaultServer  # noqa: E402
from torture import small_image  # noqa: E402


class Probe(Case):
    def setUp(self):
        super().setUp()
        self.digest = small_image(self.path("layout"), 2 << 20)

    def probe(self, repository, **how):
        found = self.mlpack("doctor", "--json", "--registry", repository, code=None, **how).json()["findings"]
        return {one["id"]: one for one in found if one["id"].startswith("registry-")}

    def push(self, host):
        return self.mlpack("push", "--json", "oci:%s:1" % self.path("layout"), host + "/acme/app:1").json()

    def test_docker_registry_takes_everything(self):
        host = self.registry().host
        found = self.probe(host + "/acme/probe")["registry-uploads"]
        self.assertEqual((found["level"], found["what"]), (
            "info", "registry `%s` takes uploads as one PUT, one PATCH, chunks of 256 KiB" % host))
        self.assertEqual(self.push(host)["retries"], 0)

    def test_every_registry_of_the_table_is_found_out_and_gets_nothing_that_it_refuses(self):
        for name, profile in profiles().items():
            with self.subTest(name):
                shutil.rmtree(self.path("store"), ignore_errors=True)
                server = FaultServer(profile)
                self.addCleanup(server.stop)
                found = self.probe(server.host + "/acme/probe")["registry-uploads"]
                self.assertEqual(found["level"], "info", found)
                self.assertEqual("one PUT" in found["what"], not profile.largest_body, found)
                self.assertEqual("chunks" in found["what"], profile.patch != 405 and profile.kept == "all", found)
                server.requests.clear()
                self.push(server.host)
                self.assertEqual(server.problem("acme/app", "1", self.digest), "")
                for one in server.requests:
                    if one.kind in ("put", "patch") and profile.largest_body:
                        self.assertLessEqual(one.size, profile.largest_body)
                    if one.kind == "patch":
                        self.assertTrue(profile.takes_chunks())
                        self.assertLessEqual(one.size, profile.largest_chunk or one.size)

    def test_a_host_alone_is_sent_nothing(self):
        server = FaultServer(profiles()["zot"])
        self.addCleanup(server.stop)
        self.assertEqual(set(self.probe(server.host)), {"registry-anonymous"})
        self.assertEqual({one.kind for one in server.requests}, {"ping"})

    def test_who_may_not_push_is_told(self):
        server = FaultServer(profiles()["zot"], auth="basic")
        self.addCleanup(server.stop)
        self.assertEqual(set(self.probe(server.host + "/acme/probe")), {"registry-login"})
        auth = {"DOCKER_AUTH_CONFIG": json.dumps({"auths": {server.host: {"username": USER, "password": PASSWORD}}})}
        self.assertEqual(set(self.probe(server.host + "/acme/probe", env=auth)), {"registry-uploads"})

    def test_a_name_that_is_no_repository_is_refused(self):
        refused = self.mlpack("doctor", "--registry", "registry.example.com/UPPER", code=2)
        self.assertIn("names no repository", refused.err)
