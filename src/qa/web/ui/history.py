"""A conversation as a browser sends it back, made safe to show again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from qa.answer.ask import clean
from qa.web.server.payloads import Message
from qa.web.ui.render import is_answer, message_html, message_text

__all__ = ["KEPT_MESSAGES", "Shown", "asked_before", "is_ours", "message", "shown_again"]

# Messages kept of a conversation; they travel with every question, whose length is limited.
KEPT_MESSAGES = 24
# Questions before that may bear on the next one.
_PREVIOUS = 3

# The HTML that our templates make: these elements, these attributes in double quotes, and text
# without "<". Nothing in it runs, loads or submits anything. The expression never backtracks.
_TAGS = (
    "article|bdi|blockquote|br|button|cite|details|div|footer|header|h2|input|label|li|mark|p|pre"
    "|span|summary|time|ul|a"
)
_ATTRIBUTE = r"""(?>
    [ \n]+(?:open|hidden)(?=[\s>])
  | [ \n]+href="(?:https?://|/(?![/\\])|\?)[^"<>]*+"
  | [ \n]+id="asked-[0-9a-f]{32}"
  | [ \n]+class="qa-[a-z_ -]*+"
  | [ \n]+type="(?:button|text)"
  | [ \n]+target="_blank"
  | [ \n]+(?:aria-hidden|datetime|dir|lang|maxlength|rel|role|title|value)="[^"<>]*+"
)"""
_OURS = re.compile(
    rf"""(?=<div\ class="qa-(?:message|answer)[" ])
    (?> [^<]++ | </(?:{_TAGS})> | <(?:{_TAGS}){_ATTRIBUTE}*+> )*+""",
    re.VERBOSE,
)

# The HTML of a question: text and line breaks.
_ASKED = re.compile(r'<div class="qa-message" dir="auto">(?:[^<]++|<br>)*+</div>')
# A message as the chat shows and keeps it: role, and HTML.
Shown = dict[str, str]


def message(role: str, html: str) -> Shown:
    """Return a message of the conversation."""
    return {"role": role, "content": html}


def shown_again(messages: Sequence[Message]) -> list[Shown]:
    """Return the last messages of a conversation as HTML that can do no harm.

    What a visitor asked is text; what the record answered is HTML that our templates make. Any
    other HTML is shown as the text it is.
    """
    return [message(m.role, _safe(m.role, clean(m.text))) for m in messages[-KEPT_MESSAGES:]]


def asked_before(messages: Sequence[Shown]) -> list[str]:
    """Return the last questions of a conversation that were answered, oldest first."""
    pairs = pairwise(shown["content"] for shown in messages)
    asked = [message_text(said) for said, answer in pairs if is_answer(answer)]
    return asked[-_PREVIOUS:]


def _safe(role: str, html: str) -> str:
    if role == "assistant" and is_ours(html):
        return html
    return html if _ASKED.fullmatch(html) and not _has_blank_line(html) else message_html(html)


def is_ours(html: str) -> bool:
    """Tell whether HTML is such as our templates make, in which Markdown finds no end."""
    return not _has_blank_line(html) and _OURS.fullmatch(html) is not None


def _has_blank_line(html: str) -> bool:
    return any(not line.strip() for line in html.replace("\r", "\n").split("\n"))
