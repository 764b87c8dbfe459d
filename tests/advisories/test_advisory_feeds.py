"""One documented example of every feed's format, read into a database; and hostile ones."""

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from advisory_samples import advisory, fixed_in, write_zip

from openinspector.advisories import AdvisoryDatabase
from openinspector.advisories.build import Report, Source, build
from openinspector.advisories.feeds import FEEDS, READERS, FeedError
from openinspector.advisories.feeds.base import load
from openinspector.advisories.feeds.cpe import split
from openinspector.advisories.feeds.recognise import of_content, recognise, survey
from openinspector.advisories.feeds.zipped import Zip
from openinspector.advisories.items import Epss, Kev
from openinspector.advisories.osv import Malformed

UPDATEINFO = b"""<?xml version="1.0" encoding="utf-8"?>
<updates>
<update author="linux-security@amazon.com" status="final" type="security" version="1.4">
<id>ALAS2-2021-1590</id><title>ALAS2-2021-1590: sudo</title>
<issued date="2021-01-25 23:09"/><updated date="2021-01-26 18:48"/><severity>important</severity>
<references><reference href="https://x" id="CVE-2021-3156" type="cve"/></references>
<pkglist><collection short="amazon-linux"><name>Amazon Linux</name>
<package arch="x86_64" epoch="0" name="sudo" release="4.amzn2.2.1" version="1.8.23"/>
<package arch="aarch64" epoch="0" name="sudo" release="4.amzn2.2.1" version="1.8.23"/>
<package arch="x86_64" epoch="1" name="sudo-devel" release="4.amzn2.2.1" version="1.8.23"/>
<package arch="x86_64" epoch="0" name="sudo-debuginfo" release="4.amzn2.2.1" version="1.8.23"/>
</collection></pkglist></update>
<update type="security"><id>ALAS2KERNEL-5.10-2022-001</id><title>kernel</title>
<issued date="2022-01-01 00:00"/><severity>medium</severity>
<references><reference id="CVE-2021-4155" type="cve"/></references>
<pkglist><collection><package arch="x86_64" epoch="0" name="kernel" version="5.10.93"
 release="87.444.amzn2"/></collection></pkglist></update>
<update type="security"><id>ALAS-2014-419</id><title>bash</title>
<issued date="2014-09-25 00:00"/><severity>critical</severity>
<references><reference id="CVE-2014-7169" type="cve"/></references>
<pkglist><collection><package arch="x86_64" epoch="0" name="bash" version="4.1.2"
 release="15.21.amzn1"/></collection></pkglist></update>
</updates>"""

DEBIAN = {
    "openssl": {
        "CVE-2022-0778": {
            "description": "A loop.",
            "scope": "local",
            "releases": {
                "bookworm": {
                    "status": "resolved",
                    "fixed_version": "1.1.1n-1",
                    "urgency": "not yet assigned",
                },
                "trixie": {"status": "resolved", "fixed_version": "0", "urgency": "low"},
                "bullseye": {
                    "status": "open",
                    "urgency": "not yet assigned",
                    "nodsa": "Minor issue",
                    "nodsa_reason": "",
                },
                "buster": {
                    "status": "open",
                    "urgency": "low",
                    "nodsa": "Too intrusive",
                    "nodsa_reason": "ignored",
                },
                "stretch": {"status": "open", "urgency": "unimportant"},
                "jessie": {"status": "open", "urgency": "end-of-life"},
                "sid": {"status": "undetermined", "urgency": "not yet assigned"},
            },
        }
    },
    "tar": {"TEMP-0290435-0B57B5": {"releases": {"bookworm": {"status": "open"}}}},
}

SECDB = {
    "distroversion": "v3.18",
    "reponame": "main",
    "urlprefix": "https://dl-cdn.alpinelinux.org/alpine",
    "apkurl": "{{urlprefix}}/{{distroversion}}/{{reponame}}/{{arch}}/x.apk",
    "packages": [
        {
            "pkg": {
                "name": "curl",
                "secfixes": {
                    "8.4.0-r0": ["CVE-2023-38545", "CVE-2023-38546 GHSA-aaaa-bbbb-cccc"],
                    "8.1.0-r0": ["CVE-2023-38545"],
                    "0": ["CVE-2021-22897"],
                },
            }
        },
        {"pkg": {"name": "xen", "secfixes": {"4.16-r1": ["CVE-2022-1 XSA-399"]}}},
        {"pkg": {"name": "empty", "secfixes": None}},
        {"pkg": {"name": "ansible", "secfixes": {"2.8.0-r0": {}, "2.7.9-r0": ["CVE-2018-16876"]}}},
        {"pkg": {"name": "none", "secfixes": []}},
    ],
}

