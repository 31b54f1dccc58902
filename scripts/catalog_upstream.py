"""What scripts/catalog-update reads: a package index (PEP 503, 691, 700, 658), image registries (the distribution API) and
NVIDIA's redistrib_X.json. Credentials of an address go to its own host alone and into no message."""

import ast
import base64
import collections
import configparser
import email.parser
import html.parser
import io
import json
import os
import re
import ssl
import tomllib
import urllib.error
import urllib.parse
import urllib.request
import zipfile

MOST = 64 << 20  # bytes of a document
SIMPLE = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
MANIFESTS = ", ".join("application/vnd." + kind for kind in (
    "oci.image.index.v1+json", "oci.image.manifest.v1+json", "docker.distribution.manifest.list.v2+json",
    "docker.distribution.manifest.v2+json"))
# What a wheel for our images sees of the markers that decide; others are taken to hold.
MARKERS = {"platform_system": "Linux", "sys_platform": "linux", "platform_machine": "x86_64", "os_name": "posix",
           "implementation_name": "cpython", "platform_python_implementation": "CPython"}

Answer = collections.namedtuple("Answer", "body headers status")
Wheel = collections.namedtuple("Wheel", "filename url version python abi tags uploaded has_metadata requires_python")


class Unreadable(Exception):
    """What was attempted and what came of it."""


class Missing(Unreadable):
    """There is no such thing."""


class Web:
    """Reads documents; an address may hold `user:password@`."""

    def __init__(self):
        cafile = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
        self.context = ssl.create_default_context(cafile=cafile or None)
        self.secrets = {}  # host: header

    def known(self, url):
        """The address without its credentials, which are remembered for its host."""
        parts = urllib.parse.urlsplit(url)
        user, at, host = parts.netloc.rpartition("@")
        if at:
            self.secrets[host] = "Basic " + base64.b64encode(urllib.parse.unquote(user).encode()).decode()
        return urllib.parse.urlunsplit(parts._replace(netloc=host))

    def get(self, url, headers=(), allow=()):
        """The answer, 2xx or a status of `allow`. Credentials do not follow a redirect."""
        url = self.known(url)
        headers = {"User-Agent": "mlpack-catalog-update", **dict(headers)}
        secret = headers.pop("Authorization", None) or self.secrets.get(urllib.parse.urlsplit(url).netloc)
        request = urllib.request.Request(url, headers=headers)
        if secret:
            request.add_unredirected_header("Authorization", secret)
        try:
            with urllib.request.urlopen(request, timeout=60, context=self.context) as answer:
                body = answer.read(MOST + 1)
                if len(body) > MOST:
                    raise Unreadable("%s is larger than %d MiB" % (url, MOST >> 20))
                return Answer(body, answer.headers, answer.status)
        except urllib.error.HTTPError as error:
            if error.code in allow:
                return Answer(b"", error.headers, error.code)
            kind = Missing if error.code == 404 else Unreadable
            raise kind("%s answered %d %s" % (url, error.code, error.reason)) from None
        except (OSError, ValueError) as error:
            raise Unreadable("%s cannot be read: %s" % (url, getattr(error, "reason", error))) from None

    def json(self, url, headers=()):
        return parsed_json(self.get(url, headers).body, url)


def parsed_json(body, url):
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Unreadable("%s is no JSON document" % url)
    return found


def configured_index():
    """Where pip looks, else where uv does, else PyPI."""
    home = os.path.expanduser("~")
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    pip_files = [os.environ.get("PIP_CONFIG_FILE"), os.path.join(config, "pip", "pip.conf"),
                 os.path.join(home, ".pip", "pip.conf"), "/etc/pip.conf"]
    uv_files = [os.environ.get("UV_CONFIG_FILE"), os.path.join(config, "uv", "uv.toml"), "/etc/uv/uv.toml"]
    return (os.environ.get("PIP_INDEX_URL") or first(pip_index(path) for path in pip_files if path)
            or os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("UV_INDEX_URL")
            or first(uv_index(path) for path in uv_files if path) or "https://pypi.org/simple")


def first(values):
    return next((value for value in values if value), None)


def pip_index(path):
    settings = configparser.RawConfigParser(strict=False)
    try:
        settings.read(path)
    except (configparser.Error, UnicodeDecodeError):
        return None
    return settings.get("global", "index-url", fallback=None)


def uv_index(path):
    try:
        with open(path, "rb") as file:
            settings = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError):
        return None
    named = [index.get("url") for index in settings.get("index", []) if index.get("default")]
    return first(named) or settings.get("index-url")


