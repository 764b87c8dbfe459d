"""`openinspector serve`: the service, behind Amazon Inspector's own API."""

import os
from typing import TYPE_CHECKING

import click

from openinspector.cli.knowledge import DATABASE, open_database
from openinspector.cli.metrics import METRICS, serve_metrics
from openinspector.cli.scanning import check_region, open_scanning, scanning_options
from openinspector.cli.service_options import data_folder, service_options

if TYPE_CHECKING:
    from openinspector.advisories import AdvisoryDatabase
    from openinspector.api.server import Background
    from openinspector.assess.network import Origin


_FILE = click.Path(exists=True, dir_okay=False, readable=True)
_SBOM_COMPONENTS = 2_000
"""What the service model's documentation tells clients. Newer pages say 5,000, so it can be raised
(spec/sbom-generator.md 4.2)."""


@click.command("serve")
@service_options
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8400, show_default=True)
@click.option("--region", default="us-east-1", show_default=True, callback=check_region)
@click.option(
    "--export-folder",
    metavar="DIR",
    envvar="OPENINSPECTOR_EXPORT_FOLDER",
    show_envvar=True,
    help="Write exports below this folder instead of S3; each bucket is a folder in it.",
)
@click.option(
    "--export-bucket",
    "export_buckets",
    multiple=True,
    metavar="PATTERN",
    envvar="OPENINSPECTOR_EXPORT_BUCKETS",
    show_envvar=True,
    help="Buckets that an account may export to, such as 'reports-{account}-*'. Default: any.",
)
@click.option(
    "--rate-limit",
    type=click.FloatRange(min=1),
    default=100.0,
    show_default=True,
    metavar="N",
    help="Requests a second that each access key may make; four times as many at once.",
)
@click.option(
    "--sbom-components",
    type=click.IntRange(min=1),
    default=_SBOM_COMPONENTS,
    show_default=True,
    metavar="N",
    help="Components of an SBOM that ScanSbom takes, nested ones included.",
)
@click.option("--tls-cert", type=_FILE, metavar="FILE", help="Certificate chain (PEM).")
@click.option("--tls-key", type=_FILE, metavar="FILE", help="Private key of the certificate (PEM).")
@click.option("--aws", is_flag=True, help="Find and scan what is in AWS, with your credentials.")
@scanning_options
@METRICS
@DATABASE
def command(
    data: str | None,
    store_address: str | None,
    host: str,
    port: int,
    region: str,
    export_folder: str | None,
    export_buckets: tuple[str, ...],
    rate_limit: float,
    sbom_components: int,
    tls_cert: str | None,
    tls_key: str | None,
    aws: bool,
    role: str,
    external_id: str | None,
    scan_regions: tuple[str, ...],
    origins: tuple["Origin", ...],
    events: str | None,
    metrics_port: int | None,
    database: str | None,
) -> None:
    """Serve the inspector2 and inspector-scan APIs."""
    from openinspector.api.exports import BUCKETS_VARIABLE, FOLDER_VARIABLE
    from openinspector.api.gateway import Settings
    from openinspector.api.server import Address, open_service, run
    from openinspector.api.upkeep import run_once
    from openinspector.store.access import list_keys

    _check_certificate(tls_cert, tls_key)

    def knowledge() -> "AdvisoryDatabase":
        return open_database(database)

    if database:
        # Without --db it may be fetched later; one that is named must be there.
        knowledge().close()
    folder = data_folder(data)
    if export_folder:
        os.environ[FOLDER_VARIABLE] = export_folder
    if export_buckets:
        os.environ[BUCKETS_VARIABLE] = " ".join(export_buckets)
    service, master = open_service(folder, store_address, region, knowledge, sbom_components)
    address = Address(host, port, tls_cert, tls_key)

    def ready() -> None:
        with service.store.read() as connection:
            keys = [key for key in list_keys(connection) if key.revoked_at is None]
        where = "PostgreSQL" if store_address else str(folder)
        click.echo(f"OpenInspector serves {region} at {address.url}; data in {where}.")
        if not keys:
            option = f" --data {data}" if data else ""
            click.echo(
                "There are no access keys yet. Make one:"
                f" openinspector keys create --account 111122223333{option}"
            )

    beside: list[Background] = []
    if aws:
        regions = scan_regions or (region,)
        whose = (role, external_id, events)
        beside = open_scanning(service.store, knowledge, regions, folder, *whose, origins)
    stop_metrics = serve_metrics(service.store, metrics_port) if metrics_port else None
    settings = Settings(per_second=rate_limit, burst=4 * rate_limit)
    run(service, master, address, ready, run_once, beside, settings)
    if stop_metrics is not None:
        stop_metrics()


def _check_certificate(certificate: str | None, key: str | None) -> None:
    if bool(certificate) != bool(key):
        raise click.UsageError("--tls-cert and --tls-key go together.")
    if certificate is None:
        return
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            certificate, key, password=_no_password
        )
    except (ssl.SSLError, ValueError) as error:
        raise click.UsageError(
            f"{certificate} and {key} are no certificate with its private key (PEM): {error}"
        ) from error


def _no_password() -> str:
    """Instead of a question on the terminal, which a service cannot answer."""
    raise ValueError("the private key is encrypted")
