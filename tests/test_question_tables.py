"""Tables of questions (CSV, TSV, JSON, JSON lines, XLSX): each row a question and its answer."""

import datetime
import io
import json

import openpyxl
import pytest

from badfiles import zip_of
from qa.errors import CorpusError, SourceError
from qa.sources.formats import extract, limits
from qa.sources.formats.delimited import delimited
from qa.sources.formats.json_faq import json_faq, json_lines
from qa.sources.formats.xlsx import xlsx
from qa.sources.ingest import document
from qa.sources.layouts.registry import turns


def said(data, name):
    """The role and the words of each turn of the document of a file."""
    made = document(data, name)
    return [
        (turn.role[0], made.text[turn.label.end : turn.span.end].strip())
        for turn in turns(made.text, made.layout)
    ]


def workbook(*sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    return book


def saved(book):
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


PAIRS = [("q", "Who may sail"), ("a", "Any crew; even 2.50 of them.")]
GOOD = {
    "ferry.csv": b'Question,Answer\nWho may sail,"Any crew; even 2.50 of them."\n',
    "semicolon.csv": b"\xef\xbb\xbf"
    b'Pregunta;Respuesta\r\nWho may sail;"Any crew; even 2.50 of them."',
    "stated.csv": b"sep=|\nFRAGE|Antwort:\nWho may sail|Any crew; even 2.50 of them.",
    "tabs.tsv": "問題\t答案\nWho may sail\tAny crew; even 2.50 of them.\n".encode(),
    "one.json": b'{"faqs":[{"q":"Who may sail","a":"Any crew; even 2.50 of them."}]}',
    "lines.jsonl": b'\n{"question_text":"Who may sail","answer_html":'
    b'"<p>Any crew; even <b>2.50</b> of them.</p>"}\n',
    "data.json": b'{"@type":"FAQPage","mainEntity":[{"@type":"Question","name":"Who may sail",'
    b'"acceptedAnswer":{"@type":"Answer","text":"Any crew; even 2.50 of them."}}]}',
    "book.xlsx": saved(workbook(("F", [PAIRS[0][:0], ["Q", "A"], [p[1] for p in PAIRS]]))),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_row_is_a_question_turn_and_an_answer_turn(name):
    assert said(GOOD[name], name) == PAIRS


def test_an_answer_knows_its_question_and_labels_belong_to_nobody():
    made = document(b"q,a\nWhy\\?,Tea.\nHow,Hot.\n", "x.csv")
    found = turns(made.text, made.layout)
    assert "".join(turn.span.of(made.text) for turn in found) == made.text
    assert [turn.asked.of(made.text) for turn in found[1::2]] == ["Why\\?", "How"]
    assert {turn.speaker for turn in found} == {None}
    assert {turn.label.of(made.text) for turn in found} == {"Q: ", "A: "}


def test_cells_with_labels_paragraphs_and_html_stay_one_turn_each():
    answer = "First.\n\nQ: no turn\n\n\nA: nor this"
    data = json.dumps([{"q": "Q: Why <5?", "a": answer}, {"q": "B", "a": "<ul><li>1<li>2</ul>"}])
    assert said(data.encode(), "x.json") == [
        ("q", "Why <5?"),
        ("a", "First.\nQ: no turn\nA: nor this"),
        ("q", "B"),
        ("a", "1\n2"),
    ]


def test_a_number_in_json_is_read_as_written():
    assert said(b'[{"q": "Fare", "a": 2.50}]', "x.json") == [("q", "Fare"), ("a", "2.50")]


def test_what_is_left_out_is_named():
    table = b"Export of May\nid,question,answer,area\n7,One,Two,\n8,Three,,\n,,,\n9,,Four,Sea\n"
    assert delimited(table, "x.csv").remark == (
        "left out: columns id, area, row 4 (answer is empty), row 6 (question is empty), "
        "above the columns: Export of May"
    )
    value = {"title": "T", "note": "N", "l": [{"q": "One", "a": "Two", "id": 0, "tags": []}]}
    found = json_faq(json.dumps(value).encode(), "x.json")
    assert (found.title, found.remark) == ("T", "left out: columns note, id")
    rows = [["question", "answer", "on"], ["One", "Two", datetime.date(2020, 1, 1)]]
    book = workbook(("F", rows), ("Notes", [["x"]]), ("Old", rows))
    book["Old"].sheet_state = "hidden"
    found = xlsx(saved(book), "x.xlsx")
    assert found.remark == "left out: columns on, hidden sheet Old, sheet Notes"


def test_a_table_is_titled_by_its_file():
    assert delimited(b"q,a\nOne,Two", "https://a.org/x/ferry%20fares_2020.csv?y=1").title == (
        "ferry fares 2020"
    )


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("x.csv", b"name,age\nA,3\n", "answer; columns found: name, age. Name them"),
        ("x.csv", b"Plain words.", "columns found: Plain words.. Name them"),
        ("x.csv", b'q,a\nOne,"open\n', "broken at line 2 (unexpected end of data): check the q"),
        ("x.csv", b'q,a\nOne,"Two" three\n', "broken at line 2 ("),
        ("x.csv", b"q,a\nOne,Two, and three\n", "row 2 has 3 cells, and there are 2 columns: put"),
        ("x.csv", b"q,question,a\n1,2,3\n", "its columns 'q' and 'question' mean the same"),
        ("x.csv", b"q,a\n1,\n", "a question and an answer column, and no row with both"),
        ("x.csv", b"q,a\nOne,T\0wo\n", "binary, not text"),
        ("x.json", b"[1,", "not JSON (Expecting value"),
        ("x.json", b"[" * 200_000, "not JSON that is read here (maximum recursion"),
        ("x.json", b'{"b": 1, "c": {"d": 2}}', "keys found: b, c, d. Name them question and"),
        ("x.json", b'{"q": "a", "q": "b", "a": "c"}', "an object has the key 'q' twice"),
        ("x.json", b'[{"q": "One", "a": true}]', "the a of object 1 is neither text nor a list"),
        ("x.json", b'[{"q": "One", "a": "\\ud800"}]', "object 1 holds half of a character"),
        ("x.jsonl", b'{"q":"One","a":"Two"}\n{"q":\n', "line 2 is not JSON"),
        ("x.xlsx", zip_of(word__document=b"<x/>"), "a ZIP archive, and no workbook in it"),
        ("x.xlsx", GOOD["book.xlsx"][:-30], "a broken or encrypted XLSX"),
        ("x.xlsx", GOOD["one.json"], "cannot be read, it is broken|a broken or encrypted XLSX"),
    ],
)
def test_a_table_that_is_damaged_or_no_table_of_questions_is_refused(name, data, why):
    with pytest.raises(SourceError) as refusal:
        extract(data, name)
    assert any(one in str(refusal.value) for one in why.split("|"))


