"""How texts and facts are packed: MessagePack, then zstd with a dictionary kept in the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from openinspector.advisories.record import Facts

if TYPE_CHECKING:
    import zstandard

DICTIONARY_SIZE = 64 << 10
LEVEL = 9
FEWEST_SAMPLES = 64
"""Fewer texts than this are not worth a dictionary."""

LARGEST = 1 << 20
"""No packed value unpacks to more bytes; facts and descriptions are bounded far below."""


class Codec:
    """Packs and unpacks with one dictionary (b"": none)."""

    def __init__(self, dictionary: bytes) -> None:
        self.dictionary = dictionary
        self._compressor: zstandard.ZstdCompressor | None = None
        self._decompressor: zstandard.ZstdDecompressor | None = None
        self._facts = msgspec.msgpack.Decoder(Facts)
        self._encoder = msgspec.msgpack.Encoder()

    def pack(self, data: bytes) -> bytes:
        """Compress."""
        if self._compressor is None:
            import zstandard

            self._compressor = zstandard.ZstdCompressor(
                level=LEVEL,
                dict_data=self._dictionary(),
                write_checksum=False,
                write_content_size=True,
                write_dict_id=False,
            )
        return self._compressor.compress(data)

    def unpack(self, data: bytes) -> bytes:
        """Decompress what `pack` made."""
        if self._decompressor is None:
            import zstandard

            self._decompressor = zstandard.ZstdDecompressor(dict_data=self._dictionary())
        return self._decompressor.decompress(data, max_output_size=LARGEST)

    def pack_facts(self, facts: Facts) -> bytes:
        """Facts as a compressed array."""
        return self.pack(self._encoder.encode(facts))

    def facts(self, data: bytes) -> Facts:
        """Facts that `pack_facts` made."""
        return self._facts.decode(self.unpack(data))

    def _dictionary(self) -> zstandard.ZstdCompressionDict | None:
        import zstandard

        return zstandard.ZstdCompressionDict(self.dictionary) if self.dictionary else None


def train(samples: Sequence[bytes]) -> bytes:
    """Make a dictionary from sample texts; the same samples give the same dictionary."""
    if len(samples) < FEWEST_SAMPLES:
        return b""
    import zstandard

    size = min(DICTIONARY_SIZE, sum(map(len, samples)) // 8)
    try:
        return zstandard.train_dictionary(size, list(samples), level=LEVEL, threads=0).as_bytes()
    except zstandard.ZstdError:
        return b""  # samples too alike or too short: compression works without
