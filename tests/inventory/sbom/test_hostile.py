"""Hostile and faulty documents: a clear error or a gap, never silence, never a hang."""

import gzip
import json
import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openinspector.inventory.limits import DEFAULT_LIMITS, Limits
from openinspector.inventory.sbom.read import read_sbom
from openinspector.model import Inventory, TargetError

from .test_formats import SPDX_TAGS, cyclonedx, library

SMALL = msgspec.structs.replace(DEFAULT_LIMITS, manifest_bytes=64 * 1024)


def reasons(inventory: Inventory) -> list[str]:
    return [gap.reason for gap in inventory.gaps]


def test_components_without_package_url_are_gaps_and_files_are_not() -> None:
    inventory = read_sbom(
        cyclonedx(
            {"type": "library", "name": "a"},
            {"type": "framework", "name": "b"},
            {"type": "file", "name": "c"},
            {"type": "library", "name": "d", "purl": "not a purl"},
            {"type": "library", "name": "e", "purl": "pkg:npm/e"},
            library("pkg:npm/f@1"),
        ),
        "x",
    )
    assert [package.name for package in inventory.packages] == ["f"]
    assert reasons(inventory) == [
        "2 components without a package URL not assessed: a, b",
        "1 component with an invalid package URL not assessed: d",
        "1 component without a version not assessed: e",
    ]


def test_many_omissions_are_one_gap_that_counts_them() -> None:
    nodes = [{"type": "library", "name": f"n{i}"} for i in range(1000)]
    assert reasons(read_sbom(cyclonedx(*nodes), "x"))[-1] == (
        "1000 components without a package URL not assessed: n0, n1, n2, n3, n4 and 995 more"
    )


def test_an_empty_document_does_not_look_clean() -> None:
    inventory = read_sbom(cyclonedx(), "x")
    assert reasons(inventory) == ["the document lists nothing to assess"]
    assert inventory.gaps[0].total


def test_packages_of_an_unnamed_distribution_do_not_look_clean() -> None:
    inventory = read_sbom(cyclonedx(library("pkg:deb/debian/a@1-1")), "x")
    assert inventory.distribution is None
    assert [package.ecosystem for package in inventory.packages] == [""]
    assert reasons(inventory) == [
        "1 package of an operating system that the document does not name"
    ]
    assert inventory.gaps[0].total


def test_packages_of_another_distribution_are_not_judged_by_the_wrong_advisories() -> None:
    inventory = read_sbom(
        cyclonedx(
            {"type": "operating-system", "name": "Debian GNU/Linux", "version": "12"},
            library("pkg:deb/debian/a@1-1?distro=bookworm"),
            library("pkg:deb/debian/b@1-1?distro=bullseye", name="b"),
            library("pkg:rpm/redhat/c@1-1?distro=rhel-9.1", name="c"),
        ),
        "x",
    )
    assert [package.name for package in inventory.packages] == ["a"]
    (reason,) = reasons(inventory)
    assert reason.startswith("2 components of another distribution not assessed: b (Debian")


def test_members_of_wrong_types_cost_only_themselves() -> None:
    good = library("pkg:npm/good@1")
    inventory = read_sbom(
        cyclonedx(
            good,
            {**library("pkg:npm/bad@1"), "name": 3, "components": [library("pkg:npm/nested@1")]},
            "text",
            {**library("pkg:npm/bad@2"), "properties": "text", "name": "bad"},
            metadata="text",
        ),
        "x",
    )
    assert [package.name for package in inventory.packages] == ["good", "nested"]
    (reason,) = reasons(inventory)
    assert reason.startswith("4 components that could not be read not assessed: ")
    assert "bad (Expected" in reason


def test_spdx_members_of_wrong_types_cost_only_themselves() -> None:
    package = {
        "name": "a",
        "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:npm/a@1"}],
    }
    document = {
        "spdxVersion": "SPDX-2.3",
        "packages": [package, {"name": 3}, 4],
        "relationships": "text",
        "annotations": [],
    }
    inventory = read_sbom(json.dumps(document).encode(), "x")
    assert [package.name for package in inventory.packages] == ["a"]
    assert reasons(inventory)[0].startswith("3 components that could not be read not assessed")


def test_nesting_beyond_the_limit_is_a_gap() -> None:
    node = library("pkg:npm/leaf@1")
    for number in range(100):
        node = library(f"pkg:npm/n{number}@1", components=[node])
    inventory = read_sbom(cyclonedx(node), "x")
    assert len(inventory.packages) == DEFAULT_LIMITS.manifest_depth
    assert "nested too deeply" in reasons(inventory)[0]


@pytest.mark.parametrize(
    "data",
    [
        b'{"bomFormat":"CycloneDX","specVersion":"1.5","components":' + b"[" * 100_000,
        b'{"bomFormat":"CycloneDX","specVersion":"1.5","components":'
        + b'[{"components":' * 100_000,
        b'{"x":' * 100_000,
        b'<bom xmlns="http://cyclonedx.org/schema/bom/1.5">' + b"<components><component>" * 100_000,
    ],
)
def test_depth_bombs_end_in_a_clear_error(data: bytes) -> None:
    with pytest.raises(TargetError, match="nested"):
        read_sbom(data, "x")


