"""Measure OpenInspector beside any of trivy, syft, grype and osv-scanner found on PATH.

Whole processes: wall seconds, processor seconds (user and system together) and peak memory, the
median of several runs: cold (the tool's cache of layers emptied) and warm. Peers are asked twice:
as a user runs them (`scan`), where they have an advisory database, and for the inventory alone.
Prints ratios and writes build/bench.json. Never asserts a time.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from image import RECIPE, build, gzip_oci_layout, many_files_image

BUILD = Path(__file__).resolve().parent.parent / "build"
OURS = str(Path(sys.executable).with_name("openinspector"))


@dataclass(frozen=True)
class Measure:
    """The medians of several runs of one command."""

    work: str
    tool: str
    seconds: float
    processor_seconds: float
    mebibytes: float
    exit_code: int
    runs: int


Run = tuple[float, float, float, int]
"""Wall seconds, processor seconds, peak memory in MiB, exit code."""


def run_once(command: list[str], environment: dict[str, str]) -> Run:
    """Run a command to its end."""
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        os.execvpe(command[0], command, environment)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    processor = usage.ru_utime + usage.ru_stime
    return seconds, processor, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


_NO_UPDATES = {
    "SYFT_CHECK_FOR_APP_UPDATE": "false",
    "GRYPE_CHECK_FOR_APP_UPDATE": "false",
    "GRYPE_DB_AUTO_UPDATE": "false",
    "TRIVY_SKIP_VERSION_CHECK": "true",
}


def measure(
    work: str,
    tool: str,
    command: list[str],
    runs: int,
    before: Callable[[], None] | None = None,
    variables: dict[str, str] | None = None,
) -> Measure:
    """Run a command once to warm up and then `runs` times; `before` runs before each.

    `variables`: of the environment, beyond what this process has.
    """
    environment = {**os.environ, **_NO_UPDATES, **(variables or {})}
    results = []
    for number in range(runs + 1):
        if before:
            before()
        result = run_once(command, environment)
        if number:
            results.append(result)
    return Measure(
        work=work,
        tool=tool,
        seconds=statistics.median(seconds for seconds, _, _, _ in results),
        processor_seconds=statistics.median(processor for _, processor, _, _ in results),
        mebibytes=statistics.median(mebibytes for _, _, mebibytes, _ in results),
        exit_code=max((code for _, _, _, code in results), key=abs),
        runs=runs,
    )


@dataclass(frozen=True)
class Peer:
    """One way to ask a scanner for the same image.

    `layers`: the folder of what it remembers of layers, emptied before cold runs; None: nothing.
    `usual`: exit codes of a run that did what it was asked to. `variables`: of its environment.
    """

    asked: str
    command: list[str]
    layers: Path | None = None
    usual: frozenset[int] = frozenset({0})
    variables: dict[str, str] = field(default_factory=dict)


def peers(target: Path, cache: Path, form: str) -> list[Peer]:
    """The peers that are installed, and what each can be asked without internet.

    `form`: a docker archive (`docker`), an OCI layout (`oci`) or a folder of software (`dir`).
    """
    named = f"{_SYFT_PREFIX[form]}:{target}"
    syft = ["syft", "scan", "--quiet", "-o", "cyclonedx-json", named]
    inventory, scan = cache / "inventory", cache / "scan"
    found = [
        Peer("trivy inventory", _trivy(target, form, inventory, "cyclonedx"), inventory),
        Peer("syft inventory", syft),
    ]
    if _has_trivy_database():
        shutil.copytree(_trivy_cache() / "db", scan / "db")
        found.append(Peer("trivy scan", _trivy(target, form, scan, "table"), scan / "fanal"))
    if _has_grype_database():
        found.append(Peer("grype scan", ["grype", "--quiet", named]))
    if form == "docker":
        # 0: nothing found, 1: something. It asks osv.dev, and fails where there is no internet.
        command = ["osv-scanner", "scan", "image", "--archive", str(target)]
        found.append(Peer("osv-scanner scan", command, usual=frozenset({0, 1})))
    return [peer for peer in found if shutil.which(peer.command[0])]


_SYFT_PREFIX = {"docker": "docker-archive", "oci": "oci-dir", "dir": "dir"}


def _trivy(target: Path, form: str, cache: Path, output: str) -> list[str]:
    """Trivy as a user runs it, but for what would ask the internet."""
    verb = ["rootfs", str(target)] if form == "dir" else ["image", "--input", str(target)]
    offline = ["--offline-scan", "--skip-db-update", "--skip-java-db-update"]
    return ["trivy", *verb, *offline, "--quiet", "--cache-dir", str(cache), "--format", output]


def _trivy_cache() -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("TRIVY_CACHE_DIR") or home / "trivy")


def _has_grype_database() -> bool:
    """Whether there is one; `grype db update` fetches it."""
    if not shutil.which("grype"):
        return False
    there = subprocess.run(["grype", "db", "status"], capture_output=True).returncode == 0
    if not there:
        print("grype has no database, and is left out")
    return there


def _has_trivy_database() -> bool:
    """Whether there is one; `trivy image --download-db-only` fetches it."""
    there = (_trivy_cache() / "db" / "trivy.db").exists()
    if shutil.which("trivy") and not there:
        print(f"trivy has no database in {_trivy_cache()}: only its inventory is measured")
    return there


def target_work(name: str, image: Path, form: str, database: Path, runs: int) -> list[Measure]:
    """One image or folder: reading it, our inventory, our whole scan, and each peer."""
    kind = "dir" if form == "dir" else "image"
    quiet = ["--quiet", "--output", os.devnull]
    results = [
        measure(
            name,
            "read the bytes (cat)",
            ["find", str(image), "-type", "f", "-exec", "cat", "{}", "+"],
            runs,
        )
    ]
    with tempfile.TemporaryDirectory() as folder:
        ours = Path(folder) / "ours"
        variables = {"XDG_CACHE_HOME": str(ours)}
        for verb, command in (
            ("sbom", [OURS, "sbom", kind, str(image), *quiet]),
            ("scan", [OURS, "scan", kind, str(image), "--db", str(database), *quiet]),
        ):
            layers = None if form == "dir" else ours / "openinspector" / "layers"
            asked = Peer(f"openinspector {verb}", command, layers, variables=variables)
            results += peer_work(name, asked, runs)
        cache = Path(folder) / "cache"
        for peer in peers(image, cache, form):
            results += peer_work(name, peer, runs)
    return results


def peer_work(work: str, peer: Peer, runs: int) -> list[Measure]:
    """A peer cold, and warm where it remembers layers."""

    def forget() -> None:
        if peer.layers is not None:
            shutil.rmtree(peer.layers, ignore_errors=True)

    kinds = [("cold", forget), ("warm", None)] if peer.layers else [("", None)]
    measured = [
        measure(work, f"{peer.asked} {kind}".strip(), peer.command, runs, before, peer.variables)
        for kind, before in kinds
    ]
    return [
        replace(each, exit_code=0) if each.exit_code in peer.usual else each for each in measured
    ]


def small_work(database: Path, image: Path, runs: int) -> list[Measure]:
    """Start-up, an empty folder, an SBOM of 800 components, and one of real packages."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty"
        empty.mkdir()
        sbom = Path(folder) / "sbom.json"
        sbom.write_text(json.dumps(_sbom(800)))
        written = Path(folder) / "image.json"
        run_once([OURS, "sbom", "image", str(image), "-q", "-o", str(written)], dict(os.environ))
        rest = ["--db", str(database), "-q", "--output", os.devnull]
        return [
            measure("start-up", "openinspector --help", [OURS, "--help"], runs),
            measure(
                "empty folder",
                "openinspector scan dir",
                [OURS, "scan", "dir", str(empty), *rest],
                runs,
            ),
            measure(
                "SBOM of 800 components",
                "openinspector scan sbom",
                [OURS, "scan", "sbom", str(sbom), *rest],
                runs,
            ),
            measure(
                "SBOM of the image below",
                "openinspector scan sbom",
                [OURS, "scan", "sbom", str(written), *rest],
                runs,
            ),
        ]


