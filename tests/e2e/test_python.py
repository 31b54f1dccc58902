"""`python`: wheels of PyPI become layers that pip, importlib and the interpreter take for installed packages."""

import hashlib
import json
import os
import subprocess
import sys

from harness import Case, MLPACK, ROOT, needs_root, run
from python_tools import pip_environment, python_with

# Machine code, scripts in `.data`, entry points, data files, a module alone; and pip, to judge the rest.
PACKAGES = ["numpy==1.26.4", "requests==2.32.3", "six==1.17.0", "jmespath==1.0.1", "pip==24.0", "pygments==2.18.0"]

SPEC = """\
schema: 1
name: served
base: {debian: bookworm}
platform: linux/amd64
python: {%s}
run: [python, -c, "import numpy, requests, six, jmespath, sys; print(int(numpy.arange(4).sum()), sys.prefix)"]
layers: {compression: gzip}
"""


def pip_report(case, python, packages):
    """What pip would install, with URLs and hashes; skips the test where no index is in reach."""
    argv = [python, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--only-binary=:all:",
            "--report", "-", *packages]
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=pip_environment(os.environ))
    if done.returncode != 0:
        case.skipTest("pip finds no packages: " + done.stderr.strip().split("\n")[-1])
    return [(item["metadata"]["name"], item["metadata"]["version"], item["download_info"]["url"],
             item["download_info"]["archive_info"]["hash"].split("=")[1]) for item in json.loads(done.stdout)["install"]]


def requirements(found):
    return "".join("%s==%s \\\n    --hash=sha256:%s\n" % (name, version, sha256) for name, version, _, sha256 in found)


def pylock(found):
    text = 'lock-version = "1.0"\ncreated-by = "test"\n'
    for name, version, url, sha256 in found:
        place = "url" if "://" in url else "path"
        text += '[[packages]]\nname = "%s"\nversion = "%s"\nwheels = [{%s = "%s", hashes = {sha256 = "%s"}}]\n' % (
            name, version, place, url, sha256)
    return text


def tree(folder):
    """{path: (mode, content)} of the files below a folder, without bytecode."""
    found = {}
    for at, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(at, name)
            if path.endswith(".pyc") or os.path.islink(path):
                continue
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = (os.stat(path).st_mode & 0o777, file.read())
    return found


