"""`mlpack doctor` through the installed binary: captured hosts, this one, libraries of the driver that hang or crash, clusters."""

import json
import os
import re
import shlex
import statistics
import subprocess

from harness import ROOT, Case, needs_root
from host_tree import HOSTS, make_host, names
from image_tree import Image

FAKES = os.path.join(ROOT, "tests", "unit", "host")
# Puts GPUs and a driver's libraries where doctor looks, for one command: nothing of the host is changed.
WITH_DRIVER = """set -e
mount -t tmpfs none /run
mkdir -p /run/opengl-driver/lib
cp {0}/* /run/opengl-driver/lib
mount -t tmpfs none /sys
for bus in {1}; do
  mkdir -p /sys/bus/pci/devices/0000:$bus:00.0
  echo 0x10de > /sys/bus/pci/devices/0000:$bus:00.0/vendor
  echo 0x030200 > /sys/bus/pci/devices/0000:$bus:00.0/class
done
exec {2}"""
EIGHT = ("11", "12", "13", "14", "15", "16", "17", "18")


def golden(name):
    with open(os.path.join(ROOT, "tests", "golden", "hosts", name + ".txt"), encoding="utf-8") as file:
        return file.read()


class Doctor(Case):
    def host(self, name):
        return make_host(name, self.path(name))

    def ids(self, *argv, code=None):
        document = self.mlpack("doctor", "--json", *argv, code=code).json()
        return {finding["id"] for finding in document["findings"]}

    def image(self, **env):
        image = Image(Cmd=["/server"], User="1000")
        image.env.update(env)
        image.add("server", b"\x7fELF", 0o755)
        return "oci:" + image.write(self.path("image"))


class Captured(Doctor):
    def test_every_host_has_its_report(self):
        self.assertGreaterEqual(len(names()), 20)
        for name in names():
            with self.subTest(name):
                result = self.mlpack("doctor", "--root", self.host(name), code=None)
                wanted = golden(name)
                code = 9 if "will not run" in wanted else 0
                self.assertEqual(result.code, code, str(result))
                self.assertIn(result.out.replace(self.dir, "DIR"), wanted)

    def test_json_has_the_same_findings_as_the_text(self):
        for name in names():
            with self.subTest(name):
                root = self.host(name)
                text = self.mlpack("doctor", "--root", root, code=None).out
                document = self.mlpack("doctor", "--root", root, "--json", code=None).json()
                self.assertEqual(document["schema"], 1)
                for finding in document["findings"]:
                    self.assertIn("%s: %s [%s]\n" % (finding["level"], finding["what"], finding["id"]), text)
                self.assertEqual(text.count("\n  why: "), len(document["findings"]))

    def test_fix_prints_commands_that_a_shell_reads(self):
        for name in names():
            with self.subTest(name):
                commands = self.mlpack("doctor", "--root", self.host(name), "--fix", code=None).out
                self.run_tool("sh", "-n", "-c", commands)

    def test_an_image_is_asked_about_on_a_host(self):
        image = self.image(NVIDIA_REQUIRE_CUDA="cuda>=13.0", NVIDIA_VISIBLE_DEVICES="all")
        self.assertIn("require-unmet", self.ids("--root", self.host("h100"), image, code=9))

    def test_what_is_no_host_is_told(self):
        self.mlpack("doctor", "--root", self.path("none"), code=3)
        self.mlpack("doctor", "--root", self.host("h100"), "--run", code=2)
        with open(os.path.join(self.host("l4"), "nvml.json"), "w") as file:
            file.write("{")
        result = self.mlpack("doctor", "--root", self.path("l4"), code=3)
        self.assertIn("nvml.json", result.err)


