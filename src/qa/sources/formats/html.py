"""HTML: all of the main part of a page; the only user of trafilatura.

trafilatura finds the main part, and the page's title and date. Its own text is not used, since it
drops lines and paragraphs of transcripts: the text is that of the smallest element that holds
nearly all of it, without navigation and hidden parts.
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
from qa.sources.formats.extracted import Extracted, left_out_remark
from qa.sources.formats.format import Format, Signature
from qa.sources.formats.panels import (
    HEADINGS,
    is_hidden,
    open_panels,
    questions,
    unreadable_parts,
)
from qa.sources.formats.schema_faq import schema_questions, unread_scripts, with_questions
from qa.sources.formats.superscripts import subscript, superscript
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
_BOILERPLATE = frozenset({"aside", "footer", "nav"})
_BOILERPLATE_ROLES = frozenset({"banner", "complementary", "contentinfo", "navigation", "search"})
_PARAGRAPHS = frozenset(
    """
    address article aside blockquote body caption center dd details div dl dt fieldset figcaption
    figure footer form h1 h2 h3 h4 h5 h6 header hr html main ol p pre section summary table tbody
    tfoot thead ul
    """.split()
)
_TAG_OR_ENTITY = re.compile(r"<[/!a-zA-Z]|&#?\w+;")
_ALIGNED = re.compile(r"vertical-align\s*:\s*(super|sub)\b")
_MARK_CLASS = re.compile(
    r"(?:^|[\s_-])(?:sup|superscript|fn-?ref|note-?ref|(?:foot|end)note-?(?:ref|reference|mark|link))"
    r"(?:$|[\s_-])",
    re.IGNORECASE,
)
_NOTE_LINK = re.compile(r"#_?(?:fn|ftn|edn|foot|end|note|cite|ref)", re.IGNORECASE)
_MARK_CHARS = 20
# Scripts probably write a page with fewer.
_FEW_WORDS = 30
_MAYBE_SUPERSCRIPT = (
    "//sub|//sup|//a[starts-with(@href, '#')]|//*[contains(@style, 'vertical-align')]|//*[@role]"
    "|//*[contains(@class, 'ref') or contains(@class, 'note') or contains(@class, 'sup')]"
    "|//*[@*[name() = 'epub:type']]"
)
_ACCORDION = "|".join(f"//{heading}//button[@aria-expanded]" for heading in HEADINGS)
# Marks between pieces of text until all that stands there is known.
_PARAGRAPH, _LINE, _CELL = "\x1e", "\x1f", "\x1d"
_MARKS = {
    **dict.fromkeys(_PARAGRAPHS, _PARAGRAPH),
    **dict.fromkeys(("br", "li", "tr"), _LINE),
    **dict.fromkeys(("td", "th"), _CELL),
}
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f]")
_SPACE = re.compile(r"[ \t\n\r\f\xa0]+")
_BETWEEN = re.compile(f" *[{_PARAGRAPH}{_LINE}{_CELL}][ {_PARAGRAPH}{_LINE}{_CELL}]*")
# The share of trafilatura's main part, and of the page's prose, that the main element must hold.
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
    """Return the main part of a page: a blank line between paragraphs, a line per item and row.

    Raises:
        SourceError: it is not text, or no page.
    """
    page = _page(data, name)
    tree = _tree(page, name)
    document = _trafilatura(page)
    title = _title(tree, document.title)
    source = _address(tree)
    language = tree.get("lang") or None
    linked_data = _data(tree, "application/ld+json")
    data_scripts = [*linked_data, *_data(tree, "application/json")]
    other_scripts = len(tree.xpath("//script")) - len(data_scripts)
    has_accordion = bool(tree.xpath(_ACCORDION))
    closed = open_panels(tree)
    left_out = unreadable_parts(tree)
    _drop_unshown(tree)
    _write_superscripts(tree)
    question_parts = questions(tree)
    main = _main_part(tree, document.text or "", question_parts)
    text = _text(_with_heading(tree, main, title or ""))
    first, *others = text.split("\n\n")
    if title and first.split() == title.split():
        text = "\n\n".join(others)
    items = schema_questions(linked_data, _plain)
    text = with_questions(text, items)
    left_out["hidden part"] = closed
    left_out["script with data"] = unread_scripts(data_scripts, text)
    if len(text.split()) < _FEW_WORDS:
        left_out["script that may write text"] = other_scripts
    date = document.date and datetime.date.fromisoformat(document.date)
    return Extracted(
        text,
        title=title,
        date=stated_date(title, text) or date or None,
        source=source,
        language=language,
        # A heading that asks may stand above any text, unless it opens it.
        has_questions=bool(items)
        or any(has_accordion or element.tag not in HEADINGS for element in question_parts),
        remark=left_out_remark(left_out),
    )


def _page(data: bytes, name: str) -> str:
    declared = _DECLARED.search(data[:_DECLARED_WITHIN_BYTES])
    encoding = (declared[1] or declared[2]).decode("ascii") if declared else None
    # The parser gets characters, and must not see that another encoding is declared.
    return re.sub(r"\A\s*<\?xml[^>]*\?>", "", decoded(data, name, encoding))


def _tree(page: str, name: str) -> Any:
    import lxml.html  # noqa: PLC0415 - with trafilatura, a second to load

    parser = lxml.html.HTMLParser()
    try:
        tree = lxml.html.document_fromstring(page, parser=parser)
    except lxml.etree.ParserError as error:
        raise SourceError(f"{name}: there is no text in it.") from error
    if any(fault.type_name == "ERR_RESOURCE_LIMIT" for fault in parser.error_log):
        raise SourceError(f"{name}: its elements lie too deep in one another to be read whole.")
    return tree


def _data(tree: Any, media_type: str) -> list[str]:
    """Return the text of the scripts that hold data of a type."""
    return [
        script.text
        for script in tree.iter("script")
        if script.text and (script.get("type") or "").split(";")[0].strip().lower() == media_type
    ]


def _plain(written: str) -> str:
    """Return the text of a piece of HTML, in paragraphs of one line each."""
    paragraphs = (" ".join(p.split()) for p in fragment_text(written).split("\n\n"))
    return "\n\n".join(filter(None, paragraphs))


def fragment_text(written: str) -> str:
    """Return the text of a piece of HTML with its lines; plain text is returned unchanged.

    HTML that is written as text once more, as in data, is read too.
    """
    import lxml.html  # noqa: PLC0415

    text = written
    for _ in range(2):
        if not _TAG_OR_ENTITY.search(text):
            break
        try:
            plain = _CONTROLS.sub("", text)
            fragment = lxml.html.fragment_fromstring(plain, create_parent="div")
        except lxml.etree.ParserError:
            return ""
        _drop_unshown(fragment)
        _write_superscripts(fragment)
        text = _text(fragment)
    return text


def whole_text(data: bytes, name: str) -> str:
    """Return all the text of a page or chapter, without hidden parts and scripts.

    Raises:
        SourceError: the bytes are not text, or its elements lie too deep in one another.
    """
    tree = _tree(_page(data, name), name)
    _drop_unshown(tree)
    _write_superscripts(tree)
    return _text(tree)


def _write_superscripts(tree: Any) -> None:
    """Replace text set above or below the line, such as marks of notes."""
    for element in tree.xpath(_MAYBE_SUPERSCRIPT):
        if _is_subscript(element):
            align = subscript
        elif _is_superscript(element):
            align = superscript
        else:
            continue
        whole = element.text_content()
        if align(whole) == whole or len(whole) > _MARK_CHARS:
            continue
        for inner in element.iter():
            inner.text = align(inner.text) if inner.text else inner.text
            if inner is not element and inner.tail:
                inner.tail = align(inner.tail)


def _is_subscript(element: Any) -> bool:
    return element.tag == "sub" or "sub" in _ALIGNED.findall(element.get("style") or "")


def _is_superscript(element: Any) -> bool:
    """Return whether an element is set above the line, or refers to a note."""
    if element.tag == "sup" or "super" in _ALIGNED.findall(element.get("style") or ""):
        return True
    roles = f"{element.get('role') or ''} {element.get('epub:type') or ''}"
    if "noteref" in roles or _MARK_CLASS.search(element.get("class") or ""):
        return True
    is_link = element.tag == "a" and _NOTE_LINK.match(element.get("href") or "")
    return bool(is_link) and element.text_content().strip().isdecimal()


def _trafilatura(page: str) -> Any:
    """Return trafilatura's text of the main part, and the title and date of the page."""
    from trafilatura import bare_extraction  # noqa: PLC0415 - loads much
    from trafilatura.settings import Document  # noqa: PLC0415

    document = bare_extraction(
        page,
        favor_recall=True,
        include_comments=False,
        with_metadata=True,
        date_extraction_params={"extensive_search": False, "original_date": True},
    )
    return document or Document()


