"""Words that tell what a label names: an asker, an office, an outlet, or no speaker at all.

They are evidence beside the structure of a text (see ``dialogue`` and ``roles``): a word alone
decides only where nothing but a speaker can be meant ("Q:", "MR. CARNEY:").
"""

from __future__ import annotations

import difflib
import functools
import re
from typing import Literal

__all__ = [
    "Kind",
    "has_honorific",
    "holds_office",
    "is_connector",
    "is_field",
    "is_known_word",
    "is_note",
    "is_outlet",
    "is_verb",
    "kind_of",
    "opens_a_sentence",
    "presides",
    "words_of",
]

Kind = Literal["asker", "answerer", "leader"]


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# English, German, French, Spanish, Portuguese, Italian, Dutch, Nordic, Polish, Czech, Russian,
# Ukrainian, Greek, Turkish, Arabic, Hindi, Chinese, Japanese, Korean.
_QUESTIONS = _words(
    """
    q question questions frage fragen zusatzfrage nachfrage zusatz pregunta preguntas pergunta
    domanda vraag fråga spørsmål spørgsmål kysymys pytanie otázka вопрос питання ερώτηση ερωτηση
    soru سؤال प्रश्न 问 問 问题 問題 提问 提問 质询 質詢 质疑 質疑 質問 問い 질문 질의 문
    """
)
_REPORTERS = _words(
    """
    questioner reporter reporters journalist journalists correspondent press
    media interviewer interlocutor interlocutora reportero reportera
    journalistin reporterin journaliste
    correspondant correspondante periodista periodistas jornalista
    giornalista journalisten toimittaja dziennikarz dziennikarka novinář журналист корреспондент
    журналіст δημοσιογράφος δημοσιογραφος gazeteci
    muhabir صحفي الصحفي سائل पत्रकार 记者 記者 媒体 媒體 質問者 기자
    """
)
_ASKERS = _QUESTIONS | _REPORTERS
_ASKER_QUALIFIERS = _words(
    """
    unidentified unknown male female first second third another a the from of floor off mic mike
    no number follow-up foreign local audience member speaker inaudible non identifié
    """
)
_ANSWERERS = _words(
    """
    a ans answer answers response reply antwort réponse respuesta resposta risposta antwoord svar
    vastaus odpowiedź odpověď ответ відповідь απάντηση απαντηση cevap yanıt جواب الجواب إجابة उत्तर
    答 答复 答復 答覆 回答 回复 回復 回应 回應 応答 答弁 답 답변 응답
    """
)
_LEADERS = _words(
    """
    audience moderator moderators operator host facilitator announcer compère moderatorin modérateur
    modératrice animateur moderadora moderador moderatore presentador presentadora модератор
    ведущий ведущая ведуча ведучий συντονιστής συντονίστρια συντονιστρια vorsitzende vorsitzender
    gesprächsleiter gesprächsleiterin conductor conductora conduttore conduttrice
    مدير moderatör 主持人 主持 司会 司会者 사회자
    """
)
_OFFICES = _words(
    """
    chair chairman chairwoman chairperson president minister secretary governor
    general admiral ambassador senator official officials director commissioner spokesperson
    spokesman spokeswoman administrator chancellor premier deputy vice mayor
    treasurer colonel captain commander professor dean bishop sheriff attorney superintendent
    chief taoiseach tánaiste councillor
    sprecher sprecherin regierungssprecher regierungssprecherin bundeskanzler bundeskanzlerin
    kanzler kanzlerin minister ministerin bundesminister bundesministerin präsident präsidentin
    staatssekretär staatssekretärin bürgermeister bürgermeisterin
    porte-parole président présidente ministre premier première secrétaire gouverneur gouverneure
    directeur directrice maire ambassadeur ambassadrice préfet préfète
    subsecretario subsecretaria procurador procuradora comandante coordinador coordinadora
    comisionado comisionada jefe jefa portavoz presidente presidenta ministro ministra
    secretario secretaria gobernador gobernadora
    alcalde alcaldesa director directora embajador consejero consejera
    porta-voz secretário secretária governador diretor embaixador prefeito
    portavoce governatore sindaco direttore
    woordvoerder burgemeester voorzitter statsminister statsråd talesperson talsperson
    rzecznik minister premier prezydent mluvčí ministr
    президент министр премьер спикер представитель губернатор секретарь директор посол мэр
    президентка міністр речник речниця
    πρόεδρος υπουργός εκπρόσωπος πρωθυπουργός
    bakan cumhurbaşkanı sözcü başkan
    الرئيس الوزير المتحدث الناطق رئيس وزير متحدث
    मंत्री प्रवक्ता राष्ट्रपति
    """
)
_HONORIFICS = _words(
    """
    mr ms mrs miss mx dr prof adv hon rev sir dame lord lady shri smt shrimati sri senator sen rep
    deputy cllr councillor eng capt col maj gen lt sgt adm amb bishop fr arch mp m mm mme mlle
    herr frau sr sra señor señora srta sig dott don doña pan pani г-н г-жа κ κος κα bay bayan
    السيد السيدة श्री श्रीमती
    """
)
_OUTLETS = _words(
    """
    news newspaper post times daily tribune herald radio tv television broadcasting telegraph
    gazette journal press agency weekly chronicle media wire network channel magazine observer
    courier monitor reuters bloomberg xinhua afp ap ansa efe dpa tass ria novosti kyodo yonhap
    anadolu bbc cnn cnbc cctv cgtn nhk abc nbc cbs fox npr pbs itv sky pti telesur jazeera
    zeitung tagesspiegel nachrichten rundfunk fernsehen presse journal télévision agence
    diario periódico agencia televisión noticias jornal giornale agenzia krant gazeta
    агентство газета новости телевидение
    """
)
_FIELDS = _words(
    """
    note notes minutes remember
    background date dates time venue place location participants attendees attendance
    present absent apologies contact contacts phone telephone tel fax email e-mail mail address
    website web url link links source sources summary abstract introduction conclusion conclusions
    subject re cc bcc to from sent title topic agenda item items action actions owner status
    priority deadline price cost costs total subtotal budget amount quantity size weight length
    example examples tip tips warning caution important reminder update updated correction
    editor editors see also related tags category categories keywords author authors published
    posted photo image caption figure table chart box annex appendix attachment attachments
    enclosure reference references ref document page pages version language languages deadline
    objective objectives aim aims purpose scope method methods results result findings finding
    recommendation recommendations decision decisions resolution motion amendment amendments vote
    ayes noes tellers risk risks issue issues option options step steps section part chapter
    article paragraph clause schedule rule day week month year quarter january february march april
    may june july august september october november december monday tuesday wednesday thursday
    friday saturday sunday morning afternoon evening ps p.s nb n.b i.e e.g transcript translation
    interpretation remarks statement speech duration running hours opening details information
    requirements eligibility documents fees fee instructions ingredients servings name names
    position department organisation organization office region country city type kind number
    no id code format fact facts myth myths key overview outlook context problem solution
    datum ort zeit hinweis anmerkung hintergrund teilnehmer betreff quelle thema
    date lieu heure remarque contexte participants objet source thème nota fecha lugar hora asunto
    fuente tema antecedentes asistentes data luogo ora local assunto fonte
    дата место время тема источник примечание
    时间 時間 日期 地点 地點 主题 主題 主旨 来源 來源 出处 备注 備註 注 附 附件 编者按 提示 背景
    嘉宾 嘉賓 出席者 出席議員 缺席議員 列席議員 出席 缺席 列席 电话 電話 传真 網址 网址 邮箱 地址
    标题 標題 题目 摘要 关键词 說明 说明 内容 內容 原文 例 结论 結論 目的 日時 場所 備考 件名
    일시 장소 주제 제목 참고 비고 출처
    """
)
_NOTES = _words(
    """
    laughter applause laughs laughing crosstalk cross-talk inaudible pause music silence applause
    interruption interjection translated translation interpreted unintelligible off-mic sic
    video cheers cheering audio end break recess adjourned silence rires applaudissements
    beifall heiterkeit lachen risas aplausos risate applausi смех аплодисменты 笑 笑声 笑聲 掌声
    掌聲 鼓掌 拍手 웃음 박수
    """
)
_CONNECTORS = _words(
    """
    of for the and to in on at de la le les du des del della di da do dos das van von der den zu
    y e et und och og i al el bin ibn ben bint ter ten für en aux à au im from with
    """
)
# A line that begins with one of these and has a colon is a sentence ("In short: ...").
_OPENERS = _words(
    """
    in on at by with as and but or if when while because however therefore thus also then now
    today yesterday tomorrow who what why how where which let please our my his her its their your
    to from after before until since about according regarding concerning not only this these
    those that there here dear liebe lieber sehr cher chère estimado estimada estimados querido
    querida queridos caro cara caros prezado prezada geachte beste kære kära уважаемый уважаемая
    уважаемые дорогой дорогая por para pero entonces
    porque cuando aunque segundo mi mis pour mais donc deux mon ma ich wir zwei mein meine
    """
)
# These begin sentences too, and names ("He Yadong", "So Yeon", "One Radio").
_FIRST_WORDS = _words(
    """
    i he she it we they you so yes no first second third firstly secondly thirdly finally all some
    many most such both either each every one two three an
    """
)
# No name has a verb in small letters.
_VERBS = _words(
    """
    is are was were be been has have had will would can could should may might must do does did
    said says say asked asks ask noted notes added adds stated states told tells wrote writes reads
    read replied replies answered continued announced that which who whom what where when why how
    not than as if dit déclare sagte sagt erklärte dijo dice declaró disse afirma ha detto сказал
    """
)
# Whoever presides over a parliament bears this title and no name ("Mr. Deputy Speaker:").
_PRESIDES = _words("mr mrs ms madam the hon deputy temporary acting pro tempore sir speaker")
_CHAIRS = _words("chair chairman chairwoman chairperson")
_HAN_OFFICES = re.compile(
    "答|发言人|發言人|主席|部长|部長|局长|局長|司长|司長|署長|秘書長|总理|總理|先生|女士|议员|議員"
    "|市长|市長|省长|省長|行长|行長|主任|大臣|長官|총리|장관|대변인|차관|위원장"
)
_HAN_ASKERS = re.compile("(?:记者|記者|기자)$")
_HAN_OUTLETS = re.compile(
    "(?:社|报|報|电视台|電視台|电台|電台|新闻|新聞|时报|時報|网|網|周刊|通讯社)$"
)
# "毛宁表示：..." tells what somebody said; it is a sentence and no label.
_HAN_SAYS = re.compile(
    "(?:表示|指出|强调|強調|认为|認為|说|說|称|稱|道|如下|问道|問道|介绍|介紹|透露|宣布|包括|例如|比如|写道|寫道"
    "|述べた|語った|말했다|밝혔다)$"
)
# Misspelt by a letter or two in the record ("CHAIRIMAN POWELL"), and too long to be a name.
_MISSPELT_CHARS = 7
_MISSPELT_LIKENESS = 0.87
_NEVER_MISSPELT = frozenset({"ministry", "ministries", "commission", "presidents", "director"})
_OFTEN_MISSPELT = _words(
    """
    chairman chairwoman chairperson president minister secretary governor general admiral
    ambassador senator official officials director commissioner spokesperson spokesman
    spokeswoman administrator chancellor premier
    """
)
# Compared only where they begin alike: there may be very many names.
_FIRST_LETTERS = 3
_BEGINNINGS = frozenset(word[:_FIRST_LETTERS] for word in _OFTEN_MISSPELT)
# Words of scripts whose vowel signs are no letters stay whole.
_WORD = re.compile(r"[^\s.,:;()（）\[\]&/《》〈〉「」『』\"“”*_–—·]+")
_NUMBER = re.compile(r"\d{1,4}|[一二三四五六七八九十]{1,3}")


