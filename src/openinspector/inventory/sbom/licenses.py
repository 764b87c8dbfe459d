"""Which licence texts are SPDX identifiers or expressions (https://spdx.org/licenses/)."""

import re

SPDX_IDENTIFIERS = frozenset(
    """
    0BSD AFL-2.1 AFL-3.0 AGPL-3.0 AGPL-3.0-only AGPL-3.0-or-later Apache-1.0 Apache-1.1 Apache-2.0
    Artistic-1.0 Artistic-1.0-Perl Artistic-2.0 BlueOak-1.0.0 BSD-1-Clause BSD-2-Clause
    BSD-2-Clause-Patent BSD-3-Clause BSD-3-Clause-Clear BSD-4-Clause BSD-4-Clause-UC BSL-1.0
    bzip2-1.0.6 CC-BY-3.0 CC-BY-4.0 CC-BY-SA-3.0 CC-BY-SA-4.0 CC0-1.0 CDDL-1.0 CDDL-1.1 CPL-1.0
    curl ECL-2.0 EPL-1.0 EPL-2.0 EUPL-1.1 EUPL-1.2 FSFAP FSFUL FSFULLR FTL GFDL-1.2-only
    GFDL-1.2-or-later GFDL-1.3-only GFDL-1.3-or-later GPL-1.0-only GPL-1.0-or-later GPL-2.0
    GPL-2.0-only GPL-2.0-or-later GPL-3.0 GPL-3.0-only GPL-3.0-or-later HPND ICU IJG ISC
    LGPL-2.0-only LGPL-2.0-or-later LGPL-2.1 LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0
    LGPL-3.0-only LGPL-3.0-or-later Libpng MIT MIT-0 MIT-CMU MPL-1.0 MPL-1.1 MPL-2.0 MS-PL
    MulanPSL-2.0 NCSA NTP OFL-1.1 OLDAP-2.8 OpenSSL PHP-3.0 PHP-3.01 PostgreSQL PSF-2.0 Python-2.0
    Python-2.0.1 Ruby SGI-B-2.0 Sleepycat SSH-OpenSSH TCL Unicode-3.0 Unicode-DFS-2016 Unlicense
    UPL-1.0 Vim W3C WTFPL X11 Zlib ZPL-2.1
    """.split()  # noqa: SIM905 - a word a line would take four screens
)
"""The identifiers met most often. Another text is written as a name, which is always valid."""

_EXPRESSION = re.compile(r"\(*[A-Za-z0-9.+-]+\)*(?: (?:AND|OR|WITH) \(*[A-Za-z0-9.+-]+\)*)+\Z")


def is_expression(text: str) -> bool:
    """Whether a text is written as a compound SPDX licence expression, of bounded length."""
    return len(text) < 2000 and _EXPRESSION.match(text) is not None