def _sbom(components: int) -> dict[str, object]:
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "components": [
            {
                "type": "library",
                "bom-ref": f"comp-{number}",
                "name": f"package-{number}",
                "version": f"1.{number % 30}.{number % 7}",
                "purl": f"pkg:npm/package-{number}@1.{number % 30}.{number % 7}",
            }
            for number in range(components)
        ],
    }


def print_table(results: list[Measure]) -> None:
    """Print each work's tools with their ratio to our whole scan."""
    for work in dict.fromkeys(result.work for result in results):
        rows = [result for result in results if result.work == work]
        ours = next((row for row in rows if row.tool.startswith("openinspector scan")), rows[0])
        print(f"\n{work}")
        for row in rows:
            times = row.seconds / ours.seconds
            memory = row.mebibytes / ours.mebibytes
            if row.exit_code:
                print(f"  {row.tool:24} failed (exit code {row.exit_code})")
                continue
            processor = row.processor_seconds / ours.processor_seconds
            print(
                f"  {row.tool:24} {row.seconds:8.3f} s {times:7.2f}x"
                f" {row.processor_seconds:8.3f} s of processor {processor:7.2f}x"
                f" {row.mebibytes:9.1f} MiB {memory:7.2f}x"
            )


def main() -> None:
    """Build what is measured, measure, print, and write build/bench.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--files", type=int, default=3_000_000, help="entries of the large image")
    options = parser.parse_args()
    folder = BUILD / "bench" / f"recipe-{RECIPE}"
    database = folder / "starter.db"
    image = build(folder)
    run_once(
        [OURS, "db", "build", "--from", "starter", "--output", str(database)], dict(os.environ)
    )
    results = small_work(database, image, options.runs)
    for name, target, form in (
        ("docker archive", image, "docker"),
        ("OCI layout, gzip layers", gzip_oci_layout(image), "oci"),
        ("folder of npm packages", folder / "node", "dir"),
    ):
        results += target_work(name, target, form, database, options.runs)
    large = many_files_image(folder, options.files)
    results += [
        measure(
            f"image of {options.files:,} files",
            "openinspector scan",
            [OURS, "scan", "image", str(large), "--db", str(database), "-q"],
            1,
        )
    ]
    print_table(results)
    report = BUILD / "bench.json"
    machine = {"processors": os.cpu_count(), "soft_limits": resource.getrlimit(resource.RLIMIT_AS)}
    report.write_text(
        json.dumps({"machine": machine, "results": [asdict(row) for row in results]}, indent=2)
    )
    print(f"\n{report}")


if __name__ == "__main__":
    main()
