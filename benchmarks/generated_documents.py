"""Documents whose turns and speakers are known, for ``generated_transcripts``.

Four in five are transcripts in one of the styles of ``generated_styles``, with asides, moderators,
quotations, lists, times, verses, addresses and e-mail headers that look like labels; one in five
is a statement full of colons. Every word is invented (``generated_words.toml``).
"""

from __future__ import annotations

import random
import textwrap
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from generated_styles import EAST_ASIAN, STYLES, Label, Labeller, Person, Role, Style, Words

WORDS = Path(__file__).with_name("generated_words.toml")
WRAP_COLUMNS = 72
# How often each thing happens, chosen to have some hundred of each in a thousand documents.
CHANCES = {
    "statement": 0.2,
    "English": 0.4,
    "word of the list": 0.4,
    "question without a mark": 0.12,
    "facts before a question": 0.4,
    "remark after a question": 0.07,
    "rhetorical question": 0.2,
    "aside in a paragraph": 0.15,
    "aside by itself": 0.1,
    "e-mail header": 0.1,
    "lead": 0.3,
    "participants": 0.15,
    "moderator opens": 0.3,
    "answerer opens": 0.5,
    "regular asks": 0.7,
    "moderator between": 0.08,
    "statement wrapped": 0.15,
}
TRAP_CHANCES = (0.0, 0.1, 0.25, 0.4)
EXCHANGES = (3, 4, 6, 9, 14, 25)
PARAGRAPHS = {1: 50, 2: 25, 3: 15, 5: 8, 9: 2}
COLONS = {"zh": ["：", ":"], "ja": ["："], "fr": [":", " :"]}


@dataclass(frozen=True, slots=True)
class Truth:
    """A turn as it was written: its label's and its words' places, who speaks, in which role."""

    start: int
    words_start: int
    names: tuple[str, ...]
    role: Role | None


@dataclass
class Written:
    """A document under construction, with the places of its turns."""

    style: str
    separator: str = "\n\n"
    wraps: bool = False
    text: str = ""
    truths: list[Truth] = field(default_factory=list)

    def add(self, paragraph: str, before: str | None = None) -> int:
        """Append a paragraph and return where it starts."""
        if self.text:
            self.text += self.separator if before is None else before
        start = len(self.text)
        self.text += textwrap.fill(paragraph, WRAP_COLUMNS) if self.wraps else paragraph
        return start

    def turn(self, label: Label, said: list[str], role: Role | None, before: str | None) -> None:
        """Append a turn with its label."""
        start = self.add(label.text + label.after + said[0], before)
        words_start = start + len(label.text) + len(label.after)
        self.truths.append(Truth(start, words_start, label.names, role))
        for paragraph in said[1:]:
            self.add(paragraph)


def capitalised(text: str) -> str:
    """Return a text with a capital first letter, the rest as it is."""
    return text[0].upper() + text[1:]


