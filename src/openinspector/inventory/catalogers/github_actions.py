"""GitHub Actions: the actions that workflows use, where a whole version is told.

`uses: owner/name@v1.2.3` tells it, and so does a commit with the version as comment, as
Dependabot writes it: `uses: owner/name@<commit> # v1.2.3`. A tag such as `v4` moves.
"""

import re
from collections.abc import Iterator

from openinspector.inventory.cataloger import Cataloger, File, Yield
from openinspector.inventory.documents import read_text
from openinspector.inventory.language_packages import Origin, Packages
from openinspector.inventory.language_purl import GITHUB_ACTIONS
from openinspector.inventory.limits import Limits

_ORIGIN = Origin(GITHUB_ACTIONS, None, "github-actions", "github-actions")
_USES = re.compile(
    r"""^[ \t]*(?:-[ \t]+)?["']?uses["']?:[ \t]+["']?"""
    r"""(?P<name>[\w.-]{1,100}/[\w.-]{1,100})(?P<inner>/[\w./-]{1,500})?@(?P<tag>[^\s'"#]{1,300})"""
    r"""["']?(?:[ \t]+\#[ \t]*(?:tag=|pin@)?(?P<comment>v?[0-9][\w.+-]{0,100}))?""",
    re.MULTILINE,
)
_WHOLE = re.compile(r"v?[0-9]+\.[0-9]+\.[0-9]+(?:[-+][\w.+-]*)?")


def parse_workflow(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield every action with a whole version; they run while building, never in production."""
    packages = Packages(file, _ORIGIN)
    for use in _USES.finditer(read_text(file, limits)):
        told = (tag for tag in (use["tag"], use["comment"]) if tag and _WHOLE.fullmatch(tag))
        packages.add(
            use["name"],
            next(told, None),
            development=True,
            subpath=(use["inner"] or "").strip("/"),
        )
    yield from packages.results()


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="github-actions",
        version=1,
        part="language-packages",
        parse=parse_workflow,
        globs=("**/.github/workflows/*.yml", "**/.github/workflows/*.yaml"),
    ),
)
