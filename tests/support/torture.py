"""Runs the list of faults against a client, and judges how it ended: see scripts/registry-torture."""

import collections
import concurrent.futures
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import fault_helpers
import fault_images
from fault_handler import PASSWORD, USER, digest_of
from fault_list import CASES
from fault_net import Network
from fault_profiles import profiles
from fault_server import AnyAddress, Elsewhere, FaultServer

REPOSITORY, TAG = "acme/torture", "1"
MOST_MEMORY = 100 << 20
LONGEST = 60  # seconds that a case may take, with the limits that are set below
NETWORK = "connect=5,stall=1,answer=1.5,wait=0.02,longest-wait=0.1,retry-after=2,helper=2"
SECRETS = (PASSWORD, "czNjcmV0LVA0c3N3MHJk")
Outcome = collections.namedtuple("Outcome", "case profile verdict code seconds memory words")


def small_image(folder, size=400 << 10):
    """An OCI layout with one image of that size; gives its digest."""
    image = fault_images.Image(fault_images.tar_of(size))
    manifest = fault_images.compact(image.manifest)
    blobs = os.path.join(folder, "blobs", "sha256")
    os.makedirs(blobs)
    for data in list(image.blobs.values()) + [manifest]:
        with open(os.path.join(blobs, digest_of(data)[7:]), "wb") as file:
            file.write(data)
    index = {"schemaVersion": 2, "manifests": [{"mediaType": fault_images.MANIFEST, "digest": digest_of(manifest),
                                                "size": len(manifest),
                                                "annotations": {"org.opencontainers.image.ref.name": TAG}}]}
    for name, value in (("index.json", index), ("oci-layout", {"imageLayoutVersion": "1.0.0"})):
        with open(os.path.join(folder, name), "w") as file:
            json.dump(value, file)
    return digest_of(manifest)


def new_folder():
    """podman makes a name of the path, in which `-_` may not stand."""
    folder = os.path.join(tempfile.gettempdir(), "torture-" + os.urandom(6).hex())
    os.mkdir(folder)
    return folder


class Client:
    """How a client is told to push and pull. `home` is a folder of its own for each case."""

    name = ""
    exact = False  # whether its exit codes are those of the list

    def prepare(self, layout, folder):
        """Once, before all cases."""

    def environment(self, home, case):
        return {"HOME": home, "PATH": home + "/bin:" + os.environ["PATH"], "LANG": "C.UTF-8", "TMPDIR": home}

    def push(self, layout, reference, home, case):
        raise NotImplementedError

    def pull(self, reference, home, case):
        raise NotImplementedError


class Mlpack(Client):
    name, exact = "mlpack", True

    def __init__(self, binary):
        self.binary = binary

    def environment(self, home, case):
        auth = {"auths": {case.host: {"username": USER, "password": PASSWORD}}}
        limits = NETWORK + (",attempts=4" if case.brief else "")
        told = {} if case.case.home else {"DOCKER_AUTH_CONFIG": json.dumps(auth)}
        return {**super().environment(home, case), "MLPACK_STORE": os.path.join(home, "store"), "MLPACK_NETWORK": limits, **told}

    def trust(self, case):
        return ["--ca", case.certificate] if case.tls else ["--plain-http"] if case.case.public else []

    def push(self, layout, reference, home, case):
        return [self.binary, "push", "oci:%s:%s" % (layout, TAG), reference] + self.trust(case)

    def pull(self, reference, home, case):
        return [self.binary, "pull", reference, "--platform", "linux/amd64"] + self.trust(case)


class Skopeo(Client):
    name = "skopeo"

    def options(self, side, case):
        told = [] if case.case.home else ["--%s-creds" % side, "%s:%s" % (USER, PASSWORD)]
        return ["--%s-tls-verify=false" % side, "--retry-times", "3"] + told

    def push(self, layout, reference, home, case):
        return ["skopeo", "--insecure-policy", "copy", "--quiet", "--preserve-digests"] + self.options("dest", case) + [
            "oci:%s:%s" % (layout, TAG), "docker://" + reference]

    def pull(self, reference, home, case):
        return ["skopeo", "--insecure-policy", "copy", "--quiet"] + self.options("src", case) + [
            "docker://" + reference, "oci:%s/pulled:1" % home]


