"""Label styles of speakers for ``generated_transcripts``.

A style is a function that draws its variant once per document and returns a function from a
person to a label. No style was written from the code it measures.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["question", "answer", "moderator"]
Words = dict[str, Any]

EAST_ASIAN = ("zh", "ja", "ko")
ALL = ("en", "fr", "es", "de", "ru", "el", "ar", "zh", "ja", "ko")
LATIN = ("en", "fr", "es", "de")
CASED = ("en", "fr", "es", "de", "ru", "el")


@dataclass(frozen=True, slots=True)
class Person:
    """A speaker: the parts of the name, and the role."""

    given: str
    family: str
    title: str
    office: str
    outlet: str
    role: Role
    language: str

    @property
    def name(self) -> str:
        """The full name in its language's order."""
        if self.language in EAST_ASIAN:
            return self.family + self.given
        return f"{self.given} {self.family}"


@dataclass(frozen=True, slots=True)
class Label:
    """A label before a person's words, and the speakers it may rightly be read as.

    ``names`` is empty where the label names nobody ("Q:"). ``after`` parts it from the words.
    """

    text: str
    names: tuple[str, ...]
    after: str = " "


Labeller = Callable[[Person, int, int], Label]
"""From a person, the number of the exchange and the seconds since the start to a label."""


@dataclass(frozen=True, slots=True)
class Style:
    """A style's name, its languages, and how its documents are set."""

    name: str
    build: Callable[[random.Random, Words], Labeller]
    languages: tuple[str, ...] = ALL
    separator: str = "\n\n"
    in_pair: str = "\n\n"
    least_exchanges: int = 3
    has_moderator: bool = True
    wraps: bool = False


def colon(rng: random.Random, words: Words) -> str:
    """A colon as the language prints it."""
    return str(rng.choice(words["colons"]))


def plain(text: str, after: str = " ", *also: str) -> Label:
    """A label that is a name and its mark."""
    return Label(text, (text.rstrip(":： "), *also), after)


def moderator_word(words: Words) -> str:
    """The word for whoever leads."""
    return str(words["moderator"][0])


def outlets(rng: random.Random, words: Words) -> Labeller:
    """Labels like "Northern Post:", "Ilsa Tarn:"."""
    mark = colon(rng, words)
    suffix = rng.choice(["记者", ""]) if words["code"] == "zh" else ""

    def label(who: Person, _number: int, _seconds: int) -> Label:
        if who.role == "question":
            name = who.outlet + suffix
        else:
            name = who.name if who.role == "answer" else moderator_word(words)
        return Label(name + mark, (name, name.strip("《》")), gap(mark))

    return label


def gap(mark: str) -> str:
    """Return the space after a mark, none after full-width marks."""
    return "" if mark.endswith(("：", "】", "）")) else " "


def names(rng: random.Random, words: Words) -> Labeller:
    """Full names for all."""
    mark = colon(rng, words)

    def label(who: Person, _number: int, _seconds: int) -> Label:
        name = moderator_word(words) if who.role == "moderator" else who.name
        return Label(name + mark, (name,), gap(mark))

    return label


def surnames(rng: random.Random, words: Words) -> Labeller:
    """Labels like "Question:", "Tarn:"."""
    mark, asked = colon(rng, words), rng.choice(words["asker"])

    def label(who: Person, _number: int, _seconds: int) -> Label:
        if who.role == "question":
            return Label(asked + mark, (), gap(mark))
        name = moderator_word(words) if who.role == "moderator" else who.family
        return Label(name + mark, (name,), gap(mark))

    return label


def capitals(rng: random.Random, words: Words) -> Labeller:
    """Labels like "MS. VESK:", "MINISTER DORN:", and outlets in brackets in some."""
    mark = colon(rng, words)
    with_outlet = rng.choice([True, False])
    asked = rng.choice([None, words["asker"][0].upper()])

    def label(who: Person, _number: int, _seconds: int) -> Label:
        if who.role == "moderator":
            return plain(moderator_word(words).upper() + mark)
        if who.role == "answer":
            return plain(f"{who.office} {who.family}".upper() + mark)
        if asked:
            return Label(asked + mark, (), gap(mark))
        name = f"{who.title} {who.family}".upper()
        full = f"{name} ({who.outlet})" if with_outlet else name
        return Label(full + mark, (name, full), gap(mark))

    return label


def bracketed(rng: random.Random, words: Words) -> Labeller:
    """Labels like "Ilsa Tarn (Minister):", "Piet Pym (Harbour Radio):"."""
    mark = colon(rng, words)

    def label(who: Person, _number: int, _seconds: int) -> Label:
        if who.role == "moderator":
            return plain(moderator_word(words) + mark, gap(mark))
        inside = who.outlet if who.role == "question" else who.office
        full = f"{who.name} ({inside})"
        return Label(full + mark, (who.name, full), gap(mark))

    return label


