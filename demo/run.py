"""The demo: scan this machine and a sample image, and leave an HTML report.

Needs no network and no AWS account: the advisories are the embedded starter set.
"""

import subprocess
import sys
from pathlib import Path

from sample_image import write_sample_image

FOLDER = Path(__file__).resolve().parent.parent / "build" / "demo"


def openinspector(*arguments: str) -> None:
    """Run the command as a user would, showing what is run."""
    print(f"\n$ openinspector {' '.join(arguments)}", flush=True)
    program = Path(sys.executable).with_name("openinspector")
    subprocess.run([program, *arguments], check=True)


def main() -> None:
    """Write the sample image, scan it and this machine."""
    image = write_sample_image(FOLDER / "sample-image.tar")
    report = FOLDER / "report.html"
    openinspector("scan", "host", "--db", "starter")
    openinspector("scan", "image", str(image), "--db", "starter")
    openinspector(
        *("scan", "image", str(image), "--db", "starter", "--quiet"),
        *("--format", "html", "--output", str(report)),
    )
    print(f"\nThe report of the sample image: {report}")
    print("Next: `.venv/bin/openinspector db update` fetches the full advisories (internet).")


if __name__ == "__main__":
    main()
