"""The closed parts of an HTML page: which belong to a question or a heading and are text.

Pages hide answers until a reader opens them. A hidden part is opened where a button, a heading, a
tab or a question stands for it; menus, dialogs and forms stay closed. What is left out is counted.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["HEADINGS", "is_question", "left_out", "open_panels", "questions"]

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_QUESTION_END = re.compile(r"[?？؟\u037e]\W*$")
# Parts of a page that are never what it says.
_BOILERPLATE = frozenset({"aside", "dialog", "footer", "nav", "template"})
_BOILERPLATE_ROLES = frozenset(
    """
    alert alertdialog banner complementary contentinfo dialog listbox menu menubar navigation search
    status tooltip
    """.split()
)
_BOILERPLATE_NAMES = re.compile(
    r"(?<![a-z])(?:cookies?|consent|gdpr|modal|popup|popover|tooltip|dropdown|offcanvas|lightbox"
    r"|(?:sub|mega|main)?-?menu|(?:main|sub|site|side|top)?-?nav(?:igation|bar)?|share|sharing|login"
    r"|newsletter|subscribe|search|toast|spinner|loader|print-only|error)(?![a-z])",
    re.IGNORECASE,
)
_ACCORDION_NAMES = re.compile(
    r"accord|collaps|toggle|expand|disclos|faq|answer|(?<![a-z])(?:panel|tab|question|q-?a)(?![a-z])",
    re.IGNORECASE,
)
_OPENER_NAMES = re.compile(r"accord|collaps|faq|question", re.IGNORECASE)
_FIELDS = ("input", "select", "textarea")
# More of a part's words in links than this make it a menu.
_LINKED_SHARE = 0.5
_ACCORDION_DEPTH = 3
# A title is near what it stands for, and short.
_SIBLINGS = 4
_TITLE_WORDS = 60
# Titles of parts that a page's own elements (``<x-accordion-item header="...">``) state so.
_TITLE_ATTRIBUTES = (
    "header",
    "heading",
    "question",
    "summary",
    "trigger",
    "details-title",
    "label",
)
_EMBEDDED = ("audio", "embed", "iframe", "object", "video")
_ICON_PIXELS = 64
_PROSE_WORDS = 15
# Of a copy, nearly all runs of so many words stand elsewhere; in few words that may be chance.
_RUN_WORDS = 4
_LEAST_RUNS = 6
_COPIED_SHARE = 0.9
_UNSHOWN = frozenset({"head", "noscript", "script", "style", "template"})


def open_panels(tree: Any) -> int:
    """Turn what stands for closed parts, and these, into plain elements.

    Returns how many hidden parts with text stay hidden, boilerplate aside.
    """
    parts = {element.get("id"): element for element in tree.xpath("//*[@id]")}
    controls = _controls(tree)
    _write_titles(tree)
    closed = _open_hidden(tree, controls)
    _label_panels(tree, parts, controls)
    for button in list(tree.iter("button")):
        if _stands_for_text(button, parts, controls):
            is_within = _within(button, *HEADINGS, "dt", "summary") is not None
            button.tag = "span" if is_within else "p"
    return closed


def questions(tree: Any) -> frozenset[Any]:
    """The elements that hold questions and their answers, after ``open_panels``."""
    found = set(tree.iter("details"))
    for element in tree.iter(*HEADINGS, "dt"):
        if is_question(_said(element)) and not _is_linked(element):
            found.add(element)
    for item in tree.xpath("//dl[dt]"):
        if any(is_question(_said(name)) for name in item.iter("dt")):
            found.add(item)
    found.update(element for element in tree.iter() if element.get(_OPENED) is not None)
    found.update(
        element for element in tree.xpath("//*[@itemtype or @typeof]") if _is_asked(element)
    )
    return frozenset(found)


def is_question(text: str) -> bool:
    """Return whether a text ends as a question does."""
    return bool(_QUESTION_END.search(text))


def _is_asked(element: Any) -> bool:
    """Return whether an element is a question of schema.org's, in microdata or RDFa."""
    kinds = f"{element.get('itemtype') or ''} {element.get('typeof') or ''}".split()
    return any(kind.rstrip("/").endswith("Question") for kind in kinds)


def left_out(tree: Any) -> Counter[str]:
    """The kinds of things in ``tree`` whose words cannot be read, and how many of each."""
    counts: Counter[str] = Counter()
    for element in tree.iter(*_EMBEDDED, "img"):
        if _is_boilerplate(element) or _is_hidden(element) or _is_small(element):
            continue
        if element.tag != "img":
            counts["embedded " + ("page" if element.tag == "iframe" else "file")] += 1
        elif element.get("alt") is None:
            counts["image without a description"] += 1
    for element in tree.iter("noscript"):
        if _words(element) >= _PROSE_WORDS:
            counts["part for browsers without scripts"] += 1
    return counts


