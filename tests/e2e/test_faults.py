"""What goes wrong on this side of the registry ends with its exit code: nothing wrong gets a name, nothing is left over."""

import os
import shutil
import subprocess
import time

from harness import Case, MIB, needs_root, random_bytes, write_files
from real_servers import TokenService

SPEC = """\
schema: 1
name: faulty
base: scratch
platform: linux/amd64
weights: [{source: weights/, target: /models/base}]
files: [{source: app/, target: /app}]
"""
SHARD = 65 * MIB  # a layer of its own


class Faults(Case):
    def setUp(self):
        super().setUp()
        self.server = self.registry()
        self.before = self.proxy(self.server)
        self.image = self.before.host + "/acme/faulty:1"
        self.write(b"first")

    def write(self, first):
        """A project with a shard that begins like that."""
        files = {"weights/shard.bin": first + random_bytes(SHARD - len(first)), "app/a.bin": random_bytes(MIB, seed=2)}
        self.folder = self.project("project", SPEC, files)
        self.shard = os.path.join(self.folder, "weights", "shard.bin")

    def tags(self):
        """What the registry says its names mean: {tag: digest}."""
        listed = self.skopeo("list-tags", "--tls-verify=false", "docker://%s/acme/faulty" % self.server.host, code=None)
        if listed.code:
            return {}
        return {tag: self.skopeo("inspect", "--tls-verify=false", "--format", "{{.Digest}}",
                                 "docker://%s/acme/faulty:%s" % (self.server.host, tag)).out.strip()
                for tag in listed.json()["Tags"]}

    def settled(self, tags):
        """The registry's names are those, the store is sound and nothing half-written lies in it."""
        self.assertEqual(self.tags(), tags)
        self.verify_store()
        self.assertEqual(self.leftovers(self.path("store")), [])

    def refused(self, code, *argv, words=("shard.bin",)):
        result = self.mlpack(*argv, code=code)
        for word in words:
            self.assertIn(word, result.err)
        return result

    def good_push(self):
        digest = self.build(self.folder, "-t", self.image)["digest"]
        self.assertEqual(self.push(self.image)["digest"], digest)
        return digest

    def test_a_source_that_changed_after_the_build_is_not_pushed(self):
        was = self.good_push()
        self.write(b"second")
        self.build(self.folder, "-t", self.image)
        os.utime(self.shard, ns=(1, 1))
        self.refused(3, "push", self.image)
        self.mlpack("store", "verify", code=7)  # it knows that the files are not those that were hashed
        self.assertEqual(self.tags(), {"1": was})
        self.good_push()

    def test_a_source_that_vanished_after_the_build_is_not_pushed(self):
        self.build(self.folder, "-t", self.image)
        os.unlink(self.shard)
        self.refused(3, "push", self.image)
        self.assertEqual(self.tags(), {})
        self.write(b"first")
        self.good_push()

    def test_bytes_that_changed_behind_an_equal_stat_are_not_pushed(self):
        first = self.build(self.folder, "-t", "first:1")
        self.write(b"second")
        second = self.build(self.folder, "-t", self.image)
        # What a file system with a stopped clock would leave: the recipe of the first fits the file of the second.
        hashed, now = (next(layer["digest"][7:] for layer in built["layers"] if layer["kind"] == "weights")
                       for built in (first, second))
        recipe = {name: os.path.join(at, name) for at, _, names in os.walk(self.path("store", "recipes")) for name in names}
        shutil.copyfile(recipe[now], recipe[hashed])
        self.refused(7, "push", "first:1", self.image, words=("shard.bin", "--verify-cache"))
        self.assertEqual(self.tags(), {})
        self.assertEqual(self.push(self.image)["digest"], second["digest"])
        self.assertEqual(self.tags(), {"1": second["digest"]})

    def sent_while(self, act, code, *argv):
        """Pushes, and acts once the first MiB of the shard arrived."""
        self.before.faults = {"PUT": [("within", act)]}
        self.before.take()
        result = self.refused(code, *argv)
        self.assertEqual(self.before.faults["PUT"], [], "nothing was sent")
        return result

    def test_a_source_that_changes_while_it_is_sent_is_not_tagged(self):
        acts = {"truncated": lambda: os.truncate(self.shard, 10 * MIB),
                "written": lambda: write_files(self.folder, {"weights/shard.bin": bytes(SHARD)}),
                "one byte": lambda: self.change_byte(SHARD - 1)}
        for name, act in acts.items():
            for how in ("push", "build --push"):
                with self.subTest(change=name, how=how):
                    self.env["MLPACK_STORE"] = self.path("store")
                    shutil.rmtree(self.path("store"), ignore_errors=True)
                    self.write(b"first")
                    self.one_large_layer()
                    if how == "push":
                        self.build(self.folder, "-t", self.image)
                        self.sent_while(act, 3, "push", self.image)
                    else:
                        self.sent_while(act, 3, "build", self.folder, "-t", self.image, "--push")
                    self.assertEqual(self.tags(), {})
                    self.assertEqual(self.leftovers(self.path("store")), [])

    def one_large_layer(self):
        """So that the first upload is that of the shard."""
        write_files(self.folder, {"mlpack.yaml": SPEC.replace("files: [{source: app/, target: /app}]\n", "")})

    def change_byte(self, at):
        with open(self.shard, "r+b") as file:
            file.seek(at)
            file.write(b"!")

    def test_a_source_that_vanishes_while_it_is_sent_ends_right_or_is_not_tagged(self):
        self.one_large_layer()
        digest = self.build(self.folder, "-t", self.image)["digest"]
        self.before.faults = {"PUT": [("within", lambda: os.unlink(self.shard))]}
        result = self.mlpack("push", self.image, code=None)
        self.assertIn(result.code, (0, 3))
        self.assertEqual(self.tags(), {"1": digest} if result.code == 0 else {})
        self.assertEqual(self.leftovers(self.path("store")), [])


