"""The corpus folder: one readable file per document.

``ID.md`` is YAML front matter, then the text, verbatim. ``source`` is where people find the
original, ``ingested_from`` the file or address it was read from, ``retrieved`` when that was,
for an address; ``also`` are other places with the same text. ``withdrawn`` is the day on which
the source was found gone. ``sha256`` is of the text, ``source_sha256`` of the source's bytes,
``file_sha256`` of this file without that one line, as ingest wrote them: where the last no longer
holds, a person has corrected the file by hand, or it is damaged. ``accepted_sha256`` is of this
file without that line, as a person has accepted it ("qa accept"). Files written by hand need only
a title. ``pages`` holds the offset in the text of every page's first character; it holds only
while ``sha256`` is that of the text: a corrected text has no pages. So do ``times``, pairs of an
offset in the text and the second of the recording at which it is said. ``recording`` is the
address of the recording, and may be added by hand.

To be read only, the folder may be elsewhere: at an address that fsspec knows (``place``).
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from qa.errors import CorpusError
from qa.records import Document
from qa.sources import recordings, signing
from qa.sources.formats.front_matter import FRONT_MATTER, Value, day, fields_of
from qa.sources.layouts.registry import turns
from qa.storage import write_whole

__all__ = [
    "CorpusFile",
    "amended",
    "is_document",
    "paths",
    "place",
    "raw_text",
    "read",
    "read_all",
    "remove_unfinished",
    "render",
    "texts",
    "write",
]

_KEYS = ("id", "title", "date", "section", "source", "language", "layout", "recording")
_MARKS = ("also", "withdrawn")
_WRITTEN = ("ingested_from", "sha256", "source_sha256", "file_sha256")
_PROVENANCE = (*_WRITTEN, "pages", "times", "retrieved", signing.ACCEPTED)
# Tens of times faster, but not everywhere compiled in.
_SafeDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_RESTORE = 'restore it from a backup, or remove it and run "qa ingest SOURCE" again'
_OFFSET = re.compile(r"[0-9]{1,9}")
_SAFE_ID = re.compile(r"\w[\w.\-]{0,119}")


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """A document as it lies in the corpus folder; ``sha256`` is of the file's bytes.

    ``text_sha256`` is of the text as it was ingested, before any correction. ``is_corrected``: the
    file is not as ingest wrote it. ``is_accepted``: a person has accepted it as it is now.
    ``is_ingested``: ingest wrote it at first.
    """

    name: str
    sha256: str
    document: Document
    ingested_from: str | None = None
    retrieved: str | None = None
    source_sha256: str | None = None
    text_sha256: str | None = None
    is_corrected: bool = False
    is_accepted: bool = False
    is_ingested: bool = False

    @property
    def is_altered(self) -> bool:
        """Return True where it is not as ingest wrote it, and nobody has accepted that."""
        return self.is_ingested and self.is_corrected and not self.is_accepted


def place(corpus: Path | str) -> Path:
    """Return the folder of the record; one at an address can be read like a path.

    Raises:
        CorpusError: nothing that reads such an address is installed.
    """
    if isinstance(corpus, Path):
        return corpus
    try:
        from upath import UPath  # noqa: PLC0415 - only where there is an address

        folder = UPath(corpus)
        folder.fs  # noqa: B018 - imports the file system
    except ImportError as error:
        remedy = 'pip install "press-qa[cluster]"' if error.name == "upath" else f"pip: {error}"
        raise CorpusError(f"{corpus} cannot be read, a package is missing; {remedy}.") from error
    except Exception as error:  # whatever the library of such addresses raises
        raise CorpusError(
            f"{corpus} cannot be read: {error}. An address is like s3://bucket/folder; "
            "what it needs beside stands in the environment (AWS_PROFILE and the like)."
        ) from error
    return cast("Path", folder)  # it has every method of a path that reading needs


def paths(corpus: Path) -> list[Path]:
    """Return the files of the record, by name. ``README.md`` and hidden files are not of it.

    Raises:
        CorpusError: the folder is elsewhere and cannot be reached.
    """
    with _reaching(corpus):
        return sorted((p for p in corpus.glob("*.md") if is_document(p.name)), key=lambda p: p.name)


@contextlib.contextmanager
def _reaching(path: Path) -> Iterator[None]:
    """Turn any error of a path that is elsewhere into a CorpusError."""
    try:
        yield
    except Exception as error:  # libraries of addresses raise what they like
        if isinstance(path, Path):
            raise
        raise CorpusError(f"{path} cannot be reached: {error}") from error


def is_document(name: str) -> bool:
    """Return True if a file of that name in the corpus folder is of the record."""
    return name.endswith(".md") and name != "README.md" and not name.startswith(".")


def read_all(corpus: Path) -> Iterator[CorpusFile]:
    """Return every document of the record, by file name.

    Raises:
        CorpusError: the folder is missing, or a file in it is not a document.
    """
    with _reaching(corpus):
        is_there = corpus.is_dir()
    if not is_there:
        is_here = isinstance(corpus, Path)
        remedy = 'run "qa ingest SOURCE" first' if is_here else "correct its address"
        raise CorpusError(f"There is no corpus folder {corpus}: {remedy}.")
    return (read(path) for path in paths(corpus))


def read(path: Path) -> CorpusFile:
    """Return the document in a file.

    Raises:
        CorpusError: the file is not a document; the message names the remedy.
    """
    try:
        with _reaching(path):
            data = path.read_bytes()
        raw = _decoded(data)
        fields, body = _split(raw)
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{path} cannot be read: {error}. It is damaged, or not UTF-8: {_RESTORE}."
        ) from error
    except (OSError, CorpusError) as error:
        raise CorpusError(f"{path} cannot be read: {error}") from error
    try:
        document = _document(fields, body, path.stem)
        turns(document.text, document.layout)
    except (CorpusError, ValueError) as error:
        raise CorpusError(f"{path} is not a document: {error}") from error
    is_corrected = not signing.is_signed(raw)
    if is_corrected and "\0" in raw:
        raise CorpusError(f"{path} is damaged, it holds NUL characters: {_RESTORE}.")
    return CorpusFile(
        name=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        document=document,
        ingested_from=_text(fields, "ingested_from"),
        retrieved=_text(fields, "retrieved"),
        source_sha256=_text(fields, "source_sha256"),
        text_sha256=_text(fields, "sha256"),
        is_corrected=is_corrected,
        is_accepted=is_corrected and signing.is_accepted(raw),
        is_ingested=any(key in fields for key in _WRITTEN),
    )


def raw_text(path: Path) -> str:
    """Return a file's text, with line feeds and without a byte-order mark."""
    return _decoded(path.read_bytes())