@functools.lru_cache(maxsize=4096)
def _split(name: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(name.lower()))


@functools.lru_cache(maxsize=4096)
def kind_of(name: str) -> Kind | None:
    """The part that the words of a label name by themselves, as "Question 3" does; or None."""
    words = [word for word in _split(name) if not _NUMBER.fullmatch(word)]
    stripped = {re.sub(r"[#-]?\d{1,4}$|[一二三四五六七八九十]{1,3}$", "", word) for word in words}
    if not stripped:
        return None
    if stripped <= _ASKERS | _ASKER_QUALIFIERS and stripped & _ASKERS:
        return "asker"
    if stripped <= _ANSWERERS:
        return "answerer"
    if stripped & _LEADERS:
        return "leader"
    return None


@functools.lru_cache(maxsize=4096)
def holds_office(name: str) -> bool:
    """Return whether a name holds an office, in the languages known here."""
    words = _split(name)
    return (
        not _OFFICES.isdisjoint(words)
        or bool(_HAN_OFFICES.search(name))
        or any(
            len(word) >= _MISSPELT_CHARS
            and word not in _NEVER_MISSPELT
            and word[:_FIRST_LETTERS] in _BEGINNINGS
            and difflib.get_close_matches(word, _OFTEN_MISSPELT, 1, _MISSPELT_LIKENESS)
            for word in words
        )
    )


