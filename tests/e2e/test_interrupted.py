"""Whatever ends mlpack early, the same command then succeeds, and nothing half-written stands under a final name."""

import json
import os
import random
import signal
import subprocess

from harness import Case, FULL, MIB, MLPACK, interrupt_after, random_bytes, sparse_file, start, write_files

KILLS = int(os.environ.get("MLPACK_E2E_KILLS", 50 if FULL else 10))
SEED = int(os.environ.get("MLPACK_E2E_SEED", random.randrange(1 << 30)))

SPEC = """\
schema: 1
name: killed
base: scratch
platform: linux/amd64
weights: [{source: weights/, target: /models/base}]
files: [{source: lib/, target: /lib2}, {source: app/, target: /app}]
layers: {compression: %s}
"""


class Interrupted(Case):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        data = random_bytes(24 * MIB)
        files = {"weights/model-0000%d.bin" % n: data[n * MIB:] for n in range(1, 3)}
        files.update({"lib/%d.so" % n: data[n * MIB:(n + 6) * MIB] for n in range(3)})
        files.update({"app/%03d.py" % n: "print(%d)\n" % n for n in range(300)})
        self.folder = self.project("project", SPEC % "gzip", files)

    def command(self, *argv, **env):
        quiet = open(os.devnull, "w")
        self.addCleanup(quiet.close)
        return start([MLPACK, *argv], quiet, quiet, env={**self.env, **env})

    def moments(self, seconds):
        """Random moments of a run that takes so long."""
        return [self.random.uniform(0, seconds * 1.05) for _ in range(KILLS)]

    def test_a_build_killed_at_any_moment_succeeds_the_next_time(self):
        whole = self.mlpack("build", self.folder, "-t", "killed:1", "--json")
        digest, killed = whole.json()["digest"], 0
        for n, moment in enumerate(self.moments(whole.seconds)):
            with self.subTest(seed=SEED, moment=moment):
                store = {"MLPACK_STORE": self.path("store%d" % n)}
                killed += interrupt_after(self.command("build", self.folder, "-t", "killed:1", **store), moment)
                again = self.build(self.folder, "-t", "killed:1", env=store)
                self.assertEqual(again["digest"], digest)
                self.mlpack("store", "verify", env=store)
                self.run_tool("rm", "-rf", store["MLPACK_STORE"])
        self.assertGreater(killed, 0)

    def test_builds_killed_one_after_another_in_one_store_get_there_in_the_end(self):
        whole = self.mlpack("build", self.folder, "-t", "killed:1", "--json")
        store = {"MLPACK_STORE": self.path("another")}
        for moment in self.moments(whole.seconds):
            interrupt_after(self.command("build", self.folder, "-t", "killed:1", **store), moment)
        again = self.build(self.folder, "-t", "killed:1", env=store)
        self.assertEqual(again["digest"], whole.json()["digest"])
        self.mlpack("store", "verify", env=store)

    def test_an_export_killed_at_any_moment_leaves_a_whole_file_or_none(self):
        whole = self.mlpack("build", self.folder, "-o", "oci-archive:" + self.path("whole.tar"))
        os.mkdir(self.path("out"))
        target = self.path("out", "image.tar")
        for moment in self.moments(whole.seconds):
            with self.subTest(seed=SEED, moment=moment):
                interrupt_after(self.command("build", self.folder, "-o", "oci-archive:" + target), moment)
                if os.path.exists(target):
                    self.skopeo("inspect", "oci-archive:" + target)
                self.mlpack("build", self.folder, "-o", "oci-archive:" + target)
                self.skopeo("inspect", "oci-archive:" + target)
                os.unlink(target)

    def test_an_export_killed_while_it_writes_leaves_nothing_once_it_is_written(self):
        sparse_file(os.path.join(self.folder, "weights", "large.bin"), 256 * MIB)
        self.build(self.folder)
        os.mkdir(self.path("out"))
        for output in ("oci-archive:image.tar", "docker-archive:image.tar", "oci:layout"):
            with self.subTest(output=output):
                kind, name = output.split(":")
                argv = ["build", self.folder, "-o", "%s:%s" % (kind, self.path("out", name))]
                for _ in range(5):
                    self.run_tool("rm", "-rf", self.path("out", name))
                    killed = self.kill_when_it_writes(self.command(*argv))
                    if killed:
                        break
                self.assertTrue(killed, "it was too fast five times")
                self.mlpack(*argv)
                self.assertEqual(self.leftovers(self.path("out")), [])
                self.skopeo("inspect", "%s:%s" % (kind, self.path("out", name)))
                self.run_tool("rm", "-rf", self.path("out", name))

    def kill_when_it_writes(self, process):
        """Whether it was killed before it was done with what it writes."""
        while process.poll() is None and not self.leftovers(self.path("out")):
            pass
        process.kill()
        process.wait()
        return bool(self.leftovers(self.path("out")))

    def test_a_push_killed_at_any_moment_succeeds_the_next_time(self):
        registry = self.registry()
        first = registry.host + "/kill/first:1"
        digest = self.build(self.folder, "-t", first)["digest"]
        whole = self.mlpack("push", first, "--json")
        killed = 0
        for n, moment in enumerate(self.moments(whole.seconds)):
            with self.subTest(seed=SEED, moment=moment):
                image = "%s/kill/n%d:1" % (registry.host, n)
                write_files(self.folder, {"app/000.py": "print('%d')\n" % n})
                digest = self.build(self.folder, "-t", image)["digest"]
                killed += interrupt_after(self.command("push", image), moment)
                self.assertEqual(self.push(image)["digest"], digest)
                self.mlpack("store", "verify")
                self.skopeo("copy", "--quiet", "--src-tls-verify=false", "docker://" + image, "oci:%s:1" % self.path("copy"))
        self.assertGreaterEqual(killed, 0)

    def test_ctrl_c_leaves_nothing_behind(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(signal=number):
                os.makedirs(self.path("out"), exist_ok=True)
                store = {"MLPACK_STORE": self.path("store%d" % number)}
                command = self.command("build", self.folder, "-o", "oci:" + self.path("out", "layout"), "-o",
                                       "oci-archive:" + self.path("out", "image.tar"), **store)
                self.assertTrue(interrupt_after(command, 0.15, number), "it was already done")
                self.assertEqual(command.returncode, code)
                self.assertEqual(os.listdir(self.path("out")), [])
                self.assertEqual(self.leftovers(store["MLPACK_STORE"]), [])
                self.mlpack("store", "verify", env=store)

    def test_builds_at_once_share_a_store_and_the_work(self):
        alone = self.build(self.folder, "-t", "killed:1")
        store = {**self.env, "MLPACK_STORE": self.path("shared")}
        builds = [subprocess.Popen([MLPACK, "build", self.folder, "-t", "killed:%d" % n, "--json"], env=store,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for n in range(3)]
        read = 0
        for process in builds:
            out, err = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, err)
            built = json.loads(out)
            self.assertEqual(built["digest"], alone["digest"])
            read += built["bytesRead"]
        self.assertEqual(read, alone["bytesRead"], "each layer is made once")
        self.mlpack("store", "verify", env=store)
