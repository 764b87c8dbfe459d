"""Matching: which packages are affected, by what, fixed where, and why others are not."""

import msgspec
import pytest

from openinspector.assess.packages import match
from openinspector.model import Vulnerability

from .memory import (
    ALMA_8,
    ALPINE_318,
    AMAZON_2023,
    DEBIAN_12,
    RED_HAT_9,
    UBUNTU_16,
    Memory,
    advisory,
    inventory,
    package,
)


def pairs(result) -> dict[str, dict[str, str | None]]:
    """Vulnerability -> package -> fixed version."""
    return {
        each.vulnerability.id: {one.package.name: one.fixed_version for one in each.matches}
        for each in result.observations
    }


def reasons(result) -> set[tuple[str, str, str]]:
    return {(each.vulnerability, each.package.name, each.reason) for each in result.ruled_out}


def test_debian_compares_the_source_version_of_a_binary_rebuild():
    # 1.2-3+b1 is a rebuild of source 1.2-3; the fix is in source 1.2-3+deb12u1, and 1.2-3+b1 must
    # not be taken for something after it (dpkg orders +b1 before +deb12u1, but after +a1).
    records = [advisory("DEBIAN-CVE-2024-0001", "Debian:12", "foo", "0,1.2-3+a1")]
    rebuilt = package("Debian", "libfoo1", "1.2-3+b1", source_name="foo", source_version="1.2-3")
    result = match(inventory(rebuilt, distribution=DEBIAN_12), Memory(records))
    assert pairs(result) == {"CVE-2024-0001": {"libfoo1": "1.2-3+a1"}}
    assert result.observations[0].matches[0].compared == "1.2-3 < 1.2-3+a1 (fixed)"


def test_source_keyed_feeds_are_not_asked_for_binary_names():
    records = [advisory("DEBIAN-CVE-2024-0001", "Debian:12", "libfoo1", "0,9-1")]
    one = package("Debian", "libfoo1", "1-1", source_name="foo")
    assert not match(inventory(one, distribution=DEBIAN_12), Memory(records)).observations


def test_binaries_of_one_source_are_asked_for_once():
    records = [advisory("DEBIAN-CVE-2024-0001", "Debian:12", "foo", "0,2-1")]
    knowledge = Memory(records)
    many = [package("Debian", f"foo{n}", "1-1", source_name="foo") for n in range(9)]
    result = match(inventory(*many, distribution=DEBIAN_12), knowledge)
    assert len(result.observations[0].matches) == 9
    assert knowledge.asked == [("Debian:12", "foo")]


def test_a_release_is_not_judged_by_another():
    records = [advisory("DEBIAN-CVE-2024-0001", "Debian:11", "foo", "0,2-1")]
    one = package("Debian", "foo", "1-1")
    assert not match(inventory(one, distribution=DEBIAN_12), Memory(records)).observations


def test_an_advisory_of_another_release_is_told_when_asked():
    records = [
        advisory("DEBIAN-CVE-2024-0001", "Debian:11", "foo", "0,2-1"),
        advisory("DEBIAN-CVE-2024-0001", "Debian:13", "foo", "0,3-1"),
        advisory("DEBIAN-CVE-2024-0002", "Debian:11", "foo", "0,2-1"),
        advisory("DEBIAN-CVE-2024-0002", "Debian:12", "foo", "0,1-1"),
        advisory("UBUNTU-CVE-2024-0003", "Ubuntu:22.04:LTS", "foo", "0,1-1"),
    ]
    one = package("Debian", "libfoo", "1-1", source_name="foo")
    asked = ["CVE-2024-0001", "CVE-2024-0002", "CVE-2024-0003"]
    result = match(inventory(one, distribution=DEBIAN_12), Memory(records), explain=asked)
    told = {each.vulnerability: (each.reason, each.detail) for each in result.ruled_out}
    assert told == {
        "CVE-2024-0001": ("release", "is about foo in Debian:11, Debian:13, not in Debian:12"),
        "CVE-2024-0002": ("fixed", "1-1 >= 1-1, the fix"),
    }


