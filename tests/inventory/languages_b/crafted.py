"""Write small executables and what compilers put into them, field by field."""

import struct
import zlib
from collections.abc import Sequence

SectionBytes = tuple[str, bytes]

MODULES = "\n".join(
    (
        "path\texample.org/tool/cmd/tool",
        "mod\texample.org/tool\tv1.4.0\th1:aaaa=",
        "dep\tgolang.org/x/net\tv0.17.0\th1:bbbb=",
        "dep\tgithub.com/old/thing\tv1.0.0",
        "=>\tgithub.com/new/thing/v2\tv2.1.0\th1:cccc=",
        "dep\tgithub.com/Azure/legacy\tv3.2.1+incompatible\th1:dddd=",
        "dep\texample.org/local\tv1.0.0",
        "=>\t./local\t(devel)\t",
        "build\t-compiler=gc",
        "build\t-ldflags=\"-s -X 'main.version=v9.9.9'\"",
        "build\tGOOS=linux",
        "",
    )
)


def framed(modules: str) -> bytes:
    return b"\x30" * 16 + modules.encode() + b"\x31" * 16


def varint(number: int) -> bytes:
    encoded = b""
    while number > 0x7F:
        encoded += bytes([number & 0x7F | 0x80])
        number >>= 7
    return encoded + bytes([number])


def inline_info(toolchain: str = "go1.22.3", modules: str = MODULES) -> bytes:
    """Build information as Go 1.18 and later write it."""
    head = (b"\xff Go buildinf:" + bytes([8, 2])).ljust(32, b"\0")
    texts = (toolchain.encode(), framed(modules))
    return head + b"".join(varint(len(text)) + text for text in texts)


def pointer_info(
    address: int, pointer: int, big: bool, toolchain: str = "go1.16.3", modules: str = MODULES
) -> bytes:
    """Build information as Go 1.13 to 1.17 write it, for a section at an address."""
    word = (">" if big else "<") + ("Q" if pointer == 8 else "I")
    texts = (toolchain.encode(), framed(modules))
    headers_at = address + 64
    texts_at = headers_at + 4 * pointer
    body, headers, addresses = b"", b"", []
    for text in texts:
        addresses.append(headers_at + len(headers))
        headers += struct.pack(word, texts_at + len(body)) + struct.pack(word, len(text))
        body += text
    head = b"\xff Go buildinf:" + bytes([pointer, int(big)])
    head += b"".join(struct.pack(word, each) for each in addresses)
    return head.ljust(64, b"\0") + headers + body


def crates_info(json: bytes) -> bytes:
    """The content of cargo-auditable's section."""
    return zlib.compress(json)


def elf(sections: Sequence[SectionBytes], pointer: int = 8, big: bool = False) -> bytes:
    """An ELF file whose sections lie at 0x10000 and following pages, in one writable segment."""
    order, wide = (">" if big else "<"), pointer == 8
    word = "Q" if wide else "I"
    head_size = 64 if wide else 52
    names = b"\0" + b"".join(name.encode() + b"\0" for name, _ in sections) + b".shstrtab\0"
    segment_size = 56 if wide else 32
    body, rows, at = b"", [], head_size + segment_size
    at += -at % 64
    start = at
    for name, data in sections:
        offset = start + len(body)
        rows.append(
            (
                names.index(b"\0" + name.encode() + b"\0") + 1,
                1,
                3,
                0x10000 + len(body),
                offset,
                len(data),
            )
        )
        body += data + b"\0" * (-len(data) % 64)
    rows.append((names.index(b".shstrtab"), 3, 0, 0, start + len(body), len(names)))
    table = start + len(body) + len(names)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 2 if big else 1, 1]) + bytes(9)
    header = ident + struct.pack(
        f"{order}HHI{word}{word}{word}I6H",
        2,
        62,
        1,
        0x10000,
        head_size,
        table,
        0,
        head_size,
        segment_size,
        1,
        64 if wide else 40,
        len(rows) + 1,
        len(rows),
    )
    if wide:
        segment = struct.pack(f"{order}II6Q", 1, 6, start, 0x10000, 0, len(body), len(body), 64)
    else:
        segment = struct.pack(f"{order}8I", 1, start, 0x10000, 0, len(body), len(body), 6, 64)
    section = struct.Struct(f"{order}II4{word}II2{word}")
    table_bytes = bytes(section.size) + b"".join(section.pack(*row, 0, 0, 1, 0) for row in rows)
    return (header + segment).ljust(start, b"\0") + body + names + table_bytes


def pe(sections: Sequence[SectionBytes], resource: bytes = b"") -> bytes:
    """A PE32+ file whose sections lie at 0x1000 and following pages from base 0x400000."""
    parts = [*sections, *([(".rsrc", resource)] if resource else [])]
    head = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40)
    coff = struct.pack("<HHIIIHH", 0x8664, len(parts), 0, 0, 0, 112 + 16 * 8, 0x22)
    table_at = 0x40 + 4 + len(coff) + 112 + 16 * 8
    start = table_at + 40 * len(parts)
    start += -start % 512
    rows, body, address, resource_at = b"", b"", 0x1000, 0
    for name, data in parts:
        if name == ".rsrc":
            resource_at = address
        padded = data + b"\0" * (-len(data) % 512)
        rows += struct.pack(
            "<8sIIII12xI",
            name.encode(),
            len(data),
            address,
            len(padded),
            start + len(body),
            0xC0000040,
        )
        body += padded
        address += len(padded) + -len(padded) % 0x1000
    directories = [(0, 0)] * 16
    directories[2] = (resource_at, len(resource))
    optional = struct.pack("<H", 0x20B).ljust(24, b"\0") + struct.pack("<Q", 0x400000)
    optional = optional.ljust(108, b"\0") + struct.pack("<I", 16)
    optional += b"".join(struct.pack("<II", *each) for each in directories)
    return (head + b"PE\0\0" + coff + optional + rows).ljust(start, b"\0") + body


def macho(sections: Sequence[SectionBytes], big: bool = False) -> bytes:
    """A 64-bit Mach-O file with one writable segment at 0x100000000."""
    order = ">" if big else "<"
    size = 72 + 80 * len(sections)
    start = 32 + size
    start += -start % 64
    rows, body = b"", b""
    for name, data in sections:
        rows += struct.pack(
            f"{order}16s16sQQ8I",
            name.encode(),
            b"__DATA",
            0x100000000 + len(body),
            len(data),
            start + len(body),
            *[0] * 7,
        )
        body += data + b"\0" * (-len(data) % 64)
    segment = struct.pack(
        f"{order}II16sQQQQ4I",
        0x19,
        size,
        b"__DATA",
        0x100000000,
        len(body),
        start,
        len(body),
        3,
        3,
        len(sections),
        0,
    )
    head = struct.pack(f"{order}8I", 0xFEEDFACF, 0x100000C, 0, 2, 1, size, 0, 0)
    return (head + segment + rows).ljust(start, b"\0") + body


def universal(parts: Sequence[bytes]) -> bytes:
    """A universal Mach-O file."""
    at = 8 + 20 * len(parts)
    table, body = b"", b""
    for part in parts:
        table += struct.pack(">5I", 0, 0, at + len(body), len(part), 0)
        body += part
    return struct.pack(">II", 0xCAFEBABE, len(parts)) + table + body
