"""Applications: each row against the texts that real files hold; what hostile files do to it."""

import contextlib
import io
import os
import re
import struct
import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openinspector.inventory import executables
from openinspector.inventory.cataloger import MemoryFile, ReadError
from openinspector.inventory.catalogers.applications import CATALOGERS, CLASSIFIERS
from openinspector.inventory.classifiers.classifier import cpe
from openinspector.inventory.executables import version_resource
from openinspector.inventory.limits import DEFAULT_LIMITS
from openinspector.inventory.matching import Matcher
from openinspector.model import Package

from . import crafted, tool_samples

MATCHER = Matcher(CATALOGERS, is_root=True)


def read(path: str, data: bytes) -> list[Package]:
    """What every cataloger that wants the path says."""
    file = MemoryFile(path, data)
    takers = MATCHER.takers(MATCHER.by_path(path)).all
    items = [item for taker in takers for item in taker.parse(file, DEFAULT_LIMITS)]
    return [item for item in items if isinstance(item, Package)]


def found(path: str, data: bytes) -> list[tuple[str, str]]:
    return [(package.name, package.version) for package in read(path, data)]


def program(text: bytes) -> bytes:
    return crafted.elf([(".text", b"\x90" * 64), (".rodata", b"before\0" + text + b"\0after")])