class Links(html.parser.HTMLParser):
    """The files of a page of PEP 503, as PEP 691 calls what they have."""

    def __init__(self):
        super().__init__()
        self.files = []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag != "a" or not found.get("href"):
            return
        path = urllib.parse.urlsplit(found["href"]).path
        self.files.append({"filename": urllib.parse.unquote(path.rsplit("/", 1)[-1]), "url": found["href"],
                           "requires-python": found.get("data-requires-python"), "yanked": "data-yanked" in found,
                           "core-metadata": found.get("data-core-metadata", found.get("data-dist-info-metadata", False))})


class RemoteFile(io.RawIOBase):
    """A file of a server that reads ranges: zipfile needs its end and one member."""

    def __init__(self, web, url):
        super().__init__()
        self.web, self.url, self.at = web, url, 0
        answer = web.get(url, {"Range": "bytes=0-0"})
        size = re.fullmatch(r"bytes 0-0/(\d+)", answer.headers.get("Content-Range") or "")
        if answer.status != 206 or not size:
            raise Unreadable("%s: the index has no metadata of it, and its server reads no ranges" % url)
        self.size = int(size.group(1))

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=0):
        self.at = offset + (0, self.at, self.size)[whence]
        return self.at

    def tell(self):
        return self.at

    def readinto(self, buffer):
        end = min(self.at + len(buffer), self.size)
        if end <= self.at:
            return 0
        body = self.web.get(self.url, {"Range": "bytes=%d-%d" % (self.at, end - 1)}).body
        if len(body) != end - self.at:
            raise Unreadable("%s: a range of it came with another length" % self.url)
        buffer[:len(body)] = body
        self.at = end
        return len(body)


class PackageIndex:
    """`offline`: a folder with NAME.json or NAME.html, the pages as an index sends them, and FILENAME.metadata."""

    def __init__(self, web, address, offline=None):
        self.web, self.offline = web, offline
        self.address = web.known(address).rstrip("/")
        self.pages = {}

    def wheels(self, name):
        """For Linux on x86_64, of releases that are neither withdrawn nor previews."""
        if name not in self.pages:
            self.pages[name] = list(filter(None, map(wheel_of, self.files(name))))
        return self.pages[name]

    def files(self, name):
        page, url, kind = self.page(name)
        if "json" in kind:
            files = parsed_json(page, url).get("files", [])
        else:
            links = Links()
            links.feed(page.decode("utf-8", "replace"))
            files = links.files
        return [{**file, "url": urllib.parse.urljoin(url, file["url"])} for file in files]

    def page(self, name):
        if not self.offline:
            url = "%s/%s/" % (self.address, name)
            answer = self.web.get(url, {"Accept": SIMPLE})
            return answer.body, url, answer.headers.get_content_type()
        for kind in ("json", "html"):
            path = os.path.join(self.offline, "%s.%s" % (name, kind))
            if os.path.exists(path):
                with open(path, "rb") as file:
                    return file.read(), "file://" + path, kind
        raise Missing("%s has neither %s.json nor %s.html" % (self.offline, name, name))

    def metadata(self, wheel):
        if self.offline:
            try:
                with open(os.path.join(self.offline, wheel.filename + ".metadata"), "rb") as file:
                    text = file.read()
            except OSError as error:
                raise Unreadable("%s: %s" % (error.filename, error.strerror)) from None
        elif wheel.has_metadata:
            text = self.web.get(wheel.url + ".metadata").body
        else:
            text = self.metadata_inside(wheel)
        return email.parser.BytesHeaderParser().parsebytes(text)

    def metadata_inside(self, wheel):
        try:
            with zipfile.ZipFile(io.BufferedReader(RemoteFile(self.web, wheel.url), 1 << 16)) as archive:
                name = next(name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
                if archive.getinfo(name).file_size > MOST:
                    raise Unreadable("%s: its METADATA is too large" % wheel.url)
                return archive.read(name)
        except (zipfile.BadZipFile, StopIteration):
            raise Unreadable("%s is no wheel with a METADATA" % wheel.url) from None


def wheel_of(file):
    parts = file["filename"].removesuffix(".whl").split("-")
    if not file["filename"].endswith(".whl") or len(parts) not in (5, 6) or file.get("yanked"):
        return None
    tags = [tag for tag in parts[-1].split(".") if tag == "any" or re.fullmatch(r"(many)?linux\w*_x86_64", tag)]
    if not tags or not re.fullmatch(r"\d+(\.\d+)*(\.?post\d+)?", parts[1]):
        return None
    known = file.get("core-metadata", file.get("dist-info-metadata"))
    return Wheel(file["filename"], file["url"], parts[1], parts[-3], parts[-2], ".".join(tags),
                 (file.get("upload-time") or "")[:7], bool(known) and known != "false", file.get("requires-python") or "")


def requirements(metadata, extra=""):
    """{name: specifier} of what a wheel requires on Linux; with an extra what that adds, else what it always requires."""
    found = {}
    for line in metadata.get_all("Requires-Dist", []):
        parts = re.fullmatch(r"\s*([\w.-]+)\s*(?:\[[^]]*\])?\s*\(?([^;()@]*)\)?\s*(?:;(.*))?", line)
        if not parts:
            continue
        name, specifier, marker = parts.groups()
        is_of_extra = re.search(r"\bextra\s*==", marker or "") is not None
        if is_of_extra == bool(extra) and marker_holds(marker, extra):
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), specifier.strip())
    return found


