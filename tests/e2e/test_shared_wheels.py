"""A large wheel is one layer, whoever has it; and what a wheel brings that the base has already is told."""

import json
import os
import shutil
import unittest

import runtime_bases
from fake_elf import elf
from harness import Case, FULL, MIB, needs_root, random_bytes, write_files
from index_server import Index, make_wheel, sha256
from python_tools import pip_environment
from wheel_sets import index_url, uv

SPEC = """\
schema: 1
name: %s
base: oci:../%s
python: {version: "3.11", requirements: r.txt, find_links: [../wheels]}
%s
layers: {compression: gzip}
"""
TORCH = """\
schema: 1
name: %s
base: {debian: bookworm}
platform: linux/amd64
python: {requirements: r.in, index_url: "%s"}
%s
"""


class Shared(Case):
    def setUp(self):
        super().setUp()
        self.base("plain", "PYTHON_VERSION=3.11.2", {})

    def base(self, name, variable, programs):
        runtime_bases.write_image(self.path(name), {
            "env": [variable], "programs": {"/usr/local/bin/python3.11": runtime_bases.SCRIPT, **programs}})

    def wheel(self, name, version="1.0", more=None):
        """The line of a requirements file for a wheel that is made."""
        content = make_wheel(name, version, more=more)
        write_files(self.dir, {"wheels/%s-%s-py3-none-any.whl" % (name, version): content})
        return "%s==%s --hash=sha256:%s\n" % (name, version, sha256(content))

    def write(self, name, lines, base="plain", more="run: [python]"):
        return self.project(name, SPEC % (name, base, more), {"r.txt": "--no-index\n" + "".join(lines), "app/x": "x\n"})

    def layer(self, built, name):
        return next((layer["digest"], layer["diffId"]) for layer in built["layers"] if layer["name"] == name)

    def test_a_large_wheel_is_the_same_layer_in_two_unrelated_images_and_is_sent_once(self):
        large = self.wheel("large", more={"large.bin": random_bytes(34 * MIB)})
        self.base("other", "PYTHON_VERSION=3.11.9", {"/opt/other": b"x" * 1000})
        one = self.write("one", [large, self.wheel("small")])
        two = self.write("two", [self.wheel("tiny", "7.1"), large], "other",
                         "user: '1000:1000'\nfiles: [{source: app/, target: /srv}]\nenv: {A: b}\nrun: [python, -m, tiny]")
        registry = self.registry()
        first = self.build(one, "-t", registry.host + "/team-a/one:1", "--push")
        proxy = self.proxy(registry)
        second = self.build(two, "-t", proxy.host + "/team-a/one:2", "--push")
        self.assertEqual(self.layer(first, "large"), self.layer(second, "large"))
        self.assertLess(sum(request.sent for request in proxy.take()), MIB * 32)

        # Another machine, which has the wheels alone, and the first project's repository.
        shutil.rmtree(self.path("store"))
        again = self.build(two, "-t", proxy.host + "/team-a/one:3", "--push")
        self.assertEqual(self.layer(again, "large"), self.layer(first, "large"))
        self.assertNotIn(self.layer(first, "large")[0].split(":")[1], " ".join(
            request.path for request in proxy.take() if request.method in ("PUT", "PATCH")))

    def test_another_repository_of_the_registry_gets_the_large_wheel_mounted(self):
        large = self.wheel("large", more={"large.bin": random_bytes(34 * MIB)})
        registry = self.registry()
        self.build(self.write("one", [large]), "-t", registry.host + "/team-a/one:1")
        self.push(registry.host + "/team-a/one:1")
        self.build(self.write("two", [large, self.wheel("tiny")]), "-t", registry.host + "/team-b/two:1")
        pushed = self.push(registry.host + "/team-b/two:1")
        self.assertGreaterEqual(pushed["blobs"]["mounted"], 1)
        self.assertLess(pushed["bytesSent"], 32 * MIB)

    def test_libraries_that_the_base_has_already_are_told_with_their_size_and_a_base_without_them(self):
        cuda = "/usr/local/cuda/lib64/"
        self.base("cuda", "PYTHON_VERSION=3.11.2", {cuda + "libcublas.so.12": elf(soname="libcublas.so.12"),
                                                   cuda + "libcudnn.so.8": elf(soname="libcudnn.so.8")})
        library = elf(soname="libcublas.so.12") + bytes(3 * MIB)
        lines = [self.wheel("nvidia_cublas_cu12", "12.8", {"nvidia/cublas/lib/libcublas.so.12": library}),
                 self.wheel("nvidia_cudnn_cu12", "9.1", {"nvidia/cudnn/lib/libcudnn.so.9": elf(soname="libcudnn.so.9")})]
        folder = self.write("app", lines, "cuda")
        told = self.mlpack("build", folder, "-t", "app:1").err
        self.assertIn("/cuda` holds 1 library of NVIDIA that wheels bring too, 3.00 MiB: `libcublas.so.12` (3.00 MiB); "
                      "take a base without them, such as `python:3.11-slim`", told)
        plain = self.mlpack("build", self.write("plain-app", lines), "-t", "plain:1").err
        self.assertNotIn("NVIDIA", plain)
        found = self.mlpack("check", "app:1", "--json", code=None).json()["findings"]
        finding = next(finding for finding in found if finding["id"] == "cuda-libraries-twice")
        self.assertEqual(finding["level"], "info")
        self.assertIn("wheels bring 1 library of NVIDIA that the image has a second time", finding["what"])

    @unittest.skipUnless(FULL, "downloads gigabytes: scripts/test --full")
    @needs_root
    def test_torch_is_the_same_layer_in_two_unrelated_images_and_the_second_push_sends_none_of_it(self):
        self.env = pip_environment(self.env)
        self.env["PATH"] = os.path.dirname(uv()) + ":" + self.env["PATH"]
        registry = self.registry()
        built = []
        for name, packages, more in (("one", "torch\n", "run: [python]"),
                                     ("two", "torch\nidna\nfastapi\n", "system_packages: [libgomp1]\nuser: '1000:1000'\nrun: [python, -i]")):
            folder = self.project(name, TORCH % (name, index_url(), more), {"r.in": packages})
            reference = "%s/%s/app:1" % (registry.host, name)
            built.append(self.build(folder, "-t", reference, timeout=1800))
            pushed = self.push(reference, timeout=1800)
        large = [{layer["name"]: (layer["digest"], layer["diffId"]) for layer in one["layers"]
                  if layer["kind"] == "python" and layer["size"] > 16 * MIB} for one in built]
        self.assertIn("torch", large[0])
        self.assertEqual(large[0], large[1])
        self.assertGreaterEqual(pushed["blobs"]["mounted"], len(large[0]))
        self.assertLess(pushed["bytesSent"], 100 * MIB)
        print("torch: %d layers of %d MiB are shared; the second push sent %d MiB" % (
            len(large[0]), sum(layer["size"] for layer in built[1]["layers"] if layer["name"] in large[0]) / MIB,
            pushed["bytesSent"] / MIB), flush=True)


