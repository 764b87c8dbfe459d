"""What listens on this machine, as the kernel tells it in /proc; nothing is sent or started.

Sources: proc(5), proc_net(5) (`tcp`, `tcp6`, `udp`, `udp6`). Whoever may read every process's
`fd` folder (root, as agents run) learns every program; others learn their own programs only.
"""

import os
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from openinspector.model import Listener
from openinspector.patterns import regex

_Protocol = Literal["TCP", "UDP"]
_TABLES: tuple[tuple[str, _Protocol, str], ...] = (
    ("tcp", "TCP", "0A"),
    ("tcp6", "TCP", "0A"),
    ("udp", "UDP", "07"),
    ("udp6", "UDP", "07"),
)
"""File, protocol, and the state of a socket that waits for others: LISTEN, or unconnected."""
_SOCKET = regex(r"socket:\[([0-9]+)\]")
_EPHEMERAL = (32768, 60999)
_DELETED = " (deleted)"


def read_listeners(proc: Path = Path("/proc")) -> tuple[Listener, ...] | None:
    """Ports at which others can call, with the program; None where there is no such /proc.

    Sockets of loopback addresses are left out, and UDP sockets of ports that the kernel hands out
    by itself: those belong to callers.
    """
    sockets: dict[str, tuple[_Protocol, int]] = {}
    seen = False
    for name, protocol, state in _TABLES:
        try:
            lines = (proc / "net" / name).read_text().splitlines()[1:]
        except OSError:
            continue
        seen = True
        sockets.update(_waiting(lines, protocol, state, _handed_out(proc)))
    if not seen:
        return None
    programs = dict(_programs(proc)) if sockets else {}
    found = {(*where, programs.get(inode)) for inode, where in sockets.items()}
    ordered = sorted(found, key=lambda each: (each[0], each[1], each[2] or ""))
    return tuple(Listener(*each) for each in ordered)


def _handed_out(proc: Path) -> tuple[int, int]:
    try:
        low, high = (proc / "sys/net/ipv4/ip_local_port_range").read_text().split()
        return int(low), int(high)
    except (OSError, ValueError):
        return _EPHEMERAL


def _waiting(
    lines: list[str], protocol: _Protocol, state: str, handed_out: tuple[int, int]
) -> Iterator[tuple[str, tuple[_Protocol, int]]]:
    for line in lines:
        fields = line.split()
        if len(fields) < 10 or fields[3] != state:
            continue
        address, _, port_word = fields[1].rpartition(":")
        port = int(port_word, 16)
        if _is_loopback(address):
            continue
        if protocol == "UDP" and handed_out[0] <= port <= handed_out[1]:
            continue
        yield fields[9], (protocol, port)


def _is_loopback(word: str) -> bool:
    """Addresses are 32-bit words, each with the bytes of this machine's order."""
    words = [int(word[at : at + 8], 16) for at in range(0, len(word), 8)]
    raw = b"".join(each.to_bytes(4, _ORDER) for each in words)
    address = ip_address(raw)
    inside = getattr(address, "ipv4_mapped", None) or address
    return bool(inside.is_loopback)


_ORDER: Literal["little", "big"] = sys.byteorder


def _programs(proc: Path) -> Iterator[tuple[str, str]]:
    """Inodes of sockets, and the program that holds them; of several the first process's."""
    for process in sorted(_processes(proc), key=int, reverse=True):
        folder = proc / process
        try:
            program = os.readlink(folder / "exe").removesuffix(_DELETED)
            held = os.listdir(folder / "fd")
        except OSError:
            # It ended, or is another user's: its sockets are told without it.
            continue
        for name in held:
            match = _SOCKET.fullmatch(_link(folder / "fd" / name))
            if match:
                yield match[1], program


def _link(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError:
        # It was closed meanwhile.
        return ""


def _processes(proc: Path) -> list[str]:
    return [name for name in os.listdir(proc) if name.isdigit()]
