"""What uv and pip make of the same requirements: the same lock, or refusals that say the same and help as much."""

import http.server
import json
import os
import shutil
import ssl
import struct
import threading
import unittest

from harness import write_files
from index_server import Index, JSON, make_wheel, sha256
from test_local_wheels import PROJECT, Place
from wheel_sets import uv

PATHS = {"uv": lambda: os.path.dirname(uv()) + ":" + os.environ["PATH"], "pip": lambda: "/usr/sbin:/usr/bin:/sbin:/bin"}
WHEELS = {
    "six-1.0-py3-none-any.whl": make_wheel("six", "1.0"), "six-1.1-py3-none-any.whl": make_wheel("six", "1.1"),
    "a-1.0-py3-none-any.whl": make_wheel("a", "1.0", requires=["six<1.1"]),
    "b-1.0-py3-none-any.whl": make_wheel("b", "1.0", requires=["six>=1.1"]),
    "gone-1.0-py3-none-any.whl": make_wheel("gone", "1.0", requires=["nosuch"]),
    "opt-1.0-py3-none-any.whl": make_wheel("opt", "1.0", requires=['six; extra == "all"', 'nosuch; sys_platform == "win32"'], extras=["all"]),
    "win-1.0-cp311-cp311-win_amd64.whl": make_wheel("win", "1.0"), "old-1.0-cp39-cp39-manylinux_2_17_x86_64.whl": make_wheel("old", "1.0"),
    "new-1.0-py3-none-any.whl": make_wheel("new", "1.0"), "new-2.0-py3-none-any.whl": make_wheel("new", "2.0"),
    "later-1.0-py3-none-any.whl": make_wheel("later", "1.0"), "sd-1.0.tar.gz": b"x" * 100, "pre-1.0-py3-none-any.whl": make_wheel("pre", "1.0"),
    "pre-2.0rc1-py3-none-any.whl": make_wheel("pre", "2.0rc1")}
WANTS = {"new-2.0-py3-none-any.whl": ">=3.12", "later-1.0-py3-none-any.whl": ">=3.12"}
TOOL = make_wheel("tool", "2.5+cu124")
PLUS = "tool-2.5+cu124-py3-none-any.whl"
HASH = " --hash=sha256:"
ONE = sha256(WHEELS["six-1.0-py3-none-any.whl"])


class Ground(Place):
    def setUp(self):
        super().setUp()
        self.index = Index(WHEELS)
        self.index.__enter__()
        self.addCleanup(self.index.__exit__)
        self.index.page = self.page
        self.env.update(UV_CACHE_DIR=self.path("uv-cache"), PIP_NO_CACHE_DIR="1", UV_HTTP_RETRIES="0", PIP_RETRIES="0",
                        PIP_NO_DEPS="1", PIP_REQUIRE_VIRTUALENV="1",  # of somebody's shell
                        MLPACK_NETWORK="wait=0.02,longest-wait=0.05,attempts=2,stall=2,answer=2,connect=2")

    def page(self, request):
        if "Authorization" not in request.headers:
            return request.answer(401, b"")
        project = request.path.strip("/").split("/")[-1]
        listing = self.index.listing()
        listing["files"] = [{**file, **({"requires-python": WANTS[file["filename"]]} if file["filename"] in WANTS else {})}
                            for file in listing["files"] if file["filename"].split("-")[0] == project]
        request.answer(200 if listing["files"] else 404, json.dumps(listing).encode(), JSON)

    def resolve(self, name, resolver, python, files, index=None):
        """The lock's wheels, or (exit code, what was said), of a spec that is locked from another folder."""
        folder = self.project("%s-%s" % (resolver, name), "schema: 1\nname: x\nbase: oci:../base\nplatform: linux/amd64\n"
                              "python: {version: \"3.11\", %s}\nrun: [python]\n" % python, files)
        self.env.update(PATH=PATHS[resolver](), UV_DEFAULT_INDEX=index or self.index.url)
        result = self.run_tool(self.binary_for(None), "lock", os.path.relpath(folder, "/"), code=None, cwd="/")
        if result.code != 0:
            self.assertNotIn("s3cret", result.err)
            return result.code, result.err
        with open(os.path.join(folder, "mlpack.lock")) as file:
            platforms = json.load(file)["platforms"]
        return platforms["linux/amd64"]["python"].get("wheels", [])