VEX = {
    "document": {
        "category": "csaf_vex",
        "tracking": {
            "initial_release_date": "2022-11-01T00:00:00+00:00",
            "current_release_date": "2024-01-01T00:00:00+00:00",
        },
    },
    "product_tree": {
        "branches": [
            {
                "category": "vendor",
                "branches": [
                    {
                        "product": {
                            "product_id": "BaseOS-9",
                            "product_identification_helper": {
                                "cpe": "cpe:/o:redhat:enterprise_linux:9::baseos"
                            },
                        }
                    },
                    {
                        "product": {
                            "product_id": "red_hat_8",
                            "product_identification_helper": {
                                "cpe": "cpe:/o:redhat:enterprise_linux:8"
                            },
                        }
                    },
                    {
                        "product": {
                            "product_id": "openshift",
                            "product_identification_helper": {"cpe": "cpe:/a:redhat:openshift:4"},
                        }
                    },
                    *(
                        {
                            "product": {
                                "product_id": f"openssl-1:3.0.1-43.el9_0.{arch}",
                                "product_identification_helper": {
                                    "purl": "pkg:rpm/redhat/openssl@3.0.1-43.el9_0"
                                    f"?arch={arch}&epoch=1"
                                },
                            }
                        }
                        for arch in ("x86_64", "aarch64", "src")
                    ),
                    *(
                        {
                            "product": {
                                "product_id": name,
                                "product_identification_helper": {
                                    "purl": f"pkg:rpm/redhat/{name}?arch=src"
                                },
                            }
                        }
                        for name in ("openssl", "compat-openssl11", "edk2", "shim")
                    ),
                ],
            }
        ],
        "relationships": [
            {
                "category": "default_component_of",
                "product_reference": package,
                "relates_to_product_reference": product,
                "full_product_name": {"product_id": f"{product}:{package}", "name": "x"},
            }
            for product, package in (
                ("BaseOS-9", "openssl-1:3.0.1-43.el9_0.x86_64"),
                ("BaseOS-9", "openssl-1:3.0.1-43.el9_0.aarch64"),
                ("BaseOS-9", "openssl-1:3.0.1-43.el9_0.src"),
                ("BaseOS-9", "edk2"),
                ("BaseOS-9", "compat-openssl11"),
                ("BaseOS-9", "shim"),
                ("red_hat_8", "openssl"),
                ("openshift", "openssl"),
            )
        ],
    },
    "vulnerabilities": [
        {
            "cve": "CVE-2022-3602",
            "title": "openssl: X.509 Email Address Buffer Overflow",
            "cwe": {"id": "CWE-121"},
            "notes": [{"category": "description", "text": "A stack overflow."}],
            "product_status": {
                "fixed": [
                    "BaseOS-9:openssl-1:3.0.1-43.el9_0.x86_64",
                    "BaseOS-9:openssl-1:3.0.1-43.el9_0.aarch64",
                    "BaseOS-9:openssl-1:3.0.1-43.el9_0.src",
                ],
                "known_affected": ["BaseOS-9:edk2"],
                "known_not_affected": ["red_hat_8:openssl", "openshift:openssl"],
                "under_investigation": ["BaseOS-9:shim"],
            },
            "remediations": [
                {
                    "category": "vendor_fix",
                    "details": "Update.",
                    "product_ids": ["BaseOS-9:openssl-1:3.0.1-43.el9_0.x86_64"],
                    "url": "https://access.redhat.com/errata/RHSA-2022:7288",
                },
                {
                    "category": "vendor_fix",
                    "details": "Update.",
                    "product_ids": ["openshift:openssl"],
                    "url": "https://access.redhat.com/errata/RHSA-2022:7384",
                },
                {
                    "category": "no_fix_planned",
                    "details": "Will not fix",
                    "product_ids": ["BaseOS-9:edk2"],
                },
            ],
            "scores": [
                {
                    "cvss_v3": {
                        "vectorString": "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:H",
                        "baseScore": 5.9,
                    }
                }
            ],
            "threats": [
                {
                    "category": "impact",
                    "details": "Important",
                    "product_ids": ["BaseOS-9:edk2"],
                }
            ],
            "references": [{"category": "external", "summary": "x", "url": "https://openssl.org"}],
        }
    ],
}