class Stored(Client):
    """Clients with a storage of their own: a copy of one that has the image."""

    def prepare(self, layout, folder):
        self.folder = os.path.join(folder, self.name)
        os.makedirs(self.folder)
        subprocess.run(self.command(self.folder) + ["pull", "--quiet", "oci:%s:%s" % (layout, TAG)], check=True,
                       env=super().environment(self.folder, None), capture_output=True)
        found = subprocess.run(self.command(self.folder) + ["images", "--quiet", "--no-trunc"], check=True,
                               env=super().environment(self.folder, None), capture_output=True, text=True)
        self.image = found.stdout.split()[0]

    def command(self, home):
        return [self.name, "--root", home + "/root", "--runroot", home + "/run", "--storage-driver", "vfs"]

    def push(self, layout, reference, home, case):
        own = tempfile.mkdtemp(dir=home) + "/own"
        # podman's database knows the folder that it was made in; images are kept elsewhere.
        shutil.copytree(self.folder, own, symlinks=True, ignore=shutil.ignore_patterns("libpod"))
        return self.command(own) + ["push", "--quiet", "--tls-verify=false", *self.told(case), self.image,
                                    "docker://" + reference]

    def pull(self, reference, home, case):
        return self.command(home) + ["pull", "--quiet", "--tls-verify=false", *self.told(case), "docker://" + reference]

    def told(self, case):
        return [] if case.case.home else ["--creds", "%s:%s" % (USER, PASSWORD)]


class Buildah(Stored):
    name = "buildah"


class Podman(Stored):
    name = "podman"


def client_of(name, mlpack="mlpack"):
    known = {"mlpack": lambda: Mlpack(mlpack), "skopeo": Skopeo, "buildah": Buildah, "podman": Podman}
    return known[name]()


class Run:
    """One cell of the matrix."""

    def __init__(self, client, case, profile, lot):
        self.client, self.case, self.profile, self.layout, self.digest = client, case, profile, lot.layout, lot.digest
        self.certificate, self.brief, self.tls = lot.certificate, case.brief, case.tls
        self.network = lot.network if case.public else None

    def outcome(self):
        self.home = new_folder()
        self.network.inside(self.open_public) if self.network else self.open()
        self.host = self.server.host
        if self.case.home:
            self.case.home(self.home, self.host)
        try:
            return self.judged()
        finally:
            self.server.elsewhere.stop()
            self.server.stop()
            for process in fault_helpers.left_behind(self.home):
                os.kill(process, signal.SIGKILL)
            shutil.rmtree(self.home, ignore_errors=True)

    def open(self):
        self.server = FaultServer(self.profile, self.case.auth, certificate=self.certificate if self.tls else None)
        self.server.elsewhere = Elsewhere(self.server)

    def open_public(self):
        self.server = FaultServer(self.profile, self.case.auth, address=Network.PUBLIC, name=Network.NAME)
        self.server.elsewhere = Elsewhere(self.server, AnyAddress, "::")

    def judged(self):
        began = time.monotonic()
        if self.case.verb == "pull":
            self.expected = fault_images.Image().place(self.server)
            self.case.prepare(self.server)
            argv = self.client.pull("%s/%s:%s" % (self.host, fault_images.REPOSITORY, fault_images.TAG), self.home, self)
        else:
            self.before_push()
            argv = self.client.push(self.layout, "%s/%s:%s" % (self.host, REPOSITORY, TAG), self.home, self)
        code, words, memory = self.run(argv)
        verdict = self.verdict(code, words, memory)
        return Outcome(self.case, self.profile.name, verdict, code, time.monotonic() - began, memory, words)

    def before_push(self):
        if self.case.mounts:
            self.run(self.client.push(self.layout, "%s/acme/first:1" % self.host, self.home, self))
        if self.case.chunks:
            self.profile.largest_body = self.profile.largest_body or 128 << 10
        self.case.prepare(self.server)

    def run(self, argv):
        out = os.path.join(self.home, "out")
        argv = self.network.command(argv) if self.network else argv
        with open(out, "w+b") as file:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=self.home,
                                       env=self.client.environment(self.home, self))
            code, memory = wait(process)
            file.seek(0)
            return code, file.read().decode("utf-8", "replace"), memory

    def verdict(self, code, words, memory):
        """"right", "gave up" where it need not have, or what was wrong."""
        if code is None:
            return "hangs"
        if self.server.leaks:
            return "leaks: " + self.server.leaks[0]
        if self.case.public and self.server.elsewhere.reached:
            return "is led further in"
        if any(secret in words for secret in SECRETS):
            return "shows the password"
        if code != 0 and self.case.home and fault_helpers.left_behind(self.home, patience=3):
            return "leaves processes behind"
        if self.client.exact and memory > MOST_MEMORY:
            return "takes %d MiB" % (memory >> 20)
        if self.client.exact and code not in self.case.ends and code != 0:
            return "gave up" if self.case.ends == (0,) else "exit code %d" % code
        if self.client.exact and self.case.says not in words:
            return "does not say `%s`" % self.case.says
        bad = self.bad_end(code)
        if bad:
            return bad
        if code == 0:
            return "right" if 0 in self.case.ends else "takes it"
        return "right" if self.case.ends != (0,) else "gave up"

    def bad_end(self, code):
        """What is wrong with what is there now."""
        if self.case.verb == "pull" or self.case.other_tag:
            return ""
        problem = self.server.problem(REPOSITORY, TAG, self.digest if self.client.exact else None)
        if problem == "absent":
            return "says that it pushed" if code == 0 and 0 in self.case.ends else ""
        return problem


