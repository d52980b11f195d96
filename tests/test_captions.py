"""Captions (SRT, WebVTT) become paragraphs with their speakers, and nobody is guessed."""

import pytest

from qa.errors import SourceError
from qa.sources.formats import extract
from qa.sources.formats.captions import captions
from qa.sources.ingest import document
from qa.sources.layouts.registry import turns


def srt(*cues):
    """An SRT file whose cues of a second follow one another."""
    return "\n\n".join(
        f"{n}\n00:00:{n:02},000 --> 00:00:{n:02},900\n{cue}" for n, cue in enumerate(cues, start=1)
    ).encode()


def vtt(*cues):
    blocks = (f"00:{n:02}.000 --> 00:{n:02}.900\n{cue}" for n, cue in enumerate(cues, start=1))
    return "\n\n".join(["WEBVTT", *blocks]).encode()


def spoken(data, name):
    """The role, speaker and words of each turn."""
    made = document(data, name)
    return [
        (
            turn.role,
            turn.speaker,
            made.text[turn.label.end if turn.label else turn.span.start : turn.span.end].strip(),
        )
        for turn in turns(made.text, made.layout)
    ]


EXCHANGE = [
    ("question", None, "When does the lock open?"),
    ("answer", "MINISTER HALE", "The lock opens on 2 May & not before."),
]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (
            "a.srt",
            srt(
                "Q: When does <i>the lock</i>\nopen?",
                "{\\an8}MINISTER HALE: The lock opens",
                "on 2 May &amp; not before.",
            ),
        ),
        (
            "a.srt",
            srt(">> Q: When does the lock open?", ">> MINISTER HALE: The lock opens on 2 May")
            + b"\r\n\r\n3\r\n00:00:03,000 --> 00:00:04,000 X1:1\r\n& not before.\r\n",
        ),
        (
            "a.vtt",
            vtt(
                "<v.loud Q>When does <c.x>the lock</c>\nopen?</v>",
                "<v MINISTER HALE>The lock<00:00:01.500> opens",
                "<v MINISTER HALE>on 2 May &amp; not before.",
            ),
        ),
    ],
)
def test_a_single_exchange_has_its_turns_and_speakers(name, data):
    assert spoken(data, name) == EXCHANGE


def test_two_questions_of_different_people_stay_two_turns():
    data = srt(
        "Q: Who pays?", "Q: And when?", "MR. HALE: The state. Now.", "Q: Why?", "MR. HALE: X."
    )
    assert [said for _, _, said in spoken(data, "a.srt")] == [
        "Who pays?",
        "And when?",
        "The state. Now.",
        "Why?",
        "X.",
    ]


@pytest.mark.parametrize(
    "data",
    [
        srt("MR. HALE: We go on.", ">> Really?"),
        srt("MR. HALE: We go on.", "- Really?"),
        vtt("<v MR. HALE>We go on.", "Really?"),
    ],
)
def test_a_change_to_nobody_named_leaves_all_without_a_speaker(data):
    found = captions(data, "a.vtt")
    assert found.text == "MR. HALE: We go on.\n\nReally?"
    assert found.layout == "statement"
    assert found.remark == "the speaker changes without a name: no speakers are shown"


def test_notes_in_brackets_belong_to_whoever_speaks():
    data = vtt("<v MR. HALE>We go on.", "(Laughter.)", "<v MR. HALE>Twice.")
    assert captions(data, "a.vtt").text == "MR. HALE: We go on. (Laughter.) Twice."


def test_a_pause_after_a_sentence_begins_a_paragraph_and_a_short_one_does_not():
    data = b"".join(
        b"00:%02d.000 --> 00:%02d.000\n%s\n\n" % cue
        for cue in [(1, 2, b"One."), (3, 4, b"Two"), (9, 10, b"and three."), (12, 13, b"Four.")]
    )
    assert captions(data, "a.vtt").text == "One. Two and three.\n\nFour."


def test_figures_times_and_plain_colons_stay_as_they_are():
    data = srt("It froze at", "-5 degrees, at 10:30", "Oslo: the capital,", "and x < y.", "42")
    assert captions(data, "a.srt").text == (
        "It froze at -5 degrees, at 10:30 Oslo: the capital, and x < y. 42"
    )


def test_a_minus_after_a_sentence_is_no_mark_of_change():
    assert captions(srt("It froze.", "-5 degrees."), "a.srt").text == "It froze. -5 degrees."


def test_chinese_lines_are_joined_without_a_space():
    assert (
        captions(srt("记者：大桥何时", "开放？", "明天"), "a.srt").text
        == "记者: 大桥何时开放？明天"
    )


def test_rolling_captions_are_read_once_and_a_word_said_twice_twice():
    rolling = srt("we will", "we will\nopen it", "open it\nin May", "in May\nat last")
    found = captions(rolling, "a.srt")
    assert found.text == "we will open it in May at last"
    assert found.remark == "left out: 3 repeated lines of rolling captions"
    assert captions(srt("No.", "No."), "a.srt").text == "No. No."


def test_notes_and_styles_of_webvtt_are_no_captions():
    data = (
        b"\xef\xbb\xbfWEBVTT Kind: captions\nLanguage: en\n\nSTYLE\n::cue {}\n\nNOTE\nx\n\n"
        b"REGION\nid:a\n\nintro\n00:01.000 --> 01:00:02.000 align:start\nNOTE well: it rains."
    )
    assert captions(data, "a.vtt").text == "NOTE well: it rains."


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"It rained.", "no cue in it"),
        (b"1\n00:00:01 --> 00:00:02,000\nx", "line 2 ('00:00:01 --> 00:00:02,000') is not 00:"),
        (b"Lost words.\n\n" + srt("x"), "line 1 is text before the first cue"),
        (srt("<i></i>"), "there is no text in it"),
        (b"1\n00:00:01,000 --> 00:00:02,000\n\0", "binary, not text"),
    ],
)
def test_captions_that_are_damaged_are_refused_with_the_line(data, why):
    with pytest.raises(SourceError) as refusal:
        extract(data, "a.srt")
    assert why in str(refusal.value)


@pytest.mark.parametrize("unit", ["<v ", "<", "A: ", ">> ", "{\\", "(", "- ", "A.", "x:"])
def test_a_megabyte_of_anything_takes_no_time(unit):
    said = captions(srt(unit * (300_000 // len(unit)) + " end"), "a.srt").text
    assert said.endswith("end")
