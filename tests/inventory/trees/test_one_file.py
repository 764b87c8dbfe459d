"""One file as a target of `scan dir`."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from openinspector.inventory.collect import collect
from openinspector.inventory.trees.opening import open_target
from openinspector.model import Inventory, TargetError


def scan(path: Path) -> Inventory:
    with open_target("directory", str(path)) as tree:
        return collect(tree)


def named(inventory: Inventory) -> set[tuple[str, str, str]]:
    return {(each.name, each.version, each.locations[0].path) for each in inventory.packages}


def test_a_lock_file_alone_is_read(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("flask==2.0.1\n")
    (tmp_path / "Pipfile.lock").write_text("{}")
    (tmp_path / "link.txt").symlink_to("requirements.txt")

    inventory = scan(tmp_path / "requirements.txt")

    assert named(scan(tmp_path / "link.txt")) == named(inventory)
    assert named(inventory) == {("flask", "2.0.1", "requirements.txt")}
    assert inventory.target.kind == "directory"
    assert not inventory.target.is_root
    assert not inventory.gaps


def test_a_jar_is_the_jar_itself(tmp_path: Path) -> None:
    """And no archive of a source tree: it is known by its own coordinates and name."""
    properties = "groupId=org.yaml\nartifactId=snakeyaml\nversion=1.26\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("META-INF/maven/org.yaml/snakeyaml/pom.properties", properties)
    (tmp_path / "app.jar").write_bytes(buffer.getvalue())

    assert named(scan(tmp_path / "app.jar")) == {("org.yaml:snakeyaml", "1.26", "app.jar")}


def test_a_program_is_known_by_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "tool.v2").write_bytes(b"\x7fELF" + bytes(60))
    os.chmod(tmp_path / "tool.v2", 0o755)

    assert scan(tmp_path / "tool.v2").packages == ()
    os.chmod(tmp_path / "tool.v2", 0o644)
    with pytest.raises(TargetError):
        scan(tmp_path / "tool.v2")


def test_what_nobody_reads_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# Notes\n")

    with pytest.raises(TargetError, match=r"notes\.md: expected a folder, .* or a file such as"):
        scan(tmp_path / "notes.md")
