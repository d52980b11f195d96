"""Nobody's words are given to somebody else: labels that break off, run on or are misread."""

import pytest

from qa.sources.layouts.parts import parts
from qa.sources.layouts.registry import recognise, turns
from test_turns import spoken

Q, A, S = "question", "answer", "statement"


def speaker_of(text, words):
    """Return the speaker of these words."""
    page = recognise(text)
    (turn,) = [t for t in turns(page.text, page.layout) if words in t.span.of(page.text)]
    return turn.speaker


def talk(*said, separator=": "):
    return "\n\n".join(f"{name}{separator}{words}" for name, words in said)


EXCHANGES = (
    ("Ann Bell", "Is the mill shut?"),
    ("Runa Feld", "It is, since noon."),
    ("Ann Bell", "Who pays for it?"),
    ("Runa Feld", "The county does."),
)
HEAD = "PARLIAMENT OF ELM\n\nFOR WRITTEN REPLY\n\n"


@pytest.mark.parametrize("number", ["QUESTION NO: 2311", "QUESTION 2311", "Question No. 31:"])
@pytest.mark.parametrize("reply", ["REPLY\n\n", "REPLY:\n\n", "Reply: ", "Answer\n"])
def test_a_written_question_has_the_member_who_put_it_and_the_minister_who_replied(number, reply):
    text = (
        f"{HEAD}{number}\n\nMr P J Olt (XY-FS) to ask the Minister of Mills and Dykes:\n\n"
        f"(1) Whether the mill was closed; if so, why;\n\n(2) when does it open?\n\nNW2311E\n\n"
        f"{reply}(1) It was closed for repairs.\n\n(2) In May."
    )
    assert spoken(text) == [
        (
            Q,
            "Mr P J Olt",
            "(1) Whether the mill was closed; if so, why;\n\n(2) when does it open?\n\nNW2311E",
        ),
        (A, "Minister of Mills and Dykes", "(1) It was closed for repairs.\n\n(2) In May."),
    ]


def test_a_reply_that_is_labelled_with_a_name_is_that_persons():
    text = (
        "12. Ms L Feld (XY) to ask the Minister of Mills:\n\nWhen does the mill open? NW12E\n\n"
        "REPLY\n\nThe Minister of Roads (Mr Orn): It opens in May."
    )
    assert spoken(text)[-1][1:] == ("Mr Orn", "It opens in May.")


def test_a_paper_of_questions_without_replies_names_who_put_each():
    text = (
        "QUESTION PAPER\n\nFRIDAY, 3 MAY 2019\n\n"
        "437. Mr P Olt (XY-FS) to ask the Minister of Mills:\n\nWhether it is shut?\tCW31E\n\n"
        "1438. Adv A Feld (XY) to ask the Minister of Dykes: [215]\n\nWho pays?\tCW32E\n\n"
        "SUMMARY OF QUESTIONS\n\n37. Mr V Orn (XY) (p 20)—Mills."
    )
    assert spoken(text) == [
        (Q, "Mr P Olt", "Whether it is shut?\tCW31E"),
        (Q, "Adv A Feld", "[215]\n\nWho pays?\tCW32E"),
    ]
    assert speaker_of(text, "Mr V Orn") is None
    assert [part.numbers[0] for part in parts(text) if part.numbers] == ["437", "1438"]


def test_what_stands_below_the_number_of_a_question_is_not_the_members():
    text = (
        "3. Mr P Olt to ask the Minister of Mills:\n\nIs it shut? NW13E\n\nThe mill is open.\n\n"
        "4. Mr P Olt to ask the Minister of Dykes:\n\nIs it shut? NW14E\n\nThe dyke is shut."
    )
    assert speaker_of(text, "The mill is open.") is None
    assert speaker_of(text, "The dyke is shut.") is None


def test_a_question_ends_with_its_mark_where_the_reply_has_no_label():
    text = (
        "3. Mr P Olt to ask the Minister of Mills:\n\n(1) Is it shut?\n\n(2) Who pays?\n\n"
        "The mill is open.\n\n4. Mr P Olt to ask the Minister of Dykes:\n\nIs it shut?\n\nIt is."
    )
    assert spoken(text)[0] == (Q, "Mr P Olt", "(1) Is it shut?\n\n(2) Who pays?")
    assert speaker_of(text, "The mill is open.") is None


