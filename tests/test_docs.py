"""The pages of the documentation agree with each other and with the project."""

import contextlib
import io
import re
import runpy

import pytest

from conftest import ROOT
from serving import indexed, serving

DOCS = {path.name: path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md")}


def test_every_file_they_point_to_is_there():
    for name, text in DOCS.items():
        links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
        assert [link for link in links if not (ROOT / "docs" / link).is_file()] == [], name


def anchors(text):
    """The anchors that headings get where the pages are shown."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_heading_they_point_to_is_there():
    for name, text in DOCS.items():
        for page, anchor in re.findall(r"\]\(([\w-]*(?:\.md)?)#([\w-]+)\)", text):
            assert anchor in anchors(DOCS[page or name]), (name, page, anchor)


def test_the_page_of_settings_is_made_from_them():
    module = runpy.run_path(str(ROOT / "docs" / "settings.py"))
    assert module["page"]() == DOCS["settings.md"]


@pytest.mark.slow
@pytest.mark.server
def test_the_client_prints_what_it_says(tmp_path):
    code = re.findall(r"```python\n(.*?)```", DOCS["api.md"], re.DOTALL)[0]
    printed = io.StringIO()
    with serving(indexed(tmp_path)) as address, contextlib.redirect_stdout(printed):
        exec(code.replace("http://127.0.0.1:7860", address), {})  # noqa: S102 - our own docs
    assert printed.getvalue() == re.findall(r"```text\n(.*?)```", DOCS["api.md"], re.DOTALL)[0]
