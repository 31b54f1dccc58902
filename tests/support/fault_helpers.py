"""What credential helpers and their configuration do wrong: fault 44. A helper is a script; `$HOME/pids` gets the numbers of
the processes that it starts, and who is still there after the client ended was left behind.
"""

import json
import os
import time

from fault_handler import PASSWORD, USER

NAME = "torture"
ANSWER = json.dumps({"ServerURL": "registry", "Username": USER, "Secret": PASSWORD})
GIVE = "cat > /dev/null; echo '%s'" % ANSWER
NOTE = "echo $$ >> $HOME/pids\n"

# name: (script, who is asked for a password)
GOOD = {
    "helper that has the password": (GIVE, "basic"),
    "helper that reads nothing": ("exec < /dev/null; echo '%s'" % ANSWER, "basic"),
    "helper that answers a byte at a time": ("\n".join("printf '%%s' '%s'" % c for c in ANSWER), "basic"),
    "helper that leaves a child behind": ("sleep 300 &\necho $! >> $HOME/pids\n" + GIVE, "basic"),
    "helper that talks to stderr": ("yes 'talk' | head -c 1000000 >&2; " + GIVE, "basic"),
    "helper that knows nobody": ("echo 'credentials not found in native keychain'; exit 1", "none"),
}
BAD = {
    "helper that hangs": NOTE + "sleep 300 &\necho $! >> $HOME/pids\nwait",
    "helper that hangs behind its answer": NOTE + GIVE + "; exec sleep 300",
    "helper that hangs with its output closed": NOTE + "exec >&-; exec sleep 300",
    "helper that cannot be told to end": NOTE + "trap '' TERM INT HUP PIPE; while :; do sleep 1; done",
    "helper that prints junk": "head -c 2000 /dev/urandom",
    "helper that prints a page": "echo '<html>%s</html>'" % PASSWORD,
    "helper that prints a number": "echo 17",
    "helper that prints half": "echo '%s'" % ANSWER[:-20],
    "helper that prints nothing": "exit 0",
    "helper that prints no secret": "echo '{\"Username\":\"%s\"}'" % USER,
    "helper that prints 10 MB": "yes '%s' | head -c 10000000" % PASSWORD,
    "helper that prints without end": NOTE + "exec yes '%s'" % PASSWORD,
    "helper that fails": "echo 'error: %s is locked'; exit 1" % PASSWORD,
    "helper that fails behind its answer": GIVE + "; echo '%s' >&2; exit 3" % PASSWORD,
    "helper that is killed": "kill -9 $$",
    "helper that is no program": None,
    "helper that is missing": "",
    "helper that knows nobody, of who is asked": "echo 'credentials not found in native keychain'; exit 1",
}
CONFIGS = {
    "config.json that is no JSON": '{"auths": {"%s": "' % PASSWORD,
    "config.json that is a list": '["%s"]' % PASSWORD,
    "config.json of 2 MB": '{"x": "%s"}' % ("x" * (2 << 20)),
    "config.json that is a folder": None,
}


def write_config(home, host):
    os.makedirs(os.path.join(home, ".docker"), exist_ok=True)
    with open(os.path.join(home, ".docker", "config.json"), "w") as file:
        json.dump({"credHelpers": {host: NAME}}, file)


def helper(script):
    """A preparation of a home: its config.json names a helper, which is that script; None: what is no program, "": none."""
    def prepare(home, host):
        write_config(home, host)
        os.makedirs(os.path.join(home, "bin"))
        if script == "":
            return
        path = os.path.join(home, "bin", "docker-credential-" + NAME)
        with open(path, "wb") as file:
            file.write(b"\x7fno program\n" if script is None else ("#!/bin/sh\n" + script + "\n").encode())
        os.chmod(path, 0o755)
    return prepare


def config(text):
    """A preparation: that text in config.json, or a folder in its place."""
    def prepare(home, host):
        path = os.path.join(home, ".docker", "config.json")
        if text is None:
            return os.makedirs(path)
        os.makedirs(os.path.dirname(path))
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o600)
        return None
    return prepare


def open_to_all(home, host):
    """A good helper, and a config.json that everybody may change."""
    helper(GIVE)(home, host)
    os.chmod(os.path.join(home, ".docker", "config.json"), 0o666)


def left_behind(home, patience=0):
    """The numbers of the processes that are still running after so many seconds: who is killed is not gone at once."""
    try:
        with open(os.path.join(home, "pids")) as file:
            numbers = [int(line) for line in file]
    except FileNotFoundError:
        return []
    end = time.monotonic() + patience
    while any(map(is_running, numbers)) and time.monotonic() < end:
        time.sleep(0.05)
    return [number for number in numbers if is_running(number)]


def is_running(number):
    try:
        with open("/proc/%d/stat" % number) as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
