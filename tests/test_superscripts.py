"""Raised and lowered characters never become part of the figure or word before them."""

import pytest

from qa.sources.formats.html import html
from qa.sources.formats.superscripts import subscript, superscript

LONG = "The council spent what it had, and said so in the report of the year before that."


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("1", "¹"),
        ("12", "¹²"),
        ("2, 3", "²˒ ³"),
        ("-6", "⁻⁶"),
        ("(1)", "⁽¹⁾"),
        ("a", "ᵃ"),
        ("iv", "ⁱᵛ"),
        ("n+1", "ⁿ⁺¹"),
        ("*", "*"),
        ("†", "†"),
        ("[4]", "[4]"),
        ("th", "th"),
        ("er", "er"),
        ("TM", "™"),
        ("see below", "see below"),
    ],
)
def test_marks_are_raised_and_words_are_not(written, shown):
    assert superscript(written) == shown.replace("˒", ",")


def test_only_digits_are_lowered():
    assert (subscript("2"), subscript("max"), subscript("-1")) == ("₂", "max", "₋₁")


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("41<sup>1</sup> million", "41¹ million"),
        ("3.5<sup><a href='#n2'>2</a></sup> per cent", "3.5² per cent"),
        ("41<a class=footnote-ref href='#fn1'>1</a> million", "41¹ million"),
        ("41<a href='#_ftn1'>1</a> million", "41¹ million"),
        ("41<a href='#x' role=doc-noteref>12</a> million", "41¹² million"),
        ("41<a href='n.html#n1' epub:type=noteref>1</a> million", "41¹ million"),
        ("41<span style='vertical-align: super'>1</span> million", "41¹ million"),
        ("41<span class=superscript>1</span> million", "41¹ million"),
        ("41<a href='#_ftn1'>[1]</a> million", "41[1] million"),
        ("10<sup>6</sup> tons of CO<sub>2</sub>", "10⁶ tons of CO₂"),
        ("20 m<sup>3</sup> on the 20<sup>th</sup>", "20 m³ on the 20th"),
        ("part <a href='#part2'>2</a> of 3", "part 2 of 3"),
        ("<b>41</b><sup>\n1\n</sup>", "41 ¹"),
    ],
)
def test_marks_of_html_pages(markup, shown):
    found = html(f"<body><p>{LONG}</p><p>{markup}</p></body>".encode(), "x.html")
    assert found.text == f"{LONG}\n\n{shown}"
