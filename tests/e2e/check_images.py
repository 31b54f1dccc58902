"""Images for the tests of `mlpack check`: healthy ones for the CPU and for GPUs, to be spoilt."""

import os
import shutil
import subprocess

from fake_elf import BINARY, elf, fatbin
from harness import ROOT, Case, run
from image_tree import Image
from runtime_bases import libraries

TRIPLET = "%s-linux-gnu" % os.uname().machine
LIB = "usr/lib/" + TRIPLET
PACKAGES = "usr/lib/python3/dist-packages"
LOADER = "/lib64/ld-linux-x86-64.so.2"
L4 = ("--gpu", "L4", "--driver", "550.90.07")
TOKEN = "".join(("h", "f_")) + "AbCdEfGhIjKlMnOpQrStUvWxYz01234567"
PASSWD = b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n"
IS_AMD64 = os.uname().machine == "x86_64"


def compiled(folder, name, code, *flags):
    """The bytes of what gcc makes of a program."""
    source, target = os.path.join(folder, name + ".cc"), os.path.join(folder, name)
    with open(source, "w") as file:
        file.write(code)
    subprocess.run(["g++", "-O1", source, "-o", target, *flags], check=True, capture_output=True)
    with open(target, "rb") as file:
        return file.read()


def host_file(path):
    with open(os.path.realpath(path), "rb") as file:
        return file.read()


class CheckCase(Case):
    def setUp(self):
        super().setUp()
        if not shutil.which("g++"):
            self.skipTest("no g++")

    def healthy(self):
        """A program in C for the user app, with the libraries of this machine that it needs."""
        image = Image(User="1000", Cmd=["/usr/bin/server"])
        program = compiled(self.dir, "server", '#include <stdio.h>\nint main() { puts("up"); }\n')
        image.add("usr/bin/server", program)
        self.add_libraries(image, self.path("server"))
        image.add("etc/passwd", PASSWD).add("home/app", None, 0o755, 1000).add("tmp", None, 0o1777)
        return image

    def add_libraries(self, image, program):
        for path in libraries(program):
            image.add(path[1:], host_file(path))

    def with_gpu(self):
        """A program for the GPU, whose libraries have code for L4 and H100."""
        image = self.healthy()
        image.env.update(CUDA_VERSION="12.4.1", NVIDIA_DRIVER_CAPABILITIES="compute,utility")
        image.add("usr/bin/server", elf(needed=["libkernels.so.1", "libcudart.so.12", "libcuda.so.1", "libc.so.6"],
                                        interpreter=LOADER))
        image.add(LIB + "/libcudart.so.12", elf("libcudart.so.12", ["libc.so.6"]))
        self.add_kernels(image, (BINARY, 89), (BINARY, 90))
        return image

    def add_kernels(self, image, *codes):
        image.add(LIB + "/libkernels.so.1", elf("libkernels.so.1", ["libcudart.so.12"], data=fatbin(*codes)))

    def with_torch(self, image):
        for name in ("torch-2.6.0", "triton-3.2.0"):
            image.add("%s/%s.dist-info/METADATA" % (PACKAGES, name), b"Name: x\n")
        return image

    def clean(self):
        """Makes room for another image."""
        for name in ("image", "bundle"):
            shutil.rmtree(self.path(name), ignore_errors=True)

    def checked(self, image, *argv, code=None):
        self.layout = image.write(self.path("image"))
        return self.mlpack("check", "oci:" + self.layout, "--json", *argv, code=code)

    def finds(self, image, *expected, argv=(), code=None):
        """Checks that these findings come out, and no other; gives the document."""
        result = self.checked(image, *argv)
        document = result.json()
        told = ["%s %s" % (finding["level"], finding["id"]) for finding in document["findings"]]
        self.assertEqual(told, list(expected), str(result))
        if code is None:
            code = 9 if any(line.startswith("error") for line in expected) else 0
        self.assertEqual(result.code, code, str(result))
        return document

    def started(self):
        """What becomes of a container of the image that was checked last."""
        self.run_tool("umoci", "unpack", "--image", self.layout, self.path("bundle"))
        return run([ROOT + "/scripts/crun-run", self.path("bundle"), self.path("pid")], env=self.env)