UBUNTU = {
    "cves": [
        {
            "id": "CVE-2022-0778",
            "priority": "high",
            "published": "2022-03-15T17:15:00",
            "description": "A loop.",
            "status": "active",
            "cvss3": 7.5,
            "impact": {
                "baseMetricV3": {
                    "cvssV3": {
                        "baseScore": 7.5,
                        "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
                        "version": "3.1",
                    },
                    "impactScore": 3.6,
                }
            },
            "notices_ids": ["USN-5328-1"],
            "packages": [
                {
                    "name": "openssl",
                    "statuses": [
                        {
                            "release_codename": "jammy",
                            "status": "released",
                            "description": "3.0.2-0ubuntu1",
                        },
                        {
                            "release_codename": "xenial",
                            "status": "released",
                            "description": "1.0.2g-1ubuntu4.20+esm2",
                            "pocket": "esm-infra",
                        },
                        {
                            "release_codename": "impish",
                            "status": "ignored",
                            "description": "end of life",
                        },
                        {"release_codename": "focal", "status": "not-affected"},
                        {"release_codename": "bionic", "status": "deferred", "description": ""},
                        {"release_codename": "noble", "status": "needed"},
                        {"release_codename": "trusty", "status": "needs-triage"},
                        {"release_codename": "mantic", "status": "DNE"},
                        {
                            "release_codename": "bionic",
                            "status": "released",
                            "description": "1.1.1-1ubuntu2.fips.2.1~18.04.15",
                            "pocket": "fips",
                        },
                        {
                            "release_codename": "jammy",
                            "status": "released",
                            "description": "1.0",
                            "pocket": "ros-esm",
                        },
                        {
                            "release_codename": "trusty/esm",
                            "status": "released",
                            "description": "1.0.1f-1ubuntu2.27+esm5",
                        },
                    ],
                }
            ],
        },
        {"id": "CVE-2022-0779", "status": "rejected", "packages": []},
        {"id": "CVE-2022-0780", "packages": "none"},
    ]
}

NVD = {
    "resultsPerPage": 1,
    "format": "NVD_CVE",
    "version": "2.0",
    "vulnerabilities": [
        {
            "cve": {
                "id": "CVE-2021-23017",
                "sourceIdentifier": "f5sirt@f5.com",
                "published": "2021-06-01T13:15:07.853",
                "lastModified": "2024-11-21T05:51:09.460",
                "vulnStatus": "Analyzed",
                "descriptions": [
                    {"lang": "es", "value": "Un problema."},
                    {"lang": "en", "value": "An off-by-one."},
                ],
                "metrics": {
                    "cvssMetricV31": [
                        {
                            "source": "nvd@nist.gov",
                            "type": "Primary",
                            "cvssData": {
                                "version": "3.1",
                                "vectorString": "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:L/A:L",
                            },
                        },
                        {
                            "source": "134c704f-9b21-4f2e-91b3-4a467353bcc0",
                            "type": "Secondary",
                            "cvssData": {
                                "vectorString": "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:L/A:H"
                            },
                        },
                    ],
                    "ssvc": [{"source": "x"}],
                },
                "weaknesses": [{"description": [{"lang": "en", "value": "CWE-193"}]}],
                "configurations": [
                    {
                        "nodes": [
                            {
                                "operator": "OR",
                                "negate": False,
                                "cpeMatch": [
                                    {
                                        "vulnerable": True,
                                        "criteria": "cpe:2.3:a:f5:nginx:*:*:*:*:*:*:*:*",
                                        "versionStartIncluding": "0.6.18",
                                        "versionEndExcluding": "1.20.1",
                                    },
                                    {
                                        "vulnerable": True,
                                        "criteria": "cpe:2.3:a:openbsd:openssh:8.7:p1:*:*:*:*:*:*",
                                    },
                                    {
                                        "vulnerable": True,
                                        "criteria": "cpe:2.3:a:old:anything:*:*:*:*:*:*:*:*",
                                    },
                                    {
                                        "vulnerable": True,
                                        "criteria": "cpe:2.3:o:linux:linux_kernel:5:*:*:*:*:*:*:*",
                                    },
                                ],
                            }
                        ]
                    },
                    {
                        "operator": "AND",
                        "nodes": [
                            {
                                "cpeMatch": [
                                    {
                                        "vulnerable": True,
                                        "criteria": "cpe:2.3:a:php:php:*:*:*:*:*:*:*:*",
                                        "versionEndExcluding": "8.1",
                                    }
                                ]
                            },
                            {
                                "cpeMatch": [
                                    {
                                        "vulnerable": False,
                                        "criteria": "cpe:2.3:o:microsoft:windows:-:*:*:*:*:*:*:*",
                                    }
                                ]
                            },
                        ],
                    },
                ],
                "references": [
                    {"url": "https://example.org/poc", "source": "x", "tags": ["Exploit"]}
                ],
            }
        },
        {"cve": {"id": "CVE-2021-0001", "sourceIdentifier": "x", "vulnStatus": "Rejected"}},
    ],
}

