"""Every row of a file of questions is a question, or a bad row with its line and reason."""

import datetime
import io

import pytest

from qa.errors import InputError
from qa.evaluation.questions import BadRow, QuestionRow, format_of, read


def rows(text, format=None, limit=100):  # noqa: A002
    data = text if isinstance(text, bytes) else text.encode()
    return [*read(io.BytesIO(data), format, max_question_chars=limit)]


def plain(text, **options):
    return [(r.line, r.id, getattr(r, "question", None)) for r in rows(text, **options)]


@pytest.mark.parametrize(
    "text",
    [
        '{"question": "a, b", "id": 7}\n\n{"question": "c"}\n',
        'id,question\n7,"a, b"\n,c\n',
        'Question;ID\r\n"a, b";7\r\nc;\r\n',
        "id\tquestion\n7\ta, b\n\tc\n",
        '\ufeffquestion,id\n"a, b",7\nc,\n',
    ],
)
def test_the_same_questions_in_every_format(text):
    assert [row[1:] for row in plain(text)] == [("7", "a, b"), (None, "c")]


def test_without_a_header_there_is_one_column():
    assert plain('what, then?\n"what, then?"\nwho?\n') == [
        (1, None, None),
        (2, None, "what, then?"),
        (3, None, "who?"),
    ]
    (bad, *_) = rows("what, then?\n")
    assert bad == BadRow(
        1,
        None,
        "2 cells, where one is expected: put quotation marks around a question with commas, or "
        "name a column question in the first line",
    )


def test_all_columns_are_read():
    expected = QuestionRow(
        2, "x", "c", ("a", "b"), datetime.date(2020, 1, 2), datetime.date(2020, 1, 3)
    )
    head = "id,question,previous,since,until,kind\n"
    assert rows(head + 'x,c,"[""a"", ""b""]",2020-01-02,2020-01-03,odd\n') == [expected]
    assert rows(head + "x,c,a,,,\n")[0].previous == ("a",)
    text = (
        '\n{"id": "x", "question": "c", "previous": ["a", "b"], "since": "2020-01-02", '
        '"until": "2020-01-03", "kind": "odd"}'
    )
    assert rows(text) == [expected]


def test_a_row_may_hold_line_feeds_and_its_line_is_where_it_begins():
    assert plain('question\n"a\nb"\n\nc\n') == [(2, None, "a\nb"), (5, None, "c")]


@pytest.mark.parametrize(
    ("text", "line", "row_id", "error"),
    [
        ('{"question": "a"}\n{"question"\n', 2, None, "not JSON"),
        ('{"question": "a"}\n["b"]\n', 2, None, "not a JSON object"),
        ('{"question": "a"}\n{"id": "x"}\n', 2, "x", "there is no question"),
        ('{"id": "x", "question": " "}\n', 1, "x", "the question is empty"),
        ('{"question": 3}\n', 1, None, "question is 3, not text"),
        ('{"question": "a", "id": [1]}\n', 1, None, "neither text nor a number"),
        ('{"question": "a", "id": true}\n', 1, None, "neither text nor a number"),
        ('{"question": "a", "previous": 3}\n', 1, None, "previous is 3, not a list"),
        ('{"question": "a", "previous": [3]}\n', 1, None, "previous is 3, not text"),
        ('{"question": "a", "since": "1 May"}\n', 1, None, "not a date as YYYY-MM-DD"),
        ('{"question": "a", "until": 2020}\n', 1, None, "until is 2020, not a date"),
        (
            '{"question": "a", "since": "2020-01-02", "until": "2020-01-01"}\n',
            1,
            None,
            r"since \(2020-01-02\) is after until",
        ),
        ('{"question": "' + "x" * 101 + '"}\n', 1, None, "101 characters, at most 100"),
        ('{"question": "\\ud800"}\n', 1, None, "question is not UTF-8 text"),
        ('{"id": "\\ud800", "question": "a"}\n', 1, None, "id is not UTF-8 text"),
        ("question,id\na,1,2\n", 2, None, "3 cells in a table of 2 columns"),
        ('question\nb"c"\n"a"b\n', 3, None, "not CSV"),
        ("question,previous\na,[1\n", 2, None, "previous is not a JSON list"),
    ],
)
def test_a_bad_row_is_named_and_does_not_stop_the_rest(text, line, row_id, error):
    after = '{"question": "z"}\n' if text.startswith("{") else "z\n"
    *_, bad, last = rows(text + after)
    assert (bad.line, bad.id) == (line, row_id)
    assert isinstance(bad, BadRow)
    with pytest.raises(AssertionError, match=error):
        raise AssertionError(bad.error)
    assert last.question == "z"


def test_bytes_that_are_not_utf8_make_only_their_own_row_bad():
    found = rows(b"question\nna\xefve\nplain\n")
    assert found == [BadRow(2, None, "question is not UTF-8 text"), QuestionRow(3, None, "plain")]
    with pytest.raises(InputError, match="UTF-16 text: save them as UTF-8"):
        rows("question\na\n".encode("utf-16"))


def test_an_unmatched_quotation_mark_is_reported_with_the_lines_it_takes():
    *_, bad = rows('question\na\n"b\nc\nd\n')
    assert bad.line == 3
    assert "(this row reaches to line 5)" in bad.error


def test_an_empty_file_has_no_rows():
    assert rows("") == rows("\n\n") == rows("question\n") == []


def test_the_file_name_gives_the_format():
    names = ("a.jsonl", "a.NDJSON", "a.csv", "a.tsv", "a.tab", "a.txt", "-")
    assert [*map(format_of, names)] == ["jsonl", "jsonl", "csv", "tsv", "tsv", None, None]


def test_a_spreadsheets_hint_of_its_delimiter_is_no_row():
    assert plain("sep=;\r\nid;question\r\n1;a, b\r\n") == [(3, "1", "a, b")]
    assert plain("\nsep=|\nquestion|id\na;b|2\n") == [(4, "2", "a;b")]


def test_a_json_list_is_refused_whole():
    with pytest.raises(InputError, match="a JSON list: put one object on each line"):
        rows('[\n{"question": "a"},\n{"question": "b"}\n]')


def test_huge_numbers_and_deep_brackets_are_bad_rows():
    found = rows('{"question": "a"}\n{"id": 1' + "1" * 5000 + "}\n" + '{"a": ' + "[" * 100_000)
    assert [type(row) for row in found] == [QuestionRow, BadRow, BadRow]


@pytest.mark.parametrize("date", ["20220101", "2022-W30", "2022-1-1x", "2022-02-30"])
def test_only_days_written_as_the_message_says_are_dates(date):
    (bad,) = rows(f'{{"question": "a", "since": "{date}"}}')
    assert bad.error == f"since is {date!r}, not a date as YYYY-MM-DD"
