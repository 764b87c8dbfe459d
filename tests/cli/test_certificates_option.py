"""The option `--certificates`: expired ones are findings, and only when asked for."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

# Self-signed by `openssl ca -enddate`: until 1 June 2020, and until 1 June 2099.
EXPIRED = (
    "MIIBCjCBsgIBATAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAdleGFtcGxlMB4XDTE5MDEwMTAwMDAwMFoXDTIwMDYwMT"
    "EyMDAwMFowEjEQMA4GA1UEAwwHZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFX5ocki1I5wMC57fjXc"
    "5sFwgfFHOVNGOtBKt6NtYjNOY1bdzsi7cMDPAMe4MjdCUxFKYHTS2n7W5ms45+7T8EQwCgYIKoZIzj0EAwIDRwAwRA"
    "Igb5h0xSg6yw2wYl2Bq3ePP7tDu1PDhdBVzgIWEp1bZTwCICrhU6Bpw3yXI9g6ut3v4+QzAlxJ6fekAxtYC5nqX1YC"
)
VALID = (
    "MIIBDDCBtAIBAjAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAdleGFtcGxlMCAXDTE5MDEwMTAwMDAwMFoYDzIwOTkwNj"
    "AxMTIwMDAwWjASMRAwDgYDVQQDDAdleGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVfmhySLUjnAwLnt+"
    "NdzmwXCB8Uc5U0Y60Eq3o21iM05jVt3OyLtwwM8Ax7gyN0JTEUpgdNLaftbmazjn7tPwRDAKBggqhkjOPQQDAgNHAD"
    "BEAiAUe5XtOWrei8jjdXyipmOsJDtnrYMtRCrO3nV72RyEXwIgdxyAihT4wIMryAbf3apW0eJWGDJ81Art6pTIB53E"
    "QKc="
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in (("old.pem", EXPIRED), ("new.crt", VALID)):
        path = tmp_path / "app" / "tls" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"-----BEGIN CERTIFICATE-----\n{content}\n-----END CERTIFICATE-----\n")
    return tmp_path / "app"


def test_an_expired_certificate_is_a_finding(run: Run, database: Path, folder: Path) -> None:
    done = run("scan", "dir", folder, "--certificates", "--db", database, "--format", "json")
    (finding,) = json.loads(done.stdout)["findings"]
    details = finding["codeVulnerabilityDetails"]
    assert (finding["severity"], details["detectorId"]) == ("MEDIUM", "IN-CERTIFICATE-001")
    assert details["filePath"]["filePath"] == "tls/old.pem"
    assert "expired:2020-06-01T12:00:00Z" in finding["description"]


def test_nobody_asked(run: Run, database: Path, folder: Path) -> None:
    done = run("scan", "dir", folder, "--db", database, "--format", "json")
    assert json.loads(done.stdout)["findings"] == []


def test_the_sbom_says_so_as_the_generator_does(run: Run, folder: Path, database: Path) -> None:
    done = run("sbom", "dir", folder, "--certificates")
    (component,) = json.loads(done.stdout)["components"]
    assert (component["type"], component["name"]) == ("file", "certificate:tls/old.pem")
    name = "amazon:inspector:sbom_generator:certificate_finding:IN-CERTIFICATE-001"
    told = {"name": name, "value": "expired:2020-06-01T12:00:00Z"}
    assert told in component["properties"]
    written = folder / "sbom.json"
    written.write_text(done.stdout)
    again = run("scan", "sbom", written, "--db", database, "--format", "json")
    (finding,) = json.loads(again.stdout)["findings"]
    assert finding["codeVulnerabilityDetails"]["detectorId"] == "IN-CERTIFICATE-001"
