"""GitHub Actions: the actions that workflows use, where a whole version is told.

`uses: owner/name@v1.2.3` tells it, and so does a commit with the version as comment, as
Dependabot writes it: `uses: owner/name@<commit> # v1.2.3`. A tag such as `v4` moves, and what it
stands for when the workflow runs is not in the tree: nothing is said of it. It is no gap either,
for nearly every repository uses such tags and none of them is part of what it delivers.
"""

import re
from collections.abc import Iterator

from openinspector.inventory.cataloger import Cataloger, File, Yield
from openinspector.inventory.documents import read_text
from openinspector.inventory.language_packages import Origin, Packages
from openinspector.inventory.language_purl import GITHUB_ACTIONS
from openinspector.inventory.limits import Limits
from openinspector.patterns import regex

_ORIGIN = Origin(GITHUB_ACTIONS, None, "github-actions", "github-actions")
_USES = regex(
    r"""^[ \t]*(?:-[ \t]+)?["']?uses["']?:[ \t]+["']?"""
    r"""(?P<name>[\w.-]{1,100}/[\w.-]{1,100})(?P<inner>/[\w./-]{1,500})?@(?P<tag>[^\s'"#]{1,300})"""
    r"""["']?(?:[ \t]+\#[ \t]*(?:tag=|pin@)?(?P<comment>v?[0-9][\w.+-]{0,100}))?""",
    re.MULTILINE,
)
_WHOLE = regex(r"v?[0-9]+\.[0-9]+\.[0-9]+(?:[-+][\w.+-]*)?")


def parse_workflow(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield every action with a whole version; they run while building, never in production."""
    packages = Packages(file, _ORIGIN)
    for use in _USES.finditer(read_text(file, limits)):
        for version in (use["tag"], use["comment"]):
            if version and _WHOLE.fullmatch(version):
                inner = (use["inner"] or "").strip("/")
                packages.add(use["name"], version, development=True, subpath=inner)
                break
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
