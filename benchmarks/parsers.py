"""Check that every parser and text step takes time in proportion to its input.

    python benchmarks/parsers.py                        # 1, 2 and 4 MB, every step and pattern
    python benchmarks/parsers.py --sizes 1 2 4 8 --only turns --pattern "!"
    python benchmarks/parsers.py --quick                # 1/16, 1/8 and 1/4 MB

Feeds each step inputs that repeat one pattern, among them the worst known for it, and prints the
seconds per size and the growth exponent: the slope of log time over log size, 1 where the time
grows in proportion. Steps that only take a bounded text, such as a visitor's question, are fed
their largest input whatever the size. A step that passes a limit of its own refuses the input, in
the time that is shown ("refused").

Ends with exit code 1 if an exponent is above 1.3, or a step takes more than a minute.
"""

import argparse
import contextlib
import datetime
import gzip
import math
import re
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from common import say

from qa.answer import conversation
from qa.answer.question import NAME_OR_NUMBER
from qa.errors import QAError
from qa.index.passages import Splitter
from qa.records import Document
from qa.sources import corpus_folder, duplicates
from qa.sources.formats import html, robots, text
from qa.sources.formats.encodings import decoded
from qa.sources.formats.listings import links_of_page, links_of_xml
from qa.sources.ingest import document_of
from qa.sources.layouts.registry import LAYOUTS, recognise, turns
from qa.sources.remote import crawl
from qa.sources.remote.content_coding import unpacked
from qa.sources.remote.follow import fits
from qa.text.dates import stated_date
from qa.text.language import language
from qa.text.paragraphs import paragraph_spans
from qa.text.question_dates import period, wants_latest
from qa.text.sentences import sentence_spans
from qa.text.terms import terms

MB = 1_000_000
MOST_EXPONENT = 1.3
# Below that, a time says more about the clock and the caches than about growth.
LEAST_S = 0.2
LEAST_TIMES = 2
MOST_S = 60.0
# Smaller inputs first: what is quadratic is found in seconds, not in hours.
PROBES = (1 / 64, 1 / 16, 1 / 4)
QUESTION_CHARS = 2_000
EMPTY_MEMBER = gzip.compress(b"")
BASE = "https://press.example/news/"

# Repeated until the input is as large as wanted.
TEXT_PATTERNS = (
    *"!?.。…\"'(《？！# \t\n@-_aA1你*·•>[{~`:,", "A. ", "A.B.", "Mr. ", "Q. ", "Q Q ", "Q. a\n\n",
    "MR. ", "MR. A ", "MR. A: b\n\n", "MR. A. ", "AB ", "AB De ", "A of ", "A' ",
    "Prime Minister Aa ", "(( ", "- - ", "-- ", "1. ", "1-", "1.1.", "1,", "1 ", "(1",
    "(2022-01-01)", "2022-01-01 ", "(2022-01-01)\n", " \n", " \n \n", "\n \n", "\n\t\n", " \n\n",
    "\r\n", "\r", "\u00a0", "\u200b", "a\u0301", "\u3000", "Home>", "首页 > ", "a.)", 'a." ',
    "!) ", ".)", ". . ", ".  .", "! ! ", "?! ", '."', "（", "。）", "！？", "？？？\n", "a-",
    "a/b", "a@b.c ", "https://a.example/b ", "http://", "议", "議員", "議員：", "1.議員",
    "記者：a\n\n", "答：a\n\n", "問", "主席：", "(译文)", "質詢的口頭答覆\n", "議員質詢的", " 議",
    "--- \n", "---\n", "a: b\n", "- a\n", "# a\n", "## ", "January 1, ", "on ", "Monday, ",
    "12:30 ", "date ", "The the ", "ab", "Ab cd. ", "I.", "I. ", "U.S. ", "a\n", "Aa: b\n", "%",
    "$1 ", "−1", "¿a ", "é ", "中文的", "¿", "質詢的口頭答覆\n主席：a\n法案\n", "王議員：a\n\n",
    "MR. ABCDEFG: b\n\n", "MR. A: b?\n\nMR. C: d\n\n", "a: &a b\n", "[", "- - ", "? ",
    "a: [b, c]\n", "{a: ", "😀", "\ud7ff", "ﷺ", "İ", "ß", "ŉ", "½",
)  # fmt: skip
MARKUP_PATTERNS = (
    "<", "<!", "<!--", "</", "<a ", "<a href=", "<a b='", "<![CDATA[", "<?", "&", "&#", "&amp",
    "<p>", "<div>", "<script>", "<style><", "<a/", "<a href=x>b</a>", "<table><tr><td>", "<li>",
    "</p>", "<b><i>", "<p>a</p>", "<h1>a</h1>", "<!DOCTYPE [", "<br>", "<meta charset=", "<a\n",
    "<svg>", "<h2>Tea</h2>", "<item><link>/a</link></item>", "<link href='/a' rel='next'/>",
    "<a href=/a><b>", "<url><loc>/a</loc></url>", "<form><form>", "<select><option>", "<p style='",
    "<x y=z ", "<td>a<td>b", "<base href=x>",
)  # fmt: skip
QUESTION_PATTERNS = (
    "you ", "you fuck ", "what a ", "so ", "so and ", "good ", "! ", "- ", "?", " ", "Aa ", "A",
    "1", "1,", "1.", "you are so very ", "fuck off ", "is a ", "to ", "2020 to ", "January ", "和",
    "这",
)  # fmt: skip


