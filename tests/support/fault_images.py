"""Images that no client should take: manifests (41), layers (42) and places (43) that are not what they should be."""

import gzip
import io
import json
import tarfile

from fault_handler import digest_of

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
REPOSITORY, TAG = "acme/hostile", "1"


def tar_of(size=300 << 10):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        entry = tarfile.TarInfo("data.bin")
        entry.size = size
        tar.addfile(entry, io.BytesIO(bytes(i * 7 % 251 for i in range(size))))
    return out.getvalue()


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


class Image:
    """A sound image with one layer; what makes it hostile changes it before it is placed."""

    def __init__(self, layer=None, kind=LAYER, plain=None):
        self.layer = tar_of() if layer is None else layer
        diff_id = digest_of(self.layer if plain is None else plain)
        self.config = compact({"architecture": "amd64", "os": "linux", "config": {},
                               "rootfs": {"type": "layers", "diff_ids": [diff_id]}, "history": [{"created_by": "torture"}]})
        self.manifest = {
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": digest_of(self.config), "size": len(self.config)},
            "layers": [{"mediaType": kind, "digest": digest_of(self.layer), "size": len(self.layer)}]}
        self.blobs = {digest_of(self.config): self.config, digest_of(self.layer): self.layer}
        self.type, self.bytes, self.others = MANIFEST, None, {}

    def place(self, server):
        there = server.repositories[REPOSITORY]
        for kind, data in self.others.items():
            there.manifests[digest_of(data)], there.types[digest_of(data)] = data, kind
        return server.put_image(REPOSITORY, TAG, self.bytes or compact(self.manifest), self.blobs, self.type)


def placed(make):
    def prepare(server):
        image = Image()
        image = make(image) or image
        image.place(server)
    return prepare


def layer_field(name, value):
    def change(image):
        image.manifest["layers"][0][name] = value
    return change


def manifest_field(name, value):
    def change(image):
        image.manifest[name] = value
    return change


def other_type(image):
    image.type = INDEX


def schema_1(image):
    image.bytes = compact({"schemaVersion": 1, "name": "acme/hostile", "tag": "1", "architecture": "amd64",
                           "fsLayers": [{"blobSum": digest_of(image.layer)}], "history": [{"v1Compatibility": "{}"}]})
    image.type = "application/vnd.docker.distribution.manifest.v1+json"


def too_large(image):
    image.manifest["annotations"] = {"padding": "x" * (5 << 20)}


def wrong_bytes(image):
    """The index leads to a manifest with other bytes."""
    real = compact(image.manifest)
    image.others = {MANIFEST: real + b" "}
    entry = {"mediaType": MANIFEST, "digest": digest_of(real + b" "), "size": len(real) + 2,
             "platform": {"os": "linux", "architecture": "amd64"}}
    image.bytes, image.type = compact({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}), INDEX


def index_of(count, nested=False):
    def change(image):
        real = compact(image.manifest)
        entry = {"mediaType": MANIFEST, "digest": digest_of(real), "size": len(real),
                 "platform": {"os": "linux", "architecture": "amd64"}}
        image.others = {MANIFEST: real}
        index = compact({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] * count})
        if nested:
            image.others[INDEX] = index
            index = compact({"schemaVersion": 2, "mediaType": INDEX,
                             "manifests": [{"mediaType": INDEX, "digest": digest_of(index), "size": len(index)}]})
        image.bytes, image.type = index, INDEX
    return change


def diff_ids(count):
    def change(image):
        config = json.loads(image.config)
        config["rootfs"]["diff_ids"] = config["rootfs"]["diff_ids"] * count
        image.config = compact(config)
        image.blobs[digest_of(image.config)] = image.config
        image.manifest["config"].update(digest=digest_of(image.config), size=len(image.config))
    return change


def not_json(image):
    image.bytes = b'{"schemaVersion": 2, "layers": ['


def deep(image):
    image.bytes = b'{"schemaVersion":2,"x":' + b"[" * 100000 + b"]" * 100000 + b"}"


MANIFESTS = {
    "a mediaType that is not its Content-Type": other_type,
    "layers and manifests": manifest_field("manifests", []),
    "schema 1": schema_1,
    "5 MiB of manifest": too_large,
    "a negative size": layer_field("size", -1),
    "a huge size": layer_field("size", 1 << 80),
    "a size that is a text": layer_field("size", "12"),
    "a digest with a path": layer_field("digest", "sha256:../../../../etc/passwd"),
    "a digest that is short": layer_field("digest", "sha256:abc"),
    "an algorithm that nobody knows": layer_field("digest", "md5:" + "0" * 32),
    "an index entry of other size": wrong_bytes,
    "an index in an index": index_of(1, nested=True),
    "one platform twice": index_of(2),
    "more diff ids than layers": diff_ids(2),
    "no diff id": diff_ids(0),
    "no JSON": not_json,
    "JSON that is deep": deep,
}


def served(change):
    """The blob is not what its digest says."""
    def make(image):
        image.blobs[digest_of(image.layer)] = change(image.layer)
    return make


def bomb(image):
    """Some MiB of gzip that are thousands of them; the diff id is of what nobody waits for."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9, mtime=0) as file:
        for _ in range(256):
            file.write(bytes(1 << 20))
    return Image(out.getvalue(), LAYER + "+gzip", plain=b"")


def junk_behind_gzip(image):
    plain = tar_of()
    return Image(gzip.compress(plain, mtime=0) + b"junk", LAYER + "+gzip", plain=plain)


def wide_zstd(image):
    """A frame whose window is 2 GiB."""
    return Image(b"\x28\xb5\x2f\xfd\x00\xa8" + b"\x01\x00\x00", LAYER + "+zstd", plain=b"")


def other_diff_id(image):
    return Image(plain=b"something else")


def no_archive(image):
    data = b"no gzip at all" * 100
    return Image(data, LAYER + "+gzip", plain=data)


LAYERS = {
    "a short body": served(lambda data: data[:-1]),
    "junk behind the body": served(lambda data: data + b"junk"),
    "other bytes": served(lambda data: data[:-1] + bytes([data[-1] ^ 1])),
    "an empty body": served(lambda data: b""),
    "a gzip bomb": bomb,
    "junk behind gzip": junk_behind_gzip,
    "a zstd window of 2 GiB": wide_zstd,
    "another diff id": other_diff_id,
    "no gzip": no_archive,
}


def foreign_layer(kind, urls=("http://169.254.169.254/layer", "http://127.0.0.1:1/layer")):
    def change(image):
        layer = image.manifest["layers"][0]
        layer["mediaType"] = kind
        if urls:
            layer["urls"] = list(urls)
        del image.blobs[digest_of(image.layer)]
    return change


def also_elsewhere(image):
    """A layer like any other: nobody has to look at its places."""
    image.manifest["layers"][0]["urls"] = ["http://169.254.169.254/layer"]


DOCKER_FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar"
FOREIGN = {
    "foreign layer": foreign_layer(DOCKER_FOREIGN),
    "layer that may not be distributed": foreign_layer(NONDISTRIBUTABLE),
    "foreign layer without a place": foreign_layer(DOCKER_FOREIGN, urls=()),
}