def test_a_version_that_cannot_be_compared_is_told_when_asked():
    records = [advisory("GHSA-1", "PyPI", "pyyaml", "0,5.4", cves=["CVE-2020-14343"])]
    one = package("PyPI", "pyyaml", "weird!")
    result = match(inventory(one), Memory(records), explain=["CVE-2020-14343"])
    assert not result.observations
    assert reasons(result) == {("CVE-2020-14343", "pyyaml", "unreadable-version")}


def test_the_tracker_overrides_a_bulletin():
    records = [
        advisory("DSA-1-1", "Debian:12", "foo", "0,2-1", cves=["CVE-2024-0001", "CVE-2024-0002"]),
        advisory("DEBIAN-CVE-2024-0001", "Debian:12", "foo", state="not-affected"),
        advisory("DEBIAN-CVE-2024-0003", "Debian:12", "foo", "0,"),
    ]
    one = package("Debian", "foo", "1-1")
    result = match(
        inventory(one, distribution=DEBIAN_12), Memory(records), explain=["CVE-2024-0001"]
    )
    assert pairs(result) == {"CVE-2024-0002": {"foo": "2-1"}, "CVE-2024-0003": {"foo": None}}
    assert reasons(result) == {
        ("CVE-2024-0001", "foo", "not-affected"),
        ("CVE-2024-0001", "foo", "superseded"),
    }


def test_of_several_bulletins_the_fix_that_clears_all_is_offered():
    records = [
        advisory("DSA-1-1", "Debian:12", "foo", "0,2-1", cves=["CVE-2024-0001"]),
        advisory("DSA-1-2", "Debian:12", "foo", "0,2-3", cves=["CVE-2024-0001"]),
    ]
    one = package("Debian", "foo", "1-1")
    result = match(inventory(one, distribution=DEBIAN_12), Memory(records))
    assert pairs(result) == {"CVE-2024-0001": {"foo": "2-3"}}
    assert set(result.observations[0].matches[0].advisories) == {"DSA-1-1", "DSA-1-2"}


def test_rpm_bulletins_name_binaries_and_compare_their_own_version():
    records = [
        advisory(
            "ALAS2023-2024-1", "Amazon Linux:2023", "curl-minimal", "0,8.5.0-2", cves=["CVE-1"]
        ),
        advisory("ALAS2023-2024-1", "Amazon Linux:2023", "curl", "0,8.5.0-2", cves=["CVE-1"]),
    ]
    minimal = package("Amazon Linux", "curl-minimal", "8.5.0-1", source_name="curl")
    other = package("Amazon Linux", "curl-doc", "8.5.0-1", source_name="curl")
    result = match(inventory(minimal, other, distribution=AMAZON_2023), Memory(records))
    assert pairs(result) == {"CVE-1": {"curl-minimal": "8.5.0-2"}}


def test_rebuilds_of_one_bulletin_are_cleared_by_the_lowest():
    module = "dnf-plugin:1"
    records = [
        advisory(
            "ALSA-1", "AlmaLinux:8", "x", "0,2-1.module_el8.5.0+7", cves=["CVE-1"], module=module
        ),
        advisory(
            "ALSA-1", "AlmaLinux:8", "x", "0,2-1.module_el8.3.0+7", cves=["CVE-1"], module=module
        ),
    ]
    label = "dnf-plugin:1:8030:abc"
    fixed = package("AlmaLinux", "x", "2-1.module_el8.4.0+7", module=label)
    old = package("AlmaLinux", "x", "2-0.module_el8.3.0+1", module=label)
    assert not match(inventory(fixed, distribution=ALMA_8), Memory(records)).observations
    result = match(inventory(old, distribution=ALMA_8), Memory(records))
    assert pairs(result) == {"CVE-1": {"x": "2-1.module_el8.3.0+7"}}


GLIBC = [
    advisory("ALSA-9", "AlmaLinux:8", "glibc", "0,2.28-236.el8_9.13", cves=["CVE-1"]),
    advisory("ALSA-10", "AlmaLinux:8", "glibc", "0,2.28-251.el8_10.1", cves=["CVE-1"]),
    advisory("ALSA-10b", "AlmaLinux:8", "glibc", "0,2.28-251.el8_10.3", cves=["CVE-1"]),
]
"""One flaw, fixed in 8.9 and, twice, in 8.10."""