def _decoded(data: bytes) -> str:
    return data.decode("utf-8-sig").replace("\r\n", "\n")


def write(corpus: Path, document_id: str, content: str) -> None:
    """Write ``corpus/ID.md`` as ``render`` gives it, whole or not at all."""
    if not _SAFE_ID.fullmatch(document_id):
        raise CorpusError(
            f"{document_id!r} cannot name a file: letters, digits, '_', '-' and '.' only, "
            "at most 120."
        )
    corpus.mkdir(parents=True, exist_ok=True)
    write_whole(corpus / f"{document_id}.md", content.encode())


def remove_unfinished(corpus: Path) -> None:
    """Remove the files that ``write`` left when it was killed."""
    for path in corpus.glob(".*.md.unfinished"):
        if path.is_file() and not path.is_symlink():
            path.unlink()


class _Dumper(_SafeDumper):  # type: ignore[misc]  # one of two, see _SafeDumper
    """Writes text so that it reads back the same."""


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Unquoted, every line break of YAML would be folded into a space or a line feed.
    style = '"' if set(text) & set("\x85\u2028\u2029") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


def _in_one_line(dumper: yaml.SafeDumper, values: tuple[int | str, ...]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=True)


_Dumper.add_representer(str, _quoted)
_Dumper.add_representer(tuple, _in_one_line)


def render(
    document: Document, ingested_from: str, source_sha256: str, retrieved: str | None = None
) -> str:
    """Return the whole text of ``corpus/ID.md``."""
    fields = {key: getattr(document, key) for key in _KEYS}
    fields["pages"] = document.pages or None
    fields["times"] = recordings.written_times(document.times) or None
    fields |= {"ingested_from": ingested_from, "retrieved": retrieved}
    fields |= {"sha256": document.sha256, "source_sha256": source_sha256}
    # Last, where ``amended`` puts them, too.
    fields |= {"also": list(document.also) or None, "withdrawn": document.withdrawn}
    front = _dumped({key: value for key, value in fields.items() if value is not None})
    body = f"---\n\n{document.text}\n"
    unsigned = f"---\n{front}{body}"
    return f"---\n{front}file_sha256: {signing.file_sha256(unsigned)}\n{body}"


