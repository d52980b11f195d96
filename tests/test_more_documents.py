"""E-mail, OpenDocument, RTF and EPUB: all of their text in order, or a refusal with the reason."""

import datetime
import io
import zipfile

import pytest

from qa.errors import SourceError
from qa.sources.formats import extract, limits
from qa.sources.formats.eml import eml
from qa.sources.formats.epub import epub
from qa.sources.formats.odt import odt
from qa.sources.formats.rtf import rtf

HEAD = "From: press@example.org\nSubject: =?utf-8?q?F=C3=A4hre?=\n open\nDate: Tue, 4 Mar 2025"
NAMESPACES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for short, name in {
        "office": "office",
        "text": "text",
        "table": "table",
        "style": "style",
        "draw": "drawing",
    }.items()
)


def archive(parts):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return written.getvalue()


def mail(rest, body):
    return f"{HEAD} 23:30:00 +0900\n{rest}\n\n{body}".encode("cp1252")


def odt_of(body, styles="", **parts):
    content = (
        f"<office:document-content {NAMESPACES}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body><office:text>{body}</office:text></office:body>"
        "</office:document-content>"
    )
    return archive({"content.xml": content, **parts})


def epub_of(chapters, **parts):
    items = "".join(
        f'<item id="c{n}" href="c%20{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in range(len(chapters))
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    book = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Ferry</dc:title>'
        "<dc:date>2024-05-06T00:00:00Z</dc:date><dc:language>en</dc:language></metadata>"
        '<manifest><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" '
        f'properties="nav"/>{items}</manifest><spine><itemref idref="nav"/>{spine}</spine>'
        "</package>"
    )
    home = '<container><rootfiles><rootfile full-path="in/book.opf"/></rootfiles></container>'
    named = {f"in/c {n}.xhtml": chapter for n, chapter in enumerate(chapters)}
    return archive({"META-INF/container.xml": home, "in/book.opf": book, **named, **parts})


def test_a_plain_mail_has_its_subject_and_the_senders_day():
    found = eml(mail("Content-Type: text/plain; charset=cp1252", "Sehr schön.\n\nUnd gut."), "x")
    assert (found.title, found.date) == ("Fähre open", datetime.date(2025, 3, 4))
    assert (found.text, found.remark) == ("Sehr schön.\n\nUnd gut.", "")


def test_of_a_mail_in_two_forms_the_plain_one_is_read_and_attachments_are_named():
    part = "--b\nContent-Type: text/{}\n{}\n{}\n"
    body = "".join(
        [
            part.format("plain; format=flowed", "", "It goes \non.\n> Quoted \nNew."),
            part.format("html", "", "<p>It goes on.</p>"),
            part.format("csv", 'Content-Disposition: attachment; filename="fares.csv"', "1,2"),
            "--b--\n",
        ]
    )
    found = eml(mail("Content-Type: multipart/mixed; boundary=b", body), "x")
    assert found.text == "It goes on.\n> Quoted \nNew."
    assert found.remark == "left out: fares.csv"


def test_a_mail_in_html_becomes_text():
    html = "<html><style>p {}</style><p>One <b>ferry</b>.</p><p>Two =E9t=E9s.</p></html>"
    told = (
        "Content-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable"
    )
    assert eml(mail(told, html), "x").text == "One ferry.\n\nTwo étés."


def test_an_odt_is_read_in_order_with_notes_at_its_end():
    styles = (
        '<style:style style:name="T1"><style:text-properties style:text-position="super 58%"/>'
        '</style:style><style:style style:name="T2"><style:text-properties '
        'style:text-position="-33% 58%"/></style:style>'
    )
    found = odt(
        odt_of(
            "<text:tracked-changes><text:p>Deleted.</text:p></text:tracked-changes>"
            "<text:h>Fares</text:h>"
            '<text:p>A<text:s text:c="2"/>ferry \n  <text:span>takes</text:span> '
            '10<text:span text:style-name="T1">6</text:span> of CO'
            '<text:span text:style-name="T2">2</text:span><text:note text:note-class="footnote">'
            "<text:note-citation>1</text:note-citation><text:note-body><text:p>Each year."
            "</text:p></text:note-body></text:note>.<office:annotation><text:p>Hm.</text:p>"
            "</office:annotation><text:line-break/>Next<text:tab/>line.</text:p>"
            "<text:list><text:list-item><text:p>first</text:p></text:list-item></text:list>"
            "<table:table><table:table-row><table:table-cell><text:p>Year</text:p>"
            "</table:table-cell><table:table-cell><text:p>Cars</text:p></table:table-cell>"
            "</table:table-row></table:table>"
            "<text:p><draw:frame><draw:text-box><text:p>Boxed.</text:p></draw:text-box>"
            "</draw:frame></text:p>",
            styles,
        ),
        "x",
    )
    assert found.text == (
        "Fares\n\nA  ferry takes 10⁶ of CO₂[1].\nNext\tline.\n\nfirst\n\nYear\tCars\n\nBoxed.\n\n"
        "[1] Each year."
    )


@pytest.mark.parametrize(("stated", "title"), [("Fares", "Fares"), ("Template", None)])
def test_the_title_of_an_odt_is_one_that_the_text_says(stated, title):
    meta = f'<m xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{stated}</dc:title></m>'
    data = odt_of("<text:h>Fares</text:h><text:p>Low.</text:p>", **{"meta.xml": meta})
    found = odt(data, "x")
    assert (found.title, found.text) == (title, "Low." if title else "Fares\n\nLow.")


