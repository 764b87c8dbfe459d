"""SPDX 2.2 and 2.3 tag-value (https://spdx.github.io/spdx-spec/v2.3/)."""

from collections.abc import Iterator

from openinspector.inventory.limits import Limits
from openinspector.inventory.sbom.document import Document
from openinspector.inventory.sbom.omissions import Omissions
from openinspector.inventory.sbom.spdx_elements import (
    DOCUMENT_ID,
    SpdxAnnotation,
    SpdxDocument,
    SpdxPackage,
    SpdxReference,
    SpdxRelationship,
    as_document,
)

_OTHER_SECTIONS = frozenset({"FileName", "SnippetSPDXID", "LicenseID", "ExternalDocumentRef"})

_TRIVY_LOCK = "SPDXRef-Application-"
"""A lock file, under which Trivy groups packages; in tag-value it leaves out the annotation."""


def read(data: bytes, limits: Limits) -> Document:
    """Read SPDX tag-value; raises `ValueError` when it is of an unsupported version."""
    document = SpdxDocument()
    omitted = Omissions()
    parser = _Parser(document, omitted)
    for tag, value in _tags(data.decode("utf-8", "replace")):
        parser.tag(tag, value)
    parser.close()
    return as_document(document, "tag-value", omitted)


def _tags(text: str) -> Iterator[tuple[str, str]]:
    """Tags and values; `<text>` may span lines, comments and lines without colon are skipped."""
    lines = iter(text.split("\n"))
    for line in lines:
        tag, colon, value = line.partition(":")
        tag, value = tag.strip(), value.strip()
        if not colon or tag.startswith("#"):
            continue
        if value.startswith("<text>"):
            parts = [value[len("<text>") :]]
            while "</text>" not in parts[-1]:
                following = next(lines, None)
                if following is None:
                    break
                parts.append(following.rstrip("\r"))
            value = "\n".join(parts).partition("</text>")[0]
        yield tag, value


class _Parser:
    """Fills the document; a tag belongs to the section that opened last."""

    def __init__(self, document: SpdxDocument, omitted: Omissions) -> None:
        self.document = document
        self.omitted = omitted
        self._package: SpdxPackage | None = None
        self._by_id: dict[str, SpdxPackage] = {}
        self._annotation: SpdxAnnotation | None = None
        self._annotated = ""
        self._elsewhere = False
        self._by_trivy = False

    def tag(self, tag: str, value: str) -> None:
        """Take one tag."""
        if tag == "PackageName":
            self._package = SpdxPackage(name=value)
            self.document.packages.append(self._package)
            self._elsewhere = False
        elif tag == "Relationship":
            self._relationship(value)
        elif tag == "Annotator":
            self.close()
            self._annotation = SpdxAnnotation(annotator=value)
            self._annotated = self._package.spdx_id if self._package else DOCUMENT_ID
        elif tag == "SPDXREF":
            self._annotated = value
        elif tag == "AnnotationComment" and self._annotation is not None:
            self._annotation.comment = value
        elif tag in _OTHER_SECTIONS:
            self._elsewhere = True
        elif tag == "SPDXVersion":
            self.document.version = value
        elif tag == "Creator":
            self._by_trivy = self._by_trivy or value.startswith("Tool: trivy")
        elif self._package is not None and not self._elsewhere:
            self._field(self._package, tag, value)

    def _field(self, package: SpdxPackage, tag: str, value: str) -> None:
        if tag == "SPDXID":
            package.spdx_id = value
            if self._by_trivy and value.startswith(_TRIVY_LOCK):
                package.attributions.append("Class: lang-pkgs")
            self._by_id.setdefault(value, package)
        elif tag == "PackageVersion":
            package.version = value
        elif tag == "PrimaryPackagePurpose":
            package.purpose = value.upper()
        elif tag == "PackageSourceInfo":
            package.source_info = value
        elif tag == "PackageLicenseDeclared":
            package.declared = value
        elif tag == "PackageAttributionText":
            package.attributions.append(value)
        elif tag == "ExternalRef":
            words = value.split(None, 2)
            if len(words) == 3:
                package.references.append(SpdxReference(words[1], words[2]))
            else:
                self.omitted.add("malformed", f"{package.name} (external reference)")

    def _relationship(self, value: str) -> None:
        words = value.split()
        if len(words) == 3:
            self.document.relationships.append(SpdxRelationship(*words))

    def close(self) -> None:
        """Give the annotation that is open to its element, whose tags may come in any order."""
        if self._annotation is None:
            return
        if self._annotated == DOCUMENT_ID:
            self.document.annotations.append(self._annotation)
        elif self._annotated in self._by_id:
            self._by_id[self._annotated].annotations.append(self._annotation)
        self._annotation = None