class Author:
    """Draws sentences and people of one language."""

    def __init__(self, rng: random.Random, words: Words) -> None:
        self.rng = rng
        self.words = words
        self.joint = "" if words["code"] in ("zh", "ja") else " "

    def happens(self, event: str) -> bool:
        """Return true if an event of ``CHANCES`` happens, drawn at random."""
        return self.rng.random() < CHANCES[event]

    def date(self) -> str:
        """A date as the language prints it."""
        day, month, year = (self.rng.randint(*span) for span in ((1, 28), (0, 11), (2009, 2027)))
        named = self.words["months"][month]
        if self.words["code"] == "ko":
            return f"{year}. {month + 1}. {day}."
        if self.words["code"] in EAST_ASIAN:
            return f"{year}年{named}{day}日"
        return f"{day} {named} {year}"

    def thing(self, kind: str) -> str:
        """A thing or place of the list, or a word joined from syllables."""
        if self.happens("word of the list"):
            return str(self.rng.choice(self.words[kind]))
        return "".join(self.rng.choices(self.words["syllables"], k=self.rng.randint(2, 3)))

    def fill(self, key: str) -> str:
        """A sentence of a kind with its slots filled."""
        return capitalised(
            str(self.rng.choice(self.words[key])).format(
                n=self.thing("things"),
                p=self.thing("places"),
                f=self.rng.randint(2, 980),
                w=self.person("question").name,
                d=self.date(),
            )
        )

    def person(self, role: Role) -> Person:
        """Somebody of the language."""
        keys = ("given", "family", "titles", "offices", "outlets")
        drawn = [str(self.rng.choice(self.words[key])) for key in keys]
        return Person(*drawn, role=role, language=self.words["code"])

    def sentences(self, key: str, least: int, most: int) -> str:
        """A run of sentences of a kind."""
        return self.joint.join(self.fill(key) for _ in range(self.rng.randint(least, most)))

    def question(self) -> list[str]:
        """The words of an asker: mostly with a question mark, sometimes without."""
        if self.happens("question without a mark"):
            return [self.sentences("unmarked", 1, 2)]
        asked = self.sentences("questions", 1, 2)
        if self.happens("facts before a question"):
            asked = self.sentences("told", 1, 2) + self.joint + asked
        if self.happens("remark after a question"):
            asked += self.joint + self.fill("unmarked")
        return [asked]

    def answer(self, trap_chance: float) -> list[str]:
        """The words of an answerer: one to nine paragraphs, and what looks like a label."""
        (count,) = self.rng.choices(list(PARAGRAPHS), list(PARAGRAPHS.values()))
        paragraphs = [self.sentences("told", 1, 5) for _ in range(count)]
        if self.happens("rhetorical question"):
            paragraphs[-1] += self.joint + self.fill("rhetorical")
        if self.happens("aside in a paragraph"):
            paragraphs[-1] += " " + self.rng.choice(self.words["asides"])
        while self.rng.random() < trap_chance:
            paragraphs[1:1] = self.trap()
        if self.happens("aside by itself"):
            paragraphs.append(self.rng.choice(self.words["asides"]))
        return paragraphs

    def trap(self) -> list[str]:
        """Paragraphs inside a turn that look like labels and are none."""
        rng, other = self.rng, self.person("question")
        one, two, three = (capitalised(self.thing("things")) for _ in range(3))
        told, asked, more = self.fill("told"), self.fill("questions"), self.fill("told")
        number, figure = rng.randint(1, 20), rng.randint(3, 90)
        return rng.choice(
            [
                [f"{number}:{rng.choice(['00', '15', '30'])} {told}"],
                [f"He said: “{told}”"],
                [f"{other.name} wrote to us: “{told} {asked}”"],
                [f"{one}: {figure} million.", f"{two}: {number} million.", f"{three}: none."],
                [f"- {one}: {told}", f"- {two}: {more}"],
                [f"John {number}:{figure} was read at the service. {told}"],
                [f"“Psalm {figure}:{number}” stood on the wall."],
                [f"https://ports.example/notice?id={figure}: {told}"],
                [f"The rule is simple: {told}"],
                [f"“{other.outlet}: {asked}” That was the headline."],
                [f"Note: {told}"],
                [rng.choice(self.words["heads"]), told],
                [f"Address: {figure} Harbour Street, {two}", "E-mail: press@ports.example"],
                [f"(a) {told}", f"(b) {more}"],
                [f"1. {told}", f"2. {more}"],
                [f"The vote was {figure}:{number}. {told}"],
            ]
        )


def add_header(author: Author, written: Written) -> None:
    """Add the title, and sometimes an e-mail's header, a lead or those present."""
    if author.happens("e-mail header"):
        subject = f"Subject: {author.fill('title')}"
        lines = ["From: press@ports.example", "To: all desks", subject, "Date: Thu, 6 Mar 2025"]
        written.add("\n".join(lines))
        return
    written.add(author.fill("title"))
    if author.happens("lead"):
        written.add(author.fill("told"))
    if author.happens("participants"):
        written.add("Participants: " + ", ".join(author.person("question").name for _ in range(3)))


