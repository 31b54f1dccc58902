"""`mlpack.lock`: what it pins stays though the world moves on, what it knows of layers spares a fresh machine all work, and
what is wrong with it is said.
"""

import http.server
import json
import os
import shutil
import subprocess
import threading
import unittest

from harness import Case, MIB, MLPACK, make_base, needs_root, run, write_files
from hub_server import commit_of
from python_tools import pip_environment, python_with
from test_remote import Remote, downloads, hashes, safetensors, weights_in

MODEL = {"config.json": b"{}", "tokenizer.json": b"{" + b" " * 300 + b"}", "model.safetensors": safetensors(3 * MIB, 5)}
MOVED = {**MODEL, "config.json": b'{"moved": 1}'}
ON_BASE = """schema: 1
name: on-base
base: %s
platform: linux/amd64
files: [{source: app, target: /app}]
run: [/app/x]
"""
DEBIAN = """schema: 1
name: deb
base: {debian: bookworm}
platform: linux/amd64
system_packages: [zlib1g]
files: [{source: app, target: /app}, {source: app, target: /lib/app}]
writable: [/data]
run: [/app/x]
"""


class LockCase(Case):
    def lock_of(self, folder, name="mlpack.lock"):
        with open(os.path.join(folder, name)) as file:
            return json.load(file)

    def text_of(self, folder):
        with open(os.path.join(folder, "mlpack.lock"), "rb") as file:
            return file.read()

    def fresh_store(self):
        self.env["MLPACK_STORE"] = self.path("store-%d" % len(os.listdir(self.dir)))


