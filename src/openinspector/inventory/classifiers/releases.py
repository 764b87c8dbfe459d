"""Products whose files name who made them: Java runtimes, Mozilla's programs, WordPress add-ons."""

import re

import msgspec

from openinspector.inventory.cataloger import File
from openinspector.inventory.classifiers.classifier import TEXT_BYTES, Recognised
from openinspector.inventory.documents import decode_text
from openinspector.inventory.limits import Limits
from openinspector.patterns import regex

_FIELD = regex(r'^([A-Z][A-Z0-9_]*)="?([^"\n\r]*)"?', re.MULTILINE)
_SETTING = regex(r"^([A-Za-z]+)=(.*?)\s*$", re.MULTILINE)
_JAVA_VERSION = regex(r"[0-9]+(?:\.[0-9]+)*(?:_[0-9]+)?(?:-[A-Za-z0-9.]+)?")
_ADD_ON = regex(r"(?:^|/)wp-content/(?:mu-)?(plugins|themes)/([^/]+)/[^/]+$")
_STABLE_TAG = regex(r"^[ \t*]*stable tag:[ \t]*v?([0-9][0-9A-Za-z._-]{0,30})[ \t]*\r?$",
                         re.IGNORECASE | re.MULTILINE)  # fmt: skip
_THEME_VERSION = regex(r"^[ \t/*#@]*version:[ \t]*v?([0-9][0-9A-Za-z._-]{0,30})",
                            re.IGNORECASE | re.MULTILINE)  # fmt: skip
_THEME_NAME = regex(r"^[ \t/*#@]*theme name:", re.IGNORECASE | re.MULTILINE)


class JavaVendor(msgspec.Struct, frozen=True):
    """Who builds Java, by the `IMPLEMENTOR` of its `release` file."""

    implementor: str
    product: str
    cpes: tuple[str, ...] = ()


_JAVA_VENDORS = (
    JavaVendor("amazon.com inc", "amazon/amazon-corretto", ("amazon:corretto",)),
    JavaVendor("eclipse adoptium", "eclipse/temurin", ("eclipse:temurin",)),
    JavaVendor("eclipse foundation", "eclipse/temurin", ("eclipse:temurin",)),
    JavaVendor("adoptopenjdk", "adoptopenjdk/openjdk"),
    JavaVendor("azul systems", "azul/zulu", ("azul:zulu",)),
    JavaVendor("international business machines", "ibm/semeru", ("ibm:semeru_runtime",)),
    JavaVendor("ibm corporation", "ibm/semeru", ("ibm:semeru_runtime",)),
    JavaVendor("graalvm community", "oracle/graalvm-community", ("oracle:graalvm",)),
    JavaVendor("microsoft", "microsoft/openjdk"),
    JavaVendor("sap se", "sap/sapmachine"),
    JavaVendor("bellsoft", "bellsoft/liberica"),
    JavaVendor("red hat", "redhat/openjdk", ("redhat:openjdk",)),
    JavaVendor("jetbrains", "jetbrains/jetbrains-runtime"),
    JavaVendor("alibaba", "alibaba/dragonwell"),
    JavaVendor("tencent", "tencent/kona"),
)
_OPENJDK = "oracle:openjdk"


def java(file: File, _: Limits) -> Recognised | None:
    """A Java runtime by the `release` file of its folder (as the JDK's make files write it).

    Oracle's own builds of OpenJDK name Oracle too; its commercial JDK adds `BUILD_TYPE`, or gives
    an update of Java 8 without a builder.
    """
    fields = dict(_FIELD.findall(_text(file)))
    version = fields.get("JAVA_VERSION", "")
    if not _JAVA_VERSION.fullmatch(version):
        return None
    implementor = fields.get("IMPLEMENTOR", "").lower()
    if fields.get("BUILD_TYPE") == "commercial" and implementor in ("", "oracle corporation"):
        return _oracle(file, fields, version)
    for vendor in _JAVA_VENDORS:
        if implementor.startswith(vendor.implementor):
            return Recognised(vendor.product, version, (_OPENJDK, *vendor.cpes))
    return Recognised("openjdk/openjdk", version, (_OPENJDK,))


def _oracle(file: File, fields: dict[str, str], version: str) -> Recognised:
    modules = fields.get("MODULES", "")
    is_jre = "jdk.compiler" not in modules if modules else "jre" in file.path.split("/")[-2:][0]
    kind = "jre" if is_jre else "jdk"
    return Recognised(f"oracle/{kind}", version, (f"oracle:{kind}", "oracle:java_se"))


_MOZILLA = {
    "firefox": ("mozilla/firefox", ("mozilla:firefox",)),
    "firefox-esr": ("mozilla/firefox-esr", ("mozilla:firefox_esr", "mozilla:firefox")),
    "thunderbird": ("mozilla/thunderbird", ("mozilla:thunderbird",)),
}


def mozilla(file: File, _: Limits) -> Recognised | None:
    """Firefox and Thunderbird by `application.ini`: `RemotingName` and `Version` of `[App]`."""
    section = _text(file).partition("[App]")[2].partition("\n[")[0]
    settings = dict(_SETTING.findall(section))
    product = _MOZILLA.get(settings.get("RemotingName", "").lower())
    version = settings.get("Version", "")
    if product is None or not re.fullmatch(r"[0-9]+(?:\.[0-9]+)*(?:[ab][0-9]+|esr)?", version):
        return None
    repository = settings.get("SourceRepository", "")
    known = re.fullmatch(r"https://[!-~]{1,200}", repository) is not None
    facts = (("mozilla:source_repository", repository),) if known else ()
    return Recognised(product[0], version, product[1], facts)


def wordpress_add_on(file: File, _: Limits) -> Recognised | None:
    """A plug-in by the `Stable tag` of its readme, a theme by the `Version` of its style sheet."""
    place = _ADD_ON.search(file.path)
    if place is None:
        return None
    text = _text(file)
    if place[1] == "plugins":
        found = _STABLE_TAG.search(text)
        return Recognised(f"wordpress/plugin/{place[2]}", found[1]) if found else None
    found = _THEME_VERSION.search(text) if _THEME_NAME.search(text) else None
    return Recognised(f"wordpress/theme/{place[2]}", found[1]) if found else None


def _text(file: File) -> str:
    return decode_text(memoryview(file.data)[:TEXT_BYTES])
