"""The Dockerfile checks of spec/sbom-generator.md 5.5: what each one means.

Severities are those of real answers. Identifiers that the specification does not confirm are
marked; those of group 008 are ours, as the published list has none for them.
"""

from typing import Literal

import msgspec

Severity = Literal["INFORMATIONAL", "HIGH", "CRITICAL"]

_PRACTICES = "https://docs.docker.com/build/building/best-practices/"


class Check(msgspec.Struct, frozen=True):
    """What is said of a check wherever it fires. `cwes` are identifiers (`CWE-250`)."""

    severity: Severity
    title: str
    description: str
    cwes: tuple[str, ...]
    advice: str
    url: str


def _flag(command: str, effect: str, advice: str, url: str) -> Check:
    return Check(
        "HIGH",
        f"Weakened command: {command}",
        f"'{command}' {effect}.",
        ("CWE-295",) if "certificate" in effect else ("CWE-347",),
        advice,
        url,
    )


def _variable(setting: str, effect: str, url: str) -> Check:
    return Check(
        "HIGH",
        f"Weakened environment variable: {setting}",
        f"'{setting}' {effect}.",
        ("CWE-295",),
        "Remove the variable and give the program the certificate authority that it needs.",
        url,
    )


def _secret(what: str, url: str) -> Check:
    return Check(
        "CRITICAL",
        f"Secret in the image: {what}",
        f"The build instructions hold what looks like a {what}. Everyone who can pull the image "
        "can read it in the image's history.",
        ("CWE-798",),
        "Revoke the secret, and hand secrets to a build with `RUN --mount=type=secret`.",
        url,
    )


def _removal(manager: str) -> Check:
    return Check(
        "INFORMATIONAL",
        f"Package database removed: {manager}",
        f"The {manager} database is deleted while the image is built: what is installed can no "
        "longer be told, so its vulnerabilities go unseen.",
        ("CWE-1059",),
        "Keep the package database, or build from a base image that brings only what is needed.",
        _PRACTICES,
    )


_SIGNATURES = "Remove the option and import the key that the packages are signed with."
_CERTIFICATES = "Remove the option and trust the server's certificate authority instead."

CHECKS: dict[str, Check] = {
    "IN-DOCKER-001": Check(
        "INFORMATIONAL",
        "apt-get update without install",
        "'apt-get update' stands in a RUN instruction of its own. Its layer is cached, so that a "
        "later 'apt-get install' works with package lists of the past: it fails, or installs "
        "outdated packages.",
        ("CWE-1104",),
        "Join 'apt-get update' and 'apt-get install' in one RUN instruction.",
        _PRACTICES,
    ),
    "IN-DOCKER-002": Check(
        "INFORMATIONAL",
        "Use of sudo",
        "'sudo' is installed or used. How it handles terminals and forwards signals is hard to "
        "foresee, and it lets a process in the container become root again.",
        ("CWE-250",),
        "Run what needs root before the USER instruction; use gosu where a start script must "
        "change the user.",
        _PRACTICES,
    ),
    "IN-DOCKER-003": Check(
        "INFORMATIONAL",
        "Container runs as root",
        "The last USER instruction names root, so that the container's process has all rights "
        "inside the container.",
        ("CWE-250",),
        "End with a USER instruction that names a user without privileges.",
        _PRACTICES,
    ),
    "IN-DOCKER-004": Check(
        "INFORMATIONAL",
        "Use of apt",
        "'apt' is meant for people at a terminal; its command line changes between releases.",
        ("CWE-710",),
        "Use 'apt-get' or 'apt-cache' in scripts.",
        "https://manpages.debian.org/apt.8",
    ),
    # the order of 005-001 to 005-009, but for 003, is inferred
    "IN-DOCKER-005-001": _flag(
        "npm --strict-ssl=false",
        "accepts any certificate of the registry",
        _CERTIFICATES,
        "https://docs.npmjs.com/cli/using-npm/config",
    ),
    "IN-DOCKER-005-002": _flag(
        "apk --allow-untrusted",
        "installs packages with a signature that is missing or not trusted",
        _SIGNATURES,
        "https://wiki.alpinelinux.org/wiki/Alpine_Package_Keeper",
    ),
    "IN-DOCKER-005-003": _flag(
        "apt-get --allow-unauthenticated",
        "installs packages whose signature was not verified",
        _SIGNATURES,
        "https://manpages.debian.org/apt-get.8",
    ),
    "IN-DOCKER-005-004": _flag(
        "pip --trusted-host",
        "accepts the named server without a valid certificate",
        _CERTIFICATES,
        "https://pip.pypa.io/en/stable/cli/pip/",
    ),
    "IN-DOCKER-005-005": _flag(
        "rpm --nodigest, --nosignature, --noverify or --nofiledigest",
        "installs packages without verifying their digests or signatures",
        _SIGNATURES,
        "https://rpm.org/docs/latest/man/rpm.8",
    ),
    "IN-DOCKER-005-006": _flag(
        "yum-config-manager --setopt=sslverify=false",
        "lets yum accept any certificate of a repository",
        _CERTIFICATES,
        "https://man7.org/linux/man-pages/man5/yum.conf.5.html",
    ),
    "IN-DOCKER-005-007": _flag(
        "yum --nogpgcheck",
        "installs packages without verifying their signatures",
        _SIGNATURES,
        "https://man7.org/linux/man-pages/man8/yum.8.html",
    ),
    "IN-DOCKER-005-008": _flag(
        "curl --insecure",
        "accepts any certificate of the server",
        _CERTIFICATES,
        "https://curl.se/docs/manpage.html",
    ),
    "IN-DOCKER-005-009": _flag(
        "wget --no-check-certificate",
        "accepts any certificate of the server",
        _CERTIFICATES,
        "https://www.gnu.org/software/wget/manual/wget.html",
    ),
    "IN-DOCKER-006-001": _variable(
        "NPM_CONFIG_STRICT_SSL=false",
        "lets npm accept any certificate of the registry",
        "https://docs.npmjs.com/cli/using-npm/config",
    ),
    "IN-DOCKER-006-002": _variable(  # index inferred
        "GIT_SSL_NO_VERIFY",
        "lets git accept any certificate of a server, whatever its value",
        "https://git-scm.com/docs/git-config",
    ),
    "IN-DOCKER-006-003": _variable(
        "PIP_TRUSTED_HOST",
        "lets pip accept the named server without a valid certificate",
        "https://pip.pypa.io/en/stable/topics/configuration/",
    ),
    "IN-DOCKER-006-004": _variable(
        "NODE_TLS_REJECT_UNAUTHORIZED=0",
        "lets Node.js accept any certificate of a server",
        "https://nodejs.org/api/cli.html",
    ),
    "IN-DOCKER-007-001": _secret(
        "AWS access key id",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html",
    ),
    "IN-DOCKER-007-002": _secret(
        "Docker Hub personal access token",
        "https://docs.docker.com/security/for-developers/access-tokens/",
    ),
    "IN-DOCKER-007-003": _secret(
        "GitHub personal access token",
        "https://docs.github.com/authentication/keeping-your-account-and-data-secure",
    ),
    "IN-DOCKER-007-004": _secret(
        "GitLab personal access token",
        "https://docs.gitlab.com/ee/user/profile/personal_access_tokens.html",
    ),
    "IN-DOCKER-007-005": _secret(  # index not published
        "AWS secret access key",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html",
    ),
    "IN-DOCKER-008-001": _removal("apk"),
    "IN-DOCKER-008-002": _removal("dpkg"),
    "IN-DOCKER-008-003": _removal("rpm"),
}
"""Identifier to meaning, in order of identifier."""
