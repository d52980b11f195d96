"""Every word of the web is in the locale files, and every key there is used."""

import json
import re
from pathlib import Path

import qa.web
from qa.web.widget import LATEST

WEB = Path(qa.web.__file__).parent
KEYS = {p.stem: set(json.loads(p.read_text("utf-8"))) for p in (WEB / "locales").glob("*.json")}


def used():
    sources = [*WEB.rglob("*.py"), *WEB.rglob("*.html"), WEB / f"static/widgets/{LATEST}.js"]
    text = "".join(p.read_text("utf-8") for p in sources)
    words = r"(?:say|Wording\([^()]*(?:\([^()]*\))?\))"
    said = re.findall(words + r"""\(\s*f?["'`]([a-z_.{}$]+)""", text)
    return {key.partition("$")[0] for key in [*said, *WAITED]}


# What the widget says while it waits, and what it makes of the counts it is told.
WAITED = ["widget.searching", "widget.slow", "coverage.undated.{number}", "coverage.{number}"]

# What a key that ends in a stop is completed by.
ENDINGS = (
    "(question|answer|statement|greeting|thanks|farewell|abuse|help|one|many|high|medium|low"
    "|text|markdown|bibtex|since|until|section|long|dates|day|en|zh)"
)


def test_no_key_is_missing_and_none_is_unused():
    patterns = [re.escape(key).replace(r"\{number\}", "(one|many)") for key in used()]
    roles = [p + ENDINGS for p in patterns if p.endswith(r"\.")]
    everything = re.compile("|".join([*patterns, *roles]))
    for language, keys in KEYS.items():
        assert {k for k in keys if not everything.fullmatch(k)} == set(), language
        for pattern in [*roles, *(p for p in patterns if not p.endswith(r"\."))]:
            assert any(re.fullmatch(pattern, k) for k in keys), (language, pattern)


def test_all_languages_have_the_same_keys():
    assert len({frozenset(keys) for keys in KEYS.values()}) == 1