class Named(Case):
    def index_without_pages(self):
        """The lines of a spec for packages that a folder alone has."""
        runtime_bases.write_python(self.path("base"))
        index = Index({})
        index.__enter__()
        self.addCleanup(index.__exit__)
        index.page = lambda request: request.answer(404, b"")
        self.env.update(PATH=os.path.dirname(uv()) + ":" + self.env["PATH"], NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
        return lambda packages, fleet: (SPEC % ("app", "base", "fleet: [%s]\nrun: [python]" % fleet)).replace(
            "requirements: r.txt", 'packages: [%s], index_url: "http://%s/simple"' % (packages, index.host))

    def wheel(self, name, version, *requires):
        write_files(self.dir, {"wheels/%s-%s-py3-none-any.whl" % (name, version): make_wheel(name, version, requires=requires)})

    def locked(self):
        with open(self.path("app", "mlpack.lock")) as file:
            return next(iter(json.load(file)["platforms"].values()))

    def test_the_lock_tells_the_torch_that_the_index_has(self):
        """Not that which goes with the CUDA that was decided."""
        spec = self.index_without_pages()
        self.wheel("torch", "2.6.0")
        folder = self.project("app", spec("torch", '{gpu: L4, driver: "570.86.15"}'))
        self.mlpack("lock", folder)
        decision = next(decision for decision in self.locked()["decisions"] if decision["what"] == "torch")
        self.assertEqual(decision["chosen"], "2.6.0")
        self.assertIn("that is what is locked; ", decision["because"][0])
        self.assertEqual(self.locked()["python"]["wheels"][0]["version"], "2.6.0")
        self.mlpack("lock", folder, "--check")

    def test_a_torch_that_others_need_is_told_and_locked_anew_where_new_machines_do_not_run_it(self):
        spec = self.index_without_pages()
        self.wheel("acme", "1.0", "torch")
        self.wheel("torch", "2.5.1", "nvidia-cuda-runtime-cu12==12.4.127")
        self.wheel("nvidia_cuda_runtime_cu12", "12.4.127")
        torch = lambda: next(wheel["version"] for wheel in self.locked()["python"]["wheels"] if wheel["name"] == "torch")  # noqa: E731
        folder = self.project("app", spec("acme", "L4"))
        self.mlpack("lock", folder)
        self.assertEqual(self.mlpack("plan", folder, "--json").json()["frameworks"], {"torch": "2.5.1+cu124"})
        self.mlpack("lock", folder, "--check")

        self.project("app", spec("acme", "RTX 5090"))
        for command in ("plan", "build"):
            told = self.mlpack(command, folder, code=9)
            self.assertIn("torch==2.5.1 as locked", told.out + told.err)
            self.assertIn("let `mlpack lock` choose it anew", told.out + told.err)
        # As long as there is no other, `lock` refuses it as well, and keeps what there was.
        told = self.mlpack("lock", folder, code=9).err
        self.assertIn("torch==2.5.1 as resolved do not go together", told)
        self.assertNotIn("mlpack lock", told)
        self.assertEqual(torch(), "2.5.1")

        self.wheel("torch", "2.9.0", "nvidia-cuda-runtime-cu12==12.8.90")
        self.wheel("nvidia_cuda_runtime_cu12", "12.8.90")
        self.assertIn("torch 2.5.1 → 2.9.0", self.mlpack("lock", folder, "--check", code=10).err)
        self.mlpack("lock", folder)
        self.assertEqual(torch(), "2.9.0")
        self.assertEqual(self.mlpack("plan", folder, "--json").json()["frameworks"], {"torch": "2.9.0+cu128"})
        self.mlpack("lock", folder, "--check")

    def test_a_requirements_file_is_found_wherever_the_spec_is_named_from(self):
        runtime_bases.write_python(self.path("base"))
        content = make_wheel("torch", "2.6.0")
        write_files(self.dir, {"wheels/torch-2.6.0-py3-none-any.whl": content})
        self.project("app", SPEC % ("app", "base", "run: [python]"),
                     {"r.txt": "--no-index\ntorch==2.6.0 --hash=sha256:%s\n" % sha256(content)})
        for command in ("plan", "lock", "build"):
            self.mlpack(command, "app", cwd=self.dir)


if __name__ == "__main__":
    unittest.main()
