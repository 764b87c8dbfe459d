"""SBOMs, in and out: CycloneDX and SPDX.

In: bytes -> a reader for the format (`read_*.py`) -> a `Document` (`document.py`) -> `assemble`
-> an `Inventory`. Out: an `Inventory` -> `compose` -> a `Document` -> a writer (`cyclonedx.py`,
`spdx.py`). Import the public names from their modules: `read.read_sbom`,
`cyclonedx.write_cyclonedx`, `spdx.write_spdx`.
"""
