"""Images of PyPI's wheels against what uv installs of the same lock: the same files, and all that can be imported."""

import json
import os
import shutil
import unittest

from harness import Case, FULL, MLPACK, ROOT, needs_root, run, write_files
from python_tools import pip_environment
from wheel_sets import (ONNX, PYTHON, SCRIPT, TORCH, TRANSFORMERS, WEB, differences, index_url, locked_wheels, popular,
                        requirements, tree, uv)

SPEC = """\
schema: 1
name: %s
base: {debian: bookworm}
platform: %s
system_packages: [libgomp1]
python: {requirements: requirements.in, index_url: "%s"}
files: [{source: app/, target: /app}]
run: [python, -B, /app/%s]
env: {HOME: /tmp, GIT_PYTHON_REFRESH: quiet}
layers: {compression: %s}
"""
H100 = ("--gpu", "H100", "--driver", "580.65.06")
full = unittest.skipUnless(FULL, "downloads gigabytes: scripts/test --full")


def machine_of(path):
    """e_machine of an ELF file, else None."""
    if os.path.islink(path) or not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        head = file.read(20)
    return int.from_bytes(head[18:20], "little") if head[:4] == b"\x7fELF" else None


class Wheels(Case):
    def setUp(self):
        super().setUp()
        self.env = pip_environment(self.env)
        self.env["PATH"] = os.path.dirname(uv()) + ":" + self.env["PATH"]
        self.env["UV_CACHE_DIR"] = self.path("uv-cache")

    def lock(self, name, packages, platform="linux/amd64", compression="gzip"):
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), SCRIPT)) as file:
            script = file.read()
        folder = self.project(name, SPEC % (name, platform, index_url(), SCRIPT, compression),
                              {"requirements.in": "\n".join(packages) + "\n", "app/" + SCRIPT: script})
        result = run([MLPACK, "lock", folder], env=self.env)
        if result.code == 6 or "error sending request" in result.err:
            self.skipTest("a mirror or an index is out of reach: " + result.err.strip().split("\n")[-1])
        self.assertEqual(result.code, 0, str(result))
        return folder

    def venv_of_uv(self, folder):
        """uv's environment of what is locked, and {module: why it cannot be imported} in it."""
        venv = self.path("venv")
        write_files(self.dir, {"locked.txt": requirements(locked_wheels(folder))})
        self.run_tool("uv", "venv", "--quiet", "--no-config", "--python", PYTHON, venv)
        self.run_tool("uv", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--default-index", index_url(),
                      "--python", venv + "/bin/python", "-r", self.path("locked.txt"), timeout=900)
        asked = "import importlib.metadata as m, json; print(json.dumps(sorted(n for n in m.packages_distributions() if n.isidentifier())))"
        names = json.loads(self.run_tool(venv + "/bin/python", "-B", "-c", asked).out)
        tried = self.run_tool(venv + "/bin/python", "-B", os.path.join(folder, "app", SCRIPT), *names, timeout=1800)
        return venv, json.loads(tried.out.strip().split("\n")[-1])

    def image_of(self, folder, machines):
        """By way of a registry: what its modules say in a container. `check` finds no error in it."""
        reference = "%s/wheels/set:1" % self.registry().host
        built = self.mlpack("build", folder, "-t", reference, "--push", "--locked", "--json", timeout=1800).json()
        shutil.rmtree(self.path("store"))
        self.skopeo("copy", "--quiet", "--src-tls-verify=false", "docker://" + reference, "oci:%s:1" % self.path("layout"),
                    timeout=900)
        self.run_tool("umoci", "unpack", "--image", self.path("layout") + ":1", self.path("bundle"), timeout=900)
        shutil.rmtree(self.path("layout"))
        checked = self.mlpack("check", reference, "--json", *machines, timeout=900).json()
        self.assertNotIn("error", [finding["level"] for finding in checked["findings"]], checked)
        ran = self.run_tool(ROOT + "/scripts/crun-run", self.path("bundle"), self.path("pid"), timeout=1800)
        return built, json.loads(ran.out.strip().split("\n")[-1])

    def same(self, name, packages, compression="gzip", machines=("--gpu", "cpu")):
        folder = self.lock(name, packages, compression=compression)
        venv, theirs = self.venv_of_uv(folder)
        importable = sorted(module for module, why in theirs["modules"].items() if not why)
        self.assertGreaterEqual(len(importable), len(locked_wheels(folder)) // 2, theirs["modules"])
        write_files(folder, {"app/modules.json": json.dumps(importable)})
        built, ours = self.image_of(folder, machines)
        self.assertEqual({module: why for module, why in ours["modules"].items() if why}, {})
        self.assertEqual(sorted(ours["modules"]), importable)
        self.assertIn("No broken requirements found", ours["check"])
        of_uv = tree(venv)
        self.assertEqual(differences(tree(self.path("bundle", "rootfs", "opt", "venv")), of_uv), [])
        print("%s: %d wheels, %d modules of %d, %d files the same as uv's; %d layers" % (
            name, len(locked_wheels(folder)), len(importable), len(theirs["modules"]), len(of_uv), len(built["layers"])), flush=True)

    @needs_root
    def test_a_web_service_is_what_uv_installs(self):
        self.same("web", WEB)

    @needs_root
    def test_a_web_service_for_arm64_has_machine_code_of_arm64_alone(self):
        folder = self.lock("arm", WEB, "linux/arm64")
        self.mlpack("build", folder, "--locked", "-o", "oci:%s:1" % self.path("layout"))
        self.run_tool("umoci", "unpack", "--image", self.path("layout") + ":1", self.path("bundle"))
        root = self.path("bundle", "rootfs")
        machines = [machine for machine in (machine_of(os.path.join(at, name)) for at, _, names in os.walk(root) for name in names)
                    if machine]
        self.assertEqual(set(machines), {183})  # EM_AARCH64
        self.assertGreater(len(machines), 100)
        site = os.path.join(root, "opt/venv/lib/python3.11/site-packages")
        tags = []
        for info in (name for name in os.listdir(site) if name.endswith(".dist-info")):
            with open(os.path.join(site, info, "WHEEL")) as file:
                tags += [line[5:].strip() for line in file if line.startswith("Tag:")]
        self.assertEqual([tag for tag in tags if not tag.endswith(("-any", "_aarch64"))], [])
        self.assertTrue(any(tag.endswith("_aarch64") for tag in tags), tags)

    @full
    @needs_root
    def test_onnxruntime_is_what_uv_installs(self):
        self.same("onnx", ONNX)

    @full
    @needs_root
    def test_torch_with_its_cuda_is_what_uv_installs(self):
        self.same("torch", TORCH, "none", H100)

    @full
    @needs_root
    def test_transformers_are_what_uv_installs(self):
        self.same("transformers", TRANSFORMERS, "none", H100)

    @full
    @needs_root
    def test_a_hundred_and_fifty_popular_packages_are_what_uv_installs(self):
        self.same("popular", popular())


if __name__ == "__main__":
    unittest.main()