class Conversation:
    """A transcript being written: who takes part, and the time that has passed."""

    def __init__(self, author: Author, style: Style) -> None:
        self.author = author
        self.style = style
        self.label: Labeller = style.build(author.rng, author.words)
        self.written = Written(style.name, style.separator, style.wraps)
        rng = author.rng
        self.answerers = [author.person("answer") for _ in range(rng.choice([1, 1, 1, 2]))]
        self.taken = {name for one in self.answerers for name in (one.name, one.family)}
        self.regulars = [self.stranger() for _ in range(rng.randint(1, 4))]
        self.moderator = author.person("moderator")
        self.seconds = rng.randint(3, 90)
        self.is_asked = False

    def stranger(self) -> Person:
        """An asker who shares no name with those who answer."""
        while True:
            asker = self.author.person("question")
            if asker.name not in self.taken and asker.family not in self.taken:
                return asker

    def speak(self, who: Person, said: list[str], number: int, before: str | None = None) -> None:
        """Add a turn; who leads, or answers before anything is asked, has any role."""
        is_open = who.role == "moderator" or (who.role == "answer" and not self.is_asked)
        label = self.label(who, number, self.seconds)
        self.written.turn(label, said, None if is_open else who.role, before)
        self.is_asked |= who.role == "question"
        self.seconds += self.author.rng.randint(5, 140)

    def write(self) -> Written:
        """The whole document."""
        author, rng, style = self.author, self.author.rng, self.style
        trap_chance = rng.choice(TRAP_CHANCES)
        add_header(author, self.written)
        if style.has_moderator and author.happens("moderator opens"):
            self.speak(self.moderator, [author.sentences("told", 1, 2)], 0)
        if style.has_moderator and author.happens("answerer opens"):
            self.speak(self.answerers[0], author.answer(trap_chance), 0)
        for number in range(1, rng.choice([style.least_exchanges, *EXCHANGES]) + 1):
            is_regular = author.happens("regular asks")
            asker = rng.choice(self.regulars) if is_regular else self.stranger()
            self.speak(asker, author.question(), number)
            answer = author.answer(trap_chance)
            self.speak(rng.choice(self.answerers), answer, number, style.in_pair)
            if style.has_moderator and author.happens("moderator between"):
                self.speak(self.moderator, [author.fill("told")], number)
        return self.written


def statement(author: Author) -> Written:
    """A text that nobody speaks in turns, full of colons."""
    rng = author.rng
    separator = rng.choice(["\n\n", "\n\n", "\n"])
    written = Written("statements", separator, author.happens("statement wrapped"))
    add_header(author, written)
    people = [author.person("answer") for _ in range(4)]
    kind = rng.randrange(len(blocks(author, people[0], 1)))
    for number in range(1, rng.randint(3, 9)):
        for block in blocks(author, rng.choice(people), number)[kind]:
            written.add(block)
    written.add(f"Notes to editors: {author.fill('told')}")
    written.add(f"Contact: {author.person('answer').name}, press@ports.example")
    return written


def blocks(author: Author, person: Person, number: int) -> list[list[str]]:
    """One part of every kind of statement: notices, figures, minutes, programmes, letters ..."""
    rng, fill = author.rng, author.fill
    thing, place = (capitalised(author.thing(kind)) for kind in ("things", "places"))
    office, figure = f"{person.office} {person.family}", rng.randint(2, 90)
    time = f"{7 + number}:{rng.choice(['00', '30'])}"
    told, more, asked = fill("told"), fill("told"), fill("questions")
    return [
        [author.sentences("told", 2, 5), f"Next steps: {told}", fill("rhetorical")],
        [f"{place}: {figure} million crowns", f"{thing}: {figure} per cent"],
        [f"{time} {thing}", f"Item {number}: {told}"],
        [f"{number}. {thing}", f"Decision: {told}", f"Action: {person.name}, by {figure} days."],
        [f"Application: {told}", f"Decision: {rng.choice(['Granted.', 'Refused.'])}"],
        [
            f"{person.office}: {person.name}",
            f"Telephone: 040 {figure}",
            f"Web: ports.example/{number}",
        ],
        [f"{office} said: “{told} {more}”", more, f"As {person.name} put it: {told}"],
        [f"{time} {person.name}: {thing}"],
        [f"{person.name}: {rng.choice(['yes', 'no', 'abstained'])}"],
        [f"Problem: {asked}", f"Solution: {told}"],
        [f"Dear {person.title} {person.family}:", told, "Yours sincerely,", person.name],
        [f"John {number}:{figure} {told}", f"Psalm {number}:3: {more}"],
        [f"Measure {number}: {told}", f"Cost: {figure} million", f"By: {office}"],
        [f"{thing}: {told}", f"{place}: see {thing}."],
    ]


def corpus(documents: int, seed: int) -> list[Written]:
    """Documents of all styles, the same for the same seed."""
    languages = tomllib.loads(WORDS.read_text("utf-8"))
    for code, words in languages.items():
        words |= {"code": code, "colons": COLONS.get(code, [":"])}
    made = []
    for number in range(documents):
        rng = random.Random(seed * 1_000_003 + number)  # noqa: S311 - not for secrets
        style = STYLES[number % len(STYLES)]
        is_english = rng.random() < CHANCES["English"]
        if rng.random() < CHANCES["statement"]:
            code = "en" if is_english else rng.choice(list(languages))
            made.append(statement(Author(rng, languages[code])))
            continue
        code = "en" if is_english and "en" in style.languages else rng.choice(style.languages)
        made.append(Conversation(Author(rng, languages[code]), style).write())
    return made
