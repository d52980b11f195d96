"""Measure a visitor's wait in the chat: from Enter to the answer on the screen, in Chromium.

    python benchmarks/browser.py DATA

DATA is the folder of judged sets: the documents of ``press_dev``, ``squad2`` and ``beir_scifact``
are indexed, unless the cache holds them. Each question is asked in the chat, and another by the
API from the same page, to tell the chat's own time from the answer's. Writes
``results/browser.md`` and ``browser.json``; exit code 1 where the goal is missed.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from common import RESULTS, quantile, questions, say, table, write_result
from load import record, served_to_all
from playwright.sync_api import Page, sync_playwright

from qa.evaluation.datasets import open_set
from qa.evaluation.run import indexed
from qa.settings import Settings

MOST_MEDIAN_MS = 300
WARMED, ASKED = 5, 60
CHROMIUM_ARGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
# From the key on, the times at which something is drawn: the state, the question, the answer.
WATCH = """() => {
  const count = (selector) => document.querySelectorAll(selector).length;
  const before = {
    question: count("#qa-chat .user .qa-message"),
    answer: count("#qa-chat .qa-answer"),
  };
  const seen = window.seen = {};
  let started;
  const look = () => {
    const now = performance.now() - started;
    if (document.querySelector("#qa-state").textContent) seen.state ??= now;
    if (count("#qa-chat .user .qa-message") > before.question) seen.question ??= now;
    if (count("#qa-chat .qa-answer") > before.answer) seen.answer ??= now;
    if (!seen.answer) requestAnimationFrame(look);
  };
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    started = event.timeStamp;
    requestAnimationFrame(look);
  }, { once: true, capture: true });
}"""
BY_API = """async (question) => {
  const started = performance.now();
  const answer = await fetch("../api/v1/ask", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ question }),
  });
  const { elapsed_ms } = await answer.json();
  return { api: performance.now() - started, answering: elapsed_ms };
}"""


def main() -> None:
    """Serve, ask, print, write."""
    parser = argparse.ArgumentParser(description="From Enter to the answer on the screen.")
    parser.add_argument("data", type=Path, help="folder of judged sets")
    data = parser.parse_args().data
    judged = [*record(data), *open_set(data / "beir_scifact").documents]
    qa, _ = indexed(judged, Settings.load(), lambda *_: None)
    index, passages = qa.snapshot.encoder.parent.parent, len(qa.snapshot.passages)
    del qa
    asked = questions(data, 2 * (WARMED + ASKED))
    with (
        tempfile.TemporaryDirectory() as folder,
        served_to_all(index, Path(folder) / "log") as (_, port),
    ):
        times = measured(f"http://127.0.0.1:{port}/en/", asked)
    rows = [
        [name, *(f"{quantile(times[key], share):.0f}" for share in (0.5, 0.95))]
        for key, name in {
            "state": "Enter to “Searching”",
            "question": "Enter to the question in the conversation",
            "answer": "Enter to the answer on the screen",
            "api": "another question, by the API from the same page",
            "answering": "of that, answering",
        }.items()
    ]
    median = quantile(times["answer"], 0.5)
    written = table(["", "p50", "p95"], rows)
    say(written)
    about = (
        f"; {passages:,} passages, {ASKED} questions, milliseconds. "
        f"Goal: a median of {MOST_MEDIAN_MS} to the answer"
    )
    figures = "; ".join(f"{name}: {p50} / {p95} ms" for name, p50, p95 in rows)
    write_result("browser", "From Enter to the answer, in Chromium", written, figures, about)
    (RESULTS / "browser.json").write_text(json.dumps(times), "utf-8")
    if median > MOST_MEDIAN_MS:
        sys.exit(f"The median is {median:.0f} ms.")


def measured(address: str, asked: Sequence[str]) -> Mapping[str, list[float]]:
    """Return the milliseconds of each question, by step."""
    times: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM_ARGS
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        page.locator("#qa-question textarea").wait_for()
        for number in range(WARMED + ASKED):
            if number % 10 == 0:  # as most visitors have it: a conversation of a few questions
                page.reload()
                page.locator("#qa-question textarea").wait_for()
                page.wait_for_timeout(500)
            took = {
                **by_chat(page, asked[2 * number]),
                **page.evaluate(BY_API, asked[2 * number + 1]),
            }
            for name, value in took.items() if number >= WARMED else ():
                times.setdefault(name, []).append(value)
        browser.close()
    return times


def by_chat(page: Page, question: str) -> dict[str, float]:
    """Ask in the chat; return when state, question and answer were drawn."""
    answers = page.locator("#qa-chat .qa-answer").count()
    page.evaluate(WATCH)
    page.locator("#qa-question textarea").fill(question)
    page.locator("#qa-question textarea").press("Enter")
    page.locator("#qa-chat .qa-answer").nth(answers).wait_for()
    page.wait_for_timeout(100)
    seen: dict[str, float] = page.evaluate("window.seen")
    return seen


if __name__ == "__main__":
    main()
