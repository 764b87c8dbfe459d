"""The real advisory database, compiled once for all tests of this folder."""

from collections.abc import Sequence
from pathlib import Path

from openinspector.advisories.build import Source, build
from openinspector.advisories.database import AdvisoryDatabase
from openinspector.model import AffectedPackage, Vulnerability


def compile_database(shared: Path, output: Path) -> AdvisoryDatabase:
    """Compile the advisories of ../shared/data into a database, and open it."""
    data = shared / "data"
    sources = [Source("osv", each.stem, each) for each in (data / "osv").glob("*.zip")]
    amazon = (data / "alas").glob("*.updateinfo.xml.gz")
    sources += [Source("amazon", each.name, each) for each in amazon]
    build(sources, output)
    return AdvisoryDatabase.open(output)


_LAST_OF_GO = (2024, 2870)
"""GO-2024-2824 is of 8 May 2024, GO-2024-2887 of 4 June (https://pkg.go.dev/vuln/list)."""


class Until:
    """What a database held on a day: later advisories left out, by their date of publication.

    Go's advisories carry no date here; theirs is told by their number.
    """

    def __init__(self, database: AdvisoryDatabase, day: str) -> None:
        self._database = database
        self.day = day

    def affected(self, ecosystem: str, name: str) -> Sequence[AffectedPackage]:
        return [each for each in self._database.affected(ecosystem, name) if self.held(each)]

    def held(self, record: AffectedPackage) -> bool:
        """Whether a record was published by then."""
        published = record.published or ""
        if published > "0002":
            return published[:10] <= self.day
        if not record.advisory.startswith("GO-"):
            return True
        _, year, number = record.advisory.split("-")
        return (int(year), int(number)) <= _LAST_OF_GO

    def vulnerability(self, identity: str) -> Vulnerability | None:
        return self._database.vulnerability(identity)

    def knows(self, ecosystem: str) -> bool:
        return self._database.knows(ecosystem)

    def ecosystems(self) -> Sequence[str]:
        return self._database.ecosystems()