KEV = {
    "title": "CISA Catalog of Known Exploited Vulnerabilities",
    "catalogVersion": "2025.08.25",
    "dateReleased": "2025-08-25T17:04:19.9796Z",
    "count": 1,
    "vulnerabilities": [
        {
            "cveID": "CVE-2021-44228",
            "dateAdded": "2021-12-10",
            "dueDate": "2021-12-24",
            "requiredAction": "Update.",
            "knownRansomwareCampaignUse": "Known",
        }
    ],
}

EPSS = (
    "#model_version:v2025.03.14,score_date:2025-06-01T12:55:00Z\ncve,epss,percentile\n"
    "CVE-2021-44228,0.94358,0.99957\nCVE-1999-0001,0.03351,0.87650\nnonsense,1,1\n"
    "CVE-2024-0001,7,0.5\nCVE-2024-0002,x,0.5\n"
)

SCORES = (
    "cve,version,vector,base_score,source\n"
    "CVE-2021-44228,3.1,CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H,10.0,nvd via tracker\n"
    "CVE-2021-44228,3.1,CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H,10.0,nvd\n"
    "CVE-2021-44228,3.1,CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H,9.6,CNA apache\n"
)
WEAKNESSES = "cve,cwe,source\nCVE-2021-44228,CWE-20,CNA apache\nCVE-2021-44228,CWE-502,nvd\n"


def _database(tmp_path: Path, feed: str, data: bytes) -> tuple[AdvisoryDatabase, Report]:
    path = tmp_path / "source"
    path.write_bytes(data)
    report = build([Source(feed, "source", path)], tmp_path / "advisories.db")
    return AdvisoryDatabase.open(tmp_path / "advisories.db"), report


def _json(document: object) -> bytes:
    return json.dumps(document).encode()


def test_amazon(tmp_path: Path) -> None:
    database, report = _database(tmp_path, "amazon", gzip.compress(UPDATEINFO))
    assert report.advisories == 3
    (sudo,) = database.affected("Amazon Linux:2", "sudo")
    assert (sudo.advisory, sudo.vulnerabilities) == ("ALAS2-2021-1590", ("CVE-2021-3156",))
    assert sudo.ranges[0].end_version == "1.8.23-4.amzn2.2.1"
    assert sudo.arches == ("aarch64", "x86_64")
    assert sudo.vendor_severity == "important"
    assert sudo.url == "https://alas.aws.amazon.com/AL2/ALAS2-2021-1590.html"
    (devel,) = database.affected("Amazon Linux:2", "sudo-devel")
    assert devel.ranges[0].end_version == "1:1.8.23-4.amzn2.2.1"
    assert not database.affected("Amazon Linux:2", "sudo-debuginfo")
    (kernel,) = database.affected("Amazon Linux:2", "kernel")
    assert kernel.ranges[0].introduced_version == "5.10", "extras speak of their own stream"
    (bash,) = database.affected("Amazon Linux:1", "bash")
    assert bash.vendor_severity == "critical"
    assert dict(database.vulnerability("CVE-2021-3156").vendor) == {"AMAZON_CVE": "important"}


def test_amazon_as_lines(tmp_path: Path) -> None:
    line = {
        "id": "ALAS2023-2024-649",
        "severity": "important",
        "issued": "2024-06-26 21:55",
        "cves": ["CVE-2024-6387"],
        "packages": [
            {"name": "openssh", "epoch": "0", "version": "8.7p1", "release": "8.amzn2023.0.11"}
        ],
    }
    database, _ = _database(tmp_path, "amazon", _json(line) + b"\n" + _json(line))
    (record,) = database.affected("Amazon Linux:2023", "openssh")
    assert record.ranges[0].end_version == "8.7p1-8.amzn2023.0.11"


def test_the_streams_of_amazon_corretto_are_not_lost(tmp_path: Path) -> None:
    """`CORRETTO8` brings 1.8.0: a topic's number above its own fix cannot be where it begins."""
    line = {
        "id": "ALAS2CORRETTO8-2022-001",
        "cves": ["CVE-2022-21426"],
        "packages": [
            {
                "name": "java-1.8.0-amazon-corretto",
                "epoch": "1",
                "version": "1.8.0_332.b08",
                "release": "1.amzn2",
            }
        ],
    }
    database, _ = _database(tmp_path, "amazon", _json(line))
    (record,) = database.affected("Amazon Linux:2", "java-1.8.0-amazon-corretto")
    assert record.ranges[0].introduced == b""


