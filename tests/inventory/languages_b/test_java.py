"""Java archives: what they are, what is in them, and what hostile ones end in."""

import io
import struct
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openinspector.inventory.cataloger import ReadError, run
from openinspector.inventory.catalogers.java import CATALOGERS
from openinspector.inventory.jars.metadata import parse_file_name, parse_manifest
from openinspector.inventory.limits import DEFAULT_LIMITS, Limits
from openinspector.model import Gap, Package

JARS, UNPACKED = CATALOGERS


def archive(entries: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return buffer.getvalue()


def pom(group: str, artifact: str, version: str) -> dict[str, bytes | str]:
    text = f"#Created\r\nversion={version}\r\ngroupId={group}\r\nartifactId={artifact}\r\n"
    return {f"META-INF/maven/{group}/{artifact}/pom.properties": text}


def manifest(**attributes: str) -> dict[str, bytes | str]:
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in attributes.items()]
    return {"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\r\n" + "".join(lines) + "\r\n"}


def read(
    path: str, data: bytes, limits: Limits = DEFAULT_LIMITS
) -> tuple[list[Package], list[Gap]]:
    found = run(JARS, path, data, limits=limits)
    return (
        [each for each in found if isinstance(each, Package)],
        [each for each in found if isinstance(each, Gap)],
    )


def listed(packages: list[Package]) -> list[tuple[str, str, str]]:
    return [(each.name, each.version, each.locations[0].path) for each in packages]


LOG4J = archive(pom("org.apache.logging.log4j", "log4j-core", "2.14.1") | {"org/a/B.class": b"x"})


def test_maven_metadata_names_a_library() -> None:
    packages, gaps = read("opt/log4j-core-2.14.1.jar", LOG4J)
    assert gaps == []
    (package,) = packages
    assert package.name == "org.apache.logging.log4j:log4j-core"
    assert package.purl == "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"
    assert (package.ecosystem, package.version) == ("Maven", "2.14.1")
    assert (package.manager, package.cataloger, package.collector) == (
        "JAR",
        "java-jar",
        "java-jar",
    )
    assert package.properties == ()


def test_archives_within_archives_are_read_at_any_compression() -> None:
    boot = archive(
        pom("com.example", "demo", "0.0.1")
        | {"BOOT-INF/lib/log4j-core-2.14.1.jar": LOG4J, "BOOT-INF/classes/A.class": b"x"},
        zipfile.ZIP_STORED,
    )
    war = archive({"WEB-INF/lib/demo.jar": boot})
    packages, gaps = read("app.ear", archive({"web/app.war": war}))
    assert gaps == []
    inner = "app.ear!/web/app.war!/WEB-INF/lib/demo.jar"
    assert listed(packages) == [
        ("com.example:demo", "0.0.1", inner),
        (
            "org.apache.logging.log4j:log4j-core",
            "2.14.1",
            inner + "!/BOOT-INF/lib/log4j-core-2.14.1.jar",
        ),
    ]


@pytest.mark.parametrize(
    "folder",
    [
        "META-INF/jruby.home/lib/ruby/stdlib/org/yaml/snakeyaml/1.28",  # jruby-complete
        "META-INF/bundled-dependencies",  # NiFi archives
        "META-INF/versions/11/lib",
    ],
)
def test_archives_below_meta_inf_are_read(folder: str) -> None:
    outer = archive(pom("org.jruby", "jruby-complete", "9.3.4.0") | {f"{folder}/x.jar": LOG4J})
    packages, gaps = read("jruby-complete-9.3.4.0.jar", outer)
    assert gaps == []
    assert [name for name, _, _ in listed(packages)] == [
        "org.jruby:jruby-complete",
        "org.apache.logging.log4j:log4j-core",
    ]


def test_every_library_merged_into_a_shaded_archive_is_found_its_own_first() -> None:
    data = archive(
        pom("org.yaml", "snakeyaml", "1.26")
        | pom("com.example", "tool", "3.0")
        | pom("com.google.guava", "guava", "20.0")
        | {"A.class": b"x"}
    )
    packages, _ = read("tool-3.0-all.jar", data)
    assert [name for name, _, _ in listed(packages)] == [
        "com.example:tool",
        "org.yaml:snakeyaml",
        "com.google.guava:guava",
    ]


