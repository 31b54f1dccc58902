"""Wheels and folders on disk as requirements, and what is said of packages that have no wheel."""

import json
import os
import unittest

import runtime_bases
from harness import Case, write_files
from index_server import Index, JSON, make_wheel, sha256
from wheel_sets import uv

SPEC = """\
schema: 1
name: x
base: oci:../base
python: {version: "3.11", %s}
run: [python]
layers: {compression: gzip}
"""
PROJECT = '[project]\nname = "lib"\nversion = "2.0"\ndependencies = ["six"]\n'


class Place(Case):
    """A base with a Python, a folder of wheels, and a project."""

    def setUp(self):
        super().setUp()
        runtime_bases.write_python(self.path("base"))
        for name in [name for name in self.env if name.startswith(("UV_", "PIP_"))]:
            del self.env[name]
        self.env.update(PIP_CONFIG_FILE=os.devnull, NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
        self.six = make_wheel("six", "1.0")
        write_files(self.dir, {"wheels/six-1.0-py3-none-any.whl": self.six, "p/lib/pyproject.toml": PROJECT})
        self.locked = "six==1.0 --hash=sha256:%s\n" % sha256(self.six)

    def spec(self, python, files):
        return self.project("p", SPEC % python, files)

    def versions(self, folder):
        with open(os.path.join(folder, "mlpack.lock")) as file:
            wheels = next(iter(json.load(file)["platforms"].values()))["python"]["wheels"]
        return {wheel["name"]: (wheel["version"], wheel.get("path")) for wheel in wheels}


class Local(Place):
    def test_a_folder_is_the_newest_wheel_that_was_built_of_it(self):
        old, new, other = make_wheel("lib", "1.0"), make_wheel("lib", "2.0"), make_wheel("lib", "3.0")
        dist = "lib/dist/lib-%s-%s.whl"
        for line in ("-e ./lib\n", "./lib\n", "--editable=lib\n", "lib @ file://%s\n" % self.path("p", "lib"), "./lib[all] ; python_version > '3'\n"):
            with self.subTest(line):
                folder = self.spec("requirements: r.txt, find_links: [../wheels]", {
                    "r.txt": "--no-index\n" + self.locked + line, dist % ("1.0", "py3-none-any"): old,
                    dist % ("2.0", "py3-none-any"): new, dist % ("3.0", "cp39-cp39-win_amd64"): other})
                self.build(folder, "-t", "x:1")
                self.assertEqual(self.versions(folder), {"six": ("1.0", None), "lib": ("2.0", "lib/dist/lib-2.0-py3-none-any.whl")})
                files = self.mlpack("inspect", "x:1", "--files").out
                self.assertIn("lib-2.0.dist-info/direct_url.json", files)
                os.unlink(os.path.join(folder, "mlpack.lock"))

    def test_a_wheel_on_disk_needs_no_name_and_no_hash(self):
        folder = self.spec("requirements: r.txt, find_links: [../wheels]", {
            "r.txt": "--no-index\n" + self.locked + "own/lib-2.0-py3-none-any.whl\n", "own/lib-2.0-py3-none-any.whl": make_wheel("lib", "2.0")})
        self.build(folder, "-t", "x:1")
        self.assertEqual(self.versions(folder)["lib"], ("2.0", "own/lib-2.0-py3-none-any.whl"))
        wrong = "own/lib-2.0-py3-none-any.whl --hash=sha256:%s\n" % ("0" * 64)
        self.spec("requirements: r.txt, find_links: [../wheels]", {"r.txt": "--no-index\n" + self.locked + wrong})
        self.assertIn("which the lock does not have", self.mlpack("build", folder, code=7).err)

    def test_of_the_wheels_in_a_folder_those_of_its_project_count(self):
        others = {"lib/dist/six-2.0-py3-none-any.whl": make_wheel("six", "2.0"), "lib/dist/urllib3-2.0-py3-none-any.whl": make_wheel("urllib3", "2.0")}
        own = {"lib/dist/lib-2.0-py3-none-any.whl": make_wheel("lib", "2.0"), "lib/dist/lib-3.0-py3-none-any.whl": make_wheel("lib", "3.0")}
        spec = "requirements: r.txt, find_links: [../wheels]"
        for line in ("-e ./lib\n", "./lib\n", "lib @ file://%s\n" % self.path("p", "lib")):
            with self.subTest(line):
                folder = self.spec(spec, {"r.txt": "--no-index\n" + self.locked + line, **others, **own})
                self.build(folder, "-t", "x:1")
                self.assertEqual(self.versions(folder), {"six": ("1.0", None), "lib": ("2.0", "lib/dist/lib-2.0-py3-none-any.whl")})
                for name in own:
                    os.unlink(os.path.join(folder, name))
                os.unlink(os.path.join(folder, "mlpack.lock"))
                self.assertIn("neither in its dist/: what is there is not of `lib` 2.0; build one: ", self.mlpack("build", folder, code=9).err)

    def test_a_folder_without_a_project_file_has_wheels_of_one_name(self):
        spec = "requirements: r.txt, find_links: [../wheels]"
        folder = self.spec(spec, {"r.txt": "--no-index\n" + self.locked + "./old\n", "old/dist/lib-2.0-py3-none-any.whl": make_wheel("lib", "2.0")})
        self.build(folder, "-t", "x:1")
        self.assertEqual(self.versions(folder)["lib"], ("2.0", "old/dist/lib-2.0-py3-none-any.whl"))
        write_files(folder, {"old/dist/six-2.0-py3-none-any.whl": make_wheel("six", "2.0"), "r.txt": "--no-index\n" + self.locked + "./old\n\n"})
        told = self.mlpack("build", folder, code=9).err
        self.assertIn("has wheels of lib, six, and no pyproject.toml that says which is its own: write `NAME @ file://…`", told)
        write_files(folder, {"r.txt": "--no-index\n" + self.locked + "lib @ file://%s\n" % os.path.join(folder, "old")})
        self.build(folder, "-t", "x:1")

    def test_what_is_on_disk_agrees_with_the_lines_beside_it(self):
        wheels = {"own/six-2.0-py3-none-any.whl": make_wheel("six", "2.0")}
        for line, words in (("./own/six-2.0-py3-none-any.whl\n", "`six` is here twice, differently: 1.0 before, and 2.0 here"),
                            ("lib @ file://%s\n" % self.path("p", "own", "six-2.0-py3-none-any.whl"), "six-2.0-py3-none-any.whl` is no wheel of `lib`"),
                            ("other @ file://%s\n" % self.path("p", "lib"), "lib` is `lib`, not `other`")):
            with self.subTest(line):
                folder = self.spec("requirements: r.txt, find_links: [../wheels]", {"r.txt": "--no-index\n" + self.locked + line, **wheels})
                self.assertIn(words, self.mlpack("build", folder, code=9).err)

    def test_a_lock_without_what_its_wheels_need_is_warned_of(self):
        needs = make_wheel("needs", "1.0", requires=["six", "nosuch ; sys_platform == 'win32'", "other ; extra == 'more'"], extras=["more"])
        for name, text, lacks in (
                ("six", "needs==1.0", "`six`, which `needs` 1.0 needs"), ("all", self.locked + "needs==1.0", None),
                ("extra", self.locked + "needs[more]==1.0", "`other`, which `needs` 1.0 needs")):
            with self.subTest(name):
                folder = self.spec("requirements: r.txt, find_links: [own, ../wheels]", {
                    "r.txt": "--no-index\n%s --hash=sha256:%s\n" % (text, sha256(needs)), "own/needs-1.0-py3-none-any.whl": needs})
                for _ in range(2):
                    told = self.mlpack("build", folder, "-t", "x:1").err
                    self.assertEqual("the image lacks" in told, lacks is not None, told)
                    self.assertIn("warning: python: the image lacks %s: add it" % lacks if lacks else "", told)
                os.unlink(os.path.join(folder, "mlpack.lock"))

    def test_all_that_has_no_wheel_is_told_at_once(self):
        lines = "./lib\n./lib-2.0-cp39-cp39-win_amd64.whl\n./notes.txt\n"
        folder = self.spec("requirements: r.txt, find_links: [../wheels]", {"r.txt": "--no-index\n" + self.locked + lines,
                                                                          "notes.txt": "", "lib-2.0-cp39-cp39-win_amd64.whl": ""})
        told = self.mlpack("build", folder, code=9).err
        self.assertIn("r.txt:3:1: error: `", told)
        self.assertIn("lib` has no wheel that fits, neither in its dist/; build one: `pip wheel --no-deps -w ", told)
        self.assertIn("r.txt:4:1: error: ", told)
        self.assertIn("win_amd64.whl` is for another Python or machine", told)
        self.assertIn("notes.txt` is neither a wheel nor a folder", told)

    def test_a_folder_in_a_pylock_is_the_wheel_that_was_built_of_it(self):
        lock = ('lock-version = "1.0"\ncreated-by = "test"\n[[packages]]\nname = "lib"\nversion = "2.0"\n'
                'directory = {path = "lib", editable = true}\n')
        folder = self.spec("lock: pylock.toml", {"pylock.toml": lock})
        told = self.mlpack("build", folder, code=9).err
        self.assertIn("`lib` 2.0 has only a folder of sources: build a wheel of it: `pip wheel --no-deps -w ", told)
        write_files(folder, {"lib/dist/lib-2.0-py3-none-any.whl": make_wheel("lib", "2.0"),
                             "lib/dist/lib-3.0-py3-none-any.whl": make_wheel("lib", "3.0")})
        self.build(folder, "-t", "x:1")
        self.assertEqual(self.versions(folder), {"lib": ("2.0", "lib/dist/lib-2.0-py3-none-any.whl")})

    def test_what_a_folder_needs_is_resolved_by_uv(self):
        self.env["PATH"] = os.path.dirname(uv()) + ":" + self.env["PATH"]
        built = {"lib/dist/lib-2.0-py3-none-any.whl": make_wheel("lib", "2.0")}
        for round in ("without a lock", "with the versions of one"):
            with self.subTest(round):
                spec = "requirements: r.in, find_links: [../wheels]"
                folder = self.spec(spec, {"r.in": "--no-index\n-e ./lib\n" + ("# more\n" if "with " in round else ""), **built})
                self.build(folder, "-t", "x:1")
                self.assertEqual(self.versions(folder), {"six": ("1.0", None), "lib": ("2.0", "lib/dist/lib-2.0-py3-none-any.whl")})


class Versions(Place):
    """Of an index that has sources, and wheels for others."""

    def listed(self, files):
        """{project: [file names]}"""
        def answer(request):
            project = request.path.strip("/").split("/")[-1]
            page = {"meta": {"api-version": "1.0"}, "name": project, "files": [
                {"filename": name, "url": "../../files/" + name, "hashes": {"sha256": "1" * 64}} for name in files.get(project, [])]}
            request.answer(200 if project in files else 404, json.dumps(page).encode(), JSON)
        return answer

    def index(self, files):
        index = Index({})
        index.__enter__()
        self.addCleanup(index.__exit__)
        index.page = self.listed(files)
        self.env.update(UV_DEFAULT_INDEX=index.url, MLPACK_NETWORK="wait=0.02,longest-wait=0.05,attempts=2,stall=2,answer=2,connect=2")

    def wheels(self, name, *versions, tag="py3-none-any"):
        return ["%s-%s-%s.whl" % (name, version, tag) for version in versions]

    def test_locked_packages_are_told_with_the_nearest_versions_that_have_a_wheel(self):
        self.index({"one": self.wheels("one", "0.9", "1.1", "2.0", "3.0") + ["one-1.0.tar.gz"], "two": ["two-5.tar.gz"]})
        none = " --hash=sha256:" + "0" * 64 + "\n"
        folder = self.spec("requirements: r.txt", {"r.txt": "one==1.0" + none + "two==5" + none})
        told = self.mlpack("build", folder, code=9).err
        self.assertIn("r.txt:1:1: error: no index and no folder has a wheel of `one` 1.0", told)
        self.assertIn("; these versions have one: 0.9, 1.1, 2.0", told)
        self.assertRegex(told, r"r\.txt:2:1: error: no index and no folder has a wheel of `two` 5 [^;]*\n")
        self.assertIn("2 of 2 packages cannot be found", told)

    def test_a_pylock_of_another_machine_is_told_the_same(self):
        self.index({"one": self.wheels("one", "0.9", "1.2")})
        lock = ('lock-version = "1.0"\ncreated-by = "test"\n[[packages]]\nname = "one"\nversion = "1.0"\n'
                'wheels = [{url = "http://127.0.0.1:1/one-1.0-cp39-cp39-win_amd64.whl", hashes = {sha256 = "%s"}}]\n' % ("0" * 64))
        folder = self.spec("lock: pylock.toml", {"pylock.toml": lock})
        told = self.mlpack("build", folder, code=9).err
        self.assertIn("the lock has one-1.0-cp39-cp39-win_amd64.whl; these versions have one: 0.9, 1.2", told)

    def test_what_no_resolver_can_solve_is_told_for_every_package(self):
        self.env["PATH"] = os.path.dirname(uv()) + ":" + self.env["PATH"]
        self.index({"one": self.wheels("one", "0.9", "1.1") + ["one-1.0.tar.gz"], "two": ["two-5.tar.gz"],
                    "three": self.wheels("three", "1.0", tag="cp39-cp39-win_amd64")})
        folder = self.spec("packages: [one==1.0, two, three]", {})
        told = self.mlpack("lock", folder, code=9).err
        self.assertIn("`one` has no wheel of the version that is asked for; these have one: 0.9, 1.1", told)
        self.assertIn("`two` has no wheel for the image", told)
        self.assertIn("`three` has no wheel for the image", told)


if __name__ == "__main__":
    unittest.main()
