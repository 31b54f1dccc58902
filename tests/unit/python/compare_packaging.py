"""usage: compare_packaging.py PROBE: the same questions to lib/python and to PyPI's `packaging`; they must agree.

Ends with 77, which CTest takes for skipped, where `packaging` can neither be imported nor installed."""

import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "e2e"))


def with_packaging():
    """Starts this again with an interpreter that has `packaging`."""
    import unittest
    from python_tools import python_with
    try:
        python = python_with("python-packaging", ["packaging==25.0"])
    except unittest.SkipTest as why:
        print("skipped:", why)
        sys.exit(77)
    sys.exit(subprocess.run([python, "-B", *sys.argv, "--here"]).returncode)


if "--here" not in sys.argv:
    with_packaging()

from packaging.markers import InvalidMarker, Marker, UndefinedComparison  # noqa: E402
from packaging.requirements import InvalidRequirement, Requirement  # noqa: E402
from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: E402
from packaging.tags import compatible_tags, cpython_tags  # noqa: E402
from packaging.utils import canonicalize_name  # noqa: E402
from packaging.version import InvalidVersion, Version  # noqa: E402

ENVIRONMENT = {"os_name": "posix", "sys_platform": "linux", "platform_machine": "x86_64",
               "platform_python_implementation": "CPython", "platform_release": "", "platform_system": "Linux",
               "platform_version": "", "python_version": "3.11", "python_full_version": "3.11.2",
               "implementation_name": "cpython", "implementation_version": "3.11.2", "extra": "gpu"}

EPOCHS = ["", "", "", "1!"]
RELEASES = ["0", "1", "1.0", "1.0.0", "1.1", "1.10", "2.0", "2.0.1", "2024.1.2", "3.11"]
PRES = ["", "", "", "a1", "b2", "rc1", ".alpha3", "-beta", "_c4", "pre"]
POSTS = ["", "", "", ".post1", "-2", "rev3", ".r"]
DEVS = ["", "", "", ".dev1", "dev", "-dev4"]
LOCALS = ["", "", "", "+abc", "+1.2", "+ubuntu-1", "+Abc_7"]
BROKEN = ["", "x", "1.", "1..0", "1.0+", "1.0-", "1!", "1.0+a+b", "v", "1.0a1b2", "1.0 .post1", "1.0.dev1.dev2"]
OPERATORS = ["==", "!=", "<=", ">=", "<", ">", "~=", "==="]
MARKERS = ["python_version {op} '{v}'", "python_full_version {op} '{v}'", "'{v}' {op} python_version",
           "implementation_version {op} '{v}'"]
OTHER_MARKERS = [
    "os_name == 'posix'", "os_name != 'nt' and sys_platform == 'linux'", "extra == 'gpu'", "extra == 'GPU'",
    "extra != 'cpu'", "(os_name == 'nt' or python_version in '3.10 3.11') and platform_machine not in 'arm64'",
    "os_name", "os_name ==", "os_name == 'a", "os_name == posix", "python_version > '3' or", "os_name in 'posix nt'",
    "platform_system == 'Linux' and (extra == 'x' or (extra == 'gpu'))", "'linux' in sys_platform"]
REQUIREMENTS = [
    "a", "A.b_c", "a[x]", "a[x, Y_z]>=1", "a (>=1,<2)", "a@https://x.example/y", "a @ https://x.example/y ; os_name=='a'",
    "a>=1;os_name=='a'", "a ;", "a[", "a[]", "[a]", "-a", "a-", "a >= ", "a >=1 <2", "a @", "a==1.0.*", "a b", "a>=1,"]
NAMES = ["Friendly-Bard", "FRIENDLY__BARD", "a.-_b", "x", "A1"]


def versions(random_source, count):
    def pick(*lists):
        return "".join(random_source.choice(values) for values in lists)
    return [pick(EPOCHS, RELEASES, PRES, POSTS, DEVS, LOCALS) for _ in range(count)] + BROKEN


def valid(text):
    try:
        return Version(text)
    except InvalidVersion:
        return None


def contains(specifiers, version):
    try:
        parsed = SpecifierSet(specifiers)
    except InvalidSpecifier:
        return "invalid"
    if not valid(version):
        return "invalid"
    return "yes" if parsed.contains(version, prereleases=True) else "no"


def holds(marker):
    try:
        return "yes" if Marker(marker).evaluate(ENVIRONMENT) else "no"
    except (InvalidMarker, UndefinedComparison):
        return "invalid"


def requirement(text):
    try:
        parsed = Requirement(text)
    except InvalidRequirement:
        return "invalid"
    return "%s %s %s" % (canonicalize_name(parsed.name), ",".join(sorted(parsed.extras, key=str.lower)).lower().replace("_", "-"),
                         parsed.url or "")


def tags(minor, machine, glibc):
    """Of a machine with that glibc, as packaging orders them."""
    oldest = 5 if machine == "x86_64" else 17
    old = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    platforms = []
    for two in range(glibc, oldest - 1, -1):
        platforms.append("manylinux_2_%d_%s" % (two, machine))
        if two in old:
            platforms.append("%s_%s" % (old[two], machine))
    platforms.append("linux_" + machine)
    python = (3, minor)
    found = [*cpython_tags(python, ["cp3%d" % minor], platforms),
             *compatible_tags(python, "cp3%d" % minor, platforms)]
    return " ".join(str(tag) for tag in dict.fromkeys(found))


def condition(source, listed):
    operator, version = source.choice(OPERATORS[:-1]), source.choice(listed)
    if operator == "~=" and valid(version):
        version = str(valid(version))  # packaging looks for the series in the spelling
    return operator + version + source.choice(["", "", "", ".*"])


def questions(source):
    listed = versions(source, 400)
    for text in listed:
        yield ("version", text), str(valid(text) or "invalid")
    for _ in range(4000):
        left, right = source.choice(listed), source.choice(listed)
        a, b = valid(left), valid(right)
        yield ("compare", left, right), "invalid" if not (a and b) else "<" if a < b else ">" if a > b else "="
        specifiers = ",".join(condition(source, listed) for _ in range(source.choice([1, 1, 2])))
        yield ("contains", specifiers, left), contains(specifiers, left)
        marker = source.choice(MARKERS)  # where a version is on the left, packaging wants a whole one
        marker = marker.format(op=source.choice(OPERATORS[:-1]),
                               v=source.choice(RELEASES + ["3.11.2"] + ([] if marker[0] == "'" else ["3.*"])))
        yield ("marker", marker), holds(marker)
    for marker in OTHER_MARKERS:
        yield ("marker", marker), holds(marker)
    for text in REQUIREMENTS:
        yield ("requirement", text), requirement(text)
    for name in NAMES:
        yield ("name", name), canonicalize_name(name)
    for minor, machine, glibc in ((8, "x86_64", 17), (11, "x86_64", 36), (12, "aarch64", 41)):
        yield ("tags", str(minor), machine, str(glibc)), tags(minor, machine, glibc)


def main():
    asked = list(questions(random.Random(1)))
    text = "".join("\t".join(words) + "\n" for words, _ in asked)
    answers = subprocess.run([sys.argv[1]], input=text, capture_output=True, text=True, check=True).stdout.split("\n")
    wrong = [(words, expected, found) for (words, expected), found in zip(asked, answers) if found != expected]
    for words, expected, found in wrong[:20]:
        print("%s: packaging says %r, mlpack %r" % (" ".join(words), expected[:300], found[:300]))
    print("%d questions, %d differ" % (len(asked), len(wrong)))
    sys.exit(1 if wrong else 0)


main()
