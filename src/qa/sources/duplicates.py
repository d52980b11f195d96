"""Return whether two documents are one statement, published twice.

Never by likeness: in a text of two hundred words, one "not" more leaves 95 % of its five-word
shingles as they were. Two texts are the same when their words are, in their order, with every
figure and date; what may differ is letter case, punctuation, white space, and the short
paragraphs that pages put around a text ("Print", "Source: MOFCOM"), which are no sentences and
hold no figure. Then one key tells, and nothing is compared with everything.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

from qa.records import Document

__all__ = ["key"]

# Below it, a text such as "No comment." says too little to be the same under another title.
_ENOUGH_WORDS = 20
# Paragraphs around a text: at most so many words each, and this share of all. The share is the 95 %
# of likeness that is usual for near duplicates.
_FURNITURE_WORDS = 12
_FURNITURE_SHARE = 0.05
_ENDS_A_SENTENCE = re.compile(r"[.!?。！？…:：;；][\"'”’»）)\]】]*\s*\Z")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
# Characters of scripts without spaces are words of their own. Signs that change what is said
# (a minus, a percent, a currency) stay.
_WORD = re.compile(
    r"[\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3400-\u9fff\uf900-\ufaff]+|[%‰€$£¥−-](?=\d)|%"
)


def key(document: Document) -> str:
    """Equal for documents that are one statement; sha256 in hexadecimal.

    Of its words, of its title where it is short, and of nothing else; dates that documents state
    beside their text are for the caller to compare.
    """
    paragraphs = _BLANK_LINE.split(document.text)
    said = [_words(paragraph) for paragraph in paragraphs]
    bare = [word for words in _without_boilerplate(paragraphs, said) for word in words]
    if len(bare) < _ENOUGH_WORDS:
        bare = [*_words(document.title), "\n", *(word for words in said for word in words)]
    return hashlib.sha256(" ".join(bare).encode()).hexdigest()


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _without_boilerplate(paragraphs: list[str], said: list[list[str]]) -> list[list[str]]:
    """Without the paragraphs at either end that are furniture, while these are few words."""
    is_furniture = [_is_boilerplate(*both) for both in zip(paragraphs, said, strict=True)]
    left = int(sum(map(len, said)) * _FURNITURE_SHARE)
    start, end = 0, len(said)
    while start < end and is_furniture[start] and len(said[start]) <= left:
        left -= len(said[start])
        start += 1
    while start < end and is_furniture[end - 1] and len(said[end - 1]) <= left:
        left -= len(said[end - 1])
        end -= 1
    return said[start:end]


def _is_boilerplate(paragraph: str, words: list[str]) -> bool:
    """Return whether a paragraph is short, no sentence, and without a figure."""
    if len(words) > _FURNITURE_WORDS or any(map(str.isnumeric, paragraph)):
        return False
    return not _ENDS_A_SENTENCE.search(paragraph)
