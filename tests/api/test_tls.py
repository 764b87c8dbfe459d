"""The service over TLS: boto3 trusts the authority of its certificate, and nobody else's."""

import datetime
import ipaddress
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import boto3
import pytest
from botocore.exceptions import SSLError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.api.conftest import PROGRAM, STANDALONE, free_port, new_key

_PEM = serialization.Encoding.PEM


class Files(NamedTuple):
    """A certificate, its private key, the key under a passphrase, and who signed."""

    certificate: Path
    key: Path
    encrypted: Path
    authority: Path


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
    )


def certified(folder: Path) -> Files:
    """A new authority, and a certificate for 127.0.0.1 that it signed."""
    folder.mkdir()
    root, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = (
        _builder("authority", "authority", root)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(root, hashes.SHA256())
    )
    alternative = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    leaf = (
        _builder("service", "authority", key)
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .sign(root, hashes.SHA256())
    )
    files = Files(
        *(folder / name for name in ("service.pem", "service.key", "locked.key", "ca.pem"))
    )
    files.certificate.write_bytes(leaf.public_bytes(_PEM))
    files.authority.write_bytes(authority.public_bytes(_PEM))
    form = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    files.key.write_bytes(key.private_bytes(_PEM, form, plain))
    locked = serialization.BestAvailableEncryption(b"passphrase")
    files.encrypted.write_bytes(key.private_bytes(_PEM, form, locked))
    return files


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return certified(tmp_path_factory.mktemp("tls") / "own")


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return certified(tmp_path_factory.mktemp("tls") / "strangers")


@pytest.fixture
def served(files: Files, tmp_path: Path) -> Iterator[str]:
    """The address of a service over TLS, with an empty folder."""
    port = free_port()
    process = subprocess.Popen(
        [PROGRAM, "serve", "--data", tmp_path / "data", "--port", str(port), "--db", "starter",
         "--tls-cert", files.certificate, "--tls-key", files.key],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert f"at https://127.0.0.1:{port};" in process.stdout.readline()
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def test_boto3_asks_over_tls(served: str, files: Files, strangers: Files, tmp_path: Path) -> None:
    key = new_key(tmp_path / "data", STANDALONE)

    def findings(verify: Path) -> list[object]:
        client = boto3.client(
            "inspector2",
            endpoint_url=served,
            region_name="us-east-1",
            aws_access_key_id=key["accessKeyId"],
            aws_secret_access_key=key["secretAccessKey"],
            verify=str(verify),
        )
        found: list[object] = client.list_findings()["findings"]
        return found

    assert findings(files.authority) == []
    with pytest.raises(SSLError, match="certificate verify failed"):
        findings(strangers.authority)


def test_without_tls_nothing_is_answered(served: str, files: Files) -> None:
    with pytest.raises((urllib.error.URLError, OSError)):
        urllib.request.urlopen(served.replace("https:", "http:") + "/health", timeout=5)
    context = ssl.create_default_context(cafile=files.authority)
    with urllib.request.urlopen(f"{served}/health", timeout=5, context=context) as answer:
        assert answer.status == 200


def refused(*options: object) -> str:
    """What `serve` says when it refuses to start."""
    done = subprocess.run(
        [PROGRAM, "serve", "--port", str(free_port()), *map(str, options)],
        capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    return done.stderr.splitlines()[-1]


def test_wrong_certificates_are_refused(files: Files, strangers: Files, tmp_path: Path) -> None:
    pair = f"{files.certificate} and {strangers.key} are no certificate with its private key"
    said = refused("--tls-cert", files.certificate, "--tls-key", strangers.key)
    assert said.startswith(f"Error: {pair}")
    said = refused("--tls-cert", files.certificate, "--tls-key", files.encrypted)
    assert said.endswith("the private key is encrypted")
    said = refused("--tls-cert", tmp_path / "none.pem", "--tls-key", files.key)
    assert said == (
        f"Error: Invalid value for '--tls-cert': File '{tmp_path}/none.pem' does not exist."
    )
    together = "Error: --tls-cert and --tls-key go together."
    assert refused("--tls-cert", files.certificate) == together
    assert refused("--tls-key", files.key) == together