@pytest.mark.parametrize("end", [":-", "÷", "\n\nwhether the mill is shut and", " whether"])
def test_a_question_put_to_a_minister_ends_the_turn_above(end):
    text = (
        "Mr. Speaker: Next Question, Mr. Olt!\n\n"
        f"Mr. Olt asked the Minister for Mills{end}\n\n(a) what it costs; and,\n\n(b) who pays.\n\n"
        "The Minister for Mills (Mr. Orn): I beg to reply. The county pays.\n\n"
        "Mr. Olt: Mr. Speaker, Sir, how much?\n\nMr. Orn: Nine crowns.\n\nMr. Speaker: Order!"
    )
    assert speaker_of(text, "(a) what it costs") == "Mr. Olt"


def test_what_stands_below_a_heading_is_not_of_the_question_above():
    text = (
        "Mr. Olt asked the Minister for Mills:-\n\n(a) who pays; and,\n\n(b) how much.\n\n"
        "The Minister for Mills (Mr. Orn): The county pays.\n\n"
        "Mr. Olt asked the Minister for Dykes:-\n\n(a) who pays; and,\n\n(b) how much.\n\n"
        "ROADS IN ELM\n\nThe House rose at six.\n\nMr. Orn: It is over."
    )
    assert speaker_of(text, "The House rose") is None


def test_whoever_puts_questions_answers_none():
    """Neither a name above, nor questions of others before, make a member answer."""
    put = "{}. Mr {} to ask the Minister of Mills:\n\nWho pays for {} of the mills? NW1{}E"
    text = "Questions of Mr P Olt\n\n" + "\n\n".join(
        put.format(n, name, "every one and all" if name == "P Olt" else "one", n)
        for n, name in enumerate(["K Feld", "P Olt", "T Orn", "P Olt", "A Bell", "P Olt"], 1)
    )
    assert [turn[0] for turn in spoken(text)] == [Q] * 6


def test_a_story_of_who_asked_a_minister_names_nobody():
    text = (
        "The council met.\n\nMr. Olt asked the Minister for Mills whether it is shut.\n\n"
        "The hall was full.\n\nMrs. Feld asked the Minister for Dykes when it opens.\n\nIt rained."
    )
    assert recognise(text).layout == S


def test_written_questions_that_follow_a_label_are_questions():
    text = talk(
        ("Ann Bell", "To ask the Secretary of State for Mills, when the mill will be opened."),
        ("Olaf Dorn", "The mill will be opened in May."),
        ("Kiv Orn", "To ask the Secretary of State for Mills, what it has cost."),
        ("Olaf Dorn", "Nine crowns."),
    )
    assert [role for role, *_ in spoken(text)] == [Q, A, Q, A]


@pytest.mark.parametrize("separator", [" - ", " – ", "- ", " -", "-"])
def test_a_title_a_name_in_capitals_and_a_dash_are_a_label(separator):
    text = talk(
        ("Sir PUKA VESK", "Thank you, Mr Speaker. When does the bridge open?"),
        ("Mr IAN LING-TARN (Elm - Minister for Roads)", "The bridge opens in May."),
        ("Sir PUKA VESK", "Who pays for it?"),
        ("Mr IAN LING-TARN (Elm - Minister for Roads)", "The county."),
        ("Mr ACTING SPEAKER", "Order. The House is adjourned."),
        separator=separator,
    )
    assert [turn[1] for turn in spoken(text)] == [
        "Sir PUKA VESK",
        "Mr IAN LING-TARN",
        "Sir PUKA VESK",
        "Mr IAN LING-TARN",
        "Mr ACTING SPEAKER",
    ]


def test_a_dash_is_as_good_as_a_colon_behind_a_title_and_capitals():
    text = talk(*[(f"Mr {name.upper()}", words) for name, words in EXCHANGES])
    text += "\n\nMr ACTING SPEAKER - Order. The House is adjourned."
    assert spoken(text)[-1][1:] == ("Mr ACTING SPEAKER", "Order. The House is adjourned.")


def test_those_present_at_a_debate_say_nothing_by_being_listed():
    present = "Present:\n\nMr PETER VASU - Chairman\n\nMrs ANN KAMA - Treasurer\n\n"
    text = present + talk(*[(f"Mr {name.upper()}", words) for name, words in EXCHANGES])
    assert {turn[1] for turn in spoken(text)} == {"Mr ANN BELL", "Mr RUNA FELD"}