def test_debian(tmp_path: Path) -> None:
    database, _ = _database(tmp_path, "debian", _json(DEBIAN))

    def told(ecosystem: str) -> tuple[str, str | None, str | None]:
        (record,) = database.affected(ecosystem, "openssl")
        assert record.advisory == "DEBIAN-CVE-2022-0778"
        return record.state, record.note, record.vendor_severity

    assert told("Debian:12") == ("fixed", None, "not yet assigned")
    assert told("Debian:13") == ("not-affected", None, "low")
    assert told("Debian:11") == ("unfixed", "no-dsa: Minor issue", "not yet assigned")
    assert told("Debian:10") == ("will-not-fix", "ignored: Too intrusive", "low")
    assert told("Debian:9") == ("unfixed", "unimportant", "unimportant")
    assert told("Debian:8") == ("will-not-fix", "end-of-life", "end-of-life")
    assert told("Debian") == ("under-investigation", "undetermined", "not yet assigned")
    (temporary,) = database.affected("Debian:12", "tar")
    assert temporary.vulnerabilities == ("TEMP-0290435-0B57B5",)
    assert database.affected("Debian:12", "openssl")[0].ranges[0].end_version == "1.1.1n-1"


def test_alpine(tmp_path: Path) -> None:
    database, _ = _database(tmp_path, "alpine", _json(SECDB))
    said = {r.vulnerabilities[0]: r for r in database.affected("Alpine:v3.18", "curl")}
    assert said["CVE-2023-38545"].ranges[0].end_version == "8.4.0-r0", "the later of two fixes"
    assert said["CVE-2023-38546"].ranges[0].end_version == "8.4.0-r0"
    assert said["CVE-2021-22897"].state == "not-affected"
    assert said["CVE-2023-38545"].advisory == "ALPINE-CVE-2023-38545"


@pytest.mark.parametrize(
    ("changes", "ecosystem"),
    [
        ({"urlprefix": "https://packages.wolfi.dev", "distroversion": None}, "Wolfi"),
        ({"urlprefix": "https://packages.cgr.dev/chainguard"}, "Chainguard"),
        ({"distroversion": "edge-main"}, "Alpine:edge"),
        ({"urlprefix": "https://mirror.example.com", "distroversion": "v3.3"}, "Alpine:v3.3"),
        ({"urlprefix": "https://packages.mini.dev", "distroversion": None}, "MinimOS"),
    ],
)
def test_the_relatives_of_alpine(tmp_path: Path, changes: dict, ecosystem: str) -> None:
    database, _ = _database(tmp_path, "wolfi", _json({**SECDB, **changes}))
    assert database.affected(ecosystem, "curl")


def test_a_security_database_may_be_empty(tmp_path: Path) -> None:
    _, report = _database(tmp_path, "alpine", _json({**SECDB, "packages": {}}))
    assert (report.sources[0].kept, report.sources[0].failure) == (0, None)


def test_the_security_database_of_another_distribution_is_not_alpines(tmp_path: Path) -> None:
    data = _json({**SECDB, "urlprefix": "https://secureos.example.com", "distroversion": "v1"})
    (tmp_path / "secdb.json").write_bytes(data)
    with pytest.raises(FeedError, match="which distribution"):
        list(READERS["alpine"](tmp_path / "secdb.json"))


def test_redhat(tmp_path: Path) -> None:
    database, _ = _database(tmp_path, "redhat", _json(VEX))
    (fixed,) = database.affected("Red Hat:9", "openssl")
    assert (fixed.state, fixed.arches) == ("fixed", ("aarch64", "x86_64"))
    assert fixed.ranges[0].end_version == "1:3.0.1-43.el9_0"
    (edk2,) = database.affected("Red Hat:9", "edk2")
    assert (edk2.state, edk2.note) == ("will-not-fix", "no_fix_planned: Will not fix")
    assert edk2.vendor_severity == "Important"
    assert database.affected("Red Hat:8", "openssl")[0].state == "not-affected"
    assert database.affected("Red Hat:9", "shim")[0].state == "under-investigation"
    assert database.ecosystems() == ("Red Hat:8", "Red Hat:9"), "layered products are left out"
    found = database.vulnerability("CVE-2022-3602")
    assert [(e.source, e.score) for e in found.cvss] == [("REDHAT_CVE", 5.9)]
    assert found.description == "A stack overflow."
    assert "RHSA-2022:7288" in found.advisories, "the bulletin that brought the fix"
    assert "RHSA-2022:7384" not in found.advisories, "a bulletin of a layered product"


