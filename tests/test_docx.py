"""Word documents: everything in order, notes at the end, nothing from elsewhere."""

import io

import docx as python_docx
import pytest

from badfiles import W, docx_of, docx_with, entity_docx, zip_of
from qa.errors import SourceError
from qa.sources.formats import limits
from qa.sources.formats.docx import docx


def body(xml):
    return docx(docx_with(f'<w:document xmlns:w="{W}"><w:body>{xml}</w:body></w:document>'), "x")


def saved(document):
    written = io.BytesIO()
    document.save(written)
    return docx(written.getvalue(), "x.docx")


def run(text):
    return f"<w:r><w:t>{text}</w:t></w:r>"


def test_headings_lists_and_tables_stand_in_order():
    document = python_docx.Document()
    document.add_heading("Report", 0)
    document.add_heading("Part one", 1)
    document.add_paragraph("It rained.")
    document.add_paragraph("first", style="List Bullet")
    table = document.add_table(2, 2)
    for cell, said in zip(
        (c for r in table.rows for c in r.cells), "Year Rain 2011 4".split(), strict=True
    ):
        cell.text = said
    document.add_paragraph("The end.")
    found = saved(document)
    assert found.title == "Report"
    assert found.text == "Part one\n\nIt rained.\n\nfirst\n\nYear\tRain\n2011\t4\n\nThe end."


def test_content_controls_and_insertions_are_read_and_deletions_are_not():
    found = body(
        f"<w:sdt><w:sdtContent><w:p>{run('Cover.')}</w:p></w:sdtContent></w:sdt>"
        f"<w:p>{run('It ')}<w:ins>{run('rained')}</w:ins>"
        "<w:del><w:r><w:delText>snowed</w:delText></w:r></w:del>"
        f"<w:hyperlink>{run(' all')}</w:hyperlink><w:r><w:tab/><w:t>day</w:t><w:br/></w:r>"
        "<w:r><w:instrText>PAGE</w:instrText><w:noBreakHyphen/></w:r></w:p>"
    )
    assert found.text == "Cover.\n\nIt rained all\tday\n\u2011"


def test_a_table_within_a_table_is_read_once():
    inner = f"<w:tbl><w:tr><w:tc><w:p>{run('in')}</w:p></w:tc></w:tr></w:tbl>"
    cell = f"<w:tc><w:p>{run('out')}</w:p>{inner}<w:p/></w:tc>"
    assert body(f"<w:tbl><w:tr>{cell}{cell}</w:tr></w:tbl>").text == "out in\tout in"


def test_the_title_a_file_states_is_taken_if_its_text_says_it():
    document = python_docx.Document()
    document.core_properties.title = "Report on rain"
    document.add_paragraph("Report on rain")
    document.add_paragraph("It rained.")
    found = saved(document)
    assert (found.title, found.text) == ("Report on rain", "It rained.")
    document.core_properties.title = "Microsoft Word - draft7"
    assert saved(document).title is None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (entity_docx("file:///etc/passwd"), "word/document.xml declares a document type"),
        (zip_of(xl__workbook=b"<x/>"), "no Word document in it"),
        (docx_of("x")[:-30], "a broken or encrypted DOCX"),
    ],
)
def test_a_file_that_is_no_word_document_is_refused(data, why):
    with pytest.raises(SourceError, match=why):
        docx(data, "x.docx")


def test_an_archive_beyond_the_limits_is_refused_before_it_is_unpacked(monkeypatch):
    data = docx_of("x")
    monkeypatch.setattr(limits, "UNPACKED_BYTES", 1_000)
    with pytest.raises(SourceError, match=r"and 1000 \(UNPACKED_BYTES\)"):
        docx(data, "x.docx")
    monkeypatch.undo()
    monkeypatch.setattr(limits, "PARTS", 3)
    with pytest.raises(SourceError, match=r"the limits are 3 \(PARTS\)"):
        docx(data, "x.docx")


def aligned(text, properties):
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


@pytest.mark.parametrize(
    ("before", "text", "properties", "shown"),
    [
        ("41", "1", "<w:vertAlign w:val='superscript'/>", "41¹ million"),
        ("3.5", "2,3", "<w:vertAlign w:val='superscript'/>", "3.5²,³ million"),
        ("41", "1", "<w:position w:val='8'/><w:sz w:val='14'/>", "41¹ million"),
        ("CO", "2", "<w:vertAlign w:val='subscript'/>", "CO₂ million"),
        ("20", "th", "<w:vertAlign w:val='superscript'/>", "20th million"),
        ("41", "1", "<w:vertAlign w:val='baseline'/>", "411 million"),
        ("41", "1", "<w:position w:val='1'/>", "411 million"),
    ],
)
def test_raised_and_lowered_runs_are_no_part_of_a_figure(before, text, properties, shown):
    found = body(f"<w:p>{run(before)}{aligned(text, properties)}{run(' million')}</w:p>")
    assert found.text == shown


def test_a_style_of_characters_raises_them():
    document = python_docx.Document()
    style = document.styles.add_style("Mark", python_docx.enum.style.WD_STYLE_TYPE.CHARACTER)
    style.font.superscript = True
    paragraph = document.add_paragraph("It cost 41")
    paragraph.add_run("1", style="Mark")
    paragraph.add_run(" million.")
    assert saved(document).text == "It cost 41¹ million."
