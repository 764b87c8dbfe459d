"""Applications that no package manager knows, by the tables of `classifiers`.

One cataloger for each product, so that a file is only looked at by the rows that may be it.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache

from openinspector.inventory.cataloger import Cataloger, File, Parser, Yield
from openinspector.inventory.classifiers.classifier import (
    Classifier,
    Recognised,
    application,
    recognise,
)
from openinspector.inventory.classifiers.others import OTHERS
from openinspector.inventory.classifiers.packaged import GLOBS, packaged
from openinspector.inventory.classifiers.programs import PROGRAMS
from openinspector.inventory.classifiers.releases import java, mozilla, wordpress_add_on
from openinspector.inventory.classifiers.tools import AI_TOOLS, TOOLS
from openinspector.inventory.limits import Limits
from openinspector.inventory.matching import glob_regex

CLASSIFIERS: tuple[Classifier, ...] = (*PROGRAMS, *TOOLS, *AI_TOOLS, *OTHERS)

_NAMES = {"wordpress/core/wordpress": "wordpress-installation", "curl/curl": "curl"}
"""Scanner names of spec/sbom-generator.md 1.4; the others are called after their product."""

_VERSION = 2


def _name(product: str) -> str:
    return _NAMES.get(product, product.replace("/", "-"))


@cache
def _globs(globs: tuple[str, ...]) -> re.Pattern[str]:
    # Compiled when first needed: there are hundreds.
    return re.compile("|".join(map(glob_regex, globs)), re.DOTALL)


def _parser(name: str, rows: list[Classifier]) -> Parser:
    """A parser that asks the rows of one product whose globs match, until one knows."""

    def parse(file: File, limits: Limits) -> Iterator[Yield]:
        for row in rows:
            if _globs(row.globs).fullmatch(file.path):
                found = recognise(row, file, limits)
                if found is not None:
                    yield application(found, file.path, name)
                    return

    return parse


def _reader(name: str, read: Callable[[File, Limits], Recognised | None]) -> Parser:
    def parse(file: File, limits: Limits) -> Iterator[Yield]:
        found = read(file, limits)
        if found is not None:
            yield application(found, file.path, name)

    return parse


def _row(name: str, parse: Parser, *globs: str) -> Cataloger:
    return Cataloger(
        name=name, version=_VERSION, part="applications", parse=parse, globs=tuple(globs)
    )


def _classified() -> Iterator[Cataloger]:
    products: dict[str, list[Classifier]] = {}
    for classifier in CLASSIFIERS:
        products.setdefault(classifier.product, []).append(classifier)
    for product, rows in products.items():
        name = _name(product)
        globs = dict.fromkeys(glob for row in rows for glob in row.globs)
        yield _row(name, _parser(name, rows), *globs)


CATALOGERS: tuple[Cataloger, ...] = (
    *_classified(),
    _row("java-runtime", _reader("java-runtime", java), "**/release"),
    _row("packaged-programs", _reader("packaged-programs", packaged), *GLOBS),
    _row("mozilla", _reader("mozilla", mozilla), "**/application.ini"),
    _row(
        "wordpress-add-ons",
        _reader("wordpress-add-ons", wordpress_add_on),
        "**/wp-content/plugins/*/readme.txt",
        "**/wp-content/plugins/*/readme.md",
        "**/wp-content/plugins/*/README.md",
        "**/wp-content/plugins/*/README.txt",
        "**/wp-content/mu-plugins/*/readme.txt",
        "**/wp-content/themes/*/style.css",
    ),
)
