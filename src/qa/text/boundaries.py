"""Corrections to the sentence boundaries that a model of English finds.

Each depends on the word before the mark and the word after it only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa.text.written_dates import MONTHS

__all__ = ["joins", "sure_ends"]

# Before a name, never at the end of a sentence.
_TITLES = frozenset(
    """
    mr mrs ms messrs mx dr drs prof profs lt col gen gov sen sens rep reps capt cpt sgt maj adm rev
    hon cmdr cdr brig cpl pvt amb pres supt det insp fr mme mmes mlle mm mgr hr herr frau hrn
    sra srta srs dra dña exmo exma sres ing lic arq dipl st ste mt ft sta sto
    """.split()
)
# Before a number, or a name of a place in a text.
_REFERENCES = frozenset(
    """
    no nos art arts p pp pg fig figs sec secs sect ch chap vol vols para paras par cl reg regs eq
    ref tab app ann nr nrn abs ziff bd rz núm num nº cap inc al l ll s ss f ff lit rn kap anm vgl
    doc docs add rev corr res ser ed eds bk pt pts cf sub subs sch r rr o q rule
    """.split()
)
# Never at the end of a sentence, whatever follows.
_GO_ON = frozenset(
    """
    e.g i.e cf viz vs v approx ca c.f esp incl e.g. z.b d.h u.a bzw sog vgl p.ex p.ej ggf evtl resp
    dept depts govt min assn natl intl est
    """.split()
)
_TOKEN = re.compile(r"[^\s(\[{\"“”‘«»'/]+$")
_ACRONYM = re.compile(r"(?:[^\W\d_]{1,3}[.-])*(?:[^\W\d_]\.)+[^\W\d_]\.$|(?:[A-Z]\.-?){2,}$")
_INITIAL = re.compile(r"[A-ZÀ-ÖØ-Þ]\.$")
_HOUR = re.compile(r"[ap]\.\s?m\.$", re.IGNORECASE)
_ENUMERATOR = re.compile(r"(?:\*?\d{1,6}|[a-zA-Z]|[ivxIVX]{1,5})[.)]$")
_ORDINAL = re.compile(r"(?<!\d)\d{1,2}\.$")
_NUMBER_NEXT = re.compile(r"[(\[§]*(?:\d|[IVXLC]+\b|[a-z]\))")
_WORD = re.compile(r"[\"“”‘’«»'(\[¿¡]*([^\W\d_][\w’'-]*)")
_CLOSED = re.compile(r"[\"'”’»)\]]+$")
# Words that begin sentences and no names; a full stop before one of them ended a sentence.
_STARTERS = frozenset(
    """
    the a an he she it they we i you this that these those there here in on at but and so however if
    when while as for with after before since until although though because what who whom whose how
    why where which is are was were do does did has have had can could will would should may might
    must not no yes our his her its their my your mr mrs ms dr let all some many most each every
    both any one from by to of about over between during then now today yesterday tomorrow
    further earlier later recently meanwhile instead nevertheless nonetheless indeed finally
    additionally similarly according another several such more again perhaps maybe certainly clearly
    obviously hopefully unfortunately once next last thank thanks back
    also moreover therefore thus nor or yet still only even just please well it’s it's that’s that's
    we’re we're he’s he's she’s she's i’m i'm they’re there’s there's le la les un une il elle ils
    nous el los las der die das er sie wir ein eine es
    """.split()
)
# Of the titles, those that also end the name of a street, mountain or fort.
_STREETS = frozenset({"st", "mt", "ft"})
# "on the 3. May" is no German; "3. Mai" is, and is left to nupunkt.
_LEAST_MONTH = 4
_WEEKDAYS = frozenset("monday tuesday wednesday thursday friday saturday sunday".split())
_ZONES = frozenset("est edt et cst cdt ct mst mdt pst pdt pt gmt utc bst cet cest".split())
# Where the one before it is none, a single capital ends a sentence ("plan B. We like it").
_BEFORE_LETTER = re.compile(
    r"(?:^|\s)[a-z][\w’'-]*\s+[A-Z]\.$"
    r"|\b(?:War|Part|Annex|Appendix|Plan|Vitamin|Type|Class|Grade|Group|Phase|Table|Section|Schedule"
    r"|Hepatitis|Zone|Option|Point)\s+(?:I+|[A-Z])\.$"
)
# Plain words that nupunkt's model takes for abbreviations, seen in press conferences.
_PLAIN_WORDS = frozenset(
    """
    in at will re or can so all just how low me month saw hard broad ago bank per week call tax day
    stock lead bond hand add works pick reports met ill cliff pen ore series bin lack thanks story
    human okay found free wave rest roll century life equal walk sir highs sent car black miss book
    win code tech uptick holidays sum rounds enter pop luck mass whites laughter cold divide elect
    rich wheat row stake wall climb liftoff pin repos auto nor
    """.split()
)
# A mark before what may begin a sentence, or one of a script whose capitals are unknown.
_MARK = re.compile(
    r"[.!?…][\"”»)\]]*(?=\s+[\"“«(\[¿¡A-ZÀ-ÖØ-Þ])|[।॥؟۔።։។\u037e][\"'”’»)\]]*"
    r"|(?<=[\u0370-\u03ff\u1f00-\u1fff]);(?=\s)"
)
_LAST_WORD = re.compile(r"[^\W\d_]+$")
_CONTEXT_CHARS = 60


def sure_ends(text: str) -> Iterator[int]:
    """Yield the ends of sentences that a model of English misses.

    These are behind a closing quotation mark, before an inverted mark, in scripts with marks of
    their own, behind plain words that it takes for abbreviations; and behind acronyms and single
    capitals, which ``joins`` decides.
    """
    for match in _MARK.finditer(text):
        mark, end = match[0], match.end()
        following = text[end : end + _CONTEXT_CHARS].lstrip()[:1]
        is_quoted = mark[-1] in '”»"' and (mark[-1] != '"' or following in "“«")
        is_sure = (
            mark[0] not in ".!?…"
            or following in "¿¡"
            or (is_quoted and (mark[0] == "." or following in "“«"))
            or (mark == "." and _is_plain_or_capital(text, match.start()))
        )
        if is_sure:
            yield end


def _is_plain_or_capital(text: str, at: int) -> bool:
    word = _LAST_WORD.search(text, max(0, at - _CONTEXT_CHARS), at)
    if not word:
        return False
    is_capital = len(word[0]) == 1 and word[0].isupper()
    return is_capital or word[0] in _PLAIN_WORDS


def joins(text: str, start: int, at: int) -> bool:
    """Tell if one sentence goes on over a boundary that was found.

    ``start`` is the beginning of the sentence before it, ``at`` that of the next one.
    """
    before = text[max(start, at - _CONTEXT_CHARS) : at].rstrip()
    after = text[at : at + _CONTEXT_CHARS]
    if not before or not after.strip():
        return False
    token = _token(before)
    word = _word(after)
    if at - start < _CONTEXT_CHARS and _ENUMERATOR.fullmatch(text[start:at].strip()):
        return True
    if not before.endswith("."):
        return _goes_on_small(before, after)
    verdict = _after_abbreviation(before, token, word, after)
    if verdict is not None:
        return verdict
    return (
        after[:1].islower()
        and text[start : start + _CONTEXT_CHARS].lstrip(" \n\"“‘'([")[:1].isupper()
    )


def _goes_on_small(before: str, after: str) -> bool:
    """Tell if a sentence goes on behind a quotation that asks ("Why?" she said)."""
    is_quoted = bool(_CLOSED.search(before)) or before.endswith("…")
    return is_quoted and after[:1].islower()


def _after_abbreviation(before: str, token: str, word: str, after: str) -> bool | None:
    """Tell if a sentence goes on behind an abbreviation; None if the token is none."""
    name = token.rstrip(".").lower()
    is_starter = word.lower() in _STARTERS
    verdict: bool | None = None
    if name in _GO_ON or (name in _REFERENCES and _NUMBER_NEXT.match(after)):
        verdict = True
    elif _HOUR.search(before):
        verdict = not word or word.islower() or word.lower() in _WEEKDAYS | _ZONES
    elif name in _TITLES:
        verdict = not (name in _STREETS and is_starter)
    elif _ORDINAL.search(token) and _plain(word) in MONTHS and len(word) >= _LEAST_MONTH:
        verdict = True
    elif _ACRONYM.search(token):
        verdict = not is_starter
    elif _INITIAL.fullmatch(token):
        verdict = bool(word) and not (is_starter and _BEFORE_LETTER.search(before))
    return verdict


def _token(before: str) -> str:
    match = _TOKEN.search(before)
    return match[0] if match else ""


def _word(after: str) -> str:
    match = _WORD.match(after)
    return match[1] if match else ""


def _plain(word: str) -> str:
    return word.lower().replace("ä", "a").replace("é", "e").replace("û", "u")