@pytest.mark.parametrize(
    "prologue",
    [
        '<!DOCTYPE bom [<!ENTITY a "b">]>',
        '<!DOCTYPE bom [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE bom [<!ENTITY % a "b"> %a;]>',
    ],
)
def test_entities_are_refused(prologue: str) -> None:
    text = (
        f'<?xml version="1.0"?>{prologue}<bom xmlns="http://cyclonedx.org/schema/bom/1.5">&a;</bom>'
    )
    with pytest.raises(TargetError, match="entities, which are refused"):
        read_sbom(text.encode(), "x")


def test_a_truncated_xml_document_gives_what_it_held_and_a_gap() -> None:
    text = (
        '<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components>'
        '<component type="library"><name>a</name><purl>pkg:npm/a@1</purl></component><comp'
    )
    inventory = read_sbom(text.encode(), "x")
    assert [package.name for package in inventory.packages] == ["a"]
    assert "the XML breaks off" in reasons(inventory)[0]


def test_gzip_bombs_end_in_a_clear_error() -> None:
    with pytest.raises(TargetError, match="inflates to more than"):
        read_sbom(gzip.compress(bytes(2_000_000)), "x", SMALL)
    with pytest.raises(TargetError, match="truncated"):
        read_sbom(gzip.compress(cyclonedx(library("pkg:npm/a@1")))[:-9], "x")
    with pytest.raises(TargetError, match="members"):
        read_sbom(gzip.compress(b"") * 100_000, "x")
    with pytest.raises(TargetError, match="cannot be inflated"):
        read_sbom(b"\x1f\x8b" + b"\xff" * 50, "x")
    with pytest.raises(TargetError, match="at most"):
        read_sbom(b" " * 300_000, "x", SMALL)


def test_the_limit_on_packages_is_told() -> None:
    limits = Limits(packages=2)
    nodes = [library(f"pkg:npm/n{number}@1") for number in range(5)]
    inventory = read_sbom(cyclonedx(*nodes), "x", limits)
    assert len(inventory.packages) == 2
    assert reasons(inventory) == ["packages beyond the limit not assessed: 3"]


def test_a_hundred_thousand_components_take_seconds_at_most() -> None:
    nodes = ",".join(
        f'{{"type":"library","name":"n{i}","bom-ref":"same","purl":"pkg:npm/n{i}@1"}}'
        for i in range(100_000)
    )
    data = f'{{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{nodes}]}}'
    start = time.process_time()
    assert len(read_sbom(data.encode(), "x").packages) == 100_000
    assert time.process_time() - start < 30


def test_invalid_utf8_and_control_characters() -> None:
    data = cyclonedx(library("pkg:npm/a@1", licenses=[{"license": {"name": "L"}}]))
    assert read_sbom(data.replace(b'"L"', b'"\xff"'), "x").packages[0].licenses == ("\ufffd",)
    inventory = read_sbom(cyclonedx(library("pkg:npm/a%1b[2J@1", name="a\x1b[2J")), "x")
    assert inventory.packages == ()
    assert "1 component with an invalid package URL" in reasons(inventory)[-1]


def test_relationships_in_a_circle_are_harmless() -> None:
    packages = [
        {
            "name": name,
            "SPDXID": f"SPDXRef-{name}",
            "externalRefs": [
                {
                    "referenceType": "purl",
                    "referenceLocator": f"pkg:deb/debian/{name}@1?distro=bookworm",
                }
            ],
        }
        for name in ("a", "b")
    ]
    relations = [
        {
            "spdxElementId": f"SPDXRef-{one}",
            "relationshipType": "GENERATED_FROM",
            "relatedSpdxElement": f"SPDXRef-{other}",
        }
        for one, other in (("a", "b"), ("b", "a"), ("a", "a"), ("a", "missing"))
    ]
    document = {"spdxVersion": "SPDX-2.3", "packages": packages, "relationships": relations}
    assert len(read_sbom(json.dumps(document).encode(), "x").packages) == 2


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_documents_never_crash(data: st.DataObject) -> None:
    """Cut, overwritten and inserted bytes of a document in each format."""
    xml = (
        b'<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components><component type="library">'
        b"<name>a</name><purl>pkg:npm/a@1</purl></component></components></bom>"
    )
    syft = b'{"artifacts":[{"name":"a","version":"1","purl":"pkg:npm/a@1"}],"distro":{"id":"x"}}'
    spdx = b'{"spdxVersion":"SPDX-2.3","packages":[{"name":"a","externalRefs":[]}]}'
    documents = [cyclonedx(library("pkg:npm/a@1")), xml, syft, spdx, SPDX_TAGS.encode()]
    original = data.draw(st.sampled_from(documents))
    place = data.draw(st.integers(0, len(original)))
    length = data.draw(st.integers(0, 12))
    damaged = original[:place] + data.draw(st.binary(max_size=6)) + original[place + length :]
    try:
        inventory = read_sbom(damaged, "x")
    except TargetError as error:
        message = str(error)
        assert message.startswith("x: ")
    else:
        assert inventory.packages or inventory.gaps
