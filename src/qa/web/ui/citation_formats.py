"""A citation as plain text, Markdown and BibTeX, in the record's own words."""

from __future__ import annotations

import re
from itertools import pairwise

from qa.records import Citation, clock

__all__ = ["as_bibtex", "as_markdown", "as_text", "citation_formats"]

_BIBTEX_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{c: f"\\{c}" for c in "#$%&_"},
}


def citation_formats(citation: Citation, address: str) -> dict[str, str]:
    """Return the citation in every format, by name; links begin with the server's ``address``."""
    return {
        "text": as_text(citation, address),
        "markdown": as_markdown(citation, address),
        "bibtex": as_bibtex(citation, address),
    }


def as_text(citation: Citation, address: str) -> str:
    """Return the quote, its source, and the address of the passage."""
    source = ", ".join([citation.document.title, *_facts(citation)])
    return f"“{_quoted(citation)}”\n{source}\n{address}{citation.links.reader}"


def as_markdown(citation: Citation, address: str) -> str:
    """Return the quote as a block quote, with a link to the passage."""
    quote = "\n".join(f"> {_plain(line)}" for line in _quoted(citation).split("\n"))
    title = _plain(citation.document.title)
    link = f"[{title}]({address}{citation.links.reader})"
    facts = ", ".join(_plain(fact) for fact in _facts(citation))
    return f"{quote}\n>\n> — {', '.join(part for part in (link, facts) if part)}"


def as_bibtex(citation: Citation, address: str) -> str:
    """Return a bibliography entry of the document, with the passage in its note."""
    document, passage = citation.document, citation.passage
    fields = {
        "author": f"{{{_tex(passage.speaker)}}}" if passage.speaker else None,
        "title": f"{{{_tex(document.title)}}}",
        "date": document.date and document.date.isoformat(),
        "year": document.date and str(document.date.year),
        "note": _tex(", ".join(_place(citation))),
        "url": f"{address}{citation.links.reader}",
        "abstract": _tex(_quoted(citation)),
    }
    key = re.sub(r"[^A-Za-z0-9-]+", "-", document.id).strip("-") or "document"
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{key}-{passage.start},", *lines, "}"])


def _quoted(citation: Citation) -> str:
    """Return the quoted sentences in order, with an ellipsis where some between are left out."""
    quotes = sorted(citation.quotes, key=lambda quote: quote.start)
    parts = [quotes[0].text]
    for before, quote in pairwise(quotes):
        offset = citation.passage.start
        is_left_out = citation.passage.text[before.end - offset : quote.start - offset].strip()
        parts += ["[…]", quote.text] if is_left_out else [quote.text]
    return " ".join(parts)


def _facts(citation: Citation) -> list[str]:
    document, passage = citation.document, citation.passage
    date = document.date.isoformat() if document.date else None
    page = f"p. {passage.page}" if passage.page else None
    time = f"at {clock(passage.time)}" if passage.time is not None else None
    facts = (passage.speaker, date, document.section, page, time, f"¶ {passage.paragraph}")
    return [fact for fact in facts if fact]


def _place(citation: Citation) -> list[str]:
    passage = citation.passage
    section = [citation.document.section] if citation.document.section else []
    return [
        *section,
        *([f"page {passage.page}"] if passage.page else []),
        *([f"at {clock(passage.time)}"] if passage.time is not None else []),
        f"paragraph {passage.paragraph}",
        f"characters {passage.start} to {passage.end}",
        f"sha256 {citation.sha256}",
    ]


def _plain(text: str) -> str:
    """Escape text for Markdown."""
    return re.sub(r"([\\`*_\[\]<>|~&]|^[-+#])", r"\\\1", text)


def _tex(text: str) -> str:
    return "".join(_BIBTEX_SPECIAL.get(c, c) for c in text)
