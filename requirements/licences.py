"""The licence of each installed package, and those that may not be used.

``make lint`` runs this. Packages of other platforms and of ``make bench`` are not installed there,
and so not seen.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions

from license_expression import ExpressionError, LicenseExpression, get_spdx_licensing

# Permissive: use needs no more than the notice that comes with the package.
ALLOWED = frozenset(
    "0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause BSL-1.0 CC0-1.0 CNRI-Python ISC LLVM-exception MIT "
    "MIT-0 MIT-CMU PSF-2.0 Unlicense Zlib".split()
)
# Trove classifiers, and what authors write in the field "License", as SPDX identifiers.
SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
_UNCHANGED = "used as published; its licence binds changes to its own files only"
_REPLACEABLE = "optional, imported as published, and can be replaced by another version"
# Packages that ALLOWED does not cover: their licence, and why they may be used all the same. An
# exception holds only while the package states that licence, or none.
EXCEPTIONS = {
    "axe-playwright-python": ("MIT AND MPL-2.0", f"tests only; bundles axe-core, {_UNCHANGED}"),
    "certifi": ("MPL-2.0", f"a list of certificates; {_UNCHANGED}"),
    "hypothesis": ("MPL-2.0", f"tests only; {_UNCHANGED}"),
    "orjson": ("MPL-2.0 AND (Apache-2.0 OR MIT)", _UNCHANGED),
    "pathspec": ("MPL-2.0", f"tests and build only; {_UNCHANGED}"),
    "psycopg": ("LGPL-3.0-only", _REPLACEABLE),
    "psycopg-binary": ("LGPL-3.0-only", _REPLACEABLE),
    "pypdfium2": (
        "BSD-3-Clause AND Apache-2.0",
        "states its licences in a sentence; the texts of PDFium and what it holds are permissive",
    ),
    "tld": (
        "MPL-1.1 OR GPL-2.0-only OR LGPL-2.1-or-later",
        f"taken under MPL-1.1: {_UNCHANGED}",
    ),
    "tqdm": ("MPL-2.0 AND MIT", _UNCHANGED),
}

_LICENSING = get_spdx_licensing()


def normalized(name: str) -> str:
    """Return a package's name in the form that indexes compare (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def stated(package: Distribution) -> str | None:
    """Return the SPDX expression of the licence that a package states, or None.

    Where only classifiers state it, all of them count: they do not say whether one may choose.
    """
    metadata = package.metadata
    said = metadata.get("License-Expression") or metadata.get("License") or ""
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in metadata.get_all("Classifier") or ()
        if line.startswith("License :: ") and line != "License :: OSI Approved"
    ]
    for text in (SPDX.get(said, said), " AND ".join(SPDX.get(c, "?") for c in classifiers)):
        if _parsed(text) is not None:
            return text
    return None


def refusal(name: str, licence: str | None) -> str | None:
    """Return why a package of that licence may not be used; None where it may."""
    excepted = EXCEPTIONS.get(normalized(name))
    if excepted and licence in {excepted[0], None}:
        return None
    if licence is None:
        return f"{name} states no licence that is known: read it, and add it to EXCEPTIONS"
    if not _is_allowed(_parsed(licence)):
        return f"{name} is under {licence}, which ALLOWED and EXCEPTIONS do not name"
    return None


def refusals(packages: Iterable[Distribution]) -> list[str]:
    """Return why packages may not be used, a line for each that may not."""
    found = {normalized(package.name): package for package in packages}
    lines = [refusal(package.name, stated(package)) for _, package in sorted(found.items())]
    return [line for line in lines if line]


def _parsed(text: str) -> LicenseExpression | None:
    """Return the expression of known SPDX identifiers that a text is; None where it is none."""
    try:
        return _LICENSING.parse(text, validate=True, strict=True) if text else None
    except ExpressionError:
        return None


def _is_allowed(expression: LicenseExpression) -> bool:
    """Tell whether all licences of an AND are allowed, and one of an OR."""
    if expression is None:
        return False
    if isinstance(expression, _LICENSING.OR):
        return any(map(_is_allowed, expression.args))
    if isinstance(expression, _LICENSING.AND):
        return all(map(_is_allowed, expression.args))
    return all(part.key in ALLOWED for part in expression.decompose())


def main() -> int:
    """Print the packages that may not be used; return 1 where there are any."""
    lines = refusals(distributions())
    sys.stderr.writelines(f"{line}.\n" for line in lines)
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
