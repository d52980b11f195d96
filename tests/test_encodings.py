"""Bytes become the characters that were meant, or are refused; never others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import SHARED_DATA
from qa.errors import SourceError
from qa.sources.formats.encodings import decoded

FRENCH = "Le ministre a répondu : « Nous sommes prêts », a-t-il déclaré à l’Assemblée."
SIMPLIFIED = "今年的贸易情况如何？我们的经济发展得很好，人民的生活也好了。"
TRADITIONAL = "主席，我想問政府會否考慮這個問題？我們會在今年提出新的建議。"
SPANISH = "¿Qué dijo el ministro? El año próximo será mejor, señores."
GERMAN = "Die Bürger prüfen, ob die Maßnahmen für nächstes Jahr genügen."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "cp1252"),
        (SPANISH, "cp1252"),
        (GERMAN, "cp1252"),
        ("Réunion", "cp1252"),
        (SIMPLIFIED, "gb18030"),
        ("中国的问题", "gb18030"),
        (TRADITIONAL, "gb18030"),
        (TRADITIONAL, "big5"),
        ("我們的問題", "big5"),
        (FRENCH, "utf-16"),
        (f"1. {SIMPLIFIED}\n", "utf-16-le"),
        (f"1. {TRADITIONAL}\n", "utf-16-be"),
        (FRENCH, "utf-8-sig"),
        ("😀 мир 日本", "utf-8"),
    ],
)
def test_supported_encodings_are_told_apart(text, encoding):
    assert decoded(text.encode(encoding), "x") == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Правительство сегодня объявило о новой политике.", "cp1251"),
        ("Правительство сегодня объявило о новой политике.", "koi8-r"),
        ("정부는 오늘 새로운 경제 정책을 발표했습니다.", "euc_kr"),
        ("政府は本日の閣議で新しい経済政策を発表しました。", "shift_jis"),
        ("政府は本日の閣議で新しい経済政策を発表しました。", "euc_jp"),
        ("Rząd ogłosił dziś nową politykę gospodarczą, źródła są żółte.", "cp1250"),
        ("Hükümet bugün yeni ekonomi politikasını açıkladı; işsizlik düşüyor.", "cp1254"),
    ],
)
def test_unsupported_encodings_are_refused_and_not_mistaken(text, encoding):
    with pytest.raises(SourceError, match="x: .*save it as UTF-8"):
        decoded(text.encode(encoding), "x")


def test_ambiguous_bytes_are_refused():
    both = "场场".encode("gb18030")
    assert both == "部部".encode("big5hkscs")
    with pytest.raises(SourceError, match="could be gb18030 or big5hkscs, and says something else"):
        decoded(both, "x")


def test_a_declaration_that_holds_is_believed_and_one_that_does_not_is_not():
    russian = "Правительство"
    assert decoded(russian.encode("koi8-r"), "x", "koi8-r") == russian
    assert decoded("“quoted”".encode("cp1252"), "x", "iso-8859-1") == "“quoted”"
    assert decoded(SIMPLIFIED.encode("gb18030"), "x", "gb2312") == SIMPLIFIED
    assert decoded(FRENCH.encode(), "x", "iso-8859-1") == FRENCH
    assert decoded(FRENCH.encode("cp1252"), "x", "utf-8") == FRENCH
    assert decoded(FRENCH.encode("cp1252"), "x", "no-such-encoding") == FRENCH


def test_half_a_character_after_a_mark_is_refused():
    with pytest.raises(SourceError, match="marked as utf-16-le and is not"):
        decoded(b"\xff\xfea", "x")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    try:
        text = decoded(data, "x")
    except SourceError:
        return
    assert "\0" not in text
    assert "\r" not in text


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1))
def test_utf8_is_always_read_as_it_is(text):
    assert decoded(text.encode(), "x") == text.removeprefix("\ufeff")


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the judged sets are not here")
@pytest.mark.parametrize(
    ("pattern", "encoding"),
    [
        ("formats/txt/cn_*.txt", "gb18030"),
        ("chinese/*.txt", "big5hkscs"),
        ("chinese/*.txt", "gb18030"),
    ],
)
def test_real_chinese_comes_back_by_the_hundred_characters_or_is_refused(pattern, encoding):
    text = "".join(path.read_text("utf-8") for path in sorted(SHARED_DATA.glob(pattern)))
    read = refused = 0
    for start in range(0, min(len(text), 60_000), 100):
        piece = text[start : start + 100].encode(encoding, "ignore")
        try:
            assert decoded(piece, "x") == piece.decode(encoding)
            read += 1
        except SourceError:
            refused += 1
    assert read > 0.95 * (read + refused)


def test_a_question_that_is_opened_is_closed_in_western_text():
    """The last "¿" stands before a "?": text in another encoding shows it anywhere."""
    assert decoded("¿Qué pasa hoy? Está bien.".encode("cp1252"), "a") == "¿Qué pasa hoy? Está bien."
    with pytest.raises(SourceError):
        decoded("Qué pasa hoy? Está bien ¿ asi.".encode("cp1252"), "a")
