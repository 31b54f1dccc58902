"""`mlpack check` of healthy images, in which it finds no error and which run; its reports; and what `build` makes of it."""

import json
import os
import re
import shutil

from check_images import IS_AMD64, L4, LOADER, PASSWD, TOKEN, CheckCase, compiled, host_file
from fake_elf import BINARY, elf, executing_pickle, fatbin
from harness import MIB, MLPACK, ROOT, random_bytes, run
from image_tree import Image
from runtime_bases import IMAGES, write_base

PROGRAMS = {"llama-server", "nvidia-smi", "trtllm-serve"}  # names in the rules' tables that are no findings


class Healthy(CheckCase):
    """Images in which no error is found; those for the CPU run."""

    def runs(self, image, says="up\n"):
        self.finds(image)
        if os.geteuid() == 0:
            ended = self.started()
            self.assertEqual((ended.code, ended.out), (0, says), str(ended))

    def built(self, folder, *argv):
        """Builds a spec into a layout; skips the test where what it needs cannot be reached."""
        self.layout = self.path("layout") + ":1"
        result = run([MLPACK, "build", folder, "--json", "-o", "oci:" + self.layout, *argv], env=self.env)
        if result.code == 6:
            self.skipTest("no mirror in reach")
        self.assertEqual(result.code, 0, str(result))

    def without_errors(self, name, *argv):
        document = self.mlpack("check", name, "--json", *argv, code=0).json()
        self.assertNotIn("error", [finding["level"] for finding in document["findings"]])
        return document

    def test_a_program_with_its_libraries(self):
        self.runs(self.healthy())

    def test_a_static_program_alone(self):
        image = Image(Cmd=["/server"], User="1000")
        image.add("etc/passwd", PASSWD).add("home/app", None, 0o755, 1000)
        image.add("server", compiled(self.dir, "server", '#include <stdio.h>\nint main() { puts("up"); }\n', "-static"))
        self.runs(image)

    def test_a_script_with_a_shell(self):
        image = self.healthy().add("bin/sh", host_file("/bin/sh")).add("app/run", b"#!/bin/sh\nexec server \"$@\"\n")
        self.add_libraries(image, "/bin/sh")
        image.config.update(Entrypoint=["/app/run"], Cmd=["--port", "8000"], ExposedPorts={"8000/tcp": {}})
        self.runs(image)

    def test_a_program_behind_env_and_links(self):
        image = self.healthy().link("srv/current", "/usr/bin").link("usr/bin/alias", "server")
        image.add("usr/bin/env", host_file("/usr/bin/env"))
        self.add_libraries(image, "/usr/bin/env")
        image.config.update(Cmd=["env", "/srv/current/alias"], WorkingDir="/srv")
        self.runs(image)

    def test_libraries_where_the_dynamic_loader_looks(self):
        greet = compiled(self.dir, "libgreet.so.1", "extern \"C\" void greet() {}\n", "-shared", "-fPIC",
                         "-Wl,-soname,libgreet.so.1")
        program = compiled(self.dir, "server", '#include <stdio.h>\nextern "C" void greet();\nint main() { greet(); puts("up"); }\n',
                           self.path("libgreet.so.1"))
        for place, variable in (("opt", "/none;/opt"), ("opt/glibc-hwcaps/x86-64-v2", "/opt"), ("opt", "../opt")):
            if "hwcaps" in place and not IS_AMD64:
                continue
            with self.subTest(place=place, variable=variable):
                image = self.healthy().add("usr/bin/server", program).add(place + "/libgreet.so.1", greet)
                image.env["LD_LIBRARY_PATH"] = variable
                image.config["WorkingDir"] = "/home"
                self.runs(image)
                self.clean()

    def test_a_file_that_two_layers_have(self):
        image = self.healthy()
        program = image.layers[0]["usr/bin/server"][0]
        image.add("usr/bin/server", b"broken", 0o644)
        image.new_layer()
        image.add("usr/bin/server", program)
        self.runs(image)

    def test_programs_for_gpus(self):
        if not IS_AMD64:
            self.skipTest("the libraries made by hand are for x86-64")
        self.finds(self.with_gpu(), argv=(*L4, "--gpu", "H100:2"))

    def test_an_image_of_umoci(self):
        tree = self.path("tree")
        os.makedirs(tree + "/bin")
        os.makedirs(tree + "/etc")
        compiled(self.dir, "server", '#include <stdio.h>\nint main() { puts("up"); }\n', "-static")
        shutil.copy(self.path("server"), tree + "/bin/server")
        with open(tree + "/etc/passwd", "wb") as file:
            file.write(PASSWD)
        layout = self.path("umoci")
        self.run_tool("umoci", "init", "--layout", layout)
        self.run_tool("umoci", "new", "--image", layout + ":1")
        self.run_tool("umoci", "insert", "--image", layout + ":1", tree, "/opt")
        self.run_tool("umoci", "config", "--image", layout + ":1", "--config.cmd", "/opt/bin/server")
        self.assertEqual(self.without_errors("oci:" + layout + ":1")["verdict"], "runs")

    def test_an_image_of_debians_busybox(self):
        spec = ("schema: 1\nname: box\nbase: {debian: bookworm}\nplatform: linux/amd64\nsystem_packages: [busybox-static]\n"
                "run: [/bin/busybox, echo, up]\nlayers: {compression: gzip}\n")
        self.built(self.project("box", spec))
        self.assertEqual(self.without_errors("oci:" + self.layout)["findings"], [])
        if os.geteuid() == 0:
            self.assertEqual(self.started().out, "up\n")

    def test_an_image_of_debians_python(self):
        spec = ("schema: 1\nname: py\nbase: {debian: bookworm}\nplatform: linux/amd64\nsystem_packages: [python3]\n"
                "run: [python3, -c, \"import ssl, sqlite3, ctypes; print('up')\"]\nlayers: {compression: gzip}\n")
        self.built(self.project("py", spec))
        self.assertEqual(self.without_errors("oci:" + self.layout)["verdict"], "runs")
        if os.geteuid() == 0:
            self.assertEqual(self.started().out, "up\n")

    def test_the_examples(self):
        for name in ("digits", "hello-scratch", "multi-platform"):
            with self.subTest(name):
                shutil.copytree(os.path.join(ROOT, "examples", name), self.path(name),
                                ignore=shutil.ignore_patterns("*.lock"))
                result = run([MLPACK, "build", self.path(name), "-t", name + ":1"], env=self.env)
                if result.code == 6:
                    self.skipTest("no Debian mirror in reach")
                self.assertEqual(result.code, 0, str(result))
                document = self.mlpack("check", name + ":1", "--json", code=None).json()
                errors = [finding["id"] for finding in document["findings"] if finding["level"] == "error"]
                self.assertEqual(errors, ["no-command"] * errors.count("no-command"))

    def test_the_images_of_runtimes(self):
        shutil.copytree(os.path.join(ROOT, "examples", "runtimes"), self.path("examples"),
                        ignore=shutil.ignore_patterns("*.lock"))
        for name in sorted(IMAGES):
            with self.subTest(name):
                write_base(self.path("base-" + name), name)
                built = self.build(self.path("examples", name), "--var", "base=oci:" + self.path("base-" + name), "-t",
                                   "%s:1" % name)
                self.assertNotIn("fails", built.get("check", {}).get("verdict", ""))
                self.without_errors(name + ":1")


