"""Tables of questions and answers, whatever file they come in: their columns, rows and text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from qa.errors import SourceError
from qa.sources.formats import limits
from qa.sources.formats.extracted import Extracted
from qa.sources.formats.file_title import title_of
from qa.sources.formats.html import fragment_text
from qa.sources.layouts.labelled_faq import labelled_text

__all__ = ["Cell", "Columns", "Pairs", "columns_of", "pairs_of_rows", "shown_names"]

_QUESTION_NAMES = frozenset(
    """
    question questions q faq_question query pregunta preguntas frage fragen domanda domande
    pergunta perguntas vraag vragen fråga spørgsmål spørsmål kysymys pytanie otázka kérdés
    întrebare въпрос вопрос питання запитання ερώτηση soru السؤال سؤال שאלה प्रश्न pertanyaan
    soalan câu_hỏi คำถาม 问题 問題 问 問 提问 提問 质询 質詢 質問 質疑 질문 질의 문
    """.split()
)
_ANSWER_NAMES = frozenset(
    """
    answer answers a faq_answer response responses reply respuesta respuestas réponse réponses
    reponse antwort antworten risposta risposte resposta respostas antwoord antwoorden svar
    vastaus odpowiedź odpověď odpoveď válasz răspuns отговор ответ відповідь απάντηση cevap yanıt
    الإجابة الجواب إجابة תשובה उत्तर jawaban câu_trả_lời คำตอบ 答案 答 回答 解答 答复 答覆 回复 回覆
    回應 回应 答弁 답변 응답 답
    """.split()
)
# "Question text" and "answer_html" name the same; "question id" and "answered by" do not.
_FILLERS = frozenset("text texts body full content html the official en fr de es it pt zh".split())
_SURROGATE = re.compile("[\ud800-\udfff]")
_NO_WORD = re.compile(r"[\W_]+")
_HTML = re.compile(
    r"</?(?:a|abbr|b|blockquote|br|code|div|em|font|h[1-6]|hr|i|img|li|ol|p|pre|s|small|span"
    r"|strong|sub|sup|table|tbody|td|th|thead|tr|u|ul)(?:\s[^<>]*)?/?>"
    r"|&(?:amp|lt|gt|quot|apos|nbsp|[a-z]{1,4}quo|[mn]dash|hellip|[a-z]{1,2}(?:acute|grave|uml"
    r"|circ|cedil|tilde)|euro|pound|#\d{2,6}|#x[0-9a-f]{2,5});",
    re.IGNORECASE,
)
# A cell's text; None where it holds a value whose look is not known.
Cell = str | None

_SHOWN_NAMES = 12
_SHOWN_CHARS = 40
# Titles and notes may stand above the names of columns.
_HEADER_WITHIN_ROWS = 20


class Columns(NamedTuple):
    """The places of the question and of the answer among a row's cells."""

    question: int
    answer: int


@dataclass(slots=True)
class Pairs:
    """The questions and answers of a file, and what of it is left out."""

    found: list[tuple[str, str]] = field(default_factory=list)
    unread_names: dict[str, None] = field(default_factory=dict)
    unanswered: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, question: str, answer: str, place: str) -> None:
        """Take a pair; ``place`` is where it stands, as messages name it.

        Raises:
            ValueError: it holds what is no character.
        """
        if _SURROGATE.search(question + answer):
            raise ValueError(f"{place} holds half of a character (a surrogate): save it anew")
        question, answer = _cell_text(question), _cell_text(answer)
        if question and answer:
            self.found.append((question, answer))
        elif question or answer:
            self.unanswered.append(f"{place} ({'answer' if question else 'question'} is empty)")

    def extracted(self, name: str, title: str | None = None) -> Extracted:
        """Return the pairs as a document's text.

        Raises:
            SourceError: there is none.
        """
        if not self.found:
            raise SourceError(
                f"{name}: it has a question and an answer column, and no row with both."
            )
        if len(self.found) > limits.ROWS:
            raise SourceError(
                f"{name}: it has {len(self.found)} questions, the limit (ROWS) is {limits.ROWS}: "
                "split it."
            )
        return Extracted(
            labelled_text(self.found),
            title=title or title_of(name),
            layout="labelled-faq",
            remark=self._remark(),
        )

    def _remark(self) -> str:
        left_out = []
        if self.unread_names:
            left_out.append(f"columns {shown_names(list(self.unread_names))}")
        left_out += [*self.unanswered[:_SHOWN_NAMES], *self.remarks]
        more = len(self.unanswered) - _SHOWN_NAMES
        if more > 0:
            left_out.append(f"{more} more rows without question or answer")
        return f"left out: {', '.join(left_out)}" if left_out else ""


