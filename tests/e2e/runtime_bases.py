"""Stand-ins for the official images of serving runtimes: OCI layouts with their config and with their program, which is a
script that says how it was called. /bin/sh is this machine's, with the libraries that it needs."""

import hashlib
import io
import json
import os
import re
import subprocess
import tarfile

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SCRIPT = b"""#!/bin/sh
echo "argv0=$0"
for word in "$@"; do echo "word=$word"; done
echo "user=$(/bin/id)"
/bin/env
"""
EXEC = b'#!/bin/sh\nexec "$@"\n'

# What the images say of themselves (each runtime's Dockerfile), and the programs in them.
IMAGES = {
    "vllm": {"entrypoint": ["vllm", "serve"], "programs": {"/usr/local/bin/vllm": SCRIPT}, "cwd": "/vllm-workspace"},
    "sglang": {"cmd": ["/bin/bash"], "programs": {"/usr/bin/python3": SCRIPT}, "cwd": "/sgl-workspace"},
    "tgi": {"entrypoint": ["/tgi-entrypoint.sh"], "cmd": ["--json-output"], "cwd": "/usr/src",
            "env": ["HF_HOME=/data", "PORT=80"], "programs": {
                "/tgi-entrypoint.sh": b'#!/bin/sh\nexec text-generation-launcher "$@"\n',
                "/usr/local/bin/text-generation-launcher": SCRIPT}},
    "tei": {"entrypoint": ["text-embeddings-router"], "cmd": ["--json-output"],
            "env": ["HUGGINGFACE_HUB_CACHE=/data", "PORT=80"], "ports": ["80/tcp"],
            "programs": {"/usr/local/bin/text-embeddings-router": SCRIPT}},
    "triton": {"entrypoint": ["/opt/nvidia/nvidia_entrypoint.sh"], "cwd": "/opt/tritonserver",
               "env": ["PATH=/opt/tritonserver/bin:" + PATH, "TCMALLOC_RELEASE_RATE=200"],
               "programs": {"/opt/nvidia/nvidia_entrypoint.sh": EXEC, "/opt/tritonserver/bin/tritonserver": SCRIPT}},
    "tensorrt-llm": {"entrypoint": ["/opt/nvidia/nvidia_entrypoint.sh"], "cwd": "/app/tensorrt_llm",
                     "programs": {"/opt/nvidia/nvidia_entrypoint.sh": EXEC, "/usr/local/bin/trtllm-serve": SCRIPT}},
    "llamacpp": {"entrypoint": ["/app/llama-server"], "env": ["LLAMA_ARG_HOST=0.0.0.0"], "cwd": "/app",
                 "programs": {"/app/llama-server": SCRIPT}},
    "ollama": {"entrypoint": ["/bin/ollama"], "cmd": ["serve"], "ports": ["11434/tcp"],
               "env": ["OLLAMA_HOST=0.0.0.0:11434"], "programs": {"/usr/bin/ollama": SCRIPT, "/bin/ollama": SCRIPT}},
    "ray-serve": {"cmd": ["/bin/bash"], "user": "1000", "cwd": "/home/ray", "env": ["HOME=/home/ray"],
                  "programs": {"/home/ray/anaconda3/bin/serve": SCRIPT, "/usr/local/bin/serve": SCRIPT}},
    "onnxruntime": {"entrypoint": ["/app/bin/onnxruntime_server", "--model-dir", "models", "--log-file", "logs/app.log"],
                    "cwd": "/app", "ports": ["80/tcp", "6432/tcp"], "programs": {"/app/bin/onnxruntime_server": SCRIPT}},
    "torchserve": {"entrypoint": ["/usr/local/bin/dockerd-entrypoint.sh"], "cmd": ["serve"], "user": "model-server",
                   "cwd": "/home/model-server", "ports": ["7070/tcp", "7071/tcp", "8080/tcp", "8081/tcp", "8082/tcp"],
                   "env": ["PATH=/home/venv/bin:" + PATH, "TEMP=/home/model-server/tmp"],
                   "programs": {"/usr/local/bin/dockerd-entrypoint.sh": EXEC, "/home/venv/bin/torchserve": SCRIPT}},
    "python": {"cmd": ["python3"], "programs": {"/usr/local/bin/uvicorn": SCRIPT}},
    "nim": {"entrypoint": ["/opt/nvidia/nvidia_entrypoint.sh"], "user": "1000",
            "programs": {"/opt/nvidia/nvidia_entrypoint.sh": EXEC, "/usr/local/bin/nim-serve": SCRIPT}},
}


