"""Package URLs in the forms of spec/sbom-generator.md 2.1 (purl-spec)."""

from packageurl import PackageURL


def make_purl(
    type_: str,
    name: str,
    version: str | None,
    namespace: str | None = None,
    qualifiers: dict[str, str] | None = None,
) -> str:
    """Write a package URL; empty qualifiers are left out, the others sorted by name."""
    kept = {key: value for key, value in (qualifiers or {}).items() if value}
    return PackageURL(type_, namespace, name, version or None, kept or None).to_string()
