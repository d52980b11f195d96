"""Settings: ``qa.toml``, then ``QA_*`` variables, then command-line flags; the later wins."""

from __future__ import annotations

import datetime
import json
import os
import re
import tomllib
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

import platformdirs
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    ValidationError,
    field_validator,
)

from qa.errors import SettingsError

__all__ = [
    "ANSWER_SETTINGS",
    "CORPUS_URL",
    "DEFAULT_CONFIG",
    "INDEX_SETTINGS",
    "OTHER_SETTINGS",
    "PICTURES",
    "Link",
    "SecurityContact",
    "Settings",
]

DEFAULT_CONFIG = Path("qa.toml")
_PREFIX = "QA_"
# An address that fsspec may know. One letter is a drive of Windows.
CORPUS_URL = "^[A-Za-z][A-Za-z0-9+.-]+://.+$"
# Former names of settings, still taken, each with the name of today.
_FORMER_NAMES = {"reader": "reranker"}
# Pictures that can be a logo, and what browsers call them.
PICTURES = {".svg": "image/svg+xml", ".png": "image/png"}
_READABLE = 4.5
_PORTS = 65_535
# Below it a channel's light grows with its value (IEC 61966-2-1).
_LINEAR_BELOW = 0.04045
# Scheme, host and port of a page, as browsers send it; nothing that could end a header's value.
_ORIGIN = r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?"
# Addresses of what servers share. Where a password is told from a host must be beyond doubt, or
# a part of it would be shown as the host that cannot be reached.
_REDIS = (
    r"(redis|rediss|redis\+sentinel|redis\+cluster)://([^\s/@?#]*@)?[^\s/@?#]+:[0-9]{1,5}"
    r"(/[^\s/@?#]*)?(\?[^\s@#]*)?"
)
_DATABASE = (
    r"postgresql(\+psycopg)?://([^\s/@?#]*@)?[^\s/@?#]*/[^\s/@?#]+(\?[^\s@#]*)?|sqlite:///\S+"
)

# Visible ASCII only, so that no value can add a line of its own.
_CONTACT = "^(https://|mailto:|tel:)[!-~]+$"
# Every setting is in one of three: answers change with it; snapshots do, and so their digest; or
# neither. A test sees that none is forgotten, and another that ``QA.answer_settings`` has the
# first.
ANSWER_SETTINGS = frozenset(
    {"engine", "max_question_chars", "reranker", "searches", "today", "top_k"}
)
INDEX_SETTINGS = frozenset(
    {
        "corpus",
        "encoder",
        "encoder_languages",
        "encoder_precision",
        "exact_rows",
        "index",
        "passage_chars",
    }
)
OTHER_SETTINGS = frozenset(
    {
        "accent",
        "allowed_origins",
        "api_keys",
        "cache",
        "contact",
        "examples",
        "feedback",
        "feedback_days",
        "fetch_delay_s",
        "fetch_timeout_s",
        "frame_ancestors",
        "host",
        "keyed_questions_per_minute",
        "limits_storage",
        "links",
        "log_questions",
        "logo",
        "max_batch",
        "max_body_bytes",
        "max_connections",
        "max_connections_per_client",
        "max_redirects",
        "max_source_bytes",
        "max_waiting",
        "mcp",
        "metrics_from",
        "milvus_certificate",
        "milvus_name",
        "milvus_token",
        "milvus_uri",
        "port",
        "public_url",
        "questions_per_minute",
        "ray",
        "rechecks_per_update",
        "request_timeout_s",
        "requests_per_minute",
        "security",
        "title",
        "trusted_proxies",
        "welcome",
        "workers",
    }
)