@pytest.mark.parametrize(
    ("version", "fix"),
    [
        ("2.28-225.el8", "2.28-251.el8_10.3"),
        ("2.28-225.el8_8.1", "2.28-251.el8_10.3"),
        ("2.28-236.el8_9.12", "2.28-251.el8_10.3"),
        ("2.28-236.el8_9.13", None),
        ("2.28-236.el8_9.14", None),
        ("2.28-251.el8", "2.28-251.el8_10.3"),
        ("2.28-251.el8_10.1", "2.28-251.el8_10.3"),
        ("2.28-251.el8_10.3", None),
    ],
)
def test_a_build_of_a_minor_release_is_cleared_by_the_fixes_of_that_one(version, fix):
    one = package("AlmaLinux", "glibc", version)
    result = match(inventory(one, distribution=ALMA_8), Memory(GLIBC), explain=["CVE-1"])
    assert pairs(result) == ({} if fix is None else {"CVE-1": {"glibc": fix}})
    assert ("CVE-1", "glibc", "fixed") in reasons(result) or fix is not None


@pytest.mark.parametrize(
    ("version", "fix"),
    [
        ("7.76.1-23.el9_2.3", "7.76.1-23.el9_2.4"),
        ("7.76.1-23.el9_2.4", None),
        ("7.76.1-26.el9", "7.76.1-26.el9_3.2"),
        ("7.76.1-26.el9_3.2", None),
        ("7.76.1-29.el9_4", None),
    ],
)
def test_a_record_of_many_bulletins_is_not_cleared_by_its_lowest_fix(version, fix):
    """Red Hat's record of CVE-2023-38545 names the fixes of RHEL 9.2 and of 9.3."""
    records = [
        advisory("REDHAT-CVE-2023-38545", "AlmaLinux:8", "curl", f"0,{each}", cves=["CVE-1"])
        for each in ("7.76.1-23.el9_2.4", "7.76.1-26.el9_3.2")
    ]
    one = package("AlmaLinux", "curl", version)
    result = match(inventory(one, distribution=ALMA_8), Memory(records))
    assert pairs(result) == ({} if fix is None else {"CVE-1": {"curl": fix}})


def test_module_streams_are_separate():
    fix_18 = advisory(
        "ALSA-18",
        "AlmaLinux:8",
        "nodejs",
        "0,1:18.19-1.module_el8",
        cves=["CVE-18"],
        module="nodejs:18",
    )
    fix_20 = advisory(
        "ALSA-20",
        "AlmaLinux:8",
        "nodejs",
        "0,1:20.11-1.module_el8",
        cves=["CVE-20"],
        module="nodejs:20",
    )
    plain = advisory("ALSA-P", "AlmaLinux:8", "nodejs", "0,1:99-1.el8", cves=["CVE-P"])
    knowledge = Memory([fix_18, fix_20, plain])
    modular = package("AlmaLinux", "nodejs", "1:18.1-1.module_el8", module="nodejs:18:8090:x")
    unlabelled = package("AlmaLinux", "nodejs", "1:18.1-1.module_el8")
    ordinary = package("AlmaLinux", "nodejs", "1:18.1-1.el8")
    for one in (modular, unlabelled):
        assert set(pairs(match(inventory(one, distribution=ALMA_8), knowledge))) == {"CVE-18"}
    assert set(pairs(match(inventory(ordinary, distribution=ALMA_8), knowledge))) == {"CVE-P"}
    asked = match(inventory(modular, distribution=ALMA_8), knowledge, explain=["CVE-20", "CVE-P"])
    assert reasons(asked) == {("CVE-20", "nodejs", "module"), ("CVE-P", "nodejs", "module")}


def test_module_streams_of_publishers_without_labels():
    records = [
        advisory("ALSA-18", "AlmaLinux:8", "nodejs", "0,1:18.19-1.module_el8", cves=["CVE-18"]),
        advisory("ALSA-20", "AlmaLinux:8", "nodejs", "0,1:20.11-1.module_el8", cves=["CVE-20"]),
        advisory("ALSA-P", "AlmaLinux:8", "podman", "0,4.0-1.module_el8", cves=["CVE-4"]),
    ]
    knowledge = Memory(records)
    for label in ("nodejs:18:8090:x", None):
        one = package("AlmaLinux", "nodejs", "1:18.1-1.module_el8", module=label)
        assert set(pairs(match(inventory(one, distribution=ALMA_8), knowledge))) == {"CVE-18"}
    for label in ("container-tools:rhel8:8090:x", None):
        one = package("AlmaLinux", "podman", "1.9-1.module_el8", module=label)
        assert set(pairs(match(inventory(one, distribution=ALMA_8), knowledge))) == {"CVE-4"}