# Marks an element that was opened; no page says it.
_OPENED = "data-qa-opened"


def _controls(tree: Any) -> dict[str, Any]:
    """What stands for a part of the page, by the part's id."""
    found: dict[str, Any] = {}
    for element in tree.xpath("//*[@aria-controls or @data-target or @data-bs-target or @href]"):
        for name in _controlled(element):
            found.setdefault(name, element)
    return found


def _controlled(element: Any) -> list[str]:
    """The ids of what an element opens."""
    named = (element.get("aria-controls") or "").split()
    targets = [element.get(name) or "" for name in ("data-target", "data-bs-target", "href")]
    return named + [target[1:] for target in targets if target[:1] == "#" and target[1:]]


def _write_titles(tree: Any) -> None:
    """Write out the titles that custom elements, and microdata's ``meta``, state as attributes."""
    for element in tree.xpath("//*[contains(name(), '-')]"):
        title = next(filter(None, map(element.get, _TITLE_ATTRIBUTES)), None)
        if title and len(title.split()) > 1 and _words(element) and title not in _said(element):
            _put_first(element, title)
            element.set(_OPENED, "")
    for meta in tree.xpath("//meta[@content and (@itemprop or @property)]"):
        name = meta.get("itemprop") or meta.get("property") or ""
        if name.endswith(("name", "text")) and _is_of_question(meta):
            meta.tag, meta.text = "p", meta.get("content")


def _is_of_question(element: Any) -> bool:
    return any(_is_asked(ancestor) for ancestor in element.iterancestors())


def _put_first(element: Any, text: str) -> None:
    from lxml.html import Element  # noqa: PLC0415

    written = Element("p")
    written.text, written.tail, element.text = text, element.text, None
    element.insert(0, written)


def _open_hidden(tree: Any, controls: dict[str, Any]) -> int:
    """Open what is hidden and belongs to a question or title; how many stay hidden with text."""
    closed = 0
    gone: set[Any] = set()
    shown: set[tuple[str, ...]] | None = None
    for element in tree.xpath("//*[@hidden or @style]"):
        if not _is_hidden(element) or not gone.isdisjoint(element.iterancestors()):
            continue
        if _is_content(element) and _belongs(element, controls):
            shown = _runs(_shown(tree)) if shown is None else shown
            if _is_shown(element, shown):
                gone.add(element)
                continue
            element.attrib.pop("hidden", None)
            element.attrib.pop("style", None)
            element.set(_OPENED, "")
        elif (element.get("hidden") or "").lower() != "until-found":
            gone.add(element)
            closed += _is_text(element) and not _is_boilerplate(element)
        else:
            element.attrib.pop("hidden")
    return closed


def _shown(tree: Any) -> Iterator[str]:
    """The words that a page shows before anything is opened."""
    from lxml import etree  # noqa: PLC0415

    walk = etree.iterwalk(tree, events=("start", "end"))
    for event, element in walk:
        if event == "start" and (element.tag in _UNSHOWN or _is_hidden(element)):
            walk.skip_subtree()
        elif event == "start":
            yield from (element.text or "").split()
        if event == "end":
            yield from (element.tail or "").split()


def _runs(words: Iterable[str]) -> set[tuple[str, ...]]:
    """Every few words that follow one another."""
    found = list(words)
    return {tuple(found[i : i + _RUN_WORDS]) for i in range(len(found) - _RUN_WORDS + 1)}


def _is_shown(element: Any, shown: set[tuple[str, ...]]) -> bool:
    """Return whether a hidden part is a copy of what the page shows, as for narrow screens."""
    own = _runs(word for text in element.itertext() for word in text.split())
    return len(own) > _LEAST_RUNS and len(own & shown) >= _COPIED_SHARE * len(own)


def _is_hidden(element: Any) -> bool:
    return element.get("hidden") is not None or bool(_HIDDEN.search(element.get("style") or ""))


def _is_content(element: Any) -> bool:
    """Return whether it holds text, and not a menu, a dialog or a form."""
    has_fields = next(element.iter(*_FIELDS), None) is not None
    return _is_text(element) and not has_fields and not _is_boilerplate(element)


def _is_text(element: Any) -> bool:
    """Return whether it holds words, and these are not links for the most part."""
    words = _words(element)
    linked = sum(_words(link) for link in element.iter("a"))
    return words > 0 and linked <= _LINKED_SHARE * words


