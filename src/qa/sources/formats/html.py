"""HTML: all of the main part of a page; the only user of trafilatura.

trafilatura tells where the main part is, and the page's title, date, address and language; its
own text of it is not taken, since it drops lines and paragraphs of transcripts. The text is that
of the smallest element that holds nearly all of what trafilatura takes for the main part,
navigation and what is not shown aside.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from qa.errors import SourceError
from qa.sources.formats import limits
from qa.sources.formats.encodings import decoded
from qa.sources.formats.extracted import Extracted
from qa.sources.formats.format import Format, Signature
from qa.sources.formats.panels import HEADINGS, left_out, open_panels, questions
from qa.sources.formats.raised import lowered, raised
from qa.sources.formats.schema_faq import stated_questions, unread_data, with_questions
from qa.text.dates import stated_date

__all__ = ["fragment_text", "html", "whole_text"]

_DECLARED = re.compile(
    rb"<meta[^>]+?charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]+?encoding=[\"']([\w.:-]+)",
    re.IGNORECASE,
)
_DECLARED_WITHIN_BYTES = 1024
_START = re.compile(
    rb"(?>\s|<!--.*?-->|<\?xml[^>]*>)*+<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_SILENT = frozenset(
    """
    audio button canvas datalist dialog embed head iframe input link map meta noscript object
    script select style svg template textarea video
    """.split()
)
_FURNITURE = frozenset({"aside", "footer", "nav"})
_FURNITURE_ROLES = frozenset({"banner", "complementary", "contentinfo", "navigation", "search"})
_PARAGRAPHS = frozenset(
    """
    address article aside blockquote body caption center dd details div dl dt fieldset figcaption
    figure footer form h1 h2 h3 h4 h5 h6 header hr html main ol p pre section summary table tbody
    tfoot thead ul
    """.split()
)
_LINES = frozenset({"br", "li", "tr"})
_CELLS = frozenset({"td", "th"})
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_TAG_OR_ENTITY = re.compile(r"<[/!a-zA-Z]|&#?\w+;")
_ALIGNED = re.compile(r"vertical-align\s*:\s*(super|sub)\b")
_MARK_CLASS = re.compile(
    r"(?:^|[\s_-])(?:sup|superscript|fn-?ref|note-?ref|(?:foot|end)note-?(?:ref|reference|mark|link))"
    r"(?:$|[\s_-])",
    re.IGNORECASE,
)
_NOTE_LINK = re.compile(r"#_?(?:fn|ftn|edn|foot|end|note|cite|ref)", re.IGNORECASE)
_MARK_CHARS = 20
# A page with fewer is likely to be written by its scripts.
_FEW_WORDS = 30
_MAYBE_RAISED = (
    "//sub|//sup|//a[starts-with(@href, '#')]|//*[contains(@style, 'vertical-align')]|//*[@role]"
    "|//*[contains(@class, 'ref') or contains(@class, 'note') or contains(@class, 'sup')]"
    "|//*[@*[name() = 'epub:type']]"
)
_ACCORDION = "|".join(f"//{heading}//button[@aria-expanded]" for heading in HEADINGS)
# What stands between pieces of text until it is known what else stands there.
_PARAGRAPH, _LINE, _CELL = "\x1e", "\x1f", "\x1d"
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f]")
_SPACE = re.compile(r"[ \t\n\r\f\xa0]+")
_BETWEEN = re.compile(f" *[{_PARAGRAPH}{_LINE}{_CELL}][ {_PARAGRAPH}{_LINE}{_CELL}]*")
# How much of what trafilatura takes for the main part, and of the page's prose, has to lie in the
# element that is taken for it.
_MAIN_SHARE = 0.95
_RUN_WORDS = 4
# Title, speaker, day and place; navigation is longer.
_HEADING_WORDS = 80
# Navigation comes in fewer words at a time.
_PROSE_WORDS = 15


def _is_html(data: bytes) -> bool:
    # As far in as browsers look.
    start = data[:_DECLARED_WITHIN_BYTES].removeprefix(b"\xef\xbb\xbf")
    return _START.match(start.replace(b"\0", b"")) is not None


def html(data: bytes, name: str) -> Extracted:
    """The main part of a page, a blank line between paragraphs, a line per line, item and row.

    Raises:
        SourceError: it is not text, or no page.
    """
    page = _page(data, name)
    tree = _tree(page, name)
    told = _told(page)
    title = _title(tree, told.title)
    source = _address(tree)
    language = tree.get("lang") or None
    stated = _data(tree, "application/ld+json")
    held = [*stated, *_data(tree, "application/json")]
    scripts = len(tree.xpath("//script")) - len(held)
    has_accordion = bool(tree.xpath(_ACCORDION))
    closed = open_panels(tree)
    silent = left_out(tree)
    _drop_silent(tree)
    _raise_marks(tree)
    asked = questions(tree)
    main = _main_part(tree, told.text or "", asked)
    text = _text(_with_heading(tree, main, title or ""))
    first, *others = text.split("\n\n")
    if title and first.split() == title.split():
        text = "\n\n".join(others)
    pairs = stated_questions(stated, _plain)
    text = with_questions(text, pairs)
    silent["hidden part"] = closed
    silent["script with data"] = unread_data(held, text)
    if len(text.split()) < _FEW_WORDS:
        silent["script that may write text"] = scripts
    return Extracted(
        text,
        title=title,
        date=stated_date(title, text) or _date(told.date),
        source=source,
        language=language,
        # A heading that asks may stand above any text, unless it opens it.
        has_questions=bool(pairs)
        or any(has_accordion or element.tag not in HEADINGS for element in asked),
        remark=_remark(silent),
    )


def _page(data: bytes, name: str) -> str:
    # The parser is given characters, and must not be told of another encoding.
    return re.sub(r"\A\s*<\?xml[^>]*\?>", "", decoded(data, name, _declared(data)))


def _tree(page: str, name: str) -> Any:
    from lxml import etree  # noqa: PLC0415 - with trafilatura, a second to load
    from lxml.html import HTMLParser, document_fromstring  # noqa: PLC0415

    parser = HTMLParser()
    try:
        tree = document_fromstring(page, parser=parser)
    except etree.ParserError as error:
        raise SourceError(f"{name}: there is no text in it.") from error
    if any(fault.type_name == "ERR_RESOURCE_LIMIT" for fault in parser.error_log):
        raise SourceError(f"{name}: its elements lie too deep in one another to be read whole.")
    return tree


def _data(tree: Any, kind: str) -> list[str]:
    """The scripts that hold data of a kind, as text."""
    return [
        script.text
        for script in tree.iter("script")
        if script.text and (script.get("type") or "").split(";")[0].strip().lower() == kind
    ]


def _plain(written: str) -> str:
    """The text of a piece of HTML, which may be written as text once more."""
    text = fragment_text(written)
    return "\n\n".join(filter(None, (" ".join(p.split()) for p in text.split("\n\n"))))


def fragment_text(written: str) -> str:
    """Return the text of a piece of HTML with its lines; plain text is returned unchanged."""
    from lxml import etree  # noqa: PLC0415
    from lxml.html import fragment_fromstring  # noqa: PLC0415

    text = written
    for _ in range(2):
        if not _TAG_OR_ENTITY.search(text):
            break
        try:
            fragment = fragment_fromstring(_CONTROLS.sub("", text), create_parent="div")
        except etree.ParserError:
            return ""
        _drop_silent(fragment)
        _raise_marks(fragment)
        text = _text(fragment)
    return text


def whole_text(data: bytes, name: str) -> str:
    """Return all the text of a page or chapter, hidden parts and scripts aside.

    Raises:
        SourceError: the bytes are not text, or its elements lie too deep in one another.
    """
    tree = _tree(_page(data, name), name)
    _drop_silent(tree)
    _raise_marks(tree)
    return _text(tree)


def _remark(silent: Counter[str]) -> str:
    """Which kinds of things are not in the text, and how many."""
    counted = [f"{n} {kind}{'s' * (n > 1)}" for kind, n in sorted(silent.items()) if n]
    return f"left out: {', '.join(counted)}" if counted else ""


def _raise_marks(tree: Any) -> None:
    """Write raised and lowered text, as marks of notes are, in characters of its own."""
    for element in tree.xpath(_MAYBE_RAISED):
        change = lowered if _is_lowered(element) else raised if _is_raised(element) else None
        if change is None:
            continue
        whole = element.text_content()
        if change(whole) == whole or len(whole) > _MARK_CHARS:
            continue
        for inner in element.iter():
            inner.text = change(inner.text) if inner.text else inner.text
            if inner is not element and inner.tail:
                inner.tail = change(inner.tail)


def _is_lowered(element: Any) -> bool:
    return element.tag == "sub" or "sub" in _ALIGNED.findall(element.get("style") or "")


def _is_raised(element: Any) -> bool:
    """Return whether an element stands above the line, or refers to a note."""
    if element.tag == "sup" or "super" in _ALIGNED.findall(element.get("style") or ""):
        return True
    kind = f"{element.get('role') or ''} {element.get('epub:type') or ''}"
    if "noteref" in kind or _MARK_CLASS.search(element.get("class") or ""):
        return True
    is_link = element.tag == "a" and _NOTE_LINK.match(element.get("href") or "")
    return bool(is_link) and element.text_content().strip().isdecimal()


def _declared(data: bytes) -> str | None:
    found = _DECLARED.search(data[:_DECLARED_WITHIN_BYTES])
    return (found[1] or found[2]).decode("ascii") if found else None


def _told(page: str) -> Any:
    """What trafilatura takes for the main part, and the title and date it finds."""
    from trafilatura import bare_extraction  # noqa: PLC0415 - loads much
    from trafilatura.settings import Document  # noqa: PLC0415

    stated_only = {"extensive_search": False, "original_date": True}
    found = bare_extraction(
        page,
        favor_recall=True,
        include_comments=False,
        with_metadata=True,
        date_extraction_params=stated_only,
    )
    return found or Document()


def _date(stated: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(stated) if stated else None


def _title(tree: Any, told: str | None) -> str | None:
    """The one top heading, unless the page's own title says that it is the site's; else as told."""
    headings = [" ".join(heading.text_content().split()) for heading in tree.iter("h1")]
    stated = " ".join(tree.xpath("string(//head/title)").split())
    is_of_page = len(headings) == 1 and (not stated or stated.startswith(headings[0]))
    return (headings[0] if is_of_page else None) or told or stated or None


def _address(tree: Any) -> str | None:
    stated = [
        *tree.xpath("//link[@rel='canonical']/@href"),
        *tree.xpath("//meta[@property='og:url']/@content"),
    ]
    return next((str(url) for url in stated if re.match(r"https?://\S+$", str(url))), None)


def _drop_silent(tree: Any) -> None:
    """Take out what a page does not show as text, and what every page of a site has."""
    from lxml import etree  # noqa: PLC0415

    etree.strip_tags(tree, etree.Comment, etree.ProcessingInstruction, etree.Entity)
    for element in list(tree.iter(*_SILENT, *_FURNITURE)):
        _drop(element)
    for element in tree.xpath("//*[@hidden or @style or @role]"):
        is_hidden = element.get("hidden") is not None or _HIDDEN.search(element.get("style") or "")
        if is_hidden or element.get("role") in _FURNITURE_ROLES:
            _drop(element)


def _drop(element: Any) -> None:
    # One that lies in another that is gone already has gone with it; the root stays.
    if element.getparent() is not None:
        element.drop_tree()


def _main_part(tree: Any, told: str, asked: frozenset[Any]) -> Any:
    """The smallest element with nearly all of what was told to be the main part, and of prose.

    What lies in ``asked``, questions and their answers, counts as prose however short it is.
    """
    words = told.split()
    runs = {
        tuple(words[i : i + length])
        for length in range(1, _RUN_WORDS + 1)
        for i in range(len(words) - length + 1)
    }
    told_words: dict[Any, int] = {}
    prose_words: dict[Any, int] = {}
    for element, piece in _pieces(tree):
        found = piece.split()
        is_told = all(
            tuple(found[i : i + _RUN_WORDS]) in runs
            for i in range(max(1, len(found) - _RUN_WORDS + 1))
        )
        holders = (element, *element.iterancestors())
        is_prose = len(found) >= _PROSE_WORDS or not asked.isdisjoint(holders)
        for holder in holders:
            told_words[holder] = told_words.get(holder, 0) + is_told * len(found)
            prose_words[holder] = prose_words.get(holder, 0) + is_prose * len(found)
    main = tree
    while True:
        inner = next(
            (
                child
                for child in main
                if told_words.get(child, 0) >= _MAIN_SHARE * told_words.get(tree, 0)
                and prose_words.get(child, 0) >= _MAIN_SHARE * prose_words.get(tree, 0)
            ),
            None,
        )
        if inner is None or not told_words.get(inner) or inner.tag in {"p", "tr"}:
            return main
        main = inner


def _with_heading(tree: Any, main: Any, title: str) -> Any:
    """The main part with the page's heading, and what stands beside that, if it is little."""
    around = list(main.iterancestors())
    words = len(main.text_content().split())
    for heading in tree.iter("h1", "h2", "h3"):
        said = " ".join(heading.text_content().split())
        if said and said.lower() in title.lower():
            holders = set(heading.iterancestors())
            both = next((element for element in around if element in holders), None)
            if both is not None and len(both.text_content().split()) - words <= _HEADING_WORDS:
                return both
    return main


