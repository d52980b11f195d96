"""Previews of the documents that sources would become; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qa.errors import SourceError
from qa.records import Document, Turn
from qa.sources.files import contents, files, source_name
from qa.sources.formats import extract
from qa.sources.ingest import document_of, unforeseen
from qa.sources.layouts.registry import turns

__all__ = ["Preview", "preview"]

_SHOWN_CHARS = 80


@dataclass(frozen=True, slots=True)
class Preview:
    """The document of one source; without one, ``why`` is the error.

    With one, ``why`` names the parts of the source that are not in it.
    """

    source: str
    document: Document | None = None
    why: str = ""

    def to_json(self) -> dict[str, object]:
        """Return JSON values: the document's metadata, and its turns in order."""
        document = self.document
        if document is None:
            return {"source": self.source, "error": self.why}
        return {
            "source": self.source,
            "title": document.title,
            "date": document.date and document.date.isoformat(),
            "language": document.language,
            "layout": document.layout,
            "section": document.section,
            "pages": len(document.pages),
            "times": len(document.times),
            "recording": document.recording,
            "remark": self.why,
            "turns": [
                _turn_to_json(turn, document.text) for turn in turns(document.text, document.layout)
            ],
        }


def _turn_to_json(turn: Turn, text: str) -> dict[str, object]:
    words = text[turn.label.end if turn.label else turn.span.start : turn.span.end]
    return {
        "role": turn.role,
        "speaker": turn.speaker,
        "first_words": " ".join(words[:_SHOWN_CHARS].split()),
        "start": turn.span.start,
        "end": turn.span.end,
    }


def preview(sources: Sequence[Path], corpus: Path) -> Iterator[Preview]:
    """Yield the preview of every source."""
    for path, home in files(sources):
        name = source_name(path, corpus)
        try:
            extracted = extract(contents(path, home, name), name)
            yield Preview(name, document_of(extracted, name), extracted.remark)
        except (SourceError, OSError) as error:
            yield Preview(name, why=str(error))
        except Exception as error:  # noqa: BLE001 - one source never stops the others
            yield Preview(name, why=unforeseen(name, error).why)