def test_ubuntu(tmp_path: Path) -> None:
    database, report = _database(tmp_path, "ubuntu", _json(UBUNTU))
    assert (report.sources[0].withdrawn, report.sources[0].unusable) == (1, 1)

    def told(ecosystem: str) -> tuple[str, str | None]:
        (record,) = database.affected(ecosystem, "openssl")
        return record.state, record.note

    assert told("Ubuntu:22.04:LTS") == ("fixed", None)
    assert told("Ubuntu:Pro:16.04:LTS") == ("fixed", None)
    assert told("Ubuntu:21.10") == ("will-not-fix", "ignored: end of life")
    assert told("Ubuntu:20.04:LTS") == ("not-affected", None)
    assert told("Ubuntu:18.04:LTS") == ("unfixed", "deferred")
    assert told("Ubuntu:24.04:LTS") == ("unfixed", None)
    assert told("Ubuntu:14.04:LTS") == ("under-investigation", "needs-triage")
    assert told("Ubuntu:Pro:FIPS:18.04:LTS") == ("fixed", None), "not the archive of all with Pro"
    assert not database.knows("Ubuntu:Pro:18.04:LTS")
    assert told("Ubuntu:Pro:14.04:LTS") == ("fixed", None)
    assert not database.knows("Ubuntu:23.10")
    found = database.vulnerability("CVE-2022-0778")
    assert dict(found.vendor) == {"UBUNTU_CVE": "high", "NVD": "HIGH"}
    assert [(each.source, each.score) for each in found.cvss] == [("NVD", 7.5)]
    assert "USN-5328-1" in database.vulnerability("CVE-2022-0778").advisories


def test_a_bare_list_of_ubuntus_cves_is_read_too(tmp_path: Path) -> None:
    data = _json(UBUNTU["cves"])
    assert of_content(data) == "ubuntu"
    database, _ = _database(tmp_path, "ubuntu", data)
    assert database.affected("Ubuntu:22.04:LTS", "openssl")


def test_notices_that_lead_to_trackers_records_speak_of_their_cves(tmp_path: Path) -> None:
    """As Canonical writes USN-5614-1 and its like since 2024."""
    notice = advisory(
        "USN-5614-1",
        fixed_in("Ubuntu:22.04:LTS", "wayland", "1.20.0-1ubuntu0.1"),
        upstream=["UBUNTU-CVE-2021-3782", "UBUNTU-CVE-2021-3783"],
    )
    database, _ = _database(tmp_path, "osv", _json(notice))
    (record,) = database.affected("Ubuntu:22.04:LTS", "wayland")
    assert record.vulnerabilities == ("CVE-2021-3782", "CVE-2021-3783")
    assert database.vulnerability("CVE-2021-3783").aliases == ()


def test_nvd(tmp_path: Path) -> None:
    database, report = _database(tmp_path, "nvd", gzip.compress(_json(NVD)))
    assert report.sources[0].withdrawn == 1
    (nginx,) = database.affected("generic", "f5/nginx")
    assert (nginx.ranges[0].introduced_version, nginx.ranges[0].end_version) == ("0.6.18", "1.20.1")
    (openssh,) = database.affected("generic", "openbsd/openssh")
    assert len(openssh.versions) == 1
    assert not database.affected("generic", "old/anything"), "no version, no fact"
    assert not database.affected("generic", "php/php"), "needs Windows"
    assert not database.affected("generic", "linux/linux_kernel"), "no application"
    found = database.vulnerability("CVE-2021-23017")
    assert [(e.source, e.score) for e in found.cvss] == [("NVD", 5.6), ("CISA-ADP", 7.0)]
    assert found.description == "An off-by-one."
    assert found.cwes == ("CWE-193",)
    assert found.exploit is not None
    assert found.vendor == (("NVD", "MEDIUM"),)
    assert found.published == "2021-06-01T13:15:07Z"


def test_cpe_names_are_unquoted() -> None:
    fields = split(r"cpe:2.3:a:a\:b:c\+\+:1.0\-rc1:*:*:*:*:*:*:*")
    assert fields[3:6] == ["a:b", "c++", "1.0-rc1"]
    assert len(fields) == 13


