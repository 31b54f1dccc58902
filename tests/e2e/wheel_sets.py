"""Sets of PyPI's packages that become images, and what uv makes of the same lock, to hold them against."""

import hashlib
import json
import os
import subprocess
import sys

from harness import ROOT
from python_tools import UV_INDEXES, pip_environment, python_with

PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
SCRIPT = "wheel_modules.py"

# pip judges each of them from within.
WEB = ["fastapi", "uvicorn", "numpy", "pip"]
ONNX = ["onnxruntime", "tokenizers", "pillow", "pip"]
TORCH = ["torch", "pip"]
TRANSFORMERS = ["transformers", "safetensors", "sentence-transformers", "pip"]


def popular():
    """150 packages, as tests/data/wheels/popular.txt lists them."""
    with open(os.path.join(ROOT, "tests", "data", "wheels", "popular.txt")) as file:
        return file.read().split() + ["pip"]


def index_url():
    """Where pip looks, for a spec that says so itself: which build of torch is wanted is then no question."""
    environment = pip_environment(os.environ)
    for name in ("PIP_INDEX_URL", *UV_INDEXES):
        if environment.get(name):
            return environment[name]
    asked = subprocess.run([PYTHON, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True)
    return asked.stdout.strip() or "https://pypi.org/simple"


def uv():
    return os.path.join(os.path.dirname(python_with("python-uv", ["uv"])), "uv")


def locked_wheels(folder, platform="linux/amd64"):
    with open(os.path.join(folder, "mlpack.lock")) as file:
        return json.load(file)["platforms"][platform]["python"]["wheels"]


def requirements(wheels):
    return "".join("%s==%s --hash=sha256:%s\n" % (wheel["name"], wheel["version"], wheel["sha256"]) for wheel in wheels)


def is_aside(path):
    """What belongs to who installed it, not to the wheels."""
    name = os.path.basename(path)
    return (name in ("RECORD", "INSTALLER", "pyvenv.cfg", "CACHEDIR.TAG", ".gitignore", ".lock", "_virtualenv.py", "_virtualenv.pth")
            or name.endswith(".pyc") or path.startswith("bin/") and ("ctivate" in name or name in ("pydoc.bat", "deactivate.bat")))


def without_first_line(digest, file):
    line = file.readline()
    if not line.startswith(b"#!"):
        digest.update(line)


def tree(folder):
    """{path: (whether it may be run, sha256)} of the files below a folder that stem from wheels."""
    found = {}
    for at, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(at, name)
            below = os.path.relpath(path, folder)
            if os.path.islink(path) or is_aside(below):
                continue
            digest = hashlib.sha256()
            with open(path, "rb") as file:
                if below.startswith("bin/"):
                    without_first_line(digest, file)
                for block in iter(lambda: file.read(1 << 20), b""):
                    digest.update(block)
            found[below] = (bool(os.stat(path).st_mode & 0o100), digest.hexdigest())
    return found


def differences(ours, theirs):
    lines = ["only in the image: " + path for path in sorted(set(ours) - set(theirs))]
    lines += ["only in the environment of uv: " + path for path in sorted(set(theirs) - set(ours))]
    return lines + ["differs: " + path for path in sorted(set(ours) & set(theirs)) if ours[path] != theirs[path]]
