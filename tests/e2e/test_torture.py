"""Everything that registries do wrong (docs/registry-torture.md): mlpack pushes and verifies, or fails as it is documented to."""

import os
import sys

from harness import MLPACK, ROOT, Case

sys.path.insert(0, os.path.join(ROOT, "tests", "support"))

import torture  # noqa: E402


class Torture(Case):
    def test_every_fault_of_every_registry_ends_right(self):
        outcomes = torture.torture(torture.Mlpack(MLPACK), jobs=8)
        self.assertGreaterEqual(len(outcomes), 300)
        wrong = ["%d %s, %s: %s (exit code %s, %.1f s)\n%s" % (
            one.case.number, one.case.name, one.profile, one.verdict, one.code, one.seconds, one.words[-500:])
            for one in outcomes if one.verdict != "right"]
        self.assertEqual(len(wrong), 0, "%d of %d:\n%s" % (len(wrong), len(outcomes), "\n".join(wrong[:20])))
