"""Questions and answers that a page states as schema.org data (JSON-LD), for search engines.

A page that a script builds holds them only there. Those in the visible part are not repeated.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["SchemaQuestion", "json_values", "schema_questions", "unread_scripts", "with_questions"]

_KIND = re.compile("(?:^|[/:])Question$")
# More values than any page has; the rest is ignored.
_MAX_VALUES = 200_000
_ANSWERS = ("acceptedAnswer", "suggestedAnswer")
_COMMENT_MARKS = re.compile(
    r"\A\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/)"
    r"|(?:-->|//\s*\]\]>|\]\]>|/\*\s*\]\]>\s*\*/)\s*\Z"
)
_LAST_COMMA = re.compile(r",(?=\s{0,20}[}\]])")
_TAG = re.compile(r"<[^<>]{0,300}>|&\w{1,8};")
_SENTENCE = re.compile(r"\b(?:\w{1,30}\W{1,3}){14}\w")
# A text is contained in another where this share of its runs of words is.
_RUN_WORDS = 4
_CONTAINED_SHARE = 0.8
# Fewer words may stand in a text by chance.
_LEAST_WORDS = 8
_START_CHARS = 60
_NUMBER = re.compile(r"\A(?:q(?:uestion)?)?\d{0,3}")


@dataclass(frozen=True, slots=True)
class SchemaQuestion:
    """A question with its answers, at least one, as plain text."""

    question: str
    answers: tuple[str, ...]


def schema_questions(
    scripts: Sequence[str], plain: Callable[[str], str]
) -> tuple[SchemaQuestion, ...]:
    """Return the questions in JSON-LD scripts, in order; ``plain`` gives the text of HTML."""
    questions: list[SchemaQuestion] = []
    for script in scripts:
        values = [v for v in _values(_json(script)) if isinstance(v, dict)]
        by_id = {v["@id"]: v for v in values if isinstance(v.get("@id"), str) and len(v) > 1}
        for value in values:
            if any(isinstance(k, str) and _KIND.search(k) for k in _listed(value.get("@type"))):
                question = _text(value.get("name"), plain) or _text(value.get("text"), plain)
                answers = tuple(dict.fromkeys(_answers(value, by_id, plain)))
                if question and answers:
                    questions.append(SchemaQuestion(question, answers))
    return tuple(dict.fromkeys(questions))


def unread_scripts(scripts: Sequence[str], text: str) -> int:
    """Count the scripts that are no JSON, or hold sentences that are not in ``text``."""
    if not scripts:
        return 0
    runs = _runs(text)
    contents = map(_json, scripts)
    return sum(
        content is None
        or any(
            not _is_contained(sentence[0], runs)
            for value in _values(content)
            if isinstance(value, str)
            for sentence in _SENTENCE.finditer(_TAG.sub(" ", value))
        )
        for content in contents
    )


def with_questions(text: str, items: Sequence[SchemaQuestion]) -> str:
    """Return ``text`` with the questions and answers it lacks, an answer behind its question."""
    if not items:
        return text
    paragraphs = text.split("\n\n") if text.strip() else []
    bare = [_bare(paragraph) for paragraph in paragraphs]
    runs = _runs(text)
    places = {_NUMBER.sub("", words): n for n, words in reversed([*enumerate(bare)])}
    starts = {words[:_START_CHARS]: n for n, words in reversed([*enumerate(bare)])}
    questions = {_bare(item.question) for item in items}
    before: dict[int, list[str]] = {}
    for item in items:
        place = places.get(_NUMBER.sub("", _bare(item.question)))
        if place is not None:
            is_last = place + 1 == len(bare) or bare[place + 1] in questions
            if is_last or paragraphs[place + 1].endswith(("?", "？")):
                before.setdefault(place + 1, []).extend(item.answers)
            continue
        if all(_is_contained(answer, runs) for answer in item.answers):
            start = starts.get(_bare(item.answers[0])[:_START_CHARS])
            if start is not None:
                if not _is_contained(item.question, runs):
                    before.setdefault(start, []).append(item.question)
                continue
        before.setdefault(len(paragraphs), []).extend([item.question, *item.answers])
    written: list[str] = []
    for number, paragraph in enumerate(paragraphs):
        written += [*before.get(number, ()), paragraph]
    return "\n\n".join([*written, *before.get(len(paragraphs), ())])


def _json(script: str) -> Any:
    """Return the value of a script, whose lists may end with a comma; None if it is no JSON."""
    bare = _COMMENT_MARKS.sub("", script)
    for written in (bare, _LAST_COMMA.sub("", bare)):
        try:
            return json.loads(written, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _values(content: Any) -> Iterator[Any]:
    return itertools.islice(json_values(content), _MAX_VALUES)


def json_values(content: Any) -> Iterator[Any]:
    """Yield a JSON value and all values inside it, in order."""
    stack = [content]
    while stack:
        value = stack.pop()
        yield value
        if isinstance(value, dict):
            stack += reversed(list(value.values()))
        elif isinstance(value, list):
            stack += reversed(value)


def _answers(
    question: dict[str, Any], by_id: dict[str, Any], plain: Callable[[str], str]
) -> Iterator[str]:
    for answer in (answer for key in _ANSWERS for answer in _listed(question.get(key))):
        value = answer
        if isinstance(answer, dict):
            whole = answer if "text" in answer else by_id.get(str(answer.get("@id")), answer)
            value = whole.get("text") or whole.get("name")
        if text := _text(value, plain):
            yield text


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _text(value: Any, plain: Callable[[str], str]) -> str:
    """Return the first text of a value, which JSON-LD may write beside its language."""
    for member in _listed(value):
        written = member.get("@value") if isinstance(member, dict) else member
        if isinstance(written, str) and (text := plain(written)):
            return text
    return ""


def _bare(text: str) -> str:
    """Return letters and digits only, in lower case."""
    return re.sub(r"[\W_]+", "", text.lower())


def _runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + _RUN_WORDS]) for i in range(len(words) - _RUN_WORDS + 1)}


def _is_contained(text: str, runs: set[tuple[str, ...]]) -> bool:
    """Return whether a text, unless it is too short to tell, is nearly whole in another's runs."""
    own = _runs(text)
    return len(own) > _LEAST_WORDS - _RUN_WORDS and len(own & runs) >= _CONTAINED_SHARE * len(own)
