"""A quote from captions leads to the second at which it is said, and the time is proved."""

import csv
import io
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from conftest import WordEncoder
from qa import QA
from qa.answer.verify import verify_answers
from qa.cli import app
from qa.cli.ask import _print_answer
from qa.errors import CorpusError
from qa.evaluation import batch
from qa.index.build import build
from qa.index.snapshot import open_snapshot
from qa.records import Document, clock, seconds, time_of, to_json
from qa.sources import corpus_folder
from qa.sources.formats import extract
from qa.sources.formats.captions import captions
from qa.sources.ingest import document_of, ingest
from qa.sources.preview import preview
from qa.sources.recordings import is_address, link, read_times, written_times

VTT = """WEBVTT

NOTE Recording: https://video.example.org/briefings/7.mp4

00:01.500 --> 00:03.000
<v Q>When does the lock open?

01:02:05.250 --> 01:02:08.000
<v MINISTER HALE>The budget is small. The ferry

01:02:08.750 --> 01:02:10.000
<v MINISTER HALE>leaves at noon. The lock opens
in May.

01:02:11.000 --> 01:02:13.000
<v Q>And the bridge?

01:02:14.000 --> 01:02:15.000
<v MINISTER HALE>Later."""


CUES = st.lists(
    st.tuples(
        st.sampled_from(["", "<v Q>", "<v ANN BELL>", "Q: ", ">> ", "MR. FOX: "]),
        st.integers(0, 4_000),
        st.sampled_from(["", "."]),
        st.sampled_from(["w{0}", "w{0}\nx{0}", "词{0}甲", "词{0}甲\n乙"]),
    ),
    min_size=1,
    max_size=8,
)


def stamp(milliseconds, point):
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{rest:03}"


@settings(max_examples=50)
@given(cues=CUES, name=st.sampled_from(["a.srt", "a.vtt"]))
def test_the_offset_of_every_cue_is_where_its_text_begins(cues, name):
    head, point = ("WEBVTT\n\n", ".") if name == "a.vtt" else ("", ",")
    blocks, starts_ms, ended_ms = [], [], 0
    for number, (mark, gap_ms, end, words) in enumerate(cues):
        starts_ms.append(ended_ms + gap_ms)
        ended_ms = starts_ms[-1] + 700
        times = f"{stamp(starts_ms[-1], point)} --> {stamp(ended_ms, point)}"
        blocks.append(f"{times}\n{mark}{words.format(number)}{end}")
    found = captions((head + "\n\n".join(blocks)).encode(), name)
    assert [time for _, time in found.times] == [ms / 1000 for ms in starts_ms]
    document = document_of(found, name)
    for number, (offset, time) in enumerate(found.times):
        said = re.compile(rf"(?:Q: |ANN BELL: |MR\. FOX: )?([w词]{number}\b|词{number}甲)")
        assert time_of(document, said.match(found.text, offset).start(1)) == time


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A briefing's captions, ingested and indexed."""
    home = tmp_path_factory.mktemp("project")
    (home / "seeds").mkdir()
    (home / "seeds" / "briefing.vtt").write_text(VTT, "utf-8")
    (done,) = ingest([home / "seeds"], home / "corpus")
    assert (done.outcome, done.why) == ("new", "")
    build(
        corpus_folder.read_all(home / "corpus"), home / "index", WordEncoder(), passage_chars=1250
    )
    return home


@pytest.fixture(scope="module")
def qa(project):
    return QA(open_snapshot(project / "index"), WordEncoder())


@pytest.fixture
def answer(qa):
    return to_json(qa.ask("when does the lock open"))


def faults_of(project, stated):
    content = stated if isinstance(stated, str) else json.dumps(stated)
    return verify_answers(content, project / "corpus", project / "index").faults


def test_a_citation_has_the_time_of_the_caption_with_its_first_sentence_quoted(project, answer):
    """The sentence begins in the middle of the second cue of its turn."""
    (citation,) = answer["citations"]
    assert [quote["text"] for quote in citation["quotes"]] == ["The lock opens in May."]
    assert citation["passage"]["speaker"] == "MINISTER HALE"
    assert citation["passage"]["time"] == 3728.75
    assert citation["links"]["recording"] == "https://video.example.org/briefings/7.mp4#t=3728"
    assert faults_of(project, answer) == ()


