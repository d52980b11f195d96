"""Captions (SRT, WebVTT): the cues joined to paragraphs, speakers as labels.

A speaker is named by WebVTT's ``<v Name>`` or by "NAME:" where a cue or line begins. Where captions
only say that the speaker changes (">>", a dash), nobody knows who goes on; the document then has
no speakers at all, so that nothing is ascribed to the one named before.

Times are those of the cues. A line "Recording: ADDRESS" in WebVTT's header or in a note, or above
the first cue, is the recording's address.
"""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from qa.errors import CorpusError, SourceError
from qa.records import seconds
from qa.sources import recordings
from qa.sources.formats.encodings import decoded
from qa.sources.formats.extracted import Extracted, title_of
from qa.sources.formats.format import Format
from qa.sources.layouts.transcript import transcript

__all__ = ["captions"]

_TIME = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_TIMING = re.compile(rf"[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}(?:[ \t].*)?")
_ARROW = "-->"
# Blocks of WebVTT that hold no caption.
_NO_CUES = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t\n]|\Z)")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^<>]+)>")
_TAGS = re.compile(
    r"</?(?:b|c|font|i|lang|rt|ruby|s|u|v)(?:[.\s][^<>]*)?>|<\d[\d:.]*>|\{\\[^{}]*\}",
    re.IGNORECASE,
)
_ARROWS = re.compile(r">{2,3}\s*")
# A dash before a figure is a minus.
_DASH = re.compile(r"[-–](?:\s+|(?=[^\W\d]))")
_LABEL = re.compile(
    r"([^\W\d_a-zß-ÿ][^:：\n.?!。？！]{0,48}(?:\.[^:：\n.?!。？！]{1,40})?)(?::(?=\s|\Z)|：)"
)
_RECORDING = re.compile(
    r"(?:WEBVTT|NOTE)?[ \t]*(?:-[ \t]*)?(?:recording|video|audio)[ \t]*[:：][ \t]*(\S+)[ \t]*",
    re.IGNORECASE,
)
_NOTE = re.compile(r"[(\[（【♪][^)\]）】]*[)\]）】♪]?")
_ENDS_SENTENCE = re.compile(r"[.!?…。！？][\"'”’」』)\]]*\Z")
_WIDE = re.compile("[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60]")
# A pause after a sentence that begins a paragraph: longer than speakers take breath.
_PAUSE_MS = 2_000
# Captions roll where this share of cues repeat the line above; elsewhere somebody says it twice.
_ROLLING_SHARE = 0.4
_LEAST_ROLLING = 3


@dataclass(frozen=True, slots=True)
class _Cue:
    """The lines of a caption with their marks, and when it is shown."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A line's words; ``speaker`` is None where the previous speaker goes on.

    It is empty where the speaker changes to somebody unnamed. ``is_voice`` where WebVTT names the
    speaker, as it does in every cue.
    """

    said: str
    speaker: str | None
    cue: _Cue
    is_voice: bool = False


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """A speaker's label, what was said, and where in it the words of each cue begin."""

    label: str
    said: str
    starts: tuple[tuple[int, _Cue], ...]

    @property
    def text(self) -> str:
        """It as it stands in the document."""
        return self.label + self.said


def captions(data: bytes, name: str) -> Extracted:
    """Return what was said, with the times of the cues, without styles.

    Raises:
        SourceError: it is not text, has no cues, or a cue's times are broken.
    """
    lines, stated = _without_recordings(decoded(data, name))
    cues, repeated = _once(list(_cues(lines, name)))
    pieces = list(_pieces(cues))
    speakers = {piece.speaker for piece in pieces}
    is_unclear = "" in speakers and len(speakers - {"", None}) > 0
    paragraphs = list(_paragraphs(pieces))
    times = _times(paragraphs)
    is_backward = any(one[1] > other[1] for one, other in itertools.pairwise(times))
    recording, doubt = _recording(stated)
    remarks = [
        f"left out: {repeated} repeated lines of rolling captions" if repeated else "",
        "the speaker changes without a name: no speakers are shown" if is_unclear else "",
        "a cue begins before the one above it: no times are shown" if is_backward else "",
        doubt,
    ]
    return Extracted(
        "\n\n".join(paragraph.text for paragraph in paragraphs),
        title=title_of(name),
        times=() if is_backward else tuple(times),
        recording=recording,
        layout="statement" if is_unclear else _layout(paragraphs),
        remark="; ".join(filter(None, remarks)),
    )