# Constants as they stand in the real programs that the rows name.
PROGRAMS = {
    "usr/sbin/nginx": (b"nginx version: nginx/1.22.1\n", "nginx/nginx", "1.22.1"),
    "usr/local/openresty/nginx/sbin/nginx": (
        b"nginx version: openresty/1.21.4.1\n",
        "nginx/nginx",
        "1.21.4.1",
    ),
    "usr/local/apache2/bin/httpd": (b"\0Apache/2.4.57 (Unix)", "apache/httpd", "2.4.57"),
    "usr/sbin/lighttpd": (b"\0lighttpd/1.4.69 (ssl)", "lighttpd/lighttpd", "1.4.69"),
    "usr/local/sbin/haproxy": (
        b"\0 version 2.6.12-1+deb12u4, released 2026/10/17",
        "haproxy/haproxy",
        "2.6.12",
    ),
    "usr/local/bin/envoy": (b"\0001.40.0\0 so a", "envoyproxy/envoy", "1.40.0"),
    "usr/sbin/squid": (b"\0squid/5.7\0", "squid-cache/squid", "5.7"),
    "usr/sbin/varnishd": (b"varnish-7.1.1 revision 7cee1c", "varnish-cache/varnish", "7.1.1"),
    "usr/local/bin/node": (b"/json\0node.js/v18.4.0\0(del", "nodejs/node", "18.4.0"),
    "home/u/.nvm/versions/node/v24.19.0/bin/node": (
        b"\r\n\0node.js/v24.19.0Protocol-Version",
        "nodejs/node",
        "24.19.0",
    ),
    "usr/local/bin/python3.11": (b"1.2.3\0003.11.2\0strict", "python/python", "3.11.2"),
    "usr/local/lib/libpython3.12.so.1.0": (b"\0003.12.0rc1\0", "python/python", "3.12.0rc1"),
    "usr/local/bin/php": (b"X-Powered-By: PHP/8.2.36\0", "php/php", "8.2.36"),
    "usr/local/sbin/php-fpm": (b"X-Powered-By: PHP/8.3.0RC1\0", "php/php", "8.3.0RC1"),
    "usr/bin/perl": (b"SEED\0v5.36.0\0panic", "perl/perl", "5.36.0"),
    "usr/local/lib/libruby.so.3.1": (
        b"\0ruby 3.1.7p261 (2025-03-26 revision 0a",
        "ruby/ruby",
        "3.1.7",
    ),
    "usr/local/bin/redis-server": (b"err\0007.0.15\0c11-builtin\0shut", "redis/redis", "7.0.15"),
    "opt/redis-server": (b"b5d43ceb\0008.2.3\00014.2.1\0c11-builtin\0", "redis/redis", "8.2.3"),
    "usr/local/bin/valkey-server": (
        b"log: %s\0009.1.2\0include\0\0valkey9.1.22036e910ab2c-1792\0",
        "valkey-io/valkey",
        "9.1.2",
    ),
    "usr/bin/memcached": (b"memcached 1.6.18\n\0Failed", "memcached/memcached", "1.6.18"),
    "usr/lib/postgresql/15/bin/postgres": (
        b"postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n",
        "postgresql/postgresql",
        "15.20",
    ),
    "usr/sbin/mariadbd": (b"\00010.11.19-MariaDB\0", "mysql/mariadb-server", "10.11.19"),
    "opt/mariadb/bin/mysqld": (b"\00010.6.5-MariaDB-log\0", "mysql/mariadb-server", "10.6.5"),
    "usr/sbin/mysqld": (b"/build/mysql-8.0.36/sql/x.cc", "mysql/mysql-server", "8.0.36"),
    "usr/lib/libsqlite3.so.0.8.6": (b"\x08\0\0\0003.40.1\0", "sqlite/sqlite", "3.40.1"),
    "usr/lib/libcrypto.so.3": (b"OpenSSL 3.0.22 25 Aug 2026\0", "openssl/openssl", "3.0.22"),
    "pkg.libs/libcrypto-1a2b3c.so.1.1": (
        b"OpenSSL 1.1.1k  25 Mar 2021\0",
        "openssl/openssl",
        "1.1.1k",
    ),
    "usr/bin/openssl": (b"OpenSSL 1.0.2k-fips  26 Jan 2017\0", "openssl/openssl", "1.0.2k"),
    "usr/local/sbin/sshd": (b"OpenSSH_9.2\0OpenSSH_9.2p1 x", "openssh/openssh", "9.2p1"),
    "usr/local/bin/curl": (b"\0curl/7.88.1\0", "curl/curl", "7.88.1"),
    "usr/lib/libcurl.so.4.8.0": (b"\0libcurl/7.88.1\0", "curl/libcurl", "7.88.1"),
    "bin/busybox": (b"BusyBox v1.35.0 (Debian 1:1.35)", "busybox/busybox", "1.35.0"),
    "bin/bash": (b"@(#)Bash version 5.2.15(1) release GNU", "gnu/bash", "5.2.15"),
    "usr/bin/git": (b"\xff\xfegit/2.39.5\0GIT_USER_AGENT", "git/git", "2.39.5"),
    "usr/bin/sudo": (b"Sudo version %s\n\0001.9.13p3\0", "sudo/sudo", "1.9.13p3"),
    "usr/bin/ffmpeg": (b"%s version 5.1.9-0+deb\0%sbuilt with %s", "ffmpeg/ffmpeg", "5.1.9"),
    "opt/ffmpeg/libavutil.so.57": (b"FFmpeg version n6.0\0", "ffmpeg/ffmpeg", "6.0"),
    "usr/local/lib/libMagickCore-6.Q16.so.6": (
        b"ImageMagick 6.9.11-60 Q16 x86_64",
        "imagemagick/imagemagick",
        "6.9.11-60",
    ),
    "usr/sbin/dnsmasq": (b"\0dnsmasq-2.90\0", "thekelleys/dnsmasq", "2.90"),
    "usr/sbin/unbound": (b"\0unbound 1.17.1\0", "nlnetlabs/unbound", "1.17.1"),
    "usr/sbin/mosquitto": (b"\0002.0.11\0mosquitto version %s", "eclipse/mosquitto", "2.0.11"),
    "usr/sbin/proftpd": (b"\0ProFTPD Version 1.3.8\0", "proftpd/proftpd", "1.3.8"),
    "usr/sbin/vsftpd": (b"(vsFTPd 3.0.3)", "vsftpd/vsftpd", "3.0.3"),
    "usr/bin/turnserver": (b"\0Coturn-4.6.1 'Gorst'", "coturn/coturn", "4.6.1"),
    "lib/libz.so.1.2.13": (b" deflate 1.2.13 Copyright 1995-2022", "zlib/zlib", "1.2.13"),
    "usr/bin/xz": (b"\0xz (XZ Utils) 5.6.1\0", "tukaani/xz", "5.6.1"),
    "lib/liblzma.so.5.6.1": (b"XZ_5.4\0\0005.6.1\0\0\xfd7zXZ\0", "tukaani/xz", "5.6.1"),
    "lib/libexpat.so.1": (b"\0expat_2.5.0\0", "libexpat/libexpat", "2.5.0"),
    "Pillow.libs/libpng16-58.so.16.39.0": (
        b"\nlibpng version 1.6.39\n",
        "libpng/libpng",
        "1.6.39",
    ),
    "lib/libtiff.so.6": (b"LIBTIFF, Version 4.5.0\n", "libtiff/libtiff", "4.5.0"),
}