def splitter() -> Splitter:
    """Passages of the usual size; tokens are counted as every fourth character."""
    return Splitter(1_250, 254, lambda text: len(text) // 4)


def turns_of_each_layout(made: str) -> None:
    """Turns, whatever layout the document is said to have."""
    for layout in LAYOUTS:
        with contextlib.suppress(QAError):
            turns(made, layout)


def corpus_file(made: str) -> None:
    """A file of the record, written, read and amended."""
    document = Document("a", "A title", made, datetime.date(2026, 1, 1))
    rendered = corpus_folder.render(document, "seeds/a.txt", "0" * 64)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "a.md"
        path.write_text(corpus_folder.amended(rendered, also=["b"]), "utf-8", errors="replace")
        with contextlib.suppress(QAError):
            corpus_folder.read(path)


def question_steps(made: str) -> None:
    """All that a visitor's words go through."""
    asked = made[:QUESTION_CHARS]
    period(asked, datetime.date(2026, 1, 1))
    wants_latest(asked)
    conversation.small_talk(asked[:200])
    conversation.is_context_dependent(asked)
    conversation.is_short(asked)
    NAME_OR_NUMBER.findall(asked)
    terms(asked)


def follow(made: str) -> None:
    """An address beside patterns of --follow."""
    for pattern in ("https:*-*-*-*.html", "*/news/*a*a*a*", "https*"):
        fits(pattern, f"{BASE}{made}")


def packed_steps(made: str) -> None:
    """Bodies of whole, cut-off and many packed members; bombs are refused."""
    data = made.encode()
    for body, coding in (
        (data, "gzip"),
        (gzip.compress(data), "gzip"),
        (gzip.compress(data)[:-1], "gzip"),
        (EMPTY_MEMBER * (len(data) // len(EMPTY_MEMBER)), "gzip"),
        (gzip.compress(b"") + b"\0" * len(data), "gzip"),
        (zlib.compress(data) + data, "deflate"),
        (gzip.compress(gzip.compress(data)), "gzip, gzip"),
        (data, "br"),
    ):
        with contextlib.suppress(QAError):
            unpacked(body, coding, 2 * len(data), "a")


def of_robots(made: str) -> None:
    """The rules for an address."""
    robots.rules_for(f"User-agent: *\n{made}".encode(), f"{BASE}{made[:2000]}", "press-qa")


TEXT_STEPS: dict[str, Callable[[str], object]] = {
    "plain text": lambda made: text.plain_text(made.encode(), "a.txt"),
    "Markdown": lambda made: text.markdown(made.encode(), "a.md"),
    "front matter": lambda made: text.markdown(f"---\n{made}\n---\nText.\n".encode(), "a.md"),
    "front matter, open": lambda made: text.markdown(f"---\n{made}".encode(), "a.md"),
    "decoding, Chinese": lambda made: decoded(made.encode("gb18030", "replace"), "a.txt"),
    "decoding, Western": lambda made: decoded(f"{made}é?".encode("cp1252", "replace"), "a.txt"),
    "paragraphs": paragraph_spans,
    "sentences": sentence_spans,
    "layout": recognise,
    "turns": turns_of_each_layout,
    "date": lambda made: stated_date(made, made),
    "language": language,
    "duplicates": lambda made: duplicates.key(Document("a", made[:1000], made)),
    "document": lambda made: document_of(text.plain_text(made.encode(), "a.txt"), "a.txt"),
    "corpus file": corpus_file,
    "passages": lambda made: [*splitter().passages(Document("a", "A title", made))],
    "words": lambda made: [terms(made[i : i + 1_250]) for i in range(0, len(made), 1_250)],
}
"""Every step from a source's text to passages and their words."""
MARKUP_STEPS: dict[str, Callable[[str], object]] = {
    "HTML": lambda made: html.html(f"<html><body><p>Tea.</p>{made}".encode(), "a.html"),
    "links": lambda made: links_of_page(made.encode(), BASE),
    "XML listing": lambda made: links_of_xml(f"<rss>{made}</rss>".encode(), BASE),
    "kind of listing": lambda made: crawl._root(made.encode()),  # noqa: SLF001
}
ROBOTS_STEPS: dict[str, Callable[[str], object]] = {"robots.txt": of_robots}
PACKED_STEPS: dict[str, Callable[[str], object]] = {"content coding": packed_steps}
URL_STEPS: dict[str, Callable[[str], object]] = {"--follow": follow}
QUESTION_STEPS: dict[str, Callable[[str], object]] = {"question": question_steps}


def pairs() -> list[tuple[str, Callable[[str], object], str]]:
    """Every step with every pattern that may be bad for it."""
    named = [
        (TEXT_STEPS, TEXT_PATTERNS),
        (MARKUP_STEPS, (*MARKUP_PATTERNS, "a", " ", "\n", "a. ", "!")),
        (URL_STEPS, ("-", "/item-", "a", "/", "*", "ab-", ".html", "%2D", "?")),
        (ROBOTS_STEPS, ("Disallow: /*a*b\n", "Allow: /\n", "a: b\n", "Disallow: /*\n", "*", "/")),
        (PACKED_STEPS, ("a", "\x1f\x08", "tea and coffee ", "\0")),
        (QUESTION_STEPS, (*QUESTION_PATTERNS, *TEXT_PATTERNS)),
    ]
    return [
        (name, step, pattern)
        for steps, patterns in named
        for name, step in steps.items()
        for pattern in patterns
    ]


def timed(step: Callable[[str], object], made: str) -> tuple[float, bool]:
    """Seconds that a step takes, and whether it refuses the input."""
    started = time.process_time()  # what others do on the machine does not count
    refused = False
    try:
        step(made)
    except QAError:
        refused = True
    return time.process_time() - started, refused


def times(step: Callable[[str], object], pattern: str, sizes: Sequence[float]) -> dict:
    """Seconds per size in MB, until a size takes too long."""
    took, refused = {}, False
    probes = [size for size in PROBES if size < sizes[0]]
    for size in (*probes, *sizes):
        chars = int(size * MB)
        made = (pattern * (chars // len(pattern) + 1))[:chars] + "x"
        took[size], refused = timed(step, made)
        if took[size] > MOST_S or (took[size] > 1.0 and exponent(took) > MOST_EXPONENT + 0.3):
            break
    return {"took": took, "refused": refused}


def exponent(took: dict[float, float]) -> float:
    """The slope of log time over log size, over the last three sizes that take long enough."""
    told = [(math.log(size), math.log(s)) for size, s in took.items() if s >= LEAST_S][-3:]
    if len(told) < LEAST_TIMES:
        return 0.0
    x_mean, y_mean = (sum(values) / len(told) for values in zip(*told, strict=True))
    spread = sum((x - x_mean) ** 2 for x, _ in told)
    return sum((x - x_mean) * (y - y_mean) for x, y in told) / spread


def main() -> None:
    """Measure, print a line per step and pattern, judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=float, nargs="+", default=[1, 2, 4], help="in MB")
    parser.add_argument("--quick", action="store_true", help="sizes 1/16, 1/8 and 1/4")
    parser.add_argument("--only", help="a regular expression of steps")
    parser.add_argument("--pattern", help="one pattern, for every step")
    parser.add_argument("--slowest", action="store_true", help="print a step's worst pattern only")
    options = parser.parse_args()
    sizes = [1 / 16, 1 / 8, 1 / 4] if options.quick else options.sizes
    chosen = [p for p in pairs() if not options.only or re.search(options.only, p[0])]
    if options.pattern:
        chosen = [(n, s, options.pattern) for n, s in {n: s for n, s, _ in chosen}.items()]
    bad, worst = [], {}
    for name, step, pattern in chosen:
        found = times(step, pattern, sizes)
        took, grows = found["took"], exponent(found["took"])
        is_bad = grows > MOST_EXPONENT or max(took.values()) > MOST_S
        shown = "  ".join(f"{size:g} MB {took[size]:7.3f} s" for size in took if size in sizes)
        refused = "  (refused)" if found["refused"] else ""
        last = took[max(took)]
        shown = shown or f"{max(took):g} MB {last:.1f} s"
        line = f"{name:18} {pattern[:24]!r:28} {shown}  exponent {grows:.2f}{refused}"
        if is_bad:
            bad.append(line)
            say(f"BAD {line}")
        elif not options.slowest:
            say(f"    {line}")
        worst[name] = max(worst.get(name, (0.0, "")), (last, line))
    if options.slowest:
        for _, line in worst.values():
            say(f"    {line}")
    say(f"{len(chosen)} pairs of step and pattern, {len(bad)} not linear")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
