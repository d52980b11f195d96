"""Written questions asked for by their number: the passages under it, and what of them to mark."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from qa.answer.evidence import Asked
from qa.index.snapshot import Snapshot
from qa.index.visible import Visible
from qa.records import Hit, Passage, Quote, Span

__all__ = ["is_lookup", "numbered_first", "numbered_quotes", "numbered_rows"]

# A number that more documents have ("question 3") names none of them.
_MOST_DOCUMENTS = 3
# A number that is the heading's own leaves little doubt; the rest is for a number used twice.
_CONFIDENCE = 0.97
# So far above the best other hit, which is then not cited beside it (relevance._MOST_BEHIND).
_LEAD = 5.0
# Hits whose texts are looked at for a number that no heading has.
_LOOKED_AT = 20
# Of a question and of its reply, so much is marked.
_MARKED_CHARS = 600
_REPLY = re.compile(
    r"\W*(?:reply|answer|response|r[eé]ponse|respuesta|resposta|risposta|antwort|答[复復覆]?)\b",
    re.IGNORECASE,
)
# With these alone somebody asks for the question and its reply, not for something in it.
_ASKING = frozenset(
    "question repli answer respons number no written oral pq parliamentari ask".split()
)
_LEAST_OTHER_TERMS = 2


def numbered_rows(snapshot: Snapshot, asked: Asked, visible: Visible | None) -> list[int]:
    """The rows under a number that is asked for, ascending; none where it names too many.

    Replies without the question where they are passages of their own.
    """
    found = [snapshot.passages.numbered(number) for number in asked.numbers]
    rows = np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)
    if visible is not None:
        rows = rows[visible.rows[rows]]
    if len(np.unique(snapshot.passages.documents[rows])) > _MOST_DOCUMENTS:
        return []
    replies = rows[~snapshot.passages.is_question[rows]]
    chosen: list[int] = (replies if len(replies) else rows).tolist()
    return chosen


def numbered_first(
    snapshot: Snapshot, asked: Asked, rows: Sequence[int], hits: Sequence[Hit]
) -> list[Hit]:
    """The hits, those under the number that is asked for before all others.

    Where no question has the number, what does not hold it is no answer.
    """
    if not rows:
        return [*_holding(snapshot, asked.numbers, hits)]
    under = set(rows)
    others = [hit for hit in hits if hit.row not in under]
    best = max((hit.score for hit in hits), default=0.0) + _LEAD
    scored = {hit.row: hit.score for hit in hits}
    if is_lookup(asked):
        ordered = sorted(rows)
    else:
        ordered = sorted(rows, key=lambda row: (-scored.get(row, -np.inf), row))
    leading = [
        Hit(row, snapshot.passages.document(row), best, _CONFIDENCE, is_answer=True)
        for row in ordered
    ]
    return [*leading, *others]


def is_lookup(asked: Asked) -> bool:
    """Whether nothing but the number says what is asked for."""
    others = [t for t in asked.terms if t.stem not in _ASKING and not any(map(str.isdigit, t.text))]
    return bool(asked.numbers) and len(others) < _LEAST_OTHER_TERMS


def numbered_quotes(passage: Passage) -> tuple[Quote, ...]:
    """The question and the reply that stand in a passage, each from its beginning."""
    said = passage.sentence_texts
    reply = next((n for n, text in enumerate(said) if n and _REPLY.match(text)), len(said))
    marked = [*_first(passage.sentences, 0, reply), *_first(passage.sentences, reply, len(said))]
    return tuple(
        Quote(said[n], passage.sentences[n].start, passage.sentences[n].end) for n in marked
    )


def _first(sentences: Sequence[Span], start: int, end: int) -> Iterator[int]:
    """The first sentences of a stretch that may be marked together, by number."""
    for n in range(start, end):
        if n == start or sentences[n].end - sentences[start].start <= _MARKED_CHARS:
            yield n


def _holding(snapshot: Snapshot, numbers: Sequence[str], hits: Sequence[Hit]) -> Iterator[Hit]:
    for n, hit in enumerate(hits):
        holds = n < _LOOKED_AT and any(
            number in snapshot.passages[hit.row].text.upper() for number in numbers
        )
        yield hit if holds else replace(hit, is_answer=False, confidence=0.0)