def _pieces(tree: Any) -> Iterator[tuple[Any, str]]:
    """Every stretch of text with the element it lies in."""
    for element in tree.iter():
        if element.text and not element.text.isspace():
            yield element, element.text
        parent = element.getparent()
        if parent is not None and element.tail and not element.tail.isspace():
            yield parent, element.tail


def _text(root: Any) -> str:
    from lxml import etree  # noqa: PLC0415

    written: list[str] = []
    preformatted = 0

    def write(text: str | None) -> None:
        plain = _CONTROLS.sub("", text or "")
        written.append(plain.replace("\n", _LINE) if preformatted else plain)

    for event, element in etree.iterwalk(root, events=("start", "end")):
        mark = _mark(element.tag)
        if event == "start":
            written.append(mark)
            preformatted += element.tag == "pre"
            write(element.text)
        else:
            preformatted -= element.tag == "pre"
            # A row, a line and a cell begin where the one before ends.
            written.append(mark if mark == _PARAGRAPH else "")
            if element is not root:
                write(element.tail)
    return _BETWEEN.sub(_white_space, _SPACE.sub(" ", "".join(written))).strip("\n\t ")


def _mark(tag: str) -> str:
    if tag in _PARAGRAPHS:
        return _PARAGRAPH
    return _LINE if tag in _LINES else _CELL if tag in _CELLS else ""


def _white_space(between: re.Match[str]) -> str:
    marks = between[0]
    if _PARAGRAPH in marks or marks.count(_LINE) > 1:
        return "\n\n"
    return "\n" if _LINE in marks else "\t"


FORMATS = (
    Format(
        html,
        {".html": ("text/html", "application/xhtml+xml"), ".htm": (), ".xhtml": ()},
        "the main part of the page, whole; a blank line between paragraphs, a line per item and "
        "table row, tabs between cells",
        "title, date, canonical address, language",
        signature=Signature("an HTML page", matches=_is_html),
        max_bytes=limits.HTML_BYTES,
    ),
)