class Resolvers(Ground):
    def test_what_one_resolves_the_other_locks_the_same(self):
        r = "requirements: req/r.txt"
        here = {"req/w/" + PLUS: TOOL, "req/my own/" + PLUS: TOOL, "wheels, old 100%/" + PLUS: TOOL, "req/sub/w/" + PLUS: TOOL}
        cases = {
            "open": (r, "six\n", "six 1.1"),
            "pinned": (r, "six==1.0\n", "six 1.0"),
            "transitive": (r, "a\n", "a 1.0, six 1.0"),
            "packages": ("packages: [a, 'six>=1']", "", "a 1.0, six 1.0"),
            "plus": (r, "./w/%s\n" % PLUS, "tool 2.5+cu124"),
            "blank": (r, "tool @ file://%s\n" % self.path("KIND-blank/req/my%20own/" + PLUS), "tool 2.5+cu124"),
            "nested": (r, "-r sub/more.txt\n", "six 1.1, tool 2.5+cu124", {"req/sub/more.txt": "./w/%s\nsix\n" % PLUS}),
            "constraint": (r, "-c sub/c.txt\nsix\n", "six 1.0", {"req/sub/c.txt": "six<1.1\n"}),
            "links": (r, "--find-links ./w\ntool\n", "tool 2.5+cu124"),
            "nested-links": (r, "-r sub/l.txt\n", "tool 2.5+cu124", {"req/sub/l.txt": "--find-links w\ntool\n"}),
            "spec-links": (r + ", find_links: ['wheels, old 100%']", "tool\n", "tool 2.5+cu124"),
            "nothing": (r, 'pywin32; sys_platform == "win32"\n', ""),
            "empty": (r, "# none\n", ""),
            "bom": (r, "\ufeffsix==1.0\n", "six 1.0"),
            "utf-16": (r, "six==1.0\r\n".encode("utf-16"), "six 1.0"),
            "crlf": (r, "six==1.0  # the old one\r\n\r\n", "six 1.0"),
            "trusted": (r, "--trusted-host 127.0.0.1\nsix\n", "six 1.1"),
            "binary": (r, "--only-binary six\n--prefer-binary\nsix\n", "six 1.1"),
            "final": (r, "pre\n", "pre 1.0"),
            "pre": (r, "--pre\npre\n", "pre 2.0rc1"),
            "extra": (r, "opt[all]\n", "opt 1.0, six 1.1"),
            "no-extra": (r, "six[nosuch]\n", "six 1.1"),
            "python": (r, "new\n", "new 1.0"),
            "hash": (r, "six==1.0%s%s\na==1.0%s%s\n" % (HASH, ONE, HASH, sha256(WHEELS["a-1.0-py3-none-any.whl"])), "a 1.0, six 1.0"),
            "marker": (r, 'six; implementation_name == "cpython"\na; platform_machine == "aarch64"\n', "six 1.1"),
            "url": (r, "%s/files/six-1.0-py3-none-any.whl\n" % self.index.url[:-7], "six 1.0"),
            "variable": (r, "six @ http://${WHO}@%s/files/six-1.0-py3-none-any.whl#sha256=%s\na\n" % (self.index.host, ONE), "a 1.0, six 1.0"),
        }
        self.env.update(WHO="reader:s3cret-of-the-index")
        for name, (python, text, expected, *more) in cases.items():
            with self.subTest(name):
                locks = []
                for resolver in ("uv", "pip"):
                    files = {"req/r.txt": text.replace("KIND", resolver) if isinstance(text, str) else text, **here, **(more[0] if more else {})}
                    locks.append(self.resolve(name, resolver, python, files))
                self.assertIsInstance(locks[0], list, "uv: %s" % (locks[0],))
                self.assertEqual(", ".join("%s %s" % (wheel["name"], wheel["version"]) for wheel in locks[0]), expected)
                self.assertEqual(*locks)

    def test_what_neither_resolves_is_told_with_what_helps(self):
        r = "requirements: r.txt"
        wheel = "./nosuch-1.0-py3-none-any.whl\n"
        cases = {
            "version": ("six==9\n", 9, "`six` has no wheel of the version that is asked for; these have one: 1.0, 1.1", "ask for a version"),
            "name": ("nosuch\n", 9, "no index that was asked knows `nosuch`", "check the name, or name the index"),
            "deep": ("gone\n", 9, "no index that was asked knows `nosuch`", "check the name, or name the index"),
            "machine": ("win\n", 9, "`win` has no wheel for the image: those that there are are for cp311-win_amd64", "choose a base"),
            "other-python": ("old\n", 9, "are for cp39-manylinux_2_17_x86_64", "choose a base"),
            "wants": ("later\n", 9, "`later` has no wheel for the image: those that there are want Python >=3.12", "choose a base with such a Python"),
            "wants-version": ("new==2.0\n", 9, "`new` has no wheel of the version that is asked for; these have one: 1.0", "ask for a version"),
            "sources": ("sd\n", 9, "`sd` has no wheel for the image: there are only source distributions", "build a wheel with `pip wheel`"),
            "conflict": ("a\nb\n", 9, "six<1.1", "these requirements exclude each other"),
            "missing": (wheel, 3, "nosuch-1.0-py3-none-any.whl", "the folder of `python.requirements`"),
            "network": ("-c https://127.0.0.1:1/c.txt\nsix\n", 3, "requirements are not read from the network", ""),
            "sources-wanted": ("--no-binary :all:\nsix\n", 3, "`--no-binary` wants sources", ""),
            "no-deps": ("--no-deps\nsix\n", 3, "does not know the option `--no-deps`", ""),
            "git": ("x @ git+https://127.0.0.1:1/x.git\n", 3, "what is in a repository has to be built", ""),
            "archive": ("x @ https://127.0.0.1:1/x-1.0.tar.gz\n", 3, "`x-1.0.tar.gz` are sources", ""),
        }
        for name, (text, code, message, hint) in cases.items():
            for resolver in ("uv", "pip"):
                with self.subTest(name, resolver=resolver):
                    found = self.resolve(name, resolver, r, {"r.txt": text})
                    self.assertEqual(found[0], code, found)
                    self.assertIn(message, found[1])
                    self.assertIn(hint, found[1])

    def test_an_index_that_does_not_answer_is_told_as_what_it_is(self):
        for name, index, code, hints in (
                ("denied", "http://%s/simple" % self.index.host, 4, {"uv": "a netrc file may have", "pip": "a netrc file may have"}),
                ("nobody", "http://127.0.0.1:1/simple", 6, {"uv": "can be reached in `python.index_url`", "pip": "nothing listens there"}),
                ("tls", "https://%s/simple" % self.index.host, 6, {"uv": "name that with `--ca`", "pip": "it does not speak TLS"})):
            for resolver, hint in hints.items():
                with self.subTest(name, resolver=resolver):
                    found = self.resolve(name, resolver, "packages: [six]", {}, index=index)
                    self.assertEqual(found[0], code, found)
                    self.assertIn(hint, found[1])

    def test_a_hash_that_a_line_names_holds_for_what_is_resolved(self):
        files = {"r.txt": "six==1.0%s%s\nopt\n" % (HASH, "0" * 64)}
        code, told = self.resolve("some", "uv", "requirements: r.txt", files)
        self.assertEqual(code, 7, told)
        self.assertIn("r.txt:1:1: error: `six` 1.0 has another sha256 than is named here", told)
        code, told = self.resolve("some", "pip", "requirements: r.txt", {"r.txt": files["r.txt"].replace("0" * 64, ONE)})
        self.assertEqual(code, 3, told)
        self.assertIn("pip wants a sha256 for every requirement or for none: ", told)
        for resolver, words in (("uv", "r.txt:1:1: error: `tool` 2.5+cu124 has another"), ("pip", "pip found other files than the requirements name: ")):
            code, told = self.resolve("local", resolver, "requirements: r.txt", {"r.txt": "./%s%s%s\n" % (PLUS, HASH, "0" * 64), PLUS: TOOL})
            self.assertEqual(code, 7, told)
            self.assertIn(words, told)

    def test_a_hash_that_cannot_be_compared_is_told(self):
        wheel = "./%s" % PLUS
        for text, words in (("six==1.0 --hash=sha512:%s\n" % ("0" * 128), "compares the sha256 of files"),
                            ("six==1.0 --hash=SHA256:%s\n" % ONE, "`SHA256` is no kind of hash that is known"),
                            ("--require-hashes\nsix==1.0\n", "`--require-hashes` wants one on every line"),
                            ("six==1.0%s%s\n%s --hash=sha512:%s\n" % (HASH, ONE, wheel, "0" * 128), "r.txt:2:1: error: mlpack compares the sha256 of files")):
            for resolver in ("uv", "pip"):
                with self.subTest(text, resolver=resolver):
                    code, told = self.resolve("kinds", resolver, "requirements: r.txt", {"r.txt": text, PLUS: TOOL})
                    self.assertEqual(code, 3, told)
                    self.assertIn(words, told)

    def test_another_index_in_a_file_than_in_the_spec_wants_uv(self):
        def open_page(request):
            request.headers["Authorization"] = "nobody minds"
            self.page(request)
        self.index.page = open_page
        self.index.file = lambda request: request.answer(200, WHEELS[request.path.rsplit("/", 1)[1]], "application/octet-stream")
        python = "requirements: r.txt, index_url: 'http://%s/simple'" % self.index.host
        files = {"r.txt": "-i http://127.0.0.1:1/simple\nsix\n"}
        self.assertEqual([wheel["version"] for wheel in self.resolve("index", "uv", python, files)], ["1.1"])
        code, told = self.resolve("index", "pip", python, files)
        self.assertEqual(code, 2, told)
        self.assertIn("r.txt`, not `index_url`", told)
        self.assertIsInstance(self.resolve("same", "pip", "requirements: r.txt", {"r.txt": "-i %s\nsix\n" % self.index.url}), list)

    def test_what_has_to_move_moves_and_nothing_else(self):
        old = {"a-1.0-py3-none-any.whl": make_wheel("a", "1.0", requires=["six"]), "c-1.0-py3-none-any.whl": make_wheel("c", "1.0"),
               "six-1.0-py3-none-any.whl": make_wheel("six", "1.0")}
        new = {"a-2.0-py3-none-any.whl": make_wheel("a", "2.0", requires=["six>=1.1"]), "c-2.0-py3-none-any.whl": make_wheel("c", "2.0"),
               "six-1.1-py3-none-any.whl": make_wheel("six", "1.1")}
        for resolver in ("uv", "pip"):
            for name, text, words, expected in (("upgrade", "a\nc\nsix\n", ("--upgrade", "a"), {"a": "2.0", "c": "1.0", "six": "1.1"}),
                                                ("line", "a\nc\nsix>=1.1\n", (), {"a": "1.0", "c": "1.0", "six": "1.1"}),
                                                ("deep", "a>1\nc\nsix\n", (), {"a": "2.0", "c": "1.0", "six": "1.1"})):
                with self.subTest(name, resolver=resolver):
                    self.index.wheels = old
                    self.resolve(name, resolver, "requirements: r.txt", {"r.txt": "a\nc\nsix\n"})
                    folder = self.path("%s-%s" % (resolver, name))
                    self.assertEqual({name: version for name, (version, _) in self.versions(folder).items()}, {"a": "1.0", "c": "1.0", "six": "1.0"})
                    self.index.wheels = {**old, **new}
                    write_files(folder, {"r.txt": text})
                    self.mlpack("lock", folder, *words)
                    self.assertEqual({name: version for name, (version, _) in self.versions(folder).items()}, expected)

    def test_a_workspace_is_exported_for_the_project_of_the_spec(self):
        project = '[project]\nname = "%s"\nversion = "0.1"\nrequires-python = ">=3.9"\ndependencies = [%s]\n'
        spec = "schema: 1\nname: x\nbase: oci:%s\nplatform: linux/amd64\npython: {version: '3.11', lock: %s}\nrun: [python]\n"
        self.env.update(PATH=PATHS["uv"](), UV_DEFAULT_INDEX=self.index.url)
        write_files(self.path("ws"), {
            "pyproject.toml": project % ("root", '"pre"') + '[tool.uv.workspace]\nmembers = ["packages/*", "apps/*"]\n',
            "packages/lib/pyproject.toml": project % ("lib", '"a"'),
            "apps/api/pyproject.toml": project % ("api", '"lib", "six==1.0"') + "[tool.uv.sources]\nlib = {workspace = true}\n",
            "mlpack.yaml": spec % ("../base", "uv.lock"), "apps/api/mlpack.yaml": spec % ("../../../base", "../../uv.lock")})
        self.run_tool("uv", "lock", "--quiet", "--directory", self.path("ws"))
        self.mlpack("lock", self.path("ws"))
        self.assertEqual(self.versions(self.path("ws")), {"pre": ("1.0", None)})
        told = self.mlpack("lock", self.path("ws/apps/api"), code=9).err
        self.assertIn("`lib` has only a folder of sources: build a wheel of it: `pip wheel --no-deps -w ", told)
        write_files(self.path("ws"), {"packages/lib/dist/lib-0.1-py3-none-any.whl": make_wheel("lib", "0.1")})
        for _ in range(2):
            self.mlpack("lock", self.path("ws/apps/api"))
            self.assertEqual({name: version for name, (version, _) in self.versions(self.path("ws/apps/api")).items()},
                             {"a": "1.0", "lib": "0.1", "six": "1.0"})
            self.mlpack("lock", self.path("ws/apps/api"), "--upgrade")

    def test_a_project_that_has_to_be_built_is_told(self):
        for name, text, how, words in (
                ("dynamic", '[project]\nname = "app"\nversion = "1"\ndynamic = ["dependencies"]\n[build-system]\nrequires = ["setuptools"]\n', "",
                 "uv would have to build the project to know what it needs: "),
                ("poetry", '[tool.poetry]\nname = "app"\nversion = "1"\n', "", "poetry export -f requirements.txt"),
                ("extra", PROJECT, ", extras: [nosuch]", "add it to the project, or take it out of `extras`"),
                ("python", PROJECT.replace("version", 'requires-python = ">=3.12"\nversion'), "", "pyproject.toml is for Python >=3.12, and Python is 3.11"),
                ("patch", PROJECT.replace("version", 'requires-python = ">3.11.2"\nversion'), "", "the base has Python 3.11.2, which is not in `requires-python` of"),
                ("group", PROJECT, ", groups: [nosuch]", "add it to the project, or take it out of `extras`")):
            with self.subTest(name):
                code, told = self.resolve(name, "uv", "requirements: pyproject.toml" + how, {"pyproject.toml": text})
                self.assertEqual(code, 9, told)
                self.assertIn(words, told)

    def test_a_folder_of_sources_wants_uv(self):
        files = {"r.txt": "-e ./lib\n", "lib/pyproject.toml": PROJECT, "lib/dist/lib-2.0-py3-none-any.whl": make_wheel("lib", "2.0")}
        found = self.resolve("folder", "uv", "requirements: r.txt", files)
        self.assertEqual([wheel["name"] for wheel in found], ["lib", "six"])
        code, told = self.resolve("folder", "pip", "requirements: r.txt", files)
        self.assertEqual(code, 2, told)
        self.assertIn("there is no `uv` on the PATH, and pip would have to build `", told)


    def test_an_extra_that_a_package_does_not_have_is_told(self):
        self.env.update(UV_DEFAULT_INDEX=self.index.url)
        for resolver, words in (("uv", "uv: The package `six==1.1` does not have an extra named `nosuch`"),
                                ("pip", "pip: six 1.1 does not provide the extra 'nosuch'")):
            self.env.update(PATH=PATHS[resolver](), MLPACK_STORE=self.path("store-" + resolver))
            folder = self.spec("packages: ['six[nosuch]']", {})
            self.assertIn("warning: " + words, self.mlpack("lock", folder).err)
            os.unlink(os.path.join(folder, "mlpack.lock"))

    def test_a_release_of_python_may_be_asked_for(self):
        self.env.update(PATH=PATHS["uv"](), UV_DEFAULT_INDEX=self.index.url)
        spec = "schema: 1\nname: x\nbase: oci:../base\nplatform: linux/amd64\npython: {version: '3.11.%d', packages: [six]}\nrun: [python]\n"
        self.mlpack("lock", self.project("this", spec % 2, {}))
        told = self.mlpack("lock", self.project("that", spec % 9, {}), code=9).err
        self.assertIn("has Python 3.11.2, and `python.version` is 3.11.9", told)
        self.assertIn('take another base, or write `version: "3.11"`', told)