def is_outlet(name: str) -> bool:
    """Return whether a name is that of a news outlet, or of one of its reporters."""
    words = _split(name)
    compact = name.strip("《》〈〉「」『』 ")
    if _HAN_ASKERS.search(compact) or _HAN_OUTLETS.search(compact) or "》" in name:
        return True
    is_named = not _OUTLETS.isdisjoint(words) or not _REPORTERS.isdisjoint(words)
    return is_named and _OFFICES.isdisjoint(words)


def presides(name: str) -> bool:
    """Tell if a label is the title of who presides over a parliament ("Mr. Deputy Speaker")."""
    words = _split(name)
    is_chair = len(words) > 1 and not _CHAIRS.isdisjoint(words)
    return ("speaker" in words or is_chair) and (_PRESIDES | _CHAIRS).issuperset(words)


def has_honorific(name: str) -> bool:
    """Return whether a name begins with a form of address ("Mr. Okello", "Hon. X")."""
    return bool(_split(name)) and _split(name)[0] in _HONORIFICS


def is_field(name: str) -> bool:
    """Tell if a label heads a field of a form or a list ("Venue", "注"), or is a sentence."""
    words = _split(name)
    if not words:
        return True
    if any(_HAN_SAYS.search(word) for word in words[-1:]):
        return True
    bare = [word for word in words if not word.isnumeric() and word not in _CONNECTORS]
    if len(bare) == 1:
        return bare[0] in _FIELDS
    return bool(bare) and all(word in _FIELDS for word in bare)


def opens_a_sentence(name: str) -> bool:
    """Return whether a label's first word begins sentences, and no name as it stands there."""
    words = name.split()
    first = words[0].lower() if words else ""
    is_name = len(words) > 1 and (
        words[1][:1].isupper() or not _HONORIFICS.isdisjoint(_split(name))
    )
    return first in _OPENERS or (first in _FIRST_WORDS and not is_name)


def is_verb(word: str) -> bool:
    """Return whether a word in small letters is of a sentence and of no name."""
    return word in _VERBS


def is_note(name: str) -> bool:
    """Return whether bracketed words tell what happened in the room ("Laughter")."""
    words = _split(name)
    return not words or not _NOTES.isdisjoint(words)


def words_of(text: str) -> list[str]:
    """The words of a name or a text in small letters, without punctuation."""
    return _WORD.findall(text.lower())


def is_connector(word: str) -> bool:
    """Return whether a word in small letters joins parts of names and titles ("of", "van")."""
    return word.lower() in _CONNECTORS


def is_known_word(word: str) -> bool:
    """Return whether a word in small letters is that of a speaker ("reporter", "porte-parole")."""
    low = word.lower().strip(".,")
    return low in _ASKERS or low in _ANSWERERS or low in _LEADERS or low in _OFFICES
