"""Media types, endings and signatures of formats are stated once, and everything follows from it.

``python tests/test_registry.py`` writes the tables of formats in ``docs/supported-formats.md``.
"""

import re
from pathlib import Path

import pytest

from conftest import ROOT
from qa.errors import SourceError
from qa.sources.formats import extract, limits, registry
from qa.sources.formats.format import Format, Signature
from qa.sources.formats.registry import (
    BY_ENDING,
    CONVERTIBLE,
    FORMATS,
    MEDIA_TYPES,
    content_kind,
    ending_by_signature,
    format_of,
)

PAGE = ROOT / "docs" / "supported-formats.md"
MARKS = re.compile(r"(?<=-->\n)\| Ending .*(?=\n<!-- end of formats -->)", re.DOTALL)


def tables():
    """Return the tables of formats and of endings to convert, as the documentation shows them."""
    lines = ["| Ending | Text | Stated by the file |", "|---|---|---|"]
    for form in FORMATS:
        endings = ", ".join(f"`{ending}`" for ending in form.endings)
        lines.append(f"| {endings} | {form.text} | {form.metadata} |".replace("  ", " "))
    lines += ["", "Files of other office programs are refused with the command that converts them:"]
    lines += ["", "| Ending | Command |", "|---|---|"]
    for form in FORMATS:
        if form.convertible:
            endings = ", ".join(f"`{ending}`" for ending in form.convertible)
            command = f"soffice --headless --convert-to {form.ending[1:]} FILE"
            lines.append(f"| {endings} | `{command}` |")
    return "\n".join(lines)


def test_the_documentation_lists_all_formats():
    assert MARKS.findall(PAGE.read_text("utf-8")) == [tables()], "run python tests/test_registry.py"


def test_the_documentation_states_the_limits():
    rows = re.findall(r"\| ([\d,]+) \| `([A-Z_]+)` \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    documented = {name: int(value.replace(",", "")) for value, name in rows}
    assert documented == {name: getattr(limits, name) for name in documented}
    assert len(documented) == 7


def test_every_module_with_a_format_is_registered():
    modules = Path(registry.__file__).parent.glob("*.py")
    stating = {m.stem for m in modules if "\nFORMATS = (" in m.read_text("utf-8")}
    assert stating == set(registry._MODULES)


def test_no_two_formats_claim_the_same_ending_or_media_type():
    endings = [ending for form in FORMATS for ending in (*form.endings, *form.convertible)]
    assert sorted(endings) == sorted({*BY_ENDING, *CONVERTIBLE})
    types = [kind for form in FORMATS for kinds in form.endings.values() for kind in kinds]
    assert sorted(types) == sorted(MEDIA_TYPES)


def test_every_format_states_well_formed_endings_and_media_types():
    for form in FORMATS:
        for ending, types in form.endings.items():
            assert re.fullmatch(r"\.[a-z]+", ending)
            assert [t for t in types if not re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", t)] == []
        assert form.text, form.ending


def test_a_file_with_an_ending_to_convert_is_refused_with_the_command():
    for ending, target in {".doc": "docx", ".ods": "xlsx", ".pptx": "pdf"}.items():
        with pytest.raises(SourceError, match=f"x{ending}: .*convert-to {target} FILE"):
            extract(b"x", f"x{ending}")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.4", "a PDF"),
        (b"junk\n%PDF-1.4\n\0", "a PDF"),
        (b"junk\n%PDF-1.4\n", None),
        (b" " * 1020 + b"%PDF-\0", None),
        (b"PK\x03\x04 %PDF-\0", "a ZIP archive"),
        (b"PK\x05\x06", "an empty ZIP archive"),
        (b"{\\rtf1", "RTF"),
        (b"\xef\xbb\xbf <!-- a --><!doctype html>", "an HTML page"),
        (b"<\0h\0t\0m\0l\0>\0", "an HTML page"),
        (b"<p>Text</p>", None),
        (b"GIF89a", "a GIF picture"),
        (b"Good afternoon.", None),
    ],
)
def test_the_first_bytes_prove_some_kinds_of_files(data, kind):
    assert content_kind(data) == kind


@pytest.mark.parametrize(
    ("data", "ending", "expected"),
    [
        (b"%PDF-1.4", ".txt", ".pdf"),
        (b"PK\x03\x04", ".epub", ".epub"),
        (b"PK\x03\x04", ".txt", ".docx"),
        (b"{\\rtf1", ".txt", ".rtf"),
        (b"<!doctype html>", ".txt", None),
        (b"PK\x05\x06", ".docx", None),
        (b"Text", ".txt", None),
    ],
)
def test_the_first_bytes_tell_the_ending_of_a_vague_type(data, ending, expected):
    assert ending_by_signature(data, ending) == expected


def test_the_usual_ending_of_a_format_is_its_first():
    form = Format(extract, {".a": (), ".b": ()}, "all", signature=Signature("an A"))
    assert form.ending == ".a"
    assert (format_of("x/Y.HTM").ending, format_of("x.mp3")) == (".html", None)


if __name__ == "__main__":
    written = PAGE.read_text("utf-8")
    PAGE.write_text(MARKS.sub(lambda _: tables(), written), "utf-8")
