"""A public registry cannot send us to this machine by a name that leads there, nor past a proxy."""

import json
import os
import shutil
import unittest

from harness import Case, MLPACK, ROOT, run, write_files

ALONE = ["unshare", "--net", "--mount"]
SCRIPT = ('ip link set lo up && ip addr add 203.0.113.7/32 dev lo && ip addr add 203.0.113.8/32 dev lo && '
          'mount --bind "$0" /etc/hosts && exec python3 -B "$@"')
HOSTS = "127.0.0.1 localhost inside.example.com\n203.0.113.7 registry.example.com\n"
SPEC = "schema: 1\nname: app\nbase: scratch\nplatform: linux/amd64\nfiles: [{source: app/, target: /app}]\n"
IMAGE = "registry.example.com/acme/app:1"


def is_alone():
    return bool(shutil.which("ip")) and run([*ALONE, "ip", "link", "set", "lo", "up"]).code == 0


@unittest.skipUnless(is_alone(), "cannot make a network of its own")
class Reach(Case):
    def setUp(self):
        super().setUp()
        write_files(self.dir, {"hosts": HOSTS})
        self.build(self.project("project", SPEC, {"app/a": "a"}), "-t", IMAGE)

    def reached(self, how, *words, **env):
        servers = os.path.join(ROOT, "tests/e2e/reach_servers.py")
        done = self.run_tool(*ALONE, "sh", "-c", SCRIPT, self.path("hosts"), servers, MLPACK, *words, "--plain-http",
                             env={"HOW": how, **env})
        return json.loads(done.out)

    def test_redirects_realms_and_locations_by_name_are_refused_before_a_connection(self):
        for how, command, code in (("redirect", "pull", 5), ("realm", "pull", 6), ("location", "push", 5)):
            with self.subTest(how):
                ended = self.reached(how, command, IMAGE)
                self.assertEqual((ended["reached"], ended["code"]), ([], code), ended)
                self.assertIn("it leads to `127.0.0.1`, an address that is not public", ended["err"])

    def test_a_proxy_gets_its_password_and_nobody_sees_it(self):
        ended = self.reached("", "pull", IMAGE, HTTP_PROXY="http://bob:word@203.0.113.8:3128")
        self.assertEqual(ended["code"], 5, ended)
        self.assertTrue(ended["proxied"])
        ended = self.reached("", "pull", IMAGE, HTTP_PROXY="http://bob:wrong-word@203.0.113.8:3128")
        self.assertEqual((ended["code"], ended["proxied"]), (6, []), ended)
        self.assertIn("the proxy that the environment sets wants a user and a password, or others", ended["err"])
        self.assertNotIn("wrong-word", ended["err"] + ended["out"])
        ended = self.reached("", "pull", IMAGE, HTTP_PROXY="http://bob:word@203.0.113.8:3128", NO_PROXY="example.com")
        self.assertEqual((ended["code"], ended["proxied"]), (5, []), ended)

    def test_a_registry_behind_a_proxy_cannot_send_us_round_it_to_this_machine(self):
        ended = self.reached("redirect", "pull", IMAGE, HTTP_PROXY="http://bob:word@203.0.113.8:3128",
                             NO_PROXY="inside.example.com")
        self.assertEqual((ended["code"], ended["reached"]), (5, []), ended)
