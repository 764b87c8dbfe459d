"""Programs are told apart by their section names, without reading the rest of them."""

from pathlib import Path

import pytest

from openinspector.inventory.cataloger import MemoryFile
from openinspector.inventory.catalogers.binaries import parse_binary
from openinspector.inventory.executables import elf
from openinspector.inventory.limits import DEFAULT_LIMITS


class Watched(MemoryFile):
    """Counts the bytes that are read in parts, and whether the whole was."""

    __slots__ = ("parts", "whole")

    def __init__(self, path: str, content: bytes) -> None:
        super().__init__(path, content)
        self.parts = 0

    def part(self, offset: int, size: int) -> bytes | memoryview:
        data = super().part(offset, size)
        self.parts += len(data)
        return data


@pytest.fixture(scope="module")
def program() -> bytes:
    """A program of this machine that is neither Go nor Rust."""
    path = Path("/bin/bash")
    if not path.is_file() or path.read_bytes()[:4] != elf.MAGIC:
        pytest.skip("this machine has no ELF program /bin/bash")
    return path.read_bytes()


def test_a_program_of_neither_kind_is_passed_over_by_its_section_names(program: bytes) -> None:
    file = Watched("bin/bash", program)
    assert list(parse_binary(file, DEFAULT_LIMITS)) == []
    assert 0 < file.parts < len(program) / 100


def test_the_names_are_those_of_the_whole_table(program: bytes) -> None:
    names = elf.section_names(len(program), lambda at, size: program[at : at + size])
    assert names is not None
    whole = elf.parse(memoryview(program))
    # Linkers let `.plt` share the end of `.rela.plt`: names are found within one another.
    assert all(each.name.encode() in names for each in whole.sections)


@pytest.mark.parametrize("kept", [0, 3, 63, 64, 1000, -1, -64])
def test_what_is_cut_off_is_left_to_the_whole_reader(program: bytes, kept: int) -> None:
    cut = program[:kept]
    assert elf.section_names(len(cut), lambda at, size: cut[at : at + size]) is None