def test_a_list_of_those_present_names_nobody():
    text = (
        "Present:\n\nMr PETER VASU - Chairman\n\nMrs ANN KAMA - Treasurer\n\n"
        "Mr JOHN BELL - Member\n\nThe council resolved to repair the bridge in May."
    )
    assert recognise(text).layout == S


@pytest.mark.parametrize(
    ("before", "label"),
    [
        ("That is all. ", "Ann Bell: "),
        ("It cost 335,498. ", "Ann Bell: "),
        ("He said “no.” ", "Ann Bell: "),
        ("That is all. ", "The Minister for Mills (Mr. Orn): "),
        ("That is all.\n\n", "Ann Bell:…"),
        ("That is all.\n\n", "Ann Bell:-"),
    ],
)
def test_a_label_amid_the_words_of_another_ends_these(before, label):
    text = talk(*EXCHANGES, ("Runa Feld", f"{before}{label}one more thing about the mill."))
    holder = speaker_of(text, "one more thing")
    assert holder in {None, "Ann Bell", "Mr. Orn"}
    assert speaker_of(text, before.strip()) == "Runa Feld"


@pytest.mark.parametrize(
    "words",
    [
        "I met Ann Bell: she is well.",
        "There is one rule. Mills of Vesk: they stay.",
        "* Harbour bridge: 65 million and more.",
        "It stays. (Interjection by the Rev. Ann Bell: Hear, hear!)\nSo it does.",
        "She wrote. Ann Bell: “I stay.” That is what she wrote.",
    ],
)
def test_a_name_or_a_colon_within_a_sentence_ends_nothing(words):
    text = talk(*EXCHANGES, ("Runa Feld", words))
    assert spoken(text)[-1] == (A, "Runa Feld", words)


def test_a_name_behind_a_bullet_ends_the_turn_above_and_names_nobody():
    text = talk(*EXCHANGES, ("Runa Feld", "That is all.\n* Ann Bell: one more thing."))
    assert speaker_of(text, "one more thing") is None
    assert speaker_of(text, "That is all.") == "Runa Feld"


def test_a_label_within_a_label_is_none():
    text = talk(
        ("The Hon. Ann Bell", "Is the mill shut?"),
        ("Runa Feld", "It is."),
        ("Ann Bell", "Who pays for it?"),
        ("Runa Feld", "The county."),
    )
    assert [turn[2] for turn in spoken(text)] == [words for _, words in _said_of(text)]


def _said_of(text):
    return [paragraph.split(": ", 1) for paragraph in text.split("\n\n")]


def test_a_speaker_of_whom_only_a_note_is_left_takes_a_turn():
    text = (
        "PM: We did what we could do for the mills.\nJ: ( Inaudible)\n"
        "PM: The mill is shut, and that is that.\nQ: Why is it shut?\nPM: It is old.\n"
        "J: ( Inaudible re the mill)\nPM: It is the largest mill of all.\n"
        "Q: Who pays for it?\nPM: The county does."
    )
    assert "naudible" not in " ".join(words for _, name, words in spoken(text) if name == "PM")


@pytest.mark.parametrize("agency", ["dpa", "afp", "NPR", "Kyst Radio"])
def test_an_agency_in_small_letters_is_not_swallowed(agency):
    text = talk(
        ("Journalist", "Any word on the flood?"),
        ("Spokeswoman Feld", "Two teams left."),
        ("Journalist", "When are they back?"),
        ("Spokeswoman Feld", "On Sunday."),
        (agency, "A barge was held. Is that so?"),
        ("Runa Feld", "It was let go."),
        ("Coastal Courier", "Does the mill close?"),
        ("Runa Feld", "No."),
    )
    assert spoken(text)[4:6] == [
        (Q, agency, "A barge was held. Is that so?"),
        (A, "Runa Feld", "It was let go."),
    ]