def amended(raw: str, **changes: object) -> str:
    """Return ``ID.md`` with other values of some keys of its front matter; None removes a key.

    Everything else stays as it is, letter for letter. A file that ingest wrote stays signed, and
    one that a person has corrected stays corrected.
    """
    match = FRONT_MATTER.match(raw)
    if not match:
        raise CorpusError("there is no front matter to amend.")
    is_signed, is_accepted = signing.is_signed(raw), signing.is_accepted(raw)
    front = match[1]
    for key, value in changes.items():
        line = "" if value is None else _dumped({key: value})
        place = re.compile(rf"^{key}:.*\n(?:[ -].*\n)*", re.MULTILINE)
        if place.search(front):
            front = place.sub(lambda _, line=line: line, front, count=1)
        elif line:
            before = signing.FILE_SHA256_LINE.search(front)
            at = before.start() if before else len(front)
            front = front[:at] + line + front[at:]
    changed = raw[: match.start(1)] + front + raw[match.end(1) :]
    if is_signed:
        signature = f"file_sha256: {signing.file_sha256(changed)}\n"
        changed = signing.FILE_SHA256_LINE.sub(signature, changed, count=1)
    return signing.accepted(changed) if is_accepted else changed


def _dumped(fields: dict[str, Any]) -> str:
    text: str = yaml.dump(fields, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return text


def _split(raw: str) -> tuple[dict[str, Value], str]:
    """Return the fields of the front matter, if there is any, and the text below it."""
    match = FRONT_MATTER.match(raw)
    if not match:
        return {}, raw
    try:
        return fields_of(match[1]), raw[match.end() :]
    except ValueError as error:
        raise CorpusError(f"its front matter {error}") from error


def _document(fields: dict[str, Value], body: str, stem: str) -> Document:
    unknown = sorted(set(map(str, fields)) - {*_KEYS, *_MARKS, *_PROVENANCE})
    if unknown:
        known = ", ".join((*_KEYS, *_MARKS))
        raise CorpusError(f"its front matter has {', '.join(unknown)}; known are {known}.")
    document_id = _text(fields, "id") or stem
    if document_id != stem:
        raise CorpusError(f"its id is {document_id!r}, its file is named {stem!r}: make them one.")
    title = _text(fields, "title")
    if not title:
        raise CorpusError("its front matter has no title.")
    text = body.removeprefix("\n").removesuffix("\n")
    if not text.strip():
        raise CorpusError("there is no text below its front matter.")
    return Document(
        id=document_id,
        title=title,
        text=text,
        date=_date(fields.get("date")),
        section=_text(fields, "section"),
        source=_text(fields, "source"),
        language=_text(fields, "language") or "en",
        layout=_text(fields, "layout") or "statement",
        withdrawn=_date(fields.get("withdrawn")),
        also=texts(fields.get("also")),
        pages=_pages(fields, text),
        times=_times(fields, text),
        recording=recordings.read_address(_text(fields, "recording")),
    )


def _pages(fields: dict[str, Value], text: str) -> tuple[int, ...]:
    """Return the beginnings of pages, if the text is as ingest wrote it."""
    pages = fields.get("pages")
    if pages is None or not _is_ingested(fields, text):
        return ()
    if not isinstance(pages, list) or not all(_is_offset(offset) for offset in pages):
        raise CorpusError(f"its pages are {pages!r:.200}, not a list of offsets in the text.")
    offsets = [int(offset) for offset in pages]
    if offsets != sorted(offsets) or (offsets and offsets[-1] > len(text)):
        raise CorpusError("its pages do not ascend within the text.")
    return tuple(offsets)


def _times(fields: dict[str, Value], text: str) -> tuple[tuple[int, float], ...]:
    """Return the times of captions, if the text is the one they were written for."""
    stated = fields.get("times")
    is_of_text = stated is not None and _is_ingested(fields, text)
    return recordings.read_times(stated, len(text)) if is_of_text else ()


def _is_ingested(fields: dict[str, Value], text: str) -> bool:
    """Tell if the text is as ingest wrote it."""
    return fields.get("sha256") == hashlib.sha256(text.encode()).hexdigest()


def _is_offset(value: object) -> bool:
    return isinstance(value, str) and _OFFSET.fullmatch(value) is not None


def _text(fields: dict[str, Value], key: str) -> str | None:
    value = fields.get(key)
    return None if value is None else str(value)


def texts(value: object) -> tuple[str, ...]:
    """Return the texts of a field that holds none, one, or a list of them."""
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def _date(value: Value) -> datetime.date | None:
    if value is None:
        return None
    try:
        return day(value if isinstance(value, str) else "")
    except ValueError as error:
        raise CorpusError(f"{value!r:.200} is not a date as YYYY-MM-DD.") from error
