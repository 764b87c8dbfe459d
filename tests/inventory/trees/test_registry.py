"""Images from registries: a real one, and one of our own for what a real one does not do."""

import base64
import json
import os
import shutil
import stat
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from openinspector.inventory.trees import registry_http
from openinspector.inventory.trees.credentials import find_credentials
from openinspector.model import TargetError
from tests.images import Image, digest, file, whiteout

from .registries import SECRET, USER, Answer, OwnRegistry, TokenServer, docker_registry, push, serve
from .toys import inventory_of, told

BASE = [file("toy.txt", "base 1\n"), file("lib/b.toy", "lib 2\n")]
TOP = [whiteout("toy.txt"), file("app/run", b"\x7fTOYapp", 0o755)]
ANSWER = {("lib", "2", "lib/b.toy"), ("app", "binary", "app/run")}


@pytest.fixture(autouse=True)
def quick_and_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No waiting, and no configuration of whoever runs the tests."""
    monkeypatch.setattr(registry_http, "_FIRST_WAIT", 0.01)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.delenv("http_proxy", raising=False)
    (tmp_path / "docker").mkdir()
    return tmp_path / "docker" / "config.json"


@pytest.fixture(scope="module", params=[False, True], ids=["open", "basic"])
def real(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, bool]]:
    if not shutil.which("docker-registry"):
        if os.environ.get("CI"):
            pytest.fail("CI must have Debian's package docker-registry")
        pytest.skip("needs Debian's package docker-registry")
    with docker_registry(tmp_path_factory.mktemp("registry"), request.param) as host:
        yield host, request.param


def log_in(config: Path, host: str, **entry: str) -> None:
    pair = base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
    config.write_text(json.dumps({"auths": {host: entry or {"auth": pair}}}))


# --- a real registry ---


@pytest.mark.parametrize("compression", [None, "gzip", "zstd"])
def test_real_registry(real, quick_and_alone: Path, compression: str | None) -> None:
    host, basic = real
    if basic:
        log_in(quick_and_alone, host)
    image = Image([BASE, TOP], compression=compression)
    name = f"{host}/team/app:{compression or 'plain'}"
    pushed = push(host, "team/app", compression or "plain", image, basic=basic)
    found = inventory_of(name)
    assert told(found) == ANSWER
    assert not found.gaps
    metadata = found.target.image
    assert metadata.digest == pushed
    assert metadata.id == digest(image.configuration())
    assert metadata.layers == tuple(digest(layer) for layer in image.tars())
    assert metadata.tags == (name,)
    assert told(inventory_of(f"{host}/team/app@{pushed}")) == ANSWER


def test_real_registry_chooses_the_platform(real, quick_and_alone: Path) -> None:
    host, basic = real
    if basic:
        log_in(quick_and_alone, host)
    images = [
        Image([[file("toy.txt", f"{arch} 1\n")]], architecture=arch)
        for arch in ("s390x", "amd64", "arm64")
    ]
    push(host, "multi", "1", *images, basic=basic)
    for arch in ("s390x", "amd64", "arm64"):
        found = inventory_of(f"{host}/multi:1", platform=f"linux/{arch}")
        assert told(found) == {(arch, "1", "toy.txt")}
    with pytest.raises(TargetError, match=r"no image of platform linux/riscv64; it holds .*s390x"):
        inventory_of(f"{host}/multi:1", platform="linux/riscv64")


def test_real_registry_without_the_image(real, quick_and_alone: Path) -> None:
    host, basic = real
    if basic:
        with pytest.raises(TargetError, match="asks for credentials"):
            inventory_of(f"{host}/nothing:1")
        log_in(quick_and_alone, host)
    with pytest.raises(TargetError, match="has no such image"):
        inventory_of(f"{host}/nothing:1")


def test_real_registry_refuses_a_wrong_secret(real, quick_and_alone: Path) -> None:
    host, basic = real
    if not basic:
        pytest.skip("asks for nothing")
    log_in(quick_and_alone, host, username=USER, password="wrong")
    with pytest.raises(TargetError, match=r"does not give it to the user .* \(status 401\)"):
        inventory_of(f"{host}/team/app:plain")


# --- tokens ---


@pytest.mark.parametrize("how", ["anonymous", "user", "identity"])
def test_tokens(quick_and_alone: Path, how: str) -> None:
    registry = OwnRegistry(Image([BASE, TOP], compression="gzip"), repository="team/app")
    with TokenServer("team/app", anonymous=how == "anonymous").serve() as tokens:
        registry.hook = tokens.challenge
        with registry.serve():
            if how == "user":
                log_in(quick_and_alone, f"http://{registry.host}/v1/")
            if how == "identity":
                log_in(quick_and_alone, registry.host, identitytoken="identity")
            assert told(inventory_of(f"{registry.host}/team/app")) == ANSWER
        assert len(tokens.given) == 1


def test_a_token_that_expires_is_renewed() -> None:
    registry = OwnRegistry(Image([BASE, TOP]))
    with TokenServer("app", anonymous=True).serve() as tokens:
        count = 0

        def hook(path: str, headers: dict[str, str]) -> Answer | None:
            nonlocal count
            count += 1
            if count == 4:
                tokens.given.append("expired")
            return tokens.challenge(path, headers)

        registry.hook = hook
        with registry.serve():
            assert told(inventory_of(f"{registry.host}/app")) == ANSWER
    assert len(tokens.given) >= 3


def test_credentials_are_not_shown_to_another_host(quick_and_alone: Path) -> None:
    registry = OwnRegistry(Image([BASE, TOP]))
    elsewhere: list[dict[str, str]] = []

    def store(path: str, headers: dict[str, str]) -> Answer:
        elsewhere.append(headers)
        return Answer(200, registry.blobs[path[1:]])

    with serve(store) as storage, registry.serve():

        def hook(path: str, headers: dict[str, str]) -> Answer | None:
            if "authorization" not in headers:
                return Answer(401, b"", {"WWW-Authenticate": 'Basic realm="tests"'})
            if "/blobs/" in path:
                place = f"http://{storage}/{path.rpartition('/')[2]}"
                return Answer(307, b"", {"Location": place})
            return None

        registry.hook = hook
        log_in(quick_and_alone, registry.host)
        assert told(inventory_of(f"{registry.host}/app")) == ANSWER
    assert len(elsewhere) == 3
    assert not any("authorization" in headers for headers in elsewhere)


# --- credential helpers ---


def helper(folder: Path, name: str, script: str) -> None:
    program = folder / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize("setting", ["credHelpers", "credsStore"])
def test_credential_helpers(
    quick_and_alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    helper(
        tmp_path,
        "toy",
        'read -r host; [ "$1 $host" = "get registry.test:5000" ] || exit 1\n'
        'echo \'{"ServerURL": "x", "Username": "ann", "Secret": "s3"}\'',
    )
    value = {"registry.test:5000": "toy"} if setting == "credHelpers" else "toy"
    quick_and_alone.write_text(json.dumps({setting: value}))
    found = find_credentials("registry.test:5000")
    assert (found.user, found.secret) == ("ann", "s3")
    assert find_credentials("other.test").user == ""


@pytest.mark.parametrize(
    ("name", "script", "trouble"),
    [
        ("token", 'echo \'{"Username": "<token>", "Secret": "t"}\'', ""),
        ("fails", "echo credentials not found; exit 1", "credentials not found"),
        ("noise", "echo hello", "did not answer with JSON"),
        ("absent", "", "is not installed"),
        ("../../bin/sh", "", "names a credential helper"),
    ],
)
def test_helpers_that_misbehave(
    quick_and_alone: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    script: str,
    trouble: str,
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    if script:
        helper(tmp_path, name, script)
    quick_and_alone.write_text(json.dumps({"credsStore": name}))
    found = find_credentials("registry.test")
    assert trouble in found.trouble
    assert found.identity_token == ("t" if name == "token" else "")


def test_docker_hub_goes_by_its_old_name(quick_and_alone: Path) -> None:
    log_in(quick_and_alone, "https://index.docker.io/v1/")
    assert find_credentials("docker.io").user == USER


@pytest.mark.parametrize(
    "text", ["{", '{"auths": 3}', '{"auths": {"registry.test": {"auth": "*"}}}']
)
def test_a_broken_configuration_is_no_reason_to_fail(quick_and_alone: Path, text: str) -> None:
    quick_and_alone.write_text(text)
    assert find_credentials("registry.test").user == ""


# --- answers that no registry should give ---


def refused(registry: OwnRegistry, name: str = "app") -> str:
    with registry.serve(), pytest.raises(TargetError) as caught:
        inventory_of(f"{registry.host}/{name}")
    return str(caught.value)


def test_a_layer_with_another_content_is_refused() -> None:
    image = Image([BASE, TOP])
    registry = OwnRegistry(image)
    name = digest(image.blobs()[1])
    registry.blobs[name] = registry.blobs[name].replace(b"TOYapp", b"TOYbad")
    said = refused(registry)
    assert name in said
    assert "does not have that digest" in said


def test_a_layer_that_is_longer_than_promised_is_refused() -> None:
    image = Image([BASE, TOP])
    registry = OwnRegistry(image)
    name = digest(image.blobs()[0])
    registry.blobs[name] += b"\0"
    assert f"{name} has more than its" in refused(registry)


def test_a_manifest_with_another_content_is_refused() -> None:
    image = Image([BASE])
    registry = OwnRegistry(image, Image([TOP], architecture="arm64"))
    for name in registry.manifests:
        if name != registry.tags["latest"]:
            registry.blobs[name] = registry.blobs[name].replace(b'"size": ', b'"size":  ')
    assert "size that it should have" in refused(registry)
    promised = "sha256:" + "0" * 64
    registry.tags["wrong"] = promised
    registry.blobs[promised], registry.manifests[promised] = b"{}", ""
    assert "has the digest" in refused(registry, f"app@{promised}")


def test_a_download_that_breaks_off_is_tried_again() -> None:
    image = Image([BASE, TOP])
    registry = OwnRegistry(image)
    name = digest(image.blobs()[0])
    failures = 2

    def hook(path: str, headers: dict[str, str]) -> Answer | None:
        nonlocal failures
        if name in path and failures:
            failures -= 1
            return Answer(200, registry.blobs[name], cut=600)
        return None

    registry.hook = hook
    with registry.serve():
        assert told(inventory_of(f"{registry.host}/app")) == ANSWER
    failures = 99
    assert "breaks off" in refused(registry)


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("when", ["0", "now", "nonsense"])
def test_a_busy_registry_is_asked_again(status: int, when: str) -> None:
    registry = OwnRegistry(Image([BASE, TOP]))
    busy = 2

    def hook(path: str, headers: dict[str, str]) -> Answer | None:
        nonlocal busy
        busy -= 1
        value = formatdate(usegmt=True) if when == "now" else when
        return Answer(status, b"busy", {"Retry-After": value}) if busy >= 0 else None

    registry.hook = hook
    with registry.serve():
        assert told(inventory_of(f"{registry.host}/app")) == ANSWER


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "asks for credentials"),
        (403, "asks for credentials or has no such image"),
        (404, "has no such image"),
        (429, "allows no more requests"),
        (500, "answered with status 500"),
        (418, "answered with status 418"),
    ],
)
def test_each_status_has_its_sentence(status: int, said: str) -> None:
    registry = OwnRegistry(Image([BASE]))
    registry.hook = lambda path, headers: Answer(status, b"x")
    assert said in refused(registry)


def test_nobody_listens() -> None:
    with pytest.raises(TargetError, match=r"cannot reach 127\.0\.0\.1:1: .*refused"):
        inventory_of("127.0.0.1:1/app")


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("http://example.test/x", None),
        ("ftp://example.test/x", "which is not secure"),
        ("/v2/app/manifests/latest", "redirects without end"),
    ],
)
def test_redirects_that_lead_nowhere(location: str, said: str | None) -> None:
    registry = OwnRegistry(Image([BASE]))
    registry.hook = lambda path, headers: Answer(302, b"", {"Location": location})
    assert (said or "cannot reach") in refused(registry)


def test_the_manifest_of_long_ago_is_named() -> None:
    registry = OwnRegistry(Image([BASE]))
    old = json.dumps({"schemaVersion": 1, "fsLayers": [], "history": []}).encode()
    kind = {"Content-Type": "application/vnd.docker.distribution.manifest.v1+prettyjws"}
    registry.hook = lambda path, headers: Answer(200, old, kind) if "manifests" in path else None
    assert "schema 1" in refused(registry)


def test_what_is_no_image_is_named() -> None:
    registry = OwnRegistry(Image([BASE]))
    chart = {
        "schemaVersion": 2,
        "config": {
            "mediaType": "application/vnd.cncf.helm.config.v1+json",
            "digest": "sha256:" + "1" * 64,
            "size": 2,
        },
        "layers": [],
    }
    registry.hook = lambda path, headers: Answer(200, json.dumps(chart).encode())
    assert "artifact of type application/vnd.cncf.helm.config" in refused(registry)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"{}", b'{"manifests": []}', b"[" * 100_000])
def test_manifests_of_nonsense(body: bytes) -> None:
    registry = OwnRegistry(Image([BASE]))
    registry.hook = lambda path, headers: Answer(200, body)
    said = refused(registry)
    assert "manifest" in said or "index names no image" in said


def test_layers_that_registries_do_not_hold_are_gaps() -> None:
    registry = OwnRegistry(Image([BASE, TOP]))
    (manifest,) = [name for name in registry.manifests if name != registry.tags.get("x")][:1]
    document = json.loads(registry.blobs[manifest])
    document["layers"][0]["mediaType"] = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    data = json.dumps(document).encode()
    registry.hook = lambda path, headers: Answer(200, data) if "/manifests/" in path else None
    with registry.serve():
        found = inventory_of(f"{registry.host}/app")
    assert told(found) == {("app", "binary", "app/run")}
    assert all("layer 1 of 2" in gap.reason for gap in found.gaps)
    assert all("not distributed" in gap.reason for gap in found.gaps)
    assert {gap.part for gap in found.gaps} == {"language-packages", "applications", "os-packages"}


def test_a_layer_that_occurs_twice_is_fetched_once() -> None:
    registry = OwnRegistry(Image([BASE, TOP, BASE]))
    with registry.serve():
        found = inventory_of(f"{registry.host}/app")
    assert told(found) == {*ANSWER, ("base", "1", "toy.txt")}
    assert registry.count("/blobs/") == 3
