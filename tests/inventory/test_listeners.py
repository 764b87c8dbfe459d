"""What listens on a machine, by what the kernel tells and beside real sockets."""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from openinspector.inventory.listeners import read_listeners
from openinspector.model import Listener

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid"


def line(address: str, state: str, inode: int) -> str:
    return f"   0: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 0 0 0 {inode} 1 0"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A machine: sshd on 22 of both IP versions, a database on loopback, DNS, callers."""
    (tmp_path / "net").mkdir()
    (tmp_path / "sys/net/ipv4").mkdir(parents=True)
    (tmp_path / "sys/net/ipv4/ip_local_port_range").write_text("32768\t60999\n")
    tables = {
        "tcp": [
            line("00000000:0016", "0A", 11),
            line("0100007F:1538", "0A", 12),
            line("0500000A:0016", "01", 13),
            line("0500000A:1F90", "0A", 14),
        ],
        "tcp6": [
            line("00000000000000000000000000000000:0016", "0A", 15),
            line("00000000000000000000000001000000:0019", "0A", 16),
            line("0000000000000000FFFF00000100007F:001A", "0A", 17),
        ],
        "udp": [line("00000000:0035", "07", 18), line("00000000:9C40", "07", 19)],
        "udp6": [],
    }
    for name, lines in tables.items():
        (tmp_path / "net" / name).write_text("\n".join([HEADER, *lines, ""]))
    for process, program, held in (("7", "/usr/sbin/sshd (deleted)", (11, 15)), ("9", "/x", (99,))):
        (tmp_path / process / "fd").mkdir(parents=True)
        (tmp_path / process / "exe").symlink_to(program)
        for number, inode in enumerate(held):
            (tmp_path / process / "fd" / str(number)).symlink_to(f"socket:[{inode}]")
    return tmp_path


@pytest.mark.skipif(sys.byteorder != "little", reason="the tables are of a little-endian machine")
def test_what_waits_for_others_is_told_with_its_program(proc: Path) -> None:
    assert read_listeners(proc) == (
        Listener("TCP", 22, "/usr/sbin/sshd"),
        Listener("TCP", 8080, None),
        Listener("UDP", 53, None),
    )


def test_a_machine_without_proc_tells_nothing(tmp_path: Path) -> None:
    assert read_listeners(tmp_path) is None


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("0.0.0.0", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="no Linux")
def test_a_real_socket_of_this_process_is_found(listening: int) -> None:
    found = read_listeners() or ()
    program = os.readlink("/proc/self/exe")
    assert Listener("TCP", listening, program) in found
