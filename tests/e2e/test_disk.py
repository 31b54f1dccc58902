"""What a build writes to disk: the layers that are compressed, and next to nothing else."""

import json
import os
import random

from harness import Case, MIB, MLPACK, sparse_file, start

SPEC = """\
schema: 1
name: written
base: scratch
platform: linux/amd64
weights: [{source: weights/, target: /models/base}]
files:
  - {source: lib/, target: /opt/lib}
  - {source: app/, target: /app}
"""


class Disk(Case):
    def setUp(self):
        super().setUp()
        dice = random.Random(7)
        self.folder = self.project("project", SPEC, {
            "lib/half.so": dice.randbytes(4 * MIB) + bytes(12 * MIB),
            **{"lib/small/%d.py" % i: "x = %d\n" % i for i in range(500)},
            "app/main.py": "print()\n"})
        for number in range(3):
            sparse_file(self.path("project", "weights", "model-%d.bin.part" % number), 100 * MIB)

    def build_and_count(self, *argv):
        """A build's result, and the bytes that its process gave to write(2) and its kin."""
        with open(self.path("out"), "w+") as out, open(self.path("err"), "w+") as err:
            process = start([MLPACK, "build", self.folder, "--json", *argv], out, err, env=self.env)
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            with open("/proc/%d/io" % process.pid) as file:
                counted = dict(line.split(": ") for line in file.read().splitlines())
            out.seek(0)
            err.seek(0)
            self.assertEqual(process.wait(), 0, err.read())
            return json.load(out), int(counted["wchar"])

    def kept(self):
        """What the files of the store take on the disk."""
        return sum(os.lstat(os.path.join(folder, name)).st_blocks * 512
                   for folder, _, names in os.walk(self.path("store")) for name in names)

    def compressed(self, built):
        return sum(layer["size"] for layer in built["layers"] if layer["kind"] != "weights")

    def test_a_build_writes_its_compressed_layers_and_at_most_a_mib_more(self):
        built, written = self.build_and_count("-t", "written:1")
        self.assertGreater(self.compressed(built), 4 * MIB)
        self.assertGreaterEqual(written, self.compressed(built))
        self.assertLessEqual(written, self.compressed(built) + MIB)
        self.assertLessEqual(self.kept(), self.compressed(built) + MIB)

    def test_a_build_that_pushes_writes_no_more(self):
        built, written = self.build_and_count("-t", self.registry().host + "/acme/written:1", "--push")
        self.assertLessEqual(written, self.compressed(built) + MIB)
        self.assertLessEqual(self.kept(), self.compressed(built) + MIB)

    def test_a_build_of_what_is_built_writes_next_to_nothing(self):
        self.build_and_count("-t", "written:1")
        _, written = self.build_and_count("-t", "written:1")
        self.assertLess(written, 64 << 10)