def wait(process):
    """(exit code, most memory); no code where it had to be ended. The kernel's own figure for a process that has ended counts
    what its parent held when it forked, so it is looked at while it runs."""
    end, peak = time.monotonic() + LONGEST, 0
    while process.poll() is None:
        if time.monotonic() > end:
            process.kill()
            process.wait()
            return None, peak
        try:
            with open("/proc/%d/status" % process.pid) as file:
                found = re.search(r"VmHWM:\s+(\d+) kB", file.read())
            peak = max(peak, int(found.group(1)) * 1024 if found else 0)
        except OSError:
            pass
        time.sleep(0.005)
    return process.returncode, peak


def make_certificate(folder):
    """A PEM file with a key and a certificate for 127.0.0.1."""
    path = os.path.join(folder, "server.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", path + ".key", "-out", path + ".crt",
                    "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], check=True,
                   capture_output=True)
    with open(path, "w") as file:
        for part in (".key", ".crt"):
            with open(path + part) as one:
                file.write(one.read())
    return path


class Lot:
    """What the runs share. `network` is None where none can be made: then nothing is public."""

    def __init__(self, folder):
        self.layout = os.path.join(folder, "layout")
        self.digest, self.certificate = small_image(self.layout), make_certificate(folder)
        self.network = Network(folder) if Network.is_possible() else None

    def runs(self, client, names, words):
        return [Run(client, case, profile, self) for case in CASES for name, profile in profiles().items()
                if (not names or name in names) and case.applies(profile) and words in "%d %s" % (case.number, case.name)
                and (self.network or not case.public)]

    def stop(self):
        if self.network:
            self.network.stop()


def torture(client, names=None, words="", jobs=8, told=lambda outcome: None):
    """The outcomes of all cases whose line holds `words`, for the profiles of those names (default: all)."""
    folder, lot = new_folder(), None
    try:
        lot = Lot(folder)
        client.prepare(lot.layout, folder)
        runs = lot.runs(client, names, words)
        outcomes = []
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for outcome in pool.map(Run.outcome, runs):
                told(outcome)
                outcomes.append(outcome)
        return outcomes
    finally:
        if lot:
            lot.stop()
        shutil.rmtree(folder, ignore_errors=True)
