"""Plain characters for search: both sides of a comparison meet, and no figure is made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.index.lexical import LexicalIndex
from qa.text.folding import readable, searchable, without_breaks
from qa.text.terms import terms


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("\ufb01nch o\ufb03ng \ufb02ax co\ufb00ee a\ufb04ux \ufb05ill lo\ufb06", None),
        ("co\u00adffee z\u200bero \ufeffa\u00a0b", "coffee zero a b"),
        ("Łódź Ørsted Đakovo Ħamrun Ŧ ı", "Lódz Orsted Dakovo Hamrun T i"),
        ("Straße STRAẞE Æsir œuvre", "Strasse STRASSE AEsir oeuvre"),
        ("ＡＢ１２，。 ٣٤ ⼈", "AB12，。 34 人"),
        ("n\u00ba 12, 2021\u20112025", "no 12, 2021-2025"),
    ],
)
def test_characters_become_plain_ones(written, plain):
    expected = plain or "finch offing flax coffee afflux still lost"
    assert readable(written).replace("ź", "z") == expected


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("41¹ million", ["41", "million"]),
        ("3.5² cent", ["3", "5", "cent"]),
        ("10⁶ tons", ["10", "tons"]),
        ("10⁻⁶ tons", ["10", "tons"]),
        ("41ᵃ million", ["41", "million"]),
        ("budget¹² fell", ["budget", "fell"]),
        ("program² fell", ["program", "fell"]),
        ("20 m² and 3km³", ["20", "m2", "3km3"]),
        ("CO₂ fell", ["co2", "fell"]),
        ("20ᵗʰ session", ["20th", "session"]),
    ],
)
def test_a_raised_digit_is_no_digit_of_the_figure_before_it(written, words):
    assert [term.text for term in terms(written)] == words


@pytest.mark.parametrize(
    ("record", "question"),
    [
        ("o\ufb03ng", "offing"),
        ("Łódź", "lodz"),
        ("O\u0301buda", "Óbuda"),
        ("Malmö", "malmo"),
        ("Ёлка", "елка"),
        ("Straße", "STRASSE"),
        ("İzmir", "izmir"),
        ("co\u00adffee", "coffee"),
        ("Nauru １２", "nauru 12"),
    ],
)
def test_record_and_question_meet(record, question):
    assert searchable(record) == searchable(question)
    index = LexicalIndex.build(["tea and milk", record])
    assert index.highest([t.stem for t in terms(question)], 2).tolist() == [1]


def test_marks_that_make_another_letter_stay():
    assert searchable("हिन्दी が й") == "हिन्दी が й"


def test_a_word_the_record_writes_with_a_ligature_is_no_typo():
    index = LexicalIndex.build(["co\ufb00ee", "Ørsted", "coffer coffers"])
    assert index.correct("is coffee there", lambda _: False) == "is coffee there"
    assert index.correct("is co\ufb00ee there", lambda _: False) == "is co\ufb00ee there"
    assert index.correct("from orstad", lambda _: False) == "from orsted"


def test_breaks_within_words_go_and_joiners_stay():
    assert without_breaks("co\u00adf\u200bfee \u200c") == "coffee \u200c"


@given(st.lists(st.text(max_size=8), max_size=4))
def test_parts_between_spaces_give_what_the_whole_gives(parts):
    assert readable(" ".join(parts)) == " ".join(map(readable, parts))


@given(st.text())
def test_plain_text_stays_as_it_is(text):
    assert readable(readable(text)) == readable(text)
    assert searchable(searchable(text)) == searchable(text)
