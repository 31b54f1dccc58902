"""A network of its own, in which a registry has a public address: what the cases of fault 30 need. Root alone can make one.

    network = Network(folder)
    server = network.inside(lambda: FaultServer(profile, address=Network.PUBLIC, name=Network.NAME))
    subprocess.run(network.command(["mlpack", …]))
"""

import ctypes
import os
import shutil
import subprocess
import threading

CLONE_NEWNET = 0x40000000
ALONE = ["unshare", "--net", "--mount"]
# Everything is over once its standard input ends.
SCRIPT = ('ip link set lo up && for each in $1; do ip addr add $each dev lo; done && mount --bind "$0" /etc/hosts && '
          'echo up && exec cat')


class Network:
    PUBLIC, NAME = "203.0.113.7", "registry.example.com"
    PRIVATE, LINK_LOCAL = "10.1.2.3", "169.254.169.254"
    NAMES = {NAME: PUBLIC, "inside.example.com": "127.0.0.1", "private.example.com": PRIVATE,
             "metadata.example.com": LINK_LOCAL, "inside6.example.com": "::1"}

    @staticmethod
    def is_possible():
        if not all(shutil.which(tool) for tool in ("unshare", "nsenter", "ip")):
            return False
        return subprocess.run([*ALONE, "ip", "link", "set", "lo", "up"], capture_output=True).returncode == 0

    def __init__(self, folder):
        hosts = os.path.join(folder, "hosts")
        with open(hosts, "w") as file:
            file.writelines("%s %s\n" % (address, name) for name, address in {"localhost": "127.0.0.1", **self.NAMES}.items())
        addresses = " ".join(one + "/32" for one in (self.PUBLIC, self.PRIVATE, self.LINK_LOCAL))
        self.process = subprocess.Popen([*ALONE, "sh", "-c", SCRIPT, hosts, addresses], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"up\n":
            raise RuntimeError("there is no network of our own")

    def inside(self, make):
        """What `make` returns; sockets that it opens are of this network."""
        made = []

        def work():
            with open("/proc/%d/ns/net" % self.process.pid) as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) == 0:
                    made.append(make())

        thread = threading.Thread(target=work)  # the network that a thread is in ends with it
        thread.start()
        thread.join()
        return made[0]

    def command(self, argv):
        return ["nsenter", "--target", str(self.process.pid), "--net", "--mount", "--", *argv]

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
