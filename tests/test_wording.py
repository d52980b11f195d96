"""Every string of the interface is in the locale files, and every key there is used."""

import ast
import datetime
import json
import re
from pathlib import Path

import pytest

import qa.web
from qa.web.ui.widget import LATEST
from qa.web.wording import Wording

WEB = Path(qa.web.__file__).parent
KEYS = {p.stem: set(json.loads(p.read_text("utf-8"))) for p in (WEB / "locales").glob("*.json")}


def used_keys():
    """The keys that code, templates and the newest widget ask for."""
    sources = [*WEB.rglob("*.py"), *WEB.rglob("*.html"), WEB / f"static/widgets/{LATEST}.js"]
    text = "".join(p.read_text("utf-8") for p in sources)
    words = r"(?:say|Wording\([^()]*(?:\([^()]*\))?\))"
    keys = re.findall(words + r"""\(\s*f?["'`]([a-z_.{}$]+)""", text)
    return {key.partition("$")[0] for key in [*keys, *COMPOSED]}


# Keys that the widget passes on or composes.
COMPOSED = ["widget.searching", "widget.slow", "coverage.undated.{number}", "coverage.{number}"]

# The endings of a key that ends in a stop.
ENDINGS = (
    "(question|answer|statement|greeting|thanks|farewell|abuse|help|one|many|high|medium|low"
    "|text|markdown|bibtex|speaker|long|dates|day|section)"
)


def test_no_key_is_missing_and_none_is_unused():
    patterns = [re.escape(key).replace(r"\{number\}", "(one|many)") for key in used_keys()]
    roles = [p + ENDINGS for p in patterns if p.endswith(r"\.")]
    everything = re.compile("|".join([*patterns, *roles]))
    for language, keys in KEYS.items():
        assert {k for k in keys if not everything.fullmatch(k)} == set(), language
        for pattern in [*roles, *(p for p in patterns if not p.endswith(r"\."))]:
            assert any(re.fullmatch(pattern, k) for k in keys), (language, pattern)


def test_all_languages_have_the_same_keys():
    assert len({frozenset(keys) for keys in KEYS.values()}) == 1


# Modules and calls whose sentences visitors never see: errors, and messages to programs.
NOT_SHOWN = {"api.py", "openapi.py", "guard.py", "problems.py", "server.py", "routes.py", "app.py"}
NOT_SHOWN |= {"metrics.py"}
FOR_PROGRAMS = {"problem", "PlainTextResponse", "PayloadError", "OverloadError"}
SENTENCE = re.compile(r"^\W*[A-Z][a-z]*,? [a-z]")


# Templates in a folder below are pages for operators, which are in English.
TEMPLATES = sorted((WEB / "templates").glob("*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_no_template_for_visitors_holds_words(path):
    html = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", path.read_text("utf-8"), flags=re.DOTALL)
    spoken = re.findall(r'(?:aria-label|alt|placeholder|title)="([^"]*)"', html)
    assert re.findall(r"[^\W\d_]+", "".join(spoken)) == []
    words = set(re.findall(r"[^\W\d_]+", re.sub(r"<[^>]*>", "", html)))
    assert words <= {"answer", "q", "amp", "language", "lang"}  # of a link, made in a macro


@pytest.mark.parametrize(
    "path", [p for p in sorted(WEB.rglob("*.py")) if p.name not in NOT_SHOWN], ids=lambda p: p.name
)
def test_no_sentence_is_in_the_code(path):
    tree = ast.parse(path.read_text("utf-8"))
    exempt = set()
    for node in ast.walk(tree):
        is_for_programs = isinstance(node, ast.Raise) or (
            isinstance(node, ast.Call) and getattr(node.func, "id", "") in FOR_PROGRAMS
        )
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_for_programs or is_docstring:
            exempt |= {id(inner) for inner in ast.walk(node)}
    strings = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in exempt
    ]
    assert [text for text in strings if SENTENCE.match(text)] == []


def test_no_sentence_is_in_the_script_of_the_chat():
    script = (WEB / "static/chat.js").read_text("utf-8")
    code = re.sub(r"^\s*//.*$|\s//\s.*$", "", script, flags=re.MULTILINE)
    strings = re.findall(r'"([^"\n]*)"|`([^`]*)`', code)
    assert len(strings) > 20
    assert [text for pair in strings for text in pair if SENTENCE.match(text)] == []


def test_a_date_is_written_as_the_language_writes_it():
    day = datetime.date(2022, 7, 1)
    written = {name: Wording(name).date(day) for name in ("en", "zh-Hans", "zh-Hant")}
    assert written == {"en": "1 July 2022", "zh-Hans": "2022年7月1日", "zh-Hant": "2022年7月1日"}
    assert Wording("en")("page.withdrawn", day=day).startswith(
        "The publisher has withdrawn this document (noticed on 1 July 2022)."
    )


@pytest.mark.parametrize(
    ("language", "style", "names"),
    [
        ("en", "standard", "English, Chinese and Simplified Chinese"),
        ("en", "or", "English, Chinese or Simplified Chinese"),
        ("zh-Hans", "or", "英语、中文或简体中文"),
        ("zh-Hant", "standard", "英文、中文和簡體中文"),
    ],
)
def test_languages_are_named_in_the_visitors_language(language, style, names):
    assert Wording(language).names_of(["en", "zh", "zh-Hans"], style) == names


def test_a_language_without_a_name_keeps_its_code():
    assert Wording("en").names_of(["fr", "x-tea"], "standard") == "French and x-tea"


def test_every_language_fills_in_the_same_values():
    words = [json.loads(p.read_text("utf-8")) for p in (WEB / "locales").glob("*.json")]
    for key in words[0]:
        assert len({frozenset(re.findall(r"\{\w*\}", strings[key])) for strings in words}) == 1, key


def test_a_record_and_to_record_are_not_confused_in_traditional_chinese():
    """The noun is 紀錄 in Taiwan and Hong Kong, the verb 記錄."""
    words = (WEB / "locales" / "zh-Hant.json").read_text("utf-8")
    assert re.findall("記錄", words) == []