def _is_boilerplate(element: Any) -> bool:
    if _BOILERPLATE_NAMES.search(_names(element)):
        return True
    return any(
        holder.tag in _BOILERPLATE or holder.get("role") in _BOILERPLATE_ROLES
        for holder in (element, *element.iterancestors())
    )


def _belongs(element: Any, controls: dict[str, Any]) -> bool:
    """Return whether a question, a heading, a tab or a button stands for a hidden part."""
    control = controls.get(element.get("id") or "")
    if control is not None and not _is_boilerplate(control):
        return True
    if element.get("role") == "tabpanel" or element.get("aria-labelledby"):
        return True
    if _is_of_question(element) or _is_asked(element) or element.tag in {"dd", "dt"}:
        return True
    if any(is_question(_said(name)) for name in element.iter(*HEADINGS, "dt", "summary")):
        return True
    near = (element, *_first_ancestors(element))
    if any(_ACCORDION_NAMES.search(_names(holder)) for holder in near):
        return True
    before = list(itertools.islice(element.itersiblings(preceding=True), _SIBLINGS))
    titles = [sibling for sibling in before if 0 < _words(sibling) <= _TITLE_WORDS]
    return bool(titles) and _opens(titles[0])


def _first_ancestors(element: Any) -> Iterator[Any]:
    for number, holder in enumerate(element.iterancestors()):
        if number == _ACCORDION_DEPTH or holder.tag in {"main", "article", "body"}:
            return
        yield holder


def _opens(element: Any) -> bool:
    """Return whether it is a title, a question, or something to press."""
    if element.tag in {*HEADINGS, "button", "dt", "label", "summary"}:
        return True
    if element.tag == "a" and re.match(r"#|javascript:", element.get("href") or "#"):
        return True
    pressed = "descendant-or-self::*[@aria-expanded or @role='button' or self::button]"
    return is_question(_said(element)) or bool(element.xpath(pressed))


def _label_panels(tree: Any, parts: dict[str, Any], controls: dict[str, Any]) -> None:
    """Put the label of a tab before what it shows."""
    for tab in tree.xpath("//*[@role='tab']"):
        panel = next(_opened_by(tab, parts, controls), None)
        label = _said(tab)
        if panel is None or not label or tab in {panel, *panel.iterdescendants(tab.tag)}:
            continue
        if _is_content(panel):
            if not _said(panel).startswith(label):
                _put_first(panel, label)
            panel.set(_OPENED, "")
            tab.drop_tree()


def _stands_for_text(button: Any, parts: dict[str, Any], controls: dict[str, Any]) -> bool:
    """Return whether a button is the title of a part, and not a thing to do."""
    said = _said(button)
    if not said or _is_boilerplate(button):
        return False
    if is_question(said):
        return True
    is_opener = (
        button.get("aria-expanded") is not None
        or bool(_controlled(button))
        or bool(_OPENER_NAMES.search(_names(button)))
    )
    heading = _within(button, *HEADINGS, "dt", "summary")
    if heading is not None and (is_opener or _said(heading) == said):
        return True
    opened = _opened_by(button, parts, controls) if _controlled(button) else _after(button)
    return is_opener and any(map(_is_content, opened))


def _opened_by(control: Any, parts: dict[str, Any], controls: dict[str, Any]) -> Iterator[Any]:
    """The parts that a control is the first to open."""
    for name in _controlled(control):
        if name in parts and controls.get(name) is control:
            yield parts[name]


def _after(button: Any) -> Iterator[Any]:
    """What follows a button: the part it opens, where no id says which."""
    for holder in (button, button.getparent()):
        following = holder.getnext() if holder is not None else None
        if following is not None:
            yield following
            return


def _within(element: Any, *tags: str) -> Any:
    return next(element.iterancestors(*tags), None)


def _is_linked(element: Any) -> bool:
    """Return whether its words are a link to another page."""
    links = [a for a in element.iter("a") if not (a.get("href") or "#").startswith("#")]
    return sum(map(_words, links)) > _LINKED_SHARE * _words(element)


def _is_small(element: Any) -> bool:
    sizes = [element.get(name) or "" for name in ("width", "height")]
    return any(size.isdecimal() and int(size) <= _ICON_PIXELS for size in sizes)


def _names(element: Any) -> str:
    return f"{element.get('id') or ''} {element.get('class') or ''}"


def _said(element: Any) -> str:
    return " ".join(element.text_content().split()) if isinstance(element.tag, str) else ""


def _words(element: Any) -> int:
    return len(element.text_content().split()) if isinstance(element.tag, str) else 0
