"""Weights that a hub or an object store has, from the spec to the image: the loopback hub is held against
huggingface_hub, and mlpack against the hub and against moto's S3, which checks signatures with Amazon's own code.

huggingface_hub and moto come from the package index that pip is set to, into build/remote-tools; where it cannot be
reached, their tests are skipped.
"""

import hashlib
import json
import os
import random
import signal
import subprocess
import tarfile
import time
import unittest

from harness import Case, FULL, MIB, MLPACK, random_bytes
from hub_server import Hub
from python_tools import python_with

TOKEN = "hf_honest"
PACKAGES = ["huggingface_hub", "moto[server]"]
SPEC = """schema: 1
name: tiny
base: scratch
platform: linux/amd64
run: [/serve]
layers: {compression: none}
weights:
  - {name: w, source: "%s", target: /m/%s}
"""


def safetensors(size, seed):
    """A file of that size whose header is right: one tensor of bytes."""
    data = size - 100
    header = json.dumps({"t": {"dtype": "U8", "shape": [data], "data_offsets": [0, data]}}).encode().ljust(92)
    return len(header).to_bytes(8, "little") + header + random_bytes(data, seed)


MODEL = {"config.json": b"{}", "README.md": b"hello\n", "sub/a b+\xe9.txt": b"x" * 100, "empty": b"",
         "model.safetensors": safetensors(MIB, 1), "sub/other.safetensors": safetensors(3 * MIB, 2)}


def hashes(files):
    return {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}


def downloads(hub):
    """What was asked for beside lists."""
    return [r for r in hub.requests if r[0] == "cdn" or "/resolve/" in r[2]]


def weights_in(layout):
    """The files of the weights in an OCI layout: {path below /m: sha256}."""
    def blob(digest):
        return os.path.join(layout, "blobs", "sha256", digest.split(":")[1])

    def document(path):
        with open(path) as file:
            return json.load(file)

    found = {}
    manifest = document(blob(document(os.path.join(layout, "index.json"))["manifests"][0]["digest"]))
    for layer in manifest["layers"]:
        with tarfile.open(blob(layer["digest"])) as tar:
            for member in tar:
                if member.isfile() and member.name.startswith("m/"):
                    found[member.name[2:]] = hashlib.sha256(tar.extractfile(member).read()).hexdigest()
    return found


