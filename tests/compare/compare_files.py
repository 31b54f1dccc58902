"""The files that elf-compare looks at."""

import collections
import os
import shutil
import subprocess
import zipfile

Wheel = collections.namedtuple("Wheel", "name python")
PLATFORMS = ["manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64", "linux_x86_64"]
PLATFORMS += ["manylinux_2_%d_x86_64" % minor for minor in (17, 24, 25, 26, 27, 28, 31, 34)]


def wheels(path):
    """The lines `NAME==VERSION [PYTHON]` of a list; what follows `#` is a remark."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            words = line.split("#")[0].split()
            if words:
                yield Wheel(words[0], words[1] if len(words) > 1 else "3.12")


def is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def system_files():
    for folder, folders, names in os.walk("/usr/lib"):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path) and is_elf(path):
                yield path


def download(wheel, folder):
    command = ["python3", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", folder,
               "--python-version", wheel.python]
    for platform in PLATFORMS:
        command += ["--platform", platform]
    subprocess.run(command + [wheel.name], check=True)
    return [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".whl")]


def members(archive, folder):
    """Each ELF file of a wheel, unpacked, and removed when the next one is asked for."""
    for info in sorted(archive.infolist(), key=lambda info: info.filename):
        if info.is_dir() or info.file_size < 64:
            continue
        with archive.open(info) as member:
            if member.read(4) != b"\x7fELF":
                continue
        path = os.path.join(folder, "file.so")
        with archive.open(info) as member, open(path, "wb") as file:
            shutil.copyfileobj(member, file, 1 << 22)
        yield path, info.filename
        os.remove(path)


def files_of(wheel, folder):
    """The ELF files of a wheel as (path, name in it). Of a wheel that cannot be had, that is said."""
    place = os.path.join(folder, "wheel")
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    try:
        for path in download(wheel, place):
            with zipfile.ZipFile(path) as archive:
                yield from members(archive, place)
    except subprocess.CalledProcessError:
        print("absent  %s" % wheel.name, flush=True)
    finally:
        shutil.rmtree(place, ignore_errors=True)
