"""Hostile and odd inputs end with one clear message and the right exit code: no crash, no hang, nothing half-built."""

import os
import socket
import stat

from harness import Case, MLPACK, needs_root, run, start, write_files

SPEC = """\
schema: 1
name: odd
base: scratch
platform: linux/amd64
%s: [{source: tree/, target: /app}]
"""


class Trees(Case):
    """What may lie in a folder."""

    def setUp(self):
        super().setUp()
        self.folder = self.project("project", SPEC % "files", {"tree/good.txt": "good\n"})
        self.tree = os.path.join(self.folder, "tree")

    def refused(self, *words, code=3):
        """The build ends with that code, and its message holds the words."""
        result = run([MLPACK, "build", self.folder, "-t", "odd:1"], env=self.env, timeout=60)
        self.assertEqual(result.code, code, str(result))
        self.assertEqual(result.out, "")
        self.assertIn("error: ", result.err)
        for word in words:
            self.assertIn(word, result.err)

    def test_a_fifo(self):
        os.mkfifo(os.path.join(self.tree, "pipe"))
        self.refused("tree/pipe", "FIFO")

    def test_a_socket(self):
        here = os.getcwd()
        os.chdir(self.tree)
        self.addCleanup(os.chdir, here)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("sock")
            self.refused("tree/sock", "socket")

    def test_a_link_that_leaves_the_tree(self):
        os.symlink("../../secret", os.path.join(self.tree, "out"))
        self.refused("tree/out", "../../secret")

    def test_an_absolute_link_that_leaves_the_tree(self):
        os.symlink("/etc/passwd", os.path.join(self.tree, "out"))
        self.refused("tree/out", "/etc/passwd")

    def test_a_whiteout(self):
        write_files(self.tree, {".wh.good.txt": ""})
        self.refused(".wh.good.txt")

    def test_an_opaque_whiteout(self):
        write_files(self.tree, {"sub/.wh..wh..opq": ""})
        self.refused(".wh..wh..opq")

    def test_a_newline_in_a_name(self):
        write_files(self.tree, {"two\nlines": "x"})
        self.refused("two\\x0alines")

    def test_a_file_nobody_may_read(self):
        path = os.path.join(self.tree, "closed")
        write_files(self.tree, {"closed": "x"})
        os.chmod(path, 0)
        if os.access(path, os.R_OK):
            self.skipTest("root reads everything")
        self.refused("tree/closed", "permission denied")

    def test_a_missing_source(self):
        write_files(self.folder, {"mlpack.yaml": (SPEC % "files").replace("tree/", "missing/")})
        self.refused("missing")

    def test_two_entries_that_write_one_path(self):
        write_files(self.folder, {"other/good.txt": "x", "mlpack.yaml": (SPEC % "files").replace(
            "[{", "[{source: other/, target: /app}, {")})
        self.refused("/app/good.txt", code=2)

    def test_names_that_differ_in_case_alone_are_kept_with_a_warning(self):
        write_files(self.tree, {"Good.txt": "other\n"})
        built = self.mlpack("build", self.folder, "-t", "odd:1")
        self.assertIn("warning", built.err)
        self.assertIn("Good.txt", built.err)

    def test_a_loop_of_links_under_weights(self):
        write_files(self.folder, {"mlpack.yaml": SPEC % "weights"})
        os.symlink("two", os.path.join(self.tree, "one"))
        os.symlink("one", os.path.join(self.tree, "two"))
        self.refused("tree/one")

    def test_a_folder_that_holds_itself_under_weights(self):
        write_files(self.folder, {"mlpack.yaml": SPEC % "weights"})
        os.symlink(".", os.path.join(self.tree, "again"))
        self.refused("tree/again")

    def test_weights_that_are_links_into_a_cache_are_followed(self):
        write_files(self.folder, {"mlpack.yaml": SPEC % "weights", "cache/blob": "weights\n"})
        os.symlink("../cache/blob", os.path.join(self.tree, "model.bin"))
        self.mlpack("build", self.folder, "-t", "odd:1")
        self.assertIn("app/model.bin", self.mlpack("inspect", "odd:1", "--files").out)

    def test_a_truncated_safetensors_file(self):
        write_files(self.folder, {"mlpack.yaml": SPEC % "weights", "tree/model.safetensors": b"\xff" * 12})
        self.refused("mlpack.yaml:5:11: error: `model.safetensors` is not a safetensors file: ")

    def test_a_name_that_is_not_utf_8_survives(self):
        with open(os.path.join(os.fsencode(self.tree), b"caf\xe9"), "w") as file:
            file.write("x")
        self.mlpack("build", self.folder, "-o", "oci:%s:1" % self.path("layout"))