class Reports(CheckCase):
    def test_a_layer_is_read_once(self):
        image = self.healthy().add("models/model.safetensors", random_bytes(4 * MIB))
        self.assertIn("layers: read", self.checked(image).err)
        self.assertNotIn("layers: read", self.mlpack("check", "oci:" + self.layout).err)
        self.skopeo("copy", "--quiet", "oci:" + self.layout, "oci-archive:" + self.path("image.tar"))
        self.assertIn("layers: read", self.mlpack("check", "oci-archive:" + self.path("image.tar")).err)
        self.assertNotIn("layers: read", self.mlpack("check", "oci-archive:" + self.path("image.tar")).err)

    def test_layers_of_a_registry_pass_by_and_say_the_same(self):
        image = self.with_gpu() if IS_AMD64 else self.healthy()
        image.add("models/m.pkl", executing_pickle()).add("models/m.gguf", random_bytes(3 * MIB))
        if IS_AMD64:
            image.add("opt/plugins/libbig.so", elf("libbig.so", data=bytes(20 * MIB) + fatbin((BINARY, 70))))
            image.add("usr/bin/server", elf(needed=["libbig.so", "libc.so.6"], runpath="/opt/plugins", interpreter=LOADER))
        here = self.checked(image, *L4, code=11).json()["findings"]
        self.assertEqual([finding["id"] for finding in here][-1], "pickle-code")
        registry = self.registry()
        name = registry.host + "/a/image:1"
        for compression in ("gzip", "zstd"):
            with self.subTest(compression):
                self.skopeo("copy", "--quiet", "--dest-compress-format", compression, "--dest-tls-verify=false",
                            "oci:" + self.layout, "docker://" + name)
                env = {"MLPACK_STORE": self.path("store-" + compression)}
                there = self.mlpack("check", name, "--json", *L4, code=11, env=env).json()["findings"]
                self.assertEqual(there, here)
                self.assertEqual(self.leftovers(self.path("store-" + compression)), [])

    def test_what_is_known_of_a_file_of_a_layout_is_forgotten_when_it_changes(self):
        image = self.healthy().add("app/settings", b"token = " + b"." * len(TOKEN))
        self.finds(image)
        blobs = self.path("image", "blobs", "sha256")
        layer = max((os.path.join(blobs, name) for name in os.listdir(blobs)), key=os.path.getsize)
        with open(layer, "r+b") as file:
            content = file.read()
            file.seek(content.index(b"." * len(TOKEN)))
            file.write(TOKEN.encode())
        told = self.mlpack("check", "oci:" + self.layout, code=7).err
        self.assertIn(os.path.basename(layer), told)
        self.assertIn("digest", told)

    def test_a_store_that_may_only_be_read_will_do(self):
        self.finds(self.healthy())
        store = self.path("closed")
        os.makedirs(store)
        os.chmod(store, 0o555)
        os.chmod(self.dir, 0o755)
        for at, folders, files in os.walk(self.path("image")):
            for name in folders + files:
                os.chmod(os.path.join(at, name), 0o755)
        user = "nobody" if os.geteuid() == 0 else None
        document = self.mlpack("check", "oci:" + self.layout, "--json", "--store", store, user=user,
                               env={"HOME": "/"}).json()
        self.assertEqual(document["findings"], [])
        self.assertEqual(os.listdir(store), [])

    def test_sarif_is_a_log_of_the_findings(self):
        image = self.healthy().add("models/m.pkl", executing_pickle())
        self.checked(image, "--sarif", self.path("log.sarif"), code=11)
        with open(self.path("log.sarif")) as file:
            log = json.load(file)
        self.assertEqual(log["version"], "2.1.0")
        (result,) = log["runs"][0]["results"]
        self.assertEqual((result["ruleId"], result["level"]), ("pickle-code", "error"))
        self.assertEqual([rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]], ["pickle-code"])
        self.assertEqual(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "models/m.pkl")
        for name in ("-", "/dev/stdout"):
            piped = self.mlpack("check", "oci:" + self.layout, "--sarif", name, code=11)
            self.assertEqual(json.loads(piped.out), log)
            self.mlpack("check", "oci:" + self.layout, "--sarif", name, "--json", code=2)
        fifo = self.path("fifo")
        words = "mkfifo %s && { cat %s > %s.log & %s check oci:%s --sarif %s; wait; }" % (
            fifo, fifo, fifo, self.binary_for(None), self.layout, fifo)
        self.run_tool("sh", "-c", words)
        with open(fifo + ".log") as file:
            self.assertEqual(json.load(file), log)
        folder = self.project("fleet", "schema: 1\nname: fleet\nbase: scratch\nrun: [/x]\nfleet: [cpu]\n")
        spec = os.path.join(folder, "mlpack.yaml")
        told = self.mlpack("check", "oci:" + self.layout, "--fleet", spec, "--sarif", spec, code=2).err
        self.assertIn("`--sarif %s` would overwrite a part of what is looked at" % spec, told)

    def test_a_finding_that_is_not_minded_is_passed_over(self):
        image = self.healthy().add("models/m.pkl", executing_pickle())
        self.finds(image, argv=("--ignore", "pickle-code=ours"))
        told = self.mlpack("check", "oci:" + self.layout, "--ignore", "pickle-code=ours", "--ignore", "loopback=x").err
        self.assertIn("`--ignore loopback` passes over nothing", told)
        for wrong in ("pickle-code", "pickle-code=", "Pickle=x"):
            self.mlpack("check", "oci:" + self.layout, "--ignore", wrong, code=2)

    def test_every_finding_has_its_paragraph_in_the_manual(self):
        with open(os.path.join(ROOT, "man", "mlpack-findings.7.scd")) as file:
            manual = file.read()
        names = set()
        folder = os.path.join(ROOT, "lib", "check")
        for name in os.listdir(folder):
            if name.startswith("check_") and name.endswith(".cpp"):
                with open(os.path.join(folder, name)) as file:
                    names |= ids_in(file.read())
        self.assertGreater(len(names), 40)
        self.assertEqual([name for name in sorted(names - PROGRAMS) if "*%s*" % name not in manual], [])


