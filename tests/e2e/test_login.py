"""A registry that asks for a password gets it from where docker and podman keep it, and nobody else does."""

import base64
import json
import os

from harness import Case

SPEC = """\
schema: 1
name: private
base: scratch
platform: linux/amd64
files: [{source: app.txt, target: /app.txt}]
"""
PASSWORD = "correct horse"


class Login(Case):
    def setUp(self):
        super().setUp()
        self.host = self.registry(users={"alice": PASSWORD}).host
        self.env["DOCKER_CONFIG"] = self.path("docker")
        self.image = self.host + "/private/app:1"
        self.build(self.project("project", SPEC, {"app.txt": "hello\n"}), "-t", self.image)

    def login(self, password=PASSWORD, code=0):
        return self.mlpack("login", self.host, "-u", "alice", "--password-stdin", text=password + "\n", code=code)

    def config(self):
        with open(self.path("docker", "config.json")) as file:
            return json.load(file)

    def test_after_a_login_pushing_works_and_after_a_logout_it_does_not(self):
        self.mlpack("push", self.image, code=4)
        self.login()
        self.mlpack("push", self.image)
        self.skopeo("inspect", "--tls-verify=false", "--creds", "alice:" + PASSWORD, "docker://" + self.image)
        self.mlpack("logout", self.host)
        self.assertEqual(self.config().get("auths", {}), {})
        self.mlpack("push", self.image, code=4)

    def test_a_login_is_written_as_docker_writes_it_for_its_owner_alone(self):
        os.makedirs(self.path("docker"))
        with open(self.path("docker", "config.json"), "w") as file:
            json.dump({"detachKeys": "ctrl-x", "auths": {"registry.example.com": {"auth": "Yjpj"}}}, file)
        self.login()
        config = self.config()
        self.assertEqual(base64.b64decode(config["auths"][self.host]["auth"]).decode(), "alice:" + PASSWORD)
        self.assertEqual(config["detachKeys"], "ctrl-x")
        self.assertIn("registry.example.com", config["auths"])
        self.assertEqual(os.stat(self.path("docker", "config.json")).st_mode & 0o777, 0o600)

    def test_a_wrong_password_is_refused_and_not_kept(self):
        refused = self.login("wrong horse", code=4)
        self.assertNotIn("wrong horse", refused.out + refused.err)
        self.assertFalse(os.path.exists(self.path("docker", "config.json")))

    def test_a_refusal_says_who_refused_whom(self):
        refused = self.login("wrong horse", code=4)
        self.assertIn("error: cannot log in to `%s` as `alice`: `%s` replied 401" % (self.host, self.host), refused.err)
        self.assertIn("hint: check the user and the password", refused.err)

    def test_what_others_wrote_stays_as_they_wrote_it(self):
        text = ('{\n\t"n": [1e3, 12345678901234567890123, 1.10, "\\u00e9"],\n'
                '\t"auths": {\n\t\t"a.example": {"auth":"Yjpj"}\n\t}\n}')
        os.makedirs(self.path("docker"))
        os.symlink("../real.json", self.path("docker", "config.json"))
        with open(self.path("real.json"), "w") as file:
            file.write(text)
        os.chmod(self.path("real.json"), 0o600)
        self.login()
        self.assertIn(self.host, self.config()["auths"])
        self.mlpack("logout", self.host)
        with open(self.path("real.json")) as file:
            self.assertEqual(file.read(), text)
        self.assertTrue(os.path.islink(self.path("docker", "config.json")))
        self.assertEqual(os.stat(self.path("real.json")).st_mode & 0o777, 0o600)

    def test_podmans_auth_file_is_read(self):
        auth = base64.b64encode(("alice:" + PASSWORD).encode()).decode()
        with open(self.path("auth.json"), "w") as file:
            json.dump({"auths": {self.host: {"auth": auth}}}, file)
        self.mlpack("push", self.image, env={"REGISTRY_AUTH_FILE": self.path("auth.json")})

    def test_a_credential_helper_is_asked(self):
        os.makedirs(self.path("bin"))
        with open(self.path("bin", "docker-credential-test"), "w") as file:
            file.write('#!/bin/sh\nread -r host\necho "{\\"ServerURL\\": \\"$host\\", \\"Username\\": \\"alice\\", '
                       '\\"Secret\\": \\"%s\\"}"\n' % PASSWORD)
        os.chmod(file.name, 0o755)
        os.makedirs(self.path("docker"))
        with open(self.path("docker", "config.json"), "w") as file:
            json.dump({"credHelpers": {self.host: "test"}}, file)
        self.mlpack("push", self.image, env={"PATH": self.path("bin") + ":" + os.environ["PATH"]})

    def test_the_password_is_in_no_output(self):
        self.login()
        for argv in (["push", self.image, "--verbose"], ["push", self.image, "--json"], ["logout", self.host]):
            result = self.mlpack(*argv)
            for secret in (PASSWORD, base64.b64encode(("alice:" + PASSWORD).encode()).decode()):
                self.assertNotIn(secret, result.out + result.err)
