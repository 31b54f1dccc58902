"""scripts/catalog-update against an index, a registry and a folder of NVIDIA's on loopback; and what mlpack makes of the rows."""

import base64
import contextlib
import hashlib
import http.server
import io
import json
import os
import re
import shutil
import threading
import zipfile

import yaml

import runtime_bases
from fake_elf import BINARY, elf, fatbin
from harness import ROOT, Case, write_files
from index_server import Index, sha256

SCRIPT = os.path.join(ROOT, "scripts", "catalog-update")
TABLES = os.path.join(ROOT, "templates", "compat")
JSON = "application/vnd.pypi.simple.v1+json"
SECRET = "s3cret-of-the-catalog"
LINUX = "manylinux_2_28_x86_64"
TORCH = ["triton==99.1.0; platform_system == \"Linux\"", "cuda-toolkit[cudart,nvrtc]==13.0.2; platform_system == 'Linux'",
         "nvidia-cudnn-cu13==9.99.0.1; platform_system == \"Linux\" and platform_machine == \"x86_64\"",
         "nvidia-nccl-cu13==2.99.1; platform_system == \"Linux\"", "nvidia-cudnn-cu13==1.0; sys_platform == 'win32'",
         "filelock", "opt-einsum>=3.3; extra == \"opt-einsum\""]
# Of which package which releases there are: {name: [(file name, month, what it requires)]}.
PACKAGES = {
    "torch": [("torch-2.9.1-cp312-cp312-%s.whl" % LINUX, "2025-11", ["triton==3.5.1"]),
              ("torch-99.0.0-cp312-cp312-%s.whl" % LINUX, "2031-02", TORCH),
              ("torch-99.0.0-cp313-cp313-%s.whl" % LINUX, "2031-02", TORCH),
              ("torch-99.0.0-cp313-cp313t-%s.whl" % LINUX, "2031-02", TORCH),
              ("torch-99.0.0-cp313-cp313-win_amd64.whl", "2031-02", []),
              ("torch-99.1.0rc1-cp313-cp313-%s.whl" % LINUX, "2031-03", TORCH)],
    "tensorflow": [("tensorflow-99.0.0-cp3%d-cp3%d-manylinux_2_27_x86_64.whl" % (minor, minor), "2031-01",
                    ["nvidia-cuda-runtime-cu12<13.0,>=12.5.82; extra == \"and-cuda\"",
                     "nvidia-cudnn-cu12<10.0,>=9.3.0.75; extra == \"and-cuda\""]) for minor in (12, 13)],
    "jax": [("jax-99.0.0-py3-none-any.whl", "2031-01", ["jaxlib==99.0.0"])],
    "jax-cuda12-plugin": [("jax_cuda12_plugin-99.0.0-cp312-cp312-manylinux_2_27_x86_64.whl", "2031-01",
                           ["nvidia-cuda-runtime-cu12>=12.1.105; extra == \"with-cuda\"",
                            "nvidia-cudnn-cu12<10.0,>=9.8; extra == \"with-cuda\""])],
    "jax-cuda13-plugin": [("jax_cuda13_plugin-99.0.0-cp312-cp312-manylinux_2_27_x86_64.whl", "2031-01",
                           ["nvidia-cuda-runtime>=13.0.48; extra == \"with-cuda\"", "nvidia-cudnn-cu13>=9.12; extra == \"with-cuda\""])],
    "onnxruntime-gpu": [("onnxruntime_gpu-99.%s-cp312-cp312-%s.whl" % (release, LINUX), "2031-01",
                         ["nvidia-cuda-runtime~=13.0; extra == \"cuda\"", "nvidia-cudnn-cu13~=9.0; extra == \"cudnn\""])
                        for release in ("0.0", "0.1", "1.0")],
    "vllm": [("vllm-99.0.0-cp38-abi3-manylinux_2_31_x86_64.whl", "2031-03", ["torch==99.0.0", "numpy"])],
    "sglang": [("sglang-99.0.0.post1-py3-none-any.whl", "2031-03", ["torch==99.0.0; extra == \"srt\""])],
    "ray": [("ray-99.0.0-cp312-cp312-manylinux2014_x86_64.whl", "2031-03", ["click"])],
    "nvidia-cudnn-cu13": [("nvidia_cudnn_cu13-9.99.0.1-py3-none-manylinux_2_27_x86_64.whl", "2031-01", [])],
    "nvidia-cudnn-cu12": [], "nvidia-nccl-cu12": [], "nvidia-nccl-cu13": [],
}
REDIST = {"release_date": "2031-02-03", "release_label": "13.4.9", "release_product": "cuda",
          "cuda_cudart": {"name": "CUDA Runtime (cudart)", "version": "13.4.99", "linux-x86_64": {"relative_path": "x"}},
          "nvidia_driver": {"name": "NVIDIA Linux Driver", "version": "615.99.01"}}