def libraries(program):
    """What the loader maps for a program, by the paths that it asks for."""
    told = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return re.findall(r"(/[^ ]+) \(0x", told)


def host_files():
    files = {}
    for name in ("sh", "id", "env"):
        program = os.path.realpath(subprocess.run(["which", name], capture_output=True, text=True,
                                                  check=True).stdout.strip())
        files["/bin/" + name] = program
        files.update({path: os.path.realpath(path) for path in libraries(program)})
    return files


def layer(programs):
    """A tar with those programs and a shell, folders included."""
    contents = dict(programs)
    for path, source in host_files().items():
        with open(source, "rb") as file:
            contents[path] = file.read()
    contents["/etc/passwd"] = b"root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n" \
        b"model-server:x:1001:1001::/home/model-server:/bin/sh\n"
    folders = {os.path.dirname(path) for path in contents} | {"/tmp", "/proc", "/sys", "/dev"}
    while any(os.path.dirname(folder) not in folders | {"/"} for folder in folders):
        folders |= {os.path.dirname(folder) for folder in folders}
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for folder in sorted(folders - {"/"}):
            entry = tarfile.TarInfo(folder[1:])
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "/tmp" else 0o755
            tar.addfile(entry)
        for path, content in sorted(contents.items()):
            entry = tarfile.TarInfo(path[1:])
            is_program = path in programs or "/bin/" in path or ".so" in path
            entry.size, entry.mode = len(content), 0o755 if is_program else 0o644
            tar.addfile(entry, io.BytesIO(content))
    return data.getvalue()


def write_blob(folder, content):
    digest = hashlib.sha256(content).hexdigest()
    with open(os.path.join(folder, "blobs", "sha256", digest), "wb") as file:
        file.write(content)
    return {"digest": "sha256:" + digest, "size": len(content)}


def architecture():
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)


def write_base(folder, name):
    """Writes the stand-in for a runtime's official image as an OCI layout."""
    write_image(folder, IMAGES[name])


def write_python(folder):
    """An image of Python 3.11 alone, likewise."""
    write_image(folder, {"env": ["PYTHON_VERSION=3.11.2"], "programs": {"/usr/local/bin/python3.11": SCRIPT}})


def write_image(folder, image):
    os.makedirs(os.path.join(folder, "blobs", "sha256"))
    tar = layer(image["programs"])
    env = image.get("env", [])
    if not any(variable.startswith("PATH=") for variable in env):
        env = ["PATH=" + PATH] + env
    config = {"Env": env}
    for key, value in (("Entrypoint", "entrypoint"), ("Cmd", "cmd"), ("User", "user"), ("WorkingDir", "cwd")):
        if value in image:
            config[key] = image[value]
    if "ports" in image:
        config["ExposedPorts"] = {port: {} for port in image["ports"]}
    blob = write_blob(folder, tar)
    whole = {"architecture": architecture(), "os": "linux", "config": config,
             "rootfs": {"type": "layers", "diff_ids": [blob["digest"]]}, "history": [{"created_by": "stand-in"}]}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                           **write_blob(folder, json.dumps(whole).encode())},
                "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **blob}]}
    described = {"mediaType": manifest["mediaType"], **write_blob(folder, json.dumps(manifest).encode())}
    with open(os.path.join(folder, "index.json"), "w") as file:
        json.dump({"schemaVersion": 2, "manifests": [described]}, file)
    with open(os.path.join(folder, "oci-layout"), "w") as file:
        json.dump({"imageLayoutVersion": "1.0.0"}, file)