def marker_holds(marker, extra):
    """Markers are written as Python writes conditions; what this does not understand is taken to hold."""
    known = {**MARKERS, "extra": extra}

    def value(node):
        return known.get(node.id) if isinstance(node, ast.Name) else getattr(node, "value", None)

    def holds(node):
        if isinstance(node, ast.BoolOp):
            return (all if isinstance(node.op, ast.And) else any)(map(holds, node.values))
        if not isinstance(node, ast.Compare):
            return True
        left, right = value(node.left), value(node.comparators[0])
        if left is None or right is None:
            return True
        compare = {ast.Eq: left == right, ast.NotEq: left != right, ast.In: left in right, ast.NotIn: left not in right}
        return compare.get(type(node.ops[0]), True)
    try:
        return holds(ast.parse((marker or "").strip(), mode="eval").body)
    except SyntaxError:
        return True


class ImageRegistry:
    """Reads tags and configs of images, with a token where the registry asks for one."""

    def __init__(self, web, address):
        self.web, self.address, self.tokens = web, web.known(address).rstrip("/"), {}

    def get(self, repository, path, accept="*/*"):
        url = path if "://" in path else "%s/v2/%s/%s" % (self.address, repository, path)
        for _ in range(2):
            headers = {"Accept": accept}
            if repository in self.tokens:
                headers["Authorization"] = "Bearer " + self.tokens[repository]
            answer = self.web.get(url, headers, allow=(401,))
            if answer.status != 401:
                return answer
            self.tokens[repository] = self.token(answer.headers.get("WWW-Authenticate") or "", repository)
        raise Unreadable("%s takes neither no password nor the token it gave" % url)

    def token(self, challenge, repository):
        asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        if not challenge.lower().startswith("bearer") or "realm" not in asked:
            raise Unreadable("%s wants a password for %s" % (self.address, repository))
        query = urllib.parse.urlencode({"service": asked.get("service", ""), "scope": "repository:%s:pull" % repository})
        found = self.web.json(asked["realm"] + ("&" if "?" in asked["realm"] else "?") + query)
        return str(found.get("token") or found.get("access_token") or "")

    def tags(self, repository):
        found, path = [], "tags/list?n=1000"
        for _ in range(1000):
            answer = self.get(repository, path)
            found += parsed_json(answer.body, path).get("tags") or []
            more = re.search(r'<([^>]+)>\s*;\s*rel="?next"?', answer.headers.get("Link") or "")
            if not more:
                return found
            path = urllib.parse.urljoin(self.address + "/", more.group(1))
            if urllib.parse.urlsplit(path).netloc != urllib.parse.urlsplit(self.address).netloc:
                break
        raise Unreadable("%s: the list of tags of %s does not end" % (self.address, repository))

    def image(self, repository, tag):
        """The processors it is built for, and the environment of the first of them."""
        manifest = parsed_json(self.get(repository, "manifests/" + tag, MANIFESTS).body, tag)
        parts = [part for part in manifest.get("manifests", [])
                 if part.get("platform", {}).get("architecture", "unknown") != "unknown"]
        if parts:
            manifest = parsed_json(self.get(repository, "manifests/" + parts[0]["digest"], MANIFESTS).body, tag)
        config = parsed_json(self.get(repository, "blobs/" + manifest.get("config", {}).get("digest", "")).body, tag)
        processors = sorted({part["platform"]["architecture"] for part in parts} or {config.get("architecture", "")})
        return processors, dict(line.partition("=")[::2] for line in config.get("config", {}).get("Env") or [])


def toolkit_releases(web, address):
    """The documents redistrib_X.json of a folder, by their release."""
    address = address.rstrip("/")
    links = Links()
    links.feed(web.get(address + "/").body.decode("utf-8", "replace"))
    names = sorted({file["filename"] for file in links.files if re.fullmatch(r"redistrib_\d+\.\d+\.\d+\.json", file["filename"])})
    if not names:
        raise Unreadable("%s/ lists no redistrib_X.json" % address)
    return {name[len("redistrib_"):-len(".json")]: lambda name=name: web.json("%s/%s" % (address, name)) for name in names}
