"""Accordions, tabs and other hidden parts of an HTML page that hold text.

Pages hide answers until a visitor opens them. A hidden part is opened where a button, a heading, a
tab or a question controls it; menus, dialogs and forms stay closed. Parts left out are counted.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["HEADINGS", "is_hidden", "open_panels", "questions", "unreadable_parts"]

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_QUESTION_END = re.compile(r"[?？؟\u037e]\W*$")
# Parts of a page that are never its content.
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
_CONTROL_NAMES = re.compile(r"accord|collaps|faq|question", re.IGNORECASE)
_FIELDS = ("input", "select", "textarea")
# More of a part's words in links than this make it a menu.
_LINKED_SHARE = 0.5
_ACCORDION_DEPTH = 3
# A title is short, and near the part that it stands for.
_SIBLINGS = 4
_TITLE_WORDS = 60
# Attributes in which custom elements (``<x-accordion-item header="...">``) state a title.
_TITLE_ATTRIBUTES = "header heading question summary trigger details-title label".split()
_EMBEDDED = ("audio", "embed", "iframe", "object", "video")
_ICON_PIXELS = 64
_PROSE_WORDS = 15
# Nearly all runs of words of a copy occur elsewhere; of a few words that may be chance.
_RUN_WORDS = 4
_LEAST_RUNS = 6
_COPIED_SHARE = 0.9
_UNSHOWN = frozenset({"head", "noscript", "script", "style", "template"})
# Marks an element that was opened; no page has this attribute.
_OPENED = "data-qa-opened"


def open_panels(tree: Any) -> int:
    """Turn closed parts and their controls into plain elements.

    Returns the number of parts with text that stay hidden, without boilerplate.
    """
    parts = {element.get("id"): element for element in tree.xpath("//*[@id]")}
    controls = _controls(tree)
    _write_titles(tree)
    closed = _open_hidden(tree, controls)
    _label_panels(tree, parts, controls)
    for button in list(tree.iter("button")):
        if _stands_for_text(button, parts, controls):
            button.tag = "p" if _title_around(button) is None else "span"
    return closed


def questions(tree: Any) -> frozenset[Any]:
    """Return the elements that hold questions and their answers, after ``open_panels``."""
    return frozenset(
        [
            *tree.iter("details"),
            *(e for e in tree.iter(*HEADINGS, "dt") if _asks(e) and not _is_linked(e)),
            *(e for e in tree.xpath("//dl[dt]") if any(map(_asks, e.iter("dt")))),
            *tree.xpath(f"//*[@{_OPENED}]"),
            *filter(_is_schema_question, tree.xpath("//*[@itemtype or @typeof]")),
        ]
    )


def _asks(element: Any) -> bool:
    return bool(_QUESTION_END.search(_text(element)))


def _is_schema_question(element: Any) -> bool:
    """Return whether an element is a question of schema.org, in microdata or RDFa."""
    kinds = f"{element.get('itemtype') or ''} {element.get('typeof') or ''}".split()
    return any(kind.rstrip("/").endswith("Question") for kind in kinds)


def unreadable_parts(tree: Any) -> Counter[str]:
    """Count the parts of a page whose words cannot be read, by the noun for their kind."""
    counts: Counter[str] = Counter()
    for element in tree.iter(*_EMBEDDED, "img"):
        if _is_boilerplate(element) or is_hidden(element) or _is_small(element):
            continue
        if element.tag != "img":
            counts["embedded " + ("page" if element.tag == "iframe" else "file")] += 1
        elif element.get("alt") is None:
            counts["image without a description"] += 1
    for element in tree.iter("noscript"):
        if _words(element) >= _PROSE_WORDS:
            counts["part for browsers without scripts"] += 1
    return counts


def _controls(tree: Any) -> dict[str, Any]:
    """Return the first element that controls each part of the page, by the part's id."""
    controls: dict[str, Any] = {}
    for element in tree.xpath("//*[@aria-controls or @data-target or @data-bs-target or @href]"):
        for name in _controlled_ids(element):
            controls.setdefault(name, element)
    return controls