def test_binary_records_count_for_more_than_those_of_the_source():
    records = [
        advisory("CVE-2024-1", "Red Hat:9", "openssl", "0,", cves=["CVE-2024-1"]),
        advisory("CVE-2024-1", "Red Hat:9", "openssl-libs", "0,1:3.0.7-2", cves=["CVE-2024-1"]),
    ]
    libs = package("Red Hat", "openssl-libs", "1:3.0.7-2", source_name="openssl")
    devel = package("Red Hat", "openssl-devel", "1:3.0.7-2", source_name="openssl")
    result = match(inventory(libs, devel, distribution=RED_HAT_9), Memory(records))
    assert pairs(result) == {"CVE-2024-1": {"openssl-devel": None}}


def test_architecture():
    records = [
        advisory("ALAS-1", "Amazon Linux:2023", "x", "0,2-1", cves=["CVE-1"], arches=("aarch64",))
    ]
    one = package("Amazon Linux", "x", "1-1", arch="x86_64")
    two = package("Amazon Linux", "x", "1-1", arch="aarch64")
    knowledge = Memory(records)
    result = match(inventory(one, distribution=AMAZON_2023), knowledge, explain=["CVE-1"])
    assert not result.observations
    assert reasons(result) == {("CVE-1", "x", "architecture")}
    assert match(inventory(two, distribution=AMAZON_2023), knowledge).observations


class TestUbuntuPro:
    """Answers of the real ScanSbom on 14.04: what only Pro fixes affects a machine without it."""

    OWN = "Ubuntu:16.04:LTS"
    PRO = "Ubuntu:Pro:16.04:LTS"

    def check(self, version, *records):
        one = package("Ubuntu", "foo", version)
        return pairs(match(inventory(one, distribution=UBUNTU_16), Memory(records)))

    def test_fixed_only_in_pro(self):
        record = advisory("UBUNTU-CVE-1", self.PRO, "foo", "0,1-2+esm1", cves=["CVE-1"])
        assert self.check("1-2", record) == {"CVE-1": {"foo": "1-2+esm1"}}
        assert self.check("1-2+esm1", record) == {}

    def test_unfixed_in_the_archive_and_fixed_in_pro(self):
        own = advisory("UBUNTU-CVE-1", self.OWN, "foo", "0,", cves=["CVE-1"])
        pro = advisory("UBUNTU-CVE-1", self.PRO, "foo", "0,1-2+esm1", cves=["CVE-1"])
        assert self.check("1-2", own, pro) == {"CVE-1": {"foo": "1-2+esm1"}}
        assert self.check("1-2+esm1", own, pro) == {}

    def test_fixed_in_the_archive_counts_for_a_machine_without_pro(self):
        own = advisory("UBUNTU-CVE-1", self.OWN, "foo", "0,1-3", cves=["CVE-1"])
        pro = advisory("UBUNTU-CVE-1", self.PRO, "foo", "0,1-3+esm9", cves=["CVE-1"])
        assert self.check("1-3", own, pro) == {}
        assert self.check("1-2", own, pro) == {"CVE-1": {"foo": "1-3"}}

    def test_a_machine_with_pro_is_judged_by_pro(self):
        own = advisory("UBUNTU-CVE-1", self.OWN, "foo", "0,1-3", cves=["CVE-1"])
        pro = advisory("UBUNTU-CVE-1", self.PRO, "foo", "0,1-3+esm9", cves=["CVE-1"])
        assert self.check("1-3+esm1", own, pro) == {"CVE-1": {"foo": "1-3+esm9"}}

    def test_not_affected_in_the_archive(self):
        own = advisory("UBUNTU-CVE-1", self.OWN, "foo", state="not-affected", cves=["CVE-1"])
        pro = advisory("UBUNTU-CVE-1", self.PRO, "foo", "0,1-2+esm1", cves=["CVE-1"])
        assert self.check("1-1", own, pro) == {}


