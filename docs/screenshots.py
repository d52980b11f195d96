"""Takes the pictures the README shows, from a server started over the record of this project."""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent
QUESTION = "what are the main considerations behind the Opinions"
SIZES = {"answer-1280.png": (1280, 900), "answer-390.png": (390, 844)}
CHROMIUM_ARGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()


def main() -> None:
    """Serve, ask, take a picture at each size, and one of the reader."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "qa", "serve", "--port", str(port)])  # noqa: S603
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/healthz")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=CHROMIUM_ARGS
            )
            for name, (width, height) in SIZES.items():
                page = browser.new_page(viewport={"width": width, "height": height})
                page.goto(address)
                page.fill("#qa-question textarea", QUESTION)
                page.keyboard.press("Enter")
                page.wait_for_selector("#qa-chat .qa-answer")
                page.wait_for_timeout(1000)
                page.screenshot(path=HERE / name)
            report(browser)
            link = page.locator("#qa-chat .qa-links a").first.get_attribute("href")
            reader = browser.new_page(viewport={"width": 1280, "height": 900})
            reader.goto(address + str(link))
            reader.screenshot(path=HERE / "reader-1280.png")
            widget(browser, address)
            browser.close()
    finally:
        server.terminate()
        server.wait()


def widget(browser: Browser, address: str) -> None:
    """The widget in its sample page, opened and asked."""
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    page.goto(f"{address}/widget")
    page.locator("press-qa button.launch").click()
    page.locator("press-qa textarea").fill(QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_selector("press-qa article")
    page.wait_for_timeout(500)
    page.screenshot(path=HERE / "widget-1280.png")


def report(browser: Browser) -> None:
    """The report of the seed's own judged questions."""
    judged = str(HERE.parent / "tests" / "seed.jsonl")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "qa", "eval", judged, "-o", folder], check=True)  # noqa: S603
        page = browser.new_page(viewport={"width": 1280, "height": 1100})
        page.goto((Path(folder) / "report.html").as_uri())
        page.screenshot(path=HERE / "report-1280.png")


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
