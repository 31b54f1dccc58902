"""The same spec gives the same digest, wherever, whenever and by whomever it is built."""

import os

from harness import Case, needs_root, random_bytes, write_files

SPEC = """\
schema: 1
name: same
base: scratch
platform: linux/amd64
weights: [{source: weights/, target: /models/base}]
files: [{source: app/, target: /app}]
writable: [/data]
run: [/app/run]
port: 8000
layers: {compression: %s}
"""


def tree():
    files = {"app/%s/file%02d.txt" % (folder, n): "%s %d\n" % (folder, n) * 300
             for folder in ("a", "B", "ä", "z z") for n in range(12)}
    files.update({"app/run": "#!/bin/sh\n", "app/data.bin": random_bytes(3 << 20),
                  "weights/model.bin": random_bytes(5 << 20, seed=2), "weights/config.json": "{}\n"})
    return files


class Reproducible(Case):
    def setUp(self):
        super().setUp()
        self.count = 0

    def write(self, name, compression, reverse=False):
        """The project in a new folder; its files made in the order of their names, or the other way round."""
        files = dict(sorted(tree().items(), reverse=reverse))
        folder = self.project(name, SPEC % compression, files)
        os.chmod(os.path.join(folder, "app", "run"), 0o755)
        os.symlink("run", os.path.join(folder, "app", "link"))
        return folder

    def digest(self, folder, *argv, env=None, **how):
        """The digest of a build with an empty store."""
        self.count += 1
        store = {"MLPACK_STORE": self.path("store%d" % self.count)}
        os.mkdir(store["MLPACK_STORE"], 0o777)
        os.chmod(store["MLPACK_STORE"], 0o777)
        return self.build(folder, "-t", "same:1", *argv, env={**store, **(env or {})}, **how)["digest"]

    def same_everywhere(self, compression):
        first = self.write("first", compression)
        second = self.write("elsewhere/second", compression, reverse=True)
        wanted = self.digest(first)
        self.assertEqual(self.digest(first), wanted, "with an empty store")
        self.assertEqual(self.digest(second), wanted, "from another folder, files made in another order")
        for name, value in (("TZ", "Asia/Tokyo"), ("LANG", "C"), ("LC_ALL", "C"), ("LC_ALL", "tr_TR.UTF-8")):
            self.assertEqual(self.digest(first, env={name: value}), wanted, "with %s=%s" % (name, value))
        self.assertEqual(self.digest(first, "-j1"), wanted, "with -j1")
        self.assertEqual(self.digest(first, "-j8"), wanted, "with -j8")
        self.assertEqual(self.digest(first, umask=0o077), wanted, "under umask 077")
        self.assertEqual(self.digest(".", cwd=first), wanted, "from its own folder")

    def test_gzip_layers_are_the_same_everywhere(self):
        self.same_everywhere("gzip")

    def test_zstd_layers_are_the_same_everywhere(self):
        self.same_everywhere("zstd")

    def test_plain_layers_are_the_same_everywhere(self):
        self.same_everywhere("none")

    @needs_root
    def test_another_user_builds_the_same_image(self):
        folder = self.write("first", "gzip")
        wanted = self.digest(folder)
        self.run_tool("chown", "-R", "nobody:nogroup", folder)
        self.assertEqual(self.digest(folder, user="nobody", env={"HOME": "/nonexistent"}), wanted)

    def test_a_checkout_under_another_umask_gives_the_same_image(self):
        wanted = self.digest(self.write("first", "gzip"))
        second = self.write("second", "gzip")
        for folder, _, files in os.walk(second):
            os.chmod(folder, 0o700)
            for name in files:
                path = os.path.join(folder, name)
                if not os.path.islink(path):
                    os.chmod(path, 0o700 if name == "run" else 0o600)
        self.assertEqual(self.digest(second), wanted)

    def test_the_time_of_creation_is_source_date_epoch_else_zero(self):
        folder = self.write("first", "gzip")
        for epoch, created in ((None, "1970-01-01T00:00:00Z"), ("1700000000", "2023-11-14T22:13:20Z")):
            env = {"SOURCE_DATE_EPOCH": epoch} if epoch else {}
            layout = self.path("layout" + (epoch or ""))
            self.mlpack("build", folder, "-o", "oci:%s:1" % layout, env=env)
            config = self.skopeo("inspect", "--config", "oci:%s:1" % layout).json()
            self.assertEqual(config["created"], created)

    def test_a_file_moved_in_time_alone_changes_nothing(self):
        folder = self.write("first", "gzip")
        wanted = self.digest(folder)
        for name in tree():
            os.utime(os.path.join(folder, name), (1, 1))
        self.assertEqual(self.digest(folder), wanted)

    def test_one_changed_byte_changes_the_digest(self):
        folder = self.write("first", "gzip")
        wanted = self.digest(folder)
        write_files(folder, {"app/a/file00.txt": "other\n"})
        self.assertNotEqual(self.digest(folder), wanted)