@pytest.mark.parametrize(
    ("place", "name", "value"),
    [
        ("passage", "time", 3725.25),
        ("passage", "time", 3728),
        ("passage", "time", None),
        ("links", "recording", "https://video.example.org/briefings/7.mp4#t=3725"),
        ("links", "recording", "https://video.example.org/briefings/8.mp4#t=3728"),
        ("links", "recording", None),
    ],
)
def test_a_time_or_recording_that_is_changed_is_named(project, answer, place, name, value):
    answer["citations"][0][place][name] = value
    (fault,) = faults_of(project, answer)
    assert f"{place}.{name} is" in fault


def test_an_answer_of_before_times_is_proved(project, answer):
    for citation in answer["citations"]:
        del citation["passage"]["time"], citation["links"]["recording"]
    assert faults_of(project, answer) == ()


@pytest.fixture(scope="module")
def rows(project, qa):
    """The rows of a batch's table, the head first."""
    (project / "q.csv").write_text("question\nwhen does the lock open\n", "utf-8")
    batch(qa, project / "q.csv", project / "a.csv")
    return [*csv.reader(io.StringIO((project / "a.csv").read_text("utf-8-sig"), newline=""))]


def written(rows):
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue()


def test_a_table_has_time_and_recording_and_both_are_proved(project, rows):
    head, row = rows
    places = {head.index("time_1"): "3728.75"}
    places[head.index("recording_1")] = "https://video.example.org/briefings/7.mp4#t=3728"
    assert {place: row[place] for place in places} == places
    assert faults_of(project, written(rows)) == ()
    for place in places:
        spoilt = [*row]
        spoilt[place] = "9"
        (fault,) = faults_of(project, written([head, spoilt]))
        assert f"{head[place].removesuffix('_1')} is '9', the record has" in fault


def test_a_table_of_before_times_is_proved(project, rows):
    kept = [n for n, name in enumerate(rows[0]) if not re.match("(?:time|recording)_", name)]
    earlier = [[row[n] for n in kept] for row in rows]
    assert faults_of(project, written(earlier)) == ()
    earlier[1][earlier[0].index("page_1")] = "9"
    (fault,) = faults_of(project, written(earlier))
    assert "page is '9'" in fault


def test_the_terminal_shows_the_time_and_the_link(qa, capsys):
    answer = qa.ask("when does the lock open")
    _print_answer(answer, dict(qa.snapshot.documents))
    first = capsys.readouterr().out.split("\n")[0]
    assert " | at 1:02:08 | paragraph 2 | " in first
    assert first.endswith(
        " | seeds/briefing.vtt | https://video.example.org/briefings/7.mp4#t=3728"
    )


def test_a_preview_counts_times_and_names_the_recording(project):
    (shown,) = preview([project / "seeds"], project / "corpus")
    stated = shown.to_json()
    assert (stated["times"], stated["recording"]) == (
        5,
        "https://video.example.org/briefings/7.mp4",
    )


def test_a_corrected_text_has_a_recording_and_no_times(project, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (source,) = corpus_folder.paths(project / "corpus")
    path = tmp_path / "corpus" / source.name
    path.parent.mkdir()
    # An address added by hand leaves the times as they are.
    other = source.read_text("utf-8").replace("briefings/7.mp4", "briefings/8.mp4")
    path.write_text(other, "utf-8")
    assert CliRunner().invoke(app, ["accept", path.stem]).exit_code == 0
    found = corpus_folder.read(path)
    assert (found.is_accepted, len(found.document.times)) == (True, 5)
    assert found.document.recording == "https://video.example.org/briefings/8.mp4"
    path.write_text(other.replace("in May", "in June"), "utf-8")
    assert CliRunner().invoke(app, ["accept", path.stem]).exit_code == 0
    corrected = corpus_folder.read(path).document
    assert (corrected.times, time_of(corrected, 0)) == ((), None)
    assert corrected.recording == "https://video.example.org/briefings/8.mp4"


def test_other_documents_have_no_line_for_times(tmp_path):
    document = Document(id="a", title="A", text="Rain fell.")
    assert corpus_folder.render(document, "a.txt", "1" * 64) == (
        "---\nid: a\ntitle: A\nlanguage: en\nlayout: statement\ningested_from: a.txt\n"
        f"sha256: {document.sha256}\nsource_sha256: '{'1' * 64}'\n"
        "file_sha256: d0b1f1eec7a1370d9d5b8e72d04bce0d8764aa21a7aa1ca570614e8f5e3ca534\n"
        "---\n\nRain fell.\n"
    )


TIMES = ((0, 1), (5, 1), (9, 2.5), (12, 3725.002))


def test_times_are_written_in_one_line_and_read_back(tmp_path):
    document = Document(
        id="a", title="A", text="One. Two. Three.", times=TIMES, recording="http://a"
    )
    content = corpus_folder.render(document, "a.srt", "1" * 64)
    assert "\nrecording: http://a\ntimes: [0 1, 5 1, 9 2.5, 12 3725.002]\n" in content
    corpus_folder.write(tmp_path, "a", content)
    read = corpus_folder.read(tmp_path / "a.md").document
    assert read == document
    assert [*map(type, dict(read.times).values())] == [int, int, float, float]


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        ("0 1", "not a list"),
        ({"0": "1"}, "not a list"),
        (["0"], "not a list"),
        (["0 x"], "not a list"),
        (["0 1:30"], "not a list"),
        (["0 -1"], "not a list"),
        (["0  1"], "not a list"),
        (["0 1.0005"], "not a list"),
        (["٣ 1"], "not a list"),
        ([["0", "1"]], "not a list"),
        ([None], "not a list"),
        (["1 1", "0 2"], "do not ascend"),
        (["0 1", "0 2"], "do not ascend"),
        (["0 2", "1 1"], "do not ascend"),
        (["0 2.5", "1 2.25"], "do not ascend"),
        (["0 1", "10 2"], "do not ascend"),
    ],
)
def test_times_that_are_damaged_are_refused(stated, why):
    with pytest.raises(CorpusError, match=why):
        read_times(stated, 10)


