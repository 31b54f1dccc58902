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
CUTS, KILLS, SHARDS = 30, 20, 20
SHARD = 256 * MIB if FULL else 10 * MIB
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

    def killed_pushes(self, server, killer):
        """Pushes an image of SHARDS shards, again and again, until no kill comes in between; gives its digest."""
        spec = "schema: 1\nname: large\nbase: scratch\nplatform: linux/amd64\nweights: [{source: w/, target: /w}]\n"
        folder, image = self.project("project", spec), server.host + "/acme/large:1"
        os.mkdir(self.path("project", "w"))
        for n in range(SHARDS):
            with open(self.path("project", "w", "%02d.bin" % n), "wb") as file:
                file.write(random_bytes(SHARD, seed=n))
        digest = self.build(folder, "-t", image)["digest"]
        # All cuts may fall on one shard, of which a registry that cannot go on keeps nothing.
        self.env["MLPACK_NETWORK"] = "wait=0.05,longest-wait=0.5,attempts=%d" % (CUTS + 1)
        argv = [MLPACK, "push", image]
        for _ in range(KILLS + 1):
            with open(self.path("log"), "w+") as log:
                killer.process = subprocess.Popen(argv, env=self.env, stdout=log, stderr=log)
                code = killer.process.wait(600)
                log.seek(0)
                self.assertIn(code, (0, -9), "seed %d: %s" % (SEED, log.read()[-3000:]))
            if code == 0:
                break
        self.assertEqual(code, 0)
        self.assertGreaterEqual(killer.killed, KILLS // 2)
        self.assertGreaterEqual(killer.cut, CUTS // 2)
        self.verify_store()
        self.assertEqual(os.listdir(self.path("store", "uploads")), [])
        if FULL:
            print("        %d bytes arrived of an image of %d, with %d cuts and %d kills (seed %d)" % (
                killer.moved, SHARDS * SHARD, killer.cut, killer.killed, SEED), flush=True)
        return digest

    def killer(self):
        chance, size = random.Random(SEED), SHARDS * SHARD
        return Killer([chance.randrange(size) for _ in range(CUTS)], [chance.randrange(size) for _ in range(KILLS)])

    def test_a_registry_that_can_go_on_gets_nothing_twice_after_cuts_and_kills(self):
        killer = self.killer()
        server = self.server("distribution 3", moved=killer, keeps=False)
        digest = self.killed_pushes(server, killer)
        self.assertEqual(server.problem("acme/large", "1", digest), "")
        # What a cut or a kill loses is what was under way between the two: no shard, but some hundred KiB.
        self.assertLessEqual(killer.moved, SHARDS * SHARD + (killer.cut + killer.killed + 1) * MIB, "seed %d" % SEED)

    def test_a_registry_that_cannot_gets_what_was_under_way_again_after_cuts_and_kills(self):
        killer, registry = self.killer(), self.registry()
        digest = self.killed_pushes(self.server(upstream=registry.port, moved=killer), killer)
        under_way = (killer.cut + TRANSFERS * killer.killed) * SHARD
        self.assertLessEqual(killer.moved, SHARDS * SHARD + under_way + MIB, "seed %d" % SEED)
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
        if FULL:
            print("        %d blobs in %.1f s, %d connections, %d requests" % (
                SMALL_BLOBS, seconds, server.connections, len(server.requests)), flush=True)
        self.assertEqual(server.problem("acme/many", "1", None), "")
        # The machine of a quick run may be busy.
        self.assertLessEqual(seconds, (1.5 if FULL else 4) * SMALL_BLOBS * 3 * latency / TRANSFERS + 1)
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
            report = json.loads(out)
            self.assertEqual((report["digest"], report["retries"]), (digest, 0))
            self.assertLessEqual(report["bytesSent"], 3 * MIB + MIB // 4, "each blob at most once")
        self.assertEqual(server.problem("acme/eight", "1", digest), "")
        sent = collections.Counter(one.path.split("digest=")[1] for one in server.requests if one.kind == "put")
        self.assertLessEqual(max(sent.values()), 8)
        self.verify_store()

    def test_eight_processes_that_build_and_push_read_the_weights_once(self):
        spec = "schema: 1\nname: a\nbase: scratch\nplatform: linux/amd64\nweights: [{source: w/, target: /w}]\n"
        weights = {"w/a.bin": random_bytes(4 * MIB), "w/b.bin": random_bytes(MIB, seed=2)}
        folder, server = self.project("project", spec, weights), self.server(latency=0.01)
        image = server.host + "/acme/eight:1"
        builds = [subprocess.Popen([MLPACK, "build", folder, "-t", image, "--push", "--json"], env=self.env, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
        read, digests = 0, set()
        for build in builds:
            out, err = build.communicate(timeout=120)
            self.assertEqual(build.returncode, 0, err)
            read += json.loads(out)["bytesRead"]
            digests.add(json.loads(out)["digest"])
        self.assertEqual(len(digests), 1)
        self.assertLessEqual(read, 5 * MIB + MIB // 4)
        self.assertEqual(server.problem("acme/eight", "1", digests.pop()), "")