TEXTS = {
    "usr/local/apache2/include/ap_release.h": (
        b"#define AP_SERVER_MAJORVERSION_NUMBER 2\n#define AP_SERVER_MINORVERSION_NUMBER 4\n"
        b"#define AP_SERVER_PATCHLEVEL_NUMBER 57\n",
        "apache/httpd",
        "2.4.57",
    ),
    "usr/local/ssl/include/openssl/opensslv.h": (
        b'# define OPENSSL_VERSION_TEXT "OpenSSL 3.0.22 25 Aug 2026"\n',
        "openssl/openssl",
        "3.0.22",
    ),
    "usr/include/curl/curlver.h": (
        b'#define LIBCURL_VERSION "7.88.1-DEV"\n',
        "curl/libcurl",
        "7.88.1",
    ),
    "usr/include/mariadb/mariadb_version.h": (
        b'#define MYSQL_SERVER_VERSION\t"10.11.19-MariaDB"\n',
        "mysql/mariadb-server",
        "10.11.19",
    ),
    "usr/include/mysql/mysql_version.h": (
        b'#define MYSQL_SERVER_VERSION       "8.0.36"\n',
        "mysql/mysql-server",
        "8.0.36",
    ),
    "usr/include/sqlite3.h": (b'#define SQLITE_VERSION "3.40.1"', "sqlite/sqlite", "3.40.1"),
    "usr/include/zlib.h": (b'#define ZLIB_VERSION "1.2.13"', "zlib/zlib", "1.2.13"),
    "var/www/html/wp-includes/version.php": (
        b"<?php\n * @global string $wp_version\n */\n$wp_version = '6.1.9';\n",
        "wordpress/core/wordpress",
        "6.1.9",
    ),
    "var/www/html/core/lib/Drupal.php": (
        b"class Drupal {\n  const VERSION = '8.6.2';\n",
        "drupal/drupal",
        "8.6.2",
    ),
    "var/www/html/includes/bootstrap.inc": (
        b"define('VERSION', '7.98');\n",
        "drupal/drupal",
        "7.98",
    ),
    "var/www/html/libraries/src/Version.php": (
        b"const MAJOR_VERSION = 4;\n\tconst MINOR_VERSION = 0;\n\tconst PATCH_VERSION = 6;\n",
        "joomla/joomla",
        "4.0.6",
    ),
    "opt/google/chrome/VERSION": (
        b"MAJOR=120\nMINOR=0\nBUILD=6099\nPATCH=109\n",
        "google/chrome",
        "120.0.6099.109",
    ),
    "usr/local/lib/erlang/releases/25/OTP_VERSION": (b"25.2.3\n", "erlang/otp", "25.2.3"),
    "usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/Microsoft.NETCore.App.deps.json": (
        b"{}",
        "microsoft/dotnet",
        "8.0.1",
    ),
    "dotnet/shared/Microsoft.AspNetCore.App/9.0.0-rc.2/Microsoft.AspNetCore.App.deps.json": (
        b"{}",
        "microsoft/aspdotnet",
        "9.0.0-rc.2",
    ),
    "usr/lib/libisc-9.18.49.so": (b"", "isc/bind", "9.18.49"),
}


