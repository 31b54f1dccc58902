"""What `diff` says of the Python packages of two images, whoever built them."""

import os
import unittest

import runtime_bases
from harness import Case, is_root, write_files
from index_server import make_wheel, sha256

SPEC = """\
schema: 1
name: app
base: oci:../base
python: {version: "3.11", requirements: r.txt, find_links: [../wheels]}
run: [python, -c, "import one"]
layers: {compression: gzip}
"""
SITE = "/opt/venv/lib/python3.11/site-packages"


class Diff(Case):
    def setUp(self):
        super().setUp()
        runtime_bases.write_python(self.path("base"))

    def image(self, name, **versions):
        """An image with those versions of packages, in a layout; its name on the command line."""
        lines = ["--no-index\n"]
        for package, version in versions.items():
            wheel = make_wheel(package, version)
            write_files(self.dir, {"wheels/%s-%s-py3-none-any.whl" % (package, version): wheel})
            lines.append("%s==%s --hash=sha256:%s\n" % (package, version, sha256(wheel)))
        folder = self.project(name, SPEC, {"r.txt": "".join(lines)})
        self.mlpack("build", folder, "-t", name + ":1", "-o", "oci:%s:1" % self.path(name + "-layout"))
        return name + ":1"

    def packages(self, *images):
        """{name: (version before, version after)}, which is the same from recipes and from bytes."""
        documents = [self.mlpack("diff", *images, *more, "--json").json() for more in ((), ("--packages",))]
        self.assertEqual(documents[0]["packages"], documents[1]["packages"])
        return {change["name"]: (change["before"], change["after"]) for change in documents[0]["packages"]}

    def test_packages_are_told_with_both_versions_and_their_bytes(self):
        one, two = self.image("a", one="1.0", two="2.0", three="1"), self.image("b", one="1.1", two="2.0", four="4.0.1")
        self.assertEqual(self.packages(one, two), {"four": (None, "4.0.1"), "one": ("1.0", "1.1"), "three": ("1", None)})
        changes = {change["name"]: change for change in self.mlpack("diff", one, two, "--packages", "--json").json()["packages"]}
        site = self.unpacked("b") + SITE
        names = ["one.py", "one-1.1.dist-info/METADATA", "one-1.1.dist-info/WHEEL", "one-1.1.dist-info/INSTALLER",
                 "one-1.1.dist-info/REQUESTED"]
        self.assertEqual(changes["one"]["bytesAfter"], sum(os.path.getsize(os.path.join(site, name)) for name in names))
        self.assertIsNone(changes["four"]["bytesBefore"])
        table = self.mlpack("diff", one, two, "--packages").out
        self.assertEqual(table.split("\n")[0], "packages")
        self.assertRegex(table, r"\n  \+ four   4\.0\.1       \d+ B\n  ~ one    1\.0 => 1\.1  \d+ B\n  - three  1")
        self.assertIn(table, self.mlpack("diff", one, two).out)

    def unpacked(self, name):
        rootless = [] if is_root() else ["--rootless"]
        self.run_tool("umoci", "unpack", *rootless, "--image", self.path(name + "-layout") + ":1", self.path(name + "-bundle"))
        return self.path(name + "-bundle", "rootfs")

    def test_images_without_changed_packages_say_so(self):
        one = self.image("a", one="1.0")
        self.assertEqual(self.mlpack("diff", one, one, "--packages").out, "the same image\n")
        self.mlpack("build", self.path("a"), "-t", "b:1", "--label", "x=y")
        self.assertEqual(self.mlpack("diff", one, "b:1", "--packages").out, "no package differs\n")
        self.assertEqual(self.packages(one, "b:1"), {})

    def test_a_package_that_another_tool_replaced_on_top_is_told_by_its_whiteout(self):
        self.image("a", one="1.0", two="2.0")
        layout = self.path("a-layout")
        before, after = "oci:%s:1" % layout, "oci:%s:2" % layout
        self.run_tool("umoci", "tag", "--image", layout + ":1", "2")
        info = SITE + "/two-3.0.dist-info"
        write_files(self.path("new"), {"METADATA": "Name: two\nVersion: 3.0\n", "INSTALLER": "pip\n",
                                       "RECORD": "two.py,,7\ntwo-3.0.dist-info/METADATA,,25\ntwo-3.0.dist-info/RECORD,,\n"})
        self.run_tool("umoci", "insert", "--image", layout + ":2", "--whiteout", SITE + "/two-2.0.dist-info")
        self.run_tool("umoci", "insert", "--image", layout + ":2", self.path("new"), info)
        self.run_tool("umoci", "insert", "--image", layout + ":2", "--whiteout", SITE + "/one-1.0.dist-info")
        self.assertEqual(self.packages(before, after), {"one": ("1.0", None), "two": ("2.0", "3.0")})
        self.assertEqual(self.packages(after, before), {"one": (None, "1.0"), "two": ("3.0", "2.0")})

    def test_a_record_that_cannot_be_read_costs_the_size_alone(self):
        self.image("a", one="1.0")
        layout = self.path("a-layout")
        self.run_tool("umoci", "tag", "--image", layout + ":1", "2")
        write_files(self.path("odd"), {"METADATA": "", "RECORD": "\"\n\"\n,,,,\n"})
        self.run_tool("umoci", "insert", "--image", layout + ":2", self.path("odd"), SITE + "/odd-7.dist-info")
        told = self.mlpack("diff", "oci:%s:1" % layout, "oci:%s:2" % layout, "--packages").out
        self.assertEqual(told, "packages\n  + odd  7  ?\n")


if __name__ == "__main__":
    unittest.main()
