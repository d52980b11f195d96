"""A question in its conversation: a follow-up to the one before, or small talk."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.records import SmallTalk
from qa.text.terms import terms

__all__ = ["is_context_dependent", "is_short", "joined", "small_talk"]

# A question that begins or speaks so depends on the one before it, if it says little itself.
_DEPENDENT = re.compile(
    r"^\W*(?:and|but|so|or|then|also|what about|how about|why not|why so|how so)\b|"
    r"\b(?:he|him|his|she|her|hers|its|they|them|theirs|another|else)\b|"
    r"\bit\b(?! (?:is|was)? ?(?:true|possible|likely|right|that)\b)|"
    r"\b(?:this|these|those)\b(?! (?:year|month|week|quarter|time|morning|afternoon|spring|"
    r"summer|fall|autumn|winter)\b)|"
    r"\b(?:is|was|were|does|did|do|on|of|for|about|with|by|to|from|after|before|why) that\b|"
    r"\bthat\W*$|"
    r"^\W*(?:那么?|还有|還有|然后|然後|为什么呢|為什麼呢)|"
    r"他|她|它|这个|這個|那个|那個|这些|這些|那些|其中",
    re.IGNORECASE,
)
_DEPENDENT_TERMS = 5
# A question with a name in it says more with as many words.
_SHORT_TERMS, _SHORT_TERMS_NAMING = 3, 2
_NAME = re.compile(r"(?<=[\w,] )[A-Z][a-z]")

# A longer remark is more than small talk.
_SMALL_TALK_CHARS = 200
# Whole remarks that ask nothing of the record.
_SMALL_TALK: dict[SmallTalk, re.Pattern[str]] = {
    "greeting": re.compile(
        r"(?:hi|hello|hey|greetings|good (?:morning|afternoon|evening|day)|"
        r"how are you(?: doing)?(?: today)?|你好|您好|嗨|早上好|下午好|晚上好)"
        r"(?: (?:there|all|everyone|bot))?"
    ),
    "thanks": re.compile(
        r"ok|okay|great|perfect|(?:(?:ok|okay|great|perfect) )?"
        r"(?:many thanks|thanks|thank you|thx|cheers|谢谢|謝謝|多谢|多謝|感谢|感謝)"
        r"(?: (?:a lot|so much|very much|you|again))?"
        r"(?: for (?:all )?(?:your|the|that) (?:help|answers?|info|information|reply|time|work))?"
    ),
    "farewell": re.compile(
        r"(?:bye|goodbye|good ?bye|bye bye|see you(?: later)?|good ?night|再见|再見|拜拜)"
    ),
    "help": re.compile(
        r"help(?: me)?|(?:who|what) are you|what(?: else)? can (?:you do|i ask)(?: here| for me)?|"
        r"how do you work|"
        r"are you (?:an? )?(?:bot|robot|human|ai|person)|"
        r"你是谁|你是誰|你能做什么|你能做什麼|帮助|幫助"
    ),
}
_CURSE = (
    r"(?:fuck\w*|sucks?|shit\w*|idiots?|morons?|assholes?|bastards?|bullshit|shut up|"
    r"piss off)"
)
_INSULT = rf"(?:{_CURSE}|stupid|dumb|useless|worthless|garbage|trash|crap)"
# Abuse is meant for the one spoken to, or is all that is said; trash may be a subject.
_ABUSE = re.compile(
    rf"(?:(?:you|it|off|this|the|{_CURSE})\b\W*)*\b{_CURSE}\b(?:\W*(?:you|off|it|this|bot))*\W*|"
    r"(?:you(?: are|['’]re)?|this (?:bot|thing|site|chat|machine)(?: is|['’]s)?|what an?)"
    r"(?: (?:an?|so|such|really|very|just|total|totally|complete|completely|fucking|bloody))*"
    rf" {_INSULT}(?: (?:bot|machine|thing|computer|robot|heap|piece|pile|waste)\b.*)?\W*|"
    r"(?:你(?:是|真|这|這)*(?:个|個)?(?:笨蛋|白痴|傻瓜|垃圾)|笨蛋|白痴|傻瓜|滚开|滾開)\W*"
)
_PARTS = re.compile(
    r"[.,;:!?~…。，！？、～\s-]*[.,;:!?~…。，！？、～\n]+[.,;:!?~…。，！？、～\s-]*"
)


def small_talk(question: str) -> SmallTalk | None:
    """Return the kind of a remark that asks nothing of the record; None for a question."""
    if len(question) > _SMALL_TALK_CHARS:
        return None
    remark = " ".join(question.lower().split())
    parts = [part for part in _PARTS.split(remark) if part]
    kinds = [
        next((name for name, words in _SMALL_TALK.items() if words.fullmatch(part)), None)
        for part in parts
    ]
    if kinds and None not in kinds:
        return next((kind for kind in kinds if kind != "greeting"), "greeting")
    return "abuse" if _ABUSE.fullmatch(remark) else None


def is_context_dependent(question: str) -> bool:
    """Tell by its words if the question leaves its subject to the one before it."""
    count = len({term.stem for term in terms(question)})
    return not count or (bool(_DEPENDENT.search(question)) and count <= _DEPENDENT_TERMS)


def is_short(question: str) -> bool:
    """Tell if the question has so few words that it may depend on the one before it."""
    most = _SHORT_TERMS_NAMING if _NAME.search(question) else _SHORT_TERMS
    return len({term.stem for term in terms(question)}) <= most


def joined(question: str, previous: Sequence[str]) -> str:
    """Return the question behind the one before it, and that one's own if it depends on it."""
    before = previous[-2:] if previous and is_context_dependent(previous[-1]) else previous[-1:]
    return " ".join([*before, question])
