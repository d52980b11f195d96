"""Types of settings that need more than a range: colours, pictures, addresses and their parts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
)

__all__ = [
    "PICTURES",
    "Accent",
    "DatabasePlace",
    "Link",
    "Logo",
    "MilvusName",
    "MilvusUri",
    "Origins",
    "PublicUrl",
    "RedisUrl",
    "SecurityContact",
]

# Pictures that can be a logo, and what browsers call them.
PICTURES = {".svg": "image/svg+xml", ".png": "image/png"}
# WCAG 2.2, for text.
_LEAST_CONTRAST = 4.5
_PORTS = 65_535
# Below it a channel's light grows with its value (IEC 61966-2-1).
_LINEAR_BELOW = 0.04045
# Scheme, host and port of a page, as browsers send it; nothing that could end a header's value.
_ORIGIN = r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?"
# Addresses of what servers share. The end of a password must be beyond doubt, or a part of
# it would be shown as the host that cannot be reached.
_REDIS = (
    r"(redis|rediss|redis\+sentinel|redis\+cluster)://([^\s/@?#]*@)?[^\s/@?#]+:[0-9]{1,5}"
    r"(/[^\s/@?#]*)?(\?[^\s@#]*)?"
)
_DATABASE = (
    r"postgresql(\+psycopg)?://([^\s/@?#]*@)?[^\s/@?#]*/[^\s/@?#]+(\?[^\s@#]*)?|sqlite:///\S+"
)
_ESCAPES = "in a password write @ as %40, / as %2F, ? as %3F, # as %23"
# Visible ASCII only, so that no value can add a line of its own.
_CONTACT = "^(https://|mailto:|tel:)[!-~]+$"


class Link(BaseModel):
    """A link at the foot of a page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(min_length=1)
    url: str = Field(pattern="^(https?://|mailto:|/)[^\\s]*$")


class SecurityContact(BaseModel):
    """The contact for reports of vulnerabilities, as ``security.txt`` gives it (RFC 9116)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contact: tuple[Annotated[str, Field(pattern=_CONTACT)], ...] = Field(min_length=1)
    policy: str | None = Field(None, pattern="^https://[!-~]+$")
    languages: tuple[Annotated[str, Field(pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$")], ...] = ()


def _readable_colour(colour: str) -> str:
    """Return a colour on which white can be read, in small letters."""
    if not re.fullmatch("#[0-9a-fA-F]{6}", colour):
        raise ValueError("not a colour like #1d4ed8")
    contrast = 1.05 / (_luminance(colour) + 0.05)
    if contrast < _LEAST_CONTRAST:
        raise ValueError(
            f"white on it has a contrast of {contrast:.1f} to 1, {_LEAST_CONTRAST} is needed: "
            "take a darker one"
        )
    return colour.lower()


def _luminance(colour: str) -> float:
    """Relative luminance of a colour, 0 to 1 (WCAG 2.2)."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    r, g, b = (c / 12.92 if c <= _LINEAR_BELOW else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _picture(logo: Path | None) -> Path | None:
    if logo is not None and (logo.suffix not in PICTURES or not logo.is_file()):
        raise ValueError(f"not a file that ends in {' or '.join(PICTURES)}")
    return logo


def _web_address(url: str | None) -> str | None:
    if url is not None and not re.fullmatch(f"{_ORIGIN}(/[A-Za-z0-9._~/-]*)?", url):
        raise ValueError("not an address like https://ask.example.org/record")
    return url.rstrip("/") if url else None


def _server_address(uri: str) -> str:
    """Return an address without user and password: error messages show it."""
    match = re.fullmatch(r"(https?://(\[[0-9A-Fa-f:.]+\]|[\w.-]+)):(\d{1,5})/?", uri, re.ASCII)
    if not match or int(match[3]) > _PORTS:
        raise ValueError(
            "not an address like https://milvus.example.org:19530, with its port; a user and "
            "a password belong into milvus_token"
        )
    return uri.rstrip("/")


def _collection_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w{0,63}", name, re.ASCII):
        raise ValueError("not a name of letters, digits and _, at most 64, no digit first")
    return name


def _redis(url: SecretStr | None) -> SecretStr | None:
    if url is not None and not re.fullmatch(_REDIS, url.get_secret_value()):
        raise ValueError(
            "not an address like redis://user:password@host:6379/0 (or rediss:// for TLS); "
            f"{_ESCAPES}"
        )
    return url


def _file_or_database(place: object) -> object:
    """Return the path of a file, or a database's address as a secret: it may hold a password."""
    if not isinstance(place, str):
        return place
    if "://" not in place:
        return Path(place)
    if not re.fullmatch(_DATABASE, place):
        raise ValueError(
            "not a file, nor an address like postgresql+psycopg://user:password@host/name; "
            f"{_ESCAPES}"
        )
    return SecretStr(place)


def _origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    for origin in origins:
        if not re.fullmatch(_ORIGIN, origin):
            raise ValueError(f"{origin!r} is not an origin like https://www.example.org")
    return origins


Accent = Annotated[str, AfterValidator(_readable_colour)]
Logo = Annotated[Path | None, AfterValidator(_picture)]
PublicUrl = Annotated[str | None, AfterValidator(_web_address)]
MilvusUri = Annotated[str, AfterValidator(_server_address)]
MilvusName = Annotated[str, AfterValidator(_collection_name)]
RedisUrl = Annotated[SecretStr | None, AfterValidator(_redis)]
DatabasePlace = Annotated[Path | SecretStr | None, BeforeValidator(_file_or_database)]
Origins = Annotated[tuple[str, ...], AfterValidator(_origins)]
