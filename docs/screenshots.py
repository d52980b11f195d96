"""Takes the pictures of the docs, from servers started over the record of this project.

    python docs/screenshots.py [FOLDER]

FOLDER is where they go, by default ``docs/pictures``. With a FOLDER every state is taken in every
size, scheme and language, to be looked at; without, those that the docs show.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, Page, sync_playwright

from qa.web.wording import LANGUAGES

HERE = Path(__file__).parent
PICTURES = HERE / "pictures"
CHROMIUM_ARGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
QUESTION = "what are the main considerations behind the Opinions"
# What each setting of the look is set to for its picture.
LOOKS = {
    "title": {"title": "Ask the Ministry of Commerce"},
    "welcome": {"welcome": "Ask what was said at our press conferences since 2022."},
    "examples": {"examples": ["How many tasks are there?", "Which departments took part?"]},
    "accent": {"accent": "#9d174d"},
    "logo": {"logo": "logo.svg"},
    "links": {
        "links": [
            {"text": "Contact", "url": "mailto:press@example.org"},
            {"text": "Privacy", "url": "https://www.example.org/privacy"},
        ]
    },
}
LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><circle cx="20" cy="20" r="19" '
    'fill="#1d4ed8"/><path d="M11 26V14l9 7 9-7v12" fill="none" stroke="#fff" stroke-width="4"/>'
    "</svg>"
)


def ask(page: Page, question: str) -> None:
    """Ask in the chat, and wait for the answer."""
    answers = page.locator("#qa-chat .qa-answer").count()
    page.locator("#qa-question textarea").fill(question)
    page.locator("#qa-question textarea").press("Enter")
    page.locator("#qa-chat .qa-answer").nth(answers).wait_for()
    page.wait_for_timeout(700)


def chat(page: Page, address: str, language: str) -> None:
    """The chat as it is found."""
    page.goto(f"{address}/{language}/")
    page.locator("#qa-question textarea").wait_for()
    page.wait_for_timeout(500)


def answer(page: Page, address: str, language: str) -> None:
    """The chat with an answer."""
    chat(page, address, language)
    ask(page, QUESTION)


def not_in_record(page: Page, address: str, language: str) -> None:
    """The chat without an answer."""
    chat(page, address, language)
    ask(page, "import duty on soybeans")


def follow_up(page: Page, address: str, language: str) -> None:
    """The chat with a question that depends on the one before it."""
    chat(page, address, language)
    ask(page, "what did the State Council do in 2014?")
    ask(page, "and what did it export?")


def reader(page: Page, address: str, language: str) -> None:
    """A document, opened at the passage cited."""
    page.goto(f"{address}/answer?q={quote(QUESTION)}&language={language}")
    link = str(page.locator(".qa-links a").first.get_attribute("href"))
    page.goto(address + link.replace("#", f"&language={language}#"))
    page.evaluate("scrollTo(0, 0)")


def answer_page(page: Page, address: str, language: str) -> None:
    """The answer without script."""
    page.goto(f"{address}/answer?q={quote(QUESTION)}&language={language}")


def widget(page: Page, address: str, language: str) -> None:
    """The widget in its sample page, opened and asked."""
    page.goto(f"{address}/widget?language={language}")
    page.locator("press-qa button.launch").click()
    page.locator("press-qa textarea").fill(QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_selector("press-qa article")
    page.wait_for_timeout(500)


STATES: dict[str, Callable[[Page, str, str], None]] = {
    "chat": chat,
    "answer": answer,
    "not-in-record": not_in_record,
    "follow-up": follow_up,
    "reader": reader,
    "answer-page": answer_page,
    "widget": widget,
}
SIZES = {390: 844, 768: 1024, 1440: 900}
# The states the docs show: state, width, scheme, language.
SHOWN = [
    ("answer", 1440, "light", "en"),
    ("answer", 390, "dark", "zh-Hans"),
    ("not-in-record", 768, "light", "en"),
    ("follow-up", 390, "light", "zh-Hant"),
    ("reader", 768, "dark", "en"),
    ("answer-page", 1440, "dark", "zh-Hans"),
    ("widget", 1440, "light", "en"),
]


def main() -> None:
    """Serve, ask, take pictures."""
    everything = [
        (state, width, scheme, language)
        for state in STATES
        for width in SIZES
        for scheme in ("light", "dark")
        for language in LANGUAGES
    ]
    folder = Path(sys.argv[1]) if sys.argv[1:] else PICTURES
    folder.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM_ARGS
        )
        with served() as address:
            for state, width, scheme, language in everything if sys.argv[1:] else SHOWN:
                size = {"width": width, "height": SIZES[width]}
                page = browser.new_page(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
                STATES[state](page, address, language)
                page.screenshot(path=folder / f"{state}-{width}-{scheme}-{language}.png")
                page.close()
            # A window of 1280 by 1024 pixels at 400 %.
            page = browser.new_page(viewport={"width": 320, "height": 256}, device_scale_factor=4)
            answer(page, address, "en")
            page.screenshot(path=folder / "answer-zoomed.png")
            page.close()
        looks(browser, folder)
        report(browser, folder)
        browser.close()


def looks(browser: Browser, folder: Path) -> None:
    """A picture of the chat for each setting of its look."""
    for name, settings in LOOKS.items():
        with served(**settings) as address:
            page = browser.new_page(viewport={"width": 768, "height": 560})
            chat(page, address, "en")
            page.screenshot(path=folder / f"look-{name}.png", full_page=True)
            page.close()


def report(browser: Browser, folder: Path) -> None:
    """The report of the seed's own judged questions."""
    judged = str(HERE.parent / "tests" / "seed.jsonl")
    with tempfile.TemporaryDirectory() as made:
        subprocess.run([sys.executable, "-m", "qa", "eval", judged, "-o", made], check=True)  # noqa: S603
        page = browser.new_page(viewport={"width": 1280, "height": 1100})
        page.goto((Path(made) / "report.html").as_uri())
        page.screenshot(path=folder / "report.png")
        page.close()


@contextmanager
def served(**settings: object) -> Iterator[str]:
    """``qa serve`` with these settings; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "logo.svg").write_text(LOGO, "utf-8")
        lines = [f"{name} = {toml(value)}\n" for name, value in settings.items()]
        (Path(home) / "qa.toml").write_text("".join(lines), "utf-8")
        index = str(HERE.parent / "index")
        command = [sys.executable, "-m", "qa", "serve", "--port", str(port), "--index", index]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environment = {**os.environ, "QA_QUESTIONS_PER_MINUTE": "10000"}
        with subprocess.Popen(command, cwd=home, env=environment, **quiet) as server:  # type: ignore[call-overload] # noqa: S603
            try:
                address = f"http://127.0.0.1:{port}"
                wait_for(f"{address}/healthz")
                yield address
            finally:
                server.terminate()


def toml(value: object) -> str:
    """A setting as TOML has it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(v)}" for key, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def wait_for(address: str) -> None:
    """Return when the address answers."""
    for _ in range(240):
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.5)
    sys.exit(f"{address} does not answer.")


if __name__ == "__main__":
    main()