def test_kev_and_epss(tmp_path: Path) -> None:
    kev, epss = tmp_path / "kev.json", tmp_path / "epss.csv.gz"
    kev.write_bytes(_json(KEV))
    epss.write_bytes(gzip.compress(EPSS.encode()))
    sources = [Source("kev", "kev", kev), Source("epss", "epss", epss)]
    report = build(sources, tmp_path / "advisories.db")
    with AdvisoryDatabase.open(tmp_path / "advisories.db") as database:
        found = database.vulnerability("CVE-2021-44228")
        assert found.known_exploited is not None
        assert (found.known_exploited.added, found.known_exploited.due) == (
            "2021-12-10",
            "2021-12-24",
        )
        assert found.known_exploited.ransomware
        assert (found.epss.score, found.epss.percentile) == (0.94358, 0.99957)
        assert found.epss.date == "2025-06-01"
        assert database.vulnerability("CVE-1999-0001").epss.score == 0.03351
    assert {tally.feed: tally.unusable for tally in report.sources} == {"kev": 0, "epss": 3}


def test_the_tables_of_scores(tmp_path: Path) -> None:
    scores, weaknesses = tmp_path / "cvss.csv.gz", tmp_path / "cwe.csv"
    scores.write_bytes(gzip.compress(SCORES.encode()))
    weaknesses.write_text(WEAKNESSES)
    sources = [
        Source("nvd-tables", "cvss", scores),
        Source("nvd-tables", "cwe", weaknesses),
    ]
    build(sources, tmp_path / "advisories.db")
    with AdvisoryDatabase.open(tmp_path / "advisories.db") as database:
        found = database.vulnerability("CVE-2021-44228")
    assert [(e.source, e.score) for e in found.cvss] == [("NVD", 10.0), ("CNA", 9.6)]
    assert set(found.cwes) == {"CWE-20", "CWE-502"}
    assert dict(found.vendor)["NVD"] == "CRITICAL"