def ids_in(source):
    """The ids of findings in a rule's source: what begins `add(`, a Finding or, behind the list, `add_finding(`."""
    return set(re.findall(r'(?:add\(|add_finding\(\w+,|id = |\{)\s*"([a-z0-9]+(?:-[a-z0-9]+)+)"', source))


SPEC = """\
schema: 1
name: server
base: oci:%s
platform: linux/amd64
fleet: [{gpu: L4, driver: "550.90.07"}]
files: [{source: app/, target: /app}]
run: [/usr/bin/server]
user: "1000:1000"
layers: {compression: none}
"""


class Builds(CheckCase):
    """`build` checks what it made for a fleet."""

    def setUp(self):
        super().setUp()
        if not IS_AMD64:
            self.skipTest("the libraries made by hand are for x86-64")

    def folder(self, image, **files):
        return self.project("project", SPEC % image.write(self.path("base")),
                            {"app/readme": "x", **{"app/" + name: content for name, content in files.items()}})

    def test_what_runs_on_its_fleet_is_built_and_pushed(self):
        registry = self.registry()
        folder = self.folder(self.with_gpu())
        built = self.build(folder, "-t", registry.host + "/a/server:1", "--push")
        self.assertEqual(built["check"], {"verdict": "runs", "findings": []})
        again = self.build(folder, "-t", registry.host + "/a/server:1")
        self.assertEqual((again["digest"], again["check"]), (built["digest"], built["check"]))

    def test_what_does_not_run_is_neither_pushed_nor_kept(self):
        registry = self.registry()
        image = self.with_gpu()
        self.add_kernels(image, (BINARY, 70))
        folder = self.folder(image)
        name = registry.host + "/a/server:1"
        told = self.mlpack("build", folder, "-t", name, "--push", code=9).err
        self.assertIn("there is no code for L4 (8.9)", told)
        self.assertIn("will not run on its fleet: one error was found", told)
        self.assertIn("--no-check", told)
        self.skopeo("inspect", "--tls-verify=false", "docker://" + name, code=1)
        self.assertNotIn("server", self.mlpack("store", "ls").out)
        self.build(folder, "-t", name, "--no-check", "--push")
        self.skopeo("inspect", "--tls-verify=false", "docker://" + name)

    def test_what_is_dangerous_ends_with_11(self):
        folder = self.folder(self.with_gpu(), **{"m.pkl": executing_pickle()})
        told = self.mlpack("build", folder, code=11).err
        self.assertIn("holds what must not be in an image", told)

    def test_what_is_not_minded_is_recorded(self):
        folder = self.folder(self.with_gpu(), **{"m.pkl": executing_pickle()})
        self.build(folder, "-o", "oci:%s:1" % self.path("out"), "--ignore", "pickle-code=made by us")
        raw = self.skopeo("inspect", "--raw", "oci:%s:1" % self.path("out")).json()
        self.assertEqual(raw["annotations"]["dev.mlpack.check.ignored.pickle-code"], "made by us")

    def test_warnings_do_not_stop_a_build(self):
        image = self.with_torch(self.with_gpu())
        result = self.mlpack("build", self.folder(image))
        self.assertIn("[compiler-missing]", result.err)

    def test_a_build_with_nothing_changed_takes_no_time(self):
        folder = self.folder(self.with_gpu().add("models/m.gguf", random_bytes(64 * MIB)))
        self.build(folder)
        again = self.mlpack("build", folder, "--json")
        self.assertEqual(again.json()["bytesRead"], 0)
        self.assertLess(again.seconds, 0.25)

    def test_layers_that_the_registry_alone_has_are_not_fetched_for_it(self):
        registry = self.registry()
        name = registry.host + "/a/box:1"
        spec = ("schema: 1\nname: box\nbase: {debian: bookworm}\nplatform: linux/amd64\nsystem_packages: [busybox-static]\n"
                "fleet: [cpu]\nrun: [/bin/busybox, echo, up]\nlayers: {compression: gzip}\n")
        folder = self.project("box", spec)
        first = run([MLPACK, "build", folder, "-t", name, "--push", "--json"], env=self.env)
        if first.code == 6:
            self.skipTest("no Debian mirror in reach")
        self.assertEqual(first.json()["check"], {"verdict": "runs", "findings": []})
        fresh = {"MLPACK_STORE": self.path("fresh")}
        again = self.mlpack("build", folder, "-t", name, "--push", "--json", env=fresh)
        self.assertEqual(again.json()["digest"], first.json()["digest"])
        self.assertNotIn("check", again.json())
        self.assertIn("was not checked: layers of it are in the registry alone", again.err)
        self.assertEqual(self.mlpack("check", name, env=fresh).out, name + ": it will run\n")
