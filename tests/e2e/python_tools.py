"""Virtual environments below build/ with other people's Python packages, for the tests that hold mlpack against them."""

import os
import shutil
import subprocess
import sys
import unittest

from harness import ROOT

# Where pip looks is the business of its own variables and files; uv's index is taken where pip's is not set.
UV_INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL")


def pip_environment(environment):
    found = dict(environment)
    index = next((found[name] for name in UV_INDEXES if found.get(name)), None)
    if index and not found.get("PIP_INDEX_URL"):
        found["PIP_INDEX_URL"] = index
    # What would put the packages elsewhere, or make pip ask.
    for name in ("PIP_TARGET", "PIP_USER", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PYTHONPATH", "PYTHONHOME"):
        found.pop(name, None)
    return {**found, "PIP_NO_INPUT": "1"}


def last_line(output):
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["no reason given"])[-1]


def python_with(name, packages):
    """The interpreter of a virtual environment in build/NAME that has the packages, made once. Skips the test that asks,
    with the reason, where it cannot be made."""
    folder = os.path.join(ROOT, "build", name)
    python, mark = os.path.join(folder, "bin", "python"), os.path.join(folder, "complete")
    if os.path.exists(mark):
        return python
    shutil.rmtree(folder, ignore_errors=True)
    for argv in ([sys.executable, "-m", "venv", folder],
                 [python, "-m", "pip", "install", "--quiet", "--retries", "1", *packages]):
        try:
            subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           timeout=600, env=pip_environment(os.environ))
        except subprocess.CalledProcessError as failed:
            raise unittest.SkipTest("`python %s` failed: %s" % (" ".join(argv[1:4]), last_line(failed.stdout)))
        except (OSError, subprocess.TimeoutExpired) as failed:
            raise unittest.SkipTest(str(failed))
    with open(mark, "w"):
        pass
    return python
