"""ECR's registry: images that are really there, over the registry protocol, with its login.

Protocol: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.emulator.http import Answer, Request, json_answer

_PATH = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs)/(?P<digest>sha256:[0-9a-f]{64})")


@dataclass
class Registry:
    """Blobs of all accounts by digest; `pulls` are the digests that were asked for."""

    url: str
    blobs: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    pulls: list[str] = field(default_factory=list)

    def push(
        self, account: str, region: str, repository: str, tag: str | None, layout: Path
    ) -> str:
        """Push the first image of an OCI layout; its digest."""
        from moto.ecr.models import ecr_backends

        (entry, *_) = json.loads((layout / "index.json").read_bytes())["manifests"]
        manifest = self._take(account, layout, entry["digest"], entry["mediaType"])
        document = json.loads(manifest)
        for each in (document["config"], *document["layers"]):
            self._take(account, layout, each["digest"], each["mediaType"])
        backend = ecr_backends[account][region]
        backend.put_image(repository, manifest.decode(), tag, entry["mediaType"], entry["digest"])
        digest: str = entry["digest"]
        return digest

    def _take(self, account: str, layout: Path, digest: str, media_type: str) -> bytes:
        data = (layout / "blobs" / digest.replace(":", "/")).read_bytes()
        assert digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.blobs[account, digest] = (media_type, data)
        return data

    def answer(self, request: Request) -> Answer | None:
        """The answer of ECR's login and of the registry; None for what is not theirs."""
        if request.operation == "GetAuthorizationToken":
            return self._login(request)
        if not request.path.startswith("/v2/"):
            return None
        account = _logged_in(request)
        if account is None:
            challenge = {"WWW-Authenticate": f'Basic realm="{self.url}",service="ecr"'}
            return Answer(401, b'{"errors": [{"code": "UNAUTHORIZED"}]}', challenge)
        found = _PATH.fullmatch(request.path)
        if found is None:
            return Answer(404, b"{}")
        blob = self.blobs.get((account, found["digest"]))
        if blob is None or not self._holds(account, found):
            return Answer(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')
        self.pulls.append(found["digest"])
        headers = {"Content-Type": blob[0], "Docker-Content-Digest": found["digest"]}
        return Answer(200, blob[1], headers)

    def _holds(self, account: str, found: "re.Match[str]") -> bool:
        """Whether the repository still has a manifest; blobs are not asked for alone."""
        from moto.ecr.models import ecr_backends

        if found["kind"] == "blobs":
            return True
        return any(
            image.get_image_digest() == found["digest"]
            for regions in (ecr_backends[account],)
            for backend in regions.values()
            for repository in backend.repositories.values()
            if repository.name == found["name"]
            for image in repository.images
        )

    def _login(self, request: Request) -> Answer:
        token = base64.b64encode(f"AWS:{request.account}".encode()).decode()
        entry: dict[str, Any] = {
            "authorizationToken": token,
            "expiresAt": 4_000_000_000,
            "proxyEndpoint": self.url,
        }
        return json_answer({"authorizationData": [entry]})


def _logged_in(request: Request) -> str | None:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind != "Basic":
        return None
    user, _, account = base64.b64decode(value).decode().partition(":")
    return account if user == "AWS" and account.isdigit() else None