class Inputs(Ground):
    """What a resolution was made of, and is another now."""

    def spec_of(self, name, resolver, python, files):
        self.env.update(PATH=PATHS[resolver](), UV_DEFAULT_INDEX=self.index.url, MLPACK_STORE=self.path("store-" + resolver))
        return self.project("%s-%s" % (resolver, name), "schema: 1\nname: x\nbase: oci:../base\nplatform: linux/amd64\n"
                            "python: {version: \"3.11\", %s}\nrun: [python]\nlayers: {compression: gzip}\n" % python, files)

    def moved(self, folder, words):
        """Neither checks pass any more, and both say why."""
        self.assertIn(words, self.mlpack("build", folder, "--locked", code=10).err)
        self.assertIn(words.split(" than was")[0], self.mlpack("lock", folder, "--check", code=10).err)

    def wheels(self, folder):
        with open(os.path.join(folder, "mlpack.lock")) as file:
            return {wheel["name"]: wheel["sha256"] for wheel in json.load(file)["platforms"]["linux/amd64"]["python"]["wheels"]}

    def test_a_wheel_on_disk_that_was_built_anew_is_taken(self):
        old, new = make_wheel("lib", "1.0", more={"data.txt": b"old"}), make_wheel("lib", "1.0", more={"data.txt": b"new"})
        wheel = "own/lib-1.0-py3-none-any.whl"
        for resolver in ("uv", "pip"):
            for name, six in (("open", "six\n"), ("hashed", "six==1.0%s%s\n" % (HASH, ONE))):
                with self.subTest(name, resolver=resolver):
                    folder = self.spec_of(name, resolver, "requirements: r.txt", {"r.txt": six + "./" + wheel + "\n", wheel: old})
                    first = self.build(folder, "-t", "x:1")
                    self.build(folder, "-t", "x:1", "--locked")
                    write_files(folder, {wheel: new})
                    self.moved(folder, "`%s` is another than was locked" % wheel)
                    second = self.build(folder, "-t", "x:1")
                    self.assertNotEqual(second["digest"], first["digest"])
                    self.assertEqual(self.wheels(folder)["lib"], sha256(new))
                    self.build(folder, "-t", "x:1", "--locked")
                    # What is in the store's memory is of other bytes, too.
                    write_files(folder, {wheel: old})
                    os.unlink(os.path.join(folder, "mlpack.lock"))
                    self.assertEqual(self.build(folder, "-t", "x:1")["digest"], first["digest"])
                    os.unlink(os.path.join(folder, wheel))
                    self.assertIn("`%s` is gone" % wheel, self.mlpack("build", folder, "--locked", code=10).err)
                    self.assertIn("lib-1.0", self.mlpack("build", folder, code=3).err)

    def test_a_wheel_in_a_folder_of_wheels_that_was_built_anew_is_taken(self):
        old, new = make_wheel("lib", "1.0", more={"data.txt": b"old"}), make_wheel("lib", "1.0", more={"data.txt": b"new"})
        wheel = "own/lib-1.0-py3-none-any.whl"
        for resolver in ("uv", "pip"):
            with self.subTest(resolver):
                folder = self.spec_of("links", resolver, "packages: [lib], find_links: [own]", {wheel: old})
                first = self.build(folder, "-t", "x:1")
                self.build(folder, "-t", "x:1", "--locked")
                write_files(folder, {wheel: new})
                self.moved(folder, "`%s` is another than was locked" % wheel)
                os.unlink(os.path.join(folder, "mlpack.lock"))
                self.assertNotEqual(self.build(folder, "-t", "x:1")["digest"], first["digest"])
                self.assertEqual(self.wheels(folder)["lib"], sha256(new))

    def test_a_newer_wheel_of_a_folder_is_taken(self):
        project = PROJECT.replace('version = "2.0"', 'dynamic = ["version"]')
        dist = "lib/dist/lib-%s-py3-none-any.whl"
        folder = self.spec_of("newer", "pip", "requirements: r.txt", {
            "r.txt": "six==1.0%s%s\n./lib\n" % (HASH, ONE), "lib/pyproject.toml": project, dist % "1.0": make_wheel("lib", "1.0")})
        self.build(folder, "-t", "x:1")
        write_files(folder, {dist % "1.1": make_wheel("lib", "1.1")})
        self.moved(folder, "`%s` is new" % (dist % "1.1"))
        self.build(folder, "-t", "x:1")
        self.assertEqual(self.versions(folder)["lib"], ("1.1", dist % "1.1"))

    def test_what_a_folder_needs_now_is_found(self):
        built = {"lib/dist/lib-2.0-py3-none-any.whl": make_wheel("lib", "2.0"), "deep/dist/deep-2.0-py3-none-any.whl": make_wheel("deep", "2.0")}
        deep = PROJECT.replace('"lib"', '"deep"')
        lib = PROJECT.replace('"six"', '"six", "deep"') + '[tool.uv.sources]\ndeep = {path = "../deep"}\n'
        folder = self.spec_of("needs", "uv", "requirements: r.txt", {"r.txt": "-e ./lib\n", "lib/pyproject.toml": lib, "deep/pyproject.toml": deep, **built})
        for path, text in (("lib/pyproject.toml", lib), ("deep/pyproject.toml", deep)):
            with self.subTest(path):
                self.build(folder, "-t", "x:1")
                self.assertNotIn("pre", self.versions(folder))
                write_files(folder, {path: text.replace('"six"', '"six", "pre"')})
                self.moved(folder, "`%s` is another than was locked" % path)
                os.unlink(os.path.join(folder, "mlpack.lock"))
                self.mlpack("lock", folder)
                self.assertIn("pre", self.versions(folder))
                write_files(folder, {path: text})

    def test_the_settings_of_uv_that_hold_count(self):
        for name, place, python, below in (
                ("beside", "pyproject.toml", "requirements: r.txt", ""), ("above", "../pyproject.toml", "packages: [six]", "w/"),
                ("own", "uv.toml", "packages: [six]", "")):
            with self.subTest(name):
                text = '[tool.uv]\nconstraint-dependencies = ["six<%s"]\n' if place != "uv.toml" else 'constraint-dependencies = ["six<%s"]\n'
                folder = self.spec_of(below + name, "uv", python, {"r.txt": "six\n"}) if not below else self.path("w")
                if below:
                    shutil.copytree(self.path("base"), self.path("w/base"))
                    folder = self.project("w/p", "schema: 1\nname: x\nbase: oci:../base\nplatform: linux/amd64\npython: {version: '3.11', "
                                          "%s}\nrun: [python]\nlayers: {compression: gzip}\n" % python, {})
                write_files(folder, {place: text % "1.1"})
                self.build(folder, "-t", "x:1")
                self.assertEqual(self.versions(folder)["six"][0], "1.0")
                write_files(folder, {place: text % "9"})
                self.moved(folder, "`%s` is another than was locked" % place)
                os.unlink(os.path.join(folder, "mlpack.lock"))
                self.build(folder, "-t", "x:1")
                self.assertEqual(self.versions(folder)["six"][0], "1.1")

    def test_a_uv_lock_that_its_project_has_left_behind_is_stale(self):
        project = ('[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["six <2, >=1", "lib>=1"]\n'
                   '[project.optional-dependencies]\nfast = ["six[tests]; python_version < \'3.13\' and sys_platform != \'win32\'"]\nall = ["app[fast]"]\n'
                   '[dependency-groups]\ndev = ["pre==1.*", "a ~= 1.0"]\nmore = [{include-group = "dev"}, "new!=3; sys_platform == \'win32\'"]\n'
                   '[tool.uv]\nconstraint-dependencies = ["six<8"]\noverride-dependencies = ["six>=1.0"]\ndefault-groups = []\n'
                   '[tool.uv.sources]\nlib = {path = "lib", editable = true}\n')
        folder = self.spec_of("stale", "uv", "lock: uv.lock", {
            "pyproject.toml": project, "lib/pyproject.toml": PROJECT, "lib/dist/lib-2.0-py3-none-any.whl": make_wheel("lib", "2.0")})
        self.run_tool("uv", "lock", "--quiet", "--directory", folder)
        self.build(folder, "-t", "x:1")
        for path, text, words in (("pyproject.toml", project.replace('"lib>=1"', '"lib>=1", "new"'), "the lock is without `new`"),
                                  ("lib/pyproject.toml", PROJECT.replace('"six"', ""), "the lock alone has `six`")):
            write_files(folder, {path: text})
            self.moved_uv_lock(folder, path, words)
            write_files(folder, {path: project if path == "pyproject.toml" else PROJECT})
        self.build(folder, "-t", "x:1", "--locked")

    def moved_uv_lock(self, folder, path, words):
        self.assertIn("`%s` is another than was locked" % path, self.mlpack("build", folder, "--locked", code=10).err)
        for command in (("lock", "--check"), ("lock",), ("build",)):
            told = self.mlpack(command[0], folder, *command[1:], code=10).err
            self.assertIn("uv.lock` is stale", told)
            self.assertIn("%s: error: %s" % (os.path.join(folder, path), words), told)
            self.assertIn("run `uv lock`", told)


