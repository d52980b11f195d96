"""What the pages of the documentation say is so."""

import contextlib
import io
import re
import runpy

import pytest

from conftest import ROOT
from qa.settings import Settings
from serving import indexed, serving

SETTINGS = Settings.model_fields
# Defaults that are told in words.
IN_WORDS = {
    "metrics_from": "loopback",
    "welcome": "what the chat is and does",
    "examples": "some of the record's own",
}
DOCS = {path.name: path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md")}


def test_every_file_they_point_to_is_there():
    for name, text in DOCS.items():
        links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
        assert [link for link in links if not (ROOT / "docs" / link).is_file()] == [], name


def test_the_page_of_settings_is_made_from_them():
    module = runpy.run_path(str(ROOT / "docs" / "settings.py"))
    assert module["page"]() == DOCS["settings.md"]


def test_the_defaults_told_are_the_defaults():
    tables = DOCS["deploying.md"] + DOCS["updating.md"]
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \| ([^|]*) \|", tables, re.MULTILINE)
    told = {}
    for names, values in rows:
        pairs = zip(re.findall(r"`([a-z_]+)`", names), values.split(", "), strict=False)
        told |= {name: value.replace(",", "") for name, value in pairs if name in SETTINGS}
    assert len(told) > 20
    for name, value in told.items():
        default = SETTINGS[name].default
        plain = {None: "none", (): "none", False: "false"}.get(default, str(default))
        assert value == IN_WORDS.get(name, plain), name


@pytest.mark.slow
@pytest.mark.server
def test_the_client_prints_what_it_says(tmp_path):
    code = re.findall(r"```python\n(.*?)```", DOCS["api.md"], re.DOTALL)[0]
    printed = io.StringIO()
    with serving(indexed(tmp_path)) as address, contextlib.redirect_stdout(printed):
        exec(code.replace("http://127.0.0.1:7860", address), {})  # noqa: S102 - our own docs
    assert printed.getvalue() == re.findall(r"```text\n(.*?)```", DOCS["api.md"], re.DOTALL)[0]
