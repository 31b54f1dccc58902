"""Weights that a hub or an object store has: the loopback hub is held against huggingface_hub, and our client against
the hub and against moto's S3, which checks signatures with Amazon's own code.

huggingface_hub and moto come from the package index that pip is set to, into build/remote-tools; where it cannot be
reached, their tests are skipped. The client is driven by remote_tool (tests/unit/registry), which MLPACK_REMOTE_TOOL
names, else the one beside the binary under test.
"""

import hashlib
import json
import os
import subprocess
import sys
import unittest

from harness import Case, MIB, MLPACK, ROOT, random_bytes
from hub_server import Hub

TOKEN = "hf_honest"
MODEL = {"config.json": b"{}", "README.md": b"hello\n", "sub/a b+\xc3\xa9.txt".encode("latin-1").decode(): b"x" * 100,
         "empty": b"", "model-1.safetensors": random_bytes(MIB, 1), "sub/model-2.safetensors": random_bytes(3 * MIB, 2)}
TOOLS = os.path.join(ROOT, "build", "remote-tools")
PACKAGES = ["huggingface_hub", "moto[server]"]


def find_tool():
    beside = [os.path.join(os.path.dirname(MLPACK), up, "tests/unit/registry/remote_tool") for up in ("..", "../..")]
    return next((path for path in [os.environ.get("MLPACK_REMOTE_TOOL", ""), *beside] if os.path.exists(path)), None)


def tools_python():
    """The interpreter of a virtual environment that has PACKAGES, or None."""
    python = os.path.join(TOOLS, "bin", "python")
    mark = os.path.join(TOOLS, "complete")
    if not os.path.exists(mark):
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        made = subprocess.run([sys.executable, "-m", "venv", TOOLS], **quiet).returncode == 0 and subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--retries", "1", *PACKAGES], **quiet).returncode == 0
        if not made:
            return None
        with open(mark, "w"):
            pass
    return python


def hashes(files):
    return {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}


class Remote(Case):
    def setUp(self):
        super().setUp()
        for name in [name for name in self.env if name.startswith(("HF_", "HUGGING", "AWS_", "TRANSFORMERS_"))]:
            del self.env[name]
        self.env.update(NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")

    def hub(self, models=None, **how):
        hub = Hub({"acme/tiny": MODEL, **(models or {})}, token=TOKEN, **how)
        hub.__enter__()
        self.addCleanup(hub.__exit__)
        self.env["HF_ENDPOINT"] = hub.url
        return hub

    def tool(self, *argv, code=0):
        path = find_tool()
        if not path:
            self.skipTest("remote_tool was not built")
        return self.run_tool(path, *argv, code=code)

    def get(self, source="hf://acme/tiny", code=0):
        """What the client fetched: {path: sha256}, each of them read again from the disk."""
        result = self.tool("get", source, self.path("cache"), code=code)
        if code:
            return result
        found = {}
        for line in result.out.splitlines()[1:]:
            _, rest = line.split(" ", 1)
            path, digest = rest.rsplit(" ", 1)
            with open(self.path("cache", "sha256", digest), "rb") as file:
                found[path] = hashlib.sha256(file.read()).hexdigest()
        return found

    def python(self, script, *argv):
        python = tools_python()
        if not python:
            self.skipTest("huggingface_hub and moto cannot be had from the package index")
        return self.run_tool(python, "-c", script, *argv, timeout=600)

    def wants_tools(self):
        return tools_python() or self.skipTest("huggingface_hub and moto cannot be had from the package index")


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


class HubClient(Remote):
    def test_a_model_is_fetched_whole_and_only_once(self):
        hub = self.hub(page_size=2)
        self.assertEqual(self.get("hf://acme/tiny@refs/pr/1"), hashes(MODEL))
        asked = len([r for r in hub.requests if r[0] == "cdn" or "/resolve/" in r[2]])
        self.assertEqual(self.get(), hashes(MODEL))
        self.assertEqual(len([r for r in hub.requests if r[0] == "cdn" or "/resolve/" in r[2]]), asked)

    def test_the_token_never_reaches_the_cdn(self):
        hub = self.hub({"acme/private": MODEL}, private=["acme/private"])
        self.env["HF_TOKEN"] = TOKEN
        self.assertEqual(self.get("hf://acme/private"), hashes(MODEL))
        self.assertEqual({r[4] for r in hub.requests if r[0] == "hub"}, {"Bearer " + TOKEN})
        self.assertEqual({r[4] for r in hub.requests if r[0] == "cdn"}, {None})

    def test_a_connection_that_breaks_again_and_again_costs_no_byte_twice(self):
        hub = self.hub()
        hub.faults.drop_after, hub.faults.drops = 200_000, 16
        self.assertEqual(self.get(), hashes(MODEL))
        starts = [(r[2], r[3].split("-")[0]) for r in hub.requests if r[0] == "cdn" and r[3]]
        self.assertEqual(len(starts), 16)
        self.assertEqual(len(set(starts)), 16, "each attempt began behind the one before")

    def test_a_server_that_knows_no_ranges(self):
        hub = self.hub()
        hub.faults.drop_after, hub.faults.drops, hub.faults.ignore_range = 200_000, 3, True
        self.assertEqual(self.get(), hashes(MODEL))

    def test_what_an_earlier_run_fetched_is_kept(self):
        hub = self.hub()
        hub.faults.drop_after, hub.faults.drops, hub.faults.ignore_range = 500_000, 100, True
        self.get(code=6)
        hub.faults.drops, hub.faults.ignore_range = 0, False
        hub.requests.clear()
        self.assertEqual(self.get(), hashes(MODEL))
        ranges = [r[3] for r in hub.requests if r[0] == "cdn"]
        self.assertIn("bytes=500000-%d" % (MIB - 1), ranges)

    def test_lies_are_an_integrity_failure_and_leave_nothing(self):
        for lie in ({"wrong_bytes": True}, {"wrong_sha256": True}, {"wrong_size": 1}, {"evil_path": "../x"}):
            with self.subTest(lie=lie):
                hub = self.hub()
                vars(hub.faults).update(lie)
                self.get(code=7)
                kept = os.listdir(self.path("cache", "sha256")) if os.path.exists(self.path("cache", "sha256")) else []
                self.assertTrue(set(kept) <= set(hashes(MODEL).values()), kept)

    def test_a_hub_that_is_busy_is_asked_again(self):
        for status in (429, 500, 503):
            hub = self.hub()
            hub.faults.status, hub.faults.statuses = status, 3
            self.assertEqual(self.get(), hashes(MODEL))
        hub = self.hub()
        hub.faults.status, hub.faults.statuses = 429, 100
        self.assertIn("limits requests", self.get(code=5).err)

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
        if not find_tool():
            self.skipTest("remote_tool was not built")
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
        self.assertEqual(self.get("s3://acme/m/sub/c"), {"c": self.expected("m/sub/")["c"]})
        self.assertEqual(len(self.tool("list", "s3://acme/many").out.splitlines()), 1101)

    def test_refusals(self):
        self.get("s3://acme/none", code=5)
        self.get("s3://nobody/x", code=5)
        self.env["AWS_SECRET_ACCESS_KEY"] = "wrong-secret"
        refused = self.get("s3://acme/m", code=4)
        self.assertNotIn("wrong-secret", refused.err)


if __name__ == "__main__":
    unittest.main()