class Bases(LockCase):
    def setUp(self):
        super().setUp()
        self.to = self.registry()
        self.base = make_base(self, self.to, "base", 20_000)
        self.folder = self.project("p", ON_BASE % self.base, {"app/x": "x"})

    def move_base(self):
        tree = self.path("more")
        write_files(tree, {"more": "more"})
        self.run_tool("umoci", "insert", "--image", self.path("base-layout") + ":1", tree, "/more")
        self.skopeo("copy", "--quiet", "--dest-tls-verify=false", "oci:" + self.path("base-layout") + ":1",
                    "docker://" + self.base)

    def test_a_base_whose_tag_moved_stays_until_it_is_upgraded(self):
        first = self.build(self.folder)
        pinned = self.lock_of(self.folder)["platforms"]["linux/amd64"]["base"]
        self.assertEqual(pinned["reference"], self.base)
        self.move_base()
        self.fresh_store()
        self.assertEqual(self.build(self.folder, "--locked")["digest"], first["digest"])
        self.assertIn("is up to date", self.mlpack("lock", self.folder).out)
        moved = self.mlpack("lock", self.folder, "--check", "--upgrade", code=10)
        self.assertIn("base `%s`: %s → sha256:" % (self.base, pinned["digest"]), moved.err)
        self.assertEqual(self.lock_of(self.folder)["platforms"]["linux/amd64"]["base"], pinned)
        document = self.mlpack("lock", self.folder, "--json", "--upgrade", "base").json()
        self.assertEqual(len(document["changes"]), 1)
        second = self.build(self.folder, "--locked")
        self.assertNotEqual(second["digest"], first["digest"])
        self.assertEqual(len(second["layers"]), len(first["layers"]) + 1)

    def test_a_base_that_is_gone_says_that_the_lock_pins_it(self):
        self.mlpack("lock", self.folder)
        path = os.path.join(self.folder, "mlpack.lock")
        with open(path) as file:
            text = file.read()
        digest = self.lock_of(self.folder)["platforms"]["linux/amd64"]["base"]["digest"]
        with open(path, "w") as file:
            file.write(text.replace(digest, "sha256:" + "0" * 64))
        self.assertIn("as the lock pins it", self.mlpack("build", self.folder, code=5).err)

    def test_another_base_in_the_spec_is_told_and_only_it_is_chosen_anew(self):
        self.build(self.folder)
        other = self.base.replace("base:1", "base:2")
        self.skopeo("copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false", "docker://" + self.base,
                    "docker://" + other)
        write_files(self.folder, {"mlpack.yaml": ON_BASE % other})
        stale = self.mlpack("build", self.folder, "--locked", code=10)
        self.assertIn("linux/amd64: base: the spec says `%s`, the lock `%s`" % (other, self.base), stale.err)
        self.assertIn("run `mlpack lock`", stale.err)
        told = self.mlpack("build", self.folder).err
        self.assertIn("mlpack.lock: linux/amd64: base `%s`" % other, told)
        self.mlpack("build", self.folder, "--locked")

    def test_a_layout_that_changed_is_another_base(self):
        layout = "oci:%s:1" % self.path("base-layout")
        folder = self.project("on-layout", ON_BASE % layout, {"app/x": "x"})
        self.build(folder)
        self.mlpack("build", folder, "--locked")
        self.move_base()
        stale = self.mlpack("build", folder, "-t", "kept:1", "--locked", code=10)
        self.assertIn("linux/amd64: base `oci:../base-layout:1`: sha256:", stale.err)
        self.assertEqual([image for image in self.mlpack("store", "ls").out.split() if "kept" in image], [])
        self.assertIn("mlpack.lock: linux/amd64: base `oci:../base-layout:1`: sha256:", self.mlpack("build", folder).err)
        self.mlpack("build", folder, "--locked")

    def test_without_a_lock_locked_is_refused(self):
        missing = self.mlpack("build", self.folder, "--locked", "--json", code=10)
        error = json.loads(missing.out)["error"]
        self.assertEqual(error["message"], "there is no `%s/mlpack.lock`" % self.folder)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "mlpack.lock")))
        self.mlpack("lock", self.folder, "--check", code=10)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "mlpack.lock")))

    def test_damaged_locks_are_refused_by_every_command(self):
        self.mlpack("lock", self.folder)
        good = self.text_of(self.folder)
        for bad in (b"", good[:-20], good.replace(b'"schema": 1', b'"schema": 9'), b"<<<<<<< HEAD\n" + good,
                    good.replace(b"sha256:", b"sha257:"), os.urandom(1000), b"[" * 100_000):
            write_files(self.folder, {"mlpack.lock": bad})
            for command in ("build", "lock", "fetch"):
                self.assertIn("mlpack.lock", self.mlpack(command, self.folder, code=3).err)
            self.assertEqual(self.text_of(self.folder), bad)

    def test_two_builds_at_once_and_two_platforms_one_after_the_other(self):
        builds = [subprocess.Popen([MLPACK, "build", self.folder], env=self.env, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL) for _ in range(6)]
        self.assertEqual([build.wait(120) for build in builds], [0] * 6)
        self.mlpack("build", self.folder, "--locked")
        self.assertEqual(self.leftovers(self.folder), [])
        before = self.text_of(self.folder)
        self.mlpack("build", self.folder, "--label", "a=b")
        self.assertEqual(self.text_of(self.folder), before)

    @needs_root
    def test_a_folder_that_may_not_be_written_to_costs_the_lock_and_not_the_build(self):
        os.chmod(self.folder, 0o555)
        self.env["HOME"] = self.env["MLPACK_STORE"] = self.path("nobodys")
        os.mkdir(self.path("nobodys"))
        shutil.chown(self.path("nobodys"), "nobody")
        told = self.mlpack("build", self.folder, user="nobody")
        self.assertIn("warning: cannot write `%s/mlpack.lock`: Permission denied" % self.folder, told.err)
        self.mlpack("lock", self.folder, user="nobody", code=8)

    def test_the_lock_never_gets_into_the_image_unless_it_is_asked_for(self):
        spec = (ON_BASE % self.base).replace("source: app", "source: .")
        folder = self.project("whole", spec, {"x": "x", "sub/mlpack.lock": "another"})
        first = self.build(folder)
        self.assertEqual(self.build(folder)["digest"], first["digest"])
        files = self.mlpack("inspect", "on-base", "--files").out
        self.assertIn("app/sub/mlpack.lock", files)
        self.assertNotIn("app/mlpack.lock", files)
        self.mlpack("build", self.project("whole", spec.replace("source: .", "source: mlpack.lock")))
        self.assertIn("app", self.mlpack("inspect", "on-base", "--files").out)

    def test_each_spec_of_a_folder_has_its_own_lock(self):
        write_files(self.folder, {"b.yaml": (ON_BASE % self.base).replace("on-base", "other")})
        self.mlpack("build", self.folder, os.path.join(self.folder, "b.yaml"))
        self.assertEqual(self.lock_of(self.folder), self.lock_of(self.folder, "b.lock"))

    def test_the_platform_that_was_chosen_stays(self):
        write_files(self.folder, {"mlpack.yaml": (ON_BASE % self.base).replace("platform: linux/amd64\n", "")})
        self.assertIn("this machine's", self.mlpack("build", self.folder).err)
        self.assertEqual(self.lock_of(self.folder)["platform"], "linux/amd64")
        self.assertNotIn("this machine's", self.mlpack("build", self.folder, "--locked").err)


