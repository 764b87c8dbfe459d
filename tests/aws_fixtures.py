"""A simulated AWS (moto) on a loopback port, spoken to over real HTTP."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

REGION = "us-east-1"
OTHER_REGION = "eu-west-1"


class Aws(NamedTuple):
    """The simulated AWS: its address, and what is ready in it."""

    url: str
    key_arn: str
    bucket: str
    far_bucket: str

    def client(self, service: str) -> Any:
        import boto3

        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def keys(self, prefix: str = "") -> list[str]:
        """The objects of the bucket."""
        found = self.client("s3").list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [each["Key"] for each in found.get("Contents", ())]

    def body(self, key: str) -> bytes:
        answer: bytes = self.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return answer

    def uploads(self) -> list[str]:
        """Unfinished multipart uploads."""
        found = self.client("s3").list_multipart_uploads(Bucket=self.bucket)
        return [each["UploadId"] for each in found.get("Uploads", ())]


def environment(url: str) -> dict[str, str]:
    """What points any AWS client to the simulated AWS."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """The address of a moto server in a process of its own."""
    pytest.importorskip("moto.server", reason="needs moto[server]")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    inherited = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=inherited
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process)
        yield url
    finally:
        process.kill()
        process.wait()


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, "the moto server ended"
        try:
            with urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the moto server does not answer")


@pytest.fixture
def aws(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """An AWS with a key and a bucket in `REGION`, and a bucket elsewhere; clients find it."""
    for name, value in environment(moto_url).items():
        monkeypatch.setenv(name, value)
    reset = urllib.request.Request(f"{moto_url}/moto-api/reset", method="POST")
    urllib.request.urlopen(reset, timeout=10).close()
    made = Aws(moto_url, "", "reports-here", "reports-far")
    key = made.client("kms").create_key(Description=json.dumps("reports"))
    s3 = made.client("s3")
    s3.create_bucket(Bucket=made.bucket)
    s3.create_bucket(
        Bucket=made.far_bucket, CreateBucketConfiguration={"LocationConstraint": OTHER_REGION}
    )
    return made._replace(key_arn=key["KeyMetadata"]["Arn"])
