"""Weights that go from a hub to a registry without touching the disk: how much is stored, what is asked for, and what
becomes of them where the hub lies or either side hangs up.
"""

import json
import os
import random
import threading
import unittest

from harness import FULL, MIB, MLPACK, peak_memory, random_bytes, start
from test_remote import Remote, TOKEN, downloads, hashes, safetensors, weights_in

GIB = 1 << 30
SIZE = 2 * GIB if FULL else 64 * MIB
MODEL = {"config.json": b"{}", "tokenizer.json": b"{" + b" " * 300 + b"}", "model.safetensors": safetensors(5 * MIB, 3)}


def large_model():
    """Two shards and what describes them. The bytes of the full form repeat, so that it is made quickly."""
    data = SIZE // 2 - 100
    header = json.dumps({"t": {"dtype": "U8", "shape": [data], "data_offsets": [0, data]}}).encode().ljust(92)
    def shard(seed):
        block = random_bytes(MIB, seed)
        return b"".join([len(header).to_bytes(8, "little"), header, (block * (data // MIB + 1))[:data]])
    return {"config.json": b"{}", "a.safetensors": shard(1), "b.safetensors": shard(2)}


def disk_use(folder):
    """Bytes on disk, and those of deleted files are none."""
    total = 0
    for at, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(at, name)).st_blocks * 512
            except FileNotFoundError:
                pass
    return total


class PeakOf:
    """The most that a folder takes on disk meanwhile."""

    def __init__(self, folder):
        self.folder, self.peak, self.over = folder, 0, threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.over.wait(0.02):
            self.peak = max(self.peak, disk_use(self.folder))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.peak = max(self.peak, disk_use(self.folder))


class Stream(Remote):
    def setUp(self):
        super().setUp()
        self.registry_behind = self.registry()
        self.to = self.proxy(self.registry_behind)
        self.image = "%s/acme/tiny:1" % self.to.host

    def publish(self, code=0, source="hf://acme/tiny", argv=()):
        result = self.mlpack("build", self.spec(source), "-t", self.image, "--push", "--json", *argv, code=code)
        return result if code else result.json()

    def published(self):
        """What another tool finds in the registry: {path: sha256}."""
        self.layouts += 1
        layout = self.path("copied%d" % self.layouts)
        name = self.image.replace(self.to.host, self.registry_behind.host)
        self.skopeo("copy", "--quiet", "--src-tls-verify=false", "docker://" + name, "oci:%s:1" % layout)
        return weights_in(layout)

    def is_tagged(self):
        name = self.image.replace(self.to.host, self.registry_behind.host)
        return self.skopeo("inspect", "--raw", "--tls-verify=false", "docker://" + name, code=None).code == 0

    def sent(self):
        """The bodies that went to the registry since the last call: {method: bytes}."""
        sent = {}
        for request in self.to.take():
            sent[request.method] = sent.get(request.method, 0) + request.sent
        return sent

    def whole_downloads(self, hub):
        return [r for r in hub.requests if r[0] == "cdn" and r[3] != "bytes=0-65535"]

    def test_a_large_model_is_published_on_no_disk_in_little_memory_and_published_again_for_nothing(self):
        model = large_model()
        hub = self.hub({"acme/large": model})
        with open(self.path("out"), "w") as out, open(self.path("err"), "w") as err, PeakOf(self.env["MLPACK_STORE"]) as disk:
            process = start([MLPACK, "build", self.spec("hf://acme/large"), "-t", self.image, "--push", "--json"], out, err,
                            env=self.env)
            memory = peak_memory(process)
        with open(self.path("err")) as err:
            self.assertEqual(process.returncode, 0, err.read())
        self.assertLess(disk.peak, 10 * MIB)
        self.assertLess(memory, 100 * MIB)
        self.assertEqual(len(self.whole_downloads(hub)), 2)
        self.assertGreater(self.sent()["PATCH"], SIZE)
        if not FULL:
            self.assertEqual(self.published(), hashes(model))
        hub.requests.clear()
        self.publish(source="hf://acme/large")
        self.assertEqual(downloads(hub), [])
        self.assertEqual(sum(self.sent().values()), 0)
        self.mlpack("store", "rm", self.image)
        self.publish(source="hf://acme/large", argv=("-t", self.image[:-1] + "2"))
        self.assertEqual(downloads(hub), [])
        self.assertLess(sum(self.sent().values()), 5000)

    def test_the_store_knows_and_copes_with_what_it_does_not_hold(self):
        hub = self.hub({"acme/tiny": MODEL})
        self.publish()
        self.assertNotIn(hashes(MODEL)["model.safetensors"], self.cached())
        self.verify_store()
        self.mlpack("store", "gc", "--all")
        self.assertIn("model.safetensors", self.mlpack("inspect", self.image, "--files").out)
        self.assertIn("U8", self.mlpack("inspect", self.image, "--model").out)
        other = self.registry()
        self.mlpack("push", self.image, "%s/acme/other:1" % other.host)
        self.image = "%s/acme/other:1" % other.host
        self.assertEqual(self.published(), hashes(MODEL))

    def test_a_source_that_lies_or_is_gone_is_made_up_for_by_the_registry_that_has_the_layer(self):
        hub = self.hub({"acme/tiny": MODEL})
        self.publish()
        pushed = self.image
        for fault in ("wrong_end", "gone"):
            with self.subTest(fault=fault):
                if fault == "gone":
                    hub.__exit__()
                else:
                    hub.faults.wrong_end = True
                self.layouts += 1
                self.image = "%s/acme/copy:%d" % (self.registry().host, self.layouts)
                self.mlpack("push", pushed, self.image)
                self.assertEqual(self.published(), hashes(MODEL))

    def test_what_was_fetched_is_not_fetched_again(self):
        hub = self.hub({"acme/tiny": MODEL})
        self.mlpack("fetch", self.spec())
        hub.requests.clear()
        self.publish()
        self.assertEqual(downloads(hub), [])
        self.assertEqual(self.published(), hashes(MODEL))

    def test_lies_end_in_nothing(self):
        for lie, code in (({"wrong_size": 1}, 7), ({"wrong_sha256": True}, 7), ({"wrong_end": True}, 7),
                          ({"wrong_bytes": True}, 3), ({"evil_path": "../x"}, 7)):
            with self.subTest(lie=lie):
                hub = self.hub({"acme/tiny": MODEL})
                vars(hub.faults).update(lie)
                self.empty_store()
                self.layouts += 1
                self.publish(code=code)
                self.assertFalse(self.is_tagged())
                self.assertEqual(self.mlpack("store", "ls", "--json").json()["images"], [])

    def test_a_hub_that_hangs_up_anywhere(self):
        chance = random.Random(11)
        hub = self.hub({"acme/tiny": MODEL})
        digests = set()
        for _ in range(60 if FULL else 20):
            hub.faults.drop_after, hub.faults.drops = chance.randrange(65536, 5 * MIB), 1
            self.empty_store()
            self.layouts += 1
            digests.add(self.publish()["digest"])
            self.assertEqual(hub.faults.drops, 0, "after %d bytes" % hub.faults.drop_after)
        self.assertEqual(len(digests), 1)
        self.assertEqual(self.published(), hashes(MODEL))

    def test_a_link_that_expires_in_the_middle_is_asked_for_again(self):
        hub = self.hub({"acme/tiny": MODEL})
        def expire():
            hub.signed += 1
        hub.faults.drop_after, hub.faults.drops, hub.faults.on_drop = 2 * MIB, 1, expire
        self.publish()
        self.assertEqual(hub.signed, 1)
        self.assertEqual(self.published(), hashes(MODEL))

    def test_a_token_that_expires_in_the_middle_ends_in_nothing(self):
        hub = self.hub({"acme/private": MODEL}, private=["acme/private"])
        self.env["HF_TOKEN"] = TOKEN
        def expire():
            hub.token = "another"
        hub.faults.drop_after, hub.faults.drops, hub.faults.on_drop = 2 * MIB, 1, expire
        refused = self.publish(code=4, source="hf://acme/private")
        self.assertNotIn(TOKEN, refused.out + refused.err)
        self.assertFalse(self.is_tagged())
        hub.token = TOKEN
        self.publish(source="hf://acme/private")
        self.assertEqual(self.published(), hashes(MODEL))

    def test_a_registry_that_hangs_up_gets_all_of_it_again(self):
        hub = self.hub({"acme/tiny": MODEL})
        for fault in ("cut", "lost", 503):
            with self.subTest(fault=fault):
                self.to.faults["PATCH"] = [fault]
                self.empty_store()
                self.layouts += 1
                self.image = "%s/acme/tiny%d:1" % (self.to.host, self.layouts)
                hub.requests.clear()
                self.publish()
                self.assertEqual(self.published(), hashes(MODEL))
                self.assertEqual(len(self.whole_downloads(hub)), 2)

    def test_a_commit_that_fails_or_whose_answer_is_lost(self):
        hub = self.hub({"acme/tiny": MODEL})
        for fault in ("lost", 500):
            with self.subTest(fault=fault):
                self.to.faults["PUT"] = [fault]
                self.empty_store()
                self.layouts += 1
                self.image = "%s/acme/tiny%d:1" % (self.to.host, self.layouts)
                hub.requests.clear()
                self.publish()
                self.assertEqual(self.published(), hashes(MODEL))
                self.assertEqual(len(self.whole_downloads(hub)), 1)


if __name__ == "__main__":
    unittest.main()
