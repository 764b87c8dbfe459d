"""The demo: scan a sample image and this machine, alone and into a service with an organisation.

Needs no network and no AWS account: the advisories are the embedded starter set.
"""

import os
import subprocess
import sys
from pathlib import Path

import service
from sample_image import write_sample_image

FOLDER = Path(__file__).resolve().parent.parent / "build" / "demo"
ADMINISTRATOR, SHOP, BUILDS = "222222222222", "333333333333", "444444444444"


def openinspector(*arguments: str, environment: dict[str, str] | None = None) -> None:
    """Run the command as a user would, showing what is run."""
    print(f"\n$ openinspector {' '.join(arguments)}", flush=True)
    program = Path(sys.executable).with_name("openinspector")
    subprocess.run([program, *arguments], check=True, env={**os.environ, **(environment or {})})


def scan_alone(image: Path) -> None:
    """What the command line does with no server at all."""
    report = FOLDER / "report.html"
    openinspector("scan", "host", "--db", "starter")
    openinspector("scan", "image", str(image), "--db", "starter")
    openinspector(
        *("scan", "image", str(image), "--db", "starter", "--quiet"),
        *("--format", "html", "--output", str(report)),
    )
    print(f"\nThe report of the sample image: {report}")


def scan_into_service(image: Path) -> None:
    """Four accounts; the image belongs to one member, this machine to another."""
    service.stop_former(FOLDER)
    data = str(FOLDER / "data")
    openinspector("org", "import", str(service.ORGANIZATION), "--data", data)
    address = service.start(FOLDER)
    shop = service.credentials(FOLDER, SHOP, "demo")
    builds = service.credentials(FOLDER, BUILDS, "demo")
    administrator = service.credentials(FOLDER, ADMINISTRATOR, "demo")
    common = ("--db", "starter", "--quiet", "--submit", address)
    openinspector("scan", "image", str(image), *common, environment=shop)
    openinspector("scan", "host", *common, environment=builds)
    environment_file = FOLDER / "administrator.env"
    environment_file.touch(mode=0o600)
    environment_file.write_text(
        "".join(f"export {name}={value}\n" for name, value in administrator.items())
        + f"export AWS_ENDPOINT_URL={address}\n"
    )
    print(
        f"\nThe service runs at {address}; stop it with: kill $(cat {FOLDER / 'service.pid'})\n"
        "As the organisation's administrator, with the AWS CLI (pip install awscli):\n\n"
        f"  source {environment_file}\n"
        "  aws inspector2 list-findings --max-items 5\n"
        "  aws inspector2 list-finding-aggregations --aggregation-type ACCOUNT\n"
        "  aws inspector2 list-coverage\n"
        "  aws inspector2 list-members"
    )


def main() -> None:
    """Write the sample image, scan it and this machine, alone and into the service."""
    image = write_sample_image(FOLDER / "sample-image.tar")
    scan_alone(image)
    scan_into_service(image)
    print("\nNext: `.venv/bin/openinspector db update` fetches the full advisories (internet).")


if __name__ == "__main__":
    main()