def letters(rng: random.Random, _words: Words) -> Labeller:
    """Labels like "Q:" and "A:" in their many forms."""
    ask, answer = rng.choice(
        [
            ("Q:", "A:"),
            ("Q.", "A."),
            ("Q{n}.", "A{n}."),
            ("Q{n}:", "A{n}:"),
            ("{n}. Q:", "A:"),
            ("Question {n}:", "Answer {n}:"),
            ("Question {n}.", "Answer {n}."),
            ("(Q)", "(A)"),
            ("[Q]", "[A]"),
            ("Q. {n}:", "A. {n}:"),
        ]
    )

    def label(who: Person, number: int, _seconds: int) -> Label:
        form = ask if who.role == "question" else answer
        return Label(form.format(n=number), ())

    return label


def role_words(rng: random.Random, words: Words) -> Labeller:
    """Labels like "Question:" and "Spokesman:" in every language."""
    mark = colon(rng, words)
    asked, answered = rng.choice(words["asker"]), rng.choice(words["answerer"])

    def label(who: Person, _number: int, _seconds: int) -> Label:
        word = {"question": asked, "answer": answered, "moderator": moderator_word(words)}[who.role]
        return Label(word + mark, () if who.role == "question" else ("", word), gap(mark))

    return label


def pair_words(rng: random.Random, words: Words) -> Labeller:
    """Labels like "Q:" and "A:", or "Question:" and "Answer:" in other languages."""
    if words["code"] == "en" and rng.choice([True, False]):
        return letters(rng, words)
    mark = colon(rng, words)

    def label(who: Person, _number: int, _seconds: int) -> Label:
        word = words["asker"][0] if who.role == "question" else words["answerer"][0]
        return Label(word + mark, () if who.role == "question" else ("", word))

    return label


def numbered_lines(rng: random.Random, words: Words) -> Labeller:
    """Labels like "Question 1" and "Answer 1" on lines of their own."""
    mark = rng.choice(["", ":"])

    def label(who: Person, number: int, _seconds: int) -> Label:
        word = words["asker"][0] if who.role == "question" else words["answerer"][0]
        return Label(f"{word} {number}{mark}", (), "\n")

    return label


def clock(seconds: int, *, hours: bool) -> str:
    """Minutes and seconds, with hours where the document prints them."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def timed(rng: random.Random, words: Words) -> Labeller:
    """Times before or behind the name."""
    form, after = rng.choice(
        [
            ("{name}: ({t})", "\n"),
            ("[{t}] {name}:", " "),
            ("{t} {name}:", " "),
            ("{name} ({t}):", " "),
            ("({t}) {name}:", " "),
            ("{name} [{t}]", "\n"),
            ("{name} ({t})", "\n"),
        ]
    )
    hours = rng.choice([True, False])
    numbered = rng.choice([True, False])

    def label(who: Person, number: int, seconds: int) -> Label:
        name = moderator_word(words) if who.role == "moderator" else who.name
        if who.role == "question" and numbered:
            name = f"Speaker {number % 5 + 1}"
        return Label(form.format(name=name, t=clock(seconds, hours=hours)), (name,), after)

    return label


def stop_dash(rng: random.Random, _words: Words) -> Labeller:
    """Labels like "HON. P. TARN.- Thank you"."""
    mark = rng.choice([".-", ".—", ".–"])

    def label(who: Person, _number: int, _seconds: int) -> Label:
        name = (
            "MR. SPEAKER"
            if who.role == "moderator"
            else f"HON. {who.given[0]}. {who.family}".upper()
        )
        with_office = name + (f" ({who.office} for Ports)" if who.role == "answer" else "")
        return Label(with_office + mark, (name, with_office))

    return label


def lenticular(_rng: random.Random, words: Words) -> Labeller:
    """Labels like "【林若溪】"."""

    def label(who: Person, _number: int, _seconds: int) -> Label:
        word = {
            "question": words["asker"][0],
            "answer": who.name,
            "moderator": moderator_word(words),
        }[who.role]
        return Label(f"【{word}】", () if who.role == "question" else (word,), "")

    return label


def round_brackets(_rng: random.Random, words: Words) -> Labeller:
    """Labels like "（問）" and "（答）", or the word for who speaks."""

    def label(who: Person, _number: int, _seconds: int) -> Label:
        word = words["asker"][0] if who.role == "question" else words["answerer"][0]
        return Label(f"（{word}）", () if who.role == "question" else ("", word), "")

    return label


def question_time(rng: random.Random, _words: Words) -> Labeller:
    """A parliament's question time in the British manner."""
    portfolio = rng.choice(["Roads", "Water and Irrigation", "Ports, Ferries and Locks"])
    asked_first: set[str] = set()

    def label(who: Person, _number: int, _seconds: int) -> Label:
        name = f"Mr. {who.family}"
        if who.role == "moderator":
            return plain("Mr. Speaker:")
        if who.role == "answer":
            full = f"The {rng.choice(['Minister', 'Assistant Minister'])} for {portfolio} ({name})"
            return Label(f"{full}:", (name, full, full.split(" (", maxsplit=1)[0]))
        if name in asked_first:
            return plain(f"{name}:")
        asked_first.add(name)
        return Label(f"{name} asked the Minister for {portfolio}:-", (name,), "\n\n")

    return label


