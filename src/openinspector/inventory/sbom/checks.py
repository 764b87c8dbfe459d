"""Configuration checks as the generator writes them: properties of file components."""

from collections.abc import Iterator

from openinspector.inventory.sbom import properties as p
from openinspector.inventory.sbom.document import Component, Properties
from openinspector.model import ConfigurationCheck
from openinspector.patterns import regex

_LINES = regex(r"affected_lines:(\d{1,9})-(\d{1,9})\Z")
_KINDS = {p.DOCKERFILE_FINDING: "dockerfile:", p.CERTIFICATE_FINDING: "certificate:"}
_SCANNED = {p.SCANNER + "dockerfile_finding:": "dockerfile:"}


def checks_of(component: Component) -> Iterator[ConfigurationCheck]:
    """The checks that a file component carries, in the document's order."""
    items = component.properties
    for index, (name, value) in enumerate(items):
        for prefix, kind in (*_KINDS.items(), *_SCANNED.items()):
            if not name.startswith(prefix):
                continue
            following = items[index + 1] if index + 1 < len(items) else ("", "")
            detail = following[1] if following[0] == p.CHECK_DETAIL else None
            yield _check(
                name.removeprefix(prefix), component.name.removeprefix(kind), value, detail
            )


def _check(identity: str, path: str, value: str, detail: str | None) -> ConfigurationCheck:
    lines = _LINES.match(value)
    begin, end = (int(lines[1]), int(lines[2])) if lines else (0, 0)
    if detail is None:
        detail = "" if lines else value
    return ConfigurationCheck(identity, path, begin, end, detail)


def write_checks(checks: tuple[ConfigurationCheck, ...]) -> dict[str, Properties]:
    """Component name and its properties, one component for each file that checks speak of."""
    files: dict[str, Properties] = {}
    for check in checks:
        certificate = check.id.startswith("IN-CERTIFICATE")
        prefix = p.CERTIFICATE_FINDING if certificate else p.DOCKERFILE_FINDING
        value = f"affected_lines:{check.begin_line}-{check.end_line}"
        if certificate and (check.begin_line, check.end_line) == (0, 0):
            value = check.detail
        items = files.setdefault(_KINDS[prefix] + check.path, [])
        items.append((prefix + check.id, value))
        if value is not check.detail and check.detail:
            items.append((p.CHECK_DETAIL, check.detail))
    return files
