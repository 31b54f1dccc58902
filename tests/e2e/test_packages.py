"""`system_packages` on a base that is an image: other people's tools find the packages in what comes out."""

import os
import shutil

from harness import Case, MLPACK, ROOT, is_root, needs_root, run, write_files
from index_server import make_wheel

BASE = """\
schema: 1
name: base
base: {debian: bookworm}
platform: linux/amd64
system_packages: [%s]
layers: {compression: gzip}
"""

ON_TOP = """\
schema: 1
name: on-top
base: oci:%s
platform: linux/amd64
system_packages: [%s]
run: [python3, -c, "import ctypes; ctypes.CDLL('libgomp.so.1'); print('found')"]
layers: {compression: gzip}
"""

WITH_CUDA = """\
schema: 1
name: with-cuda
fleet: [L4]
python: {requirements: r.txt}
platform: linux/amd64
entrypoint: [python3, -c, "import tensorflow; print('found')"]
layers: {compression: gzip}
"""

STATUS = "var/lib/dpkg/status"


class PackagesOnAnImage(Case):
    def make(self, name, spec):
        """Builds a spec into an OCI layout; skips the test where Debian's mirror cannot be reached."""
        result = run([MLPACK, "build", self.project(name, spec), "--json", "-o", "oci:%s:1" % self.path(name + "-layout")],
                     env=self.env)
        if result.code == 6:
            self.skipTest("no Debian mirror in reach")
        self.assertEqual(result.code, 0, str(result))
        return result.json()

    def base(self, *packages):
        self.make("base", BASE % ", ".join(packages))
        return self.path("base-layout") + ":1"

    def unpack(self, layout, bundle):
        """The root of the image in a layout, as umoci makes it."""
        rootless = [] if is_root() else ["--rootless"]
        self.run_tool("umoci", "unpack", *rootless, "--image", layout, self.path(bundle))
        return self.path(bundle, "rootfs")

    def on_top(self, base, *packages):
        return self.make("on-top", ON_TOP % (base, ", ".join(packages)))

    def test_a_library_is_added_in_one_layer_and_a_second_build_reads_nothing(self):
        base = self.base("python3-minimal")
        built = self.on_top(base, "libgomp1")
        added = built["layers"][-1 - sum(layer["kind"] == "config" for layer in built["layers"])]
        self.assertEqual((added["kind"], added["name"]), ("system", "packages"))
        self.assertEqual([layer["kind"] for layer in built["layers"]].count("system"), 1)
        root = self.unpack(self.path("on-top-layout") + ":1", "bundle")
        self.assertTrue(os.path.exists(os.path.join(root, "usr/lib/x86_64-linux-gnu/libgomp.so.1")))
        self.assertIn("libgomp1", os.listdir(os.path.join(root, STATUS + ".d")))
        self.assertIn("libc6", os.listdir(os.path.join(root, STATUS + ".d")))

        again = self.build(self.path("on-top"))
        self.assertEqual(again["digest"], built["digest"])
        self.assertEqual((again["bytesRead"], again["bytesWritten"]), (0, 0))
        self.assertTrue(all(layer["reused"] for layer in again["layers"]))

    @needs_root
    def test_the_loader_finds_the_library(self):
        self.on_top(self.base("python3"), "libgomp1")
        root = self.unpack(self.path("on-top-layout") + ":1", "bundle")
        script = "import ctypes; ctypes.CDLL('libgomp.so.1'); print('found')"
        self.assertEqual(self.run_tool("chroot", root, "python3", "-c", script).out, "found\n")

    @needs_root
    def test_dpkg_in_the_image_lists_old_and_new(self):
        base = self.base("dpkg", "libselinux1", "liblzma5")
        tree = self.unpack(base, "bundle")
        self.give_dpkg_its_database(tree)
        self.run_tool("umoci", "repack", "--image", self.path("base-layout") + ":2", self.path("bundle"))
        self.on_top(self.path("base-layout") + ":2", "libgomp1", "less")
        root = self.unpack(self.path("on-top-layout") + ":1", "bundle2")
        listed = self.run_tool("chroot", root, "dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Package}\n").out
        self.assertIn("ii libgomp1\n", listed)
        self.assertIn("ii libc6\n", listed)
        self.assertIn("/usr/lib/x86_64-linux-gnu/libgomp.so.1\n", self.run_tool("chroot", root, "dpkg", "-L", "libgomp1").out)
        told = self.run_tool("chroot", root, "dpkg", "--audit")
        self.assertEqual(told.err, "")
        shown = self.run_tool("chroot", root, "update-alternatives", "--query", "pager").out
        self.assertIn("Value: /usr/bin/less\n", shown)
        self.assertIn("Status: auto\n", shown)

    def give_dpkg_its_database(self, tree):
        """Makes of status.d what dpkg reads."""
        folder, info = os.path.join(tree, STATUS + ".d"), os.path.join(tree, "var/lib/dpkg/info")
        os.makedirs(info, exist_ok=True)
        for name in ("updates", "alternatives", "triggers"):
            os.makedirs(os.path.join(tree, "var/lib/dpkg", name), exist_ok=True)
        with open(os.path.join(info, "format"), "w") as file:
            file.write("1\n")
        with open(os.path.join(tree, STATUS), "w") as status:
            for name in sorted(os.listdir(folder)):
                with open(os.path.join(folder, name)) as file:
                    paragraph = file.read().strip()
                status.write(paragraph.replace("\n", "\nStatus: install ok installed\n", 1) + "\n\n")
                same = "\nMulti-Arch: same" in paragraph
                with open(os.path.join(info, name + (":amd64" if same else "") + ".list"), "w") as file:
                    file.write("/.\n")
        shutil.rmtree(folder)

    def test_offline_needs_what_fetch_brings(self):
        host = self.registry().host
        self.make("base", BASE % "python3-minimal")
        self.skopeo("copy", "--quiet", "--dest-tls-verify=false", "oci:" + self.path("base-layout") + ":1",
                    "docker://%s/base:1" % host)
        folder = self.project("remote", ON_TOP.replace("oci:%s", "%s") % (host + "/base:1", "libgomp1"))
        self.env["MLPACK_STORE"] = self.path("other-store")
        self.mlpack("build", folder, "--offline", code=3)
        self.mlpack("fetch", folder)
        built = self.build(folder, "--offline")
        self.assertEqual([layer["name"] for layer in built["layers"] if layer["kind"] == "system"], ["packages"])

    def test_each_platform_gets_its_own_packages(self):
        both = "platform: [linux/amd64, linux/arm64]"
        self.make("base", (BASE % "").replace("platform: linux/amd64", both))
        built = self.make("on-top", (ON_TOP % (self.path("base-layout") + ":1", "libgomp1"))
                          .replace("platform: linux/amd64", both))
        self.assertEqual([image["platform"] for image in built["images"]], ["linux/amd64", "linux/arm64"])
        found = self.mlpack("inspect", "oci:%s:1" % self.path("on-top-layout"), "--files").out
        for triplet in ("x86_64-linux-gnu", "aarch64-linux-gnu"):
            self.assertIn("usr/lib/%s/libgomp.so.1" % triplet, found)

    def test_a_base_of_another_distribution_is_told_by_its_name(self):
        tree, layout = self.path("tree"), self.path("alpine")
        os.makedirs(os.path.join(tree, "etc"))
        with open(os.path.join(tree, "etc/os-release"), "w") as file:
            file.write('ID=alpine\nPRETTY_NAME="Alpine Linux v3.20"\n')
        self.run_tool("umoci", "init", "--layout", layout)
        self.run_tool("umoci", "new", "--image", layout + ":1")
        self.run_tool("umoci", "insert", *([] if is_root() else ["--rootless"]), "--image", layout + ":1", tree, "/")
        self.run_tool("umoci", "config", "--image", layout + ":1", "--os", "linux", "--architecture", "amd64")
        folder = self.project("on-alpine", ON_TOP % (layout + ":1", "libgomp1"))
        told = self.mlpack("build", folder, code=9).err
        self.assertIn("Alpine Linux v3.20", told)
        self.assertIn("mlpack.yaml:5:", told)

    @needs_root
    def test_where_no_wheel_brings_cuda_auto_is_an_image_that_has_it_and_gets_python(self):
        host = self.registry().host
        self.base()
        image = "nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04"
        self.skopeo("copy", "--quiet", "--dest-tls-verify=false", "oci:" + self.path("base-layout") + ":1",
                    "docker://%s/%s" % (host, image))
        write_files(self.path("home"), {".config/containers/registries.conf":
                                        '[[registry]]\nprefix = "docker.io"\nlocation = "%s"\ninsecure = true\n' % host})
        folder = self.project("with-cuda", WITH_CUDA, {
            "r.txt": "--no-index\n--find-links wheels\ntensorflow==2.18.0\n",
            "wheels/tensorflow-2.18.0-py3-none-any.whl": make_wheel("tensorflow", "2.18.0")})
        built = self.build(folder, "-o", "oci:%s:1" % self.path("layout"))
        self.assertEqual([layer["name"] for layer in built["layers"] if layer["kind"] == "system"], ["packages"])
        manifest = self.skopeo("inspect", "--raw", "oci:%s:1" % self.path("layout")).json()
        self.assertEqual(manifest["annotations"]["org.opencontainers.image.base.name"], "docker.io/" + image)
        self.unpack(self.path("layout") + ":1", "bundle")
        ran = self.run_tool(ROOT + "/scripts/crun-run", self.path("bundle"), self.path("pid"))
        self.assertEqual(ran.out, "found\n")
