"""ECR images: pulled once for each content, scanned as long as they are eligible, closed after."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from openinspector.monitor.discover import discover, image_times
from openinspector.monitor.in_use import InUse
from openinspector.monitor.monitor import Monitor
from openinspector.organization.settings import CONFIGURATION
from openinspector.store.records import put_record
from openinspector.store.tasks import TaskKey, enqueue
from tests.emulator import Emulator
from tests.emulator.server import MANAGEMENT, REGION
from tests.images import Entry, Image, digest, file, oci_layout, whiteout
from tests.monitor.conftest import Clock
from tests.monitor.driving import coverage, findings, switch_on, work

DAY = 86_400_000
OS_RELEASE = b'ID="debian"\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\nNAME="Debian"\n'
STATUS = (
    b"Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.1.1k-1\n\n"
)
OPENSSL = "CVE-2022-0778"
OTHER = "2" * 12


def layout(folder: Path, extra: bytes = b"") -> Path:
    image = [[file("etc/os-release", OS_RELEASE), file("var/lib/dpkg/status", STATUS + extra)]]
    return oci_layout(folder, image)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return layout(tmp_path / "layout")


def repository(cloud: Emulator, name: str, account: str = MANAGEMENT) -> str:
    made = cloud.client("ecr", account).create_repository(repositoryName=name)
    return str(made["repository"]["repositoryArn"])


def push(cloud: Emulator, name: str, image: Path, account: str = MANAGEMENT) -> str:
    return cloud.registry.push(account, REGION, name, "v1", image)


def test_an_image_is_pulled_scanned_and_closed(
    monitor: Monitor, cloud: Emulator, clock: Clock, image: Path
) -> None:
    arn = repository(cloud, "shop/web")
    digest = push(cloud, "shop/web", image)
    switch_on(monitor, MANAGEMENT, "ECR")
    assert not [each for each in work(monitor) if each.endswith("failed")]
    told = coverage(monitor, MANAGEMENT)
    assert told[arn] == told[f"{arn}/{digest}"] == ("ACTIVE", "SUCCESSFUL")
    (found,) = findings(monitor, MANAGEMENT, vulnerabilityId=OPENSSL)
    (resource,) = found["resources"]
    details = resource["details"]["awsEcrContainerImage"]
    assert resource["id"] == f"{arn}/{digest}"
    assert (details["repositoryName"], details["imageTags"], details["imageHash"]) == (
        *("shop/web", ["v1"], digest),
    )
    assert (details["platform"], details["registry"]) == ("DEBIAN_11", MANAGEMENT)
    assert details["pushedAt"]

    clock.pass_by(monitor.intervals.listing)
    assert "scan" not in work(monitor), "what was scanned is not pulled again"
    cloud.client("ecr").batch_delete_image(
        repositoryName="shop/web", imageIds=[{"imageDigest": digest}]
    )
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    assert set(coverage(monitor, MANAGEMENT)) == {arn}
    (found,) = findings(monitor, MANAGEMENT, vulnerabilityId=OPENSSL)
    assert found["status"] == "CLOSED"


def test_the_same_image_is_pulled_once_for_all_accounts(
    monitor: Monitor, cloud: Emulator, image: Path
) -> None:
    cloud.enrol(OTHER)
    for account in (MANAGEMENT, OTHER):
        for name in ("one", "two"):
            repository(cloud, name, account)
            digest = push(cloud, name, image, account)
        switch_on(monitor, account, "ECR")
    work(monitor)
    assert cloud.registry.pulls.count(digest) == 1
    for account in (MANAGEMENT, OTHER):
        assert len(findings(monitor, account, vulnerabilityId=OPENSSL)) == 2
    with monitor.store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM inventory").scalar() == 1


def test_an_image_that_nobody_pushed_or_pulled_lately_expires(
    monitor: Monitor, cloud: Emulator, clock: Clock, image: Path
) -> None:
    arn = repository(cloud, "old")
    digest = push(cloud, "old", image)
    switch_on(monitor, MANAGEMENT, "ECR")
    work(monitor)
    clock.pass_by(15 * DAY)
    work(monitor)
    told = coverage(monitor, MANAGEMENT)[f"{arn}/{digest}"]
    assert told == ("INACTIVE", "SCAN_ELIGIBILITY_EXPIRED")
    (found,) = findings(monitor, MANAGEMENT, vulnerabilityId=OPENSSL)
    assert found["status"] == "CLOSED"


_PULL = {"pullDateRescanMode": "LAST_PULL_DATE", "pullDateRescanDuration": "DAYS_30"}
_USE = {"pullDateRescanMode": "LAST_IN_USE_AT", "pullDateRescanDuration": "DAYS_30"}


@pytest.mark.parametrize(
    ("pushed", "pulled", "used", "chosen", "expected"),
    [
        (13, None, None, {"rescanDuration": "DAYS_14"}, True),
        (15, None, None, {"rescanDuration": "DAYS_14"}, False),
        (2, None, None, {"rescanDuration": "DAYS_3"}, True),
        (4, None, None, {"rescanDuration": "DAYS_3"}, False),
        (999, None, None, {"rescanDuration": "LIFETIME"}, True),
        (15, 29, None, _PULL, True),
        (15, 31, None, _PULL, False),
        (15, None, 1, _PULL, False),
        (15, 1, None, _USE, False),
        (15, None, 29, _USE, True),
        (15, None, 31, _USE, False),
    ],
)
def test_how_long_an_image_is_scanned(
    pushed: int, pulled: int | None, used: int | None, chosen: dict[str, Any], expected: bool
) -> None:
    now = datetime.now(UTC)
    image: dict[str, Any] = {"imagePushedAt": now - timedelta(days=pushed)}
    if pulled is not None:
        image["lastRecordedPullTime"] = now - timedelta(days=pulled)
    ran = None if used is None else InUse(now.timestamp() - used * 86_400, 1)
    assert image_times(image, ran, chosen).is_eligible(now.timestamp()) is expected


def configure(monitor: Monitor, **chosen: str) -> None:
    with monitor.store.write() as connection:
        put_record(
            connection, CONFIGURATION, MANAGEMENT, "ecrConfiguration", chosen, monitor.clock()
        )


def test_an_image_that_expired_is_not_revived_by_a_longer_time_but_by_a_pull(
    monitor: Monitor, cloud: Emulator, clock: Clock, image: Path
) -> None:
    arn = repository(cloud, "old")
    digest = push(cloud, "old", image)
    name = f"{arn}/{digest}"
    configure(monitor, rescanDuration="DAYS_14", **_PULL)
    switch_on(monitor, MANAGEMENT, "ECR")
    work(monitor)
    clock.pass_by(40 * DAY)
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("INACTIVE", "SCAN_ELIGIBILITY_EXPIRED")
    configure(monitor, rescanDuration="LIFETIME", **_PULL)
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("INACTIVE", "SCAN_ELIGIBILITY_EXPIRED")
    cloud.registry.pulled(MANAGEMENT, REGION, "old", digest, clock() / 1000)
    clock.pass_by(monitor.intervals.listing)
    discover(monitor, "ECR", MANAGEMENT, REGION)
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", "PENDING_REVIVAL_SCAN")
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", "SUCCESSFUL")
    (found,) = findings(monitor, MANAGEMENT, vulnerabilityId=OPENSSL, findingStatus="ACTIVE")
    assert found["resources"][0]["id"] == name


def test_an_archived_image_closes_and_comes_back(
    monitor: Monitor, cloud: Emulator, clock: Clock, image: Path
) -> None:
    arn = repository(cloud, "shelf")
    digest = push(cloud, "shelf", image)
    switch_on(monitor, MANAGEMENT, "ECR")
    work(monitor)
    client = cloud.client("ecr")
    asked = {"repositoryName": "shelf", "imageId": {"imageDigest": digest}}
    client.update_image_storage_class(**asked, targetStorageClass="ARCHIVE")
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[f"{arn}/{digest}"] == ("INACTIVE", "IMAGE_ARCHIVED")
    (found,) = findings(monitor, MANAGEMENT, vulnerabilityId=OPENSSL)
    assert found["status"] == "CLOSED"
    client.update_image_storage_class(**asked, targetStorageClass="STANDARD")
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[f"{arn}/{digest}"] == ("ACTIVE", "SUCCESSFUL")
    assert findings(monitor, MANAGEMENT, vulnerabilityId=OPENSSL, findingStatus="ACTIVE")


def test_what_is_too_large_or_no_image_is_told(
    monitor: Monitor, cloud: Emulator, clock: Clock, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = repository(cloud, "large")
    digest = push(cloud, "large", image)
    helm = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.cncf.helm.config.v1+json",
            "digest": "sha256:" + "1" * 64,
            "size": 2,
        },
        "layers": [],
    }
    made = cloud.client("ecr").put_image(
        repositoryName="large",
        imageManifest=json.dumps(helm),
        imageManifestMediaType=helm["mediaType"],
        imageTag="chart",
    )
    chart = made["image"]["imageId"]["imageDigest"]
    monkeypatch.setattr("openinspector.aws.ecr.MOST_IMAGE_BYTES", 10)
    switch_on(monitor, MANAGEMENT, "ECR")
    work(monitor)
    told = coverage(monitor, MANAGEMENT)
    assert told[f"{arn}/{digest}"] == ("INACTIVE", "IMAGE_SIZE_EXCEEDED")
    assert told[f"{arn}/{chart}"] == ("INACTIVE", "UNSUPPORTED_MEDIA_TYPE")
    assert not cloud.registry.pulls


def test_repositories_are_scanned_as_often_as_ecr_says(
    monitor: Monitor, cloud: Emulator, clock: Clock, image: Path
) -> None:
    client = cloud.client("ecr")
    arns = {name: repository(cloud, name) for name in ("always", "once", "never")}
    client.put_registry_scanning_configuration(
        scanType="ENHANCED",
        rules=[
            {
                "scanFrequency": frequency,
                "repositoryFilters": [{"filter": f"{name}*", "filterType": "WILDCARD"}],
            }
            for name, frequency in (("always", "CONTINUOUS_SCAN"), ("once", "SCAN_ON_PUSH"))
        ],
    )
    digests = {name: push(cloud, name, image) for name in arns}
    switch_on(monitor, MANAGEMENT, "ECR")
    work(monitor)
    told = coverage(monitor, MANAGEMENT)
    assert told[arns["never"]] == ("INACTIVE", "SCAN_FREQUENCY_MANUAL")
    assert {name: told[f"{arns[name]}/{digests[name]}"][1] for name in arns} == {
        "always": "SUCCESSFUL",
        "once": "SCAN_FREQUENCY_SCAN_ON_PUSH",
        "never": "SCAN_FREQUENCY_MANUAL",
    }
    assert len(findings(monitor, MANAGEMENT, vulnerabilityId=OPENSSL)) == 2


def test_an_image_that_cannot_be_pulled_says_so(
    monitor: Monitor, cloud: Emulator, clock: Clock, image: Path
) -> None:
    arn = repository(cloud, "denied")
    digest = push(cloud, "denied", image)
    cloud.faults.add("denied", "ecr", "GetAuthorizationToken")
    switch_on(monitor, MANAGEMENT, "ECR")
    assert "scan failed" in work(monitor)
    assert coverage(monitor, MANAGEMENT)[f"{arn}/{digest}"] == ("INACTIVE", "ACCESS_DENIED")
    cloud.faults.active.clear()
    clock.pass_by(60_000)
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[f"{arn}/{digest}"] == ("ACTIVE", "SUCCESSFUL")


def test_switched_off_it_is_covered_no_more(
    monitor: Monitor, cloud: Emulator, clock: Clock, image: Path
) -> None:
    from openinspector.organization.accounts import disable

    repository(cloud, "web")
    push(cloud, "web", image)
    switch_on(monitor, MANAGEMENT, "ECR", "EC2")
    work(monitor)
    with monitor.store.write() as connection:
        disable(connection, MANAGEMENT, ["ECR"], clock())
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    assert coverage(monitor, MANAGEMENT) == {}
    assert {each["status"] for each in findings(monitor, MANAGEMENT)} == {"CLOSED"}
    assert "discover-ECR" not in work(monitor)


def layered(folder: Path, *layers: list[Entry]) -> tuple[Path, list[str]]:
    """An image of some layers over Debian's, and the digests of its blobs, the lowest first."""
    base = [file("etc/os-release", OS_RELEASE), file("var/lib/dpkg/status", STATUS)]
    path = oci_layout(folder, [base, *layers])
    return path, [digest(blob) for blob in Image([base, *layers]).blobs()]


