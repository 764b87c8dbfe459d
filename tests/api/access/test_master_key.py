"""The master key: from the environment, a file, or sealed by KMS."""

import base64
from pathlib import Path

import pytest

from openinspector.api.access.master_key import (
    FILE_NAME,
    SEALED_NAME,
    VARIABLE,
    MasterKey,
)
from openinspector.model import OpenInspectorError
from tests.aws_fixtures import Aws


def test_a_file_is_made_once_and_opens_what_it_sealed(tmp_path: Path) -> None:
    sealed = MasterKey.load(tmp_path).seal(b"secret")
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o077 == 0
    assert MasterKey.load(tmp_path).unseal(sealed) == b"secret"


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, base64.b64encode(bytes(32)).decode())
    assert MasterKey.load(tmp_path).derive("x") == MasterKey(bytes(32)).derive("x")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["c2hvcnQ=", "not base64"])
def test_what_is_no_key_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(OpenInspectorError):
        MasterKey.load(tmp_path)


def test_kms_keeps_it(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f"kms:{aws.key_arn}")
    sealed = MasterKey.load(tmp_path).seal(b"secret")
    assert [each.name for each in tmp_path.iterdir()] == [SEALED_NAME]
    assert MasterKey.load(tmp_path).unseal(sealed) == b"secret"
    # Another data key of the same KMS key opens nothing of it.
    (tmp_path / SEALED_NAME).unlink()
    with pytest.raises(OpenInspectorError, match="another master key"):
        MasterKey.load(tmp_path).unseal(sealed)


def test_a_key_that_kms_does_not_open_is_named(
    aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = aws.key_arn[:-4] + "0000"
    monkeypatch.setenv(VARIABLE, f"kms:{gone}")
    with pytest.raises(OpenInspectorError, match=gone):
        MasterKey.load(tmp_path)
    assert not list(tmp_path.iterdir())