class TestKernel:
    RECORD = advisory("DEBIAN-CVE-1", "Debian:12", "linux", "0,6.1.90-1", cves=["CVE-1"])
    HEADERS = package("Debian", "linux-libc-dev", "6.1.76-1", source_name="linux")
    IMAGE = package(
        "Debian",
        "linux-image-6.1.0-18-amd64",
        "6.1.76-1",
        source_name="linux-signed-amd64",
        source_version="6.1.76+1",
    )
    NEXT = package(
        "Debian",
        "linux-image-6.1.0-17-amd64",
        "6.1.69-1",
        source_name="linux-signed-amd64",
        source_version="6.1.69+1",
    )
    ALL = (HEADERS, IMAGE, NEXT)

    def run(self, kind, kernel=None, include=False):
        made = inventory(*self.ALL, distribution=DEBIAN_12, kind=kind, kernel=kernel)
        return match(made, Memory([self.RECORD]), include_kernel=include, explain=["CVE-1"])

    def names(self, result):
        return set(pairs(result).get("CVE-1", ()))

    def test_nothing_in_a_container_unless_asked(self):
        result = self.run("image")
        assert not result.observations
        assert result.uncounted == {"kernel-headers": 1, "kernel-in-container": 2}
        assert ("CVE-1", "linux-libc-dev", "kernel-headers") in reasons(result)
        assert self.names(self.run("image", include=True)) == {each.name for each in self.ALL}

    def test_only_the_running_kernel_of_a_host(self):
        result = self.run("host", "6.1.0-18-amd64")
        assert self.names(result) == {"linux-image-6.1.0-18-amd64"}
        assert ("CVE-1", "linux-image-6.1.0-17-amd64", "kernel-not-running") in reasons(result)

    def test_every_bootable_kernel_where_the_running_one_is_unknown(self):
        assert self.names(self.run("disk")) == {self.IMAGE.name, self.NEXT.name}

    def test_the_signed_source_is_compared_as_the_kernel(self):
        fixed = package(
            "Debian",
            "linux-image-6.1.0-21-amd64",
            "6.1.90-1",
            source_name="linux-signed-amd64",
            source_version="6.1.90+1",
        )
        made = inventory(fixed, distribution=DEBIAN_12, kind="disk")
        assert not match(made, Memory([self.RECORD])).observations

    def test_rpm_kernels_by_uname(self):
        records = [
            advisory("ALSA-1", "AlmaLinux:8", name, "0,4.18.0-900.el8", cves=["CVE-1"])
            for name in ("kernel-core", "kernel", "perf", "kernel-headers")
        ]
        running = package("AlmaLinux", "kernel-core", "4.18.0-513.5.1.el8_9", arch="x86_64")
        older = package("AlmaLinux", "kernel-core", "4.18.0-477.el8", arch="x86_64")
        perf = package("AlmaLinux", "perf", "4.18.0-477.el8", arch="x86_64")
        made = inventory(
            running,
            older,
            perf,
            distribution=ALMA_8,
            kind="host",
            kernel="4.18.0-513.5.1.el8_9.x86_64",
        )
        result = match(made, Memory(records))
        assert [one.package for one in result.observations[0].matches] == [running]
        assert result.uncounted == {"kernel-not-running": 1, "kernel-headers": 1}

    def test_live_patched(self):
        patched = package(
            "Debian",
            "linux-image-6.1.0-18-amd64",
            "6.1.76-1",
            source_name="linux",
            properties=(("live_patched_cves", "CVE-1,CVE-2"),),
        )
        made = inventory(patched, distribution=DEBIAN_12, kind="host", kernel="6.1.0-18-amd64")
        result = match(made, Memory([self.RECORD]), explain=["CVE-1"])
        assert not result.observations
        assert reasons(result) == {("CVE-1", patched.name, "kernel-live-patched")}


