"""Recognition of one statement that was published twice.

Never by likeness: in a text of two hundred words, one "not" more leaves 95 % of its five-word
shingles as they were. Two texts are the same when their words are, in their order, with every
figure and date; what may differ is letter case, punctuation, white space, and the short
paragraphs that pages put around a text ("Print", "Source: MOFCOM"), which are no sentences and
hold no figure. Equal keys are enough, so that nothing is compared with everything.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata

from qa.records import Document

__all__ = ["key"]

# Below it, a text such as "No comment." says too little to be the same under another title.
_ENOUGH_WORDS = 20
# Paragraphs around a text: at most so many words each, and this share of all. The share leaves the
# 95 % of likeness that is usual for near duplicates.
_BOILERPLATE_WORDS = 12
_BOILERPLATE_SHARE = 0.05
_ENDS_A_SENTENCE = re.compile(r"[.!?。！？…:：;；][\"'”’»）)\]】]*\s*\Z")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
# Characters of scripts without spaces are words of their own. Signs that change the meaning
# (a minus, a percent, a currency) stay.
_WORD = re.compile(
    r"[\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3400-\u9fff\uf900-\ufaff]+|[%‰€$£¥−-](?=\d)|%"
)


def key(document: Document) -> str:
    """Return a sha256 in hexadecimal that is equal for documents that are one statement.

    It is of the words, and of the title where they are few. The caller compares the dates that
    documents state beside their text.
    """
    paragraphs = _BLANK_LINE.split(document.text)
    words = [_words(paragraph) for paragraph in paragraphs]
    bare = [*itertools.chain(*_without_boilerplate(paragraphs, words))]
    if len(bare) < _ENOUGH_WORDS:
        bare = [*_words(document.title), "\n", *itertools.chain(*words)]
    return hashlib.sha256(" ".join(bare).encode()).hexdigest()


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _without_boilerplate(paragraphs: list[str], words: list[list[str]]) -> list[list[str]]:
    """Return the words without boilerplate at either end, while that is few words."""
    is_boilerplate = [_is_boilerplate(*both) for both in zip(paragraphs, words, strict=True)]
    left = int(sum(map(len, words)) * _BOILERPLATE_SHARE)
    start, end = 0, len(words)
    while start < end and is_boilerplate[start] and len(words[start]) <= left:
        left -= len(words[start])
        start += 1
    while start < end and is_boilerplate[end - 1] and len(words[end - 1]) <= left:
        left -= len(words[end - 1])
        end -= 1
    return words[start:end]


def _is_boilerplate(paragraph: str, words: list[str]) -> bool:
    """Return True if a paragraph is short, no sentence, and without a figure."""
    if len(words) > _BOILERPLATE_WORDS or any(map(str.isnumeric, paragraph)):
        return False
    return not _ENDS_A_SENTENCE.search(paragraph)