MANIFESTS = {
    # file name, manifest, a class, the expected name, version and origin
    "gradle, known": (
        "spring-core-5.3.17.jar",
        {"Implementation_Title": "spring-core", "Implementation_Version": "5.3.17"},
        "org/springframework/core/A.class",
        ("org.springframework:spring-core", "5.3.17", "known-artifact"),
    ),
    "tomcat's own, without version in its name": (
        "catalina.jar",
        {"Implementation_Title": "Apache Tomcat", "Implementation_Version": "9.0.50"},
        "org/apache/catalina/A.class",
        ("org.apache.tomcat:tomcat-catalina", "9.0.50", "known-artifact"),
    ),
    "the group by the major version": (
        "groovy-4.0.1.jar",
        {},
        "org/apache/groovy/A.class",
        ("org.apache.groovy:groovy", "4.0.1", "known-artifact"),
    ),
    "nebula, more exact than the table's prefixes": (
        "elasticsearch-rest-high-level-client-7.17.0.jar",
        {"Implementation_Title": "org.elasticsearch.client#rest-high-level;7.17.0"},
        "org/elasticsearch/client/A.class",
        ("org.elasticsearch.client:elasticsearch-rest-high-level-client", "7.17.0", "manifest"),
    ),
    "ant, group and artifact called alike": (
        "xpp3_min-1.1.4c.jar",
        {},
        "org/xmlpull/v1/XmlPullParser.class",
        ("xpp3:xpp3_min", "1.1.4c", "known-artifact"),
    ),
    "osgi, group and artifact": (
        "thing-1.2.jar",
        {"Bundle_SymbolicName": "org.acme.thing;singleton:=true", "Bundle_Version": "1.2.0"},
        "org/acme/A.class",
        ("org.acme:thing", "1.2", "manifest"),
    ),
    "vendor id": (
        "thing-1.2.jar",
        {"Implementation_Vendor_Id": "org.acme"},
        "org/acme/A.class",
        ("org.acme:thing", "1.2", "manifest"),
    ),
    "jenkins plug-in": (
        "git.jpi",
        {
            "Group_Id": "org.jenkins-ci.plugins",
            "Short_Name": "git",
            "Plugin_Version": "4.10.0",
        },
        "hudson/A.class",
        ("org.jenkins-ci.plugins:git", "4.10.0", "manifest"),
    ),
    "no group": ("thing-1.2.jar", {}, "org/acme/A.class", ("thing", "1.2", "file-name")),
    "a namesake with other classes": (
        "spring-core-9.9.jar",
        {},
        "com/acme/A.class",
        ("spring-core", "9.9", "file-name"),
    ),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_archives_without_maven_metadata(case: str) -> None:
    name, attributes, class_, expected = MANIFESTS[case]
    packages, gaps = read(f"lib/{name}", archive(manifest(**attributes) | {class_: b"x"}))
    (package,) = packages
    assert (package.name, package.version, dict(package.properties)["identified_by"]) == expected
    if ":" in package.name:
        assert gaps == []
    else:
        assert [gap.reason for gap in gaps] == [
            f"1 Java archive not judged, no Maven group is told: {name}"
        ]


def test_an_archive_that_says_nothing_is_no_package_but_a_gap() -> None:
    inner = archive({"com/acme/A.class": b"x"})
    packages, gaps = read("app.war", archive({"WEB-INF/lib/a.jar": inner, "b.jar": inner}))
    assert packages == []
    assert [gap.reason for gap in gaps] == [
        "2 Java archives not judged, no name or no version is told: a.jar, b.jar"
    ]


def test_what_is_no_library_is_passed_over() -> None:
    java = manifest(Implementation_Title="Java Runtime Environment", Implementation_Version="1.8")
    inner = archive(pom("g", "a", "1"))
    for path, entries in {
        "lib/resources.jar": {"a.txt": b"x"},
        "opt/java/jre/lib/rt.jar": {"java/lang/Object.class": b"x"},
        "elsewhere/rt.jar": java | {"java/lang/Object.class": b"x"},
        "lib/thing-1.0-sources.jar": {"A.java": b"x"},
        "the-application.jar": {"A.class": b"x", "BOOT-INF/lib/a-1.jar": inner},
    }.items():
        packages, gaps = read(path, archive(entries))
        assert [each.name for each in packages if each.name != "g:a"] == []
        assert gaps == []


def test_metadata_with_gaps_is_completed_from_its_place_and_the_file_name() -> None:
    place = "META-INF/maven/org.acme/thing/pom.properties"
    for text in ("artifactId=thing", "version=${revision}\ngroupId=org.acme", ""):
        packages, gaps = read("thing-1.5.jar", archive({place: text, "A.class": b"x"}))
        assert listed(packages) == [("org.acme:thing", "1.5", "thing-1.5.jar")]
        assert gaps == []


def test_a_model_serves_where_there_are_no_properties() -> None:
    model = (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><parent><groupId>org.acme</groupId>'
        "<artifactId>parent</artifactId><version>1.0</version></parent>"
        "<artifactId>thing</artifactId></project>"
    )
    place = "META-INF/maven/org.acme/thing/pom.xml"
    packages, _ = read("thing.jar", archive({place: model}))
    assert listed(packages) == [("org.acme:thing", "1.0", "thing.jar")]
    packages, _ = read("thing.jar", archive(pom("org.acme", "thing", "2.0") | {place: model}))
    assert listed(packages) == [("org.acme:thing", "2.0", "thing.jar")]


def test_an_unpacked_archive_is_known_by_its_metadata() -> None:
    path = "META-INF/maven/org.yaml/snakeyaml/pom.properties"
    (package,) = run(UNPACKED, f"fn.zip!/{path}", b"version=1.26\nartifactId=snakeyaml\n")
    assert isinstance(package, Package)
    assert (package.name, package.version) == ("org.yaml:snakeyaml", "1.26")
    (gap,) = run(UNPACKED, path, b"version=${revision}\n")
    assert isinstance(gap, Gap)


def test_manifests_fold_lines_and_end_at_the_first_section() -> None:
    data = b"Manifest-Version: 1.0\r\nLong-Name: abc\r\n def\r\n\r\nName: x\r\nA: b\r\n"
    assert parse_manifest(data) == {"manifest-version": "1.0", "long-name": "abcdef"}


@pytest.mark.parametrize(
    "name, artifact, version",
    [
        ("log4j-1.2-api-2.17.0.jar", "log4j-1.2-api", "2.17.0"),
        ("guava-30.1-jre.jar", "guava", "30.1-jre"),
        ("bcprov-jdk15on-1.68.jar", "bcprov-jdk15on", "1.68"),
        ("akka-actor_2.12-2.5.32.jar", "akka-actor_2.12", "2.5.32"),
        ("netty-all-4.1.42.Final-linux-x86_64.jar", "netty-all", "4.1.42.Final"),
        ("jetty-server-9.4.40.v20210413.jar", "jetty-server", "9.4.40.v20210413"),
        ("demo-0.0.1-SNAPSHOT.jar", "demo", "0.0.1-SNAPSHOT"),
        ("demo-0.0.1-20240102.030405-7.jar", "demo", "0.0.1-20240102.030405-7"),
        ("hibernate-core-5.4.20.Final-redhat-00001.jar", "hibernate-core",
         "5.4.20.Final-redhat-00001"),
        ("spring-security-oauth2-client-5.7.0.RELEASE.jar", "spring-security-oauth2-client",
         "5.7.0.RELEASE"),
        ("ehcache-3.10.0-jakarta.jar", "ehcache", "3.10.0"),
        ("commons-io-2.6-tests.jar", "commons-io", "2.6"),
        ("jsr305-3.0.2.jar", "jsr305", "3.0.2"),
        ("jakarta.xml.bind-api-2.3.2.jar", "jakarta.xml.bind-api", "2.3.2"),
        ("kafka_2.13-3.3.1.jar", "kafka_2.13", "3.3.1"),
        ("plexus-utils-1.0-alpha-9.jar", "plexus-utils", "1.0-alpha-9"),
        ("json-20220320.jar", "json", "20220320"),
        ("app.jar", "app", ""),
        ("catalina.jar", "catalina", ""),
        (".jar", "", ""),
    ],
)  # fmt: skip
def test_file_names(name: str, artifact: str, version: str) -> None:
    found = parse_file_name(name)
    assert (found.artifact, found.version) == (artifact, version)


# --- damaged and hostile -------------------------------------------------------------------------


def test_an_archive_cut_off_is_read_as_far_as_it_goes() -> None:
    whole = archive(
        pom("org.acme", "first", "1.0") | {"big.bin": bytes(range(256)) * 4096}
        | pom("org.acme", "second", "1.0")
    )  # fmt: skip
    packages, gaps = read("lib/x.jar", whole[: len(whole) // 2])
    assert [each.name for each in packages] == ["org.acme:first"]
    assert [gap.reason for gap in gaps] == ["it is cut off: its directory is missing"]


def test_a_stream_whose_sizes_follow_is_read_when_cut_off() -> None:
    class Unseekable(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

        def seek(self, *_: int) -> int:
            raise OSError

    buffer = Unseekable()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in (pom("g", "a", "1") | pom("g", "b", "2") | pom("g", "c", "3")).items():
            file.writestr(name, content)
    data = buffer.getvalue()
    packages, gaps = read("lib/x.jar", data[: data.rindex(b"PK\x01\x02", 0, data.index(b"PK\x05"))])
    assert [each.name for each in packages] == ["g:a", "g:b", "g:c"]
    assert len(gaps) == 1


def test_a_program_before_the_archive_does_not_hide_it() -> None:
    packages, gaps = read("run.jar", b"#!/bin/sh\nexec java -jar $0\n" * 40 + LOG4J)
    assert [each.version for each in packages] == ["2.14.1"]
    assert gaps == []


def test_zip_64_archives_are_read() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in pom("g", "a", "1").items():
            with file.open(name, "w", force_zip64=True) as entry:
                entry.write(str(content).encode())
    data = bytearray(buffer.getvalue())
    end = data.rindex(b"PK\x05\x06")
    *_, size, offset, _ = struct.unpack_from("<4x4H2LH", data, end)
    end_64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    small = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    packages, gaps = read("x.jar", bytes(data[:end]) + end_64 + locator + small)
    assert [each.name for each in packages] == ["g:a"]
    assert gaps == []


def test_archives_nested_too_deeply_are_gaps() -> None:
    data = LOG4J
    for _ in range(10):
        data = archive({"lib/inner.jar": data})
    packages, gaps = read("x.jar", data, Limits(archive_depth=4))
    assert packages == []
    assert [gap.reason for gap in gaps] == ["archives are nested over 4 levels deep"]
    assert gaps[0].path == "x.jar" + "!/lib/inner.jar" * 4


def test_bombs_do_not_inflate_beyond_the_limits() -> None:
    inner = archive({"META-INF/a.txt": bytes(5_000_000)})
    bomb = archive({f"lib/{number}.jar": bytes(2_000_000) for number in range(100)})
    limits = Limits(archive_inflated_bytes=6_000_000, file_bytes=3_000_000)
    started = time.monotonic()
    packages, gaps = read("x.jar", bomb, limits)
    assert packages == []
    assert len(gaps) == 100
    assert time.monotonic() - started < 10
    assert read("y.jar", archive({"a.jar": inner}), limits) == ([], [])


def test_overlapping_entries_are_charged_each_time() -> None:
    """Many directory records for one entry, as in the bombs that quote their own data."""
    once = archive({"a.jar": bytes(5_000_000)})
    start = once.index(b"PK\x01\x02")
    end = once.index(b"PK\x05\x06")
    record = once[start:end]
    many = record * 3000
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 3000, 3000, len(many), start, 0)
    limits = Limits(archive_inflated_bytes=50_000_000)
    started = time.monotonic()
    packages, gaps = read("x.jar", once[:start] + many + tail, limits)
    assert packages == []
    assert len(gaps) == 3000
    assert time.monotonic() - started < 10


def test_too_many_entries_are_a_gap() -> None:
    data = archive({f"{number}.txt": b"" for number in range(50)} | pom("g", "a", "1"))
    packages, gaps = read("x.jar", data, Limits(archive_entries=20))
    assert packages == []
    assert [gap.reason for gap in gaps] == ["it has more than 20 entries; the rest was not read"]


@pytest.mark.parametrize("data", [b"nothing", b"PK", b"PK\x05\x06", b"\x00" * 100])
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises(ReadError, match="not a zip archive"):
        read("x.jar", data)


def test_an_inner_file_that_is_no_archive_is_a_gap() -> None:
    packages, gaps = read(
        "x.war", archive({"a.jar": b"<html>404", "b.jar": b""} | pom("g", "a", "1"))
    )
    assert [each.name for each in packages] == ["g:a"]
    assert [(gap.path, gap.reason) for gap in gaps] == [("x.war!/a.jar", "it is not a zip archive")]


def test_encrypted_entries_are_gaps() -> None:
    data = bytearray(archive(pom("g", "a", "1")))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    packages, gaps = read("x.jar", bytes(data))
    assert packages == []
    assert gaps[0].reason.endswith("is encrypted")


WHOLE = archive(
    pom("org.acme", "thing", "1.0")
    | manifest(Implementation_Version="1.0")
    | {"lib/log4j-core-2.14.1.jar": LOG4J, "A.class": b"x"}
)


@settings(max_examples=400, deadline=2000)
@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE)), st.binary(max_size=6)), max_size=6),
    st.integers(0, len(WHOLE)),
    st.booleans(),
)
def test_mutated_archives_end_in_an_answer_or_a_read_error(
    edits: list[tuple[int, bytes]], cut: int, whole: bool
) -> None:
    data = bytearray(WHOLE)
    for at, new in edits:
        data[at : at + len(new)] = new
    try:
        packages, _ = read("lib/x.jar", bytes(data if whole else data[:cut]), Limits(
            archive_inflated_bytes=10_000_000))  # fmt: skip
    except ReadError:
        return
    assert all(package.name and package.version for package in packages)