class Specs(Case):
    """A sample of broken specs; the whole corpus is tested against the parser itself."""

    def refused(self, spec, *words, code=2):
        folder = self.project("project", spec, {"app.txt": "x\n"})
        result = self.mlpack("build", folder, "-t", "odd:1", code=code)
        for word in words:
            self.assertIn(word, result.err)
        return result

    def test_every_problem_is_told_in_one_run_with_its_place(self):
        told = self.refused("schema: 1\nname: Odd\nbase: scratch\nfils: []\nport: many\n")
        for line in (2, 4, 5):
            self.assertRegex(told.err, r"mlpack\.yaml:%d:\d+: error: " % line)
        self.assertIn("^", told.err)
        self.assertIn("files", told.err, "did you mean")

    def test_a_failure_under_json_is_a_document(self):
        folder = self.project("project", "schema: 1\nname: odd\nnme: x\n")
        failed = self.mlpack("build", folder, "--json", code=2).json()
        self.assertEqual(failed["schema"], 1)
        self.assertEqual(failed["error"]["code"], 2)
        self.assertEqual(failed["error"]["where"][0]["line"], 3)

    def test_what_does_not_go_together_is_exit_code_9(self):
        base = "schema: 1\nname: odd\nbase: scratch\n"
        self.refused(base + "python: {version: '3.12', requirements: app.txt}\n", "has no Python", code=9)
        self.refused(base + "fleet: [cpu]\nruntime: tensorrt_llm\n", "do not go together", code=9)

    def test_aliases_that_explode(self):
        rows = ["x-a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        rows += ["x-a%d: &a%d [%s]" % (n, n, ", ".join(["*a%d" % (n - 1)] * 10)) for n in range(1, 10)]
        self.refused("schema: 1\nname: odd\nbase: scratch\n" + "\n".join(rows) + "\nlabels: {a: *a9}\n")

    def test_bytes_that_are_not_utf_8(self):
        folder = self.project("project", b"schema: 1\nname: odd\nlabels: {a: \xff}\n")
        self.mlpack("build", folder, code=2)

    def test_an_empty_file_and_a_missing_one(self):
        self.refused("")
        os.mkdir(self.path("none"))
        self.mlpack("build", self.path("none"), code=3)


class Commands(Case):
    def test_usage_errors(self):
        for argv in (["biuld"], ["build", "--no-such-option"], ["push"], ["store", "burn"], ["build", "--progress", "loud"],
                     ["-j", "0", "build"], ["inspect"]):
            with self.subTest(argv=argv):
                failed = self.mlpack(*argv, code=2)
                self.assertEqual(failed.out, "")
                self.assertTrue(failed.err)

    def test_help_names_the_commands_that_exist_and_no_other(self):
        told = self.mlpack("--help").out
        for name in ("build", "push", "pull", "inspect", "diff", "store", "login", "logout"):
            self.assertRegex(told, r"\n\s+%s\b" % name)
        for name in ("sbom", "render", "run", "serve"):
            self.assertNotRegex(told, r"\n\s+%s\s" % name)

    def test_a_missing_image(self):
        self.mlpack("inspect", "nowhere:1", code=3)
        self.mlpack("push", "127.0.0.1:1/nowhere:1", code=3)

    def test_a_registry_that_is_not_there(self):
        folder = self.project("project", SPEC % "files", {"tree/a": "a"})
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            image = "127.0.0.1:%d/odd:1" % free.getsockname()[1]
        self.build(folder, "-t", image)
        failed = self.mlpack("push", image, code=6)
        self.assertIn(image.split("/")[0], failed.err)

    def test_a_base_the_registry_does_not_have(self):
        host = self.registry().host
        folder = self.project("project", (SPEC % "files").replace("scratch", host + "/no/base:1"), {"tree/a": "a"})
        self.assertIn("no/base", self.mlpack("build", folder, code=5).err)

    def test_a_reference_without_a_host_cannot_be_pushed(self):
        folder = self.project("project", SPEC % "files", {"tree/a": "a"})
        self.build(folder, "-t", "odd:1")
        self.mlpack("push", "odd:1", code=2)

    def test_the_store_lists_removes_and_collects(self):
        folder = self.project("project", SPEC % "files", {"tree/a": "a"})
        self.build(folder, "-t", "odd:1", "-t", "odd:2")
        self.assertIn("odd:1", self.mlpack("store", "ls").out)
        self.mlpack("store", "rm", "odd:1")
        self.assertNotIn("odd:1", self.mlpack("store", "ls").out)
        self.mlpack("store", "gc")
        self.mlpack("store", "verify")
        self.mlpack("inspect", "odd:2")
        self.mlpack("store", "rm", "odd:1", code=3)

    @needs_root
    def test_what_may_not_be_written_and_what_may_not_be_read_are_told_apart(self):
        folder = self.project("project", SPEC % "files", {"tree/a": "a"})
        closed, store = self.path("closed"), self.path("open", "store")
        os.mkdir(closed, 0o755)
        os.mkdir(self.path("open"))
        os.chmod(self.path("open"), 0o777)

        def build(*argv, code):
            self.mlpack("build", folder, *argv, code=code, user="nobody")

        build("--store", os.path.join(closed, "store"), code=8)
        build("--store", store, "-o", "oci-archive:" + os.path.join(closed, "x.tar"), code=8)
        build("--store", store, "-o", "oci:" + os.path.join(closed, "layout"), code=8)
        self.assertEqual(os.listdir(closed), [])
        build("--store", store, code=0)
        os.chmod(os.path.join(folder, "tree", "a"), 0o600)
        build("--store", store, "--verify-cache", code=3)

    @needs_root
    def test_a_store_that_may_only_be_read_is_read_and_pushed_from(self):
        folder = self.project("project", SPEC % "files", {"tree/a": "a"})
        registry = self.registry()
        image = registry.host + "/read/only:1"
        layout = "oci:" + self.path("layout")
        digest = self.build(folder, "-t", image, "-o", layout)["digest"]
        self.run_tool("chmod", "-R", "a-w,a+rX", self.path("store"))

        def as_nobody(*argv, **how):
            return self.mlpack(*argv, user="nobody", **how)

        self.assertIn(image, as_nobody("store", "ls").out)
        self.assertIn(digest, as_nobody("inspect", image).out)
        as_nobody("inspect", image, "--files")
        as_nobody("store", "verify")
        self.assertEqual(as_nobody("push", image, "--json").json()["digest"], digest)
        failed = as_nobody("build", folder, code=8)
        self.assertIn("cannot write to the store `%s`: Permission denied" % self.path("store"), failed.err)
        closed = {"MLPACK_STORE": "/root/closed/store"}
        self.assertEqual(stat.S_IMODE(os.stat("/root").st_mode) & 0o001, 0, "anybody may enter /root")
        as_nobody("inspect", layout, env=closed)
        as_nobody("inspect", image, "--files", env=closed)
        as_nobody("push", layout, image, env=closed)
        self.run_tool("chmod", "-R", "u+w", self.path("store"))

    def test_closed_standard_streams_do_not_become_the_files_that_are_written(self):
        folder = self.project("project", SPEC % "files", {"tree/a": "a"})
        self.build(folder, "-o", "oci-archive:" + self.path("open.tar"))
        script = '"$0" build "$1" --verbose --progress plain -o "oci-archive:$2" -o "oci:$3" <&- >&- 2>&-'
        store = {"MLPACK_STORE": self.path("another")}
        self.run_tool("sh", "-c", script, MLPACK, folder, self.path("closed.tar"), self.path("layout"), env=store,
                      code=8)  # nobody got the result
        with open(self.path("open.tar"), "rb") as one, open(self.path("closed.tar"), "rb") as other:
            self.assertEqual(one.read(), other.read())
        self.skopeo("inspect", "oci:" + self.path("layout"))
        self.mlpack("store", "verify", env=store)

    def test_a_malformed_archive(self):
        folder = self.project("project", SPEC % "files")
        result = self.mlpack("inspect", "docker-archive:" + os.path.join(folder, "mlpack.yaml"), code=3)
        self.assertIn("is damaged after byte 0", result.err)

    def test_an_archive_through_a_fifo_is_read_by_another_tool(self):
        folder = self.project("project", SPEC % "files", {"tree/a": "a"})
        pipe, copy = self.path("pipe"), self.path("copy.tar")
        os.mkfifo(pipe)
        with open(copy, "wb") as file:
            reader = start(["cat", pipe], file, None)
            self.mlpack("build", folder, "-o", "docker-archive:" + pipe, timeout=60)
            self.assertEqual(reader.wait(60), 0)
        self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))
        self.skopeo("inspect", "docker-archive:" + copy)

    def test_a_full_disk(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        folder = self.project("project", SPEC % "files", {"tree/a": "a" * 100000})
        with open("/dev/full", "w") as full, open(self.path("err"), "w") as err:
            process = start([MLPACK, "build", folder, "-o", "docker-archive:-"], full, err, env=self.env)
            self.assertEqual(process.wait(60), 8)

    def test_a_limit_of_the_size_of_files_is_as_a_full_disk(self):
        folder = self.project("project", SPEC % "files", {"tree/a": "a" * 3_000_000})
        told = self.run_tool("sh", "-c", 'ulimit -f 2000; exec "$0" build "$1" -o docker-archive:"$1".tar', MLPACK, folder,
                             code=8).err
        self.assertIn("File too large", told)


class Installed(Case):
    """The installed tree."""

    def setUp(self):
        super().setUp()
        self.prefix = os.path.dirname(os.path.dirname(MLPACK))
        if not os.path.exists(os.path.join(self.prefix, "share", "man")):
            self.skipTest("the binary is not an installed one")

    def test_pages_completions_and_schema_lie_where_debian_puts_them(self):
        for path in ("man/man1/mlpack.1", "man/man1/mlpack-build.1", "man/man5/mlpack.yaml.5",
                     "bash-completion/completions/mlpack", "zsh/vendor-completions/_mlpack",
                     "fish/vendor_completions.d/mlpack.fish"):
            found = os.path.join(self.prefix, "share", path)
            self.assertTrue(os.path.exists(found) or os.path.exists(found + ".gz"), path)

    def test_the_version_is_told(self):
        self.assertRegex(self.mlpack("--version").out, r"^mlpack \d+\.\d+\.\d+\n$")
