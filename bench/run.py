"""Measure OpenInspector beside any of trivy, syft, grype and osv-scanner found on PATH.

Whole processes, wall seconds and peak memory, the median of several runs: cold (the tool's own
cache emptied) and warm. Prints ratios and writes build/bench.json. Never asserts a time.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from image import build, gzip_oci_layout, many_files_image

BUILD = Path(__file__).resolve().parent.parent / "build"
OURS = str(Path(sys.executable).with_name("openinspector"))


@dataclass(frozen=True)
class Measure:
    """The medians of several runs of one command."""

    work: str
    tool: str
    seconds: float
    mebibytes: float
    exit_code: int
    runs: int


def run_once(command: list[str], environment: dict[str, str]) -> tuple[float, float, int]:
    """Run a command to its end: wall seconds, peak memory in MiB, exit code."""
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        os.execvpe(command[0], command, environment)
    _, status, usage = os.wait4(child, 0)
    kibibytes = usage.ru_maxrss
    return time.perf_counter() - start, kibibytes / 1024, os.waitstatus_to_exitcode(status)


def measure(
    work: str,
    tool: str,
    command: list[str],
    runs: int,
    before: Callable[[], None] | None = None,
) -> Measure:
    """Run a command once to warm up and then `runs` times; `before` runs before each."""
    environment = {**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false"}
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
        seconds=statistics.median(seconds for seconds, _, _ in results),
        mebibytes=statistics.median(mebibytes for _, mebibytes, _ in results),
        exit_code=max(code for _, _, code in results),
        runs=runs,
    )


def peer_commands(image: Path, cache: Path, form: str) -> dict[str, list[str]]:
    """The peers that are installed, each told to take the inventory of one archive, offline."""
    prefix = "docker-archive:" if form == "docker" else "oci-dir:"
    commands = {
        "trivy": [
            *("trivy", "image", "--quiet", "--format", "cyclonedx", "--offline-scan"),
            *("--cache-dir", str(cache), "--input", str(image)),
        ],
        "syft": ["syft", "scan", "--quiet", "-o", "cyclonedx-json", f"{prefix}{image}"],
        "osv-scanner": ["osv-scanner", "scan", "image", "--archive", str(image)],
    }
    return {tool: command for tool, command in commands.items() if shutil.which(tool)}


def image_work(name: str, image: Path, form: str, database: Path, runs: int) -> list[Measure]:
    """One image archive: reading it, our inventory, our whole scan, and each peer."""
    quiet = ["--quiet", "--output", os.devnull]
    results = [
        measure(
            name,
            "read the bytes (cat)",
            ["find", str(image), "-type", "f", "-exec", "cat", "{}", "+"],
            runs,
        ),
        measure(
            name,
            "openinspector sbom",
            [OURS, "sbom", "image", str(image), *quiet],
            runs,
        ),
        measure(
            name,
            "openinspector scan",
            [OURS, "scan", "image", str(image), "--db", str(database), *quiet],
            runs,
        ),
    ]
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        for tool, command in peer_commands(image, cache, form).items():
            results.append(
                measure(name, f"{tool} cold", command, runs, lambda: shutil.rmtree(cache, True))
            )
            results.append(measure(name, f"{tool} warm", command, runs))
    return results


def small_work(database: Path, runs: int) -> list[Measure]:
    """Start-up, an empty folder, and an SBOM of 800 components."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty"
        empty.mkdir()
        sbom = Path(folder) / "sbom.json"
        sbom.write_text(json.dumps(_sbom(800)))
        scan = [OURS, "scan", "--db", str(database)]
        return [
            measure("start-up", "openinspector --help", [OURS, "--help"], runs),
            measure(
                "empty folder",
                "openinspector scan dir",
                [OURS, "scan", "dir", str(empty), "--db", str(database), "-q"],
                runs,
            ),
            measure(
                "SBOM of 800 components",
                "openinspector scan sbom",
                [*scan[:2], "sbom", str(sbom), *scan[2:], "-q", "--output", os.devnull],
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
            print(
                f"  {row.tool:24} {row.seconds:8.3f} s {times:7.2f}x"
                f" {row.mebibytes:9.1f} MiB {memory:7.2f}x"
            )


def main() -> None:
    """Build what is measured, measure, print, and write build/bench.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--files", type=int, default=3_000_000, help="entries of the large image")
    options = parser.parse_args()
    folder = BUILD / "bench"
    database = folder / "starter.db"
    image = build(folder)
    run_once(
        [OURS, "db", "build", "--from", "starter", "--output", str(database)], dict(os.environ)
    )
    results = small_work(database, options.runs)
    results += image_work("docker archive", image, "docker", database, options.runs)
    results += image_work(
        "OCI layout, gzip layers", gzip_oci_layout(image), "oci", database, options.runs
    )
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
