"""What cuobjdump lists of the GPU code in a file, and mlpack."""

import collections
import glob
import mmap
import os
import re
import shutil
import struct
import subprocess
import zipfile

# The newest knows all that is made now; Debian's, of CUDA's last major before, what that no longer reads.
NEW = "nvidia-cuda-cuobjdump"
OLD = "nvidia-cuda-toolkit"
LISTED = re.compile(r"^(ELF|PTX) file +\d+: .*\.sm_(\d+)[af]?\.(cubin|ptx)$")
SECTION = re.compile(r"^ *\[ *\d+\] (\S+) +PROGBITS +[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+) [0-9a-f]+ +(\S*A\S*) ")
MAGIC = b"\x50\xed\x55\xba"
# Where nvcc puts what a program launches, and what is still to be linked: cuobjdump looks nowhere else.
KNOWN = (".nv_fatbin", "__nv_relfatbin")
SAMPLES = 12


class Row(collections.namedtuple("Row", "facts verdict why")):
    def targets(self):
        return " ".join("%s%s:%d" % (code["name"], "(relocatable)" if code["relocatable"] else "", code["count"])
                        for code in merged(self.facts["code"]))

    def text(self):
        return self.targets() + ("\n        " + self.why if self.why else "")


def merged(codes):
    """Entries of one name as one, whatever their PTX version and size."""
    counts = collections.OrderedDict()
    for code in codes:
        key = (code["name"], code["relocatable"])
        counts[key] = counts.get(key, 0) + code["count"]
    return [{"name": name, "relocatable": relocatable, "count": count} for (name, relocatable), count in counts.items()]


