"""``/.well-known/security.txt``: contacts for reports of vulnerabilities (RFC 9116)."""

from __future__ import annotations

import datetime
from urllib.parse import urlsplit

from qa.settings import SecurityContact

__all__ = ["PATH", "security_txt"]

PATH = "/.well-known/security.txt"
# RFC 9116 asks for less than a year. The server renews the date every day, so a month is enough
# for copies.
_VALID_DAYS = 30


def security_txt(security: SecurityContact, public_url: str | None, today: datetime.date) -> str:
    """Return the file: contacts in order of preference, and its expiry.

    If the public address has TLS, the file names its own address, at the host's root.
    """
    expires = today + datetime.timedelta(days=_VALID_DAYS)
    lines = [f"Contact: {contact}" for contact in security.contact]
    lines.append(f"Expires: {expires.isoformat()}T00:00:00Z")
    if security.languages:
        lines.append(f"Preferred-Languages: {', '.join(security.languages)}")
    if public_url and urlsplit(public_url).scheme == "https":
        lines.append(f"Canonical: https://{urlsplit(public_url).netloc}{PATH}")
    if security.policy:
        lines.append(f"Policy: {security.policy}")
    return "\n".join(lines) + "\n"