def test_documents_in_every_wrapping_are_the_same(tmp_path: Path) -> None:
    documents = [advisory(f"GHSA-{n}", fixed_in("npm", "a", f"{n}.0.0")) for n in range(1, 4)]
    plain = {f"{each['id']}.json": _json(each) for each in documents}
    folder = tmp_path / "folder" / "deep"
    folder.mkdir(parents=True)
    for name, data in plain.items():
        (folder / name).write_bytes(data)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in plain.items():
            member = tarfile.TarInfo(f"x/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    import lzma

    import zstandard

    (tmp_path / "plain.tar").write_bytes(packed.getvalue())
    (tmp_path / "gz.tar.gz").write_bytes(gzip.compress(packed.getvalue()))
    (tmp_path / "xz.tar.xz").write_bytes(lzma.compress(packed.getvalue()))
    (tmp_path / "zst.tar.zst").write_bytes(zstandard.compress(packed.getvalue()))
    (tmp_path / "list.json").write_bytes(_json(documents))
    (tmp_path / "lines.json").write_bytes(b"\n".join(plain.values()))
    write_zip(tmp_path / "all.zip", documents)
    for place in sorted(tmp_path.iterdir()):
        build([Source("osv", "x", place)], tmp_path.parent / "x.db")
        with AdvisoryDatabase.open(tmp_path.parent / "x.db") as database:
            found = [record.advisory for record in database.affected("npm", "a")]
        assert found == ["GHSA-1", "GHSA-2", "GHSA-3"], place


EXAMPLES: dict[str, bytes] = {
    "amazon": UPDATEINFO,
    "debian": _json(DEBIAN),
    "alpine": _json(SECDB),
    "redhat": _json(VEX),
    "ubuntu": _json(UBUNTU),
    "nvd": _json(NVD),
    "kev": _json(KEV),
    "epss": EPSS.encode(),
    "nvd-tables": SCORES.encode(),
    "osv": _json(advisory("GHSA-1", fixed_in("npm", "a", "1.0.0"))),
}


@pytest.mark.parametrize("feed", EXAMPLES)
def test_feeds_are_told_apart_by_content(tmp_path: Path, feed: str) -> None:
    assert of_content(EXAMPLES[feed]) == feed
    (tmp_path / "x.gz").write_bytes(gzip.compress(EXAMPLES[feed]))
    assert recognise(tmp_path / "x.gz") == feed


def test_packages_and_cves_without_releases_are_not_debians() -> None:
    echo = b'{"nginx": {"CVE-2021-3618": {"fixed_version": "1.21.0"}}}'
    assert of_content(echo) is None


def test_what_is_no_feed_is_said(shared: Path) -> None:
    known, strange = survey(shared)
    feeds = {each.path.relative_to(shared).as_posix(): each.feed for each in known}
    assert feeds["data/osv/npm.zip"] == "osv"
    assert feeds["data/alas/AL2.updateinfo.xml.gz"] == "amazon"
    assert feeds["data/kev.json"] == "kev"
    assert feeds["data/epss.csv.gz"] == "epss"
    assert feeds["data/nvd/nvd-cvss.csv.gz"] == "nvd-tables"
    folders = {path.split("/")[1] for path in feeds}
    assert folders == {"osv", "alas", "kev.json", "epss.csv.gz", "nvd"}
    assert {each.path.parent.name for each in strange} >= {"inventories", "vercmp", "scansbom"}


def test_loose_documents_of_a_folder_are_one_source(tmp_path: Path) -> None:
    for number in range(3):
        place = tmp_path / "advisory-database" / "2024" / f"{number:02}"
        place.mkdir(parents=True)
        document = advisory(f"GHSA-{number}", fixed_in("npm", "a", "1.0.0"))
        (place / f"GHSA-{number}.json").write_bytes(_json(document))
    known, strange = survey(tmp_path)
    assert [(each.path.name, each.feed) for each in known] == [("advisory-database", "osv")]
    assert strange == []


def test_every_feed_can_be_read_and_is_documented() -> None:
    for feed in FEEDS:
        module = __import__(feed.read.__module__, fromlist=["x"])
        assert READERS[feed.name] is feed.read
        assert "http" in (module.__doc__ or "") or feed.name == "nvd-tables"
        assert all(url.startswith("https://") for url in feed.urls)


# ---- hostile input ----


def test_a_zip_bomb_costs_nothing(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.json", b"0" * (64 << 20))
        archive.writestr("GHSA-1.json", EXAMPLES["osv"])
    report = build([Source("osv", "bomb.zip", bomb)], tmp_path / "x.db")
    (tally,) = report.sources
    assert (tally.kept, tally.unusable) == (1, 1)
    assert "larger than" in tally.problems[0][1]


def test_a_zip_that_lies_about_sizes(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [advisory("GHSA-1", fixed_in("npm", "a", "1.0.0"))])
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02")
    data[place + 24 : place + 28] = (10).to_bytes(4, "little")
    path.write_bytes(data)
    archive = Zip(path)
    (entry,) = archive.entries()
    with pytest.raises(Malformed, match="directory says"):
        archive.read(entry)


@pytest.mark.parametrize("cut", [1, 10, 50, 100, 200, 300])
def test_broken_zips_say_so(tmp_path: Path, cut: int) -> None:
    path = write_zip(tmp_path / "a.zip", [advisory("GHSA-1", fixed_in("npm", "a", "1.0.0"))])
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(FeedError):
        list(READERS["osv"](path))


def test_a_gzip_bomb_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"0" * (16 << 20)))
    with pytest.raises(FeedError, match="more than 1 MB"):
        load(tmp_path / "bomb.gz", 1 << 20)
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"0" * 1000)[:-4] + b"\xff" * 4)
    with pytest.raises(FeedError, match="gzip"):
        load(tmp_path / "cut.gz")


def test_entities_are_refused(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><updates>&b;</updates>'
    (tmp_path / "x.xml").write_bytes(bomb)
    with pytest.raises(FeedError, match="updateinfo"):
        list(READERS["amazon"](tmp_path / "x.xml"))


@pytest.mark.parametrize("feed", sorted(EXAMPLES))
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00",
        b"{}",
        b"[]",
        b'{"a": ' + b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"<updates>" + b"<a>" * 100_000,
        b"a," * 5_000_000,
        b'{"id": "' + b"x" * 10_000_000 + b'"}',
        b"\x1f\x8b\x08\x00 cut",
        b"PK\x05\x06" + b"\xff" * 18,
    ],
    ids=range(11),
)
def test_nonsense_is_told_in_one_sentence(tmp_path: Path, feed: str, data: bytes) -> None:
    """Every reader ends with `FeedError`, with nothing, or with records that say what is wrong."""
    (tmp_path / "x").write_bytes(data)
    told = _told(feed, tmp_path / "x")
    assert all(5 < len(sentence) < 1000 for sentence in told)


def _told(feed: str, path: Path) -> list[str]:
    told: list[str] = []
    try:
        content = READERS[feed](path)
        if isinstance(content, Epss):
            return [row[0] * 10 for row in content.rows if len(row[0]) > 1000]
        if isinstance(content, Kev):
            return [entry.cve * 10 for entry in content.entries]
        for item in content:
            try:
                item.load()
            except Malformed as error:
                told.append(str(error))
    except FeedError as error:
        told.append(str(error))
    return told