def _without_recordings(text: str) -> tuple[list[str], list[str]]:
    """Return the lines of all cues, and the addresses of recordings stated outside them."""
    lines, stated = _without_notes(text), []
    first = next((n for n, line in enumerate(lines) if _ARROW in line), 0)
    for number, line in enumerate(text.split("\n")):
        is_outside = number < first or not lines[number]
        if is_outside and (found := _RECORDING.fullmatch(line)):
            stated.append(found[1])
            lines[number] = ""
    return lines, list(dict.fromkeys(stated))


def _recording(stated: Sequence[str]) -> tuple[str | None, str]:
    """Return the recording's address, if just one is stated, and why it is left out otherwise."""
    addresses = [one for one in stated if recordings.is_address(one)]
    if len(addresses) > 1:
        return None, f"left out: {len(addresses)} addresses of recordings, state one"
    if stated and not addresses:
        return None, f"left out: the recording {stated[0]!r:.200}, state it as https://..."
    return (addresses[0] if addresses else None), ""


def _without_notes(text: str) -> list[str]:
    """Return the lines of all cues, each block of notes and styles emptied."""
    if not text.startswith("WEBVTT"):
        return text.split("\n")
    lines: list[str] = []
    for number, block in enumerate(text.split("\n\n")):
        head = block.lstrip("\n")
        is_silent = _NO_CUES.match(head) and _ARROW not in head
        if number == 0:
            # A cue may follow the header without a blank line.
            rest = head.split("\n")[1:]
            begins = next((n for n, line in enumerate(rest) if _ARROW in line), len(rest))
            lines += [*[""] * (1 + begins), *rest[begins:], ""]
        else:
            lines += [*[""] * block.count("\n"), "", ""] if is_silent else [*block.split("\n"), ""]
    return lines


def _cues(lines: Sequence[str], name: str) -> Iterator[_Cue]:
    """Yield the cues; blank lines within their text are no end of them.

    Raises:
        SourceError: there is none, text stands above the first, or times are no times.
    """
    starts = [n for n, line in enumerate(lines) if _ARROW in line]
    if not starts:
        raise SourceError(f"{name}: no cue in it (no line with {_ARROW}): not SRT or WebVTT.")
    ids = [n - 1 if n and _is_id(lines, n - 1) else n for n in starts]
    above = next((n for n, line in enumerate(lines[: ids[0]]) if line.strip()), None)
    if above is not None:
        raise SourceError(f"{name}: line {above + 1} is text before the first cue: remove it.")
    for start, end in zip(starts, [*ids[1:], len(lines)], strict=True):
        timing = _TIMING.fullmatch(lines[start])
        if not timing:
            raise SourceError(
                f"{name}: line {start + 1} ({lines[start].strip()[:60]!r}) is not "
                "00:00:00,000 --> 00:00:00,000: correct it."
            )
        told = timing.groups()
        said = tuple(" ".join(line.split()) for line in lines[start + 1 : end] if line.strip())
        yield _Cue(_ms(*told[:4]), _ms(*told[4:]), said)


def _is_id(lines: Sequence[str], place: int) -> bool:
    """Return True where a line names the cue below it: a number, or a line by itself."""
    is_apart = place == 0 or not lines[place - 1].strip()
    return lines[place].strip().isdecimal() or (is_apart and bool(lines[place].strip()))


def _ms(hours: str | None, minutes: str, seconds: str, fraction: str) -> int:
    whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * 1000 + int(fraction.ljust(3, "0"))


def _once(cues: Sequence[_Cue]) -> tuple[list[_Cue], int]:
    """Return the cues without lines that roll up from the cue before, and how many those were."""
    shared = [_shared(*both) for both in itertools.pairwise(cues)]
    rolling = sum(count > 0 for count in shared)
    if rolling < max(_LEAST_ROLLING, _ROLLING_SHARE * len(shared)):
        return list(cues), 0
    kept = [
        _Cue(cue.start_ms, cue.end_ms, cue.lines[count:])
        for cue, count in zip(cues, [0, *shared], strict=True)
    ]
    return [cue for cue in kept if cue.lines], sum(shared)


def _shared(above: _Cue, below: _Cue) -> int:
    """Return how many lines at the end of a cue begin the next one."""
    first, second = ([_words(line) for line in cue.lines] for cue in (above, below))
    counts = range(min(len(first), len(second)), 0, -1)
    return next((count for count in counts if first[-count:] == second[:count]), 0)


