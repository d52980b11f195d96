"""Three hundred files that are not what they should be, and a few that are; made, not kept."""

import io
import os
import random
import zipfile
import zlib

import docx

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
FRENCH = "Le ministre a répondu à la question : « Nous sommes prêts », a-t-il déclaré. " * 3
CHINESE = "记者：今年的贸易情况如何？\n\n答：我们的经济发展得很好，人民的生活也好了。\n\n"
TALK = "Q Will it rain today?\n\nMR. EARNEST: It will rain all day.\n\n"


def pdf_of(*pages, font="Helvetica"):
    """A PDF whose pages hold lines given as (x, y, text), or (x, y, text, size)."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b""]
    kids = []
    for lines in pages:
        shown = b"".join(
            b"BT /F %d Tf %.2f %.2f Td (%s) Tj ET\n" % (*(size or [12]), x, y, _escaped(text))
            for x, y, text, *size in lines
        )
        objects.append(b"<</Length %d>>stream\n%sendstream" % (len(shown), shown))
        face = b"<</Type/Font/Subtype/Type1/BaseFont/%s/Encoding/WinAnsiEncoding>>" % font.encode()
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R"
            b"/Resources<</Font<</F %s>>>>>>" % (len(objects), face)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join(kids), len(kids))
    written = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return written + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (len(objects) + 1, table, len(objects) + 1, len(written))
    )


def _escaped(text):
    return text.encode("cp1252").replace(b"(", b"\\(").replace(b")", b"\\)")


def encrypted_pdf():
    """A PDF that asks for a password: its keys are of no password anybody has."""
    keys = b"<</Filter/Standard/V 1/R 2/P -4/O(%s)/U(%s)>>" % (b"o" * 32, b"u" * 32)
    plain = pdf_of([(72, 700, "Secret.")])
    return plain.replace(b"trailer<<", b"trailer<</ID[(a)(b)]/Encrypt %s" % keys)


def docx_of(*paragraphs):
    """A Word document of these paragraphs."""
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def docx_with(xml):
    """A Word document whose main part is that XML."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(docx_of("x"))) as source,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for part in source.infolist():
            is_main = part.filename == "word/document.xml"
            target.writestr(part.filename, xml if is_main else source.read(part))
    return written.getvalue()


def zip_of(**parts):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/") + ".xml", content)
    return written.getvalue()


def entity_docx(system):
    return docx_with(
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "{system}">]>'
        f'<w:document xmlns:w="{W}"><w:body><w:p><w:r><w:t>&e;</w:t></w:r></w:p></w:body>'
        "</w:document>"
    )


def laughing_docx():
    entities = '<!ENTITY a "lol">' + "".join(
        f'<!ENTITY {b} "{"&" + a + ";"}{"&" + a + ";"}">'
        for a, b in zip("abcdefghijklmnopqrstu", "bcdefghijklmnopqrstuv", strict=True)
    )
    return docx_with(
        f'<!DOCTYPE x [{entities}]><w:document xmlns:w="{W}"><w:body><w:p><w:r><w:t>&v;</w:t>'
        "</w:r></w:p></w:body></w:document>"
    )


def deep_docx():
    deep = "<w:sdt><w:sdtContent>" * 5_000 + "</w:sdtContent></w:sdt>" * 5_000
    return docx_with(f'<w:document xmlns:w="{W}"><w:body>{deep}</w:body></w:document>')


def endless_pages_pdf():
    """A tree of pages that holds itself."""
    return pdf_of([(72, 700, "x")]).replace(b"/Kids[4 0 R]", b"/Kids[2 0 R]")


def bomb_pdf():
    """A page whose content unpacks to half a gigabyte, and to far more once it is understood."""
    unpacked = b"BT /F 12 Tf (xx) Tj ET\n" * 20_000_000
    packed = zlib.compress(unpacked, 9)
    stream = b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed)
    plain = pdf_of([(72, 700, "x")])
    start, end = plain.index(b"<</Length"), plain.index(b"endstream") + len(b"endstream")
    return plain[:start] + stream + plain[end:]


GOOD = {
    "good.txt": b"It rained.",
    "french.txt": FRENCH.encode("cp1252"),
    "chinese.txt": (CHINESE * 3).encode("gb18030"),
    "talk.md": (TALK * 2).encode(),
    "page.html": b"<html><body><p>It rained all day, and nobody minded.</p></body></html>",
    "page.pdf": pdf_of([(72, 700, "It rained.")]),
    "letter.docx": docx_of("It rained."),
    "late/good.txt": b"It rained again.",
}


def bad_files():
    """Names and contents."""
    yield from oversized_files()
    yield from hostile_documents()
    yield from files_of_nothing()
    yield from files_named_otherwise()
    yield from unread_encodings()
    yield from broken_files()


def oversized_files():
    paragraph = b"<p>A paragraph of a page without end.</p>"
    yield "big.html", b"<html><body>" + paragraph * 1_300_000
    yield "deep.htm", b"<div>" * 1_900_000 + b"text"
    yield "bomb.pdf", bomb_pdf()
    yield "bomb.docx", zip_of(word__document=b"\0" * 300_000_000)
    yield "many.docx", zip_of(**{f"word__{n}": b"x" for n in range(6_000)})
    yield "long.pdf", pdf_of(*([] for _ in range(2_001)))


