"""When support for a distribution ends: the facts behind IN-DISCONTINUED-001.

Keyed by platform word (`Distribution.platform`). The days up to mid 2026 are those of Amazon
Inspector's list of discontinued operating systems
(https://docs.aws.amazon.com/inspector/latest/user/supported.html); it counts Debian's LTS,
Ubuntu's ESM and Red Hat's maintenance phase as support. Older releases and later days come from
the vendors' own pages, named per block.
"""


def _days(prefix: str, text: str) -> dict[str, str]:
    """Read `VERSION DAY; VERSION DAY ...` into platform words and days."""
    pairs = (entry.split() for entry in text.split(";"))
    return {f"{prefix}_{version.replace('.', '_')}": day for version, day in pairs}


END_OF_LIFE: dict[str, str] = {
    # https://alpinelinux.org/releases/
    **_days(
        "ALPINE_LINUX",
        "3.2 2017-05-01; 3.3 2017-11-01; 3.4 2018-05-01; 3.5 2018-11-01; 3.6 2019-05-01;"
        "3.7 2019-11-01; 3.8 2020-05-01; 3.9 2020-11-01; 3.10 2021-05-01; 3.11 2021-11-01;"
        "3.12 2022-05-01; 3.13 2022-11-01; 3.14 2023-05-01; 3.15 2023-11-01; 3.16 2024-05-23;"
        "3.17 2024-11-22; 3.18 2025-05-09; 3.19 2025-11-01; 3.20 2026-04-01; 3.21 2026-11-01;"
        "3.22 2027-05-01; 3.23 2027-11-01",
    ),
    # https://wiki.almalinux.org/release-notes/
    **_days("ALMALINUX", "8 2029-03-01; 9 2032-05-31; 10 2035-05-31"),
    # https://aws.amazon.com/amazon-linux-2/faqs/
    "AMAZON_LINUX": "2021-12-31",
    "AMAZON_LINUX_2": "2026-06-30",
    # https://learn.microsoft.com/lifecycle (CBL-Mariner)
    **_days("CBL_MARINER", "1 2023-07-31; 2 2025-07-31"),
    # https://www.centos.org/centos-linux-eol/ ; 6: https://wiki.centos.org/About/Product
    **_days("CENTOS", "5 2017-03-31; 6 2020-11-30; 7 2024-06-30; 8 2021-12-31"),
    **_days("CENTOS_STREAM", "8 2024-05-31; 9 2027-05-31"),
    # https://wiki.debian.org/LTS
    **_days(
        "DEBIAN",
        "6.0 2016-02-29; 7 2018-05-31; 8 2020-06-30; 9 2022-06-30; 10 2024-06-30;"
        "11 2026-08-31; 12 2028-06-30; 13 2030-06-30",
    ),
    # https://docs.fedoraproject.org/en-US/releases/eol/
    **_days(
        "FEDORA",
        "28 2019-05-28; 29 2019-11-26; 30 2020-05-26; 31 2020-11-24; 32 2021-05-25;"
        "33 2021-11-30; 34 2022-06-07; 35 2022-12-13; 36 2023-05-16; 37 2023-12-15;"
        "38 2024-05-21; 39 2024-11-26; 40 2025-05-13; 41 2025-11-19; 42 2026-05-13",
    ),
    # https://en.opensuse.org/Lifetime
    **_days(
        "OPENSUSE_LEAP",
        "42.3 2019-07-01; 15.0 2019-12-03; 15.1 2021-02-02; 15.2 2021-12-01; 15.3 2022-12-01;"
        "15.4 2023-12-07; 15.5 2024-12-31; 15.6 2026-04-30",
    ),
    # https://www.oracle.com/a/ocom/docs/elsp-lifetime-069338.pdf
    **_days("ORACLE_LINUX", "5 2017-06-30; 6 2021-03-01; 7 2024-12-31"),
    # https://blogs.vmware.com/photon (end of support notices)
    **_days("PHOTON_OS", "1.0 2022-02-28; 2.0 2021-12-02; 3.0 2024-03-01"),
    # https://access.redhat.com/support/policy/updates/errata
    **_days(
        "RHEL",
        "5 2017-03-31; 6 2020-06-30; 7 2024-06-30; 8 2029-05-31; 9 2032-05-31; 10 2035-05-31",
    ),
    # https://wiki.rockylinux.org/rocky/version/
    **_days("ROCKY_LINUX", "8 2029-05-31; 9 2032-05-31; 10 2035-05-31"),
    # https://www.suse.com/lifecycle
    **_days(
        "SLES",
        "11.4 2019-03-31; 12 2016-06-30; 12.1 2017-05-31; 12.2 2018-03-31; 12.3 2019-06-30;"
        "12.4 2020-06-30; 12.5 2024-10-31; 15 2019-12-31; 15.1 2021-01-31; 15.2 2021-12-31;"
        "15.3 2022-12-31; 15.4 2023-12-31; 15.5 2024-12-31; 15.6 2025-12-31",
    ),
    # https://ubuntu.com/about/release-cycle
    **_days(
        "UBUNTU",
        "12.04 2017-04-28; 14.04 2024-04-01; 16.04 2026-04-01; 16.10 2017-07-20;"
        "17.04 2018-01-13; 17.10 2018-07-19; 18.10 2019-07-18; 19.04 2020-01-23;"
        "19.10 2020-07-17; 20.10 2021-07-22; 21.04 2022-01-20; 21.10 2022-07-31;"
        "22.10 2023-07-20; 23.04 2024-01-25; 23.10 2024-07-11; 24.10 2025-07-10;"
        "25.04 2026-01-15; 25.10 2026-07-09",
    ),
}
"""Platform word to the day (RFC 3339) on which support ends or ended."""
