"""The Gradio chat; the only user of gradio."""

from __future__ import annotations

import json
import os
from datetime import date
from importlib import resources
from typing import Any

import numpy as np
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.routing import Mount

from qa.errors import SettingsError
from qa.index.snapshot import Snapshot
from qa.records import to_json
from qa.settings import Settings
from qa.web.server.live import Live
from qa.web.server.payloads import check_functions
from qa.web.server.pending import Pending
from qa.web.server.policy import InlineScripts
from qa.web.ui.events import Conversation, event_routes
from qa.web.ui.render import Pages
from qa.web.wording import DEFAULT_LANGUAGE, Wording

__all__ = ["example_questions", "mount_chat"]

_EXAMPLES = 4
_EXAMPLE_CHARS = 160
# By this name a browser keeps a conversation. Gradio encrypts it by a secret that the page tells
# anybody: it hides nothing, and changes with no start of the server.
_KEPT = "qa-conversation"

# Gradio's page draws with inline styles and shows pictures it holds as data.
_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri 'self'; "
    "form-action 'none'"
)


def mount_chat(
    app: FastAPI, live: Live, settings: Settings, say: Wording, pending: Pending
) -> None:
    """Put the chat in one language at ``/LANGUAGE/``. Nothing in it calls another server.

    Gradio draws the page. What the page sends goes to ``events.py``, its results to ``pending``.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    import gradio as gr  # noqa: PLC0415 - takes seconds, and must see the variables above

    # No theme font is fetched from a server of fonts; the visitor's own is used.
    theme = gr.themes.Default(
        primary_hue="blue",
        neutral_hue="slate",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )
    pages = Pages(say, settings)
    conversation = Conversation(live, pages, say)
    examples = settings.examples
    if examples is None:
        examples = tuple(example_questions(live.snapshot))
    with gr.Blocks(title=settings.title, analytics_enabled=False) as blocks:
        # Not gr.HTML, which is a template that the page would have to evaluate.
        gr.Markdown(pages.top(), elem_id="qa-top", sanitize_html=False)
        # Nothing of a conversation is on the server; in the browser it is kept where wanted.
        kept = gr.BrowserState([], storage_key=_KEPT, secret=_KEPT)
        chat = gr.Chatbot(
            value=conversation.welcome,
            label=say("chat.label"),
            show_label=False,
            elem_id="qa-chat",
            autoscroll=False,
            latex_delimiters=[],
            reasoning_tags=[],
            buttons=[],
            feedback_options=None,
            height=None,
            min_height=100,
        )
        with gr.Column(elem_id="qa-ask"):
            # Where chat.js says what goes on.
            gr.Markdown('<p id="qa-state" role="status"></p>', sanitize_html=False)
            with gr.Row(elem_id="qa-box"):
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
        with gr.Accordion(say("chat.options"), open=False, elem_id="qa-options"):
            with gr.Row():
                # chat.js makes fields of dates of them, and lists the sections.
                only = [
                    gr.Textbox(
                        "",
                        label=say("only." + name + ".label"),
                        placeholder=say("only.section.any"),
                        elem_id=f"qa-{name}",
                        max_lines=1,
                    )
                    for name in ("since", "until", "section")
                ]
            keep = gr.Checkbox(label=say("widget.keep"), elem_id="qa-keep")
        quietly = {
            "show_progress": "hidden",
            "concurrency_limit": None,
            "api_visibility": "private",
        }
        # How many are answered at a time is for ``live`` to say. chat.js lets the next question
        # go when the answer is shown; Gradio may still be at its end, and would drop it.
        events = [
            gr.on(
                [box.submit, send.click],
                _run_elsewhere,
                inputs=[box, chat, keep, *only],
                outputs=[box, chat, kept],
                trigger_mode="always_last",
                **quietly,
            ),
            keep.input(_run_elsewhere, [keep, chat], kept, **quietly),
            chat.clear(_run_elsewhere, None, [chat, kept], **quietly),
        ]
        # chat.js presses it where something was kept.
        restore = gr.Button(visible="hidden", elem_id="qa-restore")
        events.append(restore.click(_run_elsewhere, kept, [chat, keep], **quietly))
        check_functions([event["id"] for event in events])
        gr.Markdown(say("chat.examples"), elem_id="qa-examples-label", visible=bool(examples))
        with gr.Row(elem_id="qa-examples"):
            for text in examples:
                gr.Button(text, size="sm", elem_classes="qa-example")  # chat.js asks it
        if settings.links:
            gr.Markdown(pages.foot(), elem_id="qa-foot", sanitize_html=False)
        is_asked_by_assistants = settings.mcp and say.language == DEFAULT_LANGUAGE
        if is_asked_by_assistants:
            gr.api(
                _tool(live, settings.address), api_name="ask", queue=False, concurrency_limit=None
            )
    blocks.queue(api_open=False)
    # It is not used, and would look a thousand times a second for something to do.
    blocks._queue.start = lambda: None  # noqa: SLF001
    app.include_router(event_routes(conversation, pending), prefix=f"/{say.language}")
    static = resources.files("qa.web") / "static"
    styles = [(static / name).read_text("utf-8") for name in ("answer.css", "chat.css")]
    styles.append(f":root {{ --qa-accent: {settings.accent}; }}")
    gr.mount_gradio_app(
        app,
        blocks,
        path=f"/{say.language}",
        theme=theme,
        css="\n".join(styles),
        footer_links=[],
        show_error=False,
        ssr_mode=False,
        pwa=False,
        enable_monitoring=False,
        run_history=False,
        mcp_server=is_asked_by_assistants,
        max_file_size=0,
    )
    if is_asked_by_assistants and not blocks.mcp_server_obj:
        raise SettingsError(
            "Assistants cannot be served (mcp = true): the package mcp is missing. "
            "Install press-qa[mcp], or set mcp = false."
        )
    mounted: Any = next(
        r for r in app.routes if isinstance(r, Mount) and r.path == f"/{say.language}"
    ).app
    # Innermost, where a page is not compressed yet.
    mounted.user_middleware.append(Middleware(InlineScripts, policy=_POLICY, head=pages.head()))


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


async def _run_elsewhere(*_: Any) -> None:
    """Stand for what ``events.py`` runs: Gradio draws its page by it, and never calls it."""
    raise NotImplementedError


def _tool(live: Live, address: str) -> Any:
    async def ask(question: str, since: str = "", until: str = "") -> str:
        """Look a question up in the public record.

        Returns JSON: passages of the record word for word, each with its citation (document,
        date, speaker, offsets, link), or status "not_in_record" with the nearest passages, which
        are no answer. Quote the passages as they are and cite them.

        Args:
            question: What you want to know, in full.
            since: Only what was published on this day or later, YYYY-MM-DD; empty for any.
            until: Only what was published until this day, YYYY-MM-DD; empty for any.
        """
        first, last = (date.fromisoformat(day) if day else None for day in (since, until))
        answer = to_json(await live.ask(question, since=first, until=last))
        for citation in (*answer["citations"], *answer["nearest"]):
            citation["links"]["reader"] = address + citation["links"]["reader"]
        return json.dumps(answer, ensure_ascii=False)

    return ask
