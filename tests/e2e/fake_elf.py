"""Programs and libraries made by hand, as far as a loader and a driver look at them (System V ABI, gABI chapter 5; the
fatbin container as nvcc writes it), and pickles that call what they like."""

import io
import pickle
import struct
import zipfile

BINARY, PTX = 2, 1


def fatbin(*codes):
    """A container of (kind, sm[, ISA version of PTX]) with payloads of zeros."""
    body = b""
    for kind, sm, *isa in codes:
        major, minor = isa[0] if isa else (8, 1)
        body += struct.pack("<HHIQQHHIQQQQ", kind, 0x0101, 64, 4096, 0, minor, major, sm, 0, 0x11, 0, 0)
        body += bytes(4096)
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(body)) + body


def _segment(kind, at, size):
    return struct.pack("<IIQQQQQQ", kind, 5, at, at, at, size, size, 8)


def _hash(name):
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        value = (value ^ (value & 0xF0000000) >> 24) & 0x0FFFFFFF
    return value


def elf(soname="", needed=(), runpath="", interpreter="", wants=(), defines=(), data=b"", note=""):
    """A 64-bit file for x86-64 without section headers whose bytes are loaded where they lie. wants: [(library, version)],
    defines: versions of its symbols, note: of NVIDIA Corporation."""
    strings = bytearray(1)

    def text(value):
        strings.extend(value.encode() + b"\0")
        return len(strings) - len(value) - 1

    need = b""
    for i, (library, version) in enumerate(wants):
        need += struct.pack("<HHIII", 1, 1, text(library), 16, 0 if i + 1 == len(wants) else 32)
        need += struct.pack("<IHHII", _hash(version), 0, 2, text(version), 0)
    own = b""
    names = ([soname] if defines else []) + list(defines)
    for i, name in enumerate(names):
        own += struct.pack("<HHHHIII", 1, 0 if i else 1, i + 1, 1, _hash(name), 20, 0 if i + 1 == len(names) else 28)
        own += struct.pack("<II", text(name), 0)
    tags = [(1, text(name)) for name in needed]
    tags += [(14, text(soname))] if soname else []
    tags += [(29, text(runpath))] if runpath else []
    loader = text(interpreter)
    noted = struct.pack("<III", 19, len(note), 1) + b"NVIDIA Corporation\0\0" + note.encode() if note else b""

    places, at = {}, 64 + 4 * 56
    for name, part in (("data", data), ("strings", bytes(strings)), ("need", need), ("own", own), ("note", noted)):
        places[name] = at
        at += (len(part) + 7) // 8 * 8
    tags += [(5, places["strings"]), (10, len(strings))]
    tags += [(0x6ffffffe, places["need"]), (0x6fffffff, len(wants))] if need else []
    tags += [(0x6ffffffc, places["own"]), (0x6ffffffd, len(names))] if own else []
    dynamic = b"".join(struct.pack("<QQ", *tag) for tag in tags + [(0, 0)])
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 4, 64, 0, 0)
    head += _segment(1, 0, at + len(dynamic)) + _segment(2, at, len(dynamic))
    head += _segment(3, places["strings"] + loader, len(interpreter) + 1) if interpreter else _segment(0, 0, 0)
    head += _segment(4, places["note"], len(noted)) if noted else _segment(0, 0, 0)
    image = bytearray(at) + dynamic
    for at, part in ((0, head), (places["data"], data), (places["strings"], bytes(strings)), (places["need"], need),
                     (places["own"], own), (places["note"], noted)):
        image[at:at + len(part)] = part
    return bytes(image)


class _Call:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def executing_pickle():
    """Prints a line when it is loaded."""
    return pickle.dumps(_Call(eval, "print('pwned')"))


def torch_archive(content):
    """What torch.save() makes of it."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("model/data.pkl", content)
        archive.writestr("model/version", "3\n")
    return data.getvalue()