class NothingOpen(LockCase):
    """Of specs that leave nothing to choose the lock has the platforms, and is asked for as any other is."""

    KINDS = {
        "spec": ("base: scratch\nplatform: linux/amd64\n", (), "linux/amd64"),
        "auto": ("platform: [linux/amd64, linux/arm64]\n", (), "linux/amd64 linux/arm64"),
        "fleet": ("base: scratch\nfleet: [GH200]\n", (), "linux/arm64"),
        "mixed": ("base: scratch\nfleet: [L4, GH200]\n", (), "linux/amd64 linux/arm64"),
        "typed": ("base: scratch\n", ("--platform", "linux/arm64"), "linux/arm64"),
    }

    def folders(self):
        for name, (lines, options, platforms) in self.KINDS.items():
            with self.subTest(name):
                yield self.project(name, "schema: 1\nname: x\n%srun: [/x]\n" % lines), options, platforms.split()

    def test_each_platform_is_in_the_lock_and_without_one_locked_is_refused(self):
        for folder, options, platforms in self.folders():
            missing = self.mlpack("build", folder, "--locked", "--no-check", *options, code=10)
            self.assertIn("there is no `%s/mlpack.lock`" % folder, missing.err)
            self.assertIn("%s: nothing in the lock is for it" % platforms[0], missing.err)
            told = self.mlpack("lock", folder, *options).out
            locked = self.lock_of(folder)["platforms"]
            self.assertEqual(sorted(locked), platforms)
            decided = [one["what"] for platform in platforms for one in locked[platform].get("decisions", [])]
            self.assertEqual(decided, ["fleet"] * len(decided))
            if not decided:
                self.assertEqual(told.splitlines(), ["mlpack.lock: %s: the spec leaves nothing open" % one for one in platforms])
            self.assertIn("is up to date", self.mlpack("lock", folder, *options).out)
            self.mlpack("build", folder, "--locked", "--no-check", *options)

    def test_a_build_writes_what_lock_writes(self):
        for folder, options, _ in self.folders():
            self.mlpack("lock", folder, *options)
            written = self.text_of(folder)
            os.unlink(os.path.join(folder, "mlpack.lock"))
            self.mlpack("build", folder, "--no-check", *options)
            self.assertEqual(self.text_of(folder), written)

    def test_machines_that_need_another_platform_make_the_lock_stale(self):
        spec = "schema: 1\nname: x\nbase: scratch\nfleet: [%s]\nrun: [/x]\n"
        folder = self.project("p", spec % "GH200")
        self.mlpack("lock", folder)
        write_files(folder, {"mlpack.yaml": spec % "GH200, L4"})
        stale = self.mlpack("build", folder, "--locked", "--no-check", code=10)
        self.assertIn("linux/amd64: nothing in the lock is for it", stale.err)

    def test_a_lock_is_for_the_machines_that_it_was_made_for(self):
        spec = "schema: 1\nname: x\nbase: scratch\nplatform: linux/amd64\nfleet: [%s]\nrun: [/x]\n"
        folder = self.project("p", spec % "L4, {gpu: A100, count: 2, driver: '535.183.01'}")
        self.mlpack("lock", folder)
        write_files(folder, {"mlpack.yaml": spec % "{gpu: A100, count: 2, driver: '535.183.01'}, L4"})
        self.assertIn("is up to date", self.mlpack("lock", folder, "--check").out)
        for fleet in ("H100", "L4, {gpu: A100, driver: '535.183.01'}", "L4, {gpu: A100, count: 2, driver: '550.90.07'}", "cpu"):
            write_files(folder, {"mlpack.yaml": spec % fleet})
            for command in (("lock", folder, "--check"), ("build", folder, "--locked", "--no-check")):
                stale = self.mlpack(*command, code=10)
                self.assertIn("fleet: A100:2 driver 535.183.01, L4 → ", stale.err)

    @needs_root
    def test_a_lock_that_pins_nothing_is_no_loss_where_none_can_be_written(self):
        folder = self.project("p", "schema: 1\nname: x\nplatform: linux/amd64\nrun: [/x]\n")
        os.chmod(folder, 0o555)
        self.env["HOME"] = self.env["MLPACK_STORE"] = self.path("nobodys")
        os.mkdir(self.path("nobodys"))
        shutil.chown(self.path("nobodys"), "nobody")
        self.assertNotIn("warning", self.mlpack("build", folder, user="nobody").err)


