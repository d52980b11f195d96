"""A conversation that a browser sends back, made safe to show again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from qa.answer.ask import clean
from qa.web.server.payloads import Message
from qa.web.ui.render import is_answer, message_html, message_text

__all__ = [
    "KEPT_MESSAGES",
    "ChatMessage",
    "is_own_html",
    "message",
    "previous_questions",
    "sanitized",
]

# Messages kept of a conversation. The page sends them with every question, so they are limited.
KEPT_MESSAGES = 24
# Previous questions that a follow-up may refer to.
_MOST_PREVIOUS = 3

# HTML of the templates: these elements, these attributes in double quotes, and text without "<".
# Nothing in it runs, loads or submits anything. The expression never backtracks.
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
_OWN_HTML = re.compile(
    rf"""(?=<div\ class="qa-(?:message|answer)[" ])
    (?> [^<]++ | </(?:{_TAGS})> | <(?:{_TAGS}){_ATTRIBUTE}*+> )*+""",
    re.VERBOSE,
)

# The HTML of a question: text and line breaks.
_QUESTION = re.compile(r'<div class="qa-message" dir="auto">(?:[^<]++|<br>)*+</div>')
# A message of the chat: role and HTML.
ChatMessage = dict[str, str]


def message(role: str, html: str) -> ChatMessage:
    """Return a message of the conversation."""
    return {"role": role, "content": html}


def sanitized(messages: Sequence[Message]) -> list[ChatMessage]:
    """Return the last messages of a conversation as harmless HTML.

    Questions are text, answers are HTML of the templates. Any other HTML is escaped.
    """
    return [message(m.role, _safe(m.role, clean(m.text))) for m in messages[-KEPT_MESSAGES:]]


def previous_questions(messages: Sequence[ChatMessage]) -> list[str]:
    """Return the last questions of a conversation that were answered, oldest first."""
    pairs = pairwise(message["content"] for message in messages)
    questions = [message_text(html) for html, answer in pairs if is_answer(answer)]
    return questions[-_MOST_PREVIOUS:]


def _safe(role: str, html: str) -> str:
    if role == "assistant" and is_own_html(html):
        return html
    return html if _QUESTION.fullmatch(html) and not _has_blank_line(html) else message_html(html)


def is_own_html(html: str) -> bool:
    """Return whether the templates could have made this HTML, without blank lines."""
    return not _has_blank_line(html) and _OWN_HTML.fullmatch(html) is not None


def _has_blank_line(html: str) -> bool:
    return any(not line.strip() for line in html.replace("\r", "\n").split("\n"))