class TestLibraries:
    def check(self, ecosystem, name, version, *records, **more):
        one = package(ecosystem, name, version, manager="PIP", **more)
        return match(inventory(one), Memory(records))

    @pytest.mark.parametrize(
        ("version", "fixed"),
        [("1.0", "1.5"), ("1.5", None), ("2.0", "2.0.4"), ("2.0.4", None), ("0.9", None)],
    )
    def test_branches(self, version, fixed):
        record = advisory("CVE-1", "PyPI", "foo", "1.0,1.5", "2.0,2.0.4")
        found = pairs(self.check("PyPI", "foo", version, record))
        assert found == ({"CVE-1": {"foo": fixed}} if fixed else {})

    def test_last_affected_gives_no_fix(self):
        record = advisory("CVE-1", "Maven", "a:b", "1.4..1.4.2")
        assert pairs(self.check("Maven", "a:b", "1.4.2", record)) == {"CVE-1": {"a:b": None}}
        assert pairs(self.check("Maven", "a:b", "1.4.3", record)) == {}

    def test_enumerated_versions(self):
        record = advisory("CVE-1", "PyPI", "foo", versions=["1.0", "1.2"])
        assert pairs(self.check("PyPI", "foo", "1.2.0", record)) == {"CVE-1": {"foo": None}}
        assert pairs(self.check("PyPI", "foo", "1.1", record)) == {}

    def test_the_fix_lies_in_no_affected_range_of_any_advisory(self):
        one = advisory("GHSA-1", "PyPI", "foo", "0,1.5", cves=["CVE-1"])
        two = advisory("PYSEC-1", "PyPI", "foo", "1.5,1.6", cves=["CVE-1"])
        found = self.check("PyPI", "foo", "1.0", one, two)
        assert pairs(found) == {"CVE-1": {"foo": "1.6"}}

    def test_an_advisory_without_an_end_yields_to_one_that_has_it(self):
        known = advisory("GHSA-1", "npm", "foo", "0,1.5.0", cves=["CVE-1"])
        open_ = advisory("x_NSWG-1", "npm", "foo", "0,", cves=["CVE-1"])
        assert pairs(self.check("npm", "foo", "2.0.0", known, open_)) == {}
        assert pairs(self.check("npm", "foo", "1.0.0", known, open_)) == {"CVE-1": {"foo": "1.5.0"}}
        assert pairs(self.check("npm", "foo", "2.0.0", open_)) == {"CVE-1": {"foo": None}}

    def test_aliases_fold_into_one_vulnerability(self):
        records = [
            advisory("GHSA-1", "Go", "example.org/x", "0,1.2.0", cves=["GHSA-1"]),
            advisory("GO-1", "Go", "example.org/x", "0,1.3.0", cves=["CVE-2024-1"]),
        ]
        folded = Vulnerability("CVE-2024-1", aliases=("GHSA-1",), advisories=("GO-1",))
        one = package("Go", "example.org/x", "1.0.0", manager="GOBINARY")
        result = match(inventory(one), Memory(records, [folded]))
        assert pairs(result) == {"CVE-2024-1": {"example.org/x": "1.3.0"}}
        assert set(result.observations[0].matches[0].advisories) == {"GHSA-1", "GO-1"}

    def test_go_pseudo_versions(self):
        record = advisory(
            "GO-2022-0493", "Go", "golang.org/x/sys", "0,0.0.0-20220412211240-33da011f77ad"
        )
        older = self.check("Go", "golang.org/x/sys", "0.0.0-20211030160813-b3129d9d1021", record)
        newer = self.check("Go", "golang.org/x/sys", "0.1.0", record)
        assert set(pairs(older)) == {"GO-2022-0493"}
        assert pairs(newer) == {}

    @pytest.mark.parametrize("version", ["(devel)", "", "unknown"])
    def test_no_version_is_counted_not_judged(self, version):
        result = self.check("Go", "x", version, advisory("CVE-1", "Go", "x", "0,"))
        assert not result.observations
        assert result.uncounted == {"no-version": 1}

    def test_an_unreadable_version_is_affected_only_where_it_is_named(self):
        everything = advisory("CVE-1", "PyPI", "pytz", "0,")
        named = advisory("CVE-2", "PyPI", "pytz", versions=["garbage!version"])
        result = self.check("PyPI", "pytz", "garbage!version", everything, named)
        assert set(pairs(result)) == {"CVE-2"}
        assert result.uncounted == {"unreadable-version": 1}

    def test_libraries_of_the_distribution_are_its_own(self):
        one = package(
            "PyPI",
            "rpm",
            "4.16",
            manager="PYTHONPKG",
            properties=(("is_duplicate_package", "true"),),
        )
        made = inventory(one, distribution=AMAZON_2023)
        result = match(made, Memory([advisory("CVE-1", "PyPI", "rpm", "0,")]))
        assert not result.observations
        assert result.uncounted == {"owned-by-distribution": 1}