IMAGE_ENV = ["PATH=/usr/bin", "NV_CUDNN_VERSION=9.99.0.1-1", "NV_LIBNCCL_PACKAGE_VERSION=2.99.1-1",
             "LD_LIBRARY_PATH=/usr/local/nvidia/lib:/usr/local/nvidia/lib64:/usr/local/cuda/lib64"]


def metadata(name, requires):
    version = name.split("-")[1]
    return ("Metadata-Version: 2.4\nName: %s\nVersion: %s\nRequires-Python: >=3.12\n%s\n" % (
        name.split("-")[0], version, "".join("Requires-Dist: %s\n" % line for line in requires))).encode()


def wheel(name, requires):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("big.bin", os.urandom(1 << 18))
        archive.writestr("-".join(name.split("-")[:2]) + ".dist-info/METADATA", metadata(name, requires))
    return data.getvalue()


FILES = {name: (month, requires) for files in PACKAGES.values() for name, month, requires in files}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.requests.append(self.path)
        parts = self.path.split("?")[0].strip("/").split("/")
        act = {"simple": self.page, "files": self.file, "v2": self.image, "redist": self.toolkit, "token": self.token}.get(parts[0])
        if act and self.server.needs_password and parts[0] in ("simple", "files") and "Authorization" not in self.headers:
            return self.answer(401, b"")
        return act(parts[1:]) if act else self.answer(404, b"")

    def page(self, parts):
        if parts[0] not in PACKAGES:
            return self.answer(404, b"")
        if self.server.page:
            return self.answer(200, self.server.page, JSON)
        names = [name for name, _, _ in PACKAGES[parts[0]]]
        if self.server.is_old:
            links = "".join('<a href="../../files/%s#sha256=0" data-requires-python="&gt;=3.12">%s</a>' % (name, name) for name in names)
            return self.answer(200, ("<!DOCTYPE html><body>%s</body>" % links).encode(), "text/html")
        files = [{"filename": name, "url": "../../files/" + name, "hashes": {}, "requires-python": ">=3.12", "yanked": False,
                  "core-metadata": {"sha256": "0"}, "upload-time": FILES[name][0] + "-03T10:00:00.000000Z"} for name in names]
        return self.answer(200, json.dumps({"meta": {"api-version": "1.1"}, "name": parts[0], "files": files}).encode(), JSON)

    def file(self, parts):
        name = parts[0].removesuffix(".metadata")
        if parts[0] != name:
            return self.answer(404, b"") if self.server.is_old else self.answer(200, metadata(name, FILES[name][1]))
        whole = self.server.wheels.setdefault(name, wheel(name, FILES[name][1]))
        begin, end = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"]).groups()
        part = whole[int(begin):int(end) + 1]
        return self.answer(206, part, headers=[("Content-Range", "bytes %s-%s/%d" % (begin, end, len(whole)))])

    def token(self, _):
        self.answer(200, json.dumps({"token": "t-" + SECRET}).encode(), "application/json")

    def image(self, parts):
        if self.headers.get("Authorization") != "Bearer t-" + SECRET:
            challenge = 'Bearer realm="http://%s/token",service="registry.test"' % self.headers["Host"]
            return self.answer(401, b"", headers=[("WWW-Authenticate", challenge)])
        repository, kind = "/".join(parts[:2]), parts[2]
        if kind == "tags":
            tags = {"nvidia/cuda": ["13.4.9-base-ubuntu24.04", "13.4.9-cudnn-runtime-ubuntu24.04", "12.0.0-base-ubuntu22.04", "latest"],
                    "vllm/vllm-openai": ["v99.0.0"]}.get(repository, [])
            more = "last=" not in self.path and tags
            link = [("Link", '</v2/%s/tags/list?n=1000&last=x>; rel="next"' % repository)] if more else []
            return self.answer(200, json.dumps({"name": repository, "tags": tags[:1] if more else tags[1:]}).encode(), headers=link)
        if kind == "blobs":
            return self.answer(200, json.dumps({"architecture": "amd64", "config": {"Env": IMAGE_ENV}}).encode())
        platforms = [{"digest": "sha256:1", "platform": {"architecture": processor, "os": "linux"}} for processor in ("amd64", "arm64")]
        document = {"config": {"digest": "sha256:2"}} if parts[3].startswith("sha256") else {"manifests": platforms}
        return self.answer(200, json.dumps(document).encode())

    def toolkit(self, parts):
        if not parts:
            return self.answer(200, b'<a href="redistrib_13.4.9.json">x</a> <a href="redistrib_13.9.0.json">x</a>', "text/html")
        return self.answer(200, json.dumps(REDIST).encode())

    def answer(self, status, body, kind="application/octet-stream", headers=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def upstream(**how):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.requests, server.wheels = True, [], {}
    server.is_old, server.needs_password, server.page = (how.get(name) for name in ("is_old", "needs_password", "page"))
    server.host = "127.0.0.1:%d" % server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class CatalogUpdate(Case):
    def setUp(self):
        super().setUp()
        shutil.copytree(TABLES, self.path("tables"))
        for name in list(self.env):
            if name.startswith(("PIP_", "UV_", "SSL_CERT")) or name.lower().endswith("_proxy"):
                del self.env[name]
        self.env["SOURCE_DATE_EPOCH"] = "1930000000"  # 2031-02

    def update(self, *argv, **how):
        return self.run_tool(SCRIPT, "--folder", self.path("tables"), *argv, **how)

    def rows(self, table, **values):
        for name in os.listdir(self.path("tables")):
            with open(self.path("tables", name), encoding="utf-8") as file:
                text = file.read()
            if re.search(r"^%s:" % table, text, re.M):
                rows = yaml.load(text, yaml.CSafeLoader)[table]["rows"]
                return [row for row in rows if all(row.get(column) == value for column, value in values.items())]
        self.fail("no table " + table)

    def row(self, table, **values):
        found = self.rows(table, **values)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def lines(self):
        found = {}
        for name in os.listdir(self.path("tables")):
            with open(self.path("tables", name), encoding="utf-8") as file:
                found[name] = file.read().split("\n")
        return found

    def test_what_an_index_has_becomes_rows_with_sources(self):
        with upstream() as server:
            self.update("--index", "http://%s/simple" % server.host)
        self.assertEqual(self.row("torch", release="99.0.0"), {
            "release": "99.0.0", "released": "2031-02", "python": ["3.12", "3.13"], "python_freethreaded": ["3.13t"],
            "default_build": "cu130", "wheel_tag": LINUX, "glibc_min": "2.28", "triton": "99.1.0",
            "source": "https://pypi.org/project/torch/99.0.0/", "retrieved": "2031-02"})
        build = self.row("torch_builds", torch="99.0.0")
        self.assertEqual((build["build"], build["cuda"], build["cudnn"], build["nccl"], build["cuda_toolkit_pin"]),
                         ("cu130", "13.0", "9.99.0.1", "2.99.1", "13.0.2"))
        self.assertEqual(build["min_driver"], self.row("cuda_toolkits", release="13.0.0")["min_driver"])
        self.assertEqual(build["unverified"], ["sm", "ptx"])  # of the release before
        flow = self.row("frameworks", framework="tensorflow", release="99.0.0")
        self.assertEqual((flow["python"], flow["cuda"], flow["cudnn"], flow["released"]), ("3.12-3.13", ["12.5"], "9.3", "2031-01"))
        jax = self.row("frameworks", framework="jax", release="99.0.0")
        self.assertEqual((jax["builds"], jax["cudnn"], jax["python"], jax["unverified"]), (["12.1", "13.0"], ">=9.12", ">=3.12", ["min_cc", "extras"]))
        self.assertEqual([row["source"] for row in self.rows("frameworks", framework="onnxruntime") if row["release"].startswith("99")],
                         ["https://pypi.org/project/onnxruntime-gpu/%s/" % release for release in ("99.0.1", "99.1.0")])
        self.assertEqual(self.row("frameworks", framework="onnxruntime", release="99.1")["cuda"], ["13.x"])
        vllm = self.row("runtime_releases", runtime="vllm", release="99.0.0")
        self.assertEqual((vllm["torch"], vllm["cuda"], vllm["image"], vllm["unverified"]),
                         ("99.0.0", "13.0", "vllm/vllm-openai:v99.0.0", ["cuda", "min_cc", "image"]))
        self.assertEqual(self.row("runtime_releases", runtime="sglang", release="99.0.0.post1")["torch"], "99.0.0")
        self.assertEqual(self.row("runtime_releases", runtime="ray_serve", release="99.0.0")["image"], "rayproject/ray:99.0.0-py312")
        self.assertEqual(self.row("cudnn_wheels", version="9.99.0.1")["tags"], ["manylinux_2_27_x86_64"])

    def test_what_people_wrote_stays_and_a_second_run_changes_nothing(self):
        before = self.lines()
        with upstream() as server:
            self.update("--index", "http://%s/simple" % server.host)
            once = self.lines()
            self.assertEqual(self.update("--index", "http://%s/simple" % server.host, env={"SOURCE_DATE_EPOCH": "1960000000"}).out, "")
        self.assertEqual(self.lines(), once)
        for name, lines in before.items():
            kept = [line for line in lines if not line.startswith("  as_of:")]
            rest = iter(once[name])
            self.assertEqual([line for line in kept if line not in rest], [], name)  # in their order

    def test_check_writes_nothing_and_ends_with_1_where_something_is_new(self):
        before = self.lines()
        with upstream() as server:
            result = self.update("--check", "--index", "http://%s/simple" % server.host, code=1)
            self.assertIn('+    - {release: "99.0.0", released: "2031-02"', result.out)
            self.assertEqual(self.lines(), before)
            self.update("--index", "http://%s/simple" % server.host)
            self.update("--check", "--index", "http://%s/simple" % server.host)

    def test_an_index_without_json_metadata_or_dates_is_read_by_ranges_and_its_password_is_not_told(self):
        with upstream(is_old=True, needs_password=True) as server:
            result = self.update(env={"PIP_INDEX_URL": "http://reader:%s@%s/simple" % (SECRET, server.host)})
        self.assertEqual(self.row("frameworks", framework="tensorflow", release="99.0.0")["cudnn"], "9.3")
        self.assertNotIn("released", self.row("frameworks", framework="tensorflow", release="99.0.0"))
        self.assertIn("catalog-update: torch 99.0.0: the index does not say when it came", result.err)
        self.assertNotIn(SECRET, result.out + result.err + str(self.lines()))
        self.assertNotIn(server.host, str(self.lines()))

    def test_pages_in_a_folder_do_as_well(self):
        pages = {}
        for package, files in PACKAGES.items():
            listed = [{"filename": name, "url": name, "upload-time": month + "-03T10:00:00Z", "requires-python": ">=3.12"}
                      for name, month, _ in files]
            pages[package + ".json"] = json.dumps({"files": listed})
            pages.update({name + ".metadata": metadata(name, requires) for name, _, requires in files})
        write_files(self.path("pages"), pages)
        self.update("--offline-index", self.path("pages"))
        self.assertEqual(self.row("torch_builds", torch="99.0.0")["cuda"], "13.0")

    def test_a_registry_knows_images_and_their_tags(self):
        with upstream() as server:
            url = "http://" + server.host
            result = self.update("--index", url + "/simple", "--registry", url, "--redist", url + "/redist")
        self.assertEqual(self.row("cuda_images", cuda="13.4.9"), {
            "cuda": "13.4.9", "distro": "ubuntu24.04", "os": "ubuntu-24.04", "arch": ["amd64", "arm64"],
            "flavours": ["base", "cudnn-runtime"], "cudnn": "9.99.0.1", "nccl": "2.99.1", "ld": "nvidia+cuda",
            "source": "https://hub.docker.com/r/nvidia/cuda/tags#13.4.9-cudnn-runtime-ubuntu24.04", "retrieved": "2031-02"})
        self.assertEqual(self.row("runtime_releases", runtime="vllm", release="99.0.0")["unverified"], ["cuda", "min_cc"])
        self.assertIn("image", self.row("runtime_releases", runtime="sglang", release="99.0.0.post1")["unverified"])
        toolkit = self.row("cuda_toolkits", release="13.4.9")
        self.assertEqual((toolkit["cuda"], toolkit["released"], toolkit["driver"], toolkit["driver_branch"]),
                         ("13.4", "2031-02", "615.99.01", "615"))
        self.assertEqual(toolkit["unverified"], ["min_driver", "minor_compat"])
        self.assertIn("CUDA 13.9.0: nvcc_archs says of no architectures", result.err)

    def test_what_cannot_be_read_changes_nothing(self):
        before = self.lines()
        with upstream(page=b"[" * 200000) as server:
            result = self.update("--index", "http://user:%s@%s/simple" % (SECRET, server.host), code=2)
            self.assertIn("catalog-update: http://%s/simple/torch/ is no JSON document; nothing was changed" % server.host, result.err)
            gone = server.host
        result = self.update("--index", "http://user:%s@%s/simple" % (SECRET, gone), code=2)
        self.assertRegex(result.err, r"catalog-update: http://%s/simple/torch/ cannot be read: .*; nothing was changed" % gone)
        self.assertNotIn(SECRET, result.err)
        self.assertEqual(self.lines(), before)

    def test_mlpack_takes_the_rows(self):
        with upstream() as server:
            self.update("--index", "http://%s/simple" % server.host)
        new = {table: {"rows": [row for row in self.rows(table) if str(row.get("source", "")).startswith("https://pypi.org/project/")]}
               for table in ("torch", "torch_builds", "frameworks", "runtime_releases", "cudnn_wheels")}
        write_files(self.path("rows"), {"new.yaml": json.dumps(new)})
        shown = self.mlpack("catalog", "torch_builds", "99.0.0+cu130", "--catalog", self.path("rows"), "--json").json()["rows"][0]
        self.assertEqual((shown["sources"], shown["retrieved"]), (["https://pypi.org/project/torch/99.0.0/"], "2031-02"))
        folder = self.project("app", "schema: 1\nname: x\npython: {packages: [torch]}\nfleet: [{%s}]\n" % NEW_ENOUGH)
        plan = self.mlpack("plan", folder, "--offline", "--catalog", self.path("rows"), "--json").json()
        self.assertEqual((plan["frameworks"], plan["cuda"]), ({"torch": "99.0.0+cu130"}, "13.0"))


def gpu_wheel(name, version, files, tag="cp311-cp311-manylinux_2_17_x86_64", requires=()):
    """A wheel with these files: {path: bytes}."""
    info = "%s-%s.dist-info/" % (name, version)
    found = {**files, info + "METADATA": metadata("%s-%s" % (name, version), requires).replace(b">=3.12", b">=3.8"),
             info + "WHEEL": ("Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: %s\n" % tag).encode()}
    lines = ["%s,sha256=%s,%d" % (path, base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode(), len(content))
             for path, content in found.items()]
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, content in [*found.items(), (info + "RECORD", "\n".join([*lines, info + "RECORD,,"]) + "\n")]:
            archive.writestr(zipfile.ZipInfo(path), content)
    return "%s-%s-%s.whl" % (name, version, tag), data.getvalue()


APP = """\
schema: 1
name: x
base: oci:base
platform: linux/amd64
python: {version: "3.11", %s}
fleet: [%s]
run: [python, -c, "import torch"]
user: "1000:1000"
layers: {compression: none}
"""
NEW_ENOUGH = 'gpu: H100, driver: "580.95.05"'
TOO_OLD = 'gpu: RTX 4090, driver: "535.183.01"'  # and no compat package helps it


class NewerReleases(Case):
    """A release that the tables do not know is planned by what its lock pins, and checked by what its files hold."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("p"))
        runtime_bases.write_python(self.path("p", "base"))
        library = elf("libtorch_cuda.so", ["libcudart.so.13"], runpath="$ORIGIN/../../nvidia/cu13/lib", data=fatbin((BINARY, 90)))
        self.wheels = dict([
            gpu_wheel("torch", "99.0.0", {"torch/__init__.py": b"", "torch/lib/libtorch_cuda.so": library},
                      requires=["nvidia-cuda-runtime==13.0.96"]),
            gpu_wheel("nvidia_cuda_runtime", "13.0.96", {"nvidia/cu13/lib/libcudart.so.13": elf("libcudart.so.13")},
                      "py3-none-manylinux_2_17_x86_64")])
        self.index = Index(self.wheels)
        self.index.__enter__()
        self.addCleanup(self.index.__exit__)
        names = {"torch": "torch==99.0.0", "nvidia_cuda_runtime": "nvidia-cuda-runtime==13.0.96"}
        self.requirements = "".join("%s --hash=sha256:%s\n" % (names[name.split("-")[0]], sha256(content))
                                    for name, content in self.wheels.items())
        self.pylock = "lock-version = \"1.0\"\ncreated-by = \"test\"\n" + "".join(
            '[[packages]]\nname = "%s"\nversion = "%s"\nwheels = [{name = "%s", url = "http://%s/files/%s", size = %d, hashes = {sha256 = "%s"}}]\n'
            % (*names[name.split("-")[0]].split("=="), name, self.index.host, name, len(content), sha256(content))
            for name, content in self.wheels.items())
        self.env.update(PIP_INDEX_URL=self.index.url)

    def spec(self, fleet, python="requirements: r.txt"):
        write_files(self.path("p"), {"mlpack.yaml": APP % (python, "{%s}" % fleet), "r.txt": self.requirements, "pylock.toml": self.pylock})
        return self.path("p")

    def test_it_is_built_with_a_warning_where_its_files_fit(self):
        result = self.mlpack("build", self.spec(NEW_ENOUGH))
        self.assertIn("torch 99.0.0 with CUDA 13.0 is not in the catalog", result.err)
        self.assertNotIn("upgrade", result.err)

    def test_its_code_is_read_for_the_gpus_of_the_fleet(self):
        result = self.mlpack("build", self.spec('gpu: L4, driver: "580.95.05"'), code=9)
        self.assertRegex(result.err, r"there is no code for L4 \(8.9\) in `/.*/torch/lib/libtorch_cuda.so`")

    def test_what_its_lock_pins_is_held_against_drivers_before_anything_is_fetched(self):
        for python in ("requirements: r.txt", "lock: pylock.toml"):
            plan = self.mlpack("plan", self.spec(TOO_OLD, python), "--json", code=9).json()
            facts = json.dumps(plan)
            self.assertIn("torch==99.0.0", facts)
            self.assertIn("driver 535.183.01 of RTX 4090", facts)
            self.mlpack("build", self.path("p"), code=9)
        self.assertEqual([path for _, _, path, _ in self.index.requests if path.startswith("/files")], [])

    def test_mlpacks_own_lock_says_it_as_well(self):
        self.mlpack("build", self.spec(NEW_ENOUGH))
        self.mlpack("plan", self.spec(TOO_OLD, 'packages: ["torch==99.0.0"]'), "--offline", code=9)
        plan = self.mlpack("plan", self.spec(NEW_ENOUGH, 'packages: ["torch==99.0.0"]'), "--offline", "--json").json()
        self.assertIn("torch 99.0.0 with CUDA 13.0", json.dumps(plan))
