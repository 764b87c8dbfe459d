"""Which distribution: os-release(5), and the files that came before it.

Each file yields what it says by itself; `openinspector.inventory.distribution.choose` weighs them.
"""

import re
from collections.abc import Callable, Iterator

from openinspector.inventory.cataloger import Cataloger, File, Yield
from openinspector.inventory.distribution import PRECEDENCE, identify
from openinspector.inventory.limits import Limits
from openinspector.patterns import regex

_MAXIMUM = 64 * 1024
"""More than any such file needs; the rest is not read."""

_SENTENCE = 256
"""Longest first line of a release file that is looked at."""

_ASSIGNMENT = regex(r"^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$")


def _text(file: File) -> str:
    return bytes(file.data[:_MAXIMUM]).decode("utf-8", "replace").lstrip("\ufeff")


def _unquote(value: str) -> str:
    """A value in the shell-like quoting of os-release(5)."""
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        quote, value = value[0], value[1:-1]
        return re.sub(r"\\([\\\"$`])", r"\1", value) if quote == '"' else value
    return re.sub(r"\\(.)", r"\1", value)


def read_fields(text: str) -> dict[str, str]:
    """The assignments of an os-release file; comments and lines that are none are passed over."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        found = _ASSIGNMENT.match(line)
        if found:
            fields[found[1]] = _unquote(found[2])
    return fields


def _lsb_fields(text: str) -> dict[str, str]:
    """Translate `DISTRIB_*` of lsb-release into os-release fields."""
    fields = read_fields(text)
    identifier = fields.get("DISTRIB_ID", "")
    return {
        "ID": _LSB_IDS.get(identifier.lower(), identifier.lower()),
        "NAME": identifier,
        "VERSION_ID": fields.get("DISTRIB_RELEASE", ""),
        "VERSION_CODENAME": fields.get("DISTRIB_CODENAME", ""),
    }


_LSB_IDS = {
    "amazonami": "amzn",
    "redhatenterpriseserver": "rhel",
    "redhatenterprise": "rhel",
    "oracleserver": "ol",
    "suse linux": "sles",
    "vmware photon": "photon",
    "vmware photon os": "photon",
    "vmware photon linux": "photon",
}


def _alpine_fields(text: str) -> dict[str, str]:
    return {"ID": "alpine", "VERSION_ID": text.strip().splitlines()[0] if text.strip() else ""}


def _debian_fields(text: str) -> dict[str, str]:
    """`12.4`, or `trixie/sid` before a release (which says no more than the code name)."""
    word = text.strip().splitlines()[0] if text.strip() else ""
    if word[:1].isdigit():
        return {"ID": "debian", "VERSION_ID": word}
    return {"ID": "debian", "VERSION_CODENAME": word.split("/")[0]}


_RELEASE_NAMES = (
    ("amazon linux", "amzn"),
    ("red hat", "rhel"),
    ("centos", "centos"),
    ("rocky", "rocky"),
    ("almalinux", "almalinux"),
    ("oracle", "ol"),
    ("enterprise linux enterprise linux", "ol"),
    ("fedora", "fedora"),
    ("photon", "photon"),
    ("vmware photon", "photon"),
    ("mageia", "mageia"),
    ("opensuse", "opensuse"),
    ("suse linux enterprise desktop", "sled"),
    ("suse linux enterprise", "sles"),
    ("cbl-mariner", "mariner"),
    ("azure linux", "azurelinux"),
    ("mariner", "mariner"),
    ("openeuler", "openeuler"),
    ("debian", "debian"),
    ("ubuntu", "ubuntu"),
)
"""How one-line release files begin, in lower case, with the ID of each."""


def _sentence_fields(text: str) -> dict[str, str]:
    """`CentOS Linux release 7.9.2009 (Core)`: a name, `release`, a version.

    SuSE-release puts `VERSION = 11` and `PATCHLEVEL = 4` on lines of their own instead. A name
    that is not known stays as it is: a relative of Red Hat keeps redhat-release, which says so
    by the path.
    """
    lines = text.strip().splitlines() or [""]
    sentence = " ".join(lines[0][:_SENTENCE].split())
    version = re.search(r"(?:release|version|OS|Linux)\s+v?(\d[\w.]*)", sentence, re.IGNORECASE)
    version = version or re.search(r"\b(\d+(?:\.\d+)*)\b", sentence)
    assigned = {
        match[1]: match[2]
        for match in (re.match(r"\s*(VERSION|PATCHLEVEL)\s*=\s*(\S+)", line) for line in lines[1:])
        if match
    }
    number = assigned.get("VERSION") or (version[1] if version else "")
    if assigned.get("PATCHLEVEL", "0") != "0" and "." not in number:
        number = f"{number}.{assigned['PATCHLEVEL']}"
    lowered = sentence.lower()
    identifier = next((to for start, to in _RELEASE_NAMES if lowered.startswith(start)), "")
    name = re.split(r"\s+(?:release|version|\d)", sentence, maxsplit=1, flags=re.IGNORECASE)[0]
    return {"ID": identifier, "NAME": name, "VERSION_ID": number}


def _redhat_fields(text: str) -> dict[str, str]:
    """redhat-release of an unknown relative (Scientific Linux ...) is judged as Red Hat's."""
    fields = _sentence_fields(text)
    if not fields["ID"] and fields["NAME"]:
        fields["ID"] = re.sub(r"[^a-z0-9]+", "-", fields["NAME"].lower()).strip("-")
        fields["ID_LIKE"] = "rhel"
    return fields


_READERS: dict[str, Callable[[str], dict[str, str]]] = {
    "etc/lsb-release": _lsb_fields,
    "etc/alpine-release": _alpine_fields,
    "etc/debian_version": _debian_fields,
    "etc/os-release": read_fields,
    "usr/lib/os-release": read_fields,
    "etc/redhat-release": _redhat_fields,
}
"""How to read each file of PRECEDENCE; those not named here hold one sentence."""


def parse(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the Distribution that one file names, if it names one."""
    distribution = identify(_READERS.get(file.path, _sentence_fields)(_text(file)))
    if distribution is not None:
        yield distribution


CATALOGERS = (
    Cataloger(
        name="os-release",
        version=1,
        part="os-packages",
        parse=parse,
        globs=PRECEDENCE,
        roots_only=True,
    ),
)