def _title(tree: Any, extracted: str | None) -> str | None:
    """Return the one top heading, unless the page's title shows it to be the site's name."""
    headings = [" ".join(heading.text_content().split()) for heading in tree.iter("h1")]
    page_title = " ".join(tree.xpath("string(//head/title)").split())
    is_of_page = len(headings) == 1 and (not page_title or page_title.startswith(headings[0]))
    return (headings[0] if is_of_page else None) or extracted or page_title or None


def _address(tree: Any) -> str | None:
    urls = [
        *tree.xpath("//link[@rel='canonical']/@href"),
        *tree.xpath("//meta[@property='og:url']/@content"),
    ]
    return next((str(url) for url in urls if re.match(r"https?://\S+$", str(url))), None)


def _drop_unshown(tree: Any) -> None:
    """Remove elements that show no text, and the boilerplate of a site's pages."""
    from lxml import etree  # noqa: PLC0415

    etree.strip_tags(tree, etree.Comment, etree.ProcessingInstruction, etree.Entity)
    marked = tree.xpath("//*[@hidden or @style or @role]")
    hidden = [e for e in marked if is_hidden(e) or e.get("role") in _BOILERPLATE_ROLES]
    for element in [*tree.iter(*_SILENT, *_BOILERPLATE), *hidden]:
        # One inside another that is gone already has gone with it; the root stays.
        if element.getparent() is not None:
            element.drop_tree()