def test_times_with_zeros_at_the_end_are_the_same_times():
    assert read_times(["0 1.50", "9 2.000"], 10) == ((0, 1.5), (9, 2))
    assert written_times(((0, 1.5), (9, 2))) == ("0 1.5", "9 2")
    assert read_times([], 10) == ()


@given(st.integers(0, 10**10))
def test_seconds_are_exact_to_the_millisecond(milliseconds):
    text = f"0 {seconds(milliseconds)}"
    if milliseconds < 10**10:
        assert read_times([text], 1) == ((0, seconds(milliseconds)),)
    assert round(seconds(milliseconds) * 1000) == milliseconds


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        (0, "0:00"),
        (59.999, "0:59"),
        (60, "1:00"),
        (3599.9, "59:59"),
        (3600, "1:00:00"),
        (36_061, "10:01:01"),
    ],
)
def test_a_clock_drops_fractions_and_hours_that_are_none(time, shown):
    assert clock(time) == shown


def test_what_stands_before_the_first_time_has_none():
    document = Document(id="a", title="A", text="One. Two.", times=((5, 7),))
    assert [time_of(document, at) for at in (0, 4, 5, 8)] == [None, None, 7, 7]


@pytest.mark.parametrize(
    ("recording", "expected"),
    [
        ("https://a.example/v.mp4", "https://a.example/v.mp4#t=95"),
        ("http://a.example/v?id=3&t=9", "http://a.example/v?id=3&t=9#t=95"),
        ("https://a.example/v.mp4#t=4&track=en", "https://a.example/v.mp4#track=en&t=95"),
        ("https://a.example/#/watch/7", "https://a.example/#/watch/7"),
        ("https://www.youtube.com/watch?v=x_1", "https://www.youtube.com/watch?v=x_1&t=95"),
        ("https://youtube.com/watch?t=4s&v=x#t=9", "https://youtube.com/watch?v=x&t=95"),
        ("https://youtu.be/x", "https://youtu.be/x?t=95"),
        ("https://www.youtube.com/live/x?si=y", "https://www.youtube.com/live/x?si=y&t=95"),
        ("https://m.YouTube.com/embed/x?start=3", "https://m.YouTube.com/embed/x?start=95"),
        ("https://vimeo.com/76979871", "https://vimeo.com/76979871#t=95s"),
        ("https://player.vimeo.com/video/7?h=e", "https://player.vimeo.com/video/7?h=e#t=95s"),
        ("https://notyoutube.com/watch?v=x", "https://notyoutube.com/watch?v=x#t=95"),
        ("https://youtube.com.example/watch?v=x", "https://youtube.com.example/watch?v=x#t=95"),
        ("javascript:alert(1)", None),
        (None, None),
    ],
)
def test_a_link_leads_to_the_second_in_the_form_of_its_host(recording, expected):
    assert link(recording, 95.9) == expected


def test_a_link_without_a_time_is_the_address():
    assert link("https://youtu.be/x?t=4", None) == "https://youtu.be/x?t=4"
    assert link("https://a.example/v.mp4", 0) == "https://a.example/v.mp4#t=0"


