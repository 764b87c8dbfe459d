"""Hostile manifests: every parser answers or raises `ReadError`, soon, whatever it gets."""

import contextlib
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openinspector.inventory.cataloger import ReadError, run
from openinspector.inventory.language_packages import TEXT_LENGTH
from openinspector.inventory.limits import Limits
from openinspector.model import Gap, Package

from .samples import SAMPLES, Sample
from .test_samples import CATALOGERS

TOKENS = [
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b'"',
    b"'",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[",
    b"]]",
    b"(",
    b":",
    b": ",
    b"- ",
    b",",
    b"=",
    b"==",
    b"@",
    b"/",
    b"#",
    b"&a ",
    b"*a",
    b"<<: *a\n",
    b"!!binary ",
    b"---\n",
    b"null",
    b"true",
    b"1e999",
    b"9" * 5000,
    b"\\u0000",
    b"\\ud800",
    b"\x1b[31m",
    "\u202e".encode(),
    b"name",
    b"version",
    b"npm:",
    b"file:",
    b"node_modules/",
    b"1.0.0",
    b"x" * (TEXT_LENGTH + 1),
]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[Sample, bytes]:
    """A sample with some stretches of it taken out, doubled, or replaced by awkward tokens."""
    sample = draw(st.sampled_from(SAMPLES))
    data = sample.content.encode()
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + draw(st.sampled_from([0, 1, 9, 99])))))
        token = draw(st.sampled_from(TOKENS) | st.binary(max_size=6) | st.just(data[start:end] * 2))
        data = data[:start] + token + data[end:]
    return sample, data


@given(case=mutated())
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_mutated_manifests_are_read_or_refused(case: tuple[Sample, bytes]) -> None:
    sample, data = case
    with contextlib.suppress(ReadError):
        for result in run(CATALOGERS[sample.cataloger], sample.path, data):
            if isinstance(result, Package):
                for value in (result.name, result.version, *result.licenses):
                    assert value.isprintable()
                    assert 0 < len(value) <= TEXT_LENGTH
                assert result.purl.startswith("pkg:")
                assert result.purl.isascii()
            else:
                assert isinstance(result, Gap)
                assert result.reason.isprintable()
                assert len(result.reason) < 1000


@given(data=st.binary(max_size=300), name=st.sampled_from(sorted(CATALOGERS)))
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes, name: str) -> None:
    with contextlib.suppress(ReadError):
        run(CATALOGERS[name], f"a/{name}", data)


FLOODS = {
    "nothing": b"\x00",
    "escaped quotes": b'\\"',
    "lines": b"\n",
    "spaces": b" ",
    "letters": b"a",
    "quotes": b'"',
    "escapes": b'"\\',
    "comments": b"/*",
    "commas": b", ",
    "arrays": b"[",
    "objects": b'{"a":',
    "list items": b"- ",
    "keys": b"a: ",
    "dots": b"a.",
    "dashes": b"-1",
    "ats": b"a@",
    "colons": b"a:",
    "slashes": b"a/",
    "parentheses": b"a (",
    "names": b"Name: \t",
    "header of spaces": b"Name:" + b" " * 1000,
    "requirements": b"a==1\\\n",
    "wheels": b"a-1-",
    "uses": b"- uses: a/b@",
    "mix": b'"a": {:hex, :a, ',
    "rebar": b'{<<"a">>,{pkg,<<"a">>,',
    "erlang quotes": b'<<"',
    "sections": b"GEM\n  specs:\n    a (1)\n",
    "gemspec": b's.name = "',
    "anchors": b"&a [*a,",
    "tables": b"[[package]]\nname='a'\n",
    "dotted tables": b"[" + b"a." * 60 + b"a]\n",
    "constraints": b"any.a ==1,",
}


def flood(unit: bytes, size: int, seconds: float) -> None:
    """Give every parser a manifest that is full of one thing; none may take longer than that."""
    data = unit * (size // len(unit))
    for sample in SAMPLES:
        for content in (data, sample.content[:40].encode() + data):
            started = time.monotonic()
            with contextlib.suppress(ReadError):
                run(CATALOGERS[sample.cataloger], sample.path, content)
            assert time.monotonic() - started < seconds, sample.path


@pytest.mark.parametrize("unit", FLOODS.values(), ids=FLOODS)
def test_floods_end_soon(unit: bytes) -> None:
    """A search that is quadratic in 200 kB takes minutes."""
    flood(unit, 200_000, 10)


@pytest.mark.slow
@pytest.mark.parametrize("unit", FLOODS.values(), ids=FLOODS)
def test_large_floods_end_soon(unit: bytes) -> None:
    flood(unit, 3_000_000, 30)


@pytest.mark.parametrize(
    "sample",
    [sample for sample in SAMPLES if sample.cataloger != "javascript-bun-binary"],
    ids=lambda sample: sample.path,
)
def test_files_over_the_limit_are_refused(sample: Sample) -> None:
    with pytest.raises(ReadError, match="manifests are read up to 10"):
        run(
            CATALOGERS[sample.cataloger],
            sample.path,
            sample.content.encode(),
            limits=Limits(manifest_bytes=10),
        )


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.path)
def test_truncated_manifests_say_no_more_than_whole_ones(sample: Sample) -> None:
    """What is left of a file is read or refused; nothing is made up."""
    data = sample.content.encode()
    whole = {package.rstrip("*").split()[0] for package in sample.packages if package}
    for end in range(0, len(data), 7):
        with contextlib.suppress(ReadError):
            for result in run(CATALOGERS[sample.cataloger], sample.path, data[:end]):
                if isinstance(result, Package) and sample.path.endswith((".json", ".lock")):
                    names = {name for name in whole if name.startswith(result.name)}
                    assert names or result.name in sample.content


def test_a_uv_lock_with_one_odd_name_keeps_the_others() -> None:
    """Found by fuzzing: a name that is a list ended the reading of the whole file."""
    row = CATALOGERS["python-uv"]
    lock = b'version = 1\n[[package]]\nname = ["a"]\nversion = "1"\n' + (
        b'[[package]]\nname = "b"\nversion = "2"\nsource = { registry = "https://example.org" }\n'
    )
    found = run(row, "uv.lock", lock)
    assert [each.name for each in found if isinstance(each, Package)] == ["b"]
    assert [each.reason for each in found if isinstance(each, Gap)] == [
        "1 entry without a usable name and version, left out: (list)"
    ]
