"""Names of SBOM properties: ours, the Amazon Inspector SBOM generator's, and those of other tools.

The generator's taxonomy is spec/sbom-generator.md 3.1. What it has no name for is written under
`openinspector:`, and only where the reader could not derive the same value from the rest of the
component: so a document of ours reads back to the inventory that it was made from.
"""

GENERATOR = "amazon:inspector:sbom_generator:"
SCANNER = "amazon:inspector:sbom_scanner:"
LEGACY_COLLECTOR = "amazon:inspector:sbom_collector:"
OWN = "openinspector:"

SOURCE_PATH = GENERATOR + "source_path"
LAYER_DIFF_ID = GENERATOR + "layer_diff_id"
SOURCE_FILE_SCANNER = GENERATOR + "source_file_scanner"
SOURCE_PACKAGE_COLLECTOR = GENERATOR + "source_package_collector"
EVIDENCE = frozenset({SOURCE_PATH, LAYER_DIFF_ID, SOURCE_FILE_SCANNER, SOURCE_PACKAGE_COLLECTOR})
"""Properties of the generator that are fields of a package."""

PACKAGE_FACTS = frozenset(
    {
        "file_size_bytes",
        "is_duplicate_package",
        "duplicate_purl",
        "replaced_by",
        "unresolved_version",
        "go_toolchain",
        "experimental:transitive_dependency",
        "kernel_component",
        "running_kernel",
        "live_patched_cves",
        "subscription:enabled",
        "subscription:name",
        "subscription:locked_version",
        "mozilla:source_repository",
    }
)
"""Names of `Package.properties` that the generator has."""

DOCKERFILE_FINDING = GENERATOR + "dockerfile_finding:"
CERTIFICATE_FINDING = GENERATOR + "certificate_finding:"

IMAGE_ID = GENERATOR + "image_id"
IMAGE_ARCH = GENERATOR + "image_arch"
IMAGE_AUTHOR = GENERATOR + "image_author"
IMAGE_DOCKER_VERSION = GENERATOR + "image_docker_version"
IMAGE_COMMAND = GENERATOR + "image:cmd:"
IMAGE_ENTRYPOINT = GENERATOR + "image:entrypoint:"
IMAGE_WORKDIR = GENERATOR + "image:workdir"
IMAGE_BASE_LAYER = GENERATOR + "image:base_layer"
CPU_ARCHITECTURE = GENERATOR + "cpu_architecture"
KERNEL_NAME = GENERATOR + "kernel_name"
KERNEL_VERSION = GENERATOR + "kernel_version"
HOST_KERNEL_VERSION = GENERATOR + "metadata:host:kernel_version"

SOURCE_PACKAGE = OWN + "source_package"
"""On a parent that groups the binary packages of one source: `only` when it stands for nothing
but the source package, `installed` when it is an installed package as well."""
DUPLICATE = GENERATOR + "is_duplicate_package"
SUBSUMED = OWN + "subsumed"
"""Beside `DUPLICATE` where that is not a property of the package itself but says that an OS package
owns its file (`Inventory.subsumed`)."""
CHECK_DETAIL = OWN + "check_detail"
"""The detail of the check property before it."""
LICENSE = OWN + "license"
"""One licence of an SPDX package, whose declared licence is a single expression."""
SCOPE = OWN + "scope"
"""CycloneDX's scope of an SPDX package (`excluded`: development only)."""
PACKAGE_PROPERTY = OWN + "property:"
PACKAGE_FIELD = OWN + "package:"
DISTRIBUTION = OWN + "distribution"
DISTRIBUTION_ID = OWN + "distribution_id"
TARGET_FIELD = OWN + "target:"
IMAGE_FIELD = OWN + "image:"
KERNEL_BUILD = OWN + "kernel_build"
GAP = OWN + "gap"
NOTE = OWN + "note"
EXAMINED = OWN + "examined"

TRIVY = "aquasecurity:trivy:"
SYFT_LOCATION = "syft:location:"
SYFT_METADATA = "syft:metadata:"
SYFT_DISTRIBUTION = "syft:distro:"
NPM_DEVELOPMENT = "cdx:npm:package:development"
CDXGEN_SOURCE_FILE = "SrcFile"
