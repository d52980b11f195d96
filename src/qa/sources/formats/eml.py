"""E-mail (EML): the message's text, subject and day."""

from __future__ import annotations

import datetime
import email
import email.policy
from email.message import EmailMessage, MIMEPart
from email.utils import parsedate_to_datetime

from qa.errors import SourceError
from qa.sources.formats.encodings import decoded
from qa.sources.formats.extracted import Extracted
from qa.sources.formats.format import Format
from qa.sources.formats.html import whole_text

__all__ = ["eml"]

_HEADERS = ("From", "To", "Date", "Subject", "Content-Type", "Received", "Message-ID")
_LEAST_HEADERS = 2
_SHOWN_NAMES = 5


def eml(data: bytes, name: str) -> Extracted:
    """Return the message as plain text if it has that, else that of its HTML.

    Raises:
        SourceError: it is no message, is encrypted, or its text is in no encoding read here.
    """
    message = email.message_from_bytes(data.lstrip(b"\r\n"), policy=email.policy.default)
    if not isinstance(message, EmailMessage) or (
        sum(header in message for header in _HEADERS) < _LEAST_HEADERS
    ):
        raise SourceError(f"{name}: no e-mail (it has no From, Date or Subject lines).")
    if message.get_content_type() in {"multipart/encrypted", "application/pkcs7-mime"}:
        raise SourceError(f"{name}: an encrypted e-mail: save it decrypted.")
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        raise SourceError(f"{name}: there is no text in it, only {message.get_content_type()}.")
    return Extracted(
        _text(body, name).strip("\n"),
        title=" ".join(str(message["Subject"] or "").split()) or None,
        date=_day(message, name),
        remark=_remark(message, body),
    )


def _text(body: MIMEPart, name: str) -> str:
    content = body.get_payload(decode=True)
    if not isinstance(content, bytes):
        raise SourceError(f"{name}: its text is broken.")
    if body.get_content_type() == "text/html":
        charset = body.get_content_charset()
        return whole_text(decoded(content, name, charset).encode(), name)
    text = decoded(content, name, body.get_content_charset())
    return _reflowed(text) if body.get_param("format") == "flowed" else text


def _reflowed(text: str) -> str:
    """Return text whose lines that end in a space go on in the next (RFC 3676)."""
    lines: list[str] = []
    is_flowed = False
    for line in text.split("\n"):
        own = line.removeprefix(" ")
        if is_flowed and not own.startswith(">"):
            lines[-1] += own
        else:
            lines.append(own)
        is_flowed = own.endswith(" ") and own != "-- " and not own.startswith(">")
    return "\n".join(lines)


def _day(message: EmailMessage, name: str) -> datetime.date | None:
    """Return the day on which it was sent, in the sender's time zone."""
    header = message["Date"]
    if not header:
        return None
    try:
        return parsedate_to_datetime(str(header)).date()
    except ValueError as error:
        raise SourceError(f"{name}: its Date {str(header)[:60]!r} is none: correct it.") from error


def _remark(message: EmailMessage, body: MIMEPart) -> str:
    """Name attachments and other parts that are not in the text."""
    others = [
        part.get_filename() or part.get_content_type()
        for part in message.walk()
        if part is not body and not part.is_multipart() and not _is_other_form(part, body)
    ]
    if not others:
        return ""
    shown = ", ".join(" ".join(other.split())[:60] for other in others[:_SHOWN_NAMES])
    more = len(others) - _SHOWN_NAMES
    return f"left out: {shown}" + (f", {more} more" if more > 0 else "")


def _is_other_form(part: MIMEPart, body: MIMEPart) -> bool:
    """Return whether a part is the HTML of a message that is plain text too."""
    is_html = part.get_content_type() == "text/html" and body.get_content_type() == "text/plain"
    return is_html and part.get_content_disposition() != "attachment"


FORMATS = (
    Format(
        eml,
        {".eml": ("message/rfc822",)},
        "the message as plain text, or else its HTML",
        "subject, day",
    ),
)