def _words(line: str) -> str:
    return " ".join(html.unescape(_TAGS.sub("", line)).split())


def _pieces(cues: Sequence[_Cue]) -> Iterator[_Piece]:
    """Yield the words of the lines, cut where a voice or a mark of change begins."""
    has_voices = any(_VOICE.search(line) for cue in cues for line in cue.lines)
    above = ""
    for cue in cues:
        is_nobody = has_voices
        for line in cue.lines:
            # Text, name, text, name, text ...
            before, *voices = _VOICE.split(line)
            if said := _words(before):
                piece = _marked(said, cue, above)
                # With voices, a cue without one is nobody's, unless it is a note.
                is_bare = is_nobody and piece.speaker is None and not _NOTE.fullmatch(said)
                yield replace(piece, speaker="") if is_bare else piece
                is_nobody, above = False, said
            for speaker, spoken in zip(voices[::2], voices[1::2], strict=True):
                is_nobody = False
                if said := _words(spoken):
                    yield _Piece(said, _words(speaker), cue, is_voice=True)
                    above = said


def _marked(said: str, cue: _Cue, above: str) -> _Piece:
    """Return a line without its mark of change and its label; ``above`` is the line before."""
    is_sentence = not above or bool(_ENDS_SENTENCE.search(above))
    change = _ARROWS.match(said) or (_DASH.match(said) if is_sentence else None)
    words = said[change.end() :] if change else said
    label = _LABEL.match(words)
    is_certain = change or is_sentence or (label and label[1] == label[1].upper())
    if label and is_certain and words[label.end() :].strip():
        return _Piece(words[label.end() :].strip(), label[1].strip(), cue)
    return _Piece(words or said, "" if change and words else None, cue)


def _times(paragraphs: Sequence[_Paragraph]) -> list[tuple[int, float]]:
    """Return where the words of each cue begin in the text, and when; a label belongs to them."""
    times, place = [], 0
    for paragraph in paragraphs:
        for at, cue in paragraph.starts:
            offset = place + (len(paragraph.label) + at if at else 0)
            times.append((offset, seconds(cue.start_ms)))
        place += len(paragraph.text) + 2
    return times


def _layout(paragraphs: Sequence[_Paragraph]) -> str | None:
    """Return "transcript" where that layout finds just the labels of these paragraphs.

    It then holds for a single exchange too, which a text alone is not enough to tell.
    """
    starts, place = set(), 0
    for paragraph in paragraphs:
        starts |= {place} if paragraph.label else set()
        place += len(paragraph.text) + 2
    if not starts:
        return None
    text = "\n\n".join(paragraph.text for paragraph in paragraphs)
    try:
        found = {turn.label.start for turn in transcript(text) if turn.label}
    except CorpusError:
        return None
    return "transcript" if found == starts else None


def _paragraphs(pieces: Sequence[_Piece]) -> Iterator[_Paragraph]:
    """Yield labels and what each speaker said, cut at pauses after sentences."""
    label, said, speaker, ended = "", "", "", 0
    starts: list[tuple[int, _Cue]] = []
    cue: _Cue | None = None
    for piece in pieces:
        is_new, cue = piece.cue is not cue, piece.cue
        is_same_voice = piece.is_voice and piece.speaker == speaker
        begins = piece.speaker is not None and not is_same_voice
        is_pause = piece.cue.start_ms - ended >= _PAUSE_MS and _ENDS_SENTENCE.search(said)
        ended = piece.cue.end_ms
        if said and not begins and not is_pause:
            is_wide = _WIDE.match(said[-1]) and _WIDE.match(piece.said[0])
            said += "" if is_wide else " "
            starts += [(len(said), cue)] if is_new else []
            said += piece.said
            continue
        if said:
            yield _Paragraph(label, said, tuple(starts))
        label, said, starts = "", piece.said, [(0, cue)] if is_new else []
        if begins:
            speaker = piece.speaker or ""
            label = f"{speaker}: " if speaker else ""
    if said:
        yield _Paragraph(label, said, tuple(starts))


FORMATS = (
    Format(
        captions,
        {".srt": ("application/x-subrip",), ".vtt": ("text/vtt",)},
        "what was said, with the speakers as labels",
        "when each cue begins; the address of the recording",
    ),
)
