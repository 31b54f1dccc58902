"""Memory does not grow with the weights."""

import json

from harness import Case, FULL, MIB, MLPACK, peak_memory, sparse_file, start

GIB = 1 << 30
LIMIT = 64 * MIB

SPEC = """\
schema: 1
name: large
base: scratch
platform: linux/amd64
weights: [{source: weights/, target: /models/base}]
files: [{source: lib/, target: /opt/lib}]
"""


class Memory(Case):
    def large(self, size):
        folder = self.project("project", SPEC)
        sparse_file(self.path("project", "weights", "model.bin.part"), size)
        sparse_file(self.path("project", "lib", "zeros.so"), 256 * MIB)
        return folder

    def peak(self, *argv):
        """The memory of a command that must succeed, and what it printed."""
        with open(self.path("out"), "w") as out, open(self.path("err"), "w") as err:
            process = start([MLPACK, *argv], out, err, env=self.env)
            peak = peak_memory(process)
        with open(self.path("out")) as out, open(self.path("err")) as err:
            self.assertEqual(process.returncode, 0, err.read())
            return peak, out.read()

    def test_a_build_with_6_gib_of_weights_stays_under_64_mib(self):
        peak, built = self.peak("build", self.large(6 * GIB), "-t", "large:1", "--json")
        self.assertLess(peak, LIMIT)
        self.assertGreater(json.loads(built)["size"], 6 * GIB)

    def test_a_build_that_pushes_and_a_push_stay_under_64_mib(self):
        image = self.registry().host + "/acme/large:%d"
        folder = self.large((4 if FULL else 1) * GIB)
        for argv in (["build", folder, "-t", image % 1, "--push"], ["push", image % 1, image % 2]):
            peak, _ = self.peak(*argv, "--json")
            self.assertLess(peak, LIMIT, argv)