def hostile_documents():
    for system in ("file:///etc/passwd", "http://127.0.0.1:9/x", "word/other.xml"):
        yield f"entity-{len(system)}.docx", entity_docx(system)
    yield "laughs.docx", laughing_docx()
    yield "deep.docx", deep_docx()
    yield "endless.pdf", endless_pages_pdf()
    yield "locked.pdf", encrypted_pdf()


def files_of_nothing():
    chance = random.Random(8)  # noqa: S311 - the same noise every time
    yield "no-word.docx", zip_of(xl__workbook=b"<x/>")
    yield "empty-word.docx", docx_of()
    yield "scan.pdf", pdf_of([], [])
    for ending in ("txt", "md", "html", "htm", "xhtml", "pdf", "docx", "markdown"):
        yield f"empty.{ending}", b""
        yield f"blank.{ending}", b" \n\t\n"
        yield f"nul.{ending}", b"\0" * 4_096
        yield f"name\nwith lines\x1b[31m.{ending}", b""
        for n in range(4):
            yield f"noise-{n}.{ending}", chance.randbytes(3_000)


def files_named_otherwise():
    contents = (
        ("txt", GOOD["page.pdf"]),
        ("md", GOOD["letter.docx"]),
        ("html", GOOD["page.pdf"]),
        ("pdf", GOOD["letter.docx"]),
        ("docx", GOOD["page.pdf"]),
        ("pdf", GOOD["page.html"]),
        ("docx", GOOD["page.html"]),
        ("txt", GOOD["page.html"]),
        ("txt", b"\x89PNG\r\n\x1a\n"),
        ("docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)),
    )
    for ending, content in contents:
        yield f"other-{content[1:4].hex()}.{ending}", content
    for n, name in enumerate(("x.exe", "noending", "x.tar.gz", "x.doc", "x.odt", "x.csv")):
        yield f"{n}-{name}", b"Plain words."


def unread_encodings():
    said = {
        "euc_kr": "정부는 오늘 새로운 정책을 발표했습니다. ",
        "shift_jis": "政府は本日の閣議で新しい政策を発表しました。",
        "euc_jp": "政府は本日の閣議で新しい政策を発表しました。",
        "cp1251": "Правительство сегодня объявило о новой политике. ",
        "koi8_r": "Правительство сегодня объявило о новой политике. ",
    }
    for encoding, words in said.items():
        yield f"{encoding}.txt", (words * 10).encode(encoding)
        yield f"{encoding}.html", b"<html><p>" + (words * 10).encode(encoding)
    yield "cut-utf8.txt", "It rained — all day — été".encode()[:-1] + b"\xff\xfe\x80"
    yield "half-utf16.txt", b"\xff\xfe" + "It rained".encode("utf-16-le")[:-1]


def broken_files():
    chance = random.Random(9)  # noqa: S311 - the same faults every time
    pdf = pdf_of([(72, 700 - 14 * i, f"Line {i} of many.") for i in range(40)])
    word = docx_of(*(f"Paragraph {i}." for i in range(50)))
    yield "bad-front.md", b"---\ntitle: [\n---\nText"
    yield "self.md", b"---\ntitle: &t [*t]\n---\nText"
    laughs = "a0: &a0 lol\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    yield "laughs.md", f"---\n{laughs}title: *a11\n---\nText".encode()
    yield "deep.md", b"---\ntitle: " + b"[" * 50_000 + b"\n---\nText"
    yield "long.md", b"---\ntitle: " + b"x" * 200_000 + b"\n---\nText"
    yield "bad-date.txt", b"Title\n2020-13-45\n\nText"
    for n in range(70):
        # A PDF that lacks its end only is often read all the same.
        yield f"cut-{n}.pdf", pdf[: 5 + n * len(pdf) // 140]
        yield f"cut-{n}.docx", word[: 4 + n * len(word) // 75]
    for n in range(60):
        spoilt = bytearray(word)
        for place in range(60, len(spoilt), 40 + n):
            spoilt[place] = chance.randrange(256)
        yield f"spoilt-{n}.docx", bytes(spoilt)


def write(folder, secret):
    """All of them into ``folder``, with links that lead out to ``secret``; the bad ones' number."""
    for name, content in GOOD.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    count = 0
    for name, content in bad_files():
        (folder / name).write_bytes(content)
        count += 1
    (folder / "link.txt").symlink_to(secret)
    (folder / "link-to-nothing.txt").symlink_to(folder / "gone.txt")
    (folder / "link-to-itself.txt").symlink_to(folder / "link-to-itself.txt")
    (folder / "link-to-folder").symlink_to(secret.parent)
    os.mkfifo(folder / "pipe.txt")
    with open(os.fsencode(folder) + b"/name-\xff.txt", "wb") as file:  # noqa: PTH123 - not text
        file.write(b"It rained.")
    return count + 6
