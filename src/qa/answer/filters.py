"""The filters of a question: which passages may be found."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from difflib import get_close_matches

import numpy as np

from qa.errors import QuestionError
from qa.index.snapshot import Snapshot
from qa.index.visible import Visible
from qa.records import Question

__all__ = ["visible_passages"]

# Names of the record that a message gives in the place of an unknown speaker.
_SUGGESTIONS = 5
_LEAST_LIKENESS = 0.6


def visible_passages(
    snapshot: Snapshot, question: Question, hidden: Collection[int]
) -> Visible | None:
    """Return the passages that a question may find, the ``hidden`` rows aside; None for all.

    Raises:
        QuestionError: ``since`` is after ``until``, or there is no such section or speaker.
    """
    since, until = question.since, question.until
    if since and until and since > until:
        raise QuestionError(
            f"since ({since}) is after until ({until}): swap them.",
            "dates",
            since=since,
            until=until,
        )
    if not (since or until or question.section or question.speaker or hidden):
        return None
    passages = snapshot.passages
    rows = np.ones(len(passages), dtype=bool)
    earliest = latest = section = only = None
    if since or until:
        earliest = (since or datetime.date.min).toordinal()
        latest = (until or datetime.date.max).toordinal()
        dates = passages.dates
        rows &= (dates >= earliest) & (dates <= latest) & (dates > 0)
    if question.section:
        section = _section_number(snapshot, question.section)
        rows &= (snapshot.documents.section_numbers == section)[passages.documents]
    if question.speaker:
        is_of_speaker = _is_of_speaker(snapshot, question.speaker)
        rows &= is_of_speaker
        only = tuple(np.flatnonzero(is_of_speaker).tolist())
    rows[list(hidden)] = False
    return Visible(rows, earliest, latest, section, tuple(sorted(hidden)), only)


def _section_number(snapshot: Snapshot, section: str) -> int:
    sections = snapshot.documents.sections
    if section not in sections:
        raise QuestionError(
            f"The record has no section {section!r}; it has: {', '.join(sections) or 'none'}.",
            "section",
            section=section,
        )
    return sections.index(section)


def _is_of_speaker(snapshot: Snapshot, speaker: str) -> np.ndarray:
    """Tell of each passage if the speaker said it, or answered it: answers are found by both."""
    speakers = snapshot.passages.speakers
    if speaker not in speakers:
        raise QuestionError(
            f"The record has no speaker {speaker!r}; similar names: "
            f"{', '.join(_similar(speaker, speakers)) or 'none'}. Use a name as citations show it.",
            "speaker",
            speaker=speaker,
        )
    is_of_speaker: np.ndarray = snapshot.passages.speaker_numbers == speakers.index(speaker)
    answers, questions = snapshot.answering
    is_of_speaker[questions[is_of_speaker[answers]]] = True
    return is_of_speaker


def _similar(name: str, names: Sequence[str]) -> list[str]:
    """Return some names that hold this one, or else are spelt nearly like it, in any case."""
    folded = {other.casefold(): other for other in names}
    name = name.casefold()
    holding = [other for other in folded if name in other][:_SUGGESTIONS]
    near = holding or get_close_matches(name, folded, _SUGGESTIONS, _LEAST_LIKENESS)
    return [folded[other] for other in near]
