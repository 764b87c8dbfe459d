"""Write the demo's sample image: a small docker archive with software of known weaknesses.

Nothing in it can run: it holds package databases and manifests only, as an image of 2021 with a
Debian base and a Node.js, Python and Java application on top would.
"""

import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path

OS_RELEASE = """\
PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"
NAME="Debian GNU/Linux"
VERSION_ID="11"
VERSION="11 (bullseye)"
VERSION_CODENAME=bullseye
ID=debian
"""

DEBIAN_PACKAGES = [
    # binary package, source package, version
    ("libc6", "glibc", "2.31-13+deb11u2"),
    ("libssl1.1", "openssl", "1.1.1k-1"),
    ("openssl", "", "1.1.1k-1"),
    ("bash", "", "5.1-2+b3"),
    ("libcurl4", "curl", "7.74.0-1.3+deb11u1"),
    ("zlib1g", "zlib", "1:1.2.11.dfsg-2"),
    ("sudo", "", "1.9.5p2-3"),
    ("openssh-server", "openssh", "1:8.4p1-5"),
]

NODE_PACKAGES = {
    "lodash": "4.17.15",
    "minimist": "1.2.0",
    "axios": "0.21.0",
    "express": "4.17.1",
}

PYTHON_PACKAGES = {
    "Django": "3.2.4",
    "PyYAML": "5.3",
    "requests": "2.25.1",
    "Pillow": "8.1.0",
}


def write_sample_image(path: Path) -> Path:
    """Write the archive; the same bytes at every call."""
    layers = [_layer(_base_files()), _layer(_application_files())]
    diff_ids = [hashlib.sha256(layer).hexdigest() for layer in layers]
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": "2021-06-23T00:00:00Z",
            "config": {"Cmd": ["node", "/srv/app/server.js"], "Env": ["NODE_ENV=production"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in diff_ids]},
            "history": [
                {"created_by": "/bin/sh -c #(nop) ADD file:base in / "},
                {"created_by": '/bin/sh -c #(nop)  CMD ["bash"]', "empty_layer": True},
                {"created_by": "/bin/sh -c apt-get update"},
            ],
        }
    ).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [
        {
            "Config": config_name,
            "RepoTags": ["openinspector/sample:2021"],
            "Layers": [f"{digest}/layer.tar" for digest in diff_ids],
        }
    ]
    files = {f"{digest}/layer.tar": layer for digest, layer in zip(diff_ids, layers, strict=True)}
    files |= {config_name: config, "manifest.json": json.dumps(manifest).encode()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_layer(files))
    return path


def _base_files() -> dict[str, bytes]:
    stanzas = [
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n"
        + (f"Source: {source}\n" if source else "")
        + f"Version: {version}\nDescription: {name}\n"
        for name, source, version in DEBIAN_PACKAGES
    ]
    return {
        "etc/os-release": OS_RELEASE.encode(),
        "etc/debian_version": b"11.0\n",
        "var/lib/dpkg/status": "\n".join(stanzas).encode(),
    }


def _application_files() -> dict[str, bytes]:
    node = {
        f"srv/app/node_modules/{name}/package.json": json.dumps(
            {"name": name, "version": version, "license": "MIT"}
        ).encode()
        for name, version in NODE_PACKAGES.items()
    }
    python = {
        f"usr/local/lib/python3.9/site-packages/{name}-{version}.dist-info/METADATA": (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        ).encode()
        for name, version in PYTHON_PACKAGES.items()
    }
    return {**node, **python, "opt/service/service.jar": _service_jar()}


def _service_jar() -> bytes:
    log4j = _zip(
        {
            "META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties": (
                b"groupId=org.apache.logging.log4j\nartifactId=log4j-core\nversion=2.14.1\n"
            )
        }
    )
    return _zip({"BOOT-INF/lib/log4j-core-2.14.1.jar": log4j})


def _zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def _layer(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()
