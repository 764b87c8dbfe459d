"""Expiry of certificates: made by openssl, damaged, and compared with openssl's own reading."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openinspector.inventory.cataloger import ReadError, run
from openinspector.inventory.catalogers.certificates import EXPIRED, OPTIONAL_CATALOGERS, expired
from openinspector.inventory.x509_validity import expiries
from openinspector.model import ConfigurationCheck

(CATALOGER,) = OPTIONAL_CATALOGERS


def openssl(*arguments: str) -> bytes:
    path = shutil.which("openssl")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("openssl is not installed, and CI must have it")
        pytest.skip("needs openssl, which is not installed")
    return subprocess.run([path, *arguments], check=True, capture_output=True).stdout


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """A folder with two self-signed certificates, of 1 and of 20000 days, in several forms."""
    folder = tmp_path_factory.mktemp("certificates")
    for name, days in (("short", "1"), ("long", "20000")):
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-days", days, "-subj", f"/CN={name}"),
            *("-keyout", str(folder / f"{name}.key.pem"), "-out", str(folder / f"{name}.pem")),
        )
    short, long = folder / "short.pem", folder / "long.pem"
    openssl("x509", "-in", str(short), "-outform", "DER", "-out", str(folder / "short.der"))
    pair = ("-certfile", str(long), "-certfile", str(short))
    openssl("crl2pkcs7", "-nocrl", *pair, "-out", str(folder / "pair.p7b"))
    openssl("crl2pkcs7", "-nocrl", *pair, "-outform", "DER", "-out", str(folder / "pair.p7m"))
    (folder / "bundle.crt").write_bytes(long.read_bytes() + b"# text\n" + short.read_bytes())
    return folder


def told_by_openssl(path: Path) -> str:
    text = openssl("x509", "-in", str(path), "-noout", "-enddate", "-dateopt", "iso_8601")
    return text.decode().strip().removeprefix("notAfter=").replace(" ", "T")


@pytest.mark.parametrize("name", ["short.pem", "short.der", "pair.p7b", "pair.p7m", "bundle.crt"])
def test_the_first_to_expire_of_every_form(made, name):
    found = run(CATALOGER, f"etc/ssl/{name}", (made / name).read_bytes())
    expected = told_by_openssl(made / "short.pem")
    assert found == [ConfigurationCheck(EXPIRED, f"etc/ssl/{name}", 0, 0, expected)]


def test_generalized_time(made):
    """20000 days from now is past 2049, where UTCTime ends."""
    assert expiries((made / "long.pem").read_bytes()) == [told_by_openssl(made / "long.pem")]
    assert told_by_openssl(made / "long.pem") > "2050"


def test_keys_are_no_certificates(made):
    assert run(CATALOGER, "x.pem", (made / "short.key.pem").read_bytes()) == []
    assert run(CATALOGER, "x.pem", b"-----BEGIN CERTIFICATE-----\nnever closed") == []


@pytest.mark.parametrize("data", [b"", b"text", b"\x30\x80", b"0\x84\xff\xff\xff\xff", b"0\x00"])
def test_damage_is_said(data):
    with pytest.raises(ReadError):
        run(CATALOGER, "x.der", data)


def test_encrypted_bundles_are_said_not_to_be_read():
    with pytest.raises(ReadError, match="PKCS #12"):
        run(CATALOGER, "x.PFX", b"0")


def test_one_damaged_certificate_does_not_hide_the_others(made):
    whole = (made / "short.pem").read_bytes()
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    assert expiries(broken + whole) == expiries(whole)


def test_which_checks_fire():
    checks = [
        ConfigurationCheck(EXPIRED, "a", 0, 0, "2024-01-01T00:00:00Z"),
        ConfigurationCheck(EXPIRED, "b", 0, 0, "2034-01-01T00:00:00Z"),
        ConfigurationCheck(EXPIRED, "c", 0, 0, "expired:2020-01-01T00:00:00Z"),
        ConfigurationCheck("IN-DOCKER-002", "d", 1, 1),
    ]
    kept = expired(checks, "2026-01-01T00:00:00Z")
    assert [(one.path, one.detail) for one in kept] == [
        ("a", "expired:2024-01-01T00:00:00Z"),
        ("c", "expired:2020-01-01T00:00:00Z"),
        ("d", ""),
    ]


@given(data=st.data())
@settings(max_examples=150)
def test_damaged_certificates_raise_nothing_else(made, data):
    content = bytearray((made / data.draw(st.sampled_from(["short.der", "pair.p7m"]))).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ReadError):
        expiries(bytes(content[: data.draw(st.integers(0, len(content)))]))