class Here(Doctor):
    def test_a_host_without_a_gpu_answers_at_once(self):
        if os.path.exists("/proc/driver/nvidia"):
            self.skipTest("there is a GPU")
        times = [self.mlpack("doctor", code=None).seconds for _ in range(5)]
        self.assertLess(statistics.median(times), 0.1)

    def test_a_capture_gives_the_same_report(self):
        here = self.mlpack("doctor", "--json", "--capture", self.path("captured"), code=None).json()
        there = self.mlpack("doctor", "--json", "--root", self.path("captured"), code=None).json()
        self.assertEqual(here, there)

    def test_a_capture_of_a_captured_host_gives_the_same_report(self):
        for name in names():
            with self.subTest(name):
                again = self.path("again-" + name)
                first = self.mlpack("doctor", "--json", "--root", self.host(name), "--capture", again, code=None).json()
                self.assertEqual(first, self.mlpack("doctor", "--json", "--root", again, code=None).json())

    def test_a_capture_names_nobody(self):
        self.mlpack("doctor", "--capture", self.path("captured"), code=None)
        name = os.uname().nodename
        for folder, _, files in os.walk(self.path("captured")):
            for file in files:
                with open(os.path.join(folder, file), errors="replace") as captured:
                    text = captured.read()
                self.assertNotIn("GPU-", text)
                if len(name) > 8:
                    self.assertNotIn(name, text)

    def test_run_without_a_gpu_is_an_error(self):
        if os.path.exists("/proc/driver/nvidia"):
            self.skipTest("there is a GPU")
        document = self.mlpack("doctor", "--run", "--json", code=9).json()
        self.assertEqual(document["runs"], [])
        self.assertIn("run-without-gpu", {finding["id"] for finding in document["findings"]})


@needs_root
class Driver(Doctor):
    """Libraries that stand for the driver's."""

    def fake(self, name, source, *flags):
        os.makedirs(self.path("lib"), exist_ok=True)
        self.run_tool("gcc", "-shared", "-fPIC", *flags, "-o", self.path("lib", name), os.path.join(FAKES, source))
        link = name[:name.index(".so.") + 4] + "1"
        os.symlink(name, self.path("lib", link))

    def doctor(self, *argv, code=None, buses=("18",)):
        binary = self.binary_for("root")
        words = " ".join(shlex.quote(word) for word in (binary, "doctor", "--json", *argv))
        return self.run_tool("unshare", "-m", "sh", "-c", WITH_DRIVER.format(self.path("lib"), " ".join(buses), words), code=code,
                             env={"LD_LIBRARY_PATH": self.path("lib")})

    def cuda(self, how):
        self.fake("libnvidia-ml.so.550.54.15", "fake_nvml.c")
        self.fake("libcuda.so.550.54.15", "fake_cuda_run.c", "-DFAKE_HOW=" + how)
        return self.doctor("--run").json()

    def run_findings(self, document):
        return {finding["id"] for finding in document["findings"] if finding["id"].startswith("run-")}

    def test_gpus_of_the_driver_are_shown(self):
        self.fake("libnvidia-ml.so.550.54.15", "fake_nvml.c")
        self.fake("libcuda.so.550.54.15", "fake_cuda.c")
        document = self.doctor().json()
        self.assertEqual(document["host"]["cuda"], "12.4")
        self.assertEqual(document["host"]["gpus"][0]["name"], "NVIDIA A100-SXM4-80GB")
        self.assertIn("gpu-lost", {finding["id"] for finding in document["findings"]})

    def test_eight_gpus_are_shown_in_less_than_two_seconds(self):
        self.fake("libnvidia-ml.so.550.54.15", "fake_nvml_eight.c")
        self.fake("libcuda.so.550.54.15", "fake_cuda_eight.c")
        results = [self.doctor(buses=EIGHT) for _ in range(3)]
        self.assertLess(min(result.seconds for result in results), 2)
        document = results[0].json()
        self.assertEqual(document["host"]["gpus"], [{
            "name": "NVIDIA H100 80GB HBM3", "model": "H100 SXM 80GB", "count": 8, "computeCapability": "9.0",
            "memory": 85520809984}])
        told = {finding["id"] for finding in document["findings"]}
        self.assertFalse([name for name in told if name.startswith(("gpu-", "nvml-", "cuda-", "nvlink-", "fabric-", "memory-"))],
                         document["findings"])

    def test_a_library_that_hangs_is_given_up(self):
        self.fake("libnvidia-ml.so.550.54.15", "fake_nvml_hangs.c")
        self.fake("libcuda.so.550.54.15", "fake_cuda.c")
        result = self.doctor(code=9)
        self.assertLess(result.seconds, 15)
        self.assertIn("nvml-hangs", {finding["id"] for finding in result.json()["findings"]})

    def test_a_library_that_crashes_is_told(self):
        self.fake("libnvidia-ml.so.550.54.15", "fake_nvml_crashes.c")
        self.fake("libcuda.so.550.54.15", "fake_cuda.c")
        self.assertIn("nvml-crashes", {finding["id"] for finding in self.doctor(code=9).json()["findings"]})

    def test_work_on_a_gpu_is_measured(self):
        document = self.cuda("works")
        self.assertEqual(self.run_findings(document), {"run-rates"})
        run = document["runs"][0]
        self.assertEqual((run["gpu"], run["outcome"], run["wrong"]), (0, "answered", 0))
        self.assertGreater(run["bytesPerSecond"], 3e11)
        self.assertGreater(run["operationsPerSecond"], 4e12)

    def test_a_slow_gpu_is_warned_of(self):
        self.assertEqual(self.run_findings(self.cuda("slow")), {"run-rates", "run-slow", "run-slow-memory"})

    def test_a_gpu_that_computes_wrongly_is_an_error(self):
        self.assertEqual(self.run_findings(self.cuda("wrong")), {"run-wrong"})

    def test_work_that_fails_is_an_error(self):
        self.assertEqual(self.run_findings(self.cuda("fails")), {"run-fails"})

    def test_work_that_crashes_is_an_error(self):
        self.assertEqual(self.run_findings(self.cuda("crashes")), {"run-breaks"})

    def test_work_that_hangs_is_given_up(self):
        self.fake("libnvidia-ml.so.550.54.15", "fake_nvml.c")
        self.fake("libcuda.so.550.54.15", "fake_cuda_run.c", "-DFAKE_HOW=hangs")
        result = self.doctor("--run", code=9)
        self.assertLess(result.seconds, 12)
        self.assertEqual(self.run_findings(result.json()), {"run-breaks"})


