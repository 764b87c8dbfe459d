"""Build the image that the benchmark scans, from the package registries, once.

A Debian root file system (debootstrap, minimal), Python packages (pip) and npm packages, written
as a docker archive of three layers: the make-up of an ordinary application image.
"""

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

RECIPE = 2
"""Raised when what is built changes: what was built before is then left alone."""

PYTHON_PACKAGES = [
    "django==4.2.0",
    "flask==2.2.2",
    "requests==2.28.0",
    "PyYAML==6.0",
    "cryptography==39.0.0",
]
NPM_PACKAGES = [
    "express@4.17.1",
    "lodash@4.17.15",
    "axios@0.21.0",
    "webpack@5.75.0",
    "typescript@4.9.5",
    "@babel/core@7.20.12",
    "@babel/preset-env@7.20.2",
    "jest@29.4.0",
]


def build(folder: Path) -> Path:
    """Build `folder/image.tar` unless it is there; returns its path."""
    image = folder / "image.tar"
    if image.exists():
        return image
    folder.mkdir(parents=True, exist_ok=True)
    layers = [_debian(folder / "debian"), _python(folder / "python"), _node(folder / "node")]
    _write_archive(layers, image)
    return image


def _need(program: str) -> str:
    found = shutil.which(program)
    if not found:
        sys.exit(f"bench: {program} is not installed; on Debian: apt-get install {program}")
    return found


def _run(*command: str, cwd: Path | None = None) -> None:
    subprocess.run(command, check=True, cwd=cwd, stdout=subprocess.DEVNULL)


def _debian(root: Path) -> Path:
    if not (root / "var/lib/dpkg/status").exists():
        _run(_need("debootstrap"), "--variant=minbase", "bookworm", str(root))
    # As images are made: without the archives and lists that were downloaded.
    for folder in ("var/cache/apt/archives", "var/lib/apt/lists"):
        for path in (root / folder).glob("*"):
            if path.is_file():
                path.unlink()
    return root


def _python(root: Path) -> Path:
    target = root / "usr/local/lib/python3.11/site-packages"
    if not target.exists():
        _run(
            sys.executable,
            *("-m", "pip", "install", "--quiet", "--only-binary=:all:", "--target"),
            str(target),
            *PYTHON_PACKAGES,
        )
    return root


def _node(root: Path) -> Path:
    folder = root / "srv/app"
    if not (folder / "node_modules").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _run(
            _need("npm"),
            *(
                "install",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                "--silent",
                "--legacy-peer-deps",
            ),
            *NPM_PACKAGES,
            cwd=folder,
        )
    return root


def _layer(root: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as layer:
        layer.add(root, arcname=".")
    return buffer.getvalue()


def _write_archive(roots: list[Path], image: Path) -> None:
    layers = [_layer(root) for root in roots]
    digests = [hashlib.sha256(layer).hexdigest() for layer in layers]
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["node", "server.js"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
            "history": [{"created_by": "bench"} for _ in layers],
        }
    ).encode()
    name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = [
        {
            "Config": name,
            "RepoTags": ["bench:latest"],
            "Layers": [f"{digest}/layer.tar" for digest in digests],
        }
    ]
    partial = image.with_suffix(".partial")
    with tarfile.open(partial, "w") as archive:
        for digest, layer in zip(digests, layers, strict=True):
            _add(archive, f"{digest}/layer.tar", layer)
        _add(archive, name, config)
        _add(archive, "manifest.json", json.dumps(manifest).encode())
    partial.rename(image)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))


def gzip_oci_layout(image: Path) -> Path:
    """The same layers as an OCI layout with gzip layers, a folder beside the docker archive."""
    target = image.with_name("image-oci")
    if (target / "index.json").exists():
        return target
    blobs: dict[str, bytes] = {}

    def blob(data: bytes, media_type: str) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = data
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    oci = "application/vnd.oci.image"
    with tarfile.open(image) as archive:
        manifest = json.loads(_read(archive, "manifest.json"))[0]
        config = blob(_read(archive, manifest["Config"]), f"{oci}.config.v1+json")
        layers = [
            blob(gzip.compress(_read(archive, name), 6, mtime=0), f"{oci}.layer.v1.tar+gzip")
            for name in manifest["Layers"]
        ]
    media_type = f"{oci}.manifest.v1+json"
    document = {"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers}
    entry = blob(json.dumps(document).encode(), media_type)
    files = {
        **blobs,
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
        "index.json": json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode(),
    }
    (target / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (target / name).write_bytes(data)
    return target


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    if member is None:
        sys.exit(f"bench: {name} is not a file of the image")
    return member.read()


def many_files_image(folder: Path, files: int) -> Path:
    """An image of one layer with `files` empty files and one small package database."""
    target = folder / f"many-{files}.tar"
    if target.exists():
        return target
    layer = folder / "many.layer"
    with tarfile.open(layer, "w", format=tarfile.USTAR_FORMAT) as archive:
        status = b"Package: zlib1g\nStatus: install ok installed\nVersion: 1:1.2.11-1\n"
        _add(archive, "etc/os-release", b'ID=debian\nVERSION_ID="12"\n')
        _add(archive, "var/lib/dpkg/status", status)
        for number in range(files):
            _add(archive, f"data/{number % 997}/{number}.dat", b"")
    digest = _sha256(layer)
    config = json.dumps({"rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]}}).encode()
    manifest = [{"Config": "config.json", "RepoTags": [], "Layers": ["layer.tar"]}]
    with tarfile.open(target, "w") as archive:
        archive.add(layer, "layer.tar")
        _add(archive, "config.json", config)
        _add(archive, "manifest.json", json.dumps(manifest).encode())
    layer.unlink()
    return target


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
