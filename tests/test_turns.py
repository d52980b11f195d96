"""Speakers in records of many bodies: labels by structure, roles by evidence."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.sources.layouts.registry import recognise, turns
from qa.sources.layouts.transcript import transcript

Q, A, S = "question", "answer", "statement"


def spoken(text):
    """The labelled turns of a transcript: role, speaker, words."""
    page = recognise(text)
    assert page.layout == "transcript"
    return [
        (turn.role, turn.speaker, page.text[turn.label.end : turn.span.end].strip())
        for turn in turns(page.text, page.layout)
        if turn.label
    ]


def speakers(text):
    return [turn[:2] for turn in spoken(text)]


# Each exchange of these is a question and an answer, in turn; the speakers are listed likewise.
EXCHANGES = {
    "outlets and a bare name": (
        (
            "Ministry of Dykes: weekly press conference, 9 May 2024\n\n"
            "Coastal Courier: Was the sluice shut in time?\n\n"
            "Runa Feld: It was shut at noon. Nobody was harmed.\n\n"
            "Radio Elm: Will the toll on carts rise?\n\n"
            "Runa Feld: A ruling on carts follows in June.\n\n"
            "TV Vesk: Does the mill in Vesk close?\n\nRuna Feld: No."
        ),
        ["Coastal Courier", "Runa Feld", "Radio Elm", "Runa Feld", "TV Vesk", "Runa Feld"],
    ),
    "outlets nobody knows, who do not always ask": (
        (
            "Zolm Ark: Is the sluice shut?\n\nRuna Feld: Yes, since noon.\n\n"
            "Bex Tul: I would like to hear about the toll on carts.\n\nRuna Feld: It stays.\n\n"
            "Kiv Orn: Does the mill close?\n\nRuna Feld: No."
        ),
        ["Zolm Ark", "Runa Feld", "Bex Tul", "Runa Feld", "Kiv Orn", "Runa Feld"],
    ),
    "a person answers whose name begins as a sentence does": (
        (
            "He Lanfen: The port opens today.\n\nKyst Times: Who pays for it?\n\n"
            "He Lanfen: The county pays.\n\nNorth Wire: How much is it?\n\nHe Lanfen: Two million."
        ),
        [None, "Kyst Times", "He Lanfen", "North Wire", "He Lanfen"],
    ),
    "question and spokesman": (
        (
            "Briefing at noon\n\nQuestion: Did the barge land?\n\nSpokeswoman: It did, at dawn.\n\n"
            "Correspondent: Is the log public?\n\nDeputy Spokesman: From Monday on."
        ),
        [None, "Spokeswoman", None, "Deputy Spokesman"],
    ),
    "surnames": (
        (
            "Bank of Elm, notes\n\nFirth: Are rates to fall?\n\nMoldau: Not this year.\n\n"
            "Kerr: And next year?\n\nMoldau: We shall see."
        ),
        ["Firth", "Moldau", "Kerr", "Moldau"],
    ),
    "a host": (
        (
            "Host: Where is the new dyke?\n\nRuna Feld: North of Elm.\n\n"
            "Host: How high is it?\n\nRuna Feld: Nine feet."
        ),
        ["Host", "Runa Feld", "Host", "Runa Feld"],
    ),
    "outlets in brackets": (
        (
            "MR. FIRTH (Coastal Courier): Is it shut?\n\nSECRETARY FELD: Since noon.\n\n"
            "MRS. KERR (TV Vesk): Who paid?\n\nSECRETARY FELD: The county."
        ),
        ["MR. FIRTH", "SECRETARY FELD", "MRS. KERR", "SECRETARY FELD"],
    ),
    "accents": (
        (
            "PERIODISTA: ¿Cuándo abre el puente?\n\nMINISTRO NÚÑEZ: En junio.\n\n"
            "PERIODISTA: ¿Cuánto costó?\n\nMINISTRO NÚÑEZ: Dos millones."
        ),
        [None, "MINISTRO NÚÑEZ", None, "MINISTRO NÚÑEZ"],
    ),
    "titles with small words": (
        (
            "Question : Quand ouvre le pont ?\n\nLe ministre : En juin.\n\n"
            "Question : Combien ?\n\nLe ministre : Deux millions."
        ),
        [None, "Le ministre", None, "Le ministre"],
    ),
    "a title behind a name": (
        (
            "Anna Bell, Coastal Courier: Is it shut?\n\n"
            "Olaf Dorn, spokesman of the county and keeper of the dykes: Since noon.\n\n"
            "Anna Bell, Coastal Courier: Who paid?\n\n"
            "Olaf Dorn, spokesman of the county and keeper of the dykes: We did."
        ),
        ["Anna Bell", "Olaf Dorn", "Anna Bell", "Olaf Dorn"],
    ),
    "Chinese outlets": (
        (
            "2024年5月9日水利部发言人方若溪答记者问\n\n"
            "海湾社：水闸何时关闭？\n\n方若溪：中午已关闭。\n\n"
            "《午报》记者：谁来付款？\n\n方若溪：由县里承担。\n\n"
            "北岸电视台：工程多大？\n\n方若溪：九尺高。"
        ),
        ["海湾社", "方若溪", "《午报》记者", "方若溪", "北岸电视台", "方若溪"],
    ),
    "Chinese, ASCII colons, no blank lines": (
        "问:水闸何时关闭?\n方若溪:中午已关闭。\n问:谁来付款?\n方若溪:由县里承担。",
        [None, "方若溪", None, "方若溪"],
    ),
    "Chinese, brackets": (
        (
            "【记者】水闸何时关闭？\n\n【方若溪】中午已关闭。\n\n"
            "【记者】谁来付款？\n\n【方若溪】由县里承担。"
        ),
        [None, "方若溪", None, "方若溪"],
    ),
    "Chinese numbers": (
        "问一：水闸何时关闭？\n\n答一：中午。\n\n问二：谁来付款？\n\n答二：县里。",
        [None, None, None, None],
    ),
    "Japanese, labels on lines of their own": (
        (
            "(記 者)\n理由は何ですか。\n(大 臣)\n雨です。\n"
            "(記 者)\nいつ開きますか。\n(大 臣)\n来月です。"
        ),
        [None, "大臣", None, "大臣"],
    ),
    "Japanese, half brackets": (
        "問）いつ開きますか。\n\n答）来月です。\n\n問）費用はいくらですか。\n\n答）千円です。",
        [None, None, None, None],
    ),
    "Japanese, circles": (
        (
            "○山田委員　いつ開きますか。\n○海野国務大臣　来月です。\n"
            "○山田委員　費用はいくらですか。\n○海野国務大臣　千円です。"
        ),
        ["山田委員", "海野国務大臣", "山田委員", "海野国務大臣"],
    ),
    "Korean": (
        (
            "기자: 언제 엽니까?\n\n김하늘: 5월입니다.\n\n"
            "기자: 비용은 얼마입니까?\n\n김하늘: 천 원입니다."
        ),
        [None, "김하늘", None, "김하늘"],
    ),
    "Russian": (
        (
            "Вопрос: Когда откроют шлюз?\n\nА.П.Лозин: В июне.\n\n"
            "Вопрос: Кто платит?\n\nА.П.Лозин: Округ."
        ),
        [None, "А.П.Лозин", None, "А.П.Лозин"],
    ),
    "Greek, whose question mark is a semicolon": (
        (
            "Άννα Μπελ: Πότε ανοίγει;\n\nΗλίας Ντορν: Τον Ιούνιο.\n\n"
            "Ρένα Κερ: Ποιος πληρώνει;\n\nΗλίας Ντορν: Ο δήμος."
        ),
        ["Άννα Μπελ", "Ηλίας Ντορν", "Ρένα Κερ", "Ηλίας Ντορν"],
    ),
    "Arabic": (
        "سؤال: متى يفتح الجسر؟\n\nالوزير: في مايو.\n\nسؤال: كم كلف؟\n\nالوزير: أربعون مليونا.",
        [None, "الوزير", None, "الوزير"],
    ),
    "Hindi": (
        ("प्रश्न: पुल कब खुलेगा?\n\nमंत्री: जून में।\n\nप्रश्न: कितना खर्च हुआ?\n\nमंत्री: दो करोड़।"),
        [None, "मंत्री", None, "मंत्री"],
    ),
    "numbers before labels": (
        "1. Q: Who may fish here?\n\nA: Any resident.\n\n2. Q: Is there a fee?\n\nA: No.",
        [None, None, None, None],
    ),
    "numbers behind labels": (
        (
            "Question 1: Who may fish here?\n\nAnswer 1: Any resident.\n\n"
            "Question 2: Is there a fee?\n\nAnswer 2: No."
        ),
        [None, None, None, None],
    ),
    "numbers and full stops": (
        "Q1. Who may fish here?\n\nA1. Any resident.\n\nQ2. Is there a fee?\n\nA2. No.",
        [None, None, None, None],
    ),
    "labels alone on their lines": (
        (
            "Question 1\nWho may fish?\n\nAnswer 1\nAny resident.\n\n"
            "Question 2\nIs there a fee?\n\n"
            "Answer 2\nNo.\n\nQuestion 3\nUntil when?\n\nAnswer 3\nUntil May."
        ),
        [None] * 6,
    ),
    "names alone on their lines": (
        (
            "ANNA BELL\nQuand ouvre le pont ?\nOLAF DORN\nEn juin.\nANNA BELL\nCombien ?\n"
            "OLAF DORN\nDeux millions.\nANNA BELL\nQui paie ?\nOLAF DORN\nLe comté."
        ),
        ["ANNA BELL", "OLAF DORN"] * 3,
    ),
    "question and answer in one paragraph": (
        "Q: Who may fish here?\nA: Any resident.\n\nQ: Is there a fee?\nA: No.",
        [None, None, None, None],
    ),
    "question and answer in one line": (
        "Q: Who may fish here? A: Any resident.\n\nQ: Is there a fee? A: No. It is free.",
        [None, None, None, None],
    ),
    "Chinese question and answer in one line": (
        "问：谁可以捕鱼？答：居民。\n\n问：要付费吗？答：不用。",
        [None, None, None, None],
    ),
    "turns separated by line breaks": (
        (
            "Coastal Courier: Is it shut?\nRuna Feld: Since noon.\nRadio Elm: Who paid?\n"
            "Runa Feld: The county.\nTV Vesk: Is it high?\nRuna Feld: Nine feet."
        ),
        ["Coastal Courier", "Runa Feld", "Radio Elm", "Runa Feld", "TV Vesk", "Runa Feld"],
    ),
    "Markdown": (
        (
            "**Coastal Courier:** Is it shut?\n\n**Runa Feld:** Since noon.\n\n"
            "**Radio Elm**: Who paid?\n\n**Runa Feld**: The county."
        ),
        ["Coastal Courier", "Runa Feld", "Radio Elm", "Runa Feld"],
    ),
    "dashes": (
        (
            "QUESTION — Quand ouvre le pont ?\n\nMme FELD — En juin.\n\n"
            "QUESTION — Combien ?\n\nMme FELD — Deux millions."
        ),
        [None, "Mme FELD", None, "Mme FELD"],
    ),
    "single letters and hyphens": (
        "Q - Quand ouvre le pont ?\n\nR - En juin.\n\nQ - Combien ?\n\nR - Deux millions.",
        [None, None, None, None],
    ),
    "a full stop and a hyphen": (
        (
            "Pregunta.- ¿Cuándo abre?\nPortavoz.- En junio.\nPregunta.- ¿Cuánto costó?\n"
            "Portavoz.- Dos millones."
        ),
        [None, "Portavoz", None, "Portavoz"],
    ),
    "times behind names": (
        (
            "Mayor Feld: (00:03)\nGood day. The sluice is shut.\n\n"
            "Speaker 2: (01:10)\nSince when?\n\n"
            "Mayor Feld: (01:15)\nSince noon.\n\nAnna Bell: (02:00)\nWho paid?\n\n"
            "Mayor Feld: (02:04)\nThe county."
        ),
        [None, "Speaker 2", "Mayor Feld", "Anna Bell", "Mayor Feld"],
    ),
    "times before names": (
        (
            "[00:01:02] Anna Bell: Is it shut?\n\n[00:01:09] Runa Feld: Since noon.\n\n"
            "[00:02:00] Anna Bell: Who paid?\n\n[00:02:04] Runa Feld: The county."
        ),
        ["Anna Bell", "Runa Feld", "Anna Bell", "Runa Feld"],
    ),
    "times and no colon": (
        (
            "Anna Bell  0:02\nIs it shut?\n\n"
            "Runa Feld  0:09\nSince noon.\n\nAnna Bell  0:20\nWho paid?\n\n"
            "Runa Feld  0:24\nThe county.\n\n"
            "Anna Bell  0:31\nHow much?\n\nRuna Feld  0:40\nNine crowns."
        ),
        ["Anna Bell", "Runa Feld"] * 3,
    ),
    "capitals and a full stop": (
        (
            "Mr. DORN. Madam Chair, is it shut?\n\n"
            "Ms. FELD. It is.\n\nMr. DORN. Who paid?\n\nMs. FELD. We."
        ),
        ["Mr. DORN", "Ms. FELD", "Mr. DORN", "Ms. FELD"],
    ),
    "capitals, a full stop, and a colon in what is said": (
        (
            "ANNA BROWN. Hi, Mr. Chairman, a question: is it shut?\n\nCHAIR FELD. It is.\n\n"
            "OLAF KERR. Hi, Mr. Chairman, another one: who paid?\n\nCHAIR FELD. We did."
        ),
        ["ANNA BROWN", "CHAIR FELD", "OLAF KERR", "CHAIR FELD"],
    ),
    "both ways of naming who asks": (
        (
            "Conferences of the ministry\n\nQ: Any word on the flood?\n\n"
            "Spokesperson Feld: Two teams left.\n\n"
            "Q: When are they back?\n\nSpokesperson Feld: On Sunday.\n\n"
            "ZKL: A barge was held yesterday. Is that so?\n\nRuna Feld: It was let go at once.\n\n"
            "VTX: Does the mill in Vesk close?\n\nRuna Feld: No."
        ),
        [None, "Spokesperson Feld"] * 2 + ["ZKL", "Runa Feld", "VTX", "Runa Feld"],
    ),
}


@pytest.mark.parametrize("name", EXCHANGES)
def test_labels_of_many_bodies(name):
    text, named = EXCHANGES[name]
    found = speakers(text)
    if named[0] is None and found[0][0] == S:  # an opening statement
        found, named = found[1:], named[1:]
    assert found == [(role, speaker) for role, speaker in zip([Q, A] * 9, named, strict=False)]


def test_words_are_without_label_and_time():
    text = EXCHANGES["times behind names"][0]
    assert [turn[2] for turn in spoken(text)] == [
        "Good day. The sluice is shut.",
        "Since when?",
        "Since noon.",
        "Who paid?",
        "The county.",
    ]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (EXCHANGES["times behind names"][0], "Good day"),
        (EXCHANGES["question and answer in one paragraph"][0], "Who may fish here?"),
        (EXCHANGES["surnames"][0], "Bank of Elm, notes"),
    ],
)
def test_a_title_is_no_label(text, title):
    assert recognise(text).title == title


def test_a_title_with_a_colon_is_no_turn():
    text = EXCHANGES["outlets and a bare name"][0]
    first = turns(text, "transcript")[0]
    assert (first.speaker, first.label) == (None, None)
    assert first.span.of(text).startswith("Ministry of Dykes: weekly")


HANSARD = (
    "HOUSE OF ELM\n\nFriday, 9th May, 2014\n\nQuestion No.31\n\nSLUICES IN VESK\n\n"
    "Mr. Olt asked the Minister for Water:-\n\n(a) when the sluice will open; and,\n\n"
    "(b) what it has cost.\n\n"
    "The Assistant Minister for Water (Mr. Njul): Mr. Speaker, Sir, I beg to reply.\n\n"
    "(a) It opens in June.\n\nMr. Olt: Mr. Speaker, Sir, who pays?\n\n"
    "Mr. Njul: The Ministry pays---Mr. Speaker: Order!\n\n"
    "Mr. Olt: I will say no more.\n\nROADS IN ELM\n\nMr. Njul: Roads are next."
)


def test_question_time_of_a_parliament():
    assert spoken(HANSARD) == [
        (Q, "Mr. Olt", "(a) when the sluice will open; and,\n\n(b) what it has cost."),
        (
            A,
            "Mr. Njul",
            "Mr. Speaker, Sir, I beg to reply.\n\n(a) It opens in June.",
        ),
        (Q, "Mr. Olt", "Mr. Speaker, Sir, who pays?"),
        (A, "Mr. Njul", "The Ministry pays---Mr. Speaker: Order!"),
        (S, "Mr. Olt", "I will say no more."),
        (S, "Mr. Njul", "Roads are next."),
    ]


def test_a_speaker_known_from_elsewhere_is_found_where_another_is_cut_short():
    text = HANSARD + "\n\nMr. Speaker: Next.\n\nMr. Olt: Why?\n\nMr. Speaker: Order."
    assert (A, "Mr. Njul", "The Ministry pays---") in spoken(text)
    assert (S, "Mr. Speaker", "Order!") in spoken(text)


def test_headings_between_turns_are_nobodys_words():
    found = transcript(HANSARD)
    (heading,) = [turn for turn in found if "ROADS IN ELM" in turn.span.of(HANSARD)]
    assert (heading.role, heading.speaker, heading.label) == (S, None, None)


@pytest.mark.parametrize(
    "text",
    [
        (
            "HON. A.B. OLT asked the County, upon notice:\n\nIs the sluice shut?\n\n"
            "HON. C. NJUL (Minister for Water, Mines\nand Mills).- It is shut.\n\n"
            "HON. SPEAKER.- I thank the Minister."
        ),
        (
            "HON. A.B. OLT.- Is the sluice shut?\n\nHON. C. NJUL.- It is shut.\n\n"
            "HON. A.B. OLT.: Who paid?\n\nHON. C. NJUL.- We paid."
        ),
    ],
)
def test_full_stops_and_hyphens_of_a_parliament(text):
    assert speakers(text)[:2] == [(Q, "HON. A.B. OLT"), (A, "HON. C. NJUL")]


def test_speeches_of_an_assembly_are_no_questions():
    speech = "The dyke is old. " * 200
    text = "".join(
        f"Lord {name}: {speech}Who will pay for it, and what of the mills? {speech}\n\n"
        f"Lord Vane: {speech}\n\nLord {name}: Is it safe?\n\nLord Vane: It is.\n\n"
        for name in ("Ash", "Birch", "Cedar", "Dogwood")
    )
    assert speakers(text)[:4] == [
        (S, "Lord Ash"),
        (S, "Lord Vane"),
        (Q, "Lord Ash"),
        (A, "Lord Vane"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        (
            "Notes of the parish meeting\n\nOda Lind (mayor of Vesk): The lamps are green.\n\n"
            "Per Holt (miller): The toll is too high for carts.\n\n"
            "Oda Lind (mayor of Vesk): It stays."
        ),
        (
            "Moderator: Welcome to the hall.\n\nOda Lind: The lamps are green by law.\n\n"
            "Per Holt: The toll is too high.\n\nOda Lind: It stays as it is."
        ),
        (
            "Cllr Lind: The lamps are green.\n\n"
            "Cllr Holt: The toll is too high.\n\nCllr Lind: It stays."
        ),
    ],
)
def test_who_said_it_where_nobody_asks(text):
    found = spoken(text)
    assert {role for role, _, _ in found} == {S}
    assert [said for _, name, said in found if name in ("Per Holt", "Cllr Holt")] == [
        said for _, _, said in found if "toll" in said
    ]


@pytest.mark.parametrize(
    "text",
    [
        (
            "Venue: Town hall.\n\nDate: 9 May 2024.\n\n"
            "Venue: Mill.\n\nDate: 10 May 2024.\n\nNote: free."
        ),
        (
            "Budget\n\nLamps: 40 crowns\n\nBenches: 12 crowns\n\n"
            "Lamps: 41 crowns\n\nBenches: 13 crowns"
        ),
        (
            "The plan.\n\nRoads: we build nine.\n\n"
            "Mills: we shut two.\n\nRoads: more.\n\nMills: fewer."
        ),
        (
            "From: Ann Lee\nTo: Bob Roe\nSubject: Dyke\n\n"
            "Is it shut?\n\nFrom: Bob Roe\nTo: Ann Lee\n\nYes."
        ),
        "Agenda\n\n10:30 Opening\n11:00 Coffee\n\n10:30 Opening\n11:00 Coffee",
        (
            "Mark 3:16 is read.\n\nSee https://elm.example/a?b\n\n"
            "John 3:16 is read.\n\nThe ratio is 3:1."
        ),
        (
            "He said: is it shut?\n\nThe mayor answered: it is.\n\n"
            "He said: who paid?\n\nShe said: we did."
        ),
        (
            "Article 1: Who may fish?\n\nArticle 2: Any resident.\n\n"
            "Article 1: Is it free?\n\nArticle 2: Yes."
        ),
        (
            "毛方表示：水闸何时关闭？\n\n方若溪表示：中午。\n\n"
            "毛方表示：谁付款？\n\n方若溪表示：县里。"
        ),
        "Q: Only one?\n\nRuna Feld: Yes.",
        "The Case for Dykes: Why we build\n\nWe build for all.\n\nThe Case against: no.",
        (
            "(Laughter.)\n\n[Applause] Is it shut?\n\n"
            "(Laughter.)\n\n[Applause] Who paid?\n\n(Laughter.)"
        ),
        "A. First\n\nB. Second\n\nA. Third\n\nB. Fourth",
        "(a) Is it shut?\n\n(b) It is.\n\n(a) Who paid?\n\n(b) We did.",
    ],
)
def test_what_looks_like_labels_and_is_none(text):
    page = recognise(text)
    assert (page.layout, len(turns(page.text, page.layout))) == ("statement", 1)


def test_a_list_with_dashes_names_nobody():
    text = (
        "Lamps – Are they on?\n\nMills – They are shut.\n\nLamps – Who pays?\n\nMills – The county."
        "\n\nRoads – Nine.\n\nSluices – Two.\n\nDykes – One.\n\nCarts – None.\n\nBarges – Six."
    )
    assert {turn.speaker for turn in turns(text, recognise(text).layout)} == {None}
    assert recognise(text).layout != "transcript"


def conference(inside):
    return (
        "Coastal Courier: Is the sluice shut?\n\n"
        f"Runa Feld: It is. {inside}\n\n"
        "Radio Elm: Who paid for it?\n\nRuna Feld: The county did.\n\n"
        "Coastal Courier: How much is it?\n\nRuna Feld: Nine crowns."
    )


@pytest.mark.parametrize(
    "inside",
    [
        "We buy:\n\nLamps: 40\n\nBenches: 12",
        "We buy:\nLamps: 40 crowns\nBenches: 12 crowns",
        "He said: we shall see.",
        "The mayor asked me:\n\n“Coastal mills: are they safe?”",
        "It is in Mark 3:16.\n\nIt begins at 10:30. (Laughter.)",
        "See https://elm.example/a:b\n\nThe reason is simple: we can.",
        "Note: this is final.",
    ],
)
def test_lists_quotations_and_notes_stay_in_their_turn(inside):
    assert spoken(conference(inside))[1] == (A, "Runa Feld", f"It is. {inside}")


def test_where_it_is_not_certain_who_speaks_nobody_does():
    """A label that neither recurs nor takes part, and may name a speaker, ends the turn."""
    text = conference("So much for now.\n\nBackdrop: The dyke is from the year of the great flood.")
    found = turns(text, "transcript")
    assert [
        (turn.role, turn.speaker, turn.label) for turn in found if "flood" in turn.span.of(text)
    ] == [(S, None, None)]
    assert found[1].span.of(text).endswith("So much for now.\n\n")


def test_a_day_of_a_log_ends_the_turn_before_it():
    days = ["Monday, March 3, 2025", "Tuesday, March 4, 2025", "Friday, May 9, 2025"]
    text = "The log\n\n" + "".join(
        f"{day}\n\nThe county wrote a letter.\n\nRadio Elm: Is it shut?\n\nRuna Feld: It is.\n\n"
        "TV Vesk: Who paid?\n\nRuna Feld: The county.\n\n"
        for day in days
    )
    found = turns(text, "transcript")
    letters = [turn.speaker for turn in found if "wrote a letter" in turn.span.of(text)]
    assert letters == [None, None, None]
    assert sum(turn.speaker == "Runa Feld" for turn in found) == 6


@pytest.mark.parametrize(
    "told",
    [
        "Otto Klim, the mayor, spoke about the toll.",
        "Deputy Keeper of Dykes Ugo Brant met the miller.\n\nThey spoke for an hour.",
        "The mayor spoke. In reply to Anna Bell, Klim named the toll too high.",
        "Runa Feld met the miller in Vesk.\n\nThey spoke of the dyke for an hour.",
    ],
)
def test_what_an_editor_of_a_log_tells_is_nobodys_words(told):
    text = (
        "The log\n\nMonday, March 3, 2025\n\nRadio Elm: Is it shut?\n\nRuna Feld: It is.\n\n"
        "We did it at noon.\n\nTV Vesk: Who paid?\n\nRuna Feld: The county."
        f"\n\nAs it did before.\n\n{told}\n\nAnna Bell: Is the toll too high?\n\n"
        "Otto Klim: Far too high.\n\n"
        "Tuesday, March 4, 2025\n\nThe mill is shut.\n\nFriday, May 9, 2025\n\nIt is open."
    )
    found = turns(text, "transcript")
    assert [turn.speaker for turn in found if told in turn.span.of(text)] == [None]
    assert (A, "Runa Feld", "The county.\n\nAs it did before.") in spoken(text)


FAQ = {
    "paragraphs": (
        "Fishing\n\nWho may fish here?\n\nAny resident.\n\nIs there a fee?\n\nNo.\n\nIt is free."
    ),
    "headings": (
        "# Fishing\n\n## Who may fish here?\n\nAny resident.\n\n## Is there a fee?\n\nNo. Free."
    ),
    "lines": "Fishing\n\nWho may fish here?\nAny resident.\n\nIs there a fee?\nNo. It is free.",
    "numbers": "Fishing\n\n1. Who may fish here?\n\nAny resident.\n\n2. Is there a fee?\n\nNo.",
    "Chinese": "须知\n\n谁可以捕鱼？\n\n居民可以。\n\n需要付费吗？\n\n不需要。",
}


@pytest.mark.parametrize("name", FAQ)
def test_a_page_of_questions_without_labels(name):
    page = recognise(FAQ[name])
    found = turns(page.text, page.layout)
    assert page.layout == "faq"
    assert [turn.role for turn in found] == [S, Q, A, Q, A]
    assert "".join(turn.span.of(page.text) for turn in found) == page.text
    for question, answer in zip(found[1::2], found[2::2], strict=True):
        assert answer.asked.of(page.text) == question.span.of(page.text).strip()
        assert (answer.speaker, answer.label) == (None, None)


def test_a_heading_between_questions_is_no_answer():
    text = "Who may fish here?\n\nAnybody.\n\nFEES AND FINES\n\nIs there a fee?\n\nNo."
    page = recognise(text)
    assert [(turn.role, turn.span.of(text).strip()) for turn in turns(text, page.layout)] == [
        (Q, "Who may fish here?"),
        (A, "Anybody."),
        (S, "FEES AND FINES"),
        (Q, "Is there a fee?"),
        (A, "No."),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "A speech.\n\nWhy do we build?\n\nBecause we must.\n\n"
        + "We go on.\n\n" * 30
        + "Who pays?\n\nWe.",
        "Only one is asked.\n\nWhy do we build?\n\nBecause we must.",
        "Why do we build?\n\nWho pays for it?\n\nHow much is it?",
        "“Why do we build?”\n\nHe asked that.\n\n“Who pays for it?”\n\nHe asked that too.",
        (
            "MR OLT: Can I have a seconder?\n\nSeconded.\n\n"
            "That the report be adopted?\n\nAgreed.\n\n"
            "That the bill be read?\n\nAgreed."
        ),
    ],
)
def test_few_questions_make_no_faq(text):
    assert recognise(text).layout == "statement"


NAME = st.text(string.ascii_lowercase, min_size=4, max_size=9).map(lambda word: f"Xu{word}".title())
NAMES = st.lists(st.tuples(NAME, NAME).map(" ".join), min_size=4, max_size=4, unique=True)
SAID = st.sampled_from(["Is it shut?", "Who paid?", "I ask about the mill. Is it open?"])
REPLY = st.sampled_from(
    ["It is.", "We did.\n\nAll of us.", "No.\n\n(Laughter.)", "In 3:1.\n\nSoon."]
)


@given(NAMES, NAMES, st.lists(st.tuples(st.integers(0, 2), SAID, REPLY), min_size=3, max_size=8))
def test_other_names_give_the_same_turns(names, others, exchanges):
    def written(names):
        *askers, answerer = names
        return [
            part
            for who, said, reply in exchanges
            for part in (f"{askers[who]}: ", f"{said}\n\n", f"{answerer}: ", f"{reply}\n\n")
        ]

    def shape(names):
        text = "".join(written(names))
        page = recognise(text)
        found = turns(text, page.layout)
        assert "".join(turn.span.of(text) for turn in found) == text
        return page.layout, [
            (turn.role, turn.label is not None, text[turn.label.end : turn.span.end])
            for turn in found
            if turn.label
        ]

    assert shape(names) == shape(others)
    assert shape(names)[0] == "transcript"


@pytest.mark.parametrize(
    "unit",
    [
        "A (b ",
        "Mr. A asked the B",
        "A.-",
        "【a",
        "问：",
        "00:00 ",
        "**",
        "(" * 50,
        "A B — ",
        "Ab?",
        "か",
    ],
)
def test_a_megabyte_on_one_line_names_nobody(unit):
    text = unit * (1_000_000 // len(unit))
    assert len(turns(text, recognise(text).layout)) == 1


@pytest.mark.parametrize("number", ["Q. {}:", "Q {}:", "Q-{}.", "Q.{})"])
def test_numbers_belong_to_the_label(number):
    asked = number.format(1), number.format(2)
    text = (
        f"{asked[0]} Is it shut?\n\n{asked[0].replace('Q', 'A')} It is.\n\n"
        f"{asked[1]} Who paid?\n\n{asked[1].replace('Q', 'A')} We did."
    )
    assert [said for _, _, said in spoken(text)] == [
        "Is it shut?",
        "It is.",
        "Who paid?",
        "We did.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        (
            "ليس لدي ما أضيفه. متى يفتح الجسر؟\n\nالقرار للمجلس. نعم.\n\n"
            "ليس لدي ما أضيفه. من يدفع؟\n\nالقرار للمجلس. المدينة."
        ),
        (
            "THE MINISTER OR ANY OFFICIAL. IN ALL OF THESE MATTERS, WHO PAYS?\n\n"
            "MY CHIEF COMMISSIONER. HE PAYS, AND THE TOWN PAYS AS WELL.\n\n"
            "THE MINISTER OR ANY OFFICIAL. IN NONE OF THESE MATTERS, WHY NOT?\n\n"
            "MY CHIEF COMMISSIONER. HE HAS PAID, AND THE TOWN HAS PAID."
        ),
        (
            "Dear Ms. Tarn:\n\nWhen does it open? We wait.\n\nDear Mr. Feld:\n\nIt is open.\n\n"
            "Dear Ms. Tarn:\n\nWho pays for it?\n\nDear Mr. Feld:\n\nWe do."
        ),
    ],
)
def test_sentences_and_salutations_name_nobody(text):
    page = recognise(text)
    assert {turn.speaker for turn in turns(page.text, page.layout)} == {None}


@pytest.mark.parametrize(
    "inside",
    [
        "We buy:\n\n- Lamps: They are on.\n\n- Lamps: Are they on?\n\n- Mills: They are shut.",
        "I have two\nquestions. Who pays, and\nquestions. Who owns it.",
        "(Cheers from the left\nand the GREENS – Aldo Vesk: Oh!)\n\nWe go on.",
    ],
)
def test_bullets_wrapped_words_and_brackets_hold_no_labels(inside):
    assert spoken(conference(inside))[1] == (A, "Runa Feld", f"It is. {inside}")


def test_a_question_put_may_go_on_without_a_colon():
    text = (
        "Mr. Speaker: Next question!\n\n"
        "Mr. Okello asked the Minister for Roads whether the ferry is safe.\n\n"
        "The Minister for Roads (Mr. Tarn): Mr. Speaker, it is.\n\n"
        "Dr. Feld asked the Minister for Mills what he pays.\n\n"
        "The Minister for Mills (Mr. Vesk): Nine crowns."
    )
    assert speakers(text) == [
        (S, "Mr. Speaker"),
        (Q, "Mr. Okello"),
        (A, "Mr. Tarn"),
        (Q, "Dr. Feld"),
        (A, "Mr. Vesk"),
    ]


CAPITALS = {
    "colon": "{}: {}",
    "line": "{}\n{}",
    "dash": "{} — {}",
}


def in_capitals(form, *inside):
    said = [
        ("QUESTION", "Is the sluice shut?"),
        ("KEEPER RUNA FELD", "It is."),
        *inside,
        ("QUESTION", "Who paid for it?"),
        ("KEEPER RUNA FELD", "The county did."),
        ("ALDO VESK", "May I ask how much it is?"),
        ("KEEPER RUNA FELD", "Nine crowns."),
        ("ALDO VESK", "Is it free for carts?"),
        ("KEEPER RUNA FELD", "No."),
    ]
    return "\n\n".join(CAPITALS[form].format(*one) for one in said)


@pytest.mark.parametrize("form", CAPITALS)
@pytest.mark.parametrize(
    "name",
    [
        "UGO BRANT, DIRECTOR GENERAL OF THE COMMISSION FOR DYKES, SLUICES AND PORTS",
        "VOICES",
        "SFELD",
    ],
)
def test_an_uncertain_name_in_capitals_ends_the_turn_above(form, name):
    text = in_capitals(form, (name, "Good morning to you all, I have a word to say."))
    found = turns(text, recognise(text).layout)
    said = {turn.speaker for turn in found if "Good morning" in turn.span.of(text)}
    assert said <= {None, name.split(",")[0]}
    assert "KEEPER RUNA FELD" in {turn.speaker for turn in found}


@pytest.mark.parametrize(
    "inside",
    [
        "Another point: who pays for it?\n\nAnother point: why?",
        "Thanks President Tarn: you pay for all of it.",
        "Quaere hoc: one is that the mill pays. Is that not so?\n\nQuaere hoc: who owns it?",
    ],
)
def test_sentences_name_nobody_among_names_in_capitals(inside):
    text = in_capitals("colon").replace("It is.", f"It is.\n\n{inside}")
    assert spoken(text)[1] == (A, "KEEPER RUNA FELD", f"It is.\n\n{inside}")


def test_who_answers_several_others_at_length_may_ask_in_return():
    """Marks of questions alone would turn the roles round."""
    text = (
        "Runa Feld: Welcome to the dyke. It was shut at noon. Is it safe? It is, by law.\n\n"
        "Kiv Orn: I would like to hear about carts.\n\n"
        "Runa Feld: The toll on carts stays as it was in the year before. Why? Ask the county.\n\n"
        "Bex Tul: And the mill, please.\n\n"
        "Runa Feld: It is open on all days but one, and the miller is well. Can we do more?\n\n"
        "Kiv Orn: Who paid?\n\n"
        "Runa Feld: The county, which has paid nine crowns for every cart since the flood."
    )
    assert [role for role, _ in speakers(text)] == [S, Q, A, Q, A, Q, A]


def test_an_office_named_above_answers_though_it_asks_back():
    text = (
        "Briefing by the Official Spokesperson\n\n"
        "Shri Ugo Brant, Official Spokesperson: Good day, we begin with you.\n\n"
        "Kiv: Kiv of the Elm. I wish to hear about the mill in the north of Vesk, which --\n\n"
        "Shri Ugo Brant, Official Spokesperson: The one in Vesk?\n\n"
        "Kiv: In Vesk, yes. Two men are sought, as we are told by those who know of it --\n\n"
        "Shri Ugo Brant, Official Spokesperson: One at a time.\n\n"
        "Kiv: Are they found, and if so, who has found them and where do they stay?\n\n"
        "Shri Ugo Brant, Official Spokesperson: The men?\n\nKiv: The men, yes."
    )
    assert {role for role, speaker in speakers(text) if speaker == "Kiv"} == {Q}


def test_a_programme_with_times_and_names_is_a_statement():
    text = (
        "Programme\n\n8:30 Ann Lee: Night mills\n\n9:00 Bob Roe: Lamp works\n\n"
        "9:30 Ann Lee: Dykes\n\n10:00 Cy Orn: Sluices"
    )
    assert recognise(text).layout == "statement"


def test_entries_of_a_list_named_twice_stay_in_their_turn():
    listed = "We buy:\n\nNight lamps: 40 crowns.\n\nBenches: none.\n\nNight lamps: two."
    assert spoken(conference(listed))[1] == (A, "Runa Feld", f"It is. {listed}")


def test_names_with_the_same_brackets_speak_once_too():
    text = (
        "Lord Tarn (Con)\nIs the sluice shut?\n\nLord Feld (Lab)\nIt is, since noon.\n\n"
        "Lord Tarn (Con)\nWho paid for it?\n\nLord Feld (Lab)\nThe county did.\n\n"
        "Lord Tarn (Con)\nDoes the mill close?\n\nLord Feld (Lab)\nNo, it does not.\n\n"
        "The Earl of Vesk (Con)\nMy Lords, I was lucky."
    )
    assert spoken(text)[-1] == (S, "The Earl of Vesk", "My Lords, I was lucky.")


def test_a_time_behind_a_name_makes_a_label_of_a_line():
    text = (
        "Runa Feld: (00:10)\nWelcome to the dyke.\n\nAldo Vesk: (00:20)\nIs it shut?\n\n"
        "Runa Feld: (00:30)\nIt is.\nSpeaker 5: (00:41)\nMadam. Madam.\n\n"
        "Aldo Vesk: (00:50)\nWho paid?\n\nRuna Feld: (01:00)\nThe county did."
    )
    assert "Speaker 5" in {speaker for _, speaker in speakers(text)}


def test_an_abbreviated_office_behind_a_comma_belongs_to_the_label():
    text = (
        "Präsident Holm: Das Wort hat Frau Vesk.\n\n"
        "Frau Vesk (ABC): Ist die Schleuse zu?\n\n"
        "Tarn, Parl. Staatssekretär: Ja.\n\n"
        "Frau Vesk (ABC): Wer bezahlt?\n\nTarn, Parl. Staatssekretär: Der Kreis."
    )
    assert [speaker for _, speaker in speakers(text)][2] == "Tarn"


def test_a_name_at_the_start_of_a_line_behind_a_sentence_ends_the_turn():
    text = conference("That is all.\nUgo Brant: I have a word to say about the mill.")
    words = [turn for turn in turns(text, "transcript") if "about the mill" in turn.span.of(text)]
    assert {turn.speaker for turn in words} <= {None, "Ugo Brant"}


def test_a_known_title_behind_a_sentence_begins_a_turn_within_a_paragraph():
    text = (
        "Mr. Speaker: Order!\n\nMr. Okello: Is the ferry safe?\n\n"
        "The Minister for Roads (Mr. Tarn): It is.\n\nMr. Okello: Who pays?\n\n"
        "The Minister for Roads (Mr. Tarn): We do.\n\n"
        "Mr. Okello: Why do you not protect me? Mr. Speaker: I do what I can.\n\n"
        "Mr. Speaker: Order!"
    )
    assert speakers(text)[5:7] == [(Q, "Mr. Okello"), (S, "Mr. Speaker")]