@needs_root
class FullDisk(Case):
    """A disk of 8 MiB that is too small: a file system in memory."""

    def setUp(self):
        super().setUp()
        self.disk = self.path("disk")
        os.mkdir(self.disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", self.disk], capture_output=True)
        if mounted.returncode:
            self.skipTest("nothing can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)
        self.small = {"MLPACK_STORE": os.path.join(self.disk, "store")}
        self.folder = self.project("project", SPEC, {"weights/w.bin": random_bytes(MIB),
                                                     "app/a.bin": random_bytes(24 * MIB, seed=2)})

    def enlarge(self):
        self.run_tool("mount", "-o", "remount,size=256m", self.disk)

    def fill(self, left):
        """Leaves so many bytes."""
        stat = os.statvfs(self.disk)
        with open(os.path.join(self.disk, "filler"), "wb") as file:
            file.write(bytes(max(0, stat.f_bavail * stat.f_frsize - left)))

    def free(self):
        os.unlink(os.path.join(self.disk, "filler"))

    def test_during_a_build(self):
        failed = self.mlpack("build", self.folder, "-t", "faulty:1", env=self.small, code=8)
        self.assertIn("No space left on device", failed.err)
        self.assertEqual(self.leftovers(self.disk), [])
        self.mlpack("store", "verify", env=self.small)
        self.assertEqual(self.mlpack("store", "ls", "--json", env=self.small).json()["images"], [])
        self.enlarge()
        digest = self.build(self.folder, "-t", "faulty:1", env=self.small)["digest"]
        self.assertEqual(digest, self.build(self.folder, "-t", "faulty:1")["digest"])
        self.mlpack("store", "verify", env=self.small)

    def test_at_any_moment_of_a_build(self):
        write_files(self.folder, {"app/a.bin": random_bytes(MIB, seed=2)})
        digest = self.build(self.folder, "-t", "faulty:1")["digest"]
        ends = set()
        for left in (4096, 16384, 65536, 262144, MIB, 3 * MIB // 2, 3 * MIB):
            with self.subTest(left=left):
                self.fill(left)
                result = self.mlpack("build", self.folder, "-t", "faulty:1", "--json", env=self.small, code=None)
                ends.add(result.code)
                self.assertIn(result.code, (0, 8), str(result))
                self.assertEqual(self.leftovers(self.disk), [])
                self.free()
                if result.code == 0:
                    self.assertEqual(result.json()["digest"], digest)
                self.assertEqual(self.build(self.folder, "-t", "faulty:1", env=self.small)["digest"], digest)
                self.mlpack("store", "verify", env=self.small)
                shutil.rmtree(self.small["MLPACK_STORE"])
        self.assertEqual(ends, {0, 8})

    def test_during_a_push(self):
        server = self.registry()
        write_files(self.folder, {"app/a.bin": random_bytes(MIB, seed=2)})
        image = server.host + "/acme/faulty:1"
        digest = self.build(self.folder, "-t", image, env=self.small)["digest"]
        self.fill(0)
        result = self.mlpack("push", image, env=self.small, code=None)
        self.assertIn(result.code, (0, 8), str(result))
        self.assertEqual(self.leftovers(self.disk), [])
        self.free()
        self.mlpack("store", "verify", env=self.small)
        self.assertEqual(self.push(image, env=self.small)["digest"], digest)
        found = self.skopeo("inspect", "--tls-verify=false", "docker://" + image).json()
        self.assertEqual(found["Digest"], digest)

    def test_during_a_pull(self):
        server = self.registry()
        image = server.host + "/acme/faulty:1"
        digest = self.build(self.folder, "-t", image, "--push")["digest"]
        failed = self.mlpack("pull", image, env=self.small, code=8)
        self.assertIn("error: ", failed.err)
        self.assertEqual(self.leftovers(self.disk), [])
        self.mlpack("store", "verify", env=self.small)
        self.enlarge()
        self.assertEqual(self.mlpack("pull", "--json", image, env=self.small).json()["digest"], digest)

    def test_during_an_export(self):
        self.build(self.folder, "-t", "faulty:1")
        for output in ("oci:layout", "oci-archive:image.tar", "docker-archive:image.tar"):
            with self.subTest(output=output):
                kind, name = output.split(":")
                place = os.path.join(self.disk, name)
                self.mlpack("build", self.folder, "-t", "faulty:1", "-o", "%s:%s" % (kind, place), code=8)
                self.assertEqual(os.listdir(self.disk), [])
        # A stream cannot be measured beforehand.
        with open(os.path.join(self.disk, "stream.tar"), "w") as out:
            process = subprocess.run([self.binary_for(None), "build", self.folder, "-t", "faulty:1", "-o", "docker-archive:-"],
                                     stdout=out, stderr=subprocess.PIPE, env=self.env)
        self.assertEqual(process.returncode, 8, process.stderr)
        self.verify_store()


class Expiry(Case):
    def test_a_token_that_expires_in_the_middle_of_an_upload_is_replaced(self):
        service = TokenService(self.dir)
        self.addCleanup(service.stop)
        before = self.proxy(self.registry(tokens=service.settings()))
        image = before.host + "/acme/faulty:1"
        folder = self.project("project", SPEC, {"weights/a.bin": random_bytes(SHARD), "app/a.bin": "a"})
        digest = self.build(folder, "-t", image)["digest"]
        before.faults = {"PUT": [("before", lambda: time.sleep(3.5))]}
        pushed = self.push(image)
        self.assertEqual(pushed["digest"], digest)
        refusals = [request for request in before.take() if request.status == 401]
        self.assertGreaterEqual(len(refusals), 2, "no token expired")
        self.assertGreaterEqual(len(service.given), 2)
        service.seconds = 300
        self.skopeo("copy", "--quiet", "--src-tls-verify=false", "docker://" + image, "oci:%s:1" % self.path("copy"))
        self.verify_store()
