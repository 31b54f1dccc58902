"""Images made by hand, as OCI layouts: a tree of files for each layer, and a config."""

import io
import json
import os
import tarfile

from runtime_bases import architecture, write_blob

PATH = "/usr/local/bin:/usr/bin:/bin"


class Image:
    """Layers of files: {path: (content, mode, uid)}; content is bytes, None for a folder, or text for a link. A layer may be
    the bytes of a tar, too."""

    def __init__(self, **config):
        self.layers = [{}]
        self.env = {"PATH": PATH}
        self.config = dict(config)
        self.other = {}

    def add(self, path, content, mode=None, uid=0):
        if mode is None:
            mode = 0o755 if content is None or content[:4] == b"\x7fELF" or content[:2] == b"#!" else 0o644
        self.layers[-1][path] = (content, mode, uid)
        return self

    def link(self, path, target):
        self.layers[-1][path] = (target, 0o777, 0)
        return self

    def remove(self, path):
        del self.layers[-1][path]

    def new_layer(self):
        self.layers.append({})

    def write(self, folder):
        """Writes the layout; the image is called 1."""
        os.makedirs(os.path.join(folder, "blobs", "sha256"))
        layers = [write_blob(folder, files if isinstance(files, bytes) else tar_of(files)) for files in self.layers]
        config = {**self.config, "Env": ["%s=%s" % item for item in self.env.items()]}
        whole = {"architecture": architecture(), "os": "linux", "config": config,
                 "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
                 "history": [{"created_by": "by hand"} for _ in layers]}
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                               **write_blob(folder, json.dumps(whole).encode())},
                    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **layer} for layer in layers]}
        described = {"mediaType": manifest["mediaType"], **write_blob(folder, json.dumps(manifest).encode()),
                     "annotations": {"org.opencontainers.image.ref.name": "1"}}
        with open(os.path.join(folder, "index.json"), "w") as file:
            json.dump({"schemaVersion": 2, "manifests": [described]}, file)
        with open(os.path.join(folder, "oci-layout"), "w") as file:
            json.dump({"imageLayoutVersion": "1.0.0"}, file)
        return folder + ":1"


def tar_of(files):
    folders = set()
    for path in files:
        while os.path.dirname(path):
            path = os.path.dirname(path)
            folders.add(path)
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for path in sorted(folders - set(files)):
            tar.addfile(entry_of(path, None, 0o755, 0))
        for path, (content, mode, uid) in sorted(files.items()):
            tar.addfile(entry_of(path, content, mode, uid), io.BytesIO(content) if isinstance(content, bytes) else None)
    return data.getvalue()


def entry_of(path, content, mode, uid):
    entry = tarfile.TarInfo(path)
    entry.mode, entry.uid, entry.gid = mode, uid, uid
    if content is None:
        entry.type = tarfile.DIRTYPE
    elif isinstance(content, str):
        entry.type, entry.linkname = tarfile.SYMTYPE, content
    else:
        entry.size = len(content)
    return entry