def blob_pulls(cloud: Emulator, blobs: list[str]) -> list[int]:
    return [cloud.registry.pulls.count(each) for each in blobs]


def test_a_layer_is_pulled_once_for_all_images_and_accounts(
    monitor: Monitor, cloud: Emulator, clock: Clock, tmp_path: Path
) -> None:
    cloud.enrol(OTHER)
    modules = "srv/node_modules/lodash/package.json"
    upper = [file(modules, '{"name": "lodash", "version": "4.17.15"}')]
    first, blobs = layered(tmp_path / "first", upper)
    second, (_, other) = layered(tmp_path / "second", [whiteout("var/lib/dpkg/status")])
    third, _ = layered(tmp_path / "third", upper, [whiteout(modules)])
    repository(cloud, "first")
    push(cloud, "first", first)
    switch_on(monitor, MANAGEMENT, "ECR")
    work(monitor)
    for name, image in (("second", second), ("third", third)):
        repository(cloud, name, OTHER)
        push(cloud, name, image, OTHER)
    switch_on(monitor, OTHER, "ECR")
    clock.pass_by(monitor.intervals.listing)
    assert not [each for each in work(monitor) if each.endswith("failed")]
    assert blob_pulls(cloud, [*blobs, other]) == [1, 1, 1]
    told = {
        (each["awsAccountId"], each["resources"][0]["id"].partition("repository/")[2][:5])
        for each in findings(monitor, MANAGEMENT, OTHER, vulnerabilityId=OPENSSL)
    }
    # The second image has lost its package database, the third only its modules.
    assert told == {(MANAGEMENT, "first"), (OTHER, "third")}
    lodash = [
        each["awsAccountId"]
        for each in findings(monitor, MANAGEMENT, OTHER)
        if "lodash" in each["title"]
    ]
    assert set(lodash) == {MANAGEMENT}