class Secrets(Ground):
    """An index that signs its URLs, and a requirement and weights whose URLs hold a token."""

    TOKEN = "tok3n-that-nobody-may-keep"

    def setUp(self):
        super().setUp()
        self.index.file = self.file
        header = json.dumps({"w": {"dtype": "U8", "shape": [70000], "data_offsets": [0, 70000]}}).encode()
        header += b" " * (-len(header) % 8)
        self.weights = struct.pack("<Q", len(header)) + header + os.urandom(70000)
        self.index.wheels = {**WHEELS, "model.safetensors": self.weights}
        self.secure = self.serve_tls()

    def serve_tls(self):
        """The same server behind TLS, as weights are not fetched without."""
        new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj")
        self.run_tool("openssl", "req", "-x509", *new_key, "/CN=authority", "-keyout", self.path("ca.key"), "-out", self.path("ca.pem"))
        self.run_tool("openssl", "req", "-x509", *new_key, "/CN=127.0.0.1", "-keyout", self.path("key.pem"), "-out",
                      self.path("server.pem"), "-CA", self.path("ca.pem"), "-CAkey", self.path("ca.key"), "-addext",
                      "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.index.servers[0].RequestHandlerClass)
        server.daemon_threads, server.index, server.name = True, self.index, "index"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path("server.pem"), self.path("key.pem"))
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        self.addCleanup(lambda: (server.shutdown(), thread.join(), server.server_close()))
        return "127.0.0.1:%d" % server.server_port

    def test_whom_the_command_line_trusts_the_resolver_trusts_too(self):
        for resolver in ("uv", "pip"):
            with self.subTest(resolver):
                self.env.update(PATH=PATHS[resolver](), MLPACK_STORE=self.path("store-" + resolver))
                folder = self.project(resolver, "schema: 1\nname: x\nbase: oci:../base\nplatform: linux/amd64\nrun: [python]\npython: "
                                      "{version: '3.11', packages: [six], index_url: 'https://%s/simple'}\n" % self.secure, {})
                refused = self.mlpack("lock", folder, code=6)
                self.assertIn("with `--ca`", refused.err)
                self.mlpack("lock", folder, "--ca", self.path("ca.pem"))
                with open(os.path.join(folder, "mlpack.lock")) as lock:
                    self.assertIn("six-1.1-py3-none-any.whl", lock.read())

    def page(self, request):
        project = request.path.strip("/").split("/")[-1]
        listing = self.index.listing()
        listing["files"] = [{**file, "url": file["url"] + "?signature=" + self.TOKEN} for file in listing["files"]
                            if file["filename"].split("-")[0] == project]
        request.answer(200 if listing["files"] else 404, json.dumps(listing).encode(), JSON)

    def file(self, request):
        path, _, query = request.path.partition("?")
        content = self.index.wheels.get(path.rsplit("/", 1)[1])
        if not query.endswith("=" + self.TOKEN):
            return request.answer(403, b"")
        wanted = request.headers.get("Range")
        headers = [("Accept-Ranges", "bytes"), ("ETag", '"1"')]
        if not wanted:
            return request.answer(200, content, "application/octet-stream", headers=headers)
        first, last = wanted[len("bytes="):].split("-")
        last = min(int(last or len(content)), len(content) - 1)
        headers.append(("Content-Range", "bytes %s-%d/%d" % (first, last, len(content))))
        request.answer(206, content[int(first):last + 1], "application/octet-stream", headers=headers)

    def files_with_token(self, *folders):
        found = []
        for at, _, names in (step for folder in folders for step in os.walk(folder)):
            for name in names:
                with open(os.path.join(at, name), "rb") as file:
                    if self.TOKEN.encode() in file.read():
                        found.append(os.path.relpath(os.path.join(at, name), self.dir))
        return sorted(found)

    def test_nothing_of_a_url_that_may_be_secret_is_kept(self):
        for resolver in ("uv", "pip"):
            with self.subTest(resolver):
                self.env.update(PATH=PATHS[resolver](), MLPACK_STORE=self.path("store-" + resolver), UV_DEFAULT_INDEX=self.index.url)
                line = "six @ http://%s:x@%s/files/six-1.0-py3-none-any.whl?token=%s\n" % (self.TOKEN, self.index.host, self.TOKEN)
                folder = self.project(resolver, "schema: 1\nname: x\nbase: oci:../base\nplatform: linux/amd64\npython: {version: '3.11', "
                                      "requirements: r.txt}\nrun: [python]\nlayers: {compression: gzip}\nweights: [{name: m, source: 'https://"
                                      "%s/files/model.safetensors?token=%s#sha256=%s'}]\n" % (self.secure, self.TOKEN, sha256(self.weights)),
                                      {"r.txt": line + "a\n"})
                mine = [resolver + "/mlpack.yaml", resolver + "/r.txt"]
                first = self.mlpack("build", folder, "-t", "x:1", "--json", "--verbose", "--ca", self.path("ca.pem"))
                self.assertNotIn(self.TOKEN, first.out + first.err)
                self.assertEqual(self.files_with_token(self.path("store-" + resolver), folder), mine)
                # What was kept is enough with the lock, and without it, where the wheels are gone.
                self.env["MLPACK_STORE"] = self.path("second-" + resolver)
                self.assertEqual(self.build(folder, "-t", "x:1", "--ca", self.path("ca.pem"))["digest"], first.json()["digest"])
                shutil.rmtree(self.path("second-" + resolver, "cache"))
                os.unlink(os.path.join(folder, "mlpack.lock"))
                self.build(folder, "-t", "x:1", "--verify-cache", "--ca", self.path("ca.pem"))
                self.assertEqual(self.files_with_token(self.path("second-" + resolver), folder), mine)


    def test_a_query_in_a_lock_or_a_project_of_ones_own_is_taken_from_there(self):
        url = "http://%s/files/six-1.0-py3-none-any.whl?token=%s" % (self.index.host, self.TOKEN)
        wheel = 'url = "%s", hashes = {sha256 = "%s"}' % (url, ONE)
        pylock = 'lock-version = "1.0"\ncreated-by = "test"\n[[packages]]\nname = "six"\nversion = "1.0"\n'
        project = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["six @ %s"]\n' % url
        self.env.update(PATH=PATHS["uv"](), UV_DEFAULT_INDEX="http://%s/nothing" % self.index.host)
        for name, python, files in (
                ("wheels", "lock: pylock.toml", {"pylock.toml": pylock + "wheels = [{%s}]\n" % wheel}),
                ("archive", "lock: pylock.toml", {"pylock.toml": pylock + "archive = {%s}\n" % wheel}),
                ("project", "requirements: pyproject.toml", {"pyproject.toml": project}),
                ("uv-lock", "lock: uv.lock", {"pyproject.toml": project})):
            with self.subTest(name):
                folder = self.project(name, "schema: 1\nname: x\nbase: oci:../base\nplatform: linux/amd64\npython: {version: '3.11', %s}\n"
                                      "run: [python]\nlayers: {compression: gzip}\n" % python, files)
                if name == "uv-lock":
                    self.run_tool("uv", "lock", "--quiet", "--directory", folder)
                self.env["MLPACK_STORE"] = self.path("store-" + name)
                first = self.build(folder, "-t", "x:1")
                self.assertEqual([os.path.basename(path) for path in self.files_with_token(self.path("store-" + name), folder) if "mlpack" in path or "store" in path], [])
                self.env["MLPACK_STORE"] = self.path("second-" + name)
                self.assertEqual(self.build(folder, "-t", "x:1", "--locked")["digest"], first["digest"])
                self.env["MLPACK_STORE"] = self.path("store-" + name)
                shutil.rmtree(self.path("store-" + name, "cache"))
                os.unlink(os.path.join(folder, "mlpack.lock"))
                self.build(folder, "-t", "x:1", "--verify-cache")

    def test_what_a_resolver_says_of_a_url_is_told_without_its_query(self):
        for resolver in ("uv", "pip"):
            with self.subTest(resolver):
                line = "six @ http://127.0.0.1:1/files/six-1.0-py3-none-any.whl?sig=%s\n" % self.TOKEN
                code, told = self.resolve("said", resolver, "requirements: r.txt", {"r.txt": line})
                self.assertEqual(code, 6, told)
                self.assertNotIn(self.TOKEN, told)
                self.assertIn("six-1.0-py3-none-any.whl", told)


class OldPip(Place):
    def test_a_pip_that_cannot_report_is_told(self):
        write_files(self.dir, {"bin/pip3": "#!/bin/sh\necho 'no such option: --report' >&2\nexit 2\n"})
        os.chmod(self.path("bin/pip3"), 0o755)
        self.env["PATH"] = self.path("bin")
        folder = self.spec("packages: [six]", {})
        told = self.run_tool(self.binary_for(None), "lock", folder, code=2).err
        self.assertIn("pip is too old: no such option: --report", told)
        self.assertIn("or pip 22.2 or newer", told)


if __name__ == "__main__":
    unittest.main()
