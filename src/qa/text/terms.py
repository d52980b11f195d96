"""Search terms of a text; the only user of PyStemmer and OpenCC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import opencc
import Stemmer

from qa.text.folding import searchable

__all__ = ["FUNCTION_WORDS", "HAN", "WORD", "Term", "stem", "terms"]

# Words that carry no subject: English function words and the question words.
FUNCTION_WORDS = frozenset(
    """
    a about above after again all also am an and any are as at be because been before being
    below between both but by can could did do does doing down during each few for from further
    get had has have having he her here hers herself him himself his i if in into is it its
    itself just like may me might more most must my myself no nor not now of off on once only or
    other our ours ourselves out over own per please same shall she should so some such than
    that the their theirs them themselves then there these they this those through to too under
    until up upon us very was we were will with would yes you your yours yourself
    how many much what when where which who whom whose why
    s t d ll re ve m don didn doesn isn wasn aren weren won
    """.split()
)
# By these a visitor speaks of the record itself ("what does the document say about ...").
_RECORD_WORDS = frozenset(
    """
    conference document documents mention mentioned press record say says said statement
    statements tell text told
    """.split()
)
# A range of numbers is one word: "2021-2025" names a plan and says nothing of 2021.
WORD = re.compile(r"\d+(?:[-–]\d+)+|[^\W_]+")
_HAN_CHARS = r"\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff"
HAN = re.compile(f"[{_HAN_CHARS}]+")
_HAN_OR_OTHER = re.compile(f"([{_HAN_CHARS}]+)|([^{_HAN_CHARS}]+)")
# Chinese words that carry no subject, simplified; a run of characters is cut at them.
_HAN_FUNCTION_WORDS = re.compile(
    "为什么|什么|哪些|哪个|哪里|哪一|哪|多少|如何|怎么|怎样|为何|是否|何时|请问|"
    "谁|吗|呢|的|了|是|在|和|与|及|有|对"
)


@dataclass(frozen=True, slots=True)
class Term:
    """A word as it is compared (``searchable``), and its stem."""

    text: str
    stem: str

    @property
    def is_about_the_record(self) -> bool:
        """Tell if it refers to the record itself, so that the record need not hold it."""
        return self.text in _RECORD_WORDS


def terms(text: str) -> list[Term]:
    """Return the words of ``text`` without stop words, in order, with repetitions.

    Chinese and Japanese give overlapping pairs of characters (or a single one), in simplified
    characters; Latin letters and digits among them are words of their own.
    """
    return [term for word in WORD.findall(searchable(text)) for term in _terms(word)]


@lru_cache(maxsize=100_000)
def _terms(word: str) -> tuple[Term, ...]:
    """Return the terms of a stretch without spaces."""
    if not HAN.search(word):
        return () if word in FUNCTION_WORDS else (Term(word, stem(word)),)
    terms: list[Term] = []
    for han, other in _HAN_OR_OTHER.findall(word):
        if other:
            terms.append(Term(other, stem(other)))
        for run in _HAN_FUNCTION_WORDS.split(_simplified(han)) if han else ():
            terms += [Term(pair, pair) for pair in _pairs(run)]
    return tuple(terms)


def _pairs(run: str) -> list[str]:
    """Return the overlapping pairs of characters of ``run``, or ``run`` if it is a single one."""
    return [run[i : i + 2] for i in range(len(run) - 1)] or ([run] if run else [])


def _simplified(run: str) -> str:
    return str(_simplifier().convert(run))


@lru_cache(maxsize=1)
def _simplifier() -> Any:
    return opencc.OpenCC("t2s")


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return the stem of an English word."""
    return str(_stemmer().stemWord(word))


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    return Stemmer.Stemmer("english")
