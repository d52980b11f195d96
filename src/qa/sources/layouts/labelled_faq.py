"""Question and answer pairs with labels of their own: "Q: ..." and "A: ..." paragraphs.

The formats that hold pairs (CSV, JSON, XLSX) write them so with ``labelled_text``, and
``labelled_faq`` reads them back. Unlike ``faq`` and ``transcript``, nothing is inferred: a
question needs no question mark, and one pair is enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from qa.errors import CorpusError
from qa.records import Span, Turn

__all__ = ["labelled_faq", "labelled_text"]

_LABEL = re.compile(r"(?:\A|\n[ \t]*\n)\s*(?P<label>(?P<kind>[QA]):[ \t]+)(?=\S)")
_OWN_LABEL = re.compile(r"(?:[QA]:\s+)+(?=\S)")
# A blank line before what would be taken for a label.
_BEFORE_LABEL = re.compile(r"\n\s*\n\s*(?=[QA]:\s)")


def labelled_text(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the text whose turns are these questions and answers, none of them blank."""
    return "\n\n".join(
        f"Q: {_unlabelled(question)}\n\nA: {_unlabelled(answer)}" for question, answer in pairs
    )


def labelled_faq(text: str) -> tuple[Turn, ...]:
    """Return a turn per label; the text above the first one is a statement.

    Raises:
        CorpusError: no question is followed by an answer.
    """
    labels = list(_LABEL.finditer(text))
    kinds = "".join(label["kind"] for label in labels)
    if "QA" not in kinds:
        raise CorpusError(
            'Layout labelled-faq needs a paragraph "Q: ..." with a paragraph "A: ..." below it: '
            'correct the text or set "layout: statement".'
        )
    return tuple(_turns(text, labels))


def _turns(text: str, labels: list[re.Match[str]]) -> Iterator[Turn]:
    starts = [label.start("label") for label in labels]
    if starts[0]:
        yield Turn("statement", Span(0, starts[0]))
    question: Span | None = None
    for label, end in zip(labels, [*starts[1:], len(text)], strict=True):
        span, mark = Span(label.start("label"), end), Span(*label.span("label"))
        if label["kind"] == "Q":
            question = Span(mark.end, mark.end + len(text[mark.end : end].rstrip()))
            yield Turn("question", span, label=mark)
        elif question:
            yield Turn("answer", span, asked=question, label=mark)
        else:
            yield Turn("statement", span, label=mark)


def _unlabelled(cell: str) -> str:
    """Return a cell's text without a label of its own, so that it stays one turn."""
    cell = cell.strip()
    own = _OWN_LABEL.match(cell)
    return _BEFORE_LABEL.sub("\n", cell[own.end() :] if own else cell)
