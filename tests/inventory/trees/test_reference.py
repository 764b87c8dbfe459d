"""References as Docker reads them, and which names are paths."""

from pathlib import Path

import pytest

from openinspector.inventory.trees.opening import open_target, split_reference
from openinspector.inventory.trees.platforms import Platform, parse_platform
from openinspector.inventory.trees.reference import parse_reference
from openinspector.model import TargetError

SHA = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("name", "host", "repository", "tag", "digest", "shown"),
    [
        ("debian", "docker.io", "library/debian", "latest", None, "debian:latest"),
        ("debian:12", "docker.io", "library/debian", "12", None, "debian:12"),
        ("team/app", "docker.io", "team/app", "latest", None, "team/app:latest"),
        ("docker.io/debian", "docker.io", "library/debian", "latest", None, "debian:latest"),
        ("index.docker.io/a/b:1", "docker.io", "a/b", "1", None, "a/b:1"),
        ("localhost/app", "localhost", "app", "latest", None, "localhost/app:latest"),
        ("localhost:5000/a:b", "localhost:5000", "a", "b", None, "localhost:5000/a:b"),
        ("[::1]:5000/a", "[::1]:5000", "a", "latest", None, "[::1]:5000/a:latest"),
        ("ghcr.io/a/b_c/d-e.f:v1", "ghcr.io", "a/b_c/d-e.f", "v1", None, "ghcr.io/a/b_c/d-e.f:v1"),
        (f"debian@{SHA}", "docker.io", "library/debian", None, SHA, f"debian@{SHA}"),
        (f"q.io/a:1@{SHA}", "q.io", "a", "1", SHA, f"q.io/a:1@{SHA}"),
        ("MYHOST/app", "MYHOST", "app", "latest", None, "MYHOST/app:latest"),
    ],
)
def test_references(
    name: str, host: str, repository: str, tag: str | None, digest: str | None, shown: str
) -> None:
    reference = parse_reference(name)
    assert (reference.host, reference.repository) == (host, repository)
    assert (reference.tag, reference.digest) == (tag, digest)
    assert str(reference) == shown
    assert reference.identifier == (digest or tag)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Debian",
        "a//b",
        "a/",
        "/a",
        "-a",
        "a:",
        "a:-x",
        "a:" + "x" * 129,
        "a@sha256:12",
        "a@md5:" + "a" * 32,
        f"a@{SHA}x",
        "a b",
        "a\n",
        "http://a/b",
        "a/../b",
        "ex_ample.com/a",
        "a.b:99999999/c",
        "a/" * 200 + "b",
        "x" * 100_000,
        "a-" * 1000,
    ],
)
def test_what_is_no_reference(name: str) -> None:
    with pytest.raises(TargetError):
        parse_reference(name)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.0.0.1:1", True),
        ("[::1]", True),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("example.com", False),
    ],
)
def test_plain_http_is_for_this_machine_only(host: str, local: bool) -> None:
    assert parse_reference(f"{host}/a").is_local is local


def test_what_exists_is_a_path(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    archive.write_bytes(b"")
    assert split_reference(str(archive)) == (str(archive), None)
    assert split_reference(f"{archive}:debian:12") == (str(archive), "debian:12")
    colon = tmp_path / "a.tar:x"
    colon.write_bytes(b"")
    assert split_reference(str(colon)) == (str(colon), None)
    assert split_reference(f"{colon}:y") == (str(archive), "x:y")
    assert split_reference("debian:12") == (None, None)


@pytest.mark.parametrize("name", ["./x", "../x", "/x/y", "~/x", "image.tar", "image.tar.gz"])
def test_what_looks_like_a_path_is_none_else(name: str) -> None:
    with pytest.raises(TargetError, match=r"no such file; expected an image archive"):
        open_target("image", name)


def test_kinds_without_files() -> None:
    with pytest.raises(TargetError, match="has no files"):
        open_target("sbom", "x.json")


@pytest.mark.parametrize(
    ("name", "platform"),
    [
        ("linux/amd64", Platform("linux", "amd64")),
        ("linux/x86_64", Platform("linux", "amd64")),
        ("arm64", Platform("linux", "arm64")),
        ("linux/arm/v7", Platform("linux", "arm", "v7")),
        ("Linux/AARCH64/v8", Platform("linux", "arm64", "v8")),
    ],
)
def test_platforms(name: str, platform: Platform) -> None:
    assert parse_platform(name) == platform


def test_variants_fit_what_they_mean() -> None:
    arm64 = Platform("linux", "arm64")
    assert Platform("linux", "arm64", "v8").fits(arm64)
    assert arm64.fits(Platform("linux", "arm64", "v8"))
    assert not Platform("linux", "arm", "v6").fits(Platform("linux", "arm", "v7"))
    assert Platform("linux", "arm", "v6").fits(Platform("linux", "arm"))
    assert not Platform("windows", "amd64").fits(Platform("linux", "amd64"))