def test_what_an_os_package_owns_is_explained_not_reported():
    one = package("PyPI", "rpm", "4.16", manager="PYTHONPKG")
    made = msgspec.structs.replace(inventory(distribution=AMAZON_2023), subsumed=(one,))
    record = advisory("CVE-1", "PyPI", "rpm", "0,")
    result = match(made, Memory([record]), explain=["CVE-1"])
    assert not result.observations
    assert result.uncounted == {"owned-by-distribution": 1}
    assert reasons(result) == {("CVE-1", "rpm", "owned-by-distribution")}


def test_explain_tells_fixed_from_not_yet_affected():
    record = advisory("CVE-1", "PyPI", "foo", "2.0,2.5")
    for version, reason, detail in (
        ("3.0", "fixed", "3.0 >= 2.5, the fix"),
        ("1.0", "not-in-range", "1.0 < 2.0, the first affected"),
    ):
        one = package("PyPI", "foo", version, manager="PIP")
        (said,) = match(inventory(one), Memory([record]), explain=["CVE-1"]).ruled_out
        assert (said.reason, said.detail) == (reason, detail)


def test_order_of_packages_within_a_vulnerability():
    records = [advisory("CVE-1", "Go", name, "0,9") for name in ("b", "A", "a")]
    made = inventory(
        package("Go", "b", "1", manager="GOBINARY"),
        package("Go", "a", "2", manager="GOBINARY", path="z"),
        package("Go", "a", "1", manager="GOBINARY", path="y"),
        package("Go", "A", "1", manager="GOBINARY"),
    )
    (found,) = match(made, Memory(records)).observations
    assert [(one.package.name, one.package.version) for one in found.matches] == [
        ("A", "1"),
        ("a", "1"),
        ("a", "2"),
        ("b", "1"),
    ]


def test_packages_of_another_manager_or_an_unknown_distribution_are_not_judged():
    records = [advisory("DEBIAN-CVE-1", "Debian:12", "foo", "0,")]
    stray = package("", "foo", "1-1")
    assert not match(inventory(stray, distribution=DEBIAN_12), Memory(records)).observations
    assert not match(inventory(stray), Memory(records)).observations


def test_apk_origin_then_name():
    records = [
        advisory("ALPINE-CVE-1", "Alpine:v3.18", "openssl", "0,3.1.4-r1", cves=["CVE-1"]),
        advisory("ALPINE-CVE-2", "Alpine:v3.18", "libcrypto3", "0,3.1.4-r1", cves=["CVE-2"]),
    ]
    one = package("Alpine", "libcrypto3", "3.1.1-r1", source_name="openssl")
    result = match(inventory(one, distribution=ALPINE_318), Memory(records))
    assert set(pairs(result)) == {"CVE-1", "CVE-2"}


def test_applications_are_asked_for_by_their_cpe_names():
    records = [
        advisory("CVE-2021-23017", "generic", "f5/nginx", "0.6.18,1.20.1"),
        advisory("CVE-2024-0002", "generic", "a/b:c", "0,2"),
    ]
    nginx = package(
        "generic",
        "nginx/nginx",
        "1.20.0",
        properties=(
            ("cpe", "cpe:2.3:a:nginx:nginx:1.20.0:*:*:*:*:*:*:*"),
            ("cpe", "cpe:2.3:a:f5:nginx:1.20.0:*:*:*:*:*:*:*"),
        ),
    )
    odd = package("generic", "a/x", "1", properties=(("cpe", r"cpe:2.3:a:a:b\:c:1:*:*:*:*:*:*:*"),))
    result = match(inventory(nginx, odd), Memory(records))
    assert pairs(result) == {
        "CVE-2021-23017": {"nginx/nginx": "1.20.1"},
        "CVE-2024-0002": {"a/x": "2"},
    }