def columns_of(names: Sequence[Cell]) -> Columns | None:
    """Return the places of question and answer among names of columns; None where one is missing.

    Raises:
        ValueError: two columns may be the question, or the answer.
    """
    places = []
    keys = [_key(name or "") for name in names]
    for kind in (_QUESTION_NAMES, _ANSWER_NAMES):
        found = [n for n, key in enumerate(keys) if key in kind]
        found = found or [n for n, key in enumerate(keys) if _without_fillers(key) in kind]
        if not found:
            return None
        if len(found) > 1:
            both = " and ".join(repr((names[n] or "").strip()) for n in found[:3])
            raise ValueError(f"its columns {both} mean the same: keep one per file")
        places.append(found[0])
    return Columns(*places)


def pairs_of_rows(rows: Iterable[Sequence[Cell]], pairs: Pairs, place: str) -> list[str] | None:
    """Take the pairs of a table; where it has no such columns, return the names it has.

    The names of columns are the first row with a question and an answer column among the first
    rows. ``place`` names a row in messages, before its number.

    Raises:
        ValueError: columns are ambiguous, a row has more cells than there are columns, or the
            look of a question or an answer is not known.
    """
    columns: Columns | None = None
    names: list[str] = []
    above: list[str] = []
    for number, cells in enumerate(rows, start=1):
        if number > limits.ROWS:
            raise ValueError(f"it has more than {limits.ROWS} rows (ROWS): split it")
        if columns:
            _take_row(cells, columns, names, pairs, f"{place} {number}")
            continue
        if number > _HEADER_WITHIN_ROWS:
            break
        filled = [(cell or "").strip() for cell in cells if _is_filled(cell)]
        columns = columns_of(cells)
        if columns:
            names = [(cell or "").strip() for cell in cells]
        elif filled:
            above.append(" ".join(filled))
            names = names or filled
    if columns is None:
        return names
    if above:
        pairs.remarks.append(f"above the columns: {shown_names(above)}")
    return None


def _take_row(
    cells: Sequence[Cell], columns: Columns, names: Sequence[str], pairs: Pairs, place: str
) -> None:
    if any(map(_is_filled, cells[len(names) :])):
        raise ValueError(
            f"{place} has {len(cells)} cells, and there are {len(names)} columns: "
            "put cells that hold the separator in quotes"
        )
    padded = [*cells, *[""] * (len(names) - len(cells))]
    question, answer = padded[columns.question], padded[columns.answer]
    if question is None or answer is None:
        raise ValueError(
            f"{place}: its {'question' if question is None else 'answer'} is a number, a date or "
            "a truth value shown by a format: turn the cell into text"
        )
    pairs.add(question, answer, place)
    for n, cell in enumerate(padded[: len(names)]):
        if n not in columns and _is_filled(cell):
            pairs.unread_names[names[n] or f"number {n + 1}"] = None


def _is_filled(cell: Cell) -> bool:
    return cell is None or bool(cell.strip())


def shown_names(names: Sequence[str]) -> str:
    """Return names for a message, cut where they are many or long."""
    shown = [" ".join(name.split())[:_SHOWN_CHARS] or "(empty)" for name in names[:_SHOWN_NAMES]]
    more = len(names) - len(shown)
    return ", ".join([*shown, *([f"{more} more"] if more > 0 else [])]) or "(none)"


def _key(name: str) -> str:
    return _NO_WORD.sub("_", name.casefold()).strip("_")


def _without_fillers(key: str) -> str:
    return "_".join(word for word in key.split("_") if word not in _FILLERS)


def _cell_text(cell: str) -> str:
    """Return what a cell says: HTML becomes text, control characters and outer space go."""
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    if _HTML.search(text):
        text = fragment_text(text)
    return re.sub(r"\n[ \t\xa0]*\n\s*", "\n\n", text.replace("\0", "")).strip()