def jar(manifest: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(
            "META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n" + manifest + "\r\n\r\n"
        )
    return buffer.getvalue()


ARCHIVES = {
    "opt/tomcat/lib/catalina.jar": (
        jar("Implementation-Title: Apache Tomcat\r\nImplementation-Version: 9.0.50"),
        "apache/tomcat",
        "9.0.50",
    ),
    "usr/share/elasticsearch/lib/elasticsearch-7.10.0.jar": (
        jar("X-Compile-Elasticsearch-Version: 7.10.0"),
        "elastic/elasticsearch",
        "7.10.0",
    ),
    "opt/cassandra/lib/apache-cassandra-4.1.3.jar": (
        jar("Implementation-Version: 4.1.3"),
        "apache/cassandra",
        "4.1.3",
    ),
    "usr/share/jenkins/jenkins.war": (
        jar("Jenkins-Version: 2.426.1\r\nOther: x"),
        "jenkins/jenkins-core-lts",
        "2.426.1",
    ),
    "usr/share/java/jenkins.war": (
        jar("Jenkins-Version: 2.440\r\nOther: x"),
        "jenkins/jenkins-core",
        "2.440",
    ),
}


def resource(texts: dict[str, str], base: int = 0x1000, signed: bool = True) -> bytes:
    """A .rsrc section with one version resource, for a section at a relative address."""

    def block(key: str, value: bytes, children: bytes, kind: int, length: int) -> bytes:
        head = key.encode("utf-16-le") + b"\0\0"
        body = head + b"\0" * (-(6 + len(head)) % 4) + value
        body += b"\0" * (-(6 + len(body)) % 4) + children
        return struct.pack("<3H", 6 + len(body), length, kind) + body

    strings = b""
    for name, text in texts.items():
        value = text.encode("utf-16-le") + b"\0\0"
        one = block(name, value, b"", 1, len(value) // 2)
        strings += one + b"\0" * (-len(one) % 4)
    table = block("040904b0", b"", strings, 1, 0)
    info = block("StringFileInfo", b"", table, 1, 0)
    fixed = struct.pack("<13I", 0xFEEF04BD if signed else 0, 0, 0x00010002, 0x00030004,
                        0x00050006, 0x00070008, *[0] * 7)  # fmt: skip
    version = block("VS_VERSION_INFO", fixed, info, 0, len(fixed))
    directory = struct.pack("<12x2H", 0, 1)
    root = directory + struct.pack("<2I", 16, 0x80000000 | 24)
    names = directory + struct.pack("<2I", 1, 0x80000000 | 48)
    languages = directory + struct.pack("<2I", 1033, 72)
    leaf = struct.pack("<4I", base + 88, len(version), 0, 0)
    return root + names + languages + leaf + version


def windows(**texts: str) -> bytes:
    return crafted.pe([], resource(texts))


RESOURCES = {
    "Program Files/7-Zip/7za.exe": (windows(ProductVersion="21.07"), "7zip/7zip", "21.07"),
    "opt/microsoft/powershell/7/pwsh.dll": (
        windows(ProductVersion="7.4.1 SHA: 6a98b28414948626f1b29a5e8b062e73b7ff165a+6a98b284"),
        "microsoft/powershell",
        "7.4.1",
    ),
    "tools/nuget.exe": (windows(FileVersion="6.8.0.131"), "microsoft/nuget", "6.8.0"),
    "VS Code/Code.exe": (windows(ProductVersion="1.85.1"), "microsoft/visualstudiocode", "1.85.1"),
    "Edge/msedge.exe": (
        windows(ProductVersion="120.0.2210.91"),
        "microsoft/edge",
        "120.0.2210.91",
    ),
    "Chrome/chrome.exe": (windows(ProductVersion="120.0.6099.110"), "google/chrome",
                          "120.0.6099.110"),
}  # fmt: skip


def go(path: str, version: str = "(devel)", flags: str = "") -> bytes:
    module = re.sub(r"/(?:pkg/)?cmd/.*", "", path)
    modules = f'path\t{path}\nmod\t{module}\t{version}\th1:x=\nbuild\t-ldflags="{flags}"\n'
    return crafted.elf([(".go.buildinfo", crafted.inline_info(modules=modules))])


GO_PROGRAMS = {
    "usr/bin/docker": (
        go("github.com/docker/cli/cmd/docker",
           flags="-X github.com/docker/cli/cli/version.Version=24.0.7"),
        "docker/docker", "24.0.7"),
    "usr/bin/dockerd": (
        go("github.com/docker/docker/cmd/dockerd",
           flags="-X github.com/docker/docker/dockerversion.Version=24.0.7"),
        "docker/dockerd", "24.0.7"),
    "usr/bin/containerd": (
        go("github.com/containerd/containerd/v2/cmd/containerd", "v2.0.1"),
        "docker/containerd", "2.0.1"),
    "usr/bin/runc": (go("github.com/opencontainers/runc", flags="-X main.version=1.1.12"),
                     "docker/runc", "1.1.12"),
    "usr/bin/ollama": (
        go("github.com/ollama/ollama",
           flags="-X=github.com/ollama/ollama/version.Version=0.3.12"),
        "ollama/ollama", "0.3.12"),
    "usr/local/bin/traefik": (go("github.com/traefik/traefik/v3/cmd/traefik", "v3.2.0"),
                              "traefik/traefik", "3.2.0"),
    "bin/consul": (go("github.com/hashicorp/consul", "v1.20.0"), "hashicorp/consul", "1.20.0"),
    "bin/vault": (go("github.com/hashicorp/vault", "v1.18.0"), "hashicorp/vault", "1.18.0"),
    "bin/nomad": (go("github.com/hashicorp/nomad", "v1.9.0"), "hashicorp/nomad", "1.9.0"),
    "bin/terraform": (go("github.com/hashicorp/terraform", "v1.9.0"), "hashicorp/terraform",
                      "1.9.0"),
    "bin/etcd": (go("go.etcd.io/etcd/server/v3", "v3.5.16"), "etcd/etcd", "3.5.16"),
    "bin/prometheus": (
        go("github.com/prometheus/prometheus/cmd/prometheus",
           flags="-X github.com/prometheus/common/version.Version=9.9.9 -X main.version=2.54.1"),
        "prometheus/prometheus", "2.54.1"),
    "bin/grafana": (go("github.com/grafana/grafana/pkg/cmd/grafana",
                       flags="-X main.version=11.2.0"), "grafana/grafana", "11.2.0"),
    "bin/minio": (go("github.com/minio/minio", "v1.2.3"), "minio/minio", "1.2.3"),
    "bin/caddy": (go("github.com/caddyserver/caddy/v2", "v2.8.4"), "caddyserver/caddy", "2.8.4"),
    "bin/influxd": (go("github.com/influxdata/influxdb/v2/cmd/influxd",
                       flags="-X main.version=v2.7.10"), "influxdata/influxdb", "2.7.10"),
    "bin/kubelet": (go("k8s.io/kubernetes/cmd/kubelet", "v1.31.1"), "kubernetes/kubelet", "1.31.1"),
    "bin/kube-apiserver": (go("k8s.io/kubernetes/cmd/kube-apiserver", "v1.31.1"),
                           "kubernetes/kube-apiserver", "1.31.1"),
}  # fmt: skip

SAMPLES = {
    **{path: (program(text), name, version) for path, (text, name, version) in PROGRAMS.items()},
    **TEXTS,
    **ARCHIVES,
    **RESOURCES,
    **GO_PROGRAMS,
    **{
        path: (program(text), name, version)
        for path, (text, name, version) in tool_samples.PROGRAMS.items()
    },
    **{
        path: (text.encode(), name, version)
        for path, (text, name, version) in tool_samples.TEXTS.items()
    },
    **{
        name: (windows(FileVersion="16.0.17231.20236"), product, "16.0.17231.20236")
        for name, product in tool_samples.FILE_VERSIONS.items()
    },
    **{
        path: (
            go(package, "v2.3.4"),
            tool_samples.GO_PRODUCTS.get(path, path.replace("bin", "kubernetes")),
            "2.3.4",
        )
        for path, package in tool_samples.GO_PACKAGES.items()
    },
    "opt/tomcat/webapps/a/WEB-INF/lib/struts2-core-2.5.30.jar": (
        jar("Implementation-Version: 2.5.30"),
        "apache/struts",
        "2.5.30",
    ),
}


@pytest.mark.parametrize("path", SAMPLES)
def test_each_row_finds_its_version(path: str) -> None:
    data, name, version = SAMPLES[path]
    assert found(path, data) == [(name, version)]


@pytest.mark.parametrize(
    "path, data",
    [
        (
            "elasticsearch-rest-high-level-client-7.17.0.jar",
            jar("X-Compile-Elasticsearch-Version: 7.17.0"),
        ),
        ("lib/elasticsearch-core-7.10.0.jar", jar("X-Compile-Elasticsearch-Version: 7.10.0")),
        ("apache-cassandra-clientutil-3.0.jar", jar("Implementation-Version: 3.0")),
    ],
)
def test_modules_are_not_the_application(path: str, data: bytes) -> None:
    assert found(path, data) == []


def test_every_row_has_a_sample() -> None:
    matched = {
        number
        for path in SAMPLES
        for number, row in enumerate(CLASSIFIERS)
        if row.product == SAMPLES[path][1]
    }
    assert [row.product for n, row in enumerate(CLASSIFIERS) if n not in matched] == []


def test_a_package_of_an_application() -> None:
    (package,) = read("usr/sbin/nginx", program(b"nginx version: nginx/1.22.1\n"))
    assert package.purl == "pkg:generic/nginx/nginx@1.22.1"
    assert (package.ecosystem, package.manager, package.cataloger) == (
        "generic",
        None,
        "nginx-nginx",
    )
    assert package.locations[0].path == "usr/sbin/nginx"
    assert package.properties == (
        ("cpe", "cpe:2.3:a:f5:nginx:1.22.1:*:*:*:*:*:*:*"),
        ("cpe", "cpe:2.3:a:nginx:nginx:1.22.1:*:*:*:*:*:*:*"),
        ("cpe", "cpe:2.3:a:f5:nginx_open_source:1.22.1:*:*:*:*:*:*:*"),
    )


@pytest.mark.parametrize(
    "name, version, expected",
    [
        ("openbsd:openssh", "9.9p2", "openbsd:openssh:9.9:p2"),
        ("oracle:jdk", "1.8.0_292", "oracle:jdk:1.8.0:update292"),
        ("oracle:openjdk", "17.0.9", "oracle:openjdk:17.0.9:*"),
        ("openssl:openssl", "1.0.2k", "openssl:openssl:1.0.2k:*"),
        ("php:php", "8.3.0RC1", "php:php:8.3.0:rc1"),
        ("erlang:erlang/otp", "25.2.3", r"erlang:erlang\/otp:25.2.3:*"),
        ("joomla:joomla!", "4.0.6", r"joomla:joomla\!:4.0.6:*"),
        ("docker:docker", "20.10.24+dfsg1", r"docker:docker:20.10.24\+dfsg1:*"),
    ],
)
def test_cpe_names(name: str, version: str, expected: str) -> None:
    assert cpe(name, version) == f"cpe:2.3:a:{expected}:*:*:*:*:*:*"


NOT_THEM = {
    "a script": ("usr/sbin/nginx", b"#!/bin/sh\nexec nginx version: nginx/1.22.1\n"),
    "another program": ("usr/sbin/nginx", program(b"hello")),
    "two versions": ("usr/lib/libsqlite3.so.0", program(b"\0003.40.1\0x\0003.41.0\0")),
    "another python": ("usr/bin/python3.11", program(b"\0003.10.1\0")),
    "copies of a header": (
        "usr/local/include/node/openssl/archs/linux/include/openssl/opensslv.h",
        b'# define OPENSSL_VERSION_TEXT "OpenSSL 3.0.22 25 Aug 2026"\n',
    ),
    "half a header": (
        "usr/include/ap_release.h",
        b"#define AP_SERVER_MAJORVERSION_NUMBER 2\n",
    ),
    "another go program": ("bin/vault", go("example.org/vault", "v1.0.0")),
    "a go program without version": ("bin/consul", go("github.com/hashicorp/consul")),
    "another OpenSSL": ("lib/libcrypto.so", program(b"OpenSSL 1.1.1 (compatible; AWS-LC 1.2)")),
}


@pytest.mark.parametrize("case", NOT_THEM)
def test_what_only_looks_like_it_is_passed_over(case: str) -> None:
    assert found(*NOT_THEM[case]) == []


@pytest.mark.parametrize("write", [crafted.pe, crafted.macho])
def test_constants_are_found_in_other_formats(write: object) -> None:
    assert callable(write)
    name = ".rdata" if write is crafted.pe else "__cstring"
    data = write([(name, b"x\0node.js/v20.1.0\0")])
    assert found("opt/node/bin/node", data) == [("nodejs/node", "20.1.0")]


def test_an_executable_without_sections_is_searched_whole() -> None:
    data = bytearray(program(b"nginx version: nginx/1.22.1\n"))
    data[40:48] = bytes(8)
    assert found("usr/sbin/nginx", bytes(data)) == [("nginx/nginx", "1.22.1")]


# --- files that name who made them ---------------------------------------------------------------

JAVA = {
    "temurin": (
        'IMPLEMENTOR="Eclipse Adoptium"\nJAVA_VERSION="25.0.3"\n',
        ("eclipse/temurin", "25.0.3"),
    ),
    "corretto": (
        'IMPLEMENTOR="Amazon.com Inc."\nIMPLEMENTOR_VERSION="Corretto-11.0.8.10.1"\n'
        'JAVA_VERSION="11.0.8"\n',
        ("amazon/amazon-corretto", "11.0.8"),
    ),
    "zulu": (
        'IMPLEMENTOR="Azul Systems, Inc."\nJAVA_VERSION="17.0.1"\n',
        ("azul/zulu", "17.0.1"),
    ),
    "debian": ('IMPLEMENTOR="Debian"\nJAVA_VERSION="17.0.15"\n', ("openjdk/openjdk", "17.0.15")),
    "nobody": ('JAVA_VERSION="1.8.0_222"\n', ("openjdk/openjdk", "1.8.0_222")),
    "oracle's open one": (
        'IMPLEMENTOR="Oracle Corporation"\nJAVA_VERSION="16.0.1"\n',
        ("openjdk/openjdk", "16.0.1"),
    ),
    "oracle's jdk": (
        'BUILD_TYPE="commercial"\nIMPLEMENTOR="Oracle Corporation"\nJAVA_VERSION="21.0.1"\n'
        'MODULES="java.base jdk.compiler"\n',
        ("oracle/jdk", "21.0.1"),
    ),
    "oracle's jre": (
        'BUILD_TYPE="commercial"\r\nJAVA_VERSION="1.8.0_292"\r\n',
        ("oracle/jre", "1.8.0_292"),
    ),
}


@pytest.mark.parametrize("case", JAVA)
def test_java_runtimes_are_told_apart(case: str) -> None:
    text, expected = JAVA[case]
    assert found("usr/lib/jvm/java/jre/release", text.encode()) == [expected]


@pytest.mark.parametrize("text", ["", "NAME=x\n", 'JAVA_VERSION="x"\n', 'JAVA_VERSION=""\n'])
def test_other_release_files_are_passed_over(text: str) -> None:
    assert found("etc/release", text.encode()) == []


def test_java_is_known_to_the_national_database() -> None:
    (package,) = read("opt/java/release", JAVA["nobody"][0].encode())
    assert package.properties == (("cpe", "cpe:2.3:a:oracle:openjdk:1.8.0:update222:*:*:*:*:*:*"),)


MOZILLA = b"; comment\n[App]\nVendor=Mozilla\nName=Firefox\nRemotingName=%s\nVersion=%s\n[Gecko]\n"


def test_mozilla_needs_both_fields() -> None:
    path = "usr/lib/firefox/application.ini"
    assert found(path, MOZILLA % (b"firefox-esr", b"115.7.0")) == [
        ("mozilla/firefox-esr", "115.7.0")
    ]
    assert found(path, MOZILLA % (b"thunderbird", b"115.7.0")) == [
        ("mozilla/thunderbird", "115.7.0")
    ]
    assert found(path, MOZILLA % (b"other", b"115.7.0")) == []
    assert found(path, MOZILLA % (b"firefox", b"x")) == []
    assert found(path, b"[App]\nVersion=1.0\n") == []


def test_wordpress_add_ons() -> None:
    base = "var/www/html/wp-content"
    assert found(f"{base}/plugins/akismet/readme.txt", b"=== A ===\nStable tag: 5.0.2\r\n") == [
        ("wordpress/plugin/akismet", "5.0.2")
    ]
    assert found(f"{base}/plugins/x/readme.txt", b"Stable tag: trunk\n") == []
    style = b"/*\nTheme Name: Twenty\nVersion: 1.8\n*/"
    assert found(f"{base}/themes/twenty/style.css", style) == [("wordpress/theme/twenty", "1.8")]
    assert found(f"{base}/themes/twenty/style.css", b"/* Version: 1.8 */") == []


# --- version resources ---------------------------------------------------------------------------


def test_version_resources_are_read() -> None:
    texts = {"CompanyName": "Some", "ProductVersion": "7.4.1"}
    (executable,) = executables.parse(crafted.pe([(".text", b"x")], resource(texts, 0x2000)))
    assert version_resource.read(executable) == {
        "CompanyName": "Some",
        "ProductVersion": "7.4.1",
        "FileVersion": "1.2.3.4",
    }
    (executable,) = executables.parse(crafted.pe([(".text", b"x")], b""))
    assert version_resource.read(executable) == {}


RESOURCE = crafted.pe([(".rdata", b"OpenSSL 3")], resource({"ProductVersion": "7.4.1"}, 0x2000))


@settings(max_examples=400, deadline=2000)
@given(st.lists(st.tuples(st.integers(0, len(RESOURCE)), st.binary(max_size=4)), max_size=8))
def test_mutated_resources_end_in_an_answer_or_a_read_error(edits: list[tuple[int, bytes]]) -> None:
    data = bytearray(RESOURCE)
    for at, new in edits:
        data[at : at + len(new)] = new
    for path in ("a/pwsh.exe", "a/7z.exe", "a/libcrypto-3.dll"):
        with contextlib.suppress(ReadError):
            assert all(package.version for package in read(path, bytes(data)))


@settings(max_examples=200, deadline=2000)
@given(st.sampled_from(sorted(SAMPLES)), st.integers(0, 4000), st.binary(max_size=4))
def test_mutated_files_end_in_an_answer_or_a_read_error(path: str, at: int, new: bytes) -> None:
    data = bytearray(SAMPLES[path][0])
    data[at : at + len(new)] = new
    for content in (bytes(data), bytes(data[:at])):
        with contextlib.suppress(ReadError):
            assert all(package.version for package in read(path, content))


ALL_PROGRAMS = {path.rpartition("/")[2]: path for path in {**PROGRAMS, **tool_samples.PROGRAMS}}


@pytest.mark.parametrize("path", sorted(ALL_PROGRAMS))
def test_no_pattern_takes_long_on_hostile_constants(path: str) -> None:
    size = 2 * 1024 * 1024
    blocks = [
        b"0" * size,
        b"\0" + b"1." * (size // 2),
        os.urandom(size),
        b"\x001.2.3" * (size // 6),
    ]
    hostile = crafted.elf([(".rodata", b"".join(blocks))])
    full = ALL_PROGRAMS[path]
    started = time.monotonic()
    read(full, hostile)
    assert time.monotonic() - started < 20
