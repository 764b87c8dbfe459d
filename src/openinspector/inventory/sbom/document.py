"""An SBOM as every reader leaves it: components in a list, whatever the format was."""

import msgspec

from openinspector.model import Gap

Properties = list[tuple[str, str]]
NO_PARENT = -1


class Component(msgspec.Struct, gc=False):
    """One component of an SBOM.

    `kind` is CycloneDX's component type (`library`, `application`, `operating-system`, `file`,
    ...). `properties` keep the document's order and may repeat a name. `paths` are where the
    format itself says that the component was seen. `parent` is the index of the component that
    it is nested in, or `NO_PARENT`.
    """

    kind: str
    name: str
    version: str = ""
    group: str = ""
    purl: str = ""
    ref: str = ""
    scope: str = ""
    properties: Properties = []
    licenses: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    parent: int = NO_PARENT


class Document(msgspec.Struct):
    """An SBOM: what it describes (`subject`), its components, and what could not be read of it."""

    format: str
    components: list[Component]
    subject: Component | None = None
    properties: Properties = []
    gaps: list[Gap] = []
    notes: list[str] = []
