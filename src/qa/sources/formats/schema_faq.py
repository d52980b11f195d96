"""Questions and answers that a page states as data of schema.org's (JSON-LD), for search engines.

A page that builds its visible part by script holds them only there. What the visible part says
already is not said again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["StatedQuestion", "stated_questions", "unread_data", "with_questions"]

_KIND = re.compile("(?:^|[/:])Question$")
# More values than any page has; the rest is not looked at.
_MOST_VALUES = 200_000
_ANSWERS = ("acceptedAnswer", "suggestedAnswer")
_COMMENT_MARKS = re.compile(
    r"\A\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/)"
    r"|(?:-->|//\s*\]\]>|\]\]>|/\*\s*\]\]>\s*\*/)\s*\Z"
)
_LAST_COMMA = re.compile(r",(?=\s{0,20}[}\]])")
_TAG = re.compile(r"<[^<>]{0,300}>|&\w{1,8};")
_SENTENCE = re.compile(r"\b(?:\w{1,30}\W{1,3}){14}\w")
# A text is said already where so much of its runs of words stands there.
_RUN_WORDS = 4
_SAID_SHARE = 0.8
# Fewer words may stand in a text by chance.
_LEAST_WORDS = 8
_START_CHARS = 60
_NUMBER = re.compile(r"\A(?:q(?:uestion)?)?\d{0,3}")


@dataclass(frozen=True, slots=True)
class StatedQuestion:
    """A question with its answers, at least one, as plain text."""

    question: str
    answers: tuple[str, ...]


def stated_questions(
    scripts: Sequence[str], plain: Callable[[str], str]
) -> tuple[StatedQuestion, ...]:
    """The questions in JSON-LD scripts, in order; ``plain`` gives the text of HTML."""
    found: list[StatedQuestion] = []
    for script in scripts:
        values = [v for v in _values(_content(script)) if isinstance(v, dict)]
        named = {v["@id"]: v for v in values if isinstance(v.get("@id"), str) and len(v) > 1}
        for value in values:
            if any(isinstance(k, str) and _KIND.search(k) for k in _listed(value.get("@type"))):
                question = _text(value.get("name"), plain) or _text(value.get("text"), plain)
                answers = tuple(dict.fromkeys(_answers(value, named, plain)))
                if question and answers:
                    found.append(StatedQuestion(question, answers))
    return tuple(dict.fromkeys(found))


def unread_data(scripts: Sequence[str], text: str) -> int:
    """Return how many of the scripts are no JSON, or hold sentences that are not in ``text``."""
    if not scripts:
        return 0
    said = _runs(text, _RUN_WORDS)
    contents = map(_content, scripts)
    return sum(
        content is None
        or any(
            not _is_said(found[0], said)
            for value in _values(content)
            if isinstance(value, str)
            for found in _SENTENCE.finditer(_TAG.sub(" ", value))
        )
        for content in contents
    )


def with_questions(text: str, stated: Sequence[StatedQuestion]) -> str:
    """``text`` with the questions and answers it lacks, an answer behind its own question."""
    if not stated:
        return text
    paragraphs = text.split("\n\n") if text.strip() else []
    bare = [_bare(paragraph) for paragraph in paragraphs]
    said = _runs(text, _RUN_WORDS)
    questions = {_NUMBER.sub("", words): n for n, words in reversed([*enumerate(bare)])}
    starts = {words[:_START_CHARS]: n for n, words in reversed([*enumerate(bare)])}
    asked = {_bare(one.question) for one in stated}
    before: dict[int, list[str]] = {}
    for one in stated:
        place = questions.get(_NUMBER.sub("", _bare(one.question)))
        if place is not None:
            is_last = place + 1 == len(bare) or bare[place + 1] in asked
            if is_last or paragraphs[place + 1].endswith(("?", "？")):
                before.setdefault(place + 1, []).extend(one.answers)
            continue
        if all(_is_said(answer, said) for answer in one.answers):
            start = starts.get(_bare(one.answers[0])[:_START_CHARS])
            if start is not None:
                if not _is_said(one.question, said):
                    before.setdefault(start, []).append(one.question)
                continue
        before.setdefault(len(paragraphs), []).extend([one.question, *one.answers])
    written: list[str] = []
    for number, paragraph in enumerate(paragraphs):
        written += [*before.get(number, ()), paragraph]
    return "\n\n".join([*written, *before.get(len(paragraphs), ())])


def _content(script: str) -> Any:
    """The value of a script, which may end its lists with a comma; None where it is no JSON."""
    bare = _COMMENT_MARKS.sub("", script)
    for written in (bare, _LAST_COMMA.sub("", bare)):
        try:
            return json.loads(written, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _values(content: Any) -> Iterator[Any]:
    """A JSON value and all that it holds, in order."""
    waiting, left = [content], _MOST_VALUES
    while waiting and left:
        left -= 1
        value = waiting.pop()
        yield value
        if isinstance(value, dict):
            waiting += reversed(list(value.values()))
        elif isinstance(value, list):
            waiting += reversed(value)


def _answers(
    question: dict[str, Any], named: dict[str, Any], plain: Callable[[str], str]
) -> Iterator[str]:
    for answer in (one for key in _ANSWERS for one in _listed(question.get(key))):
        stated = answer
        if isinstance(answer, dict):
            whole = answer if "text" in answer else named.get(str(answer.get("@id")), answer)
            stated = whole.get("text") or whole.get("name")
        if said := _text(stated, plain):
            yield said


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _text(value: Any, plain: Callable[[str], str]) -> str:
    """The first text that a value is, or holds as JSON-LD writes one with its language."""
    for one in _listed(value):
        said = one.get("@value") if isinstance(one, dict) else one
        if isinstance(said, str) and (text := plain(said)):
            return text
    return ""


def _bare(text: str) -> str:
    """Letters and digits, lower case."""
    return re.sub(r"[\W_]+", "", text.lower())


def _runs(text: str, length: int) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}


def _is_said(text: str, said: set[tuple[str, ...]]) -> bool:
    """Return whether a text, unless it is too short to tell, stands nearly whole in another."""
    own = _runs(text, _RUN_WORDS)
    return len(own) > _LEAST_WORDS - _RUN_WORDS and len(own & said) >= _SAID_SHARE * len(own)