@pytest.mark.parametrize(("value", "form"), [(0.5, "0%"), (1234, "#,##0"), (True, "General")])
def test_a_figure_that_its_format_shows_otherwise_is_refused(value, form):
    book = workbook(("F", [["question", "answer"], ["Share", value]]))
    book["F"]["B2"].number_format = form
    with pytest.raises(SourceError, match="sheet F, row 2: its answer is a number, a date or"):
        xlsx(saved(book), "x.xlsx")


def test_a_whole_number_is_read_as_it_stands():
    book = workbook(("F", [["question", "answer"], ["Year", 2020]]))
    assert xlsx(saved(book), "x.xlsx").text == "Q: Year\n\nA: 2020"


def test_a_workbook_that_declares_entities_is_refused():
    parts = {"[Content_Types]": b"<x/>", "xl__workbook": b"<!DOCTYPE x [<!ENTITY y 'z'>]><x/>"}
    with pytest.raises(SourceError, match="declares a document type, as no workbook does"):
        xlsx(zip_of(**parts), "x.xlsx")


def test_too_many_rows_are_refused_by_the_limits_name(monkeypatch):
    monkeypatch.setattr(limits, "ROWS", 2)
    with pytest.raises(SourceError, match=r"has more than 2 rows \(ROWS\)"):
        delimited(b"q,a\n1,2\n3,4\n", "x.csv")
    with pytest.raises(SourceError, match=r"has 3 questions, the limit \(ROWS\) is 2"):
        json_lines(b'{"q":"1","a":"2"}\n' * 3, "x.jsonl")


def test_the_layout_needs_a_question_with_an_answer():
    assert [turn.role for turn in turns("Top.\n\nQ: One\n\nA: Two", "labelled-faq")] == [
        "statement",
        "question",
        "answer",
    ]
    with pytest.raises(CorpusError, match="needs a paragraph"):
        turns("A: One\n\nQ: Two", "labelled-faq")


@pytest.mark.parametrize(
    ("ending", "to"), [("doc", "docx"), ("xls", "xlsx"), ("ppt", "pdf"), ("pptx", "pdf")]
)
def test_formats_that_a_converter_reads_name_it(ending, to):
    with pytest.raises(SourceError, match=f"LibreOffice: soffice --headless --convert-to {to} F"):
        extract(b"x", f"old.{ending}")