class Python(Case):
    def setUp(self):
        super().setUp()
        self.env = pip_environment(self.env)
        self.python = python_with("python-plain", ["pip==24.0"])

    def make(self, name, spec, files, *argv):
        """Builds a spec into an OCI layout; skips the test where Debian's mirror cannot be reached."""
        result = run([MLPACK, "build", self.project(name, spec, files), "--json", "-o",
                      "oci:%s:1" % self.path(name + "-layout"), *argv], env=self.env)
        if result.code == 6:
            self.skipTest("a mirror or an index is out of reach: " + result.err.strip().split("\n")[-1])
        self.assertEqual(result.code, 0, str(result))
        return result.json()

    def unpack(self, name):
        rootless = [] if os.geteuid() == 0 else ["--rootless"]
        self.run_tool("umoci", "unpack", *rootless, "--image", self.path(name + "-layout") + ":1", self.path(name + "-bundle"))
        return self.path(name + "-bundle", "rootfs")

    def pip_venv(self, found):
        """The same packages as pip installs them."""
        venv = self.path("venv")
        self.run_tool("/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable,
                      "-m", "venv", "--without-pip", venv)
        self.project("pip", "", {"r.txt": requirements(found)})
        self.run_tool(self.python, "-m", "pip", "--python", venv + "/bin/python", "install", "--quiet", "--no-compile",
                      "--no-deps", "--require-hashes", "-r", self.path("pip", "r.txt"))
        return venv

    def same_as_pip(self, root, venv):
        ours, theirs = tree(os.path.join(root, "opt/venv")), tree(venv)
        aside = ("/RECORD", "/INSTALLER")
        own = ("pyvenv.cfg",)
        script = lambda path: path.startswith("bin/")  # noqa: E731
        for kind in (ours, theirs):
            for path in [p for p in kind if p in own or (script(p) and "ctivate" in p)]:
                del kind[path]
        self.assertEqual(sorted(ours), sorted(theirs))
        different = [path for path in ours if not script(path) and not path.endswith(aside) and ours[path] != theirs[path]]
        self.assertEqual(different, [])
        for path in filter(script, ours):
            self.assertEqual(ours[path][0], 0o755, path)
            self.assertTrue(ours[path][1].startswith(b"#!/opt/venv/bin/python\n"), path)
        self.assertEqual(ours["bin/jp.py"][1].split(b"\n", 1)[1], theirs["bin/jp.py"][1].split(b"\n", 1)[1])

    @needs_root
    def test_what_a_lock_of_pip_names_is_installed_as_pip_installs_it(self):
        found = pip_report(self, self.python, PACKAGES)
        built = self.make("served", SPEC % "requirements: r.txt", {"r.txt": requirements(found)})
        kinds = [layer["kind"] for layer in built["layers"]]
        self.assertGreaterEqual(kinds.count("python"), 3)
        root = self.unpack("served")
        self.same_as_pip(root, self.pip_venv(found))
        python = ["chroot", root, "/opt/venv/bin/python", "-B"]
        listed = json.loads(self.run_tool(*python, "-m", "pip", "list", "--format", "json").out)
        self.assertEqual(sorted((item["name"].lower(), item["version"]) for item in listed),
                         sorted((name.lower(), version) for name, version, _, _ in found))
        self.assertIn("No broken requirements found", self.run_tool(*python, "-m", "pip", "check").out)
        shown = self.run_tool(*python, "-m", "pip", "show", "--files", "jmespath").out
        self.assertIn("../../../bin/jp.py", shown)
        self.assertIn("Installer: mlpack", self.run_tool(*python, "-m", "pip", "show", "--verbose", "six").out)
        script = ("import importlib.metadata as m; print(m.version('requests'), m.distribution('numpy').read_text('INSTALLER'), "
                  "all(f.locate().exists() for d in m.distributions() for f in d.files))")
        self.assertEqual(self.run_tool(*python, "-c", script).out, "2.32.3 mlpack\n True\n")
        self.assertIn("Pygments version 2.18.0", self.run_tool("chroot", root, "/opt/venv/bin/pygmentize", "-V").out)
        ran = self.run_tool(ROOT + "/scripts/crun-run", self.path("served-bundle"), self.path("pid"))
        self.assertEqual(ran.out.strip().split("\n")[-1], "6 /opt/venv")
        config = self.skopeo("inspect", "--config", "oci:%s:1" % self.path("served-layout")).json()["config"]
        self.assertIn("VIRTUAL_ENV=/opt/venv", config["Env"])
        self.assertTrue(any(v.startswith("PATH=/opt/venv/bin:") for v in config["Env"]), config["Env"])

        again = self.build(self.path("served"), "--offline")
        self.assertEqual(again["digest"], built["digest"])
        self.assertTrue(all(layer["reused"] for layer in again["layers"]))

    def test_a_changed_requirement_moves_its_own_layer_alone(self):
        found = pip_report(self, self.python, PACKAGES)
        spec = SPEC % "lock: pylock.toml"
        first = self.make("first", spec, {"pylock.toml": pylock(found)})
        fewer = [item for item in found if item[0].lower() != "six"]
        second = self.make("second", spec, {"pylock.toml": pylock(fewer)})
        digests = [{layer["digest"] for layer in built["layers"] if layer["kind"] == "python"} for built in (first, second)]
        self.assertEqual(len(digests[0] - digests[1]), 1)
        self.assertEqual(len(digests[1] - digests[0]), 1)

    @needs_root
    def test_a_folder_of_wheels_needs_no_index_and_the_bases_own_folder_takes_them(self):
        wheels = self.path("own", "wheels")
        self.run_tool(self.python, "-m", "pip", "download", "--quiet", "--no-deps", "-d", wheels, "six==1.17.0", "jmespath==1.0.1")
        found = []
        for name in sorted(os.listdir(wheels)):
            with open(os.path.join(wheels, name), "rb") as file:
                found.append((name.split("-")[0], name.split("-")[1], "wheels/" + name, hashlib.sha256(file.read()).hexdigest()))
        spec = (SPEC % "requirements: r.txt, find_links: [wheels], install: base").replace("[python, ", "[python3, ")
        self.make("own", spec, {"r.txt": "--no-index\n" + requirements(found)})
        root = self.unpack("own")
        script = "import six, jmespath; print(six.__file__, jmespath.search('a', {'a': 1}))"
        self.assertEqual(self.run_tool("chroot", root, "python3", "-B", "-c", script).out,
                         "/usr/local/lib/python3.11/dist-packages/six.py 1\n")
        self.assertTrue(os.path.exists(os.path.join(root, "usr/local/bin/jp.py")))

        self.project("own", SPEC % "lock: pylock.toml", {"pylock.toml": pylock(found)})
        built = self.build(self.path("own"))
        self.assertIn("python", [layer["kind"] for layer in built["layers"]])
        broken = [(name, version, path, "0" * 64) for name, version, path, _ in found]
        self.project("own", SPEC % "lock: pylock.toml", {"pylock.toml": pylock(broken)})
        told = self.mlpack("build", self.path("own"), code=7).err
        self.assertIn("which the lock does not have", told)

    def with_uv(self):
        uv = python_with("python-uv", ["uv"])
        self.env["PATH"] = os.path.dirname(uv) + ":" + self.env["PATH"]

    def versions(self, name):
        """What the image says is installed: {name: version}."""
        site = os.path.join(self.unpack(name), "opt/venv/lib/python3.11/site-packages")
        infos = [info[:-10].rsplit("-", 1) for info in os.listdir(site) if info.endswith(".dist-info")]
        return {package.lower(): version for package, version in infos}

    def test_open_requirements_are_resolved_by_uv_once(self):
        self.with_uv()
        spec = SPEC.replace("linux/amd64", "linux/arm64") % "packages: ['requests<2.32', 'jmespath==1.0.1', 'colorama; sys_platform == \"win32\"']"
        built = self.make("open", spec, {})
        versions = self.versions("open")
        self.assertEqual((versions["requests"], versions["jmespath"]), ("2.31.0", "1.0.1"))
        self.assertIn("urllib3", versions)
        self.assertNotIn("colorama", versions)
        site = self.path("open-bundle", "rootfs/opt/venv/lib/python3.11/site-packages")
        with open(next(os.path.join(at, name) for at, _, names in os.walk(site) for name in names if name.endswith(".so")), "rb") as file:
            self.assertEqual(file.read(20)[18:], b"\xb7\x00")  # EM_AARCH64
        again = self.build(self.path("open"), "--offline")
        self.assertEqual(again["digest"], built["digest"])

        told = run([MLPACK, "build", self.project("none", SPEC % "packages: ['six==99']", {})], env=self.env)
        self.assertEqual(told.code, 9, str(told))
        self.assertIn("uv cannot resolve `python`: error: No solution found", told.err)

    def test_a_project_and_its_uv_lock_give_extras_and_groups(self):
        self.with_uv()
        project = ('[project]\nname = "app"\nversion = "0.1"\nrequires-python = ">=3.9"\ndependencies = ["six==1.17.0"]\n'
                   '[dependency-groups]\ndev = ["jmespath==1.0.1"]\nmore = ["pygments==2.18.0"]\n'
                   '[project.optional-dependencies]\nfast = ["idna==3.7"]\n')
        names = {"six": "1.17.0", "jmespath": "1.0.1", "idna": "3.7"}
        self.make("project", SPEC % "requirements: pyproject.toml, extras: [fast], groups: [dev]", {"pyproject.toml": project})
        self.assertEqual(self.versions("project"), names)
        self.run_tool("uv", "lock", "--quiet", "--directory", self.path("project"))
        with open(self.path("project", "uv.lock")) as file:
            lock = file.read()
        self.make("locked", SPEC % "lock: uv.lock, extras: [fast], groups: [dev]", {"pyproject.toml": project, "uv.lock": lock})
        self.assertEqual(self.versions("locked"), names)

    def test_what_cannot_be_installed_is_told_with_its_place(self):
        hashes = "--hash=sha256:" + "0" * 64
        resolver = "there is no `uv` on the PATH, and pip cannot resolve `"
        self.env["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
        cases = [("lock: uv.lock", {"uv.lock": ""}, 2, resolver),
                 ("requirements: r.txt", {"r.txt": "six==1.17.0 %s\n--frob\n" % hashes}, 3, "r.txt:2:1: error: mlpack does not know"),
                 ("requirements: r.txt", {"r.txt": "six==1.17.0 %s\n" % hashes}, 9, "r.txt:1:1: error: no index and no folder"),
                 ("lock: pylock.toml", {"pylock.toml": "lock-version = '1.0'\nrequires-python = '<3.8'\npackages = []\n"}, 9,
                  "pylock.toml is for Python <3.8, and bookworm has Python 3.11"),
                 ("lock: pylock.toml", {"pylock.toml": "lock-version = '1.0'\nrequires-python = '!=3.11.2'\npackages = []\n"}, 9,
                  "pylock.toml:1:1: error: the lock is for another Python than 3.11.2"),
                 ('version: "3.13"', {}, 9, "Python 3.13")]
        for python, files, code, message in cases:
            with self.subTest(python=python, message=message):
                folder = self.project("bad", SPEC % python, files)
                result = run([MLPACK, "build", folder], env=self.env)
                if result.code == 6:
                    self.skipTest("no mirror or index in reach")
                self.assertEqual(result.code, code, str(result))
                self.assertIn(message, result.err)