def test_an_occupation_behind_a_name_ends_the_turn_above():
    text = talk(
        ("Olga Venn, mayor of Elm", "The lamps are yellow because that is our colour."),
        ("Ann Bell, Coastal Courier", "Who pays for them?"),
        ("Olga Venn, mayor of Elm", "We do."),
        ("Piet Aldo, miller", "The duty on barley is too high for us."),
        ("Ann Bell, Coastal Courier", "How many mills closed?"),
        ("Olga Venn, mayor of Elm", "Two of them."),
    )
    assert speaker_of(text, "The duty on barley") in {None, "Piet Aldo"}


def test_a_long_office_with_its_holder_on_a_line_of_its_own_is_a_label():
    said = [("Lord Tarn (Con)", "Is it shut?"), ("Lord Feld (Lab)", "It is, since noon.")] * 3
    said.append(("The Keeper-General for the Dykes of Vesk (Lord Orn of Elm) (Con)", "My Lords."))
    assert spoken(talk(*said, separator="\n"))[-1][1:] == ("Lord Orn of Elm", "My Lords.")


@pytest.mark.parametrize("separator", [": ", "\n"])
def test_a_name_in_capitals_with_its_office_is_a_label_though_it_stands_once(separator):
    said = [("QUESTION", "Is the mill shut?"), ("PRESIDENT ANN BELL", "It is, since noon.")] * 2
    said += [
        ("KIV ORN", "Good day."),
        ("QUESTION", "Who pays?"),
        ("KIV ORN", "We do."),
        ("UGO BRANT TARN, DIRECTOR GENERAL OF THE COMMISSION FOR DYKES AND PORTS", "Good morning."),
    ]
    assert spoken(talk(*said, separator=separator))[-1][1:] == ("UGO BRANT TARN", "Good morning.")


def test_in_a_misread_scan_nobody_is_named():
    words = "Th-1at is thie mini8ter's fa~ult, and o1d as wE1l as tHIs. We s4id so in thE8e ye4rs."
    misread = talk(*[(name, f"{said} {words}") for name, said in EXCHANGES])
    assert {turn[:2] for turn in spoken(misread)} == {(Q, None), (A, None)}
    codes = "The forms B2b, C3c and D4d are new. " + "The mill is old and shut. " * 100
    clean = talk(*[(name, f"{said} {codes}") for name, said in EXCHANGES])
    assert {turn[1] for turn in spoken(clean)} == {"Ann Bell", "Runa Feld"}


@pytest.mark.parametrize(
    "head",
    [
        "Wednesday, 22 May 2013 Take: The minutes are not revised.",
        "NW311E: When is the mill to be shut?",
    ],
)
def test_heads_of_pages_and_lists_are_no_speakers(head):
    text = f"{head}\n\n{talk(*EXCHANGES)}\n\n{head}\n\n{talk(*EXCHANGES)}"
    assert {turn[1] for turn in spoken(text)} == {"Ann Bell", "Runa Feld"}


def test_an_office_may_hold_a_year_where_its_holder_stands_behind_it():
    text = talk(
        ("Mr. Olt", "Is the mill shut?"),
        ("The Minister for Mills and Vision 2030 (Mr. Orn)", "It is."),
        ("Mr. Olt", "Who pays?"),
        ("The Minister for Mills and Vision 2030 (Mr. Orn)", "The county."),
    )
    assert [turn[:2] for turn in spoken(text)] == [(Q, "Mr. Olt"), (A, "Mr. Orn")] * 2


def test_the_head_of_a_list_of_questions_is_no_speaker():
    text = "Frequently Asked Questions List:\n\nWho may fish?\nIs there a fee?\n\n" + talk(
        ("Q", "Who may fish?"), ("A", "Anybody."), ("Q", "Is there a fee?"), ("A", "No.")
    )
    assert [turn[:2] for turn in spoken(text)] == [(Q, None), (A, None)] * 2


def test_where_nobody_answers_nobody_asks():
    text = talk(
        ("THE MAYOR", "Do we believe in mills?"),
        ("AUDIENCE", "Yes! (Applause.)"),
        ("THE MAYOR", "Do we believe in dykes?"),
        ("AUDIENCE", "Yes! (Applause.)"),
        ("THE MAYOR", "Are we ready to build them?"),
        ("AUDIENCE", "Yes! (Applause.)"),
    )
    assert {turn[0] for turn in spoken(text)} == {S}