class Link(BaseModel):
    """A link at the foot of a page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(min_length=1)
    url: str = Field(pattern="^(https?://|mailto:|/)[^\\s]*$")


class SecurityContact(BaseModel):
    """Where to report a vulnerability of the server, as ``security.txt`` says it (RFC 9116)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contact: tuple[Annotated[str, Field(pattern=_CONTACT)], ...] = Field(min_length=1)
    policy: str | None = Field(None, pattern="^https://[!-~]+$")
    languages: tuple[Annotated[str, Field(pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$")], ...] = ()


class Settings(BaseModel):
    """Every setting, with its default and its range."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    corpus: Path | Annotated[str, Field(pattern=CORPUS_URL)] = Field(
        Path("corpus"),
        description="folder of the record; to index and verify, also an address of one that "
        "fsspec can read, as s3://bucket/folder",
    )
    index: Path = Field(Path("index"), description="folder of the snapshots")
    encoder: str = Field(
        "all-MiniLM-L6-v2",
        min_length=1,
        description="embedding model to index with: the bundled one, or the folder of any other",
    )
    encoder_languages: tuple[str, ...] | None = Field(
        None,
        description="languages the encoder knows, as in corpus/ (en, zh); by default English for "
        "the bundled one, any for another",
    )
    encoder_precision: Literal["int8", "fp32"] = Field(
        "int8",
        description="precision of the encoder's weights: int8 is four times smaller and faster, "
        "fp32 the model as it is",
    )
    workers: int = Field(
        0, ge=0, description="processes that embed, with Ray; 0 embeds in this one"
    )
    ray: str | None = Field(
        None,
        pattern=r"^(ray://)?[^\s/:@]+:[0-9]{1,5}$",
        description="address of the Ray cluster to embed in, as ray://host:port, or host:port on "
        "a machine of the cluster; by default one is started here",
    )
    # 1,250 characters of English are about the 254 word pieces all-MiniLM-L6-v2 reads, and keep
    # a press conference's longer paragraphs whole; the encoder's own limit holds beside it.
    passage_chars: int = Field(
        1250, ge=100, le=20_000, description="longest passage, in characters"
    )
    exact_rows: int = Field(
        100_000,
        ge=0,
        description="up to so many vectors every search looks at each of them; in a larger index "
        "it looks only where the nearest are likely to be",
    )
    engine: Literal["faiss", "milvus"] = Field(
        "faiss",
        description="what searches: faiss and this process, or a Milvus server",
    )
    milvus_uri: str = Field(
        "http://127.0.0.1:19530",
        description="address of the Milvus server; https for TLS",
    )
    milvus_token: SecretStr = Field(
        SecretStr(""), description="what Milvus lets in: a token, or user:password"
    )
    milvus_certificate: Path | None = Field(
        None, description="PEM file of who vouches for the Milvus server; by default the system's"
    )
    milvus_name: str = Field(
        "press_qa",
        description="what this record's collections in Milvus begin with, and its alias is called",
    )
    searches: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        description="the searches to make, of those that qa status names; by default all",
    )
    reranker: str = Field(
        "bundled",
        min_length=1,
        description="model that rescores the best hits: bundled, off, or the folder of a "
        "sentence-transformers cross-encoder; formerly reader",
    )
    today: datetime.date | None = Field(
        None, description='what "last year" counts from, YYYY-MM-DD; by default the day it is'
    )
    top_k: int = Field(3, ge=1, le=20, description="most citations in an answer")
    max_question_chars: int = Field(
        2_000, ge=10, le=100_000, description="longest question taken, in characters"
    )
    cache: Path = Field(
        default_factory=lambda: platformdirs.user_cache_path("press-qa"),
        description="folder of exported encoders, and of the indexes that judged sets are asked "
        "from; safe to delete",
    )
    contact: str | None = Field(
        None,
        pattern=r"^[!-~]{3,200}$",
        description="address or mail address that web servers are told when pages are fetched",
    )
    fetch_delay_s: float = Field(
        1, ge=0, le=300, description="least time between two requests to one web server"
    )
    fetch_timeout_s: float = Field(
        30, gt=0, le=3_600, description="longest time that one page may take to arrive"
    )
    max_source_bytes: int = Field(
        20_000_000, ge=1_000, description="longest page or file that is fetched from the web"
    )
    max_redirects: int = Field(5, ge=0, le=20, description="most redirects followed for one page")
    rechecks_per_update: int = Field(
        500,
        ge=0,
        description="most pages asked for in an update that no listing names any more",
    )
    host: str = Field("127.0.0.1", description="address the web server listens on")
    port: int = Field(7860, ge=0, le=65_535, description="port the web server listens on")
    title: str = Field("What was said", min_length=1, description="heading of the web chat")
    welcome: str | None = Field(
        None, min_length=1, description="what the chat says first; by default what it is and does"
    )
    examples: tuple[str, ...] | None = Field(
        None, description="questions to begin with; by default some of the record's own"
    )
    accent: str = Field("#1d4ed8", description="colour of buttons and rules, as #1d4ed8")
    logo: Path | None = Field(None, description="SVG or PNG file shown beside the heading")
    links: tuple[Link, ...] = Field((), description="links at the foot of every page")
    public_url: str | None = Field(
        None,
        description="address visitors reach the server by, as https://ask.example.org/record; "
        "needed behind a proxy",
    )
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        (),
        description="addresses of proxies whose word on who asks is taken (X-Forwarded-For)",
    )
    allowed_origins: tuple[str, ...] = Field(
        (), description="origins of the pages that may ask, as https://www.example.org"
    )
    frame_ancestors: tuple[str, ...] = Field(
        (), description="origins of the pages that may show the chat in a frame"
    )
    questions_per_minute: int = Field(
        60, ge=1, description="most questions of one client in a minute"
    )
    requests_per_minute: int = Field(
        3_000, ge=1, description="most requests of any kind of one client in a minute"
    )
    max_body_bytes: int = Field(
        65_536, ge=1_024, description="longest request taken, in bytes; a conversation's: 8 times"
    )
    max_waiting: int = Field(
        32, ge=1, description="most questions that wait for an answer; what is more is refused"
    )
    max_connections: int = Field(1_000, ge=8, description="most requests open at a time")
    max_connections_per_client: int = Field(
        100,
        ge=1,
        description="most requests of one client open at a time; a tab of the chat is one",
    )
    request_timeout_s: float = Field(
        10, gt=0, description="longest a request may take to arrive, and a question to be answered"
    )
    api_keys: tuple[Annotated[str, Field(pattern="^[0-9a-f]{64}$")], ...] = Field(
        (), description='sha256 of the keys that may ask in batches; "qa key" makes one'
    )
    limits_storage: SecretStr | None = Field(
        None,
        description="Redis where several servers count questions and requests together, as "
        "redis://user:password@host:6379/0; by default each counts in its own memory",
    )
    keyed_questions_per_minute: int = Field(
        6_000, ge=1, description="most questions of one key in a minute"
    )
    max_batch: int = Field(100, ge=1, le=10_000, description="most questions in one batch")
    metrics_from: tuple[IPvAnyNetwork, ...] = Field(
        (ip_network("127.0.0.0/8"), ip_network("::1/128")),
        description="addresses that may read /metrics",
    )
    log_questions: bool = Field(
        default=False, description="write questions into the log; otherwise nobody's words are"
    )
    feedback: Path | SecretStr | None = Field(
        None,
        description="where to keep what visitors ask and think of the answers: a SQLite file, or "
        "a database, as postgresql+psycopg://user:password@host/name; nowhere by default",
    )
    feedback_days: int = Field(90, ge=1, description="how long that is kept")
    security: SecurityContact | None = Field(
        None,
        description="where to report vulnerabilities, told at /.well-known/security.txt: contact, "
        "policy, languages",
    )
    mcp: bool = Field(
        default=False, description="let assistants query the record by the Model Context Protocol"
    )

    @field_validator("accent")
    @classmethod
    def _is_readable(cls, colour: str) -> str:
        """White is written on it: WCAG 2.2 wants a contrast of 4.5 to 1."""
        if not re.fullmatch("#[0-9a-fA-F]{6}", colour):
            raise ValueError("not a colour like #1d4ed8")
        contrast = 1.05 / (_luminance(colour) + 0.05)
        if contrast < _READABLE:
            raise ValueError(
                f"white on it has a contrast of {contrast:.1f} to 1, {_READABLE} is needed: "
                "take a darker one"
            )
        return colour.lower()

    @field_validator("logo")
    @classmethod
    def _is_picture(cls, logo: Path | None) -> Path | None:
        if logo is not None and (logo.suffix not in PICTURES or not logo.is_file()):
            raise ValueError(f"not a file that ends in {' or '.join(PICTURES)}")
        return logo

    @field_validator("public_url")
    @classmethod
    def _is_address(cls, url: str | None) -> str | None:
        if url is not None and not re.fullmatch(f"{_ORIGIN}(/[A-Za-z0-9._~/-]*)?", url):
            raise ValueError("not an address like https://ask.example.org/record")
        return url.rstrip("/") if url else None

    @field_validator("milvus_uri")
    @classmethod
    def _is_server(cls, uri: str) -> str:
        """Names and passwords have no place in it: it is told where something is wrong."""
        found = re.fullmatch(r"(https?://(\[[0-9A-Fa-f:.]+\]|[\w.-]+)):(\d{1,5})/?", uri, re.ASCII)
        if not found or int(found[3]) > _PORTS:
            raise ValueError(
                "not an address like https://milvus.example.org:19530, with its port; a user and "
                "a password belong into milvus_token"
            )
        return uri.rstrip("/")

    @field_validator("milvus_name")
    @classmethod
    def _is_name(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z_]\w{0,63}", name, re.ASCII):
            raise ValueError("not a name of letters, digits and _, at most 64, no digit first")
        return name

    @field_validator("limits_storage")
    @classmethod
    def _is_redis(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not re.fullmatch(_REDIS, url.get_secret_value()):
            raise ValueError(
                "not an address like redis://user:password@host:6379/0 (or rediss:// for TLS); "
                "in a password write @ as %40, / as %2F, ? as %3F, # as %23"
            )
        return url

    @field_validator("feedback", mode="before")
    @classmethod
    def _is_file_or_database(cls, where: object) -> object:
        """A database is a secret, since a password may stand in its address."""
        if not isinstance(where, str):
            return where
        if "://" not in where:
            return Path(where)
        if not re.fullmatch(_DATABASE, where):
            raise ValueError(
                "not a file, nor an address like postgresql+psycopg://user:password@host/name; "
                "in a password write @ as %40, / as %2F, ? as %3F, # as %23"
            )
        return SecretStr(where)

    @field_validator("allowed_origins", "frame_ancestors")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not re.fullmatch(_ORIGIN, origin):
                raise ValueError(f"{origin!r} is not an origin like https://www.example.org")
        return origins

    @property
    def address(self) -> str:
        """The server's address as visitors know it, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def root_path(self) -> str:
        """The path below which visitors reach the server: empty, or ``/record``."""
        return urlsplit(self.address).path

    @classmethod
    def load(cls, config: Path | None = None, **flags: Any) -> Settings:
        """Settings from the config file, the environment and ``flags`` that are not None.

        Raises:
            SettingsError: the named file is missing or unreadable, a name is unknown, or a
                value is out of range.
        """
        path = config or DEFAULT_CONFIG
        if config is not None and not path.is_file():
            raise SettingsError(f"There is no settings file {path}: create it or drop --config.")
        try:
            given = {name: value for name, value in flags.items() if value is not None}
            sources = (_in_file(path), _in_environment(), given)
            return cls(**{name: v for source in sources for name, v in _renamed(source).items()})
        except ValidationError as error:
            problems = "; ".join(_told(problem) for problem in error.errors())
            raise SettingsError(
                f"Settings are wrong ({path}, QA_* variables, flags): {problems}."
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} is not a TOML file: {error}.") from error


def _told(problem: Any) -> str:
    """What is wrong with a setting, and what was given; a secret, or what may be one, is not told.

    What has an unknown name may be a secret whose name is misspelt; an address may hold one.
    """
    where = ".".join(map(str, problem["loc"]))
    field = Settings.model_fields.get(str(problem["loc"][0])) if problem["loc"] else None
    kinds = (field.annotation, *get_args(field.annotation)) if field else (SecretStr,)
    is_secret = SecretStr in kinds or re.search("://.*@", str(problem["input"]))
    given = "" if is_secret else f" (got {problem['input']!r})"
    return f"{where}: {problem['msg']}{given}"


def _luminance(colour: str) -> float:
    """Relative luminance of a colour, 0 to 1 (WCAG 2.2)."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    r, g, b = (c / 12.92 if c <= _LINEAR_BELOW else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _renamed(given: dict[str, Any]) -> dict[str, Any]:
    """Return settings of one source with former names replaced.

    Raises:
        SettingsError: a setting is given by both names.
    """
    for former, name in _FORMER_NAMES.items():
        if former in given and name in given:
            raise SettingsError(f"{former} is the former name of {name}: set {name} only.")
    return {_FORMER_NAMES.get(name, name): value for name, value in given.items()}


def _in_file(path: Path) -> dict[str, Any]:
    """What the file sets; nothing where there is none."""
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        return tomllib.load(file)


def _in_environment() -> dict[str, Any]:
    """What the environment sets; lists and tables are written as JSON."""
    found: dict[str, Any] = {}
    names = (*Settings.model_fields, *_FORMER_NAMES)
    variables = {f"{_PREFIX}{name.upper()}": name for name in names}
    unknown = sorted(v for v in os.environ if v.startswith(_PREFIX) and v not in variables)
    if unknown:
        raise SettingsError(
            f"Unknown setting in the environment: {', '.join(unknown)}. "
            f"Known are: {', '.join(variables)}."
        )
    for variable, name in variables.items():
        value = os.environ.get(variable)
        if value is not None and value.startswith(("[", "{")):
            try:
                found[name] = json.loads(value)
            except json.JSONDecodeError as error:
                kind = "list" if value.startswith("[") else "table"
                raise SettingsError(f"{variable} is not a {kind} in JSON: {error}.") from error
        elif value is not None:
            found[name] = value
    return found
