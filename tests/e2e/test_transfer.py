"""Large, many and at once: pushes through connections and processes that are killed, with latency, and in parallel."""

import collections
import json
import os
import random
import subprocess
import sys
import threading
import time

from harness import FULL, MIB, MLPACK, ROOT, Case, random_bytes

sys.path.insert(0, os.path.join(ROOT, "tests", "support"))

from fault_handler import digest_of  # noqa: E402
from fault_images import CONFIG, LAYER, MANIFEST, compact  # noqa: E402
from fault_profiles import profiles  # noqa: E402
from fault_server import FaultServer  # noqa: E402

SEED = int(os.environ.get("MLPACK_E2E_SEED", random.randrange(1 << 30)))
CUTS, KILLS, SHARDS = (30, 20, 20) if FULL else (10, 5, 8)
SHARD = 256 * MIB if FULL else 8 * MIB
SMALL_BLOBS = 1000 if FULL else 120
TRANSFERS = 4  # at a time


def write_layout(folder, layers):
    """An OCI layout of one image whose layers are tars of those bytes; gives the digest of its manifest."""
    blobs = os.path.join(folder, "blobs", "sha256")
    os.makedirs(blobs)

    def put(data):
        with open(os.path.join(blobs, digest_of(data)[7:]), "wb") as file:
            file.write(data)
        return {"digest": digest_of(data), "size": len(data)}

    described = [{"mediaType": LAYER, **put(data)} for data in layers]
    config = compact({"architecture": "amd64", "os": "linux", "config": {},
                      "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in described]}})
    manifest = compact({"schemaVersion": 2, "mediaType": MANIFEST, "config": {"mediaType": CONFIG, **put(config)},
                        "layers": described})
    entry = {"mediaType": MANIFEST, **put(manifest), "annotations": {"org.opencontainers.image.ref.name": "1"}}
    for name, value in (("index.json", {"schemaVersion": 2, "manifests": [entry]}),
                        ("oci-layout", {"imageLayoutVersion": "1.0.0"})):
        with open(os.path.join(folder, name), "w") as file:
            json.dump(value, file)
    return digest_of(manifest)


class Killer:
    """Is told of bytes that moved, and ends connections and processes at some of them."""

    def __init__(self, cuts, kills):
        self.cuts, self.kills, self.moved, self.lock = sorted(cuts), sorted(kills), 0, threading.Lock()
        self.process, self.cut, self.killed = None, 0, 0

    def __call__(self, count):
        with self.lock:
            self.moved += count
            if self.kills and self.moved >= self.kills[0]:
                self.kills.pop(0)
                self.killed += 1
                self.process.kill()
            if self.cuts and self.moved >= self.cuts[0]:
                self.cuts.pop(0)
                self.cut += 1
                raise ConnectionResetError("cut by the test")


class Transfer(Case):
    def server(self, name="zot", **how):
        server = FaultServer(profiles(tiny=False)[name], **how)
        self.addCleanup(server.stop)
        return server

    def test_a_push_through_cut_connections_and_killed_processes_ends_right(self):
        chance, size = random.Random(SEED), SHARDS * SHARD
        digest = write_layout(self.path("layout"), (random_bytes(SHARD, seed=n) for n in range(SHARDS)))
        killer = Killer([chance.randrange(size) for _ in range(CUTS)], [chance.randrange(size) for _ in range(KILLS)])
        registry = self.registry()
        server = self.server(upstream=registry.port, moved=killer)
        self.env["MLPACK_NETWORK"] = "wait=0.05,longest-wait=0.5"
        argv = [MLPACK, "push", "oci:%s:1" % self.path("layout"), server.host + "/acme/large:1"]
        for _ in range(KILLS + 1):
            with open(self.path("log"), "w+") as log:
                killer.process = subprocess.Popen(argv, env=self.env, stdout=log, stderr=log)
                code = killer.process.wait(600)
                log.seek(0)
                self.assertIn(code, (0, -9), "seed %d: %s" % (SEED, log.read()[-3000:]))
            if code == 0:
                break
        self.assertEqual(code, 0)
        self.assertGreaterEqual(killer.killed, min(KILLS, 3))
        self.assertGreaterEqual(killer.cut, 3)
        lost = (killer.cut + TRANSFERS * killer.killed) * SHARD
        self.assertLessEqual(killer.moved, size + lost + MIB, "seed %d" % SEED)
        image = "docker://%s/acme/large:1" % registry.host
        self.assertEqual(self.skopeo("inspect", "--tls-verify=false", "--format", "{{.Digest}}", image).out.strip(), digest)
        self.skopeo("copy", "--quiet", "--src-tls-verify=false", image, "oci:%s:1" % self.path("copy"))

    def test_many_small_blobs_cost_their_round_trips_and_few_connections(self):
        latency = 0.05
        write_layout(self.path("layout"), (random_bytes(1024, seed=n) for n in range(SMALL_BLOBS)))
        server = self.server(latency=latency)
        began = time.monotonic()
        self.mlpack("push", "oci:%s:1" % self.path("layout"), server.host + "/acme/many:1")
        seconds = time.monotonic() - began
        self.assertEqual(server.problem("acme/many", "1", None), "")
        self.assertLessEqual(seconds, 1.5 * SMALL_BLOBS * 3 * latency / TRANSFERS + 1)
        # An answer is held while the blob that it is about is looked for.
        self.assertLessEqual(server.connections, 2 * TRANSFERS + 1, "connections are kept")
        self.assertGreaterEqual(len(server.requests), 4 * SMALL_BLOBS)

    def test_eight_processes_push_one_image_at_once(self):
        spec = "schema: 1\nname: a\nbase: scratch\nplatform: linux/amd64\nweights: [{source: w/, target: /w}]\n"
        folder = self.project("project", spec, {"w/a.bin": random_bytes(2 * MIB), "w/b.bin": random_bytes(MIB, seed=2)})
        server = self.server(latency=0.01)
        image = server.host + "/acme/eight:1"
        digest = self.build(folder, "-t", image)["digest"]
        pushes = [subprocess.Popen([MLPACK, "push", image, "--json"], env=self.env, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True) for _ in range(8)]
        for push in pushes:
            out, err = push.communicate(timeout=120)
            self.assertEqual(push.returncode, 0, err)
            self.assertEqual(json.loads(out)["digest"], digest)
        self.assertEqual(server.problem("acme/eight", "1", digest), "")
        sent = collections.Counter(one.path.split("digest=")[1] for one in server.requests if one.kind == "put")
        self.assertLessEqual(max(sent.values()), 8)
        self.verify_store()