def _controlled_ids(element: Any) -> list[str]:
    ids = (element.get("aria-controls") or "").split()
    targets = [element.get(name) or "" for name in ("data-target", "data-bs-target", "href")]
    return ids + [target[1:] for target in targets if target[:1] == "#" and target[1:]]


def _write_titles(tree: Any) -> None:
    """Turn titles in attributes of custom elements and of microdata's ``meta`` into text."""
    for element in tree.xpath("//*[contains(name(), '-')]"):
        title = next(filter(None, map(element.get, _TITLE_ATTRIBUTES)), None)
        if title and len(title.split()) > 1 and _words(element) and title not in _text(element):
            _put_first(element, title)
            element.set(_OPENED, "")
    for meta in tree.xpath("//meta[@content and (@itemprop or @property)]"):
        name = meta.get("itemprop") or meta.get("property") or ""
        if name.endswith(("name", "text")) and _is_of_question(meta):
            meta.tag, meta.text = "p", meta.get("content")


def _is_of_question(element: Any) -> bool:
    return any(map(_is_schema_question, element.iterancestors()))


def _put_first(element: Any, text: str) -> None:
    from lxml.html import Element  # noqa: PLC0415

    written = Element("p")
    written.text, written.tail, element.text = text, element.text, None
    element.insert(0, written)


def _open_hidden(tree: Any, controls: dict[str, Any]) -> int:
    """Open hidden parts of questions and titles; return how many with text stay hidden."""
    closed = 0
    skipped: set[Any] = set()
    shown: set[tuple[str, ...]] | None = None
    for element in tree.xpath("//*[@hidden or @style]"):
        if not is_hidden(element) or not skipped.isdisjoint(element.iterancestors()):
            continue
        if _is_content(element) and _belongs(element, controls):
            shown = _runs(_shown_words(tree)) if shown is None else shown
            if _is_copy(element, shown):
                skipped.add(element)
                continue
            element.attrib.pop("hidden", None)
            element.attrib.pop("style", None)
            element.set(_OPENED, "")
        elif (element.get("hidden") or "").lower() != "until-found":
            skipped.add(element)
            closed += _is_text(element) and not _is_boilerplate(element)
        else:
            element.attrib.pop("hidden")
    return closed


def _shown_words(tree: Any) -> Iterator[str]:
    """Yield the words that a page shows before anything is opened."""
    from lxml import etree  # noqa: PLC0415

    walk = etree.iterwalk(tree, events=("start", "end"))
    for event, element in walk:
        if event == "start" and (element.tag in _UNSHOWN or is_hidden(element)):
            walk.skip_subtree()
        elif event == "start":
            yield from (element.text or "").split()
        if event == "end":
            yield from (element.tail or "").split()


def _runs(words: Iterable[str]) -> set[tuple[str, ...]]:
    listed = list(words)
    return {tuple(listed[i : i + _RUN_WORDS]) for i in range(len(listed) - _RUN_WORDS + 1)}


def _is_copy(element: Any, shown: set[tuple[str, ...]]) -> bool:
    """Return whether a hidden part repeats text that the page shows, as for narrow screens."""
    own = _runs(word for text in element.itertext() for word in text.split())
    return len(own) > _LEAST_RUNS and len(own & shown) >= _COPIED_SHARE * len(own)


