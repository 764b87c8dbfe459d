"""go.mod with go.sum, the module cache, the toolchain's folder."""

import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openinspector.inventory.cataloger import ReadError, run
from openinspector.inventory.catalogers.golang import CATALOGERS
from openinspector.model import Gap, Package

MODULES, CACHE, TOOLCHAIN = CATALOGERS


def read(
    text: str, sums: str | None = None, path: str = "src/go.mod"
) -> tuple[list[Package], list[Gap]]:
    folder = path.rpartition("/")[0]
    companions = {} if sums is None else {f"{folder}/go.sum": sums.encode()}
    found = run(MODULES, path, text.encode(), companions)
    return (
        [each for each in found if isinstance(each, Package)],
        [each for each in found if isinstance(each, Gap)],
    )


def listed(packages: list[Package]) -> dict[str, str]:
    return {each.name: each.version for each in packages}


MODERN = """
module example.org/tool // the tool

go 1.21
toolchain go1.22.3

require (
\tgolang.org/x/net v0.17.0
\tgithub.com/old/thing v1.0.0 // indirect
\t"github.com/quoted/thing" v1.2.3
\tgithub.com/pinned/fork v1.0.0
\tgithub.com/local/fork v1.0.0
\tgithub.com/gone/thing v1.5.0
\tgithub.com/Azure/legacy v3.2.1+incompatible // indirect; see below
)
require github.com/single/line v0.0.0-20240101000000-abcdefabcdef
exclude github.com/gone/thing v1.5.0
replace github.com/old/thing => github.com/new/thing/v2 v2.1.0
replace (
\tgithub.com/pinned/fork v1.0.0 => github.com/better/fork v1.0.1
\tgithub.com/pinned/fork v2.0.0 => github.com/worse/fork v2.0.0
\tgithub.com/local/fork => ../fork
)
retract v0.1.0
tool golang.org/x/tools/cmd/stringer
godebug default=go1.21
"""


def test_a_modern_go_mod_lists_all_that_is_built() -> None:
    packages, gaps = read(MODERN)
    assert gaps == []
    assert listed(packages) == {
        "stdlib": "1.22.3",
        "golang.org/x/net": "0.17.0",
        "github.com/new/thing/v2": "2.1.0",
        "github.com/quoted/thing": "1.2.3",
        "github.com/better/fork": "1.0.1",
        "github.com/Azure/legacy": "3.2.1+incompatible",
        "github.com/single/line": "0.0.0-20240101000000-abcdefabcdef",
    }
    by_name = {each.name: each for each in packages}
    assert by_name["golang.org/x/net"].purl == "pkg:golang/golang.org/x/net@v0.17.0"
    assert by_name["stdlib"].purl == "pkg:golang/stdlib@1.22.3"
    assert by_name["stdlib"].properties == (("go_toolchain", "go1.22.3"),)
    assert by_name["golang.org/x/net"].properties == ()
    assert dict(by_name["github.com/new/thing/v2"].properties) == {
        "experimental:transitive_dependency": "true"
    }
    assert {each.manager for each in packages} == {"GOMOD"}
    assert {(each.cataloger, each.collector) for each in packages} == {
        ("go-gopkg", "goconst-package")
    }


SUMS = """
golang.org/x/net v0.1.0/go.mod h1:a=
golang.org/x/net v0.17.0 h1:b=
golang.org/x/net v0.9.0 h1:b=
github.com/only/graph v1.0.0/go.mod h1:c=
github.com/direct/thing v1.9.0 h1:d=
github.com/direct/thing v1.2.0 h1:d=
broken line
"""


def test_before_go_1_17_the_sums_complete_the_list() -> None:
    text = "module x\ngo 1.16\nrequire github.com/direct/thing v1.2.0\n"
    packages, gaps = read(text, SUMS)
    assert gaps == []
    assert listed(packages) == {
        "github.com/direct/thing": "1.2.0",
        "golang.org/x/net": "0.17.0",
    }


def test_before_go_1_17_without_sums_is_told() -> None:
    packages, gaps = read("module x\nrequire github.com/direct/thing v1.2.0\n")
    assert listed(packages) == {"github.com/direct/thing": "1.2.0"}
    assert len(gaps) == 1
    assert "indirect modules unknown" in gaps[0].reason
    assert read("module x\ngo 1.15\n")[1] == []