def test_rtf_is_read_with_its_encodings_and_without_hidden_text():
    found = rtf(
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\info{\title T}}"
        rb"\f0 Sch\'f6n \u8364? 5 \u-10179?\u-8704?.\par {\deleted Gone}{\v Hidden}Kept.\par"
        rb"\trowd Year\cell Cars\cell\row"
        rb'{\field{\*\fldinst{HYPERLINK "http://a.org"}}{\fldrslt a link}} here{\pict 0000}.}',
        "x",
    )
    assert found.text == "Schön € 5 😀.\n\nKept.\n\nYear\tCars\n\na link here."
    assert found.remark == "left out: 1 picture"


def test_a_megabyte_of_marks_of_hidden_text_is_read_within_the_workers_time():
    data = rb"{\rtf1 Shown.\par {" + rb"\v x " * 200_000 + b"}}"
    assert extract(data, "x.rtf").text == "Shown."


@pytest.mark.parametrize("text", [rb"{\v b}\plain c", rb"{\v b}{\plain c}", rb"{\v b}\v0 c"])
def test_hidden_text_may_end_with_its_group(text):
    assert rtf(rb"{\rtf1 a " + text + b"}", "x.rtf").text == "a c"


def test_an_epub_is_read_in_reading_order_without_its_table_of_contents():
    page = "<?xml version='1.0'?><!DOCTYPE html><html><body><h1>{}</h1><p>{}</p></body></html>"
    found = epub(epub_of([page.format("Two", "Été."), page.format("One", "x")]), "x")
    assert found.text == "Two\n\nÉté.\n\nOne\n\nx"
    assert (found.title, found.date, found.language) == (
        "The Ferry",
        datetime.date(2024, 5, 6),
        "en",
    )


DOCTYPE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><x>&e;</x>'
ENCRYPTED = '<e><EncryptionMethod Algorithm="aes"/></e>'


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("x.eml", b"Dear all,\n\nit rained.", "no e-mail (it has no From, Date or Subject"),
        ("x.eml", b"From: a@b.org\nDate: soon\n\nIt rained.", "its Date 'soon' is none"),
        ("x.eml", b"From: a\nTo: b\nContent-Type: image/png\n\nx", "no text in it, only image/png"),
        ("x.eml", b"From: a\nTo: b\nContent-Type: multipart/encrypted\n\nx", "encrypted e-mail"),
        ("x.eml", b"From: a\nTo: b\n\n\x81\x8d", "in no encoding read here"),
        ("x.odt", archive({"a": "b"}), "a ZIP archive, and no ODT in it (no content.xml)"),
        ("x.odt", odt_of("<text:p>x</text:p>")[:-9], "a broken or encrypted ODT"),
        ("x.odt", archive({"content.xml": DOCTYPE}), "content.xml declares a document type"),
        ("x.odt", archive({"content.xml": "<a/>"}), "that is no text document"),
        ("x.odt", odt_of("<text:p>x"), "it is broken (XMLSyntaxError"),
        (
            "x.odt",
            odt_of("", **{"META-INF/manifest.xml": "<encryption-data/>"}),
            "an encrypted ODT",
        ),
        ("x.rtf", b"Plain words.", "not RTF (it does not begin with"),
        ("x.rtf", rb"{\rtf1 a{\v b\plain c}}", "hidden or deleted text that ends within"),
        ("x.rtf", rb"{\rtf1 a\v b\v0 c}", "hidden or deleted text that ends within a paragraph"),
        ("x.rtf", rb"{\rtf1\ansicpg932 \'81}", "characters that are in no encoding it names"),
        ("x.rtf", rb"{\rtf1 }", "there is no text in it"),
        ("x.epub", archive({"a": "b"}), "no EPUB in it (no META-INF/container.xml)"),
        ("x.epub", archive({"META-INF/container.xml": DOCTYPE}), "declares a document type"),
        ("x.epub", epub_of([], **{"META-INF/encryption.xml": ENCRYPTED}), "an encrypted EPUB"),
        ("x.epub", epub_of([]), "there is no text in it"),
    ],
)
def test_a_damaged_or_misnamed_file_is_refused_with_the_reason(name, data, why):
    with pytest.raises(SourceError) as refusal:
        extract(data, name)
    assert str(refusal.value).startswith(name)
    assert why in str(refusal.value)


def test_an_epub_without_one_of_its_chapters_is_refused():
    whole = epub_of(["<p>x</p>"])
    with zipfile.ZipFile(io.BytesIO(whole)) as package:
        kept = {n: package.read(n) for n in package.namelist() if n != "in/c 0.xhtml"}
    with pytest.raises(SourceError, match=r"its chapter in/c 0\.xhtml is missing"):
        epub(archive(kept), "x")


@pytest.mark.parametrize(("read", "kind"), [(odt, "content.xml"), (epub, "in/book.opf")])
def test_an_archive_that_unpacks_to_too_much_is_refused(read, kind, monkeypatch):
    monkeypatch.setattr(limits, "UNPACKED_BYTES", 1_000)
    with pytest.raises(SourceError, match=r"1 parts and 1001 bytes, the limits .*UNPACKED_BYTES"):
        read(archive({kind: b" " * 1_001}), "x")