class Remote(Case):
    def setUp(self):
        super().setUp()
        for name in [name for name in self.env if name.startswith(("HF_", "HUGGING", "AWS_", "TRANSFORMERS_"))]:
            del self.env[name]
        self.env.update(NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
        self.layouts = 0

    def hub(self, models=None, **how):
        hub = Hub({"acme/tiny": MODEL, **(models or {})}, token=TOKEN, **how)
        hub.__enter__()
        self.addCleanup(hub.__exit__)
        self.env["HF_ENDPOINT"] = hub.url
        return hub

    def spec(self, source="hf://acme/tiny", below=""):
        return self.project("tiny", SPEC % (source, below))

    def get(self, source="hf://acme/tiny", *argv, code=0, below=""):
        """The weights of the image that is built from the source: {path: sha256}; else how the build failed."""
        folder = self.spec(source, below)
        self.layouts += 1
        layout = self.path("layout%d" % self.layouts)
        result = self.mlpack("build", folder, "-o", "oci:" + layout, *argv, code=code)
        return result if code else weights_in(layout)

    def empty_store(self):
        """Another store, and nothing that a lock knows of the registry."""
        if os.path.exists(self.path("tiny", "mlpack.lock")):
            os.remove(self.path("tiny", "mlpack.lock"))
        self.env["MLPACK_STORE"] = self.path("store%d" % self.layouts)

    def cached(self):
        folder = os.path.join(self.env["MLPACK_STORE"], "cache", "sha256")
        return set(os.listdir(folder)) if os.path.exists(folder) else set()

    def python(self, script, *argv):
        return self.run_tool(self.wants_tools(), "-c", script, *argv, timeout=600)

    def wants_tools(self):
        return python_with("remote-tools", PACKAGES)


class HonestHub(Remote):
    """Hugging Face's own client is content with the hub that the other tests use."""

    def test_a_snapshot_is_what_the_model_holds(self):
        hub = self.hub(page_size=2)
        script = """if True:
            import sys, os, hashlib, json
            from huggingface_hub import snapshot_download
            folder = snapshot_download("acme/tiny", revision="v1.0")
            found = {}
            for root, _, names in os.walk(folder):
                for name in names:
                    path = os.path.join(root, name)
                    data = open(path, "rb").read()
                    found[os.path.relpath(path, folder)] = hashlib.sha256(data).hexdigest()
            print(json.dumps([os.path.basename(folder), found]))"""
        self.env.update(HF_HUB_DISABLE_XET="1")
        commit, found = self.python(script).json()
        self.assertEqual(commit, hub.commits["acme/tiny"])
        self.assertEqual(found, hashes(MODEL))

    def test_lists_have_sizes_and_hashes_over_all_pages(self):
        self.hub(page_size=2)
        script = """if True:
            import json
            from huggingface_hub import HfApi
            tree = HfApi().list_repo_tree("acme/tiny", recursive=True)
            print(json.dumps({f.path: [f.size, f.lfs.sha256 if f.lfs else None] for f in tree if hasattr(f, "size")}))"""
        large = {path: hashlib.sha256(data).hexdigest() for path, data in MODEL.items() if len(data) >= 1024}
        self.assertEqual(self.python(script).json(),
                         {path: [len(data), large.get(path)] for path, data in MODEL.items()})

    def test_refusals_are_those_that_the_client_knows(self):
        self.hub({"acme/gated": MODEL, "acme/private": MODEL}, gated=["acme/gated"], private=["acme/private"])
        script = """if True:
            import json
            from huggingface_hub import HfApi
            def name(model, **how):
                try:
                    return HfApi().model_info(model, **how).sha
                except Exception as error:
                    return type(error).__name__
            print(json.dumps([name("acme/gated", token=False), name("acme/gated", token="hf_honest"),
                              name("acme/private", token=False), name("acme/none", token="hf_honest"),
                              name("acme/tiny", revision="none")]))"""
        self.assertEqual(self.python(script).json(), ["GatedRepoError", "GatedRepoError", "RepositoryNotFoundError",
                                                      "RepositoryNotFoundError", "RevisionNotFoundError"])


class FromHub(Remote):
    def test_a_model_goes_from_the_hub_through_a_registry_to_another_tool(self):
        self.hub(page_size=2)
        registry = self.registry()
        name = "%s/acme/tiny:1" % registry.host
        self.mlpack("build", self.spec(), "-t", name, "--push")
        self.skopeo("copy", "--src-tls-verify=false", "docker://" + name, "oci:%s:1" % self.path("copied"))
        self.assertEqual(weights_in(self.path("copied")), hashes(MODEL))
        self.verify_store()

    def test_a_second_build_downloads_nothing(self):
        hub = self.hub(page_size=2)
        first = self.build(self.spec("hf://acme/tiny@refs/pr/1"))
        asked = len(downloads(hub))
        second = self.build(self.spec())
        self.assertEqual(len(downloads(hub)), asked)
        self.assertEqual(second["digest"], first["digest"])
        self.assertEqual((second["bytesRead"], [layer["reused"] for layer in second["layers"] if layer["kind"] == "weights"]),
                         (0, [True] * sum(layer["kind"] == "weights" for layer in first["layers"])))

    def test_a_file_that_changed_in_the_cache_is_fetched_again(self):
        self.hub()
        self.mlpack("fetch", self.spec())
        path = os.path.join(self.env["MLPACK_STORE"], "cache", "sha256", hashes(MODEL)["model.safetensors"])
        with open(path, "r+b") as file:
            file.seek(MIB // 2)
            file.write(b"changed")
        result = self.get("hf://acme/tiny", "--offline", code=7)
        self.assertIn("`model.safetensors` of `hf://acme/tiny` is damaged in the store's cache", result.err)
        self.assertEqual(self.get(), hashes(MODEL))
        self.verify_store()

    def test_a_commit_that_is_at_hand_needs_no_hub(self):
        hub = self.hub()
        source = "hf://acme/tiny@" + hub.commits["acme/tiny"]
        self.assertEqual(self.get(source), hashes(MODEL))
        hub.requests.clear()
        self.assertEqual(self.get(source), hashes(MODEL))
        self.assertEqual(hub.requests, [])

    def test_without_a_network_what_was_fetched_is_there(self):
        hub = self.hub()
        missing = self.get("hf://acme/tiny", "--offline", code=3)
        self.assertIn("mlpack fetch", missing.err)
        self.assertEqual(self.mlpack("fetch", self.spec(), "--json").json()["filesFetched"], len(MODEL))
        hub.requests.clear()
        self.assertEqual(self.get("hf://acme/tiny", "--offline"), hashes(MODEL))
        self.assertEqual(hub.requests, [])
        os.remove(os.path.join(self.env["MLPACK_STORE"], "cache", "sha256", hashes(MODEL)["model.safetensors"]))
        self.assertIn("`model.safetensors` of `hf://acme/tiny`", self.get("hf://acme/tiny", "--offline", code=3).err)

    def test_the_token_never_reaches_the_cdn_or_the_image(self):
        hub = self.hub({"acme/private": MODEL}, private=["acme/private"])
        self.env["HF_TOKEN"] = TOKEN
        self.assertEqual(self.get("hf://acme/private"), hashes(MODEL))
        self.assertEqual({r[4] for r in hub.requests if r[0] == "hub"}, {"Bearer " + TOKEN})
        self.assertEqual({r[4] for r in hub.requests if r[0] == "cdn"}, {None})
        found = subprocess.run(["grep", "-r", "-l", TOKEN, self.dir], capture_output=True, encoding="utf-8")
        self.assertEqual(found.stdout, "")

    def test_a_connection_that_breaks_again_and_again_costs_no_byte_twice(self):
        hub = self.hub()
        hub.faults.drop_after, hub.faults.drops = 200_000, 16
        self.assertEqual(self.get(), hashes(MODEL))
        starts = [(r[2], r[3].split("-")[0]) for r in hub.requests if r[0] == "cdn" and r[3]]
        self.assertEqual(len(starts), 16)
        self.assertEqual(len(set(starts)), 16, "each attempt began behind the one before")

    def test_a_connection_that_breaks_anywhere(self):
        chance = random.Random(7)
        hub = self.hub()
        for _ in range(60 if FULL else 20):
            hub.faults.drop_after, hub.faults.drops = chance.randrange(MIB), 1
            self.empty_store()
            self.assertEqual(self.get(), hashes(MODEL), "after %d bytes" % hub.faults.drop_after)

    def test_a_server_that_knows_no_ranges(self):
        hub = self.hub()
        hub.faults.drop_after, hub.faults.drops, hub.faults.ignore_range = 200_000, 3, True
        self.assertEqual(self.get(), hashes(MODEL))

    def test_what_a_killed_build_fetched_is_kept(self):
        hub = self.hub()
        hub.faults.drop_after, hub.faults.drops, hub.faults.ignore_range = 500_000, 100, True
        build = subprocess.Popen([MLPACK, "build", self.spec()], env=self.env, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        part = os.path.join(self.env["MLPACK_STORE"], "cache", "part", hashes(MODEL)["model.safetensors"])
        for _ in range(1000):
            if os.path.exists(part) and os.path.getsize(part) == 500_000:
                break
            time.sleep(0.02)
        build.send_signal(signal.SIGKILL)
        build.wait()
        hub.faults.drops, hub.faults.ignore_range = 0, False
        hub.requests.clear()
        self.assertEqual(self.get(), hashes(MODEL))
        self.assertIn("bytes=500000-%d" % (MIB - 1), [r[3] for r in hub.requests if r[0] == "cdn"])

    def test_lies_are_an_integrity_failure_and_leave_nothing(self):
        for lie in ({"wrong_bytes": True}, {"wrong_sha256": True}, {"wrong_size": 1}, {"evil_path": "../x"}):
            with self.subTest(lie=lie):
                hub = self.hub()
                vars(hub.faults).update(lie)
                self.get(code=7)
                self.assertLessEqual(self.cached(), set(hashes(MODEL).values()))
                self.assertEqual(self.mlpack("store", "ls", "--json").json()["images"], [])

    def test_a_hub_that_is_busy_is_asked_again(self):
        for status in (429, 500, 503):
            hub = self.hub()
            hub.faults.status, hub.faults.statuses = status, 2
            self.empty_store()
            self.assertEqual(self.get(), hashes(MODEL))

    def test_refusals_have_their_exit_codes(self):
        self.hub({"acme/gated": MODEL}, gated=["acme/gated"])
        self.assertIn("gated", self.get("hf://acme/gated", code=4).err)
        self.get("hf://acme/none", code=4)
        self.assertIn("no branch, tag or commit `none`", self.get("hf://acme/tiny@none", code=5).err)
        self.env["HF_TOKEN"] = TOKEN
        self.get("hf://acme/none", code=5)
        self.env["HF_TOKEN"] = "hf_wrong"
        self.assertNotIn("hf_wrong", self.get(code=4).err)
        self.env["HF_HUB_OFFLINE"] = "1"
        self.get(code=3)


class ObjectStore(Remote):
    """S3 as moto has it; signatures are checked by botocore's signer."""

    def setUp(self):
        super().setUp()
        python = self.wants_tools()
        # moto lets so many requests pass before it asks who comes: those that make a user and a bucket here.
        script = """if True:
            import io, json, sys, os
            from moto.server import ThreadedMotoServer
            import boto3
            server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
            server.start()
            url = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
            def client(kind):
                return boto3.client(kind, endpoint_url=url, region_name="us-east-1", aws_access_key_id="x",
                                    aws_secret_access_key="x")
            iam, s3 = client("iam"), client("s3")
            iam.create_user(UserName="u")
            iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}))
            key = iam.create_access_key(UserName="u")["AccessKey"]
            s3.create_bucket(Bucket="acme")
            for path, size in json.loads(sys.argv[1]).items():
                s3.put_object(Bucket="acme", Key=path, Body=(path.encode() * (size // len(path) + 1))[:size],
                              ChecksumAlgorithm="SHA256")
            from moto.core.responses import ActionAuthenticatorMixin
            import moto.core.responses, moto.settings
            ActionAuthenticatorMixin.request_count = 10 ** 6
            moto.settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
            moto.core.responses.settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
            print(json.dumps([url, key["AccessKeyId"], key["SecretAccessKey"]]), flush=True)
            sys.stdin.read()
            server.stop()"""
        self.files = {"m/a b+é.bin": 300_000, "m/sub/c": 10, "m/empty": 0, "other/x": 5}
        self.files.update({"many/%04d" % n: 3 for n in range(1100)})
        self.server = subprocess.Popen([python, "-c", script, json.dumps(self.files)], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self.env, encoding="utf-8")
        self.addCleanup(self.stop)
        url, key, secret = json.loads(self.server.stdout.readline())
        self.env.update(AWS_ENDPOINT_URL_S3=url, AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=secret)

    def stop(self):
        self.server.stdin.close()
        self.server.wait(60)
        self.server.stdout.close()

    def expected(self, prefix):
        return {path[len(prefix):]: hashlib.sha256((path.encode() * (size // len(path) + 1))[:size]).hexdigest()
                for path, size in self.files.items() if path.startswith(prefix)}

    def test_a_folder_one_object_and_a_list_of_pages(self):
        self.assertEqual(self.get("s3://acme/m"), self.expected("m/"))
        self.assertEqual(self.get("s3://acme/m", "--offline"), self.expected("m/"))
        self.assertEqual(self.get("s3://acme/m/sub/c", below="c"), {"c": self.expected("m/sub/")["c"]})
        self.assertEqual(len(self.get("s3://acme/many")), 1100)

    def test_refusals(self):
        self.get("s3://acme/none", code=5)
        self.get("s3://nobody/x", code=5)
        self.env["AWS_SECRET_ACCESS_KEY"] = "wrong-secret"
        refused = self.get("s3://acme/m", code=4)
        self.assertNotIn("wrong-secret", refused.err)


if __name__ == "__main__":
    unittest.main()
