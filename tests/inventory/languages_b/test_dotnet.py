"""NuGet packages from what .NET programs and projects say."""

import json
import zipfile
from pathlib import Path

import pytest

from openinspector.inventory.cataloger import ReadError, run
from openinspector.inventory.catalogers.dotnet import CATALOGERS
from openinspector.model import Gap, Package

DEPS, LOCK, CONFIG, PROJECT = CATALOGERS

TARGET = ".NETCoreApp,Version=v8.0/linux-x64"
PROGRAM = {
    "runtimeTarget": {"name": TARGET, "signature": ""},
    "targets": {
        ".NETCoreApp,Version=v8.0": {},
        TARGET: {
            "app/1.0.0": {"runtime": {"app.dll": {}}},
            "Newtonsoft.Json/13.0.1": {"runtime": {"lib/net6.0/Newtonsoft.Json.dll": {}}},
            "SQLitePCLRaw.lib/2.0.4": {"runtimeTargets": {"runtimes/x/native/e.so": {}}},
            "System.Text.RegularExpressions/4.3.0": {"dependencies": {}},
            "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"native": {"a": {}}},
        },
    },
    "libraries": {
        "app/1.0.0": {"type": "project"},
        "Newtonsoft.Json/13.0.1": {"type": "package", "path": "newtonsoft.json/13.0.1"},
        "SQLitePCLRaw.lib/2.0.4": {"type": "package"},
        "System.Text.RegularExpressions/4.3.0": {"type": "package"},
        "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"type": "runtimepack"},
        "Only.Compiled/1.0.0": {"type": "package"},
        "Some.Reference/1.0.0": {"type": "reference"},
    },
}


def listed(found: list[object]) -> dict[str, str]:
    return {each.name: each.version for each in found if isinstance(each, Package)}


def test_programs_list_what_they_run_with() -> None:
    found = run(DEPS, "app/app.deps.json", json.dumps(PROGRAM).encode())
    assert listed(list(found)) == {
        "Newtonsoft.Json": "13.0.1",
        "SQLitePCLRaw.lib": "2.0.4",
        "Microsoft.NETCore.App.Runtime.linux-x64": "8.0.1",
    }
    package = found[0]
    assert isinstance(package, Package)
    assert package.purl == "pkg:nuget/Newtonsoft.Json@13.0.1"
    assert (package.ecosystem, package.manager) == ("NuGet", "DOTNET_CORE")


def test_without_a_runtime_target_all_packages_count() -> None:
    found = run(DEPS, "app.deps.json", json.dumps(PROGRAM | {"targets": {}}).encode())
    assert "Only.Compiled" in listed(list(found))


@pytest.mark.parametrize("data", [b"", b"[]", b'{"libraries": 7}', b'{"targets": []}'])
def test_broken_files_are_refused(data: bytes) -> None:
    with pytest.raises(ReadError):
        run(DEPS, "app.deps.json", data)


@pytest.mark.parametrize("name, count", [("dotnet-lock", 51), ("dotnet-lock-multi", 40)])
def test_real_locks(name: str, count: int, shared: Path) -> None:
    with zipfile.ZipFile(shared / f"data/inventories/{name}.zip") as archive:
        data = archive.read("packages.lock.json")
    found = run(LOCK, "packages.lock.json", data)
    expected = {
        (package, entry["resolved"])
        for framework in json.loads(data)["dependencies"].values()
        for package, entry in framework.items()
        if entry["type"] != "Project"
    }
    packages = [each for each in found if isinstance(each, Package)]
    assert {(each.name, each.version) for each in packages} == expected
    assert len(packages) == len(expected) == count
    assert {each.manager for each in packages} == {"NUGET"}


def test_projects_in_a_lock_are_not_packages() -> None:
    data = b'{"dependencies": {"net8.0": {"own": {"type": "Project"}, "a": {"resolved": "1.0"}}}}'
    assert listed(list(run(LOCK, "packages.lock.json", data))) == {"a": "1.0"}
    with pytest.raises(ReadError):
        run(LOCK, "packages.lock.json", b"{}")


def test_packages_config() -> None:
    data = b"""\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?><packages>
      <!-- a comment -->
      <package id="jQuery" version="1.10.2" targetFramework="net45" />
      <package id="StyleCop" version="5.0" developmentDependency="true" /></packages>"""
    found = run(CONFIG, "packages.config", data)
    assert [
        (each.name, each.version, each.development) for each in found if isinstance(each, Package)
    ] == [("jQuery", "1.10.2", False), ("StyleCop", "5.0", True)]


SHARED = b"""<Project><PropertyGroup><Shared>4.5.6</Shared></PropertyGroup></Project>"""
CENTRAL = b"""<Project><ItemGroup><PackageVersion Include="Central.Pack" Version="7.0.0"/>
<PackageVersion Include="Open.Pack" Version="*"/></ItemGroup></Project>"""
CSPROJ = b"""<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><Own>1.1.0</Own></PropertyGroup>
<ItemGroup>
<PackageReference Include="Plain" Version="12.0.1" />
<PackageReference Include="Element"><Version>2.0.0-beta.1</Version></PackageReference>
<PackageReference Include="Exact" Version="[3.0.0]" />
<PackageReference Include="Property" Version="$(Own)" />
<PackageReference Include="FromAbove" Version="$(Shared)" />
<PackageReference Include="Analyser" Version="1.0.0" PrivateAssets="all" />
<PackageReference Include="central.pack" />
<PackageReference Include="Floating" Version="6.*" />
<PackageReference Include="Range" Version="[1.0,2.0)" />
<PackageReference Include="Unknown" Version="$(Nowhere)" />
<PackageReference Include="Nothing" />
</ItemGroup></Project>"""


def test_projects_give_exact_versions() -> None:
    companions = {"Directory.Build.props": SHARED, "src/Directory.Packages.props": CENTRAL}
    found = run(PROJECT, "src/app/app.csproj", CSPROJ, companions)
    assert listed(list(found)) == {
        "Plain": "12.0.1",
        "Element": "2.0.0-beta.1",
        "Exact": "3.0.0",
        "Property": "1.1.0",
        "FromAbove": "4.5.6",
        "Analyser": "1.0.0",
    }
    assert [each.name for each in found if isinstance(each, Package) and each.development] == [
        "Analyser"
    ]
    assert [each.reason for each in found if isinstance(each, Gap)] == [
        "4 entries not pinned to a version and not judged: Floating, Range, Unknown, Nothing"
    ]


def test_central_versions_are_reported_where_they_stand() -> None:
    found = run(PROJECT, "src/Directory.Packages.props", CENTRAL)
    assert listed(list(found)) == {"Central.Pack": "7.0.0"}
    assert len([each for each in found if isinstance(each, Gap)]) == 1


def test_all_that_a_test_project_uses_is_for_tests() -> None:
    data = CSPROJ.replace(b'Include="Plain"', b'Include="Microsoft.NET.Test.Sdk"')
    found = run(PROJECT, "t.csproj", data)
    assert all(each.development for each in found if isinstance(each, Package))


def test_old_projects_with_a_namespace_and_without_packages() -> None:
    data = (
        b'<Project xmlns="http://schemas.microsoft.com/developer/msbuild/2003"><ItemGroup>%s'
        b"</ItemGroup></Project>"
    )
    assert run(PROJECT, "a.vbproj", data % b"") == []
    found = run(PROJECT, "a.vbproj", data % b'<PackageReference Include="A" Version="1.0"/>')
    assert listed(list(found)) == {"A": "1.0"}