def test_what_is_no_version_is_told() -> None:
    packages, gaps = read("module x\ngo 1.20\nrequire (\n a.org/b master\n c.org/d v1.0.0\n)\n")
    assert listed(packages) == {"c.org/d": "1.0.0"}
    assert [gap.reason for gap in gaps] == [
        "1 entry not pinned to a version and not judged: a.org/b"
    ]


@pytest.mark.parametrize(
    "path", ["root/go/pkg/mod/golang.org/x/net@v0.17.0/go.mod", "pkg/mod/cache/x/go.mod"]
)
def test_modules_in_the_cache_do_not_say_what_is_built(path: str) -> None:
    assert read(MODERN, path=path) == ([], [])


def test_the_standard_library_s_own_modules_are_part_of_the_toolchain() -> None:
    text = "module std\ngo 1.22\nrequire golang.org/x/net v0.19.1-0.20240327214321-ae3c50b55fed\n"
    assert read(text, path="usr/local/go/src/go.mod") == ([], [])


def test_something_else_called_go_mod_is_refused() -> None:
    with pytest.raises(ReadError, match="names no module"):
        read("hello world\n")


@given(st.text(alphabet='module require(replace)=>"`v1.0/\\ \n\t\r\x00é', max_size=300))
def test_any_text_ends_in_an_answer_or_a_read_error(text: str) -> None:
    try:
        packages, _ = read("module m\n" + text, text)
    except ReadError:
        return
    assert all(each.name and each.version for each in packages)


def test_downloaded_modules_are_found_by_their_place() -> None:
    base = "root/go/pkg/mod/cache/download"
    names = {
        f"{base}/github.com/!burnt!sushi/toml/@v/v1.2.0.ziphash": {
            "github.com/BurntSushi/toml": "1.2.0"
        },
        f"{base}/golang.org/toolchain/@v/v0.0.1-go1.22.3.linux-amd64.ziphash": {
            "stdlib": "1.22.3",
            "toolchain": "1.22.3",
        },
    }
    for path, expected in names.items():
        found = [each for each in run(CACHE, path, b"h1:x=") if isinstance(each, Package)]
        assert listed(found) == expected


def test_an_installed_toolchain_is_the_library_and_the_tools() -> None:
    data = b"go1.21.9\ntime 2024-03-27T19:04:24Z\n"
    found = run(TOOLCHAIN, "usr/local/go/VERSION", data)
    assert [(each.name, each.version) for each in found if isinstance(each, Package)] == [
        ("stdlib", "1.21.9"),
        ("toolchain", "1.21.9"),
    ]
    assert run(TOOLCHAIN, "opt/go/VERSION", b"2.14.1\n") == []


@pytest.mark.skipif(shutil.which("go") is None, reason="needs Go's own tool chain")
@pytest.mark.parametrize("name", ["go-trivy", "go-osv-scanner"])
def test_agrees_with_go_itself_on_real_projects(name: str, shared: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(shared / f"data/inventories/{name}.zip") as archive:
        for entry in ("go.mod", "go.sum"):
            (tmp_path / entry).write_bytes(archive.read(entry))
    text = (tmp_path / "go.mod").read_text()
    # So that any Go reads it, whatever version it asks for.
    (tmp_path / "go.mod").write_text(re.sub(r"(?m)^(go|toolchain) .*$", r"// \1", text))
    said = json.loads(
        subprocess.run(
            ["go", "mod", "edit", "-json"], cwd=tmp_path, capture_output=True, check=True
        ).stdout
    )
    replaced = {
        (each["Old"]["Path"], each["Old"].get("Version")): each["New"]
        for each in said.get("Replace") or ()
    }
    expected = set()
    for each in said["Require"]:
        new = replaced.get((each["Path"], each["Version"])) or replaced.get((each["Path"], None))
        used = new or each
        if used.get("Version"):
            expected.add((used["Path"], used["Version"]))
    packages, gaps = read(text, (tmp_path / "go.sum").read_text())
    assert gaps == []
    found = {(each.name, "v" + each.version) for each in packages if each.name != "stdlib"}
    assert found == expected
    assert len(found) > 150


def test_the_go_line_is_a_toolchain_from_1_21_on() -> None:
    for line, expected in (
        ("go 1.18", {}),
        ("go 1.20", {}),
        ("go 1.21", {"stdlib": "1.21"}),
        ("go 1.22.3", {"stdlib": "1.22.3"}),
        ("go 1.20\ntoolchain go1.22.3", {"stdlib": "1.22.3"}),
    ):
        assert listed(read(f"module x\n{line}\n")[0]) == expected