def test_images_that_are_scanned_at_the_same_time_share_their_layers(
    monitor: Monitor, cloud: Emulator, tmp_path: Path
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from openinspector.monitor.collect import collect
    from openinspector.store.resources import known_resources

    blobs: list[str] = []
    repository(cloud, "many")
    for number in range(6):
        upper = [file("srv/requirements.txt", f"flask==1.{number}\n")]
        path, blobs = layered(tmp_path / f"image-{number}", upper)
        cloud.registry.push(MANAGEMENT, REGION, "many", f"v{number}", path)
    switch_on(monitor, MANAGEMENT, "ECR")
    discover(monitor, "ECR", MANAGEMENT, REGION)
    with monitor.store.read() as connection:
        known = known_resources(connection, MANAGEMENT, REGION, ["AWS_ECR_CONTAINER_IMAGE"])
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda each: collect(monitor, each.found), known.values()))
    assert len(found) == 6
    assert blob_pulls(cloud, blobs[:1]) == [1]


def test_a_record_of_other_catalogers_is_not_taken(
    monitor: Monitor, cloud: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, (base, *_) = layered(tmp_path / "first", [file("a", "1")])
    repository(cloud, "one")
    push(cloud, "one", path)
    switch_on(monitor, MANAGEMENT, "ECR")
    work(monitor)
    monkeypatch.setattr("openinspector.monitor.layers.table_version", lambda: "another")
    path, _ = layered(tmp_path / "second", [file("a", "2")])
    repository(cloud, "two")
    push(cloud, "two", path)
    with monitor.store.write() as connection:
        enqueue(connection, [TaskKey("discover-ECR", MANAGEMENT, REGION)], 0, 0)
    work(monitor)
    assert blob_pulls(cloud, [base]) == [2]


def test_a_repository_that_keeps_us_out_hides_no_other_and_keeps_its_findings(
    monitor: Monitor, cloud: Emulator, clock: Clock, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from openinspector.aws import ecr
    from openinspector.aws.trouble import Denied

    arns = {name: repository(cloud, name) for name in ("closed", "open")}
    for name in arns:
        push(cloud, name, image)
    switch_on(monitor, MANAGEMENT, "ECR")
    work(monitor)
    real = ecr.list_images

    def list_images(sessions: Any, account: str, region: str, name: str) -> Any:
        if name == "closed":
            raise Denied("DescribeImages: AccessDeniedException")
        return real(sessions, account, region, name)

    monkeypatch.setattr(ecr, "list_images", list_images)
    clock.pass_by(monitor.intervals.listing)
    assert not [each for each in work(monitor) if each.endswith("failed")]
    told = coverage(monitor, MANAGEMENT)
    assert told[arns["closed"]] == ("INACTIVE", "ACCESS_DENIED")
    assert told[arns["open"]] == ("ACTIVE", "SUCCESSFUL")
    found = findings(monitor, MANAGEMENT, vulnerabilityId=OPENSSL, findingStatus="ACTIVE")
    assert len(found) == 2


def test_a_repository_that_is_scanned_more_often_catches_up(
    monitor: Monitor, cloud: Emulator, clock: Clock, image: Path
) -> None:
    client = cloud.client("ecr")
    arn = repository(cloud, "web")
    name = f"{arn}/{push(cloud, 'web', image)}"
    filters = [{"filter": "*", "filterType": "WILDCARD"}]
    seen = []
    for frequency in ("SCAN_ON_PUSH", "CONTINUOUS_SCAN", "SCAN_ON_PUSH"):
        rules = [{"scanFrequency": frequency, "repositoryFilters": filters}]
        client.put_registry_scanning_configuration(scanType="ENHANCED", rules=rules)
        switch_on(monitor, MANAGEMENT, "ECR")
        clock.pass_by(monitor.intervals.listing)
        work(monitor)
        seen.append(coverage(monitor, MANAGEMENT)[name][1])
    assert seen == ["SCAN_FREQUENCY_SCAN_ON_PUSH", "SUCCESSFUL", "SCAN_FREQUENCY_SCAN_ON_PUSH"]
    assert cloud.registry.pulls.count(name.rpartition("/")[2]) == 1


def test_names_that_are_no_text_do_not_keep_an_image_from_being_scanned(
    monitor: Monitor, cloud: Emulator, tmp_path: Path
) -> None:
    lodash = b'{"name": "lodash", "version": "4.17.15"}'
    odd = b"Package: x\0y\nStatus: install ok installed\nArchitecture: \xff\nVersion: 1\0\n\n"
    files = [
        file("etc/os-release", OS_RELEASE.replace(b"bullseye", b"bulls\xff\0eye")),
        file("var/lib/dpkg/status", STATUS + odd),
        file("srv/\udcff\udcfe/node_modules/lodash/package.json", lodash),
    ]
    repository(cloud, "odd")
    push(cloud, "odd", oci_layout(tmp_path / "odd", [files]))
    switch_on(monitor, MANAGEMENT, "ECR")
    assert not [each for each in work(monitor) if each.endswith("failed")]
    assert set(coverage(monitor, MANAGEMENT).values()) == {("ACTIVE", "SUCCESSFUL")}
    assert findings(monitor, MANAGEMENT, vulnerabilityId=OPENSSL)
    (found,) = findings(monitor, MANAGEMENT, vulnerabilityId="CVE-2020-8203")
    (package,) = found["packageVulnerabilityDetails"]["vulnerablePackages"]
    assert package["filePath"] == r"srv/\xff\xfe/node_modules/lodash/package.json"
