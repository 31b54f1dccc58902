"""Hosts of tests/data/hosts as trees for `mlpack doctor --root` (its README.md has the format)."""

import os
import shutil

from harness import ROOT

HOSTS = os.path.join(ROOT, "tests", "data", "hosts")


def names():
    return sorted(name[:-5] for name in os.listdir(HOSTS) if name.endswith(".host"))


class HostTree:
    def __init__(self, root):
        self.root = root

    def at(self, path):
        path = os.path.join(self.root, path.lstrip("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def put(self, path, text):
        with open(self.at(path), "w", encoding="utf-8") as file:
            file.write(text)

    def link(self, path, target):
        if os.path.lexists(self.at(path)):
            os.remove(self.at(path))
        os.symlink(target, self.at(path))

    def remove(self, path):
        path = self.at(path)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.remove(path)

    def pci(self, address, kind, driver, *model):
        folder = "/sys/bus/pci/devices/%s/" % address
        for name, text in (("vendor", "0x10de"), ("class", kind), ("current_link_width", "16"), ("max_link_width", "16")):
            self.put(folder + name, text + "\n")
        if driver != "-":
            self.link(folder + "driver", "../../../bus/pci/drivers/" + driver)
        if model:
            self.put("/proc/driver/nvidia/gpus/%s/information" % address,
                     "Model: \t\t %s\nIRQ:   \t\t 58\n" % " ".join(model))

    def line(self, what, *words):
        if what == "base":
            self.expand(*words)
        elif what in ("pci", "link"):
            getattr(self, what)(*words)
        else:
            for path in words:
                self.put(path, "") if what == "empty" else self.remove(path)

    def expand(self, name):
        with open(os.path.join(HOSTS, name + ".host"), encoding="utf-8") as file:
            lines = iter(file.read().split("\n") + [""])
        for line in lines:
            if not line or line.startswith("#"):
                continue
            if line.startswith("file "):
                body = list(iter(lambda: next(lines), ""))
                self.put(line.split(" ")[1], "".join("\n" if one == "\\" else one + "\n" for one in body))
            else:
                self.line(*line.split(" "))


def make_host(name, root):
    HostTree(root).expand(name)
    return root