@pytest.mark.parametrize(
    "stated",
    [
        "",
        "a.example/v",
        "//a.example/v",
        "ftp://a.example/v",
        "javascript://a.example/%0Aalert(1)",
        "https://",
        "https:///v",
        "https://user:secret@a.example/v",
        "https://[a.example/v",
        "https://a.example/a b",
        "https://a.example/\u202ev",
        "https://a.example/\x1b[31m",
        'https://a.example/"onclick=x',
        "https://a.example/<b>",
        f"https://a.example/{'x' * 2_000}",
    ],
)
def test_what_is_no_address_is_no_recording(tmp_path, stated):
    assert not is_address(stated)
    content = f"---\ntitle: A\nrecording: {json.dumps(stated)}\n---\nText"
    (tmp_path / "a.md").write_text(content, "utf-8")
    with pytest.raises(CorpusError, match="its recording is .*, not an address"):
        corpus_folder.read(tmp_path / "a.md")


SRT = "1\n00:00:01,000 --> 00:00:02,000\nOne.\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo."
LINE = "Recording: https://a.example/v"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.srt", f"{LINE}\n\n{SRT}"),
        ("a.srt", f"\n{LINE}  \n{SRT}"),
        ("a.srt", f"{LINE}\n{SRT[2:]}"),
        ("a.vtt", f"WEBVTT\nKind: captions\nRECORDING:https://a.example/v\n\n{SRT}"),
        ("a.vtt", f"WEBVTT - {LINE}\n\n{SRT}"),
        ("a.vtt", f"WEBVTT\nAudio: English\n{LINE}\n\n{SRT}\n\nNOTE {LINE}"),
        ("a.vtt", f"WEBVTT\n\nNOTE Video: https://a.example/v\n\n{SRT}"),
        ("a.vtt", f"WEBVTT\r\n\r\n{SRT}\r\n\r\nNOTE\r\nof the office\r\n{LINE}\r\n"),
    ],
)
def test_captions_state_their_recording(name, text):
    found = extract(text.encode(), name)
    assert (found.text, found.recording, found.remark) == ("One. Two.", "https://a.example/v", "")
    assert found.times == ((0, 1), (5, 3))


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        (f"{LINE}\n{LINE}2\n\n{SRT}", "left out: 2 addresses of recordings, state one"),
        (
            f"Recording: a.example/v\n\n{SRT}",
            "left out: the recording 'a.example/v', state it as https://...",
        ),
        (SRT, ""),
    ],
)
def test_an_address_that_is_in_doubt_is_left_out_with_a_remark(text, remark):
    found = captions(text.encode(), "a.srt")
    assert (found.text, found.recording, found.remark) == ("One. Two.", None, remark)


def test_an_address_that_is_said_is_no_recording():
    said = f"1\n00:00:01,000 --> 00:00:02,000\nRecording: https://a.example/said\n\n{SRT}"
    found = captions(said.encode(), "a.srt")
    assert found.recording is None
    assert "https://a.example/said" in found.text


def test_cues_that_go_back_in_time_have_no_times_and_say_so():
    again = f"{SRT}\n\n3\n00:00:02,500 --> 00:00:04,000\nThree."
    found = captions(again.encode(), "a.srt")
    assert (found.text, found.times) == ("One. Two. Three.", ())
    assert found.remark == "a cue begins before the one above it: no times are shown"
    at_once = again.replace("02,500", "03,000")
    assert captions(at_once.encode(), "a.srt").times == ((0, 1), (5, 3), (10, 3))


def test_lines_that_roll_have_the_time_at_which_they_are_new():
    cues = ["we will", "we will\nopen it", "open it\nin May", "in May\nat last"]
    rolling = "\n\n".join(f"00:00:0{n},000 --> 00:00:0{n},900\n{cue}" for n, cue in enumerate(cues))
    found = captions(rolling.encode(), "a.srt")
    assert found.text == "we will open it in May at last"
    assert found.times == ((0, 0), (8, 1), (16, 2), (23, 3))


def test_a_cue_of_two_speakers_has_one_time():
    two = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Q>Why?\n<v ANN>So.\n\n00:03.000 --> 00:04.000\nX."
    found = captions(two.replace("\nX.", "\n<v ANN>X.").encode(), "a.vtt")
    assert found.text == "Q: Why?\n\nANN: So. X."
    assert found.times == ((0, 1), (18, 3))
    document = document_of(found, "a.vtt")
    assert time_of(document, found.text.index("So.")) == 1


def test_times_move_with_the_text_where_its_head_is_cut_off():
    said = "Home > Press\n\nIt rained."
    found = document_of(
        type(extract(SRT.encode(), "a.srt"))(said, times=((0, 1), (7, 2), (14, 3), (17, 4))), "a"
    )
    assert (found.text, found.times) == ("It rained.", ((0, 3), (3, 4)))