def find_new(folder):
    found = glob.glob(os.path.join(folder, "new", "**", "cuobjdump"), recursive=True)
    if not found:
        subprocess.run(["python3", "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, NEW], check=True)
        for wheel in glob.glob(os.path.join(folder, "nvidia_cuda_cuobjdump-*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(os.path.join(folder, "new"))
            os.remove(wheel)
        found = glob.glob(os.path.join(folder, "new", "**", "cuobjdump"), recursive=True)
        os.chmod(found[0], 0o755)
    return found[0]


def non_free(folder):
    """Options for apt: this machine's mirror of Debian, with `non-free` for its component."""
    parts = os.path.join(folder, "apt", "parts")
    for name in (parts, os.path.join(folder, "apt", "lists", "partial"), os.path.join(folder, "apt", "cache", "partial")):
        os.makedirs(name, exist_ok=True)
    for path in glob.glob("/etc/apt/sources.list.d/*.sources"):
        with open(path, encoding="utf-8") as file:
            text = re.sub(r"(?m)^Components:.*$", "Components: non-free", file.read())
        with open(os.path.join(parts, os.path.basename(path)), "w", encoding="utf-8") as file:
            file.write(text)
    settings = {"Dir::Etc::SourceList": "/dev/null", "Dir::Etc::SourceParts": os.path.abspath(parts),
                "Dir::State::Lists": os.path.abspath(os.path.join(folder, "apt", "lists")),
                "Dir::Cache": os.path.abspath(os.path.join(folder, "apt", "cache")), "APT::Sandbox::User": "root"}
    return [word for key, value in settings.items() for word in ("-o", "%s=%s" % (key, value))]


def find_old(folder):
    """None where apt has no package of it."""
    program = os.path.join(folder, "old", "cuobjdump")
    if os.path.exists(program):
        return program
    os.makedirs(os.path.dirname(program), exist_ok=True)
    options = non_free(folder)
    subprocess.run(["apt-get", "-qq", *options, "update"], check=False)
    subprocess.run(["apt-get", "-qq", *options, "download", OLD], cwd=os.path.join(folder, "old"), check=False)
    for package in glob.glob(os.path.join(folder, "old", OLD + "_*.deb")):
        subprocess.run("dpkg-deb --fsys-tarfile '%s' | tar -x -O ./usr/bin/cuobjdump > '%s'" % (package, program),
                       shell=True, check=True)
        os.remove(package)
        os.chmod(program, 0o755)
    shutil.rmtree(os.path.join(folder, "apt"))
    return program if os.path.exists(program) else None


def programs(folder):
    folder = os.path.abspath(folder)
    return [program for program in (find_new(folder), find_old(folder)) if program]


def listed(path, others):
    """Entries by (kind, target); None and what was said where no cuobjdump reads the file."""
    said = ""
    for program in others:
        counts = collections.Counter()
        texts = []
        for kind in ("-lelf", "-lptx"):
            done = subprocess.run([program, "-all", kind, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  check=False)
            texts.append(done.stdout)
        for match in map(LISTED.match, "".join(texts).splitlines()):
            if match:
                counts["sm" if match[1] == "ELF" else "compute", int(match[2])] += 1
        said = next((line for text in texts for line in text.splitlines() if "fatal" in line), "")
        if not said or "does not contain device code" in said:
            return counts, ""
    return None, said


def ours(facts):
    counts = collections.Counter()
    for code in facts["code"]:
        kind, target = code["name"].split("_")
        if kind != "lto":
            counts[kind, int(target.rstrip("af"))] += code["count"]
    return counts


def containers(file, start, length):
    """(offset, bytes) of each whole container in a section, found without mlpack."""
    end = start + length
    at = file.find(MAGIC, start, end)
    while at >= 0:
        version, header, size = struct.unpack_from("<HHQ", file, at + 4) if at + 16 <= end else (0, 0, 0)
        is_one = at % 8 == 0 and (version, header) == (1, 16) and at + 16 + size <= end
        if is_one:
            yield at, 16 + size
        at = file.find(MAGIC, at + (16 + size if is_one else 4), end)


def entries(data):
    """Entries of a container by (kind, target)."""
    counts = collections.Counter()
    at = 16
    while at + 64 <= len(data):
        kind, header, size = struct.unpack_from("<H2xIQ", data, at)
        target, = struct.unpack_from("<I", data, at + 0x1C)
        if kind not in (1, 2, 8) or header < 64:
            return collections.Counter()
        if kind != 8:
            counts["compute" if kind == 1 else "sm", target] += 1
        at += header + size
    return counts


def elsewhere(path, others):
    """Entries in sections that cuobjdump does not look at: (counts, names of those sections, how many were tried, and how
    many of them cuobjdump, given the container alone, reads otherwise)."""
    text = subprocess.run(["readelf", "-SW", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          check=False).stdout
    counts, names, found = collections.Counter(), [], []
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for match in filter(None, map(SECTION.match, text.splitlines())):
            if match[1] in KNOWN:
                continue
            for at, size in containers(data, int(match[2], 16), int(match[3], 16)):
                inside = entries(data[at:at + size])
                if inside:
                    counts.update(inside)
                    found.append((data[at:at + size], inside))
                    names += [match[1]] if match[1] not in names else []
    chosen = found[:: max(1, len(found) // SAMPLES)]
    return counts, names, len(chosen), sum(not is_read_so(path, data, inside, others) for data, inside in chosen)


def is_read_so(path, data, inside, others):
    name = path + ".fatbin"
    with open(name, "wb") as file:
        file.write(data)
    theirs, _ = listed(name, others)
    os.remove(name)
    return theirs == inside


def explain(path, mine, theirs, others):
    counts, names, tried, wrong = elsewhere(path, others)
    if mine != theirs + counts or wrong:
        return None
    return ("cuobjdump does not look into %s, with %d entries; %d of its containers, each cut out into a file, were read by "
            "cuobjdump as by mlpack" % (" ".join(names), sum(counts.values()), tried))


def compare(path, facts, others):
    """None: there is no GPU code, for nobody."""
    mine = ours(facts)
    theirs, said = listed(path, others)
    if theirs is None:
        return Row(facts, "differs", said)
    if not theirs and not facts["code"]:
        return None
    if mine == theirs:
        return Row(facts, "same", "")
    why = explain(path, mine, theirs, others)
    if why:
        return Row(facts, "explained", why)
    return Row(facts, "differs", "mlpack alone: %s; cuobjdump alone: %s" % (dict(mine - theirs), dict(theirs - mine)))
