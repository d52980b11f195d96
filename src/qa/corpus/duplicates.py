"""Whether two documents are one statement, published twice.

Never by likeness: in a text of two hundred words, one "not" more leaves 95 % of its five-word
shingles as they were. Two texts are the same when their words are, in their order, with every
figure and date; what may differ is letter case, punctuation, white space, and the short lines
that pages put around a text ("Print", "Source: MOFCOM"), which are no sentences and hold no
figure. Then one key tells, and nothing is compared with everything.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

from qa.records import Document

__all__ = ["key"]

# Below it, a text such as "No comment." says too little to be the same under another title.
_ENOUGH_WORDS = 20
# Lines around a text: at most so many words each, and this share of all. The share is the 95 %
# of likeness that is usual for near duplicates.
_FURNITURE_WORDS = 12
_FURNITURE_SHARE = 0.05
_ENDS_A_SENTENCE = re.compile(r"[.!?。！？…:：;；][\"'”’»）)\]】]*\s*\Z")
# Characters of scripts without spaces are words of their own. Signs that change what is said
# (a minus, a percent, a currency) stay.
_WORD = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3400-\u9fff\uf900-\ufaff]+|[%‰€$£¥−-](?=\d)|%")


def key(document: Document) -> str:
    """Equal for documents that are one statement; sha256 in hexadecimal.

    Of its words, of its title where it is short, and of nothing else; dates that documents state
    beside their text are for the caller to compare.
    """
    lines = [_words(line) for line in document.text.split("\n")]
    bare = _without_furniture(document.text.split("\n"), lines)
    words = [word for line in bare for word in line]
    if len(words) < _ENOUGH_WORDS:
        words = [*_words(document.title), "\n", *(word for line in lines for word in line)]
    return hashlib.sha256(" ".join(words).encode()).hexdigest()


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _without_furniture(texts: list[str], lines: list[list[str]]) -> list[list[str]]:
    """The lines without those at either end that are furniture, as far as these are few words."""
    start, end = 0, len(lines)
    left = int(sum(map(len, lines)) * _FURNITURE_SHARE)
    while start < end and _is_furniture(texts[start], lines[start]) and len(lines[start]) <= left:
        left -= len(lines[start])
        start += 1
    while start < end and _is_furniture(texts[end - 1], lines[end - 1]) and len(lines[end - 1]) <= left:
        left -= len(lines[end - 1])
        end -= 1
    return lines[start:end]


def _is_furniture(text: str, words: list[str]) -> bool:
    """Whether a line is short, no sentence, and without a figure."""
    has_figure = any(character.isnumeric() for character in text)
    return len(words) <= _FURNITURE_WORDS and not has_figure and not _ENDS_A_SENTENCE.search(text)