def is_hidden(element: Any) -> bool:
    """Return whether an element's own attributes hide it."""
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
    """Return whether a question, a heading, a tab or a button controls a hidden part."""
    control = controls.get(element.get("id") or "")
    if control is not None and not _is_boilerplate(control):
        return True
    if element.get("role") == "tabpanel" or element.get("aria-labelledby"):
        return True
    if _is_of_question(element) or _is_schema_question(element) or element.tag in {"dd", "dt"}:
        return True
    if any(map(_asks, element.iter(*HEADINGS, "dt", "summary"))):
        return True
    near = (element, *_first_ancestors(element))
    if any(_ACCORDION_NAMES.search(_names(holder)) for holder in near):
        return True
    before = list(itertools.islice(element.itersiblings(preceding=True), _SIBLINGS))
    titles = [sibling for sibling in before if 0 < _words(sibling) <= _TITLE_WORDS]
    return bool(titles) and _is_title(titles[0])


def _first_ancestors(element: Any) -> Iterator[Any]:
    for number, holder in enumerate(element.iterancestors()):
        if number == _ACCORDION_DEPTH or holder.tag in {"main", "article", "body"}:
            return
        yield holder


def _is_title(element: Any) -> bool:
    """Return whether an element is a heading, a question, or something to press."""
    if element.tag in {*HEADINGS, "button", "dt", "label", "summary"}:
        return True
    if element.tag == "a" and re.match(r"#|javascript:", element.get("href") or "#"):
        return True
    pressed = "descendant-or-self::*[@aria-expanded or @role='button' or self::button]"
    return _asks(element) or bool(element.xpath(pressed))


def _label_panels(tree: Any, parts: dict[str, Any], controls: dict[str, Any]) -> None:
    """Move the label of each tab to the beginning of its panel."""
    for tab in tree.xpath("//*[@role='tab']"):
        panel = next(_opened_by(tab, parts, controls), None)
        label = _text(tab)
        if panel is None or not label or tab in {panel, *panel.iterdescendants(tab.tag)}:
            continue
        if _is_content(panel):
            if not _text(panel).startswith(label):
                _put_first(panel, label)
            panel.set(_OPENED, "")
            tab.drop_tree()


def _stands_for_text(button: Any, parts: dict[str, Any], controls: dict[str, Any]) -> bool:
    """Return whether a button is the title of a part, and not an action."""
    text = _text(button)
    if not text or _is_boilerplate(button):
        return False
    if _asks(button):
        return True
    is_control = (
        button.get("aria-expanded") is not None
        or bool(_controlled_ids(button))
        or bool(_CONTROL_NAMES.search(_names(button)))
    )
    title = _title_around(button)
    if title is not None and (is_control or _text(title) == text):
        return True
    opened = _opened_by(button, parts, controls) if _controlled_ids(button) else _after(button)
    return is_control and any(map(_is_content, opened))


def _opened_by(control: Any, parts: dict[str, Any], controls: dict[str, Any]) -> Iterator[Any]:
    """Yield the parts that a control is the first to open."""
    for name in _controlled_ids(control):
        if name in parts and controls.get(name) is control:
            yield parts[name]


def _after(button: Any) -> Iterator[Any]:
    """Yield the element after a button: the part it opens where it names none."""
    for holder in (button, button.getparent()):
        following = holder.getnext() if holder is not None else None
        if following is not None:
            yield following
            return


def _title_around(element: Any) -> Any:
    return next(element.iterancestors(*HEADINGS, "dt", "summary"), None)


def _is_linked(element: Any) -> bool:
    """Return whether most of its words are links to another page."""
    links = [a for a in element.iter("a") if not (a.get("href") or "#").startswith("#")]
    return sum(map(_words, links)) > _LINKED_SHARE * _words(element)


def _is_small(element: Any) -> bool:
    sizes = [element.get(name) or "" for name in ("width", "height")]
    return any(size.isdecimal() and int(size) <= _ICON_PIXELS for size in sizes)


def _names(element: Any) -> str:
    return f"{element.get('id') or ''} {element.get('class') or ''}"


def _text(element: Any) -> str:
    return " ".join(element.text_content().split()) if isinstance(element.tag, str) else ""


def _words(element: Any) -> int:
    return len(_text(element).split())
