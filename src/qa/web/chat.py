"""The Gradio chat; the only user of gradio."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from fastapi import FastAPI

from qa.answer.ask import QA
from qa.errors import QAError
from qa.index.snapshot import Snapshot
from qa.web.render import answer_html, coverage, message_html
from qa.web.wording import Wording

__all__ = ["example_questions", "mount_chat"]

# Questions asked at once. Each waits on the encoder, which has the processor to itself.
_CONCURRENT_QUESTIONS = 4
# Questions kept of a conversation, for the next one to lean on.
_PREVIOUS = 3
_EXAMPLES = 4
_EXAMPLE_CHARS = 160

# After an answer the page shows the question and what follows it, not the answer's end.
_SHOW_LAST_QUESTION = """() => {
  const asked = document.querySelectorAll('#qa-chat .user');
  if (asked.length) asked[asked.length - 1].scrollIntoView({block: 'start'});
}"""

Messages = list[dict[str, Any]]

_log = logging.getLogger(__name__)


def mount_chat(app: FastAPI, qa: QA, title: str, say: Wording, css: str) -> None:
    """Put the chat at ``/`` of the app. Nothing in it calls another server."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    import gradio as gr  # noqa: PLC0415 - takes seconds, and must see the variables above

    # No theme font is fetched from a server of fonts; the visitor's own is used.
    fonts = ["system-ui", "sans-serif"]
    theme = gr.themes.Default(
        primary_hue="blue",
        neutral_hue="slate",
        font=fonts,
        font_mono=["ui-monospace", "monospace"],
    )
    with gr.Blocks(title=title, analytics_enabled=False) as blocks:
        gr.Markdown(f"# {title}", elem_id="qa-title")
        previous = gr.State([])
        chat = gr.Chatbot(
            value=[_message("assistant", _welcome(qa, say))],
            label=say("chat.label"),
            show_label=False,
            elem_id="qa-chat",
            autoscroll=False,
            latex_delimiters=[],
            reasoning_tags=[],
            buttons=[],
            feedback_options=None,
            height=None,
            min_height=160,
        )
        with gr.Row(elem_id="qa-ask"):
            box = gr.Textbox(
                label=say("chat.input"),
                placeholder=say("chat.placeholder"),
                elem_id="qa-question",
                autofocus=True,
                lines=1,
                max_lines=4,
                scale=1,
            )
            send = gr.Button(say("chat.send"), variant="primary", elem_id="qa-send", scale=0)
        asking = {
            "fn": _turn(qa, say),
            "inputs": [box, chat, previous],
            "outputs": [box, chat, previous],
            "show_progress": "hidden",
            "concurrency_limit": _CONCURRENT_QUESTIONS,
            "concurrency_id": "ask",
            "api_visibility": "private",
        }
        gr.on([box.submit, send.click], **asking).then(None, js=_SHOW_LAST_QUESTION)
        examples = example_questions(qa.snapshot)
        if examples:
            gr.Markdown(say("chat.examples"), elem_id="qa-examples-label")
            with gr.Row(elem_id="qa-examples"):
                for example in examples:
                    button = gr.Button(example, size="sm", elem_classes="qa-example")
                    clicked = button.click(**{**asking, "inputs": [button, chat, previous]})
                    clicked.then(None, js=_SHOW_LAST_QUESTION)
    blocks.queue(api_open=False)
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        theme=theme,
        css=css,
        footer_links=[],
        show_error=False,
        ssr_mode=False,
        pwa=False,
        enable_monitoring=False,
        run_history=False,
        mcp_server=False,
        max_file_size=0,
    )


def example_questions(snapshot: Snapshot) -> list[str]:
    """Questions that were asked at the press conferences, verbatim, the newest first."""
    documents, passages = snapshot.documents, snapshot.passages
    examples: dict[str, None] = {}
    for number in np.argsort(-documents.dates, kind="stable").tolist():
        rows = documents.rows(documents.ids[number])
        for row in [r for r in rows if passages.is_question[r]]:
            for sentence in passages[row].sentence_texts:
                closing = sentence.rfind("?") + 1 or sentence.rfind("？") + 1
                if 0 < closing <= _EXAMPLE_CHARS:
                    examples[sentence[:closing]] = None
            if len(examples) >= _EXAMPLES:
                return list(examples)[:_EXAMPLES]
    return list(examples)


def _turn(qa: QA, say: Wording) -> Any:
    def ask(
        question: str, messages: Messages, previous: list[str]
    ) -> Iterator[tuple[str, Messages, list[str]]]:
        """Show the question at once, then the answer."""
        if not question.strip():
            empty = _message("assistant", message_html(say("answer.empty")))
            yield "", [*messages, empty], previous
            return
        messages = [*messages, _message("user", message_html(question))]
        yield "", messages, previous
        answer, asked = _answer(qa, question, previous, say)
        yield "", [*messages, _message("assistant", answer)], asked[-_PREVIOUS:]

    return ask


def _answer(qa: QA, question: str, previous: list[str], say: Wording) -> tuple[str, list[str]]:
    """The answer as HTML, and the questions that the next one may lean on."""
    try:
        answer = qa.ask(question, previous=previous)
    except QAError as error:
        return message_html(say("answer.failed", why=error)), previous
    asked = previous if answer.courtesy else [*previous, question]
    return answer_html(answer, qa.snapshot, say), asked


def _welcome(qa: QA, say: Wording) -> str:
    held = coverage(qa.snapshot.documents, say)
    return message_html(f"{held}\n{say('chat.welcome')}")


def _message(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "content": content}