# --- real archives -------------------------------------------------------------------------------


def _inner(shared: Path, name: str) -> tuple[str, bytes]:
    with zipfile.ZipFile(shared / f"data/inventories/{name}.zip") as file:
        (entry,) = file.namelist()
        return entry, file.read(entry)


def test_a_real_jar(shared: Path) -> None:
    packages, gaps = read(*_inner(shared, "java-jar"))
    assert gaps == []
    assert {(each.name, each.version) for each in packages} == {
        ("org.anchore:example-java-app-maven", "0.1.0"),
        ("joda-time:joda-time", "2.9.2"),
    }


def test_a_real_war(shared: Path) -> None:
    packages, gaps = read(*_inner(shared, "java-war"))
    assert gaps == []
    assert {(each.name, each.version) for each in packages} == {
        ("com.example:web-app", "1.0-SNAPSHOT"),
        ("com.cronutils:cron-utils", "9.1.2"),
        ("com.fasterxml.jackson.core:jackson-annotations", "2.9.10"),
        ("com.fasterxml.jackson.core:jackson-core", "2.9.10"),
        ("com.fasterxml.jackson.core:jackson-databind", "2.9.10.6"),
        ("org.glassfish:javax.el", "3.0.0"),
        ("org.slf4j:slf4j-api", "1.7.30"),
        ("org.apache.commons:commons-lang3", "3.11"),
    }


def test_deflate_has_the_ratio_that_the_limit_assumes() -> None:
    size = 64 * 1024 * 1024
    assert size / len(zlib.compress(bytes(size), 9)) < DEFAULT_LIMITS.inflate_ratio