def markdown(rng: random.Random, words: Words) -> Labeller:
    """Bold labels."""
    form = rng.choice(["**{}:**", "**{}**:", "__{}:__"])

    def label(who: Person, _number: int, _seconds: int) -> Label:
        name = moderator_word(words) if who.role == "moderator" else who.name
        if who.role == "question":
            name = who.outlet
        return Label(form.format(name), (name,))

    return label


def own_line(rng: random.Random, words: Words) -> Labeller:
    """Labels on lines of their own."""
    form = rng.choice(["{name}:", "{upper}", "{upper}:", "{name} ({party})"])

    def label(who: Person, _number: int, _seconds: int) -> Label:
        name = moderator_word(words) if who.role == "moderator" else who.name
        party = "LD" if len(who.family) % 2 else "Con"
        text = form.format(name=name, upper=name.upper(), party=party)
        return Label(text, (name, text), "\n")

    return label


def stops(rng: random.Random, words: Words) -> Labeller:
    """Labels like "CHAIR TARN. Thank you", "QUESTION. When ...?"."""
    asked = rng.choice([None, "QUESTION"])

    def label(who: Person, _number: int, _seconds: int) -> Label:
        if who.role == "question" and asked:
            return Label("QUESTION.", ())
        name = who.name if who.role == "question" else f"{who.office} {who.family}"
        if who.role == "moderator":
            name = words["moderator"][0] + " " + who.family
        return Label(name.upper() + ".", (name.upper(),))

    return label


def dashes(rng: random.Random, words: Words) -> Labeller:
    """Labels like "QUESTION — When ...?"."""
    mark = rng.choice([" —", " –"])

    def label(who: Person, _number: int, _seconds: int) -> Label:
        if who.role == "question":
            return Label(words["asker"][0].upper() + mark, ())
        name = f"{who.office} {who.family}" if who.role == "answer" else moderator_word(words)
        return Label(name.upper() + mark, (name.upper(),))

    return label


def interview(rng: random.Random, words: Words) -> Labeller:
    """One host, one guest."""
    mark = colon(rng, words)
    upper = rng.choice([True, False])
    host = rng.choice(["Host", "Interviewer", "Presenter"])

    def label(who: Person, _number: int, _seconds: int) -> Label:
        name = f"{who.office} {who.family}" if who.role == "answer" else host
        name = name.upper() if upper else name
        return Label(name + mark, (name,) if who.role == "answer" else ("", name), gap(mark))

    return label


def office_behind(rng: random.Random, words: Words) -> Labeller:
    """Labels like "Ilsa Tarn, Spokesperson:"."""
    mark = colon(rng, words)

    def label(who: Person, _number: int, _seconds: int) -> Label:
        if who.role == "answer":
            full = f"{who.name}, {who.office} of Ports"
            return Label(full + mark, (full, who.name))
        name = moderator_word(words) if who.role == "moderator" else who.name
        return plain(name + mark)

    return label


STYLES = (
    Style("outlets and bare names", outlets),
    Style("bare names", names),
    Style("Question: and a surname", surnames, least_exchanges=2),
    Style("capitals and titles", capitals, CASED, least_exchanges=2),
    Style("outlet or office in brackets", bracketed, CASED),
    Style("letters Q and A", letters, ("en",), least_exchanges=2, has_moderator=False),
    Style("words for question and answer", role_words, least_exchanges=2, has_moderator=False),
    Style("numbered, own line", numbered_lines, CASED, has_moderator=False),
    Style("times", timed, CASED),
    Style("NAME.-", stop_dash, ("en",)),
    Style("【】", lenticular, ("zh", "ja")),
    Style("（問）（答）", round_brackets, ("zh", "ja"), has_moderator=False),
    Style("question time", question_time, ("en",)),
    Style("Markdown bold", markdown, LATIN),
    Style("own line", own_line, CASED, least_exchanges=4),
    Style("single line breaks", outlets, ALL, separator="\n", in_pair="\n"),
    Style("capitals, single line breaks", capitals, CASED, separator="\n", in_pair="\n"),
    Style("pair in a paragraph, two lines", letters, ("en",), in_pair="\n", has_moderator=False),
    Style("pair in a line", pair_words, LATIN, in_pair=" ", has_moderator=False),
    Style("NAME. words", stops, ("en",)),
    Style("NAME — words", dashes, CASED),
    Style("interview", interview, ("en",), has_moderator=False),
    Style("office behind a comma", office_behind, LATIN),
    Style("wrapped lines", capitals, LATIN, wraps=True),
    Style("wrapped lines, names", outlets, LATIN, wraps=True),
)
