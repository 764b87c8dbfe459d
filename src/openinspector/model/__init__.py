"""The nouns: frozen, typed values without I/O that every other room shares."""

from openinspector.model.advisory import (
    AffectedPackage,
    AffectedRange,
    CvssEntry,
    Epss,
    Exploit,
    FixState,
    Knowledge,
    KnownExploited,
    Vulnerability,
)
from openinspector.model.coverage import Coverage, CoverageState, Gap
from openinspector.model.errors import DatabaseError, MissingTarget, OpenInspectorError, TargetError
from openinspector.model.inventory import (
    ConfigurationCheck,
    Distribution,
    ImageMetadata,
    Inventory,
    Kernel,
    Listener,
    Target,
    TargetKind,
)
from openinspector.model.package import SOURCE_MARK, Location, Package, PackageManager

__all__ = [
    "SOURCE_MARK",
    "AffectedPackage",
    "AffectedRange",
    "ConfigurationCheck",
    "Coverage",
    "CoverageState",
    "CvssEntry",
    "DatabaseError",
    "Distribution",
    "Epss",
    "Exploit",
    "FixState",
    "Gap",
    "ImageMetadata",
    "Inventory",
    "Kernel",
    "Knowledge",
    "KnownExploited",
    "Listener",
    "Location",
    "MissingTarget",
    "OpenInspectorError",
    "Package",
    "PackageManager",
    "Target",
    "TargetError",
    "TargetKind",
    "Vulnerability",
]
