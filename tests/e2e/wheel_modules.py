"""usage: wheel_modules.py [NAME...]

Imports top-level modules (those in modules.json beside it, if none is named), each in a process of its own, and asks pip
whether what is installed fits together. Prints {"modules": {NAME: "" or why not}, "check": what pip said} as its last line.
"""

import importlib
import json
import os
import subprocess
import sys

SECONDS = 180


def try_import(name):
    """In a child, which a module may end or take along."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        why = ""
        try:
            nothing = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(nothing, number)
            importlib.import_module(name)
        except BaseException as failed:  # whatever a module throws
            why = "%s: %s" % (type(failed).__name__, failed)
        os.write(writer, (why or "imported").encode("utf-8", "replace")[:4000])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return "" if said == "imported" else said or "the process ended"


def main():
    names = sys.argv[1:]
    if not names:
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "modules.json")) as file:
            names = json.load(file)
    check = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, timeout=SECONDS)
    print(json.dumps({"modules": {name: try_import(name) for name in names}, "check": (check.stdout + check.stderr).strip()}))


if __name__ == "__main__":
    main()
