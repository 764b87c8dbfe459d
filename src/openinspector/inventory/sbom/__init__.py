"""SBOMs, in and out: CycloneDX and SPDX."""
