"""Few open files: what the shell allows is raised as far as may be, and what is left is enough or is told about."""

from harness import Case, MIB, MLPACK, random_bytes

SPEC = """\
schema: 1
name: limited
base: scratch
platform: linux/amd64
weights: [{source: weights/, target: /models/base}]
files: [{source: app/, target: /app}]
"""


class OpenFiles(Case):
    def setUp(self):
        super().setUp()
        files = {"weights/%02d.bin" % n: random_bytes(MIB, seed=n) for n in range(12)}
        self.folder = self.project("project", SPEC, {**files, **{"app/%d.txt" % n: "%d\n" % n for n in range(50)}})
        self.host = self.registry().host

    def limited(self, limit, *argv):
        return self.run_tool("sh", "-c", "ulimit %s; exec \"$0\" \"$@\"" % limit, MLPACK, *argv, code=None)

    def commands(self, limit):
        """What is done one after the other, each in a store that is there already."""
        image = "%s/acme/limited:%s" % (self.host, limit)
        return [["build", self.folder, "-t", image, "--push", "-j", "8"], ["push", image, "-j", "8"],
                ["pull", image, "--store", self.path("pulled-%s" % limit), "-j", "8"],
                ["copy", image, "oci:" + self.path("layout-%s" % limit)], ["store", "verify"]]

    def test_a_limit_that_is_too_low_is_a_matter_of_the_system_and_says_so(self):
        for limit in (16, 24, 32, 48):
            self.mlpack(*self.commands(limit)[0])
            for argv in self.commands(limit):
                with self.subTest(limit=limit, command=argv[0]):
                    ended = self.limited("-n %d" % limit, *argv)
                    self.assertIn(ended.code, (0, 8), str(ended))
                    if ended.code == 8:
                        self.assertIn("(at most %d at a time: the hard limit, `ulimit -Hn`, is too low)" % limit, ended.err)
        self.verify_store()

    def test_some_files_are_enough(self):
        for limit in (64, 128):
            for argv in self.commands(limit):
                self.assertEqual(self.limited("-n %d" % limit, *argv).code, 0)

    def test_what_may_be_raised_is_raised(self):
        for argv in self.commands(16):
            self.assertEqual(self.limited("-S -n 16", *argv).code, 0)