class Kernels(Doctor):
    def test_the_text_is_what_cuda_compiles(self):
        programs = [path for path in ("/usr/local/cuda/bin/ptxas", "/usr/bin/ptxas") if os.path.exists(path)]
        if not programs:
            self.skipTest("there is no ptxas")
        said = subprocess.run([programs[0], "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
        targets = re.findall(r"\bsm_\d+[af]?\b", said)
        self.assertTrue(targets)
        for target in sorted(set(targets)):
            with self.subTest(target):
                result = self.run_tool(programs[0], "-arch=" + target, os.path.join(ROOT, "lib", "host", "smoke.ptx"), "-o",
                                       self.path("smoke.cubin"), code=None)
                if "is not defined for option" not in result.err:  # of a target that only its --help names
                    self.assertEqual(result.code, 0, str(result))


class Cluster(Doctor):
    nodes = os.path.join(HOSTS, "nodes.json")

    def test_nodes_are_told_with_their_reasons(self):
        document = self.mlpack("doctor", "--nodes", self.nodes, "--json", code=None).json()
        with open(self.nodes, encoding="utf-8") as file:
            names_of = [node["metadata"]["name"] for node in json.load(file)["items"]]
        self.assertEqual([node["name"] for node in document["nodes"]], names_of)
        for node in document["nodes"]:
            self.assertEqual(node["verdict"] == "fails", any(finding["level"] == "error" for finding in node["findings"]))
        self.assertEqual(document["verdict"], "runs")

    def test_each_node_takes_the_form_of_the_image_for_its_processor(self):
        folder = self.project("both", "schema: 1\nname: both\nbase: scratch\nplatform: [linux/amd64, linux/arm64]\nrun: [/x]\n"
                              "files: [{source: x, target: /x, mode: '0755'}]\n", {"x": "#!/x\n"})
        self.build(folder, "-t", "both:1")
        nodes = [{"metadata": {"name": machine, "labels": {"kubernetes.io/arch": machine}},
                  "status": {"conditions": [{"type": "Ready", "status": "True"}]}} for machine in ("amd64", "arm64", "s390x")]
        with open(self.path("nodes.json"), "w") as file:
            json.dump({"items": nodes}, file)
        document = self.mlpack("doctor", "both:1", "--nodes", self.path("nodes.json"), "--json", code=None).json()
        self.assertEqual(document["name"], "both:1")
        wrong = [finding["node"] for finding in document["findings"] if finding["id"] == "image-other-platform"]
        self.assertEqual(wrong, ["s390x"], document)
        nodes[0]["status"]["nodeInfo"] = {"operatingSystem": "windows"}
        nodes[1]["metadata"]["labels"]["kubernetes.io/os"] = "windows"
        with open(self.path("nodes.json"), "w") as file:
            json.dump({"items": nodes}, file)
        document = self.mlpack("doctor", "both:1", "--nodes", self.path("nodes.json"), "--json", code=None).json()
        told = [finding["what"] for finding in document["findings"] if finding["id"] == "image-other-platform"]
        self.assertEqual(told[:2], ["the image is for linux, and this node runs windows"] * 2, document)

    def test_nodes_come_from_a_command_too(self):
        here = self.mlpack("doctor", "--nodes", self.nodes, code=None)
        with open(self.nodes, encoding="utf-8") as file:
            text = file.read()
        for name in ("-", "/dev/stdin"):
            piped = self.mlpack("doctor", "--nodes", name, text=text, code=here.code)
            self.assertEqual(piped.out, here.out)
        binary, spec = self.binary_for(None), self.project("fleet", "schema: 1\nname: f\nbase: scratch\nfleet: [cpu]\nrun: [/x]\n")
        words = "exec %s doctor --nodes <(cat %s)" % (binary, self.nodes)
        self.assertEqual(self.run_tool("bash", "-c", words, code=here.code).out, here.out)
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        words = "cat %s > %s & exec %s doctor --nodes %s" % (self.nodes, fifo, binary, fifo)
        self.assertEqual(self.run_tool("bash", "-c", words, code=here.code).out, here.out)
        image = Image(Cmd=["/x"]).add("x", b"", 0o755)
        layout = "oci:" + image.write(self.path("image"))
        fleets = [self.mlpack("check", layout, "--fleet", *words, code=9, **how).out for words, how in (
            ([spec], {}), (["-"], {"text": open(os.path.join(spec, "mlpack.yaml")).read()}))]
        words = "exec %s check %s --fleet <(cat %s/mlpack.yaml)" % (binary, layout, spec)
        fleets.append(self.run_tool("bash", "-c", words, code=9).out)
        self.assertEqual(len(set(fleets)), 1, fleets)
        self.assertIn("entrypoint-not-a-program", fleets[0])

    def test_what_cannot_be_nodes_is_told_as_what_it_is(self):
        for name, told in ((self.dir, "`%s` is a folder, not a regular file" % self.dir),
                           ("/dev/zero", "`/dev/zero` is a device, not a regular file"),
                           (self.path("none"), "cannot open `%s`: No such file or directory" % self.path("none"))):
            self.assertIn(told, self.mlpack("doctor", "--nodes", name, code=3).err)
        words = "exec %s doctor --nodes <(head -c 300000000 /dev/zero)" % self.binary_for(None)
        self.assertIn("is larger than the 268435456 bytes accepted here", self.run_tool("bash", "-c", words, code=3).err)
        words = "exec %s doctor --nodes - < /" % self.binary_for(None)
        self.assertIn("cannot read the standard input: Is a directory", self.run_tool("bash", "-c", words, code=3).err)

    def test_what_is_no_list_of_nodes_is_told(self):
        with open(self.path("nodes.json"), "w") as file:
            file.write("[]")
        self.mlpack("doctor", "--nodes", self.path("nodes.json"), code=3)
        self.mlpack("doctor", "--nodes", self.nodes, "--root", "/", code=2)
        self.mlpack("doctor", "--nodes", self.nodes, "--run", code=2)
