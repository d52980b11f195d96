"""The language of a text, by its script, its commonest words, and what a library makes of it."""

import pytest

from qa.text.language import language, script_language

TEXTS = {
    "en": "The minister said that the measures would take effect in the spring, and that it was "
    "for the provinces to decide how they are paid for. He was asked about the deficit. ",
    "fr": "Le ministre a répondu que la réforme entrerait en vigueur au printemps et qu'il revient "
    "aux provinces de décider comment elle sera financée. On l'a interrogé sur le déficit. ",
    "de": "Der Minister antwortete, die Reform trete im Frühjahr in Kraft, und die Länder hätten "
    "zu entscheiden, wie sie bezahlt werde. Er wurde nach dem Defizit gefragt. ",
    "es": "El ministro respondió que la reforma entrará en vigor en primavera y que corresponde a "
    "las provincias decidir cómo se financia. Le preguntaron por el déficit. ",
    "zh": "部长答复说，改革将于春季生效，由各省决定如何筹资。记者问到赤字问题。",
}


@pytest.mark.parametrize("expected", TEXTS)
def test_the_language_of_a_text_is_told(expected):
    assert language(TEXTS[expected] * 3) == expected


def test_a_text_too_short_to_tell_is_english():
    assert language("Le ministre a répondu.") == "en"


def test_names_and_figures_alone_are_english():
    assert language("GDP 3.4%, CPI 2.1%, ASEAN+3; " * 20) == "en"


def test_english_needs_no_library(monkeypatch):
    import qa.text.language

    monkeypatch.setattr(qa.text.language, "_identifier", None)
    assert language(TEXTS["en"] * 3) == "en"


def test_a_script_tells_chinese_from_the_others():
    assert [script_language(TEXTS[name]) for name in ("en", "fr", "zh")] == ["en", "en", "zh"]
