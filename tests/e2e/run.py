#!/usr/bin/env python3
"""usage: run.py [-k WORD] [FILE...]

Runs the end-to-end tests against the binary that MLPACK names. The last line says `N passed, N failed, N skipped`.
"""

import os
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))


class Report(unittest.TestResult):
    """One line for each test, and for what failed its whole story."""

    def __init__(self):
        super().__init__()
        self.passed, self.bad = 0, set()

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def line(self, word, test, more=""):
        file, kind, name = test.id().rsplit(".", 2)[-3:]
        print("%-7s %5.1f s  %s: %s%s" % (word, time.monotonic() - self.began, kind,
                                        name[5:].replace("_", " "), more), flush=True)

    def addSuccess(self, test):
        if test.id() not in self.bad:
            self.passed += 1
            self.line("ok", test)

    def told(self, test, error):
        if test.id() not in self.bad:
            self.bad.add(test.id())
            self.line("FAILED", test)
        print("    " + self._exc_info_to_string(error, test).replace("\n", "\n    "), flush=True)

    def addFailure(self, test, error):
        self.told(test, error)

    addError = addFailure

    def addSubTest(self, test, subtest, error):
        if error:
            self.told(test, error)

    def addSkip(self, test, reason):
        test = getattr(test, "test_case", test)
        if test.id() not in {t.id() for t, _ in self.skipped}:
            self.skipped.append((test, reason))
            self.line("skipped", test, " (%s)" % reason)


def main():
    words, files, arguments = [], [], sys.argv[1:]
    while arguments:
        argument = arguments.pop(0)
        if argument == "-k" and arguments:
            words.append("*%s*" % arguments.pop(0))
        elif argument.startswith("-"):
            sys.exit(__doc__.strip())
        else:
            files.append(os.path.basename(argument))
    loader = unittest.TestLoader()
    loader.testNamePatterns = words or None
    sys.path.insert(0, HERE)
    sys.dont_write_bytecode = True
    suite = unittest.TestSuite(loader.discover(HERE, pattern=name) for name in files or ["test_*.py"])
    report = Report()
    suite.run(report)
    print("%d passed, %d failed, %d skipped" % (report.passed, len(report.bad), len(report.skipped)))
    return 1 if report.bad else 0


if __name__ == "__main__":
    sys.exit(main())