class Weights(LockCase, Remote):
    def setUp(self):
        super().setUp()
        self.served = self.hub({"acme/tiny": MODEL})
        self.folder = self.spec()

    def test_a_revision_stays_though_main_moved(self):
        first = self.build(self.folder)
        locked = self.lock_of(self.folder)["weights"][0]
        self.assertEqual(locked["revision"], self.served.commits["acme/tiny"])
        self.assertEqual({file["path"]: file["sha256"] for file in locked["files"]}, hashes(MODEL))
        self.served.requests.clear()
        again = self.build(self.folder, "--locked")
        self.assertEqual(again["digest"], first["digest"])
        self.assertEqual(self.served.requests, [])
        self.served.move("acme/tiny", MOVED)
        moved = self.mlpack("lock", self.folder, "--check", "--upgrade", "w", code=10)
        self.assertIn("weights `w`: %s → %s" % (locked["revision"], commit_of(MOVED)), moved.err)
        self.assertIn("weights `w`: 1 changed file", moved.err)
        self.fresh_store()
        self.assertEqual(self.build(self.folder, "--locked")["digest"], first["digest"])
        self.mlpack("lock", self.folder, "--upgrade", "w")
        self.assertNotEqual(self.build(self.folder, "--locked")["digest"], first["digest"])

    def test_lock_asks_for_lists_and_small_files_alone_and_a_build_takes_it_from_there(self):
        self.mlpack("lock", self.folder)
        self.assertEqual([r for r in self.served.requests if r[0] == "cdn"], [])
        built = self.text_of(self.folder)
        self.served.requests.clear()
        self.mlpack("fetch", self.folder)
        self.assertEqual([r for r in self.served.requests if "/tree/" in r[2] or "/revision/" in r[2]], [])
        self.mlpack("build", self.folder, "--offline", "--locked")
        self.assertEqual(self.text_of(self.folder), built)

    def test_two_platforms_built_at_once_share_the_lock(self):
        self.mlpack("fetch", self.folder)
        builds = [subprocess.Popen([MLPACK, "build", self.folder, "--platform", platform, "-t", "x:" + platform[6:]],
                                   env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                  for platform in ("linux/amd64", "linux/arm64")]
        self.assertEqual([build.wait(120) for build in builds], [0, 0])
        self.assertEqual(sorted(self.lock_of(self.folder)["platforms"]), ["linux/amd64", "linux/arm64"])
        self.mlpack("build", self.folder, "--locked", "--platform", "linux/arm64")
        self.mlpack("build", self.folder, "--locked")
        self.assertIn("linux/arm64: gone", self.mlpack("lock", self.folder).out)
        self.mlpack("build", self.folder, "--locked")

    def test_names_that_cannot_be_upgraded_are_told(self):
        told = self.mlpack("lock", self.folder, "--upgrade", "v", code=2)
        self.assertIn("`--upgrade v` names nothing that is locked", told.err)


class FreshMachine(LockCase, Remote):
    """An empty store, a committed lock, and a registry that has the layers."""

    def setUp(self):
        super().setUp()
        self.behind = self.registry()
        self.to = self.proxy(self.behind)
        self.served = self.hub({"acme/tiny": MODEL})
        self.folder = self.spec()

    def publish(self, *argv, tag="1", code=0, folder=None):
        result = self.mlpack("build", folder or self.folder, "-t", "%s/acme/tiny:%s" % (self.to.host, tag), "--push", "--json",
                             *argv, code=code)
        return result if code else result.json()

    def sent(self):
        return sum(request.sent for request in self.to.take())

    def test_weights_are_neither_downloaded_nor_sent(self):
        first = self.publish()
        self.fresh_store()
        self.served.requests.clear()
        self.to.take()
        second = self.publish("--locked", tag="2")
        self.assertEqual(second["digest"], first["digest"])
        self.assertEqual(self.served.requests, [])
        self.assertLess(self.sent(), 10_000)
        self.assertEqual((second["bytesRead"], second["bytesWritten"]), (0, 0))
        self.skopeo("copy", "--quiet", "--src-tls-verify=false", "docker://%s/acme/tiny:2" % self.behind.host,
                    "oci:%s:1" % self.path("copied"))
        self.assertEqual(weights_in(self.path("copied")), hashes(MODEL))
        self.verify_store()

    def test_only_what_the_registry_lacks_is_made(self):
        first = self.publish()
        self.fresh_store()
        self.served.requests.clear()
        other = self.mlpack("build", self.folder, "--locked", "-t", "%s/acme/elsewhere:1" % self.to.host, "--push", "--json")
        self.assertEqual(other.json()["digest"], first["digest"])
        self.assertNotEqual(downloads(self.served), [])

    def test_layers_of_the_specs_own_repository_are_mounted_into_another(self):
        with open(os.path.join(self.folder, "mlpack.yaml")) as file:
            spec = file.read()
        write_files(self.folder, {"mlpack.yaml": spec.replace("name: tiny", "name: tiny\nimage: %s/acme/tiny" % self.to.host)})
        self.publish()
        self.fresh_store()
        self.served.requests.clear()
        self.to.take()
        self.mlpack("build", self.folder, "--locked", "-t", "%s/acme/elsewhere:1" % self.to.host, "--push")
        self.assertEqual(self.served.requests, [])
        self.assertLess(self.sent(), 10_000)

    def test_weights_that_go_elsewhere_are_made_anew(self):
        self.publish()
        self.fresh_store()
        with open(os.path.join(self.folder, "mlpack.yaml")) as file:
            spec = file.read()
        write_files(self.folder, {"mlpack.yaml": spec.replace("target: /m", "target: /other")})
        self.publish("--locked", tag="2")
        self.assertIn("other/model.safetensors", self.mlpack("inspect", "%s/acme/tiny:2" % self.to.host, "--files").out)

    def test_a_lock_that_lies_about_layers_spoils_no_other_build(self):
        self.publish()
        path = os.path.join(self.folder, "mlpack.lock")
        layers = self.lock_of(self.folder)["platforms"]["linux/amd64"]["layers"]
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(text.replace(layers[0]["diff_id"], "sha256:" + "1" * 64))
        self.fresh_store()
        self.publish(tag="2")
        os.remove(path)
        self.assertNotIn("sha256:" + "1" * 64, json.dumps(self.build(self.folder)))


class Packages(LockCase):
    """Debian's own packages; skipped where no mirror is in reach."""

    def setUp(self):
        super().setUp()
        self.folder = self.project("p", DEBIAN, {"app/x": "x"})
        result = run([MLPACK, "build", self.folder, "--json"], env=self.env)
        if result.code == 6:
            self.skipTest("no Debian mirror in reach")
        self.assertEqual(result.code, 0, str(result))
        self.first = result.json()

    def mirror(self):
        """A server of the packages in the store by the paths of the lock, and of no list."""
        root = self.path("mirror")
        for package in self.lock_of(self.folder)["platforms"]["linux/amd64"]["system"]["packages"]:
            place = os.path.join(root, "security" if "archive" in package else "main", package["path"])
            os.makedirs(os.path.dirname(place), exist_ok=True)
            shutil.copy(os.path.join(self.env["MLPACK_STORE"], "cache", "sha256", package["sha256"]), place)
        asked = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *argv):
                super().__init__(*argv, directory=root)

            def log_message(self, *_):
                asked.append(self.path)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        spec = DEBIAN.replace("{debian: bookworm}", "{debian: bookworm, mirror: \"http://127.0.0.1:%d/main\", "
                              "security_mirror: \"http://127.0.0.1:%d/security\"}" % ((server.server_port,) * 2))
        write_files(self.folder, {"mlpack.yaml": spec})
        return root, asked

    def test_locked_versions_are_fetched_without_a_look_at_the_lists(self):
        root, asked = self.mirror()
        self.fresh_store()
        self.env.update(NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
        self.assertEqual(self.build(self.folder, "--locked")["digest"], self.first["digest"])
        self.assertEqual([path for path in asked if "/dists/" in path], [])
        package = next(os.path.join(at, name) for at, _, names in os.walk(root) for name in names if "zlib1g" in name)
        os.remove(package)
        self.fresh_store()
        gone = self.mlpack("build", self.folder, code=5)
        self.assertIn("the mirror has no `http://127.0.0.1:", gone.err)
        self.assertIn("`mlpack lock --upgrade system_packages` takes what it has now", gone.err)

    def test_a_fresh_machine_needs_no_mirror_where_the_registry_has_the_layers(self):
        behind = self.registry()
        to = self.proxy(behind)
        name = "%s/acme/deb:" % to.host
        first = self.mlpack("build", self.folder, "-t", name + "1", "--push", "--json").json()
        self.fresh_store()
        self.env["MLPACK_DEBIAN_MIRROR"] = "http://127.0.0.1:9/none"
        to.take()
        second = self.mlpack("build", self.folder, "-t", name + "2", "--push", "--json", "--locked").json()
        self.assertEqual(second["digest"], first["digest"])
        self.assertLess(sum(request.sent for request in to.take()), 10_000)
        self.assertTrue(all(layer["reused"] for layer in second["layers"] if layer["kind"] == "system"))
        self.assertEqual([layer["kind"] for layer in second["layers"]], [layer["kind"] for layer in first["layers"]])

    def test_a_target_that_the_lock_says_nothing_of_needs_the_packages(self):
        to = self.registry()
        name = "%s/acme/deb:" % to.host
        self.mlpack("build", self.folder, "-t", name + "1", "--push")
        self.fresh_store()
        write_files(self.folder, {"mlpack.yaml": DEBIAN.replace("target: /app}", "target: /bin/app}")})
        built = self.mlpack("build", self.folder, "-t", name + "2", "--push", "--locked", "--json").json()
        files = self.mlpack("inspect", name + "2", "--files").out
        self.assertIn("usr/bin/app/x", files)
        self.fresh_store()
        os.remove(os.path.join(self.folder, "mlpack.lock"))
        self.assertEqual(self.build(self.folder)["digest"], built["digest"])


PYTHON = """schema: 1
name: py
base: {debian: bookworm}
platform: linux/amd64
python: {packages: [%s]}
files: [{source: app, target: /app}]
run: [python, -c, "import six"]
layers: {compression: gzip}
"""


class Wheels(LockCase):
    """Wheels that uv, or pip in its place, chooses once."""

    def setUp(self):
        super().setUp()
        self.env = pip_environment(self.env)
        self.plain_path = self.env["PATH"]
        self.env["PATH"] = os.path.dirname(python_with("python-uv", ["uv"])) + ":" + self.env["PATH"]
        self.folder = self.project("p", PYTHON % "'six<1.17', 'requests==2.31.0'", {"app/x": "x"})

    def first(self, *argv):
        result = run([MLPACK, *argv], env=self.env)
        if result.code == 6:
            self.skipTest("no mirror or index in reach: " + result.err.strip().split("\n")[-1])
        self.assertEqual(result.code, 0, str(result))
        return result

    def wheels(self):
        python = self.lock_of(self.folder)["platforms"]["linux/amd64"]["python"]
        return {wheel["name"]: wheel for wheel in python["wheels"]}

    def nothing_in_reach(self):
        """Neither an index nor a mirror nor a resolver."""
        self.env.update(PATH=self.path("no-programs"), MLPACK_DEBIAN_MIRROR="http://127.0.0.1:9/none",
                        PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_FIND_LINKS="")

    def test_a_fresh_machine_downloads_no_wheel_whose_layer_the_registry_has(self):
        to = self.proxy(self.registry())
        name = "%s/acme/py:" % to.host
        first = self.first("build", self.folder, "-t", name + "1", "--push", "--json").json()
        self.assertEqual(self.wheels()["six"]["version"], "1.16.0")
        before = self.text_of(self.folder)
        self.fresh_store()
        self.nothing_in_reach()
        to.take()
        second = self.mlpack("build", self.folder, "-t", name + "2", "--push", "--json", "--locked").json()
        self.assertEqual(second["digest"], first["digest"])
        self.assertEqual([layer["digest"] for layer in second["layers"]], [layer["digest"] for layer in first["layers"]])
        self.assertEqual(self.text_of(self.folder), before)
        self.assertLess(sum(request.sent for request in to.take()), 10_000)

    def test_lock_pins_wheels_without_downloading_them_and_a_build_takes_those(self):
        self.first("lock", self.folder)
        wheels = self.wheels()
        self.assertEqual(wheels["six"]["file"], "six-1.16.0-py2.py3-none-any.whl")
        self.assertEqual(wheels["six"]["layer"], "packages")
        self.assertFalse(any(wheel["sha256"] in os.listdir(self.path("store", "cache", "sha256")) for wheel in wheels.values())
                         if os.path.isdir(self.path("store", "cache", "sha256")) else False)
        before = self.text_of(self.folder)
        self.env["PATH"] = self.path("no-programs")
        self.first("build", self.folder, "--locked")
        self.assertEqual(self.wheels(), wheels)
        self.mlpack("lock", self.folder, "--check")

    def test_a_changed_requirement_moves_nothing_else(self):
        self.first("lock", self.folder)
        before = self.wheels()
        path = os.path.join(self.folder, "mlpack.lock")
        with open(path) as file:
            text = file.read()
        old = before["idna"]
        with open(path, "w") as file:  # as if it had been locked a year ago
            file.write(text.replace('"version": "%s", "file": "%s"' % (old["version"], old["file"]),
                                    '"version": "3.6", "file": "idna-3.6-py3-none-any.whl"'))
        write_files(self.folder, {"mlpack.yaml": PYTHON % "'six<1.17', 'requests==2.31.0', 'jmespath==1.0.1'"})
        stale = self.mlpack("build", self.folder, "--locked", code=10)
        self.assertIn("linux/amd64: python: the lock is without `package jmespath==1.0.1`", stale.err)
        self.mlpack("lock", self.folder)
        now = self.wheels()
        self.assertEqual((now["idna"]["version"], now["jmespath"]["version"]), ("3.6", "1.0.1"))
        told = self.mlpack("lock", self.folder, "--check", "--upgrade", "Idna", code=10)
        self.assertIn("linux/amd64: idna 3.6 → %s" % old["version"], told.err)
        self.mlpack("lock", self.folder, "--upgrade", "idna")
        self.assertEqual(self.wheels()["idna"]["version"], old["version"])

    def test_a_folder_of_wheels_that_is_not_there_stops_nobody_unless_the_spec_names_it(self):
        self.env["PIP_FIND_LINKS"] = self.path("nowhere")
        self.first("lock", self.folder)
        self.assertEqual(self.wheels()["six"]["version"], "1.16.0")
        self.project("p", (PYTHON % "'six<1.17'").replace("]}", "], find_links: [none, wheels]}"), {"wheels/x": ""})
        told = self.mlpack("lock", self.folder, code=3).err
        self.assertIn("mlpack.yaml:5:9: error: `find_links` names `%s`, which is no folder" % self.path("p", "none"), told)

    def test_pip_resolves_where_there_is_no_uv(self):
        self.env["PATH"] = os.pathsep.join(at for at in self.plain_path.split(os.pathsep) if not shutil.which("uv", path=at))
        self.first("lock", self.folder)
        self.assertEqual({name: self.wheels()[name]["version"] for name in ("six", "requests")},
                         {"six": "1.16.0", "requests": "2.31.0"})

    def test_an_index_out_of_reach_is_no_want_of_wheels(self):
        self.first("lock", self.folder)
        self.project("p", (PYTHON % "'idna'").replace("]}", "], index_url: 'http://127.0.0.1:9/simple'}"), {})
        paths = {"uv": self.env["PATH"],
                 "pip": os.pathsep.join(at for at in self.plain_path.split(os.pathsep) if not shutil.which("uv", path=at))}
        for name, self.env["PATH"] in paths.items():
            self.assertIn("%s cannot reach an index" % name, self.mlpack("lock", self.folder, code=6).err)


if __name__ == "__main__":
    unittest.main()
