"""What readelf says of an ELF file, and mlpack."""

import json
import re
import subprocess

DYNAMIC = re.compile(r"^ 0x[0-9a-f]+ \((NEEDED|SONAME|RPATH|RUNPATH)\)\s+.*?\[(.*)\]$")
INTERPRETER = re.compile(r"\[Requesting program interpreter: (.*)\]$")
FILE = re.compile(r"^ +(?:0x)?[0-9a-f]+: Version: \d+  File: (.*)  Cnt: \d+$")
NAME = re.compile(r"^ +(?:0x)?[0-9a-f]+:   Name: (.*)  Flags: (.*)  Version: \d+\s*$")
DEFINED = re.compile(r"^ +(?:0x)?[0-9a-f]+: Rev: \d+  Flags: (.*?)  Index: \d+  Cnt: \d+  Name: (.*)$")


class Reader:
    """mlpack's, kept running."""

    def __init__(self, program):
        self.child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def facts(self, path):
        self.child.stdin.write(path + "\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())


def readelf(path):
    """(kind, facts) as mlpack has them."""
    done = subprocess.run(["readelf", "-hldVW", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}, check=False)
    facts = {"soname": "", "interpreter": "", "rpath": "", "runpath": "", "needed": [], "versionsNeeded": [],
             "versionsDefined": []}
    kind, library = "", ""
    for line in done.stdout.decode("utf-8", "surrogateescape").splitlines():
        if line.startswith("  Type:"):
            kind = line.split()[1]
        elif match := INTERPRETER.search(line):
            facts["interpreter"] = match[1]
        elif match := DYNAMIC.match(line):
            if match[1] == "NEEDED":
                facts["needed"].append(match[2])
            else:
                facts[match[1].lower()] = match[2]
        elif match := FILE.match(line):
            library = match[1]
        elif match := NAME.match(line):
            if "WEAK" not in match[2]:
                facts["versionsNeeded"].append([library, match[1]])
        elif match := DEFINED.match(line):
            if "BASE" not in match[1]:
                facts["versionsDefined"].append(match[2].strip())
    return kind, facts


def differences(path, ours):
    """What mlpack's `ours` has that readelf's reading has not, or not so."""
    kind, theirs = readelf(path)
    if ours is None:
        return [] if kind not in ("EXEC", "DYN") else ["it is a program or library, for mlpack it is none"]
    return [difference(key, value, ours[key]) for key, value in theirs.items() if value != ours[key]]


def difference(key, theirs, mine):
    if isinstance(theirs, list) and sorted(theirs) != sorted(mine):
        theirs, mine = [one for one in theirs if one not in mine], [one for one in mine if one not in theirs]
    return "%s: %r, for mlpack %r" % (key, theirs, mine)