def test_where_nobody_answers_for_certain_who_seldom_asks_does_not_ask():
    text = (
        "PM: We did what we could. Was it much?\nJ: ( Inaudible)\n"
        "PM: The mill is shut, as you know.\nJ: ( Inaudible)\n"
        "PMV: You cannot ask so. Who would?\nJ: ( Inaudible)\n"
        "PM: It is old and the county pays for it.\nJ: ( Inaudible)\n"
        "PMV: That is that, and no more of it.\nJ: ( Inaudible)\n"
        "PM: Sorry? You asked me before.\nJ: ( Inaudible)\nPMV: The county pays."
    )
    assert {turn[0] for turn in spoken(text)} == {S}


def test_a_speaker_in_capitals_with_an_unknown_title_is_not_swallowed():
    text = talk(
        ("The SPEAKER", "What point are you rising on?"),
        ("Mr T M OLT", "On a point of order."),
        ("The SPEAKER", "Is it one?"),
        ("Mr K FELD", "It is, Speaker."),
        ("Cde T M ORN", "Speaker, may I rise on a further point of order?"),
        ("The SPEAKER", "You may."),
    )
    assert speaker_of(text, "may I rise") in {None, "Cde T M ORN"}


@pytest.mark.parametrize(
    ("asks", "answers"),
    [("Q- ", "A- "), ("Q | ", "A | "), ("问题1：", "回答1："), ("Q.1) ", "A.1) "), ("F: ", "A: ")],
)
def test_more_separators_and_words_of_questions(asks, answers):
    text = f"{asks}谁 may fish?\n{answers}Any resident.\n\n{asks}Is there a fee?\n{answers}No."
    assert spoken(text) == [
        (Q, None, "谁 may fish?"),
        (A, None, "Any resident."),
        (Q, None, "Is there a fee?"),
        (A, None, "No."),
    ]


def test_a_spokesperson_of_another_language():
    text = talk(
        ("Periodista", "¿Ha llegado el convoy?"),
        ("Portavoz adjunta", "Llegó anoche."),
        ("Periodista", "¿Cuándo se publica?"),
        ("Portavoz adjunta", "El 14 de marzo."),
    )
    assert [turn[:2] for turn in spoken(text)] == [(Q, None), (A, "Portavoz adjunta")] * 2


@pytest.mark.parametrize(
    "aside",
    [
        "(Beifall bei der SPD – Dr. Kolt [FDP]: Das war\nnichts!)",
        "(Laughter.)",
        "(Interjection by a visitor (Mr Olt): Hear, hear!)",
        "[The press moves to the quay.]",
        "（掌聲）",
        "(Applause)\n\n(Zuruf: Nein!)",
    ],
)
def test_a_paragraph_in_brackets_is_not_the_speakers(aside):
    said = "It is shut (since noon), we hear."
    text = talk(*EXCHANGES, ("Ann Bell", "Is it shut?"), ("Runa Feld", said))
    text = f"{text}\n\n{aside}\n\nIt opens in May."
    page = recognise(text)
    assert [(t.role, t.speaker, t.span.of(text)) for t in turns(text, page.layout)][-3:] == [
        (A, "Runa Feld", f"Runa Feld: {said}\n\n"),
        (S, None, f"{aside}\n\n"),
        (A, "Runa Feld", "It opens in May."),
    ]


def test_an_answer_is_to_the_words_behind_an_aside_in_the_question():
    text = talk(*EXCHANGES, ("Ann Bell", "Good day.\n\n(Laughter)\n\nIs it shut?\n\n(Applause)"))
    text = f"{text}\n\nRuna Feld: It is."
    answer = turns(text, "transcript")[-1]
    assert (answer.role, answer.asked.of(text)) == (A, "Is it shut?")


@pytest.mark.parametrize("note", ["(Laughter.)", "(Inaudible)"])
def test_a_note_behind_a_label_is_the_speakers_turn(note):
    text = talk(*EXCHANGES, ("Ann Bell", "Why?"), ("Runa Feld", note))
    assert spoken(text)[-1] == (A, "Runa Feld", note)


def test_brackets_within_a_paragraph_are_the_speakers():
    said = "(Laughter.) It is shut.\n\n(At noon) it opens.\n\nIt opens. (Applause.)"
    assert spoken(talk(*EXCHANGES, ("Ann Bell", "Why?"), ("Runa Feld", said)))[-1][2] == said
