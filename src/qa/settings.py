"""Settings: ``qa.toml``, then ``QA_*`` variables, then command-line flags; the later wins."""

from __future__ import annotations

import datetime
import json
import os
import tomllib
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qa.errors import SettingsError

__all__ = ["DEFAULT_CONFIG", "Settings"]

DEFAULT_CONFIG = Path("qa.toml")
_PREFIX = "QA_"


class Settings(BaseModel):
    """Every setting, with its default and its range."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    corpus: Path = Field(Path("corpus"), description="folder of the record")
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
    searches: tuple[Literal["passages", "sentences", "words"], ...] = Field(
        ("passages", "sentences", "words"),
        min_length=1,
        description="the searches to make: by passage vectors, sentence vectors, words",
    )
    reader: str | None = Field(
        None,
        min_length=1,
        description="folder of a sentence-transformers cross-encoder that orders the best hits "
        "anew; none by default",
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
    host: str = Field("127.0.0.1", description="address the web server listens on")
    port: int = Field(7860, ge=0, le=65_535, description="port the web server listens on")
    title: str = Field("What was said", min_length=1, description="heading of the web chat")

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
            return cls(**{**_in_file(path), **_in_environment(), **given})
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, e['loc']))}: {e['msg']} (got {e['input']!r})"
                for e in error.errors()
            )
            raise SettingsError(
                f"Settings are wrong ({path}, QA_* variables, flags): {problems}."
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} is not a TOML file: {error}.") from error


def _in_file(path: Path) -> dict[str, Any]:
    """What the file sets; nothing where there is none."""
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        return tomllib.load(file)


def _in_environment() -> dict[str, Any]:
    """What the environment sets; lists are written as JSON."""
    found: dict[str, Any] = {}
    variables = {f"{_PREFIX}{name.upper()}": name for name in Settings.model_fields}
    unknown = sorted(v for v in os.environ if v.startswith(_PREFIX) and v not in variables)
    if unknown:
        raise SettingsError(
            f"Unknown setting in the environment: {', '.join(unknown)}. "
            f"Known are: {', '.join(variables)}."
        )
    for variable, name in variables.items():
        value = os.environ.get(variable)
        if value is not None and value.startswith("["):
            try:
                found[name] = json.loads(value)
            except json.JSONDecodeError as error:
                raise SettingsError(f"{variable} is not a list in JSON: {error}.") from error
        elif value is not None:
            found[name] = value
    return found
