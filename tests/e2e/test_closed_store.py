"""Whatever reads works with a store that may only be read: on a file system that is mounted so, and in a closed folder."""

import os

from harness import MIB, Case, is_root, needs_root, random_bytes
from hub_server import Hub

SPEC = """\
schema: 1
name: closed
base: scratch
platform: linux/amd64
files: [{source: tree/, target: /app}]
run: [/app/a]
layers: {compression: zstd}
"""
MOUNT = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


class ClosedStore(Case):
    def setUp(self):
        super().setUp()
        self.folder = self.project("project", SPEC, {"tree/a": "#!/app/a\n"})
        self.layout = "oci:" + self.path("layout")
        self.mlpack("lock", self.folder)
        self.build(self.folder, "-t", "closed:1", "-o", self.layout)

    def files(self, folder):
        return sorted((at, os.stat(os.path.join(at, name)).st_mtime_ns) for at, _, names in os.walk(folder) for name in names)

    def reads(self, run, store):
        """Runs every command that reads; none of them ends with 8, or changes the store."""
        before = self.files(store)
        known = ["closed:1"] if os.path.exists(os.path.join(store, "index.json")) else []
        for image in (*known, self.layout):
            for argv in (["inspect", image], ["inspect", "--files", image],
                         ["diff", image, self.layout], ["diff", "--packages", self.layout, image], ["check", image],
                         ["doctor", image]):
                with self.subTest(argv=argv):
                    result = run(*argv)
                    self.assertIn(result.code, (0, 9), str(result))
                    self.assertNotIn("cannot", result.err)
        archive = "oci-archive:" + self.path("open", "copy.tar")
        for argv in (["plan", self.folder], ["lock", "--check", self.folder], ["store", "ls"], ["store", "verify"],
                     ["copy", self.layout, archive]):
            with self.subTest(argv=argv):
                result = run(*argv)
                self.assertEqual(result.code, 0, str(result))
        self.assertEqual(run("build", self.folder).code, 8)
        self.assertEqual(self.files(store), before)

    @needs_root
    def test_a_file_system_that_may_only_be_read(self):
        os.mkdir(self.path("open"))
        for store in (self.path("store"), self.path("store", "that", "is", "not", "there")):
            self.reads(lambda *argv: self.run_tool("unshare", "-m", "sh", "-c", MOUNT, self.path("store"), self.binary_for("root"),
                                                   *argv, "--store", store, code=None), store)

    @needs_root
    def test_a_lock_of_weights_in_the_network_is_checked(self):
        with Hub({"acme/tiny": {"config.json": b"{}", "model.bin": random_bytes(MIB)}}) as hub:
            env = {"HF_ENDPOINT": hub.url, "NO_PROXY": "127.0.0.1"}
            folder = self.project("weights", SPEC + "weights: [{source: hf://acme/tiny, target: /m}]\n", {"tree/a": "x"})
            self.mlpack("lock", folder, env=env)
            for store in (self.path("store"), self.path("store", "other")):
                self.run_tool("unshare", "-m", "sh", "-c", MOUNT, self.path("store"), self.binary_for("root"), "lock", "--check",
                              folder, "--store", store, env=env)

    def test_a_folder_that_is_closed(self):
        os.mkdir(self.path("open"))
        os.chmod(self.path("open"), 0o777)
        empty = self.path("empty")
        os.mkdir(empty)
        self.run_tool("chmod", "-R", "a-w,a+rX", self.path("store"), empty)
        self.run_tool("chmod", "-R", "a+rX", self.dir)
        for store in (self.path("store"), empty, os.path.join(empty, "store")):
            self.reads(lambda *argv: self.mlpack(*argv, "--store", store, user="nobody" if is_root() else None, code=None,
                                                 env={"HOME": "/"}), store)
        self.run_tool("chmod", "-R", "u+w", self.path("store"), empty)
