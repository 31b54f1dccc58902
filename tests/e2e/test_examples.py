"""Every example is built, and other people's tools accept what comes out, from wherever they take it."""

import json
import os
import re
import subprocess
import time
import unittest
import urllib.request

from harness import Case, MLPACK, ROOT, is_root, needs_root, run, start


def example(name):
    return os.path.join(ROOT, "examples", name)


class Examples(Case):
    def build_example(self, name, *argv):
        """The result of building it; skips the test where Debian's mirror cannot be reached."""
        result = run([MLPACK, "build", self.examples(name), "--json", *argv], env=self.env)
        if result.code == 6:
            self.skipTest("no Debian mirror in reach")
        self.assertEqual(result.code, 0, str(result))
        return result.json()

    def everywhere(self, name):
        """Builds an example into the registry, a layout and both archives; names the four for skopeo and buildah."""
        host = self.registry().host
        places = ["oci:%s:1" % self.path("layout"), "oci-archive:" + self.path("oci.tar"),
                  "docker-archive:" + self.path("docker.tar")]
        options = [option for place in places for option in ("-o", place)]
        built = self.build_example(name, "-t", host + "/examples/%s:1" % name, "--push", *options)
        return built, ["docker://%s/examples/%s:1" % (host, name)] + places

    def accepted_by_all(self, name):
        built, places = self.everywhere(name)
        for place in places:
            with self.subTest(place=place.split(":")[0]):
                self.inspected(place, built)
                if is_root():
                    self.pulled_by_buildah(place)
        self.unpacked_by_umoci(built)

    def inspected(self, place, built):
        tls = ["--tls-verify=false"] if place.startswith("docker://") else []
        found = self.skopeo("inspect", *tls, place).json()
        if not place.startswith("docker-archive:"):
            self.assertEqual(found["Digest"], built["digest"])
            self.assertEqual(found["Layers"], [layer["digest"] for layer in built["layers"]])
        config = self.skopeo("inspect", "--config", *tls, place).json()
        self.assertEqual(config["rootfs"]["diff_ids"], [layer["diffId"] for layer in built["layers"]])
        self.assertEqual(len([h for h in config["history"] if not h.get("empty_layer")]), len(built["layers"]))

    def pulled_by_buildah(self, place):
        tls = ["--tls-verify=false"] if place.startswith("docker://") else []
        where = ["--storage-driver", "vfs", "--root", self.path("vfs"), "--runroot", self.path("vfs-run")]
        self.run_tool("buildah", *where, "pull", *tls, place)
        self.run_tool("buildah", *where, "rmi", "--all", "--force")

    def unpacked_by_umoci(self, built):
        rootless = [] if is_root() else ["--rootless"]
        self.run_tool("umoci", "unpack", *rootless, "--image", self.path("layout") + ":1", self.path("bundle"))

    def test_the_image_of_one_file_is_accepted_by_skopeo_umoci_and_buildah(self):
        self.accepted_by_all("hello-scratch")
        with open(self.path("bundle", "rootfs", "greeting.txt")) as file:
            self.assertEqual(file.read(), "Hello from an image with one file in it.\n")

    def test_the_digits_image_is_accepted_by_skopeo_umoci_and_buildah(self):
        self.accepted_by_all("digits")
        config = json.loads(self.skopeo("inspect", "--config", "oci:" + self.path("layout") + ":1").out)["config"]
        self.assertEqual(config["User"], "65532:65532")
        self.assertEqual(config["Cmd"], ["python3", "/app/server.py"])
        self.assertEqual(config["ExposedPorts"], {"8000/tcp": {}})
        self.assertIn("MODEL_DIR=/models/digits", config["Env"])
        self.assertEqual(config["WorkingDir"], "/app")

    @needs_root
    def test_the_image_of_wheels_answers_like_the_one_of_debians_packages(self):
        self.build_example("fastapi", "-o", "oci:%s:1" % self.path("layout"))
        self.run_tool("umoci", "unpack", "--image", self.path("layout") + ":1", self.path("bundle"))
        with open(self.path("log"), "w") as log:
            runner = start([ROOT + "/scripts/crun-run", self.path("bundle"), self.path("pid"), "PORT=0"], log, log,
                           env=self.env)
        self.addCleanup(self.stop_container, runner)
        port = self.wait_for_line(r"listening on port (\d+)", runner)
        with open(example("digits/sample.json"), "rb") as file:
            sample = file.read()
        request = urllib.request.Request("http://127.0.0.1:%s/predict" % port, sample, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as reply:
            self.assertEqual(json.load(reply)["digit"], json.loads(sample)["label"])
        self.stop_container(runner)

    @needs_root
    def test_the_digits_image_reads_a_digit_and_ends_on_sigterm(self):
        self.build_example("digits", "-o", "oci:%s:1" % self.path("layout"))
        self.run_tool("umoci", "unpack", "--image", self.path("layout") + ":1", self.path("bundle"))
        with open(self.path("log"), "w") as log:
            runner = start([ROOT + "/scripts/crun-run", self.path("bundle"), self.path("pid"), "PORT=0"], log, log,
                           env=self.env)
        self.addCleanup(self.stop_container, runner)
        port = self.wait_for_line(r"listening on port (\d+)", runner)
        with open(example("digits/sample.json"), "rb") as file:
            sample = file.read()
        with urllib.request.urlopen("http://127.0.0.1:%s/predict" % port, sample, timeout=20) as reply:
            self.assertEqual(json.load(reply)["digit"], json.loads(sample)["label"])
        self.assertEqual(self.stop_container(runner), 0)

    def wait_for_line(self, pattern, process):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            with open(self.path("log")) as log:
                found = re.search(pattern, log.read())
            if found:
                return found.group(1)
            time.sleep(0.05)
        with open(self.path("log")) as log:
            self.fail("the container does not start: " + log.read())

    def stop_container(self, runner):
        if runner.poll() is None:
            with open(self.path("pid")) as file:
                subprocess.run(["kill", "-TERM", file.read()], check=True)
            runner.wait(20)
        return runner.returncode

    def test_the_multi_platform_index_holds_an_image_for_each_platform(self):
        host = self.registry().host
        built = self.build_example("multi-platform", "-t", host + "/greeter:1", "--push",
                                   "-o", "oci:%s:1" % self.path("layout"))
        raw = self.skopeo("inspect", "--raw", "--tls-verify=false", "docker://%s/greeter:1" % host).json()
        self.assertEqual([m["platform"]["architecture"] for m in raw["manifests"]], ["amd64", "arm64"])
        self.assertEqual([m["digest"] for m in raw["manifests"]], [i["digest"] for i in built["images"]])
        for architecture in ("amd64", "arm64"):
            self.skopeo("--override-arch", architecture, "copy", "--quiet", "--src-tls-verify=false",
                        "docker://%s/greeter:1" % host, "oci:%s:%s" % (self.path("copy"), architecture))

    @needs_root
    def test_the_multi_platform_image_of_this_machine_greets(self):
        architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine)
        if not architecture:
            self.skipTest("neither amd64 nor arm64")
        self.build_example("multi-platform", "--platform", "linux/" + architecture, "-o", "oci:%s:1" % self.path("layout"))
        self.run_tool("umoci", "unpack", "--image", self.path("layout") + ":1", self.path("bundle"))
        greeting = self.run_tool(ROOT + "/scripts/crun-run", self.path("bundle"), self.path("pid")).out
        self.assertEqual(greeting, "hello from linux/%s\n" % architecture)


if __name__ == "__main__":
    unittest.main()
