"""Credentials for registries, where Docker keeps them: config.json and credential helpers.

Formats: https://docs.docker.com/reference/cli/docker/login/ (config.json, `auths`, `credsStore`,
`credHelpers`), https://github.com/docker/docker-credential-helpers
"""

import base64
import binascii
import json
import os
import shutil

import msgspec

from openinspector.inventory.documents import mapping, text
from openinspector.inventory.trees.reference import DOCKER_HUB
from openinspector.patterns import regex

_HUB_KEY = "https://index.docker.io/v1/"
_HELPER = regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_SECONDS = 30
_CONFIG_BYTES = 4 * 1024 * 1024
_TOKEN_USER = "<token>"
"""The user name by which helpers say that the secret is an identity token."""


class Credentials(msgspec.Struct, frozen=True):
    """What to log in with: user and secret, or an identity token; nothing at all is anonymous.

    `trouble` says why there is nothing although something was configured.
    """

    user: str = ""
    secret: str = ""
    identity_token: str = ""
    trouble: str = ""

    @property
    def basic(self) -> str | None:
        """The value of a Basic Authorization header, if there are user and secret."""
        if not self.user:
            return None
        pair = f"{self.user}:{self.secret}".encode()
        return "Basic " + base64.b64encode(pair).decode("ascii")


def config_path() -> str:
    """Where Docker's config.json is (DOCKER_CONFIG names another folder)."""
    folder = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    return os.path.join(folder, "config.json")


def find_credentials(host: str) -> Credentials:
    """The credentials of a registry: its own helper's, the store's, or those in the file."""
    path = config_path()
    try:
        with open(path, "rb") as file:
            config = mapping(json.loads(file.read(_CONFIG_BYTES)))
    except FileNotFoundError:
        return Credentials()
    except (OSError, ValueError, RecursionError) as error:
        return Credentials(trouble=f"{path} cannot be read ({type(error).__name__})")
    helper = text(mapping(config.get("credHelpers")).get(host)) or text(config.get("credsStore"))
    server = _HUB_KEY if host == DOCKER_HUB else host
    found = _from_helper(helper, server) if helper else Credentials()
    if found.user or found.identity_token:
        return found
    stored = _from_file(mapping(config.get("auths")), host)
    return stored or found


def _from_file(auths: dict[str, object], host: str) -> Credentials | None:
    for key, value in auths.items():
        if _host_of(key) != host:
            continue
        entry = mapping(value)
        user, secret = text(entry.get("username")), text(entry.get("password"))
        token = text(entry.get("identitytoken"))
        if encoded := text(entry.get("auth")):
            try:
                decoded = base64.b64decode(encoded, validate=True).decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                return Credentials(trouble=f"the entry of {key} in config.json is malformed")
            user, _, secret = decoded.rstrip("\0").partition(":")
        if user or token:
            return Credentials(user, secret, token)
    return None


def _host_of(key: str) -> str:
    """The host that a key of `auths` means: `HOST`, or `https://HOST/v1/` as Docker Hub's."""
    host = key.removeprefix("https://").removeprefix("http://").partition("/")[0]
    return DOCKER_HUB if host in ("index.docker.io", "registry-1.docker.io") else host


def _from_helper(name: str, server: str) -> Credentials:
    """Ask `docker-credential-NAME get`; the only program that is ever started."""
    import subprocess

    program = f"docker-credential-{name}"
    if not _HELPER.fullmatch(name):
        return Credentials(trouble=f"config.json names a credential helper {name[:64]!r}")
    path = shutil.which(program)
    if path is None:
        return Credentials(trouble=f"{program} is not installed")
    try:
        answer = subprocess.run(
            [path, "get"],
            input=server.encode(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Credentials(trouble=f"{program} did not answer within {_SECONDS} s")
    except OSError as error:
        return Credentials(trouble=f"{program} cannot be run: {error.strerror}")
    if answer.returncode != 0:
        said = (answer.stdout or answer.stderr)[:200].decode("utf-8", "replace").strip()
        return Credentials(trouble=f"{program}: {said}" if said else f"{program} failed")
    try:
        entry = mapping(json.loads(answer.stdout))
    except (ValueError, RecursionError):
        return Credentials(trouble=f"{program} did not answer with JSON")
    user, secret = text(entry.get("Username")), text(entry.get("Secret"))
    if user == _TOKEN_USER:
        return Credentials(identity_token=secret)
    return Credentials(user, secret)