def _main_part(tree: Any, extracted: str, question_parts: frozenset[Any]) -> Any:
    """Return the smallest element with nearly all of the extracted words and of the prose.

    Text inside ``question_parts``, questions and their answers, is prose however short it is.
    """
    words = extracted.split()
    runs = {
        tuple(words[i : i + length])
        for length in range(1, _RUN_WORDS + 1)
        for i in range(len(words) - length + 1)
    }
    extracted_words: Counter[Any] = Counter()
    prose_words: Counter[Any] = Counter()
    for element, piece in _pieces(tree):
        own = piece.split()
        is_extracted = all(
            tuple(own[i : i + _RUN_WORDS]) in runs for i in range(max(1, len(own) - _RUN_WORDS + 1))
        )
        holders = (element, *element.iterancestors())
        is_prose = len(own) >= _PROSE_WORDS or not question_parts.isdisjoint(holders)
        for holder in holders:
            extracted_words[holder] += is_extracted * len(own)
            prose_words[holder] += is_prose * len(own)
    main = tree
    while True:
        inner = next(
            (
                child
                for child in main
                if extracted_words[child] >= _MAIN_SHARE * extracted_words[tree]
                and prose_words[child] >= _MAIN_SHARE * prose_words[tree]
            ),
            None,
        )
        if inner is None or not extracted_words[inner] or inner.tag in {"p", "tr"}:
            return main
        main = inner


def _with_heading(tree: Any, main: Any, title: str) -> Any:
    """Return the main part, with the page's heading and its surroundings if they are short."""
    around = list(main.iterancestors())
    words = len(main.text_content().split())
    for heading in tree.iter("h1", "h2", "h3"):
        text = " ".join(heading.text_content().split())
        if text and text.lower() in title.lower():
            holders = set(heading.iterancestors())
            both = next((element for element in around if element in holders), None)
            if both is not None and len(both.text_content().split()) - words <= _HEADING_WORDS:
                return both
    return main


def _pieces(tree: Any) -> Iterator[tuple[Any, str]]:
    """Yield every stretch of text with its element."""
    for element in tree.iter():
        if element.text and not element.text.isspace():
            yield element, element.text
        parent = element.getparent()
        if parent is not None and element.tail and not element.tail.isspace():
            yield parent, element.tail


def _text(root: Any) -> str:
    """Return the text of an element, its parts separated by blank lines, lines and tabs."""
    from lxml import etree  # noqa: PLC0415

    written: list[str] = []
    preformatted = 0

    def write(text: str | None) -> None:
        plain = _CONTROLS.sub("", text or "")
        written.append(plain.replace("\n", _LINE) if preformatted else plain)

    for event, element in etree.iterwalk(root, events=("start", "end")):
        mark = _MARKS.get(element.tag, "")
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
