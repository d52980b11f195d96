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
from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, SecretStr, ValidationError

from qa.errors import SettingsError
from qa.setting_types import (
    PICTURES,
    Accent,
    DatabasePlace,
    Link,
    Logo,
    MilvusName,
    MilvusUri,
    Origins,
    PublicUrl,
    RedisUrl,
    SecurityContact,
)

__all__ = [
    "CORPUS_URL",
    "DEFAULT_CONFIG",
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
        description="vector search engine: faiss in this process, or a Milvus server",
    )
    milvus_uri: MilvusUri = Field(
        "http://127.0.0.1:19530",
        description="address of the Milvus server; https for TLS",
    )
    milvus_token: SecretStr = Field(
        SecretStr(""), description="credentials for Milvus: a token, or user:password"
    )
    milvus_certificate: Path | None = Field(
        None,
        description="PEM file of the Milvus server's certificate authority; by default the "
        "system's",
    )
    milvus_name: MilvusName = Field(
        "press_qa",
        description="alias of this record's collections in Milvus, and the start of their names",
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
        None,
        description='date from which "last year" counts, YYYY-MM-DD; by default today',
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
        description="address or mail address that is sent to web servers when pages are fetched",
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
        None,
        min_length=1,
        description="greeting of the chat; by default it explains the chat",
    )
    examples: tuple[str, ...] | None = Field(
        None, description="questions to begin with; by default some of the record's own"
    )
    accent: Accent = Field("#1d4ed8", description="colour of buttons and rules, as #1d4ed8")
    logo: Logo = Field(None, description="SVG or PNG file shown beside the heading")
    links: tuple[Link, ...] = Field((), description="links at the foot of every page")
    public_url: PublicUrl = Field(
        None,
        description="address visitors reach the server by, as https://ask.example.org/record; "
        "needed behind a proxy",
    )
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        (),
        description="addresses of the proxies whose X-Forwarded-For is trusted",
    )
    allowed_origins: Origins = Field(
        (), description="origins of the pages that may ask, as https://www.example.org"
    )
    frame_ancestors: Origins = Field(
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
        32, ge=1, description="most questions that wait for an answer; more are refused"
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
    limits_storage: RedisUrl = Field(
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
        default=False, description="write questions into the log; otherwise no visitor's words are"
    )
    feedback: DatabasePlace = Field(
        None,
        description="storage for visitors' questions and feedback: a SQLite file, or a database, "
        "as postgresql+psycopg://user:password@host/name; by default nothing is stored",
    )
    feedback_days: int = Field(90, ge=1, description="days to keep questions and feedback")
    security: SecurityContact | None = Field(
        None,
        description="contact for reports of vulnerabilities, at /.well-known/security.txt: "
        "contact, policy, languages",
    )
    mcp: bool = Field(
        default=False, description="let assistants query the record by the Model Context Protocol"
    )

    @property
    def address(self) -> str:
        """Return the server's address as visitors know it, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def root_path(self) -> str:
        """Return the path below which visitors reach the server: empty, or ``/record``."""
        return urlsplit(self.address).path

    @classmethod
    def load(cls, config: Path | None = None, **flags: Any) -> Settings:
        """Return settings from the config file, the environment and the ``flags`` that are given.

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
            problems = "; ".join(_problem_in_words(problem) for problem in error.errors())
            raise SettingsError(
                f"Settings are wrong ({path}, QA_* variables, flags): {problems}."
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} is not a TOML file: {error}.") from error


def _problem_in_words(problem: Any) -> str:
    """Return the fault of a setting and its value, without what is or may be a secret.

    The value of an unknown setting may be a secret whose name is misspelt; an address may hold one.
    """
    name = ".".join(map(str, problem["loc"]))
    field = Settings.model_fields.get(str(problem["loc"][0])) if problem["loc"] else None
    kinds = (field.annotation, *get_args(field.annotation)) if field else (SecretStr,)
    is_secret = SecretStr in kinds or re.search("://.*@", str(problem["input"]))
    given = "" if is_secret else f" (got {problem['input']!r})"
    return f"{name}: {problem['msg']}{given}"


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
    """Return the settings of a file; none where it does not exist."""
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        return tomllib.load(file)


def _in_environment() -> dict[str, Any]:
    """Return the settings of the environment; lists and tables are written as JSON."""
    values: dict[str, Any] = {}
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
                values[name] = json.loads(value)
            except json.JSONDecodeError as error:
                kind = "list" if value.startswith("[") else "table"
                raise SettingsError(f"{variable} is not a {kind} in JSON: {error}.") from error
        elif value is not None:
            values[name] = value
    return values
