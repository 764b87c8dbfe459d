"""Damage a disk image in many ways and read each: `damaging.py IMAGE TIMES SEED`.

Prints a line of JSON for each: what was done, and what came of it. Started by `test_damage.py`.
"""

import io
import json
import random
import sys
from pathlib import Path

from openinspector.inventory.collect import collect
from openinspector.inventory.limits import DEFAULT_LIMITS
from openinspector.inventory.trees.disk.disk_tree import open_disk
from openinspector.model import TargetError
from tests.inventory.trees.toys import TOYS

_BLOCK = 512


class Damaged(io.RawIOBase):
    """A disk with some of its bytes changed, and maybe its end cut off."""

    def __init__(self, data: bytes, changes: dict[int, int], size: int) -> None:
        self._data = data
        self._changes = changes
        self._size = size
        self._position = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = (0, self._position, self._size)[whence] + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._position + size, self._size)
        found = bytearray(self._data[self._position : end])
        for at, value in self._changes.items():
            if self._position <= at < end:
                found[at - self._position] = value
        self._position += len(found)
        return bytes(found)


def used_blocks(data: bytes) -> list[int]:
    """Blocks that are not zero: damage elsewhere would hardly be seen."""
    zero = bytes(_BLOCK)
    return [at for at in range(0, len(data), _BLOCK) if data[at : at + _BLOCK] != zero]


def draw(random_: random.Random, data: bytes, blocks: list[int]) -> tuple[dict[int, int], int]:
    """Some bytes of some blocks, or a whole block, or the end."""
    kind = random_.randrange(5)
    if kind == 0:
        return {}, random_.randrange(len(data))
    at = random_.choice(blocks[: 64 if kind == 1 else None])
    if kind == 2:
        fill = random_.choice((0, 0xFF))
        return dict.fromkeys(range(at, at + _BLOCK), fill), len(data)
    places = [random_.choice(blocks) + random_.randrange(_BLOCK) for _ in range(kind)]
    places.append(at + random_.randrange(_BLOCK))
    return {place: _flip(random_, data, place) for place in places}, len(data)


def _flip(random_: random.Random, data: bytes, place: int) -> int:
    before = data[place] if place < len(data) else 0
    return random_.choice((before ^ (1 << random_.randrange(8)), 0, 0xFF, 0x7F, 1))


def read(source: io.RawIOBase) -> dict[str, object]:
    """The answer about a disk, or the error that a user would see."""
    answer: dict[str, object] = {"packages": 0, "gaps": 0, "error": ""}
    try:
        with open_disk(source, "damaged", DEFAULT_LIMITS) as tree:  # type: ignore[arg-type]
            found = collect(tree, TOYS)
    except TargetError as error:
        return answer | {"error": str(error)}
    return answer | {"packages": len(found.packages), "gaps": len(found.gaps)}


def main() -> None:
    """Read each damaged disk."""
    data = Path(sys.argv[1]).read_bytes()
    blocks = used_blocks(data)
    random_ = random.Random(int(sys.argv[3]))
    for _ in range(int(sys.argv[2])):
        changes, size = draw(random_, data, blocks)
        print(
            json.dumps(
                {"size": size, "changes": len(changes)} | read(Damaged(data, changes, size))
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
